/* segment_select.c -- see segment_select.h. Predicates that hold together are one plan (segment_plan.c), which asks the cheapest
 * question first. */
#include "store/segment_select.h"
#include "store/segment_plan.h"

enum kind { EVERY, NOTHING, PLAN, AND, OR };
struct weft_segment_select {
    enum kind kind;
    struct weft_segment_plan plan;
    struct weft_segment_select *left, *right;
};

struct making {
    const struct weft_segment_view *view;
    struct weft_arena *arena;
};

static bool is_conjunction(const struct weft_selection *selection)
{
    if (selection->op == WEFT_SELECT_INTERSECT)
        return is_conjunction(selection->left) && is_conjunction(selection->right);
    return selection->op == WEFT_SELECT_PREDICATE;
}

static uint32_t leaves_count(const struct weft_selection *selection)
{
    if (selection->op == WEFT_SELECT_PREDICATE) return 1;
    return leaves_count(selection->left) + leaves_count(selection->right);
}

static struct weft_predicate *leaves_copy(const struct weft_selection *selection,
                                          struct weft_predicate *out)
{
    if (selection->op == WEFT_SELECT_PREDICATE) {
        *out = *selection->predicate;
        return out + 1;
    }
    return leaves_copy(selection->right, leaves_copy(selection->left, out));
}

static void plan_make(struct making *m, const struct weft_selection *selection,
                      struct weft_segment_select *node)
{
    uint32_t count = leaves_count(selection);
    struct weft_predicate *predicates = weft_arena_alloc_array(m->arena, count, sizeof *predicates);

    leaves_copy(selection, predicates);
    node->kind = PLAN;
    if (weft_segment_plan_init(&node->plan, m->view, predicates, count, m->arena)) return;
    weft_segment_plan_release(&node->plan);
    node->kind = NOTHING;
}

static struct weft_segment_select *node_make(struct making *m,
                                             const struct weft_selection *selection)
{
    struct weft_segment_select *node = weft_arena_alloc_zero(m->arena, sizeof *node);

    if (selection == NULL || selection->op == WEFT_SELECT_ALL) return node;
    if (is_conjunction(selection)) {
        plan_make(m, selection, node);
        return node;
    }
    node->kind = selection->op == WEFT_SELECT_INTERSECT ? AND : OR;
    node->left = node_make(m, selection->left);
    node->right = node_make(m, selection->right);
    bool is_nothing = node->kind == AND
                          ? node->left->kind == NOTHING || node->right->kind == NOTHING
                          : node->left->kind == NOTHING && node->right->kind == NOTHING;
    if (is_nothing) {
        weft_segment_select_release(node);
        node->kind = NOTHING;
    }
    return node;
}

struct weft_segment_select *weft_segment_select_init(const struct weft_segment_view *view,
                                                     const struct weft_selection *selection,
                                                     struct weft_arena *arena)
{
    struct making m = { view, arena };
    struct weft_segment_select *root = node_make(&m, selection);

    return root->kind == NOTHING ? NULL : root;
}

void weft_segment_select_release(struct weft_segment_select *select)
{
    if (select == NULL) return;
    if (select->kind == PLAN) weft_segment_plan_release(&select->plan);
    weft_segment_select_release(select->left);
    weft_segment_select_release(select->right);
    select->left = select->right = NULL;
}

bool weft_segment_select_holds(struct weft_segment_select *select,
                               const struct weft_chunk_view *chunk, uint32_t row)
{
    switch (select->kind) {
    case EVERY: return true;
    case NOTHING: return false;
    case PLAN: return weft_segment_plan_holds(&select->plan, chunk, row);
    case AND:
        return weft_segment_select_holds(select->left, chunk, row) &&
               weft_segment_select_holds(select->right, chunk, row);
    case OR: break;
    }
    return weft_segment_select_holds(select->left, chunk, row) ||
           weft_segment_select_holds(select->right, chunk, row);
}
