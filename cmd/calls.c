/* SPDX-License-Identifier: MIT */
#include "cmd/calls.h"

#include <errno.h>
#include <stdio.h>

#include "cmd/output.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

#define WORDS_MAX 16384

const char *call_what(const struct history_row *row, char text[static CALL_WHAT_MAX])
{
        (void)snprintf(text, CALL_WHAT_MAX, "%s%s%s", row->verb, *row->field ? " " : "", row->field);
        return text;
}

const char *call_outcome(const struct history_row *row)
{
        static const struct {
                const char *state, *words;
        } open[] = {
                { "intent", "planned" },
                { "sending", "in flight" },
                { "accepted", "accepted" },
                { "unknown", "unknown" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(open); i++)
                if (text_equal(row->state, open[i].state))
                        return open[i].words;

        return row->outcome;
}

int calls_add_headings(struct table *t)
{
        return table_add(t, (const char *[]){ "TIME", "NAME", "WHAT", "OUTCOME", "ID", "REQUEST AND WORDS" });
}

static const char *or_dash(const char *s)
{
        return *s ? s : "-";
}

int calls_add(struct table *t, const struct history_row *row)
{
        _cleanup_buf_ struct buf words = BUF_INIT(WORDS_MAX);
        char what[CALL_WHAT_MAX], time[UNITS_TEXT_MAX];

        if (buf_addf(&words, "%s%s%s", row->request, *row->request && *row->note ? ": " : "", row->note) == -ENOMEM)
                return -ENOMEM;

        return table_add(t, (const char *[]){ time_text(row->made_at, time), or_dash(row->slot), call_what(row, what),
                                              call_outcome(row), or_dash(row->id), buf_text(&words) });
}

static json_t *text_or_null(const char *s)
{
        return json_any_text(*s ? s : NULL);
}

json_t *call_json(const struct history_row *row)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "time",
                         json_any_time(row->made_at), "machine", json_any_text(row->slot), "resource",
                         json_any_text(row->resource), "provider", json_any_text(row->account), "action",
                         json_any_text(row->verb), "field", text_or_null(row->field), "id", text_or_null(row->id),
                         "state", json_any_text(row->state), "outcome", text_or_null(row->outcome), "request",
                         text_or_null(row->request), "words", text_or_null(row->note), "ended",
                         json_any_time(row->resolved_at));
}
