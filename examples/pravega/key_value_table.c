/*
 * key_value_table.c - a key-value table of Pravega from the command line: conditional updates, ordered walks.
 *
 *     key_value_table [--controller URI] SCOPE/TABLE COMMAND [ARGUMENT...]
 *       create PARTITIONS PRIMARY-LEN SECONDARY-LEN       bytes of the two parts of each key
 *       put PRIMARY SECONDARY VALUE                       whatever is there
 *       insert PRIMARY SECONDARY VALUE                    if nothing is there
 *       replace PRIMARY SECONDARY VALUE VERSION           if VERSION is there
 *       remove PRIMARY SECONDARY [VERSION]                with VERSION: if it is there
 *       get PRIMARY SECONDARY
 *       exists PRIMARY SECONDARY                          status 0: yes, 3: no
 *       load PRIMARY                                      lines "SECONDARY<tab>VALUE" of standard input, all or none
 *       list [PRIMARY]                                    all entries in the order of their keys, or those of PRIMARY
 *       delete                                            the table
 *
 * An entry is printed as "PRIMARY<tab>SECONDARY<tab>VERSION<tab>VALUE", an update as the new version. In a table whose
 * keys have no secondary part, SECONDARY is "". Exit status: 0 done, 1 an error, 2 wrong usage, 3 no such key,
 * 4 a condition that does not hold.
 *
 * Here each call is awaited, which is all that a tool needs: a callback keeps what it gets, and pravega_await_end()
 * runs the loop until it has. A program with a loop of its own would just call, and go on in the callback.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/blocking.h"
#include "pravega/key_value_table.h"

enum { DONE = 0, FAILED = 1, WRONG_USAGE = 2, NO_SUCH_KEY = 3, CONFLICT = 4 };

struct program {
    struct pravega_session *session;
    struct pravega_client *client;
    struct pravega_table_name name;
    struct pravega_table *table;
    int argc; /* of the command */
    char **argv;
};

static int report(enum weir_status status, const struct weir_error *err)
{
    if (status == WEIR_OK)
        return DONE;
    fprintf(stderr, "key_value_table: %s\n", err->message);
    return status == WEIR_E_CONFLICT ? CONFLICT : FAILED;
}

static struct pravega_table_key key_of(char **argv)
{
    return (struct pravega_table_key){weir_view_str(argv[0]), weir_view_str(argv[1])};
}

static void print(struct weir_view bytes)
{
    fwrite(bytes.ptr, 1, bytes.len, stdout);
}

static void print_entry(const struct pravega_table_entry *entry)
{
    char version[PRAVEGA_TABLE_VERSION_TEXT_CAP];

    pravega_table_version_text(entry->version, version);
    print(entry->key.primary);
    putchar('\t');
    print(entry->key.secondary);
    printf("\t%s\t", version);
    print(entry->value);
    putchar('\n');
}

/* ---- the table itself ---- */

/* The scope, too, if it is not there yet. */
static int create(struct program *program)
{
    struct pravega_table_config config = {atoi(program->argv[0]), atoi(program->argv[1]), atoi(program->argv[2]), 0};
    struct pravega_await *await;
    struct weir_error err = {0};
    enum weir_status status = pravega_await_scope_create(program->session, program->name.scope, &err);

    if (status != WEIR_OK && status != WEIR_E_EXISTS)
        return report(status, &err);
    await = pravega_await_begin(program->session, NULL);
    if (await != NULL)
        pravega_table_create(program->client, &program->name, &config, pravega_await_done, await);
    return report(pravega_await_end(program->session, await, &err), &err);
}

static int delete (struct program *program)
{
    struct pravega_await *await = pravega_await_begin(program->session, NULL);
    struct weir_error err = {0};

    if (await != NULL)
        pravega_table_delete(program->client, &program->name, pravega_await_done, await);
    return report(pravega_await_end(program->session, await, &err), &err);
}

/* ---- changing entries ---- */

static void on_updated(void *await, enum weir_status status, const struct pravega_table_version *versions, size_t count,
                       const struct weir_error *why)
{
    for (size_t i = 0; i < count; i++) {
        char text[PRAVEGA_TABLE_VERSION_TEXT_CAP];

        pravega_table_version_text(versions[i], text);
        puts(text);
    }
    pravega_await_done(await, status, why);
}

/* All of them or none: they have one primary key. */
static int update(struct program *program, const struct pravega_table_update *updates, size_t count)
{
    struct pravega_await *await = pravega_await_begin(program->session, NULL);
    struct weir_error err = {0};

    if (await != NULL)
        pravega_table_update(program->table, updates, count, on_updated, await);
    return report(pravega_await_end(program->session, await, &err), &err);
}

static int put(struct program *program)
{
    struct pravega_table_update one = pravega_table_put_of(key_of(program->argv), weir_view_str(program->argv[2]));

    return update(program, &one, 1);
}

static int insert(struct program *program)
{
    struct pravega_table_update one = pravega_table_insert_of(key_of(program->argv), weir_view_str(program->argv[2]));

    return update(program, &one, 1);
}

static int replace(struct program *program)
{
    struct pravega_table_version version;
    struct pravega_table_update one;
    struct weir_error err = {0};

    if (pravega_table_version_parse(weir_view_str(program->argv[3]), &version, &err) != WEIR_OK)
        return report(err.status, &err);
    one = pravega_table_replace_of(key_of(program->argv), weir_view_str(program->argv[2]), version);
    return update(program, &one, 1);
}

static int remove_key(struct program *program)
{
    struct pravega_table_version version = PRAVEGA_TABLE_NO_VERSION;
    struct pravega_table_update one;
    struct weir_error err = {0};

    if (program->argc > 2 && pravega_table_version_parse(weir_view_str(program->argv[2]), &version, &err) != WEIR_OK)
        return report(err.status, &err);
    one = pravega_table_remove_of(key_of(program->argv), version);
    return update(program, &one, 1);
}

static int load(struct program *program)
{
    static char lines[PRAVEGA_TABLE_UPDATE_COUNT_MAX][4096];
    struct pravega_table_update updates[PRAVEGA_TABLE_UPDATE_COUNT_MAX];
    size_t count = 0;

    while (count < PRAVEGA_TABLE_UPDATE_COUNT_MAX && fgets(lines[count], sizeof(lines[count]), stdin) != NULL) {
        char *line = lines[count], *tab = strchr(line, '\t');
        struct pravega_table_key key = {weir_view_str(program->argv[0]), {NULL, 0}};

        line[strcspn(line, "\n")] = '\0';
        if (tab == NULL) {
            fprintf(stderr, "key_value_table: no tab in line %zu\n", count + 1);
            return WRONG_USAGE;
        }
        key.secondary = weir_view(line, (size_t)(tab - line));
        updates[count++] = pravega_table_put_of(key, weir_view_str(tab + 1));
    }
    return update(program, updates, count);
}

/* ---- reading entries ---- */

static void on_entry(void *await, enum weir_status status, const struct pravega_table_entry *entry,
                     const struct weir_error *why)
{
    bool *found = pravega_await_out(await);

    if (entry != NULL)
        print_entry(entry);
    if (found != NULL)
        *found = entry != NULL;
    pravega_await_done(await, status, why);
}

static int get(struct program *program)
{
    struct pravega_table_key key = key_of(program->argv);
    bool found = false;
    struct pravega_await *await = pravega_await_begin(program->session, &found);
    struct weir_error err = {0};
    enum weir_status status;

    if (await != NULL)
        pravega_table_get(program->table, &key, on_entry, await);
    status = pravega_await_end(program->session, await, &err);
    return status != WEIR_OK ? report(status, &err) : found ? DONE : NO_SUCH_KEY;
}

static void on_exists(void *await, enum weir_status status, bool exists, const struct weir_error *why)
{
    bool *found = pravega_await_out(await);

    if (found != NULL)
        *found = exists;
    pravega_await_done(await, status, why);
}

static int exists(struct program *program)
{
    struct pravega_table_key key = key_of(program->argv);
    bool found = false;
    struct pravega_await *await = pravega_await_begin(program->session, &found);
    struct weir_error err = {0};
    enum weir_status status;

    if (await != NULL)
        pravega_table_exists(program->table, &key, on_exists, await);
    status = pravega_await_end(program->session, await, &err);
    return status != WEIR_OK ? report(status, &err) : found ? DONE : NO_SUCH_KEY;
}

static void on_page(void *await, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                    struct weir_view continuation, const struct weir_error *why)
{
    size_t *seen = pravega_await_out(await);

    (void)continuation; /* another process could go on from here */
    for (size_t i = 0; i < count; i++)
        print_entry(&entries[i]);
    if (seen != NULL)
        *seen = count;
    pravega_await_done(await, status, why);
}

static int list(struct program *program)
{
    struct weir_view open = {NULL, 0};
    struct pravega_table_range range =
        program->argc > 0 ? pravega_table_of_primary(weir_view_str(program->argv[0]), open, open) : pravega_table_all();
    struct pravega_table_iterator_options options = {.page_size = 100};
    struct pravega_table_iterator *iterator;
    struct weir_error err = {0};
    enum weir_status status = pravega_table_iterator_new(program->table, &range, &options, &iterator, &err);
    size_t seen = 1;

    if (status != WEIR_OK)
        return report(status, &err);
    while (status == WEIR_OK && seen > 0) {
        struct pravega_await *await = pravega_await_begin(program->session, &seen);

        if (await != NULL)
            pravega_table_iterator_next(iterator, on_page, await);
        status = pravega_await_end(program->session, await, &err);
    }
    pravega_table_iterator_free(iterator);
    return report(status, &err);
}

/* ---- the program ---- */

static const struct command {
    const char *name;
    int argc_min, argc_max;
    int (*run)(struct program *program);
} commands[] = {
    {"create", 3, 3, create},   {"delete", 0, 0, delete},     {"put", 3, 3, put}, {"insert", 3, 3, insert},
    {"replace", 4, 4, replace}, {"remove", 2, 3, remove_key}, {"get", 2, 2, get}, {"exists", 2, 2, exists},
    {"load", 1, 1, load},       {"list", 0, 1, list},
};

static const struct command *find_command(const char *name, int argc)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0 && argc >= commands[i].argc_min && argc <= commands[i].argc_max)
            return &commands[i];
    return NULL;
}

static int run(struct program *program, const struct command *command, const char *controller)
{
    struct pravega_client_options options = {.controller_uri = controller};
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    int status = FAILED;

    /* URI, credentials and what certificates to trust come from the environment, as far as they are not given. */
    if (weir_host_new(NULL, &host, &err) == WEIR_OK &&
        pravega_client_options_from_environment(host, &options, &err) == WEIR_OK &&
        pravega_session_open(host, &options, &program->session, &err) == WEIR_OK &&
        pravega_table_new(pravega_session_client(program->session), &program->name, NULL, &program->table, &err) ==
            WEIR_OK) {
        program->client = pravega_session_client(program->session);
        status = command->run(program);
    } else {
        report(err.status, &err);
    }
    pravega_table_free(program->table);
    pravega_session_close(program->session);
    weir_host_free(host);
    return status;
}

int main(int argc, char **argv)
{
    const char *controller = NULL;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], table[PRAVEGA_NAME_LEN_MAX + 1];
    struct program program = {.name = {scope, table}};
    const struct command *command = NULL;
    struct weir_error err = {0};

    if (argc > 2 && strcmp(argv[1], "--controller") == 0) {
        controller = argv[2];
        argv += 2;
        argc -= 2;
    }
    if (argc > 2)
        command = find_command(argv[2], argc - 3);
    if (command == NULL) {
        fprintf(stderr,
                "usage: key_value_table [--controller URI] SCOPE/TABLE create|put|insert|replace|remove|get|exists|"
                "load|list|delete [ARGUMENT...]\n(the arguments stand at the top of key_value_table.c)\n");
        return WRONG_USAGE;
    }
    if (pravega_stream_parse(argv[1], NULL, scope, table, &err) != WEIR_OK) {
        report(err.status, &err);
        return WRONG_USAGE;
    }
    program.argc = argc - 3;
    program.argv = argv + 3;
    return run(&program, command, controller);
}
