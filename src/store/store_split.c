/* store_split.c -- see store_split.h. */
#include "store/store_split.h"
#include "store/block_traces.h"
#include "store/chunk_traces.h"
#include "store/segment_internal.h"

struct weft_block_split {
    _Atomic uint32_t references;
    pthread_mutex_t mutex; /* making; what follows never changes once is_made is true */
    _Atomic bool is_made;
    bool is_every_trace;
    struct weft_trace_id *ids; /* rising */
    uint32_t count, capacity;
};

struct weft_block_split *weft_block_split_create(void)
{
    struct weft_block_split *split = weft_alloc_zero(sizeof *split);

    atomic_init(&split->references, 1);
    pthread_mutex_init(&split->mutex, NULL);
    return split;
}

void weft_block_split_ref(struct weft_block_split *split)
{
    atomic_fetch_add_explicit(&split->references, 1, memory_order_relaxed);
}

void weft_block_split_unref(struct weft_block_split *split)
{
    if (split == NULL ||
        atomic_fetch_sub_explicit(&split->references, 1, memory_order_acq_rel) != 1)
        return;
    pthread_mutex_destroy(&split->mutex);
    weft_free(split->ids);
    weft_free(split);
}

/* ---- of blocks: a merge over their trace ids ---- */

struct place {
    uint64_t high, low; /* the id that the cursor stands on, as numbers */
    struct weft_block_traces *cursor;
};
struct merge {
    struct place *heap; /* the smallest id first */
    uint32_t count;
    struct weft_block_split *split;
};

static bool comes_before(const struct place *a, const struct place *b)
{
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static struct place place_of(struct weft_block_traces *cursor)
{
    const uint8_t *id = cursor->id.bytes;
    return (struct place){ weft_load_u64_be(id), weft_load_u64_be(id + 8), cursor };
}

static void sink(struct merge *m, uint32_t at)
{
    struct place place = m->heap[at];

    for (uint32_t child; (child = at * 2 + 1) < m->count; at = child) {
        if (child + 1 < m->count && comes_before(&m->heap[child + 1], &m->heap[child])) child++;
        if (!comes_before(&m->heap[child], &place)) break;
        m->heap[at] = m->heap[child];
    }
    m->heap[at] = place;
}

/* What cannot be read of a block is passed over, row group by row group. */
static void cursor_go(struct weft_block_traces *cursor, int rc)
{
    while (rc == WEFT_CORRUPT || rc == WEFT_UNSUPPORTED) rc = weft_block_traces_next(cursor, NULL);
    if (rc < 0) cursor->is_at_end = true;
}

static void first_go(struct merge *m)
{
    struct weft_block_traces *cursor = m->heap[0].cursor;

    cursor_go(cursor, weft_block_traces_next(cursor, NULL));
    m->heap[0] = cursor->is_at_end ? m->heap[--m->count] : place_of(cursor);
    if (m->count > 0) sink(m, 0);
}

static void split_add(struct weft_block_split *split, const struct weft_trace_id *id)
{
    if (split->count > 0 && memcmp(&split->ids[split->count - 1], id, sizeof *id) == 0) return;
    if (split->count == WEFT_SPLIT_TRACES_MAX) {
        split->is_every_trace = true;
        return;
    }
    if (split->count == split->capacity) {
        split->capacity = split->capacity == 0 ? 64 : split->capacity * 2;
        split->ids = weft_realloc_array(split->ids, split->capacity, sizeof *split->ids);
    }
    split->ids[split->count++] = *id;
}

static void merge_run(struct merge *m)
{
    struct place before = { 0 };

    for (uint32_t i = m->count / 2; i > 0; i--) sink(m, i - 1);
    while (m->count > 0 && !m->split->is_every_trace) {
        const struct place *first = &m->heap[0];
        if (before.cursor != NULL && first->high == before.high && first->low == before.low)
            split_add(m->split, &first->cursor->id);
        before = *first;
        first_go(m);
    }
}

static void blocks_merge(struct weft_block_split *split, const struct weft_store_set *set)
{
    static const struct weft_trace_id zero;
    struct weft_block_traces *cursors = weft_alloc_array(set->block_count + 1, sizeof *cursors);
    struct merge m = { .heap = weft_alloc_array(set->block_count + 1, sizeof *m.heap),
                       .split = split };
    uint32_t count = 0;
    struct weft_block *block;

    for (uint32_t i = 0; i < set->block_count; i++) {
        if (weft_store_block_get(set->blocks[i], &block, NULL) < 0) continue;
        struct weft_block_traces *cursor = &cursors[count++];
        weft_block_traces_init(cursor, block, set->blocks[i]->mask);
        cursor_go(cursor, weft_block_traces_seek(cursor, &zero, NULL));
        if (!cursor->is_at_end) m.heap[m.count++] = place_of(cursor);
    }
    merge_run(&m);
    for (uint32_t i = 0; i < count; i++) weft_block_traces_release(&cursors[i]);
    weft_free(cursors);
    weft_free(m.heap);
}

/* ---- a query's ---- */

void weft_store_split_init(struct weft_store_split *split, const struct weft_store_query *query)
{
    struct weft_block_split *blocks = query->set->split;

    *split = (struct weft_store_split){ query, blocks };
    if (atomic_load_explicit(&blocks->is_made, memory_order_acquire)) return;
    pthread_mutex_lock(&blocks->mutex);
    if (!atomic_load_explicit(&blocks->is_made, memory_order_relaxed)) {
        blocks_merge(blocks, query->set);
        atomic_store_explicit(&blocks->is_made, true, memory_order_release);
    }
    pthread_mutex_unlock(&blocks->mutex);
}

bool weft_store_split_is_made(const struct weft_store_query *query)
{
    return atomic_load_explicit(&query->set->split->is_made, memory_order_acquire);
}

static int id_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct weft_trace_id));
}

static bool chunk_has(const struct weft_chunk_view *chunk, const struct weft_trace_id *id)
{
    uint64_t prefix = weft_trace_index_prefix(id->bytes);
    uint32_t low = 0, high = chunk->span_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chunk->trace_index[middle] < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < chunk->span_count && chunk->trace_index[low] >> 24 == prefix >> 24; low++)
        if (memcmp(chunk->records +
                       (size_t)(chunk->trace_index[low] & 0xffffff) * WEFT_RECORD_BYTES,
                   id, sizeof *id) == 0)
            return true;
    return false;
}

bool weft_store_split_blocks_have(const struct weft_store_split *split,
                                  const struct weft_trace_id *id)
{
    return split->blocks->is_every_trace ||
           (split->blocks->count > 0 &&
            bsearch(id, split->blocks->ids, split->blocks->count, sizeof *id, id_compare) != NULL);
}

bool weft_store_split_has(const struct weft_store_split *split, const struct weft_trace_id *id)
{
    const struct weft_store_query *query = split->query;

    if (weft_store_split_blocks_have(split, id)) return true;
    for (uint32_t i = 0; i < query->set->segment_count; i++)
        for (uint32_t c = 0; c < query->views[i].chunk_count; c++)
            if (chunk_has(&weft_segment_chunk_at(query->views[i].segment, c)->view, id))
                return true;
    return false;
}

/* ---- all ids: sorted lists, merged two by two ---- */

struct lists {
    struct weft_buf ids;  /* one list after the other */
    struct weft_buf ends; /* size_t: where each ends */
};

static void list_end(struct lists *lists)
{
    size_t end = lists->ids.len / sizeof(struct weft_trace_id);
    weft_buf_append(&lists->ends, &end, sizeof end);
}

static bool segments_list(struct lists *lists, const struct weft_store_query *query)
{
    struct weft_chunk_traces traces;

    for (uint32_t i = 0; i < query->set->segment_count; i++) {
        for (uint32_t c = 0; c < query->views[i].chunk_count; c++) {
            weft_chunk_traces_init(&traces, &query->views[i], c);
            for (; !traces.is_at_end; weft_chunk_traces_next(&traces))
                weft_buf_append(&lists->ids, &traces.id, sizeof traces.id);
            weft_chunk_traces_release(&traces);
            list_end(lists);
            if (lists->ids.len > (size_t)WEFT_SPLIT_IDS_MAX * sizeof traces.id) return false;
        }
    }
    return true;
}

/* a .. a_end and a_end .. b_end, each id once, to `out`; where it ends. */
static struct weft_trace_id *two_merge(struct weft_trace_id *out, const struct weft_trace_id *a,
                                       const struct weft_trace_id *a_end,
                                       const struct weft_trace_id *b_end)
{
    const struct weft_trace_id *b = a_end;

    while (a < a_end && b < b_end) {
        int order = id_compare(a, b);
        *out++ = order <= 0 ? *a : *b;
        a += order <= 0;
        b += order >= 0;
    }
    while (a < a_end) *out++ = *a++;
    while (b < b_end) *out++ = *b++;
    return out;
}

/* One pass: half as many lists as before. */
static struct lists lists_merge(const struct lists *from)
{
    const struct weft_trace_id *ids = (const struct weft_trace_id *)(const void *)from->ids.data;
    const size_t *ends = (const size_t *)(const void *)from->ends.data;
    size_t count = from->ends.len / sizeof *ends, first = 0;
    struct lists to = { 0 };

    weft_buf_reserve(&to.ids, from->ids.len);
    for (size_t i = 0; i < count; i += 2) {
        size_t middle = ends[i], end = i + 1 < count ? ends[i + 1] : middle;
        struct weft_trace_id *out = (struct weft_trace_id *)(void *)(to.ids.data + to.ids.len);
        to.ids.len +=
            (size_t)((char *)two_merge(out, ids + first, ids + middle, ids + end) - (char *)out);
        list_end(&to);
        first = end;
    }
    return to;
}

static void lists_release(struct lists *lists)
{
    weft_buf_release(&lists->ids);
    weft_buf_release(&lists->ends);
}

bool weft_store_split_ids(const struct weft_store_split *split, struct weft_buf *ids)
{
    struct lists lists = { 0 };

    if (split->blocks->is_every_trace) return false;
    weft_buf_append(&lists.ids, split->blocks->ids,
                    split->blocks->count * sizeof *split->blocks->ids);
    list_end(&lists);
    bool is_whole = segments_list(&lists, split->query);
    while (is_whole && lists.ends.len > sizeof(size_t)) {
        struct lists merged = lists_merge(&lists);
        lists_release(&lists);
        lists = merged;
    }
    if (is_whole) weft_buf_append(ids, lists.ids.data, lists.ids.len);
    lists_release(&lists);
    return is_whole;
}
