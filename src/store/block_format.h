/* block_format.h -- the numbers of the block file: magic words, kinds, sizes
 * (docs/format/block.md). */
#ifndef WEFT_STORE_BLOCK_FORMAT_H
#define WEFT_STORE_BLOCK_FORMAT_H
#include "base/endian.h"
#include "base/hash.h"
#include <string.h>

#define WEFT_BLOCK_MAGIC UINT64_C(0x016b6c6274666577) /* "weftblk\1" */
#define WEFT_BLOCK_FORMAT_VERSION 1u
#define WEFT_BLOCK_PAGE_BYTES 16384u
#define WEFT_BLOCK_HEADER_BYTES 64u
#define WEFT_BLOCK_TRAILER_BYTES 48u
#define WEFT_BLOCK_FOOTER_FIXED 128u
#define WEFT_BLOCK_SECTION_BYTES 24u
#define WEFT_BLOCK_SECTION_REQUIRED 1u

/* A page's checksum. Its seed: a page that strayed from another file or place does not fit. Page 0 goes without the header,
 * which says nothing that the footer does not say: damage there must not cost the strings behind it. */
static inline uint64_t weft_block_page_sum(const void *bytes, uint64_t len, uint64_t number,
                                           uint64_t page)
{
    uint64_t skipped = page == 0 ? WEFT_BLOCK_HEADER_BYTES : 0;
    return weft_hash_seeded((const uint8_t *)bytes + skipped, len - skipped,
                            number * UINT64_C(0x9e3779b97f4a7c15) + page);
}

static inline void weft_block_header_make(uint8_t out[static WEFT_BLOCK_HEADER_BYTES],
                                          uint64_t number, uint64_t created_unix_ns)
{
    memset(out, 0, WEFT_BLOCK_HEADER_BYTES);
    weft_store_u64(out, WEFT_BLOCK_MAGIC);
    weft_store_u32(out + 8, WEFT_BLOCK_FORMAT_VERSION);
    weft_store_u32(out + 12, WEFT_BLOCK_PAGE_BYTES);
    weft_store_u64(out + 16, number);
    weft_store_u64(out + 24, created_unix_ns);
}

enum weft_block_section {
    WEFT_BLOCK_STRING_PAGES = 1,
    WEFT_BLOCK_STRING_INDEX,
    WEFT_BLOCK_KEYS,
    WEFT_BLOCK_HEADS,
    WEFT_BLOCK_RESOURCES,
    WEFT_BLOCK_SCOPES,
    WEFT_BLOCK_ROW_GROUPS,
    WEFT_BLOCK_MASKS, /* the first that a block need not have */
    WEFT_BLOCK_BLOBS,
    WEFT_BLOCK_SECTION_LIMIT,
};
#define WEFT_MASK_ENTRY_BYTES 24u
#define WEFT_HEAD_ENTRY_BYTES 32u
#define WEFT_ROWS_ENTRY_BYTES 96u
#define WEFT_BLOB_PREVIEW_BYTES 256u
#define WEFT_BLOB_ENTRY_BYTES (32u + WEFT_BLOB_PREVIEW_BYTES)
#define WEFT_BLOB_BYTES_MIN 4096u /* shorter ones are in the dictionary or spelt out */
#define WEFT_BLOB_BYTES_DEFAULT 16384u
#define WEFT_BLOB_BYTES_MAX (256u << 20)
#define WEFT_STRING_PAGE_BYTES 16384u /* raw */
#define WEFT_STRING_INDEX_BYTES 28u   /* an entry of the string index */

/* Row groups. */
#define WEFT_ROWS_MAGIC 0x31475257u /* "WRG1" */
#define WEFT_ROWS_MAX 65536u
#define WEFT_RANK_ROWS 2048u      /* rows between two rank checkpoints */
#define WEFT_TRACE_RANK_ROWS 128u /* traces between two */
enum weft_rows_section {
    WEFT_ROWS_TRACE_PREFIX = 1,
    WEFT_ROWS_TRACE_REST,
    WEFT_ROWS_TRACE_SPANS,
    WEFT_ROWS_TRACE_RANK,
    WEFT_ROWS_TRACE_START,
    WEFT_ROWS_TRACE_EXCESS,
    WEFT_ROWS_TRACE_ERRORS,
    WEFT_ROWS_SPAN_ID,
    WEFT_ROWS_DEPTH,
    WEFT_ROWS_GROUP,
    WEFT_ROWS_STATUS,
    WEFT_ROWS_PARENTS,
    WEFT_ROWS_GROUPS,
    WEFT_ROWS_RANKS,
    WEFT_ROWS_MAPS,
    WEFT_ROWS_RUN_KEYS,
    WEFT_ROWS_RUNS,
    WEFT_ROWS_LOCAL_KEYS,
    WEFT_ROWS_DATA,
    WEFT_ROWS_REST_KEYS, /* the first that a row group need not have */
    WEFT_ROWS_SECTION_LIMIT,
};
#define WEFT_ROWS_HEADER_BYTES(sections) (8u + 12u * (sections))
#define WEFT_GROUP_ENTRY_BYTES 32u
#define WEFT_RUN_ENTRY_BYTES 16u
#define WEFT_RUN_COLUMNS UINT32_MAX /* instead of the first offset: columns follow, one a field */
#define WEFT_RUN_COLUMNS_MAX 65536u /* runs; more have entries */
enum weft_run_field {
    WEFT_RUN_FIELD_OFFSET,
    WEFT_RUN_FIELD_BASE,
    WEFT_RUN_FIELD_RANGE,
    WEFT_RUN_FIELD_GROUP,
    WEFT_RUN_FIELD_ENCODING,
    WEFT_RUN_FIELD_BITS,
    WEFT_RUN_FIELDS,
};
#define WEFT_GROUP_POOL 1u
#define WEFT_REST_KEYS_BITMAP 1u
#define WEFT_REST_KEYS_LIST 2u

/* Key codes: key number << 3 | value type. */
enum weft_pseudo_key {
    WEFT_PSEUDO_NAME,
    WEFT_PSEUDO_STATUS_MESSAGE,
    WEFT_PSEUDO_TRACE_STATE,
    WEFT_PSEUDO_FLAGS,
    WEFT_PSEUDO_DROPPED_ATTRIBUTES,
    WEFT_PSEUDO_DROPPED_EVENTS,
    WEFT_PSEUDO_DROPPED_LINKS,
    WEFT_PSEUDO_END,
    WEFT_PSEUDO_EVENTS,
    WEFT_PSEUDO_LINKS,
    WEFT_PSEUDO_ORDER,
    WEFT_PSEUDO_REST, /* attributes of rare keys (block_rest.h) */
    WEFT_PSEUDO_COUNT,
    WEFT_PSEUDO_KEYS = 16,
};
/* Type of a pseudo key's values, as enum weft_value_type: string 1, int 3, bytes 7. */
static inline uint32_t weft_pseudo_type(uint32_t pseudo)
{
    static const uint8_t types[WEFT_PSEUDO_COUNT] = { 1, 1, 1, 3, 3, 3, 3, 3, 7, 7, 7, 7 };
    return types[pseudo];
}
static inline uint32_t weft_key_code(uint32_t key, uint32_t type)
{
    return (key + WEFT_PSEUDO_KEYS) << 3 | type;
}

enum weft_run_encoding {
    WEFT_RUN_CONSTANT,
    WEFT_RUN_PACKED,
    WEFT_RUN_DICTIONARY,
    WEFT_RUN_PLAIN,
    WEFT_RUN_UUID,
    WEFT_RUN_DECIMAL,
    WEFT_RUN_MIXED,
    WEFT_RUN_FUNCTION,
    WEFT_RUN_ENCODINGS,
};
enum weft_run_presence { WEFT_PRESENCE_ALL, WEFT_PRESENCE_BITMAP, WEFT_PRESENCE_LIST };

#endif
