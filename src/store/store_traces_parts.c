/* store_traces_parts.c -- the parts that a scan reads: chunks of segments and blocks, each of which has its traces in the order of
 * their ids.
 *
 * When the disk cannot read a page meanwhile, nothing that was read since the last visit is believed: the files that lost pages are
 * left out from then on.
 */
#include "store/store_traces_internal.h"

/* ---- one part ---- */

const struct weft_trace_id *weft_scan_part_id(const struct weft_scan_part *part)
{
    return part->block != NULL ? &part->rows->id : &part->chunk_traces.id;
}

bool weft_scan_part_is_at_end(const struct weft_scan_part *part)
{
    if (part->is_lost) return true;
    return part->block != NULL ? part->rows->is_at_end : part->chunk_traces.is_at_end;
}

void weft_scan_hole(struct weft_scan *scan)
{
    scan->result->partial_reason = "damaged file";
}

/* What cannot be read of a block is left out, row group by row group. */
static int part_repair(struct weft_scan *scan, struct weft_scan_part *part, int rc)
{
    while (rc < 0) {
        if (!weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err)) return rc;
        weft_scan_hole(scan);
        rc = weft_block_traces_next(part->rows, &scan->err);
    }
    return rc;
}

int weft_scan_part_next(struct weft_scan *scan, struct weft_scan_part *part)
{
    if (part->block != NULL)
        return part_repair(scan, part, weft_block_traces_next(part->rows, &scan->err));
    weft_chunk_traces_next(&part->chunk_traces);
    return WEFT_OK;
}

int weft_scan_part_seek(struct weft_scan *scan, struct weft_scan_part *part,
                        const struct weft_trace_id *id)
{
    part->is_unplaced = false;
    if (part->is_lost) return WEFT_OK;
    if (part->block != NULL)
        return part_repair(scan, part, weft_block_traces_seek(part->rows, id, &scan->err));
    weft_chunk_traces_seek(&part->chunk_traces, id);
    return WEFT_OK;
}

int weft_scan_part_spans(struct weft_scan *scan, struct weft_scan_part *part)
{
    if (part->block == NULL) {
        weft_chunk_traces_spans(&part->chunk_traces, &scan->found);
        return WEFT_OK;
    }
    int rc = weft_block_traces_spans(part->rows, &scan->found, &scan->err);
    if (rc == WEFT_OK || !weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err))
        return rc;
    weft_scan_hole(scan);
    return WEFT_OK;
}

void weft_scan_part_count(struct weft_scan *scan, struct weft_scan_part *part)
{
    uint64_t bytes = 0;

    if (part->block == NULL) return;
    if (part->candidates != NULL) bytes += part->candidates->bytes_touched;
    if (part->rows != NULL) bytes += weft_block_traces_bytes(part->rows);
    if (bytes <= part->bytes_counted) return;
    scan->result->inspected_bytes += bytes - part->bytes_counted;
    weft_read_limits_add(scan->asked->reads, bytes - part->bytes_counted, 0);
    part->bytes_counted = bytes;
}

static void part_release(struct weft_scan *scan, struct weft_scan_part *part)
{
    weft_scan_part_count(scan, part);
    if (part->candidates != NULL) {
        weft_block_candidates_release(part->candidates);
        weft_scan_count(scan->asked->report, WEFT_STEP_FIND, 0, 0, part->candidates->bytes_touched);
        weft_free(part->candidates);
        part->candidates = NULL;
    }
    if (part->block == NULL) {
        weft_chunk_traces_release(&part->chunk_traces);
        return;
    }
    if (part->rows == NULL) return;
    weft_block_traces_release(part->rows);
    weft_scan_count(scan->asked->report, WEFT_STEP_READ, 0, 0, part->rows->bytes_touched);
    weft_free(part->rows);
    part->rows = NULL;
}

void weft_scan_parts_release(struct weft_scan *scan)
{
    for (uint32_t i = 0; i < scan->part_count; i++) {
        part_release(scan, &scan->parts[i]);
        weft_free(scan->parts[i].fates);
    }
    weft_free(scan->parts);
    weft_free(scan->heap.items);
}

/* ---- which there are ---- */

static int block_add(struct weft_scan *scan, struct weft_store_block *entry)
{
    struct weft_block *block;
    int rc = weft_store_block_get(entry, &block, &scan->err);

    if (rc < 0) {
        if (!weft_store_block_found_damaged(scan->store, entry, rc, &scan->err)) return rc;
        weft_scan_hole(scan);
        return WEFT_OK;
    }
    struct weft_scan_part *part = &scan->parts[scan->part_count++];
    *part = (struct weft_scan_part){ .block = entry,
                                     .is_unplaced = true,
                                     .rows = weft_alloc(sizeof *part->rows) };
    weft_block_traces_init(part->rows, block, entry->mask);
    return WEFT_OK;
}

int weft_scan_parts_open(struct weft_scan *scan)
{
    const struct weft_store_set *set = scan->query->set;
    uint32_t count = set->block_count;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count; i++) count += scan->query->views[i].chunk_count;
    scan->parts = weft_alloc_array(count + 1, sizeof *scan->parts);
    scan->heap.items = weft_alloc_array(count + 1, sizeof *scan->heap.items);
    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (weft_store_segment_is_unreadable(scan->store, &set->segments[i], &scan->err)) {
            weft_scan_hole(scan);
            continue;
        }
        for (uint32_t c = 0; c < scan->query->views[i].chunk_count; c++) {
            struct weft_scan_part *part = &scan->parts[scan->part_count++];
            *part = (struct weft_scan_part){ .segment = i, .chunk = c, .is_unplaced = true };
            weft_chunk_traces_init(&part->chunk_traces, &scan->query->views[i], c);
        }
    }
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK; i++)
        rc = block_add(scan, set->blocks[i]);
    return rc;
}

/* ---- lost pages ---- */

bool weft_scan_pages_were_lost(struct weft_scan *scan)
{
    uint64_t lost_pages = weft_file_lost_pages();
    bool were_lost = lost_pages != scan->lost_pages;

    scan->lost_pages = lost_pages;
    return were_lost;
}

static bool part_is_unreadable(struct weft_scan *scan, struct weft_scan_part *part)
{
    if (part->block == NULL)
        return weft_store_segment_is_unreadable(
            scan->store, &scan->query->set->segments[part->segment], &scan->err);
    int rc = weft_block_intact(part->rows->block, &scan->err);
    return weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err);
}

void weft_scan_parts_recover(struct weft_scan *scan)
{
    for (uint32_t i = 0; i < scan->part_count; i++) {
        struct weft_scan_part *part = &scan->parts[i];
        if (part->is_lost) continue;
        part->is_unplaced = true;
        if (!part_is_unreadable(scan, part)) continue;
        weft_scan_hole(scan);
        part_release(scan, part);
        part->is_lost = true;
    }
}

bool weft_scan_is_over(struct weft_scan *scan)
{
    const struct weft_trace_scan *asked = scan->asked;

    if (asked->cancelled != NULL && atomic_load_explicit(asked->cancelled, memory_order_relaxed))
        scan->result->partial_reason = "cancelled";
    else if (asked->deadline_monotonic_ns != 0 &&
             weft_clock_monotonic_ns() >= asked->deadline_monotonic_ns)
        scan->result->partial_reason = "time limit";
    else if (!scan->must_go_on && weft_read_limits_reached(asked->reads) != NULL)
        scan->result->partial_reason = weft_read_limits_reached(asked->reads);
    else
        return false;
    return true;
}

/* ---- the heap ---- */

static bool comes_before(const struct weft_scan_place *a, const struct weft_scan_place *b)
{
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

struct weft_scan_place weft_scan_place_of(const struct weft_trace_id *id, uint32_t part)
{
    return (struct weft_scan_place){ weft_load_u64_be(id->bytes), weft_load_u64_be(id->bytes + 8),
                                     part };
}

static void sink(struct weft_scan_heap *heap, uint32_t at)
{
    struct weft_scan_place place = heap->items[at], *items = heap->items;

    for (uint32_t child; (child = at * 2 + 1) < heap->count; at = child) {
        if (child + 1 < heap->count && comes_before(&items[child + 1], &items[child])) child++;
        if (!comes_before(&items[child], &place)) break;
        items[at] = items[child];
    }
    items[at] = place;
}

/* The first may be too large for its place. */
void weft_scan_heap_sink(struct weft_scan_heap *heap)
{
    if (heap->count > 0) sink(heap, 0);
}

void weft_scan_heap_make(struct weft_scan_heap *heap)
{
    for (uint32_t i = heap->count / 2; i > 0; i--) sink(heap, i - 1);
}
