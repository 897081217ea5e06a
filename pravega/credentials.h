/**
 * @file pravega/credentials.h
 * @brief What a client shows to controllers: the authorization header, given once or asked for anew before each call.
 *
 * Thread: the client's loop.
 */
#ifndef PRAVEGA_CREDENTIALS_H
#define PRAVEGA_CREDENTIALS_H

#include "pravega/client.h"

struct pravega_credentials {
    /* Private. */
    char *method;
    char *token;  /**< as it was given last: what auth_token_of is told if it is refused */
    char *header; /**< "Basic dXNlcjpwYXNz"; NULL: no credentials, or none asked for yet */
    pravega_auth_token_fn *token_of;
    void *arg;
};

/** @retval WEIR_E_INVAL half of them is missing, or no header can hold them @retval WEIR_E_NOMEM; fini is fine then */
enum weir_status pravega_credentials_init(struct pravega_credentials *credentials,
                                          const struct pravega_client_options *options, struct weir_error *err);
/** Wipes and frees; fine for a zeroed one. */
void pravega_credentials_fini(struct pravega_credentials *credentials);
static inline bool pravega_credentials_given(const struct pravega_credentials *credentials)
{
    return credentials->method != NULL;
}
/**
 * The header of a call that is about to be sent.
 * @param out NULL without credentials; borrowed until the next call here
 * @retval WEIR_E_AUTH there is no token now @retval WEIR_E_INVAL no header can hold it @retval WEIR_E_NOMEM
 */
enum weir_status pravega_credentials_header(struct pravega_credentials *credentials, const char **out,
                                            struct weir_error *err);
/** The controller refused the header: whether there is another one, so that it makes sense to ask again. */
bool pravega_credentials_renew(struct pravega_credentials *credentials);

#endif
