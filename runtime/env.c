/*
 * env.c - the environment: its settings, its first error, its sources.
 */
#include "weir/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/coordinator.h"
#include "runtime/env_int.h"
#include "runtime/settings.h"
#include "runtime/stream_int.h"

static void keep_first(struct weir_env *env, enum weir_status status, const struct weir_error *why)
{
    if (status != WEIR_OK)
        weir_graph_fail(&env->graph, status, "%s", why->message);
}

static const char *copy_text(struct weir_env *env, const char *text)
{
    char *copy;

    if (text == NULL)
        return NULL;
    copy = weir_graph_handle(&env->graph, strlen(text) + 1);
    return copy != NULL ? strcpy(copy, text) : NULL;
}

weir_env *weir_env_new(const struct weir_env_options *options)
{
    struct weir_env *env = calloc(1, sizeof(*env));
    struct weir_error err = {0};

    if (env == NULL)
        return NULL;
    weir_graph_init(&env->graph);
    if (options != NULL)
        env->options = *options;
    keep_first(env, weir_settings_resolve(&env->options, &err), &err);
    env->options.checkpoints_dir = copy_text(env, env->options.checkpoints_dir);
    env->options.from_checkpoint = copy_text(env, env->options.from_checkpoint);
    return env;
}

void weir_env_free(weir_env *env)
{
    if (env == NULL)
        return;
    weir_coordinator_abandon(env->coordinator);
    free(env->start);
    weir_graph_fini(&env->graph);
    weir_host_free(env->own_host);
    free(env);
}

struct short_option {
    const char *name, *key;
};

static const struct short_option short_options[] = {
    {"--parallelism", "parallelism.default"},
    {"--checkpoint-dir", "state.checkpoints.dir"},
    {"--checkpoint-interval", "execution.checkpointing.interval"},
    {"--from-checkpoint", "execution.savepoint.path"},
    {NULL, NULL},
};

/* "-D key=value": the key is cut out of the argument's copy. */
static enum weir_status set_pair(struct weir_env_options *options, const char *pair, struct weir_error *err)
{
    const char *equals = strchr(pair, '=');
    char key[128];

    if (equals == NULL || (size_t)(equals - pair) >= sizeof(key))
        return weir_fail(err, WEIR_E_INVAL, "-D %s: want key=value", pair);
    memcpy(key, pair, (size_t)(equals - pair));
    key[equals - pair] = '\0';
    return weir_setting_set(options, key, equals + 1, err);
}

/* Looks at argv[at]; returns how many arguments it took: 0, 1 ("-Dk=v") or 2. */
static int take_option(struct weir_env_options *options, int argc, char **argv, int at, enum weir_status *status,
                       struct weir_error *err)
{
    const struct short_option *option = short_options;

    if (strncmp(argv[at], "-D", 2) == 0 && argv[at][2] != '\0') {
        *status = set_pair(options, argv[at] + 2, err);
        return 1;
    }
    while (option->name != NULL && strcmp(option->name, argv[at]) != 0)
        option++;
    if (option->name == NULL && strcmp(argv[at], "-D") != 0)
        return 0;
    if (at + 1 >= argc) {
        *status = weir_fail(err, WEIR_E_INVAL, "%s needs a value after it", argv[at]);
        return 1;
    }
    *status = option->name != NULL ? weir_setting_set(options, option->key, argv[at + 1], err)
                                   : set_pair(options, argv[at + 1], err);
    return 2;
}

weir_env *weir_env_from_args(const struct weir_env_options *defaults, int *argc, char **argv)
{
    struct weir_env_options options = {0};
    struct weir_error first = {0};
    struct weir_env *env;
    int kept = 0;

    if (defaults != NULL)
        options = *defaults;
    options.cancel_on_signals = true;
    for (int at = 0; at < *argc;) {
        struct weir_error err = {0};
        enum weir_status status = WEIR_OK;
        int taken = at > 0 ? take_option(&options, *argc, argv, at, &status, &err) : 0;

        if (status != WEIR_OK && first.status == WEIR_OK)
            first = err;
        if (taken == 0)
            argv[kept++] = argv[at++];
        at += taken;
    }
    *argc = kept;
    argv[kept] = NULL;
    env = weir_env_new(&options);
    if (env != NULL)
        keep_first(env, first.status, &first);
    return env;
}

const struct weir_env_options *weir_env_settings(const weir_env *env)
{
    return &env->options;
}

void weir_env_fail(weir_env *env, const struct weir_error *why)
{
    keep_first(env, why->status, why);
}

static void drop_source(struct weir_source *source)
{
    if (source != NULL && source->free != NULL)
        source->free(source);
}

weir_stream *weir_env_add_source(weir_env *env, struct weir_source *source,
                                 const struct weir_watermark_strategy *strategy, const char *name)
{
    struct weir_node *node = NULL;

    name = name != NULL ? name : source != NULL ? source->name : "Source";
    if (source == NULL)
        weir_graph_fail(&env->graph, WEIR_E_INVAL, "operator \"%s\": the source could not be made", name);
    else if (source->type == NULL)
        weir_graph_fail(&env->graph, WEIR_E_INVAL, "operator \"%s\": the source says no type of its elements", name);
    else if (weir_graph_ok(&env->graph) && (strategy == NULL || weir_strategy_check(&env->graph, strategy, name)))
        node = weir_graph_node(&env->graph, name, NULL, 0);
    if (node == NULL) {
        drop_source(source);
        return NULL;
    }
    node->source = source;
    node->out_type = source->type;
    if (strategy != NULL)
        node->strategy = *strategy;
    return weir_stream_of_node(env, node, source->type);
}

void weir_env_on_progress(weir_env *env, int64_t interval_ms,
                          void (*fn)(void *arg, const struct weir_job_result *so_far), void *arg)
{
    env->progress_interval_ms = interval_ms;
    env->progress_fn = fn;
    env->progress_arg = arg;
}
