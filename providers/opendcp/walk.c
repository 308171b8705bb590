/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "providers/opendcp/message.h"
#include "reconcile/base/array.h"
#include "reconcile/base/strmap.h"
#include "reconcile/base/text.h"

#define CAP 1000 /* rows of a list, at which it stops without a word */
#define HOURS_MAX INT32_MAX
#define NO_TIME "0001-01-01" /* how a time that is not set begins */

/* What a request asks for: its tag. Above these bits stands a template's id, or the number of its row. */
enum question { ASK_MACHINES, ASK_TEMPLATES, ASK_PARTS, ASK_MEMBERS, ASK_CREDIT, ASK_MACHINE, ASK_TEMPLATE };
#define QUESTION_BITS 3

enum step {
        STEP_LIST,    /* all machines in one list */
        STEP_CAPPED,  /* which stopped: the machines of each template are read as well */
        STEP_MEMBERS, /* that is under way */
};

/* A list that is being read. */
struct reading {
        struct observation *obs;
        struct strmap seen; /* ids of its rows */
        int64_t of;         /* the template whose machines were asked for; 0: any */
};

static void reading_done(struct reading *rd)
{
        strmap_done(&rd->seen);
}

static int ask(const struct account_config *account, enum question question, const char *path, uint64_t number,
               struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = opendcp_request(account, METHOD_GET, path, NULL, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, question | number << QUESTION_BITS, further, e);
}

/* "v1/cluster/7" */
static int ask_template(const struct account_config *account, enum question question, const char *before,
                        const char *id, uint64_t number, struct request_list *further, struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_adds(&path, before);
        r = opendcp_add_template(&path, id, e);
        return r < 0 ? r : ask(account, question, buf_text(&path), number, further, e);
}

static int ask_one(const struct account_config *account, const struct scope *scope, struct request_list *further,
                   struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        if (scope->of == TYPE_TEMPLATE)
                return ask_template(account, ASK_TEMPLATE, "v1/cluster/", scope->id, 0, further, e);
        buf_adds(&path, "v1/instance/");
        r = opendcp_add_machine(&path, scope->id, e);
        return r < 0 ? r : ask(account, ASK_MACHINE, buf_text(&path), 0, further, e);
}

int opendcp_look(const struct account_config *account, struct observation *obs, struct request_list *further,
                 struct error *e)
{
        int r = 0;

        if (obs->scope.type == SCOPE_ONE)
                return ask_one(account, &obs->scope, further, e);
        if (observation_covers(obs, TYPE_MACHINE))
                r = ask(account, ASK_MACHINES, "v1/instance/list", 0, further, e);
        if (r == 0 && observation_covers(obs, TYPE_TEMPLATE))
                r = ask(account, ASK_TEMPLATES, "v1/cluster", 0, further, e);
        return r;
}

#define STATUS_DELETED 5

/* 6 is being deleted, which is being at work. 4 and 7 stay as they are until somebody deletes the machine. */
static enum condition condition_of(int64_t status)
{
        switch (status) {
        case 0:
        case 2:
        case 3:
        case 6:
                return CONDITION_CHANGING;
        case 1:
                return CONDITION_RUNNING;
        case 4:
        case 7:
                return CONDITION_FAILED;
        default:
                return CONDITION_UNKNOWN;
        }
}

static int read_status(const struct json_node *machine, int64_t *ret, struct error *e)
{
        if (json_node_read_int64(json_node_member(machine, "Status"), ret) < 0)
                return error_set(e, -EBADMSG,
                                 "\"Status\" of a machine in the provider's reply is not what it should be");
        return 0;
}

/* The id of a template is a number there, and a text here. */
static int read_template_id(struct observation *obs, const struct json_node *template, const char *what, int64_t *ret,
                            const char **ret_text, struct error *e)
{
        char text[24];
        int64_t id;

        if (json_node_read_int64(json_node_member(template, "Id"), &id) < 0 || id < 1 || id > OPENDCP_TEMPLATE_MAX)
                return error_set(e, -EBADMSG, "a %s in the provider's reply has no \"Id\" that could be one", what);
        (void)snprintf(text, sizeof(text), "%" PRId64, id);
        *ret_text = observation_string(obs, text);
        if (!*ret_text)
                return error_oom(e);
        *ret = id;
        return 0;
}

static int read_created(struct observation *obs, const struct json_node *object, const char *what, const char **ret,
                        struct error *e)
{
        int r;

        r = api_read_text(obs, object, "CreateTime", what, ret, e);
        if (r == 0 && text_starts(*ret, NO_TIME))
                *ret = "";
        return r;
}

/* The address that the vendor itself reaches a machine at comes first. */
static int read_address(struct observation *obs, const struct json_node *machine, const char **ret, struct error *e)
{
        static const char *const keys[] = { "PrivateIpAddress", "PublicIpAddress", "NatIpAddress" };
        int r = 0;

        *ret = "";
        for (size_t i = 0; r == 0 && !**ret && i < ARRAY_SIZE(keys); i++)
                r = api_read_text(obs, machine, keys[i], "machine", ret, e);
        return r;
}

static int note_seen(struct reading *rd, const char *id, const char *what, struct error *e)
{
        int r;

        r = strmap_put(&rd->seen, id, (void *)id);
        if (r == -EEXIST)
                return error_set(e, -EBADMSG, "a list in the provider's reply shows a %s twice", what);
        return r < 0 ? error_oom(e) : 0;
}

/* In another list it may have been shown already, and must be the same machine there. */
static int add_machine(struct reading *rd, const struct row *row, struct error *e)
{
        const struct row *before = observation_find(rd->obs, TYPE_MACHINE, row->id);

        if (before && !text_equal(before->values.of[PROPERTY_TEMPLATE].text, row->values.of[PROPERTY_TEMPLATE].text))
                return error_set(e, -EBADMSG, "the provider's lists show a machine as made of two templates");
        return observation_add(rd->obs, TYPE_MACHINE, row) < 0 ? error_oom(e) : 0;
}

static int read_machine(struct reading *rd, const struct json_node *machine, struct error *e)
{
        struct row row = { 0 };
        int64_t status, template;
        const char *template_text;
        int r;

        if ((r = api_read_id(rd->obs, machine, "InstanceId", "machine", &row.id, e)) < 0 ||
            (r = read_status(machine, &status, e)) < 0 ||
            (r = read_created(rd->obs, machine, "machine", &row.created, e)) < 0 ||
            (r = read_address(rd->obs, machine, &row.address, e)) < 0 ||
            (r = read_template_id(rd->obs, json_node_member(machine, "Cluster"), "machine's template (\"Cluster\")",
                                  &template, &template_text, e)) < 0)
                return r;
        if (!opendcp_machine_id_valid(row.id))
                return error_set(e, -EBADMSG,
                                 "a machine in the provider's reply has an \"InstanceId\" with a comma or "
                                 "a slash, with which it could never be asked for");
        if (rd->of && rd->of != template)
                return error_set(e, -EBADMSG, "the provider's list of a template's machines shows one of another");
        r = note_seen(rd, row.id, "machine", e);
        if (r < 0 || status == STATUS_DELETED)
                return r;
        row.condition = condition_of(status);
        values_set_text(&row.values, PROPERTY_TEMPLATE, template_text);
        return add_machine(rd, &row, e);
}

static int read_template(struct reading *rd, const struct json_node *template, struct error *e)
{
        struct row row = { .condition = CONDITION_RUNNING };
        int64_t id;
        int r;

        if ((r = read_template_id(rd->obs, template, "template", &id, &row.id, e)) < 0 ||
            (r = api_read_text(rd->obs, template, "Name", "template", &row.name, e)) < 0 ||
            (r = read_created(rd->obs, template, "template", &row.created, e)) < 0 ||
            (r = note_seen(rd, row.id, "template", e)) < 0)
                return r;
        return observation_add(rd->obs, TYPE_TEMPLATE, &row) < 0 ? error_oom(e) : 0;
}

static int check_list(const struct json_node *content, struct error *e)
{
        return json_node_is_array(content) ? 0
                                           : error_set(e, -EBADMSG, "the content of the provider's reply is no list");
}

/* `of`: the template whose machines these are; 0: any. */
static int read_list(const struct json_node *content, struct observation *obs, int64_t of,
                     int (*read)(struct reading *rd, const struct json_node *row, struct error *e), struct error *e)
{
        _cleanup_(reading_done) struct reading rd = { .obs = obs, .of = of };
        size_t number = 0;
        int r;

        r = check_list(content, e);
        for (const struct json_node *row = json_node_first(content); row && r == 0; row = json_node_next(row)) {
                number++;
                r = read(&rd, row, e);
                if (r == -EBADMSG)
                        (void)error_wrap(e, r, "row %zu", number);
        }
        return r;
}

static int saw_machines(const struct json_node *content, struct observation *obs, struct error *e)
{
        if (json_node_count(content) >= CAP)
                obs->of[TYPE_MACHINE].step = STEP_CAPPED;
        return read_list(content, obs, 0, read_machine, e);
}

/* A list of one template's machines that is as long as lists get says nothing of the rest. */
static int saw_members(const struct json_node *content, int64_t template, struct observation *obs, struct error *e)
{
        obs->capped = obs->capped || json_node_count(content) >= CAP;
        return read_list(content, obs, template, read_machine, e);
}

static int saw_templates(const struct account_config *account, const struct json_node *content, struct observation *obs,
                         struct request_list *further, struct error *e)
{
        int r;

        obs->capped = obs->capped || json_node_count(content) >= CAP;
        r = read_list(content, obs, 0, read_template, e);
        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                const struct row *row = observation_find(obs, TYPE_TEMPLATE, obs->scope.details[i].id);

                if (row)
                        r = ask_template(account, ASK_CREDIT, "v1/organization/bill/", row->id,
                                         (uint64_t)(row - obs->of[TYPE_TEMPLATE].rows), further, e);
        }
        return r;
}

/* A machine of a template that is not listed may have companions that nobody shows. */
static bool some_template_is_missing(const struct observation *obs, const struct strmap *templates)
{
        const struct listed *machines = &obs->of[TYPE_MACHINE];

        for (size_t i = 0; i < machines->n_rows; i++)
                if (!strmap_get(templates, machines->rows[i].values.of[PROPERTY_TEMPLATE].text))
                        return true;
        return false;
}

/* The templates whose machines are read one template at a time. They are no rows: nobody may have asked for templates. */
static int saw_parts(const struct account_config *account, const struct json_node *content, struct observation *obs,
                     struct request_list *further, struct error *e)
{
        _cleanup_strmap_ struct strmap templates = { 0 };
        int r;

        r = check_list(content, e);
        if (r < 0 || json_node_count(content) >= CAP) {
                obs->capped = true;
                return r;
        }
        for (const struct json_node *row = json_node_first(content); row && r == 0; row = json_node_next(row)) {
                const char *text;
                int64_t id;

                r = read_template_id(obs, row, "template", &id, &text, e);
                if (r == 0 && strmap_set(&templates, text, (void *)text) < 0)
                        r = error_oom(e);
                if (r == 0)
                        r = ask_template(account, ASK_MEMBERS, "v1/instance/cluster/", text, (uint64_t)id, further, e);
        }
        obs->capped = obs->capped || some_template_is_missing(obs, &templates);
        return r;
}

/* What is left, in hours. It falls below zero when more was used than was given. */
static int saw_credit(const struct json_node *content, size_t number, struct observation *obs, struct error *e)
{
        int64_t hours;

        if (number >= obs->of[TYPE_TEMPLATE].n_rows ||
            json_node_read_int64(json_node_member(content, "credit"), &hours) < 0 || hours < -HOURS_MAX ||
            hours > HOURS_MAX)
                return error_set(e, -EBADMSG,
                                 "\"credit\" of a template in the provider's reply is not what it should be");
        values_set_number(&obs->of[TYPE_TEMPLATE].rows[number].values, PROPERTY_CREDIT, hours * (int64_t)USEC_PER_HOUR);
        return 0;
}

/* The one that was asked for; another one says nothing. */
static int saw_one(const struct json_node *content, struct observation *obs, struct error *e)
{
        _cleanup_(reading_done) struct reading rd = { .obs = obs };
        const struct listed *listed = &obs->of[obs->scope.of];
        int r;

        r = obs->scope.of == TYPE_TEMPLATE ? read_template(&rd, content, e) : read_machine(&rd, content, e);
        if (r == 0 && listed->n_rows && !text_equal(listed->rows[0].id, obs->scope.id))
                return error_set(e, -EBADMSG, "the provider's reply shows another one than was asked for");
        return r;
}

static int take_content(const struct account_config *account, const struct request *rq, const struct json_node *content,
                        struct observation *obs, struct request_list *further, struct error *e)
{
        enum question question = (enum question)(rq->tag & ((1u << QUESTION_BITS) - 1));
        uint64_t number = rq->tag >> QUESTION_BITS;

        switch (question) {
        case ASK_MACHINES:
                return saw_machines(content, obs, e);
        case ASK_MEMBERS:
                return saw_members(content, (int64_t)number, obs, e);
        case ASK_TEMPLATES:
                return saw_templates(account, content, obs, further, e);
        case ASK_PARTS:
                return saw_parts(account, content, obs, further, e);
        case ASK_CREDIT:
                return saw_credit(content, number, obs, e);
        default:
                return saw_one(content, obs, e);
        }
}

/* "No row found" for one thing could mean anything, so that it neither confirms nor contradicts; and a template may have no bill. */
static bool may_be_missing(const struct request *rq, const struct observation *obs)
{
        return obs->scope.type == SCOPE_ONE || (rq->tag & ((1u << QUESTION_BITS) - 1)) == ASK_CREDIT;
}

int opendcp_saw(const struct account_config *account, const struct request *rq, struct reply *rp,
                struct observation *obs, struct request_list *further, struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        int64_t code = OPENDCP_DONE;
        int r;

        if (!opendcp_speaks(rp))
                return reply_status_check(rp, e);
        r = opendcp_open(rp, &doc, &code, e);
        if (r == 1 && opendcp_is_service_error(rp, code) && may_be_missing(rq, obs))
                return 0;
        if (r != 0)
                return r == 1 ? -EBADMSG : r;
        return take_content(account, rq, json_node_member(json_root(doc), "content"), obs, further, e);
}

int opendcp_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
                 struct error *e)
{
        struct listed *machines = &obs->of[TYPE_MACHINE];
        int r;

        if (machines->step != STEP_CAPPED)
                return 0;
        machines->step = STEP_MEMBERS;
        r = ask(account, ASK_PARTS, "v1/cluster", 0, further, e);
        return r < 0 ? r : 1;
}
