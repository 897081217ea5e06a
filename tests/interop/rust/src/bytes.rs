//! Byte streams, and streams of indexed records, which stand on them.

use crate::server::Server;
use crate::suite::{require, why, Outcome, Suite};
use futures::StreamExt;
use pravega_client::index::RECORD_SIZE;
use pravega_client_macros::Fields;
use std::io::SeekFrom;

pub fn add_to(suite: &mut Suite) {
    suite.add("bytes written, sought, truncated, sealed", bytes);
    suite.add("bytes of 10 MB in pieces", workload);
    suite.add("bytes of two writers do not interleave", two_writers);
    suite.add("records found by their index", indexed);
}

async fn bytes(server: &'static Server) -> Outcome {
    let stream = server.new_stream("bytes", 1).await?;
    let mut writer = server.clients.create_byte_writer(stream.clone()).await;
    let mut reader = server.clients.create_byte_reader(stream).await;
    writer.write(b"The quick brown ").await.map_err(why("write"))?;
    writer.flush().await.map_err(why("flush"))?;
    writer.write(b"fox jumps").await.map_err(why("write"))?;
    writer.flush().await.map_err(why("flush"))?;
    require!(writer.current_offset() == 25, "the writer is at {}", writer.current_offset());
    require!(reader.current_tail().await.map_err(why("current_tail"))? == 25, "the tail is not at 25");
    for (place, expected) in [(SeekFrom::Start(4), "quick"), (SeekFrom::Current(1), "brown"), (SeekFrom::End(-5), "jumps")] {
        reader.seek(place).await.map_err(why("seek"))?;
        let found = read(&mut reader, 5).await?;
        require!(found == expected.as_bytes(), "at {place:?} it has {found:?}");
    }
    writer.truncate_data_before(10).await.map_err(why("truncate_data_before"))?;
    require!(reader.current_head().await.map_err(why("current_head"))? == 10, "the head is not at 10");
    reader.seek(SeekFrom::Start(0)).await.map_err(why("seek"))?;
    require!(reader.read(&mut [0; 4]).await.is_err(), "what was truncated was read");
    writer.seal().await.map_err(why("seal"))?;
    reader.seek(SeekFrom::Start(20)).await.map_err(why("seek"))?;
    require!(read(&mut reader, 5).await? == b"jumps", "the end of the sealed stream is another");
    require!(reader.read(&mut [0; 4]).await.map_err(why("read"))? == 0, "there is more behind the end");
    Ok(())
}

async fn read(reader: &mut pravega_client::byte::ByteReader, len: usize) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; len];
    let mut have = 0;
    while have < len {
        let read = reader.read(&mut bytes[have..]).await.map_err(why("read"))?;
        require!(read > 0, "it ends after {have} of {len} bytes");
        have += read;
    }
    Ok(bytes)
}

async fn workload(server: &'static Server) -> Outcome {
    let stream = server.new_stream("workload", 1).await?;
    let mut writer = server.clients.create_byte_writer(stream.clone()).await;
    let piece: Vec<u8> = (0..100_003u32).map(|at| at as u8).collect();
    for _ in 0..100 {
        writer.write(&piece).await.map_err(why("write"))?;
    }
    writer.flush().await.map_err(why("flush"))?;
    let mut reader = server.clients.create_byte_reader(stream).await;
    for number in 0..100 {
        require!(read(&mut reader, piece.len()).await? == piece, "piece {number} is another");
    }
    Ok(())
}

/// The second writer's bytes make the first one's next write fail, until it has been told where the tail is.
async fn two_writers(server: &'static Server) -> Outcome {
    let stream = server.new_stream("conditional", 1).await?;
    let mut first = server.clients.create_byte_writer(stream.clone()).await;
    first.write(b"first").await.map_err(why("write"))?;
    first.flush().await.map_err(why("flush"))?;
    let mut second = server.clients.create_byte_writer(stream.clone()).await;
    second.seek_to_tail().await;
    second.write(b"second").await.map_err(why("write"))?;
    second.flush().await.map_err(why("flush"))?;
    let written = first.write(b"never").await;
    require!(written.is_err() || first.flush().await.is_err(), "the first writer wrote where it did not look");
    first.seek_to_tail().await;
    first.reset().await.map_err(why("reset"))?;
    first.write(b"third").await.map_err(why("write"))?;
    first.flush().await.map_err(why("flush"))?;
    let mut reader = server.clients.create_byte_reader(stream).await;
    require!(read(&mut reader, 16).await? == b"firstsecondthird", "the bytes are others");
    Ok(())
}

#[derive(Fields, Debug, PartialOrd, PartialEq)]
struct Place {
    id: u64,
    time: u64,
}

async fn indexed(server: &'static Server) -> Outcome {
    let stream = server.new_stream("indexed", 1).await?;
    let mut writer = server.clients.create_index_writer::<Place>(stream.clone()).await;
    for id in 1..=20 {
        writer.append(Place { id, time: 10 * id }, vec![id as u8; 3]).await.map_err(why("append"))?;
    }
    writer.flush().await.map_err(why("flush"))?;
    let late = writer.append(Place { id: 1, time: 1 }, vec![1]).await;
    require!(late.is_err(), "a record came before its predecessor");
    let reader = server.clients.create_index_reader(stream).await;
    let at = reader.search_offset(("time", 50)).await.map_err(why("search_offset"))?;
    require!(at == 4 * RECORD_SIZE, "the fifth record is at {at}");
    require!(reader.search_offset(("time", 500)).await.is_err(), "a record that is not there was found");
    let records = reader.read(at, 20 * RECORD_SIZE).map_err(why("read"))?;
    let records: Vec<Vec<u8>> = records.map(|each| each.expect("a record")).collect().await;
    require!(records == (5..=20u8).map(|id| vec![id; 3]).collect::<Vec<_>>(), "the records are {records:?}");
    writer.truncate(2 * RECORD_SIZE).await.map_err(why("truncate"))?;
    let first = reader.first_record_data().await.map_err(why("first_record_data"))?;
    require!(first == vec![3; 3], "after the truncation the first one is {first:?}");
    Ok(())
}
