/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/walk.h"

#include <errno.h>
#include <stdio.h>

#include "providers/opendcp/message.h"
#include "reconcile/base/text.h"

#define CAP 1000           /* rows of a list, at which it stops without a word */
#define TEMPLATES_MAX 1000 /* whose machines are read one by one */
#define HOURS_MAX 1000000000

/* What a request asks for: its tag. */
enum question { ASK_MACHINES, ASK_TEMPLATES, ASK_MEMBERS, ASK_CREDIT, ASK_MACHINE, ASK_TEMPLATE };
#define QUESTION_BITS 3

enum step {
        STEP_LIST,    /* all machines */
        STEP_CAPPED,  /* of which there are more than it shows: the templates are asked for */
        STEP_MEMBERS, /* and the machines of each */
};

static int ask(const struct account_config *account, enum question question, const char *path, uint64_t number,
               struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = opendcp_request(account, METHOD_GET, path, NULL, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, question | number << QUESTION_BITS, further, e);
}

/* "v1/cluster/7", with the row's number as the tag. */
static int ask_about(const struct account_config *account, enum question question, const char *before, const char *id,
                     uint64_t number, struct request_list *further, struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_adds(&path, before);
        r = api_add_id(&path, id, e);
        return r < 0 ? r : ask(account, question, buf_text(&path), number, further, e);
}

int opendcp_look(const struct account_config *account, struct observation *obs, struct request_list *further,
                 struct error *e)
{
        int r = 0;

        if (obs->scope.type == SCOPE_ONE)
                return obs->scope.of == TYPE_TEMPLATE
                               ? ask_about(account, ASK_TEMPLATE, "v1/cluster/", obs->scope.id, 0, further, e)
                               : ask_about(account, ASK_MACHINE, "v1/instance/", obs->scope.id, 0, further, e);
        if (observation_covers(obs, TYPE_MACHINE))
                r = ask(account, ASK_MACHINES, "v1/instance/list", 0, further, e);
        if (r == 0 && observation_covers(obs, TYPE_TEMPLATE))
                r = ask(account, ASK_TEMPLATES, "v1/cluster", 0, further, e);
        return r;
}

/* Deleted ones are not listed; being deleted is being at work. 4 and 7 stay as they are until somebody deletes them. */
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

#define STATUS_DELETED 5

static int read_status(const json_t *machine, int64_t *ret, struct error *e)
{
        if (json_read_int64(json_object_get(machine, "Status"), ret) < 0)
                return error_set(e, -EBADMSG,
                                 "\"Status\" of a machine in the provider's reply is not what it should be");
        return 0;
}

/* The template's id is a number there, and a text here. */
static int read_template_of(struct observation *obs, const json_t *machine, struct values *values, struct error *e)
{
        const char *id;
        int r;

        r = api_read_id(obs, json_object_get(machine, "Cluster"), "Id", "machine's template", &id, e);
        if (r == 0)
                values_set_text(values, PROPERTY_TEMPLATE, id);
        return r;
}

static int read_address(struct observation *obs, const json_t *machine, const char **ret, struct error *e)
{
        int r;

        r = api_read_text(obs, machine, "PrivateIpAddress", "machine", ret, e);
        return r == 0 && !**ret ? api_read_text(obs, machine, "PublicIpAddress", "machine", ret, e) : r;
}

static int read_machine(struct observation *obs, const json_t *machine, struct error *e)
{
        struct row row = { 0 };
        int64_t status;
        int r;

        if ((r = api_read_id(obs, machine, "InstanceId", "machine", &row.id, e)) < 0 ||
            (r = read_status(machine, &status, e)) < 0 ||
            (r = api_read_text(obs, machine, "CreateTime", "machine", &row.created, e)) < 0 ||
            (r = read_address(obs, machine, &row.address, e)) < 0 ||
            (r = read_template_of(obs, machine, &row.values, e)) < 0)
                return r;
        if (status == STATUS_DELETED)
                return 0;
        row.condition = condition_of(status);
        r = observation_add(obs, TYPE_MACHINE, &row);
        return r < 0 ? error_oom(e) : 0;
}

static int read_template(struct observation *obs, const json_t *template, struct error *e)
{
        struct row row = { .condition = CONDITION_RUNNING };
        int r;

        if ((r = api_read_id(obs, template, "Id", "template", &row.id, e)) < 0 ||
            (r = api_read_text(obs, template, "Name", "template", &row.name, e)) < 0 ||
            (r = api_read_text(obs, template, "CreateTime", "template", &row.created, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_TEMPLATE, &row);
        return r < 0 ? error_oom(e) : 0;
}

static int read_list(const json_t *content, struct observation *obs,
                     int (*read)(struct observation *obs, const json_t *row, struct error *e), struct error *e)
{
        int r = 0;

        if (!json_is_array(content))
                return error_set(e, -EBADMSG, "the provider's list is none");
        for (size_t i = 0; r == 0 && i < json_array_size(content); i++)
                r = read(obs, json_array_get(content, i), e);
        return r;
}

static int saw_machines(const json_t *content, struct observation *obs, struct error *e)
{
        int r;

        r = read_list(content, obs, read_machine, e);
        if (r == 0 && json_array_size(content) >= CAP)
                obs->of[TYPE_MACHINE].step = STEP_CAPPED;
        return r;
}

/* A list of one template's machines that is as long as lists get says nothing of the rest. */
static int saw_members(const json_t *content, struct observation *obs, struct error *e)
{
        obs->capped = obs->capped || json_array_size(content) >= CAP;
        return read_list(content, obs, read_machine, e);
}

static int saw_templates(const struct account_config *account, const json_t *content, struct observation *obs,
                         struct request_list *further, struct error *e)
{
        int r;

        r = read_list(content, obs, read_template, e);
        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                const struct row *row = observation_find(obs, TYPE_TEMPLATE, obs->scope.details[i]);

                if (row)
                        r = ask_about(account, ASK_CREDIT, "v1/organization/bill/", row->id,
                                      (uint64_t)(row - obs->of[TYPE_TEMPLATE].rows), further, e);
        }
        return r;
}

/* What is left, in hours. It falls below zero when more was used than was given. */
static int saw_credit(const json_t *content, size_t number, struct observation *obs, struct error *e)
{
        int64_t hours;

        if (number >= obs->of[TYPE_TEMPLATE].n_rows ||
            json_read_int64(json_object_get(content, "credit"), &hours) < 0 || hours > HOURS_MAX)
                return error_set(e, -EBADMSG,
                                 "\"credit\" of a template in the provider's reply is not what it should be");
        values_set_number(&obs->of[TYPE_TEMPLATE].rows[number].values, PROPERTY_CREDIT,
                          (hours < 0 ? 0 : hours) * (int64_t)USEC_PER_HOUR);
        return 0;
}

/* The one that was asked for; another one, or none, says nothing. */
static int saw_one(const json_t *content, struct observation *obs, struct error *e)
{
        const struct listed *listed = &obs->of[obs->scope.of];
        int r;

        r = obs->scope.of == TYPE_TEMPLATE ? read_template(obs, content, e) : read_machine(obs, content, e);
        if (r == 0 && listed->n_rows && !text_equal(listed->rows[0].id, obs->scope.id))
                return error_set(e, -EBADMSG, "the provider's reply shows another one than was asked for");
        return r;
}

int opendcp_saw(const struct account_config *account, const struct request *rq, struct reply *rp,
                struct observation *obs, struct request_list *further, struct error *e)
{
        enum question question = (enum question)(rq->tag & ((1u << QUESTION_BITS) - 1));
        _cleanup_json_ json_t *reply = NULL;
        const json_t *content;
        int64_t code = OPENDCP_DONE;
        int r;

        if (rp->status == 429 || rp->status == 503 || rp->status == 401 || rp->status == 403)
                return reply_status_check(rp, e);
        r = opendcp_open(rp, &reply, &code, e);
        if (obs->scope.type == SCOPE_ONE && (r == 1 || rp->status == 500))
                return 0; /* "no row found", or a server that broke down: it neither confirms nor contradicts */
        if (r != 0)
                return r == 1 ? -EBADMSG : r;
        content = json_object_get(reply, "content");
        switch (question) {
        case ASK_MACHINES:
                return saw_machines(content, obs, e);
        case ASK_MEMBERS:
                return saw_members(content, obs, e);
        case ASK_TEMPLATES:
                return saw_templates(account, content, obs, further, e);
        case ASK_CREDIT:
                return saw_credit(content, (size_t)(rq->tag >> QUESTION_BITS), obs, e);
        default:
                return saw_one(content, obs, e);
        }
}

static int ask_members(const struct account_config *account, struct observation *obs, struct request_list *further,
                       struct error *e)
{
        const struct listed *templates = &obs->of[TYPE_TEMPLATE];
        int r = 0;

        obs->of[TYPE_MACHINE].step = STEP_MEMBERS;
        if (templates->n_rows > TEMPLATES_MAX) {
                obs->capped = true;
                return 0;
        }
        for (size_t i = 0; r == 0 && i < templates->n_rows; i++)
                r = ask_about(account, ASK_MEMBERS, "v1/instance/cluster/", templates->rows[i].id, 0, further, e);
        return r < 0 ? r : templates->n_rows > 0;
}

int opendcp_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
                 struct error *e)
{
        struct listed *machines = &obs->of[TYPE_MACHINE];
        int r;

        if (machines->step != STEP_CAPPED)
                return 0;
        if (observation_covers(obs, TYPE_TEMPLATE) || obs->of[TYPE_TEMPLATE].step == STEP_CAPPED)
                return ask_members(account, obs, further, e);
        obs->of[TYPE_TEMPLATE].step = STEP_CAPPED;
        r = ask(account, ASK_TEMPLATES, "v1/cluster", 0, further, e);
        return r < 0 ? r : 1;
}
