/* SPDX-License-Identifier: MIT */
#include "cmd/plan_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "cmd/output.h"
#include "reconcile/base/json.h"

#define MESSAGE_MAX ((size_t)1 << 13)

/* "a12", in the caller's buffer. */
static const char *action_id(size_t number, char id[static 32])
{
        (void)snprintf(id, 32, "a%zu", number + 1);
        return id;
}

static json_t *changes_json(const struct action *a)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < a->n_changes; i++)
                if (json_array_append_new(list,
                                          json_pack("{s:o, s:o, s:o}", "field", json_any_text(a->changes[i].field),
                                                    "from", json_any_text(a->changes[i].from), "to",
                                                    json_any_text(a->changes[i].to))) < 0)
                        return NULL;

        return STEAL(list);
}

static json_t *depends_json(const struct action *a)
{
        _cleanup_json_ json_t *list = json_array();
        char id[32];

        for (size_t i = 0; i < a->depends_on.n; i++)
                if (json_array_append_new(list, json_string(action_id(a->depends_on.of[i], id))) < 0)
                        return NULL;
        return STEAL(list);
}

static json_t *action_json(const struct plan *p, size_t number)
{
        const struct action *a = &p->actions[number];
        const struct section *s = &p->sections[a->section];
        char id[32];

        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", action_id(number, id),
                         "action", action_verb_text(a->verb), "kind", json_any_text(a->kind), "name",
                         json_any_text(plan_action_name(p, a)), "resource", json_any_text(s->resource), "provider",
                         json_any_text(s->provider), "vendorId", json_any_text(a->vendor_id), "reason",
                         json_any_text(a->reason), "changes", changes_json(a), "dependsOn", depends_json(a), "blocked",
                         json_any_text(a->blocked));
}

static json_t *actions_json(const struct plan *p)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < p->n_actions; i++)
                if (json_array_append_new(list, action_json(p, i)) < 0)
                        return NULL;

        return STEAL(list);
}

static json_t *summary_json(const struct plan *p)
{
        struct plan_counts counts = plan_count(p);

        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "create", (json_int_t)counts.create, "update",
                         (json_int_t)counts.update, "delete", (json_int_t)counts.delete, "blocked",
                         (json_int_t)counts.blocked, "unchanged", (json_int_t)p->unchanged, "orphaned",
                         (json_int_t)p->orphaned, "foreign", (json_int_t)p->foreign, "unknown", (json_int_t)p->unknown);
}

static json_t *requests_json(const struct plan *p)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < p->n_providers; i++) {
                const struct plan_provider *provider = &p->providers[i];

                if (json_object_set_new(object, provider->name,
                                        json_pack("{s:I, s:I}", "read", (json_int_t)provider->reads, "planned",
                                                  (json_int_t)provider->planned)) < 0)
                        return NULL;
        }

        return STEAL(object);
}

static int add_diagnostic(json_t *list, const char *severity, const char *resource, const char *message)
{
        return json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "severity", severity, "resource",
                                                     json_any_text(resource), "message", json_any_text(message)));
}

static int add_trouble(json_t *list, const struct section *s, const struct trouble *trouble)
{
        _cleanup_buf_ struct buf message = BUF_INIT(MESSAGE_MAX);

        if (buf_addf(&message, "%s: %s", trouble->name, trouble->text) < 0)
                return -1;
        return add_diagnostic(list, "error", s->resource, buf_text(&message));
}

/* What the text shows as a '?' or as a line below a resource is a diagnostic here. */
static int add_section_diagnostics(json_t *list, const struct section *s)
{
        if (s->unknown && add_diagnostic(list, "error", s->resource, s->unknown) < 0)
                return -1;
        for (size_t i = 0; i < s->n_troubles; i++)
                if (add_trouble(list, s, &s->troubles[i]) < 0)
                        return -1;
        for (size_t i = 0; i < s->n_notes; i++)
                if (add_diagnostic(list, "warning", s->resource, s->notes[i]) < 0)
                        return -1;

        return 0;
}

static json_t *diagnostics_json(const struct plan *p)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < p->n_diagnostics; i++) {
                const struct plan_diagnostic *d = &p->diagnostics[i];

                if (add_diagnostic(list, d->severity == PLAN_ERROR ? "error" : "warning", d->resource, d->message) < 0)
                        return NULL;
        }
        for (size_t i = 0; i < p->n_sections; i++)
                if (add_section_diagnostics(list, &p->sections[i]) < 0)
                        return NULL;

        return STEAL(list);
}

json_t *plan_json(const struct plan *p)
{
        return json_pack("{s:s, s:{s:s, s:I}, s:o, s:o, s:o, s:o}", "format", "muster.plan/v1", "specs", "digest",
                         p->digest, "resources", (json_int_t)p->n_resources, "summary", summary_json(p), "requests",
                         requests_json(p), "actions", actions_json(p), "diagnostics", diagnostics_json(p));
}
