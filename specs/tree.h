/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * YAML text as trees of nodes, each with its place; one tree a document.
 *
 * The rule: what is read is bounded while it is read. Depth and nodes are counted on libyaml's events, an alias with
 * all that it stands for, and the reader stops at the first event past a limit. What a tree holds is free of duplicate
 * keys, of keys that are no text and of merge keys: those are told about or carried out here.
 */

#include <stdbool.h>

#include "specs/diagnostics.h"

#define TREE_DEPTH_MAX 64
#define TREE_NODES_MAX 100000

enum node_type { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
        enum node_type type;
        bool plain;            /* a scalar without quotes or a tag: only such can be null, or the merge key */
        bool open;             /* its end is not read yet */
        uint8_t height;        /* levels of nesting in it; 0 for a scalar */
        uint32_t line, column; /* from 1 */
        uint32_t size;         /* nodes in it, itself counted, aliases followed */
        uint32_t n;            /* of items or members */
        union {
                const char *text;             /* NODE_SCALAR: without NUL in it */
                const struct node **items;    /* NODE_SEQUENCE */
                const struct member *members; /* NODE_MAPPING */
        };
};

struct member {
        const struct node *key, *value;
};

struct tree;

/* Begins to read a file's bytes, which must outlive the tree; mistakes go to `d`. 0; -EINVAL: it is no text (told);
 * -ENOMEM. */
int tree_new(const char *file, const char *bytes, size_t n, struct diagnostics *d, struct tree **ret);
struct tree *tree_free(struct tree *tree);
DEFINE_CLEANUP(struct tree *, tree_free)

/* The next document that is not empty; it lives as long as the tree. 1: `ret`; 0: there are no more; -EINVAL: the rest
 * of the file cannot be read (told); -ENOMEM. */
int tree_next(struct tree *tree, const struct node **ret);

/* Is it a place without a value: nothing at all, `~` or `null`? */
bool node_is_null(const struct node *node);

/* The value of a mapping's key; NULL: not there, or `node` is no mapping. */
const struct node *node_get(const struct node *node, const char *key);
