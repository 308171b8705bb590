/* SPDX-License-Identifier: MIT */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/raw_server.h"
#include "tests/support/tls_server.h"

#define DAY (24 * 60 * 60L)

struct tls_server {
        struct raw_server *raw;
        SSL_CTX *context;
        atomic_uint requests;
};

static void serve(_unused_ struct raw_server *raw, int fd, void *userdata)
{
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
        struct tls_server *server = userdata;
        SSL *ssl = SSL_new(server->context);
        char request[4096];

        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
                server->requests++;
                SSL_write(ssl, answer, (int)strlen(answer));
                SSL_shutdown(ssl);
        }
        SSL_free(ssl);
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
        X509_EXTENSION *extension;
        X509V3_CTX context;
        bool added;

        X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
        extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
        added = extension && X509_add_ext(certificate, extension, -1) == 1;
        X509_EXTENSION_free(extension);

        return added;
}

/* A certificate for `key`, named `name`, not signed yet. Authorities are named for their files, to be told apart. */
static X509 *new_certificate(EVP_PKEY *key, const char *name, X509 *issuer, long from, long until)
{
        X509 *certificate = X509_new();
        X509_NAME *subject = X509_get_subject_name(certificate);

        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), from);
        X509_gmtime_adj(X509_getm_notAfter(certificate), until);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
        X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject);
        X509_set_pubkey(certificate, key);

        return certificate;
}

static bool write_certificate(X509 *certificate, const char *path)
{
        FILE *file = fopen(path, "we");
        bool written = file && PEM_write_X509(file, certificate) == 1;

        return file && fclose(file) == 0 && written;
}

static bool use_certificate(SSL_CTX *context, const struct tls_certificate *wanted, const char *ca_path)
{
        EVP_PKEY *authority_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
        X509 *authority, *certificate;
        char names[256];
        bool done;

        authority = new_certificate(authority_key, ca_path, NULL, -30 * DAY, 30 * DAY);
        certificate = new_certificate(key, wanted->host, authority, -10 * DAY, wanted->expired ? -DAY : DAY);
        (void)snprintf(names, sizeof(names), "%s:%s", strcmp(wanted->host, "127.0.0.1") == 0 ? "IP" : "DNS",
                       wanted->host);

        done = add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE") &&
               X509_sign(authority, authority_key, EVP_sha256()) > 0 &&
               add_extension(certificate, authority, NID_subject_alt_name, names) &&
               X509_sign(certificate, authority_key, EVP_sha256()) > 0 && write_certificate(authority, ca_path) &&
               SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;

        X509_free(authority);
        X509_free(certificate);
        EVP_PKEY_free(authority_key);
        EVP_PKEY_free(key);
        return done;
}

struct tls_server *tls_server_new(const struct tls_certificate *certificate, const char *ca_path)
{
        _cleanup_(tls_server_free_p) struct tls_server *server = NULL;

        server = calloc(1, sizeof(*server));
        if (!server)
                return NULL;

        server->context = SSL_CTX_new(TLS_server_method());
        if (!server->context || !use_certificate(server->context, certificate, ca_path))
                return NULL;

        server->raw = raw_server_new(serve, server);
        return server->raw ? STEAL(server) : NULL;
}

struct tls_server *tls_server_free(struct tls_server *server)
{
        if (!server)
                return NULL;

        raw_server_free(server->raw);
        SSL_CTX_free(server->context);
        free(server);
        return NULL;
}

uint16_t tls_server_port(const struct tls_server *server)
{
        return raw_server_port(server->raw);
}

unsigned tls_server_requests(const struct tls_server *server)
{
        return server->requests;
}
