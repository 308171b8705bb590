/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "providers/starvcenter/sim_wire.h"

/*
 * The calls about backups and snapshots of machines, which are alike. Where the document is silent: a machine is locked while one
 * of them is made or restored, as its table of locks says; one that is being made is listed and not usable; both go with
 * their machine; what a restore brings back is nothing that a listing shows, and is counted for tests; several may have one name.
 */

#define COPY(member) offsetof(struct sim_copy, member)

static const struct sim_field backup_fields[] = {
        SIM_ID("backup.id", NULL),
        { "name", "backup.name", NULL, FIELD_TEXT, COPY(name) },
        { "description", "backup.desc", NULL, FIELD_TEXT, COPY(description), .style = STYLE_NULLABLE },
        { "machine", "backup.vmid", NULL, FIELD_PARENT },
        { "created", "backup.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "usable", "backup.enable", NULL, FIELD_TRUTH, COPY(usable) },
        { "restores", NULL, NULL, FIELD_NUMBER, COPY(restores) },
        {},
};

static const struct sim_field snapshot_fields[] = {
        SIM_ID("snapshot.id", NULL),
        { "name", "snapshot.name", NULL, FIELD_TEXT, COPY(name) },
        { "description", "snapshot.desc", NULL, FIELD_TEXT, COPY(description), .style = STYLE_NULLABLE },
        { "machine", "snapshot.vmid", NULL, FIELD_PARENT },
        { "created", "snapshot.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "usable", "snapshot.enable", NULL, FIELD_TRUTH, COPY(usable) },
        { "restores", NULL, NULL, FIELD_NUMBER, COPY(restores) },
        {},
};

static void settle(struct simulation *s, struct sim_item *i, enum sim_work work)
{
        struct sim_copy *copy = (struct sim_copy *)i;

        (void)s;
        if (work == WORK_COPY)
                copy->usable = true;
        else if (work == WORK_RESTORE)
                copy->restores++;
        sim_item_changed(i);
}

const struct sim_kind sim_backup_kind = {
        .noun = "backup",
        .list = "backups",
        .next = "nextBackup",
        .prefix = "backup-",
        .size = sizeof(struct sim_copy),
        .parent = SIM_MACHINES,
        .fields = backup_fields,
        .settle = settle,
};

const struct sim_kind sim_snapshot_kind = {
        .noun = "snapshot",
        .list = "snapshots",
        .next = "nextSnapshot",
        .prefix = "snapshot-",
        .size = sizeof(struct sim_copy),
        .parent = SIM_MACHINES,
        .fields = snapshot_fields,
        .settle = settle,
};

/* What the calls of one of the two kinds are made of. */
struct dialect {
        enum sim_kind_name kind;
        const char *id, *machine;
        struct sim_check create[3], modify[2];
};

static const struct dialect backups = {
        SIM_BACKUPS,
        "backup.id",
        "backup.vmid",
        { { "backup.name", CHECK_TEXT, .needed = true }, { "backup.desc", CHECK_TEXT } },
        { { "backup.desc", CHECK_TEXT } },
};

static const struct dialect snapshots = {
        SIM_SNAPSHOTS,
        "snapshot.id",
        "snapshot.vmid",
        { { "snapshot.name", CHECK_TEXT, .needed = true }, { "snapshot.desc", CHECK_TEXT } },
        { { "snapshot.desc", CHECK_TEXT } },
};

static int serve_list(struct plain_call *c, const struct sim_listing *l)
{
        int r = 0;
        const struct sim_item *machine = sim_named(c, SIM_MACHINES, c->captures[0], &r);

        return machine ? sim_serve_children(c, l, machine) : r;
}

static int serve_create(struct plain_call *c, const struct dialect *d)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = NULL;
        int r = 0;
        struct sim_item *machine = sim_changeable(c, SIM_MACHINES, sim_text(c, d->machine), &r), *made;

        if (!machine || !sim_check(c, d->create, c->body, &r))
                return r;
        i = sim_item_new(d->kind);
        if (!i || sim_fill(i, d->create, c->body) < 0 || sim_item_put(c->s, c->now, i, machine) < 0)
                return -ENOMEM;
        made = STEAL(i);
        sim_work_begin(c->s, made, WORK_COPY, c->now, 0);
        sim_work_begin(c->s, machine, WORK_COPY, c->now, 0);
        return sim_say(c, json_pack("{s:o, s:{s:s}, s:o}", "result", sim_code(c->s, 0), "data", d->id, made->record.id,
                                    "startid", sim_task(c->s)));
}

static int serve_delete(struct plain_call *c, const struct dialect *d)
{
        int r = 0;
        struct sim_item *i = sim_changeable(c, d->kind, c->captures[0], &r);

        if (!i)
                return r;
        sim_item_remove(c->s, i);
        return sim_done(c);
}

static int serve_restore(struct plain_call *c, const struct dialect *d)
{
        int r = 0;
        struct sim_item *i = sim_changeable(c, d->kind, sim_text(c, d->id), &r);

        if (!i || !sim_changeable(c, SIM_MACHINES, i->parent->record.id, &r))
                return r;
        if (!((struct sim_copy *)i)->usable)
                return sim_say_no(c, "the %s is not usable", sim_kind(d->kind)->noun);
        sim_work_begin(c->s, i->parent, WORK_RESTORE, c->now, 0);
        return sim_begin(c, i, WORK_RESTORE, 0);
}

static int serve_modify(struct plain_call *c, const struct dialect *d)
{
        int r = 0;
        struct sim_item *i = sim_named(c, d->kind, sim_text(c, d->id), &r);

        if (!i || !sim_check(c, d->modify, c->body, &r))
                return r;
        return sim_fill(i, d->modify, c->body) < 0 ? -ENOMEM : sim_done(c);
}

int sim_serve_backups(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_BACKUPS, .nothing = "\"\"", .bare = true };

        return serve_list(c, &listing);
}

int sim_serve_backup_create(struct plain_call *c)
{
        return serve_create(c, &backups);
}

int sim_serve_backup_delete(struct plain_call *c)
{
        return serve_delete(c, &backups);
}

int sim_serve_backup_restore(struct plain_call *c)
{
        return serve_restore(c, &backups);
}

int sim_serve_backup_modify(struct plain_call *c)
{
        return serve_modify(c, &backups);
}

int sim_serve_snapshots(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_SNAPSHOTS, .nothing = "null", .bare = true };

        return serve_list(c, &listing);
}

int sim_serve_snapshot_create(struct plain_call *c)
{
        return serve_create(c, &snapshots);
}

int sim_serve_snapshot_delete(struct plain_call *c)
{
        return serve_delete(c, &snapshots);
}

int sim_serve_snapshot_restore(struct plain_call *c)
{
        return serve_restore(c, &snapshots);
}

int sim_serve_snapshot_modify(struct plain_call *c)
{
        return serve_modify(c, &snapshots);
}
