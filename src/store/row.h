/* row.h -- how a span lies in a segment: one record of 64 bytes and a run of 4-byte words.
 *
 * Shape      docs/format/segment.md has the bytes; this header is their only reader and writer of
 *            fields
 * Threads    committed rows never change
 * Ownership  views into the segment's mapping
 *
 * Record (64 bytes, little-endian)
 *    0 trace_id 16 | 16 span_id 8 | 24 parent_span_id 8 | 32 start u64 | 40 end - start, modulo
 *    2^64, u64
 *   48 head u32 | 52 shape u32 | 56 first word (index into the chunk's words) u32 | 60 flags u32
 *
 * Words of a row, in this order
 *   name                 if WEFT_ROW_NAME_INLINE: a value word (the head's name is then
 *   WEFT_NO_NAME)
 *   attributes           values in the order of the shape's keys; an inline list if shape has
 *   WEFT_SHAPE_INLINE set
 *   status message       if WEFT_ROW_STATUS_MESSAGE: a value word
 *   trace state          if WEFT_ROW_TRACE_STATE: a value word
 *   dropped counts       if WEFT_ROW_DROPPED: attributes, events, links
 *   events               if WEFT_ROW_EVENTS: count, then each: time (2 words), name (value word),
 *   dropped attributes,
 *                        attribute list
 *   links                if WEFT_ROW_LINKS: count, then each: trace id (4 words), span id (2
 *   words), flags,
 *                        trace state (value word), dropped attributes, attribute list
 *
 * Attribute list (events, links; the same thing as the record's shape field and the row's attribute
 * words)
 *   shape word: a shape number, or WEFT_SHAPE_INLINE | count; then the values.
 *   Inline: per attribute a key word, then its value. Key word: key number << 4 | type; or
 *   WEFT_WORD_HEAP | heap offset of the key's bytes, followed by one word with the type.
 *
 * Value by type
 *   string, bytes, array, kvlist   1 value word: string number, or WEFT_WORD_HEAP | offset into the
 *   chunk's heap
 *   int, double                    2 words, low half first
 *   bool                           1 word, 0 or 1
 *   empty                          none
 * Words of the rows follow each other without gaps, in the order of the records.
 * Heap entry: length u32, bytes, padded to 4. Strings are numbered per segment by value alone,
 * whatever their type.
 */
#ifndef WEFT_STORE_ROW_H
#define WEFT_STORE_ROW_H
#include "base/endian.h"
#include "model/span.h"

#define WEFT_RECORD_BYTES 64
#define WEFT_SHAPE_INLINE 0x80000000u
#define WEFT_WORD_HEAP 0x80000000u
#define WEFT_NO_NAME 0x7fffffffu

#define WEFT_ROW_STATUS_MASK 0x3u
#define WEFT_ROW_SPAN_FLAGS_SHIFT 2 /* 10 bits: weft_span.flags */
#define WEFT_ROW_NAME_INLINE 0x1000u
#define WEFT_ROW_STATUS_MESSAGE 0x2000u
#define WEFT_ROW_TRACE_STATE 0x4000u
#define WEFT_ROW_DROPPED 0x8000u
#define WEFT_ROW_EVENTS 0x10000u
#define WEFT_ROW_LINKS 0x20000u

static inline uint64_t weft_record_start(const uint8_t *r)
{
    return weft_load_u64(r + 32);
}
static inline uint64_t weft_record_end(const uint8_t *r)
{
    return weft_load_u64(r + 32) + weft_load_u64(r + 40);
}
static inline uint64_t weft_record_duration_ns(const uint8_t *r) /* as weft_span_duration_ns() */
{
    uint64_t start = weft_record_start(r), end = weft_record_end(r);
    return end > start ? end - start : 0;
}
static inline uint32_t weft_record_head(const uint8_t *r)
{
    return weft_load_u32(r + 48);
}
static inline uint32_t weft_record_shape(const uint8_t *r)
{
    return weft_load_u32(r + 52);
}
static inline uint32_t weft_record_words(const uint8_t *r)
{
    return weft_load_u32(r + 56);
}
static inline uint32_t weft_record_flags(const uint8_t *r)
{
    return weft_load_u32(r + 60);
}

/* Words of a value of that type (table above). */
static inline uint32_t weft_value_word_count(uint32_t type)
{
    return (0x11122110u >> (4 * (type & 7))) &
           15; /* a nibble a type: EMPTY 0, STRING 1, BOOL 1, INT 2, DOUBLE 2, ... */
}

#endif
