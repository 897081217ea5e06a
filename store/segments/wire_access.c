/*
 * wire_access.c - whether a command's delegation token allows it.
 *
 * A segment's reader needs READ, its writer READ_UPDATE, and so does whoever changes it as a whole. (Upstream asks for
 * READ only wherever it is not an append: there a token for reading truncates, seals and deletes.) Appends themselves
 * carry no token: they go by that of their SETUP_APPEND, and the connection ends with the first such token that ends,
 * so that its writers come with new ones.
 */
#include "store/segments/wire_server_int.h"

#define LOOKED_AGAIN_MS (INT64_C(24) * 3600 * 1000)

static enum weir_token_verdict check(const struct weir_wire_conn *conn, struct weir_view token,
                                     struct weir_view segment, enum weir_permission needed, int64_t *ends_ms)
{
    return weir_token_check(&conn->server->token_key, token, segment, needed, weir_loop_wall_ms(conn->server->loop),
                            ends_ms);
}

static void reply_refused(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd,
                          enum weir_token_verdict verdict)
{
    pravega_wire_encode_auth_token_check_failed(
        weir_wire_reply(conn), &(struct pravega_wire_auth_token_check_failed){
                                   .request_id = pravega_wire_request_id(cmd),
                                   .error_code = verdict == WEIR_TOKEN_EXPIRED ? PRAVEGA_WIRE_AUTH_EXPIRED
                                                                               : PRAVEGA_WIRE_AUTH_CHECK_FAILED});
}

static bool allowed(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd, struct weir_view token,
                    struct weir_view segment, enum weir_permission needed)
{
    int64_t ends_ms;
    enum weir_token_verdict verdict = check(conn, token, segment, needed, &ends_ms);

    if (verdict != WEIR_TOKEN_GOOD)
        reply_refused(conn, cmd, verdict);
    return verdict == WEIR_TOKEN_GOOD;
}

/* --- Writers ---------------------------------------------------------------------------------------------------- */

static void look_at_end(void *arg);

static void watch_end(struct weir_wire_conn *conn)
{
    struct weir_loop *loop = conn->server->loop;
    int64_t left_ms = conn->token_ends_ms - weir_loop_wall_ms(loop);

    conn->token_end.fn = look_at_end;
    conn->token_end.arg = conn;
    weir_timer_start(loop, &conn->token_end,
                     (left_ms < LOOKED_AGAIN_MS ? left_ms + 1 : LOOKED_AGAIN_MS) * WEIR_NS_PER_MS);
}

static void look_at_end(void *arg)
{
    struct weir_wire_conn *conn = arg;

    if (weir_loop_wall_ms(conn->server->loop) > conn->token_ends_ms)
        weir_wire_conn_end(conn, "a writer's delegation token has ended; it comes again with a new one");
    else
        watch_end(conn);
}

static bool setup_allowed(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
    const struct pravega_wire_setup_append *setup = &cmd->setup_append;
    int64_t ends_ms = WEIR_TOKEN_NEVER_ENDS;

    switch (check(conn, setup->token, setup->segment, WEIR_PERMISSION_READ_UPDATE, &ends_ms)) {
    case WEIR_TOKEN_EXPIRED: /* as upstream: to writers the end of the connection says it */
        weir_wire_conn_end(conn, "a writer's delegation token has ended; it comes again with a new one");
        return false;
    case WEIR_TOKEN_REFUSED:
        reply_refused(conn, cmd, WEIR_TOKEN_REFUSED);
        return false;
    case WEIR_TOKEN_GOOD:
        break;
    }
    if (ends_ms != WEIR_TOKEN_NEVER_ENDS && (!weir_timer_armed(&conn->token_end) || ends_ms < conn->token_ends_ms)) {
        conn->token_ends_ms = ends_ms;
        watch_end(conn);
    }
    return true;
}

/* --- The table of commands -------------------------------------------------------------------------------------- */

static bool merge_allowed(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
    const struct pravega_wire_merge_segments *merge = &cmd->merge_segments;

    return allowed(conn, cmd, merge->token, merge->target, WEIR_PERMISSION_READ_UPDATE) &&
           allowed(conn, cmd, merge->token, merge->source, WEIR_PERMISSION_READ_UPDATE);
}

static bool batch_allowed(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
    const struct pravega_wire_merge_segments_batch *merge = &cmd->merge_segments_batch;
    struct weir_in items = pravega_wire_items(&merge->sources);
    bool good = allowed(conn, cmd, merge->token, merge->target, WEIR_PERMISSION_READ_UPDATE);

    for (int32_t i = 0; good && i < merge->sources.count; i++)
        good = allowed(conn, cmd, merge->token, pravega_wire_name_next(&items), WEIR_PERMISSION_READ_UPDATE);
    return good;
}

bool weir_wire_allowed(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
#define SEGMENT(NAME, name, permission)                                                                                \
    case PRAVEGA_WIRE_##NAME:                                                                                          \
        return allowed(conn, cmd, cmd->name.token, cmd->name.segment, WEIR_PERMISSION_##permission)
    switch (cmd->type) {
    case PRAVEGA_WIRE_HELLO: /* without a token */
    case PRAVEGA_WIRE_KEEP_ALIVE:
    case PRAVEGA_WIRE_PADDING:
    case PRAVEGA_WIRE_PARTIAL_EVENT:
    case PRAVEGA_WIRE_APPEND_BLOCK:
    case PRAVEGA_WIRE_APPEND_BLOCK_END:
    case PRAVEGA_WIRE_CONDITIONAL_APPEND:
    case PRAVEGA_WIRE_CONDITIONAL_BLOCK_END:
        return true;
    case PRAVEGA_WIRE_SETUP_APPEND:
        return setup_allowed(conn, cmd);
        SEGMENT(READ_SEGMENT, read_segment, READ);
        SEGMENT(GET_STREAM_SEGMENT_INFO, get_stream_segment_info, READ);
        SEGMENT(GET_SEGMENT_ATTRIBUTE, get_segment_attribute, READ);
        SEGMENT(UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, READ_UPDATE);
        SEGMENT(UPDATE_SEGMENT_POLICY, update_segment_policy, READ_UPDATE);
        SEGMENT(CREATE_SEGMENT, create_segment, READ_UPDATE);
        SEGMENT(SEAL_SEGMENT, seal_segment, READ_UPDATE);
        SEGMENT(TRUNCATE_SEGMENT, truncate_segment, READ_UPDATE);
        SEGMENT(DELETE_SEGMENT, delete_segment, READ_UPDATE);
        SEGMENT(GET_TABLE_SEGMENT_INFO, get_table_segment_info, READ);
        SEGMENT(CREATE_TABLE_SEGMENT, create_table_segment, READ_UPDATE);
        SEGMENT(DELETE_TABLE_SEGMENT, delete_table_segment, READ_UPDATE);
        SEGMENT(UPDATE_TABLE_ENTRIES, update_table_entries, READ_UPDATE);
        SEGMENT(REMOVE_TABLE_KEYS, remove_table_keys, READ_UPDATE);
        SEGMENT(READ_TABLE, read_table, READ);
        SEGMENT(READ_TABLE_KEYS, read_table_keys, READ);
        SEGMENT(READ_TABLE_ENTRIES, read_table_entries, READ);
        SEGMENT(READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, READ);
    case PRAVEGA_WIRE_CREATE_TRANSIENT_SEGMENT:
        return allowed(conn, cmd, cmd->create_transient_segment.token, cmd->create_transient_segment.parent,
                       WEIR_PERMISSION_READ_UPDATE);
    case PRAVEGA_WIRE_MERGE_SEGMENTS:
        return merge_allowed(conn, cmd);
    case PRAVEGA_WIRE_MERGE_SEGMENTS_BATCH:
        return batch_allowed(conn, cmd);
    default:
        weir_wire_conn_end(conn, "it sent a command that is not a client's");
        return false;
    }
#undef SEGMENT
}
