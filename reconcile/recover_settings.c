/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/account.h"
#include "reconcile/settings.h"

/*
 * Calls about things with settings of their own. What the vendor shows decides; what it never shows is as it was sent last, which the ledger keeps
 * with the thing: so a change of it is done once the vendor has said yes, and sent again where it has not.
 */

static json_t *settings_of(const struct account *a, const struct values *v)
{
        json_t *settings = NULL;
        int r = 0;

        if (values_known(v, PROPERTY_SPEC))
                r = settings_parse(v->of[PROPERTY_SPEC].text, &settings);
        if (r == -ENOMEM)
                engine_break(a->engine, -ENOMEM, "out of memory");
        return settings;
}

/* No vendor shows it: what was sent last is all that is known. */
static bool is_never_shown(enum property f)
{
        return f == PROPERTY_CERTIFICATE || f == PROPERTY_ROUTED || f == PROPERTY_FIREWALL;
}

bool recover_settings_are_wanted(const struct account *a, const struct call *c, const struct row *row)
{
        bool said_yes = c->state == CALL_ACCEPTED;
        _cleanup_json_ json_t *shown = NULL, *wanted = NULL;

        if (is_never_shown(c->field))
                return said_yes;
        shown = settings_of(a, &row->values);
        wanted = settings_of(a, &c->wanted);
        return wanted && settings_satisfy(shown, wanted, said_yes);
}

/* What cannot change afterwards tells whether it was made by this call. */
bool recover_settings_are_asked(const struct account *a, const struct call *c, const struct row *row)
{
        _cleanup_json_ json_t *shown = settings_of(a, &row->values), *wanted = settings_of(a, &c->wanted);

        if (c->type == TYPE_PORT_MAPPING || c->type == TYPE_ADDRESS_MAPPING) {
                (void)json_object_del(wanted, "description"); /* the vendor may write it otherwise */
                return settings_satisfy(shown, wanted, true);
        }
        for (const struct setting *s = a->codec->balancer; c->type == TYPE_BALANCER && s->path; s++) {
                const json_t *is = settings_get(shown, s->path), *asked = settings_get(wanted, s->path);

                if (s->change == CHANGE_REPLACE && is && asked && !json_equal(is, asked))
                        return false;
        }
        return true;
}

/* Adds what was sent to what was sent before. */
static int keep(struct account *a, struct thing *t, const struct call *c)
{
        _cleanup_json_ json_t *sent = settings_of(a, &t->made_with), *more = settings_of(a, &c->wanted);
        struct values kept = t->made_with;
        _cleanup_free_ char *text = NULL;

        if (is_never_shown(c->field)) {
                values_set_text(&kept, c->field, c->wanted.of[c->field].text);
        } else {
                if (!sent)
                        sent = json_object();
                if (!sent || !more || settings_merge(sent, more) < 0)
                        return -ENOMEM;
                text = json_to_text(sent, JSON_COMPACT);
                if (!text)
                        return -ENOMEM;
                values_set_text(&kept, PROPERTY_SPEC, text);
        }
        return ledger_set_values(a->engine->ledger, &kept, &t->made_with, &t->made_with_text);
}

void recover_keep_sent(struct account *a, struct thing *t, const struct call *c)
{
        if (keep(a, t, c) < 0)
                engine_break(a->engine, -ENOMEM, "out of memory");
        touch_thing(a, t);
}

void recover_doubt_sent(struct account *a, struct thing *t, const struct call *c)
{
        struct values kept = t->made_with;

        if (!is_never_shown(c->field))
                return;
        values_set_text(&kept, c->field, "");
        if (ledger_set_values(a->engine->ledger, &kept, &t->made_with, &t->made_with_text) < 0)
                engine_break(a->engine, -ENOMEM, "out of memory");
        touch_thing(a, t);
}

void recover_standing(struct account *a, struct call *c, usec_t now)
{
        const struct row *row = observation_find(a->machines, c->type, c->id);

        if (row && recover_settings_are_wanted(a, c, row)) {
                engine_tell(a, EVENT_DONE, c->slot, "changed");
                retry_worked(a, c);
                call_resolve(a, c, "done", c->note);
        } else if (recover_is_settled(a, c) && row) {
                recover_not_done(a, c, now);
        } else if (recover_is_settled(a, c)) {
                call_resolve(a, c, "dropped", "the vendor does not show what it was about");
        }
}
