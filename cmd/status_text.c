/* SPDX-License-Identifier: MIT */
#include "cmd/status_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd/output.h"
#include "cmd/table.h"

void status_done(struct status *s)
{
        free(s->rows);
        machines_done(&s->machines);
        *s = (struct status){ 0 };
}

const char *ago_text(int64_t wall, int64_t now, char text[static UNITS_TEXT_MAX])
{
        return wall == 0 ? "-" : duration_roughly(now > wall ? (usec_t)(now - wall) * USEC_PER_SEC : 0, text);
}

static int add_row(struct table *t, const struct status_row *row, int64_t now)
{
        char phase[64], ready[64], since[UNITS_TEXT_MAX];

        (void)snprintf(phase, sizeof(phase), "%s%s%s%s", row->phase, *row->reason ? " (" : "", row->reason,
                       *row->reason ? ")" : "");
        (void)snprintf(ready, sizeof(ready), "%" PRId64 "/%" PRId64, row->ready, row->desired);

        return table_add(t, (const char *[]){ row->resource, row->provider, phase, ready,
                                              ago_text(row->since, now, since), row->message });
}

static int add_table(const struct status *s, int64_t now, struct buf *b)
{
        _cleanup_table_ struct table t = { .n_columns = 6 };
        int r;

        r = table_add(&t, (const char *[]){ "RESOURCE", "PROVIDER", "PHASE", "READY", "SINCE", "MESSAGE" });
        for (size_t i = 0; r >= 0 && i < s->n; i++)
                r = add_row(&t, &s->rows[i], now);

        return r < 0 ? r : table_print(&t, b);
}

int status_text(const struct status *s, int64_t now, struct buf *b)
{
        char age[UNITS_TEXT_MAX];
        int r = 0;

        if (s->at == 0 || (s->resource && s->n == 0))
                (void)buf_addf(b, "Nothing is known yet%s%s: 'muster apply' or 'muster agent' writes it down.\n",
                               s->resource ? " of " : "", s->resource ? s->resource : "");
        else
                r = add_table(s, now, b);
        if (r >= 0 && s->one) {
                (void)buf_addc(b, '\n');
                r = machines_text(&s->machines, b);
        }
        if (s->at != 0)
                (void)buf_addf(b, "\nAs of %s ago.\n", ago_text(s->at, now, age));

        return r < 0 ? r : b->failed;
}

json_t *status_row_json(const struct status_row *row)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "name", json_any_text(row->resource),
                         "provider", json_any_text(row->provider), "phase", json_any_text(row->phase), "reason",
                         json_any_text(*row->reason ? row->reason : NULL), "desired", (json_int_t)row->desired, "ready",
                         (json_int_t)row->ready, "message", json_any_text(row->message), "since",
                         json_any_time(row->since), "nextAttempt", json_any_time(row->next_attempt));
}

json_t *status_json(const struct status *s)
{
        _cleanup_json_ json_t *list = json_array(), *whole = NULL;

        for (size_t i = 0; i < s->n; i++)
                if (json_array_append_new(list, status_row_json(&s->rows[i])) < 0)
                        return NULL;

        whole = json_pack("{s:s, s:O}", "format", "muster.status/v1", "resources", list);
        if (s->one && json_object_set_new(whole, "machines", machines_json(&s->machines)) < 0)
                return NULL;

        return STEAL(whole);
}
