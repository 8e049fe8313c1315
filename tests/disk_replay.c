/* disk_replay.c -- see disk_replay.h. */
#include "disk_replay.h"
#include "base/alloc.h"
#include "base/map.h"
#include <fcntl.h>
#include <unistd.h>

#define SECTOR 512u

struct inode {
    uint32_t synced;  /* events before this one are on disk */
    bool keeps_sizes; /* of changes behind it */
    uint32_t links;   /* names made in the directory so far */
    char path[1024];
    int fd;
    uint64_t size;
};

struct replay {
    const struct disk_log *log;
    uint32_t cut;
    enum disk_fate fate;
    struct weft_random *random;
    struct inode *inodes;
    uint32_t names_synced;
};

static bool chance(struct replay *replay, unsigned percent)
{
    return weft_random_below(replay->random, 100) < percent;
}

static bool is_names_event(const struct disk_event *event)
{
    return event->kind <= DISK_UNLINK;
}

static bool is_bytes_event(const struct disk_event *event)
{
    return event->kind == DISK_WRITE || event->kind == DISK_GROW || event->kind == DISK_TRUNCATE;
}

/* What had been synced when the power went. */
static void find_syncs(struct replay *replay)
{
    replay->inodes = weft_alloc_array(replay->log->inode_count + 1, sizeof *replay->inodes);
    for (uint32_t i = 0; i <= replay->cut; i++) {
        const struct disk_event *event = &replay->log->events[i];
        if (event->kind == DISK_SYNC) replay->inodes[event->inode].synced = i;
        if (event->kind == DISK_SYNC_NAMES) replay->names_synced = i;
    }
}

bool disk_is_open(const struct disk_log *log, uint32_t cut)
{
    struct replay replay = { .log = log, .cut = cut };
    bool is_open = false;
    find_syncs(&replay);
    for (uint32_t i = 0; i <= cut && !is_open; i++) {
        const struct disk_event *event = &log->events[i];
        is_open = (is_names_event(event) && i > replay.names_synced) ||
                  (is_bytes_event(event) && i > replay.inodes[event->inode].synced);
    }
    weft_free(replay.inodes);
    return is_open;
}

/* ---- names ---- */

/* The number of unsynced changes of names that took place: a prefix of them, in a journal. */
static uint32_t journal_end(struct replay *replay)
{
    uint32_t open = 0;
    for (uint32_t i = replay->names_synced; i <= replay->cut; i++)
        open += is_names_event(&replay->log->events[i]);
    return (uint32_t)weft_random_below(replay->random, open + 1);
}

static bool name_change_is_kept(struct replay *replay, uint32_t *journal)
{
    switch (replay->fate) {
    case DISK_ALL_LOST:
    case DISK_BYTES_ONLY: return false;
    case DISK_JOURNALLED: return *journal > 0 && (*journal)-- > 0;
    case DISK_BY_CHANCE: return chance(replay, 50);
    default: return true;
    }
}

static void name_set(struct weft_map *names, const char *name, uint64_t value)
{
    *weft_map_put(names, weft_str_from_c(name), 0, NULL) = value;
}

/* Name -> inode + 1, or 0. The event says itself which inode it was about: the change that gave the
 * inode its old name may be one that was lost. */
static void names_find(struct replay *replay, struct weft_map *names)
{
    uint32_t journal = journal_end(replay);
    for (uint32_t i = 0; i <= replay->cut; i++) {
        const struct disk_event *event = &replay->log->events[i];
        if (!is_names_event(event)) continue;
        if (i > replay->names_synced && !name_change_is_kept(replay, &journal)) continue;
        if (event->kind == DISK_CREATE) name_set(names, event->name, (uint64_t)event->inode + 1);
        if (event->to != NULL) name_set(names, event->to, (uint64_t)event->inode + 1);
        if (event->kind == DISK_RENAME || event->kind == DISK_UNLINK)
            name_set(names, event->name, 0);
    }
}

static void files_make(struct replay *replay, const struct weft_map *names, const char *directory)
{
    size_t at = 0;
    const struct weft_map_slot *slot;
    while ((slot = weft_map_next(names, &at)) != NULL) {
        char path[1024];
        if (slot->value == 0) continue;
        struct inode *inode = &replay->inodes[slot->value - 1];
        snprintf(path, sizeof path, "%s/%.*s", directory, WEFT_S_ARG(slot->key));
        if (inode->links++ == 0) {
            snprintf(inode->path, sizeof inode->path, "%s", path);
            if ((inode->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) abort();
        } else if (link(inode->path, path) < 0) {
            abort();
        }
    }
}

/* ---- contents ---- */

static void write_bytes(struct inode *inode, const struct disk_event *event, uint64_t from,
                        uint64_t to)
{
    if (pwrite(inode->fd, event->bytes + (from - event->offset), to - from, (off_t)from) !=
        (ssize_t)(to - from))
        abort();
    if (to > inode->size) inode->size = to;
}

/* Which sectors of one write came to the disk. */
enum tear { TEAR_NONE, TEAR_ALL, TEAR_HEAD, TEAR_TAIL, TEAR_HOLE, TEAR_ANY, TEAR_COUNT };

static enum tear tear_choose(struct replay *replay)
{
    switch (replay->fate) {
    case DISK_ALL_LOST:
    case DISK_NAMES_ONLY:
    case DISK_SIZES_ONLY: return TEAR_NONE;
    case DISK_ALL_KEPT:
    case DISK_BYTES_ONLY: return TEAR_ALL;
    default: return (enum tear)weft_random_below(replay->random, TEAR_COUNT);
    }
}

static bool sector_is_kept(struct replay *replay, enum tear tear, uint64_t sector, uint64_t place)
{
    switch (tear) {
    case TEAR_ALL: return true;
    case TEAR_HEAD: return sector < place;
    case TEAR_TAIL: return sector >= place;
    case TEAR_HOLE: return sector != place;
    case TEAR_ANY: return chance(replay, 50);
    default: return false;
    }
}

static void write_torn(struct replay *replay, struct inode *inode, const struct disk_event *event)
{
    enum tear tear = tear_choose(replay);
    uint64_t end = event->offset + event->len;
    uint64_t first = event->offset / SECTOR, count = (end + SECTOR - 1) / SECTOR - first;
    uint64_t place = count > 0 ? weft_random_below(replay->random, count) : 0;
    for (uint64_t sector = 0; sector < count; sector++) {
        uint64_t from = (first + sector) * SECTOR, to = from + SECTOR;
        if (!sector_is_kept(replay, tear, sector, place)) continue;
        write_bytes(inode, event, from > event->offset ? from : event->offset, to < end ? to : end);
    }
}

static void set_size(struct inode *inode, uint64_t bytes)
{
    if (ftruncate(inode->fd, (off_t)bytes) < 0) abort();
    inode->size = bytes;
}

static void apply_synced(struct inode *inode, const struct disk_event *event)
{
    if (event->kind == DISK_WRITE && event->len > 0)
        write_bytes(inode, event, event->offset, event->offset + event->len);
    if (event->kind == DISK_TRUNCATE || (event->kind == DISK_GROW && event->len > inode->size))
        set_size(inode, event->len);
}

static void apply_open(struct replay *replay, struct inode *inode, const struct disk_event *event)
{
    uint64_t end = event->offset + event->len, size = inode->size;
    if (event->kind == DISK_WRITE) {
        write_torn(replay, inode, event);
        if (!inode->keeps_sizes && inode->size > size) set_size(inode, size);
        if (inode->keeps_sizes && inode->size < end) set_size(inode, end);
    } else if (inode->keeps_sizes) {
        apply_synced(inode, event);
    }
}

static bool sizes_are_kept(struct replay *replay)
{
    switch (replay->fate) {
    case DISK_ALL_LOST:
    case DISK_NAMES_ONLY: return false;
    case DISK_JOURNALLED:
    case DISK_BY_CHANCE: return chance(replay, 75);
    default: return true;
    }
}

static void contents_make(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->log->inode_count; i++)
        replay->inodes[i].keeps_sizes = sizes_are_kept(replay);
    for (uint32_t i = 0; i <= replay->cut; i++) {
        const struct disk_event *event = &replay->log->events[i];
        if (!is_bytes_event(event)) continue;
        struct inode *inode = &replay->inodes[event->inode];
        if (inode->links == 0) continue; /* a file that lost all its names */
        if (i <= inode->synced)
            apply_synced(inode, event);
        else
            apply_open(replay, inode, event);
    }
}

void disk_replay(const struct disk_log *log, uint32_t cut, enum disk_fate fate,
                 struct weft_random *random, const char *directory)
{
    struct replay replay = { .log = log, .cut = cut, .fate = fate, .random = random };
    struct weft_map names = { 0 };
    find_syncs(&replay);
    names_find(&replay, &names);
    files_make(&replay, &names, directory);
    contents_make(&replay);
    for (uint32_t i = 0; i < log->inode_count; i++)
        if (replay.inodes[i].links > 0) close(replay.inodes[i].fd);
    weft_map_release(&names);
    weft_free(replay.inodes);
}
