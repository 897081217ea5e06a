/*
 * table_reads.c - READ_TABLE, READ_TABLE_KEYS and READ_TABLE_ENTRIES: values of keys, and pages of a walk.
 *
 *     WAITING while others hold too much --> LAID OUT from the index --barrier, values read--> answered
 *                                               '--the table was compacted meanwhile--> laid out again
 *
 * The index may show what is not durable; so nothing leaves before a barrier behind the layout. A page of a table of
 * fixed-length keys begins where the request says; in a hash table a token goes on behind the last hash.
 */
#include <stdlib.h>

#include "store/container/table.h"
#include "store/segments/table_page.h"
#include "store/segments/table_service.h"

#define PAGE_LEN_MAX (2u << 20)
#define LAYOUTS_MAX 16 /* each compaction of what is being read costs one */
#define TOKEN_HEAD_LEN 8u
#define TOKEN_LEN (TOKEN_HEAD_LEN + WEIR_TABLE_HASH_LEN) /* of a hash table's */

enum read_kind { READ_VALUES, READ_KEYS, READ_ENTRIES };

struct table_read {
    struct weir_wire_job job; /* first */
    enum read_kind kind;
    struct weir_segment *seg; /* referenced */
    struct weir_table_info info;
    struct weir_table_wait wait;
    struct weir_store_op barrier;
    struct weir_table_page page;
    bool durable, filled;
    int layout_count;
    size_t held_bytes; /* counted in the connection's table_bytes */
    int64_t request_id;
    int32_t key_count; /* READ_VALUES: in `asked`; else at most so many */
    size_t asked_len, from_len;
    size_t token_len;
    uint8_t token[TOKEN_HEAD_LEN + 2 + WEIR_TABLE_FIXED_KEY_LEN_MAX];
    uint8_t asked[]; /* READ_VALUES: keys in wire form; else where the page begins, and its last key, if it has one */
};

/* --- Tokens: upstream's, a revision (version 0, revision 0) with its length; a hash, or a key with its length ---- */

static void token_head(uint8_t *out, size_t len)
{
    static const uint8_t head[4] = {0, 0, 1, 0};

    memcpy(out, head, sizeof(head));
    weir_put_u32be(out + 4, (uint32_t)len);
}

static void note_key_token(struct table_read *read, struct weir_view key)
{
    size_t len_len = key.len < 0x80 ? 1 : 2; /* a compact int */
    uint8_t *at = read->token + TOKEN_HEAD_LEN;

    token_head(read->token, len_len + key.len);
    if (len_len == 1)
        at[0] = (uint8_t)key.len;
    else
        weir_put_u16be(at, (uint16_t)(0x8000 | key.len));
    memcpy(at + len_len, key.ptr, key.len);
    read->token_len = TOKEN_HEAD_LEN + len_len + key.len;
}

/* Hashes in tokens are as they are, in our order their highest bits are flipped. */
static void flip(uint8_t hash[WEIR_TABLE_HASH_LEN])
{
    hash[0] ^= 0x80;
    hash[8] ^= 0x80;
}

static void note_hash_token(struct table_read *read, struct weir_view key)
{
    token_head(read->token, WEIR_TABLE_HASH_LEN);
    weir_table_hash(key, read->token + TOKEN_HEAD_LEN);
    flip(read->token + TOKEN_HEAD_LEN);
    read->token_len = TOKEN_LEN;
}

/* The hash behind the token's, in our order; *len 0: from the beginning. False: no such token. */
static bool take_hash_token(struct weir_view token, uint8_t hash[WEIR_TABLE_HASH_LEN], size_t *len, bool *at_end)
{
    uint8_t head[TOKEN_HEAD_LEN];
    size_t i = WEIR_TABLE_HASH_LEN;

    *len = 0;
    *at_end = false;
    if (token.len == 0)
        return true;
    token_head(head, WEIR_TABLE_HASH_LEN);
    if (token.len != TOKEN_LEN || memcmp(token.ptr, head, TOKEN_HEAD_LEN) != 0)
        return false;
    memcpy(hash, token.ptr + TOKEN_HEAD_LEN, WEIR_TABLE_HASH_LEN);
    flip(hash);
    while (i > 0 && ++hash[i - 1] == 0)
        i--;
    *at_end = i == 0;
    *len = WEIR_TABLE_HASH_LEN;
    return true;
}

/* --- Life --- */

static void read_free(struct table_read *read)
{
    weir_table_page_fini(&read->page);
    weir_segment_unref(read->seg);
    free(read);
}

static void read_cancel(struct weir_wire_job *base)
{
    struct table_read *read = (struct table_read *)base;

    weir_table_wait_cancel(&read->wait);
    weir_store_op_cancel(&read->barrier);
    read_free(read);
}

static struct weir_view name_of(const struct table_read *read)
{
    return weir_segment_name(read->seg);
}

static void answer(struct table_read *read)
{
    struct weir_buf *out = weir_wire_reply(read->job.conn);
    struct pravega_wire_list items = {read->page.count, weir_buf_view(&read->page.items)};
    struct weir_view token = weir_view(read->token, read->token_len);

    switch (read->kind) {
    case READ_VALUES:
        pravega_wire_encode_table_read(
            out, &(struct pravega_wire_table_read){
                     .request_id = read->request_id, .segment = name_of(read), .entries = items});
        break;
    case READ_KEYS:
        pravega_wire_encode_table_keys_read(
            out,
            &(struct pravega_wire_table_keys_read){
                .request_id = read->request_id, .segment = name_of(read), .keys = items, .continuation = token});
        break;
    case READ_ENTRIES:
        pravega_wire_encode_table_entries_read(
            out,
            &(struct pravega_wire_table_entries_read){
                .request_id = read->request_id, .segment = name_of(read), .entries = items, .continuation = token});
        break;
    }
}

static void refuse(struct table_read *read, enum weir_status status)
{
    struct weir_wire_conn *conn = read->job.conn;

    if (status == WEIR_E_NOT_FOUND)
        pravega_wire_encode_no_such_segment(
            weir_wire_reply(conn), &(struct pravega_wire_no_such_segment){
                                       .request_id = read->request_id, .segment = name_of(read), .offset = -1});
    else
        weir_wire_conn_end(conn, status == WEIR_E_LIMIT ? "it asked for more of a table than a frame holds"
                                                        : weir_status_text(status));
}

/* The read is over: answered, or refused. */
static void end(struct table_read *read, enum weir_status status)
{
    weir_store_op_cancel(&read->barrier);
    weir_wire_job_end(&read->job);
    read->job.conn->table_bytes -= read->held_bytes;
    if (status == WEIR_OK)
        answer(read);
    else
        refuse(read, status);
    read_free(read);
}

/* --- Layout --- */

static void lay_out_values(struct table_read *read)
{
    struct pravega_wire_list keys = {read->key_count, weir_view(read->asked, read->asked_len)};
    struct weir_in in = pravega_wire_items(&keys);

    for (int32_t i = 0; i < keys.count; i++) {
        struct weir_view key = pravega_wire_key_next(&in).key;
        struct weir_table_place place;

        if (weir_table_get(read->seg, key, &place))
            weir_table_page_entry(&read->page, key, &place);
        else
            weir_table_page_missing(&read->page, key);
    }
}

static bool beyond_last(const struct table_read *read, struct weir_view key)
{
    size_t last_len = read->asked_len - read->from_len;

    return last_len > 0 && memcmp(key.ptr, read->asked + read->from_len, last_len) > 0;
}

static void lay_out_page(struct table_read *read)
{
    struct weir_table_page *page = &read->page;
    struct weir_table_cursor cursor;
    struct weir_view last = {NULL, 0};

    weir_table_seek(read->seg, weir_view(read->asked, read->from_len), &cursor);
    while (cursor.at != NULL && page->count < read->key_count && page->items.len < PAGE_LEN_MAX &&
           page->items.status == WEIR_OK && !beyond_last(read, cursor.key)) {
        if (read->kind == READ_KEYS)
            weir_table_page_key(page, cursor.key, cursor.place.version);
        else
            weir_table_page_entry(page, cursor.key, &cursor.place);
        last = cursor.key;
        weir_table_next(read->seg, &cursor);
    }
    read->token_len = 0;
    if (last.len > 0 && read->info.key_len > 0)
        note_key_token(read, last);
    else if (last.len > 0)
        note_hash_token(read, last);
}

static void lay_out(struct table_read *read);

static void go_on(struct table_read *read)
{
    if (read->durable && read->filled)
        end(read, WEIR_OK);
}

static void barrier_done(struct weir_store_op *op)
{
    struct table_read *read = (struct table_read *)((char *)op - offsetof(struct table_read, barrier));

    read->durable = true;
    if (op->status != WEIR_OK)
        end(read, op->status);
    else
        go_on(read);
}

static void page_done(struct weir_table_page *page)
{
    struct table_read *read = (struct table_read *)((char *)page - offsetof(struct table_read, page));

    read->filled = true;
    if (page->status == WEIR_E_TRUNCATED && read->layout_count < LAYOUTS_MAX)
        lay_out(read);
    else if (page->status != WEIR_OK)
        end(read, page->status);
    else
        go_on(read);
}

static void lay_out(struct table_read *read)
{
    struct weir_wire_conn *conn = read->job.conn;

    weir_store_op_cancel(&read->barrier);
    weir_table_page_reset(&read->page);
    read->layout_count++;
    if (read->kind == READ_VALUES)
        lay_out_values(read);
    else
        lay_out_page(read);
    conn->table_bytes += read->page.items.len - read->held_bytes;
    read->held_bytes = read->page.items.len;
    if (read->page.items.status != WEIR_OK) {
        end(read, read->page.items.status);
        return;
    }
    read->durable = false;
    read->barrier = (struct weir_store_op){.done = barrier_done};
    weir_container_barrier(conn->server->ctr, &read->barrier);
    read->filled = weir_table_page_fill(&read->page);
}

/* --- Commands --- */

static void begin_layout(struct weir_table_wait *wait)
{
    lay_out((struct table_read *)((char *)wait - offsetof(struct table_read, wait)));
}

/* A read with what was asked for copied behind it. */
static void begin(struct weir_wire_conn *conn, struct weir_segment *seg, const struct table_read *what,
                  struct weir_view first, struct weir_view second)
{
    struct table_read *read = calloc(1, sizeof(*read) + first.len + second.len);

    if (read == NULL) {
        weir_wire_conn_end(conn, "out of memory");
        return;
    }
    *read = *what;
    read->seg = weir_segment_ref(seg);
    read->from_len = first.len;
    read->asked_len = first.len + second.len;
    if (first.len > 0)
        memcpy(read->asked, first.ptr, first.len);
    if (second.len > 0)
        memcpy(read->asked + first.len, second.ptr, second.len);
    weir_table_page_init(&read->page, seg, page_done);
    read->job.cancel = read_cancel;
    read->wait.go_on = begin_layout;
    weir_wire_job_begin(conn, &read->job);
    weir_table_wait(conn, &read->wait);
}

/* In a hash table a key that is too long is just not there. */
static bool keys_can_be(const struct weir_table_info *info, const struct pravega_wire_list *keys)
{
    struct weir_in in = pravega_wire_items(keys);

    for (int32_t i = 0; i < keys->count; i++) {
        size_t len = pravega_wire_key_next(&in).key.len;

        if (info->key_len > 0 ? len != info->key_len : len == 0)
            return false;
    }
    return true;
}

void weir_wire_read_table(struct weir_wire_conn *conn, const struct pravega_wire_read_table *cmd)
{
    struct table_read what = {.kind = READ_VALUES, .request_id = cmd->request_id, .key_count = cmd->keys.count};
    struct weir_segment *seg = weir_table_asked(conn, cmd->request_id, cmd->segment, -1, &what.info);

    if (seg != NULL && !keys_can_be(&what.info, &cmd->keys))
        weir_table_reply_illegal(conn, cmd->request_id, cmd->segment,
                                 "a key has not the length that this table's keys have");
    else if (seg != NULL)
        begin(conn, seg, &what, cmd->keys.items, weir_view(NULL, 0));
}

/* What is wrong with a page's bounds; NULL if nothing is. */
static const char *fault_of(const struct weir_table_info *info, const struct pravega_wire_read_table_keys *cmd)
{
    struct weir_view from = cmd->from_key, to = cmd->to_key;

    if (info->key_len == 0)
        return from.len > 0 || to.len > 0 ? "a hash table has no ranges of keys" : NULL;
    if (cmd->continuation.len > 0)
        return "a table of fixed-length keys takes no continuation: ask from the next key";
    if ((from.len > 0 && from.len != info->key_len) || (to.len > 0 && to.len != info->key_len))
        return "a bound has not the length of this table's keys";
    return from.len > 0 && to.len > 0 && memcmp(from.ptr, to.ptr, to.len) > 0 ? "the first key comes behind the last"
                                                                             : NULL;
}

/* READ_TABLE_KEYS and READ_TABLE_ENTRIES have the same fields. */
static void read_page(struct weir_wire_conn *conn, const struct pravega_wire_read_table_keys *cmd, enum read_kind kind)
{
    struct table_read what = {.kind = kind, .request_id = cmd->request_id, .key_count = cmd->suggested_count};
    struct weir_segment *seg = weir_table_asked(conn, cmd->request_id, cmd->segment, -1, &what.info);
    const char *fault = seg != NULL ? fault_of(&what.info, cmd) : NULL;
    uint8_t hash[WEIR_TABLE_HASH_LEN];
    struct weir_view from = cmd->from_key;
    bool at_end = false;

    if (fault != NULL)
        weir_table_reply_illegal(conn, cmd->request_id, cmd->segment, fault);
    if (seg == NULL || fault != NULL)
        return;
    if (what.info.key_len == 0) {
        if (!take_hash_token(cmd->continuation, hash, &from.len, &at_end)) {
            weir_wire_conn_end(conn, "it sent a continuation of a table that is none");
            return;
        }
        from.ptr = hash;
    }
    if (at_end)
        what.key_count = 0;
    begin(conn, seg, &what, from, cmd->to_key);
}

void weir_wire_read_table_keys(struct weir_wire_conn *conn, const struct pravega_wire_read_table_keys *cmd)
{
    read_page(conn, cmd, READ_KEYS);
}

void weir_wire_read_table_entries(struct weir_wire_conn *conn, const struct pravega_wire_read_table_entries *cmd)
{
    struct pravega_wire_read_table_keys same = {.request_id = cmd->request_id,
                                                .segment = cmd->segment,
                                                .suggested_count = cmd->suggested_count,
                                                .continuation = cmd->continuation,
                                                .from_key = cmd->from_key,
                                                .to_key = cmd->to_key};

    read_page(conn, &same, READ_ENTRIES);
}
