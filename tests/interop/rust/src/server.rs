//! One Pravega, real or not, seen through the Rust client; what the checks do to it most often.

use crate::suite::{require, why, Outcome};
use pravega_client::client_factory::ClientFactory;
use pravega_client::event::EventWriter;
use pravega_client::test_utils::{MetadataWrapper, SegmentReaderWrapper};
use pravega_client_config::ClientConfigBuilder;
use pravega_client_shared::*;
use pravega_controller_client::ControllerClient;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const KEY_COUNT: usize = 10;
const FRAME_LEN: usize = 8; // in front of every event: type and length, 4 bytes each
const LEASE_MS: u64 = 600_000; // the most that a controller grants: this client pings just when a lease is over

pub struct Server {
    pub clients: ClientFactory,
    names: AtomicUsize,
}

impl Server {
    /// Lives as long as the process: tasks of the client may not outlive its factory.
    pub fn leaked(uri: &str) -> &'static Server {
        let mut config = ClientConfigBuilder::default();
        config.controller_uri(uri).transaction_timeout_time(LEASE_MS);
        config.is_auth_enabled(std::env::var("pravega_client_auth_method").is_ok());
        if let Ok(path) = std::env::var("PRAVEGA_TRUST_STORE") {
            let certificate = std::fs::read_to_string(path).expect("the trust store is readable");
            config.is_tls_enabled(true).trustcerts(vec![certificate]);
        }
        let config = config.build().expect("the URI is good");
        Box::leak(Box::new(Server { clients: ClientFactory::new(config), names: AtomicUsize::new(0) }))
    }

    pub fn controller(&self) -> &dyn ControllerClient {
        self.clients.controller_client()
    }

    /// A name that nothing else on the server has.
    pub fn fresh(&self, prefix: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis();
        format!("{prefix}-{now:x}-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    pub fn fixed(stream: &ScopedStream, segments: i32) -> StreamConfiguration {
        StreamConfiguration {
            scoped_stream: stream.clone(),
            scaling: Scaling {
                scale_type: ScaleType::FixedNumSegments,
                target_rate: 0,
                scale_factor: 0,
                min_num_segments: segments,
            },
            retention: Retention::default(),
            tags: None,
        }
    }

    /// A new stream, in a scope that the checks share.
    pub async fn new_stream(&self, prefix: &str, segments: i32) -> Result<ScopedStream, String> {
        let stream = ScopedStream::from(format!("rust/{}", self.fresh(prefix)).as_str());
        self.controller().create_scope(&stream.scope).await.map_err(why("create_scope"))?;
        let made = self.controller().create_stream(&Self::fixed(&stream, segments)).await.map_err(why("create_stream"))?;
        require!(made, "create_stream of a new one says false");
        Ok(stream)
    }

    /// The segments that the stream has now, in the order of their key ranges.
    pub async fn segments(&self, stream: &ScopedStream) -> Result<Vec<ScopedSegment>, String> {
        let segments = self.controller().get_current_segments(stream).await.map_err(why("get_current_segments"))?;
        Ok(segments.get_segments())
    }

    pub async fn info(&self, segment: &ScopedSegment) -> Result<SegmentInfo, String> {
        MetadataWrapper::new(segment.clone(), &self.clients).await.get_segment_info().await
    }

    /// The bytes of a segment between two offsets.
    pub async fn bytes(&self, segment: &ScopedSegment, mut from: i64, to: i64) -> Result<Vec<u8>, String> {
        let reader: SegmentReaderWrapper = self.clients.create_segment_reader_wrapper(segment.clone()).await;
        let mut bytes = Vec::new();
        while from < to {
            let read = reader.read(from, (to - from).min(1 << 20) as i32).await?;
            require!(!read.data.is_empty(), "{segment} has no bytes at {from}, and {to} is its end");
            from += read.data.len() as i64;
            bytes.extend(read.data);
        }
        Ok(bytes)
    }

    /// The events of a segment, in their order.
    pub async fn events(&self, segment: &ScopedSegment) -> Result<Vec<Vec<u8>>, String> {
        let info = self.info(segment).await?;
        events_of(&self.bytes(segment, info.starting_offset, info.write_offset).await?)
    }

    /// Writes numbered events, each with its key; returns when all are acknowledged.
    pub async fn write(&self, writer: &mut EventWriter, from: usize, to: usize) -> Outcome {
        for number in from..to {
            writer.write_event_by_routing_key(key(number), event(number)).await;
        }
        writer.flush().await.map_err(why("flush"))
    }

    /// Seals segments by their numbers and opens others; returns the numbers of what is open then.
    pub async fn scale(&self, stream: &ScopedStream, ranges: &[(f64, f64)]) -> Result<Vec<i64>, String> {
        let sealed: Vec<Segment> = self.segments(stream).await?.into_iter().map(|each| each.segment).collect();
        self.controller().scale_stream(stream, &sealed, ranges).await.map_err(why("scale_stream"))?;
        Ok(self.segments(stream).await?.into_iter().map(|each| each.segment.number).collect())
    }
}

/// Cuts bytes into the events that they frame.
pub fn events_of(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        require!(bytes.len() >= FRAME_LEN && bytes[..4] == [0; 4], "there is no event in front of {bytes:?}");
        let len = u32::from_be_bytes(bytes[4..8].try_into().expect("four bytes")) as usize;
        require!(bytes.len() - FRAME_LEN >= len, "an event of {len} bytes ends early");
        events.push(bytes[FRAME_LEN..FRAME_LEN + len].to_vec());
        bytes = &bytes[FRAME_LEN + len..];
    }
    Ok(events)
}

pub fn key(number: usize) -> String {
    format!("k{}", number % KEY_COUNT)
}

/// Numbered events as those of the Java program: "k3 17" is event 17, of key k3.
pub fn event(number: usize) -> Vec<u8> {
    format!("{} {number}", key(number)).into_bytes()
}

fn number_of(event: &[u8]) -> Result<usize, String> {
    let text = String::from_utf8_lossy(event);
    let number = text.split_once(' ').and_then(|(_, number)| number.parse().ok());
    let number = number.ok_or_else(|| format!("\"{text}\" is no numbered event"))?;
    require!(event == self::event(number), "\"{text}\" has a key that is not its own");
    Ok(number)
}

/// Fails unless the events are the numbers from..to, each once, and those of each key in order.
pub fn require_once(events: &[Vec<u8>], from: usize, to: usize) -> Outcome {
    let mut last: HashMap<usize, usize> = HashMap::new();
    let mut seen = vec![false; to - from];
    for each in events {
        let number = number_of(each)?;
        require!(number >= from && number < to, "event {number} is none of {from}..{to}");
        require!(!std::mem::replace(&mut seen[number - from], true), "event {number} came twice");
        if let Some(before) = last.insert(number % KEY_COUNT, number) {
            require!(before < number, "event {number} came after event {before} of its key");
        }
    }
    let missing = seen.iter().position(|came| !came);
    require!(missing.is_none(), "{} of {} events came, the first that did not is {}", events.len(), to - from,
        from + missing.unwrap_or(0));
    Ok(())
}
