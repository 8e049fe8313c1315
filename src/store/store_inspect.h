/* store_inspect.h -- a store's directory looked at from outside, also while another process serves
 * it: check, figures, dump.
 *
 * Errors     WEFT_NOT_FOUND when there is no such directory or file; weft_store_check():
 *            WEFT_CORRUPT when something is damaged
 * Threads    any; nothing is changed in the directory, files that come and go meanwhile are no
 *            finding
 * Ownership  answers in the caller's buffers
 */
#ifndef WEFT_STORE_STORE_INSPECT_H
#define WEFT_STORE_STORE_INSPECT_H
#include "store/store.h"

enum weft_finding_kind {
    WEFT_FINDING_OK,     /* "block-...: 12,345 spans, every checksum fits" */
    WEFT_FINDING_NOTE,   /* what a crash leaves and the next start clears away; no harm */
    WEFT_FINDING_DAMAGE, /* bytes that are not what was written */
};
struct weft_store_check {
    uint64_t segments, blocks, spans; /* blocks: also those in bundles */
    uint64_t notes, damages;
    uint64_t spans_lost;  /* that cannot be read, as far as is known */
    uint64_t spans_saved; /* in damaged files, that repair can save */
    uint64_t
        torn_bytes; /* behind the last commit of segments: never acknowledged, or being written just now */
};
typedef void weft_store_report(void *arg, enum weft_finding_kind kind, const char *sentence);
typedef void weft_store_progress(void *arg, uint64_t bytes_done, uint64_t bytes_total);
/* Read every file with all its checksums and values, and compare what files say of each other. Each sentence goes to `report`;
 * one about damage says where it is and what follows from it. */
int weft_store_check(const char *directory, weft_store_report *report, void *arg,
                     struct weft_store_check *out, struct weft_err *err);
/* The same with progress, in bytes of files. */
int weft_store_check_watched(const char *directory, weft_store_report *report,
                             weft_store_progress *progress, void *arg, struct weft_store_check *out,
                             struct weft_err *err);

/* What one attribute key of spans costs in all blocks. */
struct weft_store_key_cost {
    const char *key;       /* "(events)" and the like: what is no attribute */
    uint64_t bytes;        /* of its runs; not of the block's dictionary, which keys share */
    uint64_t values;       /* spans that have it; a span that has it twice counts twice */
    uint64_t distinct_max; /* different values in the part of a row group that has most of them */
    uint64_t runs_by_encoding[8];
};
/* Spans that come from resources with one value of an attribute. */
struct weft_store_share {
    const char *value;
    uint64_t spans;
    double bytes; /* their share of row groups, without tables and dictionary */
};
/* Figures, and the bytes of all blocks by section and column, largest first. */
struct weft_store_sizes {
    struct weft_store_stats stats;
    uint64_t start_min, start_max; /* of the spans' start times; 0, 0: no spans */
    struct weft_block_size *parts; /* in the arena; `what` too */
    uint32_t part_count;
    const char *
        by; /* in: the resource attribute of the shares; NULL: neither keys nor shares are wanted */
    struct weft_store_key_cost *keys; /* most bytes first */
    uint32_t key_count;
    struct weft_store_share *shares;
    uint32_t share_count;
};
int weft_store_sizes(const char *directory, struct weft_store_sizes *out, struct weft_arena *arena,
                     struct weft_err *err);

/* One file explained, or (file empty) the directory: a line for each file. `file` is a name in the
 * directory. */
int weft_store_dump(const char *directory, struct weft_str file, struct weft_buf *out,
                    struct weft_err *err);

/* Its fixed fields between two offsets (store/file_explain.h); damaged files too. */
int weft_store_dump_bytes(const char *directory, struct weft_str file, uint64_t from, uint64_t to,
                          struct weft_buf *out, struct weft_err *err);

#endif
