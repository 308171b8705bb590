/* SPDX-License-Identifier: MIT */

/*
 * Runs scenarios, one a seed: `simulation --seeds 300`, of all vendors or of one: `--vendor finovy`. A seed that fails is made shorter, and
 * prints how to run what is left of it again, and how its trace ends.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reconcile/base/text.h"
#include "tests/simulation/shrink.h"
#include "tests/simulation/workers.h"

#define TAIL_LINES 40
/* So many of the first seeds are run twice, to see that one seed is one run. */
#define TWICE 3
/* So many that fail are enough to look at, unless told otherwise. */
#define FAILURES_MOST 10

struct options {
        struct scenario_options scenario; /* but for the seed */
        struct workers_options workers;
        bool trace, whole; /* not shrunk */
};

static int parse_number(const char *name, const char *text, uint64_t most, uint64_t *ret)
{
        int64_t n;

        if (text_to_int64(text, &n) < 0 || n < 0 || (uint64_t)n > most) {
                fprintf(stderr, "--%s takes a number up to %" PRIu64 ", and %s is none\n", name, most, text);
                return -EINVAL;
        }
        *ret = (uint64_t)n;
        return 0;
}

static int parse_omissions(const char *name, const char *text, struct omissions *ret)
{
        int r = omissions_parse(text, ret);

        if (r < 0)
                fprintf(stderr, "--%s takes numbers up to %d like 1,4-7,20-, and %s is none\n", name, OMISSIONS_MAX - 1,
                        text);
        return r;
}

static int parse_vendor(const char *name, const struct world_vendor **ret)
{
        *ret = world_vendor_find(name);
        if (*ret)
                return 0;
        fprintf(stderr, "--vendor takes one of:");
        for (size_t i = 0; i < WORLD_VENDORS; i++)
                fprintf(stderr, " %s", world_vendors[i]->name);
        fprintf(stderr, "\n");
        return -EINVAL;
}

static int parse_jobs(const char *text, unsigned *ret)
{
        uint64_t n = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);

        if (!text_equal(text, "all") && parse_number("jobs", text, 256, &n) < 0)
                return -EINVAL;
        *ret = n ? (unsigned)n : 1;
        return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
        static const struct option known[] = { { "seed", required_argument, NULL, 's' },
                                               { "seeds", required_argument, NULL, 'n' },
                                               { "deeds", required_argument, NULL, 'd' },
                                               { "folder", required_argument, NULL, 'f' },
                                               { "failures", required_argument, NULL, 'x' },
                                               { "trace", no_argument, NULL, 't' },
                                               { "vendor", required_argument, NULL, 'v' },
                                               { "jobs", required_argument, NULL, 'j' },
                                               { "progress", no_argument, NULL, 'p' },
                                               { "whole", no_argument, NULL, 'w' },
                                               { "without-deeds", required_argument, NULL, 'D' },
                                               { "trouble", required_argument, NULL, 'T' },
                                               { "without-faults", required_argument, NULL, 'F' },
                                               { NULL, 0, NULL, 0 } };
        struct scenario_options *sc = &o->scenario;
        uint64_t deeds = sc->deeds_max, trouble = 0;
        int r = 0, c;

        while (r == 0 && (c = getopt_long(argc, argv, "", known, NULL)) != -1) {
                if (c == 's')
                        r = parse_number("seed", optarg, INT64_MAX, &o->workers.first);
                else if (c == 'n')
                        r = parse_number("seeds", optarg, INT64_MAX, &o->workers.seeds);
                else if (c == 'd')
                        r = parse_number("deeds", optarg, DEEDS_MAX, &deeds);
                else if (c == 'x')
                        r = parse_number("failures", optarg, INT64_MAX, &o->workers.failures_most);
                else if (c == 'T')
                        r = parse_number("trouble", optarg, INT64_MAX, &trouble);
                else if (c == 'D')
                        r = parse_omissions("without-deeds", optarg, &sc->deeds);
                else if (c == 'F')
                        r = parse_omissions("without-faults", optarg, &sc->faults);
                else if (c == 'f')
                        sc->folder = optarg;
                else if (c == 'j')
                        r = parse_jobs(optarg, &o->workers.jobs);
                else if (c == 'v')
                        r = parse_vendor(optarg, &sc->vendor);
                else if (c == 't')
                        o->trace = true;
                else if (c == 'p')
                        o->workers.progress = true;
                else if (c == 'w')
                        o->whole = true;
                else
                        r = -EINVAL;
        }
        sc->deeds_max = (unsigned)deeds;
        sc->trouble_most = trouble;
        return r;
}

static void add_tail(const char *text, size_t n, struct buf *b)
{
        unsigned lines = 0;
        size_t start = n;

        while (start > 0 && lines <= TAIL_LINES)
                if (text[--start] == '\n')
                        lines++;
        buf_add(b, text + start, n - start);
}

/* `simulation …` for just this run. */
static void add_command(const struct scenario_options *sc, const struct scenario_extent *extent, struct buf *b)
{
        _cleanup_buf_ struct buf deeds = BUF_INIT(SIZE_MAX - 1), faults = BUF_INIT(SIZE_MAX - 1);

        buf_addf(b, "simulation --seed %" PRIu64 " --deeds %u", sc->seed, sc->deeds_max);
        if (sc->vendor)
                buf_addf(b, " --vendor %s", sc->vendor->name);
        omissions_print(&sc->deeds, extent->deeds, &deeds);
        if (deeds.len)
                buf_addf(b, " --without-deeds %s", buf_text(&deeds));
        omissions_print(&sc->faults, extent->faults, &faults);
        if (faults.len)
                buf_addf(b, " --without-faults %s", buf_text(&faults));
        if (sc->trouble_most)
                buf_addf(b, " --trouble %" PRIu64, sc->trouble_most);
}

static bool is_repeatable(const struct scenario_options *options, const struct world *first)
{
        _cleanup_(world_free_p) struct world *second = scenario_run(options, NULL);

        return text_equal(buf_text(&first->trace), buf_text(&second->trace));
}

static void tell_failure(const struct options *o, const struct scenario_options *failed, struct buf *words)
{
        struct shrunk shrunk = { .options = *failed };
        _cleanup_(world_free_p) struct world *w = NULL;

        shrunk.options.traced = false;
        if (!o->whole)
                shrink(&shrunk.options, &shrunk);
        shrunk.options.traced = true;
        w = scenario_run(&shrunk.options, &shrunk.after);
        add_tail(buf_text(&w->trace), w->trace.len, words);
        if (!o->whole)
                buf_addf(words,
                         "shrunk in %u runs: %zu of %zu deeds and %zu of %zu faults are left, and %" PRIu64
                         " of %" PRIu64 " s of trouble\n",
                         shrunk.runs, shrunk.deeds_left, shrunk.before.deeds, shrunk.faults_left, shrunk.before.faults,
                         shrunk.after.trouble / USEC_PER_SEC, shrunk.before.trouble / USEC_PER_SEC);
        buf_addf(words, "seed %" PRIu64 " FAILED: %s\nagain: ", failed->seed, w->violation.text);
        add_command(&shrunk.options, &shrunk.after, words);
        buf_adds(words, " --whole --trace\n");
}

static bool run_seed(void *userdata, uint64_t seed, struct buf *words)
{
        const struct options *o = userdata;
        struct scenario_options options = o->scenario;
        _cleanup_(world_free_p) struct world *w = NULL;

        options.seed = seed;
        options.traced = o->trace || seed < o->workers.first + TWICE;
        w = scenario_run(&options, NULL);
        if (o->trace)
                fputs(buf_text(&w->trace), stdout);
        if (world_is_wrong(w)) {
                tell_failure(o, &options, words);
                return false;
        }
        if (options.traced && !is_repeatable(&options, w)) {
                buf_addf(words, "seed %" PRIu64 " FAILED: it runs differently the second time\n", seed);
                return false;
        }
        return true;
}

int main(int argc, char **argv)
{
        struct options o = {
                .scenario = { .deeds_max = 30, .folder = world_folder() },
                .workers = { .first = 1,
                             .seeds = 1,
                             .failures_most = FAILURES_MOST,
                             .jobs = 1,
                             .run = run_seed,
                             .userdata = &o },
        };
        struct workers_result result;

        if (parse(argc, argv, &o) < 0)
                return 64;
        if (workers_run(&o.workers, &result) < 0) {
                fprintf(stderr, "there is no memory, or no more processes\n");
                return 1;
        }
        if (result.stopped)
                printf("stopped; it goes on with --seed %" PRIu64 " --seeds %" PRIu64 "\n",
                       o.workers.first + result.done, o.workers.seeds - result.done);
        printf("%" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " failed\n", result.done, o.workers.first, result.failed);
        return result.failed > 0 ? 1 : result.stopped ? 130 : 0;
}
