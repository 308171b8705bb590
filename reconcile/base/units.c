/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

#define DIGITS "0123456789"

const struct unit size_units[] = { { "KiB", UINT64_C(1) << 10 },
                                   { "MiB", UINT64_C(1) << 20 },
                                   { "GiB", UINT64_C(1) << 30 },
                                   { "TiB", UINT64_C(1) << 40 },
                                   { 0 } };

const struct unit duration_units[] = { { "ms", USEC_PER_MSEC }, { "s", USEC_PER_SEC }, { "m", USEC_PER_MINUTE },
                                       { "h", USEC_PER_HOUR },  { "d", USEC_PER_DAY }, { 0 } };

const struct unit rate_units[] = { { "/m", 1 }, { "/s", 60 }, { 0 } };

const struct unit bitrate_units[] = { { "kbit/s", 1000 }, { "Mbit/s", 1000000 }, { "Gbit/s", 1000000000 }, { 0 } };

/* What one sort of values looks like. */
struct form {
        const char *noun;
        const char *units_in_words;
        const char *example_unit;
        uint64_t max;
        const struct unit *units;
};

static const struct form size_form = {
        .noun = "size",
        .units_in_words = "KiB, MiB, GiB or TiB",
        .example_unit = "GiB",
        .max = INT64_MAX,
        .units = size_units,
};

static const struct form duration_form = {
        .noun = "duration",
        .units_in_words = "ms, s, m, h or d",
        .example_unit = "s",
        .max = USEC_INFINITY - 1,
        .units = duration_units,
};

static const struct form rate_form = {
        .noun = "rate",
        .units_in_words = "/m or /s",
        .example_unit = "/s",
        .max = INT64_MAX,
        .units = rate_units,
};

static const struct form bitrate_form = {
        .noun = "bit rate",
        .units_in_words = "kbit/s, Mbit/s or Gbit/s",
        .example_unit = "Mbit/s",
        .max = INT64_MAX,
        .units = bitrate_units,
};

static const struct unit *find_unit(const struct form *form, const char *name)
{
        for (const struct unit *unit = form->units; unit->name; unit++)
                if (text_equal(unit->name, name))
                        return unit;

        return NULL;
}

/* Says how the value should have been written, with its own digits where it begins with some. */
static int refuse(const struct form *form, const char *s, struct error *e)
{
        _cleanup_buf_ struct buf shown = BUF_INIT(512);
        const char *number = s + strspn(s, "0");
        size_t n = strspn(number, DIGITS);

        if (text_escape(&shown, s, 64) < 0)
                return error_oom(e);

        if (n == 0 || n > 18) {
                number = "20";
                n = 2;
        }

        if (*s && s[strspn(s, DIGITS)] == '\0')
                return error_set(e, -EINVAL, "\"%s\" lacks its unit (%s): write %.*s%s, for example", buf_text(&shown),
                                 form->units_in_words, (int)n, number, form->example_unit);

        return error_set(e, -EINVAL, "\"%s\" is not a %s: write a whole number and its unit (%s), %.*s%s for example",
                         buf_text(&shown), form->noun, form->units_in_words, (int)n, number, form->example_unit);
}

static int out_of_range(const struct form *form, struct error *e)
{
        return error_set(e, -ERANGE, "the %s is too large", form->noun);
}

static int parse(const struct form *form, const char *s, uint64_t *ret, struct error *e)
{
        size_t n_digits = strspn(s, DIGITS);
        const struct unit *unit = find_unit(form, s + n_digits);
        char digits[20] = "";
        int64_t number;
        uint64_t value;

        if (n_digits == 0 || !unit || (s[0] == '0' && n_digits > 1))
                return refuse(form, s, e);
        if (n_digits >= sizeof(digits))
                return out_of_range(form, e);

        memcpy(digits, s, n_digits);
        if (text_to_int64(digits, &number) < 0 || __builtin_mul_overflow((uint64_t)number, unit->factor, &value) ||
            value > form->max)
                return out_of_range(form, e);

        *ret = value;
        return 0;
}

static int parse_signed(const struct form *form, const char *s, int64_t *ret, struct error *e)
{
        uint64_t value;
        int r;

        r = parse(form, s, &value, e);
        if (r < 0)
                return r;

        *ret = (int64_t)value;
        return 0;
}

int size_parse(const char *s, int64_t *ret_bytes, struct error *e)
{
        return parse_signed(&size_form, s, ret_bytes, e);
}

int duration_parse(const char *s, usec_t *ret, struct error *e)
{
        return parse(&duration_form, s, ret, e);
}

int rate_parse(const char *s, int64_t *ret_per_minute, struct error *e)
{
        return parse_signed(&rate_form, s, ret_per_minute, e);
}

int bitrate_parse(const char *s, int64_t *ret_bits, struct error *e)
{
        return parse_signed(&bitrate_form, s, ret_bits, e);
}

/* `atom` is the unit of values that no unit of the form divides: no reader takes it, but a vendor may show such. Zero
 * is divided by every unit and gets the example's. */
static const char *print(const struct form *form, bool negative, uint64_t value, const char *atom, char *text)
{
        const char *name = value == 0 ? form->example_unit : atom;
        uint64_t factor = 1;

        for (const struct unit *unit = form->units; value > 0 && unit->name; unit++)
                if (value % unit->factor == 0) {
                        name = unit->name;
                        factor = unit->factor;
                }

        (void)snprintf(text, UNITS_TEXT_MAX, "%s%" PRIu64 "%s", negative ? "-" : "", value / factor, name);
        return text;
}

static const char *print_signed(const struct form *form, int64_t value, const char *atom, char *text)
{
        uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

        return print(form, value < 0, magnitude, atom, text);
}

const char *size_text(int64_t bytes, char text[static UNITS_TEXT_MAX])
{
        return print_signed(&size_form, bytes, "B", text);
}

static const char *words(const char *s, char text[static UNITS_TEXT_MAX])
{
        (void)snprintf(text, UNITS_TEXT_MAX, "%s", s);
        return text;
}

const char *duration_text(usec_t length, char text[static UNITS_TEXT_MAX])
{
        if (length == USEC_INFINITY)
                return words("infinity", text);

        return print(&duration_form, false, length, "us", text);
}

const char *rate_text(int64_t per_minute, char text[static UNITS_TEXT_MAX])
{
        return print_signed(&rate_form, per_minute, "/m", text);
}

const char *bitrate_text(int64_t bits, char text[static UNITS_TEXT_MAX])
{
        return print_signed(&bitrate_form, bits, "bit/s", text);
}

const char *duration_roughly(usec_t length, char text[static UNITS_TEXT_MAX])
{
        const struct unit *fitting = find_unit(&duration_form, "s");

        if (length == USEC_INFINITY)
                return words("infinity", text);

        for (const struct unit *unit = fitting; unit->name; unit++)
                if (length >= unit->factor)
                        fitting = unit;

        (void)snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 "%s", length / fitting->factor, fitting->name);
        return text;
}

const char *time_text(int64_t wall_seconds, char text[static UNITS_TEXT_MAX])
{
        time_t seconds = (time_t)wall_seconds;
        struct tm utc;

        /* A year that does not fit an int has no calendar form. */
        if (!gmtime_r(&seconds, &utc) || strftime(text, UNITS_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
                (void)snprintf(text, UNITS_TEXT_MAX, "@%" PRId64, wall_seconds);

        return text;
}
