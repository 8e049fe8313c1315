/* slow_traceql.c -- spansets and pipelines of the slow judge (Q4, Q5). */
#include "slow_traceql.h"
#include "base/assert.h"

uint32_t slow_set_size(const struct slow_trace *trace, const struct slow_set *set)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < trace->count; i++) size += set->has[i];
    return size;
}

static struct slow_set empty_set(const struct slow_trace *trace)
{
    return (struct slow_set){ .has = weft_arena_alloc_array(trace->arena, trace->count + 1, 1) };
}

/* Sets are at most as many as spans: they share none. */
static struct slow_sets no_sets(const struct slow_trace *trace)
{
    return (struct slow_sets){ .items = weft_arena_alloc_array(trace->arena, trace->count + 1,
                                                               sizeof(struct slow_set)) };
}

static void push(const struct slow_trace *trace, struct slow_sets *sets, struct slow_set set)
{
    if (slow_set_size(trace, &set) > 0) sets->items[sets->count++] = set;
}

static void name_value(struct slow_set *set, struct weft_str key, struct weft_traceql_value value)
{
    WEFT_ASSERT(set->attribute_count < SLOW_ATTRIBUTES_MAX, "%u stages", set->attribute_count);
    set->attributes[set->attribute_count].key = key;
    set->attributes[set->attribute_count++].value = value;
}

static struct slow_set merged(const struct slow_trace *trace, const struct slow_sets *sets)
{
    struct slow_set all = empty_set(trace);
    for (uint32_t s = 0; s < sets->count; s++)
        for (uint32_t i = 0; i < trace->count; i++) all.has[i] |= sets->items[s].has[i];
    return all;
}

/* ---- set expressions: from one spanset to one (Q4.2, Q4.3) ---- */

static struct slow_set evaluated(struct slow_trace *trace, const struct weft_spanset_expr *expr,
                                 const struct slow_set *in, bool *is_refused);

static struct slow_set filtered(struct slow_trace *trace, const struct weft_expr *expr,
                                const struct slow_set *in)
{
    struct slow_set out = empty_set(trace);
    for (uint32_t i = 0; i < trace->count; i++)
        out.has[i] = in->has[i] && slow_holds(trace, expr, i);
    return out;
}

static struct slow_set related(const struct slow_trace *trace, const struct weft_spanset_expr *expr,
                               const struct slow_set *left, const struct slow_set *right)
{
    struct slow_set out = empty_set(trace);

    for (uint32_t r = 0; r < trace->count; r++) {
        bool is_match = false;
        if (!right->has[r]) continue;
        for (uint32_t l = 0; l < trace->count; l++) {
            if (!left->has[l] || !slow_related(trace, expr->op, l, r)) continue;
            is_match = true;
            if (expr->is_union) out.has[l] = true; /* Q4.3.3 */
        }
        if (is_match != expr->is_negated) out.has[r] = true;
    }
    return out;
}

static struct slow_set united(const struct slow_trace *trace, const struct slow_set *left,
                              const struct slow_set *right)
{
    struct slow_set out = empty_set(trace);
    for (uint32_t i = 0; i < trace->count; i++) out.has[i] = left->has[i] || right->has[i];
    return out;
}

static struct slow_set evaluated(struct slow_trace *trace, const struct weft_spanset_expr *expr,
                                 const struct slow_set *in, bool *is_refused)
{
    struct slow_sets sets;

    if (expr->op == WEFT_SPANSET_FILTER) return filtered(trace, expr->expr, in);
    if (expr->op == WEFT_SPANSET_PIPELINE) {
        slow_pipeline(trace, expr->pipeline, &sets);
        *is_refused |= sets.is_refused;
        return merged(trace, &sets);
    }
    struct slow_set left = evaluated(trace, expr->left, in, is_refused);
    struct slow_set right = evaluated(trace, expr->right, in, is_refused);
    if (expr->op == WEFT_SPANSET_OR) return united(trace, &left, &right);
    if (expr->op != WEFT_SPANSET_AND) return related(trace, expr, &left, &right);
    if (slow_set_size(trace, &left) == 0 || slow_set_size(trace, &right) == 0)
        return empty_set(trace);
    return united(trace, &left, &right);
}

/* Q4.3.6: an operand of a structural operator that is a pipeline with several spansets in this trace. */
static bool is_refused(struct slow_trace *trace, const struct weft_spanset_expr *expr)
{
    struct slow_sets sets;

    if (expr->op == WEFT_SPANSET_FILTER || expr->op == WEFT_SPANSET_PIPELINE) return false;
    if (is_refused(trace, expr->left) || is_refused(trace, expr->right)) return true;
    if (expr->op == WEFT_SPANSET_AND || expr->op == WEFT_SPANSET_OR) return false;
    for (int side = 0; side < 2; side++) {
        const struct weft_spanset_expr *operand = side == 0 ? expr->left : expr->right;
        if (operand->op != WEFT_SPANSET_PIPELINE) continue;
        slow_pipeline(trace, operand->pipeline, &sets);
        if (sets.count > 1) return true;
    }
    return false;
}

/* ---- stages: from several spansets to several ---- */

static void spanset_stage(struct slow_trace *trace, const struct weft_spanset_expr *expr,
                          const struct slow_sets *in, struct slow_sets *out)
{
    if (expr->op == WEFT_SPANSET_PIPELINE) { /* in parentheses for nothing */
        slow_pipeline(trace, expr->pipeline, out);
        return;
    }
    for (uint32_t s = 0; s < in->count; s++) {
        struct slow_set set = evaluated(trace, expr, &in->items[s], &out->is_refused);
        set.attribute_count = in->items[s].attribute_count;
        memcpy(set.attributes, in->items[s].attributes, sizeof set.attributes);
        out->is_refused |= expr->has_pipeline && is_refused(trace, expr);
        push(trace, out, set);
    }
}

static struct weft_traceql_value counted(uint32_t count)
{
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_INT, .int_value = count };
}

struct numbers {
    uint32_t count;
    bool all_ints, all_durations;
    int64_t wrapped; /* the sum of whole numbers */
    long double sum;
    struct weft_traceql_value min, max;
};

static void add_number(struct numbers *n, const struct weft_traceql_value *value)
{
    if (n->count == 0) {
        *n = (struct numbers){
            .all_ints = true, .all_durations = true, .min = *value, .max = *value
        };
    }
    n->count++;
    n->all_ints &= value->type == WEFT_TRACEQL_INT;
    n->all_durations &= value->type == WEFT_TRACEQL_DURATION;
    if (value->type != WEFT_TRACEQL_FLOAT)
        n->wrapped = (int64_t)((uint64_t)n->wrapped + (uint64_t)value->int_value);
    n->sum += slow_number(value);
    if (slow_number(value) < slow_number(&n->min)) n->min = *value;
    if (slow_number(value) > slow_number(&n->max)) n->max = *value;
}

static struct weft_traceql_value sum_of(const struct numbers *n)
{
    if (n->all_ints || n->all_durations)
        return (struct weft_traceql_value){ .type = n->all_ints ? WEFT_TRACEQL_INT
                                                                : WEFT_TRACEQL_DURATION,
                                            .int_value = n->wrapped };
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT, .float_value = (double)n->sum };
}

static struct weft_traceql_value average_of(const struct numbers *n)
{
    if (n->all_durations) /* truncated to ns */
        return (struct weft_traceql_value){ .type = WEFT_TRACEQL_DURATION,
                                            .int_value = (int64_t)(n->sum / n->count) };
    return (struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT,
                                        .float_value = (double)(n->sum / n->count) };
}

/* Q5.1; false when the spanset has no number. */
static bool aggregated(struct slow_trace *trace, const struct weft_traceql_stage *stage,
                       const struct slow_set *set, struct weft_traceql_value *out)
{
    struct numbers n = { 0 };

    if (stage->aggregate == WEFT_AGGREGATE_COUNT) {
        *out = counted(slow_set_size(trace, set));
        return true;
    }
    for (uint32_t i = 0; i < trace->count; i++) {
        if (!set->has[i]) continue;
        struct weft_traceql_value value = slow_value(trace, stage->expr, i);
        if (slow_is_number(&value)) add_number(&n, &value);
    }
    if (n.count == 0) return false;
    *out = stage->aggregate == WEFT_AGGREGATE_MIN   ? n.min
           : stage->aggregate == WEFT_AGGREGATE_MAX ? n.max
           : stage->aggregate == WEFT_AGGREGATE_SUM ? sum_of(&n)
                                                    : average_of(&n);
    return true;
}

/* A float of more than 50 bits, and nearly the constant: the last bit depends on the order of additions. */
static bool is_too_close(const struct weft_traceql_value *value,
                         const struct weft_traceql_value *constant)
{
    if (value->type != WEFT_TRACEQL_FLOAT || !slow_is_number(constant)) return false;
    const long double x = slow_number(value), y = slow_number(constant), size = x < 0 ? -x : x;
    return size > 1e15L && size < 1e300L && (x > y ? x - y : y - x) < size * 1e-9L;
}

static void aggregate_stage(struct slow_trace *trace, const struct weft_traceql_stage *stage,
                            const struct slow_sets *in, struct slow_sets *out)
{
    for (uint32_t s = 0; s < in->count; s++) {
        struct slow_set set = in->items[s];
        struct weft_traceql_value value;
        if (!aggregated(trace, stage, &set, &value)) continue;
        trace->has_trouble |= is_too_close(&value, &stage->constant);
        if (!slow_compare(stage->compare, &value, &stage->constant)) continue;
        name_value(&set, stage->label, value);
        push(trace, out, set);
    }
}

/* Q5.2.1: one set for each distinct value, nil among them. */
static void group_stage(struct slow_trace *trace, const struct weft_traceql_stage *stage,
                        const struct slow_sets *in, struct slow_sets *out)
{
    for (uint32_t s = 0; s < in->count; s++) {
        const struct slow_set *set = &in->items[s];
        struct weft_traceql_value *values =
            weft_arena_alloc_array(trace->arena, trace->count, sizeof *values);
        for (uint32_t i = 0; i < trace->count; i++)
            if (set->has[i]) values[i] = slow_value(trace, stage->expr, i);
        for (uint32_t i = 0; i < trace->count; i++) {
            struct slow_set part = empty_set(trace);
            bool is_first = set->has[i];
            for (uint32_t k = 0; k < trace->count; k++) {
                part.has[k] = set->has[k] && set->has[i] && slow_same(&values[i], &values[k]);
                if (k < i && part.has[k]) is_first = false;
            }
            if (!is_first) continue;
            part.attribute_count = set->attribute_count;
            memcpy(part.attributes, set->attributes, sizeof part.attributes);
            name_value(&part, stage->label, values[i]);
            push(trace, out, part);
        }
    }
}

static void run_stage(struct slow_trace *trace, const struct weft_traceql_stage *stage,
                      const struct slow_sets *in, struct slow_sets *out)
{
    switch (stage->kind) {
    case WEFT_STAGE_SPANSET: spanset_stage(trace, stage->spanset, in, out); break;
    case WEFT_STAGE_AGGREGATE: aggregate_stage(trace, stage, in, out); break;
    case WEFT_STAGE_GROUP: group_stage(trace, stage, in, out); break;
    case WEFT_STAGE_COALESCE: push(trace, out, merged(trace, in)); break;
    case WEFT_STAGE_SELECT:
        for (uint32_t s = 0; s < in->count; s++) push(trace, out, in->items[s]);
        break;
    }
}

void slow_pipeline(struct slow_trace *trace, const struct weft_traceql_pipeline *pipeline,
                   struct slow_sets *out)
{
    struct slow_set all = empty_set(trace);

    *out = no_sets(trace);
    memset(all.has, true, trace->count);
    push(trace, out, all);
    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next) {
        struct slow_sets in = *out;
        *out = no_sets(trace);
        out->is_refused = in.is_refused;
        run_stage(trace, stage, &in, out);
    }
}
