/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/text.h"

/*
 * What a person, or chance, does behind the API. Beside the verbs that every simulator has:
 *
 *      "lose"       {"count": 3}                          the next messages to hosts are lost; 1 by default
 *      "host"       {"name": "kvm-1", "state": "silent"}  or "alive", "missing"
 *      "expire"     {}                                    nobody is signed in any more
 *      "addresses"  {"free": 0}                           so many are left
 *      "disk-add"   {"size": 10, "label": "backup"}       a data disk on no guest; a label of chance by default
 *      "disk-delete" {"id": "…"}                          a data disk, wherever it hangs
 *
 * A guest is meant by its uuid as "id", or by a "name": its own, or its remark in era 0.8, which is what its maker
 * gave it. Memory is in GiB, as everywhere here.
 */

#define ADD_MAX 100000
#define NOTICED_AFTER (60 * USEC_PER_SEC) /* a host that falls silent is taken for alive for so long */

static const char *take_text(const json_t *arguments, const char *key)
{
        return json_string_value(json_object_get(arguments, key));
}

/* A number that may be left out, and then is `fallback`. */
static int take_number(const json_t *arguments, const char *key, int64_t fallback, int64_t *ret, struct error *e)
{
        int r = json_read_int64(json_object_get(arguments, key), ret);

        if (r == -ENOENT)
                *ret = fallback;
        else if (r < 0)
                return error_set(e, -EINVAL, "\"%s\" is not a number", key);
        return 0;
}

static bool is_called(const struct simulation *s, const struct guest *g, const char *name)
{
        return text_equal(g->name, name) || (s->era == ERA_0_8 && text_equal(g->remark, name));
}

/* The guest that the person means: by "id", else by a "name" that only one has. */
static int find(struct simulation *s, const json_t *arguments, struct guest **ret, struct error *e)
{
        const char *id = take_text(arguments, "id"), *name = take_text(arguments, "name");
        struct guest *found = NULL;

        if (!id && !name)
                return error_set(e, -EINVAL, "say which guest: \"id\" or \"name\"");
        if (id)
                found = jimv_sim_guest_find(s, id);
        for (size_t i = 0; !id && i < s->guests.n_records; i++) {
                struct guest *g = (struct guest *)s->guests.records[i];

                if (!is_called(s, g, name))
                        continue;
                if (found)
                        return error_set(e, -EINVAL, "more than one guest is called \"%s\"; say its \"id\"", name);
                found = g;
        }
        if (!found)
                return error_set(e, -ENOENT, "there is no guest \"%s\"", id ? id : name);
        *ret = found;
        return 0;
}

/* A guest by this name; a name that is taken gets a number, since no two may have one. */
static int add_one(struct simulation *s, usec_t now, const struct guest_form *form, int64_t number, int64_t status)
{
        char numbered[NAME_MAX_CHARACTERS * 4 + 24];
        struct guest_form one = *form;
        struct guest *g;
        int r;

        (void)snprintf(numbered, sizeof(numbered), "%.*s-%" PRId64, NAME_MAX_CHARACTERS * 4, form->name, number);
        if (s->era == ERA_0_8)
                one.name = NULL;
        else if (number > 0)
                one.name = numbered;
        one.node_id = s->hosts[(size_t)number % HOSTS].node_id;
        r = jimv_sim_guest_add(s, now, &one, &g);
        if (r == 0)
                jimv_sim_guest_made(s, g, status);
        return r;
}

static int console_add(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        struct guest_form form = { .name = take_text(arguments, "name") };
        int64_t n, status;
        int r;

        if ((r = take_number(arguments, "count", 1, &n, e)) < 0 ||
            (r = take_number(arguments, "state", jimv_sim_status(s, RUNNING), &status, e)) < 0 ||
            (r = take_number(arguments, "cpu", 2, &form.cpu, e)) < 0 ||
            (r = take_number(arguments, "memory", 4, &form.memory, e)) < 0 ||
            (r = take_number(arguments, "template", 1, &form.template, e)) < 0)
                return r;
        if (!form.name || n < 1 || n > ADD_MAX)
                return error_set(e, -EINVAL, "a new guest needs a \"name\", and \"count\" is from 1 to %d", ADD_MAX);
        form.remark = s->era == ERA_0_8 ? form.name : NULL;
        if (s->era == ERA_2017 && n == 1 && strmap_get(&s->by_name, form.name))
                return error_set(e, -EINVAL, "there is a guest \"%s\" already", form.name);

        for (int64_t i = 0; i < n; i++) {
                r = add_one(s, now, &form, n > 1 ? i + 1 : 0, status);
                if (r == -ENOMEM)
                        return error_oom(e);
                if (r < 0)
                        return error_set(e, -EINVAL, "there is no free address any more");
        }
        return 0;
}

static int rename_guest(struct simulation *s, struct guest *g, const char *name, struct error *e)
{
        int r;

        if (!name)
                return error_set(e, -EINVAL, "say the new name: \"to\"");
        r = s->era == ERA_0_8 ? jimv_sim_guest_set_remark(g, name) : jimv_sim_guest_rename(s, g, name);
        if (r == -EEXIST)
                return error_set(e, -EINVAL, "there is a guest \"%s\" already", name);
        return r < 0 ? error_oom(e) : 0;
}

/* What never worked becomes dirty; what did, has crashed. */
static void fail(struct simulation *s, struct guest *g)
{
        g->status = jimv_sim_status(s, g->made ? CRASHED : DIRTY);
        if (!g->made)
                jimv_sim_drop_messages(s, g->record.id);
}

static int set_state(struct guest *g, const json_t *arguments, struct error *e)
{
        int64_t status;
        int r;

        r = take_number(arguments, "state", INT64_MIN, &status, e);
        if (r < 0)
                return r;
        if (status == INT64_MIN)
                return error_set(e, -EINVAL, "say the new \"state\", a number");
        g->status = status;
        return 0;
}

/* It runs, on a host. */
static void put_right(struct simulation *s, struct guest *g, int64_t status)
{
        if (!jimv_sim_host_find(s, g->node_id))
                g->node_id = s->hosts[(size_t)g->record.serial % HOSTS].node_id;
        jimv_sim_guest_made(s, g, status);
}

static int console_guest(struct simulation *s, struct guest *g, const char *verb, const json_t *arguments,
                         struct error *e)
{
        if (text_equal(verb, "rename"))
                return rename_guest(s, g, take_text(arguments, "to"), e);
        if (text_equal(verb, "state"))
                return set_state(g, arguments, e);
        if (text_equal(verb, "delete"))
                jimv_sim_guest_remove(s, g);
        else if (text_equal(verb, "stop"))
                g->status = jimv_sim_status(s, SHUT_OFF);
        else if (text_equal(verb, "start"))
                put_right(s, g, jimv_sim_status(s, RUNNING));
        else
                fail(s, g);
        return 0;
}

static int console_lose(struct simulation *s, const json_t *arguments, struct error *e)
{
        int64_t n;
        int r;

        r = take_number(arguments, "count", 1, &n, e);
        if (r < 0)
                return r;
        if (n < 0)
                return error_set(e, -EINVAL, "\"count\" says how many messages are lost, from 0");
        s->to_lose = (uint64_t)n;
        return 0;
}

static int console_addresses(struct simulation *s, const json_t *arguments, struct error *e)
{
        int64_t n;
        int r;

        r = take_number(arguments, "free", -1, &n, e);
        if (r < 0)
                return r;
        if (n < 0)
                return error_set(e, -EINVAL, "\"free\" says how many addresses are left, from 0");
        s->free_addresses = n;
        return 0;
}

static int console_disk_add(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        struct disk_form form = { .label = take_text(arguments, "label"), .node_id = s->hosts[0].node_id };
        struct disk *d;
        int r;

        r = take_number(arguments, "size", 0, &form.size, e);
        if (r < 0)
                return r;
        if (form.size < 1)
                return error_set(e, -EINVAL, "a new disk needs a \"size\" in GiB, from 1");
        if (jimv_sim_disk_add(s, now, &form, &d) < 0)
                return error_oom(e);
        jimv_sim_disk_set(d, form.size, DISK_IDLE);
        return 0;
}

static int console_disk_delete(struct simulation *s, const json_t *arguments, struct error *e)
{
        const char *id = take_text(arguments, "id");
        struct disk *d = id ? jimv_sim_disk_find(s, id) : NULL;

        if (!d || jimv_sim_guest_find(s, id))
                return error_set(e, -ENOENT, "say which data disk: its \"id\"");
        jimv_sim_disk_remove(s, d);
        return 0;
}

static int console_host(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        const char *name = take_text(arguments, "name"), *state = take_text(arguments, "state");
        struct host *h = NULL;
        size_t to = 0;

        for (size_t i = 0; i < HOSTS; i++)
                if (text_equal(s->hosts[i].name, name))
                        h = &s->hosts[i];
        if (!h)
                return error_set(e, name ? -ENOENT : -EINVAL, "say which host: \"name\" is kvm-1 or kvm-2");
        while (jimv_sim_host_states[to] && !text_equal(jimv_sim_host_states[to], state))
                to++;
        if (!jimv_sim_host_states[to])
                return error_set(e, -EINVAL, "\"state\" of a host is alive, silent or missing");
        if (h->state != HOST_SILENT)
                h->noticed = usec_add(now, NOTICED_AFTER);
        h->state = (enum host_state)to;
        return 0;
}

int jimv_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e)
{
        static const char *const of_guests[] = { "delete", "stop", "start", "fail", "rename", "state" };
        struct guest *g = NULL;
        int r;

        jimv_sim_settle(s, now);
        if (text_equal(verb, "add"))
                return console_add(s, now, arguments, e);
        if (text_equal(verb, "lose"))
                return console_lose(s, arguments, e);
        if (text_equal(verb, "host"))
                return console_host(s, now, arguments, e);
        if (text_equal(verb, "addresses"))
                return console_addresses(s, arguments, e);
        if (text_equal(verb, "disk-add"))
                return console_disk_add(s, now, arguments, e);
        if (text_equal(verb, "disk-delete"))
                return console_disk_delete(s, arguments, e);
        if (text_equal(verb, "expire")) {
                jimv_sim_sessions_done(s);
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(of_guests); i++)
                if (text_equal(of_guests[i], verb)) {
                        r = find(s, arguments, &g, e);
                        return r < 0 ? r : console_guest(s, g, verb, arguments, e);
                }
        return error_set(e, -EINVAL,
                         "there is no \"%s\"; there are delete, stop, start, fail, add, rename, state, lose, host, "
                         "addresses, expire, disk-add, disk-delete",
                         verb);
}
