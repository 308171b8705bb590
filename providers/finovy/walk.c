/* SPDX-License-Identifier: MIT */
#include "providers/finovy/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/finovy/message.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define PAGE 25            /* rows; the most that the vendor gives */
#define COUNT_MAX 1000000  /* machines that a vendor may say it has */
#define NUMBER_MAX 1000000 /* cores, GB, graphics cards */
#define GIBIBYTE ((int64_t)1 << 30)
#define MILLION 1000000
#define PRICE_MAX 1000000 /* an hour */

/* What a request asks for: its tag. A page's number stands above these bits. */
enum question { ASK_PAGE, ASK_ONE, ASK_HOURLY, ASK_PERIOD, ASK_IMAGES };
#define QUESTION_BITS 3

enum step { STEP_PAGES, STEP_MOVED };

static int ask(const struct account_config *account, enum question question, const char *path,
               struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = finovy_request(account, METHOD_GET, path, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, question, further, e);
}

static int ask_page(const struct account_config *account, int64_t page, struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        char path[64];
        int r;

        (void)snprintf(path, sizeof(path), "mypage?page=%" PRId64 "&pageSize=%d", page, PAGE);
        r = finovy_request(account, METHOD_GET, path, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, ASK_PAGE | (uint64_t)page << QUESTION_BITS, further, e);
}

static int ask_one(const struct account_config *account, const char *id, struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = finovy_host_request(account, METHOD_GET, "one", id, "", &rq, e);
        return r < 0 ? r : api_ask(&rq, ASK_ONE, further, e);
}

int finovy_look(const struct account_config *account, struct observation *obs, struct request_list *further,
                struct error *e)
{
        int r;

        if (obs->scope.type == SCOPE_ONE)
                return ask_one(account, obs->scope.id, further, e);
        r = ask_page(account, 1, further, e);
        if (r == 0 && observation_covers(obs, TYPE_OFFER))
                r = ask(account, ASK_HOURLY, "packAge/0", further, e);
        if (r == 0 && observation_covers(obs, TYPE_OFFER))
                r = ask(account, ASK_PERIOD, "packAge/1", further, e);
        if (r == 0 && observation_covers(obs, TYPE_IMAGE))
                r = ask(account, ASK_IMAGES, "image", further, e);
        return r;
}

/* 1 and 4 both stand for a machine that shuts down, or comes up: either way it is on its way. A status that is not shown says nothing
 * of the power. */
static int read_condition(const struct json_node *host, enum condition *ret, struct error *e)
{
        static const enum condition conditions[] = { CONDITION_STOPPED, CONDITION_CHANGING, CONDITION_RUNNING,
                                                     CONDITION_RUNNING, CONDITION_CHANGING, CONDITION_EXPIRED };
        int64_t status;
        int r;

        r = json_node_read_int64(json_node_member(host, "status"), &status);
        if (r < 0 && r != -ENOENT && !json_node_is_string(json_node_member(host, "status")))
                return error_set(e, -EBADMSG,
                                 "\"status\" of a machine in the provider's reply is not what it should be");
        if (r == -ENOENT)
                *ret = CONDITION_UNSHOWN;
        else if (r < 0 || status < 0 || status >= (int64_t)ARRAY_SIZE(conditions))
                *ret = CONDITION_UNKNOWN;
        else
                *ret = conditions[status];
        return 0;
}

/* What a machine has of its own address, or that of the way in to it. */
static int read_address(struct observation *obs, const struct json_node *host, const char **ret, struct error *e)
{
        int r;

        r = api_read_text(obs, host, "ipv4", "machine", ret, e);
        return r == 0 && !**ret ? api_read_text(obs, host, "address", "machine", ret, e) : r;
}

static int read_host(struct observation *obs, const struct json_node *host, struct error *e)
{
        struct row row = { 0 };
        int r;

        if ((r = api_read_id(obs, host, "id", "machine", &row.id, e)) < 0 ||
            (r = api_read_text(obs, host, "createTime", "machine", &row.created, e)) < 0 ||
            (r = read_address(obs, host, &row.address, e)) < 0 || (r = read_condition(host, &row.condition, e)) < 0 ||
            (r = api_read_number(host, "cpu", "machine", 1, NUMBER_MAX, PROPERTY_CPU, &row.values, e)) < 0 ||
            (r = api_read_number(host, "memory", "machine", GIBIBYTE, NUMBER_MAX, PROPERTY_MEMORY, &row.values, e)) <
                    0 ||
            (r = api_read_number(host, "rigidDisk", "machine", GIBIBYTE, NUMBER_MAX, PROPERTY_STORAGE, &row.values,
                                 e)) < 0 ||
            (r = api_read_number(host, "gpuNumber", "machine", 1, NUMBER_MAX, PROPERTY_GPUS, &row.values, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_MACHINE, &row);
        return r < 0 ? error_oom(e) : 0;
}

static int saw_page(const struct account_config *account, int64_t page, const struct json_node *data,
                    struct observation *obs, struct request_list *further, struct error *e)
{
        struct listed *listed = &obs->of[TYPE_MACHINE];
        const struct json_node *rows = json_node_member(data, "data");
        int64_t total;
        int r = 0;

        if (!json_node_is_array(rows))
                return error_set(e, -EBADMSG, "the provider's listing has no list of machines");
        if (json_node_read_int64(json_node_member(data, "totalCounts"), &total) < 0 || total < 0 || total > COUNT_MAX)
                return error_set(e, -EBADMSG, "\"totalCounts\" of the provider's listing is no number of machines");
        if (json_node_count(rows) > PAGE)
                return error_set(e, -EBADMSG, "a page of the provider's listing has more machines than were asked for");
        if (listed->pages_read++ == 0)
                listed->total = total;
        else if (listed->total != total)
                listed->step = STEP_MOVED;
        for (const struct json_node *row = json_node_first(rows); row && r == 0; row = json_node_next(row))
                r = read_host(obs, row, e);
        for (int64_t next = 2; r == 0 && page == 1 && (next - 1) * PAGE < total; next++)
                r = ask_page(account, next, further, e);
        return r;
}

/* Something else than the machine that was asked for says nothing about it. */
static int saw_one(const struct json_node *data, struct observation *obs, struct error *e)
{
        int r;

        r = read_host(obs, data, e);
        if (r == 0 && !text_equal(obs->of[TYPE_MACHINE].rows[0].id, obs->scope.id))
                return error_set(e, -EBADMSG, "the provider's reply shows another machine than the one asked for");
        return r;
}

/* "1.10", or the number 1.1, in millionths. */
static int read_millionths(const struct json_node *object, const char *key, int64_t *ret, struct error *e)
{
        const struct json_node *value = json_node_member(object, key);
        const char *text = json_node_string(value), *written = text ? text : json_node_number(value);
        double number = -1;
        char *end = NULL;

        /* strtod() takes blanks, signs and hexadecimal digits as well, which no number of JSON has. */
        if (written && (!text || !text[strspn(text, "0123456789.")]))
                number = strtod(written, &end);
        if (end && (end == written || *end))
                number = -1;
        if (!(number >= 0 && number <= PRICE_MAX))
                return error_set(e, -EBADMSG, "\"%s\" of a package in the provider's reply is no amount", key);
        *ret = llround(number * MILLION);
        return 0;
}

/* The price of an hour after the discount, rounded to a millionth. */
static int read_price(const struct json_node *package, int64_t *ret, struct error *e)
{
        int64_t amount, discount = MILLION;
        int r;

        r = read_millionths(package, "amount", &amount, e);
        if (r == 0 && json_node_member(package, "discount") &&
            !json_node_is_null(json_node_member(package, "discount")))
                r = read_millionths(package, "discount", &discount, e);
        if (r == 0 &&
            (__builtin_mul_overflow(amount, discount, &amount) || __builtin_add_overflow(amount, MILLION / 2, &amount)))
                return error_set(e, -EBADMSG, "the price of a package in the provider's reply is out of range");
        if (r == 0)
                *ret = amount / MILLION;
        return r;
}

/* A field that the two versions of the document spell in two ways. */
static const struct json_node *either(const struct json_node *object, const char *key, const char *other)
{
        const struct json_node *value = json_node_member(object, key);

        return value && !json_node_is_null(value) ? value : json_node_member(object, other);
}

/* "TYPE\nUSE": what the quote compares. */
static int read_traits(struct observation *obs, const struct json_node *package, const char **ret, struct error *e)
{
        char type_scratch[32], use_scratch[32], text[OUTCOME_ID_MAX];
        const char *type = "", *use = "";

        if (json_node_read_text(json_node_member(package, "type"), type_scratch, &type) < 0)
                return error_set(e, -EBADMSG, "\"type\" of a package in the provider's reply is not what it should be");
        if (json_node_read_text(either(package, "useType", "use_type"), use_scratch, &use) < 0)
                use = "";
        if (snprintf(text, sizeof(text), "%s\n%s", type, use) >= (int)sizeof(text))
                return error_set(e, -EBADMSG, "\"type\" of a package in the provider's reply is too long");
        *ret = observation_string(obs, text);
        return *ret ? 0 : error_oom(e);
}

static int read_package(struct observation *obs, const struct json_node *package, struct error *e)
{
        struct row row = { .condition = CONDITION_RUNNING };
        int r;

        if ((r = api_read_id(obs, package, "packageId", "package", &row.id, e)) < 0 ||
            (r = api_read_text(obs, package, "name", "package", &row.name, e)) < 0 ||
            (r = read_traits(obs, package, &row.traits, e)) < 0 || (r = read_price(package, &row.price, e)) < 0 ||
            (r = api_read_number(package, "cpuNumber", "package", 1, NUMBER_MAX, PROPERTY_CPU, &row.values, e)) < 0 ||
            (r = api_read_number(package, "memoryNumber", "package", GIBIBYTE, NUMBER_MAX, PROPERTY_MEMORY, &row.values,
                                 e)) < 0 ||
            (r = api_read_number(package, "rigidDiskNumber", "package", GIBIBYTE, NUMBER_MAX, PROPERTY_STORAGE,
                                 &row.values, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_OFFER, &row); /* one that is sold both ways is in both lists */
        return r < 0 ? error_oom(e) : 0;
}

static int read_image(struct observation *obs, const struct json_node *image, struct error *e)
{
        struct row row = { .condition = CONDITION_RUNNING };
        int r;

        if ((r = api_read_id(obs, image, "imageId", "system image", &row.id, e)) < 0 ||
            (r = api_read_text(obs, image, "systemImageName", "system image", &row.name, e)) < 0 ||
            (r = api_read_text(obs, image, "type", "system image", &row.traits, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_IMAGE, &row);
        return r < 0 ? error_oom(e) : 0;
}

static int saw_list(const struct json_node *data, struct observation *obs,
                    int (*read)(struct observation *obs, const struct json_node *row, struct error *e), struct error *e)
{
        int r = 0;

        if (!json_node_is_array(data))
                return error_set(e, -EBADMSG, "the provider's list of packages or images is none");
        for (const struct json_node *row = json_node_first(data); row && r == 0; row = json_node_next(row))
                r = read(obs, row, e);
        return r;
}

int finovy_saw(const struct account_config *account, const struct request *rq, struct reply *rp,
               struct observation *obs, struct request_list *further, struct error *e)
{
        enum question question = (enum question)(rq->tag & ((1u << QUESTION_BITS) - 1));
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        const struct json_node *data;
        int64_t code = 0;
        int r;

        r = reply_status_check(rp, e);
        if (r == 0)
                r = finovy_open(rp, &doc, &code, e);
        if (r < 0)
                return r;
        if (code == FINOVY_NO_PERMISSION && question != ASK_ONE)
                return -EACCES;
        if (code != FINOVY_DONE)
                return question == ASK_ONE ? 0 : -EBADMSG; /* asked for one machine, it could mean anything */
        data = json_node_member(json_root(doc), "data");
        switch (question) {
        case ASK_PAGE:
                return saw_page(account, (int64_t)(rq->tag >> QUESTION_BITS), data, obs, further, e);
        case ASK_ONE:
                return saw_one(data, obs, e);
        case ASK_IMAGES:
                return saw_list(data, obs, read_image, e);
        default:
                return saw_list(data, obs, read_package, e);
        }
}

int finovy_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
                struct error *e)
{
        const struct listed *listed = &obs->of[TYPE_MACHINE];

        (void)account;
        (void)further;
        if (obs->scope.type == SCOPE_ONE)
                return 0;
        if (listed->step == STEP_MOVED || (int64_t)listed->n_rows != listed->total)
                return error_set(e, -ESTALE,
                                 "the provider's pages do not fit together: it says that there are %" PRId64
                                 " machines, and shows %zu",
                                 listed->total, listed->n_rows);
        return 0;
}
