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
    /* Of used_bytes, where the one who takes tells them apart (net/exchange_body.c). */
    _Atomic int64_t small_bytes, large_bytes;
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
/* Counts what is in memory already and cannot be refused any more; may pass the limit, so that nothing new is taken. */
static inline void weft_budget_count(struct weft_budget *budget, int64_t bytes)
{
    atomic_fetch_add_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}
static inline void weft_budget_give(struct weft_budget *budget, int64_t bytes)
{
    atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

/* What one piece of work holds of a budget: grows with the work, goes back in one piece. */
struct weft_claim {
    struct weft_budget *budget; /* NULL: no bound */
    int64_t bytes;
};
/* False, and nothing taken, when the budget has not so much left. */
static inline bool weft_claim_add(struct weft_claim *claim, int64_t bytes)
{
    if (bytes > 0 && claim->budget != NULL && !weft_budget_take(claim->budget, bytes)) return false;
    claim->bytes += bytes > 0 ? bytes : 0;
    return true;
}
/* Would it not fit even if nobody else held anything? */
static inline bool weft_claim_never_fits(const struct weft_claim *claim, int64_t bytes)
{
    return claim->budget != NULL && claim->budget->limit_bytes != 0 &&
           claim->bytes + bytes > claim->budget->limit_bytes;
}
static inline void weft_claim_release(struct weft_claim *claim)
{
    if (claim->budget != NULL) weft_budget_give(claim->budget, claim->bytes);
    claim->bytes = 0;
}

#endif
