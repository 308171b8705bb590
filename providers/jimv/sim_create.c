/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * Creates of guests. The answer names none of them.
 *
 * Without quirks, as the document of 2017 says: name and password may be left out, and guests that are made
 * together are numbered after the name. Where it is silent: a name that is taken is refused, and so is a size
 * below 1.
 */

#define TEMPLATES 9               /* templates have the ids from 1 on */
#define BANDWIDTH_MAX 34359738360 /* bits a second; above it, there is no limit */

static const struct rule rules_2017[] = {
        { "cpu", CHECK_POSITIVE, false },
        { "memory", CHECK_POSITIVE, false },
        { "os_template_id", CHECK_INTEGER, false },
        { "quantity", CHECK_POSITIVE, false },
        { "name", CHECK_TEXT, false },
        { "password", CHECK_TEXT, false },
        { "lease_term", CHECK_INTEGER, false },
};

static const struct rule rules_2017_documented[] = {
        { "cpu", CHECK_POSITIVE, false },
        { "memory", CHECK_POSITIVE, false },
        { "os_template_id", CHECK_INTEGER, false },
        { "quantity", CHECK_POSITIVE, false },
        { "name", CHECK_TEXT, true },
        { "password", CHECK_TEXT, true },
        { "lease_term", CHECK_INTEGER, false },
};

static const struct rule rules_0_8[] = {
        { "cpu", CHECK_POSITIVE, false },
        { "memory", CHECK_POSITIVE, false },
        { "bandwidth", CHECK_INTEGER, false },
        { "bandwidth_unit", CHECK_UNIT, false },
        { "os_template_image_id", CHECK_INTEGER, false },
        { "quantity", CHECK_POSITIVE, false },
        { "remark", CHECK_TEXT, false },
        { "password", CHECK_TEXT, false },
        { "lease_term", CHECK_INTEGER, false },
        { "node_id", CHECK_NODE, true },
};

static bool check(struct plain_call *c, int *ret_r)
{
        if (c->s->era == ERA_0_8)
                return jimv_sim_check_body(c, rules_0_8, ARRAY_SIZE(rules_0_8), ret_r);
        return c->s->quirks ? jimv_sim_check_body(c, rules_2017, ARRAY_SIZE(rules_2017), ret_r)
                            : jimv_sim_check_body(c, rules_2017_documented, ARRAY_SIZE(rules_2017_documented), ret_r);
}

/* False: there is none such, and is said. */
static bool check_template(struct plain_call *c, int64_t template, int *ret_r)
{
        char about[32];

        if (template >= 1 && template <= TEMPLATES)
                return true;
        (void)snprintf(about, sizeof(about), "%" PRId64, template);
        *ret_r = jimv_sim_no(c, 40450, about);
        return false;
}

static int create_one(struct plain_call *c, const struct guest_form *form)
{
        struct message m = { .work = WORK_CREATE };
        struct guest *g;
        int r;

        r = jimv_sim_guest_add(c->s, c->now, form, &g);
        if (r < 0)
                return r;
        memcpy(m.guest, g->record.id, UUID_SIZE);
        return jimv_sim_send(c->s, c->now, &m);
}

/* The name of the guest with this number among those that are made together. NULL: out of memory. */
static char *name_of(const struct plain_call *c, const char *name, int64_t quantity, int64_t number)
{
        char *numbered;

        if (c->s->quirks || quantity < 2 || !*name)
                return strdup(name);
        return asprintf(&numbered, "%s-%" PRId64, name, number) < 0 ? NULL : numbered;
}

/* Without quirks: is one of the names taken? */
static int look_for_names(struct plain_call *c, const char *name, int64_t quantity, bool *ret_taken)
{
        *ret_taken = false;
        for (int64_t i = 0; !*ret_taken && i < quantity && i < c->s->free_addresses; i++) {
                _cleanup_free_ char *own = name_of(c, name, quantity, i + 1);

                if (!own)
                        return -ENOMEM;
                *ret_taken = strmap_get(&c->s->by_name, own);
        }
        return 0;
}

/* A create that runs out of addresses half way says yes all the same, as does one of none. */
static int create_2017(struct plain_call *c, const struct guest_form *form, int64_t quantity)
{
        int r = 0;

        for (int64_t i = 0; r == 0 && i < quantity; i++) {
                _cleanup_free_ char *name = name_of(c, form->name, quantity, i + 1);
                struct guest_form one = *form;

                if (!name)
                        return -ENOMEM;
                one.name = name;
                r = create_one(c, &one);
        }
        if (r == -EEXIST)
                return jimv_sim_no(c, 40901, "name");
        return r < 0 && r != -ENOSPC ? r : jimv_sim_ok(c);
}

static int serve_2017(struct plain_call *c)
{
        struct guest_form form = {
                .name = plain_call_text(c, "name"),
                .password = plain_call_text(c, "password"),
                .cpu = jimv_sim_body_number(c, "cpu"),
                .memory = jimv_sim_body_number(c, "memory"),
                .template = jimv_sim_body_number(c, "os_template_id"),
        };
        int64_t quantity = jimv_sim_body_number(c, "quantity");
        bool taken = false;
        int r = 0;

        if (!check_template(c, form.template, &r))
                return r;
        if (c->s->free_addresses <= 0)
                return jimv_sim_no(c, 50350, NULL);
        if (quantity < 0)
                return jimv_sim_page(c, 500); /* where the vendor would never come to an end */
        if (!c->s->quirks && *form.name)
                r = look_for_names(c, form.name, quantity, &taken);
        if (r < 0)
                return r;
        return taken ? jimv_sim_no(c, 40901, "name") : create_2017(c, &form, quantity);
}

static int64_t take_bandwidth(const struct plain_call *c)
{
        const char *unit = plain_call_text(c, "bandwidth_unit");
        int64_t factor = *unit == 'k' ? 1000 : *unit == 'm' ? 1000000 : 1000000000;
        int64_t number = jimv_sim_body_number(c, "bandwidth");

        return number > BANDWIDTH_MAX / factor ? 0 : number < 0 ? 0 : number * factor;
}

/* The hosts that a create may go to: the one that is asked for, or all that seem alive. */
static size_t choose_hosts(struct plain_call *c, const struct host *ret[static HOSTS])
{
        const char *wanted = plain_call_text(c, "node_id");
        size_t n = 0;

        for (size_t i = 0; i < HOSTS; i++) {
                const struct host *h = &c->s->hosts[i];
                char id[24];

                (void)snprintf(id, sizeof(id), "%" PRId64, h->node_id);
                if (jimv_sim_host_seems_alive(h, c->now) && (!*wanted || text_equal(wanted, id)))
                        ret[n++] = h;
        }
        return n;
}

/* One that runs out of addresses half way falls over, and what it made until then is there. */
static int create_0_8(struct plain_call *c, struct guest_form *form, int64_t quantity, const struct host *const *hosts,
                      size_t n_hosts)
{
        while (quantity-- > 0) {
                int r;

                form->node_id = hosts[(size_t)quantity % n_hosts]->node_id;
                r = create_one(c, form);
                if (r == -ENOSPC)
                        return jimv_sim_page(c, 500);
                if (r < 0)
                        return r;
        }
        return jimv_sim_ok(c);
}

static int serve_0_8(struct plain_call *c)
{
        struct guest_form form = {
                .remark = plain_call_text(c, "remark"),
                .password = plain_call_text(c, "password"),
                .cpu = jimv_sim_body_number(c, "cpu"),
                .memory = jimv_sim_body_number(c, "memory"),
                .template = jimv_sim_body_number(c, "os_template_image_id"),
        };
        int64_t quantity = jimv_sim_body_number(c, "quantity");
        const struct host *hosts[HOSTS];
        size_t n_hosts;
        int r = 0;

        if (!check_template(c, form.template, &r))
                return r;
        n_hosts = choose_hosts(c, hosts);
        if (n_hosts == 0)
                return jimv_sim_no(c, 50351, NULL);
        form.bandwidth = take_bandwidth(c);
        if (quantity < 0)
                return jimv_sim_page(c, 500); /* where the vendor would never come to an end */
        return create_0_8(c, &form, quantity, hosts, n_hosts);
}

int jimv_sim_serve_guest_create(struct plain_call *c)
{
        int r = 0;

        if (c->s->era == ERA_0_8 && !c->body && c->s->quirks)
                return jimv_sim_page(c, 500);
        if (!check(c, &r))
                return r;
        return c->s->era == ERA_2017 ? serve_2017(c) : serve_0_8(c);
}
