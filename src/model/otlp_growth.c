/* otlp_growth.c -- how large the arena may grow while one body is decoded: by the body's size, and by what the budget has left.
 *
 * The first WEFT_OTLP_GROWTH_SLACK_BYTES are not asked for: each I/O thread decodes one body at a time, so they are a constant.
 */
#include "model/otlp_internal.h"

#define STEP_BYTES ((size_t)1 << 20)

void weft_otlp_growth_init(struct weft_otlp_growth *growth, const struct weft_batch *batch,
                           size_t body_bytes)
{
    size_t free_bytes = batch->arena->total_bytes + WEFT_OTLP_GROWTH_SLACK_BYTES;
    *growth = (struct weft_otlp_growth){
        .arena = batch->arena,
        .claim = batch->claim,
        .bytes_claimed = free_bytes,
        .bytes_max = free_bytes + body_bytes * WEFT_OTLP_GROWTH_MAX,
    };
}

bool weft_otlp_growth_claim(struct weft_otlp_growth *growth, size_t bytes)
{
    if (bytes > growth->bytes_max) return false;
    size_t more = bytes - growth->bytes_claimed + STEP_BYTES;
    if (growth->claim != NULL && !weft_claim_add(growth->claim, (int64_t)more)) {
        growth->is_budget_short = !weft_claim_never_fits(growth->claim, (int64_t)more);
        return false;
    }
    growth->bytes_claimed += more;
    return true;
}

int weft_otlp_growth_refusal(const struct weft_otlp_growth *growth, const char **why)
{
    *why =
        growth->is_budget_short
            ? "no memory is left to decode this now; send again later"
            : "the request holds too many empty spans, events, links or attributes for its size, "
              "or more than fits into memory.limit";
    return growth->is_budget_short ? WEFT_FULL : WEFT_TOO_LARGE;
}
