/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JSON that is written, or was written by muster: jansson with the limits that hostile input needs, and readers that take what is
 * unambiguous. What vendors answer is read by json_read.h.
 *
 * The readers below accept a value whenever it can mean only one thing, and say so when it cannot.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"

static inline void json_decref_p(json_t **j)
{
        json_decref(*j);
}
#define _cleanup_json_ _cleanup_(json_decref_p)

/* Parses `n` bytes: one value, no duplicate keys, at most 64 levels deep. 0 or -EBADMSG (position in the error) or
 * -ENOMEM. */
int json_parse(const char *text, size_t n, json_t **ret, struct error *e);

/* The value as text, with jansson's flags. jansson's own json_dumps() goes on when memory runs out within a key, and leaves the key out.
 * json_print(): at the end of `b`, 0 or -errno. json_to_text(): the caller's to free; NULL: out of memory, or there is no value. */
int json_print(const json_t *value, size_t flags, struct buf *b);
char *json_to_text(const json_t *value, size_t flags);

/* The member of an object whose key equals `key` once blanks within it are taken out; NULL: none. */
json_t *json_member(const json_t *object, const char *key);

/* A string, an integer or a whole real, as text or as a number. 0; -ENOENT: null or "" or NULL; -EBADMSG: anything
 * else. `json_text` gives a string that lives as long as `scratch` (32 bytes) and the value. */
int json_read_int64(const json_t *value, int64_t *ret);
int json_read_text(const json_t *value, char scratch[static 32], const char **ret);
int json_read_bool(const json_t *value, bool *ret); /* true, "true", 1, "1" and their opposites */
