/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>

#include "reconcile/base/units.h"
#include "tests/fuzz/fuzz.h"

static bool is_refused(int r, const struct error *e)
{
        return (r == -EINVAL || r == -ERANGE) && *e->text && fuzz_is_showable(e->text);
}

/* What is read has a canonical form, and that is read as the same. */
static void check_units(const char *s)
{
        char text[UNITS_TEXT_MAX];
        int64_t number, again;
        struct error e = { "" };
        usec_t length, length_again;
        int r;

        r = size_parse(s, &number, &e);
        if (r == 0)
                must(number >= 0 && size_parse(size_text(number, text), &again, NULL) == 0 && again == number);
        else
                must(is_refused(r, &e));

        r = rate_parse(s, &number, &e);
        if (r == 0)
                must(number >= 0 && rate_parse(rate_text(number, text), &again, NULL) == 0 && again == number);
        else
                must(is_refused(r, &e));

        r = duration_parse(s, &length, &e);
        if (r == 0)
                must(duration_parse(duration_text(length, text), &length_again, NULL) == 0 && length_again == length);
        else
                must(is_refused(r, &e));
}

static void check_number(const char *s)
{
        char text[UNITS_TEXT_MAX];
        int64_t number;
        int r;

        r = text_to_int64(s, &number);
        must(r == 0 || r == -EINVAL || r == -ERANGE);
        if (r < 0)
                return;

        (void)snprintf(text, sizeof(text), "%" PRId64, number);
        must(strcmp(text, s) == 0);
}

/* Any number at all has a form for people. */
static void check_number_texts(const uint8_t *data, size_t size)
{
        char text[UNITS_TEXT_MAX];
        int64_t number = 0;

        memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
        must(*size_text(number, text));
        must(*rate_text(number, text));
        must(*duration_text((usec_t)number, text));
        must(*duration_roughly((usec_t)number, text));
        must(*time_text(number, text));
}

static void check_escape(const char *s, size_t max_chars)
{
        _cleanup_buf_ struct buf b = BUF_INIT(strlen(s) * 4 + 8), again = BUF_INIT(strlen(s) * 4 + 8);

        must(text_escape(&b, s, max_chars) == 0);
        must(fuzz_is_showable(buf_text(&b)));
        must(text_width(buf_text(&b)) <= max_chars + 1);
        must(text_escape(&again, buf_text(&b), SIZE_MAX) == 0);
        must(text_equal(buf_text(&b), buf_text(&again)));
}

static int sign(int n)
{
        return (n > 0) - (n < 0);
}

/* A sort depends on it: an order that does not contradict itself. */
static void check_order(const char *a, const char *b, const char *c)
{
        int ab = sign(text_natural_compare(a, b)), bc = sign(text_natural_compare(b, c));

        must(ab == -sign(text_natural_compare(b, a)));
        must((ab == 0) == text_equal(a, b));
        if (ab <= 0 && bc <= 0)
                must(text_natural_compare(a, c) <= 0);
        if (ab >= 0 && bc >= 0)
                must(text_natural_compare(a, c) >= 0);
}

static void check_nearest(const char *s, const char *const *names, size_t n)
{
        const char *nearest = text_nearest(s, names, n);
        bool known = !nearest;

        for (size_t i = 0; i < n; i++)
                known = known || nearest == names[i];
        must(known);
}

/* The input is up to three lines: texts to compare with each other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *rest = data;
        size_t n = size;
        _cleanup_free_ char *a = fuzz_take(&rest, &n, '\n', NULL);
        _cleanup_free_ char *b = fuzz_take(&rest, &n, '\n', NULL);
        _cleanup_free_ char *c = fuzz_take(&rest, &n, '\0', NULL);
        const char *names[] = { b, c, "memory", "replicas", "apiVersion" };

        if (size > 0)
                check_number_texts(data, size);
        check_units(a);
        check_number(a);
        check_escape(a, size % 80);
        check_escape(b, SIZE_MAX - 1);
        check_order(a, b, c);
        check_nearest(a, names, ARRAY_SIZE(names));
        return 0;
}
