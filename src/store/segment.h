/* segment.h -- append-only rows of accepted spans; what is committed survives a crash and is
 * visible at once.
 *
 * Shape      one preallocated file of checksummed chunks (docs/format/segment.md), rows as in
 *            row.h, tables in memory
 * Units      sizes in bytes, times in Unix nanoseconds
 * Errors     0 or a negative weft_status; *err says what failed, and on what. After a failed write
 *            or sync the segment is broken: nothing more is committed to it, what was committed
 *            stays readable
 * Threads    one appending thread (writer_append, writer_take, writer_give_back); one committing
 *            thread (chunk_commit); any number of readers, each with a view of the committed
 *            prefix. Tables only grow and entries never move, so readers need no lock: the counts
 *            are published with the chunk (release / acquire)
 * Ownership  segments are counted references: the store's set, each view and the writer hold one;
 *            the file is unmapped at the last
 */
#ifndef WEFT_STORE_SEGMENT_H
#define WEFT_STORE_SEGMENT_H
#include "base/err.h"
#include "model/predicate.h"
#include "model/span.h"
#include "store/row.h"

struct weft_segment;
struct weft_segment_writer;
struct weft_chunk_build;

#define WEFT_SEGMENT_SPANS_MAX (256u * 1024)
#define WEFT_SEGMENT_FILE_BYTES \
    (64u << 20) /* preallocated; a batch that does not fit seals the segment early */
#define WEFT_CHUNK_SPANS_MAX \
    (32u * 1024) /* of several batches; one batch alone may make a larger chunk */

/* ---- writing ---- */

struct weft_segment_options {
    const char *directory;
    uint64_t number;     /* never used before; file name is segment-<16 hex digits>.weft */
    unsigned writer;     /* which ingest thread, for the header */
    uint64_t file_bytes; /* 0: WEFT_SEGMENT_FILE_BYTES */
    const char
        *recycle; /* path of a file to take over (renamed), or NULL: a new one is allocated */
    uint64_t created_unix_ns;
};
int weft_segment_writer_create(struct weft_segment_writer **out,
                               const struct weft_segment_options *options, struct weft_err *err);
/* Borrowed; take a reference to keep it beyond the writer. */
struct weft_segment *weft_segment_writer_segment(struct weft_segment_writer *writer);
/* Add the spans of a batch to the pending chunk: memory only, all or nothing. WEFT_FULL: the
 * pending chunk has no room
 * (commit first) or the segment has none (*must_seal: seal and take a new one). WEFT_TOO_LARGE:
 * would not fit an empty segment. WEFT_IO with *must_seal: an earlier commit failed, the segment is
 * broken. */
int weft_segment_writer_append(struct weft_segment_writer *writer, const struct weft_batch *batch,
                               bool *must_seal, struct weft_err *err);
uint32_t weft_segment_writer_pending_spans(const struct weft_segment_writer *writer);
/* Close the pending chunk and hand it to the committer; the next one collects. NULL when nothing is
 * pending or a chunk is still out.
 * Of a broken segment too: its commit then fails at once, so that the senders of what was pending
 * hear of it. */
struct weft_chunk_build *weft_segment_writer_take(struct weft_segment_writer *writer);
/* Committer: checksum, pwrite, fdatasync, publish. On 0 the spans are on disk and visible. */
int weft_chunk_commit(struct weft_chunk_build *chunk, struct weft_err *err);
uint32_t weft_chunk_build_spans(const struct weft_chunk_build *chunk);
/* Appender, after the commit: its buffers are used again. */
void weft_segment_writer_give_back(struct weft_segment_writer *writer,
                                   struct weft_chunk_build *chunk);
/* Nothing pending, nothing out: the segment is sealed (in memory and by its header's seal mark) and
 * the writer is gone.
 * Buffers and table memory go back to a per-thread pool for the next writer: fresh memory costs
 * 55-85 ns a span. */
/* The writer is gone on an error too (the seal mark could not be written; the segment is sealed in
 * memory and readable). */
int weft_segment_writer_seal(struct weft_segment_writer *writer, struct weft_err *err);
void weft_segment_writer_destroy(
    struct weft_segment_writer *writer); /* without sealing; pending spans are lost */

/* ---- opening ---- */

/* Read chunks while headers, numbers and checksums fit, and cut there. *torn_bytes: what a cut-off
 * tail chunk claimed (0: clean).
 * The segment comes back sealed: nobody appends to a reopened file. */
int weft_segment_open(struct weft_segment **out, const char *path, uint64_t *torn_bytes,
                      struct weft_err *err);
void weft_segment_ref(struct weft_segment *segment);
void weft_segment_unref(struct weft_segment *segment); /* NULL is fine */
/* When the last reference goes: unlink the file, or rename it to `recycle_to` (copied; NULL:
 * unlink). */
void weft_segment_mark_obsolete(struct weft_segment *segment, const char *recycle_to);
const char *weft_segment_path(const struct weft_segment *segment);
uint64_t weft_segment_number(const struct weft_segment *segment);
uint64_t weft_segment_created_unix_ns(const struct weft_segment *segment);
bool weft_segment_is_sealed(const struct weft_segment *segment);
/* Of a reopened segment: bytes that were committed, and cannot be read or lie behind such. A torn
 * last write is none. */
uint64_t weft_segment_damaged_bytes(const struct weft_segment *segment);
/* Read all chunks of the view as they stand in the file: do their checksums still fit? */
struct weft_segment_view;
int weft_segment_verify(const struct weft_segment_view *view, struct weft_err *err);
/* WEFT_CORRUPT when the disk could not read a page of it since it was opened (file.h). */
int weft_segment_intact(const struct weft_segment *segment, struct weft_err *err);

/* ---- reading: a view of the committed prefix at one moment ---- */

struct weft_chunk_view {
    const uint8_t *records; /* span_count x 64 bytes */
    const uint32_t *words;
    const char *heap;
    const uint64_t *
        trace_index; /* sorted: 40 bits of trace id prefix, then 24 bits of row number in the chunk */
    uint32_t span_count;
    uint32_t word_count, heap_bytes;
    uint64_t start_min, start_max; /* of the spans' start times */
};
struct weft_shape_view {
    const uint32_t *keys;
    uint32_t count;
}; /* key number << 4 | type */
struct weft_head_view {
    uint32_t resource, scope, name;
    uint8_t kind;
}; /* name: string number or WEFT_NO_NAME */
/* All counts are those of the committed prefix, published together with the last chunk seen: every
 * number found in a row of
 * these chunks is below them. */
struct weft_segment_view {
    struct weft_segment *segment; /* one reference */
    uint32_t chunk_count, span_count;
    uint32_t string_count, key_count, shape_count, head_count, resource_count, scope_count;
    uint64_t start_min, start_max;
};
void weft_segment_view_init(struct weft_segment_view *view, struct weft_segment *segment);
void weft_segment_view_release(struct weft_segment_view *view);

void weft_segment_chunk(const struct weft_segment_view *view, uint32_t chunk,
                        struct weft_chunk_view *out);
struct weft_str weft_segment_string(const struct weft_segment_view *view, uint32_t number);
struct weft_str weft_segment_key(const struct weft_segment_view *view, uint32_t number);
struct weft_shape_view weft_segment_shape(const struct weft_segment_view *view, uint32_t number);
struct weft_head_view weft_segment_head(const struct weft_segment_view *view, uint32_t number);
/* As decoded when first seen; encoded form is what weft_otlp_encode_resource() gave. They live as
 * long as the segment. */
const struct weft_resource *weft_segment_resource(const struct weft_segment_view *view,
                                                  uint32_t number);
struct weft_str weft_segment_resource_encoded(const struct weft_segment_view *view,
                                              uint32_t number);
const struct weft_scope *weft_segment_scope(const struct weft_segment_view *view, uint32_t number);
struct weft_str weft_segment_scope_encoded(const struct weft_segment_view *view, uint32_t number);

/* Number of a string (key), or false: then no row of the view's dictionary has it (heap values
 * may). */
bool weft_segment_find_string(const struct weft_segment_view *view, struct weft_str s,
                              uint32_t *number);
bool weft_segment_find_key(const struct weft_segment_view *view, struct weft_str key,
                           uint32_t *number);

/* The bytes of a value word: a dictionary string or a heap entry of the chunk. */
struct weft_str weft_segment_value(const struct weft_segment_view *view,
                                   const struct weft_chunk_view *chunk, uint32_t word);
/* Where the parts of a row start among the chunk's words; NULL for a part that the row has not.
 * `attributes` is never NULL:
 * the values (shaped) or the inline list (record's shape word says which). One walk over the
 * attributes, nothing decoded. */
struct weft_row_parts {
    const uint32_t *name, *attributes, *status_message, *trace_state, *dropped, *events, *links;
};
void weft_row_parts(const struct weft_segment_view *view, const struct weft_chunk_view *chunk,
                    uint32_t row, struct weft_row_parts *out);
struct weft_str weft_row_name(const struct weft_segment_view *view,
                              const struct weft_chunk_view *chunk, uint32_t row);

/* A whole span again. Strings point into the view, so keep it; arrays come from the arena.
 * out->scope->resource is right. */
void weft_row_read(const struct weft_segment_view *view, const struct weft_chunk_view *chunk,
                   uint32_t row, struct weft_span *out, struct weft_arena *arena);
/* Append every span of the trace to `out`, in the order they came; strings point into the view, as
 * above. */
int weft_segment_trace(const struct weft_segment_view *view, const struct weft_trace_id *id,
                       struct weft_batch *out, struct weft_err *err);
/* Counts of the (service, name, kind) found, as weft_block_operations(): one may be added several
 * times. */
void weft_segment_operations(const struct weft_segment_view *view,
                             void (*add)(void *arg, struct weft_str service, struct weft_str name,
                                         uint8_t kind, uint64_t spans, uint64_t errors),
                             void *arg);
/* Bytes: of the file; of the committed prefix in it; and of private memory for the tables. */
struct weft_segment_bytes {
    uint64_t file, used, memory;
};
void weft_segment_bytes(struct weft_segment *segment, struct weft_segment_bytes *out);

#endif
