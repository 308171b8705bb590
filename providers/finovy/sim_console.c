/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "providers/finovy/sim.h"
#include "reconcile/base/text.h"

/*
 * What a person, or chance, does behind the API. Beside the verbs that every simulator has:
 *
 *      "room"     {"machines": 2}                 there are resources for two machines more
 *      "wallet"   {"machines": 2}                 it pays for two machines more; {"broken": true}: for nothing
 *      "account"  {"verified": false}             its owner has not shown who they are
 *      "waiting"  {"machines": 2, "made": false}  the next two creates are answered with "waiting", and not done
 *
 * A host is meant by its "id", or by a "name" that only one has. One that fails has expired: no other status says so.
 */

#define FORMAT "muster-sim.finovy/v1"
#define ADD_MAX 100000
#define HOURS_MAX 100000
#define MONTH 720 /* hours that a host is rented for which is sold for periods only */

static const char *take_text(const json_t *arguments, const char *key)
{
        return json_string_value(json_object_get(arguments, key));
}

/* A number from `min` to `max`; `*ret` stays as it is where there is none. */
static int take_number(const json_t *arguments, const char *key, int64_t min, int64_t max, int64_t *ret,
                       struct error *e)
{
        int64_t number;
        int r = json_read_int64(json_object_get(arguments, key), &number);

        if (r == -ENOENT)
                return 0;
        if (r < 0 || number < min || number > max)
                return error_set(e, -EINVAL, "\"%s\" is not a number from %" PRId64 " to %" PRId64, key, min, max);
        *ret = number;
        return 0;
}

/* A truth, `*ret` where there is none. */
static int take_truth(const json_t *arguments, const char *key, bool *ret, struct error *e)
{
        int r = json_read_bool(json_object_get(arguments, key), ret);

        return r == -ENOENT || r == 0 ? 0 : error_set(e, -EINVAL, "\"%s\" is not true or false", key);
}

static int find(const struct simulation *s, const json_t *arguments, struct host **ret, struct error *e)
{
        const char *id = take_text(arguments, "id"), *name = take_text(arguments, "name");
        struct host *found = NULL;

        if (!id && !name)
                return error_set(e, -EINVAL, "say which host: \"id\" or \"name\"");
        if (id)
                found = finovy_sim_host_find(s, id);
        for (size_t i = 0; !id && i < s->n_hosts; i++) {
                if (!text_equal(s->hosts[i]->name, name))
                        continue;
                if (found)
                        return error_set(e, -EINVAL, "more than one host is named \"%s\"; say its \"id\"", name);
                found = s->hosts[i];
        }
        if (!found)
                return error_set(e, -ENOENT, "there is no host \"%s\"", id ? id : name);
        *ret = found;
        return 0;
}

static void set_state(const struct simulation *s, struct host *h, int64_t status)
{
        if (h->status == HOST_EXPIRED) /* it was made to last by hand */
                h->expires = 0;
        if (status == HOST_ON)
                finovy_sim_host_switch_on(s, h);
        else
                finovy_sim_host_set(h, status);
}

static int console_add(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        const char *template = take_text(arguments, "template"), *name = take_text(arguments, "name");
        const char *id = take_text(arguments, "image");
        const struct package *package = template ? finovy_sim_package(template) : finovy_sim_packages;
        const struct image *image = id ? finovy_sim_image(id) : finovy_sim_images;
        int64_t n = 1, state = HOST_ON, hours = text_equal(package->sold, "1") ? MONTH : 0;
        int r;

        if (!package->id || !image->id)
                return error_set(e, -EINVAL, "there is no such \"template\" (a package's id) or \"image\"");
        if ((r = take_number(arguments, "count", 1, ADD_MAX, &n, e)) < 0 ||
            (r = take_number(arguments, "hours", 0, HOURS_MAX, &hours, e)) < 0 ||
            (r = take_number(arguments, "state", INT64_MIN, INT64_MAX, &state, e)) < 0)
                return r;
        for (; n > 0; n--) {
                struct host *h = finovy_sim_host_add(s, now, package, image, hours);

                if (!h || (name && finovy_sim_host_rename(h, name) < 0))
                        return error_oom(e);
                if (state != HOST_ON)
                        set_state(s, h, state);
        }
        return 0;
}

static int console_waiting(struct simulation *s, const json_t *arguments, struct error *e)
{
        int64_t waiting = 1;
        bool made = true;
        int r;

        if ((r = take_number(arguments, "machines", 0, INT32_MAX, &waiting, e)) < 0 ||
            (r = take_truth(arguments, "made", &made, e)) < 0)
                return r;
        s->waiting = waiting;
        s->waiting_made = made;
        return 0;
}

static int console_wallet(struct simulation *s, const json_t *arguments, struct error *e)
{
        int64_t machines = s->wallet;
        bool broken = s->wallet_broken;
        int r;

        if (!json_object_get(arguments, "machines") && !json_object_get(arguments, "broken"))
                return error_set(e, -EINVAL, "say how many \"machines\" it pays for yet, or that it is \"broken\"");
        if ((r = take_number(arguments, "machines", 0, INT32_MAX, &machines, e)) < 0 ||
            (r = take_truth(arguments, "broken", &broken, e)) < 0)
                return r;
        s->wallet = machines;
        s->wallet_broken = broken;
        return 0;
}

static int console_room(struct simulation *s, const json_t *arguments, struct error *e)
{
        if (!json_object_get(arguments, "machines"))
                return error_set(e, -EINVAL, "say for how many \"machines\" there are resources yet");
        return take_number(arguments, "machines", 0, INT32_MAX, &s->room, e);
}

static int console_account(struct simulation *s, const json_t *arguments, struct error *e)
{
        bool verified = true;
        int r;

        if (!json_object_get(arguments, "verified"))
                return error_set(e, -EINVAL, "say whether it is \"verified\"");
        r = take_truth(arguments, "verified", &verified, e);
        if (r < 0)
                return r;
        s->unverified = !verified;
        return 0;
}

static int console_one(struct simulation *s, struct host *h, const char *verb, const json_t *arguments, struct error *e)
{
        const char *new_name = take_text(arguments, "to");
        int64_t state;

        if (text_equal(verb, "delete")) {
                finovy_sim_host_remove(s, h);
        } else if (text_equal(verb, "stop")) {
                set_state(s, h, HOST_OFF);
        } else if (text_equal(verb, "start")) {
                set_state(s, h, HOST_ON);
        } else if (text_equal(verb, "fail")) {
                set_state(s, h, HOST_EXPIRED);
        } else if (text_equal(verb, "rename")) {
                if (!new_name)
                        return error_set(e, -EINVAL, "say the new name: \"to\"");
                return finovy_sim_host_rename(h, new_name) < 0 ? error_oom(e) : 0;
        } else if (text_equal(verb, "state")) {
                if (json_read_int64(json_object_get(arguments, "state"), &state) < 0)
                        return error_set(e, -EINVAL, "say the new \"state\", a number");
                set_state(s, h, state);
        } else {
                return error_set(
                        e, -EINVAL,
                        "there is no \"%s\"; there are delete, stop, start, fail, add, rename, state, room, wallet, "
                        "account, waiting",
                        verb);
        }
        return 0;
}

int finovy_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e)
{
        struct host *h;
        int r;

        finovy_sim_settle(s, now);
        if (text_equal(verb, "add"))
                return console_add(s, now, arguments, e);
        if (text_equal(verb, "room"))
                return console_room(s, arguments, e);
        if (text_equal(verb, "wallet"))
                return console_wallet(s, arguments, e);
        if (text_equal(verb, "account"))
                return console_account(s, arguments, e);
        if (text_equal(verb, "waiting"))
                return console_waiting(s, arguments, e);
        r = find(s, arguments, &h, e);
        return r < 0 ? r : console_one(s, h, verb, arguments, e);
}

/* What is saved of a host as it is. */
static const struct {
        const char *key;
        size_t offset;
} numbers[] = {
        { "use", offsetof(struct host, use) },         { "cpu", offsetof(struct host, cpu) },
        { "memory", offsetof(struct host, memory) },   { "disk", offsetof(struct host, disk) },
        { "gpus", offsetof(struct host, gpus) },       { "state", offsetof(struct host, status) },
        { "created", offsetof(struct host, created) }, { "expires", offsetof(struct host, expires) },
};

static json_t *save_host(const struct host *h, usec_t now)
{
        char account[HOST_SECRET_MAX], password[HOST_SECRET_MAX];
        _cleanup_json_ json_t *saved = json_pack(
                "{s:I, s:s, s:s, s:s, s:b, s:b, s:i, s:I, s:s, s:s}", "serial", (json_int_t)h->serial, "id", h->id,
                "name", h->name, "system", h->system, "period", (int)h->period, "reached", (int)h->reached, "work",
                (int)h->work, "dueIn", (json_int_t)(h->work == WORK_NONE ? 0 : usec_since(h->due, now)), "hostAccount",
                finovy_sim_account(h, account), "hostPw", finovy_sim_password(h, password));

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                const int64_t *number = (const int64_t *)((const char *)h + numbers[i].offset);

                if (json_object_set_new(saved, numbers[i].key, json_integer(*number)) < 0)
                        return NULL;
        }
        return STEAL(saved);
}

json_t *finovy_sim_save(struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *machines = json_array();

        finovy_sim_settle(s, now);
        for (size_t i = 0; i < s->n_hosts; i++)
                if (json_array_append_new(machines, save_host(s->hosts[i], now)) < 0)
                        return NULL;
        return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:b, s:O}", "format", FORMAT, "calendar",
                         s->epoch + (json_int_t)(now / USEC_PER_MSEC), "nextSerial", (json_int_t)s->next_serial,
                         "nextTrace", (json_int_t)s->next_trace, "room", (json_int_t)s->room, "wallet",
                         (json_int_t)s->wallet, "walletBroken", (int)s->wallet_broken, "unverified", (int)s->unverified,
                         "waiting", (json_int_t)s->waiting, "waitingMade", (int)s->waiting_made, "machines", machines);
}

static int load_host(struct simulation *s, usec_t now, json_t *saved)
{
        struct image image = {};
        json_int_t serial, due_in;
        int period, reached, work;
        const char *name;
        struct host *h;

        if (json_unpack(saved, "{s:I, s:s, s:s, s:b, s:b, s:i, s:I}", "serial", &serial, "name", &name, "system",
                        &image.name, "period", &period, "reached", &reached, "work", &work, "dueIn", &due_in) < 0 ||
            serial < (json_int_t)s->next_serial || work < WORK_NONE || work > WORK_GONE || due_in < 0)
                return -EBADMSG;
        s->next_serial = (uint64_t)serial;
        h = finovy_sim_host_add(s, now, finovy_sim_packages, &image, 0);
        if (!h || finovy_sim_host_rename(h, name) < 0)
                return -ENOMEM;
        if (work != WORK_NONE)
                finovy_sim_work_put(s, h, (enum host_work)work, usec_add(now, (usec_t)due_in));
        h->period = period;
        h->reached = reached;
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                if (json_read_int64(json_object_get(saved, numbers[i].key),
                                    (int64_t *)((char *)h + numbers[i].offset)) < 0)
                        return -EBADMSG;
        return 0;
}

static int load_settings(struct simulation *s, usec_t now, json_t *state)
{
        json_int_t calendar, room, wallet, waiting, next_trace;
        int broken, unverified, made;

        if (json_unpack(state, "{s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:b}", "calendar", &calendar, "nextTrace",
                        &next_trace, "room", &room, "wallet", &wallet, "walletBroken", &broken, "unverified",
                        &unverified, "waiting", &waiting, "waitingMade", &made) < 0 ||
            calendar < 0 || next_trace < 1 || room < 0 || wallet < 0 || waiting < 0)
                return -EBADMSG;
        s->epoch = calendar - (int64_t)(now / USEC_PER_MSEC);
        s->next_trace = (uint64_t)next_trace;
        s->room = room;
        s->wallet = wallet;
        s->wallet_broken = broken;
        s->unverified = unverified;
        s->waiting = waiting;
        s->waiting_made = made;
        return 0;
}

int finovy_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e)
{
        json_t *machines = json_object_get(state, "machines"), *saved;
        int64_t next_serial;
        size_t i;
        int r;

        if (!text_equal(take_text(state, "format"), FORMAT) || !json_is_array(machines) ||
            json_read_int64(json_object_get(state, "nextSerial"), &next_serial) < 0 ||
            load_settings(s, now, (json_t *)state) < 0)
                return error_set(e, -EBADMSG, "this is not a saved state of finovy's simulator");

        finovy_sim_hosts_done(s);
        s->next_serial = 1;
        json_array_foreach(machines, i, saved)
        {
                r = load_host(s, now, saved);
                if (r == -ENOMEM)
                        return error_oom(e);
                if (r < 0)
                        return error_set(e, r, "host %zu of the saved state cannot be read", i + 1);
        }
        if (next_serial < (int64_t)s->next_serial)
                return error_set(e, -EBADMSG, "the saved state's next id was given already");
        s->next_serial = (uint64_t)next_serial;
        s->next_due = 0; /* the next call looks what is due */
        return 0;
}
