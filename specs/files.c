/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "specs/files.h"

#define READ_SIZE ((size_t)64 * 1024)
#define FOLDERS_DEEP_MAX 64
#define OPEN_TRIES_MAX 100

DEFINE_CLEANUP(DIR *, closedir)

static void names_done(struct names *names)
{
        for (size_t i = 0; i < names->n; i++)
                free(names->items[i]);
        free(names->items);
}

static int names_add(struct names *names, const char *name)
{
        _cleanup_free_ char *copy = strdup(name);
        char **slot = copy ? ARRAY_ADD(names->items, names->n, names->allocated) : NULL;

        if (!slot)
                return -ENOMEM;

        *slot = STEAL(copy);
        return 0;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_sort(struct names *names)
{
        if (names->n > 0)
                qsort(names->items, names->n, sizeof(*names->items), compare_names);
}

#define mistake(d, name, ...)                                     \
        ({                                                        \
                const struct position file_ = { .file = (name) }; \
                diagnostics_error((d), &file_, __VA_ARGS__);      \
        })

struct source *source_free(struct source *source)
{
        if (!source)
                return NULL;

        names_done(&source->names);
        if (source->root >= 0)
                close(source->root);
        free(source);

        return NULL;
}

/* Opens what stands below the root, through links as long as they stay there. */
static int open_below(int root, const char *path, int flags)
{
        struct open_how how = {
                .flags = (unsigned)(flags | O_CLOEXEC),
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        unsigned tries = 0;
        long fd;

        /* EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether the way still leads inside. */
        do
                fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
        while (fd < 0 && errno == EAGAIN && ++tries < OPEN_TRIES_MAX);

        return fd < 0 ? -errno : (int)fd;
}

static int tell_irregular(struct diagnostics *d, const char *name)
{
        return mistake(d, name, "is no regular file; give what it holds on standard input, with - as the path");
}

static int tell_unopened(struct diagnostics *d, const char *name, int r)
{
        switch (r) {
        case -ENOMEM:
                return -ENOMEM;
        case -EXDEV:
                return mistake(d, name,
                               "is a symbolic link that leads out of the folder given; put the file itself here, "
                               "or give its path too");
        case -ELOOP:
                return mistake(d, name, "is a symbolic link that leads round in a circle; remove it");
        case -ENOENT:
                return mistake(d, name,
                               "does not exist, or is a symbolic link that leads nowhere; put it there or "
                               "remove the link");
        case -ENXIO:
                return tell_irregular(d, name);
        case -ENOSYS:
                return mistake(d, name, "cannot be opened safely by this kernel; Linux 5.6 or later has openat2");
        default:
                return mistake(d, name, "cannot be opened: %s; make it readable", strerror(-r));
        }
}

/* A walk through the folders of a source. */
struct walk {
        struct source *source;
        struct diagnostics *diagnostics;
        struct strpool *strings;
        struct strmap folders; /* "device:inode" of those seen, because links may lead to one twice or round */
        unsigned depth;
};

static int walk_folder(struct walk *w, const char *name);

static bool is_yaml(const char *name)
{
        const char *dot = strrchr(name, '.');

        return text_equal(dot, ".yaml") || text_equal(dot, ".yml");
}

static bool is_kustomization(const char *name)
{
        return text_equal(name, "kustomization.yaml") || text_equal(name, "kustomization.yml") ||
               text_equal(name, "Kustomization");
}

static int tell_kustomization(struct diagnostics *d, const char *folder, const char *name)
{
        char shown[EXCERPT_MAX];

        return mistake(d, name, "is for kustomize, whose output muster reads; run: kustomize build %s | muster plan -",
                       *folder ? excerpt(folder, shown) : ".");
}

/* The names in a folder, sorted, without those that begin with a dot. */
static int read_folder(int fd, struct names *names)
{
        _cleanup_(closedir_p) DIR *folder = NULL;
        struct dirent *entry;
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

        folder = copy >= 0 ? fdopendir(copy) : NULL;
        if (!folder) {
                int r = -errno;

                close_p(&copy);
                return r;
        }

        while ((errno = 0, entry = readdir(folder)))
                if (entry->d_name[0] != '.' && names_add(names, entry->d_name) < 0)
                        return -ENOMEM;
        if (errno != 0)
                return -errno;

        names_sort(names);
        return 0;
}

static int walk_file(struct walk *w, const char *name)
{
        if (w->source->names.n < FILES_MAX)
                return names_add(&w->source->names, name);

        return mistake(w->diagnostics, name, "is one of more than %d files; give a smaller folder", FILES_MAX);
}

/* Looks at one name below the root, "folder/file". What is neither a folder nor named as YAML is passed over. */
static int walk_name(struct walk *w, const char *name)
{
        _cleanup_close_ int fd = open_below(w->source->root, name + w->source->prefix, O_PATH);
        struct stat st;

        if (fd < 0)
                return tell_unopened(w->diagnostics, name, fd);
        if (fstat(fd, &st) < 0)
                return tell_unopened(w->diagnostics, name, -errno);
        if (S_ISDIR(st.st_mode))
                return walk_folder(w, name);

        return is_yaml(name) ? walk_file(w, name) : 0;
}

/* 1: it was seen before. */
static int remember_folder(struct walk *w, int fd)
{
        struct stat st;
        char text[48];
        const char *key;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;

        (void)snprintf(text, sizeof(text), "%llx:%llx", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
        key = strpool_add(w->strings, text);
        r = key ? strmap_put(&w->folders, key, w) : -ENOMEM;

        return r == -EEXIST ? 1 : r;
}

static const char *base_name(const char *name)
{
        const char *slash = strrchr(name, '/');

        return slash ? slash + 1 : name;
}

/* `name` is "" for the current folder. */
static char *join(const char *folder, const char *name)
{
        char *joined;
        size_t n = strlen(folder);

        return asprintf(&joined, "%s%s%s", folder, n > 0 && folder[n - 1] != '/' ? "/" : "", name) < 0 ? NULL : joined;
}

static int walk_names(struct walk *w, const char *folder, const struct names *names)
{
        for (size_t i = 0; i < names->n; i++) {
                _cleanup_free_ char *name = join(folder, names->items[i]);

                if (!name)
                        return -ENOMEM;
                if (is_kustomization(names->items[i]))
                        return tell_kustomization(w->diagnostics, folder, name);
        }

        for (size_t i = 0; i < names->n; i++) {
                _cleanup_free_ char *name = join(folder, names->items[i]);
                int r = name ? walk_name(w, name) : -ENOMEM;

                if (r < 0)
                        return r;
        }

        return 0;
}

static int walk_folder(struct walk *w, const char *name)
{
        const char *below = strlen(name) > w->source->prefix ? name + w->source->prefix : "";
        _cleanup_close_ int fd = open_below(w->source->root, below, O_RDONLY | O_DIRECTORY);
        _cleanup_(names_done) struct names names = { 0 };
        int r;

        r = fd < 0 ? fd : remember_folder(w, fd);
        if (r == 0)
                r = read_folder(fd, &names);
        if (r < 0)
                return tell_unopened(w->diagnostics, *name ? name : ".", r);
        if (r > 0)
                return 0;
        if (w->depth == FOLDERS_DEEP_MAX)
                return mistake(w->diagnostics, name, "is more than %d folders deep; move it up", FOLDERS_DEEP_MAX);

        w->depth++;
        r = walk_names(w, name, &names);
        w->depth--;

        return r;
}

/* The files of a folder. A name is what the user gave and the path below it; of the current folder only the latter. */
static int find_files(struct source *source, const char *path, struct diagnostics *d)
{
        _cleanup_(strpool_free_p) struct strpool *strings = strpool_new();
        _cleanup_free_ char *prefix = join(text_equal(path, ".") ? "" : path, "");
        struct walk walk = { .source = source, .diagnostics = d, .strings = strings };
        size_t errors = d->errors;
        int r;

        if (!strings || !prefix)
                return -ENOMEM;

        source->prefix = strlen(prefix);
        r = walk_folder(&walk, text_equal(path, ".") ? "" : path);
        strmap_done(&walk.folders);
        if (r < 0)
                return r;

        names_sort(&source->names);
        if (source->names.n > 0 || d->errors > errors)
                return 0;

        return mistake(d, path, "holds no *.yaml or *.yml file; give the folder that the specs are in");
}

static int open_path(struct source *source, const char *path, struct diagnostics *d)
{
        struct stat st;

        if (text_equal(path, "-"))
                return names_add(&source->names, path);

        if (stat(path, &st) < 0) {
                if (errno == ENOENT)
                        return mistake(d, path,
                                       "does not exist; give a file or a folder of specs, or - for standard input");
                return tell_unopened(d, path, -errno);
        }
        if (!S_ISDIR(st.st_mode)) {
                if (is_kustomization(base_name(path))) {
                        size_t n = (size_t)(base_name(path) - path);
                        _cleanup_free_ char *folder = strndup(path, n > 1 ? n - 1 : n);

                        return folder ? tell_kustomization(d, folder, path) : -ENOMEM;
                }
                return names_add(&source->names, path);
        }

        source->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (source->root < 0)
                return tell_unopened(d, path, -errno);

        return find_files(source, path, d);
}

int source_open(const char *path, struct diagnostics *d, struct source **ret)
{
        _cleanup_(source_free_p) struct source *source = calloc(1, sizeof(*source));
        int r;

        if (!source)
                return -ENOMEM;

        source->root = -1;
        r = open_path(source, path, d);
        if (r < 0)
                return r;

        *ret = STEAL(source);
        return 0;
}

static int tell_too_large(struct diagnostics *d, const char *name)
{
        return refused(mistake(d, name, "is larger than 8 MiB; split it into several files"));
}

static int read_all(int fd, const char *name, struct diagnostics *d, struct buf *ret)
{
        _cleanup_free_ char *piece = malloc(READ_SIZE);

        if (!piece)
                return -ENOMEM;

        for (;;) {
                ssize_t n = read(fd, piece, READ_SIZE);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return refused(mistake(d, name, "cannot be read: %s; check it", strerror(errno)));
                if (n == 0)
                        return 0;

                r = buf_add(ret, piece, (size_t)n);
                if (r < 0)
                        return r == -ENOBUFS ? tell_too_large(d, name) : r;
        }
}

static bool is_unchanged(const struct stat *before, const struct stat *after, size_t n_read)
{
        return before->st_mtim.tv_sec == after->st_mtim.tv_sec && before->st_mtim.tv_nsec == after->st_mtim.tv_nsec &&
               before->st_size == after->st_size && (size_t)after->st_size == n_read;
}

/* One descriptor from beginning to end: a file that is replaced meanwhile stays what it was. */
static int read_regular(int fd, const char *name, struct diagnostics *d, struct buf *ret)
{
        struct stat before, after;
        int r;

        if (fstat(fd, &before) < 0)
                return refused(tell_unopened(d, name, -errno));
        if (!S_ISREG(before.st_mode))
                return refused(tell_irregular(d, name));
        if (before.st_size > (off_t)FILE_SIZE_MAX)
                return tell_too_large(d, name);

        r = read_all(fd, name, d, ret);
        if (r < 0)
                return r;
        if (fstat(fd, &after) < 0 || !is_unchanged(&before, &after, ret->len))
                return refused(mistake(d, name, "changed while it was read; run again"));

        return 0;
}

int source_read(const struct source *source, size_t i, struct diagnostics *d, struct buf *ret)
{
        /* O_NONBLOCK, so that a FIFO in place of a file is told about and not waited for. */
        const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
        const char *name = source->names.items[i];
        _cleanup_close_ int fd = -1;

        buf_reset(ret);
        if (source->root < 0 && text_equal(name, "-"))
                return read_all(STDIN_FILENO, name, d, ret);

        fd = source->root >= 0 ? open_below(source->root, name + source->prefix, flags) : open(name, flags);
        if (fd < 0 && source->root < 0)
                fd = -errno;
        if (fd < 0)
                return refused(tell_unopened(d, name, fd));

        return read_regular(fd, name, d, ret);
}
