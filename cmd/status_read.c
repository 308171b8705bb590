/* SPDX-License-Identifier: MIT */
#include "cmd/status_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "reconcile/base/text.h"
#include "reconcile/plan.h"

/* A pause is known at once, also where nobody works who would write it into the status. */
static int show_pauses(struct ledger *l, struct status_row *row, struct error *e)
{
        _cleanup_free_ char *provider = NULL, *policy = NULL;
        const char *names[3], *reason;

        if (asprintf(&provider, "%s/%s", kind_provider.name, row->provider) < 0 ||
            asprintf(&policy, "%s/%s", kind_policy.name, l->estate) < 0)
                return error_oom(e);

        names[0] = row->resource;
        names[1] = provider;
        names[2] = policy;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(4096);

                reason = ledger_paused(l, names[i]);
                if (!reason || text_equal(row->phase, phase_text(PHASE_PAUSED)))
                        continue;
                (void)buf_addf(&b, "%s is paused%s%s; 'muster resume %s' goes on", names[i], *reason ? ": " : "",
                               reason, names[i]);
                row->phase = phase_text(PHASE_PAUSED);
                row->reason = "";
                row->since = 0;
                row->message = ledger_string(l, buf_text(&b));
                if (!row->message)
                        return error_oom(e);
        }

        return 0;
}

static int compare(const void *a, const void *b)
{
        const struct status_row *x = a, *y = b;
        int r = text_natural_compare(x->resource, y->resource);

        return r != 0 ? r : text_natural_compare(x->provider, y->provider);
}

int status_read(struct ledger *l, struct status *ret, struct error *e)
{
        _cleanup_status_ struct status s = { 0 };
        int r;

        r = ledger_get_status(l, &s.rows, &s.n, &s.at, e);
        for (size_t i = 0; r >= 0 && i < s.n; i++)
                r = show_pauses(l, &s.rows[i], e);
        if (r < 0)
                return r;

        if (s.n > 0)
                qsort(s.rows, s.n, sizeof(*s.rows), compare);
        *ret = s;
        s = (struct status){ 0 };
        return 0;
}
