/* block_mend.h -- for fuzzers: the checksums of a block's bytes made right, so that mutations reach the code behind them. */
#ifndef WEFT_STORE_BLOCK_MEND_H
#define WEFT_STORE_BLOCK_MEND_H
#include "base/hash.h"
#include "store/block_format.h"

static inline void weft_block_mend(uint8_t *b, size_t size)
{
    if (size < WEFT_BLOCK_HEADER_BYTES + WEFT_BLOCK_FOOTER_FIXED + WEFT_BLOCK_TRAILER_BYTES) return;
    uint8_t *t = b + size - WEFT_BLOCK_TRAILER_BYTES;
    uint64_t sums = weft_load_u64(t), footer = weft_load_u64(t + 8),
             end = size - WEFT_BLOCK_TRAILER_BYTES;
    uint32_t footer_bytes = weft_load_u32(t + 16);
    if (sums > footer || footer > end || end - footer != footer_bytes ||
        footer_bytes < WEFT_BLOCK_FOOTER_FIXED)
        return;
    uint64_t pages = (sums + WEFT_BLOCK_PAGE_BYTES - 1) / WEFT_BLOCK_PAGE_BYTES;
    if ((footer - sums) / 8 != pages) return;
    for (uint64_t p = 0; p < pages; p++) {
        uint64_t from = p * WEFT_BLOCK_PAGE_BYTES,
                 len = sums - from < WEFT_BLOCK_PAGE_BYTES ? sums - from : WEFT_BLOCK_PAGE_BYTES;
        weft_store_u64(
            b + sums + p * 8,
            weft_hash_seeded(b + from, len, weft_block_page_seed(weft_load_u64(b + footer), p)));
    }
    weft_store_u64(t + 24, weft_hash(b + sums, footer - sums));
    weft_store_u64(t + 32, weft_hash(b + footer, footer_bytes + 32));
    weft_store_u64(t + 40, WEFT_BLOCK_MAGIC);
}

#endif
