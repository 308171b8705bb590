/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/text.h"

#define BLANKS " \t\r\n"

/* Up to here every whole number has a real of its own; above it a real may stand for several numbers. */
#define EXACT_REAL_MAX 9007199254740992.0

void text_wipe(char **secret)
{
        if (*secret)
                explicit_bzero(*secret, strlen(*secret));
        free(*secret);
        *secret = NULL;
}

bool text_equal(const char *a, const char *b)
{
        if (!a || !b)
                return a == b;

        return strcmp(a, b) == 0;
}

bool text_starts(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* The digits are counted downwards from zero, because INT64_MIN has no positive counterpart. */
static int negative_of(const char *digits, int64_t *ret)
{
        int64_t value = 0;

        for (; *digits; digits++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *digits - '0', &value))
                        return -ERANGE;

        *ret = value;
        return 0;
}

int text_to_int64(const char *s, int64_t *ret)
{
        bool negative = s && s[0] == '-';
        const char *digits = negative ? s + 1 : s;
        size_t n = digits ? strspn(digits, "0123456789") : 0;
        int64_t value;
        int r;

        if (n == 0 || digits[n] != '\0' || (digits[0] == '0' && (n > 1 || negative)))
                return -EINVAL;

        r = negative_of(digits, &value);
        if (r < 0)
                return r;
        if (!negative && value == INT64_MIN)
                return -ERANGE;

        *ret = negative ? value : -value;
        return 0;
}

/* Length of the well-formed UTF-8 character at the start of `n` bytes, 0 when there is none. Surrogates, overlong
 * forms and what lies beyond U+10FFFF are not well formed. */
static size_t utf8_character(const char *s, size_t n, uint32_t *ret)
{
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        unsigned char lead = n > 0 ? (unsigned char)s[0] : 0x80;
        size_t length = lead < 0x80 ? 1 : lead < 0xC0 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 0;
        uint32_t c = lead;

        if (length == 0 || length > n)
                return 0;
        if (length > 1)
                c &= 0x7FU >> length;

        for (size_t i = 1; i < length; i++) {
                if (((unsigned char)s[i] & 0xC0) != 0x80)
                        return 0;
                c = c << 6 | ((unsigned char)s[i] & 0x3F);
        }
        if (c < smallest[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
                return 0;

        *ret = c;
        return length;
}

int text_to_whole(const char *s, int64_t *ret)
{
        char digits[32] = "";
        size_t n, n_zeros = 0;

        s += strspn(s, BLANKS);
        n = strspn(s, "-0123456789");
        if (n >= sizeof(digits))
                return -EBADMSG;
        memcpy(digits, s, n);

        s += n;
        if (*s == '.') {
                n_zeros = strspn(++s, "0");
                if (n_zeros == 0)
                        return -EBADMSG;
        }
        s += n_zeros;
        if (s[strspn(s, BLANKS)] != '\0')
                return -EBADMSG;

        return text_to_int64(digits, ret) < 0 ? -EBADMSG : 0;
}

int text_whole_of_real(double real, int64_t *ret)
{
        if (real < -EXACT_REAL_MAX || real > EXACT_REAL_MAX || (double)(int64_t)real != real)
                return -EBADMSG;

        *ret = (int64_t)real;
        return 0;
}

char *text_vformat(const char *format, va_list arguments)
{
        char *text;

        return vasprintf(&text, format, arguments) < 0 ? NULL : text;
}

bool text_is_utf8(const char *s, size_t n)
{
        uint32_t c;

        for (size_t i = 0, length; i < n; i += length) {
                length = utf8_character(s + i, n - i, &c);
                if (length == 0 || c == 0)
                        return false;
        }

        return true;
}

size_t text_width(const char *s)
{
        size_t width = 0;

        for (; *s; s++)
                width += ((unsigned char)*s & 0xC0) != 0x80;

        return width;
}

/* Marks that turn the direction of the text around them, and separators that some terminals take for line ends. */
static bool is_deceptive(uint32_t c)
{
        return c == 0x061C || c == 0x200E || c == 0x200F || c == 0xFEFF || (c >= 0x2028 && c <= 0x202E) ||
               (c >= 0x2066 && c <= 0x2069);
}

/* Writes the next character of `s` as people may see it; the number of bytes of `s` that it stands for. */
static size_t escape_one(const char *s, size_t n, char shown[static 16])
{
        uint32_t c = 0;
        size_t length = utf8_character(s, n, &c);

        if (length == 0 || c < 0x20 || c == 0x7F) {
                (void)snprintf(shown, 16, "\\x%02x", (unsigned)(unsigned char)s[0]);
                return 1;
        }

        if ((c >= 0x80 && c < 0xA0) || is_deceptive(c)) {
                (void)snprintf(shown, 16, "\\u{%04x}", (unsigned)c);
        } else {
                memcpy(shown, s, length);
                shown[length] = '\0';
        }

        return length;
}

int text_escape(struct buf *b, const char *s, size_t max_chars)
{
        size_t n = strlen(s), room = max_chars, length;
        int r = 0;

        for (; n > 0; s += length, n -= length) {
                char shown[16];
                size_t width;

                length = escape_one(s, n, shown);
                width = text_width(shown);
                if (width > room)
                        return buf_adds(b, "…");

                r = buf_adds(b, shown);
                if (r < 0)
                        return r;
                room -= width;
        }

        return r;
}

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

#define NEAR_MAX 3         /* the largest edit distance that still counts as near */
#define NAME_MAX_LENGTH 64 /* longer than any name that could be meant */

/* How many letters must be put in, taken out, changed, or swapped with their neighbour to get from one name to the other. */
static size_t edit_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
        size_t rows[3][NAME_MAX_LENGTH + 1];

        for (size_t j = 0; j <= n_b; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), 1 + least(row[j - 1], above[j]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = least(row[j], above_that[j - 2] + 1);
                }
        }
        return rows[n_a % 3][n_b];
}

const char *text_nearest(const char *s, const char *const *names, size_t n)
{
        const char *nearest = NULL;
        size_t n_s = strlen(s), best = NEAR_MAX + 1;

        for (size_t i = 0; i < n; i++) {
                size_t n_name = strlen(names[i]), longer = n_s > n_name ? n_s : n_name;
                size_t limit = least(longer / 3, NEAR_MAX), distance;

                if (longer - least(n_s, n_name) > limit || longer > NAME_MAX_LENGTH)
                        continue;

                distance = edit_distance(s, n_s, names[i], n_name);
                if (distance <= limit && distance < best) {
                        best = distance;
                        nearest = names[i];
                }
        }

        return nearest;
}

/* Compares the runs of digits that both strings begin with as numbers of any length, and steps over them. */
static int compare_numbers(const char **a, const char **b)
{
        size_t n_a, n_b;
        int r;

        *a += strspn(*a, "0");
        *b += strspn(*b, "0");
        n_a = strspn(*a, "0123456789");
        n_b = strspn(*b, "0123456789");
        r = n_a != n_b ? (n_a < n_b ? -1 : 1) : memcmp(*a, *b, n_a);

        *a += n_a;
        *b += n_b;
        return r;
}

int text_natural_compare(const char *a, const char *b)
{
        const char *left = a, *right = b;

        while (*left && *right) {
                int r;

                if (is_digit(*left) && is_digit(*right))
                        r = compare_numbers(&left, &right);
                else
                        r = (int)(unsigned char)*left++ - (int)(unsigned char)*right++;
                if (r != 0)
                        return r;
        }
        if (*left || *right)
                return *left ? 1 : -1;

        /* They differ in leading zeros at most: only the same text may compare as equal. */
        return strcmp(a, b);
}
