/* arena.c -- a chain of blocks; the newest that still takes small requests is the head. */
#include "base/arena.h"

#include "base/alloc.h"
#include "base/assert.h"
#include <stdarg.h>

#define ARENA_DEFAULT_BYTES ((size_t)16 << 10)
/* Blocks double with what the arena holds, so a big request costs few mallocs; past this they stay
 * equal. */
#define ARENA_BLOCK_BYTES_MAX ((size_t)1 << 20)

struct weft_arena_block {
    struct weft_arena_block *older;
    size_t bytes; /* with this header */
    _Alignas(16) char data[];
};

void weft_arena_init(struct weft_arena *arena, size_t block_bytes)
{
    *arena = (struct weft_arena){ .block_bytes = block_bytes };
}

static struct weft_arena_block *block_create(struct weft_arena *arena, size_t bytes)
{
    struct weft_arena_block *block = weft_alloc(bytes);
    block->older = NULL;
    block->bytes = bytes;
    arena->total_bytes += bytes;
    return block;
}

static void head_set(struct weft_arena *arena, struct weft_arena_block *block)
{
    arena->head = block;
    arena->next = block->data;
    arena->limit = (char *)block + block->bytes;
}

/* A block for this piece alone, ending where it ends. */
static void *alloc_exact(struct weft_arena *arena, size_t size)
{
    struct weft_arena_block *block = block_create(arena, sizeof *block + size);
    arena->total_bytes -= sizeof *block; /* bounds on it shall hold here too */
    block->older = arena->head;
    arena->head = block;
    return block->data;
}

void *weft_arena_alloc_slow(struct weft_arena *arena, size_t size)
{
    WEFT_ASSERT(size <= SIZE_MAX / 4, "size %zu", size);
    if (WEFT_ALLOC_EXACT) return alloc_exact(arena, size);
    size_t rounded = (size + 15) & ~(size_t)15;
    if (arena->block_bytes == 0) arena->block_bytes = ARENA_DEFAULT_BYTES;
    size_t bytes =
        arena->total_bytes < ARENA_BLOCK_BYTES_MAX ? arena->total_bytes : ARENA_BLOCK_BYTES_MAX;
    if (bytes < arena->block_bytes) bytes = arena->block_bytes;

    size_t needed = sizeof(struct weft_arena_block) + rounded;
    if (needed > bytes / 2 && arena->head != NULL) {
        /* A large piece gets a block of its own behind the head, whose rest stays in use. */
        struct weft_arena_block *block = block_create(arena, needed);
        block->older = arena->head->older;
        arena->head->older = block;
        return block->data;
    }
    struct weft_arena_block *block = block_create(arena, needed > bytes ? needed : bytes);
    block->older = arena->head;
    head_set(arena, block);
    arena->next += rounded;
    return block->data;
}

struct weft_arena_cleanup {
    struct weft_arena_cleanup *older;
    void (*run)(void *what);
    void *what;
};

void weft_arena_on_release(struct weft_arena *arena, void (*run)(void *what), void *what)
{
    struct weft_arena_cleanup *cleanup = weft_arena_alloc(arena, sizeof *cleanup);
    *cleanup = (struct weft_arena_cleanup){ arena->cleanups, run, what };
    arena->cleanups = cleanup;
}

static void cleanups_run(struct weft_arena *arena, struct weft_arena_cleanup *until)
{
    for (; arena->cleanups != until; arena->cleanups = arena->cleanups->older)
        arena->cleanups->run(arena->cleanups->what);
}

/* The place of the block that holds this piece and nothing else, or NULL. */
static struct weft_arena_block **block_of(struct weft_arena *arena, const void *memory, size_t size)
{
    size_t bytes =
        sizeof(struct weft_arena_block) + (WEFT_ALLOC_EXACT ? size : (size + 15) & ~(size_t)15);
    for (struct weft_arena_block **at = &arena->head; *at != NULL; at = &(*at)->older)
        if ((*at)->data == memory) return (*at)->bytes == bytes ? at : NULL;
    return NULL;
}

void *weft_arena_grow(struct weft_arena *arena, void *memory, size_t old_size, size_t size)
{
    struct weft_arena_block **place =
        old_size >= ARENA_DEFAULT_BYTES ? block_of(arena, memory, old_size) : NULL;
    WEFT_ASSERT(size >= old_size && size <= SIZE_MAX / 4, "from %zu to %zu bytes", old_size, size);
    if (place == NULL) {
        void *moved = weft_arena_alloc(arena, size);
        return old_size > 0 ? memcpy(moved, memory, old_size) : moved;
    }
    size_t bytes = sizeof **place + (WEFT_ALLOC_EXACT ? size : (size + 15) & ~(size_t)15);
    struct weft_arena_block *block = weft_realloc(*place, bytes);
    arena->total_bytes += bytes - block->bytes;
    block->bytes = bytes;
    *place = block;
    if (!WEFT_ALLOC_EXACT && place == &arena->head) { /* it has no rest that is in use */
        head_set(arena, block);
        arena->next = arena->limit;
    }
    return block->data;
}

void weft_arena_release(struct weft_arena *arena)
{
    cleanups_run(arena, NULL);
    struct weft_arena_block *block = arena->head;
    while (block != NULL) {
        struct weft_arena_block *older = block->older;
        weft_free(block);
        block = older;
    }
    *arena = (struct weft_arena){ .block_bytes = arena->block_bytes };
}

void weft_arena_reset(struct weft_arena *arena)
{
    if (WEFT_ALLOC_EXACT) {
        weft_arena_release(arena);
        return;
    }
    cleanups_run(arena, NULL);
    struct weft_arena_block *kept = NULL;
    struct weft_arena_block *block = arena->head;
    while (block != NULL) {
        struct weft_arena_block *older = block->older;
        if (kept == NULL && block->bytes <= 4 * arena->block_bytes) {
            kept = block;
        } else {
            arena->total_bytes -= block->bytes;
            weft_free(block);
        }
        block = older;
    }
    arena->head = NULL;
    arena->next = arena->limit = NULL;
    if (kept == NULL) return;
    kept->older = NULL;
    head_set(arena, kept);
}

struct weft_arena_mark weft_arena_mark(const struct weft_arena *arena)
{
    return (struct weft_arena_mark){ .head = arena->head,
                                     .second = arena->head != NULL ? arena->head->older : NULL,
                                     .cleanups = arena->cleanups,
                                     .next = arena->next,
                                     .limit = arena->limit };
}

/* Frees the blocks from `block` down to `kept`, which is returned. */
static struct weft_arena_block *free_until(struct weft_arena *arena, struct weft_arena_block *block,
                                           struct weft_arena_block *kept)
{
    while (block != kept) {
        struct weft_arena_block *older = block->older;
        arena->total_bytes -= block->bytes - (WEFT_ALLOC_EXACT ? sizeof *block : 0);
        weft_free(block);
        block = older;
    }
    return kept;
}

void weft_arena_rewind(struct weft_arena *arena, struct weft_arena_mark mark)
{
    cleanups_run(arena, mark.cleanups);
    arena->head = free_until(arena, arena->head, mark.head);
    /* Large pieces stand behind the head of their time. */
    if (arena->head != NULL)
        arena->head->older = free_until(arena, arena->head->older, mark.second);
    arena->next = mark.next;
    arena->limit = mark.limit;
}

void weft_arena_adopt(struct weft_arena *arena, struct weft_arena *from)
{
    struct weft_arena_block *oldest = from->head;
    if (oldest == NULL) return;
    while (oldest->older != NULL) oldest = oldest->older;
    if (arena->head == NULL) {
        arena->head = from->head;
        arena->next = from->next;
        arena->limit = from->limit;
    } else {
        oldest->older = arena->head->older;
        arena->head->older = from->head;
    }
    struct weft_arena_cleanup **last = &from->cleanups;
    while (*last != NULL) last = &(*last)->older;
    *last = arena->cleanups;
    arena->cleanups = from->cleanups;
    arena->total_bytes += from->total_bytes;
    *from = (struct weft_arena){ .block_bytes = from->block_bytes };
}

void *weft_arena_alloc_zero(struct weft_arena *arena, size_t size)
{
    void *memory = weft_arena_alloc(arena, size);
    return size > 0 ? memset(memory, 0, size) : memory; /* no bytes of a fresh arena are at NULL */
}

void *weft_arena_alloc_array(struct weft_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    bool overflows = __builtin_mul_overflow(count, size, &bytes);
    WEFT_ASSERT(!overflows, "count %zu, size %zu", count, size);
    return weft_arena_alloc_zero(arena, bytes);
}

struct weft_str weft_arena_copy(struct weft_arena *arena, struct weft_str s)
{
    if (s.len == 0) return (struct weft_str){ "", 0 };
    return weft_str_make(memcpy(weft_arena_alloc(arena, s.len), s.ptr, s.len), s.len);
}

char *weft_arena_copy_c(struct weft_arena *arena, struct weft_str s)
{
    char *copy = weft_arena_alloc(arena, s.len + 1);
    if (s.len != 0) memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct weft_str weft_arena_vprintf(struct weft_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    WEFT_ASSERT(len >= 0, "format \"%s\"", format);
    char *text = weft_arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, args);
    return weft_str_make(text, (size_t)len);
}

struct weft_str weft_arena_printf(struct weft_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct weft_str text = weft_arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}
