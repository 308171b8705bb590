/* SPDX-License-Identifier: MIT */

/*
 * What is done at a vendor's console.
 */

#include <stdio.h>

#include "tests/simulation/server.h"

bool server_console(struct world *w, size_t account, const char *verb, const char *id, const char *text)
{
        struct server *s = &w->servers[account];
        _cleanup_json_ json_t *arguments = json_pack("{s:s, s:s?, s:s?}", "id", id, "to", text, "state", text);
        struct error e = { "" };
        struct machine_view m;
        int r;

        /* Nobody meddles with a machine that is being deleted: the simulator would take the delete back. */
        if (!server_machine(w, account, id, &m) || m.leaving)
                return false;
        server_take_snapshots(w, s);
        r = s->vendor->simulator->console(s->simulation, w->now, verb, arguments, &e);
        world_trace(w, "PERSON at %s: %s %s %s: %s", s->account, verb, id, text ? text : "", r < 0 ? e.text : "done");
        return r >= 0;
}

bool server_add(struct world *w, size_t account, json_t *arguments, char *ret_id)
{
        struct server *s = &w->servers[account];
        _cleanup_json_ json_t *given = arguments;
        const char *name = json_string_value(json_object_get(given, "name"));
        struct error e = { "" };
        struct machine_view m;

        server_take_snapshots(w, s);
        if (s->vendor->simulator->console(s->simulation, w->now, "add", given, &e) < 0) {
                world_trace(w, "PERSON at %s: cannot add one: %s", s->account, e.text);
                return false;
        }
        s->vendor->at(s->simulation, s->vendor->count(s->simulation) - 1, &m);
        world_trace(w, "PERSON at %s: adds %s as %s", s->account, name ? name : "one", m.id);
        server_add_record(s, m.id, name ? name : "", false);
        if (ret_id)
                snprintf(ret_id, SERVER_ID_MAX, "%s", m.id);
        return true;
}

void server_mischief(struct world *w, size_t account, const char *verb, const char *arguments)
{
        struct server *s = &w->servers[account];
        _cleanup_json_ json_t *given = world_must(json_loads(arguments, 0, NULL));
        struct error e = { "" };
        int r = s->vendor->simulator->console(s->simulation, w->now, verb, given, &e);

        world_trace(w, "%s: %s %s: %s", s->account, verb, arguments, r < 0 ? e.text : "done");
}
