/*
 * fuzz_store_accounts.c - any bytes as an accounts file, and any names as what is asked for.
 *
 * The input is two names, a zero byte, and the file. Properties: the file is taken or a line of it is named; what the
 * names make is a resource of known characters, which neither a list of rights nor JSON takes apart.
 */
#include <assert.h>
#include <string.h>

#include "store/access/accounts.h"
#include "store/access/resources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct weir_accounts *accounts, struct weir_view scope, struct weir_view name)
{
    for (int kind = WEIR_RESOURCE_ROOT; kind <= WEIR_RESOURCE_TABLE; kind++) {
        struct weir_resource resource;
        const struct weir_account *account = weir_accounts_find(accounts, weir_view_str("ada"));

        if (!weir_resource_make(&resource, (enum weir_resource_kind)kind, scope, name))
            continue;
        assert(resource.len <= sizeof(resource.text));
        for (size_t i = 0; i < resource.len; i++)
            assert(strchr("\"\\,;*", resource.text[i]) == NULL && resource.text[i] > ' ');
        if (account != NULL)
            assert(weir_acl_permission(&account->acl, weir_resource_view(&resource)) <= WEIR_PERMISSION_READ_UPDATE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
    size_t name_len = zero != NULL ? (size_t)(zero - data) : size;
    struct weir_view scope = weir_view(data, name_len / 2),
                     name = weir_view(data + name_len / 2, name_len - name_len / 2);
    struct weir_view file = zero != NULL ? weir_view(zero + 1, size - name_len - 1) : weir_view(NULL, 0);
    struct weir_accounts *accounts = NULL;
    struct weir_error err = {0};

    if (weir_accounts_parse(file, &accounts, &err) != WEIR_OK) {
        assert(strncmp(err.message, "line ", 5) == 0);
        return 0;
    }
    ask(accounts, scope, name);
    weir_accounts_unref(accounts);
    return 0;
}
