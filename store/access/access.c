/*
 * access.c - credentials: known ones, wrong ones, and those whose hash has to be made first.
 */
#include "store/access/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base64.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/wipe.h"
#include "store/access/parts.h"
#include "weir/fs.h"
#include "weir/host.h"

#define KNOWN_COUNT 256 /* credentials that were right */
#define WRONG_COUNT 64  /* and wrong: a client that repeats them costs no hash each time */
#define CREDENTIALS_LEN_MAX 8192

/* What became of credentials that were shown before. */
struct remembered {
    uint8_t digest[WEIR_HMAC_SHA512_LEN];
    const struct weir_account *account; /* of the accounts of now; NULL for wrong ones */
    uint64_t used;                      /* 0: empty */
};

struct weir_login_check {
    struct weir_job job; /* first */
    struct weir_access *access;
    struct weir_accounts *accounts; /* by which it is checked, referenced */
    const struct weir_account *account;
    struct weir_password password; /* a copy: the pool touches nothing else */
    uint8_t digest[WEIR_HMAC_SHA512_LEN];
    struct weir_buf credentials; /* "user:password" */
    bool matches;
    TAILQ_HEAD(, weir_login) logins;
    TAILQ_ENTRY(weir_login_check) entry;
};

struct weir_access {
    struct weir_loop *loop;
    char *path;
    struct weir_accounts *accounts;
    uint8_t key[WEIR_HMAC_SHA512_LEN]; /* of digests; of this process */
    struct remembered known[KNOWN_COUNT], wrong[WRONG_COUNT];
    uint64_t use_count;
    TAILQ_HEAD(, weir_login_check) checks; /* the first one is on the pool, the others wait */
    size_t check_count;
};

/* --- What is remembered ----------------------------------------------------------------------------------------- */

static struct remembered *recall(struct weir_access *access, struct remembered *list, size_t count,
                                 const uint8_t *digest)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].used > 0 && memcmp(list[i].digest, digest, sizeof(list[i].digest)) == 0) {
            list[i].used = ++access->use_count;
            return &list[i];
        }
    }
    return NULL;
}

/* In the place of the one that was not used for longest. */
static void remember(struct weir_access *access, struct remembered *list, size_t count, const uint8_t *digest,
                     const struct weir_account *account)
{
    struct remembered *oldest = &list[0];

    for (size_t i = 1; i < count; i++) {
        if (list[i].used < oldest->used)
            oldest = &list[i];
    }
    memcpy(oldest->digest, digest, sizeof(oldest->digest));
    oldest->account = account;
    oldest->used = ++access->use_count;
}

static void forget_all(struct weir_access *access)
{
    memset(access->known, 0, sizeof(access->known));
    memset(access->wrong, 0, sizeof(access->wrong));
}

/* --- Hashes on the pool ----------------------------------------------------------------------------------------- */

static void check_free(struct weir_login_check *check)
{
    weir_accounts_unref(check->accounts);
    weir_wipe_buf(&check->credentials);
    free(check);
}

/* A user that does not exist is hashed for as well: the time it takes is not to say who exists. */
static void take_account(struct weir_login_check *check)
{
    static const struct weir_password nobodys = {.iterations = WEIR_PASSWORD_ITERATIONS, .salt_len = 32};
    struct weir_view left = weir_buf_view(&check->credentials);

    weir_accounts_unref(check->accounts);
    check->accounts = weir_accounts_ref(check->access->accounts);
    check->account = weir_accounts_find(check->accounts, weir_part_next(&left, ':'));
    check->password = check->account != NULL ? check->account->password : nobodys;
}

static void hash_on_pool(struct weir_job *job)
{
    struct weir_login_check *check = (struct weir_login_check *)job;
    struct weir_view left = weir_buf_view(&check->credentials);

    weir_part_next(&left, ':');
    check->matches = weir_password_matches(&check->password, left);
}

static void submit_first(struct weir_access *access)
{
    struct weir_login_check *check = TAILQ_FIRST(&access->checks);

    if (check == NULL)
        return;
    take_account(check);
    weir_host_submit(weir_loop_host(access->loop), &check->job);
}

/* Tells all who asked with these credentials. Each may cancel the others, or free the access. */
static void tell(struct weir_login_check *check, const struct weir_account *account)
{
    struct weir_login *login;

    while ((login = TAILQ_FIRST(&check->logins)) != NULL) {
        TAILQ_REMOVE(&check->logins, login, entry);
        login->check = NULL;
        login->account = account;
        login->status = account != NULL ? WEIR_OK : WEIR_E_AUTH;
        login->done(login);
    }
}

static void hashed(struct weir_job *job)
{
    struct weir_login_check *check = (struct weir_login_check *)job;
    struct weir_access *access = check->access;
    const struct weir_account *account = check->matches ? check->account : NULL;

    if (check->accounts != access->accounts) { /* they changed meanwhile: once more */
        submit_first(access);
        return;
    }
    if (account != NULL)
        remember(access, access->known, KNOWN_COUNT, check->digest, account);
    else
        remember(access, access->wrong, WRONG_COUNT, check->digest, NULL);
    if (account == NULL)
        weir_log_info(weir_loop_log(access->loop), "store", "credentials with a wrong user or password were refused");
    TAILQ_REMOVE(&access->checks, check, entry);
    access->check_count--;
    submit_first(access);
    tell(check, account);
    check_free(check);
}

/* --- Questions -------------------------------------------------------------------------------------------------- */

/* The second word of "Basic <token>"; NULL if it is of another method. */
static const char *basic_token(const char *authorization)
{
    size_t len = authorization != NULL ? strcspn(authorization, " \t") : 0;

    if (len != strlen("Basic") || strncasecmp(authorization, "Basic", len) != 0)
        return NULL;
    authorization += len;
    return authorization + strspn(authorization, " \t");
}

static enum weir_status join(struct weir_login_check *check, struct weir_login *login)
{
    TAILQ_INSERT_TAIL(&check->logins, login, entry);
    login->check = check;
    return WEIR_E_AGAIN;
}

static enum weir_status check_new(struct weir_access *access, struct weir_view token, const uint8_t *digest,
                                  struct weir_login_check **out)
{
    struct weir_login_check *check;

    if (access->check_count >= WEIR_LOGINS_MAX)
        return WEIR_E_LIMIT;
    check = calloc(1, sizeof(*check));
    if (check == NULL)
        return WEIR_E_NOMEM;
    check->job = (struct weir_job){.work = hash_on_pool, .done = hashed, .loop = access->loop};
    check->access = access;
    memcpy(check->digest, digest, sizeof(check->digest));
    TAILQ_INIT(&check->logins);
    weir_buf_init(&check->credentials, CREDENTIALS_LEN_MAX);
    weir_buf_reserve(&check->credentials, token.len);
    if (weir_base64_decode(&check->credentials, token) < token.len || check->credentials.len == 0 ||
        check->credentials.status != WEIR_OK || memchr(check->credentials.ptr, ':', check->credentials.len) == NULL) {
        check_free(check);
        return WEIR_E_AUTH;
    }
    *out = check;
    return WEIR_OK;
}

enum weir_status weir_access_login(struct weir_access *access, const char *authorization, struct weir_login *login)
{
    const char *token = basic_token(authorization);
    uint8_t digest[WEIR_HMAC_SHA512_LEN];
    struct weir_login_check *check = NULL;
    struct remembered *known;

    login->account = NULL;
    login->check = NULL;
    if (token == NULL)
        return login->status = WEIR_OK;
    login->status = weir_hmac_sha512(weir_view(access->key, sizeof(access->key)), weir_view_str(token), digest);
    if (login->status != WEIR_OK)
        return login->status;
    known = recall(access, access->known, KNOWN_COUNT, digest);
    if (known != NULL) {
        login->account = known->account;
        return WEIR_OK;
    }
    if (recall(access, access->wrong, WRONG_COUNT, digest) != NULL)
        return login->status = WEIR_E_AUTH;
    TAILQ_FOREACH(check, &access->checks, entry)
    {
        if (memcmp(check->digest, digest, sizeof(digest)) == 0)
            return join(check, login);
    }
    login->status = check_new(access, weir_view_str(token), digest, &check);
    if (login->status != WEIR_OK)
        return login->status;
    TAILQ_INSERT_TAIL(&access->checks, check, entry);
    if (access->check_count++ == 0)
        submit_first(access);
    return join(check, login);
}

/* The check goes on: its hash is worth keeping. */
void weir_access_cancel(struct weir_login *login)
{
    if (login->check == NULL)
        return;
    TAILQ_REMOVE(&login->check->logins, login, entry);
    login->check = NULL;
}

enum weir_permission weir_access_permission(const struct weir_account *account, struct weir_view resource)
{
    return account != NULL ? weir_acl_permission(&account->acl, resource) : WEIR_PERMISSION_NONE;
}

/* --- Accounts --------------------------------------------------------------------------------------------------- */

static enum weir_status read_file(struct weir_fs *fs, const char *path, struct weir_buf *out, struct weir_error *err)
{
    struct weir_file *file = NULL;
    uint64_t size = 0;
    size_t got = 0;
    uint8_t *room = NULL;
    enum weir_status status = weir_fs_open(fs, path, WEIR_OPEN_READ, &file, err);

    if (status == WEIR_OK)
        status = weir_file_size(file, &size, err);
    if (status == WEIR_OK && size > WEIR_ACCOUNTS_LEN_MAX)
        status = weir_fail(err, WEIR_E_LIMIT, "accounts file %s is longer than %zu bytes", path, WEIR_ACCOUNTS_LEN_MAX);
    if (status == WEIR_OK && (room = weir_buf_reserve(out, (size_t)size + 1)) == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for accounts");
    if (status == WEIR_OK)
        status = weir_file_read_at(file, room, (size_t)size, 0, &got, err);
    out->len += got;
    weir_file_close(file);
    return status;
}

static enum weir_status load(const struct weir_access *access, struct weir_accounts **out, struct weir_error *err)
{
    struct weir_error why = {0};
    struct weir_buf text;
    enum weir_status status;

    weir_buf_init(&text, WEIR_ACCOUNTS_LEN_MAX + 1);
    status = read_file(weir_host_fs(weir_loop_host(access->loop)), access->path, &text, err);
    if (status == WEIR_OK) {
        status = weir_accounts_parse(weir_buf_view(&text), out, &why);
        if (status != WEIR_OK)
            weir_fail(err, status, "accounts file %s, %s", access->path, why.message);
    }
    weir_wipe_buf(&text);
    return status;
}

enum weir_status weir_access_reload(struct weir_access *access, struct weir_error *err)
{
    struct weir_accounts *accounts;
    enum weir_status status = load(access, &accounts, err);

    if (status != WEIR_OK)
        return status;
    weir_accounts_unref(access->accounts);
    access->accounts = accounts;
    forget_all(access);
    if (weir_accounts_remark(accounts)[0] != '\0')
        weir_log_warn(weir_loop_log(access->loop), "store", "accounts file %s: %s", access->path,
                      weir_accounts_remark(accounts));
    if (weir_accounts_count(accounts) == 0)
        weir_log_warn(weir_loop_log(access->loop), "store", "accounts file %s has no users: nobody may do anything",
                      access->path);
    return WEIR_OK;
}

enum weir_status weir_access_new(struct weir_loop *loop, const char *path, struct weir_access **out,
                                 struct weir_error *err)
{
    struct weir_access *access = calloc(1, sizeof(*access));
    enum weir_status status;

    if (access == NULL || (access->path = strdup(path)) == NULL) {
        free(access);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for accounts");
    }
    access->loop = loop;
    TAILQ_INIT(&access->checks);
    status = weir_secret_random(access->key, sizeof(access->key), err);
    if (status == WEIR_OK)
        status = weir_access_reload(access, err);
    if (status != WEIR_OK) {
        weir_access_free(access);
        return status;
    }
    *out = access;
    return WEIR_OK;
}

void weir_access_free(struct weir_access *access)
{
    struct weir_login_check *check, *first;

    if (access == NULL)
        return;
    first = TAILQ_FIRST(&access->checks);
    if (first != NULL)
        weir_host_cancel(weir_loop_host(access->loop), &first->job);
    while ((check = TAILQ_FIRST(&access->checks)) != NULL) {
        struct weir_login *login;

        while ((login = TAILQ_FIRST(&check->logins)) != NULL)
            weir_access_cancel(login);
        TAILQ_REMOVE(&access->checks, check, entry);
        check_free(check);
    }
    weir_accounts_unref(access->accounts);
    explicit_bzero(access->key, sizeof(access->key));
    free(access->path);
    free(access);
}
