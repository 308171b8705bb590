/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about security groups and the cards in them. Where the document is silent: several groups may have one name; a group
 * that has cards cannot be deleted, and its rules go with it; a card that is in the group already stays there, and one that is
 * not cannot be taken out; of several cards all change or none; the cards of a locked machine change nothing, since a locked machine
 * takes no operation.
 */

static const struct sim_field group_fields[] = {
        SIM_ID("securitygroup.id", " securitygroup.id"),
        { "name", "securitygroup.name", " securitygroup.name", FIELD_TEXT, offsetof(struct sim_group, name) },
        { "description", "securitygroup.desc", NULL, FIELD_TEXT, offsetof(struct sim_group, description) },
        { "tenant", "securitygroup.appid", NULL, FIELD_TEXT, offsetof(struct sim_group, tenant) },
        { "tenantName", "securitygroup.appname", NULL, FIELD_TEXT, offsetof(struct sim_group, tenant_name),
          .style = STYLE_NULLABLE },
        { "created", "securitygroup.createtime", " securitygroup.createtime", SIM_CHARS(struct sim_item, created) },
        {},
};

const struct sim_kind sim_group_kind = {
        .noun = "group",
        .list = "groups",
        .next = "nextGroup",
        .prefix = "sg-",
        .size = sizeof(struct sim_group),
        .parent = SIM_NONE,
        .fields = group_fields,
};

static const struct sim_field binding_fields[] = {
        SIM_ID(NULL, NULL),
        { "card", NULL, NULL, FIELD_PARENT },
        { "group", NULL, NULL, FIELD_TEXT, offsetof(struct sim_binding, group) },
        { "created", NULL, NULL, SIM_CHARS(struct sim_item, created) },
        {},
};

const struct sim_kind sim_binding_kind = {
        .noun = "binding",
        .list = "bindings",
        .next = "nextBinding",
        .prefix = "binding-",
        .size = sizeof(struct sim_binding),
        .parent = SIM_CARDS,
        .fields = binding_fields,
};

int sim_serve_groups(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "securitygroup.id", "id", MATCH_WHOLE },
                { "securitygroup.name", "name", MATCH_NAME },
                {},
        };
        static const struct sim_listing listing = { SIM_GROUPS, filters, .paged = true, .nothing = "null",
                                                    .bare = true };

        return sim_serve_listing(c, &listing);
}

int sim_serve_group_create(struct plain_call *c)
{
        static const struct sim_check checks[] = {
                { "securitygroup.name", CHECK_TEXT, .needed = true },
                { "securitygroup.desc", CHECK_TEXT },
                { "securitygroup.appid", CHECK_TEXT },
                {},
        };
        _cleanup_(sim_item_free_p) struct sim_item *i = NULL;
        struct sim_item *tenant;
        struct sim_group *g;
        int r = 0;

        if (!sim_check(c, checks, c->body, &r))
                return r;
        tenant = sim_named(c, SIM_TENANTS,
                           *sim_text(c, "securitygroup.appid") ? sim_text(c, "securitygroup.appid") : SIM_TENANT, &r);
        if (!tenant)
                return r;
        i = sim_item_new(SIM_GROUPS);
        g = (struct sim_group *)i;
        if (!g || sim_fill(i, checks, c->body) < 0 || sim_text_set(&g->tenant, tenant->record.id) < 0 ||
            sim_text_set(&g->tenant_name, ((struct sim_tenant *)tenant)->name) < 0 ||
            sim_item_put(c->s, c->now, i, NULL) < 0)
                return -ENOMEM;
        i = NULL;
        return sim_say_made(c, "securitygroup.id", &g->item);
}

static struct sim_item *find_binding(const struct sim_item *card, const char *group)
{
        for (struct sim_item *i = NULL; (i = sim_item_child(card, SIM_BINDINGS, i));)
                if (text_equal(((struct sim_binding *)i)->group, group))
                        return i;
        return NULL;
}

bool sim_is_bound(const struct sim_item *machine, const char *group)
{
        for (const struct sim_item *card = NULL; (card = sim_item_child(machine, SIM_CARDS, card));)
                if (find_binding(card, group))
                        return true;
        return false;
}

/* The first binding of the group from number `*at` on, which moves on behind it; NULL: there is no more. */
static struct sim_item *next_binding(const struct simulation *s, const char *group, size_t *at)
{
        while (*at < s->things[SIM_BINDINGS].n_records) {
                struct sim_item *i = sim_item_at(s, SIM_BINDINGS, (*at)++);

                if (text_equal(((struct sim_binding *)i)->group, group))
                        return i;
        }
        return NULL;
}

void sim_unbind_all(struct simulation *s, const char *group)
{
        struct sim_item *i;

        for (size_t at = 0; (i = next_binding(s, group, &at)); at--)
                sim_item_remove(s, i);
}

int sim_serve_group_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_GROUPS, c->captures[0], &r);
        size_t at = 0;

        if (!i)
                return r;
        if (next_binding(c->s, i->record.id, &at))
                return sim_say_no(c, "the group has cards that are bound to it");
        sim_item_remove(c->s, i);
        return sim_done(c);
}

static int bind_card(struct plain_call *c, struct sim_item *card, const char *group)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = NULL;

        if (find_binding(card, group))
                return 0;
        i = sim_item_new(SIM_BINDINGS);
        if (!i || sim_text_set(&((struct sim_binding *)i)->group, group) < 0 || sim_item_put(c->s, c->now, i, card) < 0)
                return -ENOMEM;
        i = NULL;
        return 0;
}

/* Goes over the cards that are named: first only to see whether each can be changed. False: one cannot, and no is said. */
static bool change_cards(struct plain_call *c, const char *group, bool bind, bool act, int *ret)
{
        _cleanup_free_ char *names = strdup(sim_text(c, "vnic.id"));
        char *rest = names;

        *ret = names ? 0 : -ENOMEM;
        for (char *name; *ret == 0 && (name = strsep(&rest, ","));) {
                struct sim_item *card = sim_named(c, SIM_CARDS, name, ret), *binding;

                if (!card)
                        return false;
                binding = find_binding(card, group);
                if (act && bind)
                        *ret = bind_card(c, card, group);
                else if (act && binding)
                        sim_item_remove(c->s, binding);
                if (act)
                        continue;
                if (!sim_changeable(c, SIM_MACHINES, card->parent->record.id, ret))
                        return false;
                if (!bind && !binding) {
                        *ret = sim_say_no(c, "card %s is not bound to the group", name);
                        return false;
                }
        }
        return *ret == 0;
}

static int serve_cards(struct plain_call *c, bool bind)
{
        int r = 0;
        struct sim_item *group = sim_named(c, SIM_GROUPS, sim_text(c, "securitygroup.id"), &r);

        if (!group || !change_cards(c, group->record.id, bind, false, &r) ||
            !change_cards(c, group->record.id, bind, true, &r))
                return r;
        return sim_done(c);
}

int sim_serve_bind(struct plain_call *c)
{
        return serve_cards(c, true);
}

int sim_serve_unbind(struct plain_call *c)
{
        return serve_cards(c, false);
}

int sim_serve_bindings(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_CARDS, .paged = true, .bare = true };
        struct sim_rows rows _cleanup_sim_rows_ = {};
        const char *address = sim_text(c, "vnic.ipaddress");
        int r = 0;
        struct sim_item *group = sim_named(c, SIM_GROUPS, sim_text(c, "securitygroup.id"), &r), *i;

        if (!group)
                return r;
        for (size_t at = 0; (i = next_binding(c->s, group->record.id, &at));)
                if ((!*address || text_equal(address, ((struct sim_card *)i->parent)->address)) &&
                    sim_rows_add(&rows, i->parent) < 0)
                        return -ENOMEM;
        return sim_say_rows(c, &listing, &rows);
}
