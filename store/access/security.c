/*
 * security.c - certificates, accounts and the key of tokens: read, and read again when their files change.
 */
#include "store/access/security.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/tls.h"
#include "base/wipe.h"
#include "store/access/file_watch.h"
#include "weir/fs.h"

#define LOOK_EVERY_MS 5000
#define TTL_S 600        /* upstream's */
#define KEY_LEN_MAX 4096 /* of a file */
#define OWN_KEY_LEN 64
#define KEY_RECORD "security/token-key" /* in the container's map */

struct weir_security {
    struct weir_loop *loop;
    char *certificate, *private_key, *accounts; /* paths */
    struct weir_tls *tls;
    struct weir_access *access;
    struct weir_buf key;
    struct weir_token_key token_key;
    struct weir_file_watch tls_watch, accounts_watch;
};

/* --- Files that change ------------------------------------------------------------------------------------------ */

static struct weir_tls_options tls_options(const struct weir_security *security)
{
    return (struct weir_tls_options){.certificate = security->certificate, .private_key = security->private_key};
}

static void certificate_changed(void *arg)
{
    struct weir_security *security = arg;
    struct weir_tls_options options = tls_options(security);
    struct weir_error err = {0};

    if (weir_tls_reload(security->tls, &options, weir_loop_wall_ms(security->loop), &err) == WEIR_OK)
        weir_log_info(weir_loop_log(security->loop), "store", "certificate %s was read anew", security->certificate);
    else
        weir_log_error(weir_loop_log(security->loop), "store", "the old certificate stays in use: %s", err.message);
}

static void accounts_changed(void *arg)
{
    struct weir_security *security = arg;
    struct weir_error err = {0};

    if (weir_access_reload(security->access, &err) == WEIR_OK)
        weir_log_info(weir_loop_log(security->loop), "store", "accounts file %s was read anew", security->accounts);
    else
        weir_log_error(weir_loop_log(security->loop), "store", "the old accounts stay in use: %s", err.message);
}

static void watch(struct weir_file_watch *file_watch, const struct weir_store_options *options,
                  void (*changed)(void *arg), struct weir_security *security)
{
    file_watch->every_ms = options->security_look_ms > 0 ? options->security_look_ms : LOOK_EVERY_MS;
    file_watch->changed = changed;
    file_watch->arg = security;
    weir_file_watch_begin(file_watch, security->loop);
}

/* --- The key of tokens ------------------------------------------------------------------------------------------ */

/* All of the file but the line ends behind it. */
static enum weir_status read_key(struct weir_security *security, const char *path, struct weir_error *err)
{
    struct weir_file *file = NULL;
    size_t got = 0;
    uint8_t *room = weir_buf_reserve(&security->key, KEY_LEN_MAX);
    enum weir_status status =
        weir_fs_open(weir_host_fs(weir_loop_host(security->loop)), path, WEIR_OPEN_READ, &file, err);

    if (status == WEIR_OK && room == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for the key of tokens");
    if (status == WEIR_OK)
        status = weir_file_read_at(file, room, KEY_LEN_MAX, 0, &got, err);
    weir_file_close(file);
    while (got > 0 && (room[got - 1] == '\n' || room[got - 1] == '\r'))
        got--;
    security->key.len = got;
    if (status == WEIR_OK && got == 0)
        return weir_fail(err, WEIR_E_INVAL, "signing key %s is empty; it has to hold a secret text", path);
    return status;
}

/* One that was made before, or a new one: tokens outlive a restart. No answer that rests on it leaves before it is
 * durable. */
static enum weir_status own_key(struct weir_security *security, struct weir_container *ctr, struct weir_error *err)
{
    struct weir_view record = weir_view_str(KEY_RECORD), kept;
    uint8_t made[OWN_KEY_LEN];
    struct weir_store_op op = {0};
    enum weir_status status;

    if (weir_map_get(ctr, record, &kept)) {
        weir_buf_append(&security->key, kept.ptr, kept.len);
        return security->key.status == WEIR_OK ? WEIR_OK : weir_fail(err, WEIR_E_NOMEM, "no memory for a key");
    }
    status = weir_secret_random(made, sizeof(made), err);
    if (status != WEIR_OK)
        return status;
    weir_buf_append(&security->key, made, sizeof(made));
    weir_container_change(
        ctr,
        &(struct weir_change){.kind = WEIR_CHANGE_PUT, .name = record, .value = weir_view(made, sizeof(made))}, 1, &op);
    status = op.status;
    weir_store_op_cancel(&op);
    explicit_bzero(made, sizeof(made));
    return status == WEIR_OK ? WEIR_OK : weir_fail(err, status, "cannot keep a key for tokens");
}

/* --- Life ------------------------------------------------------------------------------------------------------- */

static enum weir_status open_tls(struct weir_security *security, const struct weir_store_options *options,
                                 struct weir_error *err)
{
    struct weir_tls_options files = tls_options(security);
    enum weir_status status;

    if (security->certificate == NULL && security->private_key == NULL)
        return WEIR_OK;
    security->tls_watch.paths[0] = security->certificate;
    security->tls_watch.paths[1] = security->private_key;
    watch(&security->tls_watch, options, certificate_changed, security);
    status = weir_tls_new(&files, &security->tls, err);
    if (status == WEIR_OK)
        status = weir_tls_check_time(security->tls, &files, weir_loop_wall_ms(security->loop), err);
    if (status == WEIR_OK)
        weir_file_watch_start(&security->tls_watch);
    return status;
}

static enum weir_status open_accounts(struct weir_security *security, const struct weir_store_options *options,
                                      struct weir_error *err)
{
    enum weir_status status;

    if (security->accounts == NULL && options->auth_signing_key != NULL)
        return weir_fail(
            err, WEIR_E_INVAL,
            "signing key %s is for the tokens of accounts, and there are none: give the file of accounts, too",
            options->auth_signing_key);
    if (security->accounts == NULL)
        return WEIR_OK;
    security->accounts_watch.paths[0] = security->accounts;
    watch(&security->accounts_watch, options, accounts_changed, security);
    status = weir_access_new(security->loop, security->accounts, &security->access, err);
    if (status == WEIR_OK && options->auth_signing_key != NULL)
        status = read_key(security, options->auth_signing_key, err);
    if (status != WEIR_OK)
        return status;
    security->token_key.ttl_s = options->auth_token_ttl_s != 0 ? options->auth_token_ttl_s : TTL_S;
    weir_file_watch_start(&security->accounts_watch);
    return WEIR_OK;
}

/* False without memory. */
static bool copy(char **out, const char *text)
{
    *out = text != NULL ? strdup(text) : NULL;
    return text == NULL || *out != NULL;
}

enum weir_status weir_security_new(struct weir_loop *loop, const struct weir_store_options *options,
                                   struct weir_security **out, struct weir_error *err)
{
    struct weir_security *security = calloc(1, sizeof(*security));
    enum weir_status status;

    if (security == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the store");
    security->loop = loop;
    weir_buf_init(&security->key, KEY_LEN_MAX);
    if (copy(&security->certificate, options->tls_certificate) &&
        copy(&security->private_key, options->tls_private_key) && copy(&security->accounts, options->auth_accounts))
        status = open_tls(security, options, err);
    else
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for the store");
    if (status == WEIR_OK)
        status = open_accounts(security, options, err);
    if (status != WEIR_OK) {
        weir_security_free(security);
        return status;
    }
    *out = security;
    return WEIR_OK;
}

enum weir_status weir_security_keep_key(struct weir_security *security, struct weir_container *ctr,
                                        struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    if (security->access == NULL)
        return WEIR_OK;
    if (security->key.len == 0)
        status = own_key(security, ctr, err);
    security->token_key.bytes = weir_buf_view(&security->key);
    return status;
}

void weir_security_free(struct weir_security *security)
{
    if (security == NULL)
        return;
    weir_file_watch_stop(&security->tls_watch);
    weir_file_watch_stop(&security->accounts_watch);
    weir_access_free(security->access);
    weir_tls_unref(security->tls);
    weir_wipe_buf(&security->key);
    free(security->certificate);
    free(security->private_key);
    free(security->accounts);
    free(security);
}

void weir_security_reload(struct weir_security *security)
{
    if (security->tls == NULL && security->access == NULL)
        weir_log_info(weir_loop_log(security->loop), "store", "there are no certificates and no accounts to read anew");
    if (security->tls != NULL)
        weir_file_watch_ask(&security->tls_watch);
    if (security->access != NULL)
        weir_file_watch_ask(&security->accounts_watch);
}

struct weir_tls *weir_security_tls(const struct weir_security *security)
{
    return security->tls;
}

struct weir_access *weir_security_access(const struct weir_security *security)
{
    return security->access;
}

const struct weir_token_key *weir_security_token_key(const struct weir_security *security)
{
    return security->access != NULL ? &security->token_key : NULL;
}
