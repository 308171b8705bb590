/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"

/* A Provider was renamed: its account is what it was. */
static int rename_account(struct ledger *l, const struct resource *r)
{
        int code = 0;

        if (ledger_knows_account(l, r->formerly) && !ledger_knows_account(l, r->name))
                code = ledger_record_account(l, r->name, r->provider->type, r->provider->endpoint, 0);
        if (code >= 0)
                code = ledger_rename_strangers(l, r->formerly, r->name);
        for (size_t i = 0; code >= 0 && i < l->n_things; i++) {
                struct thing *t = l->things[i];

                if (!text_equal(t->account, r->formerly))
                        continue;
                t->account = ledger_string(l, r->name);
                code = t->account ? ledger_touch_thing(l, t) : -ENOMEM;
                if (code >= 0 && t->id[0])
                        code = ledger_hold_id(l, r->name, t->type, t->id);
        }
        for (size_t i = 0; code >= 0 && i < l->n_calls; i++) {
                struct call *c = l->calls[i];

                if (!text_equal(c->account, r->formerly))
                        continue;
                c->account = ledger_string(l, r->name);
                code = c->account ? ledger_touch_call(l, c) : -ENOMEM;
        }
        return code;
}

/* A set or a template was renamed: what it owns stays its own, and keeps its names. */
static int rename_owner(struct ledger *l, const struct resource *r)
{
        char was[RESOURCE_TEXT_MAX], is[RESOURCE_TEXT_MAX];
        int code = 0;

        resource_text(r, is);
        (void)snprintf(was, sizeof(was), "%s/%s", r->kind->name, r->formerly);
        for (size_t i = 0; code >= 0 && i < l->n_things; i++) {
                struct thing *t = l->things[i];

                if (!text_equal(t->resource, was))
                        continue;
                t->resource = ledger_string(l, is);
                code = t->resource ? ledger_touch_thing(l, t) : -ENOMEM;
        }
        for (size_t i = 0; code >= 0 && i < l->n_calls; i++) {
                struct call *c = l->calls[i];

                if (!text_equal(c->resource, was))
                        continue;
                c->resource = ledger_string(l, is);
                code = c->resource ? ledger_touch_call(l, c) : -ENOMEM;
        }
        return code;
}

int rename_owned(struct engine *engine, const struct estate *estate)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < estate->n_resources; i++) {
                const struct resource *resource = estate->resources[i];

                if (!resource->formerly)
                        continue;
                if (resource->kind == &kind_provider)
                        r = rename_account(engine->ledger, resource);
                else if (resource->kind->provider_offset > 0)
                        r = rename_owner(engine->ledger, resource);
        }
        return r;
}
