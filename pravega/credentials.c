/*
 * credentials.c - the authorization header: "method token", the token given once or by a function, never logged.
 */
#include "pravega/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/wipe.h"
#include "weir/host.h"

static enum weir_status no_memory(struct weir_error *err)
{
    return weir_fail(err, WEIR_E_NOMEM, "out of memory for credentials");
}

/* In room taken at once: a buffer that grows would leave the secret in what it outgrew. */
static char *base64(const char *text)
{
    size_t len = (strlen(text) + 2) / 3 * 4 + 1;
    struct weir_buf out;

    weir_buf_init(&out, len);
    weir_buf_reserve(&out, len);
    weir_base64_append(&out, weir_view_str(text));
    weir_buf_u8(&out, '\0');
    if (out.status != WEIR_OK)
        weir_wipe_buf(&out);
    return (char *)out.ptr;
}

/* What a header's value can hold: no line ends, nothing but printable ASCII. */
static bool header_fits(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

/* Sets the header to "method token". Base64 has no colon: a Basic token with one is "user:password" to be encoded. */
static enum weir_status take_token(struct pravega_credentials *credentials, const char *token, struct weir_error *err)
{
    bool is_plain = strcasecmp(credentials->method, "Basic") == 0 && strchr(token, ':') != NULL;
    char *encoded = is_plain ? base64(token) : strdup(token), *copy = strdup(token), *header = NULL;
    enum weir_status status = WEIR_OK;

    if (encoded == NULL || copy == NULL)
        status = no_memory(err);
    else if (!header_fits(credentials->method) || !header_fits(encoded))
        status = weir_fail(err, WEIR_E_INVAL, "auth_method and auth_token are sent in a header: printable ASCII only");
    else if (asprintf(&header, "%s %s", credentials->method, encoded) < 0)
        status = no_memory(err);
    weir_wipe_str(encoded);
    if (status != WEIR_OK) {
        weir_wipe_str(copy);
        return status;
    }
    weir_wipe_str(credentials->token);
    weir_wipe_str(credentials->header);
    credentials->token = copy;
    credentials->header = header;
    return WEIR_OK;
}

enum weir_status pravega_credentials_init(struct pravega_credentials *credentials,
                                          const struct pravega_client_options *options, struct weir_error *err)
{
    const char *method = options->auth_method;
    bool has_token = options->auth_token != NULL || options->auth_token_of != NULL;

    *credentials = (struct pravega_credentials){.token_of = options->auth_token_of, .arg = options->auth_arg};
    if (method == NULL && !has_token)
        return WEIR_OK;
    if (method == NULL || method[0] == '\0' || !has_token)
        return weir_fail(err, WEIR_E_INVAL, "credentials need both auth_method (\"Basic\", \"Bearer\") and auth_token");
    if (options->auth_token != NULL && options->auth_token_of != NULL)
        return weir_fail(err, WEIR_E_INVAL, "credentials have either auth_token or auth_token_of, not both");
    credentials->method = strdup(method);
    if (credentials->method == NULL)
        return no_memory(err);
    return options->auth_token != NULL ? take_token(credentials, options->auth_token, err) : WEIR_OK;
}

void pravega_credentials_fini(struct pravega_credentials *credentials)
{
    free(credentials->method);
    weir_wipe_str(credentials->token);
    weir_wipe_str(credentials->header);
    *credentials = (struct pravega_credentials){0};
}

enum weir_status pravega_credentials_header(struct pravega_credentials *credentials, const char **out,
                                            struct weir_error *err)
{
    const char *token = credentials->token;
    enum weir_status status = WEIR_OK;

    if (credentials->token_of != NULL) {
        token = credentials->token_of(credentials->arg, NULL);
        if (token == NULL)
            return weir_fail(err, WEIR_E_AUTH, "there is no %s token: auth_token_of gave none", credentials->method);
    }
    if (token != NULL && (credentials->token == NULL || strcmp(token, credentials->token) != 0))
        status = take_token(credentials, token, err);
    *out = credentials->header;
    return status;
}

bool pravega_credentials_renew(struct pravega_credentials *credentials)
{
    const char *token;

    if (credentials->token_of == NULL || credentials->token == NULL)
        return false;
    token = credentials->token_of(credentials->arg, credentials->token);
    return token != NULL && strcmp(token, credentials->token) != 0 && take_token(credentials, token, NULL) == WEIR_OK;
}

/* ---- from the environment */

/* NULL if it is not set, or empty. */
static const char *variable(struct weir_host *host, const char *name)
{
    const char *value = weir_host_env(host, name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Upstream's places for credentials, the first first. */
static const struct place {
    const char *method, *token, *load_dynamic;
} places[] = {
    {"pravega.client.auth.method", "pravega.client.auth.token", "pravega.client.auth.loadDynamic"},
    {"pravega_client_auth_method", "pravega_client_auth_token", "pravega_client_auth_loadDynamic"},
};

static enum weir_status find_credentials(struct weir_host *host, struct pravega_client_options *options,
                                         struct weir_error *err)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *method = variable(host, places[i].method);
        const char *load_dynamic = variable(host, places[i].load_dynamic);

        if (method == NULL)
            continue;
        if (load_dynamic != NULL && strcasecmp(load_dynamic, "true") == 0)
            return weir_fail(err, WEIR_E_UNSUPPORTED,
                             "%s asks for credentials from a Java class; unset it and set %s, or give auth_token_of",
                             places[i].load_dynamic, places[i].token);
        options->auth_method = method;
        options->auth_token = variable(host, places[i].token);
        if (options->auth_token == NULL)
            return weir_fail(err, WEIR_E_INVAL, "%s is set, but %s is not: credentials need both", places[i].method,
                             places[i].token);
        break;
    }
    return WEIR_OK;
}

enum weir_status pravega_client_options_from_environment(struct weir_host *host, struct pravega_client_options *options,
                                                         struct weir_error *err)
{
    const char *validate = variable(host, "PRAVEGA_VALIDATE_HOST_NAME");

    if (validate != NULL && strcasecmp(validate, "true") != 0 && strcasecmp(validate, "false") != 0)
        return weir_fail(err, WEIR_E_INVAL, "PRAVEGA_VALIDATE_HOST_NAME is \"%s\", not true or false", validate);
    if (validate != NULL && strcasecmp(validate, "false") == 0)
        options->skip_hostname_validation = true;
    if (options->controller_uri == NULL)
        options->controller_uri = variable(host, "PRAVEGA_CONTROLLER_URI");
    if (options->trust_store == NULL)
        options->trust_store = variable(host, "PRAVEGA_TRUST_STORE");
    if (options->auth_method != NULL || options->auth_token != NULL || options->auth_token_of != NULL)
        return WEIR_OK;
    return find_credentials(host, options, err);
}
