/* segment_internal.h -- what the files of the segment share: the segment, its writer, the pending
 * chunk.
 *
 * Threads    see segment.h. In weft_segment, chunk_count is the one number that publishes: it is
 *            stored with release after the chunk's entry, and everything that entry counts, is
 *            whole
 */
#ifndef WEFT_STORE_SEGMENT_INTERNAL_H
#define WEFT_STORE_SEGMENT_INTERNAL_H
#include "store/segment.h"
#include "store/segment_format.h"
#include "store/segment_tables.h"
#include <stdatomic.h>

/* A committed chunk; totals are of the segment up to and with it. */
struct weft_segment_chunk {
    struct weft_chunk_view view;
    struct weft_table_counts counts;
    uint64_t end_offset;
    uint64_t start_min, start_max; /* of the prefix */
    uint64_t memory_bytes;
    uint32_t span_count; /* of the prefix */
};

struct weft_segment {
    _Atomic uint32_t references;
    _Atomic uint32_t chunk_count; /* published chunks */
    _Atomic bool is_sealed, is_broken, is_obsolete;
    char *path;
    char *recycle_to; /* set before is_obsolete */
    uint64_t number, created_unix_ns;
    int fd;
    const uint8_t *map;
    uint64_t file_bytes;
    uint64_t damaged_bytes; /* reopened: what was committed and cannot be read */
    uint64_t last_checksum; /* of the last committed header; the committer's */
    struct weft_segment_tables tables;
    struct weft_pages chunks; /* struct weft_segment_chunk */
};
struct weft_segment *weft_segment_allocate(const char *path);
static inline const struct weft_segment_chunk *weft_segment_chunk_at(
    const struct weft_segment *segment, uint32_t n)
{
    return weft_pages_at(&segment->chunks, n);
}
/* Make the chunk, whose bytes stand in the file, visible. */
void weft_segment_publish(struct weft_segment *segment, const struct weft_chunk_header *header,
                          uint64_t offset, uint64_t memory_bytes);

/* ---- the writer ---- */

/* Admission (docs/internals/dictionary.md). Tests use small ones. */
struct weft_segment_limits {
    uint64_t file_bytes;
    uint32_t segment_spans, chunk_spans;
    uint64_t chunk_bytes;      /* a pending chunk of several batches stays below */
    uint32_t string_bytes;     /* longer values go to the heap */
    uint32_t strings;          /* in the dictionary */
    uint64_t dictionary_bytes; /* of all strings in it */
    uint32_t strings_per_key;
    uint32_t plain_after; /* values of a key (names) after which the share of new ones is judged */
    uint32_t key_bytes, keys,
        keys_at_once; /* the first `keys_at_once` enter at first sight, the others at the second */
    uint32_t shapes, names;
};
extern const struct weft_segment_limits weft_segment_limits_default;
int weft_segment_writer_create_limited(struct weft_segment_writer **out,
                                       const struct weft_segment_options *options,
                                       const struct weft_segment_limits *limits,
                                       struct weft_err *err);

/* What the writer remembers of a key: its bytes, to compare; and how its string values behave. Two
 * in a cache line. */
struct weft_key_state {
    const char *ptr;
    uint32_t len;
    uint32_t seen;     /* string values */
    uint32_t fresh;    /* of these: not seen before, as far as is remembered */
    uint32_t admitted; /* strings that this key brought into the dictionary */
    bool is_plain;     /* values go to the heap unlooked */
};
/* A place in a shape, as the writer compares it: what the attribute there must look like, and what
 * its string was last. All that
 * one span needs lies together. `looks` is the attribute's key length and type in one number, as
 * weft_attribute has them. */
struct weft_shape_slot {
    const char *key;
    uint32_t looks;
    uint32_t number; /* of the key */
    uint32_t last;   /* confidence << 28 | string number */
};
static inline uint32_t weft_attribute_looks(const struct weft_attribute *attribute)
{
    return attribute->key_len | (uint32_t)attribute->type << 24;
}
/* A stream of key lists in which the next one is guessed: `last` is the shape before. */
struct weft_shape_guess {
    uint32_t last;
};
struct weft_name_state {
    const char *ptr;
    uint32_t len, hash;
    uint32_t string;                     /* number */
    uint32_t head, head_pair, head_kind; /* the last head under this name */
    struct weft_shape_guess guess;
};
#define WEFT_SLOTS_MAX (256u << 10) /* in all shapes; past it lists are stored inline */
#define WEFT_SIGHTED_STRINGS 32768u
#define WEFT_SIGHTED_SHAPES 8192u
#define WEFT_SIGHTED_KEYS 8192u

/* Everything that decides about admission; used again by the next writer, so its memory stays
 * warm. */
struct weft_interner {
    struct weft_interner *next_free;
    struct weft_key_state *keys; /* by key number */
    uint32_t key_capacity;
    /* By shape number: the shape that followed it under the same name; where its slots start. */
    struct weft_shape_state {
        uint32_t next, slots, count;
    } * shapes;
    uint32_t shape_capacity;
    struct weft_shape_slot *slots; /* the places of the shapes, one shape after the other */
    uint32_t slot_count, slot_capacity;
    struct weft_name_state *names;
    uint32_t name_count, name_capacity, names_seen, names_fresh;
    bool names_are_plain;
    struct weft_number_index by_name, by_shape, by_head, by_resource, by_scope;
    struct weft_key_state unnumbered_key, event_name, status_message, trace_state, plain_name;
    struct weft_name_state inline_name;
    struct weft_shape_guess event_guess, link_guess;
    struct weft_buf scratch; /* an encoded resource or scope */
    uint64_t string_bytes;   /* in the dictionary */
    /* Hashes of what was seen once; a later one in the same place forgets the earlier: bounded, and
     * wrong only towards
     * forgetting, or towards admitting at first sight. */
    uint32_t sighted_strings[WEFT_SIGHTED_STRINGS], sighted_shapes[WEFT_SIGHTED_SHAPES],
        sighted_keys[WEFT_SIGHTED_KEYS];
};
struct weft_interner *weft_interner_take(void);
void weft_interner_give(struct weft_interner *interner); /* NULL is fine */

struct weft_chunk_build {
    struct weft_chunk_build *next_free;
    struct weft_segment *segment;
    struct weft_segment_writer *writer;
    char *image; /* chunk header, records; at the commit the other sections behind them */
    size_t image_capacity;
    uint32_t *words;
    char *heap;
    size_t word_capacity, heap_capacity;
    size_t word_count, heap_bytes;
    uint32_t span_count;
    uint64_t start_min, start_max;
    struct weft_table_counts before, after;
    uint64_t encoded_before, table_bytes; /* of the D section */
    uint64_t memory_bytes;                /* of the tables, when taken */
    uint64_t offset;                      /* in the file, once taken */
    uint32_t number;
};
struct weft_chunk_build *weft_chunk_build_create(void); /* without memory for rows */
/* Memory that another build gave back, if there is any and `build` has none yet. */
void weft_chunk_build_adopt_memory(struct weft_chunk_build *build);
void weft_chunk_build_give(struct weft_chunk_build *build); /* NULL is fine */
void weft_chunk_build_reserve_image(struct weft_chunk_build *build, size_t bytes);
void weft_chunk_build_reserve_words(struct weft_chunk_build *build, size_t more);
void weft_chunk_build_reserve_heap(struct weft_chunk_build *build, size_t more);

struct weft_segment_writer {
    struct weft_segment *segment;
    struct weft_segment_tables *tables; /* of the segment */
    struct weft_segment_limits limits;
    struct weft_interner *interner;
    struct weft_chunk_build *pending, *out, *spare;
    uint64_t next_offset;
    uint32_t next_chunk, taken_spans;
    /* The scope of the span before, and its number. */
    const struct weft_scope *last_scope;
    const struct weft_resource *last_resource;
    uint32_t last_pair, last_resource_number;
};

/* row_append.c: one more row in the pending chunk. False when a table that has no inline form is
 * full (*err says which). */
bool weft_row_append(struct weft_segment_writer *writer, const struct weft_span *span,
                     struct weft_err *err);
/* intern.c */
uint32_t weft_intern_key(struct weft_segment_writer *writer, const char *key, uint32_t len);
uint32_t weft_intern_string_missed(struct weft_segment_writer *writer, struct weft_key_state *key,
                                   uint32_t hash, const char *ptr, uint32_t len);
uint32_t weft_intern_shape(struct weft_segment_writer *writer,
                           const struct weft_attributes *attributes);
struct weft_name_state *weft_intern_name(struct weft_segment_writer *writer, struct weft_str name);
uint32_t weft_intern_head(struct weft_segment_writer *writer, uint32_t pair, uint32_t name,
                          uint8_t kind);
uint32_t weft_intern_scope(struct weft_segment_writer *writer, const struct weft_scope *scope,
                           struct weft_err *err);
/* Forget what was added to the tables since the mark. */
void weft_intern_cut(struct weft_segment_writer *writer, const struct weft_tables_mark *mark,
                     uint32_t name_count);

/* trace_index.c: sorted (40-bit prefix, 24-bit row) of `count` records; `scratch` has room for as
 * many. */
void weft_trace_index_build(uint64_t *index, uint64_t *scratch, const uint8_t *records,
                            uint32_t count);
static inline uint64_t weft_trace_index_prefix(const uint8_t *trace_id)
{
    return weft_load_u64_be(trace_id) >> 24 << 24;
}

/* segment_open.c: do the sections follow each other and fill the chunk; its sections as a view. */
bool weft_chunk_places_fit(const struct weft_chunk_header *header);
struct weft_chunk_view weft_chunk_view_at(const struct weft_chunk_header *header,
                                          const uint8_t *chunk);

/* row_check.c: may readers believe every number and offset of the chunk? */
int weft_chunk_check_rows(const struct weft_chunk_view *chunk,
                          const struct weft_segment_tables *tables, struct weft_err *err);
/* Entries of the tables that a damaged chunk had and nobody knows any more (segment_salvage.c). */
struct weft_table_holes {
    struct {
        struct weft_table_counts from, to;
    } * items;
    uint32_t count;
};
bool weft_table_holes_have(const struct weft_table_holes *holes, enum weft_table table,
                           uint32_t number);
/* One row: may it be read, and is all that it refers to there? */
bool weft_row_check(const struct weft_chunk_view *chunk, const struct weft_segment_tables *tables,
                    const struct weft_table_holes *holes, uint32_t row);

#endif
