/* segment_memory.c -- pool, region and pages. */
#include "store/segment_memory.h"

#include "base/alloc.h"
#include "base/assert.h"
#include <pthread.h>

#define CLASS_MIN 12 /* 4 KiB */
#define CLASS_MAX 24 /* 16 MiB; larger ones are not kept */
#define REGION_BLOCK_BYTES (64u << 10)

struct free_block {
    struct free_block *next;
};
static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct free_block *free[CLASS_MAX + 1];
    size_t bytes;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static unsigned class_of(size_t bytes)
{
    unsigned size_class = CLASS_MIN;
    while (((size_t)1 << size_class) < bytes) size_class++;
    return size_class;
}

void *weft_pool_take(size_t *bytes)
{
    unsigned size_class = class_of(*bytes);
    struct free_block *block = NULL;
    *bytes = (size_t)1 << size_class;
    if (size_class <= CLASS_MAX) {
        pthread_mutex_lock(&pool.lock);
        block = pool.free[size_class];
        if (block != NULL) {
            pool.free[size_class] = block->next;
            pool.bytes -= *bytes;
        }
        pthread_mutex_unlock(&pool.lock);
    }
    return block != NULL ? (void *)block : weft_alloc(*bytes);
}

void weft_pool_give(void *memory, size_t bytes)
{
    if (memory == NULL) return;
    unsigned size_class = class_of(bytes);
    bool is_kept = false;
    if (size_class <= CLASS_MAX && !WEFT_ALLOC_EXACT) {
        pthread_mutex_lock(&pool.lock);
        if (pool.bytes + bytes <= WEFT_POOL_BYTES_MAX) {
            struct free_block *block = memory;
            block->next = pool.free[size_class];
            pool.free[size_class] = block;
            pool.bytes += bytes;
            is_kept = true;
        }
        pthread_mutex_unlock(&pool.lock);
    }
    if (!is_kept) weft_free(memory);
}

struct weft_region_block {
    struct weft_region_block *next;
    size_t bytes;
};

void *weft_region_alloc(struct weft_region *region, size_t size)
{
    size_t rounded = (size + 7) & ~(size_t)7;
    WEFT_ASSERT(rounded >= size, "size %zu", size);
    if (region->next == NULL || rounded > (size_t)(region->limit - region->next)) {
        size_t bytes = rounded + sizeof(struct weft_region_block);
        if (bytes < REGION_BLOCK_BYTES) bytes = REGION_BLOCK_BYTES;
        struct weft_region_block *block = weft_pool_take(&bytes);
        *block = (struct weft_region_block){ .next = region->blocks, .bytes = bytes };
        region->blocks = block;
        region->total_bytes += bytes;
        region->next = (char *)(block + 1);
        region->limit = (char *)block + bytes;
    }
    char *memory = region->next;
    region->next += rounded;
    return memory;
}

struct weft_str weft_region_copy(struct weft_region *region, struct weft_str s)
{
    char *copy = weft_region_alloc(region, s.len);
    if (s.len > 0) memcpy(copy, s.ptr, s.len);
    return weft_str_make(copy, s.len);
}

void weft_region_release(struct weft_region *region)
{
    while (region->blocks != NULL) {
        struct weft_region_block *block = region->blocks;
        region->blocks = block->next;
        weft_pool_give(block, block->bytes);
    }
    *region = (struct weft_region){ 0 };
}

void weft_pages_init(struct weft_pages *pages, uint32_t entry_bytes, uint32_t shift)
{
    *pages = (struct weft_pages){ .entry_bytes = entry_bytes, .shift = shift };
    pages->page_bytes = (size_t)entry_bytes << shift;
}

void weft_pages_release(struct weft_pages *pages)
{
    for (uint32_t i = 0; i < WEFT_PAGES_MAX; i++) {
        weft_pool_give(pages->pages[i], pages->page_bytes);
        pages->pages[i] = NULL;
    }
}

void *weft_pages_place(struct weft_pages *pages, uint32_t number)
{
    WEFT_ASSERT(number < weft_pages_capacity(pages), "number %u", number);
    char **page = &pages->pages[number >> pages->shift];
    if (*page == NULL) {
        size_t bytes = pages->page_bytes;
        *page = weft_pool_take(&bytes);
        if (bytes != pages->page_bytes)
            pages->page_bytes = bytes; /* rounded up to the pool's class */
    }
    return weft_pages_at(pages, number);
}

size_t weft_pages_bytes(const struct weft_pages *pages)
{
    size_t count = 0;
    for (uint32_t i = 0; i < WEFT_PAGES_MAX; i++) count += pages->pages[i] != NULL;
    return count * pages->page_bytes;
}
