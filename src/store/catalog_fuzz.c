/* catalog_fuzz.c -- arbitrary bytes as CATALOG; with the right checksum, or the fuzzer would never
 * get behind it. */
#include "base/endian.h"
#include "base/hash.h"
#include "store/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_catalog catalog;
    struct weft_buf bytes = { 0 };

    weft_buf_append(&bytes, data, size);
    if (size >= 8) weft_store_u64(bytes.data + size - 8, weft_hash(bytes.data, size - 8));
    weft_catalog_init(&catalog);
    if (weft_catalog_decode(&catalog, weft_buf_str(&bytes), NULL) == 0) {
        for (uint32_t i = 0; i < catalog.block_count; i++)
            if (weft_catalog_find(&catalog, catalog.blocks[i].number) != &catalog.blocks[i])
                __builtin_trap();
    }
    weft_catalog_release(&catalog);
    weft_buf_release(&bytes);
    return 0;
}
