/* arena.h -- memory that dies all at once: a request, a batch, a query.
 *
 * Shape      a chain of blocks, bump allocation, 16-byte aligned
 * Threads    one owner at a time
 * Ownership  everything allocated belongs to the arena and goes at reset or release
 */
#ifndef WEFT_BASE_ARENA_H
#define WEFT_BASE_ARENA_H
#include "base/alloc.h"
#include "base/str.h"
#include <stdarg.h>

struct weft_arena_block;
struct weft_arena_cleanup;
struct weft_arena {
    struct weft_arena_block *head;
    struct weft_arena_cleanup *cleanups; /* newest first */
    char *next;                          /* first free byte of the head block */
    char *limit;                         /* one past its last */
    size_t block_bytes;
    size_t total_bytes; /* held from the system, all blocks */
};

/* `block_bytes` 0 takes the default (16 KiB). Nothing is allocated before the first use. */
void weft_arena_init(struct weft_arena *arena, size_t block_bytes);
/* Forget everything, keep the first block for reuse. */
void weft_arena_reset(struct weft_arena *arena);
void weft_arena_release(struct weft_arena *arena); /* zeroed and released ones are fine */
/* Call run(what) at the next reset or release (or rewind past this point), newest first, while the arena's memory is still good: for what another
 * library allocates and an object of the arena holds. `run` must not allocate from the arena. */
void weft_arena_on_release(struct weft_arena *arena, void (*run)(void *what), void *what);

/* Gives back what was allocated since the mark was taken: working memory of a step that is repeated often. */
struct weft_arena_mark {
    struct weft_arena_block *head, *second;
    struct weft_arena_cleanup *cleanups;
    char *next, *limit;
};
struct weft_arena_mark weft_arena_mark(const struct weft_arena *arena);
void weft_arena_rewind(struct weft_arena *arena, struct weft_arena_mark mark);
/* Moves all that `from` holds into `arena`, without copying; `from` is empty afterwards. */
void weft_arena_adopt(struct weft_arena *arena, struct weft_arena *from);

void *weft_arena_alloc_slow(struct weft_arena *arena, size_t size);
static inline void *weft_arena_alloc(struct weft_arena *arena,
                                     size_t size) /* uninitialised; never NULL */
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (WEFT_ALLOC_EXACT || rounded < size || rounded > (size_t)(arena->limit - arena->next))
        return weft_arena_alloc_slow(arena, size);
    char *memory = arena->next;
    arena->next += rounded;
    return memory;
}
/* Room for `size` bytes where `old_size` were, moved if need be. A large piece gives its old place back; of a small one it stays behind.
 * Not for what is older than a mark that will be rewound. */
void *weft_arena_grow(struct weft_arena *arena, void *memory, size_t old_size, size_t size);
void *weft_arena_alloc_zero(struct weft_arena *arena, size_t size);
void *weft_arena_alloc_array(struct weft_arena *arena, size_t count,
                             size_t size); /* zeroed, overflow checked */
struct weft_str weft_arena_copy(struct weft_arena *arena, struct weft_str s);
char *weft_arena_copy_c(struct weft_arena *arena, struct weft_str s); /* terminated */
struct weft_str weft_arena_printf(struct weft_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct weft_str weft_arena_vprintf(struct weft_arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#endif
