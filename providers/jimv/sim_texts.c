/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim.h"

#define FIRST_SECOND 1767225600 /* the simulation's calendar begins on 2026-01-01, whatever the day is */

/* Not secret, and the same in every run, so that a run can be had again. */
static uint64_t next_random(struct simulation *s)
{
        s->random ^= s->random << 13;
        s->random ^= s->random >> 7;
        s->random ^= s->random << 17;
        return s->random * 0x2545F4914F6CDD1D;
}

void jimv_sim_code(struct simulation *s, size_t n, char *ret)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

        for (size_t i = 0; i < n; i++)
                ret[i] = letters[(next_random(s) >> 32) % (sizeof(letters) - 1)];
        ret[n] = '\0';
}

/* The given one, or a random one, as version 4 is written. */
void jimv_sim_uuid(struct simulation *s, const char *given, char ret[static UUID_SIZE])
{
        static const char form[] = "xxxxxxxx-xxxx-4xxx-Vxxx-xxxxxxxxxxxx", digits[] = "0123456789abcdef";

        if (given) {
                (void)snprintf(ret, UUID_SIZE, "%s", given);
                return;
        }
        for (size_t i = 0; i < sizeof(form); i++) {
                size_t digit = next_random(s) >> 60;

                ret[i] = (char)(form[i] == 'x' ? digits[digit] : form[i] == 'V' ? digits[8 + digit % 4] : form[i]);
        }
}

/* As a column of so many characters does: what is too much is cut off behind. */
char *jimv_sim_cut(const char *text, size_t characters)
{
        const char *end = text;

        for (; *end; end++)
                if (((unsigned char)*end & 0xC0) != 0x80 && characters-- == 0)
                        break;
        return strndup(text, (size_t)(end - text));
}

int64_t jimv_sim_calendar(usec_t now)
{
        return (int64_t)FIRST_SECOND * (int64_t)USEC_PER_SEC + (int64_t)now;
}
