/* store.h -- the embedded store: a directory of segments and blocks, one writer a thread,
 * background compaction.
 *
 * Shape      directory: LOCK, CATALOG, segment-*.weft, spare-*.weft (recycled), block-*.weft
 *            (docs/internals/store.md)
 * Units      sizes in bytes, times in Unix nanoseconds
 * Errors     opening says which file and what; running: a failed commit is told to its senders and
 *            the segment is left
 * Threads    consume on I/O thread i uses writer i alone; a committer thread per writer; one
 *            preparing and one compacting thread; any reader
 * Ownership  the store owns files, threads and the references of its current set; a query holds its
 *            own set until it ends
 */
#ifndef WEFT_STORE_STORE_H
#define WEFT_STORE_STORE_H
#include "model/consumer.h"
#include "model/source.h"
#include "store/block.h"

struct weft_store;
struct weft_store_options {
    const char *directory;
    unsigned writer_count; /* I/O threads that will call consume(); 0: nobody writes (tools) */
    /* Run fn(arg) on I/O thread i. post: soon, from any thread. defer: at the end of its current
     * round, from that thread.
     * post NULL: no I/O threads; commits happen inside consume() (tests and tools). defer NULL: at
     * once. */
    void (*post)(void *self, unsigned io_thread, void (*fn)(void *), void *arg);
    void (*defer)(void *self, unsigned io_thread, void (*fn)(void *), void *arg);
    void *post_self;
    uint64_t segment_file_bytes;   /* 0: 64 MiB; tests take less */
    uint64_t seal_age_ns;          /* a live segment older than this is sealed; 0: 30 s */
    uint32_t compact_segments_min; /* sealed segments that start a merge; 0: 8 */
    uint32_t compact_segments_max; /* at most this many in one; 0: 16 */
    uint64_t compact_age_ns;       /* or when the oldest sealed is that old; 0: 60 s */
    size_t blob_min;               /* longer values are kept once per content; 0: 16 KiB */
    /* Blocks with fewer spans and fewer bytes are small: so many of the same size, eightfold, are
     * merged into one. The others are bundled, and bundles into larger ones. 0: 8; 1 Mi; 32 MiB */
    uint32_t compact_fan_in;
    uint64_t small_block_spans, small_block_bytes;
    uint64_t bundle_bytes_max; /* 0: 8 GiB; at most a tenth of retention_bytes */
    uint64_t bundle_time_max;  /* no file spans more time by merging or bundling; 0: a day */
    /* The uncompacted tail: once that many sealed segments wait for compaction, or their tables take
     * that much memory, a full segment is followed by no other until some are merged, and consume()
     * answers WEFT_FULL. 0: 32 segments, 32 MiB. Without compaction: no bound. */
    uint32_t tail_segments_max;
    uint64_t tail_memory_max;
    /* Files of merged segments kept for the next ones, beyond one a writer and two; given up when
     * unused for a minute. 0: 12 */
    uint32_t spare_files_max;
    /* Below that many free bytes of the file system consume() answers WEFT_IO, and when to come again.
     * 0: 5 % of it, at most 1 GiB, at least 80 MiB */
    uint64_t free_space_min;
    /* Retention, 0 each: none. Files whose newest span is older; the oldest, while the directory takes
     * more bytes; the oldest, while the file system has fewer free bytes. */
    uint64_t retention_age_ns, retention_bytes, retention_free_bytes;
    uint64_t (*unix_ns)(void *self); /* the wall clock that retention goes by; NULL: the system's */
    void *unix_self;
    uint64_t housekeeping_ns; /* between two looks at it; 0: 1 s */
    bool no_compaction;       /* tests, read-only tools */
    bool
        read_only; /* no writers, no lock, nothing changed; another process may serve this directory.
                                           What it sees is the moment of opening */
};
/* WEFT_BUSY: another process has the directory (its pid is in the sentence). */
int weft_store_open(struct weft_store **out, const struct weft_store_options *options,
                    struct weft_err *err);
/* Commit what is pending, call its done callbacks (from this thread), stop threads, seal, close.
 * Callers have stopped
 * consuming and the I/O threads have ended; what `post` hands to them from now on may be dropped,
 * but post_self must still be there. NULL is fine. */
void weft_store_close(struct weft_store *store);
struct weft_consumer weft_store_consumer(struct weft_store *store);
struct weft_source weft_store_source(struct weft_store *store);
/* Seal all live segments (blocks until done; needs running I/O threads and is never called on
 * one). */
int weft_store_seal(struct weft_store *store, struct weft_err *err);
/* Merge everything that is sealed now, in this thread. *stats (unless NULL): the sum. */
int weft_store_compact(struct weft_store *store, struct weft_merge_stats *stats,
                       struct weft_err *err);

struct weft_store_stats {
    uint64_t live_segments, sealed_segments, blocks; /* live: those with spans */
    uint64_t live_spans, sealed_spans, block_spans;
    uint64_t segment_bytes, block_bytes, spare_bytes;
    uint64_t bundles, bundled_blocks; /* the latter among the blocks */
    uint64_t masked_spans;            /* that another block has taken over; in no other figure */
    uint64_t commits, commit_errors, committed_spans, compactions, compaction_errors;
    uint64_t bundlings;       /* among the compactions */
    uint64_t compacted_bytes; /* written by them */
    uint64_t refused_batches; /* answered WEFT_FULL before anything was written; of these: */
    uint64_t refused_busy;    /* the disk is behind with commits */
    uint64_t refused_tail;    /* compaction is behind */
    uint64_t refused_space;   /* the free-space floor */
    uint64_t refused_fault;   /* a commit failed, or no segment file could be made */
    uint64_t free_bytes, free_bytes_min; /* of the file system, as last looked at; the floor */
    uint64_t tail_memory_bytes;          /* tables of sealed segments */
    uint64_t retention_files, retention_spans, retention_bytes; /* deleted since the start */
    uint64_t damaged_files; /* in the directory, but unreadable: searches are then marked partial */
    uint64_t set_aside_files;        /* that compaction leaves as they are, after failures */
    uint64_t oldest_start_unix_nano; /* of all spans; 0: there are none */
    uint64_t torn_bytes; /* cut off from the ends of segments at opening: never acknowledged */
};
void weft_store_stats(struct weft_store *store, struct weft_store_stats *out);

#endif
