/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "specs/lines.h"
#include "specs/tree.h"

#define PATH_CHARS_MAX 128
#define TAG_PREFIX "tag:yaml.org,2002:"

/* A sequence or mapping that is being read. What belongs to it waits in `pending`; of a mapping keys and values in
 * turn. */
struct frame {
        struct node *node;
        size_t first; /* in `pending` */
};

struct tree {
        yaml_parser_t parser;
        bool ready; /* the parser is made */
        const char *file;
        const char *bytes;
        size_t n_bytes;
        struct diagnostics *diagnostics;
        struct strpool *strings;
        size_t n_nodes;        /* of all documents so far */
        struct strmap anchors; /* of this document: name -> struct node */
        struct frame frames[TREE_DEPTH_MAX];
        size_t depth;
        const struct node **pending;
        size_t n_pending, allocated_pending;
};

bool node_is_null(const struct node *node)
{
        return node->type == NODE_SCALAR && node->plain &&
               (text_equal(node->text, "") || text_equal(node->text, "~") || text_equal(node->text, "null"));
}

const struct node *node_get(const struct node *node, const char *key)
{
        for (size_t i = 0; node->type == NODE_MAPPING && i < node->n; i++)
                if (text_equal(node->members[i].key->text, key))
                        return node->members[i].value;

        return NULL;
}

#define mistake(tree, line_, column_, ...)                                                                     \
        ({                                                                                                     \
                const struct position place_ = { .file = (tree)->file, .line = (line_), .column = (column_) }; \
                diagnostics_error((tree)->diagnostics, &place_, __VA_ARGS__);                                  \
        })

/* Tells about something after which nothing can be read: -EINVAL, or -ENOMEM. */
#define fatal(...) refused(mistake(__VA_ARGS__))

/* Where in the document the reader is, "spec.disks[0].size", with `last` behind it when it is not NULL. */
static const char *path_here(const struct tree *t, const char *last, char text[static EXCERPT_MAX])
{
        _cleanup_buf_ struct buf b = BUF_INIT(PATH_CHARS_MAX);

        for (size_t i = 0; i < t->depth; i++) {
                size_t end = i + 1 < t->depth ? t->frames[i + 1].first : t->n_pending;
                size_t n = end - t->frames[i].first;
                const struct node *key;

                if (t->frames[i].node->type == NODE_SEQUENCE) {
                        (void)buf_addf(&b, "[%zu]", n);
                        continue;
                }

                key = n % 2 == 1 ? t->pending[end - 1] : NULL;
                if (key && key->type == NODE_SCALAR)
                        (void)buf_addf(&b, "%s%.32s", b.len > 0 ? "." : "", key->text);
        }
        if (last)
                (void)buf_addf(&b, "%s%.32s", b.len > 0 ? "." : "", last);

        return excerpt(b.len > 0 ? buf_text(&b) : "the document", text);
}

/* What to do about what libyaml found, for its more frequent words. */
static const char *advice(const char *problem)
{
        static const struct {
                const char *problem, *advice;
        } known[] = {
                { "mapping values are not allowed in this context",
                  "quote a value that has ': ' in it, or mend the indentation" },
                { "did not find expected key", "check the indentation against the lines above" },
                { "did not find expected '-' indicator", "check the indentation against the lines above" },
                { "did not find expected ',' or ']'", "close the list with ']'" },
                { "did not find expected ',' or '}'", "close the mapping with '}'" },
                { "could not find expected ':'", "write 'key: value', and quote text that goes over several lines" },
                { "found unexpected end of stream", "close the quotes" },
                { "found character that cannot start any token", "quote the text" },
                { "found undefined tag handle", "leave the tag out" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (text_equal(known[i].problem, problem))
                        return known[i].advice;

        return "check the indentation, quotes and brackets here";
}

/* The reader's errors have an offset in place of a line. It stops at characters that YAML has no place for. */
static int reader_error(const struct tree *t)
{
        size_t offset = t->parser.problem_offset;
        uint32_t line = lines_count(t->bytes, offset < t->n_bytes ? offset : t->n_bytes);

        return fatal(t, line, 1,
                     "the line holds the control character U+%04X; leave it out, or write it as "
                     "\"\\u%04X\" in double quotes",
                     (unsigned)t->parser.problem_value, (unsigned)t->parser.problem_value);
}

static int syntax_error(const struct tree *t)
{
        const yaml_parser_t *p = &t->parser;
        uint32_t line = (uint32_t)p->problem_mark.line + 1, column = (uint32_t)p->problem_mark.column + 1;
        char begun[64] = "";

        if (p->error == YAML_MEMORY_ERROR)
                return -ENOMEM;
        if (p->error == YAML_READER_ERROR)
                return reader_error(t);
        if (lines_is_indented_by_tab(t->bytes, t->n_bytes, line))
                return fatal(t, line, column, "the line is indented by a tab; write blanks");

        if (p->context && p->context_mark.line != p->problem_mark.line)
                (void)snprintf(begun, sizeof(begun), " that begins on line %zu", p->context_mark.line + 1);

        return fatal(t, line, column, "the YAML cannot be read: %s%s%s%s; %s", p->context ? p->context : "", begun,
                     p->context ? ", " : "", p->problem, advice(p->problem));
}

int tree_new(const char *file, const char *bytes, size_t n, struct diagnostics *d, struct tree **ret)
{
        _cleanup_(tree_free_p) struct tree *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;

        r = lines_check(file, bytes, n, d);
        if (r < 0)
                return r;

        t->file = file;
        t->bytes = bytes;
        t->n_bytes = n;
        t->diagnostics = d;
        t->strings = strpool_new();
        if (!t->strings || !yaml_parser_initialize(&t->parser))
                return -ENOMEM;

        t->ready = true;
        yaml_parser_set_encoding(&t->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&t->parser, (const unsigned char *)bytes, n);
        *ret = STEAL(t);
        return 0;
}

struct tree *tree_free(struct tree *t)
{
        if (!t)
                return NULL;

        if (t->ready)
                yaml_parser_delete(&t->parser);
        strmap_done(&t->anchors);
        strpool_free(t->strings);
        free(t->pending);
        free(t);

        return NULL;
}

/* Hands a whole node to what is around it. */
static int add_node(struct tree *t, const struct node *node)
{
        const struct node **slot = ARRAY_ADD(t->pending, t->n_pending, t->allocated_pending);

        if (!slot)
                return -ENOMEM;

        *slot = node;
        return 0;
}

static int count_nodes(struct tree *t, uint32_t line, uint32_t column, size_t n)
{
        t->n_nodes += n;
        if (t->n_nodes <= TREE_NODES_MAX)
                return 0;

        return fatal(t, line, column, "the file has more than %d nodes, aliases followed; split it into several files",
                     TREE_NODES_MAX);
}

static int check_depth(struct tree *t, uint32_t line, uint32_t column, size_t further)
{
        if (t->depth + further <= TREE_DEPTH_MAX)
                return 0;

        return fatal(t, line, column, "the nesting is more than %d levels deep; specs need only a few", TREE_DEPTH_MAX);
}

/* A new node at an event, known by its anchor from here on. */
static int new_node(struct tree *t, const yaml_event_t *event, enum node_type type, const unsigned char *anchor,
                    struct node **ret)
{
        struct node *node = strpool_alloc(t->strings, sizeof(*node));
        const char *name;
        int r;

        if (!node)
                return -ENOMEM;

        node->type = type;
        node->line = (uint32_t)event->start_mark.line + 1;
        node->column = (uint32_t)event->start_mark.column + 1;
        node->size = 1;
        r = count_nodes(t, node->line, node->column, 1);
        if (r < 0)
                return r;

        if (anchor) {
                name = strpool_add(t->strings, (const char *)anchor);
                if (!name || strmap_set(&t->anchors, name, node) < 0)
                        return -ENOMEM;
        }

        *ret = node;
        return 0;
}

/* Tags change what a value is taken for; here that is the field's to say. Those of YAML's core do no harm. */
static int check_tag(struct tree *t, const struct node *node, const unsigned char *tag)
{
        static const char *const core[][6] = {
                [NODE_SCALAR] = { "!", TAG_PREFIX "str", TAG_PREFIX "int", TAG_PREFIX "bool", TAG_PREFIX "float",
                                  NULL },
                [NODE_SEQUENCE] = { "!", TAG_PREFIX "seq", NULL },
                [NODE_MAPPING] = { "!", TAG_PREFIX "map", NULL },
        };
        const char *own = (const char *)tag;
        char shown[EXCERPT_MAX], path[EXCERPT_MAX];
        bool is_core;

        if (!tag)
                return 0;
        for (size_t i = 0; core[node->type][i]; i++)
                if (text_equal(core[node->type][i], own))
                        return 0;

        is_core = text_starts(own, TAG_PREFIX);
        if (is_core)
                own += strlen(TAG_PREFIX);

        return mistake(t, node->line, node->column, "%s has the tag \"%s%s\", which means nothing here; leave it out",
                       path_here(t, NULL, path), is_core ? "!!" : "", excerpt(own, shown));
}

static int take_scalar(struct tree *t, const yaml_event_t *event)
{
        const char *value = (const char *)event->data.scalar.value;
        size_t length = event->data.scalar.length;
        char path[EXCERPT_MAX];
        struct node *node;
        int r;

        r = new_node(t, event, NODE_SCALAR, event->data.scalar.anchor, &node);
        if (r < 0)
                return r;

        node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !event->data.scalar.tag;
        node->text = strpool_addn(t->strings, value, length);
        if (!node->text)
                return -ENOMEM;
        if (memchr(value, '\0', length) &&
            mistake(t, node->line, node->column, "%s holds a NUL character; leave it out", path_here(t, NULL, path)) <
                    0)
                return -ENOMEM;

        r = check_tag(t, node, event->data.scalar.tag);
        return r < 0 ? r : add_node(t, node);
}

static int take_alias(struct tree *t, const yaml_event_t *event)
{
        const char *name = (const char *)event->data.alias.anchor;
        uint32_t line = (uint32_t)event->start_mark.line + 1, column = (uint32_t)event->start_mark.column + 1;
        const struct node *node = strmap_get(&t->anchors, name);
        char shown[EXCERPT_MAX];
        int r;

        if (!node)
                return fatal(t, line, column,
                             "the alias *%s has no anchor &%s before it; define it, or write the value",
                             excerpt(name, shown), shown);
        if (node->open)
                return fatal(t, line, column, "the alias *%s stands within its own anchor; write the value",
                             excerpt(name, shown));

        r = count_nodes(t, line, column, node->size);
        if (r == 0)
                r = check_depth(t, line, column, node->height);

        return r < 0 ? r : add_node(t, node);
}

static int begin(struct tree *t, const yaml_event_t *event, enum node_type type, const unsigned char *anchor,
                 const unsigned char *tag)
{
        struct node *node;
        int r;

        r = new_node(t, event, type, anchor, &node);
        if (r == 0)
                r = check_depth(t, node->line, node->column, 1);
        if (r == 0)
                r = check_tag(t, node, tag);
        if (r < 0)
                return r;

        node->open = true;
        t->frames[t->depth++] = (struct frame){ .node = node, .first = t->n_pending };
        return 0;
}

/* The members of a mapping while they are brought together. */
struct gathering {
        struct member *members;
        size_t n, allocated;
        struct strmap by_key; /* -> struct node, the key */
};

static void gathering_done(struct gathering *g)
{
        free(g->members);
        strmap_done(&g->by_key);
}

/* 1: it is new; 0: the key was there, and stays as it was; -ENOMEM. */
static int gather(struct gathering *g, const struct member *member)
{
        struct member *slot;
        int r = strmap_put(&g->by_key, member->key->text, (void *)member->key);

        if (r < 0)
                return r == -EEXIST ? 0 : r;

        slot = ARRAY_ADD(g->members, g->n, g->allocated);
        if (!slot)
                return -ENOMEM;

        *slot = *member;
        return 1;
}

static bool is_merge_key(const struct node *key)
{
        return key->plain && text_equal(key->text, "<<");
}

static int gather_own(struct tree *t, struct gathering *g, const struct member *member)
{
        const struct node *key = member->key, *first;
        char path[EXCERPT_MAX];
        int r;

        if (key->type != NODE_SCALAR || node_is_null(key))
                return mistake(t, key->line, key->column, "a key is %s; write a word",
                               key->type == NODE_SCALAR ? "empty" : "a list or a mapping");

        r = gather(g, member);
        if (r != 0)
                return r < 0 ? r : 0;

        first = strmap_get(&g->by_key, key->text);
        return mistake(t, key->line, key->column, "%s is given twice, first on line %u; keep one of them",
                       path_here(t, key->text, path), (unsigned)first->line);
}

static int merge_one(struct tree *t, struct gathering *g, const struct node *from, const struct node *key)
{
        if (from->type != NODE_MAPPING)
                return mistake(t, key->line, key->column,
                               "the merge key '<<' takes something else in than a mapping; "
                               "write an alias of a mapping, or a list of such");

        for (size_t i = 0; i < from->n; i++)
                if (gather(g, &from->members[i]) < 0)
                        return -ENOMEM;

        return 0;
}

/* What a mapping has itself goes before what is merged in, and earlier merges go before later ones. */
static int gather_merged(struct tree *t, struct gathering *g)
{
        const struct node *merge = NULL, *key = NULL;
        int r = 0;

        for (size_t i = 0; i < g->n && !merge; i++)
                if (is_merge_key(g->members[i].key)) {
                        key = g->members[i].key;
                        merge = g->members[i].value;
                        g->members[i] = g->members[--g->n];
                }

        if (!merge)
                return 0;
        if (merge->type != NODE_SEQUENCE)
                return merge_one(t, g, merge, key);

        for (size_t i = 0; i < merge->n && r == 0; i++)
                r = merge_one(t, g, merge->items[i], key);

        return r;
}

static void measure(struct node *node, const struct node *const *parts, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                node->size += parts[i]->size;
                if (parts[i]->height > node->height)
                        node->height = parts[i]->height;
        }
        node->height++;
}

static void *copy(struct tree *t, const void *items, size_t n, size_t size)
{
        void *all = strpool_alloc(t->strings, n * size);

        return all && n > 0 ? memcpy(all, items, n * size) : all;
}

static int end_mapping(struct tree *t, struct node *node, const struct node *const *parts, size_t n_parts)
{
        _cleanup_(gathering_done) struct gathering g = { 0 };
        int r = 0;

        t->n_pending -= n_parts; /* a duplicate is told with the path of the mapping, not of its last value */
        for (size_t i = 0; i + 1 < n_parts && r == 0; i += 2)
                r = gather_own(t, &g, &(struct member){ .key = parts[i], .value = parts[i + 1] });
        if (r == 0)
                r = gather_merged(t, &g);
        if (r < 0)
                return r;

        node->n = (uint32_t)g.n;
        node->members = copy(t, g.members, g.n, sizeof(*g.members));
        return node->members ? 0 : -ENOMEM;
}

static int end_sequence(struct tree *t, struct node *node, const struct node *const *parts, size_t n_parts)
{
        t->n_pending -= n_parts;
        node->n = (uint32_t)n_parts;
        node->items = copy(t, parts, n_parts, sizeof(*parts));

        return node->items ? 0 : -ENOMEM;
}

static int end(struct tree *t)
{
        const struct frame *frame = &t->frames[t->depth - 1];
        size_t n_parts = t->n_pending - frame->first;
        const struct node *const *parts = n_parts > 0 ? t->pending + frame->first : NULL;
        struct node *node = frame->node;
        int r;

        measure(node, parts, n_parts);
        r = node->type == NODE_MAPPING ? end_mapping(t, node, parts, n_parts) : end_sequence(t, node, parts, n_parts);
        if (r < 0)
                return r;

        node->open = false;
        t->depth--;
        return add_node(t, node);
}

static int take_event(struct tree *t, const yaml_event_t *event)
{
        switch (event->type) {
        case YAML_SCALAR_EVENT:
                return take_scalar(t, event);
        case YAML_ALIAS_EVENT:
                return take_alias(t, event);
        case YAML_SEQUENCE_START_EVENT:
                return begin(t, event, NODE_SEQUENCE, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag);
        case YAML_MAPPING_START_EVENT:
                return begin(t, event, NODE_MAPPING, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
                return end(t);
        case YAML_DOCUMENT_START_EVENT:
                strmap_done(&t->anchors);
                t->n_pending = 0;
                return 0;
        default:
                return 0;
        }
}

int tree_next(struct tree *t, const struct node **ret)
{
        for (;;) {
                yaml_event_t event;
                yaml_event_type_t type;
                int r;

                if (!yaml_parser_parse(&t->parser, &event))
                        return syntax_error(t);

                type = event.type;
                r = take_event(t, &event);
                yaml_event_delete(&event);
                if (r < 0)
                        return r;
                if (type == YAML_STREAM_END_EVENT)
                        return 0;

                if (type == YAML_DOCUMENT_END_EVENT && !node_is_null(t->pending[0])) {
                        *ret = t->pending[0];
                        return 1;
                }
        }
}
