//! Transactions: invisible until committed, then whole and in order; gone when aborted, by hand or by their lease.

use crate::server::{event, key, require_once, Server};
use crate::suite::{require, why, Outcome, Suite};
use pravega_client::event::transactional_writer::Transaction;
use pravega_client_shared::*;
use std::sync::Mutex;
use std::time::{Duration, Instant};

const SETTLED_WITHIN: Duration = Duration::from_secs(120);
const LEASE_MIN: Duration = Duration::from_secs(10); // the least that a controller grants

/// Stream and id of the transaction that nobody pings.
static ABANDONED: Mutex<Option<(ScopedStream, TxId)>> = Mutex::new(None);

/// Leaves one alone as early as possible; the last check looks at what became of it.
pub fn add_first_to(suite: &mut Suite) {
    suite.add("a transaction left alone with a lease of 10 s", abandon);
}

pub fn add_to(suite: &mut Suite) {
    suite.add("transactions seen after their commit only", commit);
    suite.add("transactions aborted leave nothing", abort);
    suite.add("transactions of several writers, each in one piece", several);
    suite.add("a transaction begun before a scale, committed after it", over_a_scale);
    suite.add("a transaction found by its id", by_id);
}

pub fn add_last_to(suite: &mut Suite) {
    suite.add("the transaction left alone was aborted", expired);
}

async fn write(transaction: &mut Transaction, from: usize, to: usize) -> Outcome {
    for number in from..to {
        transaction.write_event(Some(key(number)), event(number)).await.map_err(why("write_event"))?;
    }
    Ok(())
}

/// Waits until the transaction has ended in one way or the other.
async fn outcome(server: &'static Server, stream: &ScopedStream, id: TxId) -> Result<TransactionStatus, String> {
    let start = Instant::now();
    loop {
        let status = server.controller().check_transaction_status(stream, id).await;
        match status.map_err(why("check_transaction_status"))? {
            ended @ (TransactionStatus::Committed | TransactionStatus::Aborted) => return Ok(ended),
            status => require!(start.elapsed() < SETTLED_WITHIN, "it is still {status:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn require_committed(server: &'static Server, transaction: &Transaction) -> Outcome {
    let ended = outcome(server, &transaction.stream(), transaction.txn_id()).await?;
    require!(ended == TransactionStatus::Committed, "it ended {ended:?}");
    Ok(())
}

async fn events(server: &'static Server, stream: &ScopedStream) -> Result<Vec<Vec<u8>>, String> {
    let mut events = Vec::new();
    for segment in server.segments(stream).await? {
        events.extend(server.events(&segment).await?);
    }
    Ok(events)
}

async fn commit(server: &'static Server) -> Outcome {
    let stream = server.new_stream("commit", 2).await?;
    let mut writer = server.clients.create_transactional_event_writer(stream.clone(), WriterId(0)).await;
    let mut transaction = writer.begin().await.map_err(why("begin"))?;
    write(&mut transaction, 0, 500).await?;
    let status = transaction.check_status().await.map_err(why("check_status"))?;
    require!(status == TransactionStatus::Open, "it is {status:?}");
    require!(events(server, &stream).await?.is_empty(), "its events are seen before the commit");
    transaction.commit(Timestamp(0)).await.map_err(why("commit"))?;
    require_committed(server, &transaction).await?;
    require!(transaction.commit(Timestamp(0)).await.is_err(), "it was committed twice");
    require_once(&events(server, &stream).await?, 0, 500)
}

async fn abort(server: &'static Server) -> Outcome {
    let stream = server.new_stream("abort", 2).await?;
    let mut writer = server.clients.create_transactional_event_writer(stream.clone(), WriterId(0)).await;
    let mut transaction = writer.begin().await.map_err(why("begin"))?;
    write(&mut transaction, 0, 100).await?;
    let id = transaction.txn_id();
    transaction.abort().await.map_err(why("abort"))?;
    let ended = outcome(server, &stream, id).await?;
    require!(ended == TransactionStatus::Aborted, "it ended {ended:?}");
    require!(transaction.commit(Timestamp(0)).await.is_err(), "an aborted transaction was committed");
    require!(events(server, &stream).await?.is_empty(), "its events are there");
    Ok(())
}

/// Begun in one order, written in turns, committed in another: each is in one piece, in the order of the commits.
async fn several(server: &'static Server) -> Outcome {
    let stream = server.new_stream("several", 1).await?;
    let mut open = Vec::new();
    for writer_id in 0..10 {
        let mut writer = server.clients.create_transactional_event_writer(stream.clone(), WriterId(writer_id)).await;
        open.push((writer.begin().await.map_err(why("begin"))?, writer));
    }
    for round in 0..5 {
        for (at, (transaction, _)) in open.iter_mut().enumerate() {
            write(transaction, at * 50 + round * 10, at * 50 + round * 10 + 10).await?;
        }
    }
    let mut expected = Vec::new();
    for (at, (mut transaction, _writer)) in open.into_iter().enumerate().rev() {
        transaction.commit(Timestamp(0)).await.map_err(why("commit"))?;
        require_committed(server, &transaction).await?;
        expected.extend((at * 50..at * 50 + 50).map(event));
    }
    require!(events(server, &stream).await? == expected, "the events are not in the order of the commits");
    Ok(())
}

/// Its segments are those of its epoch, which are sealed by then: the stream rolls over to new ones.
async fn over_a_scale(server: &'static Server) -> Outcome {
    let stream = server.new_stream("rolling", 1).await?;
    let mut writer = server.clients.create_transactional_event_writer(stream.clone(), WriterId(0)).await;
    let mut transaction = writer.begin().await.map_err(why("begin"))?;
    write(&mut transaction, 0, 100).await?;
    let scaled = server.scale(&stream, &[(0.0, 0.5), (0.5, 1.0)]).await?;
    require!(scaled.len() == 2, "after the scale it has {scaled:?}");
    write(&mut transaction, 100, 200).await?;
    transaction.commit(Timestamp(0)).await.map_err(why("commit"))?;
    require_committed(server, &transaction).await?;
    let mut plain = server.clients.create_event_writer(stream.clone());
    server.write(&mut plain, 200, 250).await?;
    let mut found = Vec::new();
    for epoch in 0..4 {
        let segments = server.controller().get_epoch_segments(&stream, epoch).await.map_err(why("get_epoch_segments"))?;
        for segment in segments.get_segments() {
            found.extend(server.events(&segment).await?);
        }
    }
    require_once(&found, 0, 250)
}

/// What the client hands out for an id can be asked for its status, and no more.
async fn by_id(server: &'static Server) -> Outcome {
    let stream = server.new_stream("by-id", 2).await?;
    let mut writer = server.clients.create_transactional_event_writer(stream.clone(), WriterId(1)).await;
    let mut transaction = writer.begin().await.map_err(why("begin"))?;
    write(&mut transaction, 0, 60).await?;
    let other = server.clients.create_transactional_event_writer(stream.clone(), WriterId(2)).await;
    let found = other.get_txn(transaction.txn_id()).await.map_err(why("get_txn"))?;
    require!(found.txn_id() == transaction.txn_id(), "get_txn has {:?}", found.txn_id());
    let status = found.check_status().await.map_err(why("check_status"))?;
    require!(status == TransactionStatus::Open, "the other writer sees it {status:?}");
    transaction.commit(Timestamp(0)).await.map_err(why("commit"))?;
    require_committed(server, &found).await?;
    require_once(&events(server, &stream).await?, 0, 60)
}

async fn abandon(server: &'static Server) -> Outcome {
    let stream = server.new_stream("lease", 1).await?;
    let begun = server.controller().create_transaction(&stream, LEASE_MIN).await.map_err(why("create_transaction"))?;
    *ABANDONED.lock().expect("nobody panicked") = Some((stream, begun.tx_id));
    Ok(())
}

async fn expired(server: &'static Server) -> Outcome {
    let abandoned = ABANDONED.lock().expect("nobody panicked").clone();
    let (stream, id) = abandoned.ok_or("the first check did not begin it")?;
    let ended = outcome(server, &stream, id).await?;
    require!(ended == TransactionStatus::Aborted, "it ended {ended:?}");
    let late = server.controller().ping_transaction(&stream, id, LEASE_MIN).await;
    require!(matches!(late, Ok(PingStatus::Aborted)) || late.is_err(), "a ping of it is answered {late:?}");
    Ok(())
}
