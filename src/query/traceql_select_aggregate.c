/* traceql_select_aggregate.c -- `| count() > 2` and its like as selections: what the spans of a trace have to be like for one spanset of
 * them to pass (traceql_select_internal.h).
 */
#include "query/traceql_eval.h"
#include "query/traceql_select_internal.h"

static bool count_holds(const struct weft_traceql_stage *stage, int64_t count)
{
    const struct weft_traceql_value value = { .type = WEFT_TRACEQL_INT, .int_value = count };
    return weft_traceql_compare(stage->compare, &value, &stage->constant);
}

static int64_t whole_of(const struct weft_traceql_value *number)
{
    if (number->type != WEFT_TRACEQL_FLOAT) return number->int_value;
    return number->float_value > 0 && number->float_value < UINT32_MAX
               ? (int64_t)number->float_value
               : -1;
}

/* The smallest number of spans that passes; 0: none does. That is 1, the constant, or one more. */
static uint32_t count_least(const struct weft_traceql_stage *stage)
{
    int64_t constant = whole_of(&stage->constant);

    if (count_holds(stage, 1)) return 1;
    for (int64_t n = constant; n >= 1 && n < UINT32_MAX && n <= constant + 1; n++)
        if (count_holds(stage, n)) return (uint32_t)n;
    return 0;
}

static bool is_bound_below(const struct weft_traceql_stage *stage)
{
    return stage->compare == WEFT_EXPR_GT || stage->compare == WEFT_EXPR_GE;
}

static struct weft_select_set count_passes(struct weft_selecting *s,
                                           const struct weft_traceql_stage *stage,
                                           struct weft_select_set set, bool is_grouped)
{
    uint32_t least = count_least(stage);

    if (least == 0) return weft_select_nothing();
    if (least > 1) set = weft_select_set_at_least(s, least, set, set);
    if (is_bound_below(stage) && (least == 1 || !is_grouped)) return set;
    return weft_select_inexact(set);
}

/* The average is between the least and the most; of what may be a float it may be rounded beyond them. */
static bool is_between_values(const struct weft_traceql_stage *stage)
{
    const struct weft_traceql_attribute *of = &stage->expr->attribute;

    if (stage->compare == WEFT_EXPR_NE) return false;
    if (stage->aggregate == WEFT_AGGREGATE_MIN || stage->aggregate == WEFT_AGGREGATE_MAX)
        return true;
    return stage->aggregate == WEFT_AGGREGATE_AVG && stage->compare != WEFT_EXPR_EQ &&
           of->scope == WEFT_TRACEQL_SCOPE_INTRINSIC && of->intrinsic == WEFT_INTRINSIC_DURATION;
}

/* One of the spans has a value; and where the aggregate cannot pass all of them on a side, one on that side. */
static struct weft_select_set values_pass(struct weft_selecting *s,
                                          const struct weft_traceql_stage *stage,
                                          struct weft_select_set set)
{
    const struct weft_expr *expr = stage->expr;

    if (expr->op != WEFT_EXPR_ATTRIBUTE) return weft_select_inexact(set);
    const struct weft_select_question question = { .attribute = &expr->attribute,
                                                   .op = stage->compare,
                                                   .literal = stage->constant };
    struct weft_select_set one = is_between_values(stage)
                                     ? weft_select_question(s, &question, true)
                                     : weft_select_presence(s, &expr->attribute, true);
    if (one.size == WEFT_SELECT_EVERYTHING) return weft_select_inexact(set);
    one = weft_select_join(s, WEFT_SELECT_INTERSECT, set, one);
    return weft_select_inexact(weft_select_set_at_least(s, 1, one, set));
}

struct weft_select_set weft_select_aggregate(struct weft_selecting *s,
                                             const struct weft_traceql_stage *stage,
                                             struct weft_select_set set, bool is_grouped)
{
    if (set.size == WEFT_SELECT_NOTHING) return set;
    if (++s->repeats > WEFT_SELECT_REPEATS_MAX) return weft_select_inexact(set);
    if (stage->aggregate == WEFT_AGGREGATE_COUNT) return count_passes(s, stage, set, is_grouped);
    return values_pass(s, stage, set);
}
