/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "providers/starvcenter/fields.h"
#include "providers/starvcenter/group.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "reconcile/rule.h"

/* What a request asks for: its tag, with the number of the detail that it is about below. Others' tags have none of this bit. */
#define ASK_GROUP ((uint64_t)1 << 60)
#define QUESTION_SHIFT 32
enum question { ASK_GROUPS, ASK_RULES, ASK_PENDING, ASK_BINDINGS, ASK_CARDS };

#define SETTINGS_MAX ((size_t)1 << 16)

const char *const group_names[] = {
        MESSAGE_NAMES,
        "securitygroup.id",
        "securitygroup.name",
        "securitygroup.desc",
        "securitygroup.appid",
        "securitygroup.createtime",
        "aclrule_id",
        "aclrule_srcip",
        "aclrule_target",
        "aclrule_direction",
        "aclrule_vmport",
        "aclrule_protocal",
        "aclrule_securitygroupid",
        "aclrule.id",
        "aclrule.srcip",
        "aclrule.target",
        "aclrule.direction",
        "aclrule.vmport",
        "aclrule.protocal",
        "aclrule.securitygroupid",
        "vnic.id",
        "vnic.vmid",
        NULL,
};

/* Asking. */

static int ask(const struct account_config *account, enum question question, size_t number, const char *path,
               const json_t *params, struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = message_request(account, METHOD_POST, path, params, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        rq.tag = ASK_GROUP | (uint64_t)question << QUESTION_SHIFT | number;
        return request_list_add(further, &rq, e);
}

/* With at most one parameter; `key` NULL: none. Without page fields listings show everything. */
static int ask_about(const struct account_config *account, enum question question, size_t number, const char *path,
                     const char *key, const char *value, struct request_list *further, struct error *e)
{
        _cleanup_json_ json_t *params = json_object();
        int r = params ? 0 : error_oom(e);

        if (r == 0 && key)
                r = message_put_text(params, key, value, e);
        return r < 0 ? r : ask(account, question, number, path, params, further, e);
}

int group_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
               struct error *e)
{
        if (!observation_covers(obs, TYPE_GROUP))
                return 0;
        return ask_about(account, ASK_GROUPS, 0, "cloudsegroup/search", NULL, NULL, further, e);
}

bool group_is_asked(const struct request *rq)
{
        return rq->tag & ASK_GROUP && rq->tag < ASK_GROUP << 1;
}

/* Those of the scope's groups that are there: nothing is asked about others. */
static int ask_details(const struct account_config *account, const struct observation *obs,
                       struct request_list *further, struct error *e)
{
        _cleanup_buf_ struct buf ids = BUF_INIT(SETTINGS_MAX);
        int r = 0;

        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                const struct detail *detail = &obs->scope.details[i];

                if (detail->of != TYPE_RULE && detail->of != TYPE_BINDING)
                        continue;
                if (!observation_find(obs, TYPE_GROUP, detail->id))
                        continue;
                if (detail->of == TYPE_RULE)
                        buf_addf(&ids, "%s%s", ids.len ? "," : "", detail->id);
                else
                        r = ask_about(account, ASK_BINDINGS, i, "cloudsegroup/vnic/search", "securitygroup.id",
                                      detail->id, further, e);
        }
        if (r < 0 || ids.len == 0)
                return r;
        if (ids.failed < 0)
                return error_set(e, ids.failed, "there are too many security groups");
        r = ask_about(account, ASK_RULES, 0, "cloudsegroup/rule/search", "aclrule.securitygroupid", buf_text(&ids),
                      further, e);
        return r;
}

static bool has_binding(const struct observation *obs, const char *group, const char *machine)
{
        const struct listed *bindings = &obs->of[TYPE_BINDING];

        for (size_t i = 0; i < bindings->n_rows; i++)
                if (text_equal(bindings->rows[i].parent, group) && text_equal(bindings->rows[i].traits, machine))
                        return true;
        return false;
}

/* The cards of machines that should be in the group and are not. */
static int ask_cards(const struct account_config *account, const struct observation *obs, const char *group,
                     struct request_list *further, struct error *e)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                const struct detail *detail = &obs->scope.details[i];

                if (detail->of == TYPE_CARD && text_equal(detail->within, group) &&
                    !has_binding(obs, group, detail->id))
                        r = ask_about(account, ASK_CARDS, i, "cloudvm/vnic/search", "vnic.vmid", detail->id, further,
                                      e);
        }
        return r;
}

/* Reading. */

/* The group's own fields, which cannot be changed, in the spec's words. */
static int read_settings(struct observation *obs, const char *description, const char *tenant, struct values *values)
{
        _cleanup_json_ json_t *settings = json_pack("{s:s, s:s}", "description", description, "tenant", tenant);
        _cleanup_buf_ struct buf text = BUF_INIT(SETTINGS_MAX);
        const char *kept;

        if (!settings || json_print(settings, JSON_COMPACT, &text) < 0)
                return -ENOMEM;
        kept = observation_string(obs, buf_text(&text));
        if (!kept)
                return -ENOMEM;
        values_set_text(values, PROPERTY_SPEC, kept);
        return 0;
}

static int read_group(struct observation *obs, const struct json_node *group, struct error *e)
{
        static const char what[] = "security group";
        const char *description = "", *tenant = "";
        struct row row = { .condition = CONDITION_RUNNING };
        int r;

        if ((r = field_id(obs, group, "securitygroup.id", what, &row.id, e)) < 0 ||
            (r = field_text(obs, group, "securitygroup.name", what, &row.name, e)) < 0 ||
            (r = field_text(obs, group, "securitygroup.createtime", what, &row.created, e)) < 0 ||
            (r = field_text(obs, group, "securitygroup.desc", what, &description, e)) < 0 ||
            (r = field_text(obs, group, "securitygroup.appid", what, &tenant, e)) < 0)
                return r;
        if (read_settings(obs, description, tenant, &row.values) < 0)
                return error_oom(e);
        values_set_number(&row.values, PROPERTY_PENDING, 0);
        r = observation_add(obs, TYPE_GROUP, &row);
        return r < 0 ? error_oom(e) : r;
}

/* What a rule says of itself, as it is printed. */
struct said {
        const char *direction, *protocol, *ports, *source, *target; /* "": not shown */
};

/* Replies are documented to write '_' where requests write '.', and one is as good as the other. */
static int rule_field(struct observation *obs, const struct json_node *rule, const char *key, const char *other,
                      const char **ret, struct error *e)
{
        int r;

        r = field_text(obs, rule, key, "rule", ret, e);
        return r < 0 || **ret ? r : field_text(obs, rule, other, "rule", ret, e);
}

/* What is not shown bounds nothing, and is as good as what stands for all. */
static bool is_all_ports(const struct said *said)
{
        return !*said->ports || text_equal(said->ports, "0:65535") || text_equal(said->ports, "0-65535");
}

static int understand(const struct said *said, struct rule *rule)
{
        int direction = rule_word(rule_direction_words, said->direction);
        int protocol = *said->protocol ? rule_word(rule_protocol_words, said->protocol) : RULE_ANY;
        int r = direction < 0 || protocol < 0 ? -EINVAL : 0;

        if (r < 0)
                return r;
        rule->direction = (enum rule_direction)direction;
        rule->protocol = (enum rule_protocol)protocol;
        if (protocol != RULE_ICMP && !is_all_ports(said)) /* whatever is printed there, ICMP has none */
                r = rule_add_ports(rule, said->ports, NULL);
        if (r == 0 && *said->source)
                r = rule_add_networks(&rule->from, said->source, false, NULL);
        if (r == 0 && *said->target)
                r = rule_add_networks(&rule->to, said->target, false, NULL);
        return r < 0 ? r : rule_finish(rule, NULL);
}

/* A rule that cannot be understood has no name: nothing is done about it, and nothing is added beside it. */
static int name_rule(struct observation *obs, const struct said *said, struct row *row)
{
        _cleanup_buf_ struct buf text = BUF_INIT(RULE_TEXT_MAX);
        _cleanup_rule_ struct rule rule = { 0 };
        int r;

        r = understand(said, &rule);
        if (r == 0)
                r = rule_print(&rule, &text);
        if (r == -ENOMEM)
                return r;
        row->condition = r < 0 ? CONDITION_UNKNOWN : CONDITION_RUNNING;
        row->name = observation_string(obs, r < 0 ? "" : buf_text(&text));
        return row->name ? 0 : -ENOMEM;
}

static int read_rule(struct observation *obs, const struct json_node *rule, struct error *e)
{
        struct said said = { 0 };
        struct row row = { 0 };
        int r;

        if (!json_node_is_object(rule))
                return error_set(e, -EBADMSG, "a rule in the provider's reply is not an object");
        if ((r = rule_field(obs, rule, "aclrule_id", "aclrule.id", &row.id, e)) < 0 ||
            (r = rule_field(obs, rule, "aclrule_securitygroupid", "aclrule.securitygroupid", &row.parent, e)) < 0 ||
            (r = rule_field(obs, rule, "aclrule_direction", "aclrule.direction", &said.direction, e)) < 0 ||
            (r = rule_field(obs, rule, "aclrule_protocal", "aclrule.protocal", &said.protocol, e)) < 0 ||
            (r = rule_field(obs, rule, "aclrule_vmport", "aclrule.vmport", &said.ports, e)) < 0 ||
            (r = rule_field(obs, rule, "aclrule_srcip", "aclrule.srcip", &said.source, e)) < 0 ||
            (r = rule_field(obs, rule, "aclrule_target", "aclrule.target", &said.target, e)) < 0)
                return r;
        if (!message_id_valid(row.id) || !message_id_valid(row.parent))
                return error_set(e, -EBADMSG,
                                 "a rule in the provider's reply does not say what it is, or of which group");
        if (name_rule(obs, &said, &row) < 0)
                return error_oom(e);
        r = observation_add(obs, TYPE_RULE, &row);
        return r < 0 ? error_oom(e) : r;
}

/* A rule that waits to come into effect; of another group than ours it is not listed. A rule waits once for each machine. */
static int read_pending(struct observation *obs, const struct json_node *issue, struct error *e)
{
        const char *id;
        const struct row *found, *group;
        struct row *rule;
        int r;

        r = field_id(obs, issue, "aclrule.id", "rule that is not in effect", &id, e);
        found = r < 0 ? NULL : observation_find(obs, TYPE_RULE, id);
        if (!found || found->condition != CONDITION_RUNNING) /* counted already, or nobody knows what it says */
                return r;
        rule = &obs->of[TYPE_RULE].rows[found - obs->of[TYPE_RULE].rows];
        rule->condition = CONDITION_CHANGING;
        group = observation_find(obs, TYPE_GROUP, rule->parent);
        if (group)
                obs->of[TYPE_GROUP].rows[group - obs->of[TYPE_GROUP].rows].values.of[PROPERTY_PENDING].number++;
        return 0;
}

static int read_binding(struct observation *obs, const char *group, const struct json_node *card, struct error *e)
{
        static const char what[] = "network card";
        _cleanup_buf_ struct buf id = BUF_INIT(SETTINGS_MAX);
        struct row row = { .parent = group, .condition = CONDITION_RUNNING };
        int r;

        if ((r = field_id(obs, card, "vnic.id", what, &row.name, e)) < 0 ||
            (r = field_id(obs, card, "vnic.vmid", what, &row.traits, e)) < 0)
                return r;
        if (buf_addf(&id, "%s %s", group, row.name) < 0 || !(row.id = observation_string(obs, buf_text(&id))))
                return error_oom(e);
        r = observation_add(obs, TYPE_BINDING, &row);
        return r < 0 ? error_oom(e) : r;
}

/* The search may match more loosely than it should: what is of another machine is none of this one's. */
static int read_card(struct observation *obs, const char *machine, const struct json_node *card, struct error *e)
{
        static const char what[] = "network card";
        struct row row = { .condition = CONDITION_RUNNING };
        int r;

        if ((r = field_id(obs, card, "vnic.id", what, &row.id, e)) < 0 ||
            (r = field_id(obs, card, "vnic.vmid", what, &row.parent, e)) < 0)
                return r;
        if (!text_equal(row.parent, machine))
                return 0;
        r = observation_add(obs, TYPE_CARD, &row);
        return r < 0 ? error_oom(e) : r;
}

static int read_one(struct observation *obs, enum question question, const char *id, const struct json_node *row,
                    struct error *e)
{
        switch (question) {
        case ASK_GROUPS:
                return read_group(obs, row, e);
        case ASK_RULES:
                return read_rule(obs, row, e);
        case ASK_PENDING:
                return read_pending(obs, row, e);
        case ASK_BINDINGS:
                return read_binding(obs, id, row, e);
        default:
                return read_card(obs, id, row, e);
        }
}

static int check_whole(const struct observation *obs, enum question question, const struct json_node *reply, size_t n,
                       struct error *e)
{
        static const struct {
                enum thing_type type;
                const char *what;
        } lists[] = {
                [ASK_GROUPS] = { TYPE_GROUP, "security group" },
                [ASK_RULES] = { TYPE_RULE, "rule" },
                [ASK_BINDINGS] = { TYPE_BINDING, "binding" },
        };

        if (question == ASK_PENDING || question == ASK_CARDS)
                return 0;
        return field_check_whole(reply, &obs->of[lists[question].type], n, lists[question].what, e);
}

int group_saw(const struct account_config *account, const struct request *rq, const struct json_node *reply,
              enum message_result result, struct observation *obs, struct request_list *further, struct error *e)
{
        enum question question = (enum question)(rq->tag >> QUESTION_SHIFT & 0xff);
        size_t number = (uint32_t)rq->tag, n = 0;
        const struct json_node *row = message_first_row(reply);
        const char *id = NULL;
        int r;

        /* A machine that is not there any more may be refused: it shows no cards, and nothing follows from that. */
        if (result == RESULT_FAILED)
                return question == ASK_CARDS ? 0 : -EBADMSG;
        if (question == ASK_BINDINGS || question == ASK_CARDS) {
                if (number >= obs->scope.n_details)
                        return error_set(e, -EBADMSG, "the provider's reply is to a question that nobody asked");
                id = obs->scope.details[number].id;
        }
        r = message_count_rows(reply, &n, e);
        for (size_t i = 0; r >= 0 && i < n; i++, row = json_node_next(row)) {
                r = read_one(obs, question, id, row, e);
                if (r < 0)
                        return error_wrap(e, r, "row %zu", i + 1);
        }
        if (r >= 0)
                r = check_whole(obs, question, reply, n, e);
        if (r == 0 && question == ASK_GROUPS)
                r = ask_details(account, obs, further, e);
        if (r == 0 && question == ASK_RULES)
                r = ask_about(account, ASK_PENDING, 0, "cloudsegroup/retryrule/search", NULL, NULL, further, e);
        if (r == 0 && question == ASK_BINDINGS)
                r = ask_cards(account, obs, id, further, e);
        return r;
}
