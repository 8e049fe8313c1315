/* metric_limit.h -- the buckets of values that quantiles and histograms count in, each by the number of its upper limit.
 *
 * Shape      TraceQL's: powers of two, limit n is 2^n. Precise ones: 128 equal steps from each power to the next, so that a bucket
 *            is less than a hundredth of its values wide; limit n is 2^q (1 + r/128) with n - 1 = 128 q + r - 1, 0 <= r - 1 < 128
 * Units      whole numbers as they are (durations in ns), floats as they are
 * Spec       query.md Q6.2.2; precise buckets are ours (docs/traceql.md, hints)
 */
#ifndef WEFT_QUERY_METRIC_LIMIT_H
#define WEFT_QUERY_METRIC_LIMIT_H
#include "query/traceql.h"

#define WEFT_METRIC_STEPS_SHIFT 7u
#define WEFT_METRIC_STEPS (1 << WEFT_METRIC_STEPS_SHIFT)
#define WEFT_METRIC_LIMIT_ZERO (INT32_MIN / 2) /* precise: the value 0 */

/* False: the value is in no bucket. TraceQL's take no whole number below 2, precise ones everything but negative numbers. */
bool weft_metric_limit(const struct weft_traceql_value *value, bool is_precise, int64_t *limit);

/* Of whole numbers from 2 on. */
static inline int32_t weft_metric_limit_coarse(uint64_t n)
{
    return 64 - __builtin_clzll(n - 1);
}
static inline int32_t weft_metric_limit_precise(uint64_t n)
{
    uint32_t power = 63 - (uint32_t)__builtin_clzll(n - 1); /* 2^power < n <= 2^(power + 1) */
    uint64_t above = n - (UINT64_C(1) << power);
    uint64_t step = power > WEFT_METRIC_STEPS_SHIFT
                        ? ((above - 1) >> (power - WEFT_METRIC_STEPS_SHIFT)) + 1
                        : above << (WEFT_METRIC_STEPS_SHIFT - power);
    return (int32_t)(power * WEFT_METRIC_STEPS + step);
}

/* The upper limit of that number. */
double weft_metric_limit_value(int64_t limit, bool is_precise);

#endif
