/* codec_plain.h -- byte strings that a dictionary would not help: pages of 16 KiB, zstd where that
 * is smaller.
 *
 * Shape      docs/format/block.md, "Runs", encoding 3: page directory, then pages; per page all
 *            lengths (varints), then all bytes
 * Errors     opening and reading answer WEFT_CORRUPT with what does not fit; the caller says where
 * Threads    a reader holds one page and belongs to one thread
 * Ownership  strings read point into the reader's page: they live until another page is read
 */
#ifndef WEFT_STORE_CODEC_PLAIN_H
#define WEFT_STORE_CODEC_PLAIN_H
#include "base/err.h"
#include "store/codec_bits.h"
#include <zstd.h>

#define WEFT_PLAIN_PAGE_BYTES 16384u
#define WEFT_PLAIN_VALUE_BYTES_MAX (256u << 20)

void weft_plain_encode(struct weft_buf *out, const struct weft_str *values, uint32_t count,
                       int level, ZSTD_CCtx *zstd);

struct weft_plain {
    const uint8_t *bytes;
    size_t len;
    uint32_t count, pages;
};
/* Check the directory: pages in order, inside `len`. */
int weft_plain_open(struct weft_plain *out, const uint8_t *bytes, size_t len, uint32_t count,
                    size_t *used, struct weft_err *err);

struct weft_plain_reader {
    ZSTD_DCtx *zstd;
    struct weft_buf raw;
    struct weft_str *values; /* of the page held */
    uint32_t value_capacity;
    const uint8_t *held;       /* the column and page held; NULL: none */
    uint32_t page, first, end; /* its values */
    uint64_t stored_bytes;     /* read so far, for statistics */
};
/* A zeroed struct is a valid reader. */
void weft_plain_reader_release(struct weft_plain_reader *reader);
int weft_plain_get(struct weft_plain_reader *reader, const struct weft_plain *column,
                   uint32_t index, struct weft_str *out, struct weft_err *err);

#endif
