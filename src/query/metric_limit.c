/* metric_limit.c -- limits of floats, and back from numbers of limits to values. */
#include "query/metric_limit.h"
#include <math.h>

static bool float_limit(double value, bool is_precise, int64_t *limit)
{
    int power;
    if (is_precise && value == 0) {
        *limit = WEFT_METRIC_LIMIT_ZERO;
        return true;
    }
    if (!(value > 0) || isinf(value)) return false;
    double part = frexp(value, &power); /* value = part 2^power, 0.5 <= part < 1 */
    if (part == 0.5) part = 1, power--; /* 0.5 < part <= 1 */
    *limit = is_precise ? ((int64_t)power - 1) * WEFT_METRIC_STEPS +
                              (int64_t)ceil((part * 2 - 1) * WEFT_METRIC_STEPS)
                        : power;
    return true;
}

bool weft_metric_limit(const struct weft_traceql_value *value, bool is_precise, int64_t *limit)
{
    if (value->type == WEFT_TRACEQL_FLOAT)
        return float_limit(value->float_value, is_precise, limit);
    int64_t n = value->int_value;
    if (n < 2) {
        *limit = n == 1 ? 0 : WEFT_METRIC_LIMIT_ZERO;
        return is_precise && n >= 0;
    }
    *limit =
        is_precise ? weft_metric_limit_precise((uint64_t)n) : weft_metric_limit_coarse((uint64_t)n);
    return true;
}

double weft_metric_limit_value(int64_t limit, bool is_precise)
{
    if (!is_precise) return ldexp(1, (int)limit);
    if (limit <= WEFT_METRIC_LIMIT_ZERO) return 0;
    int64_t power = limit - 1 >= 0 ? (limit - 1) / WEFT_METRIC_STEPS
                                   : -((WEFT_METRIC_STEPS - limit) / WEFT_METRIC_STEPS);
    return ldexp(1 + (double)(limit - power * WEFT_METRIC_STEPS) / WEFT_METRIC_STEPS, (int)power);
}
