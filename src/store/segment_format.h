/* segment_format.h -- the bytes of a segment file's headers (docs/format/segment.md), and nothing
 * that interprets rows.
 *
 * Errors     WEFT_CORRUPT with what was found and what was expected
 * Threads    pure functions
 *
 * File header: 4 KiB. The first 512 bytes say what file this is and never change while it has that
 * number; the seal mark has its own sector and checksum, so that a torn write of it costs nothing
 * but the mark.
 */
#ifndef WEFT_STORE_SEGMENT_FORMAT_H
#define WEFT_STORE_SEGMENT_FORMAT_H
#include "base/endian.h"
#include "base/err.h"
#include "base/str.h"

#define WEFT_SEGMENT_PAGE 4096u
#define WEFT_SEGMENT_VERSION 1u
#define WEFT_SEGMENT_SEAL_OFFSET 512u
#define WEFT_CHUNK_HEADER_BYTES 256u
#define WEFT_CHUNK_BODY_OFFSET WEFT_CHUNK_HEADER_BYTES
#define WEFT_SEGMENT_CHUNKS_MAX 65536u

struct weft_segment_file_header {
    uint64_t number;
    uint64_t created_unix_ns;
    uint32_t writer;
    uint64_t checksum; /* of these bytes; the first chunk is chained to it */
};
struct weft_segment_seal_mark {
    uint64_t number;
    uint64_t end_offset; /* where the next chunk would be */
    uint32_t chunk_count;
    uint64_t last_header_checksum;
};

/* Entries in each of the segment's tables, in the order of the D section. */
enum weft_table {
    WEFT_TABLE_STRINGS,
    WEFT_TABLE_KEYS,
    WEFT_TABLE_RESOURCES,
    WEFT_TABLE_SCOPES,
    WEFT_TABLE_SHAPES,
    WEFT_TABLE_HEADS,
    WEFT_TABLE_COUNT
};
struct weft_table_counts {
    uint32_t of[WEFT_TABLE_COUNT];
};

enum weft_section {
    WEFT_SECTION_RECORDS,
    WEFT_SECTION_TRACE_INDEX,
    WEFT_SECTION_WORDS,
    WEFT_SECTION_HEAP,
    WEFT_SECTION_TABLES,
    WEFT_SECTION_COUNT
};
struct weft_section_place {
    uint32_t offset; /* from the chunk's start */
    uint32_t bytes;
    uint64_t checksum;
};
struct weft_chunk_header {
    uint64_t segment_number;
    uint32_t chunk_number;
    uint32_t span_count;
    uint64_t chunk_bytes; /* multiple of 4 KiB, header included */
    uint64_t start_min, start_max;
    struct weft_table_counts before, after;
    uint64_t previous_checksum;
    struct weft_section_place sections[WEFT_SECTION_COUNT];
    uint64_t checksum; /* of the header */
};

/* `out` is a whole page, zeroed beyond the fields. Fills header->checksum. */
void weft_segment_file_header_encode(uint8_t out[static WEFT_SEGMENT_PAGE],
                                     struct weft_segment_file_header *header);
int weft_segment_file_header_decode(struct weft_segment_file_header *out, const uint8_t *bytes,
                                    const char *path, struct weft_err *err);
void weft_segment_seal_mark_encode(uint8_t *sector, const struct weft_segment_seal_mark *mark);
/* False when there is none, or not of this number. */
bool weft_segment_seal_mark_decode(struct weft_segment_seal_mark *out, const uint8_t *sector,
                                   uint64_t number);

/* Fills header->checksum. */
void weft_chunk_header_encode(uint8_t out[static WEFT_CHUNK_HEADER_BYTES],
                              struct weft_chunk_header *header);
/* False when these bytes are no chunk header, or damaged. Says nothing about the numbers in it. */
bool weft_chunk_header_decode(struct weft_chunk_header *out, const uint8_t *bytes);

static inline uint64_t weft_segment_page_up(uint64_t bytes)
{
    return (bytes + WEFT_SEGMENT_PAGE - 1) & ~(uint64_t)(WEFT_SEGMENT_PAGE - 1);
}

#endif
