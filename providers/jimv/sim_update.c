/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "providers/jimv/sim_wire.h"

int jimv_sim_add_records(struct plain_call *c, struct record *const *records, size_t n, printer print)
{
        buf_addc(&c->out, '[');
        for (size_t i = 0; i < n; i++) {
                int r;

                if (i > 0)
                        buf_adds(&c->out, ", ");
                r = print(c, records[i]);
                if (r != 0)
                        return r;
        }
        return buf_addc(&c->out, ']');
}

int jimv_sim_say_record(struct plain_call *c, struct record *r, printer print)
{
        if (jimv_sim_ok_begin(c) < 0 || print(c, r) < 0)
                return -ENOMEM;
        return buf_addc(&c->out, '}');
}

/* Is there something to change, and is it a text? False: `*ret_r`. */
static bool is_said(struct plain_call *c, const struct update *u, int *ret_r)
{
        const struct rule rule = { u->key, CHECK_TEXT, false };

        return jimv_sim_check_body(c, &rule, 1, ret_r);
}

static int update_2017(struct plain_call *c, const struct update *u)
{
        struct record *record;
        int r = 0;

        if (!json_object_get(c->body, u->key))
                return jimv_sim_ok(c);
        if (!is_said(c, u, &r))
                return r;
        record = jimv_sim_select_one(c, u->table, c->captures[0], &r);
        if (!record)
                return r;
        r = u->set(record, plain_call_text(c, u->key));
        return r < 0 ? r : jimv_sim_say_record(c, record, u->print);
}

/* One or several. Without anything to change, nobody asks whether they are there. */
static int update_0_8(struct plain_call *c, const struct update *u)
{
        struct selection x _cleanup_selection_ = {};
        int r = 0;

        if (!c->body && c->s->quirks)
                return jimv_sim_page(c, 500);
        if (json_object_get(c->body, u->key) &&
            (!is_said(c, u, &r) || !jimv_sim_select_all(c, u->table, c->captures[0], &x, &r)))
                return r;
        for (size_t i = 0; i < x.n_records; i++)
                if (u->set(x.records[i], plain_call_text(c, u->key)) < 0)
                        return -ENOMEM;
        if (jimv_sim_ok_begin(c) < 0 || jimv_sim_add_records(c, x.records, x.n_records, u->print) < 0)
                return -ENOMEM;
        return buf_addc(&c->out, '}');
}

int jimv_sim_serve_update(struct plain_call *c, const struct update *u)
{
        return c->s->era == ERA_2017 ? update_2017(c, u) : update_0_8(c, u);
}
