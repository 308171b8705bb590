/* SPDX-License-Identifier: MIT */
#include "reconcile/base/json_read.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "reconcile/base/strpool.h"
#include "reconcile/base/text.h"

#define DEPTH_MAX 64
#define NAME_LENGTH_MAX 64
#define NODES_MAX ((size_t)1 << 20)

enum json_type {
        JSON_OF_OBJECT,
        JSON_OF_ARRAY,
        JSON_OF_STRING,
        JSON_OF_NUMBER,
        JSON_OF_TRUE,
        JSON_OF_FALSE,
        JSON_OF_NULL
};

struct json_node {
        enum json_type type;
        uint32_t n;       /* items of an array */
        const char *name; /* as a member of an object */
        const char *text; /* of a string or a number */
        struct json_node *first, *next;
};

struct json_doc {
        struct strpool *memory;
        struct json_node *root;
};

/* yajl's memory. yajl does not look whether it got any, so that what cannot be given ends the reading with a jump out of it; then all
 * of it goes at once. */
struct block { /* its bytes follow it */
        alignas(max_align_t) struct block *previous;
        struct block *next;
        size_t size;
};

/* An object or array that is being read. */
struct level {
        struct json_node *node, *last;
        uint64_t seen;    /* bits of the names that were there */
        const char *name; /* of the member whose value comes next; NULL: it is not read */
};

struct reader {
        struct json_doc *doc;
        const char *const *names;
        yajl_callbacks callbacks;                /* yajl looks into them before each event */
        uint64_t of_length[NAME_LENGTH_MAX + 1]; /* bits of the names that are so long */
        struct level levels[DEPTH_MAX];
        size_t depth;   /* levels that are open, skipped ones among them */
        size_t skipped; /* depth at which what is not read began; 0: it is read */
        size_t n_nodes;
        const char *wrong;   /* NULL: nothing yet */
        struct block blocks; /* head of the list */
        jmp_buf out_of_memory;
};

static void *block_take(void *context, size_t n)
{
        struct reader *rd = context;
        struct block *block = n > SIZE_MAX - sizeof(*block) ? NULL : malloc(sizeof(*block) + n);

        if (!block)
                longjmp(rd->out_of_memory, 1);
        *block = (struct block){ .previous = &rd->blocks, .next = rd->blocks.next, .size = n };
        if (block->next)
                block->next->previous = block;
        rd->blocks.next = block;
        return block + 1;
}

/* It may have held a password. */
static void block_give(_unused_ void *context, void *bytes)
{
        struct block *block;

        if (!bytes)
                return;
        block = (struct block *)bytes - 1;
        block->previous->next = block->next;
        if (block->next)
                block->next->previous = block->previous;
        explicit_bzero(bytes, block->size);
        free(block);
}

static void *block_resize(void *context, void *bytes, size_t n)
{
        void *larger = block_take(context, n);

        if (bytes) {
                size_t size = ((struct block *)bytes - 1)->size;

                memcpy(larger, bytes, size < n ? size : n);
        }
        block_give(context, bytes);
        return larger;
}

/* A value begins. NULL: it is not read, or is wrong. */
static struct json_node *add_node(struct reader *rd, enum json_type type)
{
        struct level *level = rd->depth ? &rd->levels[rd->depth - 1] : NULL;
        struct json_node *node;

        if (rd->skipped || (level && level->node->type == JSON_OF_OBJECT && !level->name))
                return NULL;
        if (++rd->n_nodes > NODES_MAX) {
                rd->wrong = "more values than a reply may have";
                return NULL;
        }
        node = strpool_alloc(rd->doc->memory, sizeof(*node));
        if (!node)
                longjmp(rd->out_of_memory, 1);
        node->type = type;
        if (!level) {
                rd->doc->root = node;
                return node;
        }
        node->name = level->name;
        if (level->last)
                level->last->next = node;
        else
                level->node->first = node;
        level->last = node;
        level->node->n++;
        return node;
}

/* To yajl: go on, or stop. */
static int proceed(const struct reader *rd)
{
        return !rd->wrong;
}

static int on_null(void *context)
{
        (void)add_node(context, JSON_OF_NULL);
        return proceed(context);
}

static int on_boolean(void *context, int value)
{
        (void)add_node(context, value ? JSON_OF_TRUE : JSON_OF_FALSE);
        return proceed(context);
}

static void keep_text(struct reader *rd, struct json_node *node, const char *text, size_t n)
{
        char *copy = strpool_alloc(rd->doc->memory, n + 1);

        if (!copy)
                longjmp(rd->out_of_memory, 1);
        memcpy(copy, text, n);
        node->text = copy;
}

static int on_number(void *context, const char *text, size_t n)
{
        struct json_node *node = add_node(context, JSON_OF_NUMBER);

        if (node)
                keep_text(context, node, text, n);
        return proceed(context);
}

static int on_string(void *context, const unsigned char *text, size_t n)
{
        struct reader *rd = context;
        struct json_node *node = add_node(rd, JSON_OF_STRING);

        if (node && !text_is_utf8((const char *)text, n))
                rd->wrong = "a text that is not UTF-8, or holds a NUL";
        else if (node)
                keep_text(rd, node, (const char *)text, n);
        return proceed(rd);
}

static int open_level(struct reader *rd, enum json_type type)
{
        struct json_node *node = add_node(rd, type);

        if (rd->depth == DEPTH_MAX)
                rd->wrong = "it is nested deeper than 64 levels";
        if (rd->wrong)
                return 0;
        rd->levels[rd->depth++] = (struct level){ .node = node };
        if (!node && !rd->skipped)
                rd->skipped = rd->depth;
        return 1;
}

/* A string that nobody reads is not decoded, let alone kept: it may be long, or a secret. */
static void set_unread(struct reader *rd, bool unread)
{
        rd->callbacks.yajl_string = unread ? NULL : on_string;
}

static int close_level(void *context)
{
        struct reader *rd = context;

        if (rd->skipped == rd->depth)
                rd->skipped = 0;
        rd->depth--;
        set_unread(rd, rd->skipped);
        return 1;
}

static int on_object(void *context)
{
        return open_level(context, JSON_OF_OBJECT);
}

static int on_array(void *context)
{
        return open_level(context, JSON_OF_ARRAY);
}

/* The number of the name that a key is equal to; JSON_NAMES_MAX: none. */
static size_t find_name(const struct reader *rd, const char *key, size_t n)
{
        for (uint64_t left = n <= NAME_LENGTH_MAX ? rd->of_length[n] : 0; left; left &= left - 1) {
                size_t i = (size_t)__builtin_ctzll(left);

                if (memcmp(rd->names[i], key, n) == 0)
                        return i;
        }
        return JSON_NAMES_MAX;
}

static size_t find_name_without_blanks(const struct reader *rd, const char *key, size_t n)
{
        char text[NAME_LENGTH_MAX];
        size_t length = 0;

        for (size_t i = 0; i < n; i++) {
                if (key[i] == ' ' || key[i] == '\t' || key[i] == '\r' || key[i] == '\n')
                        continue;
                if (length == sizeof(text))
                        return JSON_NAMES_MAX;
                text[length++] = key[i];
        }
        return length < n ? find_name(rd, text, length) : JSON_NAMES_MAX;
}

static int on_key(void *context, const unsigned char *key, size_t n)
{
        struct reader *rd = context;
        struct level *level = &rd->levels[rd->depth - 1];
        size_t i;

        if (rd->skipped)
                return 1;
        i = find_name(rd, (const char *)key, n);
        if (i == JSON_NAMES_MAX)
                i = find_name_without_blanks(rd, (const char *)key, n);
        level->name = i < JSON_NAMES_MAX ? rd->names[i] : NULL;
        set_unread(rd, !level->name);
        if (i == JSON_NAMES_MAX)
                return 1;
        if (level->seen >> i & 1)
                rd->wrong = "a key stands there twice";
        level->seen |= UINT64_C(1) << i;
        return proceed(rd);
}

/* `words` end at a full stop or at the end of a line. */
static int not_json(const char *text, size_t at, const char *words, struct error *e)
{
        size_t line = 1, column = 1;

        for (size_t i = 0; i + 1 < at; i++) {
                column = text[i] == '\n' ? 1 : column + 1;
                line += text[i] == '\n';
        }
        return error_set(e, -EBADMSG, "not JSON at line %zu, column %zu: %.*s", line, column,
                         (int)strcspn(words, ".\n"), words);
}

/* What is wrong where reading stopped. yajl's words, "parse error: premature EOF\n", quote nothing when they are short. */
static int describe(yajl_handle parser, const struct reader *rd, const char *text, size_t at, struct error *e)
{
        const char *words = rd->wrong ? rd->wrong : (const char *)yajl_get_error(parser, 0, NULL, 0);
        const char *colon = rd->wrong ? NULL : strstr(words, ": ");

        return not_json(text, at, colon ? colon + 2 : words, e);
}

/* The code unit of the escape that begins at `p`; -1: it is no such escape. */
static long code_unit(const char *p, const char *end)
{
        char digits[5] = "";

        if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
                return -1;
        memcpy(digits, p + 2, 4);
        return strtol(digits, NULL, 16);
}

/* yajl reads half a pair of surrogates as a question mark, which would make one name of two. NULL: there is none. `text` is JSON
 * otherwise. */
static const char *find_half_pair(const char *text, size_t n)
{
        const char *end = text + n;

        for (const char *p = text; p < end && (p = memchr(p, '\\', (size_t)(end - p)));) {
                long unit = code_unit(p, end), other;

                if (unit < 0xd800 || unit > 0xdfff) {
                        p += 2;
                        continue;
                }
                other = code_unit(p + 6, end);
                if (unit >= 0xdc00 || other < 0xdc00 || other > 0xdfff)
                        return p;
                p += 12;
        }
        return NULL;
}

/* What yajl lets through: of a text with a value in its first bytes, `n_value` of them. */
static int check_rest(const char *text, size_t n_value, size_t n, bool first, struct error *e)
{
        const char *bad = find_half_pair(text, n_value);

        if (bad)
                return not_json(text, (size_t)(bad - text) + 1, "half a pair of surrogates", e);
        if ((bad = memchr(text, '\v', n_value)) || (bad = memchr(text, '\f', n_value))) /* blanks to yajl */
                return not_json(text, (size_t)(bad - text) + 1, "a control character", e);
        while (n_value < n && text[n_value] != '\0' && strchr(" \t\r\n", text[n_value]))
                n_value++;
        return first || n_value == n ? 0 : not_json(text, n_value + 1, "something follows the value", e);
}

static int run(struct reader *rd, const char *text, size_t n, bool first, struct error *e)
{
        yajl_alloc_funcs memory = { .malloc = block_take, .realloc = block_resize, .free = block_give, .ctx = rd };
        yajl_handle parser;
        size_t consumed;

        if (setjmp(rd->out_of_memory))
                return error_oom(e);
        parser = yajl_alloc(&rd->callbacks, &memory, rd);
        /* What is kept is looked at here, and more closely. */
        yajl_config(parser, yajl_dont_validate_strings, 1);
        /* So is what follows: of half a word or string there yajl would say nothing. */
        yajl_config(parser, yajl_allow_trailing_garbage, 1);
        if (yajl_parse(parser, (const unsigned char *)text, n) != yajl_status_ok)
                return describe(parser, rd, text, yajl_get_bytes_consumed(parser), e);
        consumed = yajl_get_bytes_consumed(parser);
        if (yajl_complete_parse(parser) != yajl_status_ok)
                return describe(parser, rd, text, n, e);
        return check_rest(text, consumed, n, first, e);
}

int json_read(const char *text, size_t n, const char *const *names, bool first, struct json_doc **ret, struct error *e)
{
        _cleanup_json_doc_ struct json_doc *doc = calloc(1, sizeof(*doc));
        struct reader rd = {
                .doc = doc,
                .names = names,
                .callbacks = { .yajl_null = on_null,
                               .yajl_boolean = on_boolean,
                               .yajl_number = on_number,
                               .yajl_string = on_string,
                               .yajl_start_map = on_object,
                               .yajl_map_key = on_key,
                               .yajl_end_map = close_level,
                               .yajl_start_array = on_array,
                               .yajl_end_array = close_level },
        };
        int r;

        if (doc)
                doc->memory = strpool_new();
        if (!doc || !doc->memory)
                return error_oom(e);
        for (size_t i = 0; names[i]; i++)
                rd.of_length[strlen(names[i])] |= UINT64_C(1) << i;
        r = run(&rd, text, n, first, e);
        while (rd.blocks.next)
                block_give(&rd, rd.blocks.next + 1);
        if (r < 0)
                return r;
        *ret = STEAL(doc);
        return 0;
}

struct json_doc *json_doc_free(struct json_doc *doc)
{
        if (!doc)
                return NULL;
        strpool_free(doc->memory);
        free(doc);
        return NULL;
}

const struct json_node *json_root(const struct json_doc *doc)
{
        return doc ? doc->root : NULL;
}

static bool is_of(const struct json_node *node, enum json_type type)
{
        return node && node->type == type;
}

bool json_node_is_object(const struct json_node *node)
{
        return is_of(node, JSON_OF_OBJECT);
}

bool json_node_is_array(const struct json_node *node)
{
        return is_of(node, JSON_OF_ARRAY);
}

bool json_node_is_string(const struct json_node *node)
{
        return is_of(node, JSON_OF_STRING);
}

bool json_node_is_null(const struct json_node *node)
{
        return is_of(node, JSON_OF_NULL);
}

bool json_node_is_true(const struct json_node *node)
{
        return is_of(node, JSON_OF_TRUE);
}

bool json_node_is_false(const struct json_node *node)
{
        return is_of(node, JSON_OF_FALSE);
}

const struct json_node *json_node_member(const struct json_node *object, const char *name)
{
        if (!json_node_is_object(object))
                return NULL;
        /* Mostly the linker has made one text of the name here and in the codec's list. */
        for (const struct json_node *member = object->first; member; member = member->next)
                if (member->name == name)
                        return member;
        for (const struct json_node *member = object->first; member; member = member->next)
                if (strcmp(member->name, name) == 0)
                        return member;
        return NULL;
}

size_t json_node_count(const struct json_node *array)
{
        return json_node_is_array(array) ? array->n : 0;
}

const struct json_node *json_node_first(const struct json_node *array)
{
        return json_node_is_array(array) ? array->first : NULL;
}

const struct json_node *json_node_next(const struct json_node *item)
{
        return item->next;
}

const char *json_node_string(const struct json_node *node)
{
        return json_node_is_string(node) ? node->text : NULL;
}

const char *json_node_number(const struct json_node *node)
{
        return is_of(node, JSON_OF_NUMBER) ? node->text : NULL;
}

int json_node_read_int64(const struct json_node *node, int64_t *ret)
{
        if (!node || json_node_is_null(node) || (json_node_is_string(node) && !*node->text))
                return -ENOENT;
        if (!node->text)
                return -EBADMSG;
        /* What is no text of a whole number may be one as a real: 1e3, or -0. */
        if (text_to_whole(node->text, ret) == 0)
                return 0;
        return json_node_number(node) ? text_whole_of_real(strtod(node->text, NULL), ret) : -EBADMSG;
}

int json_node_read_text(const struct json_node *node, char scratch[static 32], const char **ret)
{
        int64_t number;
        int r;

        if (json_node_is_string(node) && *node->text) {
                *ret = node->text;
                return 0;
        }
        r = json_node_read_int64(node, &number);
        if (r < 0)
                return r;
        (void)snprintf(scratch, 32, "%" PRId64, number);
        *ret = scratch;
        return 0;
}

int json_node_read_bool(const struct json_node *node, bool *ret)
{
        const char *word = json_node_string(node);
        bool yes = json_node_is_true(node) || text_equal(word, "true");
        int64_t number;
        int r;

        if (yes || json_node_is_false(node) || text_equal(word, "false")) {
                *ret = yes;
                return 0;
        }
        r = json_node_read_int64(node, &number);
        if (r < 0)
                return r;
        if (number != 0 && number != 1)
                return -EBADMSG;
        *ret = number == 1;
        return 0;
}
