/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a character stands for, plus one: so that 0, and every character not named here, is a bad one. */
enum { BLANK = 65, PADDING = 66 };

static const uint8_t meaning[256] = {
        ['A'] = 1,  ['B'] = 2,     ['C'] = 3,      ['D'] = 4,      ['E'] = 5,      ['F'] = 6,       ['G'] = 7,
        ['H'] = 8,  ['I'] = 9,     ['J'] = 10,     ['K'] = 11,     ['L'] = 12,     ['M'] = 13,      ['N'] = 14,
        ['O'] = 15, ['P'] = 16,    ['Q'] = 17,     ['R'] = 18,     ['S'] = 19,     ['T'] = 20,      ['U'] = 21,
        ['V'] = 22, ['W'] = 23,    ['X'] = 24,     ['Y'] = 25,     ['Z'] = 26,     ['a'] = 27,      ['b'] = 28,
        ['c'] = 29, ['d'] = 30,    ['e'] = 31,     ['f'] = 32,     ['g'] = 33,     ['h'] = 34,      ['i'] = 35,
        ['j'] = 36, ['k'] = 37,    ['l'] = 38,     ['m'] = 39,     ['n'] = 40,     ['o'] = 41,      ['p'] = 42,
        ['q'] = 43, ['r'] = 44,    ['s'] = 45,     ['t'] = 46,     ['u'] = 47,     ['v'] = 48,      ['w'] = 49,
        ['x'] = 50, ['y'] = 51,    ['z'] = 52,     ['0'] = 53,     ['1'] = 54,     ['2'] = 55,      ['3'] = 56,
        ['4'] = 57, ['5'] = 58,    ['6'] = 59,     ['7'] = 60,     ['8'] = 61,     ['9'] = 62,      ['+'] = 63,
        ['/'] = 64, [' '] = BLANK, ['\t'] = BLANK, ['\r'] = BLANK, ['\n'] = BLANK, ['='] = PADDING,
};

static void encode_three(char out[static 4], uint32_t word)
{
        out[0] = alphabet[word >> 18 & 63];
        out[1] = alphabet[word >> 12 & 63];
        out[2] = alphabet[word >> 6 & 63];
        out[3] = alphabet[word & 63];
}

int base64_encode(struct buf *b, const void *bytes, size_t n)
{
        const uint8_t *in = bytes;
        char out[1024];
        size_t n_out = 0;
        int r;

        for (; n >= 3; in += 3, n -= 3) {
                encode_three(out + n_out, (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2]);
                n_out += 4;
                if (n_out == sizeof(out)) {
                        r = buf_add(b, out, n_out);
                        if (r < 0)
                                return r;
                        n_out = 0;
                }
        }

        if (n > 0) {
                encode_three(out + n_out, (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0));
                if (n == 1)
                        out[n_out + 2] = '=';
                out[n_out + 3] = '=';
                n_out += 4;
        }

        return buf_add(b, out, n_out);
}

struct decoder {
        uint8_t *bytes; /* source and result: the result never overtakes */
        size_t n;
        size_t in, out;
        uint32_t word;  /* the bits of the unfinished group */
        size_t n_group; /* its characters, 0 to 3 */
        size_t n_padding;
};

/* The bulk of a text: whole groups of four characters without a blank among them. */
static void decode_groups(struct decoder *d)
{
        const uint8_t *in = d->bytes + d->in, *end = d->bytes + d->n;
        uint8_t *out = d->bytes + d->out;

        for (; end - in >= 4; in += 4, out += 3) {
                uint32_t a = meaning[in[0]] - 1U, b = meaning[in[1]] - 1U, c = meaning[in[2]] - 1U;
                uint32_t last = meaning[in[3]] - 1U, word = a << 18 | b << 12 | c << 6 | last;

                if ((a | b | c | last) > 63)
                        break;
                out[0] = (uint8_t)(word >> 16);
                out[1] = (uint8_t)(word >> 8);
                out[2] = (uint8_t)word;
        }

        d->in = (size_t)(in - d->bytes);
        d->out = (size_t)(out - d->bytes);
}

/* One character of the rest: blanks, padding, and groups that they interrupt. False: it may not stand here. */
static bool decode_character(struct decoder *d)
{
        uint8_t m = meaning[d->bytes[d->in]];

        if (m == BLANK)
                return true;
        if (m == PADDING)
                return d->n_group >= 2 && d->n_group + ++d->n_padding <= 4;
        if (m == 0 || d->n_padding > 0)
                return false;

        d->word = d->word << 6 | (m - 1U);
        if (++d->n_group < 4)
                return true;

        d->bytes[d->out++] = (uint8_t)(d->word >> 16);
        d->bytes[d->out++] = (uint8_t)(d->word >> 8);
        d->bytes[d->out++] = (uint8_t)d->word;
        d->n_group = 0;
        return true;
}

/* The last group, of two or three characters, stands for one or two bytes. */
static void decode_rest(struct decoder *d)
{
        if (d->n_group == 2) {
                d->bytes[d->out++] = (uint8_t)(d->word >> 4);
        } else if (d->n_group == 3) {
                d->bytes[d->out++] = (uint8_t)(d->word >> 10);
                d->bytes[d->out++] = (uint8_t)(d->word >> 2);
        }
}

int base64_decode_in_place(char *text, size_t n, size_t *ret_n, struct error *e)
{
        struct decoder d = { .bytes = (uint8_t *)text, .n = n };

        for (; d.in < n; d.in++) {
                if (d.n_group == 0)
                        decode_groups(&d);
                if (d.in < n && !decode_character(&d))
                        return error_set(e, -EINVAL, "not Base64: bad character at byte %zu", d.in);
        }
        if (d.n_group == 1)
                return error_set(e, -EINVAL, "not Base64: cut off at byte %zu", n);

        decode_rest(&d);
        if (n > 0)
                text[d.out] = '\0';
        *ret_n = d.out;
        return 0;
}
