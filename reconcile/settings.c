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

int settings_parse(const char *text, json_t **ret)
{
        _cleanup_json_ json_t *settings = NULL;
        int r = json_parse(text, strlen(text), &settings, NULL);

        if (r < 0)
                return r;
        if (!json_is_object(settings))
                return -EBADMSG;
        *ret = STEAL(settings);
        return 0;
}

int settings_merge(json_t *into, const json_t *from)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)from, name, value)
        {
                json_t *object = json_is_object(value) ? json_object_get(into, name) : NULL;
                int r;

                if (json_is_object(object))
                        r = settings_merge(object, value);
                else
                        r = json_object_set_new(into, name, json_deep_copy(value)) < 0 ? -ENOMEM : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

bool settings_satisfy(const json_t *shown, const json_t *wanted, bool unshown)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)wanted, name, value)
        {
                const json_t *is = json_object_get(shown, name);
                bool satisfied;

                if (json_is_object(value))
                        satisfied = settings_satisfy(is, value, unshown);
                else
                        satisfied = is ? json_equal(is, value) : unshown;
                if (!satisfied)
                        return false;
        }
        return true;
}
