/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/json.h"
#include "reconcile/base/text.h"

#define DEPTH_MAX 64
#define TEXT_MAX ((size_t)256 << 20)
#define BLANKS " \t\r\n"

/* Where the string that begins at `at` ends: at its closing quote, or beyond the text. */
static size_t skip_string(const char *text, size_t n, size_t at)
{
        for (at++; at < n && text[at] != '"'; at++)
                if (text[at] == '\\')
                        at++;

        return at;
}

/* jansson stops only at 2048 levels, each of them a call: the nesting of the first value is counted before. What is no
 * JSON is left to jansson, which stops at the first wrong token and so never gets deeper than what was counted. */
static int check_depth(const char *text, size_t n, struct error *e)
{
        size_t depth = 0;

        for (size_t i = 0; i < n; i++) {
                if (text[i] == '"') {
                        i = skip_string(text, n, i);
                } else if (text[i] == '[' || text[i] == '{') {
                        if (++depth > DEPTH_MAX)
                                return error_set(e, -EBADMSG, "JSON at byte %zu is nested deeper than %d levels", i,
                                                 DEPTH_MAX);
                } else if (text[i] == ']' || text[i] == '}') {
                        if (depth <= 1)
                                return 0;
                        depth--;
                }
        }

        return 0;
}

/* jansson quotes the text around an error. It is left out: it may hold a token, or escapes for a terminal. */
static int parse_error(json_error_t *error, struct error *e)
{
        char *quoted = strstr(error->text, " near '");

        if (quoted)
                *quoted = '\0';

        return error_set(e, -EBADMSG, "not JSON at line %d, column %d: %s", error->line, error->column, error->text);
}

/* Where memory runs out, jansson leaves out characters of a string and goes on, beyond the end of what it has of it. So what it asks for then
 * comes out of a reserve, which is enough to end the token, and the rest of the text becomes NULs, at which it stops. */
struct reading {
        char *text; /* a copy, with the reserve behind it */
        size_t n;
        size_t reserved, used;
        bool ran_out;
};

/* A token twice, the second time as large as the buffer that it doubles, and the few small things that hold it. */
#define RESERVE(n) (4 * (n) + 4096)

/* jansson's allocator has no userdata. NULL but while a text is read. */
static _Thread_local struct reading *reading;

static void *allocate(size_t size)
{
        void *p = malloc(size);

        if (p || !reading)
                return p;
        if (!reading->ran_out)
                memset(reading->text, 0, reading->n);
        reading->ran_out = true;
        size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
        if (size > reading->reserved - reading->used)
                return NULL;
        reading->used += size;
        return reading->text + reading->n + reading->used - size;
}

static void give_back(void *p)
{
        if (reading && (char *)p >= reading->text && (char *)p < reading->text + reading->n + reading->reserved)
                return;
        free(p);
}

/* 0, and NULL where that is no JSON; or -ENOMEM. */
static int read_text(const char *text, size_t n, json_t **ret, json_error_t *error)
{
        size_t aligned = (n + alignof(max_align_t)) / alignof(max_align_t) * alignof(max_align_t);
        _cleanup_free_ char *copy = n < TEXT_MAX ? malloc(aligned + RESERVE(n)) : NULL;
        struct reading this = { .text = copy, .n = aligned, .reserved = RESERVE(n) };
        json_t *value;

        if (!copy)
                return -ENOMEM;
        memcpy(copy, text, n);
        json_set_alloc_funcs(allocate, give_back);
        reading = &this;
        value = json_loadb(copy, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
        if (this.ran_out)
                json_decref(value);
        reading = NULL;
        if (this.ran_out)
                return -ENOMEM;
        *ret = value;
        return 0;
}

int json_parse(const char *text, size_t n, json_t **ret, struct error *e)
{
        json_error_t error = {};
        json_t *value;
        int r;

        r = check_depth(text, n, e);
        if (r < 0)
                return r;

        if (read_text(text, n, &value, &error) < 0)
                return error_oom(e);
        if (!value)
                return parse_error(&error, e);

        *ret = value;
        return 0;
}

static int add_text(const char *bytes, size_t n, void *userdata)
{
        return buf_add(userdata, bytes, n) < 0 ? -1 : 0;
}

int json_print(const json_t *value, size_t flags, struct buf *b)
{
        if (!value)
                return -EINVAL;
        if (json_dump_callback(value, add_text, b, flags) < 0)
                return b->failed < 0 ? b->failed : -ENOMEM;
        return b->failed;
}

char *json_to_text(const json_t *value, size_t flags)
{
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);

        return json_print(value, flags, &b) < 0 ? NULL : buf_steal(&b);
}

static bool equal_without_blanks(const char *stray, const char *key)
{
        for (;;) {
                stray += strspn(stray, BLANKS);
                if (*stray != *key)
                        return false;
                if (!*key)
                        return true;
                stray++;
                key++;
        }
}

json_t *json_member(const json_t *object, const char *key)
{
        json_t *exact = json_object_get(object, key), *found = NULL, *value;
        const char *name;

        if (exact)
                return exact;

        json_object_foreach((json_t *)object, name, value)
        {
                if (!equal_without_blanks(name, key))
                        continue;
                /* Two that match could mean either: then neither is taken. */
                if (found)
                        return NULL;
                found = value;
        }

        return found;
}

static bool is_nothing(const json_t *value)
{
        return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

int json_read_int64(const json_t *value, int64_t *ret)
{
        if (is_nothing(value))
                return -ENOENT;

        switch (json_typeof(value)) {
        case JSON_STRING:
                return text_to_whole(json_string_value(value), ret);
        case JSON_REAL:
                return text_whole_of_real(json_real_value(value), ret);
        case JSON_INTEGER:
                *ret = json_integer_value(value);
                return 0;
        default:
                return -EBADMSG;
        }
}

int json_read_text(const json_t *value, char scratch[static 32], const char **ret)
{
        int64_t number;
        int r;

        if (json_is_string(value) && json_string_length(value) > 0) {
                *ret = json_string_value(value);
                return 0;
        }

        r = json_read_int64(value, &number);
        if (r < 0)
                return r;

        (void)snprintf(scratch, 32, "%" PRId64, number);
        *ret = scratch;
        return 0;
}

int json_read_bool(const json_t *value, bool *ret)
{
        const char *word = json_string_value(value);
        int64_t number;
        int r;

        if (json_is_boolean(value) || text_equal(word, "true") || text_equal(word, "false")) {
                *ret = json_is_true(value) || text_equal(word, "true");
                return 0;
        }

        r = json_read_int64(value, &number);
        if (r < 0)
                return r;
        if (number != 0 && number != 1)
                return -EBADMSG;

        *ret = number == 1;
        return 0;
}
