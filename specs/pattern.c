/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdbool.h>

#include "specs/pattern.h"

/* A run of numbers of equally many digits that one alternative takes: `first` and those after it, up to where the digit
 * of value `step` reaches `last_digit`. All digits behind that one, `n_free` of them, are free. */
struct run {
        uint64_t first, step;
        unsigned last_digit, n_free;
};

/* The longest run that begins with `first`, which is not 0, and does not go beyond `max`. */
static struct run longest_run(uint64_t first, uint64_t max)
{
        struct run run = { .first = first, .step = 1 };

        while (first % (run.step * 10) == 0 && run.step * 10 - 1 <= max - first) {
                run.step *= 10;
                run.n_free++;
        }

        run.last_digit = (unsigned)(first / run.step % 10);
        for (uint64_t end = first + run.step; run.last_digit < 9 && end <= max && run.step - 1 <= max - end;
             end += run.step)
                run.last_digit++;

        return run;
}

static uint64_t run_end(const struct run *run)
{
        return run->first + (run->last_digit - run->first / run->step % 10 + 1) * run->step;
}

/* All numbers of so many digits? Then those of more digits may be in one with them. */
static bool is_decade(const struct run *run)
{
        return run->first == run->step && run->last_digit == 9;
}

static void add_free_digits(struct buf *b, unsigned least, unsigned most)
{
        if (most == 0)
                return;

        (void)buf_adds(b, "[0-9]");
        if (least < most)
                (void)buf_addf(b, "{%u,%u}", least, most);
        else if (least > 1)
                (void)buf_addf(b, "{%u}", least);
}

static void add_run(struct buf *b, const struct run *run, unsigned most_free)
{
        uint64_t before = run->first / run->step / 10;
        unsigned digit = (unsigned)(run->first / run->step % 10);

        if (before > 0)
                (void)buf_addf(b, "%" PRIu64, before);
        if (digit == run->last_digit)
                (void)buf_addf(b, "%u", digit);
        else
                (void)buf_addf(b, "[%u-%u]", digit, run->last_digit);
        add_free_digits(b, run->n_free, most_free);
}

void pattern_add_range(struct buf *b, uint64_t min, uint64_t max)
{
        const char *separator = "";

        if (min == 0) {
                (void)buf_addc(b, '0');
                separator = "|";
                min = 1;
        }

        while (min <= max) {
                const struct run run = longest_run(min, max);
                unsigned most_free = run.n_free;

                min = run_end(&run);
                while (is_decade(&run) && min <= max / 10 + (max % 10 == 9)) {
                        min *= 10;
                        most_free++;
                }

                (void)buf_adds(b, separator);
                add_run(b, &run, most_free);
                separator = "|";
        }
}

void pattern_add_units(struct buf *b, const struct unit *units, uint64_t min, uint64_t max)
{
        const char *separator = "";

        for (const struct unit *unit = units; unit->name; unit++) {
                uint64_t least = min / unit->factor + (min % unit->factor > 0), most = max / unit->factor;

                if (least > most)
                        continue;

                (void)buf_addf(b, "%s(", separator);
                pattern_add_range(b, least, most);
                (void)buf_addf(b, ")%s", unit->name);
                separator = "|";
        }
}
