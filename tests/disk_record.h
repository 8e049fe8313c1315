/* disk_record.h -- writes down everything that is done to one directory, so that disk_replay.h can
 * build what a power cut would have left.
 *
 * Shape      a list of events in the order in which the calls returned; files are inodes, names come
 *            and go
 * Threads    one recorder at a time in a process; events may come from any thread
 * Ownership  the log owns copies of all bytes and names
 *
 * The directory may have files already: they count as written and synced before the first event.
 */
#ifndef WEFT_TESTS_DISK_RECORD_H
#define WEFT_TESTS_DISK_RECORD_H
#include "base/file.h"

enum disk_event_kind {
    DISK_CREATE,     /* name -> inode */
    DISK_RENAME,     /* name -> to */
    DISK_LINK,       /* to is a second name of name's inode */
    DISK_UNLINK,     /* name */
    DISK_WRITE,      /* inode: bytes, offset, len */
    DISK_GROW,       /* inode: at least len bytes long (allocate) */
    DISK_TRUNCATE,   /* inode: len bytes long */
    DISK_SYNC,       /* inode */
    DISK_SYNC_NAMES, /* the directory */
    DISK_MARK,       /* what the test wants to remember of this moment: mark, value */
};
struct disk_event {
    enum disk_event_kind kind;
    uint32_t inode;
    char *name, *to;
    char *bytes;
    uint64_t offset, len;
    uint32_t mark, value;
};
struct disk_log {
    struct disk_event *events;
    uint32_t count, capacity;
    uint32_t inode_count;
    uint32_t begin; /* the events before describe what lay there already */
};

/* Record what is done in `directory` from now on; the fault table is ours until the end. */
void disk_record_start(struct disk_log *log, const char *directory);
void disk_record_mark(uint32_t mark,
                      uint32_t value); /* from any thread; nothing when not recording */
void disk_record_stop(void);
void disk_log_release(struct disk_log *log);

#endif
