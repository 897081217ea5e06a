/*
 * store_passwd.c - `weir store passwd`: a line for the file of --auth-accounts.
 */
#include <string.h>

#include "base/console.h"
#include "base/wipe.h"
#include "cli/command.h"
#include "weir/exit_codes.h"
#include "weir/store.h"

#define PASSWORD_LEN_MAX 4096

static size_t options(struct cli_option *table, void *to)
{
    (void)table, (void)to;
    return 0;
}

/* The first line of standard input, without its end. */
static enum weir_status read_password(struct weir_buf *out, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    uint8_t *line_end = NULL;

    if (weir_buf_reserve(out, PASSWORD_LEN_MAX) == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a password");
    while (status == WEIR_OK && line_end == NULL && out->len < PASSWORD_LEN_MAX) {
        size_t got = 0;

        status = weir_console_in(out->ptr + out->len, PASSWORD_LEN_MAX - out->len, &got, err);
        out->len += got;
        line_end = out->len > 0 ? memchr(out->ptr, '\n', out->len) : NULL;
    }
    if (status != WEIR_OK && status != WEIR_E_END)
        return status;
    if (line_end != NULL)
        out->len = (size_t)(line_end - out->ptr);
    if (out->len == 0)
        return weir_fail(err, WEIR_E_INVAL, "there is no password: give it as a line on standard input");
    return WEIR_OK;
}

static int run(int argc, char **argv, const void *args)
{
    struct weir_error err = {0};
    struct weir_buf password, line;
    enum weir_status status;

    (void)args;
    if (argc < 2 || argc > 3)
        return cli_usage(&cli_store_passwd_command, "it takes a user, and what the user may do");
    weir_buf_init(&password, PASSWORD_LEN_MAX);
    weir_buf_init(&line, 1 << 16);
    status = read_password(&password, &err);
    if (status == WEIR_OK)
        status = weir_store_account_line(weir_view_str(argv[1]), weir_buf_view(&password),
                                         weir_view_str(argc > 2 ? argv[2] : ""), &line, &err);
    if (status == WEIR_OK)
        status = weir_console_out(weir_buf_view(&line), &err);
    weir_wipe_buf(&password);
    weir_wipe_buf(&line);
    return status == WEIR_OK ? WEIR_EXIT_OK : cli_failed(&err);
}

const struct cli_command cli_store_passwd_command = {
    .words = "store passwd",
    .operands = "USER [RIGHTS]",
    .summary = "print a line for the file of weir store --auth-accounts",
    .details =
        "Reads the password as one line from standard input. The line is of Pravega's own form, which its servers take\n"
        "as well. RIGHTS are RESOURCE,PERMISSION with semicolons between them; the first that fits decides; a star is\n"
        "any text, a permission READ, READ_UPDATE or NONE:\n\n"
        "  prn::*                               everything\n"
        "  prn::/                               making, deleting and listing scopes\n"
        "  prn::/scope:S                        making and listing what is in it; reader groups\n"
        "  prn::/scope:S/stream:T               a stream\n"
        "  prn::/scope:S/reader-group:G         a reader group's state\n"
        "  prn::/scope:S/key-value-table:K      a key-value table\n\n"
        "  echo secret | weir store passwd ada 'prn::*,READ_UPDATE' >>accounts",
    .options = options,
    .run = run,
};
