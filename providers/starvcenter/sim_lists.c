/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define FILTERS_MAX 12

/* The rows of a listing that were asked for: `n` of them from `first` on, counted from 0. */
struct window {
        size_t first, n;
};

/* A filter that the request makes use of. */
struct active {
        const struct sim_field *field;
        enum sim_match match;
        const char *value;
        char scratch[32]; /* where the value is a number */
};

void sim_rows_done(struct sim_rows *rows)
{
        for (size_t i = 0; i < rows->n_rows; i++)
                free(rows->rows[i].text);
        free(rows->rows);
}

static int add_row(struct sim_rows *rows, struct sim_item *i, char *text)
{
        struct sim_row *added = ARRAY_ADD(rows->rows, rows->n_rows, rows->allocated_rows);

        if (!added) {
                free(text);
                return -ENOMEM;
        }
        *added = (struct sim_row){ i, text };
        return 0;
}

int sim_rows_add(struct sim_rows *rows, struct sim_item *i)
{
        return add_row(rows, i, NULL);
}

int sim_rows_add_more(struct plain_call *c, struct sim_rows *rows, struct sim_item *i, json_t *more)
{
        _cleanup_json_ json_t *owned = more, *whole = NULL;
        const char *row = sim_item_row(c->s, i);

        if (!owned || !row || json_parse(row, strlen(row), &whole, NULL) < 0 || json_object_update(whole, owned) < 0)
                return -ENOMEM;
        return sim_rows_add_json(rows, json_incref(whole));
}

int sim_rows_add_json(struct sim_rows *rows, json_t *row)
{
        _cleanup_json_ json_t *owned = row;
        char *text = json_to_text(owned, JSON_COMPACT);

        return text ? add_row(rows, NULL, text) : -ENOMEM;
}

/* False: the start or the size of the page is none. */
static bool take_window(const struct plain_call *c, const struct sim_listing *l, struct window *ret)
{
        enum sim_paging paging = c->s->paging;
        int64_t start, size;

        *ret = (struct window){ .n = SIZE_MAX };
        if (l->needs_page && (!sim_param(c, "page.startnum") || !sim_param(c, "page.everypagenum")))
                return false;
        if (!l->paged || paging == PAGING_IGNORED ||
            (!sim_param(c, "page.startnum") && !sim_param(c, "page.everypagenum")))
                return true;
        if (!sim_number(c, "page.everypagenum", 1, SIM_PAGE_MAX, &size) ||
            !sim_number(c, "page.startnum", paging == PAGING_OFFSET0 ? 0 : 1, INT32_MAX, &start))
                return false;

        ret->n = (size_t)size;
        ret->first = (size_t)(paging == PAGING_PAGE      ? (start - 1) * size
                              : paging == PAGING_OFFSET1 ? start - 1
                                                         : start);
        return true;
}

static int print_row(struct plain_call *c, const struct sim_row *row, bool separate)
{
        const char *text = row->text ? row->text : sim_item_row(c->s, row->item);

        if (!text)
                return -ENOMEM;
        buf_adds(&c->out, separate ? "," : "");
        return buf_adds(&c->out, text);
}

static int print_rows(struct plain_call *c, const struct sim_listing *l, const struct sim_rows *rows, size_t first,
                      size_t end)
{
        int r = 0;

        for (size_t i = first; i < end && r == 0; i++) {
                struct sim_row row = { rows->all ? sim_item_at(c->s, l->kind, i) : NULL };

                r = print_row(c, rows->all ? &row : &rows->rows[i], i > first);
                if (r == 0 && i == first && c->how == PRETEND_DUPLICATE)
                        r = print_row(c, rows->all ? &row : &rows->rows[i], true);
        }
        return r;
}

int sim_say_rows(struct plain_call *c, const struct sim_listing *l, const struct sim_rows *rows)
{
        size_t total = rows->all ? c->s->things[l->kind].n_records : rows->n_rows, end;
        size_t most = c->how == PRETEND_EMPTY ? 0 : c->how == PRETEND_SHORT ? 2 : SIZE_MAX;
        bool quirks = c->s->quirks, bare;
        struct window w;
        int r;

        if (!take_window(c, l, &w))
                return sim_say_no(c, "page.startnum or page.everypagenum is missing or out of range");
        total = total < most ? total : most;
        w.first = w.first < total ? w.first : total;
        end = w.n < total - w.first ? w.first + w.n : total;
        bare = quirks && l->bare && end - w.first == 1 && c->how != PRETEND_DUPLICATE;

        buf_adds(&c->out, quirks ? "{\"result\":0" : "{\"result\":\"0\"");
        if (!quirks || end > w.first || l->nothing) {
                buf_adds(&c->out, ",\"data\":");
                if (quirks && end == w.first) {
                        buf_adds(&c->out, l->nothing);
                } else {
                        buf_adds(&c->out, bare ? "" : "[");
                        r = print_rows(c, l, rows, w.first, end);
                        if (r < 0)
                                return r;
                        buf_adds(&c->out, bare ? "" : "]");
                }
        }
        if (l->paged)
                buf_addf(&c->out, quirks ? ",\"dataCount\":%zu" : ",\"dataCount\":\"%zu\"", total);
        return buf_addc(&c->out, '}');
}

/* How many filters the request makes use of; those with an empty value are none. */
static size_t activate(const struct plain_call *c, const struct sim_listing *l,
                       struct active active[static FILTERS_MAX])
{
        size_t n = 0;

        for (const struct sim_filter *f = l->filters; f && f->key && n < FILTERS_MAX; f++) {
                struct active *a = &active[n];

                if (json_read_text(sim_param(c, f->key), a->scratch, &a->value) < 0)
                        continue;
                a->field = sim_field_find(l->kind, f->field);
                a->match = f->match;
                n++;
        }
        return n;
}

bool sim_is_one_of(const char *text, const char *list)
{
        size_t n = strlen(text);

        for (const char *part = list; n > 0; part += strcspn(part, ",") + 1) {
                if (strncmp(part, text, n) == 0 && (part[n] == ',' || part[n] == '\0'))
                        return true;
                if (!part[strcspn(part, ",")])
                        break;
        }
        return false;
}

static bool matches(const struct plain_call *c, const struct sim_item *i, const struct active *a)
{
        char scratch[32];
        const char *text = sim_field_text(i, a->field, scratch);

        switch (a->match) {
        case MATCH_NAME:
                return c->s->quirks ? strstr(text, a->value) != NULL : text_equal(text, a->value);
        case MATCH_PART:
                return strstr(text, a->value) != NULL;
        case MATCH_LETTER:
                return strcasecmp(text, a->value) == 0;
        case MATCH_ONE:
                return sim_is_one_of(a->value, text);
        case MATCH_LIST:
                return sim_is_one_of(text, a->value);
        case MATCH_WHOLE:
                break;
        }
        return text_equal(text, a->value);
}

static bool passes(const struct plain_call *c, const struct sim_item *i, const struct active *active, size_t n)
{
        for (size_t k = 0; k < n; k++)
                if (!matches(c, i, &active[k]))
                        return false;
        return sim_item_is_listed(i);
}

static int compare_names(const void *a, const void *b)
{
        const struct sim_item *x = ((const struct sim_row *)a)->item, *y = ((const struct sim_row *)b)->item;
        const struct sim_field *name = sim_field_find(x->kind, "name");
        char one[32], other[32];
        int order = strcmp(sim_field_text(x, name, one), sim_field_text(y, name, other));

        return order ? order : (x->record.serial > y->record.serial) - (x->record.serial < y->record.serial);
}

/* Things are listed in the order of their making unless another is asked for. False: there is no such order. */
static bool take_order(const struct plain_call *c, const struct sim_listing *l, bool *ret_by_name)
{
        const char *order = l->ordered ? sim_text(c, "search.orderby") : "";

        *ret_by_name = text_equal(order, "name");
        return *ret_by_name || !*order || text_equal(order, "createtime");
}

int sim_serve_listing(struct plain_call *c, const struct sim_listing *l)
{
        struct sim_rows rows _cleanup_sim_rows_ = {};
        struct active active[FILTERS_MAX];
        size_t n = activate(c, l, active);
        bool by_name;

        if (!take_order(c, l, &by_name))
                return sim_say_no(c, "search.orderby is neither createtime nor name");
        rows.all = n == 0 && !by_name;
        for (size_t i = 0; !rows.all && i < c->s->things[l->kind].n_records; i++) {
                struct sim_item *item = sim_item_at(c->s, l->kind, i);

                if (passes(c, item, active, n) && sim_rows_add(&rows, item) < 0)
                        return -ENOMEM;
        }
        if (by_name && rows.n_rows > 0)
                qsort(rows.rows, rows.n_rows, sizeof(struct sim_row), compare_names);
        return sim_say_rows(c, l, &rows);
}

int sim_serve_children(struct plain_call *c, const struct sim_listing *l, const struct sim_item *parent)
{
        struct sim_rows rows _cleanup_sim_rows_ = {};
        struct active active[FILTERS_MAX];
        size_t n = activate(c, l, active);

        for (struct sim_item *i = NULL; (i = sim_item_child(parent, l->kind, i));)
                if (passes(c, i, active, n) && sim_rows_add(&rows, i) < 0)
                        return -ENOMEM;
        return sim_say_rows(c, l, &rows);
}
