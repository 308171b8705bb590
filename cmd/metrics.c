/* SPDX-License-Identifier: MIT */
#include "cmd/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/plan.h"

static void begin(struct buf *b, const char *name, const char *type, const char *help)
{
        (void)buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* In a value a backslash, a quote and a line's end are escaped, and it is UTF-8. */
static void add_label(struct buf *b, const char *name, const char *value)
{
        _cleanup_buf_ struct buf shown = BUF_INIT((size_t)1 << 20);

        if (!text_is_utf8(value, strlen(value))) {
                (void)text_escape(&shown, value, SIZE_MAX);
                value = buf_text(&shown);
        }

        (void)buf_addf(b, "%s=\"", name);
        for (; *value; value++)
                switch (*value) {
                case '\\':
                        (void)buf_adds(b, "\\\\");
                        break;
                case '"':
                        (void)buf_adds(b, "\\\"");
                        break;
                case '\n':
                        (void)buf_adds(b, "\\n");
                        break;
                default:
                        (void)buf_addc(b, *value);
                        break;
                }
        (void)buf_addc(b, '"');
}

static const char *name_of(const struct metrics_provider *p)
{
        return p->view.provider->name;
}

static void add_of_provider(struct buf *b, const char *metric, const struct metrics_provider *p, uint64_t n)
{
        (void)buf_addf(b, "%s{", metric);
        add_label(b, "provider", name_of(p));
        (void)buf_addf(b, "} %" PRIu64 "\n", n);
}

static void add_agent(const struct metrics *m, struct buf *b)
{
        begin(b, "muster_build_info", "gauge", "Which muster this is.");
        (void)buf_adds(b, "muster_build_info{");
        add_label(b, "version", m->version);
        (void)buf_adds(b, "} 1\n");
        begin(b, "muster_ready", "gauge", "Whether /readyz says yes.");
        (void)buf_addf(b, "muster_ready %d\n", m->ready);
}

static void add_phases(const struct metrics *m, struct buf *b)
{
        begin(b, "muster_resources", "gauge", "Resources in each phase.");
        for (enum phase phase = 0; phase < PHASES; phase++) {
                size_t n = 0;

                for (size_t i = 0; i < m->n_rows; i++)
                        n += text_equal(m->rows[i].phase, phase_text(phase));
                (void)buf_adds(b, "muster_resources{");
                add_label(b, "phase", phase_text(phase));
                (void)buf_addf(b, "} %zu\n", n);
        }
}

static bool is_repeated(const struct metrics *m, size_t i)
{
        return i > 0 && text_equal(m->rows[i].resource, m->rows[i - 1].resource) &&
               text_equal(m->rows[i].provider, m->rows[i - 1].provider);
}

static void add_resources(const struct metrics *m, const char *metric, const char *help, bool ready, struct buf *b)
{
        begin(b, metric, "gauge", help);
        for (size_t i = 0; i < m->n_rows; i++) {
                const struct status_row *row = &m->rows[i];

                if (is_repeated(m, i))
                        continue; /* one series cannot have two values */
                (void)buf_addf(b, "%s{", metric);
                add_label(b, "resource", row->resource);
                (void)buf_addc(b, ',');
                add_label(b, "provider", row->provider);
                (void)buf_addf(b, "} %" PRId64 "\n", ready ? row->ready : row->desired);
        }
}

static void add_looks(const struct metrics *m, struct buf *b)
{
        begin(b, "muster_provider_readable", "gauge", "Whether the last look at the provider was complete.");
        for (size_t i = 0; i < m->n_providers; i++)
                add_of_provider(b, "muster_provider_readable", &m->providers[i], m->providers[i].view.readable);

        begin(b, "muster_provider_last_complete_look_timestamp_seconds", "gauge",
              "When the last complete look at the provider began.");
        for (size_t i = 0; i < m->n_providers; i++)
                if (m->providers[i].view.seen_at > 0)
                        add_of_provider(b, "muster_provider_last_complete_look_timestamp_seconds", &m->providers[i],
                                        (uint64_t)m->providers[i].view.seen_at);

        begin(b, "muster_provider_last_pass_duration_seconds", "gauge",
              "How long the last pass over the provider took, from its look to its last call.");
        for (size_t i = 0; i < m->n_providers; i++) {
                usec_t took = m->providers[i].view.pass_took;

                if (took == 0)
                        continue;
                (void)buf_adds(b, "muster_provider_last_pass_duration_seconds{");
                add_label(b, "provider", name_of(&m->providers[i]));
                (void)buf_addf(b, "} %" PRIu64 ".%06" PRIu64 "\n", took / USEC_PER_SEC, took % USEC_PER_SEC);
        }
}

/* What hangs on machines and is asked for in turn. */
static void add_details(const struct metrics *m, struct buf *b)
{
        begin(b, "muster_details_unknown", "gauge",
              "Questions for what hangs on a machine that were not answered yet: they are asked in turn.");
        for (size_t i = 0; i < m->n_providers; i++)
                if (m->providers[i].view.n_details > 0)
                        add_of_provider(b, "muster_details_unknown", &m->providers[i],
                                        m->providers[i].view.n_details - m->providers[i].view.n_details_known);
        begin(b, "muster_details_oldest_timestamp_seconds", "gauge",
              "When that question was asked that was asked longest ago.");
        for (size_t i = 0; i < m->n_providers; i++)
                if (m->providers[i].view.details_since > 0)
                        add_of_provider(b, "muster_details_oldest_timestamp_seconds", &m->providers[i],
                                        (uint64_t)m->providers[i].view.details_since);
}

static void add_calls(const struct metrics *m, struct buf *b)
{
        begin(b, "muster_calls_total", "counter",
              "Calls that act, by how they ended, since the agent's ledger was opened.");
        for (size_t i = 0; i < m->n_providers; i++)
                for (size_t k = 0; k < m->providers[i].view.n_tallies; k++) {
                        const struct call_tally *tally = &m->providers[i].view.tallies[k];

                        (void)buf_adds(b, "muster_calls_total{");
                        add_label(b, "provider", name_of(&m->providers[i]));
                        (void)buf_addc(b, ',');
                        add_label(b, "action", order_verb_words[tally->verb]);
                        (void)buf_addc(b, ',');
                        add_label(b, "outcome", tally->outcome);
                        (void)buf_addf(b, "} %" PRIu64 "\n", tally->n);
                }

        begin(b, "muster_requests_total", "counter", "Requests sent since the agent's ledger was opened.");
        for (size_t i = 0; i < 2 * m->n_providers; i++) {
                const struct metrics_provider *p = &m->providers[i / 2];
                bool acts = i % 2;

                (void)buf_adds(b, "muster_requests_total{");
                add_label(b, "provider", name_of(p));
                (void)buf_addc(b, ',');
                add_label(b, "type", acts ? "act" : "read");
                (void)buf_addf(b, "} %" PRIu64 "\n", acts ? p->view.acts : p->view.reads);
        }
}

static void add_waiting(const struct metrics *m, struct buf *b)
{
        begin(b, "muster_parked", "gauge", "Things that wait for a person: 'muster list' shows them.");
        for (size_t i = 0; i < m->n_providers; i++)
                add_of_provider(b, "muster_parked", &m->providers[i], m->providers[i].parked);
        begin(b, "muster_open_calls", "gauge", "Calls that may have gone out and whose outcome is not settled.");
        for (size_t i = 0; i < m->n_providers; i++)
                add_of_provider(b, "muster_open_calls", &m->providers[i], m->providers[i].open);
}

int metrics_text(const struct metrics *m, struct buf *b)
{
        add_agent(m, b);
        add_phases(m, b);
        add_resources(m, "muster_resource_desired", "How many there should be.", false, b);
        add_resources(m, "muster_resource_ready", "How many of them are ready.", true, b);
        add_looks(m, b);
        add_details(m, b);
        add_calls(m, b);
        add_waiting(m, b);
        return b->failed;
}
