/* SPDX-License-Identifier: MIT */
#include "tests/simulation/files.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reconcile/base/text.h"

#define SECTOR 4096
#define GROWTH 16 /* of arrays */

struct shared_lock {
        unsigned holders;
        bool exclusive;
};

struct stored {
        char *path;
        unsigned char *bytes;
        int64_t size;
        size_t allocated;
        unsigned opened; /* how often */
        bool listed;     /* it has its name still */
        bool database;   /* not a side file */
        unsigned readers;
        bool reserved, pending, exclusive;
        void **pages; /* what connections share of a write-ahead log's index */
        size_t n_pages;
        struct shared_lock locks[SQLITE_SHM_NLOCK];
};

struct open_file {
        sqlite3_file file;
        struct stored *stored;
        int level;
        unsigned shared, owned; /* bits of the locks that it holds */
        bool goes;              /* once it is closed */
};

static struct {
        sqlite3_vfs layer;
        struct stored **all;
        size_t n;
} files;

static void *must(void *p)
{
        if (!p)
                abort();
        return p;
}

static struct stored *find(const char *path)
{
        for (size_t i = 0; i < files.n; i++)
                if (text_equal(files.all[i]->path, path))
                        return files.all[i];
        return NULL;
}

/* All memory is SQLite's: what tests take away, or count, is that of the engine. */
static void *zeros(size_t size)
{
        return memset(must(sqlite3_malloc64(size)), 0, size);
}

static void *grow(void *array, size_t n, size_t size)
{
        return n % GROWTH ? array : must(sqlite3_realloc64(array, (n + GROWTH) * size));
}

static struct stored *add(const char *path)
{
        struct stored *s = zeros(sizeof(*s));

        s->path = must(sqlite3_mprintf("%s", path ? path : ""));
        if (path) {
                files.all = grow(files.all, files.n, sizeof(struct stored *));
                files.all[files.n++] = s;
                s->listed = true;
        }
        return s;
}

static void let_go(struct stored *s)
{
        if (s->listed || s->opened)
                return;
        for (size_t i = 0; i < s->n_pages; i++)
                sqlite3_free(s->pages[i]);
        sqlite3_free(s->pages);
        sqlite3_free(s->bytes);
        sqlite3_free(s->path);
        sqlite3_free(s);
}

static void unlist(struct stored *s)
{
        for (size_t i = 0; i < files.n; i++)
                if (files.all[i] == s)
                        files.all[i--] = files.all[--files.n];
        s->listed = false;
        if (files.n == 0) {
                sqlite3_free(files.all);
                files.all = NULL;
        }
        let_go(s);
}

static void resize(struct stored *s, int64_t size)
{
        if ((size_t)size > s->allocated) {
                s->allocated = (size_t)size * 2;
                s->bytes = must(sqlite3_realloc64(s->bytes, s->allocated));
        }
        if (size > s->size)
                memset(s->bytes + s->size, 0, (size_t)(size - s->size));
        if (s->database && s->listed && (size == 0) != (s->size == 0) && truncate(s->path, size > 0) < 0)
                abort();
        s->size = size;
}

void files_forget(const char *path)
{
        struct stored *s = find(path);

        if (s)
                unlist(s);
}

void files_copy(const char *from, const char *to)
{
        const struct stored *s = must(find(from));
        struct stored *copy = find(to);

        copy = copy ? copy : add(to);
        resize(copy, s->size);
        memcpy(copy->bytes, s->bytes, (size_t)s->size);
}

void files_put_back(const char *path, const void *bytes, size_t n, int64_t at, int64_t size)
{
        struct stored *s = find(path);

        if (!s)
                return;
        resize(s, size);
        if (n && at + (int64_t)n > size)
                abort();
        if (n)
                memcpy(s->bytes + at, bytes, n);
}

/* One that is open. */

static struct open_file *of(sqlite3_file *file)
{
        return (struct open_file *)file;
}

static int file_close(sqlite3_file *file)
{
        struct open_file *f = of(file);

        f->stored->opened--;
        if (f->goes && f->stored->listed)
                unlist(f->stored);
        else
                let_go(f->stored);
        return SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
        const struct stored *s = of(file)->stored;
        int64_t there = s->size > at ? s->size - at : 0;

        if (there >= n) {
                memcpy(bytes, s->bytes + at, (size_t)n);
                return SQLITE_OK;
        }
        if (there)
                memcpy(bytes, s->bytes + at, (size_t)there);
        memset((char *)bytes + there, 0, (size_t)(n - there));
        return SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
        struct stored *s = of(file)->stored;

        if (at + n > s->size)
                resize(s, at + n);
        memcpy(s->bytes + at, bytes, (size_t)n);
        return SQLITE_OK;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        resize(of(file)->stored, size);
        return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
        (void)file;
        (void)flags;
        return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
        *ret = of(file)->stored->size;
        return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
        struct open_file *f = of(file);
        struct stored *s = f->stored;

        if (level <= f->level)
                return SQLITE_OK;
        if (f->level == SQLITE_LOCK_NONE) {
                if (s->pending || s->exclusive)
                        return SQLITE_BUSY;
                s->readers++;
                f->level = SQLITE_LOCK_SHARED;
        }
        if (level == SQLITE_LOCK_SHARED)
                return SQLITE_OK;
        if (f->level < SQLITE_LOCK_RESERVED && (s->reserved || s->pending || s->exclusive))
                return SQLITE_BUSY;
        if (level == SQLITE_LOCK_RESERVED) {
                s->reserved = true;
                f->level = level;
                return SQLITE_OK;
        }
        s->pending = true;
        f->level = SQLITE_LOCK_PENDING;
        if (s->readers > 1)
                return SQLITE_BUSY;
        s->exclusive = true;
        f->level = SQLITE_LOCK_EXCLUSIVE;
        return SQLITE_OK;
}

static int file_unlock(sqlite3_file *file, int level)
{
        struct open_file *f = of(file);

        if (f->level > SQLITE_LOCK_SHARED)
                f->stored->reserved = f->stored->pending = f->stored->exclusive = false;
        if (f->level > level && level == SQLITE_LOCK_NONE)
                f->stored->readers--;
        if (f->level > level)
                f->level = level;
        return SQLITE_OK;
}

static int file_is_reserved(sqlite3_file *file, int *ret)
{
        *ret = of(file)->stored->reserved || of(file)->stored->pending || of(file)->stored->exclusive;
        return SQLITE_OK;
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
        (void)file;
        (void)op;
        (void)argument;
        return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *file)
{
        (void)file;
        return SECTOR;
}

static int file_traits(sqlite3_file *file)
{
        (void)file;
        return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
        struct stored *s = of(file)->stored;

        *ret = NULL;
        while ((size_t)page >= s->n_pages) {
                if (!extend)
                        return SQLITE_OK;
                s->pages = grow(s->pages, s->n_pages, sizeof(void *));
                s->pages[s->n_pages++] = zeros((size_t)size);
        }
        *ret = s->pages[page];
        return SQLITE_OK;
}

static int shm_take(struct open_file *f, unsigned bits, bool exclusive)
{
        struct shared_lock *locks = f->stored->locks;

        for (unsigned i = 0; i < SQLITE_SHM_NLOCK; i++)
                if (bits >> i & 1 && (locks[i].exclusive || (exclusive && locks[i].holders > (f->shared >> i & 1))))
                        return SQLITE_BUSY;
        for (unsigned i = 0; i < SQLITE_SHM_NLOCK; i++) {
                if (!(bits >> i & 1))
                        continue;
                if (exclusive)
                        locks[i].exclusive = true;
                else if (!(f->shared >> i & 1))
                        locks[i].holders++;
        }
        if (exclusive)
                f->owned |= bits;
        else
                f->shared |= bits;
        return SQLITE_OK;
}

static void shm_leave(struct open_file *f, unsigned bits)
{
        struct shared_lock *locks = f->stored->locks;

        for (unsigned i = 0; i < SQLITE_SHM_NLOCK; i++) {
                if (bits & f->owned & 1u << i)
                        locks[i].exclusive = false;
                if (bits & f->shared & 1u << i)
                        locks[i].holders--;
        }
        f->owned &= ~bits;
        f->shared &= ~bits;
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
        unsigned bits = ((1u << n) - 1) << offset;

        if (!(flags & SQLITE_SHM_UNLOCK))
                return shm_take(of(file), bits, flags & SQLITE_SHM_EXCLUSIVE);
        shm_leave(of(file), bits);
        return SQLITE_OK;
}

static void file_shm_barrier(sqlite3_file *file)
{
        (void)file;
}

/* The index of a write-ahead log is no file that lasts: who comes first builds it anew. */
static int file_shm_unmap(sqlite3_file *file, int delete)
{
        struct stored *s = of(file)->stored;

        (void)delete;
        shm_leave(of(file), ~0u);
        if (s->opened > 1)
                return SQLITE_OK;
        while (s->n_pages)
                sqlite3_free(s->pages[--s->n_pages]);
        sqlite3_free(s->pages);
        s->pages = NULL;
        return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_is_reserved,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_traits,
        .xShmMap = file_shm_map,
        .xShmLock = file_shm_lock,
        .xShmBarrier = file_shm_barrier,
        .xShmUnmap = file_shm_unmap,
};

/* The layer. */

static int layer_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *ret_flags)
{
        struct open_file *f = of(file);
        struct stored *s = path ? find(path) : NULL;

        (void)vfs;
        *f = (struct open_file){ .goes = flags & SQLITE_OPEN_DELETEONCLOSE };
        if (!s && path && !(flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)))
                return SQLITE_CANTOPEN;
        f->stored = s ? s : add(path);
        f->stored->database = flags & SQLITE_OPEN_MAIN_DB;
        f->stored->opened++;
        f->file.pMethods = &methods;
        if (ret_flags)
                *ret_flags = flags;
        return SQLITE_OK;
}

static int layer_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
        (void)vfs;
        (void)sync;
        if (!find(path))
                return SQLITE_IOERR_DELETE_NOENT;
        files_forget(path);
        return SQLITE_OK;
}

static int layer_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
        const struct stored *s = find(path);

        (void)vfs;
        *ret = s && (flags != SQLITE_ACCESS_EXISTS || s->size > 0);
        return SQLITE_OK;
}

static int layer_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret)
{
        (void)vfs;
        return snprintf(ret, (size_t)size, "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

void files_install(void)
{
        const sqlite3_vfs *real;

        if (files.layer.zName)
                return;
        /* A world is one thread, and its connections are many and short. */
        (void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        (void)sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 1200, 500);
        real = must(sqlite3_vfs_find(NULL));
        files.layer = *real;
        files.layer.zName = "muster-test-files";
        files.layer.szOsFile = (int)sizeof(struct open_file);
        files.layer.xOpen = layer_open;
        files.layer.xDelete = layer_delete;
        files.layer.xAccess = layer_access;
        files.layer.xFullPathname = layer_full_path;
        if (sqlite3_vfs_register(&files.layer, 1) != SQLITE_OK)
                abort();
}
