/* store_internal.h -- what the files of the embedded store share (docs/internals/store.md tells the
 * story).
 *
 *   store.c            open, close, options, stats       store_writer.c   consume, lanes, what
 *   follows a commit
 *   store_directory.c  names, lock                       store_scan.c     what lies there at opening
 *   store_commit.c   the committer thread
 *   store_set.c        the set and its references        store_prepare.c  next segments, spare
 *   files, ages
 *   store_source.c     trace, search                     store_query.c    what a query works on
 *   store_spans.c      spans as columns                 store_split.c    traces in several parts
 *   store_traces.c     every trace, one after the other  compactor.c      sealed segments to blocks
 *   store_operations.c names and counts                  catalog.c        block summaries, next
 *   number
 *   store_tail.c       new spans, in commit order        trace_join.c     one trace from several
 *   parts
 *   store_inspect.c    check, sizes, dump from outside   store_admission.c when no more is taken
 *   store_attributes.c keys and values
 *   store_block.c      files of blocks, blocks, masks
 *   store_housekeeping.c  free space and spares, once a second
 */
#ifndef WEFT_STORE_INTERNAL_H
#define WEFT_STORE_INTERNAL_H
#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "store/bundle.h"
#include "store/catalog.h"
#include "store/compaction_policy.h"
#include "store/store.h"
#include <pthread.h>
#include <stdatomic.h>

#define WEFT_STORE_PATH_MAX 4096
#define WEFT_STORE_SPARES_MIN 2u /* and one a writer, whatever happens */

/* ---- the set ---- */

/* What is counted once of a file that no longer changes. Counted references: one a set that lists
 * the segment, one the block's. */
struct weft_store_memo {
    _Atomic uint32_t references;
    pthread_mutex_t mutex; /* is_filled; what follows never changes once it is true */
    bool is_filled;
    struct weft_arena arena;
    struct weft_operation *operations; /* NULL: too many to be kept */
    uint32_t operation_count;
    bool has_keys; /* as is_filled */
    struct weft_arena keys_arena;
    struct weft_attribute_key *keys; /* NULL: too many */
    uint32_t key_count;
    _Atomic uint32_t compaction_failures; /* of a segment; a block's file counts its own */
    _Atomic bool is_unreadable;           /* a segment of which a page was lost: logged, counted */
};
struct weft_store_memo *weft_store_memo_create(void);
void weft_store_memo_ref(struct weft_store_memo *memo);
void weft_store_memo_unref(struct weft_store_memo *memo);

/* Who is at work on a file: compaction and retention leave each other's alone. The inputs of a
 * compaction that came to its end, and what retention deletes, stay claimed: others may still find
 * them in an older set. */
enum weft_store_claim {
    WEFT_CLAIM_NONE,
    WEFT_CLAIM_INPUT, /* of the merge or bundling at hand */
    WEFT_CLAIM_ASKED, /* by the bundling at hand, for the traces of late spans */
    WEFT_CLAIM_RETENTION,
};
#define WEFT_STORE_FAILURES_MAX 3u /* then a file is set aside: compaction leaves it as it is */

/* A file of blocks: block-N with one, bundle-N with several. Counted references, one of each
 * weft_store_block in it; the last one unlinks it when it is obsolete. */
struct weft_store_container {
    _Atomic uint32_t references;
    _Atomic bool is_obsolete;
    _Atomic uint32_t claim; /* enum weft_store_claim */
    _Atomic uint32_t compaction_failures;
    char *path;
    uint64_t number, bytes, created_unix_ns;
    bool is_bundle;
    uint32_t member_count;
    uint64_t *superseded_bundles; /* that may still lie there */
    uint32_t superseded_bundle_count;
    _Atomic uint64_t *leaving_bytes; /* where they are counted; NULL: nowhere */
    pthread_mutex_t mutex;           /* bundle */
    struct weft_bundle *bundle;      /* NULL until the first member is needed */
};

/* A block as a set knows it: its summary always, the open block from the first use on. Another mask
 * makes another one of these. Counted references. */
struct weft_store_block {
    _Atomic uint32_t references;
    _Atomic bool is_damaged; /* could not be opened: counted and logged once */
    struct weft_store_container *file;
    struct weft_block_summary summary; /* never changes; a file that says otherwise is damaged */
    struct weft_block_mask *mask;      /* NULL: none; its traces are read elsewhere */
    pthread_mutex_t mutex;             /* opening */
    struct weft_block *_Atomic block;  /* NULL until then */
    struct weft_store_memo *memo;
};

struct weft_store_segment {
    struct weft_segment *segment; /* one reference a set */
    struct weft_store_memo *memo; /* the same; empty while live */
    uint64_t number;
    uint64_t sealed_ns; /* monotonic; meaningless while live */
    bool is_live;
    bool is_abandoned; /* a write or sync failed: its file is not used again */
};

/* Damaged, or not to be merged: it is still read (unless a page of it was lost), and not waited
 * for. */
bool weft_store_segment_is_set_aside(const struct weft_store_segment *segment);
void weft_store_segment_release(struct weft_store_segment *segment); /* what it refers to */

struct weft_block_split;

/* Immutable: what exists at one moment. A query works on one set from beginning to end. */
struct weft_store_set {
    _Atomic uint32_t references;
    struct weft_block_split
        *split; /* of its blocks (store_split.h); shared by sets with the same ones */
    uint32_t segment_count, block_count;
    struct weft_store_segment *segments; /* by number */
    struct weft_store_block **blocks;    /* by number */
};

struct weft_store_set *weft_store_set_take(struct weft_store *store);
void weft_store_set_release(struct weft_store_set *set);
/* Each makes a new set and swaps it in. Segments and blocks handed in: the set takes its own
 * reference. */
void weft_store_set_add_segment(struct weft_store *store, struct weft_segment *segment,
                                bool is_live);
void weft_store_set_mark_sealed(struct weft_store *store, uint64_t number, bool is_abandoned);
void weft_store_set_remove_segment(struct weft_store *store, uint64_t number);
/* What a merge, a bundle or retention changes, at once. */
struct weft_store_change {
    const uint64_t *segments; /* numbers, to go */
    uint32_t segment_count;
    const uint64_t *blocks; /* numbers, to go */
    uint32_t block_count;
    struct weft_store_block **added;
    uint32_t added_count;
    struct weft_mask_entry *masked; /* in what is there then; sorted here */
    uint64_t masked_count;
};
void weft_store_set_change(struct weft_store *store, const struct weft_store_change *change);
/* The set of opening: takes over the references; both in order of their numbers. */
void weft_store_set_first(struct weft_store *store, struct weft_store_segment *segments,
                          uint32_t segment_count, struct weft_store_block **blocks,
                          uint32_t block_count);

/* store_block.c. One reference for the caller. */
struct weft_store_container *weft_store_container_create(const char *path, uint64_t number,
                                                         uint64_t bytes, uint64_t created_unix_ns);
struct weft_store_container *weft_store_container_create_bundle(
    const char *path, const struct weft_bundle_summary *summary, struct weft_bundle *open);
/* A bundle's file: its directory and the footers of its members, in their order. *members: to be
 * freed, each with a reference. Members that cannot be read are told and left out; `damaged` NULL:
 * they fail the whole. */
int weft_store_bundle_read(const char *path, uint64_t number, struct weft_store_container **file,
                           struct weft_store_block ***members, uint32_t *count,
                           void (*damaged)(void *arg, const struct weft_err *err), void *arg,
                           struct weft_err *err);
void weft_store_container_unref(struct weft_store_container *file);
/* False: somebody else has it. */
bool weft_store_container_claim(struct weft_store_container *file, enum weft_store_claim claim);
void weft_store_container_give_up(struct weft_store_container *file);
/* Takes its own references to file and mask, and takes over `open`, which may be NULL (opened at
 * first use). One reference for the caller. */
struct weft_store_block *weft_store_block_create(struct weft_store_container *file,
                                                 const struct weft_block_summary *summary,
                                                 struct weft_block_mask *mask,
                                                 struct weft_block *open);
void weft_store_block_ref(struct weft_store_block *block);
void weft_store_block_unref(struct weft_store_block *block);
uint64_t weft_store_block_spans(const struct weft_store_block *block); /* not masked */
/* How old it is, for compaction and retention: its newest span; of clocks that run ahead, the time of
 * writing. */
uint64_t weft_store_block_time(const struct weft_store_block *block);
/* The same block under another mask. One reference for the caller. */
struct weft_store_block *weft_store_block_with_mask(struct weft_store_block *block,
                                                    struct weft_block_mask *mask);
/* Replace those of `blocks` (by number) that the entries name by ones with a larger mask. */
void weft_store_blocks_mask(struct weft_store_block **blocks, uint32_t count,
                            struct weft_mask_entry *entries, uint64_t entry_count);
/* The open file, good as long as the reference to `block`. */
int weft_store_block_get(struct weft_store_block *block, struct weft_block **out,
                         struct weft_err *err);
/* As far as is known so far. */
bool weft_store_block_is_damaged(struct weft_store_block *block);

/* store_query.c. What a query works on: a set, and the committed prefix of each of its segments. */
struct weft_store_query {
    struct weft_store_set *set;
    struct weft_segment_view *views; /* of set->segments */
};
void weft_store_query_begin(struct weft_store_query *query, struct weft_store *store);
void weft_store_query_end(struct weft_store_query *query);
/* Does `rc` say that the block cannot be read? Then it is counted, and logged once; the caller says that
 * its answer has a hole. */
bool weft_store_block_found_damaged(struct weft_store *store, struct weft_store_block *block,
                                    int rc, const struct weft_err *err);
/* A segment of which the disk could not read a page: the same. Nothing tells which spans that hit. */
bool weft_store_segment_is_unreadable(struct weft_store *store,
                                      const struct weft_store_segment *segment,
                                      struct weft_err *err);

/* ---- writing ---- */

struct weft_store_waiter {
    weft_consumed *done;
    void *arg;
};
struct weft_store_waiters {
    struct weft_store_waiter *items;
    uint32_t count, capacity;
};

/* One segment being written. */
struct weft_store_lane {
    struct weft_segment_writer *segment_writer;
    uint64_t number;
    uint64_t appended_spans;
    uint64_t committed_spans;
    uint32_t committed_chunks;
    struct weft_store_waiters pending; /* whose spans are in the chunk that collects */
};

enum weft_store_job_kind { WEFT_JOB_COMMIT, WEFT_JOB_SEAL };
enum weft_store_job_state { WEFT_JOB_IDLE, WEFT_JOB_HANDED, WEFT_JOB_DONE };
struct weft_store_job {
    enum weft_store_job_kind kind;
    struct weft_store_lane *lane;
    struct weft_chunk_build *chunk;
    struct weft_store_waiters waiters;
    int rc;
    struct weft_err err;
};

/* Why a batch is answered WEFT_FULL; each is counted apart. */
enum weft_store_refusal {
    WEFT_REFUSED_BUSY,  /* the disk is behind with commits */
    WEFT_REFUSED_TAIL,  /* compaction is behind */
    WEFT_REFUSED_SPACE, /* the free-space floor */
    WEFT_REFUSED_FAULT, /* a commit failed, or no segment file could be made */
    WEFT_REFUSAL_COUNT,
};
enum weft_seal_state { WEFT_SEAL_NONE, WEFT_SEAL_WANTED, WEFT_SEAL_UNDER_WAY };

/* Everything up to the first comment of a lock belongs to the I/O thread. */
struct weft_store_writer {
    struct weft_store *store;
    unsigned index;
    struct weft_store_lane *current; /* NULL: none to be had just now */
    struct weft_store_lane
        *retiring;    /* full or old: its last chunks come first, then it is sealed */
    bool is_deferred; /* round_end is registered */
    bool is_busy;     /* a job is out */
    enum weft_seal_state seal_state;
    uint64_t
        refuse_until_ns; /* after a failed commit: a pause that grows, so that a broken disk is not filled */
    uint64_t refuse_step_ns;
    enum weft_store_refusal refusal; /* why the last batch was refused */
    struct weft_err refuse_err;

    struct weft_store_job
        job; /* the committer's while job_state is HANDED, the I/O thread's otherwise */
    pthread_mutex_t mutex; /* job_state, stop */
    pthread_cond_t wake;
    enum weft_store_job_state job_state;
    bool stop;
    bool has_thread;
    pthread_t thread;

    /* Guarded by store->prepare_mutex. */
    struct weft_store_lane *next; /* made ahead by the preparing thread */
    bool wants_next;
    uint64_t prepare_retry_ns;
    int prepare_rc;
    struct weft_err prepare_err;

    _Atomic uint64_t
        first_append_ns; /* monotonic, of the current lane; 0: empty. Read by the preparing thread */
    _Atomic bool is_tick_posted;

    /* Guarded by store->seal_mutex. */
    bool is_seal_awaited;
};

/* A chunk that became durable, in the order in which it did. */
struct weft_store_commit {
    uint64_t segment;
    uint32_t chunk;
};
#define WEFT_STORE_TAIL_COMMITS \
    16384 /* how far back a follower may be, in commits; a power of two */

/* One of the two compacting threads, see compactor.c. */
struct weft_store_compactor {
    struct weft_store *store;
    enum weft_compaction_kind kind;
    pthread_mutex_t mutex;      /* held through one merge or bundling: one of each kind at a time */
    pthread_mutex_t wake_mutex; /* is_due */
    pthread_cond_t wake;
    bool is_due;
    bool has_thread;
    pthread_t thread;
};

struct weft_store {
    struct weft_store_options options;
    char *directory;
    int lock_fd;
    uint32_t epoch; /* tells tail positions of an earlier process from ours */
    _Atomic uint64_t next_number;
    _Atomic bool is_stopping;
    bool is_inline; /* jobs run in the calling thread: no post, or closing */

    pthread_mutex_t set_mutex; /* set (the pointer) */
    struct weft_store_set *set;
    _Atomic uint64_t damaged_files;
    _Atomic uint64_t torn_bytes;

    unsigned writer_count;
    struct weft_store_writer *writers;

    pthread_mutex_t prepare_mutex; /* see the writers; spares */
    pthread_cond_t prepare_wake;
    bool has_prepare_thread;
    pthread_t prepare_thread;
    uint64_t
        *spares; /* numbers of spare files, there or promised (renamed when the last reader goes) */
    uint32_t spare_count, spare_capacity;
    uint64_t spare_used_ns; /* monotonic: when one was last taken or promised */

    struct weft_store_compactor merging, bundling;
    uint64_t merge_alone_max; /* merging.mutex; segments up to this number are merged one by one */
    /* The tail as of the present set, for writers and policy; see store_admission.c. */
    _Atomic uint32_t tail_segments;
    _Atomic uint64_t tail_memory_bytes;
    _Atomic uint64_t free_bytes, free_bytes_min;      /* of the file system; the floor */
    _Atomic uint64_t merge_started_ns, merge_took_ns; /* monotonic; 0: none runs; the last one */

    pthread_mutex_t catalog_mutex; /* one writes CATALOG at a time */
    pthread_mutex_t keep_mutex;    /* keep_stops */
    bool keep_stops;
    pthread_cond_t keep_wake;
    bool has_keep_thread;
    pthread_t keep_thread;
    struct weft_store_retention_clock {
        uint64_t unix_ns, monotonic_ns; /* at the last look that was believed */
        uint64_t held_since_ns;         /* monotonic; 0: not held */
        uint64_t hold_ns;
    } retention_clock;              /* of whoever runs retention */
    _Atomic uint64_t leaving_bytes; /* of files deleted by retention that still have readers */
    _Atomic uint64_t retention_files, retention_spans, retention_deleted_bytes;

    pthread_mutex_t seal_call_mutex; /* one weft_store_seal() at a time */
    pthread_mutex_t seal_mutex;      /* is_seal_awaited of the writers, seal_rc, seal_err */
    pthread_cond_t sealed;
    int seal_rc;
    struct weft_err seal_err;

    pthread_mutex_t tail_mutex;        /* commits, commit_count */
    struct weft_store_commit *commits; /* a ring */
    uint64_t commit_count;

    _Atomic uint64_t committed_chunks, commit_errors, committed_spans, compactions,
        compaction_errors, bundlings, compacted_bytes, refused[WEFT_REFUSAL_COUNT];
};

/* store_directory.c, store_scan.c */
void weft_store_path(const struct weft_store *store, char out[static WEFT_STORE_PATH_MAX],
                     const char *kind, uint64_t number);
int weft_store_lock(struct weft_store *store, struct weft_err *err);
/* The lock goes with the descriptor. */
/* WEFT_INVALID while, or after, a restore into the directory that did not end (store_restore.c). */
#define WEFT_STORE_RESTORING "RESTORING"
int weft_store_restore_is_done(const char *directory, struct weft_err *err);
int weft_store_lock_directory(int *fd, const char *directory, struct weft_err *err);
/* Fill the first set from what lies in the directory; unless read-only, also remove what is
 * superseded or left over. */
int weft_store_scan(struct weft_store *store, struct weft_err *err);

/* A segment file that a crash left between its allocation and its first commit: the header is not
 * there yet. */
bool weft_store_segment_is_unwritten(const char *path);

/* store_writer.c */
int weft_store_writers_start(struct weft_store *store, struct weft_err *err);
void weft_store_writers_stop(struct weft_store *store);
void weft_store_consume(void *self, unsigned io_thread, const struct weft_batch *batch,
                        weft_consumed *done, void *arg);
void weft_store_writer_tick(void *writer); /* posted: is the current segment too old? */
struct weft_store_lane *weft_store_lane_create(struct weft_store *store, unsigned writer, int *rc,
                                               struct weft_err *err);
/* Never written to: its file becomes a spare one, or goes. NULL is fine. */
void weft_store_lane_discard(struct weft_store *store, struct weft_store_lane *lane);
void weft_store_job_complete(void *writer); /* posted by the committer */

/* store_admission.c */
void weft_store_tail_update(struct weft_store *store, const struct weft_store_set *set);
/* May a writer begin another segment? If not: why, and when to ask again. */
bool weft_store_tail_has_room(const struct weft_store *store, struct weft_err *err);
/* Is it time to merge whatever is sealed, because writers are about to wait for it? */
bool weft_store_tail_is_pressing(const struct weft_store *store);
uint64_t weft_store_retry_after_ns(const struct weft_store *store, enum weft_store_refusal refusal);

/* Ask the file system how much is free. */
void weft_store_space_update(struct weft_store *store);
/* Below the floor nothing is taken; the sentence says how much is missing. */
bool weft_store_space_has_room(const struct weft_store *store, struct weft_err *err);
/* May a file of a new segment be made and the floor be kept? */
bool weft_store_space_has_segment(const struct weft_store *store, struct weft_err *err);
/* So little is free that everything to spare is given up, and segments are merged sooner. */
bool weft_store_space_is_tight(const struct weft_store *store);

/* store_retention.c */
void weft_store_retention_run(struct weft_store *store);

/* store_housekeeping.c */
int weft_store_housekeeping_start(struct weft_store *store, struct weft_err *err);
void weft_store_housekeeping_stop(struct weft_store *store);

/* store_commit.c */
int weft_store_committer_start(struct weft_store_writer *writer, struct weft_err *err);
void weft_store_committer_stop(struct weft_store_writer *writer); /* after the job at hand */
/* The writer's job is filled in: do it, here or in the committer. */
void weft_store_job_start(struct weft_store_writer *writer);

/* store_prepare.c */
int weft_store_prepare_start(struct weft_store *store, struct weft_err *err);
void weft_store_prepare_stop(struct weft_store *store);
struct weft_store_lane *weft_store_prepare_take(struct weft_store_writer *writer,
                                                struct weft_err *err);
void weft_store_prepare_want(struct weft_store_writer *writer);
/* The path of a spare file that is there, or false. */
bool weft_store_spare_take(struct weft_store *store, char out[static WEFT_STORE_PATH_MAX]);
/* Where a segment file that is no longer needed shall go, or false: enough are kept. */
bool weft_store_spare_promise(struct weft_store *store, char out[static WEFT_STORE_PATH_MAX]);
void weft_store_spare_add(struct weft_store *store, uint64_t number);
/* Those that have been idle for a minute go, except a few; all, when space is tight. */
void weft_store_spares_trim(struct weft_store *store);

/* Wait on a condition made by weft_store_cond_init(), at most so long. */
void weft_store_wait(pthread_cond_t *wake, pthread_mutex_t *mutex, uint64_t ns);
void weft_store_cond_init(pthread_cond_t *cond);

/* compactor.c */
void weft_store_compactors_init(struct weft_store *store);
void weft_store_compactors_release(struct weft_store *store);
int weft_store_compactors_start(struct weft_store *store, struct weft_err *err);
void weft_store_compactors_stop(struct weft_store *store);
void weft_store_compactor_wake(struct weft_store *store);
void weft_store_catalog_save(struct weft_store *store);

/* store_source.c, store_traces.c, store_spans.c, store_operations.c, store_attributes.c, store_tail.c */
int weft_store_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                      void *arg, struct weft_trace_scan_result *out, struct weft_err *err);
/* The traces `ids` (rising; NULL: those that are asked for), whole, over a query that is under way. */
int weft_store_traces_of(struct weft_store *store, const struct weft_store_query *query,
                         const struct weft_trace_scan *asked, const struct weft_trace_id *ids,
                         uint32_t count, weft_trace_visit *visit, void *arg,
                         struct weft_trace_scan_result *out, struct weft_err *err);
int weft_store_spans(void *self, const struct weft_span_scan *scan,
                     struct weft_trace_scan_result *out, struct weft_err *err);
void weft_store_identify(void *self, const struct weft_span_vector *vector, uint32_t index,
                         struct weft_span_identity *out);
int weft_store_operations(void *self, struct weft_str service_name, struct weft_operation **out,
                          uint32_t *count, struct weft_arena *arena, struct weft_err *err);
int weft_store_attribute_keys(void *self, uint64_t from_ns, uint64_t to_ns,
                              struct weft_attribute_keys *out, struct weft_arena *arena,
                              struct weft_err *err);
int weft_store_attribute_values(void *self, const struct weft_attribute_ask *ask,
                                struct weft_attribute_values *out, struct weft_arena *arena,
                                struct weft_err *err);
int weft_store_tail(void *self, struct weft_tail_position *position, uint32_t limit,
                    struct weft_batch *out, struct weft_err *err);
void weft_store_tail_record(struct weft_store *store, uint64_t segment, uint32_t chunk);

#endif
