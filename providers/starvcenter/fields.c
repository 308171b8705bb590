/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/fields.h"

#include <errno.h>
#include <inttypes.h>

#include "providers/starvcenter/message.h"

int field_wrong(const char *key, const char *what, struct error *e)
{
        return error_set(e, -EBADMSG, "\"%s\" of a %s in the provider's reply is not what it should be", key, what);
}

/* The pool's copy of a text; "" when the vendor shows none. */
int field_text(struct observation *obs, const struct json_node *object, const char *key, const char *what,
               const char **ret, struct error *e)
{
        const char *text = "";
        char scratch[32];
        int r;

        r = json_node_read_text(json_node_member(object, key), scratch, &text);
        if (r < 0 && r != -ENOENT)
                return field_wrong(key, what, e);
        *ret = observation_string(obs, text);
        return *ret ? 0 : error_oom(e);
}

int field_id(struct observation *obs, const struct json_node *object, const char *key, const char *what,
             const char **ret, struct error *e)
{
        int r;

        if (!json_node_is_object(object))
                return error_set(e, -EBADMSG, "a %s in the provider's reply is not an object", what);
        r = field_text(obs, object, key, what, ret, e);
        if (r < 0 || message_id_valid(*ret))
                return r;
        return error_set(e, -EBADMSG, "a %s in the provider's reply has no \"%s\" that could be one", what, key);
}

/* A listing is whole when no row stands in it twice and, where the vendor counts them, it has as many as that. */
int field_check_whole(const struct json_node *reply, const struct listed *listed, size_t n, const char *what,
                      struct error *e)
{
        int64_t total;
        int r;

        if (listed->repeated)
                return error_set(e, -EBADMSG, "the provider's reply shows a %s twice", what);
        r = json_node_read_int64(json_node_member(reply, "dataCount"), &total);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set(e, -EBADMSG, "\"dataCount\" of the provider's reply is no number of %ss", what);
        if (total != (int64_t)n)
                return error_set(e, -EBADMSG, "the provider counts %" PRId64 " %ss and shows %zu", total, what, n);
        return 0;
}
