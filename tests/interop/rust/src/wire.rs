//! Single requests to the segment store, and the replies to them in every field.

use crate::server::Server;
use crate::suite::{require, why, Outcome, Suite};
use pravega_client_shared::*;
use pravega_wire_protocol::commands::*;
use pravega_wire_protocol::wire_commands::{Replies, Requests};

pub fn add_to(suite: &mut Suite) {
    suite.add("wire: segments made, sealed, deleted", life);
    suite.add("wire: appended on a condition, read, truncated", append);
    suite.add("wire: merged into another, sealed or not", merge);
    suite.add("wire: attributes compared and set", attributes);
}

/// A name that no stream has.
fn segment(server: &Server, number: i64) -> ScopedSegment {
    let stream = ScopedStream::from(format!("rust/{}", server.fresh("wire")).as_str());
    ScopedSegment { scope: stream.scope, stream: stream.stream, segment: Segment::from(number) }
}

async fn token(server: &'static Server, segment: &ScopedSegment) -> Result<String, String> {
    let stream = ScopedStream::from(segment);
    server.controller().get_or_refresh_delegation_token_for(stream).await.map_err(why("a delegation token"))
}

async fn ask(server: &'static Server, segment: &ScopedSegment, request: Requests) -> Result<Replies, String> {
    server.clients.create_raw_client_wrapper(segment).await.send_request(&request).await.map_err(why("send_request"))
}

/// Fails unless the request is answered so.
async fn expect(server: &'static Server, segment: &ScopedSegment, request: Requests, reply: Replies) -> Outcome {
    let words = format!("{request:?}");
    let found = ask(server, segment, request).await?;
    require!(found == reply, "{words} is answered {found:?}, not {reply:?}");
    Ok(())
}

async fn create(server: &'static Server, segment: &ScopedSegment, request_id: i64) -> Outcome {
    let name = segment.to_string();
    let request = Requests::CreateSegment(CreateSegmentCommand {
        request_id, segment: name.clone(), target_rate: 0, scale_type: 0, delegation_token: token(server, segment).await? });
    expect(server, segment, request, Replies::SegmentCreated(SegmentCreatedCommand { request_id, segment: name })).await
}

async fn life(server: &'static Server) -> Outcome {
    let segment = segment(server, 0);
    let name = segment.to_string();
    let delegation_token = token(server, &segment).await?;
    create(server, &segment, 1).await?;
    let again = Requests::CreateSegment(CreateSegmentCommand {
        request_id: 2, segment: name.clone(), target_rate: 0, scale_type: 0, delegation_token: delegation_token.clone() });
    let again = ask(server, &segment, again).await?;
    require!(matches!(&again, Replies::SegmentAlreadyExists(cmd) if cmd.request_id == 2 && cmd.segment == name),
        "made again, it answers {again:?}");
    let policy = Requests::UpdateSegmentPolicy(UpdateSegmentPolicyCommand {
        request_id: 3, segment: name.clone(), target_rate: 1, scale_type: 2, delegation_token: delegation_token.clone() });
    expect(server, &segment, policy, Replies::SegmentPolicyUpdated(SegmentPolicyUpdatedCommand {
        request_id: 3, segment: name.clone() })).await?;
    let seal = |request_id| Requests::SealSegment(SealSegmentCommand {
        request_id, segment: name.clone(), delegation_token: delegation_token.clone() });
    expect(server, &segment, seal(4), Replies::SegmentSealed(SegmentSealedCommand {
        request_id: 4, segment: name.clone() })).await?;
    let again = ask(server, &segment, seal(5)).await?;
    require!(matches!(&again, Replies::SegmentIsSealed(cmd) if cmd.request_id == 5 && cmd.segment == name),
        "sealed again, it answers {again:?}");
    require!(server.info(&segment).await?.is_sealed, "it is not sealed");
    let delete = |request_id| Requests::DeleteSegment(DeleteSegmentCommand {
        request_id, segment: name.clone(), delegation_token: delegation_token.clone() });
    expect(server, &segment, delete(6), Replies::SegmentDeleted(SegmentDeletedCommand {
        request_id: 6, segment: name.clone() })).await?;
    let gone = ask(server, &segment, delete(7)).await?;
    require!(matches!(&gone, Replies::NoSuchSegment(cmd) if cmd.request_id == 7 && cmd.segment == name),
        "deleted again, it answers {gone:?}");
    Ok(())
}

/// Appends one event under a condition; the connection sets up first.
async fn append_at(server: &'static Server, segment: &ScopedSegment, writer_id: u128, event_number: i64,
    expected_offset: i64, text: &str) -> Result<Replies, String> {
    let setup = Requests::SetupAppend(SetupAppendCommand {
        request_id: 10, writer_id, segment: segment.to_string(), delegation_token: token(server, segment).await? });
    let raw = server.clients.create_raw_client_wrapper(segment).await;
    let (reply, mut connection) = raw.send_setup_request(&setup).await.map_err(why("send_setup_request"))?;
    require!(matches!(&reply, Replies::AppendSetup(cmd) if cmd.request_id == 10 && cmd.writer_id == writer_id),
        "a set-up is answered {reply:?}");
    let append = Requests::ConditionalAppend(ConditionalAppendCommand {
        request_id: 11, writer_id, event_number, expected_offset, event: EventCommand { data: text.as_bytes().to_vec() } });
    connection.write(&append).await.map_err(why("write"))?;
    connection.read().await.map_err(why("read"))
}

async fn append(server: &'static Server) -> Outcome {
    let segment = segment(server, 0);
    let name = segment.to_string();
    let delegation_token = token(server, &segment).await?;
    create(server, &segment, 1).await?;
    let first = append_at(server, &segment, 1, 1, 0, "event1").await?;
    require!(first == Replies::DataAppended(DataAppendedCommand {
        writer_id: 1, event_number: 1, previous_event_number: i64::MIN, request_id: 11, current_segment_write_offset: 14 }),
        "the first is answered {first:?}");
    let wrong = append_at(server, &segment, 1, 2, 0, "event2").await?;
    require!(wrong == Replies::ConditionalCheckFailed(ConditionalCheckFailedCommand {
        writer_id: 1, event_number: 2, request_id: 11 }), "one at a wrong offset is answered {wrong:?}");
    let read = |request_id, offset| Requests::ReadSegment(ReadSegmentCommand {
        request_id, segment: name.clone(), offset, suggested_length: 14, delegation_token: delegation_token.clone() });
    let data = EventCommand { data: b"event1".to_vec() }.write_fields().map_err(why("write_fields"))?;
    expect(server, &segment, read(12, 0), Replies::SegmentRead(SegmentReadCommand {
        request_id: 12, segment: name.clone(), offset: 0, at_tail: false, end_of_segment: false, data })).await?;
    let truncate = Requests::TruncateSegment(TruncateSegmentCommand {
        request_id: 13, segment: name.clone(), truncation_offset: 14, delegation_token: delegation_token.clone() });
    expect(server, &segment, truncate, Replies::SegmentTruncated(SegmentTruncatedCommand {
        request_id: 13, segment: name.clone() })).await?;
    let early = ask(server, &segment, read(14, 0)).await?;
    require!(matches!(&early, Replies::SegmentIsTruncated(cmd) if cmd.request_id == 14 && cmd.start_offset == 14),
        "a read of what is gone is answered {early:?}");
    Ok(())
}

async fn merge(server: &'static Server) -> Outcome {
    let target = segment(server, 0);
    create(server, &target, 1).await?;
    append_at(server, &target, 1, 1, 0, "event1").await?;
    for (number, seals) in [(1, true), (2, false)] {
        let source = ScopedSegment { segment: Segment::from(number), ..target.clone() };
        create(server, &source, 2).await?;
        append_at(server, &source, 2, 1, 0, "event2").await?;
        if seals {
            let seal = Requests::SealSegment(SealSegmentCommand {
                request_id: 3, segment: source.to_string(), delegation_token: token(server, &source).await? });
            ask(server, &source, seal).await?;
        }
        let merge = |request_id, delegation_token| Requests::MergeSegments(MergeSegmentsCommand {
            request_id, target: target.to_string(), source: source.to_string(), delegation_token });
        expect(server, &target, merge(4, token(server, &target).await?), Replies::SegmentsMerged(SegmentsMergedCommand {
            request_id: 4, target: target.to_string(), source: source.to_string(), new_target_write_offset: 14 + 14 * number
        })).await?;
        let again = ask(server, &target, merge(5, token(server, &target).await?)).await?;
        require!(matches!(&again, Replies::SegmentsMerged(cmd) if cmd.new_target_write_offset == 14 + 14 * number)
            || matches!(&again, Replies::NoSuchSegment(cmd) if cmd.segment == source.to_string()), // the source is forgotten soon
            "merged again, it answers {again:?}");
    }
    let events = server.events(&target).await?;
    require!(events == [b"event1", b"event2", b"event2"], "the segment has {events:?}");
    Ok(())
}

async fn attributes(server: &'static Server) -> Outcome {
    let segment = segment(server, 0);
    let attribute_id = 0x1234_5678_9abc_def0_0fed_cba9_8765_4321;
    create(server, &segment, 1).await?;
    for (new_value, expected_value, success, value) in [(7, i64::MIN, true, 7), (8, 9, false, 7), (8, 7, true, 8)] {
        let delegation_token = token(server, &segment).await?;
        let update = Requests::UpdateSegmentAttribute(UpdateSegmentAttributeCommand {
            request_id: 2, segment_name: segment.to_string(), attribute_id, new_value, expected_value,
            delegation_token: delegation_token.clone() });
        expect(server, &segment, update, Replies::SegmentAttributeUpdated(SegmentAttributeUpdatedCommand {
            request_id: 2, success })).await?;
        let get = Requests::GetSegmentAttribute(GetSegmentAttributeCommand {
            request_id: 3, segment_name: segment.to_string(), attribute_id, delegation_token });
        expect(server, &segment, get, Replies::SegmentAttribute(SegmentAttributeCommand { request_id: 3, value })).await?;
    }
    Ok(())
}
