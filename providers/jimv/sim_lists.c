/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * Listings, by page or by window, ordered and filtered. A filter is FIELD:OPERATOR:VALUE, several with a semicolon
 * between; one that is not known, or is no such thing, filters nothing. Texts compare without regard to case.
 */

#define DIGITS_MAX 17
#define PAGE_SIZE "50"
#define CONDITIONS_MAX 8

struct window {
        int64_t page, page_size, offset, limit;
};

struct condition {
        const struct column *column;
        const char *operator, * value;
};

struct query {
        const struct listing *listing;
        struct window window;
        const char *order_by, *order, *filter, *keyword; /* `keyword` NULL: not a search */
        const struct column *by;
        struct condition conditions[CONDITIONS_MAX];
        size_t n_conditions;
};

static const struct column *find_column(const struct listing *l, const char *name)
{
        for (const struct column *column = l->columns; column->name; column++)
                if (text_equal(column->name, name))
                        return column;
        return NULL;
}

static int64_t number_of(const struct record *r, const struct column *column)
{
        return *(const int64_t *)((const char *)r + column->offset);
}

static const char *text_of(const struct record *r, const struct column *column)
{
        const char *place = (const char *)r + column->offset;

        return column->type == COLUMN_STRING ? *(char *const *)place : place;
}

/* 1 to 17 digits, and nothing else; false: says no. */
static bool take_digits(struct plain_call *c, const char *key, const char *text, int64_t *ret, int *ret_r)
{
        size_t n = strlen(text);

        if (n < 1 || n > DIGITS_MAX || strspn(text, "0123456789") != n) {
                *ret_r = jimv_sim_no(c, 41209, key);
                return false;
        }
        *ret = 0;
        for (const char *digit = text; *digit; digit++)
                *ret = *ret * 10 + (*digit - '0');
        return true;
}

/* Offset and limit go before page and size. False: something is wrong, and is said. */
static bool take_window(struct plain_call *c, struct window *ret, int *ret_r)
{
        char offset[32], limit[32];

        if (!take_digits(c, "page", plain_call_parameter(c, "page", "1"), &ret->page, ret_r) ||
            !take_digits(c, "page_size", plain_call_parameter(c, "page_size", PAGE_SIZE), &ret->page_size, ret_r))
                return false;
        if (ret->page > INT32_MAX || ret->page_size > INT32_MAX) {
                *ret_r = jimv_sim_no(c, 41209, "page");
                return false;
        }
        (void)snprintf(offset, sizeof(offset), "%" PRId64, (ret->page - 1) * ret->page_size);
        (void)snprintf(limit, sizeof(limit), "%" PRId64, ret->page_size);
        return take_digits(c, "offset", plain_call_parameter(c, "offset", offset), &ret->offset, ret_r) &&
               take_digits(c, "limit", plain_call_parameter(c, "limit", limit), &ret->limit, ret_r);
}

/* A number where a number belongs, or a list of them. */
static bool fits_column(const struct column *column, const char *operator, const char * value)
{
        int64_t number;

        if (column->type != COLUMN_NUMBER)
                return true;
        if (text_equal(operator, "in") || text_equal(operator, "notin"))
                return value[strspn(value, "-,0123456789")] == '\0';
        return text_to_int64(value, &number) == 0;
}

/* False: a number is none, which is where the vendor falls over. */
static bool take_conditions(struct query *q, char *filter)
{
        for (char *dsl; q->n_conditions < CONDITIONS_MAX && (dsl = strsep(&filter, ";"));) {
                const char *field = strsep(&dsl, ":"), *operator= dsl ? strsep(&dsl, ":") : NULL;
                const struct column *column = find_column(q->listing, field);

                if (!dsl || !*dsl || !column || !column->filters)
                        continue;
                if (!fits_column(column, operator, dsl))
                        return false;
                q->conditions[q->n_conditions++] = (struct condition){ column, operator, dsl };
        }
        return true;
}

/* Reads and checks the whole query; `filter` is the caller's copy of that parameter. False: something is wrong,
 * and is said. */
static bool take_query(struct plain_call *c, struct query *q, char *filter, int *ret_r)
{
        if (!take_window(c, &q->window, ret_r))
                return false;
        q->order_by = plain_call_parameter(c, "order_by", "id");
        q->order = plain_call_parameter(c, "order", "asc");
        q->by = find_column(q->listing, q->order_by);
        if (!text_equal(q->order, "asc") && !text_equal(q->order, "desc"))
                *ret_r = jimv_sim_no(c, 41203, "order");
        else if (!q->by || q->window.page_size == 0 || !take_conditions(q, filter))
                *ret_r = jimv_sim_page(c, 500);
        else
                return true;
        return false;
}

static bool is_one_of(const struct record *r, const struct column *column, const char *values)
{
        char number[32];
        const char *text = number;

        if (column->type == COLUMN_NUMBER)
                (void)snprintf(number, sizeof(number), "%" PRId64, number_of(r, column));
        else
                text = text_of(r, column);
        for (; *values; values += strspn(values, ",")) {
                size_t n = strcspn(values, ",");

                if (strlen(text) == n && strncasecmp(text, values, n) == 0)
                        return true;
                values += n;
        }
        return false;
}

static int compare_value(const struct record *r, const struct column *column, const char *value)
{
        int64_t number = 0;

        if (column->type != COLUMN_NUMBER)
                return strcasecmp(text_of(r, column), value);
        (void)text_to_int64(value, &number);
        return number_of(r, column) < number ? -1 : number_of(r, column) > number;
}

static bool holds(const struct condition *condition, const struct record *r)
{
        const struct column *column = condition->column;
        const char *operator= condition->operator;

        if (text_equal(operator, "eq"))
                return compare_value(r, column, condition->value) == 0;
        if (text_equal(operator, "ne"))
                return compare_value(r, column, condition->value) != 0;
        if (text_equal(operator, "gt"))
                return compare_value(r, column, condition->value) > 0;
        if (text_equal(operator, "lt"))
                return compare_value(r, column, condition->value) < 0;
        if (text_equal(operator, "in"))
                return is_one_of(r, column, condition->value);
        if (text_equal(operator, "notin"))
                return !is_one_of(r, column, condition->value);
        if (text_equal(operator, "like") && column->type != COLUMN_NUMBER)
                return strcasestr(text_of(r, column), condition->value);
        return true;
}

static bool is_found(const struct query *q, const struct record *r)
{
        for (const struct column *column = q->listing->columns; column->name; column++)
                if (column->searched && strcasestr(text_of(r, column), q->keyword))
                        return true;
        return false;
}

static bool matches(const struct query *q, const struct record *r)
{
        for (size_t i = 0; i < q->n_conditions; i++)
                if (!holds(&q->conditions[i], r))
                        return false;
        return !q->keyword || is_found(q, r);
}

static int compare(const void *a, const void *b, void *userdata)
{
        const struct query *q = userdata;
        const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
        int order = q->by->type == COLUMN_NUMBER
                            ? (number_of(x, q->by) > number_of(y, q->by)) - (number_of(x, q->by) < number_of(y, q->by))
                            : strcasecmp(text_of(x, q->by), text_of(y, q->by));

        if (order == 0)
                return x->id < y->id ? -1 : 1;
        return text_equal(q->order, "asc") ? order : -order;
}

/* The records that match, in order, in `*ret_own`; without filter and order they are the table itself. */
static int choose(const struct query *q, struct record ***ret_own, size_t *ret_n)
{
        const struct records *t = q->listing->table;
        size_t n = 0;

        if (q->n_conditions == 0 && !q->keyword && text_equal(q->order_by, "id") && text_equal(q->order, "asc")) {
                *ret_n = t->n_records;
                return 0;
        }
        *ret_own = malloc((t->n_records + 1) * sizeof(struct record *));
        if (!*ret_own)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_records; i++)
                if (matches(q, t->records[i]))
                        (*ret_own)[n++] = t->records[i];
        qsort_r(*ret_own, n, sizeof(struct record *), compare, (void *)q);
        *ret_n = n;
        return 0;
}

static int add_link(struct plain_call *c, const struct query *q, const char *name, int64_t page)
{
        _cleanup_buf_ struct buf link = BUF_INIT(65536);
        _cleanup_json_ json_t *json = NULL;
        _cleanup_free_ char *text = NULL;

        jimv_sim_add_origin(c, &link);
        buf_addf(&link, "/%s%s?page=%" PRId64 "&page_size=%" PRId64 "&%s=%s&order=%s&order_by=%s", q->listing->path,
                 q->keyword ? "/_search" : "", page, q->window.page_size, q->keyword ? "keyword" : "filter",
                 q->keyword ? q->keyword : q->filter, q->order, q->order_by);
        json = json_string(buf_text(&link));
        text = json_to_text(json, JSON_ENCODE_ANY);
        return text ? buf_addf(&c->out, "\"%s\": %s, ", name, text) : -ENOMEM;
}

/* There is always a next page: after the last one, the last one again. */
static int add_paging(struct plain_call *c, const struct query *q, int64_t total)
{
        const struct window *w = &q->window;
        int64_t last = (total + w->page_size - 1) / w->page_size;

        buf_adds(&c->out, "], \"paging\": {");
        if (add_link(c, q, "first", 1) < 0 || add_link(c, q, "prev", w->page > 1 ? w->page - 1 : 1) < 0 ||
            add_link(c, q, "last", last) < 0 || add_link(c, q, "next", w->page < last ? w->page + 1 : last) < 0)
                return -ENOMEM;
        return buf_addf(&c->out,
                        "\"limit\": %" PRId64 ", \"offset\": %" PRId64 ", \"total\": %" PRId64 ", \"page\": %" PRId64
                        ", \"page_size\": %" PRId64 "}}",
                        w->limit, w->offset, total, w->page, w->page_size);
}

/* 0; 1: something else has been said; -ENOMEM. */
static int print_rows(struct plain_call *c, const struct query *q, struct record *const *records, size_t n)
{
        size_t first = (size_t)q->window.offset, most = (size_t)q->window.limit, printed = 0;

        for (size_t i = first; i < n && i - first < most; i++)
                for (int times = c->how == PRETEND_DUPLICATE && i == first ? 2 : 1; times > 0; times--) {
                        int r;

                        if (printed++ > 0)
                                buf_adds(&c->out, ", ");
                        r = q->listing->print(c, records[i]);
                        if (r != 0)
                                return r;
                }
        return 0;
}

static int say_rows(struct plain_call *c, const struct query *q, struct record *const *records, size_t n)
{
        size_t total = c->how == PRETEND_EMPTY ? 0 : c->how == PRETEND_SHORT && n > 2 ? 2 : n;
        int r;

        r = jimv_sim_ok_begin(c);
        if (r < 0)
                return r;
        buf_addc(&c->out, '[');
        r = print_rows(c, q, records, total);
        return r != 0 ? (r < 0 ? r : 0) : add_paging(c, q, (int64_t)total);
}

static int serve_query(struct plain_call *c, struct query *q)
{
        _cleanup_free_ struct record **own = NULL;
        _cleanup_free_ char *filter = NULL;
        size_t n;
        int r = 0;

        q->filter = plain_call_parameter(c, "filter", "");
        filter = strdup(q->filter);
        if (!filter)
                return -ENOMEM;
        if (!take_query(c, q, filter, &r))
                return r;
        r = choose(q, &own, &n);
        return r < 0 ? r : say_rows(c, q, own ? own : q->listing->table->records, n);
}

/* Era 0.8 falls over its own refusal, which has no rows to adorn. */
static int serve_checked(struct plain_call *c, struct query *q)
{
        int r = serve_query(c, q);

        if (r == 0 && c->s->era == ERA_0_8 && c->s->quirks && c->status == 412)
                return jimv_sim_page(c, 500);
        return r;
}

int jimv_sim_serve_listing(struct plain_call *c, const struct listing *l)
{
        struct query q = { .listing = l };

        return serve_checked(c, &q);
}

int jimv_sim_serve_search(struct plain_call *c, const struct listing *l)
{
        struct query q = { .listing = l, .keyword = plain_call_parameter(c, "keyword", "") };

        return serve_checked(c, &q);
}
