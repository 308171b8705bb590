/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "providers/opendcp/opendcp.h"
#include "providers/opendcp/sim.h"
#include "tests/simulation/vendors.h"
#include "tests/support/estate.h"

/*
 * Sets are made of templates of ours. People make machines of the elder cluster only: whoever expands a cluster that muster made, while
 * muster does, makes what nobody can tell from muster's.
 */

static size_t count(const struct simulation *s)
{
        return s->n_instances;
}

static void view(const struct instance *i, struct machine_view *ret)
{
        *ret = (struct machine_view){
                .id = i->id,
                .serial = i->serial,
                .leaving = i->work == WORK_DELETE,
                .broken = i->status == INSTANCE_FAILED || i->status == 77 || i->status == 4,
        };
}

static void at(const struct simulation *s, size_t i, struct machine_view *ret)
{
        view(s->instances[i], ret);
}

static bool find(struct simulation *s, usec_t now, const char *id, struct machine_view *ret)
{
        const struct instance *i;

        opendcp_sim_settle(s, now);
        i = strmap_get(&s->by_id, id);
        if (i)
                view(i, ret);
        return i;
}

static size_t makes(const char *url)
{
        const char *n = strstr(url, "/expand/");

        return n ? (size_t)strtoul(n + strlen("/expand/"), NULL, 10) : 1;
}

static void name_fewer(struct reply *rp, size_t keep)
{
        _cleanup_json_ json_t *body = json_loads(rp->body, 0, NULL);
        json_t *content = json_object_get(body, "content");

        if (json_array_size(content) <= keep)
                return;
        while (json_array_size(content) > keep)
                json_array_remove(content, json_array_size(content) - 1);
        free(rp->body);
        rp->body = json_dumps(body, JSON_COMPACT);
        if (!rp->body)
                abort();
        rp->body_len = strlen(rp->body);
}

static json_t *add(const char *name, unsigned template)
{
        (void)name, (void)template;
        return json_pack("{s:s}", "template", "1");
}

static const char *template_name(struct estate *estate, const struct resource *provider, unsigned i)
{
        return test_estate_text(estate, "%s-of-%s", i % 2 ? "large" : "small", provider->name);
}

static void describe(struct estate *estate, struct resource *provider, const struct machine_form *form,
                     struct machine_set *set)
{
        set->cpu = set->memory = 0;
        set->network.name = NULL;
        set->template.name = template_name(estate, provider, form->template);
        for (size_t i = 0; i < estate->n_resources; i++)
                if (estate->resources[i]->kind == &kind_machine_template &&
                    strcmp(estate->resources[i]->name, set->template.name) == 0)
                        set->template.resource = estate->resources[i];
}

static void prepare(struct estate *estate, struct resource *provider)
{
        for (unsigned i = 0; i < 2; i++) {
                struct resource *r = test_estate_add_template(estate, template_name(estate, provider, i), provider);

                r->machine_template->cpu = i + 1;
        }
}

const struct world_vendor world_opendcp = {
        .name = "opendcp",
        .simulator = &opendcp_simulator,
        .codec = &opendcp_provider,
        .path = "",
        .variants = { "actual" },
        .quick = true,
        .hides_work = true,
        .odd_states = { "4", "77" },
        .mend = "state",
        .mended = "1",
        .mischiefs = { { "room", "{\"machines\": 1}" }, { "room", "{\"machines\": 5}" } },
        .reset = { { "room", "{\"machines\": 1000000}" } },
        .count = count,
        .at = at,
        .find = find,
        .makes = makes,
        .name_fewer = name_fewer,
        .add = add,
        .describe = describe,
        .prepare = prepare,
};
