//! Events written: keys and order, over scales, large ones, to a sealed stream; read back from their segments.

use crate::server::{require_once, Server};
use crate::suite::{require, why, Outcome, Suite};
use pravega_client_shared::ScopedStream;

pub fn add_to(suite: &mut Suite) {
    suite.add("events each once, those of a key in order", keyed);
    suite.add("events without a key, and empty", unkeyed);
    suite.add("a writer goes on over scales up and down", over_scales);
    suite.add("events of 7 and nearly 8 MiB between small ones", large);
    suite.add("two writers at once", two_writers);
    suite.add("a writer is refused by a sealed stream", sealed);
}

/// The events of the segments that the stream has now.
async fn all_events(server: &'static Server, stream: &ScopedStream) -> Result<Vec<Vec<u8>>, String> {
    let mut events = Vec::new();
    for segment in server.segments(stream).await? {
        events.extend(server.events(&segment).await?);
    }
    Ok(events)
}

async fn keyed(server: &'static Server) -> Outcome {
    let stream = server.new_stream("keyed", 3).await?;
    let mut first = server.clients.create_event_writer(stream.clone());
    server.write(&mut first, 0, 4000).await?;
    let mut second = server.clients.create_event_writer(stream.clone());
    server.write(&mut second, 4000, 5000).await?;
    require_once(&all_events(server, &stream).await?, 0, 5000)
}

async fn unkeyed(server: &'static Server) -> Outcome {
    let stream = server.new_stream("unkeyed", 2).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    for number in 0..200u32 {
        writer.write_event(number.to_be_bytes().to_vec()).await.await.map_err(why("ack"))?.map_err(why("write_event"))?;
    }
    writer.write_event(Vec::new()).await.await.map_err(why("ack"))?.map_err(why("write_event"))?;
    let mut events = all_events(server, &stream).await?;
    events.sort();
    require!(events.remove(0).is_empty(), "the empty event is not there");
    let expected: Vec<Vec<u8>> = (0..200u32).map(|number| number.to_be_bytes().to_vec()).collect();
    require!(events == expected, "{} events came, and not the ones written", events.len());
    Ok(())
}

/// Each key's events are in order over the segments in the order of their epochs.
async fn over_scales(server: &'static Server) -> Outcome {
    let stream = server.new_stream("over-scales", 1).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    let mut segments = server.segments(&stream).await?;
    server.write(&mut writer, 0, 500).await?;
    server.scale(&stream, &[(0.0, 0.25), (0.25, 0.6), (0.6, 1.0)]).await?;
    segments.extend(server.segments(&stream).await?);
    server.write(&mut writer, 500, 1000).await?;
    server.scale(&stream, &[(0.0, 0.5), (0.5, 1.0)]).await?;
    segments.extend(server.segments(&stream).await?);
    server.write(&mut writer, 1000, 1500).await?;
    let mut events = Vec::new();
    for segment in &segments {
        events.extend(server.events(segment).await?);
    }
    require_once(&events, 0, 1500)
}

/// More than 8 MiB, this client can't put into one frame.
async fn large(server: &'static Server) -> Outcome {
    let stream = server.new_stream("large", 1).await?;
    let mut writer = server.clients.create_event_writer(stream.clone());
    let written: Vec<Vec<u8>> = [5, 7 << 20, (8 << 20) - 100, 7].iter().map(|len| pattern(*len)).collect();
    for event in &written {
        let written = writer.write_event_by_routing_key("key".to_owned(), event.clone()).await;
        written.await.map_err(why("ack"))?.map_err(why("write_event_by_routing_key"))?;
    }
    require!(all_events(server, &stream).await? == written, "what was read is not what was written");
    Ok(())
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 7 + at / 251) as u8).collect()
}

async fn two_writers(server: &'static Server) -> Outcome {
    let stream = server.new_stream("two-writers", 2).await?;
    let mut even = server.clients.create_event_writer(stream.clone());
    let mut odd = server.clients.create_event_writer(stream.clone());
    for number in 0..2000 {
        let writer = if number % 2 == 0 { &mut even } else { &mut odd };
        writer.write_event_by_routing_key(crate::server::key(number), crate::server::event(number)).await;
    }
    even.flush().await.map_err(why("flush"))?;
    odd.flush().await.map_err(why("flush"))?;
    require_once(&all_events(server, &stream).await?, 0, 2000) // the keys of even numbers are even
}

async fn sealed(server: &'static Server) -> Outcome {
    let stream = server.new_stream("refused", 1).await?;
    let segment = server.segments(&stream).await?.remove(0);
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 10).await?;
    server.controller().seal_stream(&stream).await.map_err(why("seal_stream"))?;
    let late = writer.write_event_by_routing_key("k0".to_owned(), b"k0 10".to_vec()).await.await;
    require!(!matches!(late, Ok(Ok(()))), "a sealed stream took an event");
    require_once(&server.events(&segment).await?, 0, 10)
}
