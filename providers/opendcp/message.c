/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/message.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reconcile/base/array.h"

#define CORRELATION_MAX 64

static const struct {
        int64_t code;
        const char *words;
} meanings[] = {
        { OPENDCP_ERROR, "the provider could not do it" },
        { OPENDCP_SIZE, "a value of the template is out of the cloud's range" },
        { OPENDCP_INPUT, "the provider could not read what was sent" },
        { OPENDCP_MISSING, "the provider misses a parameter" },
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

static const char *words_of(const json_t *reply)
{
        const char *words = json_string_value(json_object_get(reply, "msg"));

        return words ? words : "";
}

bool opendcp_lacks_credit(const json_t *reply)
{
        return strstr(words_of(reply), "credit");
}

bool opendcp_lacks_row(const json_t *reply)
{
        return strstr(words_of(reply), "no row found");
}

static const char *meaning(const json_t *reply, int64_t code)
{
        if (opendcp_lacks_credit(reply))
                return "the template has no credit left: give it some with the MachineTemplate's credit";
        if (opendcp_lacks_row(reply))
                return "the provider has no such template or machine";
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].code == code)
                        return meanings[i].words;
        return "the provider said no with a code that it does not document";
}

int opendcp_open(const struct reply *rp, json_t **ret, int64_t *ret_code, struct error *e)
{
        _cleanup_json_ json_t *reply = NULL;
        char words[API_WORDS_MAX];
        int64_t code;
        int r;

        r = api_open(rp, true, &reply, e);
        if (r < 0)
                return r == -EBADMSG ? error_wrap(e, r, "HTTP status %d", rp->status) : r;
        if (json_read_int64(json_object_get(reply, "code"), &code) < 0)
                return error_set(e, -EBADMSG, "the provider's reply has no code");
        *ret_code = code;
        if (code != OPENDCP_DONE || rp->status < 200 || rp->status > 299) {
                error_set(e, -EBADMSG, "%s (HTTP status %d, code %" PRId64 ", \"%s\")", meaning(reply, code),
                          rp->status, code, api_words(json_object_get(reply, "msg"), words));
                *ret = STEAL(reply);
                return 1;
        }
        *ret = STEAL(reply);
        return 0;
}
