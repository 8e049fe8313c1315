/* disk_replay.h -- directories that a power cut may leave, made from a record.
 *
 * The disk that is imagined here promises this much and no more:
 *   - what was written to a file before its last fdatasync is there, with the size it needs;
 *   - later writes are there or not, each by itself, sector by sector of 512 bytes, in any order;
 *   - a later size is there or not, whatever became of the bytes;
 *   - names as they were at the directory's last fsync; later creations, renames, links and removals
 *     took place or not: in their order (a journal), or each by itself. A rename is atomic.
 */
#ifndef WEFT_TESTS_DISK_REPLAY_H
#define WEFT_TESTS_DISK_REPLAY_H
#include "base/random.h"
#include "disk_record.h"

enum disk_fate {
    DISK_ALL_LOST,   /* nothing that was not synced */
    DISK_ALL_KEPT,   /* everything, as after kill -9 */
    DISK_NAMES_ONLY, /* names kept, contents lost: the classic empty file */
    DISK_BYTES_ONLY, /* contents kept, names lost */
    DISK_SIZES_ONLY, /* names and sizes kept, bytes lost: zeros, or what was there before */
    DISK_JOURNALLED, /* a prefix of the names' changes; contents by chance */
    DISK_BY_CHANCE,  /* everything by itself */
    DISK_FATE_COUNT
};

/* Is there anything not synced when event `cut` had happened and the next had not? */
bool disk_is_open(const struct disk_log *log, uint32_t cut);
/* Fill the empty directory with what a power cut behind event `cut` leaves. */
void disk_replay(const struct disk_log *log, uint32_t cut, enum disk_fate fate,
                 struct weft_random *random, const char *directory);

#endif
