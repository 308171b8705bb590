/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cmd/plan_saved.h"
#include "tests/fuzz/fuzz.h"

static const char *text_of(const json_t *object, const char *field)
{
        return json_string_value(json_object_get(object, field));
}

static enum action_verb verb_of(const json_t *object)
{
        enum action_verb v = ACTION_CREATE;

        while (v <= ACTION_ADOPT && !text_equal(text_of(object, "action"), action_verb_text(v)))
                v++;
        must(v <= ACTION_ADOPT);
        return v;
}

/* The action as the planner would make it. */
static void check_action(const struct saved_plan *saved, const json_t *object)
{
        struct section section = { .resource = text_of(object, "resource"), .provider = text_of(object, "provider") };
        struct action action = {
                .verb = verb_of(object),
                .kind = text_of(object, "kind"),
                .name = text_of(object, "name"),
                .vendor_id = text_of(object, "vendorId"),
                .blocked = text_of(object, "blocked"),
        };
        struct plan plan = { .sections = &section, .n_sections = 1, .actions = &action, .n_actions = 1 };
        const json_t *changes = json_object_get(object, "changes");
        struct change_line lines[64];

        must(section.resource && section.provider && action.kind && action.name);
        action.changes = lines;
        must(json_is_array(changes) && json_array_size(changes) <= ARRAY_SIZE(lines));
        for (size_t i = 0; i < json_array_size(changes); i++)
                lines[action.n_changes++] = (struct change_line){
                        .field = text_of(json_array_get(changes, i), "field"),
                        .from = text_of(json_array_get(changes, i), "from"),
                        .to = text_of(json_array_get(changes, i), "to"),
                };
        must(saved_plan_holds(saved, &plan, &action) && saved_plan_approves(saved, &plan, &action));

        action.kind = "no kind that a plan has\n";
        must(!saved_plan_holds(saved, &plan, &action) || text_equal(text_of(object, "kind"), action.kind));
}

/* The input is a file that should be a saved plan. What it holds, and only that, is approved. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = fuzz_text(data, size);
        _cleanup_json_ json_t *json = NULL;
        _cleanup_(saved_plan_free_p) struct saved_plan *saved = NULL;
        struct error e = { "" };
        const json_t *actions;
        int r;

        if (json_parse(text, size, &json, NULL) < 0)
                return 0;

        r = saved_plan_parse(json, &saved, &e);
        if (r < 0) {
                must(r == -EBADMSG && *e.text);
                return 0;
        }

        must(saved_plan_check_specs(saved, text_of(json_object_get(json, "specs"), "digest"), NULL) == 0);
        actions = json_object_get(json, "actions");
        for (size_t i = 0; i < json_array_size(actions); i++)
                check_action(saved, json_array_get(actions, i));
        return 0;
}
