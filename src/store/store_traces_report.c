/* store_traces_report.c -- what became of the parts and pieces of a scan (model/scan_report.h). */
#include "store/store_traces_internal.h"

void weft_scan_fates_start(struct weft_scan *scan)
{
    if (scan->asked->report == NULL) return;
    for (uint32_t i = 0; i < scan->part_count; i++) {
        struct weft_scan_part *part = &scan->parts[i];
        part->fate_count = weft_scan_piece_count(part);
        part->fates = weft_alloc_zero(part->fate_count + 1);
    }
}

/* Of a merge: what its cursor has left behind is read. */
static void part_mark_passed(struct weft_scan_part *part)
{
    bool is_at_end = weft_scan_part_is_at_end(part);
    uint32_t reached = part->block != NULL && !part->is_lost ? part->rows->number + 1 : 1;

    if (part->is_unplaced) return;
    for (uint32_t p = 0; p < part->fate_count && (is_at_end || p < reached); p++)
        part->fates[p] = WEFT_FATE_READ;
}

static void part_fates(struct weft_scan_part *part, bool is_merge)
{
    if (is_merge) part_mark_passed(part);
    for (uint32_t p = 0; p < part->fate_count; p++) {
        if (part->is_lost) part->fates[p] = WEFT_FATE_DAMAGED;
        if (part->is_hopeless) weft_scan_fate(part, p, WEFT_FATE_HOPELESS);
    }
}

/* The best of its pieces says it for the whole: read if one is. */
static enum weft_fate fate_of(const struct weft_scan_part *part)
{
    enum weft_fate fate = WEFT_FATE_NOT_REACHED;

    for (uint32_t p = 0; p < part->fate_count; p++)
        if (part->fates[p] > fate) fate = part->fates[p];
    return fate;
}

static void segments_count(struct weft_scan *scan)
{
    uint32_t segments = scan->query->set->segment_count;
    uint8_t *fates = weft_alloc_zero(segments + 1); /* and one; 0: it could not be read */

    for (uint32_t i = 0; i < scan->part_count; i++) {
        const struct weft_scan_part *part = &scan->parts[i];
        if (part->block == NULL && fate_of(part) + 1u > fates[part->segment])
            fates[part->segment] = (uint8_t)(fate_of(part) + 1);
    }
    for (uint32_t i = 0; i < segments; i++)
        if (scan->query->views[i].chunk_count > 0)
            weft_scan_piece(scan->asked->report, WEFT_PIECE_SEGMENT,
                            fates[i] == 0 ? WEFT_FATE_DAMAGED : fates[i] - 1u, 1);
    weft_free(fates);
}

void weft_scan_fates_count(struct weft_scan *scan, bool is_merge)
{
    struct weft_scan_report *report = scan->asked->report;
    uint32_t unopened = scan->query->set->block_count;

    if (report == NULL) return;
    for (uint32_t i = 0; i < scan->part_count; i++) {
        struct weft_scan_part *part = &scan->parts[i];
        bool is_block = part->block != NULL;
        part_fates(part, is_merge);
        if (is_block) weft_scan_piece(report, WEFT_PIECE_BLOCK, fate_of(part), 1);
        unopened -= is_block;
        for (uint32_t p = 0; p < part->fate_count; p++)
            weft_scan_piece(report, is_block ? WEFT_PIECE_ROW_GROUP : WEFT_PIECE_CHUNK,
                            part->fates[p], 1);
    }
    weft_scan_piece(report, WEFT_PIECE_BLOCK, WEFT_FATE_DAMAGED, unopened);
    segments_count(scan);
}
