/* SPDX-License-Identifier: MIT */
#include "reconcile/io/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define STILL (1 * USEC_PER_SEC)
#define RETRY (5 * USEC_PER_SEC)
#define FOLDERS_MAX 8192
#define DEPTH_MAX 32
#define LINKS_MAX 8

#define CHANGES                                                                                         \
        (IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | \
         IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

/* A folder is watched as a whole, or for some names in it only (a file that is watched, a link on the way). */
struct folder {
        int descriptor;
        char *path;
        bool whole;
        char **names;
        size_t n_names, allocated_names;
};

struct watch {
        struct loop *loop;
        watch_fn changed;
        void *userdata;
        char **paths;
        size_t n_paths;
        const char *const *endings;

        int inotify;
        struct loop_fd *source;
        struct loop_timer *still;
        struct folder *folders; /* by descriptor, which the kernel counts upwards */
        size_t n_folders, allocated_folders;
        bool touched;  /* since the last call of `changed` */
        bool troubled; /* that call told of a trouble */
        struct error trouble;
};

static void folders_done(struct watch *w)
{
        for (size_t i = 0; i < w->n_folders; i++) {
                for (size_t k = 0; k < w->folders[i].n_names; k++)
                        free(w->folders[i].names[k]);
                free(w->folders[i].names);
                free(w->folders[i].path);
        }
        free(w->folders);
        w->folders = NULL;
        w->n_folders = w->allocated_folders = 0;
}

static struct folder *find_folder(const struct watch *w, int descriptor)
{
        size_t low = 0, high = w->n_folders;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (w->folders[middle].descriptor == descriptor)
                        return &w->folders[middle];
                if (w->folders[middle].descriptor < descriptor)
                        low = middle + 1;
                else
                        high = middle;
        }

        return NULL;
}

/* Watches one folder; `ret` is its entry, a new one or the one that stands for the same folder already. */
static int add_folder(struct watch *w, const char *path, struct folder **ret)
{
        struct folder *f;
        int descriptor;

        descriptor = inotify_add_watch(w->inotify, path, CHANGES);
        if (descriptor < 0)
                return error_errno(&w->trouble, "%s", path);

        f = find_folder(w, descriptor);
        if (!f) {
                if (w->n_folders >= FOLDERS_MAX)
                        return error_set(&w->trouble, -E2BIG, "there are more than %d folders", FOLDERS_MAX);
                f = ARRAY_ADD(w->folders, w->n_folders, w->allocated_folders);
                if (!f)
                        return error_oom(&w->trouble);
                *f = (struct folder){ .descriptor = descriptor, .path = strdup(path) };
                if (!f->path)
                        return error_oom(&w->trouble);
        }

        *ret = f;
        return 0;
}

static int add_name(struct watch *w, const char *folder, const char *name)
{
        struct folder *f;
        char **slot;
        int r;

        r = add_folder(w, folder, &f);
        if (r < 0)
                return r;

        slot = ARRAY_ADD(f->names, f->n_names, f->allocated_names);
        if (!slot)
                return error_oom(&w->trouble);
        *slot = strdup(name);
        return *slot ? 0 : error_oom(&w->trouble);
}

static int add_tree(struct watch *w, const char *path, unsigned depth);

static int add_members(struct watch *w, const char *path, DIR *d, unsigned depth)
{
        const struct dirent *member;
        int r = 0;

        while (r >= 0 && (member = readdir(d))) {
                char below[PATH_MAX];
                struct stat st;

                if (member->d_name[0] == '.')
                        continue;
                if (snprintf(below, sizeof(below), "%s/%s", path, member->d_name) >= (int)sizeof(below))
                        return error_set(&w->trouble, -ENAMETOOLONG, "a path below %s is too long", path);
                if (lstat(below, &st) >= 0 && S_ISDIR(st.st_mode))
                        r = add_tree(w, below, depth + 1);
        }

        return r;
}

/* The folder and all below it. What went away in the meantime is no trouble: its end was an event. */
static int add_tree(struct watch *w, const char *path, unsigned depth)
{
        struct folder *f;
        DIR *d;
        int r;

        if (depth > DEPTH_MAX)
                return error_set(&w->trouble, -ELOOP, "%s is more than %d folders deep", path, DEPTH_MAX);

        r = add_folder(w, path, &f);
        if (r < 0)
                return depth > 0 && r == -ENOENT ? 0 : r;
        f->whole = true;

        d = opendir(path);
        if (!d)
                return errno == ENOENT ? 0 : error_errno(&w->trouble, "%s", path);
        r = add_members(w, path, d, depth);
        (void)closedir(d);

        return r;
}

/* Splits a path at its last slash, in place. "." and ".." have no name that could be watched from outside. */
static bool split(char *path, const char **ret_folder, const char **ret_name)
{
        char *slash;

        for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
                path[n - 1] = '\0';

        slash = strrchr(path, '/');
        *ret_name = slash ? slash + 1 : path;
        *ret_folder = !slash ? "." : slash == path ? "/" : path;
        if (slash)
                *slash = '\0';

        return **ret_name && !text_equal(*ret_name, ".") && !text_equal(*ret_name, "..");
}

static int add_links(struct watch *w, const char *path, unsigned links);

/* Where the link at `path`, which stands in `folder`, leads: watched like a path that was given. */
static int follow(struct watch *w, const char *path, const char *folder, unsigned links)
{
        char target[PATH_MAX], next[PATH_MAX];
        ssize_t n;

        if (links >= LINKS_MAX)
                return error_set(&w->trouble, -ELOOP, "%s: more than %d links in a row", path, LINKS_MAX);

        n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                return 0; /* swapped this moment: that is an event */
        target[n] = '\0';

        if (target[0] == '/')
                return add_links(w, target, links + 1);
        if (snprintf(next, sizeof(next), "%s/%s", folder, target) >= (int)sizeof(next))
                return error_set(&w->trouble, -ENAMETOOLONG, "%s leads to a path that is too long", path);
        return add_links(w, next, links + 1);
}

/* Watches the name at the end of `path` (`last`), and every link on the way to it, where they stand: swapping one
 * swaps all that is behind it. */
static int add_step(struct watch *w, const char *path, bool last, unsigned links)
{
        _cleanup_free_ char *copy = strdup(path);
        const char *folder, *name;
        struct stat st;
        bool link;
        int r;

        if (!copy)
                return error_oom(&w->trouble);

        link = lstat(path, &st) >= 0 && S_ISLNK(st.st_mode);
        if (!(last || link) || !split(copy, &folder, &name))
                return 0;

        r = add_name(w, folder, name);
        return r >= 0 && link ? follow(w, path, folder, links) : r;
}

static int add_links(struct watch *w, const char *path, unsigned links)
{
        _cleanup_free_ char *copy = strdup(path);
        int r = 0;

        if (!copy)
                return error_oom(&w->trouble);

        for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
                copy[n - 1] = '\0';
        for (char *slash = strchr(copy + 1, '/'); r >= 0 && slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                r = add_step(w, copy, false, links);
                *slash = '/';
        }

        return r < 0 ? r : add_step(w, copy, true, links);
}

static int add_path(struct watch *w, const char *path)
{
        struct stat st;
        int r;

        r = add_links(w, path, 0);
        if (r < 0)
                return r;
        if (stat(path, &st) < 0)
                return error_errno(&w->trouble, "%s", path);

        return S_ISDIR(st.st_mode) ? add_tree(w, path, 0) : 0;
}

/* One that cannot be watched leaves the others be. */
static int add_paths(struct watch *w)
{
        int first = 0;

        for (size_t i = 0; i < w->n_paths; i++) {
                int r = add_path(w, w->paths[i]);

                if (r < 0 && first == 0)
                        first = r;
        }

        return first;
}

static int on_event(void *userdata, int fd, uint32_t revents);

/* Begins anew: what was swapped, moved or replaced is found by its path again. */
static int start(struct watch *w)
{
        int r;

        w->source = loop_fd_free(w->source);
        close_p(&w->inotify);
        folders_done(w);
        w->trouble.text[0] = '\0';

        w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (w->inotify < 0)
                return error_errno(&w->trouble, "inotify");
        r = loop_fd_new(w->loop, w->inotify, EPOLLIN, on_event, w, &w->source, &w->trouble);

        return r < 0 ? r : add_paths(w);
}

static int on_still(void *userdata)
{
        struct watch *w = userdata;
        bool tell = w->touched || w->troubled;
        int r;

        r = start(w);
        if (r < 0) {
                (void)loop_timer_set(w->still, usec_add(loop_now(w->loop), RETRY));
                tell = w->touched || !w->troubled;
        }
        w->touched = false;
        w->troubled = r < 0;

        return tell ? w->changed(w->userdata, r < 0 ? w->trouble.text : NULL) : 0;
}

static bool has_ending(const struct watch *w, const char *name)
{
        size_t n = strlen(name);

        for (size_t i = 0; w->endings[i]; i++) {
                size_t k = strlen(w->endings[i]);

                if (n > k && text_equal(name + n - k, w->endings[i]))
                        return true;
        }

        return false;
}

static bool is_link(const struct folder *f, const char *name)
{
        char path[PATH_MAX];
        struct stat st;

        return snprintf(path, sizeof(path), "%s/%s", f->path, name) < (int)sizeof(path) && lstat(path, &st) >= 0 &&
               S_ISLNK(st.st_mode);
}

/* A name in a folder that is watched as a whole. Kubernetes swaps a link named ..data to change all files of a
 * volume at once. */
static bool counts(const struct watch *w, const struct folder *f, const struct inotify_event *event)
{
        if (event->name[0] == '.')
                return text_starts(event->name, "..") && is_link(f, event->name);

        return event->mask & IN_ISDIR || has_ending(w, event->name) || is_link(f, event->name);
}

static bool is_named(const struct folder *f, const char *name)
{
        for (size_t i = 0; i < f->n_names; i++)
                if (text_equal(f->names[i], name))
                        return true;

        return false;
}

/* Does this event mean that something may have changed? A new folder is watched from here on; that what is in it
 * already was not seen does no harm, for everything is read once the tree is still. */
static bool matters(struct watch *w, const struct inotify_event *event)
{
        const struct folder *f = find_folder(w, event->wd);
        char path[PATH_MAX];

        if (event->mask & IN_Q_OVERFLOW)
                return true;
        if (!f || event->mask & IN_IGNORED)
                return false;
        if (event->len == 0)
                return f->whole;
        if (is_named(f, event->name))
                return true;
        if (!f->whole || !counts(w, f, event))
                return false;

        if (event->mask & IN_ISDIR && event->mask & (IN_CREATE | IN_MOVED_TO) &&
            snprintf(path, sizeof(path), "%s/%s", f->path, event->name) < (int)sizeof(path))
                (void)add_tree(w, path, 1);
        return true;
}

static int on_event(void *userdata, int fd, _unused_ uint32_t revents)
{
        union {
                struct inotify_event event;
                char bytes[16384];
        } buffer;
        struct watch *w = userdata;
        bool touched = false;
        ssize_t n;

        n = read(fd, &buffer, sizeof(buffer));
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;

        for (ssize_t at = 0; at < n;) {
                const struct inotify_event *event = (const void *)(buffer.bytes + at);

                touched |= matters(w, event);
                at += (ssize_t)sizeof(*event) + event->len;
        }

        if (!touched)
                return 0;
        w->touched = true;
        return loop_timer_set(w->still, usec_add(loop_now(w->loop), STILL));
}

static int copy_paths(struct watch *w, const char *const *paths, size_t n)
{
        w->paths = calloc(n + 1, sizeof(*w->paths));
        if (!w->paths)
                return -ENOMEM;

        for (; w->n_paths < n; w->n_paths++) {
                w->paths[w->n_paths] = strdup(paths[w->n_paths]);
                if (!w->paths[w->n_paths])
                        return -ENOMEM;
        }

        return 0;
}

int watch_new(struct loop *loop, const char *const *paths, size_t n, const char *const *endings, watch_fn changed,
              void *userdata, struct watch **ret, struct error *e)
{
        _cleanup_(watch_free_p) struct watch *w = NULL;
        int r;

        w = malloc(sizeof(*w));
        if (!w)
                return error_oom(e);
        *w = (struct watch){
                .loop = loop,
                .changed = changed,
                .userdata = userdata,
                .endings = endings,
                .inotify = -1,
        };

        if (copy_paths(w, paths, n) < 0)
                return error_oom(e);
        r = loop_timer_new(loop, on_still, w, &w->still, e);
        if (r < 0)
                return r;
        r = start(w);
        if (r < 0)
                return error_set(e, r, "cannot watch the files for changes: %s", w->trouble.text);

        *ret = STEAL(w);
        return 0;
}

struct watch *watch_free(struct watch *w)
{
        if (!w)
                return NULL;

        loop_fd_free(w->source);
        loop_timer_free(w->still);
        close_p(&w->inotify);
        folders_done(w);
        for (size_t i = 0; i < w->n_paths; i++)
                free(w->paths[i]);
        free(w->paths);
        free(w);

        return NULL;
}
