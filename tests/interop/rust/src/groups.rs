//! Reader groups, whose state this client keeps in a table.

use crate::server::{require_once, Server};
use crate::suite::{require, why, Outcome, Suite};
use pravega_client::event::reader::EventReader;
use pravega_client::event::reader_group::{ReaderGroup, ReaderGroupConfigBuilder};
use pravega_client_shared::ScopedStream;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const IDLE_MAX: Duration = Duration::from_secs(120); // without an event
const SHARED_MAX: usize = 6000; // events that one reader may come to before the other has any

pub fn add_to(suite: &mut Suite) {
    suite.add("a group reads each event once", all);
    suite.add("a group follows a stream over its scales", over_scales);
    suite.add("two readers share a group's segments", shared);
    suite.add("a reader goes on where another one was declared offline", offline);
    suite.add("a group from the tail on", from_the_tail);
    suite.add("a group is deleted under its reader", deleted);
}

async fn group(server: &'static Server, stream: &ScopedStream) -> ReaderGroup {
    server.clients.create_reader_group(server.fresh("group"), stream.clone()).await
}

/// The next events of a reader, until there are so many of them; slices are read to their ends.
async fn next(reader: &mut EventReader, count: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut events = Vec::new();
    let mut last = Instant::now();
    while events.len() < count {
        require!(last.elapsed() < IDLE_MAX, "only {} of {count} events came", events.len());
        if let Some(slice) = reader.acquire_segment().await.map_err(why("acquire_segment"))? {
            let before = events.len();
            events.extend(slice.map(|event| event.value));
            last = if events.len() > before { Instant::now() } else { last };
        }
    }
    Ok(events)
}

async fn all(server: &'static Server) -> Outcome {
    let stream = server.new_stream("group", 3).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 2000).await?;
    let group = group(server, &stream).await;
    require!(group.get_managed_streams() == [stream], "its streams are {:?}", group.get_managed_streams());
    let mut reader = group.create_reader("r".to_owned()).await;
    let mut events = next(&mut reader, 2000).await?;
    server.write(&mut writer, 2000, 2100).await?;
    events.extend(next(&mut reader, 100).await?);
    require_once(&events, 0, 2100)
}

async fn over_scales(server: &'static Server) -> Outcome {
    let stream = server.new_stream("followed", 1).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 300).await?;
    server.scale(&stream, &[(0.0, 0.5), (0.5, 1.0)]).await?;
    server.write(&mut writer, 300, 600).await?;
    server.scale(&stream, &[(0.0, 1.0)]).await?;
    server.write(&mut writer, 600, 900).await?;
    let mut reader = group(server, &stream).await.create_reader("r".to_owned()).await;
    require_once(&next(&mut reader, 900).await?, 0, 900)
}

/// The second reader gets segments once the first one has let go of some, which it does at most every 10 s.
async fn shared(server: &'static Server) -> Outcome {
    let stream = server.new_stream("divided", 4).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 400).await?;
    let group = group(server, &stream).await;
    let mut first = group.create_reader("first".to_owned()).await;
    let mut second = group.create_reader("second".to_owned()).await;
    let mut events = next(&mut first, 400).await?;
    let mut by_second = 0;
    let mut written = 400;
    let mut last = Instant::now();
    while by_second == 0 || events.len() < written {
        require!(last.elapsed() < IDLE_MAX, "the second reader came to {by_second}, all to {} of {written}", events.len());
        require!(written < SHARED_MAX, "the second reader came to none of {written}");
        if by_second == 0 {
            server.write(&mut writer, written, written + 20).await?;
            written += 20;
        }
        for (at, reader) in [&mut first, &mut second].into_iter().enumerate() {
            reader.set_last_acquire_release_time(Instant::now() - Duration::from_secs(20));
            if let Some(mut slice) = reader.acquire_segment().await.map_err(why("acquire_segment"))? {
                let before = events.len();
                events.extend(slice.by_ref().map(|event| event.value));
                by_second += at * (events.len() - before);
                last = if events.len() > before { Instant::now() } else { last };
                reader.release_segment(slice).await.map_err(why("release_segment"))?;
            }
        }
    }
    let mut online: Vec<String> = group.list_readers().await.into_iter().map(|each| each.name).collect();
    online.sort();
    require!(online == ["first", "second"], "online are {online:?}");
    require_once(&events, 0, written)
}

async fn offline(server: &'static Server) -> Outcome {
    let stream = server.new_stream("offline", 1).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 100).await?;
    let group = group(server, &stream).await;
    let mut first = group.create_reader("first".to_owned()).await;
    let mut slice = None;
    let start = Instant::now();
    while slice.is_none() {
        require!(start.elapsed() < IDLE_MAX, "no event came");
        slice = first.acquire_segment().await.map_err(why("acquire_segment"))?;
    }
    let mut slice = slice.ok_or("no slice came")?;
    let mut events: Vec<Vec<u8>> = slice.by_ref().take(30).map(|event| event.value).collect();
    let place = HashMap::from([(slice.meta.scoped_segment.clone(), slice.meta.read_offset)]);
    group.reader_offline("first".to_owned(), Some(place)).await.map_err(why("reader_offline"))?;
    require!(first.acquire_segment().await.is_err(), "a reader that is offline reads");
    let mut second = group.create_reader("second".to_owned()).await;
    events.extend(next(&mut second, 100 - events.len()).await?); // a slice may have had fewer than 30
    require_once(&events, 0, 100)
}

async fn from_the_tail(server: &'static Server) -> Outcome {
    let stream = server.new_stream("tail", 2).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 100).await?;
    let config = ReaderGroupConfigBuilder::default().read_from_tail_of_stream(stream.clone()).build();
    let scope = stream.scope.clone();
    let group = server.clients.create_reader_group_with_config(server.fresh("tail"), config, scope).await;
    server.write(&mut writer, 100, 200).await?;
    let mut reader = group.create_reader("r".to_owned()).await;
    require_once(&next(&mut reader, 100).await?, 100, 200)
}

async fn deleted(server: &'static Server) -> Outcome {
    let stream = server.new_stream("deleted", 1).await?;
    let group = group(server, &stream).await;
    let mut reader = group.create_reader("r".to_owned()).await;
    let deleted = server.clients.delete_reader_group(stream.scope.clone(), group.name.clone()).await;
    deleted.map_err(why("delete_reader_group"))?;
    require!(reader.acquire_segment().await.is_err(), "a reader of a deleted group reads");
    Ok(())
}
