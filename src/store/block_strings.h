/* block_strings.h -- the dictionary of a block: strings sorted by bytes, numbered by rank,
 * front-coded in zstd pages.
 *
 * Shape      docs/format/block.md, sections 1 and 2
 * Threads    the open table is immutable; a reader (with its page cache) belongs to one thread
 * Ownership  strings read live in the reader until that cache slot is replaced: copy what is kept
 */
#ifndef WEFT_STORE_BLOCK_STRINGS_H
#define WEFT_STORE_BLOCK_STRINGS_H
#include "store/block_writer.h"
#include <zstd.h>

struct weft_strings_writer {
    struct weft_block_writer *file;
    ZSTD_CCtx *zstd;
    int level;
    uint64_t section_offset;
    uint32_t count, page_count, page_first;
    struct weft_buf raw, index, firsts, last, packed;
};
void weft_strings_writer_init(struct weft_strings_writer *w, struct weft_block_writer *file,
                              ZSTD_CCtx *zstd, int level);
/* Strings come in strictly rising order; the number is the count before. */
int weft_strings_writer_add(struct weft_strings_writer *w, struct weft_str s, struct weft_err *err);
/* Close the section of pages. The index section is written by weft_strings_writer_index(), after
 * the row groups. */
int weft_strings_writer_finish(struct weft_strings_writer *w, struct weft_err *err);
int weft_strings_writer_index(struct weft_strings_writer *w, struct weft_err *err);
void weft_strings_writer_release(struct weft_strings_writer *w);

struct weft_block;
struct weft_strings {         /* open table */
    struct weft_block *block; /* whose pages are checked before they are read */
    const uint8_t *index, *firsts;
    uint64_t pages_offset, pages_bytes;
    uint32_t count, page_count, firsts_bytes;
};
int weft_strings_open(struct weft_strings *out, struct weft_block *block, uint64_t pages_offset,
                      uint64_t pages_bytes, const uint8_t *index, size_t index_bytes,
                      struct weft_err *err);

#define WEFT_STRINGS_CACHE 32u
struct weft_strings_page {
    uint32_t page; /* + 1; 0: empty */
    uint32_t first, count, capacity;
    struct weft_str *strings;
    struct weft_buf bytes;
};
struct weft_strings_reader {
    const struct weft_strings *table;
    ZSTD_DCtx *zstd;
    struct weft_buf raw;
    struct weft_strings_page pages[WEFT_STRINGS_CACHE];
};
void weft_strings_reader_init(struct weft_strings_reader *r, const struct weft_strings *table);
void weft_strings_reader_release(struct weft_strings_reader *r);
int weft_strings_get(struct weft_strings_reader *r, uint32_t number, struct weft_str *out,
                     struct weft_err *err);
/* Number of the first string not before `s`; *found: it is `s` itself. */
int weft_strings_lower(struct weft_strings_reader *r, struct weft_str s, uint32_t *number,
                       bool *found, struct weft_err *err);

#endif
