/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/machines.h"
#include "cmd/output.h"
#include "cmd/resolve.h"

static int print(const struct machines *m, enum output output)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;
        int r;

        if (output == OUTPUT_TEXT) {
                r = machines_text(m, &b);
                if (r < 0)
                        b.failed = r;
                return output_text(&b, EXIT_DONE);
        }

        if (output == OUTPUT_ANSIBLE)
                json = machines_inventory(m);
        else
                json = json_pack("{s:s, s:o}", "format", "muster.list/v1", "machines", machines_json(m));
        return output_json(json, EXIT_DONE);
}

/* Which machines are meant; without a name, all. */
static int find(struct context *c, struct machines *ret, struct error *e)
{
        _cleanup_names_ struct names names = { 0 };
        const char *resource = NULL, *slot = NULL;
        int r = 0;

        if (c->options->n_arguments > 0) {
                r = names_add_ledger(&names, c->ledger, e);
                if (r >= 0)
                        r = names_find(&names, c->options->arguments[0], &resource, &slot, e);
        }

        return r < 0 ? r : machines_pick(c->ledger, resource, slot, ret, e);
}

static int run(const struct options *o)
{
        _cleanup_context_ struct context c = { 0 };
        _cleanup_machines_ struct machines m = { 0 };
        struct error e;
        int r;

        if (o->n_arguments > 0 && names_check(o->arguments[0], &e) < 0)
                return command_usage(o->command, &e);

        r = context_init(&c, o, &e);
        if (r >= 0)
                r = context_require_ledger(&c, &e);
        if (r >= 0)
                r = context_open_ledger(&c, LEDGER_READ, &e);
        if (r >= 0)
                r = find(&c, &m, &e);
        if (r < 0)
                return command_failed(&e);

        return print(&m, o->output);
}

const struct command command_list = {
        .name = "list",
        .arguments = "[RESOURCE]",
        .summary = "show our machines with id, address and state",
        .text = "Prints the machines that the ledger owns, as they were last seen. It asks no provider and may run at "
                "any time. Of a BackupPolicy or SnapshotPolicy these are its backups or snapshots.\n\n"
                "With -o ansible it is an inventory: a group for each MachineSet (with '_' for '-'), and muster_id, "
                "muster_state, muster_resource and muster_provider of each host. Machines that are parked, missing, "
                "leaving or released are not in it. Ansible takes it from a script: a file with '#!/bin/sh' and 'exec "
                "muster list -o ansible' in it that may be executed, named with -i.",
        .examples = "  muster list\n"
                    "  muster list web\n"
                    "  muster list BackupPolicy/nightly\n"
                    "  muster list -o json MachineSet/web | jq -r '.machines[].address'\n"
                    "  muster list -o ansible | jq .web.hosts\n",
        .exits = "  0  printed\n"
                 "  1  there is no ledger, or no such resource\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_OUTPUT),
        .formats = FORMAT(OUTPUT_ANSIBLE),
        .most = 1,
        .run = run,
};
