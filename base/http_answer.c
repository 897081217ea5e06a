/*
 * http_answer.c - what an HTTP/1.1 server says: the owner's answers to requests, and refusals of its own.
 */
#include "base/http_server_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ANSWER_LEN_SHORT ((size_t)4 << 10) /* is always given: it may be about a change, which has been made */

/* --- Requests ----------------------------------------------------------------------------------------------------- */

const struct weir_http_message *weir_http_request_message(const struct weir_http_request *request)
{
    return &request->message;
}

const char *weir_http_request_peer(const struct weir_http_request *request)
{
    return request->peer;
}

static void request_free(struct weir_http_request *request)
{
    if (request->conn == NULL) {
        weir_http_room_forget(request);
        weir_http_parser_free(request->parser);
    }
    free(request);
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

static void put_date(struct weir_buf *out, int64_t wall_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    weir_buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * utc.tm_wday, utc.tm_mday,
                    months + 3 * utc.tm_mon, utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static bool has_body(enum weir_http_status status)
{
    return status >= 200 && status != WEIR_HTTP_NO_CONTENT && status != WEIR_HTTP_NOT_MODIFIED;
}

static void put_answer(struct weir_http_conn *conn, const struct weir_http_answer *answer, bool without_body)
{
    struct weir_buf *out = &conn->out;

    weir_buf_printf(out, "HTTP/1.1 %d %s\r\n", (int)answer->status, weir_http_reason(answer->status));
    put_date(out, weir_loop_wall_ms(conn->server->loop));
    for (size_t i = 0; i < answer->header_count; i++) {
        weir_buf_append(out, answer->headers[i].name.ptr, answer->headers[i].name.len);
        weir_buf_append(out, ": ", 2);
        weir_buf_append(out, answer->headers[i].value.ptr, answer->headers[i].value.len);
        weir_buf_append(out, "\r\n", 2);
    }
    if (answer->content_type != NULL)
        weir_buf_printf(out, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", answer->content_type);
    if (has_body(answer->status))
        weir_buf_printf(out, "Content-Length: %zu\r\n", answer->body.len);
    weir_buf_printf(out, "Connection: %s\r\n\r\n", conn->goes_on ? "keep-alive" : "close");
    if (has_body(answer->status) && !without_body && answer->body.len > 0)
        weir_buf_append(out, answer->body.ptr, answer->body.len);
}

static void send_answer(struct weir_http_conn *conn, const struct weir_http_answer *answer, bool without_body)
{
    static const struct weir_http_answer too_large = {.status = WEIR_HTTP_INTERNAL_SERVER_ERROR};
    static const struct weir_http_answer too_full = {.status = WEIR_HTTP_SERVICE_UNAVAILABLE};

    if (answer->body.len > ANSWER_LEN_SHORT && !without_body && !weir_http_room_fits(conn, answer->body.len))
        answer = &too_full;
    put_answer(conn, answer, without_body);
    if (conn->out.status != WEIR_OK) {
        weir_log_warn(weir_loop_log(conn->server->loop), "http", "an answer of %zu bytes for %s cannot be sent",
                      answer->body.len, weir_conn_peer(conn->lower));
        weir_buf_reset(&conn->out);
        conn->out_at = 0;
        put_answer(conn, &too_large, true);
    }
    weir_http_room_count(conn);
    weir_http_room_moved(conn);
    weir_http_conn_enter(conn, CONN_SENDING);
    weir_loop_defer(conn->server->loop, &conn->step);
}

/* The server's own word about a request that is none; the connection ends with it. */
void weir_http_conn_refuse(struct weir_http_conn *conn, enum weir_http_status status, const char *words)
{
    char line[WEIR_ERROR_MESSAGE_LEN_MAX + 2];
    int len = snprintf(line, sizeof(line), "%s\n", words);
    struct weir_http_answer answer = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body = weir_view(line, (size_t)len)};

    weir_log_debug(weir_loop_log(conn->server->loop), "http", "refused a request of %s with %d: %s",
                   weir_conn_peer(conn->lower), (int)status, words);
    conn->server->stats.refused_count++;
    conn->goes_on = false;
    conn->refused = true;
    conn->in_at = conn->in_len = 0;
    weir_http_parser_drop(conn->parser);
    send_answer(conn, &answer, false);
}

void weir_http_answer(struct weir_http_request *request, const struct weir_http_answer *answer)
{
    struct weir_http_conn *conn = request->conn;

    if (conn != NULL) {
        conn->request = NULL;
        conn->goes_on = request->message.keep_alive;
        send_answer(conn, answer, request->message.method == WEIR_HTTP_HEAD);
        weir_http_parser_drop(conn->parser);
        weir_http_room_count(conn);
    }
    request_free(request);
}

void weir_http_refuse(struct weir_http_request *request, enum weir_http_status status, const char *words)
{
    char line[512];
    int len = snprintf(line, sizeof(line), "%s\n", words != NULL ? words : weir_http_reason(status));
    struct weir_http_answer answer = {.status = status,
                                      .content_type = "text/plain; charset=utf-8",
                                      .body = weir_view(line, (size_t)len < sizeof(line) ? (size_t)len : 511)};

    weir_http_answer(request, &answer);
}
