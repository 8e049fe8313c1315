/* traceql_select.c -- spanset expressions and pipelines as selections (traceql_select.h).
 *
 * A set that stands below a structural operator or && means spans of the whole trace, and so does its place in the tree. But a later
 * stage sees only what the earlier ones left: what it says of its own spans still holds, what it says of their relatives holds for more.
 */
#include "query/traceql_select_internal.h"

/* ---- Trees ---- */

/* A source looks at its clock between parts of its data, not between leaves; and a set that stands in a tree twice (&>) is looked for
 * twice, so that a chain of such doubles with each. Beyond this, evaluation alone decides: it stops in time. */
#define LEAVES_MAX 500u

struct weft_select_set weft_select_leaf(struct weft_selecting *s, struct weft_predicate predicate)
{
    struct weft_predicate *kept = weft_arena_alloc(s->arena, sizeof *kept);
    struct weft_selection *node = weft_arena_alloc(s->arena, sizeof *node);

    *kept = predicate;
    *node = (struct weft_selection){ .op = WEFT_SELECT_PREDICATE, .predicate = kept };
    return (struct weft_select_set){ .node = node, .height = 1, .leaf_count = 1, .is_exact = true };
}

static const struct weft_selection *node_of(struct weft_selecting *s, struct weft_select_set set)
{
    static const struct weft_selection all = { .op = WEFT_SELECT_ALL };
    return set.size == WEFT_SELECT_EVERYTHING ? &all : set.node;
}

static const char *reason_of(struct weft_select_set left, struct weft_select_set right)
{
    return left.reason != NULL ? left.reason : right.reason;
}

static struct weft_select_set tree(struct weft_selecting *s, enum weft_selection_op op,
                                   struct weft_select_set left, struct weft_select_set right)
{
    uint32_t height = 1 + (left.height > right.height ? left.height : right.height);
    uint32_t leaf_count = left.leaf_count + right.leaf_count;

    if (height > WEFT_SELECTION_DEPTH_MAX || leaf_count > LEAVES_MAX)
        return weft_select_because(
            op == WEFT_SELECT_INTERSECT
                ? weft_select_inexact(left.leaf_count < right.leaf_count ? left : right)
                : weft_select_everything(false),
            "there are more conditions than the columns are asked for");
    struct weft_selection *node = weft_arena_alloc(s->arena, sizeof *node);
    *node =
        (struct weft_selection){ .op = op, .left = node_of(s, left), .right = node_of(s, right) };
    return (struct weft_select_set){ .node = node,
                                     .height = height,
                                     .leaf_count = leaf_count,
                                     .is_exact = left.is_exact && right.is_exact,
                                     .reason = reason_of(left, right) };
}

static struct weft_select_set union_of(struct weft_selecting *s, struct weft_select_set left,
                                       struct weft_select_set right)
{
    if (left.size == WEFT_SELECT_NOTHING) return right;
    if (right.size == WEFT_SELECT_NOTHING) return left;
    if (left.size == WEFT_SELECT_EVERYTHING || right.size == WEFT_SELECT_EVERYTHING)
        return weft_select_because(
            weft_select_everything((left.size == WEFT_SELECT_EVERYTHING && left.is_exact) ||
                                   (right.size == WEFT_SELECT_EVERYTHING && right.is_exact)),
            reason_of(left, right));
    return tree(s, WEFT_SELECT_UNION, left, right);
}

static struct weft_select_set intersection_of(struct weft_selecting *s, struct weft_select_set left,
                                              struct weft_select_set right)
{
    bool is_exact = left.is_exact && right.is_exact;
    struct weft_select_set one = left.size == WEFT_SELECT_EVERYTHING ? right : left;

    if (left.size == WEFT_SELECT_SOME && right.size == WEFT_SELECT_SOME)
        return tree(s, WEFT_SELECT_INTERSECT, left, right);
    return is_exact ? one : weft_select_because(weft_select_inexact(one), reason_of(left, right));
}

struct weft_select_set weft_select_join(struct weft_selecting *s, enum weft_selection_op op,
                                        struct weft_select_set left, struct weft_select_set right)
{
    if (op == WEFT_SELECT_UNION) return union_of(s, left, right);
    if (left.size == WEFT_SELECT_NOTHING || right.size == WEFT_SELECT_NOTHING)
        return weft_select_nothing();
    if (op == WEFT_SELECT_INTERSECT) return intersection_of(s, left, right);
    if (op == WEFT_SELECT_BOTH && left.size == WEFT_SELECT_EVERYTHING &&
        right.size == WEFT_SELECT_EVERYTHING)
        return weft_select_because(weft_select_everything(left.is_exact && right.is_exact),
                                   reason_of(left, right));
    return tree(s, op, left, right);
}

struct weft_select_set weft_select_set_at_least(struct weft_selecting *s, uint32_t count,
                                                struct weft_select_set left,
                                                struct weft_select_set right)
{
    struct weft_select_set set = weft_select_join(s, WEFT_SELECT_AT_LEAST, left, right);

    if (set.size != WEFT_SELECT_SOME) return set;
    struct weft_selection *node = weft_arena_alloc(s->arena, sizeof *node);
    *node = *set.node;
    node->count = count;
    set.node = node;
    return set;
}

/* ---- Spansets ---- */

/* is_plain: of any spans that come in, those are left that the set has; not so with && and structural operators. */
struct spans {
    struct weft_select_set set;
    bool is_plain;
};

static struct spans pipeline_spans(struct weft_selecting *s,
                                   const struct weft_traceql_pipeline *pipeline);

static enum weft_selection_op relation_of(enum weft_spanset_op op)
{
    switch (op) {
    case WEFT_SPANSET_CHILD: return WEFT_SELECT_CHILD;
    case WEFT_SPANSET_DESCENDANT: return WEFT_SELECT_DESCENDANT;
    case WEFT_SPANSET_PARENT: return WEFT_SELECT_PARENT;
    case WEFT_SPANSET_ANCESTOR: return WEFT_SELECT_ANCESTOR;
    default: return WEFT_SELECT_SIBLING;
    }
}

static enum weft_selection_op inverse_of(enum weft_selection_op op)
{
    switch (op) {
    case WEFT_SELECT_CHILD: return WEFT_SELECT_PARENT;
    case WEFT_SELECT_DESCENDANT: return WEFT_SELECT_ANCESTOR;
    case WEFT_SELECT_PARENT: return WEFT_SELECT_CHILD;
    case WEFT_SELECT_ANCESTOR: return WEFT_SELECT_DESCENDANT;
    default: return op;
    }
}

/* &> and its like. A tree says both sides twice: done for filters alone, or long chains would double with every operator. */
static struct weft_select_set union_relation(struct weft_selecting *s, enum weft_selection_op op,
                                             struct spans left, struct spans right)
{
    if (!left.is_plain || !right.is_plain)
        return weft_select_because(
            weft_select_inexact(weft_select_join(s, WEFT_SELECT_BOTH, left.set, right.set)),
            "a union operator (&>, &>>, ...) has more than filters beside it");
    return weft_select_join(s, WEFT_SELECT_UNION, weft_select_join(s, op, left.set, right.set),
                            weft_select_join(s, inverse_of(op), right.set, left.set));
}

static struct weft_select_set relation(struct weft_selecting *s,
                                       const struct weft_spanset_expr *expr, struct spans left,
                                       struct spans right)
{
    enum weft_selection_op op = relation_of(expr->op);

    if (expr->is_union) return union_relation(s, op, left, right);
    if (!expr->is_negated) return weft_select_join(s, op, left.set, right.set);
    return left.set.size == WEFT_SELECT_NOTHING
               ? right.set
               : weft_select_because(
                     weft_select_inexact(right.set),
                     "a negated operator (!>, !>>, ...) is decided by whole traces");
}

static struct spans spanset_spans(struct weft_selecting *s, const struct weft_spanset_expr *expr)
{
    if (expr->op == WEFT_SPANSET_FILTER)
        return (struct spans){ weft_select_filter(s, expr->expr), true };
    if (expr->op == WEFT_SPANSET_PIPELINE) return pipeline_spans(s, expr->pipeline);
    struct spans left = spanset_spans(s, expr->left), right = spanset_spans(s, expr->right);
    if (expr->op == WEFT_SPANSET_OR)
        return (struct spans){ weft_select_join(s, WEFT_SELECT_UNION, left.set, right.set),
                               left.is_plain && right.is_plain };
    if (expr->op == WEFT_SPANSET_AND)
        return (struct spans){ weft_select_join(s, WEFT_SELECT_BOTH, left.set, right.set), false };
    return (struct spans){ relation(s, expr, left, right), false };
}

/* ---- Pipelines ---- */

/* by(), select() and coalesce() leave every span; aggregates drop whole spansets. */
static struct spans pipeline_spans(struct weft_selecting *s,
                                   const struct weft_traceql_pipeline *pipeline)
{
    struct spans all = { weft_select_everything(true), true };
    bool is_grouped = false;

    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next) {
        is_grouped = is_grouped || stage->kind == WEFT_STAGE_GROUP;
        if (stage->kind == WEFT_STAGE_AGGREGATE)
            all = (struct spans){ weft_select_because(
                                      weft_select_aggregate(s, stage, all.set, is_grouped),
                                      "an aggregate is taken over all spans of a spanset"),
                                  false };
        if (stage->kind != WEFT_STAGE_SPANSET) continue;
        struct spans own = spanset_spans(s, stage->spanset);
        bool sees_all = all.set.size == WEFT_SELECT_EVERYTHING && all.set.is_exact;
        if (!own.is_plain && (!sees_all || stage != pipeline->first))
            own.set = weft_select_because(
                weft_select_inexact(own.set),
                "&& or a structural operator sees only what the stages before it leave");
        all.set = weft_select_join(s, WEFT_SELECT_INTERSECT, all.set, own.set);
        all.is_plain = all.is_plain && own.is_plain;
    }
    return all;
}

static struct weft_selecting selecting_start(struct weft_traceql_selection *out,
                                             struct weft_arena *arena)
{
    _Atomic bool *is_limited = weft_arena_alloc_zero(arena, sizeof *is_limited);

    *out = (struct weft_traceql_selection){ .is_regex_limited = is_limited };
    return (struct weft_selecting){ .arena = arena, .is_regex_limited = is_limited };
}

static void selecting_finish(struct weft_traceql_selection *out, struct weft_select_set set)
{
    out->tree = set.size == WEFT_SELECT_SOME ? set.node : NULL;
    out->is_empty = set.size == WEFT_SELECT_NOTHING;
    out->is_exact = set.is_exact;
    if (!set.is_exact) out->inexact_reason = set.reason;
}

void weft_traceql_select(struct weft_traceql_selection *out,
                         const struct weft_traceql_pipeline *pipeline, struct weft_arena *arena)
{
    struct weft_selecting s = selecting_start(out, arena);
    selecting_finish(out, pipeline_spans(&s, pipeline).set);
}

void weft_traceql_select_filter(struct weft_traceql_selection *out, const struct weft_expr *expr,
                                struct weft_arena *arena)
{
    struct weft_selecting s = selecting_start(out, arena);
    selecting_finish(out, weft_select_filter(&s, expr));
}
