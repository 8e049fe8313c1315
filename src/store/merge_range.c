/* merge_range.c -- which rows come next: ranges of trace-id prefixes of about a row group, their
 * entries sorted.
 *
 * Every 64th prefix of all inputs is sampled and sorted once; every so many samples a range ends.
 * That balances whatever the distribution of ids is. A range may still be too large (ids that share
 * their first 40 bits, as those do whose upper half is zero): merge_crowd.c then hands it out in
 * pieces, by whole ids.
 */
#include "base/alloc.h"
#include "store/merge_internal.h"

enum {
    SAMPLE = MERGE_SAMPLE_ROWS,
    RANGE_ROWS = 62000,
    BYTES_MAX = 10 << 20,
    ROWS_MIN = 128,
    HEAP_MIN = 64
};

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = weft_load_u64(a), y = weft_load_u64(b);
    return x < y ? -1 : x > y;
}

/* Rows a row group may have so that what is read for it stays below BYTES_MAX, were all rows of
 * average size. A merge's private memory is three to five times that: values gathered in columns,
 * then encoded. Rows of everyday spans are 40 to 150 bytes here and fill a row group; rows of
 * thousands of bytes pay little for smaller ones. */
static uint32_t rows_wanted(struct merge *m)
{
    uint64_t bytes = 0, heap = 0, rows = 1;

    for (uint32_t c = 0; c < m->chunk_count; c++) {
        bytes += (uint64_t)m->chunks[c].view.word_count * 4 + m->chunks[c].view.heap_bytes;
        heap += m->chunks[c].view.heap_bytes;
        rows += m->chunks[c].view.span_count;
    }
    m->has_heaps = heap / rows >= HEAP_MIN;
    uint64_t fit = bytes == 0 ? RANGE_ROWS : BYTES_MAX / (bytes / rows + 1);
    return (uint32_t)(fit < ROWS_MIN ? ROWS_MIN : fit > RANGE_ROWS ? RANGE_ROWS : fit);
}

int weft_merge_range_init(struct merge *m, uint64_t **bounds, uint32_t *bound_count,
                          struct weft_err *err)
{
    struct weft_buf samples = { 0 };
    uint32_t skip = SAMPLE / 2, count = 0;
    int rc = WEFT_OK;

    for (uint32_t c = 0; c < m->chunk_count; c++) {
        const struct weft_chunk_view *v = &m->chunks[c].view;
        for (; skip < v->span_count; skip += SAMPLE) {
            uint64_t prefix = v->trace_index[skip] >> 24;
            weft_buf_append(&samples, &prefix, 8);
        }
        skip -= v->span_count;
    }
    for (uint32_t s = 0; s < m->source_count && rc == WEFT_OK; s++) {
        if (m->sources[s].only != NULL)
            weft_buf_append_str(&samples, weft_buf_str(&m->sources[s].use.samples));
        else if (m->sources[s].block != NULL)
            rc = weft_block_sample(m->sources[s].block, m->sources[s].mask, SAMPLE, &samples, err);
    }
    uint64_t *v = (uint64_t *)(void *)samples.data;
    uint32_t n = (uint32_t)(samples.len / 8), wanted = rows_wanted(m), step = wanted / SAMPLE;
    m->rows_max = wanted < WEFT_ROWS_MAX / 2 ? wanted * 2 : WEFT_ROWS_MAX;
    if (n > 0) qsort(v, n, 8, compare_u64);
    *bounds = weft_alloc_array(n / step + 2, 8);
    for (uint32_t i = step; i + step / 2 < n; i += step)
        if (count == 0 || (*bounds)[count - 1] != v[i]) (*bounds)[count++] = v[i];
    (*bounds)[count++] = UINT64_C(1) << 40;
    *bound_count = count;
    weft_buf_release(&samples);
    return rc;
}

void weft_merge_entries_reserve(struct merge *m, uint32_t more)
{
    if (m->entry_count + more <= m->entry_capacity) return;
    m->entry_capacity = (m->entry_count + more) * 5 / 4 + 1024;
    m->entries = weft_realloc_array(m->entries, m->entry_capacity, sizeof *m->entries);
    m->entry_scratch = weft_realloc_array(m->entry_scratch, m->entry_capacity, sizeof *m->entries);
}

static int compare_entry(const void *a, const void *b)
{
    const struct merge_entry *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}

/* Two counting passes of 11 bits below the highest bit that differs, then insertion; qsort where
 * that left much to do. `t` is room for as many. */
static void entries_sort(struct merge_entry *e, struct merge_entry *t, uint32_t n)
{
    uint64_t low = UINT64_MAX, high = 0;

    for (uint32_t i = 0; i < n; i++) {
        low = e[i].key < low ? e[i].key : low;
        high = e[i].key > high ? e[i].key : high;
    }
    if (n == 0 || low == high) return;
    unsigned width = weft_bits_width(high - low), shift = width > 22 ? width - 22 : 0;
    for (unsigned pass = 0; pass < 2; pass++) {
        static _Thread_local uint32_t at[2048];
        unsigned by = shift + pass * 11;
        memset(at, 0, sizeof at);
        for (uint32_t i = 0; i < n; i++) at[by < 64 ? (e[i].key - low) >> by & 2047 : 0]++;
        uint32_t sum = 0;
        for (unsigned b = 0; b < 2048; b++) {
            uint32_t c = at[b];
            at[b] = sum;
            sum += c;
        }
        for (uint32_t i = 0; i < n; i++)
            t[at[by < 64 ? (e[i].key - low) >> by & 2047 : 0]++] = e[i];
        struct merge_entry *swap = e;
        e = t;
        t = swap;
    }
    uint64_t moves = 0, moves_max = (uint64_t)n * 16;
    for (uint32_t i = 1; i < n && moves < moves_max; i++) {
        struct merge_entry x = e[i];
        uint32_t j = i;
        for (; j > 0 && e[j - 1].key > x.key; j--, moves++) e[j] = e[j - 1];
        e[j] = x;
    }
    if (moves >= moves_max) qsort(e, n, sizeof *e, compare_entry);
}

static const uint8_t *id_of(const struct merge *m, const struct merge_entry *e)
{
    return m->chunks[e->chunk].view.records + (size_t)e->row * WEFT_RECORD_BYTES;
}

static int compare_ids(const void *a, const void *b, void *arg)
{
    return memcmp(id_of(arg, a), id_of(arg, b), 16);
}

/* Usually one trace, which there is nothing to do about. */
static void equal_keys_sort(struct merge *m, struct merge_entry *e, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (memcmp(id_of(m, &e[i]), id_of(m, &e[0]), 16) == 0) continue;
        qsort_r(e, n, sizeof *e, compare_ids, m);
        return;
    }
}

/* Entries of one prefix by the rest of their ids; their key is now the 64 bits behind the prefix.
 */
static void long_run_sort(struct merge *m, uint32_t from, uint32_t n)
{
    struct merge_entry *e = m->entries + from;

    for (uint32_t i = 0; i < n; i++) e[i].key = weft_load_u64_be(id_of(m, &e[i]) + 5);
    entries_sort(e, m->entry_scratch + from, n);
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && e[end].key == e[i].key; end++) {}
        if (end - i > 1) equal_keys_sort(m, e + i, end - i);
    }
}

/* Long runs of one prefix are put in order of whole ids here, so that row groups can be cut inside
 * them; short ones later. */
static void long_runs_sort(struct merge *m)
{
    for (uint32_t i = 0, end; i < m->entry_count; i = end) {
        uint64_t key = m->entries[i].key;
        for (end = i + 1; end < m->entry_count && m->entries[end].key == key; end++) {}
        if (end - i > 1024) long_run_sort(m, i, end - i);
    }
}

static int blocks_collect(struct merge *m, uint64_t end_prefix, struct weft_err *err)
{
    uint32_t chunk = m->chunk_count;
    int rc;

    for (uint32_t s = 0; s < m->source_count; s++) {
        if (m->sources[s].block == NULL) continue;
        struct weft_chunk_view *view = &m->chunks[chunk].view;
        m->chunks[chunk].source = s;
        if ((rc = weft_block_cursor_range(m->sources[s].cursor, end_prefix, view, err)) < 0)
            return rc;
        weft_merge_entries_reserve(m, view->span_count);
        for (uint32_t i = 0; i < view->span_count; i++) {
            uint64_t prefix = weft_load_u64_be(view->records + (size_t)i * WEFT_RECORD_BYTES) >> 24;
            m->entries[m->entry_count++] = (struct merge_entry){ prefix, chunk, i };
        }
        chunk++;
    }
    return WEFT_OK;
}

static void chunk_collect(struct merge *m, uint32_t c, uint32_t end)
{
    struct merge_chunk *chunk = &m->chunks[c];
    const uint64_t *index = chunk->view.trace_index;

    weft_merge_entries_reserve(m, end - chunk->cursor);
    for (uint32_t i = chunk->cursor; i < end; i++)
        m->entries[m->entry_count++] =
            (struct merge_entry){ index[i] >> 24, c, (uint32_t)(index[i] & 0xffffff) };
    chunk->cursor = end;
}

uint32_t weft_merge_range_end(const struct merge_chunk *chunk, uint64_t end_prefix)
{
    uint32_t end = chunk->cursor;
    while (end < chunk->view.span_count && chunk->view.trace_index[end] >> 24 < end_prefix) end++;
    return end;
}

int weft_merge_range_collect(struct merge *m, uint64_t end_prefix, struct weft_err *err)
{
    m->entry_count = 0;
    if (weft_merge_crowd_find(m, end_prefix)) {
        weft_merge_crowd_collect(m);
    } else {
        for (uint32_t c = 0; c < m->chunk_count; c++)
            chunk_collect(m, c, weft_merge_range_end(&m->chunks[c], end_prefix));
        int rc = blocks_collect(m, end_prefix, err);
        if (rc < 0) return rc;
    }
    entries_sort(m->entries, m->entry_scratch, m->entry_count);
    long_runs_sort(m);
    return WEFT_OK;
}
