/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/text.h"

#define HALF_WAY 45 /* per cent that a new guest shows between beginning and end */

struct host *jimv_sim_host_find(struct simulation *s, int64_t node_id)
{
        for (size_t i = 0; i < HOSTS; i++)
                if (s->hosts[i].node_id == node_id)
                        return &s->hosts[i];
        return NULL;
}

bool jimv_sim_host_seems_alive(const struct host *h, usec_t now)
{
        return h->state == HOST_ALIVE || (h->state == HOST_SILENT && now <= h->noticed);
}

static bool is_alive(struct simulation *s, int64_t node_id)
{
        const struct host *h = jimv_sim_host_find(s, node_id);

        return h && h->state == HOST_ALIVE;
}

/* Any host that is there, the guests spread over them; NULL: none. */
static const struct host *any_host(const struct simulation *s, int64_t id)
{
        for (size_t i = 0; i < HOSTS; i++) {
                const struct host *h = &s->hosts[((size_t)id + i) % HOSTS];

                if (h->state == HOST_ALIVE)
                        return h;
        }
        return NULL;
}

static void message_remove(struct simulation *s, struct message *m)
{
        *(m->previous ? &m->previous->next : &s->first_message) = m->next;
        *(m->next ? &m->next->previous : &s->last_message) = m->previous;
        free(m);
}

void jimv_sim_drop_messages(struct simulation *s, const char *guest)
{
        for (struct message *m = s->first_message, *next; m; m = next) {
                next = m->next;
                if (text_equal(m->guest, guest))
                        message_remove(s, m);
        }
}

void jimv_sim_messages_done(struct simulation *s)
{
        while (s->first_message)
                message_remove(s, s->first_message);
}

/* The delay is the same for all, so that a new message nearly always belongs to the end. */
int jimv_sim_message_put(struct simulation *s, const struct message *form)
{
        struct message *before = s->last_message, *m = malloc(sizeof(*m));

        if (!m)
                return -ENOMEM;
        while (before && before->due > form->due)
                before = before->previous;
        *m = *form;
        m->previous = before;
        m->next = before ? before->next : s->first_message;
        *(before ? &before->next : &s->first_message) = m;
        *(m->next ? &m->next->previous : &s->last_message) = m;
        return 0;
}

static bool is_about_disk(enum work work)
{
        return work == WORK_DISK_CREATE || work == WORK_DISK_RESIZE || work == WORK_DISK_DELETE;
}

/* Is there somebody whom the message reaches? Era 2017 keeps a create until a host takes it, and its disks are
 * on storage that all hosts share. */
static bool reaches(struct simulation *s, const struct message *m)
{
        const struct guest *g = jimv_sim_guest_find(s, m->guest);
        const struct disk *d = jimv_sim_disk_find(s, m->disk);

        if (s->era == ERA_2017 && (m->work == WORK_CREATE || is_about_disk(m->work)))
                return m->work == WORK_CREATE || any_host(s, 0);
        if (is_about_disk(m->work))
                return d && is_alive(s, d->node_id);
        return g && is_alive(s, g->node_id);
}

static enum work first_half_of(const struct simulation *s, enum work work)
{
        if (s->era == ERA_2017)
                return WORKS;
        return work == WORK_CREATE ? WORK_PROGRESS : work == WORK_BOOT ? WORK_BOOTING : WORKS;
}

int jimv_sim_send(struct simulation *s, usec_t now, const struct message *form)
{
        struct message whole = *form, half = *form;
        int r = 0;

        if (s->to_lose > 0) {
                s->to_lose--;
                return 0;
        }
        if (!reaches(s, form))
                return 0;

        half.work = first_half_of(s, form->work);
        half.due = usec_add(now, s->ready_delay / 2);
        whole.due = usec_add(now, s->ready_delay);
        if (half.work != WORKS)
                r = jimv_sim_message_put(s, &half);
        return r < 0 ? r : jimv_sim_message_put(s, &whole);
}

static void move(struct simulation *s, struct guest *g, enum status status)
{
        g->status = jimv_sim_status(s, status);
}

static bool is(const struct simulation *s, const struct guest *g, enum status status)
{
        return jimv_sim_guest_is(s, g, status);
}

static void create(struct simulation *s, struct guest *g)
{
        if (s->era == ERA_2017)
                g->node_id = any_host(s, g->record.serial)->node_id;
        jimv_sim_guest_made(s, g, jimv_sim_status(s, RUNNING));
}

static void progress(struct simulation *s, struct guest *g)
{
        move(s, g, CREATING);
        g->progress = HALF_WAY;
        jimv_sim_changed(&g->record);
}

/* What a host does to a guest that it has. */
static void change_guest(struct simulation *s, struct guest *g, const struct message *m)
{
        switch (m->work) {
        case WORK_BOOTING:
        case WORK_BOOT:
                if (is(s, g, SHUT_OFF) || is(s, g, CRASHED) || (m->work == WORK_BOOT && is(s, g, BOOTING)))
                        move(s, g, m->work == WORK_BOOT ? RUNNING : BOOTING);
                break;
        case WORK_SHUTDOWN:
                if (is(s, g, RUNNING))
                        move(s, g, SHUT_OFF);
                break;
        case WORK_FORCE_SHUTDOWN:
                move(s, g, SHUT_OFF);
                break;
        case WORK_SUSPEND:
                if (is(s, g, RUNNING))
                        move(s, g, PAUSED);
                break;
        case WORK_RESUME:
                if (is(s, g, PAUSED))
                        move(s, g, RUNNING);
                break;
        case WORK_ADJUST:
                jimv_sim_guest_set_size(g, m->first, m->second);
                break;
        case WORK_DELETE:
                jimv_sim_guest_remove(s, g);
                break;
        default: /* a reboot: it runs before and after */
                break;
        }
}

static void settle_guest(struct simulation *s, struct guest *g, const struct message *m)
{
        if (m->work == WORK_CREATE)
                create(s, g);
        else if (m->work == WORK_PROGRESS && !g->made)
                progress(s, g);
        else if (g->made)
                change_guest(s, g, m);
}

static void settle_disk(struct simulation *s, struct disk *d, struct guest *g, const struct message *m)
{
        switch (m->work) {
        case WORK_DISK_CREATE:
                jimv_sim_disk_set(d, d->size, DISK_IDLE);
                break;
        case WORK_DISK_RESIZE:
                if (d->state != DISK_PENDING)
                        jimv_sim_disk_set(d, m->first, (enum disk_state)d->state);
                break;
        case WORK_DISK_DELETE:
                jimv_sim_disk_remove(s, d);
                break;
        case WORK_DISK_ATTACH:
                if (g && (d->state == DISK_IDLE || d->state == DISK_MOUNTING))
                        jimv_sim_disk_tie(d, g, m->first, DISK_MOUNTED);
                break;
        default: /* a detach */
                if (g && *d->guest_uuid)
                        jimv_sim_disk_untie(s, d);
                break;
        }
}

static void settle_one(struct simulation *s, const struct message *m)
{
        struct guest *g = jimv_sim_guest_find(s, m->guest);
        struct disk *d = jimv_sim_disk_find(s, m->disk);

        if (!reaches(s, m))
                return;
        if (*m->disk && d)
                settle_disk(s, d, g, m);
        else if (!*m->disk && g)
                settle_guest(s, g, m);
}

void jimv_sim_settle(struct simulation *s, usec_t now)
{
        struct message *m = s->first_message, *next;

        for (; m && m->due <= now; m = next) {
                next = m->next;
                if (s->era == ERA_2017 && m->work == WORK_CREATE && !any_host(s, 0))
                        continue; /* until a host takes it */
                settle_one(s, m);
                message_remove(s, m);
        }
}
