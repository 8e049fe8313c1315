/* trace_tree.c -- building the tree of a trace (trace_tree.h), in O(n log n) and without
 * recursion. */
#include "query/trace_tree.h"
#include "base/endian.h"
#include "base/hash.h"

/* Work space: everything is indexed by the span's number in start order. */
struct build {
    const struct weft_batch *batch;
    uint32_t *order;       /* start order -> index into the batch */
    uint32_t *parent;      /* start order -> start order, or WEFT_NO_SPAN */
    uint32_t *first_child; /* linked lists of children, in start order */
    uint32_t *last_child;
    uint32_t *next_sibling;
    uint32_t *slots; /* hash of span ids -> start order + 1 */
    uint32_t slot_mask;
    uint32_t count;
};

static const struct weft_span *span_at(const struct build *b, uint32_t i)
{
    return &b->batch->spans[b->order[i]];
}

static int compare_start(const struct weft_span *a, const struct weft_span *b)
{
    if (a->start_time_unix_nano != b->start_time_unix_nano)
        return a->start_time_unix_nano < b->start_time_unix_nano ? -1 : 1;
    int ids = memcmp(a->span_id.bytes, b->span_id.bytes, sizeof a->span_id.bytes);
    if (ids != 0) return ids;
    return (int)a->kind - (int)b->kind;
}

/* Merge sort of span numbers: stable, and the input is nearly sorted as a rule. */
static void sort_by_start(struct build *b, struct weft_arena *arena)
{
    uint32_t *from = b->order;
    uint32_t *to = weft_arena_alloc(arena, sizeof *to * (b->count + 1));
    const struct weft_span *spans = b->batch->spans;
    for (uint32_t i = 0; i < b->count; i++) from[i] = i;
    for (uint32_t width = 1; width < b->count; width *= 2) {
        for (uint32_t low = 0; low < b->count; low += 2 * width) {
            uint32_t mid = low + width < b->count ? low + width : b->count;
            uint32_t high = low + 2 * width < b->count ? low + 2 * width : b->count;
            uint32_t l = low, r = mid, at = low;
            while (l < mid && r < high)
                to[at++] =
                    compare_start(&spans[from[r]], &spans[from[l]]) < 0 ? from[r++] : from[l++];
            while (l < mid) to[at++] = from[l++];
            while (r < high) to[at++] = from[r++];
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    b->order = from;
}

static uint32_t slot_of(const struct build *b, const struct weft_span_id *id)
{
    return (uint32_t)weft_hash_u64(weft_load_u64(id->bytes) ^ weft_hash_process_seed()) &
           b->slot_mask;
}

/* Of spans that share an id only the first few are indexed: a trace of one id repeated would make
 * long clusters. */
#define SAME_ID_MAX 3

static void index_ids(struct build *b, struct weft_arena *arena)
{
    uint32_t capacity = 16;
    while (capacity < b->count * 2) capacity *= 2;
    b->slot_mask = capacity - 1;
    b->slots = weft_arena_alloc_array(arena, capacity, sizeof *b->slots);
    for (uint32_t i = 0; i < b->count; i++) {
        const struct weft_span_id *id = &span_at(b, i)->span_id;
        uint32_t s = slot_of(b, id), same = 0;
        for (; b->slots[s] != 0 && same < SAME_ID_MAX; s = (s + 1) & b->slot_mask)
            same += memcmp(span_at(b, b->slots[s] - 1)->span_id.bytes, id->bytes,
                           sizeof id->bytes) == 0;
        if (same < SAME_ID_MAX) b->slots[s] = i + 1;
    }
}

/* The earliest span of that id other than `self`; a client is preferred as the parent of its shared
 * server span. */
static uint32_t find_id(const struct build *b, const struct weft_span_id *id, uint32_t self)
{
    for (uint32_t s = slot_of(b, id); b->slots[s] != 0; s = (s + 1) & b->slot_mask) {
        uint32_t i = b->slots[s] - 1;
        if (i != self && memcmp(span_at(b, i)->span_id.bytes, id->bytes, sizeof id->bytes) == 0)
            return i;
    }
    return WEFT_NO_SPAN;
}

static uint32_t shared_client(const struct build *b, uint32_t i)
{
    if (span_at(b, i)->kind != WEFT_KIND_SERVER) return WEFT_NO_SPAN;
    uint32_t other = find_id(b, &span_at(b, i)->span_id, i);
    return other != WEFT_NO_SPAN && span_at(b, other)->kind == WEFT_KIND_CLIENT ? other
                                                                                : WEFT_NO_SPAN;
}

static void find_parents(struct build *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t client = shared_client(b, i);
        const struct weft_span_id *id = &span_at(b, i)->parent_span_id;
        if (client != WEFT_NO_SPAN)
            b->parent[i] = client;
        else
            b->parent[i] = weft_span_id_is_zero(id) ? WEFT_NO_SPAN : find_id(b, id, i);
    }
}

/* Follow parents from every span, marking the walk with the span's number: meeting one's own mark
 * is a circle. */
static void cut_circles(struct build *b, struct weft_arena *arena)
{
    uint32_t *mark = weft_arena_alloc_array(arena, b->count + 1, sizeof *mark);
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t at = i;
        while (at != WEFT_NO_SPAN && mark[at] == 0) {
            mark[at] = i + 1;
            at = b->parent[at];
        }
        if (at != WEFT_NO_SPAN &&
            mark[at] == i + 1) { /* `at` is on the circle: cut at its earliest span */
            uint32_t earliest = at;
            for (uint32_t j = b->parent[at]; j != at; j = b->parent[j])
                if (j < earliest) earliest = j;
            b->parent[earliest] = WEFT_NO_SPAN;
        }
    }
}

static void link_children(struct build *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        b->first_child[i] = b->last_child[i] = b->next_sibling[i] = WEFT_NO_SPAN;
    }
    for (uint32_t i = 0; i < b->count; i++) { /* start order, so lists come out sorted */
        uint32_t p = b->parent[i];
        if (p == WEFT_NO_SPAN) continue;
        if (b->first_child[p] == WEFT_NO_SPAN)
            b->first_child[p] = i;
        else
            b->next_sibling[b->last_child[p]] = i;
        b->last_child[p] = i;
    }
}

static uint32_t emit(struct weft_trace_tree *tree, const struct build *b, uint32_t i,
                     uint32_t parent_node)
{
    const struct weft_span *span = span_at(b, i);
    struct weft_trace_node *node = &tree->nodes[tree->count];
    *node = (struct weft_trace_node){ .span = b->order[i], .parent = parent_node };
    if (parent_node != WEFT_NO_SPAN) {
        node->depth = tree->nodes[parent_node].depth + 1;
        tree->nodes[parent_node].child_count++;
    } else {
        node->is_orphan = !weft_span_id_is_zero(&span->parent_span_id);
    }
    uint32_t other = find_id(b, &span->span_id, i);
    node->is_duplicate =
        other != WEFT_NO_SPAN && other < i && span_at(b, other)->kind == span->kind;
    if (node->depth > tree->depth_max) tree->depth_max = node->depth;
    return tree->count++;
}

/* Pre-order without recursion: down to the first child, else on to the next sibling of the nearest
 * ancestor that has one. */
static void emit_subtree(struct weft_trace_tree *tree, const struct build *b, uint32_t top,
                         uint32_t *node_of)
{
    uint32_t i = top;
    node_of[i] = emit(tree, b, i, WEFT_NO_SPAN);
    for (;;) {
        uint32_t next = b->first_child[i];
        while (next == WEFT_NO_SPAN) {
            tree->nodes[node_of[i]].descendant_count = tree->count - node_of[i] - 1;
            if (i == top) return;
            next = b->next_sibling[i];
            if (next == WEFT_NO_SPAN) i = b->parent[i];
        }
        i = next;
        node_of[i] = emit(tree, b, i, node_of[b->parent[i]]);
    }
}

static void summarise(struct weft_trace_tree *tree, const struct weft_batch *batch)
{
    tree->start_ns = UINT64_MAX;
    tree->root = tree->count > 0 ? 0 : WEFT_NO_SPAN;
    bool has_true_root = false;
    for (uint32_t n = 0; n < tree->count; n++) {
        const struct weft_trace_node *node = &tree->nodes[n];
        const struct weft_span *span = &batch->spans[node->span];
        uint64_t end = span->start_time_unix_nano + weft_span_duration_ns(span);
        if (span->start_time_unix_nano < tree->start_ns)
            tree->start_ns = span->start_time_unix_nano;
        if (end > tree->end_ns) tree->end_ns = end;
        tree->error_count += span->status_code == WEFT_STATUS_ERROR;
        tree->orphan_count += node->is_orphan;
        tree->duplicate_count += node->is_duplicate;
        if (!has_true_root &&
            weft_span_id_is_zero(&span->parent_span_id)) { /* roots come by start time */
            has_true_root = true;
            tree->root = n;
        }
    }
    if (tree->count == 0) tree->start_ns = 0;
}

void weft_trace_tree_build(struct weft_trace_tree *tree, const struct weft_batch *batch,
                           struct weft_arena *arena)
{
    uint32_t n = batch->span_count;
    struct build b = { .batch = batch, .count = n };
    *tree = (struct weft_trace_tree){ .nodes = weft_arena_alloc_array(arena, n + 1,
                                                                      sizeof *tree->nodes) };
    b.order = weft_arena_alloc(arena, sizeof *b.order * (n + 1));
    b.parent = weft_arena_alloc(arena, sizeof *b.parent * (n + 1));
    b.first_child = weft_arena_alloc(arena, sizeof *b.first_child * (n + 1));
    b.last_child = weft_arena_alloc(arena, sizeof *b.last_child * (n + 1));
    b.next_sibling = weft_arena_alloc(arena, sizeof *b.next_sibling * (n + 1));
    uint32_t *node_of = weft_arena_alloc(arena, sizeof *node_of * (n + 1));

    sort_by_start(&b, arena);
    index_ids(&b, arena);
    find_parents(&b);
    cut_circles(&b, arena);
    link_children(&b);
    for (uint32_t i = 0; i < n; i++) {
        if (b.parent[i] == WEFT_NO_SPAN) emit_subtree(tree, &b, i, node_of);
    }
    summarise(tree, batch);
}
