/*
 * fuzz_controller_uri.c - any text as a controller's URI. Property: it is refused with words, or it holds 1 to 16
 * addresses that are addresses on their own, too.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/controller_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct pravega_controller_uri uri;
    struct pravega_controller_address again;
    struct weir_error err = {0};

    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (pravega_controller_uri_parse(text, &uri, &err) == WEIR_OK) {
        assert(uri.count >= 1 && uri.count <= PRAVEGA_CONTROLLERS_MAX);
        for (size_t i = 0; i < uri.count; i++)
            assert(uri.at[i].port != 0 && memchr(uri.at[i].host, '\0', sizeof(uri.at[i].host)) != NULL &&
                   pravega_controller_address_make(uri.at[i].host, uri.at[i].port, &again));
    } else {
        assert(err.status == WEIR_E_INVAL && err.message[0] != '\0');
    }
    free(text);
    return 0;
}
