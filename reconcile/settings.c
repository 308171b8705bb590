/* SPDX-License-Identifier: MIT */
#include "reconcile/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_CHARS 64 /* of a field that has fields of its own */

/* "frontend" of "frontend.port"; `*ret_rest` is "port". NULL: the path has one part only. */
static const char *first_part(const char *path, char name[static NAME_MAX_CHARS], const char **ret_rest)
{
        const char *dot = strchr(path, '.');

        *ret_rest = dot ? dot + 1 : path;
        if (!dot)
                return NULL;
        (void)snprintf(name, NAME_MAX_CHARS, "%.*s", (int)(dot - path), path);
        return name;
}

json_t *settings_get(const json_t *settings, const char *path)
{
        char name[NAME_MAX_CHARS];
        const char *rest, *first = first_part(path, name, &rest);

        return json_object_get(first ? json_object_get(settings, first) : settings, rest);
}

int settings_put(json_t *settings, const char *path, json_t *value)
{
        char name[NAME_MAX_CHARS];
        const char *rest, *first = first_part(path, name, &rest);
        json_t *object = settings;

        if (first) {
                object = json_object_get(settings, first);
                if (!object && json_object_set_new(settings, first, json_object()) == 0)
                        object = json_object_get(settings, first);
        }
        return json_object_set_new(object, rest, value) < 0 ? -ENOMEM : 0;
}
