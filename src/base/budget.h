/* budget.h -- a number of bytes that may be in use at once, asked before the memory is taken.
 *
 * Threads    any
 */
#ifndef WEFT_BASE_BUDGET_H
#define WEFT_BASE_BUDGET_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct weft_budget {
    _Atomic int64_t used_bytes;
    int64_t limit_bytes; /* 0: no limit */
};

/* False, and nothing taken, when it would pass the limit. */
static inline bool weft_budget_take(struct weft_budget *budget, int64_t bytes)
{
    int64_t used =
        atomic_fetch_add_explicit(&budget->used_bytes, bytes, memory_order_relaxed) + bytes;
    if (budget->limit_bytes == 0 || used <= budget->limit_bytes) return true;
    atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
    return false;
}
static inline void weft_budget_give(struct weft_budget *budget, int64_t bytes)
{
    atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

#endif
