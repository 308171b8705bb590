/* SPDX-License-Identifier: MIT */
#include "tests/simulation/workers.h"

#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX ((size_t)1 << 20)
#define JOBS_MAX 256
#define TELL_SECONDS 10

/* What the processes share. */
struct board {
        atomic_uint_least64_t next, done, failed;
        atomic_bool stop;
        sem_t printing;
        atomic_uint_least64_t current[JOBS_MAX];
};

static atomic_bool *told_to_stop; /* of the board; a signal's handler has no userdata */

static void on_signal(int number)
{
        (void)number;
        atomic_store(told_to_stop, true);
}

static void say(struct board *board, const struct buf *words)
{
        while (sem_wait(&board->printing) < 0 && errno == EINTR)
                ;
        fputs(buf_text(words), stdout);
        fflush(stdout);
        sem_post(&board->printing);
}

static void work(const struct workers_options *o, struct board *board, unsigned job)
{
        while (!atomic_load(&board->stop) && atomic_load(&board->failed) < o->failures_most) {
                _cleanup_buf_ struct buf words = BUF_INIT(WORDS_MAX);
                uint64_t i = atomic_fetch_add(&board->next, 1);

                if (i >= o->seeds)
                        break;
                atomic_store(&board->current[job], o->first + i);
                if (!o->run(o->userdata, o->first + i, &words))
                        atomic_fetch_add(&board->failed, 1);
                atomic_fetch_add(&board->done, 1);
                if (words.len)
                        say(board, &words);
        }
}

static void tell_progress(const struct workers_options *o, struct board *board, time_t began)
{
        uint64_t done = atomic_load(&board->done), took = (uint64_t)(time(NULL) - began);

        fprintf(stderr,
                "%" PRIu64 " of %" PRIu64 " seeds, %" PRIu64 " failed, %" PRIu64 " a second, %" PRIu64 " s to go\n",
                done, o->seeds, atomic_load(&board->failed), took ? done / took : 0,
                done ? took * (o->seeds - done) / done : 0);
}

/* A worker that dies does so of the seed that it was at, and counts as one that failed. */
static void bury(struct board *board, const pid_t *pids, unsigned jobs, pid_t pid, int status)
{
        _cleanup_buf_ struct buf words = BUF_INIT(WORDS_MAX);

        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return;
        for (unsigned i = 0; i < jobs; i++)
                if (pids[i] == pid)
                        buf_addf(&words, "seed %" PRIu64 " FAILED: its process ended with %s %d\n",
                                 atomic_load(&board->current[i]), WIFSIGNALED(status) ? "signal" : "code",
                                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        atomic_fetch_add(&board->failed, 1);
        say(board, &words);
}

static void wait_for(const struct workers_options *o, struct board *board, const pid_t *pids)
{
        time_t began = time(NULL), told = began;
        unsigned left = o->jobs;

        while (left) {
                int status;
                pid_t pid = waitpid(-1, &status, WNOHANG);

                if (pid > 0) {
                        bury(board, pids, o->jobs, pid, status);
                        left--;
                        continue;
                }
                nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
                if (o->progress && time(NULL) - told >= TELL_SECONDS) {
                        tell_progress(o, board, began);
                        told = time(NULL);
                }
        }
}

static int fork_workers(const struct workers_options *o, struct board *board)
{
        pid_t pids[JOBS_MAX];

        for (unsigned i = 0; i < o->jobs; i++) {
                fflush(NULL);
                pids[i] = fork();
                if (pids[i] < 0) {
                        atomic_store(&board->stop, true);
                        while (waitpid(-1, NULL, 0) > 0)
                                ;
                        return -EAGAIN;
                }
                if (pids[i] == 0) {
                        work(o, board, i);
                        exit(0); /* and the sanitizer looks for leaks */
                }
        }
        wait_for(o, board, pids);
        return 0;
}

int workers_run(const struct workers_options *options, struct workers_result *ret)
{
        struct workers_options o = *options;
        struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        int r = 0;

        if (board == MAP_FAILED)
                return -ENOMEM;
        if (o.jobs > JOBS_MAX)
                o.jobs = JOBS_MAX;
        sem_init(&board->printing, 1, 1);
        told_to_stop = &board->stop;
        (void)signal(SIGINT, on_signal);
        (void)signal(SIGTERM, on_signal);
        if (o.jobs > 1)
                r = fork_workers(&o, board);
        else
                work(&o, board, 0);
        *ret = (struct workers_result){ .done = board->done, .failed = board->failed, .stopped = board->stop };
        sem_destroy(&board->printing);
        munmap(board, sizeof(*board));
        return r;
}
