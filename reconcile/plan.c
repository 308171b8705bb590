/* SPDX-License-Identifier: MIT */
#include "reconcile/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define LINE_MOST 2048 /* bytes of nearly every text of a plan */

const char *action_verb_text(enum action_verb v)
{
        static const char *const names[] = {
                [ACTION_CREATE] = "create", [ACTION_UPDATE] = "update", [ACTION_DELETE] = "delete",
                [ACTION_START] = "start",   [ACTION_STOP] = "stop",     [ACTION_REPLACE] = "replace",
                [ACTION_ATTACH] = "attach", [ACTION_DETACH] = "detach", [ACTION_ADOPT] = "adopt",
        };

        return names[v];
}

const char *phase_text(enum phase p)
{
        static const char *const names[] = {
                [PHASE_CONVERGED] = "converged", [PHASE_PROGRESSING] = "progressing", [PHASE_BLOCKED] = "blocked",
                [PHASE_FAILED] = "failed",       [PHASE_PAUSED] = "paused",           [PHASE_UNKNOWN] = "unknown",
        };

        return names[p];
}

const char *phase_reason_text(enum phase_reason r)
{
        static const char *const names[] = {
                [REASON_NONE] = NULL,   [REASON_LIMIT] = "limit",     [REASON_CONFLICT] = "conflict",
                [REASON_HELD] = "held", [REASON_PARKED] = "parked",   [REASON_CAPACITY] = "capacity",
                [REASON_AUTH] = "auth", [REASON_REFUSED] = "refused",
        };

        return names[r];
}

int plan_new(struct plan **ret)
{
        _cleanup_(plan_free_p) struct plan *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        p->strings = strpool_new();
        if (!p->strings)
                return -ENOMEM;
        p->next_due = USEC_INFINITY;
        *ret = STEAL(p);
        return 0;
}

struct plan *plan_free(struct plan *p)
{
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n_sections; i++) {
                free(p->sections[i].notes);
                free(p->sections[i].troubles);
        }
        free(p->sections);
        free(p->actions);
        free(p->diagnostics);
        free(p->remarks);
        free(p->providers);
        strpool_free(p->strings);
        free(p);
        return NULL;
}

/* The pool has noted that memory was lacking. */
static const char *kept_or_empty(const char *s)
{
        return s ? s : "";
}

const char *plan_string(struct plan *p, const char *format, ...)
{
        char line[LINE_MOST], *text;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof(line))
                return kept_or_empty(strpool_addn(p->strings, line, (size_t)n));
        text = n < 0 ? NULL : strpool_alloc(p->strings, (size_t)n + 1);
        if (!text) {
                plan_fail(p);
                return "";
        }
        va_start(ap, format);
        vsnprintf(text, (size_t)n + 1, format, ap);
        va_end(ap);
        return text;
}

const char *plan_words(struct plan *p, const struct buf *b)
{
        if (b->failed == -ENOMEM)
                plan_fail(p);
        return kept_or_empty(strpool_addn(p->strings, buf_text(b), b->len));
}

void plan_fail(struct plan *p)
{
        strpool_fail(p->strings);
}

int plan_check(const struct plan *p)
{
        return strpool_failed(p->strings) ? -ENOMEM : 0;
}

struct plan_counts plan_count(const struct plan *p)
{
        struct plan_counts counts = { 0 };

        for (size_t i = 0; i < p->n_actions; i++) {
                const struct action *a = &p->actions[i];

                if (a->blocked)
                        counts.blocked++;
                else if (a->verb == ACTION_CREATE)
                        counts.create++;
                else if (a->verb == ACTION_DELETE)
                        counts.delete ++;
                else
                        counts.update++;
        }
        return counts;
}

int64_t plan_errors(const struct plan *p)
{
        int64_t n = 0;

        for (size_t i = 0; i < p->n_sections; i++)
                for (size_t k = 0; k < p->sections[i].n_troubles; k++)
                        n += !p->sections[i].troubles[k].unknown;
        return n;
}

bool plan_has_actions(const struct plan *p)
{
        return p->n_actions > 0;
}

bool action_equal(const struct plan *a_plan, const struct action *a, const struct plan *b_plan, const struct action *b)
{
        const struct section *as = &a_plan->sections[a->section], *bs = &b_plan->sections[b->section];

        if (a->verb != b->verb || !text_equal(a->kind, b->kind) ||
            !text_equal(plan_action_name(a_plan, a), plan_action_name(b_plan, b)) ||
            !text_equal(as->resource, bs->resource) || !text_equal(as->provider, bs->provider) ||
            !text_equal(a->vendor_id, b->vendor_id) || !text_equal(a->blocked, b->blocked) ||
            a->n_changes != b->n_changes)
                return false;
        for (size_t i = 0; i < a->n_changes; i++)
                if (!text_equal(a->changes[i].field, b->changes[i].field) ||
                    !text_equal(a->changes[i].from, b->changes[i].from) ||
                    !text_equal(a->changes[i].to, b->changes[i].to))
                        return false;
        return true;
}

const struct action *plan_find_new(const struct plan *p, const struct plan *approved)
{
        size_t k = 0;

        /* Both are in the same order, so the search goes on where the last one ended. */
        for (size_t i = 0; i < p->n_actions; i++) {
                size_t tried = 0;

                while (tried < approved->n_actions &&
                       !action_equal(p, &p->actions[i], approved, &approved->actions[k % approved->n_actions])) {
                        tried++;
                        k++;
                }
                if (tried == approved->n_actions)
                        return &p->actions[i];
        }
        return NULL;
}

/* The room doubles whenever it is full, which is when the number is a power of two. */
int action_add_change(struct plan *p, struct action *a, const struct change_line *change)
{
        size_t n = a->n_changes;

        if ((n & (n - 1)) == 0) {
                struct change_line *changes = strpool_alloc(p->strings, (n ? 2 * n : 1) * sizeof(*changes));

                if (!changes)
                        return -ENOMEM;
                if (n)
                        memcpy(changes, a->changes, n * sizeof(*changes));
                a->changes = changes;
        }
        a->changes[a->n_changes++] = *change;
        return 0;
}

/* Where in the list the number is, or would be. Most are added in their order. */
static size_t depends_place(const struct depends *d, size_t number)
{
        size_t low = 0, high = d->n;

        if (d->n == 0 || d->of[d->n - 1] < number)
                return d->n;
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (d->of[middle] < number)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

bool depends_has(const struct depends *d, size_t number)
{
        size_t place = depends_place(d, number);

        return place < d->n && d->of[place] == number;
}

/* A list of its own with room for another one. */
static int depends_grow(struct plan *p, struct depends *d)
{
        size_t allocated = d->n ? 2 * d->n : 2;
        size_t *of = strpool_alloc(p->strings, allocated * sizeof(*of));

        if (!of)
                return -ENOMEM;
        if (d->n)
                memcpy(of, d->of, d->n * sizeof(*of));
        d->of = of;
        d->allocated = allocated;
        return 0;
}

int depends_add(struct plan *p, struct depends *d, size_t number)
{
        size_t place = depends_place(d, number);

        if (place < d->n && d->of[place] == number)
                return 0;
        if (d->n >= d->allocated && depends_grow(p, d) < 0)
                return -ENOMEM;
        memmove(d->of + place + 1, d->of + place, (d->n - place) * sizeof(*d->of));
        d->of[place] = number;
        d->n++;
        return 0;
}

int action_depends(struct plan *p, struct action *a, size_t number)
{
        return depends_add(p, &a->depends_on, number);
}

/* Many may go after the same many: they have one list. */
int action_depends_all(struct plan *p, struct action *a, const struct depends *d)
{
        int r = 0;

        if (a->depends_on.n == 0)
                a->depends_on = (struct depends){ .of = d->of, .n = d->n };
        else
                for (size_t i = 0; r >= 0 && i < d->n; i++)
                        r = action_depends(p, a, d->of[i]);
        return r;
}

/* The lists of a plan whose actions get other numbers. What several have in common they have after it, too. */
struct renumbering {
        struct plan *plan;
        const size_t *number; /* new ones by old ones; NULL: all move by `offset` */
        size_t offset;
        struct depends from, to; /* the last one */
};

static int renumber(struct renumbering *re, struct depends *d)
{
        struct depends to = { 0 };

        if (d->n == 0)
                return 0;
        if (d->of != re->from.of || d->n != re->from.n) {
                for (size_t i = 0; i < d->n; i++)
                        if (depends_add(re->plan, &to, re->number ? re->number[d->of[i]] : d->of[i] + re->offset) < 0)
                                return -ENOMEM;
                re->from = *d;
                re->to = to;
        }
        *d = (struct depends){ .of = re->to.of, .n = re->to.n };
        return 0;
}

/* Strings of a plan live in its pool; a copy brings its own. */
static const char *copy(struct plan *to, const char *s)
{
        return s ? strpool_add(to->strings, s) : NULL;
}

static int append_section(struct plan *to, const struct section *s)
{
        struct section *new = ARRAY_ADD(to->sections, to->n_sections, to->allocated_sections);

        if (!new)
                return -ENOMEM;
        *new = *s;
        new->notes = NULL;
        new->n_notes = new->allocated_notes = 0;
        new->troubles = NULL;
        new->n_troubles = new->allocated_troubles = 0;
        new->resource = copy(to, s->resource);
        new->provider = copy(to, s->provider);
        new->position.file = copy(to, s->position.file);
        new->headline = copy(to, s->headline);
        new->unknown = copy(to, s->unknown);
        new->message = copy(to, s->message);
        new->when_converged = copy(to, s->when_converged);
        for (size_t i = 0; i < s->n_notes; i++) {
                const char **note = ARRAY_ADD(new->notes, new->n_notes, new->allocated_notes);

                if (!note)
                        return -ENOMEM;
                *note = copy(to, s->notes[i]);
        }
        for (size_t i = 0; i < s->n_troubles; i++) {
                struct trouble *trouble = ARRAY_ADD(new->troubles, new->n_troubles, new->allocated_troubles);

                if (!trouble)
                        return -ENOMEM;
                *trouble = (struct trouble){ .unknown = s->troubles[i].unknown,
                                             .name = copy(to, s->troubles[i].name),
                                             .text = copy(to, s->troubles[i].text) };
        }
        return 0;
}

static int append_action(struct plan *to, const struct action *a, size_t section_offset, struct renumbering *re)
{
        struct action *new = ARRAY_ADD(to->actions, to->n_actions, to->allocated_actions);

        if (!new)
                return -ENOMEM;
        *new = *a;
        new->kind = copy(to, a->kind);
        new->name = copy(to, a->name);
        new->vendor_id = copy(to, a->vendor_id);
        new->summary = copy(to, a->summary);
        new->address = copy(to, a->address);
        new->reason = copy(to, a->reason);
        new->blocked = copy(to, a->blocked);
        new->waits = copy(to, a->waits);
        new->changes = NULL;
        new->n_changes = 0;
        for (size_t i = 0; i < a->n_changes; i++) {
                const struct change_line change = { .field = copy(to, a->changes[i].field),
                                                    .from = copy(to, a->changes[i].from),
                                                    .to = copy(to, a->changes[i].to) };

                if (action_add_change(to, new, &change) < 0)
                        return -ENOMEM;
        }
        new->section += section_offset;
        new->thing = NULL;
        new->wanted = (struct values){ 0 };
        new->key = NULL;
        new->serves = 0; /* for the making of the plan only */
        return renumber(re, &new->depends_on);
}

int plan_append(struct plan *to, const struct plan *from)
{
        struct renumbering re = { .plan = to, .offset = to->n_actions };
        size_t section_offset = to->n_sections;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < from->n_sections; i++)
                r = append_section(to, &from->sections[i]);
        for (size_t i = 0; r >= 0 && i < from->n_actions; i++)
                r = append_action(to, &from->actions[i], section_offset, &re);
        for (size_t i = 0; r >= 0 && i < from->n_diagnostics; i++) {
                struct plan_diagnostic *d = ARRAY_ADD(to->diagnostics, to->n_diagnostics, to->allocated_diagnostics);

                if (!d)
                        return -ENOMEM;
                *d = (struct plan_diagnostic){ .severity = from->diagnostics[i].severity,
                                               .resource = copy(to, from->diagnostics[i].resource),
                                               .message = copy(to, from->diagnostics[i].message) };
        }
        if (r >= 0)
                r = plan_check(to);
        to->unchanged += from->unchanged;
        to->unchanged_parts += from->unchanged_parts;
        to->orphaned += from->orphaned;
        to->foreign += from->foreign;
        to->unknown += from->unknown;
        return r;
}

/* Actions stand together by section; a section's key is its place. What others hang on comes before them. */
static int compare_sections(const struct section *a, const struct section *b)
{
        size_t a_kind = kind_order(kind_of(a->resource)), b_kind = kind_order(kind_of(b->resource));
        int r;

        if (!a->position.file != !b->position.file)
                return a->position.file ? -1 : 1;
        if (a_kind != b_kind)
                return a_kind < b_kind ? -1 : 1;
        r = text_natural_compare(a->resource, b->resource);
        return r ? r : strcmp(a->provider, b->provider);
}

const char *plan_action_name(const struct plan *p, const struct action *a)
{
        const char *resource = p->sections[a->section].resource, *slash = strchr(resource, '/');
        size_t n = slash ? strlen(slash + 1) : 0;

        return n && text_starts(a->name, slash + 1) && a->name[n] == '/' ? a->name + n + 1 : a->name;
}

int plan_sort(struct plan *p)
{
        _cleanup_free_ size_t *order = calloc(p->n_sections + 1, sizeof(*order)),
                              *place = calloc(p->n_sections + 1, sizeof(*place));
        _cleanup_free_ size_t *number = calloc(p->n_actions + 1, sizeof(*number));
        _cleanup_free_ struct section *sections = calloc(p->n_sections + 1, sizeof(*sections));
        _cleanup_free_ struct action *actions = calloc(p->n_actions + 1, sizeof(*actions));
        struct renumbering re = { .plan = p, .number = number };
        size_t n = 0;

        if (!order || !place || !number || !sections || !actions)
                return -ENOMEM;
        for (size_t i = 0; i < p->n_sections; i++) {
                size_t k = i;

                for (; k > 0 && compare_sections(&p->sections[i], &p->sections[order[k - 1]]) < 0; k--)
                        order[k] = order[k - 1];
                order[k] = i;
        }
        for (size_t i = 0; i < p->n_sections; i++) {
                place[order[i]] = i;
                sections[i] = p->sections[order[i]];
                for (size_t k = 0; k < p->n_actions; k++)
                        if (p->actions[k].section == order[i])
                                number[k] = n++;
        }
        for (size_t k = 0; k < p->n_actions; k++) {
                struct action *a = &actions[number[k]];

                *a = p->actions[k];
                a->section = place[a->section];
                if (renumber(&re, &a->depends_on) < 0)
                        return -ENOMEM;
        }
        if (p->n_sections > 0)
                memcpy(p->sections, sections, p->n_sections * sizeof(*sections));
        if (p->n_actions > 0)
                memcpy(p->actions, actions, p->n_actions * sizeof(*actions));
        return 0;
}
