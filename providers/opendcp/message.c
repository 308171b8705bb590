/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/message.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define CORRELATION_MAX 64

static const struct {
        int64_t code;
        const char *words;
} meanings[] = {
        { OPENDCP_DONE, "the provider said no" },
        { OPENDCP_ERROR, "the provider could not do it" },
        { OPENDCP_SIZE, "the provider refuses a value as out of range" },
        { OPENDCP_INPUT, "the provider could not read what was sent" },
        { OPENDCP_MISSING, "the provider misses a parameter" },
};

/* By a part of the vendor's words, as they are spelt there, with the status and code that they come with. */
static const struct {
        int status;
        int64_t code;
        const char *part;
        enum opendcp_no no;
        const char *words;
} reasons[] = {
        { 400, OPENDCP_DONE, "over credit limit", NO_CREDIT,
          "the template's credit is used up: write credit, or more of it, in its MachineTemplate, or give it some at the vendor's" },
        { 500, OPENDCP_ERROR, "no row found", NO_ROW, "the provider knows no such thing" },
        { 500, OPENDCP_ERROR, "unknown backend provider driver", NO_CLOUD,
          "the provider has no driver for this cloud" },
        { 500, OPENDCP_ERROR, "still exsit instance", NO_WHILE_USED,
          "machines are made of the template, and must go first" },
};

/* Only letters, digits and '-': the vendor puts it into SQL. */
static int add_correlation(struct request *rq, const char *correlation, struct error *e)
{
        char text[CORRELATION_MAX] = "muster-";
        size_t n = strlen(text);

        for (const char *p = correlation; *p && n + 1 < sizeof(text); p++)
                if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-')
                        text[n++] = *p;
        text[n] = '\0';
        return request_add_header(rq, "X-CORRELATION-ID", text, e);
}

int opendcp_request(const struct account_config *account, enum method method, const char *path, const char *correlation,
                    const json_t *body, struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = api_request(account, method, path, body, &rq, e);
        if (r == 0 && correlation)
                r = add_correlation(&rq, correlation, e);
        if (r < 0)
                return r;
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

bool opendcp_machine_id_valid(const char *id)
{
        return api_id_valid(id) && !strpbrk(id, ",/") && !text_equal(id, ".") && !text_equal(id, "..");
}

int opendcp_add_machine(struct buf *path, const char *id, struct error *e)
{
        if (!opendcp_machine_id_valid(id))
                return error_set(e, -EINVAL, "the machine's id cannot stand in a request");
        return api_add_id(path, id, e);
}

int opendcp_add_template(struct buf *path, const char *id, struct error *e)
{
        int64_t number;

        if (text_to_int64(id, &number) < 0 || number < 1 || number > OPENDCP_TEMPLATE_MAX)
                return error_set(e, -EINVAL, "a template of opendcp is a cluster's id, a number like 5");
        return api_add_id(path, id, e);
}

/* The number in `reasons`; their count: none of them. */
static size_t find_reason(const struct reply *rp, const struct json_node *reply, int64_t code)
{
        const char *words = json_node_string(json_node_member(reply, "msg"));
        size_t i = 0;

        while (i < ARRAY_SIZE(reasons) &&
               !(reasons[i].status == rp->status && reasons[i].code == code && words && strstr(words, reasons[i].part)))
                i++;
        return i;
}

enum opendcp_no opendcp_no_of(const struct reply *rp, const struct json_node *reply, int64_t code)
{
        size_t i = find_reason(rp, reply, code);

        return i < ARRAY_SIZE(reasons) ? reasons[i].no : NO_OTHER;
}

static const char *meaning(const struct reply *rp, const struct json_node *reply, int64_t code)
{
        size_t reason = find_reason(rp, reply, code);

        if (reason < ARRAY_SIZE(reasons))
                return reasons[reason].words;
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].code == code)
                        return meanings[i].words;
        return "the provider said no with a code that it does not document";
}

static int unreadable(const struct reply *rp, struct error *e)
{
        if (rp->status == 404)
                return error_set(
                        e, -EBADMSG,
                        "the provider does not know this call (HTTP status 404): is the endpoint right? it is http://HOST:PORT, and /v1/... is added to it");
        return error_wrap(e, -EBADMSG, "HTTP status %d", rp->status);
}

bool opendcp_speaks(const struct reply *rp)
{
        return (rp->status >= 200 && rp->status <= 299) || rp->status == 400 || rp->status == 404 || rp->status == 500;
}

/* All that is read of any reply. */
static const char *const names[] = {
        /* of the envelope */
        "code",
        "msg",
        "content",
        /* of machines and templates */
        "Id",
        "InstanceId",
        "Name",
        "Cluster",
        "Status",
        "CreateTime",
        "PrivateIpAddress",
        "PublicIpAddress",
        "NatIpAddress",
        "credit",
        NULL,
};

int opendcp_open(struct reply *rp, struct json_doc **ret, int64_t *ret_code, struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        const struct json_node *reply;
        char words[API_WORDS_MAX];
        int64_t code;
        int r;

        r = api_open(rp, names, true, &doc, e);
        if (r < 0)
                return r == -EBADMSG ? unreadable(rp, e) : r;
        reply = json_root(doc);
        if (json_node_read_int64(json_node_member(reply, "code"), &code) < 0)
                return error_set(e, -EBADMSG, "the provider's reply has no code (HTTP status %d)", rp->status);
        r = code != OPENDCP_DONE || rp->status < 200 || rp->status > 299;
        if (r)
                error_set(e, -EBADMSG, "%s (HTTP status %d, code %" PRId64 ", \"%s\")", meaning(rp, reply, code),
                          rp->status, code, api_words(json_node_member(reply, "msg"), words));
        *ret = STEAL(doc);
        *ret_code = code;
        return r;
}

bool opendcp_is_service_error(const struct reply *rp, int64_t code)
{
        return rp->status == 500 && code == OPENDCP_ERROR;
}
