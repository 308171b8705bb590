/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/faults.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

const char *const call_classes[CALL_CLASSES + 1] = { "create",
                                                     "list",
                                                     "get",
                                                     "delete",
                                                     "start",
                                                     "shutdown",
                                                     "poweroff",
                                                     "cpu",
                                                     "memory",
                                                     "rename",
                                                     "reboot",
                                                     "lookup",
                                                     "template",
                                                     "template-delete",
                                                     "credit",
                                                     "login",
                                                     "disk",
                                                     "disk-delete",
                                                     "disk-attach",
                                                     "disk-detach",
                                                     "disk-resize",
                                                     "disk-label",
                                                     "disk-list",
                                                     "card",
                                                     "card-list",
                                                     "group",
                                                     "group-delete",
                                                     "group-list",
                                                     "bind",
                                                     "unbind",
                                                     "binding-list",
                                                     "rule",
                                                     "rule-delete",
                                                     "rule-list",
                                                     "retry",
                                                     "retry-list",
                                                     "balancer",
                                                     "balancer-change",
                                                     "balancer-delete",
                                                     "balancer-start",
                                                     "balancer-stop",
                                                     "balancer-list",
                                                     "certificate",
                                                     "backend",
                                                     "backend-change",
                                                     "backend-delete",
                                                     "backend-list",
                                                     "quota",
                                                     "network",
                                                     "network-change",
                                                     "network-delete",
                                                     "network-list",
                                                     "gate",
                                                     "mapping",
                                                     "mapping-delete",
                                                     "mapping-list",
                                                     "acl",
                                                     "acl-delete",
                                                     "acl-list",
                                                     "router",
                                                     "router-join",
                                                     "router-leave",
                                                     "backup",
                                                     "backup-change",
                                                     "backup-delete",
                                                     "backup-restore",
                                                     "backup-list",
                                                     "snapshot",
                                                     "snapshot-change",
                                                     "snapshot-delete",
                                                     "snapshot-restore",
                                                     "snapshot-list",
                                                     "other",
                                                     NULL };

static const char *const wide_classes[] = { "act", "any", NULL };

static const struct {
        const char *name;
        enum fault fault;
} fault_names[] = {
        { "drop-request", FAULT_DROP_REQUEST },
        { "drop-reply", FAULT_DROP_REPLY },
        { "hang", FAULT_HANG },
        { "hang-after", FAULT_HANG_AFTER },
        { "500", FAULT_500 },
        { "500-after", FAULT_500_AFTER },
        { "html", FAULT_HTML },
        { "429", FAULT_429 },
        { "503", FAULT_503 },
        { "redirect", FAULT_REDIRECT },
        { "refuse", FAULT_REFUSE },
        { "auth", FAULT_AUTH },
        { "empty", FAULT_EMPTY },
        { "short", FAULT_SHORT },
        { "duplicate", FAULT_DUPLICATE },
        { "truncate", FAULT_TRUNCATE },
        { "garbage", FAULT_GARBAGE },
        { "stale", FAULT_STALE },
};

static const char *find_name(const char *const *names, const char *name)
{
        for (; *names; names++)
                if (text_equal(*names, name))
                        return *names;
        return NULL;
}

bool call_class_lists(const char *class)
{
        const char *dash = strchr(class, '-');

        return text_equal(dash ? dash + 1 : class, "list");
}

bool call_class_acts(const char *class)
{
        static const char *const reads[] = { "get", "lookup", "login", "other", NULL };

        return !find_name(reads, class) && !call_class_lists(class);
}

void faults_done(struct faults *f)
{
        free(f->rules);
        *f = (struct faults){};
}

static int parse_class(const char *name, const char **ret, struct error *e)
{
        const char *class = find_name(call_classes, name);

        if (!class)
                class = find_name(wide_classes, name);
        if (!class)
                return error_set(e, -EINVAL, "there is no class of calls \"%s\"; 'muster-sim --help' lists them", name);
        *ret = class;
        return 0;
}

static int parse_calls(char *calls, struct fault_rule *rule, struct error *e)
{
        int64_t first, last;
        char *dash;

        rule->first = 1;
        rule->last = UINT64_MAX;
        if (!calls || text_equal(calls, "every"))
                return 0;

        dash = strchr(calls, '-');
        if (dash)
                *dash = '\0';
        if (text_to_int64(calls, &first) < 0 || text_to_int64(dash ? dash + 1 : calls, &last) < 0 || first < 1 ||
            last < first)
                return error_set(e, -EINVAL, "which calls is a number from 1, a range like 2-4, or every");
        rule->first = (uint64_t)first;
        rule->last = (uint64_t)last;
        return 0;
}

static int parse_fault(const char *word, struct fault_set *set, struct error *e)
{
        if (text_starts(word, "delay="))
                return duration_parse(word + strlen("delay="), &set->delay, e);
        for (size_t i = 0; i < ARRAY_SIZE(fault_names); i++)
                if (text_equal(fault_names[i].name, word)) {
                        set->faults |= fault_names[i].fault;
                        return 0;
                }
        return error_set(
                e, -EINVAL,
                "there is no fault \"%s\"; there are drop-request, drop-reply, hang, hang-after, 500, 500-after, "
                "html, 429, 503, redirect, refuse, auth, empty, short, duplicate, stale, truncate, garbage and "
                "delay=DURATION",
                word);
}

static int parse_faults(char *words, struct fault_set *set, struct error *e)
{
        int r;

        for (char *word; (word = strsep(&words, ","));) {
                r = parse_fault(word, set, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_rule(char *text, struct fault_rule *ret, struct error *e)
{
        char *words = text, *calls, *class;
        int r;

        calls = strsep(&words, "=");
        if (!words)
                return error_set(e, -EINVAL, "a rule is CLASS[:CALLS]=FAULT[,FAULT…], like create:3=drop-reply");
        class = strsep(&calls, ":");
        r = parse_class(class, &ret->class, e);
        if (r < 0)
                return r;
        r = parse_calls(calls, ret, e);
        return r < 0 ? r : parse_faults(words, &ret->set, e);
}

int faults_add(struct faults *f, const char *rule, struct error *e)
{
        _cleanup_free_ char *text = strdup(rule);
        struct fault_rule parsed = {}, *added;
        int r;

        if (!text)
                return error_oom(e);
        r = parse_rule(text, &parsed, e);
        if (r < 0)
                return r == -ENOMEM ? r : error_wrap(e, -EINVAL, "fault \"%s\"", rule);
        added = ARRAY_ADD(f->rules, f->n_rules, f->allocated_rules);
        if (!added)
                return error_oom(e);
        *added = parsed;
        return 0;
}

static bool holds_for(const struct fault_rule *rule, const char *class)
{
        return text_equal(rule->class, "any") || text_equal(rule->class, class) ||
               (text_equal(rule->class, "act") && call_class_acts(class));
}

struct fault_set faults_meet(struct faults *f, const char *class)
{
        struct fault_set set = {};

        for (size_t i = 0; i < f->n_rules; i++) {
                struct fault_rule *rule = &f->rules[i];

                if (!holds_for(rule, class))
                        continue;
                rule->met++;
                if (rule->met < rule->first || rule->met > rule->last)
                        continue;
                set.faults |= rule->set.faults;
                set.delay = usec_max(set.delay, rule->set.delay);
        }
        return set;
}

bool faults_know(const struct faults *f, enum fault fault)
{
        for (size_t i = 0; i < f->n_rules; i++)
                if (f->rules[i].set.faults & fault)
                        return true;
        return false;
}
