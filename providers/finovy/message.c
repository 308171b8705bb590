/* SPDX-License-Identifier: MIT */
#include "providers/finovy/message.h"

#include <errno.h>
#include <inttypes.h>

#include "reconcile/base/array.h"

#define BASE "v1/pve/open/"

static const struct {
        int64_t code;
        const char *words;
} meanings[] = {
        { FINOVY_NO_PERMISSION, "the token has no permission for this, or a parameter is not right" },
        { FINOVY_NOT_VERIFIED, "the account is not verified: its owner has to verify who they are at the vendor's" },
        { FINOVY_STARTING, "the machine is being started: wait until it is" },
        { FINOVY_STOPPING, "the machine is being shut down: wait until it is" },
        { FINOVY_NO_RESOURCES, "the vendor has no machine of this package left: take another package, or wait" },
        { FINOVY_WALLET_HOUR, "the wallet does not hold enough for an hour: fill it up" },
        { FINOVY_WAITING, "the creation waits at the vendor's, and may come about later" },
        { FINOVY_NOT_STARTED, "the machine is not started" },
        { FINOVY_UNAVAILABLE, "the machine is not available" },
        { FINOVY_NOT_RUNNING, "the machine is not running" },
        { FINOVY_TYPES_DIFFER, "the package and the image are of different types" },
        { FINOVY_WALLET_ERROR, "something is wrong with the wallet: ask the vendor" },
        { FINOVY_WALLET_EMPTY, "the wallet is empty: fill it up" },
};

static const char *meaning(int64_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].code == code)
                        return meanings[i].words;
        return "the provider answered with a code that it does not document";
}

int finovy_request(const struct account_config *account, enum method method, const char *path, const json_t *body,
                   struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_buf_ struct buf whole = BUF_INIT(API_MAX);
        int r;

        if (buf_addf(&whole, BASE "%s", path) < 0)
                return error_oom(e);
        r = api_request(account, method, buf_text(&whole), body, &rq, e);
        if (r == 0 && account->token)
                r = request_add_header(&rq, "Finovy-Access-Token", account->token, e);
        if (r < 0)
                return r;
        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

int finovy_host_request(const struct account_config *account, enum method method, const char *verb, const char *id,
                        const char *query, struct request *ret, struct error *e)
{
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        int r;

        buf_addf(&path, "%s/", verb);
        r = api_add_id(&path, id, e);
        if (r < 0)
                return r;
        if (buf_adds(&path, query) < 0)
                return error_oom(e);
        return finovy_request(account, method, buf_text(&path), NULL, ret, e);
}

/* All that is read of any reply. */
static const char *const names[] = {
        /* of the envelope */
        "code",
        "msg",
        "traceId",
        "data",
        "totalCounts",
        /* of machines */
        "id",
        "createTime",
        "ipv4",
        "address",
        "status",
        "cpu",
        "memory",
        "rigidDisk",
        "gpuNumber",
        /* of packages and images */
        "type",
        "useType",
        "use_type",
        "amount",
        "discount",
        "packageId",
        "name",
        "cpuNumber",
        "memoryNumber",
        "rigidDiskNumber",
        "imageId",
        "systemImageName",
        NULL,
};

int finovy_open(struct reply *rp, struct json_doc **ret, int64_t *ret_code, struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        char words[API_WORDS_MAX], trace[API_WORDS_MAX];
        const struct json_node *reply;
        int64_t code;
        int r;

        r = api_open(rp, names, false, &doc, e);
        if (r < 0)
                return r;
        reply = json_root(doc);
        if (json_node_read_int64(json_node_member(reply, "code"), &code) < 0)
                return error_set(e, -EBADMSG, "the provider's reply has no code");
        if (code != FINOVY_DONE) {
                bool traced = json_node_is_string(json_node_member(reply, "traceId"));

                error_set(e, -EBADMSG, "%s (code %" PRId64 ", \"%s\"%s%s)", meaning(code), code,
                          api_words(json_node_member(reply, "msg"), words), traced ? ", trace id " : "",
                          traced ? api_words(json_node_member(reply, "traceId"), trace) : "");
        }
        *ret = STEAL(doc);
        *ret_code = code;
        return 0;
}
