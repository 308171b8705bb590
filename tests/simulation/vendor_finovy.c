/* SPDX-License-Identifier: MIT */
#include "providers/finovy/finovy.h"
#include "providers/finovy/sim.h"
#include "reconcile/base/array.h"
#include "tests/simulation/vendors.h"
#include "tests/support/estate.h"

/*
 * A create answers without an id, but for those of a period, and nothing marks what it made. Where nobody else makes hosts
 * ("exclusive"), nobody does here either: that is what the option promises.
 */

static const struct {
        const char *package, *image;
        int mode;
} forms[] = {
        { "pkg-small", "4005", BILLING_HOURLY },
        { "pkg-large", "4005", BILLING_HOURLY },
        { "pkg-rent", "4005", BILLING_PERIOD },
        { "pkg-small", "4006", BILLING_HOURLY },
};

static size_t count(const struct simulation *s)
{
        return s->n_hosts;
}

static void view(const struct host *h, struct machine_view *ret)
{
        *ret = (struct machine_view){
                .id = h->id,
                .serial = h->serial,
                .leaving = h->work == WORK_GONE,
                .broken = h->status > HOST_COMING_UP ||
                          (h->work == WORK_NONE && (h->status == HOST_GOING_DOWN || h->status == HOST_COMING_UP)),
        };
}

static void at(const struct simulation *s, size_t i, struct machine_view *ret)
{
        view(s->hosts[i], ret);
}

static bool find(struct simulation *s, usec_t now, const char *id, struct machine_view *ret)
{
        const struct host *h;

        finovy_sim_settle(s, now);
        h = finovy_sim_host_find(s, id);
        if (h)
                view(h, ret);
        return h;
}

static json_t *add(const char *name, unsigned template)
{
        (void)name;
        return json_pack("{s:s}", "template", forms[template % ARRAY_SIZE(forms)].package);
}

static void describe(struct estate *estate, struct resource *provider, const struct machine_form *form,
                     struct machine_set *set)
{
        size_t i = form->template % ARRAY_SIZE(forms);

        (void)provider;
        set->cpu = set->memory = 0;
        set->network.name = NULL;
        set->template.name = test_estate_text(estate, "%s", forms[i].package);
        set->image = test_estate_text(estate, "%s", forms[i].image);
        set->billing->mode = forms[i].mode;
        set->billing->unit = BILLING_MONTH;
        set->billing->number = 10;
}

#define COMMON                                                                                                        \
        .simulator = &finovy_simulator, .codec = &finovy_provider, .path = "", .token_header = "Finovy-Access-Token", \
        .page = "page=", .first_page = "1", .secret = true, .powers = true, .one_stop = true, .denies_alike = true,   \
        .variants = { "newer", "older" }, .odd_states = { "4", "77" }, .mend = "start",                               \
        .mischiefs = { { "waiting", "{\"machines\": 2, \"made\": true}" },                                            \
                       { "waiting", "{\"machines\": 1, \"made\": false}" },                                           \
                       { "room", "{\"machines\": 1}" } },                                                             \
        .reset = { { "waiting", "{\"machines\": 0}" }, { "room", "{\"machines\": 1000000}" } }, .count = count,       \
        .at = at, .find = find, .describe = describe

const struct world_vendor world_finovy = { .name = "finovy", COMMON, .add = add };

const struct world_vendor world_finovy_exclusive = {
        .name = "finovy-exclusive", COMMON, .option = "exclusive", .value = "true"
};
