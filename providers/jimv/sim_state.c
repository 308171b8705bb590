/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/text.h"

#define FORMAT "muster-sim.jimv/v1"

static const char *const era_names[] = { [ERA_2017] = "2017", [ERA_0_8] = "0.8" };

const char *const jimv_sim_host_states[] = {
        [HOST_ALIVE] = "alive", [HOST_SILENT] = "silent", [HOST_MISSING] = "missing", NULL
};

static const char *const work_names[] = {
        [WORK_CREATE] = "create",
        [WORK_PROGRESS] = "progress",
        [WORK_BOOTING] = "booting",
        [WORK_BOOT] = "boot",
        [WORK_SHUTDOWN] = "shutdown",
        [WORK_FORCE_SHUTDOWN] = "force-shutdown",
        [WORK_REBOOT] = "reboot",
        [WORK_SUSPEND] = "suspend",
        [WORK_RESUME] = "resume",
        [WORK_DELETE] = "delete",
        [WORK_ADJUST] = "adjust",
        [WORK_DISK_CREATE] = "disk-create",
        [WORK_DISK_RESIZE] = "disk-resize",
        [WORK_DISK_DELETE] = "disk-delete",
        [WORK_DISK_ATTACH] = "disk-attach",
        [WORK_DISK_DETACH] = "disk-detach",
        [WORKS] = NULL,
};

static json_t *save_guest(const struct record *r)
{
        const struct guest *g = (const struct guest *)r;

        return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}",
                         "id", r->id, "serial", (json_int_t)r->serial, "name", g->name, "remark", g->remark, "password",
                         g->password, "vncPassword", g->vnc_password, "address", g->ip, "state", (json_int_t)g->status,
                         "progress", (json_int_t)g->progress, "cpu", (json_int_t)g->cpu, "memory",
                         (json_int_t)g->memory, "givenCpu", (json_int_t)g->given_cpu, "givenMemory",
                         (json_int_t)g->given_memory, "template", (json_int_t)g->template, "bandwidth",
                         (json_int_t)g->bandwidth, "node", (json_int_t)g->node_id, "created", (json_int_t)g->created,
                         "made", (int)g->made);
}

static json_t *save_disk(const struct record *r)
{
        const struct disk *d = (const struct disk *)r;

        return json_pack("{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "id", r->id, "serial", (json_int_t)r->serial,
                         "label", d->label, "guest", d->guest_uuid, "size", (json_int_t)d->size, "state",
                         (json_int_t)d->state, "sequence", (json_int_t)d->sequence, "node", (json_int_t)d->node_id,
                         "created", (json_int_t)d->created);
}

static json_t *save_table(const struct records *t, json_t *(*save)(const struct record *r))
{
        _cleanup_json_ json_t *records = json_array();

        for (size_t i = 0; i < t->n_records; i++)
                if (json_array_append_new(records, save(t->records[i])) < 0)
                        return NULL;
        return STEAL(records);
}

static json_t *save_hosts(const struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *hosts = json_array();

        for (size_t i = 0; i < HOSTS; i++) {
                const struct host *h = &s->hosts[i];

                if (json_array_append_new(hosts,
                                          json_pack("{s:s, s:I, s:s, s:I}", "name", h->name, "node",
                                                    (json_int_t)h->node_id, "state", jimv_sim_host_states[h->state],
                                                    "noticedIn", (json_int_t)usec_since(h->noticed, now))) < 0)
                        return NULL;
        }
        return STEAL(hosts);
}

static json_t *save_messages(const struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *messages = json_array();

        for (const struct message *m = s->first_message; m; m = m->next)
                if (json_array_append_new(
                            messages, json_pack("{s:s, s:I, s:s, s:s, s:I, s:I}", "work", work_names[m->work], "dueIn",
                                                (json_int_t)usec_since(m->due, now), "guest", m->guest, "disk", m->disk,
                                                "first", (json_int_t)m->first, "second", (json_int_t)m->second)) < 0)
                        return NULL;
        return STEAL(messages);
}

static json_t *save_sessions(const struct simulation *s)
{
        _cleanup_json_ json_t *sessions = json_array();

        for (const struct session *session = s->sessions; session; session = session->next)
                if (json_array_append_new(sessions, json_string(session->sid)) < 0)
                        return NULL;
        return STEAL(sessions);
}

json_t *jimv_sim_save(struct simulation *s, usec_t now)
{
        jimv_sim_settle(s, now);
        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "format", FORMAT, "era",
                         era_names[s->era], "nextSerial", (json_int_t)s->guests.next_serial, "nextDisk",
                         (json_int_t)s->disks.next_serial, "random", (json_int_t)s->random, "toLose",
                         (json_int_t)s->to_lose, "freeAddresses", (json_int_t)s->free_addresses, "hosts",
                         save_hosts(s, now), "sessions", save_sessions(s), "machines",
                         save_table(&s->guests, save_guest), "disks", save_table(&s->disks, save_disk), "messages",
                         save_messages(s, now));
}

static int find_name(const char *const *names, const char *name, size_t *ret)
{
        for (size_t i = 0; names[i]; i++)
                if (text_equal(names[i], name)) {
                        *ret = i;
                        return 0;
                }
        return -EBADMSG;
}

static int load_guest(struct simulation *s, usec_t now, json_t *saved)
{
        json_int_t serial, state, progress, cpu, memory, given_cpu, given_memory, template, bandwidth, node, created;
        struct guest_form form = {};
        const char *vnc_password;
        struct guest *g;
        int made, r;

        if (json_unpack(saved, "{s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}",
                        "id", &form.uuid, "serial", &serial, "name", &form.name, "remark", &form.remark, "password",
                        &form.password, "vncPassword", &vnc_password, "state", &state, "progress", &progress, "cpu",
                        &cpu, "memory", &memory, "givenCpu", &given_cpu, "givenMemory", &given_memory, "template",
                        &template, "bandwidth", &bandwidth, "node", &node, "created", &created, "made", &made) < 0)
                return -EBADMSG;
        if (strlen(form.uuid) != UUID_SIZE - 1 || serial < s->guests.next_serial || !*form.name || !*form.password ||
            strlen(vnc_password) >= sizeof(g->vnc_password) || strmap_get(&s->by_name, form.name))
                return -EBADMSG;

        s->guests.next_serial = serial;
        r = jimv_sim_guest_add(s, now, &form, &g);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        jimv_sim_guest_set_size(g, given_cpu, given_memory);
        memcpy(g->vnc_password, vnc_password, strlen(vnc_password) + 1);
        g->status = state;
        g->progress = progress;
        g->cpu = cpu;
        g->memory = memory;
        g->template = template;
        g->bandwidth = bandwidth;
        g->node_id = node;
        g->created = created;
        g->made = made;
        return 0;
}

static int load_disk(struct simulation *s, usec_t now, json_t *saved)
{
        json_int_t serial, size, state, sequence, node, created;
        struct disk_form form = {};
        const char *guest_uuid;
        struct guest *g;
        struct disk *d;
        int r;

        if (json_unpack(saved, "{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "id", &form.uuid, "serial", &serial,
                        "label", &form.label, "guest", &guest_uuid, "size", &size, "state", &state, "sequence",
                        &sequence, "node", &node, "created", &created) < 0)
                return -EBADMSG;
        if (strlen(form.uuid) != UUID_SIZE - 1 || strlen(guest_uuid) >= UUID_SIZE || serial < s->disks.next_serial)
                return -EBADMSG;

        s->disks.next_serial = serial;
        form.size = size;
        form.node_id = node;
        r = jimv_sim_disk_add(s, now, &form, &d);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        memcpy(d->guest_uuid, guest_uuid, strlen(guest_uuid) + 1);
        d->state = state;
        d->sequence = sequence;
        d->created = created;
        g = jimv_sim_guest_find(s, guest_uuid);
        if (g && sequence > 0)
                g->n_disks++;
        return 0;
}

static int load_message(struct simulation *s, usec_t now, json_t *saved)
{
        const char *work_name, *guest, *disk;
        json_int_t due_in, first, second;
        struct message m = {};
        size_t work;

        if (json_unpack(saved, "{s:s, s:I, s:s, s:s, s:I, s:I}", "work", &work_name, "dueIn", &due_in, "guest", &guest,
                        "disk", &disk, "first", &first, "second", &second) < 0)
                return -EBADMSG;
        if (find_name(work_names, work_name, &work) < 0 || due_in < 0 || strlen(guest) >= UUID_SIZE ||
            strlen(disk) >= UUID_SIZE)
                return -EBADMSG;

        m.work = (enum work)work;
        m.due = usec_add(now, (usec_t)due_in);
        m.first = first;
        m.second = second;
        memcpy(m.guest, guest, strlen(guest) + 1);
        memcpy(m.disk, disk, strlen(disk) + 1);
        return jimv_sim_message_put(s, &m);
}

static int load_host(struct simulation *s, usec_t now, json_t *saved)
{
        json_int_t node, noticed_in;
        const char *state_name;
        struct host *h;
        size_t state;

        if (json_unpack(saved, "{s:I, s:s, s:I}", "node", &node, "state", &state_name, "noticedIn", &noticed_in) < 0 ||
            find_name(jimv_sim_host_states, state_name, &state) < 0 || !(h = jimv_sim_host_find(s, node)) ||
            noticed_in < 0)
                return -EBADMSG;
        h->state = (enum host_state)state;
        h->noticed = usec_add(now, (usec_t)noticed_in);
        return 0;
}

static int load_session(struct simulation *s, usec_t now, json_t *saved)
{
        const char *sid = json_string_value(saved);

        (void)now;
        if (!sid || strlen(sid) >= SID_SIZE)
                return -EBADMSG;
        return jimv_sim_session_add(s, sid);
}

static int load_all(struct simulation *s, usec_t now, const json_t *state, const char *key,
                    int (*load)(struct simulation *s, usec_t now, json_t *saved), struct error *e)
{
        json_t *items = json_object_get(state, key), *saved;
        size_t i;

        if (!json_is_array(items))
                return error_set(e, -EBADMSG, "the saved state has no \"%s\"", key);
        json_array_foreach(items, i, saved)
        {
                int r = load(s, now, saved);

                if (r == -ENOMEM)
                        return error_oom(e);
                if (r < 0)
                        return error_set(e, r, "number %zu of \"%s\" in the saved state cannot be read", i + 1, key);
        }
        return 0;
}

static void clear(struct simulation *s)
{
        jimv_sim_messages_done(s);
        jimv_sim_sessions_done(s);
        jimv_sim_guests_done(s);
        jimv_sim_disks_done(s);
        s->free_addresses = INT64_MAX;
}

int jimv_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e)
{
        json_int_t next_serial, next_disk, random, to_lose, free_addresses;
        const char *format = NULL, *era = NULL;
        int r;

        if (json_unpack((json_t *)state, "{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "format", &format, "era", &era,
                        "nextSerial", &next_serial, "nextDisk", &next_disk, "random", &random, "toLose", &to_lose,
                        "freeAddresses", &free_addresses) < 0 ||
            !text_equal(format, FORMAT) || to_lose < 0 || random == 0)
                return error_set(e, -EBADMSG, "this is not a saved state of jimv's simulator");
        if (!text_equal(era, era_names[s->era]))
                return error_set(e, -EBADMSG, "the saved state is of era %s, and this is era %s", era,
                                 era_names[s->era]);

        clear(s);
        r = load_all(s, now, state, "machines", load_guest, e);
        if (r < 0)
                return r;
        jimv_sim_disks_done(s); /* the system disks that came with the guests: they are among those that were saved */
        if ((r = load_all(s, now, state, "disks", load_disk, e)) < 0 ||
            (r = load_all(s, now, state, "messages", load_message, e)) < 0 ||
            (r = load_all(s, now, state, "hosts", load_host, e)) < 0 ||
            (r = load_all(s, now, state, "sessions", load_session, e)) < 0)
                return r;
        if (next_serial < s->guests.next_serial || next_disk < s->disks.next_serial)
                return error_set(e, -EBADMSG, "the saved state's next ids were given already");
        s->guests.next_serial = next_serial;
        s->disks.next_serial = next_disk;
        s->random = (uint64_t)random;
        s->to_lose = (uint64_t)to_lose;
        s->free_addresses = free_addresses;
        return 0;
}
