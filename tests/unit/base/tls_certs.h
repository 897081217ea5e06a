/*
 * tls_certs.h - an authority and a server's certificate, made for one test run in a folder of their own.
 */
#ifndef WEIR_TESTS_TLS_CERTS_H
#define WEIR_TESTS_TLS_CERTS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct tls_certs {
    char folder[64];
    char authority[96], other_authority[96]; /* PEM files; the second one signed nothing */
    char certificate[96], private_key[96];
};

static X509 *make_certificate(EVP_PKEY *key, const char *name, const char *alt_names, X509 *issuer,
                              EVP_PKEY *issuer_key)
{
    X509 *cert = X509_new();
    X509V3_CTX context;
    X509_EXTENSION *extension;
    X509_NAME *subject = X509_get_subject_name(cert);

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer == NULL ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(issuer) : subject);
    X509V3_set_ctx(&context, issuer != NULL ? issuer : cert, cert, NULL, NULL, 0);
    if (issuer == NULL)
        extension = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE");
    else
        extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, alt_names);
    ck_assert_ptr_nonnull(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    ck_assert_int_gt(X509_sign(cert, issuer_key != NULL ? issuer_key : key, EVP_sha256()), 0);
    return cert;
}

static void write_pem(const char *path, X509 *cert, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    if (cert != NULL)
        ck_assert_int_eq(PEM_write_X509(file, cert), 1);
    if (key != NULL)
        ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    ck_assert_int_eq(fclose(file), 0);
}

/* @param alt_names what the server's certificate names: "DNS:localhost,IP:127.0.0.1" */
static void tls_certs_make(struct tls_certs *certs, const char *alt_names)
{
    EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *authority = make_certificate(authority_key, "test authority", NULL, NULL, NULL);
    X509 *other = make_certificate(other_key, "other authority", NULL, NULL, NULL);
    X509 *cert = make_certificate(key, "server", alt_names, authority, authority_key);

    snprintf(certs->folder, sizeof(certs->folder), "/tmp/weir_tls_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(certs->folder));
    snprintf(certs->authority, sizeof(certs->authority), "%s/ca.pem", certs->folder);
    snprintf(certs->other_authority, sizeof(certs->other_authority), "%s/other.pem", certs->folder);
    snprintf(certs->certificate, sizeof(certs->certificate), "%s/cert.pem", certs->folder);
    snprintf(certs->private_key, sizeof(certs->private_key), "%s/key.pem", certs->folder);
    write_pem(certs->authority, authority, NULL);
    write_pem(certs->other_authority, other, NULL);
    write_pem(certs->certificate, cert, NULL);
    write_pem(certs->private_key, NULL, key);
    X509_free(authority);
    X509_free(other);
    X509_free(cert);
    EVP_PKEY_free(authority_key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(key);
}

static void tls_certs_remove(struct tls_certs *certs)
{
    unlink(certs->authority);
    unlink(certs->other_authority);
    unlink(certs->certificate);
    unlink(certs->private_key);
    rmdir(certs->folder);
}

#endif
