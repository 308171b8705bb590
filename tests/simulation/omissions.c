/* SPDX-License-Identifier: MIT */
#include "tests/simulation/omissions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool omissions_have(const struct omissions *o, size_t number)
{
        if (o->ends && number >= o->from)
                return true;
        return number < OMISSIONS_MAX && o->bits[number / 64] >> number % 64 & 1;
}

void omissions_set(struct omissions *o, size_t first, size_t n, bool omitted)
{
        for (size_t i = first; i < first + n && i < OMISSIONS_MAX; i++) {
                uint64_t bit = UINT64_C(1) << i % 64;

                o->bits[i / 64] = omitted ? o->bits[i / 64] | bit : o->bits[i / 64] & ~bit;
        }
}

size_t omissions_count(const struct omissions *o, size_t among)
{
        size_t n = 0;

        for (size_t i = 0; i < among; i++)
                n += omissions_have(o, i);
        return n;
}

static int read_number(const char **at, size_t *ret)
{
        char *end;

        if (**at < '0' || **at > '9')
                return -EINVAL;
        *ret = strtoul(*at, &end, 10);
        *at = end;
        return 0;
}

int omissions_parse(const char *text, struct omissions *ret)
{
        struct omissions o = { 0 };
        size_t first, last;

        do {
                if (read_number(&text, &first) < 0)
                        return -EINVAL;
                last = first;
                if (*text == '-' && text[1] == '\0') {
                        o.ends = true;
                        o.from = first;
                        *ret = o;
                        return 0;
                }
                if (*text == '-') {
                        text++;
                        if (read_number(&text, &last) < 0 || last < first)
                                return -EINVAL;
                }
                if (last >= OMISSIONS_MAX)
                        return -EINVAL;
                omissions_set(&o, first, last - first + 1, true);
        } while (*text++ == ',');
        if (text[-1])
                return -EINVAL;
        *ret = o;
        return 0;
}

void omissions_print(const struct omissions *o, size_t among, struct buf *b)
{
        for (size_t i = 0, end; i < among; i = end + 1) {
                for (end = i; end < among && omissions_have(o, end);)
                        end++;
                if (end == i)
                        continue;
                buf_addf(b, "%s%zu", b->len ? "," : "", i);
                if (end == among && o->ends)
                        buf_adds(b, "-");
                else if (end > i + 1)
                        buf_addf(b, "-%zu", end - 1);
        }
}
