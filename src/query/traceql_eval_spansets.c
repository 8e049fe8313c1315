/* traceql_eval_spansets.c -- spanset expressions: filters, && and ||, structure, and pipelines as operands (query.md Q4). */
#include "query/traceql_eval_internal.h"

struct weft_span_buffer *weft_span_buffer_take(struct weft_evaluation *ev)
{
    struct weft_span_buffer *buffer = ev->free;

    if (buffer == NULL)
        return weft_arena_alloc(ev->view->arena,
                                sizeof *buffer +
                                    (size_t)ev->view->batch->span_count * sizeof *buffer->spans);
    ev->free = buffer->next;
    return buffer;
}

void weft_span_buffer_give(struct weft_evaluation *ev, struct weft_span_buffer *buffer)
{
    buffer->next = ev->free;
    ev->free = buffer;
}

static int filter_evaluate(struct weft_evaluation *ev, const struct weft_expr *expr,
                           struct weft_span_set in, struct weft_span_set *out)
{
    out->count = 0;
    for (uint32_t i = 0; i < in.count; i++)
        if (weft_traceql_holds(ev->view, expr, in.spans[i])) out->spans[out->count++] = in.spans[i];
    return weft_evaluation_check(ev);
}

static void spans_merge(struct weft_span_set a, struct weft_span_set b, struct weft_span_set *out)
{
    uint32_t i = 0, j = 0;

    out->count = 0;
    while (i < a.count || j < b.count) {
        bool takes_a = j == b.count || (i < a.count && a.spans[i] <= b.spans[j]);
        if (takes_a && j < b.count && a.spans[i] == b.spans[j]) j++;
        out->spans[out->count++] = takes_a ? a.spans[i++] : b.spans[j++];
    }
}

/* ---- Pipelines as operands ---- */

/* The spans of all of them; structural operators want one spanset (Q4.3.6). */
static int spansets_join(struct weft_evaluation *ev, const struct weft_spanset_list *list,
                         bool wants_one, struct weft_span_set *out)
{
    out->count = 0;
    if (wants_one && list->count > 1)
        return weft_fail(
            ev->err, WEFT_UNSUPPORTED,
            "a structural operator between pipelines needs one spanset a trace, and by() has "
            "made %u: put | coalesce() behind it",
            list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct weft_span_set *set = &list->items[i].set;
        memcpy(out->spans + out->count, set->spans, set->count * sizeof *set->spans);
        out->count += set->count;
    }
    weft_numbers_sort(ev, out->spans, out->count);
    return WEFT_OK;
}

static int pipeline_evaluate(struct weft_evaluation *ev,
                             const struct weft_traceql_pipeline *pipeline, struct weft_span_set in,
                             bool wants_one, struct weft_span_set *out)
{
    struct weft_span_buffer *copy = weft_span_buffer_take(ev);
    struct weft_spanset_list list = { 0 };

    memcpy(copy->spans, in.spans, in.count * sizeof *in.spans);
    weft_spanset_list_add(&list, (struct weft_span_set){ copy->spans, in.count }, NULL);
    int rc = weft_pipeline_run(ev, pipeline, &list);
    if (rc == WEFT_OK) rc = spansets_join(ev, &list, wants_one, out);
    weft_spanset_list_release(&list);
    weft_span_buffer_give(ev, copy);
    return rc;
}

/* ---- Operators ---- */

static bool is_structural(enum weft_spanset_op op)
{
    return op >= WEFT_SPANSET_CHILD;
}

static enum weft_spanset_op inverse_of(enum weft_spanset_op op)
{
    switch (op) {
    case WEFT_SPANSET_CHILD: return WEFT_SPANSET_PARENT;
    case WEFT_SPANSET_PARENT: return WEFT_SPANSET_CHILD;
    case WEFT_SPANSET_DESCENDANT: return WEFT_SPANSET_ANCESTOR;
    case WEFT_SPANSET_ANCESTOR: return WEFT_SPANSET_DESCENDANT;
    default: return op;
    }
}

/* &> and its like: the left spans that make a right one match stand to it the other way round. */
static void union_relate(struct weft_evaluation *ev, enum weft_spanset_op op,
                         struct weft_span_set left, struct weft_span_set right,
                         struct weft_span_set *out)
{
    struct weft_span_buffer *a = weft_span_buffer_take(ev), *b = weft_span_buffer_take(ev);
    struct weft_span_set kept_right = { a->spans, 0 }, kept_left = { b->spans, 0 };

    weft_spans_relate(ev, op, false, left, right, &kept_right);
    weft_spans_relate(ev, inverse_of(op), false, right, left, &kept_left);
    spans_merge(kept_left, kept_right, out);
    weft_span_buffer_give(ev, b);
    weft_span_buffer_give(ev, a);
}

static void operator_apply(struct weft_evaluation *ev, const struct weft_spanset_expr *expr,
                           struct weft_span_set left, struct weft_span_set right,
                           struct weft_span_set *out)
{
    out->count = 0;
    if (expr->op == WEFT_SPANSET_AND && (left.count == 0 || right.count == 0)) return;
    if (!is_structural(expr->op))
        spans_merge(left, right, out);
    else if (expr->is_union)
        union_relate(ev, expr->op, left, right, out);
    else
        weft_spans_relate(ev, expr->op, expr->is_negated, left, right, out);
}

/* ---- Expressions ---- */

static int operand_evaluate(struct weft_evaluation *ev, const struct weft_spanset_expr *expr,
                            enum weft_spanset_op above, struct weft_span_set in,
                            struct weft_span_set *out)
{
    if (expr->op == WEFT_SPANSET_FILTER) return filter_evaluate(ev, expr->expr, in, out);
    if (expr->op == WEFT_SPANSET_PIPELINE)
        return pipeline_evaluate(ev, expr->pipeline, in, is_structural(above), out);
    return weft_spanset_evaluate(ev, expr, in, out);
}

/* The operators from the innermost left to the top: chains are left-deep and may be long. */
static uint32_t chain_length(const struct weft_spanset_expr *expr)
{
    uint32_t length = 0;
    for (; expr->op >= WEFT_SPANSET_AND; expr = expr->left) length++;
    return length;
}

/* out = out op right, for the operators of the chain, which stands top first. */
static int chain_evaluate(struct weft_evaluation *ev, const struct weft_spanset_expr **chain,
                          uint32_t length, struct weft_span_set in, struct weft_span_set *out)
{
    struct weft_span_buffer *a = weft_span_buffer_take(ev), *b = weft_span_buffer_take(ev);
    struct weft_span_set right = { a->spans, 0 }, joined = { b->spans, 0 };
    int rc = operand_evaluate(ev, chain[length - 1]->left, chain[length - 1]->op, in, out);

    while (rc == WEFT_OK && length-- > 0) {
        const struct weft_spanset_expr *expr = chain[length];
        rc = operand_evaluate(ev, expr->right, expr->op, in, &right);
        if (rc < 0) break;
        operator_apply(ev, expr, *out, right, &joined);
        memcpy(out->spans, joined.spans, joined.count * sizeof *joined.spans);
        out->count = joined.count;
    }
    weft_span_buffer_give(ev, b);
    weft_span_buffer_give(ev, a);
    return rc;
}

int weft_spanset_evaluate(struct weft_evaluation *ev, const struct weft_spanset_expr *expr,
                          struct weft_span_set in, struct weft_span_set *out)
{
    uint32_t length = chain_length(expr);

    if (length == 0) return operand_evaluate(ev, expr, WEFT_SPANSET_AND, in, out);
    const struct weft_spanset_expr **chain = weft_alloc_array(length, sizeof *chain);
    for (uint32_t i = 0; i < length; i++, expr = expr->left) chain[i] = expr;
    int rc = chain_evaluate(ev, chain, length, in, out);
    weft_free(chain);
    return rc;
}
