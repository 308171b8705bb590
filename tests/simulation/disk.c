/* SPDX-License-Identifier: MIT */
#include "tests/simulation/disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "tests/simulation/files.h"

/* What stood there before a write or a truncation that is not synced. */
struct change {
        char *path;
        int64_t size; /* of the file */
        int64_t at;
        int64_t end; /* of what was written; 0: it was cut off there */
        size_t n;
        void *before;
        bool lost; /* a sync of it failed */
};

struct disk_file {
        sqlite3_file file;
        char *path;
        sqlite3_file *real; /* behind this struct */
};

static struct {
        sqlite3_vfs layer, *real;
        bool (*counts)(void);
        struct change *changes;
        size_t n_changes, allocated_changes;
        bool armed, for_good, failed, powerless;
        uint64_t left;
        enum disk_fault fault;
} disk;

static void *must(void *p)
{
        if (!p)
                abort();
        return p;
}

static bool fails(void)
{
        if (!disk.armed || disk.powerless || (disk.counts && !disk.counts()))
                return false;
        if (disk.failed)
                return disk.for_good;
        disk.failed = disk.left-- == 0;
        return disk.failed;
}

/* Changes. */

static void note(const struct disk_file *f, int64_t at, int64_t n, bool cut_off)
{
        struct change *change;
        sqlite3_int64 size = 0;

        if (disk.n_changes == disk.allocated_changes) {
                disk.allocated_changes = 2 * disk.allocated_changes + 16;
                disk.changes = must(sqlite3_realloc64(disk.changes, disk.allocated_changes * sizeof(*disk.changes)));
        }
        change = &disk.changes[disk.n_changes++];

        if (f->real->pMethods->xFileSize(f->real, &size) != SQLITE_OK)
                abort();
        *change = (struct change){
                .path = must(sqlite3_mprintf("%s", f->path)), .size = size, .at = at, .end = cut_off ? 0 : at + n
        };
        if (at >= size)
                return;
        change->n = (size_t)(n < size - at ? n : size - at);
        change->before = must(sqlite3_malloc64(change->n));
        if (f->real->pMethods->xRead(f->real, change->before, (int)change->n, at) != SQLITE_OK)
                abort();
}

static void forget(size_t i)
{
        sqlite3_free(disk.changes[i].path);
        sqlite3_free(disk.changes[i].before);
        memmove(disk.changes + i, disk.changes + i + 1, (--disk.n_changes - i) * sizeof(*disk.changes));
}

/* Where something safe was written over what was lost, it is not put back. */
static void cover(const struct disk_file *f, struct change *lost, const struct change *safe)
{
        int64_t from = lost->at > safe->at ? lost->at : safe->at, lost_end = lost->at + (int64_t)lost->n,
                to = lost_end < safe->end ? lost_end : safe->end;

        if (lost->size < safe->end || !safe->end)
                lost->size = safe->end ? safe->end : safe->at;
        if (from < to && f->real->pMethods->xRead(f->real, (char *)lost->before + (from - lost->at), (int)(to - from),
                                                  from) != SQLITE_OK)
                abort();
}

/* A sync makes what came before it safe, unless an earlier one has failed over it. */
static void synced(const struct disk_file *f, bool failed)
{
        for (size_t i = 0; i < disk.n_changes;) {
                struct change *change = &disk.changes[i];

                if (!text_equal(change->path, f->path)) {
                        i++;
                        continue;
                }
                change->lost = change->lost || failed;
                if (change->lost) {
                        i++;
                        continue;
                }
                for (size_t k = 0; k < i; k++)
                        if (disk.changes[k].lost && text_equal(disk.changes[k].path, f->path))
                                cover(f, &disk.changes[k], change);
                forget(i);
        }
}

/* Files. */

static struct disk_file *of(sqlite3_file *file)
{
        return (struct disk_file *)file;
}

static int file_close(sqlite3_file *file)
{
        struct disk_file *f = of(file);
        int r = f->real->pMethods->xClose(f->real);

        sqlite3_free(f->path);
        return r;
}

static int file_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
        return fails() ? SQLITE_IOERR_READ : of(file)->real->pMethods->xRead(of(file)->real, bytes, n, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
        struct disk_file *f = of(file);
        bool failed = fails();

        if (disk.powerless)
                return SQLITE_OK;
        if (failed && disk.fault != DISK_SHORT)
                return disk.fault == DISK_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        note(f, at, n, false);
        if (!failed)
                return f->real->pMethods->xWrite(f->real, bytes, n, at);
        (void)f->real->pMethods->xWrite(f->real, bytes, n / 2, at);
        return SQLITE_FULL;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
        struct disk_file *f = of(file);

        if (disk.powerless)
                return SQLITE_OK;
        if (fails())
                return SQLITE_IOERR_TRUNCATE;
        note(f, size, INT64_MAX, true);
        return f->real->pMethods->xTruncate(f->real, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
        bool failed = fails();

        if (disk.powerless)
                return SQLITE_OK;
        synced(of(file), failed);
        return failed ? SQLITE_IOERR_FSYNC : of(file)->real->pMethods->xSync(of(file)->real, flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
        return fails() ? SQLITE_IOERR_FSTAT : of(file)->real->pMethods->xFileSize(of(file)->real, ret);
}

static int file_lock(sqlite3_file *file, int level)
{
        return fails() ? SQLITE_IOERR_LOCK : of(file)->real->pMethods->xLock(of(file)->real, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
        return of(file)->real->pMethods->xUnlock(of(file)->real, level);
}

static int file_is_reserved(sqlite3_file *file, int *ret)
{
        return of(file)->real->pMethods->xCheckReservedLock(of(file)->real, ret);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
        return of(file)->real->pMethods->xFileControl(of(file)->real, op, argument);
}

static int file_sector_size(sqlite3_file *file)
{
        return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int file_traits(sqlite3_file *file)
{
        return of(file)->real->pMethods->xDeviceCharacteristics(of(file)->real);
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
        return fails() ? SQLITE_IOERR_SHMMAP
                       : of(file)->real->pMethods->xShmMap(of(file)->real, page, size, extend, ret);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
        return of(file)->real->pMethods->xShmLock(of(file)->real, offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
        of(file)->real->pMethods->xShmBarrier(of(file)->real);
}

static int file_shm_unmap(sqlite3_file *file, int delete)
{
        return of(file)->real->pMethods->xShmUnmap(of(file)->real, delete);
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
        struct disk_file *f = of(file);
        int r;

        (void)vfs;
        *f = (struct disk_file){ .real = (sqlite3_file *)(f + 1) };
        if (fails())
                return SQLITE_CANTOPEN;
        r = disk.real->xOpen(disk.real, path, f->real, flags, ret_flags);
        if (r == SQLITE_OK) {
                f->path = must(sqlite3_mprintf("%s", path ? path : ""));
                f->file.pMethods = &methods;
        }
        return r;
}

static int layer_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
        (void)vfs;
        if (disk.powerless)
                return SQLITE_OK;
        if (fails())
                return SQLITE_IOERR_DELETE;
        for (size_t i = disk.n_changes; i > 0; i--)
                if (text_equal(disk.changes[i - 1].path, path))
                        forget(i - 1); /* what has this name afterwards is another file */
        return disk.real->xDelete(disk.real, path, sync);
}

static int layer_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret)
{
        (void)vfs;
        return fails() ? SQLITE_IOERR_ACCESS : disk.real->xAccess(disk.real, path, flags, ret);
}

static void install(void)
{
        files_install();
        disk.real = must(sqlite3_vfs_find(NULL));
        disk.layer = *disk.real;
        disk.layer.zName = "muster-test-disk";
        disk.layer.szOsFile = disk.real->szOsFile + (int)sizeof(struct disk_file);
        disk.layer.xOpen = layer_open;
        disk.layer.xDelete = layer_delete;
        disk.layer.xAccess = layer_access;
        if (sqlite3_vfs_register(&disk.layer, 1) != SQLITE_OK)
                abort();
}

static void forget_all(void)
{
        while (disk.n_changes)
                forget(disk.n_changes - 1);
        sqlite3_free(disk.changes);
        disk.changes = NULL;
        disk.allocated_changes = 0;
}

void disk_new(void)
{
        if (!disk.real)
                install();
        forget_all();
        disk.counts = NULL;
        disk.armed = disk.failed = disk.powerless = false;
}

void disk_count(bool (*counts)(void))
{
        disk.counts = counts;
}

void disk_fail(uint64_t calls, enum disk_fault fault, bool for_good)
{
        disk.armed = true;
        disk.failed = false;
        disk.left = calls;
        disk.fault = fault;
        disk.for_good = for_good;
}

void disk_heal(void)
{
        disk.armed = false;
}

bool disk_has_failed(void)
{
        return disk.failed;
}

void disk_lose_power(void)
{
        disk.powerless = true;
}

void disk_power_on(void)
{
        if (!disk.powerless)
                return;
        while (disk.n_changes) {
                const struct change *change = &disk.changes[disk.n_changes - 1];

                files_put_back(change->path, change->before, change->n, change->at, change->size);
                forget(disk.n_changes - 1);
        }
        disk.powerless = false;
}
