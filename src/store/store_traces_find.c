/* store_traces_find.c -- the traces that a selection has: all of them by id, a merge over what each part has; or the newest, in
 * batches, of which each leaves out parts and row groups that cannot have any as new.
 *
 * A piece whose columns cannot be read has all its traces: whoever reads them then finds what is left of them.
 */
#include "store/store_traces_internal.h"
#include <stdlib.h>

void weft_scan_find_start(struct weft_scan *scan)
{
    uint32_t segments = scan->query->set->segment_count;

    weft_arena_init(&scan->arena, 0);
    weft_arena_init(&scan->scratch, 1 << 16);
    scan->split.query = scan->query;
    scan->segment_selects =
        weft_arena_alloc_array(&scan->arena, segments, sizeof *scan->segment_selects);
    for (uint32_t i = 0; i < segments; i++)
        scan->segment_selects[i] =
            weft_segment_select_init(&scan->query->views[i], scan->asked->selection, &scan->arena);
}

void weft_scan_find_release(struct weft_scan *scan)
{
    for (uint32_t i = 0; i < scan->query->set->segment_count; i++)
        weft_segment_select_release(scan->segment_selects[i]);
    for (uint32_t i = 0; scan->streams != NULL && i < scan->part_count; i++)
        weft_buf_release(&scan->streams[i].found);
    weft_free(scan->streams);
    weft_buf_release(&scan->split.ids);
    weft_buf_release(&scan->batch);
    weft_map_release(&scan->several);
    weft_arena_release(&scan->arena);
    weft_arena_release(&scan->scratch);
}

/* ---- a piece ---- */

static int candidates_ready(struct weft_scan *scan, struct weft_scan_part *part)
{
    if (part->candidates != NULL) return WEFT_OK;
    enum weft_scan_step before = weft_scan_enter(scan->asked->report, WEFT_STEP_PREPARE);
    part->candidates = weft_alloc_zero(sizeof *part->candidates);
    int rc = weft_block_candidates_init(part->candidates, part->rows->block, part->block->mask,
                                        scan->asked->selection, &scan->split, scan->asked->report,
                                        &scan->err);
    if (rc == WEFT_OK) part->is_hopeless = weft_block_candidates_is_hopeless(part->candidates);
    weft_scan_enter(scan->asked->report, before);
    return rc;
}

static int block_piece_find(struct weft_scan *scan, struct weft_scan_part *part, uint32_t piece,
                            const struct weft_candidate_bounds *bounds, struct weft_buf *out)
{
    int rc = candidates_ready(scan, part);

    if (part->is_hopeless) {
        weft_scan_fate(part, piece, WEFT_FATE_HOPELESS);
        return WEFT_OK;
    }
    if (rc == WEFT_OK)
        rc = weft_block_candidates_find(part->candidates, piece, bounds, false, out, &scan->scratch,
                                        &scan->err);
    weft_scan_fate(part, piece, rc < 0 ? WEFT_FATE_DAMAGED : part->candidates->fate);
    if (rc == WEFT_OK || !weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err))
        return rc;
    weft_scan_hole(scan);
    if (part->candidates->block == NULL) return WEFT_OK; /* its tables: no span of it can be read */
    rc = weft_block_candidates_find(part->candidates, piece, bounds, true, out, &scan->scratch,
                                    &scan->err);
    return weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err) ? WEFT_OK : rc;
}

static void chunk_piece_find(struct weft_scan *scan, struct weft_scan_part *part,
                             const struct weft_candidate_bounds *bounds, struct weft_buf *out)
{
    struct weft_segment_select *select = scan->segment_selects[part->segment];
    enum weft_fate fate = WEFT_FATE_HOPELESS;

    if (select != NULL)
        fate = weft_chunk_candidates_find(select, &scan->query->views[part->segment], part->chunk,
                                          bounds, scan->asked->report, out);
    weft_scan_fate(part, 0, fate);
}

/* Appends the candidates of one piece: a row group, or the chunk. */
static int piece_find(struct weft_scan *scan, uint32_t number, uint32_t piece,
                      const struct weft_candidate_bounds *bounds, struct weft_buf *out)
{
    struct weft_scan_part *part = &scan->parts[number];
    size_t before = out->len;
    int rc = WEFT_OK;

    if (part->is_lost) return WEFT_OK;
    enum weft_scan_step step = weft_scan_enter(scan->asked->report, WEFT_STEP_FIND);
    if (part->block != NULL)
        rc = block_piece_find(scan, part, piece, bounds, out);
    else
        chunk_piece_find(scan, part, bounds, out);
    weft_scan_part_count(scan, part);
    weft_scan_enter(scan->asked->report, step);
    for (size_t at = before; at < out->len; at += sizeof(struct weft_candidate))
        ((struct weft_candidate *)(void *)(out->data + at))->part = number;
    return rc;
}

uint32_t weft_scan_piece_count(const struct weft_scan_part *part)
{
    if (part->is_lost) return 0;
    return part->block != NULL ? (uint32_t)part->rows->block->info.row_group_count : 1;
}

/* ---- by id ---- */

static const struct weft_candidate *stream_at(const struct weft_scan_stream *stream)
{
    return (const struct weft_candidate *)(const void *)stream->found.data + stream->at;
}

static bool stream_is_empty(const struct weft_scan_stream *stream)
{
    return stream->at == stream->found.len / sizeof(struct weft_candidate);
}

/* All of its traces lie before those that are asked for. */
static bool piece_is_behind(const struct weft_scan *scan, const struct weft_scan_part *part,
                            uint32_t piece)
{
    const struct weft_trace_id *after = scan->asked->after;

    return after != NULL && part->block != NULL &&
           memcmp(&part->rows->block->rows[piece].last, after, sizeof *after) <= 0;
}

/* To the next candidate of the part; empty at its end, and when time is up. */
static int stream_fill(struct weft_scan *scan, uint32_t number)
{
    const struct weft_candidate_bounds bounds = { .from_ns = scan->asked->from_ns,
                                                  .to_ns = scan->asked->to_ns };
    struct weft_scan_stream *stream = &scan->streams[number];
    struct weft_scan_part *part = &scan->parts[number];
    int rc = WEFT_OK;

    while (rc == WEFT_OK && stream_is_empty(stream) &&
           stream->piece < weft_scan_piece_count(part) && !part->is_hopeless &&
           !weft_scan_is_over(scan)) {
        weft_buf_reset(&stream->found);
        stream->at = 0;
        if (piece_is_behind(scan, part, stream->piece)) {
            stream->piece++;
            continue;
        }
        rc = piece_find(scan, number, stream->piece, &bounds, &stream->found);
        if (weft_scan_pages_were_lost(scan))
            weft_scan_parts_recover(scan); /* the piece again, unless it is lost */
        else
            stream->piece++;
    }
    return rc;
}

int weft_scan_selected_start(struct weft_scan *scan)
{
    int rc;

    scan->streams = weft_alloc_array(scan->part_count + 1, sizeof *scan->streams);
    scan->heap.count = 0;
    for (uint32_t i = 0; i < scan->part_count; i++) {
        if ((rc = stream_fill(scan, i)) < 0) return rc;
        if (!stream_is_empty(&scan->streams[i]))
            scan->heap.items[scan->heap.count++] =
                weft_scan_place_of(&stream_at(&scan->streams[i])->id, i);
    }
    weft_scan_heap_make(&scan->heap);
    return WEFT_OK;
}

/* The first part has gone on. */
static int selected_move(struct weft_scan *scan)
{
    struct weft_scan_heap *heap = &scan->heap;
    uint32_t part = heap->items[0].part;
    struct weft_scan_stream *stream = &scan->streams[part];
    int rc;

    stream->at++;
    if ((rc = stream_fill(scan, part)) < 0) return rc;
    if (stream_is_empty(stream))
        heap->items[0] = heap->items[--heap->count];
    else
        heap->items[0] = weft_scan_place_of(&stream_at(stream)->id, part);
    weft_scan_heap_sink(heap);
    return WEFT_OK;
}

bool weft_scan_selected_next(struct weft_scan *scan, struct weft_trace_id *id, uint32_t *part,
                             int *rc)
{
    *rc = WEFT_OK;
    if (scan->heap.count == 0) return false;
    *part = scan->heap.items[0].part;
    *id = stream_at(&scan->streams[*part])->id;
    const struct weft_scan_place place = weft_scan_place_of(id, 0);
    while (*rc == WEFT_OK && scan->heap.count > 0 && scan->heap.items[0].high == place.high &&
           scan->heap.items[0].low == place.low)
        *rc = selected_move(scan);
    if (scan->asked->report != NULL) scan->asked->report->candidates++;
    return *rc == WEFT_OK;
}

/* ---- the newest ---- */

struct piece {
    uint64_t start_max;
    uint32_t part, number;
};
/* The newest so far; the one that comes last on top. */
struct newest {
    struct weft_candidate *heap;
    uint32_t count, limit;
    bool overflowed;
    bool is_cut;           /* by a limit of reading: */
    uint64_t cut_start_ns; /* what starts then or earlier is not known */
};

static int piece_compare(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->start_max != y->start_max) return x->start_max > y->start_max ? -1 : 1;
    if (x->part != y->part) return x->part < y->part ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static uint64_t piece_start_max(const struct weft_scan *scan, const struct weft_scan_part *part,
                                uint32_t number)
{
    if (part->block != NULL) return part->rows->block->rows[number].start_max;
    return part->chunk_traces.chunk->start_max;
}

static struct piece *pieces_list(const struct weft_scan *scan, uint32_t *count)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < scan->part_count; i++) n += weft_scan_piece_count(&scan->parts[i]);
    struct piece *pieces = weft_alloc_array(n + 1, sizeof *pieces);
    *count = 0;
    for (uint32_t i = 0; i < scan->part_count; i++)
        for (uint32_t k = 0; k < weft_scan_piece_count(&scan->parts[i]); k++)
            pieces[(*count)++] = (struct piece){ piece_start_max(scan, &scan->parts[i], k), i, k };
    qsort(pieces, n, sizeof *pieces, piece_compare);
    return pieces;
}

static void newest_sink(struct newest *newest, uint32_t at)
{
    struct weft_candidate *heap = newest->heap, item = heap[at];

    for (uint32_t child; (child = at * 2 + 1) < newest->count; at = child) {
        if (child + 1 < newest->count && weft_candidate_compare(&heap[child + 1], &heap[child]) > 0)
            child++;
        if (weft_candidate_compare(&heap[child], &item) <= 0) break;
        heap[at] = heap[child];
    }
    heap[at] = item;
}

static void newest_offer(struct newest *newest, const struct weft_candidate *item)
{
    if (newest->count == newest->limit) {
        newest->overflowed = true;
        if (weft_candidate_compare(item, &newest->heap[0]) >= 0) return;
        newest->heap[0] = *item;
        newest_sink(newest, 0);
        return;
    }
    newest->heap[newest->count++] = *item;
    if (newest->count == newest->limit)
        for (uint32_t i = newest->count / 2; i > 0; i--) newest_sink(newest, i - 1);
}

static bool is_full(const struct newest *newest)
{
    return newest->count == newest->limit;
}

/* Nothing that starts earlier is wanted in this batch. */
static uint64_t start_min_of(const struct weft_scan *scan, const struct newest *newest)
{
    uint64_t asked = *scan->asked->start_min;
    if (!is_full(newest) || newest->heap[0].start_ns < asked) return asked;
    return newest->heap[0].start_ns;
}

/* Pieces of one time have all to be read before anything can be said of that time; a limit ends it where something can. */
static bool cuts_here(const struct weft_scan *scan, const struct piece *pieces, uint32_t i)
{
    uint64_t known_from = scan->result->complete_from_ns, to = scan->asked->to_ns;

    if (to != 0 && to < known_from) known_from = to;
    return weft_read_limits_reached(scan->asked->reads) != NULL &&
           pieces[i].start_max < pieces[0].start_max && pieces[i].start_max + 1 < known_from;
}

static int pieces_offer(struct weft_scan *scan, const struct piece *pieces, uint32_t count,
                        const struct weft_candidate *after, struct newest *newest)
{
    struct weft_candidate_bounds bounds = { .from_ns = scan->asked->from_ns,
                                            .to_ns = scan->asked->to_ns,
                                            .after = after };
    struct weft_buf found = { 0 };
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < count && !weft_scan_is_over(scan); i++) {
        bounds.start_min = start_min_of(scan, newest);
        if (pieces[i].start_max < bounds.start_min) {
            newest->overflowed |= is_full(newest);
            for (; scan->asked->report != NULL && i < count; i++)
                weft_scan_fate(&scan->parts[pieces[i].part], pieces[i].number, WEFT_FATE_TOO_OLD);
            break;
        }
        if (cuts_here(scan, pieces, i)) {
            newest->is_cut = true;
            newest->cut_start_ns = pieces[i].start_max;
            break;
        }
        weft_buf_reset(&found);
        if ((rc = piece_find(scan, pieces[i].part, pieces[i].number, &bounds, &found)) < 0) break;
        for (size_t at = 0; at < found.len; at += sizeof(struct weft_candidate))
            newest_offer(newest, (const struct weft_candidate *)(const void *)(found.data + at));
        /* What bounds left out for its start may be what the next batch is for. */
        newest->overflowed |= is_full(newest);
    }
    weft_buf_release(&found);
    return rc;
}

static int id_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct weft_trace_id));
}

/* Leaves what is known to be the newest. */
static void cut(struct newest *newest, struct weft_candidate *oldest)
{
    uint64_t known_from = newest->cut_start_ns;
    uint32_t kept = 0;

    if (is_full(newest) && oldest->start_ns > known_from) known_from = oldest->start_ns;
    for (uint32_t i = 0; i < newest->count; i++)
        if (newest->heap[i].start_ns > known_from) newest->heap[kept++] = newest->heap[i];
    newest->count = kept;
    *oldest = (struct weft_candidate){ .start_ns = known_from };
}

int weft_scan_newest_find(struct weft_scan *scan, uint32_t limit,
                          const struct weft_candidate *after, struct weft_candidate *oldest,
                          bool *is_last, bool *is_cut)
{
    uint32_t count;
    int rc;

    enum weft_scan_step step = weft_scan_enter(scan->asked->report, WEFT_STEP_FIND);
    weft_buf_reset(&scan->batch);
    struct newest newest = { .heap = weft_alloc_array(limit, sizeof *newest.heap), .limit = limit };
    do {
        newest.count = 0;
        newest.overflowed = newest.is_cut = false;
        struct piece *pieces = pieces_list(scan, &count);
        rc = pieces_offer(scan, pieces, count, after, &newest);
        weft_free(pieces);
        if (!weft_scan_pages_were_lost(scan)) break;
        weft_scan_parts_recover(scan);
    } while (rc == WEFT_OK);
    *is_last = !newest.overflowed && !newest.is_cut;
    *is_cut = newest.is_cut;
    if (scan->asked->report != NULL) scan->asked->report->candidates += newest.count;
    if (newest.count > 0) *oldest = newest.heap[0];
    if (newest.is_cut) cut(&newest, oldest);
    if (newest.count > 0) {
        qsort(newest.heap, newest.count, sizeof *newest.heap, id_compare);
        weft_buf_append(&scan->batch, newest.heap, newest.count * sizeof *newest.heap);
    }
    weft_free(newest.heap);
    weft_scan_enter(scan->asked->report, step);
    return rc;
}
