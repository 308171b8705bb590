/* SPDX-License-Identifier: MIT */

/*
 * Runs scenarios, one a seed: `simulation --seeds 300`, of all vendors or of one: `--vendor finovy`. A seed that fails prints how to run it again, and how its trace ends.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "tests/simulation/scenario.h"

#define TAIL_LINES 40
/* So many of the first seeds are run twice, to see that one seed is one run. */
#define TWICE 3
/* So many that fail are enough to look at, unless told otherwise. */
#define FAILURES_MAX 10

struct options {
        uint64_t first, seeds, failures;
        unsigned deeds;
        bool trace;
        const char *folder;
        const struct world_vendor *vendor; /* NULL: each seed says its own */
};

static int parse_number(const char *name, const char *text, uint64_t *ret)
{
        int64_t n;

        if (text_to_int64(text, &n) < 0 || n < 0) {
                fprintf(stderr, "--%s takes a number, and %s is none\n", name, text);
                return -EINVAL;
        }
        *ret = (uint64_t)n;
        return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
        static const struct option known[] = {
                { "seed", required_argument, NULL, 's' },     { "seeds", required_argument, NULL, 'n' },
                { "deeds", required_argument, NULL, 'd' },    { "folder", required_argument, NULL, 'f' },
                { "failures", required_argument, NULL, 'x' }, { "trace", no_argument, NULL, 't' },
                { "vendor", required_argument, NULL, 'v' },   { NULL, 0, NULL, 0 }
        };
        uint64_t deeds = o->deeds;
        int r = 0, c;

        while (r == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1) {
                if (c == 's')
                        r = parse_number("seed", optarg, &o->first);
                else if (c == 'n')
                        r = parse_number("seeds", optarg, &o->seeds);
                else if (c == 'd')
                        r = parse_number("deeds", optarg, &deeds);
                else if (c == 'x')
                        r = parse_number("failures", optarg, &o->failures);
                else if (c == 'f')
                        o->folder = optarg;
                else if (c == 't')
                        o->trace = true;
                else if (c == 'v')
                        r = (o->vendor = world_vendor_find(optarg)) ? 0 : -EINVAL;
                else
                        r = -EINVAL;
        }
        o->deeds = (unsigned)deeds;
        return r;
}

static void print_tail(const char *text, size_t n)
{
        unsigned lines = 0;
        size_t start = n;

        while (start > 0 && lines <= TAIL_LINES)
                if (text[--start] == '\n')
                        lines++;
        printf("%.*s", (int)(n - start), text + start);
}

static struct world *run(const struct options *o, uint64_t seed, bool traced)
{
        struct scenario_options options = {
                .seed = seed, .folder = o->folder, .vendor = o->vendor, .deeds_max = o->deeds, .traced = traced
        };

        return scenario_run(&options);
}

static bool is_repeatable(const struct options *o, uint64_t seed, const struct world *first)
{
        _cleanup_(world_free_p) struct world *second = run(o, seed, true);

        return text_equal(buf_text(&first->trace), buf_text(&second->trace));
}

static bool run_seed(const struct options *o, uint64_t seed)
{
        bool traced = o->trace || seed < o->first + TWICE;
        _cleanup_(world_free_p) struct world *w = run(o, seed, traced);

        if (world_is_wrong(w) && !traced) {
                world_free(w);
                w = run(o, seed, true);
        }
        if (o->trace)
                fputs(buf_text(&w->trace), stdout);
        if (world_is_wrong(w)) {
                if (!o->trace)
                        print_tail(buf_text(&w->trace), w->trace.len);
                printf("seed %" PRIu64 " FAILED: %s\nagain: simulation --seed %" PRIu64 " --deeds %u%s%s --trace\n",
                       seed, w->violation.text, seed, o->deeds, o->vendor ? " --vendor " : "",
                       o->vendor ? o->vendor->name : "");
                return false;
        }
        if (seed < o->first + TWICE && !is_repeatable(o, seed, w)) {
                printf("seed %" PRIu64 " FAILED: it runs differently the second time\n", seed);
                return false;
        }
        return true;
}

int main(int argc, char **argv)
{
        struct options o = { .first = 1, .seeds = 1, .failures = FAILURES_MAX, .deeds = 30, .folder = world_folder() };
        uint64_t failed = 0;

        if (parse(argc, argv, &o) < 0)
                return 64;
        setlinebuf(stdout);
        for (uint64_t i = 0; i < o.seeds && failed < o.failures; i++)
                failed += !run_seed(&o, o.first + i);
        printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " failed\n", o.seeds, o.first, failed);
        return failed > 0;
}
