/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/digest.h"
#include "reconcile/base/text.h"

/*
 * Certificates of balancers, and their keys. They are read anew for each plan, which knows of them no more than a digest, and once more when they
 * are sent: then they must still be what the plan was made of. The key is nowhere else.
 */

void pem_done(struct pem *pem)
{
        text_wipe(&pem->certificate);
        text_wipe(&pem->key);
        *pem = (struct pem){ 0 };
}

static int read_text(const struct engine *engine, const char *env, const char *file, char **ret, struct error *e)
{
        const char *text = engine->options.secret(engine->options.secret_userdata, env, file, true, e);

        if (!text)
                return -EINVAL;
        *ret = strdup(text);
        return *ret ? 0 : error_oom(e);
}

/* The two may have been mistaken for each other: a key would be shown to everybody in a certificate's place. */
static int check(const struct pem *pem, const struct balancer_certificate *spec, struct error *e)
{
        if (strstr(pem->certificate, "PRIVATE KEY"))
                return error_set(e, -EINVAL, "the file %s holds a private key, and only the certificate belongs there",
                                 spec->cert_file);
        if (!strstr(pem->certificate, "BEGIN CERTIFICATE"))
                return error_set(e, -EINVAL, "the file %s holds no certificate in PEM", spec->cert_file);
        if (!strstr(pem->key, "PRIVATE KEY"))
                return error_set(e, -EINVAL, "%s %s holds no private key in PEM",
                                 spec->key_env ? "the environment variable" : "the file",
                                 spec->key_env ? spec->key_env : spec->key_file);
        return 0;
}

/* With the NUL between them, so that no two pairs give the same bytes. */
static int digest(struct pem *pem)
{
        _cleanup_(digest_free_p) struct digest *d = NULL;
        int r;

        r = digest_new(&d);
        if (r == 0)
                r = digest_add(d, pem->certificate, strlen(pem->certificate) + 1);
        if (r == 0)
                r = digest_add(d, pem->key, strlen(pem->key));
        return r < 0 ? r : digest_end(d, pem->digest);
}

int pem_read(const struct engine *engine, const struct balancer_certificate *spec, struct pem *ret, struct error *e)
{
        _cleanup_(pem_done) struct pem pem = { 0 };
        int r;

        r = read_text(engine, NULL, spec->cert_file, &pem.certificate, e);
        if (r == 0)
                r = read_text(engine, spec->key_env, spec->key_file, &pem.key, e);
        if (r == 0)
                r = check(&pem, spec, e);
        if (r == 0 && digest(&pem) < 0)
                r = error_oom(e);
        if (r < 0)
                return r;
        *ret = pem;
        pem = (struct pem){ 0 };
        return 0;
}

void certificates_done(struct certificates *c)
{
        strmap_done(&c->by_resource);
        strpool_free(c->strings);
        *c = (struct certificates){ 0 };
}

static int add(const struct engine *engine, const struct resource *resource, struct certificates *c)
{
        struct certificate *certificate = strpool_alloc(c->strings, sizeof(*certificate));
        _cleanup_(pem_done) struct pem pem = { 0 };
        struct error e = { 0 };
        char text[RESOURCE_TEXT_MAX];
        const char *name = strpool_add(c->strings, resource_text(resource, text));
        int r;

        if (!certificate || !name)
                return -ENOMEM;
        r = pem_read(engine, resource->load_balancer->certificate, &pem, &e);
        if (r == -ENOMEM)
                return r;
        *certificate = (struct certificate){
                .digest = r == 0 ? strpool_add(c->strings, pem.digest) : NULL,
                .why = r < 0 ? strpool_add(c->strings, e.text) : NULL,
        };
        if (!certificate->digest && !certificate->why)
                return -ENOMEM;
        return strmap_set(&c->by_resource, name, certificate);
}

int certificates_read(const struct account *a, struct certificates *ret)
{
        _cleanup_certificates_ struct certificates c = { .strings = strpool_new() };
        const struct engine *engine = a->engine;
        int r = c.strings ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < engine->estate->n_resources; i++) {
                const struct resource *resource = engine->estate->resources[i];

                if (resource->kind == &kind_load_balancer && resource->load_balancer->certificate && a->provider &&
                    resource_provider(resource) == a->provider && engine->options.secret && !a->is_shown &&
                    engine->options.mode != ENGINE_ANSWER && engine_selects(&engine->options, resource))
                        r = add(engine, resource, &c);
        }
        if (r < 0)
                return r;
        *ret = c;
        c = (struct certificates){ 0 };
        return 0;
}
