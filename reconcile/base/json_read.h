/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Replies of vendors, read with yajl into a small document: the members that the codec names, and nothing else. (What is written,
 * and what is our own, is jansson's: json.h.)
 *
 * The rules: what nobody reads is not kept, so that passwords and descriptions of hardware, which stand in every listing, are gone
 * with the reply's text. A key is equal to a name once the blanks within it are taken out; two that are equal make the text unreadable.
 * Readers accept a value whenever it can mean only one thing, as those of json.h do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/cleanup.h"
#include "reconcile/base/error.h"

#define JSON_NAMES_MAX 64 /* members that a reader may name */

struct json_doc;
struct json_node; /* a value; lives as long as its document. All functions take NULL for one that is not there. */

/* Reads `n` bytes: one value, at most 64 levels deep, whose kept texts are UTF-8 without NUL. `names` ends with NULL. `first`: anything
 * may follow it. 0; -EBADMSG: where and what is wrong, never a quotation; -ENOMEM. */
int json_read(const char *text, size_t n, const char *const *names, bool first, struct json_doc **ret, struct error *e);
struct json_doc *json_doc_free(struct json_doc *doc);
DEFINE_CLEANUP(struct json_doc *, json_doc_free)
#define _cleanup_json_doc_ _cleanup_(json_doc_free_p)

const struct json_node *json_root(const struct json_doc *doc); /* NULL for NULL */

bool json_node_is_object(const struct json_node *node);
bool json_node_is_array(const struct json_node *node);
bool json_node_is_string(const struct json_node *node);
bool json_node_is_null(const struct json_node *node);
bool json_node_is_true(const struct json_node *node);
bool json_node_is_false(const struct json_node *node);

/* The member of an object; NULL: there is none, or it was not named. */
const struct json_node *json_node_member(const struct json_node *object, const char *name);

/* The items of an array, one after the other: for (item = json_node_first(array); item; item = json_node_next(item)) */
size_t json_node_count(const struct json_node *array); /* 0 when it is none */
const struct json_node *json_node_first(const struct json_node *array);
const struct json_node *json_node_next(const struct json_node *item);

const char *json_node_string(const struct json_node *node); /* NULL: it is none */
const char *json_node_number(const struct json_node *node); /* as it is written; NULL: it is none */

/* A string, an integer or a whole real, as text or as a number. 0; -ENOENT: null or "" or NULL; -EBADMSG: anything
 * else. json_node_read_text() gives a string that lives as long as `scratch` (32 bytes) and the document. */
int json_node_read_int64(const struct json_node *node, int64_t *ret);
int json_node_read_text(const struct json_node *node, char scratch[static 32], const char **ret);
int json_node_read_bool(const struct json_node *node, bool *ret); /* true, "true", 1, "1" and their opposites */
