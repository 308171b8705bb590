/* SPDX-License-Identifier: MIT */
#include "providers/finovy/message.h"

#include <errno.h>
#include <inttypes.h>

#include "providers/sift.h"
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
static const struct sift_key read_keys[] = {
        /* of the envelope */
        SIFT_KEY("code"),
        SIFT_KEY("msg"),
        SIFT_KEY("traceId"),
        SIFT_KEY("data"),
        SIFT_KEY("totalCounts"),
        /* of machines */
        SIFT_KEY("id"),
        SIFT_KEY("createTime"),
        SIFT_KEY("ipv4"),
        SIFT_KEY("address"),
        SIFT_KEY("status"),
        SIFT_KEY("cpu"),
        SIFT_KEY("memory"),
        SIFT_KEY("rigidDisk"),
        SIFT_KEY("gpuNumber"),
        /* of packages and images */
        SIFT_KEY("type"),
        SIFT_KEY("useType"),
        SIFT_KEY("use_type"),
        SIFT_KEY("amount"),
        SIFT_KEY("discount"),
        SIFT_KEY("packageId"),
        SIFT_KEY("name"),
        SIFT_KEY("cpuNumber"),
        SIFT_KEY("memoryNumber"),
        SIFT_KEY("rigidDiskNumber"),
        SIFT_KEY("imageId"),
        SIFT_KEY("systemImageName"),
        { NULL, 0 },
};

int finovy_open(const struct reply *rp, json_t **ret, int64_t *ret_code, struct error *e)
{
        _cleanup_json_ json_t *reply = NULL;
        char words[API_WORDS_MAX], trace[API_WORDS_MAX];
        struct reply sifted = *rp;
        int64_t code;
        int r;

        sifted.body_len = sift(rp->body, rp->body_len, read_keys);
        r = api_open(&sifted, false, &reply, e);
        if (r < 0)
                return r;
        if (json_read_int64(json_object_get(reply, "code"), &code) < 0)
                return error_set(e, -EBADMSG, "the provider's reply has no code");
        if (code != FINOVY_DONE) {
                bool traced = json_is_string(json_object_get(reply, "traceId"));

                error_set(e, -EBADMSG, "%s (code %" PRId64 ", \"%s\"%s%s)", meaning(code), code,
                          api_words(json_object_get(reply, "msg"), words), traced ? ", trace id " : "",
                          traced ? api_words(json_object_get(reply, "traceId"), trace) : "");
        }
        *ret = STEAL(reply);
        *ret_code = code;
        return 0;
}
