/* merge_crowd.c -- a range of trace ids that holds far more rows than a row group takes: ids whose
 * first 40 bits are alike, or traces of hundreds of thousands of spans.
 *
 * Its entries at once would be 32 bytes a row of the whole merge. So whole ids are sampled, and
 * pieces of half that size are collected by going over the range once for each. A trace larger
 * than a piece is a piece of its own, handed out in as many parts as it takes: its row groups
 * follow one another, and whoever reads the trace reads them all.
 */
#include "base/alloc.h"
#include "store/merge_internal.h"

enum { CROWD_ROWS = 512 * 1024 };

static uint32_t crowd_rows(const struct merge *m)
{
    return m->options->crowd_rows > 0 ? m->options->crowd_rows : CROWD_ROWS;
}
static uint32_t piece_rows(const struct merge *m)
{
    return crowd_rows(m) / 2;
}

static const uint8_t *id_at(const struct merge_chunk *chunk, uint32_t i)
{
    return chunk->view.records +
           (size_t)(chunk->view.trace_index[i] & 0xffffff) * WEFT_RECORD_BYTES;
}

static int compare_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct weft_trace_id));
}

static struct weft_trace_id successor(struct weft_trace_id id)
{
    for (unsigned i = 16; i-- > 0 && ++id.bytes[i] == 0;) {}
    return id;
}

static void end_add(struct merge_crowd *crowd, struct weft_trace_id end)
{
    if (crowd->count == 0 || memcmp(&crowd->ends[crowd->count - 1], &end, sizeof end) < 0)
        crowd->ends[crowd->count++] = end;
}

/* Samples in order: a piece ends every so many, and around an id that is there as often. */
static void pieces_cut(struct merge *m, const struct weft_trace_id *ids, uint32_t count)
{
    struct merge_crowd *crowd = &m->crowd;
    const uint32_t step = piece_rows(m) / MERGE_SAMPLE_ROWS;

    crowd->ends = weft_alloc_array(count / step * 2 + 2, sizeof *crowd->ends);
    for (uint32_t i = 0, since = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && memcmp(&ids[end], &ids[i], sizeof *ids) == 0; end++) {}
        bool is_large = end - i >= step;
        if (since + (end - i) < step) {
            since += end - i;
            continue;
        }
        end_add(crowd, ids[i]);
        since = is_large ? 0 : end - i;
        if (is_large) end_add(crowd, successor(ids[i]));
    }
    crowd->count++; /* the last one has no end */
}

/* Is the range at hand too large to be collected at once? True again until all of it is. */
bool weft_merge_crowd_find(struct merge *m, uint64_t end_prefix)
{
    struct merge_crowd *crowd = &m->crowd;
    struct weft_buf samples = { 0 };
    uint64_t rows = 0, skip = 0;

    if (crowd->has_more) return true;
    if (m->input->block_count > 0) return false; /* those unfold range by range */
    for (uint32_t c = 0; c < m->chunk_count; c++)
        rows += weft_merge_range_end(&m->chunks[c], end_prefix) - m->chunks[c].cursor;
    if (rows < crowd_rows(m)) return false;

    weft_merge_crowd_release(m);
    crowd->chunk_ends = weft_alloc_array(m->chunk_count, sizeof *crowd->chunk_ends);
    for (uint32_t c = 0; c < m->chunk_count; c++) {
        uint32_t end = weft_merge_range_end(&m->chunks[c], end_prefix);
        crowd->chunk_ends[c] = end;
        for (uint32_t i = m->chunks[c].cursor; i < end; i++)
            if (skip++ % MERGE_SAMPLE_ROWS == 0)
                weft_buf_append(&samples, id_at(&m->chunks[c], i), sizeof(struct weft_trace_id));
    }
    uint32_t count = (uint32_t)(samples.len / sizeof(struct weft_trace_id));
    qsort(samples.data, count, sizeof(struct weft_trace_id), compare_id);
    pieces_cut(m, (const struct weft_trace_id *)(const void *)samples.data, count);
    weft_buf_release(&samples);
    crowd->has_more = true;
    return true;
}

static void chunk_collect(struct merge *m, uint32_t c, const struct weft_trace_id *from,
                          const struct weft_trace_id *end)
{
    const struct merge_chunk *chunk = &m->chunks[c];

    weft_merge_entries_reserve(m, m->crowd.chunk_ends[c] - chunk->cursor);
    for (uint32_t i = chunk->cursor; i < m->crowd.chunk_ends[c]; i++) {
        const uint8_t *id = id_at(chunk, i);
        if ((end != NULL && memcmp(id, end, sizeof *end) >= 0) ||
            (from != NULL && memcmp(id, from, sizeof *from) < 0))
            continue;
        uint64_t entry = chunk->view.trace_index[i];
        m->entries[m->entry_count++] =
            (struct merge_entry){ entry >> 24, c, (uint32_t)(entry & 0xffffff) };
    }
}

static bool is_one_trace(const struct weft_trace_id *from, const struct weft_trace_id *end)
{
    struct weft_trace_id next;

    if (from == NULL || end == NULL) return false;
    next = successor(*from);
    return memcmp(&next, end, sizeof next) == 0;
}

/* The next piece, or the next part of one trace. */
void weft_merge_crowd_collect(struct merge *m)
{
    struct merge_crowd *crowd = &m->crowd;
    const struct weft_trace_id *from = crowd->at > 0 ? &crowd->ends[crowd->at - 1] : NULL,
                               *end = crowd->at + 1 < crowd->count ? &crowd->ends[crowd->at] : NULL;
    bool is_cut = is_one_trace(from, end);

    while (crowd->chunk < m->chunk_count && !(is_cut && m->entry_count >= piece_rows(m)))
        chunk_collect(m, crowd->chunk++, from, end);
    if (crowd->chunk < m->chunk_count) return;
    crowd->chunk = 0;
    if (++crowd->at < crowd->count) return;
    for (uint32_t c = 0; c < m->chunk_count; c++) m->chunks[c].cursor = crowd->chunk_ends[c];
    crowd->has_more = false;
}

void weft_merge_crowd_release(struct merge *m)
{
    weft_free(m->crowd.ends);
    weft_free(m->crowd.chunk_ends);
    m->crowd = (struct merge_crowd){ 0 };
}
