/*
 * test_tokens.c - delegation tokens over a Pravega in memory: asked for once, anew when a store says that one is over,
 * and not kept for ever.
 */
#include "pravega/tokens.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base64.h"
#include "play_store.h"
#include "pravega/proto.h"
#include "pravega/segment_info.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)
#define STREAMS_MANY 200 /* more than are kept unused */

static const struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};
static struct play_store store;
static struct pravega_client *client;
static int given;       /* tokens, by the controller: "token 1", "token 2", ... */
static int64_t lasts_s; /* what they say of when they end; 0: nothing */

/* With the claims of a JSON web token between two dots, if it says when it ends. */
static void put_token(struct weir_buf *text)
{
    char claims[64];
    int64_t now_s = weir_loop_wall_ms(store.client_loop) / 1000;

    weir_buf_printf(text, "token %d", ++given);
    if (lasts_s == 0)
        return;
    weir_buf_printf(text, ".");
    snprintf(claims, sizeof(claims), "{\"exp\":%" PRId64 "}", now_s + lasts_s);
    weir_base64_append(text, weir_view_str(claims));
    weir_buf_printf(text, ".signature");
}

static bool on_call(struct play_store *of, const char *method, const ProtobufCMessage *ask,
                    struct weir_grpc_request *request)
{
    Pravega__DelegationToken token = PRAVEGA__DELEGATION_TOKEN__INIT;
    struct weir_buf text;

    (void)of;
    (void)ask;
    if (strcmp(method, "getDelegationToken") != 0)
        return false;
    weir_buf_init(&text, 256);
    put_token(&text);
    weir_buf_u8(&text, '\0');
    token.delegationtoken = (char *)text.ptr;
    play_store_answer(request, &token.base);
    weir_buf_fini(&text);
    return true;
}

static void open_world(void)
{
    struct pravega_client_options options = {
        .controller_uri = "tcp://server:9090", .auth_method = "Bearer", .auth_token = "x"};

    given = 0;
    lasts_s = 0;
    play_store_open(&store, &(struct weir_sim_options){.seed = 1});
    play_store_segment(&store, 0, 0, 1);
    store.other_call = on_call;
    ck_assert_int_eq(pravega_client_new(store.client_loop, &options, &client, NULL), WEIR_OK);
}

static void close_world(void)
{
    pravega_client_free(client);
    play_store_close(&store);
}

/* ---- a store that says that a token is over ---- */

struct asked {
    bool ended;
    enum weir_status status;
    char message[WEIR_ERROR_MESSAGE_LEN_MAX];
};

static void on_info(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                    const struct weir_error *why)
{
    struct asked *asked = arg;

    (void)info;
    asked->ended = true;
    asked->status = status;
    snprintf(asked->message, sizeof(asked->message), "%s", why->message);
}

static bool has_ended(void *arg)
{
    return ((struct asked *)arg)->ended;
}

static void ask_info(struct asked *asked)
{
    struct pravega_segment_query query = {0};

    *asked = (struct asked){0};
    pravega_segment_query_start(&query, client, &stream, 0, on_info, asked);
    ck_assert(weir_sim_run(store.sim, has_ended, asked, HOUR_NS));
    ck_assert_msg(asked->status == WEIR_OK, "%s", asked->message);
}

/* Goal: a token that a store finds expired, though it does not say itself when it ends, is replaced, once. */
START_TEST(an_expired_token_is_replaced)
{
    struct asked asked;

    open_world();
    ask_info(&asked);
    ask_info(&asked);
    ck_assert_int_eq(given, 1);
    store.expired_token = "token 1";
    ask_info(&asked);
    ck_assert_int_eq(given, 2);
    ask_info(&asked);
    ck_assert_int_eq(given, 2);
    close_world();
}
END_TEST

/* ---- users of their own ---- */

struct user {
    struct pravega_token_user base;
    int told, asks_left;
};

static void ask_token(struct user *user, const struct pravega_stream_name *name)
{
    ck_assert_int_eq(pravega_tokens_ask(client->tokens, &user->base, name, PRAVEGA_ACCESS_READ, NULL), WEIR_OK);
}

static void on_token(void *arg, enum weir_status status, struct weir_view token, const struct weir_error *why)
{
    struct user *user = arg;

    (void)token;
    (void)why;
    ck_assert_int_eq(status, WEIR_OK);
    user->told++;
    if (user->asks_left-- > 0)
        ask_token(user, &stream);
}

static bool is_told(void *arg)
{
    return ((struct user *)arg)->told > 0;
}

static void use_once(const struct pravega_stream_name *name)
{
    struct user user = {.base = {.on_token = on_token, .arg = &user}};

    ask_token(&user, name);
    ck_assert(weir_sim_run(store.sim, is_told, &user, HOUR_NS));
    pravega_token_leave(&user.base);
}

/* Goal: a client that meets ever new streams does not keep all their tokens.
 * Method: the first stream's token has to be asked for again after many others. */
START_TEST(tokens_that_nobody_uses_are_dropped)
{
    struct pravega_stream_name other = {PLAY_SCOPE, NULL};
    char name[16];

    open_world();
    use_once(&stream);
    use_once(&stream);
    ck_assert_int_eq(given, 1);
    for (int i = 0; i < STREAMS_MANY; i++) {
        snprintf(name, sizeof(name), "s%d", i);
        other.stream = name;
        use_once(&other);
    }
    ck_assert_int_eq(given, 1 + STREAMS_MANY);
    use_once(&stream);
    ck_assert_int_eq(given, 2 + STREAMS_MANY);
    close_world();
}
END_TEST

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Goal: who asks again from within the answer is answered soon, though the token ends in an hour. */
START_TEST(asking_from_within_an_answer_is_fine)
{
    struct user user = {.base = {.on_token = on_token, .arg = &user}, .asks_left = 3};

    open_world();
    lasts_s = 3600;
    ask_token(&user, &stream);
    ck_assert_int_eq(user.told, 0);
    weir_sim_run(store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(user.told, 4);
    ck_assert_int_eq(given, 1);
    pravega_token_leave(&user.base);
    close_world();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tokens");
    TCase *tc = tcase_create("tokens");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, an_expired_token_is_replaced);
    tcase_add_test(tc, tokens_that_nobody_uses_are_dropped);
    tcase_add_test(tc, asking_from_within_an_answer_is_fine);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
