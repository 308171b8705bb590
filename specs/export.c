/* SPDX-License-Identifier: MIT */
#include "specs/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "specs/check.h"
#include "specs/write.h"

#define NAME_CHARS_MAX 40
#define SUFFIX_CHARS_MAX 4
#define ORDINAL_MAX 99999
#define SLOT_BYTES_MAX 64
#define SHOWN_CHARS_MAX 100
#define VALUE_BYTES_MAX ((size_t)64 * 1024)

/* A machine on its way into a set. */
struct candidate {
        const struct row *row;
        const struct thing *thing; /* NULL: it is not muster's */
        const char *group;         /* the resource that owns it, or the stem of its name */
        struct values values;      /* what is known of it, of what this vendor can tell */
        bool stopped;
        const char *slot; /* the name that it gets in an `adopt`; NULL: none yet */
};

struct exporting {
        const struct export_input *in;
        struct strpool *strings;
        struct candidate *candidates;
        size_t n, allocated;
        struct strmap things; /* id -> struct thing * */
        struct strmap taken;  /* names of MachineSets */
        struct buf left_out;  /* comments */
};

static void exporting_done(struct exporting *ex)
{
        strmap_done(&ex->things);
        strmap_done(&ex->taken);
        buf_done(&ex->left_out);
        free(ex->candidates);
        strpool_free(ex->strings);
}

/* What is left of a machine's name without its number, as a MachineSet may be called. */
static const char *stem_of(struct exporting *ex, const char *name)
{
        char stem[NAME_CHARS_MAX + 1] = "";
        size_t end = strlen(name), n = 0;

        while (end > 0 && strchr("0123456789", name[end - 1]))
                end--;
        for (size_t i = 0; i < end && n + SUFFIX_CHARS_MAX < NAME_CHARS_MAX; i++) {
                char c = name[i];

                if (c >= 'A' && c <= 'Z')
                        c = (char)(c - 'A' + 'a');
                if (c >= 'a' && c <= 'z')
                        stem[n++] = c;
                else if (n > 0 && c >= '0' && c <= '9')
                        stem[n++] = c;
                else if (n > 0 && stem[n - 1] != '-')
                        stem[n++] = '-';
        }
        while (n > 0 && stem[n - 1] == '-')
                n--;
        stem[n] = '\0';

        /* A number may end the stem as well: rack-2-7. */
        while (machine_name_split(stem) > 0)
                stem[machine_name_split(stem)] = '\0';

        return strpool_add(ex->strings, *stem ? stem : ex->in->provider->name);
}

/* The number at the end of a machine's name, where a set would write it the same way; -1: none. */
static int64_t ordinal_of(const char *name)
{
        size_t n = machine_name_split(name);
        int64_t ordinal;

        if (n == 0 || text_to_int64(name + n + 1, &ordinal) < 0 || ordinal > ORDINAL_MAX)
                return -1;

        return ordinal;
}

/* What the vendor shows, and for the rest what muster made it with. */
static struct values values_of(const struct exporting *ex, const struct row *row, const struct thing *thing)
{
        struct values v = { 0 };

        for (const struct machine_support *s = ex->in->codec->machines; s->field; s++) {
                const struct field *field = field_find(kind_machine_set.fields, s->field);
                enum property f = field ? field->property : PROPERTY_NONE;
                const struct values *from = s->readback == READBACK_LISTED || !thing ? &row->values : &thing->made_with;

                if (f == PROPERTY_NONE || !values_known(from, f))
                        continue;
                if (property_is_number(f) && from->of[f].number < field->min)
                        continue; /* nothing that a spec could ask for: a bandwidth without a limit, shown as 0 */
                v.known |= 1u << f;
                v.of[f] = from->of[f];
        }

        return v;
}

/* A failed or parked machine is for a person to look at first; one that leaves is nobody's any more. */
static const char *why_left_out(const struct row *row, const struct thing *thing)
{
        if (thing && thing->state == THING_PARKED)
                return "is parked";
        if (thing && thing->state == THING_LEAVING)
                return "is being deleted";
        if (!thing && row->condition == CONDITION_FAILED)
                return "has failed";

        return NULL;
}

static int leave_out(struct exporting *ex, const struct row *row, const char *why)
{
        (void)buf_adds(&ex->left_out, "# Left out: ");
        (void)text_escape(&ex->left_out, row->id, SHOWN_CHARS_MAX);
        (void)buf_adds(&ex->left_out, " (");
        (void)text_escape(&ex->left_out, row->name, SHOWN_CHARS_MAX);
        return buf_addf(&ex->left_out, ") %s.\n", why);
}

static int add_candidate(struct exporting *ex, const struct row *row)
{
        const struct thing *thing = strmap_get(&ex->things, row->id);
        const char *why = why_left_out(row, thing);
        struct candidate *c;

        if (why)
                return leave_out(ex, row, why);

        c = ARRAY_ADD(ex->candidates, ex->n, ex->allocated);
        if (!c)
                return -ENOMEM;

        *c = (struct candidate){
                .row = row,
                .thing = thing,
                .group = thing ? thing->resource : stem_of(ex, row->name),
                .values = values_of(ex, row, thing),
                .stopped = !thing && row->condition == CONDITION_STOPPED,
        };
        return c->group ? 0 : -ENOMEM;
}

/* Names that a set of another provider has already, or that the ledger knows it by. */
static int take_names(struct exporting *ex)
{
        const struct export_input *in = ex->in;
        int r = 0;

        for (size_t i = 0; i < in->estate->n_resources && r >= 0; i++) {
                struct resource *other = in->estate->resources[i];

                if (other->kind == &kind_machine_set && resource_provider(other) != in->provider)
                        r = strmap_set(&ex->taken, other->name, other);
        }
        for (size_t i = 0; i < in->ledger->n_things && r >= 0; i++) {
                struct thing *t = in->ledger->things[i];
                const char *slash = strchr(t->resource, '/');

                if (t->state == THING_GONE || t->type != TYPE_MACHINE)
                        continue;
                r = strmap_set(&ex->taken, slash ? slash + 1 : t->resource, t);
                if (r >= 0 && *t->id && t->state != THING_RELEASED && text_equal(t->account, in->provider->name))
                        r = strmap_set(&ex->things, t->id, t);
        }

        return r;
}

static int compare_values(const struct values *a, const struct values *b)
{
        if (a->known != b->known)
                return a->known < b->known ? -1 : 1;

        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                int r;

                if (!values_known(a, f))
                        continue;
                if (property_is_number(f))
                        r = (a->of[f].number > b->of[f].number) - (a->of[f].number < b->of[f].number);
                else
                        r = text_natural_compare(a->of[f].text, b->of[f].text);
                if (r != 0)
                        return r;
        }

        return 0;
}

/* Members of one set: owned ones by what owns them, others by their stem and all that is known of them. */
static int compare_groups(const struct candidate *a, const struct candidate *b)
{
        int r = !a->thing - !b->thing;

        if (r == 0)
                r = text_natural_compare(a->group, b->group);
        if (r == 0 && !a->thing)
                r = compare_values(&a->values, &b->values);
        if (r == 0)
                r = a->stopped - b->stopped;

        return r;
}

static int compare_candidates(const void *left, const void *right)
{
        const struct candidate *a = left, *b = right;
        int r = compare_groups(a, b);

        if (r == 0)
                r = text_natural_compare(a->row->name, b->row->name);

        return r != 0 ? r : text_natural_compare(a->row->id, b->row->id);
}

/* "web", or where that is taken "web-b", "web-c", …: a number at the end would look like a machine's. */
static const char *free_name(struct exporting *ex, const char *stem)
{
        for (unsigned i = 0;; i++) {
                char name[NAME_CHARS_MAX + SUFFIX_CHARS_MAX + 1], suffix[SUFFIX_CHARS_MAX] = "";
                size_t at = sizeof(suffix) - 1;

                for (unsigned rest = i; rest > 0; rest /= 26)
                        suffix[--at] = (char)('a' + rest % 26);
                (void)snprintf(name, sizeof(name), "%s%s%s", stem, i > 0 ? "-" : "", i > 0 ? suffix + at : "");
                if (!strmap_get(&ex->taken, name)) {
                        const char *kept = strpool_add(ex->strings, name);

                        return kept && strmap_set(&ex->taken, kept, ex) >= 0 ? kept : NULL;
                }
        }
}

static const char *slot_text(struct exporting *ex, const char *set, int64_t ordinal)
{
        char slot[SLOT_BYTES_MAX];

        (void)snprintf(slot, sizeof(slot), "%s-%" PRId64, set, ordinal);
        return strpool_add(ex->strings, slot);
}

/* Gives the machine this name in the set, unless another one has it: 1 it has it now, 0, or -ENOMEM. */
static int take_slot(struct exporting *ex, struct strmap *slots, const char *set, struct candidate *c, int64_t ordinal)
{
        const char *slot = slot_text(ex, set, ordinal);
        int r = slot ? strmap_put(slots, slot, c) : -ENOMEM;

        if (r >= 0)
                c->slot = slot;

        return r == -EEXIST ? 0 : r < 0 ? r : 1;
}

/* A machine keeps the number of its name where it can; the others get the lowest that are free. */
static int give_slots(struct exporting *ex, struct candidate *candidates, size_t n, const char *set)
{
        _cleanup_strmap_ struct strmap slots = { 0 };
        int64_t next = 0;
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++) {
                int64_t ordinal = ordinal_of(candidates[i].row->name);

                if (ordinal >= 0)
                        r = take_slot(ex, &slots, set, &candidates[i], ordinal);
        }
        for (size_t i = 0; i < n && r >= 0; i++)
                while (r >= 0 && !candidates[i].slot)
                        r = take_slot(ex, &slots, set, &candidates[i], next++);

        return r < 0 ? r : 0;
}

static int compare_pairs(const void *left, const void *right)
{
        const struct pair *a = left, *b = right;

        return text_natural_compare(a->key, b->key);
}

static int set_adopt(struct exporting *ex, struct candidate *candidates, size_t n, const char *set, struct pairs *ret)
{
        struct pair *items = strpool_alloc(ex->strings, n * sizeof(*items));

        if (!items || give_slots(ex, candidates, n, set) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                items[i] = (struct pair){ .key = candidates[i].slot, .value = candidates[i].row->id };
        qsort(items, n, sizeof(*items), compare_pairs);

        *ret = (struct pairs){ .items = items, .n = n };
        return 0;
}

struct tally {
        size_t n;
        const struct candidate *first;
};

/* The machine whose value of a property most of them share; NULL: it is known of none. */
static int most_common(struct exporting *ex, const struct candidate *candidates, size_t n, enum property f,
                       struct tally *ret, size_t *ret_known)
{
        _cleanup_strmap_ struct strmap tallies = { 0 };

        *ret = (struct tally){ 0 };
        *ret_known = 0;
        for (size_t i = 0; i < n; i++) {
                struct values one = { .known = candidates[i].values.known & 1u << f };
                _cleanup_buf_ struct buf b = BUF_INIT(VALUE_BYTES_MAX);
                struct tally *tally;
                const char *key;

                if (!one.known)
                        continue;
                one.of[f] = candidates[i].values.of[f];
                if (values_to_text(&one, &b) < 0 || !(key = strpool_add(ex->strings, buf_text(&b))))
                        return -ENOMEM;
                tally = strmap_get(&tallies, key);
                if (!tally) {
                        tally = strpool_alloc(ex->strings, sizeof(*tally));
                        if (!tally || strmap_put(&tallies, key, tally) < 0)
                                return -ENOMEM;
                        tally->first = &candidates[i];
                }
                tally->n++;
                (*ret_known)++;
                if (tally->n > ret->n)
                        *ret = *tally;
        }

        return 0;
}

/* Puts a property into the spec; NULL takes it out. */
static void set_value(struct machine_set *set, const struct field *field, const struct values *v)
{
        void *place = (char *)set + field->offset;

        if (field->type == FIELD_COUNT || field->type == FIELD_SIZE)
                *(int64_t *)place = v ? v->of[field->property].number : 0;
        else if (field->type == FIELD_STRING)
                *(const char **)place = v ? v->of[field->property].text : NULL;
        else
                *(struct reference *)place = (struct reference){ .name = v ? v->of[field->property].text : NULL };
}

/* What the machines are, in the words of a spec. What the ledger or the vendor tells outranks what the spec said. */
static int set_values(struct exporting *ex, const struct candidate *candidates, size_t n, struct machine_set *set,
                      struct buf *comments)
{
        for (const struct machine_support *s = ex->in->codec->machines; s->field; s++) {
                const struct field *field = field_find(kind_machine_set.fields, s->field);
                struct tally common;
                size_t known;

                if (!field || field->property == PROPERTY_NONE)
                        continue;
                if (most_common(ex, candidates, n, field->property, &common, &known) < 0)
                        return -ENOMEM;
                if (common.n > 0)
                        set_value(set, field, &common.first->values);
                if (known > common.n)
                        (void)buf_addf(comments, "# %zu of them ha%s another %s.\n", known - common.n,
                                       known - common.n == 1 ? "s" : "ve", field->name);
        }

        return 0;
}

static bool has_value(const struct machine_set *set, const struct field *field)
{
        const void *place = (const char *)set + field->offset;

        if (field->type == FIELD_COUNT || field->type == FIELD_SIZE)
                return *(const int64_t *)place != 0;
        if (field->type == FIELD_STRING)
                return *(const char *const *)place;

        return ((const struct reference *)place)->name;
}

/* A field that stands in for another one is not written beside it. */
static void drop_stand_ins(const struct provider *codec, struct machine_set *set)
{
        for (const struct machine_support *s = codec->machines; s->field; s++)
                if (s->instead && has_value(set, field_find(kind_machine_set.fields, s->field)))
                        set_value(set, field_find(kind_machine_set.fields, s->instead), NULL);
}

/* One set out of `n` machines that belong together. */
static int write_set(struct exporting *ex, struct candidate *candidates, size_t n, struct buf *b)
{
        _cleanup_buf_ struct buf comments = BUF_INIT(b->max);
        const struct export_input *in = ex->in;
        bool owned = candidates[0].thing;
        const char *name = owned ? strchr(candidates[0].group, '/') + 1 : free_name(ex, candidates[0].group);
        const struct resource *spec = owned ? estate_find(in->estate, &kind_machine_set, name) : NULL;
        struct resource r = { 0 };
        struct machine_set set = { 0 };

        if (!name)
                return -ENOMEM;
        if (spec && resource_provider(spec) == in->provider) {
                r = *spec;
                set = *spec->machine_set;
        }

        r.kind = &kind_machine_set;
        r.name = name;
        r.machine_set = &set;
        set.count = (int64_t)n;
        set.provider = (struct reference){ .name = in->provider->name, .resource = (struct resource *)in->provider };
        if (!owned)
                set.power = candidates[0].stopped ? POWER_STOPPED : POWER_RUNNING;
        if (set_values(ex, candidates, n, &set, &comments) < 0 ||
            (!owned && set_adopt(ex, candidates, n, name, &set.adopt) < 0))
                return -ENOMEM;
        drop_stand_ins(in->codec, &set);

        (void)buf_addf(b, "---\n# %zu machine%s %s.\n%s", n, n == 1 ? "" : "s",
                       owned    ? "of muster's"
                       : n == 1 ? "that is not muster's; with this set it is adopted, as it is"
                                : "that are not muster's; with this set they are adopted, as they are",
                       buf_text(&comments));
        return write_document(b, &r, in->codec);
}

static int write_sets(struct exporting *ex, struct buf *b)
{
        int r = 0;

        if (ex->n > 0)
                qsort(ex->candidates, ex->n, sizeof(*ex->candidates), compare_candidates);
        for (size_t i = 0, end; i < ex->n && r >= 0; i = end) {
                for (end = i + 1; end < ex->n && compare_groups(&ex->candidates[i], &ex->candidates[end]) == 0;)
                        end++;
                r = write_set(ex, &ex->candidates[i], end - i, b);
        }

        return r;
}

int export_machine_sets(const struct export_input *in, struct buf *b, struct error *e)
{
        _cleanup_(exporting_done) struct exporting ex = {
                .in = in,
                .strings = strpool_new(),
                .left_out = BUF_INIT(b->max),
        };
        int r = ex.strings ? take_names(&ex) : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < in->machines->of[TYPE_MACHINE].n_rows; i++)
                r = add_candidate(&ex, &in->machines->of[TYPE_MACHINE].rows[i]);
        if (r >= 0)
                r = write_sets(&ex, b);
        if (r >= 0)
                r = buf_adds(b, buf_text(&ex.left_out));

        return r == -ENOMEM ? error_oom(e) : r < 0 ? error_set(e, r, "what is there is too much to write") : 0;
}
