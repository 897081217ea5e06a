/**
 * @file store/segments/table_service.h
 * @brief What the files of the table commands share: table_commands.c, table_reads.c, table_delta.c.
 */
#ifndef WEIR_STORE_TABLE_SERVICE_H
#define WEIR_STORE_TABLE_SERVICE_H

#include "store/segments/wire_server_int.h"

/**
 * The table segment that a command names. NULL after it was answered: there is none of that name (then `offset` is in
 * the answer), or it is no table, which ends the connection, as upstream does.
 */
struct weir_segment *weir_table_asked(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                      int64_t offset, struct weir_table_info *info);
/** ERROR_MESSAGE, "illegal argument". @param why static, says what is wrong with it */
void weir_table_reply_illegal(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                              const char *why);
void weir_table_reply_unsupported(struct weir_wire_conn *conn, int64_t request_id, const char *operation);

/** Calls `wait->go_on`, at once or when the connection may gather another reply. */
void weir_table_wait(struct weir_wire_conn *conn, struct weir_table_wait *wait);
/** Nothing happens if it does not wait. */
void weir_table_wait_cancel(struct weir_table_wait *wait);

/* table_reads.c */
void weir_wire_read_table(struct weir_wire_conn *conn, const struct pravega_wire_read_table *cmd);
void weir_wire_read_table_keys(struct weir_wire_conn *conn, const struct pravega_wire_read_table_keys *cmd);
void weir_wire_read_table_entries(struct weir_wire_conn *conn, const struct pravega_wire_read_table_entries *cmd);

/* table_delta.c */
void weir_wire_read_table_delta(struct weir_wire_conn *conn, const struct pravega_wire_read_table_entries_delta *cmd);

#endif
