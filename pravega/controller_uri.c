/*
 * controller_uri.c - where controllers are: scheme://address[,address...], address = host:port or [IPv6]:port.
 */
#include "pravega/controller_uri.h"

#include <string.h>
#include <strings.h>

#define EXAMPLE PRAVEGA_CONTROLLER_URI_DEFAULT

static const struct scheme {
    const char *name;
    bool tls, discover;
} schemes[] = {{"tcp", false, false},
               {"pravega", false, true},
               {"tls", true, false},
               {"ssl", true, false},
               {"pravegas", true, true}};

static const struct scheme *find_scheme(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strlen(schemes[i].name) == len && strncasecmp(schemes[i].name, name, len) == 0)
            return &schemes[i];
    return NULL;
}

/* 1..65535 in decimal, nothing around it; 0 for anything else. */
static uint16_t parse_port(const char *text, size_t len)
{
    uint32_t port = 0;

    if (len == 0 || len > 5)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* Letters up to this one of either case, digits, and what is there `more`. */
static bool all_are(const char *text, size_t len, char last_letter, const char *more)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i], lower = (char)(c | 0x20);

        if (!((lower >= 'a' && lower <= last_letter) || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr(more, c) != NULL)))
            return false;
    }
    return true;
}

/* A name or an address of IPv4. In brackets is an address of IPv6, which has a colon; behind % is the interface. */
static bool host_fits(const char *host, size_t len, bool bracketed)
{
    const char *zone = bracketed ? memchr(host, '%', len) : NULL;
    size_t address_len = zone != NULL ? (size_t)(zone - host) : len;

    if (len == 0 || len > PRAVEGA_HOST_LEN_MAX)
        return false;
    if (!bracketed)
        return all_are(host, len, 'z', ".-_");
    return memchr(host, ':', address_len) != NULL && all_are(host, address_len, 'f', ":.") &&
           all_are(host + address_len, len - address_len, 'z', "%.-_");
}

static enum weir_status parse_address(const char *uri, const char *text, size_t len,
                                      struct pravega_controller_address *out, struct weir_error *err)
{
    bool bracketed = len > 0 && text[0] == '[';
    const char *host = text + bracketed;
    const char *host_end = bracketed ? memchr(text, ']', len) : memchr(text, ':', len);
    const char *colon = host_end != NULL ? host_end + bracketed : NULL;

    if (colon == NULL || colon == text + len || *colon != ':')
        return weir_fail(err, WEIR_E_INVAL,
                         "\"%s\" is not a Pravega controller URI: \"%.*s\" has no port, write for example " EXAMPLE,
                         uri, (int)len, text);
    if (!host_fits(host, (size_t)(host_end - host), bracketed))
        return weir_fail(
            err, WEIR_E_INVAL,
            "\"%s\" is not a Pravega controller URI: \"%.*s\" is not host:port, write for example " EXAMPLE, uri,
            (int)len, text);
    out->port = parse_port(colon + 1, (size_t)(text + len - colon - 1));
    if (out->port == 0)
        return weir_fail(err, WEIR_E_INVAL, "\"%s\" is not a Pravega controller URI: port \"%.*s\" is not 1..65535",
                         uri, (int)(text + len - colon - 1), colon + 1);
    memcpy(out->host, host, (size_t)(host_end - host));
    out->host[host_end - host] = '\0';
    return WEIR_OK;
}

bool pravega_controller_address_make(const char *host, int64_t port, struct pravega_controller_address *out)
{
    size_t len = strlen(host);

    if (port < 1 || port > UINT16_MAX || !host_fits(host, len, strchr(host, ':') != NULL))
        return false;
    memcpy(out->host, host, len + 1);
    out->port = (uint16_t)port;
    return true;
}

enum weir_status pravega_controller_uri_parse(const char *text, struct pravega_controller_uri *out,
                                              struct weir_error *err)
{
    const char *at = strstr(text, "://");
    const struct scheme *scheme;
    struct pravega_controller_uri uri = {0};
    size_t len;
    enum weir_status status;

    if (at == NULL)
        return weir_fail(err, WEIR_E_INVAL,
                         "\"%s\" is not a Pravega controller URI: it has no scheme, write for example " EXAMPLE, text);
    scheme = find_scheme(text, (size_t)(at - text));
    if (scheme == NULL)
        return weir_fail(err, WEIR_E_INVAL,
                         "\"%s\" is not a Pravega controller URI: the scheme is one of tcp, pravega, tls, ssl and "
                         "pravegas, for example " EXAMPLE,
                         text);
    uri.tls = scheme->tls;
    uri.discover = scheme->discover;
    for (at += 3;; at += len + 1) {
        len = strcspn(at, ",/");
        if (uri.count == PRAVEGA_CONTROLLERS_MAX)
            return weir_fail(err, WEIR_E_INVAL, "\"%s\" has more than %d controllers", text, PRAVEGA_CONTROLLERS_MAX);
        status = parse_address(text, at, len, &uri.at[uri.count++], err);
        if (status != WEIR_OK)
            return status;
        if (at[len] != ',')
            break;
    }
    if (at[len] == '/' && at[len + 1] != '\0')
        return weir_fail(err, WEIR_E_INVAL, "\"%s\" is not a Pravega controller URI: \"%s\" does not belong there",
                         text, at + len);
    *out = uri;
    return WEIR_OK;
}
