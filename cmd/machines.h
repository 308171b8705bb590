/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The ledger's machines, picked out and shown: as a table, as JSON, as an inventory. Pure: the same machines give the
 * same bytes.
 *
 * The rule: the machines stay the ledger's; they are shown as they were last seen, and nothing is asked of a vendor.
 */

#include "reconcile/base/json.h"
#include "reconcile/ledger.h"

struct machines {
        struct thing **items; /* in natural order of resource and name */
        size_t n;
};

void machines_done(struct machines *m);
#define _cleanup_machines_ _cleanup_(machines_done)

/* Those of a resource ("MachineSet/web", or "Provider/star": all that are there) and of a name; NULL: of any. Of a policy that copies machines
 * its copies, which are shown in the same way. 0 or -ENOMEM. */
int machines_pick(const struct ledger *l, const char *resource, const char *slot, struct machines *ret,
                  struct error *e);

/* "running", "parked", "missing", …: what muster knows outranks what the vendor last said. */
const char *machine_state(const struct thing *t);

/* The table, its headings first. 0, -ENOMEM or -ENOBUFS. */
int machines_text(const struct machines *m, struct buf *b);

/* A list of objects; NULL: out of memory. */
json_t *machines_json(const struct machines *m);

/* An inventory for Ansible, as its scripts give it for --list: a group for each resource, and what is known of each
 * machine as the host's variables. Machines that are not ours for good (parked, leaving, released, missing) are left
 * out. NULL: out of memory. */
json_t *machines_inventory(const struct machines *m);
