/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * What a group or a balancer contains: two sorted lists, of what should be in it and of what is listed there, are merged. All that is
 * in a parent of ours is ours, whoever made it; what is elsewhere is never looked at. What is new is made before what is too
 * much goes, so that nothing is without cover in between.
 */

void parts_done(struct parts *parts)
{
        free(parts->items);
        parts->items = NULL;
}

struct part *parts_add(struct planning *pl, struct parts *parts)
{
        struct part *part = ARRAY_ADD(parts->items, parts->n, parts->allocated);

        if (!part)
                pl->failed = true;
        return part;
}

/* What is not known yet comes last; of equal ones the first counts, and to keep is the word that counts. */
static int compare_parts(const void *left, const void *right)
{
        const struct part *a = left, *b = right;
        int r;

        if (!a->key || !b->key)
                return !a->key != !b->key ? !a->key - !b->key : strcmp(a->slot, b->slot);
        r = strcmp(a->key, b->key);
        return r ? r : b->keeps - a->keeps;
}

static int compare_rows(const void *left, const void *right)
{
        const struct row *a = *(const struct row *const *)left, *b = *(const struct row *const *)right;
        int r = strcmp(a->name, b->name);

        return r ? r : text_natural_compare(a->id, b->id);
}

/* What is listed within the parent, sorted by what tells one from the other. */
static const struct row **rows_within(struct planning *pl, const struct parts *parts, size_t *ret_n)
{
        const struct listed *listed = &pl->in->machines->of[parts->type];
        const struct row **rows = calloc(listed->n_rows + 1, sizeof(struct row *));

        *ret_n = 0;
        if (!rows) {
                pl->failed = true;
                return NULL;
        }
        for (size_t i = 0; parts->parent && i < listed->n_rows; i++)
                if (text_equal(listed->rows[i].parent, parts->parent))
                        rows[(*ret_n)++] = &listed->rows[i];
        if (*ret_n > 1)
                qsort(rows, *ret_n, sizeof(*rows), compare_rows);
        return rows;
}

static struct action *add_action(struct planning *pl, const struct parts *parts, enum action_verb verb,
                                 const char *slot, const struct row *row, const char *reason)
{
        const struct slot named = { .type = parts->type, .name = slot ? slot : "" };
        struct action *a = slot ? planning_action(pl, verb, &named, reason) : NULL;

        if (!slot)
                pl->failed = true;
        if (a && row)
                a->vendor_id = plan_string(pl->plan, "%s", row->id);
        return a;
}

static bool is_under_way(const struct planning *pl, const struct parts *parts, const char *slot)
{
        return slot && strmap_get(&pl->census->calls[parts->type], slot);
}

/* Why nothing is added on the word of this list; NULL: it is believed. */
static const char *doubt(struct planning *pl, const struct parts *parts)
{
        const char *why = parts->parent ? observation_doubted(pl->in->machines, parts->type, parts->parent) : NULL;

        return why ? plan_string(pl->plan, "%s", why) : NULL;
}

static void make(struct planning *pl, const struct parts *parts, const struct part *part)
{
        struct action *a;

        if (part->keeps)
                return;
        if (is_under_way(pl, parts, part->slot)) {
                planning_section(pl)->waiting = true;
                return;
        }
        a = add_action(pl, parts, ACTION_CREATE, part->slot, NULL, part->reason);
        if (!a)
                return;
        a->order = ORDER_CREATE;
        a->key = part->key;
        a->wanted = part->wanted;
        a->summary = part->summary;
        a->waits = part->waits ? part->waits : doubt(pl, parts);
        a->given_up = part->waits && part->given_up;
        if (parts->unread)
                planning_block(
                        pl, a, REASON_CONFLICT,
                        plan_string(pl->plan,
                                    "%s is there and cannot be read: it may be this one in other words; look at the "
                                    "vendor's console, and delete it there if nobody needs it",
                                    parts->unread->id));
        if (part->machine)
                planning_depends(pl, a, part->machine - 1);
        if (part->made)
                planning_depends(pl, a, part->made - 1);
}

static void change(struct planning *pl, const struct parts *parts, const struct part *part, const struct row *row,
                   enum property f)
{
        const char *is = value_text(pl->plan, f, &row->values), *to = value_text(pl->plan, f, &part->wanted);
        struct action *a = add_action(pl, parts, ACTION_UPDATE, part->slot, row,
                                      plan_string(pl->plan, "%s is %s, spec says %s", property_name(f), is, to));

        if (!a)
                return;
        a->order = ORDER_CHANGE;
        a->field = f;
        a->key = part->key;
        a->wanted = part->wanted;
        planning_change(pl, a, property_name(f), is, to);
}

/* One that is there: what the vendor shows of it is as wanted, or is changed. */
static void compare(struct planning *pl, const struct parts *parts, const struct part *part, const struct row *row)
{
        if (is_under_way(pl, parts, part->slot) || row->condition == CONDITION_CHANGING) {
                planning_section(pl)->waiting = true;
                return;
        }
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++)
                if (values_known(&part->wanted, f) && values_known(&row->values, f) &&
                    !value_equal(f, &part->wanted, &row->values)) {
                        change(pl, parts, part, row, f);
                        return;
                }
        planning_part_unchanged(pl);
}

static void drop(struct planning *pl, const struct parts *parts, const struct row *row, const char *reason,
                 const char *waits)
{
        const char *slot = parts->name_row(pl, parts, row);
        struct action *a;

        if (is_under_way(pl, parts, slot)) {
                planning_section(pl)->waiting = true;
                return;
        }
        a = add_action(pl, parts, ACTION_DELETE, slot, row, reason);
        if (!a)
                return;
        a->order = ORDER_DELETE;
        a->key = plan_string(pl->plan, "%s", row->name);
        a->address = *row->address ? plan_string(pl->plan, "%s", row->address) : NULL;
        a->waits = waits;
}

/* Does the action make something, as far as nothing keeps it from that? What waits may wait for what goes. */
static bool is_made(const struct planning *pl, const struct action *a)
{
        const struct slot slot = { .type = a->type, .name = a->name };
        const struct retry *retry = planning_retry(pl, &slot, ORDER_CREATE, PROPERTY_NONE);

        return a->verb == ACTION_CREATE && !a->blocked && !a->waits && !(retry && retry->given_up);
}

/* What takes the place of a thing is there before that goes: else there would be nothing in between. */
static void note_made(struct planning *pl, size_t first, size_t end, struct depends *ret)
{
        for (size_t i = first; i < end; i++)
                if (is_made(pl, &pl->plan->actions[i]) && depends_add(pl->plan, ret, i) < 0)
                        pl->failed = true;
}

static void go_after(struct planning *pl, struct action *a, const struct depends *others, const char *waits)
{
        if (others->n == 0)
                return;
        if (action_depends_all(pl->plan, a, others) < 0)
                pl->failed = true;
        a->waits = a->waits ? a->waits : waits;
}

/* What nobody wants, and what is there twice. A row that does not say enough of itself is left alone. */
static void drop_surplus(struct planning *pl, const struct parts *parts, const struct row *const *rows, size_t n,
                         const bool *wanted, size_t first)
{
        struct depends made = { 0 };

        if (!parts->any_order)
                note_made(pl, first, pl->plan->n_actions, &made);
        for (size_t i = 0; i < n && !pl->failed; i++) {
                size_t before = pl->plan->n_actions;

                if (wanted[i])
                        continue;
                if (!*rows[i]->name || rows[i]->condition == CONDITION_UNKNOWN) {
                        planning_note(pl, plan_string(pl->plan, "%s shows too little of itself, and is left alone",
                                                      rows[i]->id));
                        continue;
                }
                drop(pl, parts, rows[i],
                     i > 0 && text_equal(rows[i - 1]->name, rows[i]->name) ? "it is there twice"
                                                                           : "no spec asks for it",
                     NULL);
                if (pl->plan->n_actions > before)
                        go_after(pl, &pl->plan->actions[before], &made, "what is new is added first");
        }
}

/* The first row that does not say enough of itself; NULL: all do. */
static const struct row *find_unread(const struct row *const *rows, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!*rows[i]->name || rows[i]->condition == CONDITION_UNKNOWN)
                        return rows[i];
        return NULL;
}

/* Nothing follows from a look that did not look into the parent: what came to be ours since is for the next one. */
static bool is_known_within(struct planning *pl, const struct parts *parts)
{
        if (!parts->parent || observation_covers_in(pl->in->machines, parts->type, parts->parent))
                return true;
        planning_section(pl)->waiting = true;
        planning_note(pl, plan_string(pl->plan, "what %s contains was not looked at yet", parts->parent));
        return false;
}

void plan_parts(struct planning *pl, struct parts *parts)
{
        size_t n, row = 0, first = pl->plan->n_actions;
        _cleanup_free_ const struct row **rows = rows_within(pl, parts, &n);
        _cleanup_free_ bool *wanted = calloc(n + 1, sizeof(*wanted));

        if (!rows || !wanted) {
                pl->failed = true;
                return;
        }
        if (!is_known_within(pl, parts))
                return;
        if (parts->unread_counts)
                parts->unread = find_unread(rows, n);
        if (parts->n > 1)
                qsort(parts->items, parts->n, sizeof(*parts->items), compare_parts);
        for (size_t i = 0; i < parts->n && !pl->failed; i++) {
                const struct part *part = &parts->items[i];

                if (i > 0 && part->key && text_equal(part->key, parts->items[i - 1].key))
                        continue;
                while (part->key && row < n && strcmp(rows[row]->name, part->key) < 0)
                        row++;
                if (part->key && row < n && text_equal(rows[row]->name, part->key)) {
                        wanted[row] = true;
                        compare(pl, parts, part, rows[row]);
                } else {
                        make(pl, parts, part);
                }
        }
        drop_surplus(pl, parts, rows, n, wanted, first);
}

/* What the parent's delete waits for besides what is in it. */
static const char *own_waits(const struct action *parent)
{
        return parent->served ? NULL : parent->waits;
}

/* What goes before the parent, action `number`, and is in it: those of the types that were planned before. */
static void note_served(struct planning *pl, size_t number, struct depends *ret)
{
        const struct depends *before = &pl->plan->actions[number].depends_on;

        for (size_t i = 0; i < before->n; i++)
                if (pl->plan->actions[before->of[i]].serves == number + 1 &&
                    depends_add(pl->plan, ret, before->of[i]) < 0)
                        pl->failed = true;
}

void plan_parts_leaving(struct planning *pl, struct parts *parts, size_t number)
{
        const char *waits = own_waits(&pl->plan->actions[number]);
        size_t n, first = pl->plan->n_actions;
        _cleanup_free_ const struct row **rows = rows_within(pl, parts, &n);
        bool known = is_known_within(pl, parts);
        struct depends others = { 0 };

        note_served(pl, number, &others);
        for (size_t i = 0; rows && known && i < n && !pl->failed; i++) {
                size_t before = pl->plan->n_actions;

                drop(pl, parts, rows[i], "what it is in goes", waits);
                if (pl->plan->n_actions == before)
                        continue;
                go_after(pl, &pl->plan->actions[before], &others, "what else is in it goes first");
                pl->plan->actions[before].serves = number + 1;
        }
        for (size_t i = first; i < pl->plan->n_actions; i++)
                planning_depends(pl, &pl->plan->actions[number], i);
        if ((known && n == 0) || pl->plan->actions[number].waits)
                return;
        pl->plan->actions[number].served = true;
        pl->plan->actions[number].waits = known ? "what is in it goes first" : "what is in it is looked at first";
}
