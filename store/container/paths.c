/*
 * paths.c - names of the files in a container's folder.
 */
#include "store/container/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const prefixes[] = {"log-", "checkpoint-", "chunk-"};

void weir_store_path(char out[WEIR_STORE_PATH_LEN_MAX], const char *dir, enum weir_path_kind kind, uint64_t number)
{
    snprintf(out, WEIR_STORE_PATH_LEN_MAX, "%s/%s%016" PRIx64, dir, prefixes[kind], number);
}

void weir_store_path_named(char out[WEIR_STORE_PATH_LEN_MAX], const char *dir, const char *name)
{
    snprintf(out, WEIR_STORE_PATH_LEN_MAX, "%s/%s", dir, name);
}

bool weir_store_path_parse(const char *name, enum weir_path_kind kind, uint64_t *number)
{
    static const char digits[] = "0123456789abcdef";
    size_t prefix_len = strlen(prefixes[kind]);
    uint64_t value = 0;

    if (strncmp(name, prefixes[kind], prefix_len) != 0 || strlen(name) != prefix_len + 16)
        return false;
    for (const char *at = name + prefix_len; *at != '\0'; at++) {
        const char *digit = strchr(digits, *at);

        if (digit == NULL)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *number = value;
    return true;
}
