/* merge_tree.c -- the rows of each trace in pre-order: parents found, siblings by start time, exact
 * duplicates dropped.
 *
 * A row whose parent is not among the rows (orphan), or that would close a circle, stands at depth
 * 0 and keeps its parent id; the encoder puts those in the list of exceptions.
 */
#include "base/alloc.h"
#include "base/hash.h"
#include "store/merge_internal.h"

#define NONE UINT32_MAX

/* A trace at work; arrays live in the row group's scratch arena. Indices are positions in (start,
 * span id) order. */
struct tree {
    struct merge *m;
    uint32_t count;
    uint32_t *row;         /* position -> row */
    uint32_t *slots, mask; /* span id -> first position with it */
    uint32_t *same;        /* next position with the same span id */
    uint32_t *child, *last, *sibling;
    uint32_t *parent;
    uint8_t *state; /* 1: dropped, 2: written */
};
enum { DROPPED = 1, WRITTEN = 2 };

static bool is_before(const struct merge_row *a, const struct merge_row *b)
{
    if (a->start != b->start) return a->start < b->start;
    return __builtin_bswap64(a->span_id) < __builtin_bswap64(b->span_id);
}

static int compare_row(const void *a, const void *b, void *arg)
{
    const struct merge *m = arg;
    const struct merge_row *x = &m->rows[*(const uint32_t *)a], *y = &m->rows[*(const uint32_t *)b];
    if (is_before(x, y)) return -1;
    if (is_before(y, x)) return 1;
    return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1; /* stable */
}

static void rows_sort(struct tree *t, uint32_t first)
{
    struct merge *m = t->m;

    for (uint32_t i = 0; i < t->count; i++) t->row[i] = first + i;
    if (t->count > 64) {
        qsort_r(t->row, t->count, sizeof *t->row, compare_row, m);
        return;
    }
    for (uint32_t i = 1; i < t->count; i++) {
        uint32_t row = t->row[i], at = i;
        for (; at > 0 && is_before(&m->rows[row], &m->rows[t->row[at - 1]]); at--)
            t->row[at] = t->row[at - 1];
        t->row[at] = row;
    }
}

static uint32_t *slot_of(const struct tree *t, uint64_t span_id)
{
    uint32_t at = (uint32_t)weft_hash_u64(span_id) & t->mask;
    while (t->slots[at] != NONE && t->m->rows[t->row[t->slots[at]]].span_id != span_id)
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

static bool ids_index(struct tree *t) /* true: some id is there twice */
{
    bool twice = false;

    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t *slot = slot_of(t, t->m->rows[t->row[i]].span_id);
        t->same[i] = NONE;
        if (*slot == NONE) {
            *slot = i;
            continue;
        }
        t->same[i] = t->same[*slot]; /* the first stays the one that children hang on */
        t->same[*slot] = i;
        twice = true;
    }
    return twice;
}

/* Rows of one span id: those with equal content are dropped but one, those that differ stay and are
 * counted. */
static void duplicates_drop(struct tree *t)
{
    struct merge *m = t->m;
    struct weft_map seen = { 0 };
    struct weft_buf content = { 0 };

    for (uint32_t s = 0; s <= t->mask; s++) {
        uint32_t first = t->slots[s];
        if (first == NONE || t->same[first] == NONE) continue;
        weft_map_reset(&seen);
        for (uint32_t i = first; i != NONE; i = t->same[i]) {
            bool is_new;
            weft_buf_reset(&content);
            weft_merge_row_content(m, &m->rows[t->row[i]], &content);
            weft_map_put(&seen, weft_buf_str(&content), 0, &is_new);
            if (is_new) {
                if (i != first) m->stats->conflicting_duplicates++;
            } else {
                t->state[i] |= DROPPED;
                m->stats->exact_duplicates++;
            }
        }
    }
    weft_map_release(&seen);
    weft_buf_release(&content);
}

static void children_link(struct tree *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        const struct merge_row *row = &t->m->rows[t->row[i]];
        t->parent[i] = t->child[i] = t->last[i] = t->sibling[i] = NONE;
        if (row->parent != 0 && row->parent != row->span_id)
            t->parent[i] = *slot_of(t, row->parent);
    }
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t p = t->parent[i];
        if (p == NONE || (t->state[i] & DROPPED)) continue;
        if (t->child[p] == NONE)
            t->child[p] = i;
        else
            t->sibling[t->last[p]] = i;
        t->last[p] = i;
    }
}

static void emit(struct tree *t, uint32_t position, uint32_t depth)
{
    struct merge *m = t->m;
    uint32_t row = t->row[position];
    t->state[position] |= WRITTEN;
    m->rows[row].depth = depth;
    m->order[m->out_count++] = row;
}

/* Pre-order without a stack: parents are known, so going up is following them. */
static void walk(struct tree *t, uint32_t root)
{
    uint32_t at = root, depth = 0;

    emit(t, at, 0);
    for (;;) {
        uint32_t next = t->child[at];
        while (next != NONE && (t->state[next] & WRITTEN))
            next = t->sibling[next]; /* a circle comes back to its start */
        if (next != NONE) {
            depth++;
        } else {
            for (;;) {
                if (at == root) return;
                next = t->sibling[at];
                while (next != NONE && (t->state[next] & WRITTEN)) next = t->sibling[next];
                if (next != NONE) break;
                at = t->parent[at];
                depth--;
            }
        }
        at = next;
        emit(t, at, depth);
    }
}

static void tree_init(struct tree *t, struct merge *m, uint32_t count)
{
    uint32_t slots = 4;
    while (slots < count * 2) slots *= 2;
    uint32_t *memory = weft_arena_alloc(&m->scratch, ((size_t)count * 6 + slots) * 4 + count);
    *t = (struct tree){ .m = m,
                        .count = count,
                        .row = memory,
                        .same = memory + count,
                        .child = memory + (size_t)count * 2,
                        .last = memory + (size_t)count * 3,
                        .sibling = memory + (size_t)count * 4,
                        .parent = memory + (size_t)count * 5,
                        .slots = memory + (size_t)count * 6,
                        .mask = slots - 1 };
    t->state = (uint8_t *)(t->slots + slots);
    memset(t->slots, 0xff, (size_t)slots * 4);
    memset(t->state, 0, count);
}

static void trace_build(struct merge *m, const struct merge_trace *trace)
{
    struct tree t;

    tree_init(&t, m, trace->rows);
    rows_sort(&t, trace->first);
    if (ids_index(&t)) duplicates_drop(&t);
    children_link(&t);
    for (uint32_t i = 0; i < t.count; i++)
        if (!(t.state[i] & DROPPED) && m->rows[t.row[i]].parent == 0) walk(&t, i);
    for (uint32_t i = 0; i < t.count; i++)
        if (!(t.state[i] & DROPPED) && t.parent[i] == NONE && m->rows[t.row[i]].parent != 0)
            walk(&t, i);
    for (uint32_t i = 0; i < t.count; i++)
        if (t.state[i] == 0) walk(&t, i);
}

void weft_merge_tree_build(struct merge *m)
{
    m->out_count = 0;
    for (uint32_t i = 0; i < m->trace_count; i++) {
        struct merge_trace *trace = &m->traces[i];
        trace->out_first = m->out_count;
        if (trace->rows == 1)
            m->order[m->out_count++] = trace->first;
        else
            trace_build(m, trace);
        trace->out_rows = m->out_count - trace->out_first;
    }
}
