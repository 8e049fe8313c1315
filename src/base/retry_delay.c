/* retry_delay.c -- the window, its steps, the draw (retry_delay.h). */
#include "base/retry_delay.h"

#include "base/clock.h"

#define MIDDLE_MIN_NS (100 * WEFT_NS_PER_MS)
#define MIDDLE_MAX_NS (30 * WEFT_NS_PER_SECOND)
#define WINDOW_NS (250 * WEFT_NS_PER_MS)
#define IDLE_WINDOWS_MAX 16 /* so many steps down reach the least from the most */

static uint64_t bounded(uint64_t ns)
{
    if (ns < MIDDLE_MIN_NS) return MIDDLE_MIN_NS;
    return ns < MIDDLE_MAX_NS ? ns : MIDDLE_MAX_NS;
}

uint64_t weft_retry_delay_middle_ns(const struct weft_retry_delay *delay)
{
    return bounded(atomic_load_explicit(&delay->middle_ns, memory_order_relaxed));
}

/* The window that ended decides, and those in which nothing came let the delay shrink. */
static void step(struct weft_retry_delay *delay, uint64_t windows)
{
    uint64_t refused = atomic_exchange_explicit(&delay->refused, 0, memory_order_relaxed);
    uint64_t taken = atomic_exchange_explicit(&delay->taken, 0, memory_order_relaxed);
    uint64_t middle_ns = weft_retry_delay_middle_ns(delay);

    if (refused * 4 > refused + taken)
        middle_ns += middle_ns / 2;
    else if (refused * 16 <= refused + taken)
        middle_ns -= middle_ns / 3;
    for (uint64_t i = 1; i < windows && i <= IDLE_WINDOWS_MAX; i++) middle_ns -= middle_ns / 3;
    atomic_store_explicit(&delay->middle_ns, bounded(middle_ns), memory_order_relaxed);
}

static void window_turn(struct weft_retry_delay *delay, uint64_t now_ns)
{
    uint64_t start_ns = atomic_load_explicit(&delay->window_ns, memory_order_relaxed);
    if (now_ns < start_ns + WINDOW_NS) return;
    /* One of the threads that see the end of the window takes the step. */
    if (atomic_compare_exchange_strong(&delay->window_ns, &start_ns, now_ns))
        step(delay, (now_ns - start_ns) / WINDOW_NS);
}

void weft_retry_delay_taken(struct weft_retry_delay *delay, uint64_t now_ns)
{
    atomic_fetch_add_explicit(&delay->taken, 1, memory_order_relaxed);
    window_turn(delay, now_ns);
}

/* SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring numbers over all bits. */
static uint64_t spread(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t weft_retry_delay_refused(struct weft_retry_delay *delay, uint64_t now_ns)
{
    uint64_t draw = atomic_fetch_add_explicit(&delay->draws, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&delay->refused, 1, memory_order_relaxed);
    window_turn(delay, now_ns);
    uint64_t middle_ns = weft_retry_delay_middle_ns(delay);
    return middle_ns / 2 + spread(draw ^ now_ns) % (middle_ns + 1);
}
