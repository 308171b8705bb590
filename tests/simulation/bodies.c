/* SPDX-License-Identifier: MIT */
#include "tests/simulation/bodies.h"

#include <stdlib.h>
#include <string.h>

#include "reconcile/base/base64.h"
#include "tests/simulation/world.h"

#define BODY_MAX ((size_t)4 << 20)

json_t *body_read(const struct reply *rp, bool *ret_coded)
{
        json_t *json = rp->body ? json_loadb(rp->body, rp->body_len, JSON_DECODE_ANY, NULL) : NULL;
        _cleanup_free_ char *copy = NULL;
        struct error e = { "" };
        size_t n;

        *ret_coded = rp->body && !json;
        if (!*ret_coded)
                return json;
        copy = world_must(malloc(rp->body_len + 1));
        memcpy(copy, rp->body, rp->body_len);
        copy[rp->body_len] = '\0';
        return base64_decode_in_place(copy, rp->body_len, &n, &e) < 0 ? NULL
                                                                      : json_loadb(copy, n, JSON_DECODE_ANY, NULL);
}

void body_write(struct reply *rp, const json_t *json, bool coded)
{
        char *text = world_must(json_to_text(json, JSON_COMPACT));
        struct buf encoded = BUF_INIT(BODY_MAX);

        free(rp->body);
        rp->body = text;
        rp->body_len = strlen(text);
        if (!coded)
                return;
        if (base64_encode(&encoded, text, rp->body_len) < 0)
                abort();
        free(text);
        rp->body_len = encoded.len;
        rp->body = buf_steal(&encoded);
}
