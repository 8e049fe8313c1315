/* block_mend.h -- for fuzzers: the checksums of a block's bytes made right, so that mutations reach the code behind them. */
#ifndef WEFT_STORE_BLOCK_MEND_H
#define WEFT_STORE_BLOCK_MEND_H
#include "base/hash.h"
#include "store/block_format.h"

static inline void weft_block_mend(uint8_t *b, size_t size)
{
    if (size < WEFT_BLOCK_HEADER_BYTES + WEFT_BLOCK_FOOTER_FIXED + WEFT_BLOCK_TRAILER_BYTES) return;
    uint8_t *t = b + size - WEFT_BLOCK_TRAILER_BYTES;
    uint64_t data = weft_load_u64(t), tail = weft_load_u64(t + 8),
             pages = (data + WEFT_BLOCK_PAGE_BYTES - 1) / WEFT_BLOCK_PAGE_BYTES;
    uint32_t footer_bytes = weft_load_u32(t + 16);
    if (data < WEFT_BLOCK_HEADER_BYTES || data > size || tail > size || data + 2 * tail != size ||
        footer_bytes < WEFT_BLOCK_FOOTER_FIXED ||
        tail != pages * 8 + footer_bytes + WEFT_BLOCK_TRAILER_BYTES)
        return;
    uint64_t sums = data + tail, footer = sums + pages * 8;
    for (uint64_t p = 0; p < pages; p++) {
        uint64_t from = p * WEFT_BLOCK_PAGE_BYTES,
                 len = data - from < WEFT_BLOCK_PAGE_BYTES ? data - from : WEFT_BLOCK_PAGE_BYTES;
        weft_store_u64(b + sums + p * 8,
                       weft_block_page_sum(b + from, len, weft_load_u64(b + footer), p));
    }
    weft_store_u64(t + 24, weft_hash(b + sums, footer - sums));
    weft_store_u64(t + 32, weft_hash(b + footer, footer_bytes + 32));
    weft_store_u64(t + 40, WEFT_BLOCK_MAGIC);
    memcpy(b + data, b + sums, tail);
}

#endif
