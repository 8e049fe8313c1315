/* selection.c -- making selections, and what they mean for one trace: the reference of every faster evaluation. */
#include "model/selection.h"
#include "base/map.h"

#define NONE UINT32_MAX

/* ---- Making ---- */

const struct weft_selection *weft_selection_all_of(const struct weft_predicate *predicates,
                                                   uint32_t count, struct weft_arena *arena)
{
    if (count == 0) return NULL;
    struct weft_selection *node = weft_arena_alloc(arena, sizeof *node);
    *node = (struct weft_selection){ .op = WEFT_SELECT_PREDICATE, .predicate = predicates };
    if (count == 1) return node;
    *node = (struct weft_selection){ .op = WEFT_SELECT_INTERSECT,
                                     .left = weft_selection_all_of(predicates, count / 2, arena),
                                     .right = weft_selection_all_of(predicates + count / 2,
                                                                    count - count / 2, arena) };
    return node;
}

/* ---- One span ---- */

bool weft_selection_is_spanwise(const struct weft_selection *selection)
{
    if (selection == NULL || selection->op <= WEFT_SELECT_PREDICATE) return true;
    return selection->op <= WEFT_SELECT_UNION && weft_selection_is_spanwise(selection->left) &&
           weft_selection_is_spanwise(selection->right);
}

bool weft_selection_holds_span(const struct weft_selection *selection, const struct weft_span *span)
{
    if (selection == NULL) return true;
    switch (selection->op) {
    case WEFT_SELECT_ALL: return true;
    case WEFT_SELECT_PREDICATE: return weft_predicate_holds_span(selection->predicate, span);
    case WEFT_SELECT_INTERSECT:
        return weft_selection_holds_span(selection->left, span) &&
               weft_selection_holds_span(selection->right, span);
    default:
        return weft_selection_holds_span(selection->left, span) ||
               weft_selection_holds_span(selection->right, span);
    }
}

/* ---- One trace ---- */

/* Who is whose parent; `family` numbers the siblings. NONE: none. */
struct kin {
    uint32_t *parent, *family;
    uint32_t family_count;
};
struct marking {
    const struct weft_batch *trace;
    struct weft_arena *arena;
    struct kin *kin; /* NULL until somebody asks */
};

static struct weft_str id_str(const struct weft_span_id *id)
{
    return weft_str_make((const char *)id->bytes, sizeof id->bytes);
}

static void parents_find(struct kin *kin, const struct weft_batch *trace)
{
    struct weft_map first = { 0 }, families = { 0 };

    for (uint32_t i = 0; i < trace->span_count; i++)
        weft_map_put(&first, id_str(&trace->spans[i].span_id), i, NULL);
    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        const uint64_t *found = weft_map_get(&first, id_str(&span->parent_span_id));
        bool has_parent = found != NULL && !weft_span_id_is_zero(&span->parent_span_id);
        kin->parent[i] = has_parent ? (uint32_t)*found : NONE;
        if (memcmp(&span->parent_span_id, &span->span_id, sizeof span->span_id) == 0 && has_parent)
            kin->parent[i] = i;
        bool is_new;
        kin->family[i] = (uint32_t)*weft_map_put(&families, id_str(&span->parent_span_id),
                                                 kin->family_count, &is_new);
        kin->family_count += is_new;
    }
    weft_map_release(&first);
    weft_map_release(&families);
}

/* Each walk upwards marks with its own number, so that meeting it again is a circle. */
static void circles_open(struct kin *kin, uint32_t count, struct weft_arena *arena)
{
    uint32_t *mark = weft_arena_alloc_array(arena, count, sizeof *mark);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i;
        while (at != NONE && mark[at] == 0) {
            mark[at] = i + 1;
            at = kin->parent[at];
        }
        if (at == NONE || mark[at] != i + 1) continue;
        while (kin->parent[at] != NONE) {
            uint32_t above = kin->parent[at];
            kin->parent[at] = kin->family[at] = NONE;
            at = above;
        }
    }
}

static const struct kin *kin_of(struct marking *marking)
{
    uint32_t count = marking->trace->span_count;

    if (marking->kin != NULL) return marking->kin;
    struct kin *kin = marking->kin = weft_arena_alloc(marking->arena, sizeof *kin);
    *kin = (struct kin){ .parent = weft_arena_alloc_array(marking->arena, count, 4),
                         .family = weft_arena_alloc_array(marking->arena, count, 4) };
    parents_find(kin, marking->trace);
    circles_open(kin, count, marking->arena);
    return kin;
}

static uint32_t marked(const bool *in, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count; i++) n += in[i];
    return n;
}

/* above[i]: one above i is in `left`; each span is asked once. */
static void above_mark(const struct kin *kin, const bool *left, bool *above, uint32_t count,
                       struct weft_arena *arena)
{
    uint32_t *path = weft_arena_alloc_array(arena, count + 1, sizeof *path);
    bool *known = weft_arena_alloc_array(arena, count, sizeof *known);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = 0, at = i;
        for (; at != NONE && !known[at]; at = kin->parent[at]) {
            path[n++] = at;
            known[at] = true;
        }
        while (n > 0) {
            uint32_t below = path[--n], p = kin->parent[below];
            above[below] = p != NONE && (left[p] || above[p]);
        }
    }
}

static void below_mark(const struct kin *kin, const bool *left, bool *below, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t at = kin->parent[i]; left[i] && at != NONE && !below[at];
             at = kin->parent[at])
            below[at] = true;
}

static void siblings_mark(const struct kin *kin, const bool *left, bool *beside, uint32_t count,
                          struct weft_arena *arena)
{
    uint32_t *tally = weft_arena_alloc_array(arena, kin->family_count + 1u, sizeof *tally);

    for (uint32_t i = 0; i < count; i++)
        if (left[i] && kin->family[i] != NONE) tally[kin->family[i]]++;
    for (uint32_t i = 0; i < count; i++)
        beside[i] = kin->family[i] != NONE && tally[kin->family[i]] > (left[i] ? 1u : 0u);
}

/* Which spans stand so to one of `left`. */
static void related_mark(struct marking *marking, enum weft_selection_op op, const bool *left,
                         bool *related)
{
    const struct kin *kin = kin_of(marking);
    uint32_t count = marking->trace->span_count;

    switch (op) {
    case WEFT_SELECT_CHILD:
        for (uint32_t i = 0; i < count; i++)
            related[i] = kin->parent[i] != NONE && left[kin->parent[i]];
        return;
    case WEFT_SELECT_PARENT:
        for (uint32_t i = 0; i < count; i++)
            if (left[i] && kin->parent[i] != NONE) related[kin->parent[i]] = true;
        return;
    case WEFT_SELECT_DESCENDANT: above_mark(kin, left, related, count, marking->arena); return;
    case WEFT_SELECT_ANCESTOR: below_mark(kin, left, related, count); return;
    default: siblings_mark(kin, left, related, count, marking->arena); return;
    }
}

static void node_mark(struct marking *marking, const struct weft_selection *node, bool *in)
{
    uint32_t count = marking->trace->span_count;

    if (node == NULL || node->op <= WEFT_SELECT_PREDICATE) {
        for (uint32_t i = 0; i < count; i++)
            in[i] = weft_selection_holds_span(node, &marking->trace->spans[i]);
        return;
    }
    bool *left = weft_arena_alloc_array(marking->arena, count, sizeof *left);
    bool *related = weft_arena_alloc_array(marking->arena, count, sizeof *related);
    node_mark(marking, node->left, left);
    node_mark(marking, node->right, in);
    bool is_nothing = (node->op == WEFT_SELECT_BOTH && marked(in, count) == 0) ||
                      (node->op == WEFT_SELECT_BOTH && marked(left, count) == 0) ||
                      (node->op == WEFT_SELECT_AT_LEAST && marked(left, count) < node->count);
    if (node->op > WEFT_SELECT_BOTH) related_mark(marking, node->op, left, related);
    for (uint32_t i = 0; i < count; i++) {
        switch (node->op) {
        case WEFT_SELECT_INTERSECT: in[i] = in[i] && left[i]; break;
        case WEFT_SELECT_AT_LEAST: in[i] = in[i] && !is_nothing; break;
        case WEFT_SELECT_UNION:
        case WEFT_SELECT_BOTH: in[i] = (in[i] || left[i]) && !is_nothing; break;
        default: in[i] = in[i] && related[i]; break;
        }
    }
}

void weft_selection_mark(const struct weft_selection *selection, const struct weft_batch *trace,
                         bool *in, struct weft_arena *arena)
{
    struct marking marking = { .trace = trace, .arena = arena };

    node_mark(&marking, selection, in);
}
