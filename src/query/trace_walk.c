/* trace_walk.c -- the shape of a trace, numbered once: pre-order, nested sets, groups of siblings (trace_view.h). No recursion. */
#include "base/map.h"
#include "query/trace_view.h"

struct walk {
    const struct weft_trace_view *view;
    uint32_t *first_child, *next_sibling;
    uint32_t *order, *place, *last;
    int32_t *left, *right, *above;
    uint32_t placed;   /* spans in `order` */
    int32_t counter;   /* of nested sets */
    bool is_connected; /* the tree at hand hangs below a root */
};

/* Lists of children in the order of the batch. */
static void children_link(struct walk *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) w->first_child[i] = w->next_sibling[i] = WEFT_NO_PARENT;
    for (uint32_t i = count; i-- > 0;) {
        uint32_t p = w->view->parent[i];
        if (p == WEFT_NO_PARENT) continue;
        w->next_sibling[i] = w->first_child[p];
        w->first_child[p] = i;
    }
}

static void enter(struct walk *w, uint32_t i)
{
    uint32_t p = w->view->parent[i];

    w->place[i] = w->placed;
    w->order[w->placed++] = i;
    if (!w->is_connected) return;
    w->left[i] = w->counter++;
    w->above[i] = p == WEFT_NO_PARENT ? -1 : w->left[p];
}

static void leave(struct walk *w, uint32_t i)
{
    w->last[i] = w->placed - 1;
    if (w->is_connected) w->right[i] = w->counter++;
}

/* Down to the first child, else on to the next sibling of the nearest ancestor that has one. */
static void tree_walk(struct walk *w, uint32_t top)
{
    uint32_t i = top;

    enter(w, i);
    for (;;) {
        uint32_t next = w->first_child[i];
        while (next == WEFT_NO_PARENT) {
            leave(w, i);
            if (i == top) return;
            next = w->next_sibling[i];
            if (next == WEFT_NO_PARENT) i = w->view->parent[i];
        }
        i = next;
        enter(w, i);
    }
}

/* The roots of a trace are siblings, and so are orphans that miss the same parent; spans on a circle have none (Q4.3.1, 4, 7). A
 * missing parent has no number: its group is that of the first that misses it, moved past those of the parents. */
static void siblings_group(const struct weft_trace_view *view, uint32_t *group)
{
    uint32_t count = view->batch->span_count;
    struct weft_map missing = { 0 }, present = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        const struct weft_span *span = &view->batch->spans[i];
        if (view->parent[i] == WEFT_NO_PARENT && !weft_span_id_is_zero(&span->parent_span_id))
            weft_map_put(&missing, weft_str_make((const char *)span->parent_span_id.bytes, 8),
                         count + 1 + i, NULL);
    }
    if (missing.count > 0) { /* of a circle: not missing at all */
        for (uint32_t i = 0; i < count; i++)
            weft_map_put(&present,
                         weft_str_make((const char *)view->batch->spans[i].span_id.bytes, 8), 0,
                         NULL);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct weft_span *span = &view->batch->spans[i];
        struct weft_str id = weft_str_make((const char *)span->parent_span_id.bytes, 8);
        if (view->parent[i] != WEFT_NO_PARENT)
            group[i] = view->parent[i];
        else if (weft_span_id_is_zero(&span->parent_span_id))
            group[i] = count;
        else if (weft_map_get(&present, id) != NULL)
            group[i] = WEFT_NO_PARENT;
        else
            group[i] = (uint32_t)*weft_map_get(&missing, id);
    }
    weft_map_release(&missing);
    weft_map_release(&present);
}

void weft_trace_view_walk(struct weft_trace_view *view)
{
    uint32_t count = view->batch->span_count;
    struct weft_arena *arena = view->arena;

    if (view->order != NULL) return;
    uint32_t *group = weft_arena_alloc_array(arena, count, sizeof *group);
    struct walk w = {
        .view = view,
        .order = weft_arena_alloc_array(arena, count, sizeof *w.order),
        .place = weft_arena_alloc_array(arena, count, sizeof *w.place),
        .last = weft_arena_alloc_array(arena, count, sizeof *w.last),
        .left = weft_arena_alloc_array(arena, count, sizeof *w.left),
        .right = weft_arena_alloc_array(arena, count, sizeof *w.right),
        .above = weft_arena_alloc_array(arena, count, sizeof *w.above),
        .counter = 1,
        .is_connected = true,
    };
    struct weft_arena_mark mark = weft_arena_mark(arena);
    w.first_child = weft_arena_alloc_array(arena, count, sizeof *w.first_child);
    w.next_sibling = weft_arena_alloc_array(arena, count, sizeof *w.next_sibling);
    children_link(&w, count);
    for (int connected = 1; connected >= 0; connected--) {
        w.is_connected = connected;
        for (uint32_t i = 0; i < count; i++) {
            bool is_root = weft_span_id_is_zero(&view->batch->spans[i].parent_span_id);
            if (view->parent[i] == WEFT_NO_PARENT && is_root == w.is_connected) tree_walk(&w, i);
        }
    }
    weft_arena_rewind(arena, mark);
    siblings_group(view, group);
    view->sibling_group = group;
    view->order = w.order;
    view->place = w.place;
    view->last = w.last;
    view->nested_left = w.left;
    view->nested_right = w.right;
    view->nested_parent = w.above;
}
