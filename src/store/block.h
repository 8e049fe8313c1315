/* block.h -- sealed segments turned into columns, sorted by trace id: written once, read by many,
 * replaced as a whole.
 *
 * Shape      one file: row groups of at most 64 Ki spans cut at trace ids, tables, directory,
 *            footer (docs/format/block.md)
 * Errors     WEFT_CORRUPT names file, section and place: never a wrong answer
 * Threads    a block is immutable: any number of readers
 * Ownership  counted references, as segments
 */
#ifndef WEFT_STORE_BLOCK_H
#define WEFT_STORE_BLOCK_H
#include "base/buf.h"
#include "store/block_mask.h"
#include "store/segment.h"

struct weft_block;

/* What a merge reads: views of sealed segments and open blocks, in any mix. */
struct weft_merge_input {
    const struct weft_segment_view *const *segments;
    uint32_t segment_count;
    struct weft_block *const *blocks;
    const struct weft_block_mask *const *masks; /* of each block; NULL: none has one */
    uint32_t block_count;
    /* For the new footer: what it masks in blocks that stay (also what its input blocks masked there), and the numbers that
     * its input blocks supersede while those files still lie in the directory. */
    const struct weft_mask_entry *masked;
    uint64_t masked_count;
    bool only_masked; /* a patch: read the traces that `masked` names and no others; blocks alone */
    const uint64_t *more_superseded_segments, *more_superseded_blocks;
    uint32_t more_superseded_segment_count, more_superseded_block_count;
    bool keeps_inputs; /* the blocks are masked, not superseded */
};
struct weft_merge_target {
    int fd;
    const char *path; /* for messages */
    uint64_t offset;
};
struct weft_merge_options {
    const char *directory;
    uint64_t number;               /* never used before; file name is block-<16 hex digits>.weft */
    const _Atomic bool *cancelled; /* checked every row group; NULL: never */
    void (*progress)(void *arg, uint64_t spans_done, uint64_t spans_total); /* NULL: none */
    void *progress_arg;
    int zstd_level;  /* 0: default */
    size_t blob_min; /* values of at least so many bytes are stored once per content, beside the
                        columns; 0: 16 KiB, never less than 4 KiB */
    uint32_t
        crowd_rows; /* of one range of trace ids, from which it is merged in pieces; 0: 512 k */
    /* Instead of a file of its own: behind `offset` bytes of this open file, which is the caller's to sync and to name. */
    const struct weft_merge_target *target;
};
struct weft_merge_stats {
    uint64_t spans_in, spans_out, exact_duplicates, conflicting_duplicates, traces, orphans, bytes;
};
/* Write beside, sync, rename: on 0 the block exists whole and its footer names the segments and
 * blocks it supersedes; on an
 * error, or a crash, it does not. Streams: private memory stays near 20 MB whatever the input. */
int weft_merge(const struct weft_merge_input *input, const struct weft_merge_options *options,
               struct weft_merge_stats *stats, struct weft_err *err);

int weft_block_open(struct weft_block **out, const char *path, struct weft_err *err);
/* WEFT_CORRUPT when the disk could not read a page of it since it was opened (file.h). Whoever reads a
 * block asks this afterwards, or looks at weft_file_lost_pages(), before the result counts. */
int weft_block_intact(const struct weft_block *block, struct weft_err *err);
void weft_block_ref(struct weft_block *block);
void weft_block_unref(struct weft_block *block); /* NULL is fine */
/* Unlink at the last reference. Nothing happens to a bundle's member: its file is the bundle's. */
void weft_block_mark_obsolete(struct weft_block *block);

struct weft_block_info {
    const char *path;
    uint64_t number, file_bytes, span_count, trace_count, error_count, row_group_count;
    uint64_t start_min, start_max; /* of span start times */
    struct weft_trace_id trace_min, trace_max;
    const uint64_t *superseded_segments, *superseded_blocks;
    uint32_t superseded_segment_count, superseded_block_count;
    uint64_t created_unix_ns;
    uint64_t conflicting_duplicates;
    uint64_t masked_count; /* entries of its section MASKS */
};
void weft_block_info(const struct weft_block *block, struct weft_block_info *out);
/* What this block has taken over from others: info.masked_count entries, appended to `out`. */
int weft_block_masked(struct weft_block *block, struct weft_buf *out /* struct weft_mask_entry */,
                      struct weft_err *err);

/* Where a mask is asked for, the traces in it are left out. */

/* Append every span of the trace to `out`, in pre-order of the span tree. Strings come from
 * out->arena; scopes and resources
 * live as long as the block, so keep it. An id that is not there appends nothing and is no
 * error. */
int weft_block_trace(struct weft_block *block, const struct weft_block_mask *mask,
                     const struct weft_trace_id *id, struct weft_batch *out, struct weft_err *err);
/* One whole span by its row tag; strings and arrays come from the arena, out->scope lives as long
 * as the block. */
int weft_block_span(struct weft_block *block, uint64_t row_tag, struct weft_span *out,
                    struct weft_arena *arena, struct weft_err *err);
/* Adds to counts of the (service, name, kind) found; order does not matter. */
int weft_block_operations(struct weft_block *block, const struct weft_block_mask *mask,
                          void (*add)(void *arg, struct weft_str service, struct weft_str name,
                                      uint8_t kind, uint64_t spans, uint64_t errors),
                          void *arg, struct weft_err *err);
/* Read every page: checksums and invariants; every finding goes to `report` as a sentence.
 * WEFT_CORRUPT when there was one. */
int weft_block_check(struct weft_block *block, void (*report)(void *arg, const char *sentence),
                     void *arg, struct weft_err *err);
/* Sizes by section and column, for `weft store stats`. */
struct weft_block_size {
    const char *what;
    uint64_t bytes;
};
int weft_block_sizes(struct weft_block *block, struct weft_block_size *out, uint32_t capacity,
                     uint32_t *count);
/* What each attribute key costs: the bytes of its runs, and whose spans they are, for `weft store stats`. */
struct weft_block_costs {
    /* A run: "service.name", or "(events)" for what is no attribute. `distinct`: values in this run. */
    void (*run)(void *arg, struct weft_str key, unsigned encoding, uint64_t bytes, uint64_t values,
                uint64_t distinct);
    /* Spans of a row group with that value of the resource attribute `by`, and their share of its bytes: a group's heads,
     * times and values by its rows, the rest by all rows. */
    void (*share)(void *arg, struct weft_str value, uint64_t spans, double bytes);
    void *arg;
    struct weft_str by;
};
int weft_block_costs(struct weft_block *block, const struct weft_block_costs *costs,
                     struct weft_err *err);
const char *weft_block_encoding_name(unsigned encoding);
/* The file explained, section by section, as text, for `weft store dump`. */
int weft_block_dump(struct weft_block *block, struct weft_buf *out, struct weft_err *err);

#endif
