/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/walk.h"

#include <errno.h>
#include <inttypes.h>

#include "providers/starvcenter/access.h"
#include "providers/starvcenter/balancer.h"
#include "providers/starvcenter/copy.h"
#include "providers/starvcenter/disk.h"
#include "providers/starvcenter/group.h"
#include "providers/starvcenter/mapping.h"
#include "providers/starvcenter/message.h"
#include "providers/starvcenter/network.h"
#include "providers/starvcenter/quota.h"
#include "providers/starvcenter/rows.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define PAGE 30              /* rows; the most that the vendor gives */
#define COUNT_MAX 1000000    /* rows that a vendor may say it has */
#define UNCOUNTED_MAX 200000 /* rows that are read where it does not say how many there are */

/* A listing that comes in pages. */
struct paged {
        enum thing_type type;
        const char *path, *what;
        uint64_t
                tag; /* of its requests, above their start positions; a bit that no others' tags have. 0: of machines */
        const char *const *names;
        int (*read)(struct observation *obs, const struct json_node *row, struct error *e);
};

static const struct paged listings[] = {
        { TYPE_MACHINE, "cloudvm/search", "machines", 0, rows_machine_names, rows_read_machine },
        { TYPE_ACCESS, "cloudnetwork/acessrule/search", "rules of access", (uint64_t)1 << 57, access_names,
          access_read },
};

/* How far a walk is: `step` of its list. */
enum step {
        STEP_FIRST,   /* position 1 is asked for */
        STEP_SECOND,  /* position 2, which tells what a position is */
        STEP_PAGES,   /* all other pages, positions being numbers of pages */
        STEP_OFFSETS, /* all other rows, positions being numbers of rows */
        STEP_ZERO,    /* position 0, which is a row where rows count from 0 */
        STEP_MOVED,   /* rows moved while the pages were read */
};

static int ask(const struct account_config *account, const struct paged *paged, int64_t position,
               struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *params = NULL;
        char start[24];
        int r;

        (void)snprintf(start, sizeof(start), "%" PRId64, position);
        params = json_pack("{s:s, s:s}", "page.startnum", start, "page.everypagenum", "30");
        if (!params)
                return error_oom(e);
        r = message_request(account, METHOD_POST, paged->path, params, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        rq.tag = paged->tag | (uint64_t)position;
        return request_list_add(further, &rq, e);
}

static int ask_one(const struct account_config *account, const char *id, struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        int r;

        r = message_id_request(account, METHOD_GET, "cloudvm/", id, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        return request_list_add(further, &rq, e);
}

int walk_look(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e)
{
        int r = 0;

        if (obs->scope.type == SCOPE_ONE)
                return ask_one(account, obs->scope.id, further, e);
        for (size_t i = 0; i < ARRAY_SIZE(listings) && r == 0; i++) {
                obs->of[listings[i].type].step = STEP_FIRST;
                if (observation_covers(obs, listings[i].type))
                        r = ask(account, &listings[i], 1, further, e);
        }
        if (r == 0)
                r = quota_look(account, obs, further, e);
        if (r == 0)
                r = disk_look(account, obs, further, e);
        if (r == 0)
                r = copy_look(account, obs, further, e);
        if (r == 0)
                r = group_look(account, obs, further, e);
        if (r == 0)
                r = mapping_look(account, obs, further, e);
        if (r == 0)
                r = network_look(account, obs, further, e);
        return r < 0 ? r : balancer_look(account, obs, further, e);
}

/* The one machine that was asked for. A refusal could mean anything, so it says nothing. */
static int saw_one(const struct json_node *reply, enum message_result result, struct observation *obs, struct error *e)
{
        char scratch[32];
        const char *id;
        size_t n;
        int r;

        if (result == RESULT_FAILED)
                return 0;
        r = message_count_rows(reply, &n, e);
        if (r < 0)
                return r;
        if (n != 1)
                return error_set(e, -EBADMSG, "the provider's reply shows %zu machines where one was asked for", n);
        id = rows_machine_id(message_first_row(reply), scratch, e);
        if (!id)
                return -EBADMSG;
        if (!text_equal(id, obs->scope.id))
                return error_set(e, -EBADMSG, "the provider's reply shows another machine than the one asked for");
        r = rows_read_machine(obs, message_first_row(reply), e);
        return r < 0 ? r : 0;
}

/* The number of rows, as each page states it. A page without rows may leave it out. */
static int take_total(const struct paged *paged, const struct json_node *reply, size_t n_rows, struct listed *listed,
                      struct error *e)
{
        int64_t total = -1;
        int r;

        r = json_node_read_int64(json_node_member(reply, "dataCount"), &total);
        if ((r < 0 && r != -ENOENT) || (r == 0 && (total < 0 || total > COUNT_MAX)))
                return error_set(e, -EBADMSG, "\"dataCount\" of the provider's reply is no number of %s", paged->what);
        if (listed->pages_read == 0)
                listed->total = total;
        else if (total != listed->total && !(total < 0 && n_rows == 0))
                listed->step = STEP_MOVED;
        return 0;
}

/* The rows of one page. Returns how many of them are new. */
static int take_rows(const struct paged *paged, const struct json_node *reply, size_t n_rows, struct observation *obs,
                     size_t *ret_new, struct error *e)
{
        size_t before = obs->of[paged->type].n_rows;
        const struct json_node *row = message_first_row(reply);
        int r;

        for (size_t i = 0; i < n_rows; i++, row = json_node_next(row)) {
                r = paged->read(obs, row, e);
                if (r < 0)
                        return error_wrap(e, r, "row %zu of a page", i + 1);
        }
        *ret_new = obs->of[paged->type].n_rows - before;
        return 0;
}

/* Where nothing says how many there are, the walk goes on for as long as a page brings new ones. */
static int walk_on(const struct account_config *account, const struct paged *paged, int64_t position, size_t n_rows,
                   size_t n_new, struct observation *obs, struct request_list *further, struct error *e)
{
        if (obs->of[paged->type].n_rows > UNCOUNTED_MAX)
                return error_set(e, -EBADMSG, "the provider's listing does not end: over %d %s, and no total",
                                 UNCOUNTED_MAX, paged->what);
        if (n_new == 0)
                return 0;
        if (obs->of[paged->type].step == STEP_PAGES && n_new < n_rows)
                obs->of[paged->type].step = STEP_MOVED;
        if (obs->of[paged->type].step == STEP_PAGES)
                return ask(account, paged, position + 1, further, e);
        if (obs->of[paged->type].step == STEP_OFFSETS)
                return ask(account, paged, position + PAGE, further, e);
        return 0;
}

static int saw_page(const struct account_config *account, const struct paged *paged, int64_t position,
                    const struct json_node *reply, struct observation *obs, struct request_list *further,
                    struct error *e)
{
        size_t n_rows = 0, n_new = 0;
        int r;

        r = message_count_rows(reply, &n_rows, e);
        if (r < 0)
                return r;
        r = take_total(paged, reply, n_rows, &obs->of[paged->type], e);
        if (r < 0)
                return r;
        r = take_rows(paged, reply, n_rows, obs, &n_new, e);
        if (r < 0)
                return r;
        obs->of[paged->type].pages_read++;
        return obs->of[paged->type].total < 0 ? walk_on(account, paged, position, n_rows, n_new, obs, further, e) : 0;
}

/* The listing that a request is of; none of the other questions' tags has its bit. */
static const struct paged *paged_of(const struct request *rq)
{
        for (size_t i = 1; i < ARRAY_SIZE(listings); i++)
                if (rq->tag & listings[i].tag && rq->tag < listings[i].tag << 1)
                        return &listings[i];
        return &listings[0];
}

static const char *const *names_of(const struct request *rq)
{
        return quota_is_asked(rq)      ? quota_names
               : mapping_is_asked(rq)  ? mapping_names
               : balancer_is_asked(rq) ? balancer_names
               : group_is_asked(rq)    ? group_names
               : network_is_asked(rq)  ? network_names
               : disk_is_asked(rq)     ? disk_names
               : copy_is_asked(rq)     ? copy_names
                                       : paged_of(rq)->names;
}

int walk_saw(const struct account_config *account, const struct request *rq, struct reply *rp, struct observation *obs,
             struct request_list *further, struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        const struct paged *paged = paged_of(rq);
        int64_t position = (int64_t)(rq->tag & ~paged->tag);
        enum message_result result;
        int r;

        r = reply_status_check(rp, e);
        if (r < 0)
                return r;
        r = message_open(rp, names_of(rq), &doc, &result, e);
        if (r < 0)
                return r;
        if (result == RESULT_TOKEN)
                return -EACCES;
        if (disk_is_asked(rq))
                return disk_saw(rq, json_root(doc), result, obs, e);
        if (copy_is_asked(rq))
                return copy_saw(rq, json_root(doc), result, obs, e);
        if (group_is_asked(rq))
                return group_saw(account, rq, json_root(doc), result, obs, further, e);
        if (quota_is_asked(rq))
                return quota_saw(account, rq, json_root(doc), result, obs, e);
        if (balancer_is_asked(rq) || network_is_asked(rq) || mapping_is_asked(rq)) {
                if (result == RESULT_FAILED)
                        return -EBADMSG;
                if (mapping_is_asked(rq))
                        return mapping_saw(json_root(doc), obs, e);
                return network_is_asked(rq) ? network_saw(json_root(doc), obs, e)
                                            : balancer_saw(rq, json_root(doc), obs, e);
        }
        if (obs->scope.type == SCOPE_ONE)
                return saw_one(json_root(doc), result, obs, e);
        /* Positions are documented as positive: a refusal of 0 means that no row stands there. */
        if (result == RESULT_FAILED)
                return position == 0 ? 0 : -EBADMSG;
        return saw_page(account, paged, position, json_root(doc), obs, further, e);
}

static int does_not_fit(const struct paged *paged, const struct listed *listed, struct error *e)
{
        return error_set(e, -ESTALE,
                         "the provider counts %" PRId64 " %s and its pages showed %zu: rows moved while they were "
                         "read, or it leaves some out",
                         listed->total, paged->what, listed->n_rows);
}

/* Where a step of the walk ends: all of its positions are asked for at once where the total is known, else the first. */
static int64_t last_position(const struct listed *listed, enum step step, int64_t first)
{
        if (listed->total < 0)
                return first;
        if (step == STEP_PAGES)
                return (listed->total + PAGE - 1) / PAGE;
        return step == STEP_OFFSETS ? listed->total : first;
}

static int go_on(const struct account_config *account, const struct paged *paged, enum step step, int64_t first,
                 struct listed *listed, struct request_list *further, struct error *e)
{
        int64_t last = last_position(listed, step, first);
        int r;

        if (first > last)
                return does_not_fit(paged, listed, e);
        listed->step = step;
        for (int64_t position = first; position <= last; position += step == STEP_OFFSETS ? PAGE : 1) {
                r = ask(account, paged, position, further, e);
                if (r < 0)
                        return r;
        }
        return 1;
}

/* After the second page: when it began one row further than the first, positions are rows; else they are pages. */
static int after_second(const struct account_config *account, const struct paged *paged, struct listed *listed,
                        struct request_list *further, struct error *e)
{
        size_t n_new = listed->n_rows - PAGE;

        if (n_new > 1)
                return go_on(account, paged, STEP_PAGES, 3, listed, further, e);
        if (n_new == 1)
                return go_on(account, paged, STEP_OFFSETS, 2 + PAGE, listed, further, e);
        /* The second page brought nothing. Rows that count from 0 do that when there are 31 of them. */
        if (listed->total < 0 || listed->total == PAGE + 1)
                return go_on(account, paged, STEP_ZERO, 0, listed, further, e);
        return does_not_fit(paged, listed, e);
}

/* All requests of one listing are answered: as of struct provider's seen(). */
static int seen(const struct account_config *account, const struct paged *paged, struct listed *listed,
                struct request_list *further, struct error *e)
{
        bool counted = listed->total >= 0;

        if (listed->step == STEP_MOVED)
                return error_set(e, -ESTALE, "%s came or went while the provider's pages were read", paged->what);
        if (counted ? (int64_t)listed->n_rows == listed->total : listed->step == STEP_ZERO)
                return 0;
        if (counted && (int64_t)listed->n_rows > listed->total)
                return does_not_fit(paged, listed, e);
        if (listed->step == STEP_FIRST && listed->n_rows == PAGE)
                return go_on(account, paged, STEP_SECOND, 2, listed, further, e);
        if (listed->step == STEP_SECOND)
                return after_second(account, paged, listed, further, e);
        /* One row short, or nobody counts: rows may count from 0, and one stands there. */
        if (!counted || ((listed->step == STEP_FIRST || listed->step == STEP_OFFSETS) &&
                         (int64_t)listed->n_rows + 1 == listed->total))
                return go_on(account, paged, STEP_ZERO, 0, listed, further, e);
        return does_not_fit(paged, listed, e);
}

int walk_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e)
{
        int more = 0;

        for (size_t i = 0; i < ARRAY_SIZE(listings) && obs->scope.type != SCOPE_ONE; i++) {
                int r = observation_covers(obs, listings[i].type)
                                ? seen(account, &listings[i], &obs->of[listings[i].type], further, e)
                                : 0;

                if (r < 0)
                        return r;
                more = more || r > 0;
        }
        return more;
}
