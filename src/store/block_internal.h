/* block_internal.h -- an open block and its row groups, as the reading files and the merge see
 * them.
 *
 * Every byte that is used goes through weft_block_bytes() or a row group's section: the pages under
 * it are checked first.
 */
#ifndef WEFT_STORE_BLOCK_INTERNAL_H
#define WEFT_STORE_BLOCK_INTERNAL_H
#include "store/block.h"
#include "store/block_strings.h"
#include "store/codec_function.h"
#include "store/codec_paged.h"
#include "store/codec_plain.h"
#include "store/codec_presence.h"
#include <pthread.h>
#include <stdatomic.h>

/* The row group directory's entry. */
struct weft_rows_entry {
    uint64_t offset, bytes;
    uint32_t span_count, trace_count;
    struct weft_trace_id first, last;
    uint64_t start_min, start_max, duration_max;
    uint32_t error_count;
};
struct weft_block_list {
    const uint8_t *ends, *bytes;
    uint32_t count;
}; /* keys, resources, scopes */

struct weft_bundle;
struct weft_block {
    _Atomic uint32_t references;
    _Atomic bool is_obsolete;
    char *path;                      /* of a member: what messages call it */
    struct weft_bundle *bundle;      /* that it lies in, or NULL: a file of its own */
    const uint8_t *map;              /* its first byte */
    uint64_t file_bytes, data_bytes; /* whole; covered by the sums */
    const uint8_t *sums, *footer;    /* of the copies, those whose checksums are right */
    uint64_t page_count;
    uint64_t tail_bytes; /* of sums, footer and trailer: twice at the end */
    uint32_t footer_bytes;
    _Atomic uint64_t *checked;    /* a bit per page whose checksum was right */
    _Atomic bool *traces_checked; /* by row group: the counts of its traces add up */
    struct weft_block_info info;
    uint64_t exact_duplicates, orphans;
    uint64_t *superseded;
    struct {
        uint64_t offset, bytes;
        bool is_there;
    } sections[WEFT_BLOCK_SECTION_LIMIT];
    struct weft_rows_entry *rows; /* info.row_group_count of them */

    pthread_mutex_t lock; /* for loading the tables once */
    _Atomic bool has_tables;
    struct weft_strings strings;
    struct weft_block_list keys, resources, scopes;
    const uint8_t *blobs; /* entries; NULL: none */
    uint32_t blob_count;
    const uint8_t *heads;
    uint32_t head_count;
    struct weft_arena arena; /* decoded resources and scopes */
    struct weft_resource *resource;
    struct weft_scope **scope_of_head; /* a scope with its resource, by head */
    struct weft_str *name_of_head;     /* ptr NULL: none */
};

uint64_t weft_block_number(const struct weft_block *block);
/* A block that lies in a bundle's mapping. Takes `name`, also on failure; holds the bundle. */
int weft_block_open_member(struct weft_block **out, struct weft_bundle *bundle,
                           const uint8_t *bytes, uint64_t len, char *name, struct weft_err *err);
/* Sums and footer, from the copy that can be believed (block_tail.c). */
int weft_block_tail_find(struct weft_block *block, struct weft_err *err);
/* WEFT_CORRUPT: header or one of the copies is not what it was; reading goes on without them. */
int weft_block_tail_check(const struct weft_block *block, struct weft_err *err);
/* `len` bytes at `offset`, checked. `what` is for the sentence. */
int weft_block_bytes(struct weft_block *block, uint64_t offset, uint64_t len, const char *what,
                     const uint8_t **out, struct weft_err *err);
/* Strings, keys, heads, resources, scopes: once, at the first need. */
int weft_block_load_tables(struct weft_block *block, struct weft_err *err);
const struct weft_strings *weft_block_strings(const struct weft_block *block);
uint32_t weft_block_key_count(const struct weft_block *block);
uint32_t weft_block_head_count(const struct weft_block *block);
struct weft_str weft_block_key(const struct weft_block *block, uint32_t number);
bool weft_block_find_key(const struct weft_block *block, struct weft_str key, uint32_t *number);
struct weft_head_view weft_block_head(const struct weft_block *block, uint32_t number);
struct weft_str weft_block_resource_encoded(const struct weft_block *block, uint32_t number);
struct weft_str weft_block_scope_encoded(const struct weft_block *block, uint32_t number);

/* ---- row groups (block_rows.c) ---- */

struct weft_run {
    uint32_t code, base, range, count; /* count: values */
    uint16_t group;
    uint8_t encoding, bits;
    struct weft_presence presence; /* of rows in the group */
    struct weft_presence spelt;    /* mixed: which values are spelt out */
    const uint8_t *data;           /* packed numbers or codes, uuids */
    const uint8_t *dictionary;
    uint32_t dictionary_count, exponent;
    uint64_t wide_base, wide_max;
    struct weft_plain plain;
    struct weft_run *source; /* function: of its values */
    struct weft_function function;
};
/* Keys of attributes that stand in the rest: a bit each, or sorted numbers. */
struct weft_rest_keys {
    const uint8_t *bytes;
    uint32_t count;
    bool is_bitmap;
};
struct weft_run_entry { /* of the directory of runs */
    uint32_t offset, base, range;
    uint32_t group;
    uint8_t encoding, bits;
};
struct weft_rows_group {
    uint32_t rows, first_run, run_count, name;
    bool is_pool, has_columns;
    uint32_t offsets[3];
    struct weft_paged heads, starts, durations;
};
/* An open row group: belongs to one thread, lives in the given arena. */
struct weft_rows {
    struct weft_block *block;
    const struct weft_rows_entry *entry;
    uint32_t number, span_count, trace_count;
    struct {
        uint32_t offset, bytes;
    } sections[WEFT_ROWS_SECTION_LIMIT];
    const uint8_t *bases[WEFT_ROWS_SECTION_LIMIT]; /* checked sections; NULL: not yet */
    struct weft_arena *arena;
    struct weft_arena *temporary; /* for what one call needs; the same until somebody sets it */
    struct weft_paged prefix, trace_spans, trace_start, depth, group, status;
    struct weft_follow_starts *starts; /* for the columns that follow; NULL: none does */
    bool has_traces, has_tree, has_directory;
    const uint8_t *rest, *trace_ranks, *span_ids, *ranks, *run_keys;
    const uint8_t *runs;            /* entries, or NULL: */
    struct weft_paged *run_columns; /* by field */
    uint16_t *run_groups;           /* by run, once weft_rows_run_groups() was asked for it */
    uint64_t *has_run_groups;       /* a bit per page of 128 runs */
    uint32_t group_count, run_count, run_key_count;
    struct weft_rows_group *groups;
    uint32_t *group_runs;        /* made by weft_rows_deal_runs() */
    struct weft_run **open_runs; /* by run number; NULL: not yet */
    const uint8_t *parent_rows, *parent_ids;
    uint32_t parent_count;
    uint32_t local_key_count;
    struct weft_block_list local_keys;
    struct weft_rest_keys rest_keys;
    uint16_t *group_of, *index_of; /* by row: group, and place in it; NULL: not unpacked */
    uint16_t *group_numbers;       /* by row: group, unchecked; NULL: not unpacked */
    uint64_t bytes_touched;
};
/* What a reading thread carries along: decompressed pages. */
struct weft_block_reader {
    struct weft_block *block;
    struct weft_buf blob; /* the one read last */
    uint32_t blob_held;   /* + 1; 0: none */
    struct weft_strings_reader strings;
    struct weft_plain_reader plain;
};
void weft_block_reader_init(struct weft_block_reader *reader, struct weft_block *block);
void weft_block_reader_release(struct weft_block_reader *reader);
/* A string of the dictionary, or a blob; lives until the next call. */
int weft_block_string(struct weft_block_reader *reader, uint32_t number, struct weft_str *out,
                      struct weft_err *err);

int weft_rows_open(struct weft_rows *out, struct weft_block *block, uint32_t number,
                   struct weft_arena *arena, struct weft_err *err);
int weft_rows_section(struct weft_rows *rows, unsigned kind, const uint8_t **out, size_t *len,
                      struct weft_err *err);
int weft_rows_load_traces(struct weft_rows *rows, struct weft_err *err);
/* Which keys there are, and the entries of their runs: what groups need, too. */
int weft_rows_load_directory(struct weft_rows *rows, struct weft_err *err);
int weft_rows_load_groups(struct weft_rows *rows, struct weft_err *err);
int weft_rows_load_group_columns(struct weft_rows *rows, uint32_t group, struct weft_err *err);
int weft_rows_load_tree(struct weft_rows *rows,
                        struct weft_err *err); /* span ids, parents, status, depth */
/* Unpacks group_of and index_of; groups are loaded. */
int weft_rows_load_places(struct weft_rows *rows, struct weft_err *err);
/* Unpacks group_numbers; groups are loaded. Whether they are below group_count is not looked at. */
int weft_rows_load_group_numbers(struct weft_rows *rows, struct weft_err *err);
/* Group and place in it of rows from .. from + n - 1. */
int weft_rows_places(struct weft_rows *rows, uint32_t from, uint32_t n, uint16_t *group,
                     uint16_t *index, struct weft_err *err);
/* Trace of a row; row of a place in a group (block_place.c). Traces and groups are loaded. */
uint32_t weft_rows_trace_of(const struct weft_rows *rows, uint32_t row);
int weft_rows_find_row(const struct weft_rows *rows, uint32_t g, uint32_t index, uint32_t *row,
                       struct weft_err *err);
/* block_runs.c. Sets run_count. */
int weft_rows_runs_open(struct weft_rows *rows, struct weft_err *err);
void weft_rows_run_entry(const struct weft_rows *rows, uint32_t number, struct weft_run_entry *out);
/* Whether it is a run of `group`; what its entry says of its encoding. */
bool weft_rows_run_is(const struct weft_rows *rows, uint32_t number, uint32_t group,
                      uint8_t *encoding);
/* Makes run_groups[first .. end - 1] readable. */
int weft_rows_run_groups(struct weft_rows *rows, uint32_t first, uint32_t end,
                         struct weft_err *err);
/* Those of one key code in group g: *first .. *end - 1, maybe none. */
int weft_rows_find_group_runs(struct weft_rows *rows, uint32_t code, uint32_t g, uint32_t *first,
                              uint32_t *end, struct weft_err *err);
/* Makes group_runs: the runs of every group, one group after the other, rising. */
int weft_rows_deal_runs(struct weft_rows *rows, struct weft_err *err);
/* block_starts.c. For columns just opened that follow. */
int weft_rows_starts_give(struct weft_rows *rows, struct weft_err *err);
int weft_rows_run(struct weft_rows *rows, uint32_t number, struct weft_run **out,
                  struct weft_err *err);
uint32_t weft_rows_run_code(const struct weft_rows *rows, uint32_t number);
/* Runs of one key code: first and one past the last. */
bool weft_rows_find_runs(const struct weft_rows *rows, uint32_t code, uint32_t *first,
                         uint32_t *end);
uint32_t weft_rows_trace_first(const struct weft_rows *rows, uint32_t trace);
/* By trace: (latest end - earliest start) - duration of its first row. */
int weft_rows_trace_excess(struct weft_rows *rows, struct weft_paged *out, struct weft_err *err);
/* First trace not before `id`. */
uint32_t weft_rows_trace_lower(const struct weft_rows *rows, const struct weft_trace_id *id);
void weft_rows_trace_id(const struct weft_rows *rows, uint32_t trace, struct weft_trace_id *out);
bool weft_rows_orphan_parent(const struct weft_rows *rows, uint32_t row, uint64_t *parent);
int weft_rows_local_key(struct weft_rows *rows, uint32_t number, struct weft_str *out,
                        struct weft_err *err);
/* The name of a key code; those that are no attributes in parentheses (block_costs.c). */
int weft_rows_key_name(struct weft_rows *rows, uint32_t code, struct weft_str *out,
                       struct weft_err *err);
/* What lies in the data section, by offset: a piece for each run, three for the columns of each group (block_costs.c). Groups are loaded. */
struct weft_rows_piece {
    uint32_t offset, bytes;
    uint32_t owner; /* run, or (behind all runs) group */
};
struct weft_rows_piece *weft_rows_pieces(struct weft_rows *rows, uint32_t *count);
bool weft_rows_find_local_key(struct weft_rows *rows, struct weft_str key, uint32_t *number,
                              struct weft_err *err);
int weft_rows_corrupt(const struct weft_rows *rows, struct weft_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- values (block_value.c) ---- */

/* One value of a run. Strings: number, unless it has none (is_spelt). */
struct weft_run_value {
    bool is_spelt;
    uint32_t number;       /* bool: 0, 1 */
    uint64_t wide;         /* int, double's bits */
    struct weft_str bytes; /* spelt; lives in the reader, or in `text` */
    char text[36];
};
int weft_run_get(struct weft_rows *rows, struct weft_run *run, uint32_t position,
                 struct weft_block_reader *reader, struct weft_run_value *out,
                 struct weft_err *err);

/* How many spans the block has of the trace, outside of the mask: ids alone are read (block_trace.c). */
int weft_block_trace_spans(struct weft_block *block, const struct weft_block_mask *mask,
                           const struct weft_trace_id *id, uint64_t *out, struct weft_err *err);

/* ---- whole spans (block_span.c) ---- */

/* Rows from .. from + n - 1, whole; strings copied into `arena`. */
int weft_rows_spans(struct weft_rows *rows, uint32_t from, uint32_t n, struct weft_span *out,
                    struct weft_block_reader *reader, struct weft_arena *arena,
                    struct weft_err *err);
/* Events and links as the run's bytes hold them. */
int weft_block_events(struct weft_rows *rows, struct weft_str bytes, struct weft_span *span,
                      struct weft_block_reader *reader, struct weft_arena *arena,
                      struct weft_err *err);
int weft_block_links(struct weft_rows *rows, struct weft_str bytes, struct weft_span *span,
                     struct weft_block_reader *reader, struct weft_arena *arena,
                     struct weft_err *err);

/* ---- rows again, for the merge (block_cursor.c) ---- */

struct weft_block_cursor;
/* Without the traces of `mask`; with `only` (not NULL) nothing but its traces. Both live longer than the cursor. */
struct weft_block_cursor *weft_block_cursor_create(struct weft_block *block,
                                                   const struct weft_block_mask *mask,
                                                   const struct weft_block_mask *only);
void weft_block_cursor_destroy(struct weft_block_cursor *cursor); /* NULL is fine */
/* All rows with the first 40 bits of their trace id below `end_prefix` that were not given yet, as
 * a segment's chunk with inline
 * lists. Valid until the next call. */
int weft_block_cursor_range(struct weft_block_cursor *cursor, uint64_t end_prefix,
                            struct weft_chunk_view *out, struct weft_err *err);
int weft_block_cursor_string(struct weft_block_cursor *cursor, uint32_t number,
                             struct weft_str *out);
/* Append the 40-bit prefix of about every `step`-th row. */
int weft_block_sample(struct weft_block *block, const struct weft_block_mask *mask, uint32_t step,
                      struct weft_buf *samples, struct weft_err *err);

/* What the rows of a cursor name of their block's tables: a merge of a few traces writes only that. */
struct weft_block_use {
    uint64_t *strings, *keys, *heads; /* a bit each */
    struct weft_buf samples;          /* 40-bit prefix of every `step`-th row */
    uint64_t rows;
    uint32_t step;
};
/* Walks the rows of `only` and keeps none of them. */
int weft_block_use_find(struct weft_block_use *use, struct weft_block *block,
                        const struct weft_block_mask *only, uint32_t step, struct weft_err *err);
void weft_block_use_release(struct weft_block_use *use);

#endif
