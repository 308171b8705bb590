/* SPDX-License-Identifier: MIT */
#include "cmd/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define NAME_BYTES_MAX 128
#define MACHINE_PREFIX "Machine/"

void names_done(struct names *names)
{
        free(names->resources);
        free(names->slots);
        strmap_done(&names->known);
        strmap_done(&names->twice);
        *names = (struct names){ 0 };
}

static int add(struct names *names, const char ***list, size_t *n, size_t *allocated, const char *name,
               const char *resource)
{
        const char **item;
        int r;

        r = strmap_put(&names->known, name, (void *)resource);
        if (r == -EEXIST && strchr(name, '/') && kind_of(strmap_get(&names->known, name)) != kind_of(resource))
                return strmap_set(&names->twice, name, (void *)resource);
        if (r < 0)
                return r == -EEXIST ? 0 : r;

        item = ARRAY_ADD(*list, *n, *allocated);
        if (!item)
                return -ENOMEM;

        *item = name;
        return 0;
}

/* Is the slot what its resource is called, or something within that: "web" or "web/in tcp 80" of SecurityGroup/web? Then the resource is
 * the one to name; its bare name may be another one's as well. */
static bool is_of_its_name(const char *resource, const char *slot)
{
        const char *bare = strchr(resource, '/') + 1;
        size_t n = strlen(bare);

        return strncmp(slot, bare, n) == 0 && (!slot[n] || slot[n] == '/');
}

int names_add(struct names *names, const char *resource, const char *slot, struct error *e)
{
        int r;

        r = add(names, &names->resources, &names->n_resources, &names->allocated_resources, resource, resource);
        if (r >= 0 && slot && !is_of_its_name(resource, slot))
                r = add(names, &names->slots, &names->n_slots, &names->allocated_slots, slot, resource);

        return r < 0 ? error_oom(e) : 0;
}

static int add_account(struct names *names, struct ledger *ledger, const char *account, struct error *e)
{
        char text[RESOURCE_TEXT_MAX];
        const char *name;

        (void)snprintf(text, sizeof(text), "%s/%s", kind_provider.name, account);
        name = ledger_string(ledger, text);

        return name ? names_add(names, name, NULL, e) : error_oom(e);
}

static int add_status(struct names *names, struct ledger *ledger, struct error *e)
{
        _cleanup_free_ struct status_row *rows = NULL;
        size_t n = 0;
        int64_t at;
        int r;

        r = ledger_get_status(ledger, &rows, &n, &at, e);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = names_add(names, rows[i].resource, NULL, e);

        return r;
}

int names_add_ledger(struct names *names, struct ledger *ledger, struct error *e)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++)
                r = names_add(names, ledger->things[i]->resource, ledger->things[i]->slot, e);
        for (size_t i = 0; r >= 0 && i < ledger->n_calls; i++)
                r = names_add(names, ledger->calls[i]->resource, ledger->calls[i]->slot, e);
        STRMAP_FOREACH (slot, &ledger->accounts)
                r = r < 0 ? r : add_account(names, ledger, slot->key, e);
        STRMAP_FOREACH (slot, &ledger->pauses)
                r = r < 0 ? r : names_add(names, slot->key, NULL, e);

        return r < 0 ? r : add_status(names, ledger, e);
}

struct remembering {
        struct names *names;
        struct ledger *ledger;
        struct error *e;
};

static int remember(void *userdata, const struct history_row *row)
{
        struct remembering *m = userdata;
        const char *resource = ledger_string(m->ledger, row->resource), *slot = ledger_string(m->ledger, row->slot);

        return resource && slot ? names_add(m->names, resource, slot, m->e) : error_oom(m->e);
}

int names_add_history(struct names *names, struct ledger *ledger, struct error *e)
{
        struct remembering m = { .names = names, .ledger = ledger, .e = e };

        return ledger_history(ledger, NULL, NULL, SIZE_MAX, remember, &m, e);
}

int names_add_estate(struct names *names, const struct estate *estate, struct error *e)
{
        for (size_t i = 0; i < estate->n_resources; i++) {
                char text[RESOURCE_TEXT_MAX];
                const char *name = strpool_add(estate->strings, resource_text(estate->resources[i], text));
                int r;

                r = name ? names_add(names, name, NULL, e) : error_oom(e);
                if (r < 0)
                        return r;
        }

        return 0;
}

size_t slot_set_length(const char *name)
{
        const char *dash = strrchr(name, '-');
        int64_t ordinal;

        if (!dash || dash[1] == '-' || text_to_int64(dash + 1, &ordinal) < 0)
                return 0;

        return (size_t)(dash - name);
}

/* The resources whose name, behind the kind, is the first `n` bytes of `name`: how many, and the first. */
static size_t count_bare(const struct names *names, const char *name, size_t n, const char **ret)
{
        size_t found = 0;

        for (size_t i = names->n_resources; i-- > 0;) {
                const char *bare = strchr(names->resources[i], '/') + 1;

                if (strlen(bare) == n && memcmp(bare, name, n) == 0) {
                        *ret = names->resources[i];
                        found++;
                }
        }

        return found;
}

static int ambiguous(const struct names *names, const char *typed, struct error *e)
{
        _cleanup_buf_ struct buf list = BUF_INIT(1024);

        for (size_t i = 0; i < names->n_resources; i++)
                if (text_equal(strchr(names->resources[i], '/') + 1, typed))
                        (void)buf_addf(&list, "%s%s", list.len > 0 ? ", " : "", names->resources[i]);

        return error_set(e, -ENOENT, "'%s' may be one of %s: write the kind as well", typed, buf_text(&list));
}

static int unknown(const struct names *names, const char *typed, struct error *e)
{
        _cleanup_free_ const char **all = NULL;
        const char *nearest;
        size_t n = 0;

        all = calloc(2 * names->n_resources + names->n_slots + 1, sizeof(*all));
        if (!all)
                return error_oom(e);

        for (size_t i = 0; i < names->n_resources; i++)
                all[n++] = names->resources[i];
        for (size_t i = 0; i < names->n_resources; i++)
                all[n++] = strchr(names->resources[i], '/') + 1;
        for (size_t i = 0; i < names->n_slots; i++)
                all[n++] = names->slots[i];

        nearest = text_nearest(typed, all, n);
        if (nearest)
                return error_set(e, -ENOENT, "there is no '%s' (did you mean '%s'?)", typed, nearest);

        return error_set(e, -ENOENT,
                         "there is no '%s': 'muster status' lists the resources, 'muster list' the machines", typed);
}

int names_check(const char *typed, struct error *e)
{
        const char *slash = strchr(typed, '/');

        if (strlen(typed) < NAME_BYTES_MAX && *typed && slash != typed &&
            (!slash || (slash[1] && !strchr(slash + 1, '/'))))
                return 0;

        return error_set(e, -EINVAL,
                         "'%.60s' names no resource: write KIND/NAME, a machine's name, or a resource's name", typed);
}

/* "MachineSet/web" out of "web-3", when there is that set. */
static const char *set_of_slot(const struct names *names, const char *slot)
{
        char resource[sizeof("MachineSet/") + NAME_BYTES_MAX];

        (void)snprintf(resource, sizeof(resource), "%s/%.*s", kind_machine_set.name, (int)slot_set_length(slot), slot);
        return strmap_get(&names->known, resource);
}

int names_find(const struct names *names, const char *typed, const char **ret_resource, const char **ret_slot,
               struct error *e)
{
        const char *name = text_starts(typed, MACHINE_PREFIX) ? typed + strlen(MACHINE_PREFIX) : typed;
        const char *resource = strmap_get(&names->known, name);
        bool whole = resource && text_equal(resource, name);
        size_t n_bare;
        int r;

        r = names_check(typed, e);
        if (r < 0)
                return r;

        if (!resource && !strchr(name, '/'))
                resource = set_of_slot(names, name);
        if (!resource && !strchr(typed, '/')) {
                n_bare = count_bare(names, typed, strlen(typed), &resource);
                if (n_bare > 1)
                        return ambiguous(names, typed, e);
                whole = n_bare == 1;
        }
        if (!resource)
                return unknown(names, typed, e);
        if (strmap_get(&names->twice, name))
                return error_set(e, -ENOENT, "'%s' may be of %s or of %s: name one of these as a whole, or rename it",
                                 typed, resource, (const char *)strmap_get(&names->twice, name));

        *ret_resource = resource;
        *ret_slot = whole ? NULL : name;
        return 0;
}
