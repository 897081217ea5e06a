/*
 * config.c - upstream's PravegaConfig: an argument wins over the environment, the environment over the default.
 */
#include "connectors/pravega/config.h"

#include <stdlib.h>
#include <string.h>

static const char *first_of(const char *given, const char *variable)
{
    const char *value = given != NULL ? given : getenv(variable);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

struct weir_pravega_config weir_pravega_config_resolve(const struct weir_pravega_config *config)
{
    struct weir_pravega_config resolved = config != NULL ? *config : (struct weir_pravega_config){0};

    resolved.controller_uri = first_of(resolved.controller_uri, "PRAVEGA_CONTROLLER_URI");
    resolved.scope = first_of(resolved.scope, "PRAVEGA_SCOPE");
    return resolved;
}

/* Takes argv[at] and its value out of argv; NULL if there is no value. */
static const char *take_value(int *argc, char **argv, int at)
{
    const char *value;

    if (at + 1 >= *argc)
        return NULL;
    value = argv[at + 1];
    memmove(argv + at, argv + at + 2, (size_t)(*argc - at - 1) * sizeof(*argv)); /* the NULL at the end moves too */
    *argc -= 2;
    return value;
}

struct weir_pravega_config weir_pravega_config_from_args(int *argc, char **argv)
{
    struct weir_pravega_config config = {0};
    int at = 1;

    while (at < *argc) {
        const char **field = strcmp(argv[at], "--controller") == 0 ? &config.controller_uri
                             : strcmp(argv[at], "--scope") == 0    ? &config.scope
                                                                   : NULL;
        const char *value = field != NULL ? take_value(argc, argv, at) : NULL;

        if (value != NULL)
            *field = value;
        else
            at++;
    }
    return weir_pravega_config_resolve(&config);
}

enum weir_status weir_pravega_resolve_stream(const struct weir_pravega_config *config, const char *text,
                                             struct weir_pravega_stream *out, struct weir_error *err)
{
    return pravega_stream_parse(text, config->scope, out->scope, out->stream, err);
}

enum weir_status weir_pravega_connect(const struct weir_pravega_config *config, struct weir_loop *loop,
                                      struct pravega_client **out, struct weir_error *err)
{
    struct pravega_client_options options = {.controller_uri = config->controller_uri,
                                             .trust_store = config->trust_store,
                                             .skip_hostname_validation = config->skip_hostname_validation,
                                             .auth_method = config->auth_method,
                                             .auth_token = config->auth_token};

    enum weir_status status = pravega_client_options_from_environment(weir_loop_host(loop), &options, err);

    return status == WEIR_OK ? pravega_client_new(loop, &options, out, err) : status;
}
