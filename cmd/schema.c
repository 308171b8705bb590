/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "providers/providers.h"
#include "reconcile/base/text.h"
#include "specs/schema.h"

/* The types of Provider that this program has, ending with NULL. NULL: out of memory. */
static const char **list_types(void)
{
        const char **types;
        size_t n = 0;

        while (vendors[n].codec)
                n++;

        types = calloc(n + 1, sizeof(*types));
        for (size_t i = 0; types && i < n; i++)
                types[i] = vendors[i].codec->type;

        return types;
}

static int unknown_kind(const char *name, struct error *e)
{
        _cleanup_free_ const char **names = NULL;
        const char *nearest;
        size_t n = 0;

        for (size_t i = 0; kinds_later[i]; i++)
                if (text_equal(kinds_later[i], name))
                        return error_set(e, -EINVAL, "the kind '%s' is not in this version yet", name);

        while (kinds[n])
                n++;
        names = calloc(n + 1, sizeof(*names));
        if (!names)
                return error_oom(e);
        for (size_t i = 0; i < n; i++)
                names[i] = kinds[i]->name;

        nearest = text_nearest(name, names, n);
        if (nearest)
                return error_set(e, -EINVAL, "there is no kind '%s' (did you mean '%s'?)", name, nearest);

        return error_set(e, -EINVAL, "there is no kind '%s'", name);
}

static int run(const struct options *o)
{
        const struct kind *kind = o->n_arguments > 0 ? kind_find(o->arguments[0]) : NULL;
        _cleanup_free_ const char **types = list_types();
        _cleanup_json_ json_t *schema = NULL;
        struct error e;
        int r = types ? 0 : -ENOMEM;

        if (o->n_arguments > 0 && !kind) {
                r = unknown_kind(o->arguments[0], &e);
                return r == -EINVAL ? command_usage(o->command, &e) : command_failed(&e);
        }

        if (r == 0)
                r = kind ? schema_of_kind(kind, types, &schema) : schema_of_all(types, &schema);
        if (r < 0) {
                (void)error_oom(&e);
                return command_failed(&e);
        }

        return output_json(schema, EXIT_DONE);
}

const struct command command_schema = {
        .name = "schema",
        .arguments = "[KIND]",
        .summary = "print the JSON Schema of specs, for editors and other tools",
        .text = "Prints a JSON Schema (draft 7) of what specs may hold in this version, or of one kind's documents: every "
                "field with its type, range, default and what it is for. An editor that is given it completes, explains and "
                "checks specs as they are written. What depends on another resource only 'muster validate' sees.",
        .examples = "  muster schema > muster.schema.json\n"
                    "  muster schema MachineSet | jq '.properties.spec.properties | keys'\n",
        .exits = "  0  printed\n",
        .most = 1,
        .run = run,
};
