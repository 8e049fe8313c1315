/* segment_tables.h -- what the rows of a segment refer to by number: strings, keys, resources,
 * scopes, shapes, heads.
 *
 * Shape      tables that only grow; each chunk carries what was new in its D section
 * Errors     adding returns WEFT_NONE when a table is full; decoding says what is wrong
 * Threads    one appending thread; readers of entries below published counts
 * Ownership  tables own copies of everything
 *
 * Bounds     256 Ki strings and keys, 64 Ki shapes and heads, 16 Ki resources and scopes: what the
 *            pages' directories hold. The writer keeps below them by its limits; a file beyond them
 *            is refused
 *
 * D section: the new strings, keys, resources, scopes, shapes, heads in this order; how many is in
 * the chunk's header.
 *   string, key        length u32, bytes
 *   resource, scope    length u32, OTLP message (weft_otlp_encode_resource, _scope)
 *   shape              key count u32, then key number << 4 | type, u32 each
 *   head               resource u32, scope u32, name u32 (string number or WEFT_NO_NAME), kind u32
 */
#ifndef WEFT_STORE_SEGMENT_TABLES_H
#define WEFT_STORE_SEGMENT_TABLES_H
#include "base/arena.h"
#include "base/buf.h"
#include "store/dictionary.h"
#include "store/segment.h"
#include "store/segment_format.h"

#define WEFT_SHAPE_PAGE_SHIFT 8u
#define WEFT_SHAPE_KEYS_MAX 256u /* longer lists are stored inline */

struct weft_table_resource {
    struct weft_resource decoded;
    struct weft_str encoded;
};
struct weft_table_scope {
    struct weft_scope decoded;
    struct weft_str encoded;
};
/* `scope` is the scope with its resource filled in: one copy for each pair of the two. */
struct weft_table_head {
    struct weft_head_view view;
    const struct weft_scope *scope;
};

struct weft_segment_tables {
    struct weft_dictionary strings, keys;
    struct weft_pages resources, scopes, shapes, heads;
    struct weft_region region; /* encoded forms, shapes' keys, scope copies */
    struct weft_arena decoded; /* what the OTLP decoder makes */
    uint32_t resource_count, scope_count, shape_count, head_count; /* the appender's */
    uint64_t encoded_bytes; /* of all entries in D sections, to know what fits */
    /* (resource, scope) pairs seen: the number finds the copy; the appender's. */
    struct weft_number_index pairs;
    struct weft_table_pair {
        uint32_t resource, scope;
        const struct weft_scope *copy;
    } * pair;
    uint32_t pair_count, pair_capacity;
};

void weft_segment_tables_init(struct weft_segment_tables *tables);
void weft_segment_tables_release(struct weft_segment_tables *tables);
struct weft_table_counts weft_segment_tables_counts(const struct weft_segment_tables *tables);
size_t weft_segment_tables_bytes(const struct weft_segment_tables *tables);
/* Take back what was added since the mark; none of it was published. */
struct weft_tables_mark {
    struct weft_table_counts counts;
    uint32_t pair_count;
    uint64_t encoded_bytes;
};
struct weft_tables_mark weft_segment_tables_mark(const struct weft_segment_tables *tables);
void weft_segment_tables_cut(struct weft_segment_tables *tables,
                             const struct weft_tables_mark *mark);

uint32_t weft_segment_tables_add_string(struct weft_segment_tables *tables, uint32_t hash,
                                        struct weft_str s);
uint32_t weft_segment_tables_add_key(struct weft_segment_tables *tables, uint32_t hash,
                                     struct weft_str key);
/* WEFT_NONE with *err filled when the bytes do not decode, or the table is full. */
uint32_t weft_segment_tables_add_resource(struct weft_segment_tables *tables,
                                          struct weft_str encoded, struct weft_err *err);
uint32_t weft_segment_tables_add_scope(struct weft_segment_tables *tables, struct weft_str encoded,
                                       struct weft_err *err);
uint32_t weft_segment_tables_add_shape(struct weft_segment_tables *tables, const uint32_t *keys,
                                       uint32_t count);
uint32_t weft_segment_tables_pair(struct weft_segment_tables *tables, uint32_t resource,
                                  uint32_t scope);
uint32_t weft_segment_tables_add_head(struct weft_segment_tables *tables, uint32_t pair,
                                      uint32_t name, uint8_t kind);

static inline const struct weft_shape_view *weft_segment_tables_shape(
    const struct weft_segment_tables *tables, uint32_t n)
{
    const struct weft_shape_view *page =
        (const void *)tables->shapes.pages[n >> WEFT_SHAPE_PAGE_SHIFT];
    return &page[n & ((1u << WEFT_SHAPE_PAGE_SHIFT) -
                      1)]; /* weft_pages_at(), with its size and shift known */
}
static inline const struct weft_table_head *weft_segment_tables_head(
    const struct weft_segment_tables *tables, uint32_t n)
{
    return weft_pages_at(&tables->heads, n);
}
static inline const struct weft_table_resource *weft_segment_tables_resource(
    const struct weft_segment_tables *tables, uint32_t n)
{
    return weft_pages_at(&tables->resources, n);
}
static inline const struct weft_table_scope *weft_segment_tables_scope(
    const struct weft_segment_tables *tables, uint32_t n)
{
    return weft_pages_at(&tables->scopes, n);
}

/* D section: entries `from` .. `to` of every table; as long as encoded_bytes grew between the
 * two. */
void weft_segment_tables_encode(const struct weft_segment_tables *tables,
                                const struct weft_table_counts *from,
                                const struct weft_table_counts *to, uint8_t *out);
/* Add what a D section holds: the tables go from their present counts to `to`, or *err says why
 * not. */
int weft_segment_tables_decode(struct weft_segment_tables *tables,
                               const struct weft_table_counts *to, struct weft_str bytes,
                               struct weft_err *err);

#endif
