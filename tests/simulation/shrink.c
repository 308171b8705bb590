/* SPDX-License-Identifier: MIT */
#include "tests/simulation/shrink.h"

#include <ctype.h>
#include <string.h>

#include "reconcile/base/text.h"

/* More is no use to somebody who waits. */
#define RUNS_MAX 400

struct search {
        char how[sizeof(((struct error *)0)->text) + 1]; /* it fails */
        struct scenario_options best;
        struct scenario_extent extent;
        unsigned runs;
};

/* Ids and numbers differ from run to run: words that have a digit are no matter. */
static void keep_words(const char *text, char *ret)
{
        while (*text) {
                size_t n = strcspn(text, " ");

                if (strcspn(text, "0123456789") >= n) {
                        memcpy(ret, text, n);
                        ret += n;
                        *ret++ = ' ';
                }
                text += n + (text[n] == ' ');
        }
        *ret = '\0';
}

static bool still_fails(struct search *s, const struct scenario_options *options)
{
        _cleanup_(world_free_p) struct world *w = NULL;
        char how[sizeof(s->how)];
        struct scenario_extent extent;

        if (s->runs >= RUNS_MAX)
                return false;
        s->runs++;
        w = scenario_run(options, &extent);
        keep_words(w->violation.text, how);
        if (!world_is_wrong(w) || !text_equal(how, s->how))
                return false;
        s->best = *options;
        s->extent = extent;
        return true;
}

/* The first so many faults are enough. */
static void cut_faults(struct search *s)
{
        size_t least = 0, most = s->extent.faults;

        while (least < most) {
                struct scenario_options options = s->best;

                options.faults.ends = true;
                options.faults.from = least + (most - least) / 2;
                if (still_fails(s, &options))
                        most = options.faults.from;
                else
                        least = options.faults.from + 1;
        }
}

static void cut_time(struct search *s)
{
        for (usec_t step = s->extent.trouble / 2; step > USEC_PER_SEC; step /= 2) {
                struct scenario_options options = s->best;

                options.trouble_most = s->extent.trouble - step;
                (void)still_fails(s, &options);
        }
}

/* Leaves out ever smaller parts. True: some could be. */
static bool drop(struct search *s, size_t of, bool faults)
{
        bool any = false;

        if (of > OMISSIONS_MAX)
                of = OMISSIONS_MAX;
        for (size_t size = of; size > 0; size /= 2)
                for (size_t first = 0; first < of; first += size) {
                        struct scenario_options options = s->best;
                        struct omissions *o = faults ? &options.faults : &options.deeds;
                        size_t before = omissions_count(o, of);

                        omissions_set(o, first, size, true);
                        if (omissions_count(o, of) > before)
                                any = still_fails(s, &options) || any;
                }
        return any;
}

void shrink(const struct scenario_options *options, struct shrunk *ret)
{
        struct search s = { .best = *options };
        _cleanup_(world_free_p) struct world *w = scenario_run(options, &s.extent);
        struct scenario_extent before = s.extent;
        bool again = world_is_wrong(w);

        keep_words(w->violation.text, s.how);
        while (again && s.runs < RUNS_MAX) {
                cut_faults(&s);
                cut_time(&s);
                again = drop(&s, s.extent.deeds, false);
                again = drop(&s, s.extent.faults, true) || again;
        }
        *ret = (struct shrunk){
                .options = s.best,
                .before = before,
                .after = s.extent,
                .deeds_left = s.extent.deeds - omissions_count(&s.best.deeds, s.extent.deeds),
                .faults_left = s.extent.faults - omissions_count(&s.best.faults, s.extent.faults),
                .runs = s.runs,
        };
}
