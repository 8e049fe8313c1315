/* block_tail.c -- the end of a block: sums, footer and trailer, which stand there twice; which copy to believe. */
#include "store/block_internal.h"
#include <inttypes.h>

/* Behind the last trailer's place the first one is looked for by its magic word: so far back at most, besides the sums. */
enum { FOOTER_BYTES_MAX = 8 << 20 };

static int corrupt(const struct weft_block *b, struct weft_err *err, const char *what)
{
    return weft_fail(err, WEFT_CORRUPT, "block %s: %s", b->path, what);
}

static uint64_t page_count(uint64_t data_bytes)
{
    return (data_bytes + WEFT_BLOCK_PAGE_BYTES - 1) / WEFT_BLOCK_PAGE_BYTES;
}

/* NULL, or why the trailer at `at` cannot be believed. */
static const char *trailer_fault(const struct weft_block *b, uint64_t at)
{
    const uint8_t *t = b->map + at;
    uint64_t data = weft_load_u64(t), tail = weft_load_u64(t + 8),
             end = at + WEFT_BLOCK_TRAILER_BYTES;
    uint32_t footer = weft_load_u32(t + 16);

    if (weft_load_u64(t + 40) != WEFT_BLOCK_MAGIC)
        return "no block trailer at the end; it was cut off or is no block";
    if (weft_load_u32(t + 20) != WEFT_BLOCK_FORMAT_VERSION) return "trailer: unknown version";
    if (data < WEFT_BLOCK_HEADER_BYTES || data > b->file_bytes || tail > b->file_bytes ||
        data + 2 * tail != b->file_bytes || (end != data + tail && end != b->file_bytes) ||
        footer < WEFT_BLOCK_FOOTER_FIXED ||
        tail != page_count(data) * 8 + footer + WEFT_BLOCK_TRAILER_BYTES)
        return "trailer: offsets do not fit the file";
    if (weft_hash(t - footer, footer + UINT64_C(32)) != weft_load_u64(t + 32))
        return "checksum of the footer does not fit";
    return NULL;
}

/* Offset of the first copy's trailer, or 0. What the last one says cannot be used to find it. */
static uint64_t first_trailer(const struct weft_block *b)
{
    uint64_t last = b->file_bytes - WEFT_BLOCK_TRAILER_BYTES,
             reach = page_count(b->file_bytes) * 8 + FOOTER_BYTES_MAX;

    for (uint64_t back = 8; back <= reach && last - back > WEFT_BLOCK_HEADER_BYTES; back += 8)
        if (weft_load_u64(b->map + last - back + 40) == WEFT_BLOCK_MAGIC &&
            trailer_fault(b, last - back) == NULL)
            return last - back;
    return 0;
}

static bool sums_take(struct weft_block *b, uint64_t at, uint64_t sum)
{
    if (weft_hash(b->map + at, b->page_count * 8) != sum) return false;
    b->sums = b->map + at;
    return true;
}

int weft_block_tail_find(struct weft_block *b, struct weft_err *err)
{
    if (b->file_bytes <
        WEFT_BLOCK_HEADER_BYTES + 2 * (WEFT_BLOCK_FOOTER_FIXED + WEFT_BLOCK_TRAILER_BYTES))
        return corrupt(b, err, "too short for a block; it was cut off or never finished");
    uint64_t at = b->file_bytes - WEFT_BLOCK_TRAILER_BYTES;
    const char *fault = trailer_fault(b, at);
    if (fault != NULL) {
        uint32_t version = weft_load_u32(b->map + at + 20);
        bool is_trailer = weft_load_u64(b->map + at + 40) == WEFT_BLOCK_MAGIC;
        at = first_trailer(b);
        if (at == 0 && is_trailer && version > WEFT_BLOCK_FORMAT_VERSION)
            return weft_fail(err, WEFT_UNSUPPORTED,
                             "block %s was written by a newer weft: format %u, this one reads %u",
                             b->path, version, WEFT_BLOCK_FORMAT_VERSION);
        if (at == 0) return corrupt(b, err, fault);
    }
    const uint8_t *t = b->map + at;
    b->data_bytes = weft_load_u64(t);
    b->tail_bytes = weft_load_u64(t + 8);
    b->footer_bytes = weft_load_u32(t + 16);
    b->footer = t - b->footer_bytes;
    b->page_count = page_count(b->data_bytes);
    if (!sums_take(b, b->data_bytes + b->tail_bytes, weft_load_u64(t + 24)) &&
        !sums_take(b, b->data_bytes, weft_load_u64(t + 24)))
        return corrupt(b, err, "neither copy of the page checksums has the right checksum");
    return WEFT_OK;
}

int weft_block_tail_check(const struct weft_block *b, struct weft_err *err)
{
    uint8_t header[WEFT_BLOCK_HEADER_BYTES];
    const uint8_t *first = b->map + b->data_bytes, *last = first + b->tail_bytes;

    weft_block_header_make(header, b->info.number, b->info.created_unix_ns);
    for (uint64_t i = 0; i < sizeof header; i++)
        if (b->map[i] != header[i])
            return weft_fail(err, WEFT_CORRUPT,
                             "block %s: header: byte %" PRIu64
                             " is %u, and from what the footer says it was %u; no span is lost",
                             b->path, i, b->map[i], header[i]);
    for (uint64_t i = 0; i < b->tail_bytes; i++)
        if (first[i] != last[i])
            return weft_fail(
                err, WEFT_CORRUPT,
                "block %s: its checksums and footer stand there twice, and the bytes at "
                "offsets %" PRIu64 " and %" PRIu64
                " differ; the copy whose checksum fits is used, no span is lost",
                b->path, b->data_bytes + i, b->data_bytes + b->tail_bytes + i);
    return WEFT_OK;
}
