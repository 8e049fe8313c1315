/* codec_plain.h -- byte strings that a dictionary would not help: pages of 16 KiB, zstd where that
 * is smaller.
 *
 * Shape      docs/format/block.md, "Runs", encoding 3: page directory, then pages; per page all
 *            lengths (varints), then all bytes
 * Errors     opening and reading answer WEFT_CORRUPT with what does not fit; the caller says where
 * Threads    a reader holds some pages and belongs to one thread
 * Ownership  strings read point into the reader's page: they live until another is read
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

/* One page, inflated. A page that is stored as it is has its values where the column lies. */
struct weft_plain_page {
    const uint8_t *column; /* it is of; NULL: none held */
    uint32_t first, end;   /* its values */
    uint32_t capacity;
    struct weft_str *values;
    struct weft_buf raw;
};
/* Rows are read across the columns of a group, so each column's page stays while the others are asked. */
#define WEFT_PLAIN_PAGES_HELD 16u
struct weft_plain_reader {
    ZSTD_DCtx *zstd;
    struct weft_buf raw; /* of weft_plain_equal(), which keeps no page */
    struct weft_plain_page pages[WEFT_PLAIN_PAGES_HELD];
    uint32_t last, next; /* the page asked last; the one that gives way */
};
/* A zeroed struct is a valid reader. */
void weft_plain_reader_release(struct weft_plain_reader *reader);
int weft_plain_get(struct weft_plain_reader *reader, const struct weft_plain *column,
                   uint32_t index, struct weft_str *out, struct weft_err *err);
/* Call `found` with the index of each value that is `wanted`, rising. Pages in which its bytes do not
 * occur are not taken apart. */
int weft_plain_equal(struct weft_plain_reader *reader, const struct weft_plain *column,
                     struct weft_str wanted, void (*found)(void *arg, uint32_t index), void *arg,
                     struct weft_err *err);

#endif
