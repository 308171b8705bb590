/* SPDX-License-Identifier: MIT */
#include "tests/simulation/arrange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/text.h"

#define TAIL 6000 /* bytes of a trace that a failed test shows */

struct world *arrange_world(void)
{
        return arrange_world_of(&world_starvcenter);
}

static struct world *arrange(const struct world_vendor *vendor, bool quirks)
{
        struct world_options options = { .seed = 1,
                                         .folder = world_folder(),
                                         .accounts = 1,
                                         .vendors = { vendor },
                                         .foreign = 3,
                                         .quirks = quirks,
                                         .ready_delay = READY,
                                         .acting = SETTLE / 10 * 7,
                                         .lag = SETTLE / 10 };
        struct world *w = NULL;

        assert_int_equal(world_new(&options, &w), 0);
        assert_right(w);
        return w;
}

struct world *arrange_world_of(const struct world_vendor *vendor)
{
        return arrange(vendor, false);
}

struct world *arrange_world_as_seen(const struct world_vendor *vendor)
{
        return arrange(vendor, true);
}

struct estate *arrange_specs(const struct world *w, int64_t count, struct machine_set **ret_set)
{
        struct estate *estate = test_estate_new();
        struct resource *provider, *set;
        const struct machine_form form = { .template = 7, .cpu = 4, .memory = 8 };
        const struct world_vendor *vendor = w->servers[0].vendor;

        provider = world_vendor_add_provider(vendor, estate, w->servers[0].account, w->servers[0].host);
        provider->provider->settle = SETTLE;
        provider->provider->confirm = CONFIRM;
        set = test_estate_add_set(estate, "web", provider, count);
        vendor->describe(estate, provider, &form, set->machine_set);
        test_estate_finish(estate);
        if (ret_set)
                *ret_set = set->machine_set;
        return estate;
}

void arrange_count(struct world *w, int64_t count)
{
        world_set_estate(w, arrange_specs(w, count, NULL));
}

struct world *arrange_converged(int64_t count)
{
        return arrange_converged_of(&world_starvcenter, count);
}

struct world *arrange_converged_of(const struct world_vendor *vendor, int64_t count)
{
        struct world *w = arrange_world_of(vendor);

        arrange_count(w, count);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), count);
        return w;
}

void assert_right(const struct world *w)
{
        size_t from = w->trace.len > TAIL ? w->trace.len - TAIL : 0;

        if (!world_is_wrong(w))
                return;
        print_error("%s\n", buf_text(&w->trace) + from);
        fail_msg("%s", w->violation.text);
}

void assert_settled(struct world *w)
{
        assert_right(w);
        world_stop(w);
        w->rest = USEC_INFINITY;
        world_pass(w, USEC_PER_MINUTE);
        invariants_final(w, true);
        assert_right(w);
}

size_t arrange_there(struct world *w)
{
        size_t n = 0;

        for (size_t i = 0; i < w->servers[0].n_records; i++) {
                const struct machine_record *r = &w->servers[0].records[i];

                n += r->ours && !r->released && server_has(w, 0, r->id);
        }
        return n;
}

const struct thing *arrange_thing(const struct world *w, const char *slot)
{
        for (size_t i = 0; i < w->ledger->n_things; i++)
                if (text_equal(w->ledger->things[i]->slot, slot) && w->ledger->things[i]->state != THING_GONE)
                        return w->ledger->things[i];
        return NULL;
}

const char *arrange_id(const struct world *w, const char *slot)
{
        const struct thing *t = arrange_thing(w, slot);

        return t ? t->id : NULL;
}

size_t arrange_sent(const struct world *w, const char *class)
{
        char line[64];
        size_t n = 0;

        snprintf(line, sizeof(line), " SEND %s %s ", w->servers[0].account, class);
        for (const char *at = buf_text(&w->trace); (at = strstr(at, line)); at++)
                n++;
        return n;
}

bool arrange_told(const struct world *w, const char *text)
{
        return strstr(buf_text(&w->trace), text);
}
