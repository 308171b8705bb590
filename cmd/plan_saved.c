/* SPDX-License-Identifier: MIT */
#include "cmd/plan_saved.h"

#include <errno.h>
#include <string.h>

#include "cmd/file.h"
#include "cmd/plan_json.h"
#include "reconcile/base/array.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"

#define FORMAT_TEXT "muster.plan/v1"
#define KEY_MAX ((size_t)1 << 16)
#define TOLD_MAX 20
#define CHANGES_MAX 64 /* fields of one action; no kind has so many */

struct saved_plan {
        struct plan *plan;
        struct strmap by_name; /* a key -> number + 1 of the last action with it */
        size_t *before;        /* of each action the number + 1 of the one with the same key before it; 0: none */
};

struct saved_plan *saved_plan_free(struct saved_plan *s)
{
        if (!s)
                return NULL;

        strmap_done(&s->by_name);
        plan_free(s->plan);
        free(s->before);
        free(s);
        return NULL;
}

int saved_plan_write(const char *path, const struct plan *p, struct error *e)
{
        _cleanup_json_ json_t *json = plan_json(p);

        return file_write_json(path, json, e);
}

/* Reading. The first thing that is wrong sticks; it is checked at the end of each action. */
struct reading {
        struct plan *plan;
        struct strmap sections; /* resource and provider -> number + 1 */
        size_t number;          /* of the action, from 1; 0: none yet */
        int failed;
        struct error *e;
};

static void reading_done(struct reading *in)
{
        plan_free(in->plan);
        strmap_done(&in->sections);
}

static void wrong(struct reading *in, const char *field)
{
        if (in->failed < 0)
                return;
        in->failed = in->number > 0
                             ? error_set(in->e, -EBADMSG, "its action number %zu has no valid %s", in->number, field)
                             : error_set(in->e, -EBADMSG, "it has no valid %s", field);
}

static const char *keep(struct reading *in, const char *s)
{
        const char *kept = strpool_add(in->plan->strings, s);

        if (!kept && in->failed == 0)
                in->failed = error_oom(in->e);

        return kept ? kept : "";
}

static const char *read_text(struct reading *in, const json_t *object, const char *field)
{
        const char *text = json_string_value(json_object_get(object, field));

        if (!text)
                wrong(in, field);

        return text ? keep(in, text) : "";
}

static const char *read_text_or_null(struct reading *in, const json_t *object, const char *field)
{
        return json_is_null(json_object_get(object, field)) ? NULL : read_text(in, object, field);
}

static enum action_verb read_verb(struct reading *in, const json_t *object)
{
        const char *text = read_text(in, object, "action");

        for (enum action_verb v = ACTION_CREATE; v <= ACTION_ADOPT; v++)
                if (text_equal(text, action_verb_text(v)))
                        return v;

        wrong(in, "action");
        return ACTION_CREATE;
}

static void read_changes(struct reading *in, const json_t *object, struct action *a)
{
        const json_t *changes = json_object_get(object, "changes");

        if (!json_is_array(changes) || json_array_size(changes) > CHANGES_MAX) {
                wrong(in, "changes");
                return;
        }

        for (size_t i = 0; i < json_array_size(changes); i++) {
                const json_t *change = json_array_get(changes, i);

                const struct change_line line = {
                        .field = read_text(in, change, "field"),
                        .from = read_text_or_null(in, change, "from"),
                        .to = read_text_or_null(in, change, "to"),
                };

                if (action_add_change(in->plan, a, &line) < 0 && in->failed == 0)
                        in->failed = error_oom(in->e);
        }
}

static size_t read_section(struct reading *in, const json_t *object)
{
        const char *resource = read_text(in, object, "resource"), *provider = read_text(in, object, "provider");
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
        struct section *s;
        uintptr_t number;

        (void)buf_addf(&key, "%zu %s%s", strlen(resource), resource, provider);
        if (key.failed < 0)
                wrong(in, "resource");
        number = (uintptr_t)strmap_get(&in->sections, buf_text(&key));
        if (number > 0 || in->failed < 0)
                return number > 0 ? number - 1 : 0;

        s = ARRAY_ADD(in->plan->sections, in->plan->n_sections, in->plan->allocated_sections);
        if (!s || strmap_set(&in->sections, keep(in, buf_text(&key)), (void *)(uintptr_t)in->plan->n_sections) < 0) {
                in->failed = error_oom(in->e);
                return 0;
        }
        *s = (struct section){ .resource = resource, .provider = provider };
        return in->plan->n_sections - 1;
}

static void read_action(struct reading *in, const json_t *object)
{
        struct action *a = ARRAY_ADD(in->plan->actions, in->plan->n_actions, in->plan->allocated_actions);

        if (!a) {
                in->failed = error_oom(in->e);
                return;
        }
        *a = (struct action){
                .verb = read_verb(in, object),
                .kind = read_text(in, object, "kind"),
                .name = read_text(in, object, "name"),
                .vendor_id = read_text_or_null(in, object, "vendorId"),
                .blocked = read_text_or_null(in, object, "blocked"),
                .section = read_section(in, object),
        };
        read_changes(in, object, a);
}

/* The key under which equal actions are found: "star MachineSet/web web-3". Neither of the first two has a blank in it. */
static int key_of(const struct plan *p, const struct action *a, struct buf *key)
{
        const struct section *s = &p->sections[a->section];

        return buf_addf(key, "%s %s %s", s->provider, s->resource, plan_action_name(p, a));
}

static int index_actions(struct saved_plan *s, struct error *e)
{
        s->before = calloc(s->plan->n_actions + 1, sizeof(*s->before));
        if (!s->before)
                return error_oom(e);

        for (size_t i = 0; i < s->plan->n_actions; i++) {
                _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
                const char *kept = NULL;

                if (key_of(s->plan, &s->plan->actions[i], &key) >= 0)
                        kept = strpool_add(s->plan->strings, buf_text(&key));
                s->before[i] = kept ? (uintptr_t)strmap_get(&s->by_name, kept) : 0;
                if (!kept || strmap_set(&s->by_name, kept, (void *)(uintptr_t)(i + 1)) < 0)
                        return error_oom(e);
        }

        return 0;
}

static int read_plan(struct reading *in, const json_t *json)
{
        const json_t *actions = json_object_get(json, "actions");

        if (!text_equal(json_string_value(json_object_get(json, "format")), FORMAT_TEXT))
                return error_set(in->e, -EBADMSG, "its format is not " FORMAT_TEXT);

        in->plan->digest = read_text(in, json_object_get(json, "specs"), "digest");
        if (!json_is_array(actions))
                wrong(in, "list of actions");
        for (size_t i = 0; in->failed == 0 && i < json_array_size(actions); i++) {
                in->number = i + 1;
                read_action(in, json_array_get(actions, i));
        }

        return in->failed;
}

int saved_plan_parse(const json_t *json, struct saved_plan **ret, struct error *e)
{
        _cleanup_(saved_plan_free_p) struct saved_plan *s = calloc(1, sizeof(*s));
        _cleanup_(reading_done) struct reading in = { .e = e };
        int r;

        if (!s || plan_new(&in.plan) < 0)
                return error_oom(e);

        r = read_plan(&in, json);
        if (r < 0)
                return r;

        s->plan = STEAL(in.plan);
        r = index_actions(s, e);
        if (r < 0)
                return r;

        *ret = STEAL(s);
        return 0;
}

int saved_plan_read(const char *path, struct saved_plan **ret, struct error *e)
{
        _cleanup_json_ json_t *json = NULL;
        int r;

        r = file_read_json(path, &json, e);
        if (r < 0)
                return r;

        r = saved_plan_parse(json, ret, e);
        return r == -EBADMSG ? error_wrap(e, r, "%s is no plan that 'muster plan --out' saved", path) : r;
}

int saved_plan_check_specs(const struct saved_plan *s, const char *digest, struct error *e)
{
        if (text_equal(s->plan->digest, digest))
                return 0;

        return error_set(
                e, -EINVAL,
                "these specs are not those that the plan was made of (they are %.19s…, the plan's are %.19s…): "
                "nothing was done; save the plan anew with 'muster plan --out'",
                digest, s->plan->digest);
}

/* The number + 1 of the last action about the same thing; 0: none. */
static size_t last_about(const struct saved_plan *s, const struct plan *p, const struct action *a)
{
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);

        return key_of(p, a, &key) < 0 ? 0 : (uintptr_t)strmap_get(&s->by_name, buf_text(&key));
}

bool saved_plan_holds(const struct saved_plan *s, const struct plan *p, const struct action *a)
{
        for (size_t i = last_about(s, p, a); i > 0; i = s->before[i - 1])
                if (action_equal(p, a, s->plan, &s->plan->actions[i - 1]))
                        return true;

        return false;
}

bool saved_plan_approves(const struct saved_plan *s, const struct plan *p, const struct action *a)
{
        if (saved_plan_holds(s, p, a))
                return true;

        for (size_t i = last_about(s, p, a); i > 0 && a->verb == ACTION_CREATE; i = s->before[i - 1]) {
                const struct action *approved = &s->plan->actions[i - 1];

                if (approved->verb == ACTION_REPLACE && !approved->blocked && text_equal(approved->kind, a->kind))
                        return true;
        }

        return false;
}

size_t saved_plan_tell_new(const struct saved_plan *s, const struct plan *p)
{
        size_t n = 0;

        for (size_t i = 0; i < p->n_actions; i++) {
                const struct action *a = &p->actions[i];
                const struct section *section = &p->sections[a->section];

                if (saved_plan_holds(s, p, a))
                        continue;
                if (n++ < TOLD_MAX)
                        log_error("not in the saved plan: %s %s (%s on %s): %s%s%s", action_verb_text(a->verb),
                                  plan_action_name(p, a), section->resource, section->provider, a->reason,
                                  a->blocked ? "; blocked: " : "", a->blocked ? a->blocked : "");
        }
        if (n > TOLD_MAX)
                log_error("not in the saved plan: %zu more", n - TOLD_MAX);

        return n;
}
