/* merge_internal.h -- what the files of the merge share.
 *
 * The way of a row group: range (which rows, by trace id) -> gather (records in id order) -> tree
 * (parents, pre-order, duplicates) -> lists (which key list has each row) -> groups (lists and
 * pools) -> scatter (values into columns) -> encode -> file.
 *
 * Numbers    "block" numbers (strings by rank, keys, heads, resources, scopes) are found once per
 *            table entry of every source; rows are then translated by array look-ups
 * Memory     one row group's rows and columns, and the numbers tables; the arena of a row group is
 *            reset after each
 */
#ifndef WEFT_STORE_MERGE_INTERNAL_H
#define WEFT_STORE_MERGE_INTERNAL_H
#include "base/map.h"
#include "store/block.h"
#include "store/block_internal.h"
#include "store/block_strings.h"
#include "store/codec_bits.h"
#include "store/codec_function.h"

/* A segment's shape in the block's canonical key order. */
struct merge_shape {
    uint32_t list;     /* of codes */
    uint32_t words;    /* of all its values */
    bool is_reordered; /* values of a repeated key came in another order */
    const uint32_t
        *offsets; /* where the i-th value of the list lies among the row's attribute words */
};
struct merge_chunk {
    struct weft_chunk_view view;
    uint32_t source;
    uint32_t cursor; /* in the trace index: entries before it are merged */
};
/* How often a spelt-out value turned out to be in the dictionary: keys of fresh values are not
 * asked for long. */
struct merge_luck {
    uint16_t tried, found;
};

struct merge_source {
    const struct weft_segment_view *view; /* a segment's tables, or NULL: a block's */
    struct weft_block *block;
    uint32_t *strings; /* number -> block number */
    uint32_t *keys;    /* number -> code of type 0 */
    uint32_t *heads;
    struct merge_shape *shapes;
    uint32_t string_count, key_count, head_count, shape_count;
    struct merge_luck *luck; /* by block key number */
    uint32_t *blobs;         /* a block's: blob -> number; NULL: none met yet */
    /* A block's rows, unfolded range by range. */
    struct weft_block_cursor *cursor;
    const struct weft_block_mask *mask;
    struct weft_block_mask
        *only; /* a patch: the traces read of it, and what they use of its tables */
    struct weft_block_use use;
};
enum { MERGE_SAMPLE_ROWS = 64 };
/* Does a patch need this entry of the source's table? All others need all. */
static inline bool merge_is_used(const uint64_t *bits, uint32_t number)
{
    return bits == NULL || bits[number / 64] >> (number % 64) & 1;
}

/* A list of key codes, canonical order; shapes and inline rows of all sources share them. */
struct merge_list {
    const uint32_t *codes;
    uint32_t count;
    uint32_t rows;           /* in this row group */
    uint32_t group;          /* in this row group */
    uint32_t pool_name;      /* name of its rows when there is one only; else WEFT_NO_NAME */
    uint32_t first_column;   /* exact groups: columns stand in list order */
    const uint32_t *columns; /* pools: column of the i-th value, or MERGE_REST */
    uint32_t rest_count;     /* values without a column of their own */
};

#define MERGE_REST UINT32_MAX

/* One row of a row group, as gathered. */
struct merge_row {
    uint8_t trace_id[16];
    uint64_t span_id, parent;
    uint64_t start, length; /* end - start, modulo 2^64 */
    const uint32_t *words;
    const struct merge_chunk *chunk;
    uint32_t head, shape, flags;
    uint32_t list;
    uint32_t offsets; /* inline attributes: where their offsets start in merge->inline_offsets */
    uint32_t depth;
    uint32_t number; /* row in its chunk */
    uint16_t extras; /* bits by pseudo key */
};
struct merge_trace {
    uint32_t first, rows, out_first, out_rows;
};

/* Values of one (group, key code, occurrence). */
struct merge_column {
    uint32_t code;
    uint32_t group;
    uint32_t count, spelt; /* values; of them: references */
    uint32_t capacity;
    uint32_t *numbers; /* 32-bit kinds: block numbers, or MERGE_REF | index into refs */
    uint64_t *wide;    /* int, double */
    uint16_t *rows;    /* pools: row in the group of each value */
    uint8_t *uuids;    /* all that are spelt out so far are UUIDs: these; or NULL */
    uint32_t map;      /* it follows from `source` by this draft, or WEFT_FUNCTION_NONE */
    uint32_t source;   /* column */
};
#define MERGE_REF 0x80000000u

struct merge_group {
    uint32_t rows, filled;
    uint32_t name;
    bool is_pool;
    uint32_t first_column, column_count;
    uint32_t rest_column; /* of its rows' rest, when a list has any */
    uint64_t *heads, *starts, *durations;
};

struct merge_entry {
    uint64_t key;
    uint32_t chunk, row;
};

/* A range whose rows do not fit the memory for entries, handed out piece by piece. */
struct merge_crowd {
    struct weft_trace_id *ends; /* of the pieces; the last one is open */
    uint32_t count, at;
    uint32_t chunk;       /* where a piece of one trace goes on */
    uint32_t *chunk_ends; /* of the range, by chunk */
    bool has_more;
};

/* Keys that some row spells out. */
struct merge_keys {
    struct merge_spelt_key *slots;
    void *memory;
    uint32_t count, capacity; /* a power of two, or 0 */
    struct weft_arena names;  /* long ones */
};
enum { MERGE_KEYS_MANY = 4096 }; /* fewer stay in the cache by themselves */

struct merge {
    const struct weft_merge_input *input;
    const struct weft_merge_options *options;
    struct weft_merge_stats *stats;
    struct weft_block_writer file;
    struct weft_strings_writer strings;
    ZSTD_CCtx *zstd;
    int level;
    struct weft_arena tables;  /* lives as long as the merge */
    struct weft_arena scratch; /* lives as long as a row group */

    struct merge_source *sources;
    uint32_t source_count;
    struct merge_chunk *chunks;
    uint32_t chunk_count, chunk_capacity;

    struct weft_map key_numbers; /* name -> number */
    struct weft_str *keys;
    uint32_t key_count;
    struct weft_map resource_numbers, scope_numbers;
    struct weft_buf resources, scopes; /* encoded, one after the other */
    struct weft_buf resource_ends, scope_ends;
    struct weft_map head_numbers; /* 16 bytes -> number */
    uint8_t *heads;               /* WEFT_HEAD_ENTRY_BYTES each, sorted */
    uint32_t head_count;

    struct weft_map list_numbers, local_list_numbers, extra_list_numbers;
    struct merge_list *lists;
    uint32_t list_count, list_capacity, global_list_count;

    /* The row group at hand. */
    struct merge_entry *entries, *entry_scratch;
    uint32_t entry_count, entry_capacity;
    struct merge_crowd crowd;
    bool has_heaps;    /* much of the rows is spelt out */
    uint32_t rows_max; /* of a row group: WEFT_ROWS_MAX, fewer where rows are large */
    struct merge_row *rows;
    uint32_t row_count, row_capacity;
    uint32_t *order; /* rows in pre-order */
    uint32_t out_count;
    struct merge_trace *traces;
    uint32_t trace_count, trace_capacity;
    struct weft_buf inline_offsets; /* uint32_t */
    struct merge_keys spelt_keys;   /* kept over row groups */
    uint32_t local_key_count;       /* local keys of this row group */
    uint32_t row_group_number;
    struct weft_buf local_key_bytes, local_key_ends;
    struct weft_str *refs;
    uint32_t ref_count, ref_capacity;
    struct merge_group *groups;
    uint32_t group_count;
    struct merge_column *columns;
    uint32_t column_count, column_capacity;
    uint64_t *rest_keys;                /* a bit by key number; NULL: none */
    struct weft_buf rest_bytes;         /* of the row at hand */
    struct weft_function_set functions; /* maps between columns */
    uint16_t *group_of;                 /* by output row */
    struct merge_run_memory *run_memory;
    struct merge_blobs *blobs;
    size_t blob_min;
    int blob_rc; /* of the first blob that could not be read or written: ends the row group */
    struct weft_err blob_err;
    struct weft_buf data, rows_out; /* of a row group, as encoded */
    uint64_t *numbers;              /* WEFT_ROWS_MAX of them, for encoding */

    /* What the footer and the directory will say. */
    struct weft_buf directory;
    uint64_t start_min, start_max, error_count, spans_total;
    uint8_t trace_min[16], trace_max[16];
};

/* merge_tables.c: numbers of every source's table entries; writes the dictionary. */
int weft_merge_tables_build(struct merge *m, struct weft_err *err);
int weft_merge_tables_write(struct merge *m, struct weft_err *err);
void weft_merge_tables_release(struct merge *m);
uint32_t weft_merge_head_find(const struct merge *m, uint32_t resource, uint32_t scope,
                              uint32_t name, uint32_t kind); /* UINT32_MAX */
/* merge_strings.c */
int weft_merge_strings_build(struct merge *m, struct weft_err *err);
/* merge_lists.c */
uint32_t weft_merge_list_intern(struct merge *m, const uint32_t *codes, uint32_t count,
                                bool is_local);
void weft_merge_shapes_build(struct merge *m);
/* Places in the list in the order in which the values came, as varints. */
struct weft_str weft_merge_order(struct merge *m, const uint32_t *codes, const uint32_t *offsets,
                                 uint32_t count);
int weft_merge_lists_resolve(struct merge *m, struct weft_err *err);
void weft_merge_lists_reset(struct merge *m);
/* merge_range.c: sorted entries of the next range; false at the end. */
int weft_merge_range_init(struct merge *m, uint64_t **bounds, uint32_t *bound_count,
                          struct weft_err *err);
/* While m->crowd.has_more, the same range has more. */
int weft_merge_range_collect(struct merge *m, uint64_t end_prefix, struct weft_err *err);
void weft_merge_entries_reserve(struct merge *m, uint32_t more);
uint32_t weft_merge_range_end(const struct merge_chunk *chunk, uint64_t end_prefix);
/* merge_crowd.c: ranges with far more rows than a row group takes. */
bool weft_merge_crowd_find(struct merge *m, uint64_t end_prefix);
void weft_merge_crowd_collect(struct merge *m);
void weft_merge_crowd_release(struct merge *m);
/* merge_gather.c, merge_tree.c */
void weft_merge_gather(struct merge *m, uint32_t from, uint32_t count);
void weft_merge_traces_find(struct merge *m);
void weft_merge_tree_build(struct merge *m);
/* All fields as bytes: equal rows (attributes in any order) give equal bytes. */
void weft_merge_row_content(struct merge *m, const struct merge_row *row, struct weft_buf *out);
/* The row's head as its source has it. */
struct weft_head_view weft_merge_source_head(const struct merge *m, const struct merge_row *row);
/* merge_groups.c */
void weft_merge_groups_choose(struct merge *m);
/* merge_scatter.c */
void weft_merge_scatter(struct merge *m);
/* The bytes of a spelt-out word, and its block number when the dictionary has it after all (code:
 * of its key). */
struct weft_str weft_merge_heap(const struct merge_chunk *chunk, uint32_t word);
bool weft_merge_heap_number(struct merge *m, const struct merge_chunk *chunk, struct weft_str s,
                            uint32_t code, uint32_t *number);
/* merge_keys.c: the number of a key that a row spells out, among the block's and the row group's. */
uint32_t weft_merge_spelt_key(struct merge *m, struct weft_str name);
/* What finding the keys of an inline row will touch: its names, then (they are here: is_near) their slots. There are slots. */
void weft_merge_keys_prefetch(const struct merge *m, const struct merge_row *row, bool is_near);
void weft_merge_keys_forget(struct merge *m); /* between row groups, when there are too many */
void weft_merge_keys_release(struct merge_keys *keys);
/* Words of a value by its type. */
extern const uint8_t weft_merge_type_words[8];
/* merge_rest.c: attributes of rare keys. A row's, as bytes in the scratch arena; `offsets` of its attributes. */
struct weft_str weft_merge_rest(struct merge *m, const struct merge_row *row,
                                const uint32_t *attributes, const uint32_t *offsets,
                                uint32_t extras);
void weft_merge_rest_begin(struct merge *m);
void weft_merge_rest_key(struct merge *m, uint32_t key);
bool weft_merge_rest_keys(const struct merge *m, struct weft_buf *out); /* false: there are none */
/* merge_blob.c: numbers of long values. False: it is too short for one, or m->blob_rc. */
struct merge_blobs *weft_merge_blobs_create(void);
void weft_merge_blobs_destroy(struct merge_blobs *blobs); /* NULL is fine */
bool weft_merge_blob(struct merge *m, const struct merge_source *source, struct weft_str s,
                     uint32_t *number);
/* Of the i-th blob of an older block. */
uint32_t weft_merge_blob_number(struct merge *m, struct merge_source *source, uint32_t i);
int weft_merge_blobs_write(struct merge *m, struct weft_err *err);
/* The block's number for a source's number of a string. */
static inline uint32_t merge_string_number(struct merge *m, struct merge_source *source,
                                           uint32_t number)
{
    return __builtin_expect(number < source->string_count, 1)
               ? source->strings[number]
               : weft_merge_blob_number(m, source, number - source->string_count);
}
/* merge_events.c */
uint32_t weft_merge_list_words(const struct merge *m, const struct merge_chunk *chunk,
                               uint32_t shape, const uint32_t *words);
struct weft_str weft_merge_events(struct merge *m, const struct merge_row *row,
                                  const uint32_t *words);
struct weft_str weft_merge_links(struct merge *m, const struct merge_row *row,
                                 const uint32_t *words);
/* Where each extra lies; events and links: where the events, or without them the links, start. */
void weft_merge_extras_find(const struct merge *m, const struct merge_row *row,
                            const uint32_t *found[static WEFT_PSEUDO_COUNT]);
/* merge_function.c: columns that follow from others. */
void weft_merge_functions_find(struct merge *m);
/* merge_encode.c, merge_run.c */
int weft_merge_encode(struct merge *m, struct weft_err *err);
struct merge_run_memory *weft_merge_run_memory_create(void);
void weft_merge_run_memory_destroy(struct merge_run_memory *memory); /* NULL is fine */
/* `source_run`: number of the run that the column follows from, when it does. */
void weft_merge_run_encode(struct merge *m, struct weft_buf *data,
                           const struct merge_column *column, uint32_t source_run,
                           uint8_t entry[static 16]);

#endif
