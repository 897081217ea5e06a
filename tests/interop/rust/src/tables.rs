//! Tables, which this client keeps in table segments of its own, and maps shared through them.

use crate::server::Server;
use crate::suite::{require, why, Outcome, Suite};
use futures::StreamExt;
use pravega_client::sync::table::{Table, TableError};
use pravega_client_shared::Scope;
use std::collections::BTreeMap;

const NOT_THERE: i64 = -1; // as a version: there must be no such key
const NO_OFFSET: i64 = -1; // the table may have changed since

pub fn add_to(suite: &mut Suite) {
    suite.add("a table: entries put, replaced, removed on conditions", conditions);
    suite.add("a table: several entries at once, all or none", several);
    suite.add("a table: keys and entries listed in pages, changes since", listed);
    suite.add("a map shared by two synchronizers", shared_map);
}

async fn table(server: &'static Server, prefix: &str) -> Result<Table, String> {
    let scope = Scope::from("rust".to_owned());
    server.controller().create_scope(&scope).await.map_err(why("create_scope"))?;
    Ok(server.clients.create_table(scope, server.fresh(prefix)).await)
}

fn is_conflict<T>(outcome: &Result<T, TableError>) -> bool {
    matches!(outcome, Err(TableError::IncorrectKeyVersion { .. } | TableError::KeyDoesNotExist { .. }))
}

async fn conditions(server: &'static Server) -> Outcome {
    let table = table(server, "conditions").await?;
    let key = "key".to_owned();
    let (one, two, three) = ("one".to_owned(), "two".to_owned(), "three".to_owned());
    require!(table.get::<String, String>(&key).await.map_err(why("get"))?.is_none(), "a new table has the key");
    let first = table.insert_conditionally(&key, &one, NOT_THERE, NO_OFFSET).await.map_err(why("insert"))?;
    let again = table.insert_conditionally(&key, &two, NOT_THERE, NO_OFFSET).await;
    require!(is_conflict(&again), "a key was inserted twice: {again:?}");
    let second = table.insert_conditionally(&key, &two, first, NO_OFFSET).await.map_err(why("replace"))?;
    let late = table.insert_conditionally(&key, &three, first, NO_OFFSET).await;
    require!(is_conflict(&late), "a version that is gone was replaced: {late:?}");
    let found = table.get::<String, String>(&key).await.map_err(why("get"))?;
    require!(found == Some((two, second)) && second > first, "it has {found:?} after versions {first} and {second}");
    table.insert(&key, &three, NO_OFFSET).await.map_err(why("insert"))?;
    let late = table.remove_conditionally(&key, second, NO_OFFSET).await;
    require!(is_conflict(&late), "a version that is gone was removed: {late:?}");
    table.remove(&key, NO_OFFSET).await.map_err(why("remove"))?;
    table.remove(&key, NO_OFFSET).await.map_err(why("remove of none"))?;
    require!(table.get::<String, String>(&key).await.map_err(why("get"))?.is_none(), "a removed key is there");
    let gone = table.remove_conditionally(&key, second, NO_OFFSET).await;
    require!(is_conflict(&gone), "a version of a key that is gone was removed: {gone:?}");
    Ok(())
}

async fn several(server: &'static Server) -> Outcome {
    let table = table(server, "several").await?;
    let keys: Vec<String> = (0..3).map(|number| format!("k{number}")).collect();
    let put = |value: i32| keys.iter().map(move |key| (key.clone(), value)).collect::<Vec<_>>();
    let entries = put(1);
    let versions = table.insert_all(entries.iter().map(|(key, value)| (key, value)).collect(), NO_OFFSET).await;
    let versions = versions.map_err(why("insert_all"))?;
    require!(versions.len() == 3, "there are {} versions", versions.len());
    let entries = put(2);
    let mixed = [versions[0], versions[1] + 1000, versions[2]];
    let late: Vec<_> = entries.iter().zip(mixed).map(|((key, value), version)| (key, value, version)).collect();
    let late = table.insert_conditionally_all(late, NO_OFFSET).await;
    require!(is_conflict(&late), "one wrong version among three went through: {late:?}");
    let none = "none".to_owned();
    let found = table.get_all::<String, i32>(vec![&keys[0], &none, &keys[2]]).await.map_err(why("get_all"))?;
    require!(found == [Some((1, versions[0])), None, Some((1, versions[2]))], "it has {found:?}");
    let late = table.remove_conditionally_all(vec![(&keys[0], versions[0]), (&keys[1], 12345)], NO_OFFSET).await;
    require!(is_conflict(&late), "one wrong version of two was removed: {late:?}");
    table.remove_all(vec![&keys[0], &keys[1]], NO_OFFSET).await.map_err(why("remove_all"))?;
    let found = table.get_all::<String, i32>(keys.iter().collect()).await.map_err(why("get_all"))?;
    require!(found == [None, None, Some((1, versions[2]))], "after the removal it has {found:?}");
    Ok(())
}

async fn listed(server: &'static Server) -> Outcome {
    let table = table(server, "listed").await?;
    let mut expected = BTreeMap::new();
    for number in 0..50 {
        let version = table.insert(&format!("k{number:02}"), &number, NO_OFFSET).await.map_err(why("insert"))?;
        expected.insert(format!("k{number:02}"), (number, version));
    }
    let keys: Vec<_> = table.read_keys_stream::<String>(7).collect().await;
    let mut found = BTreeMap::new();
    for key in keys {
        let (key, version) = key.map_err(why("read_keys_stream"))?;
        require!(found.insert(key.clone(), (expected.get(&key).map_or(-1, |(value, _)| *value), version)).is_none(),
            "key {key} came twice");
    }
    require!(found == expected, "the keys are {found:?}");
    let entries: Vec<_> = table.read_entries_stream::<String, i32>(8).collect().await;
    let mut found = BTreeMap::new();
    for entry in entries {
        let (key, value, version) = entry.map_err(why("read_entries_stream"))?;
        require!(found.insert(key.clone(), (value, version)).is_none(), "entry {key} came twice");
    }
    require!(found == expected, "the entries are {found:?}");
    changes(&table).await
}

/// Each change since a position once, in whatever order; from the last one on there are none.
async fn changes(table: &Table) -> Outcome {
    let mut at = 0;
    let mut numbers = Vec::new();
    let all: Vec<_> = table.read_entries_stream_from_position::<String, i32>(10, 0).collect().await;
    for change in all {
        let (_, number, _, position) = change.map_err(why("read_entries_stream_from_position"))?;
        numbers.push(number);
        at = position;
    }
    numbers.sort_unstable();
    require!(numbers == (0..50).collect::<Vec<_>>(), "the changes are {numbers:?}");
    table.insert(&"k07".to_owned(), &107, NO_OFFSET).await.map_err(why("insert"))?;
    let since: Vec<_> = table.read_entries_stream_from_position::<String, i32>(10, at).collect().await;
    let since: Vec<_> = since.into_iter().map(|each| each.map(|(key, number, ..)| (key, number))).collect();
    require!(matches!(&since[..], [Ok((key, 107))] if key == "k07"), "the changes since are {since:?}");
    Ok(())
}

async fn shared_map(server: &'static Server) -> Outcome {
    let scope = Scope::from("rust".to_owned());
    let name = server.fresh("shared");
    server.controller().create_scope(&scope).await.map_err(why("create_scope"))?;
    let mut first = server.clients.create_synchronizer(scope.clone(), name.clone()).await;
    let mut second = server.clients.create_synchronizer(scope.clone(), name.clone()).await;
    for round in 1..=10 {
        let synchronizer = if round % 2 == 0 { &mut first } else { &mut second };
        let raised = synchronizer.insert(|map| {
            let has = map.contains_key("counters", "rounds"); // get() panics if there is no such map
            let before = if has { map.get("counters", "rounds") } else { None };
            let before = before.map_or(0, |value| {
                pravega_client::sync::synchronizer::deserialize_from::<i32>(&value.data).expect("a number")
            });
            map.insert("counters".to_owned(), "rounds".to_owned(), "i32".to_owned(), Box::new(before + 1));
            Ok(before + 1)
        });
        let raised = raised.await.map_err(why("insert"))?;
        require!(raised == round, "in round {round} it was raised to {raised}");
    }
    first.remove(|map| map.insert_tombstone("counters".to_owned(), "rounds".to_owned())).await.map_err(why("remove"))?;
    let mut third = server.clients.create_synchronizer(scope, name).await;
    third.fetch_updates().await.map_err(why("fetch_updates"))?;
    require!(third.get("counters", "rounds").is_none(), "what one removed a new one has");
    Ok(())
}
