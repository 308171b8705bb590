/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define STATUS_MAX (64 << 20)

static struct status_row row_of(const struct section *s)
{
        return (struct status_row){
                .resource = s->resource,
                .provider = s->provider,
                .phase = phase_text(s->phase),
                .reason = phase_reason_text(s->phase_reason) ? phase_reason_text(s->phase_reason) : "",
                .desired = s->desired,
                .ready = s->ready,
                .message = s->message,
                .next_attempt = s->next_attempt,
        };
}

static int gather(const struct engine *engine, struct status_row **ret, size_t *ret_n, struct buf *fingerprint)
{
        _cleanup_free_ struct status_row *rows = NULL;
        size_t n = 0, allocated = 0;

        for (size_t i = 0; i < engine->n_accounts; i++) {
                const struct plan *p = engine->accounts[i]->plan;

                for (size_t k = 0; p && k < p->n_sections; k++) {
                        struct status_row *row = ARRAY_ADD(rows, n, allocated);

                        if (!row)
                                return -ENOMEM;
                        *row = row_of(&p->sections[k]);
                        buf_addf(fingerprint, "%s %s %s %s %lld %lld %s\n", row->resource, row->provider, row->phase,
                                 row->reason, (long long)row->desired, (long long)row->ready, row->message);
                }
        }
        *ret = STEAL(rows);
        *ret_n = n;
        return fingerprint->failed;
}

/* A phase lasts since it began, not since it was last written. */
static void keep_since(struct status_row *rows, size_t n, const struct status_row *before, size_t n_before,
                       int64_t wall)
{
        for (size_t i = 0; i < n; i++) {
                rows[i].since = wall;
                for (size_t k = 0; k < n_before; k++)
                        if (text_equal(rows[i].resource, before[k].resource) &&
                            text_equal(rows[i].provider, before[k].provider) &&
                            text_equal(rows[i].phase, before[k].phase) && text_equal(rows[i].reason, before[k].reason))
                                rows[i].since = before[k].since;
        }
}

/* What was not selected is as it was. */
static int keep_others(struct status_row **rows, size_t *n, const struct status_row *before, size_t n_before)
{
        size_t n_new = *n, allocated = *n;

        for (size_t i = 0; i < n_before; i++) {
                struct status_row *row;
                size_t k = 0;

                while (k < n_new && !(text_equal((*rows)[k].resource, before[i].resource) &&
                                      text_equal((*rows)[k].provider, before[i].provider)))
                        k++;
                if (k < n_new)
                        continue;
                row = ARRAY_ADD(*rows, *n, allocated);
                if (!row)
                        return -ENOMEM;
                *row = before[i];
        }
        return 0;
}

void status_write(struct engine *engine)
{
        _cleanup_buf_ struct buf fingerprint = BUF_INIT(STATUS_MAX);
        _cleanup_free_ struct status_row *rows = NULL, *before = NULL;
        size_t n = 0, n_before = 0;
        struct error e = { 0 };
        int64_t at;
        int r;

        r = gather(engine, &rows, &n, &fingerprint);
        if (r >= 0 && text_equal(engine->status_written, buf_text(&fingerprint)))
                return;
        if (r >= 0)
                r = ledger_get_status(engine->ledger, &before, &n_before, &at, &e);
        if (r >= 0) {
                keep_since(rows, n, before, n_before, engine_wall(engine));
                r = engine->options.selects ? keep_others(&rows, &n, before, n_before) : 0;
        }
        if (r >= 0) {
                r = ledger_set_status(engine->ledger, rows, n, &e);
        }
        if (r < 0) {
                engine_break(engine, r, "the status could not be written: %s", e.text[0] ? e.text : "out of memory");
                return;
        }
        free(engine->status_written);
        engine->status_written = buf_steal(&fingerprint);
}
