/* naive_selection.c -- the judge of selections: the sentences of model/selection.h, each asked of every pair of spans. */
#include "base/alloc.h"
#include "naive_store.h"

struct question {
    const struct weft_batch *trace;
    const struct weft_selection *node;
};

static bool is_zero(struct weft_span_id id)
{
    const struct weft_span_id zero = { { 0 } };
    return memcmp(&id, &zero, sizeof id) == 0;
}

static bool id_equal(struct weft_span_id a, struct weft_span_id b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* "the first span of the trace that has the id it names", that being its own or not; NULL: none. */
static const struct weft_span *named(const struct weft_batch *trace, const struct weft_span *span)
{
    if (is_zero(span->parent_span_id)) return NULL;
    if (id_equal(span->parent_span_id, span->span_id)) return span;
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (id_equal(trace->spans[i].span_id, span->parent_span_id)) return &trace->spans[i];
    return NULL;
}

/* "whose way upwards comes back to itself" */
static bool is_on_circle(const struct weft_batch *trace, const struct weft_span *span)
{
    const struct weft_span *at = named(trace, span);
    for (uint32_t steps = 0; steps < trace->span_count && at != NULL; steps++) {
        if (at == span) return true;
        at = named(trace, at);
    }
    return false;
}

static const struct weft_span *parent(const struct weft_batch *trace, const struct weft_span *span)
{
    return is_on_circle(trace, span) ? NULL : named(trace, span);
}

static bool is_above(const struct weft_batch *trace, const struct weft_span *above,
                     const struct weft_span *below)
{
    const struct weft_span *at = parent(trace, below);
    for (; at != NULL; at = parent(trace, at))
        if (at == above) return true;
    return false;
}

/* "Siblings name the same parent, there or not, zero too; on such a circle a span has none unless it names zero." */
static bool is_sibling(const struct weft_batch *trace, const struct weft_span *a,
                       const struct weft_span *b)
{
    if (a == b || !id_equal(a->parent_span_id, b->parent_span_id)) return false;
    return !is_on_circle(trace, a) && !is_on_circle(trace, b);
}

/* Does `other`, of the left, stand so to `span` that the operator keeps it? */
static bool relates(const struct question *q, const struct weft_span *other,
                    const struct weft_span *span)
{
    switch (q->node->op) {
    case WEFT_SELECT_CHILD: return parent(q->trace, span) == other;
    case WEFT_SELECT_DESCENDANT: return is_above(q->trace, other, span);
    case WEFT_SELECT_PARENT: return parent(q->trace, other) == span;
    case WEFT_SELECT_ANCESTOR: return is_above(q->trace, span, other);
    default: return is_sibling(q->trace, other, span);
    }
}

static bool has_one(const bool *in, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (in[i]) return true;
    return false;
}

static bool is_related(const struct question *q, const bool *left, const struct weft_span *span)
{
    for (uint32_t i = 0; i < q->trace->span_count; i++)
        if (left[i] && relates(q, &q->trace->spans[i], span)) return true;
    return false;
}

static uint32_t how_many(const bool *marks, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++)
        if (marks[i]) n++;
    return n;
}

void naive_selection_mark(const struct weft_selection *node, const struct weft_batch *trace,
                          bool *in)
{
    const struct question q = { trace, node };
    const uint32_t count = trace->span_count;
    bool *left = weft_alloc_zero(2 * (size_t)count + 1), *right = left + count;

    if (node != NULL && node->op > WEFT_SELECT_PREDICATE) {
        naive_selection_mark(node->left, trace, left);
        naive_selection_mark(node->right, trace, right);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (node == NULL || node->op == WEFT_SELECT_ALL)
            in[i] = true;
        else if (node->op == WEFT_SELECT_PREDICATE)
            in[i] = naive_predicate_holds(node->predicate, &trace->spans[i]);
        else if (node->op == WEFT_SELECT_INTERSECT)
            in[i] = left[i] && right[i];
        else if (node->op == WEFT_SELECT_UNION)
            in[i] = left[i] || right[i];
        else if (node->op == WEFT_SELECT_AT_LEAST)
            in[i] = right[i] && how_many(left, count) >= node->count;
        else if (node->op == WEFT_SELECT_BOTH)
            in[i] = (left[i] || right[i]) && has_one(left, count) && has_one(right, count);
        else
            in[i] = right[i] && is_related(&q, left, &trace->spans[i]);
    }
    weft_free(left);
}
