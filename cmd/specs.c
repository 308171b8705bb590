/* SPDX-License-Identifier: MIT */
#include "cmd/specs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/output.h"
#include "providers/providers.h"
#include "reconcile/base/log.h"

#define TYPES_MAX 16

const struct provider *specs_codec(const char *type)
{
        const struct vendor *vendor = vendor_find(type);

        return vendor ? vendor->codec : NULL;
}

/* Puts the path where the file is in the place of what was written. `folder`: where it is looked for unless the
 * path is absolute; NULL: beside the spec. */
static int locate(struct estate *estate, const struct resource *r, const char *field, const char *folder,
                  const char **path)
{
        _cleanup_free_ char *found = NULL;
        int code = 0;

        if (!*path)
                return 0;

        if (folder && **path != '/')
                code = asprintf(&found, "%s/%s", folder, *path);
        else
                code = specs_file_path(r, field, *path, &found);
        if (code < 0) {
                found = NULL;
                return -ENOMEM;
        }

        *path = strpool_add(estate->strings, found);
        return *path ? 0 : -ENOMEM;
}

/* systemd hands credentials to a service in a folder of its own; a token's file is looked for there. */
static int locate_provider_files(struct estate *estate, const struct resource *r)
{
        struct provider_spec *provider = r->provider;
        int code = 0;

        if (provider->auth)
                code = locate(estate, r, "spec.auth.tokenFile", getenv("CREDENTIALS_DIRECTORY"),
                              &provider->auth->token_file);
        if (code >= 0 && provider->auth)
                code = locate(estate, r, "spec.auth.passwordFile", NULL, &provider->auth->password_file);
        if (code >= 0 && provider->tls)
                code = locate(estate, r, "spec.tls.caFile", NULL, &provider->tls->ca_file);

        return code;
}

static int locate_certificate(struct estate *estate, const struct resource *r, struct balancer_certificate *certificate)
{
        int code;

        code = locate(estate, r, "spec.certificate.certFile", NULL, &certificate->cert_file);
        return code < 0 ? code : locate(estate, r, "spec.certificate.keyFile", NULL, &certificate->key_file);
}

int specs_locate_files(struct estate *estate)
{
        int code = 0;

        for (size_t i = 0; code >= 0 && i < estate->n_resources; i++) {
                struct resource *r = estate->resources[i];

                if (r->kind == &kind_provider)
                        code = locate_provider_files(estate, r);
                else if (r->kind == &kind_machine_set)
                        code = locate(estate, r, "spec.passwordFile", NULL, &r->machine_set->password_file);
                else if (r->kind == &kind_load_balancer && r->load_balancer->certificate)
                        code = locate_certificate(estate, r, r->load_balancer->certificate);
        }

        return code;
}

int specs_read_as_written(const struct options *o, struct estate **ret, struct diagnostics *d)
{
        const char *types[TYPES_MAX + 1] = { NULL };
        const struct specs_options options = { .provider_find = specs_codec, .provider_types = types };

        for (size_t i = 0; i < TYPES_MAX && vendors[i].codec; i++)
                types[i] = vendors[i].codec->type;

        return specs_load(&options, o->specs, o->n_specs, ret, d);
}

int specs_read(const struct options *o, struct estate **ret, struct diagnostics *d)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        int r;

        r = specs_read_as_written(o, &estate, d);
        if (r >= 0)
                r = specs_locate_files(estate);
        if (r < 0)
                return r;

        *ret = STEAL(estate);
        return 0;
}

void specs_tell(const struct diagnostics *d)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        for (size_t i = 0; i < d->n; i++) {
                if (d->items[i].severity == SEVERITY_WARNING && log_level() < LOG_LEVEL_WARNING)
                        continue;
                (void)diagnostic_text(&b, &d->items[i]);
                (void)buf_addc(&b, '\n');
        }
        (void)fputs(buf_text(&b), stderr);
}
