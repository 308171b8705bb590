/* SPDX-License-Identifier: MIT */
#include "providers/jimv/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/jimv/message.h"
#include "providers/jimv/rows.h"
#include "reconcile/base/hash.h"
#include "reconcile/base/text.h"

/* Rows of a page. The vendor knows no maximum; but a guest comes with its XML, some 3 KB, and eight such pages are
 * read at once. */
#define PAGE 200
#define STRIDE (PAGE - 1) /* the last row of a page is the first of the next */
#define COUNT_MAX 1000000 /* rows that a vendor may say it has */

/* What a request asks for: its tag. Above these bits of a page's tag stands where the page begins. */
enum question { ASK_GUESTS, ASK_DISKS, ASK_ONE };
#define QUESTION_BITS 2

static enum thing_type type_of(enum question question)
{
        return question == ASK_DISKS ? TYPE_DISK : TYPE_MACHINE;
}

static int ask_page(const struct account_config *account, enum question question, int64_t offset,
                    struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        char path[128];
        int r;

        (void)snprintf(path, sizeof(path), "api/%s?offset=%" PRId64 "&limit=%d&order_by=id&order=asc",
                       question == ASK_DISKS ? "disks" : "guests", offset, PAGE);
        r = jimv_request(account, METHOD_GET, path, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, question | (uint64_t)offset << QUESTION_BITS, further, e);
}

static int ask_one(const struct account_config *account, const struct scope *scope, struct request_list *further,
                   struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        char path[128];
        int r;

        if (scope->of != TYPE_MACHINE || !jimv_uuid_valid(scope->id))
                return error_set(e, -EINVAL, "jimv shows nothing single but a guest, by its uuid");
        (void)snprintf(path, sizeof(path), "api/%s/%s", jimv_era(account->options) == JIMV_2017 ? "guest" : "guests",
                       scope->id);
        r = jimv_request(account, METHOD_GET, path, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, ASK_ONE, further, e);
}

int jimv_look(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e)
{
        if (obs->scope.type == SCOPE_ONE)
                return ask_one(account, &obs->scope, further, e);
        return ask_page(account, observation_covers(obs, TYPE_MACHINE) ? ASK_GUESTS : ASK_DISKS, 0, further, e);
}

/* A count or a place of the page, as the vendor states it. */
static int read_paging(const struct json_node *json, const char *key, int64_t *ret, struct error *e)
{
        int64_t number;

        if (json_node_read_int64(json_node_member(json_node_member(json, "paging"), key), &number) < 0 || number < 0 ||
            number > COUNT_MAX)
                return error_set(e, -EBADMSG, "\"%s\" of the paging in the provider's listing is not what it should be",
                                 key);
        *ret = number;
        return 0;
}

/* Does the page hold what was asked for, of as many rows as there were before? */
static int check_page(const struct json_node *json, int64_t offset, struct listed *listed, int64_t *ret_total,
                      struct error *e)
{
        const struct json_node *rows = json_node_member(json, "data");
        int64_t total, begins;
        size_t expected = 0;
        int r;

        if (!json_node_is_array(rows))
                return error_set(e, -EBADMSG, "the provider's listing has no list of rows");
        if ((r = read_paging(json, "total", &total, e)) < 0 || (r = read_paging(json, "offset", &begins, e)) < 0)
                return r;
        if (begins != offset)
                return error_set(e, -EBADMSG,
                                 "the provider's listing begins at row %" PRId64 ", and row %" PRId64 " was asked for",
                                 begins, offset);
        if (listed->pages_read > 0 && total != listed->total)
                return error_set(e, -ESTALE,
                                 "there were %" PRId64 " rows, and then %" PRId64
                                 ", while the provider's pages were read",
                                 listed->total, total);
        if (total > offset)
                expected = total - offset < PAGE ? (size_t)(total - offset) : PAGE;
        if (json_node_count(rows) != expected)
                return error_set(e, -ESTALE,
                                 "the provider says that there are %" PRId64 " rows, and shows %zu from row %" PRId64
                                 " on where %zu should be",
                                 total, json_node_count(rows), offset, expected);
        *ret_total = total;
        return 0;
}

/* Where two pages meet they share a row, its number and its uuid: what one adds the other takes away again. */
static unsigned seam(const struct json_node *row, int64_t number)
{
        const char *uuid = json_node_string(json_node_member(row, "uuid"));
        uint64_t of_number = hash_bytes(hash_key(), &number, sizeof(number));

        return (unsigned)(of_number + hash_bytes(hash_key(), uuid, strlen(uuid)));
}

static int read_rows(const struct json_node *rows, enum question question, enum jimv_era era, struct observation *obs,
                     bool first, bool last, struct error *e)
{
        struct listed *listed = &obs->of[type_of(question)];
        const struct json_node *row = json_node_first(rows);
        size_t n = json_node_count(rows);
        int64_t before = 0, number = 0;

        for (size_t i = 0; i < n; i++, before = number, row = json_node_next(row)) {
                bool shared = (i == 0 && !first) || (i == n - 1 && !last);
                size_t repeated = listed->repeated;
                int r;

                r = question == ASK_DISKS ? jimv_read_disk(obs, era, row, e) : jimv_read_guest(obs, era, row, e);
                if (r >= 0)
                        r = jimv_read_number(row, &number, e);
                if (r < 0)
                        return error_wrap(e, r, "row %zu of a page", i + 1);
                if ((i > 0 && number <= before) || (listed->repeated > repeated && !shared))
                        return error_set(e, -EBADMSG,
                                         "the provider's listing shows a row twice, or not in the order asked for");
                if (i == 0 && !first)
                        listed->step -= seam(row, number);
                if (i == n - 1 && !last)
                        listed->step += seam(row, number);
        }
        return 0;
}

static int saw_page(const struct account_config *account, enum question question, int64_t offset,
                    const struct json_node *json, struct observation *obs, struct request_list *further,
                    struct error *e)
{
        struct listed *listed = &obs->of[type_of(question)];
        int64_t total;
        int r;

        r = check_page(json, offset, listed, &total, e);
        if (r < 0)
                return r;
        r = read_rows(json_node_member(json, "data"), question, jimv_era(account->options), obs, offset == 0,
                      offset + PAGE >= total, e);
        if (r < 0)
                return r;
        listed->total = total;
        if (listed->pages_read++ > 0)
                return 0;
        for (int64_t next = STRIDE; r == 0 && next + 1 < total; next += STRIDE)
                r = ask_page(account, question, next, further, e);
        return r;
}

/* The guest that was asked for, alone or as a list of one. */
static int saw_one(const struct account_config *account, const struct json_node *json, struct observation *obs,
                   struct error *e)
{
        const struct json_node *data = json_node_member(json, "data");
        int r;

        if (json_node_is_array(data) && json_node_count(data) == 1)
                data = json_node_first(data);
        r = jimv_read_guest(obs, jimv_era(account->options), data, e);
        if (r < 0)
                return r;
        if (!text_equal(obs->of[TYPE_MACHINE].rows[0].id, obs->scope.id))
                return error_set(e, -EBADMSG, "the provider's reply shows another guest than the one asked for");
        return 0;
}

int jimv_saw(const struct account_config *account, const struct request *rq, struct reply *rp, struct observation *obs,
             struct request_list *further, struct error *e)
{
        enum question question = (enum question)(rq->tag & ((1u << QUESTION_BITS) - 1));
        _cleanup_jimv_answer_ struct jimv_answer answer = { 0 };
        int r;

        r = jimv_read(account, rp, false, &answer, e);
        if (r < 0)
                return r;
        if (question == ASK_ONE && answer.code == JIMV_NOT_FOUND) {
                obs->denied = true;
                return 0;
        }
        r = jimv_answer_check(&answer, rp);
        if (r < 0)
                return r;
        if (question == ASK_ONE)
                return saw_one(account, json_root(answer.doc), obs, e);
        return saw_page(account, question, (int64_t)(rq->tag >> QUESTION_BITS), json_root(answer.doc), obs, further, e);
}

int jimv_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e)
{
        int r;

        if (obs->scope.type == SCOPE_ONE)
                return 0;
        if (obs->of[TYPE_MACHINE].step || obs->of[TYPE_DISK].step)
                return error_set(e, -ESTALE, "rows came or went while the provider's pages were read");
        /* Disks come last, so that those which are no data disks are known by their guests. */
        if (observation_covers(obs, TYPE_DISK) && obs->of[TYPE_DISK].pages_read == 0) {
                r = ask_page(account, ASK_DISKS, 0, further, e);
                return r < 0 ? r : 1;
        }
        return 0;
}
