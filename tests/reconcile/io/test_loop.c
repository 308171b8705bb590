/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconcile/io/loop.h"

/* What happened in a loop, letter by letter. */
struct story {
        struct loop *loop;
        struct loop_timer *timer;
        struct loop_fd *watch;
        char text[64];
        int times;
        int result;
};

static int set_up(void **state)
{
        struct story *story = calloc(1, sizeof(*story));

        *state = story;
        return loop_new(&story->loop, NULL);
}

static int tear_down(void **state)
{
        struct story *story = *state;

        loop_timer_free(story->timer);
        loop_fd_free(story->watch);
        loop_free(story->loop);
        free(story);
        return 0;
}

static void tell(struct story *story, char letter)
{
        size_t n = strlen(story->text);

        if (n + 1 < sizeof(story->text))
                story->text[n] = letter;
}

static int on_stop(void *userdata)
{
        struct story *story = userdata;

        tell(story, 's');
        loop_exit(story->loop, 42);
        return 0;
}

static void timers_fire_in_order_and_end_the_loop(void **state)
{
        struct story *story = *state;
        _cleanup_(loop_timer_free_p) struct loop_timer *off = NULL;
        struct error e = {};
        usec_t start = loop_now(story->loop);

        assert_int_equal(loop_timer_new(story->loop, on_stop, story, &off, &e), 0);
        assert_int_equal(loop_timer_new(story->loop, on_stop, story, &story->timer, &e), 0);
        assert_int_equal(loop_timer_set(off, start), 0);
        assert_int_equal(loop_timer_set(off, USEC_INFINITY), 0);
        assert_int_equal(loop_timer_set(story->timer, start + 20 * USEC_PER_MSEC), 0);

        assert_int_equal(loop_run(story->loop, &e), 42);
        assert_true(loop_now(story->loop) >= start + 20 * USEC_PER_MSEC);
        assert_string_equal(story->text, "s");
}

static int on_again(void *userdata)
{
        struct story *story = userdata;

        tell(story, 't');
        if (++story->times < 3)
                return loop_timer_set(story->timer, loop_now(story->loop));

        story->timer = loop_timer_free(story->timer); /* its own callback may free it */
        loop_exit(story->loop, 0);
        return 0;
}

static void timer_fires_once_for_each_setting(void **state)
{
        struct story *story = *state;
        struct error e = {};

        assert_int_equal(loop_timer_new(story->loop, on_again, story, &story->timer, &e), 0);
        assert_int_equal(loop_timer_set(story->timer, 1), 0); /* long over */
        assert_int_equal(loop_run(story->loop, &e), 0);
        assert_string_equal(story->text, "ttt");
}

static int on_fails(_unused_ void *userdata)
{
        return -EPIPE;
}

static void failing_callback_ends_the_loop_which_can_run_again(void **state)
{
        struct story *story = *state;
        _cleanup_(loop_timer_free_p) struct loop_timer *failing = NULL;
        struct error e = {};

        assert_int_equal(loop_timer_new(story->loop, on_fails, story, &failing, &e), 0);
        assert_int_equal(loop_timer_set(failing, 1), 0);
        assert_int_equal(loop_run(story->loop, &e), -EPIPE);
        assert_non_null(strstr(e.text, strerror(EPIPE)));

        assert_int_equal(loop_timer_new(story->loop, on_stop, story, &story->timer, &e), 0);
        assert_int_equal(loop_timer_set(story->timer, 1), 0);
        assert_int_equal(loop_run(story->loop, &e), 42);
}

static void exit_before_run_ends_at_once(void **state)
{
        struct story *story = *state;

        loop_exit(story->loop, 7);
        assert_int_equal(loop_run(story->loop, NULL), 7);
}

static int on_readable(void *userdata, int fd, uint32_t revents)
{
        struct story *story = userdata;
        char c;

        if (revents & EPOLLIN && read(fd, &c, 1) == 1) {
                tell(story, c);
                return loop_fd_events(story->watch, c == '2' ? 0 : EPOLLIN);
        }

        tell(story, '.');
        story->watch = loop_fd_free(story->watch); /* its own callback may free it */
        loop_exit(story->loop, 0);
        return 0;
}

static void descriptors_are_watched(void **state)
{
        struct story *story = *state;
        struct error e = {};
        int fds[2];

        assert_int_equal(pipe(fds), 0);
        assert_int_equal(loop_fd_new(story->loop, fds[0], EPOLLIN, on_readable, story, &story->watch, &e), 0);
        assert_int_equal(write(fds[1], "123", 3), 3);
        close(fds[1]);
        assert_int_equal(loop_run(story->loop, &e), 0); /* after the 2, only the end is looked for */
        assert_string_equal(story->text, "12.");

        assert_int_equal(close(fds[0]), 0); /* freeing the watch did not */
        assert_int_equal(loop_fd_new(story->loop, 999, EPOLLIN, on_readable, story, &story->watch, &e), -EBADF);
}

static int on_signal(void *userdata, int number)
{
        struct story *story = userdata;

        story->result = number;
        tell(story, 'S');
        loop_exit(story->loop, 0);
        return 0;
}

static void signals_are_delivered(void **state)
{
        struct story *story = *state;
        struct error e = {};
        sigset_t set;

        assert_int_equal(loop_signal(story->loop, SIGUSR1, on_signal, story, &e), 0);
        assert_int_equal(loop_signal(story->loop, SIGUSR2, on_signal, story, &e), 0);
        assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &set), 0);
        assert_true(sigismember(&set, SIGUSR2));

        assert_int_equal(raise(SIGUSR2), 0);
        assert_int_equal(loop_run(story->loop, &e), 0);
        assert_int_equal(story->result, SIGUSR2);
        assert_int_equal(raise(SIGUSR1), 0);
        assert_int_equal(loop_run(story->loop, &e), 0);
        assert_int_equal(story->result, SIGUSR1);
        assert_int_equal(loop_signal(story->loop, 4711, on_signal, story, &e), -EINVAL);
}

static int on_before_wait(void *userdata)
{
        struct story *story = userdata;

        tell(story, 'w');
        return 0;
}

static int on_letter(void *userdata, int fd, _unused_ uint32_t revents)
{
        struct story *story = userdata;
        char c = '?';

        (void)!read(fd, &c, 1);
        tell(story, c);
        return c == 'z' ? on_stop(story) : 0;
}

/* All that is due is done first, and the work before the wait comes once behind it; also before the first wait. */
static void work_before_the_wait_comes_last(void **state)
{
        struct story *story = *state;
        struct loop_fd *watches[3];
        struct error e = {};
        int fds[3][2];

        assert_int_equal(loop_before_wait(story->loop, on_before_wait, story, &e), 0);
        assert_int_equal(loop_before_wait(story->loop, on_before_wait, story, &e), -EBUSY);
        assert_int_equal(loop_timer_new(story->loop, on_stop, story, &story->timer, &e), 0);
        assert_int_equal(loop_timer_set(story->timer, loop_now(story->loop) + 20 * USEC_PER_MSEC), 0);
        assert_int_equal(loop_run(story->loop, &e), 42);
        assert_string_equal(story->text, "ws");

        memset(story->text, 0, sizeof(story->text));
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(pipe(fds[i]), 0);
                assert_int_equal(loop_fd_new(story->loop, fds[i][0], EPOLLIN, on_letter, story, &watches[i], &e), 0);
                assert_int_equal(write(fds[i][1], "a", 1), 1);
        }
        assert_int_equal(loop_timer_set(story->timer, loop_now(story->loop) + 50 * USEC_PER_MSEC), 0);
        assert_int_equal(loop_run(story->loop, &e), 42);
        assert_string_equal(story->text, "aaaws");

        for (size_t i = 0; i < 3; i++) {
                loop_fd_free(watches[i]);
                close(fds[i][0]);
                close(fds[i][1]);
        }
}

/* A socket such as the service manager's. */
static int open_manager(char path[static 108])
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void)snprintf(path, 108, "/tmp/muster-notify-%d", (int)getpid());
        strcpy(address.sun_path, path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        return fd;
}

static int on_notified(void *userdata, int fd, _unused_ uint32_t revents)
{
        struct story *story = userdata;
        ssize_t n;

        memset(story->text, 0, sizeof(story->text));
        n = recv(fd, story->text, sizeof(story->text) - 1, 0);
        loop_exit(story->loop, 0);
        return n < 0 ? -errno : 0;
}

static void service_manager_is_told_and_its_watchdog_answered(void **state)
{
        struct story *story = *state;
        char path[108], pid[16];
        struct error e = {};
        int fd;

        loop_notify("READY=1"); /* nobody listens */
        assert_int_equal(loop_watchdog(story->loop, &e), 0);

        fd = open_manager(path);
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        setenv("NOTIFY_SOCKET", path, 1);
        setenv("WATCHDOG_USEC", "40000", 1);
        setenv("WATCHDOG_PID", pid, 1);
        assert_int_equal(loop_fd_new(story->loop, fd, EPOLLIN, on_notified, story, &story->watch, &e), 0);

        loop_notify("READY=1\nSTATUS=well");
        assert_int_equal(loop_run(story->loop, &e), 0);
        assert_string_equal(story->text, "READY=1\nSTATUS=well");

        assert_int_equal(loop_watchdog(story->loop, &e), 0);
        for (int i = 0; i < 3; i++) {
                assert_int_equal(loop_run(story->loop, &e), 0);
                assert_string_equal(story->text, "WATCHDOG=1");
        }

        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        close(fd);
        unlink(path);
}

static void wall_clock_is_the_system_s(_unused_ void **state)
{
        int64_t before = (int64_t)time(NULL), now = wall_now();

        assert_in_range(now, before, before + 60);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(timers_fire_in_order_and_end_the_loop, set_up, tear_down),
                cmocka_unit_test_setup_teardown(timer_fires_once_for_each_setting, set_up, tear_down),
                cmocka_unit_test_setup_teardown(failing_callback_ends_the_loop_which_can_run_again, set_up, tear_down),
                cmocka_unit_test_setup_teardown(exit_before_run_ends_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(descriptors_are_watched, set_up, tear_down),
                cmocka_unit_test_setup_teardown(signals_are_delivered, set_up, tear_down),
                cmocka_unit_test_setup_teardown(work_before_the_wait_comes_last, set_up, tear_down),
                cmocka_unit_test_setup_teardown(service_manager_is_told_and_its_watchdog_answered, set_up, tear_down),
                cmocka_unit_test(wall_clock_is_the_system_s),
        };

        return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
