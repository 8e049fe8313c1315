/* segment_memory.h -- memory of segments, used again from one segment to the next.
 *
 * Shape      a pool of power-of-two blocks for the process; a region that allocates from it; tables
 *            of pages that never move
 * Threads    the pool: any. A region and a table of pages: one writer; readers of entries published
 *            to them
 * Ownership  what a region or table took goes back to the pool at release
 *
 * Why a pool: memory fresh from the system costs 55-85 ns a span in page faults, as much as all
 * other work on the row (measured: store.md decision 8). The pool keeps at most
 * WEFT_POOL_BYTES_MAX; the rest goes back to the system.
 */
#ifndef WEFT_STORE_SEGMENT_MEMORY_H
#define WEFT_STORE_SEGMENT_MEMORY_H
#include "base/str.h"
#include <stddef.h>
#include <stdint.h>

#define WEFT_POOL_BYTES_MAX (24u << 20)

/* Uninitialised; *bytes is raised to what is really there and must be given back so. */
void *weft_pool_take(size_t *bytes);
void weft_pool_give(void *memory, size_t bytes); /* NULL is fine */

/* Bump allocation, 8-byte aligned; everything goes at release. A zeroed one is valid. */
struct weft_region_block;
struct weft_region {
    struct weft_region_block *blocks;
    char *next, *limit;
    size_t total_bytes;
};
void *weft_region_alloc(struct weft_region *region, size_t size);
struct weft_str weft_region_copy(struct weft_region *region, struct weft_str s);
void weft_region_release(struct weft_region *region);

/* Entries of one size by number, in pages: entries never move, so readers of published numbers need
 * no lock. */
#define WEFT_PAGES_MAX 256u
struct weft_pages {
    char *pages[WEFT_PAGES_MAX];
    uint32_t entry_bytes;
    uint32_t shift; /* 2^shift entries a page */
    size_t page_bytes;
};
void weft_pages_init(struct weft_pages *pages, uint32_t entry_bytes, uint32_t shift);
void weft_pages_release(struct weft_pages *pages);
static inline uint32_t weft_pages_capacity(const struct weft_pages *pages)
{
    return WEFT_PAGES_MAX << pages->shift;
}
static inline void *weft_pages_at(const struct weft_pages *pages, uint32_t number)
{
    return pages->pages[number >> pages->shift] +
           (size_t)(number & ((1u << pages->shift) - 1)) * pages->entry_bytes;
}
/* The place of entry `number` (the next one), below the capacity; its page is made when needed. */
void *weft_pages_place(struct weft_pages *pages, uint32_t number);
size_t weft_pages_bytes(const struct weft_pages *pages);

#endif
