//! Scopes and the life of a stream: made, listed, configured, scaled, truncated, sealed, deleted.

use crate::server::{require_once, Server};
use crate::suite::{require, why, Outcome, Suite};
use futures::StreamExt;
use pravega_client_shared::*;
use pravega_controller_client::paginator::{list_scopes, list_streams, list_streams_for_tag};
use std::collections::HashMap;

pub fn add_to(suite: &mut Suite) {
    suite.add("scopes made, listed, deleted", scopes);
    suite.add("streams listed over several pages", pages);
    suite.add("configuration and tags come back, and are changed", configuration);
    suite.add("scaled up and down: current, head and epoch segments", scale);
    suite.add("successors of what was sealed", successors);
    suite.add("truncated at a cut", truncate);
    suite.add("sealed, deleted, and refused while neither", seal_and_delete);
}

async fn all_scopes(server: &'static Server) -> Vec<String> {
    list_scopes(server.controller()).map(|each| each.expect("list_scopes").name).collect().await
}

async fn all_streams(server: &'static Server, scope: &Scope) -> Vec<String> {
    let streams = list_streams(scope.clone(), server.controller());
    streams.map(|each| each.expect("list_streams").stream.name).filter(visible).collect().await
}

/// The mark stream that a controller makes beside each stream is not what the checks are about.
fn visible(name: &String) -> futures::future::Ready<bool> {
    futures::future::ready(!name.starts_with("_MARK"))
}

async fn scopes(server: &'static Server) -> Outcome {
    let scope = Scope::from(server.fresh("scope"));
    let controller = server.controller();
    require!(!controller.check_scope_exists(&scope).await.map_err(why("check_scope_exists"))?, "it exists before");
    require!(controller.create_scope(&scope).await.map_err(why("create_scope"))?, "create_scope of a new one says false");
    require!(!controller.create_scope(&scope).await.map_err(why("create_scope"))?, "create_scope of an old one says true");
    require!(controller.check_scope_exists(&scope).await.map_err(why("check_scope_exists"))?, "it does not exist");
    let scopes = all_scopes(server).await;
    require!(scopes.contains(&scope.name) && scopes.contains(&"_system".to_owned()), "listed are {scopes:?}");
    require!(all_streams(server, &scope).await.is_empty(), "a new scope has streams");
    let stream = ScopedStream::from(format!("{}/s", scope.name).as_str());
    controller.create_stream(&Server::fixed(&stream, 1)).await.map_err(why("create_stream"))?;
    require!(controller.delete_scope(&scope).await.is_err(), "a scope with a stream was deleted");
    controller.seal_stream(&stream).await.map_err(why("seal_stream"))?;
    controller.delete_stream(&stream).await.map_err(why("delete_stream"))?;
    require!(controller.delete_scope(&scope).await.map_err(why("delete_scope"))?, "delete_scope says false");
    require!(!controller.delete_scope(&scope).await.map_err(why("delete_scope"))?, "delete_scope of none says true");
    require!(!all_scopes(server).await.contains(&scope.name), "it is listed still");
    Ok(())
}

async fn pages(server: &'static Server) -> Outcome {
    const STREAM_COUNT: usize = 25;
    let scope = Scope::from(server.fresh("pages"));
    server.controller().create_scope(&scope).await.map_err(why("create_scope"))?;
    let mut expected = Vec::new();
    for number in 0..STREAM_COUNT {
        let stream = ScopedStream::from(format!("{}/s{number:02}", scope.name).as_str());
        server.controller().create_stream(&Server::fixed(&stream, 1)).await.map_err(why("create_stream"))?;
        expected.push(stream.stream.name);
    }
    let mut streams = all_streams(server, &scope).await;
    streams.sort();
    require!(streams == expected, "listed are {streams:?}");
    Ok(())
}

async fn configuration(server: &'static Server) -> Outcome {
    let controller = server.controller();
    let stream = ScopedStream::from(format!("rust/{}", server.fresh("configured")).as_str());
    let tag = server.fresh("tag");
    let mut made = Server::fixed(&stream, 2);
    made.scaling = Scaling {
        scale_type: ScaleType::ByRateInEventsPerSec, target_rate: 10, scale_factor: 2, min_num_segments: 2 };
    made.retention = Retention { retention_type: RetentionType::Size, retention_param: 1 << 20 };
    made.tags = Some(vec!["blue".to_owned(), tag.clone()]);
    controller.create_scope(&stream.scope).await.map_err(why("create_scope"))?;
    require!(!controller.check_stream_exists(&stream).await.map_err(why("check_stream_exists"))?, "it exists before");
    require!(controller.create_stream(&made).await.map_err(why("create_stream"))?, "create_stream says false");
    require!(!controller.create_stream(&made).await.map_err(why("create_stream"))?, "create_stream again says true");
    require!(controller.check_stream_exists(&stream).await.map_err(why("check_stream_exists"))?, "it does not exist");
    let mut found = controller.get_stream_configuration(&stream).await.map_err(why("get_stream_configuration"))?;
    found.tags.iter_mut().for_each(|tags| tags.sort()); // they are a set
    require!(found == made, "its configuration is {found:?}");
    made.scaling = Server::fixed(&stream, 2).scaling;
    made.retention = Retention { retention_type: RetentionType::Time, retention_param: 3_600_000 };
    made.tags = Some(vec![tag.clone()]);
    require!(controller.update_stream(&made).await.map_err(why("update_stream"))?, "update_stream says false");
    let found = controller.get_stream_configuration(&stream).await.map_err(why("get_stream_configuration"))?;
    require!(found == made, "after the update its configuration is {found:?}");
    let tags = controller.get_stream_tags(&stream).await.map_err(why("get_stream_tags"))?;
    require!(tags == made.tags, "its tags are {tags:?}");
    let tagged = list_streams_for_tag(stream.scope.clone(), tag, controller);
    let tagged: Vec<ScopedStream> = tagged.map(|each| each.expect("list_streams_for_tag")).collect().await;
    require!(tagged == [stream], "listed for its tag is {tagged:?}");
    Ok(())
}

async fn scale(server: &'static Server) -> Outcome {
    let controller = server.controller();
    let stream = server.new_stream("scaled", 1).await?;
    let up = server.scale(&stream, &[(0.0, 0.5), (0.5, 1.0)]).await?;
    require!(up == [1 << 32 | 1, 1 << 32 | 2], "after scaling up it has {up:?}");
    let down = server.scale(&stream, &[(0.0, 1.0)]).await?;
    require!(down == [2 << 32 | 3], "after scaling down it has {down:?}");
    let head = controller.get_head_segments(&stream).await.map_err(why("get_head_segments"))?;
    require!(head == HashMap::from([(Segment::from(0), 0)]), "its head is {head:?}");
    let epoch = controller.get_epoch_segments(&stream, 1).await.map_err(why("get_epoch_segments"))?;
    let epoch: Vec<i64> = epoch.get_segments().iter().map(|each| each.segment.number).collect();
    require!(epoch == up, "epoch 1 has {epoch:?}");
    require!(controller.check_scale(&stream, 1).await.map_err(why("check_scale"))?, "the scale of epoch 1 is not done");
    require!(!controller.check_scale(&stream, 2).await.map_err(why("check_scale"))?, "a scale was made of epoch 2");
    let gone = controller.scale_stream(&stream, &[Segment::from(0)], &[(0.0, 1.0)]).await;
    require!(gone.is_err(), "a segment was sealed twice");
    Ok(())
}

async fn successors(server: &'static Server) -> Outcome {
    let stream = server.new_stream("successors", 1).await?;
    let sealed = server.scale(&stream, &[(0.0, 0.5), (0.5, 1.0)]).await?;
    let before = server.segments(&stream).await?;
    let after = server.scale(&stream, &[(0.0, 1.0)]).await?;
    for segment in &before {
        let found = server.controller().get_successors(segment).await.map_err(why("get_successors"))?;
        let [successor] = &found.replacement_segments[&segment.segment][..] else {
            return Err(format!("{segment} has the successors {found:?}"));
        };
        let mut of: Vec<i64> = found.segment_with_predecessors[successor].iter().map(|each| each.number).collect();
        of.sort_unstable();
        require!(successor.get_segment().number == after[0], "{segment} has the successor {successor:?}");
        require!(of == sealed, "{successor:?} has the predecessors {of:?}");
    }
    Ok(())
}

async fn truncate(server: &'static Server) -> Outcome {
    let stream = server.new_stream("truncated", 1).await?;
    let segment = server.segments(&stream).await?.remove(0);
    let mut writer = server.clients.create_event_writer(stream.clone());
    server.write(&mut writer, 0, 100).await?;
    let at = server.info(&segment).await?.write_offset;
    server.write(&mut writer, 100, 150).await?;
    let cut = StreamCut::new(stream.clone(), HashMap::from([(0, at)]));
    require!(server.controller().truncate_stream(&cut).await.map_err(why("truncate_stream"))?, "truncate_stream says false");
    require!(server.info(&segment).await?.starting_offset == at, "the segment does not start at {at}");
    let head = server.controller().get_head_segments(&stream).await.map_err(why("get_head_segments"))?;
    require!(head == HashMap::from([(Segment::from(0), at)]), "its head is {head:?}");
    require_once(&server.events(&segment).await?, 100, 150)
}

async fn seal_and_delete(server: &'static Server) -> Outcome {
    let controller = server.controller();
    let stream = server.new_stream("sealed", 2).await?;
    let segments = server.segments(&stream).await?;
    require!(controller.delete_stream(&stream).await.is_err(), "a stream that is not sealed was deleted");
    require!(controller.seal_stream(&stream).await.map_err(why("seal_stream"))?, "seal_stream says false");
    require!(server.segments(&stream).await?.is_empty(), "a sealed stream has segments to write to");
    require!(server.info(&segments[0]).await?.is_sealed, "a segment of a sealed stream is open");
    require!(controller.delete_stream(&stream).await.map_err(why("delete_stream"))?, "delete_stream says false");
    require!(!controller.delete_stream(&stream).await.map_err(why("delete_stream"))?, "delete_stream of none says true");
    require!(controller.seal_stream(&stream).await.is_err(), "a stream that is gone was sealed");
    require!(!controller.check_stream_exists(&stream).await.map_err(why("check_stream_exists"))?, "it exists still");
    Ok(())
}
