/* body_block.c -- memory for request bodies: powers of two, kept for reuse by the worker that used them, given back when idle.
 *
 * Under load the same few sizes come again and again; fresh pages for each megabyte would cost more than reading it. What is free is
 * bounded, and what nobody took for IDLE_NS goes back to the system, with what malloc() keeps: after a burst a server is small again.
 */
#include <malloc.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "net/http_internal.h"

#define FREE_BYTES_MAX (4u << 20) /* kept for reuse, a worker */
#define SHIFT_MIN 12
#define SHIFT_MAX 25 /* larger ones go straight back to the system */
#define IDLE_NS (2 * WEFT_NS_PER_SECOND)

struct weft_http_body_block {
    struct weft_http_body_block *next;
};

static unsigned shift_of(size_t size)
{
    unsigned shift = SHIFT_MIN;
    while (((size_t)1 << shift) < size) shift++;
    return shift;
}

void weft_http_blocks_release(struct weft_http_worker *worker)
{
    for (unsigned i = 0; i <= SHIFT_MAX; i++) {
        while (worker->blocks[i] != NULL) {
            struct weft_http_body_block *block = worker->blocks[i];
            worker->blocks[i] = block->next;
            weft_free(block);
        }
    }
    worker->block_bytes = 0;
    weft_loop_timer_stop(worker->loop, &worker->block_timer);
}

/* The timer runs while something is free; blocks taken meanwhile put the end off. */
static void idle_check(struct weft_timer *timer)
{
    struct weft_http_worker *worker =
        (struct weft_http_worker *)((char *)timer - offsetof(struct weft_http_worker, block_timer));
    if (worker->is_block_taken) {
        worker->is_block_taken = false;
        weft_loop_timer_start(worker->loop, timer, IDLE_NS);
        return;
    }
    weft_http_blocks_release(worker);
#ifdef __GLIBC__
    malloc_trim(1 << 20);
#endif
}

char *weft_http_block_take(struct weft_http_worker *worker, size_t size, size_t *capacity)
{
    unsigned shift = shift_of(size);
    *capacity = (size_t)1 << shift;
    worker->is_block_taken = true;
    struct weft_http_body_block *block = shift <= SHIFT_MAX ? worker->blocks[shift] : NULL;
    if (block == NULL) return weft_alloc(*capacity);
    worker->blocks[shift] = block->next;
    worker->block_bytes -= *capacity;
    return (char *)block;
}

void weft_http_block_give(struct weft_http_worker *worker, char *memory, size_t capacity)
{
    unsigned shift = shift_of(capacity);
    if (WEFT_ALLOC_EXACT || shift > SHIFT_MAX || worker->block_bytes + capacity > FREE_BYTES_MAX) {
        weft_free(memory);
        return;
    }
    struct weft_http_body_block *block = (struct weft_http_body_block *)(void *)memory;
    block->next = worker->blocks[shift];
    worker->blocks[shift] = block;
    worker->block_bytes += capacity;
    if (worker->block_timer.due_ns == 0) {
        worker->block_timer.fire = idle_check;
        weft_loop_timer_start(worker->loop, &worker->block_timer, IDLE_NS);
    }
}
