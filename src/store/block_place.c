/* block_place.c -- from a row to its trace, and from a place in a group to its row: by checkpoints,
 * for a few of them. Many are found faster by dealing out all rows (block_search.c). */
#include "store/block_internal.h"
#include "store/codec_follow.h"

uint32_t weft_rows_trace_of(const struct weft_rows *rows, uint32_t row)
{
    uint32_t low = 0, high = (rows->trace_count + WEFT_TRACE_RANK_ROWS - 1) / WEFT_TRACE_RANK_ROWS;
    uint64_t counts[WEFT_TRACE_RANK_ROWS];

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(rows->trace_ranks + (size_t)middle * 4) <= row)
            low = middle;
        else
            high = middle;
    }
    uint32_t first = low * WEFT_TRACE_RANK_ROWS, left = rows->trace_count - first, i = 0;
    uint64_t end = weft_load_u32(rows->trace_ranks + (size_t)low * 4);
    left = left < WEFT_TRACE_RANK_ROWS ? left : WEFT_TRACE_RANK_ROWS;
    weft_paged_read(&rows->trace_spans, first, left, counts);
    for (end += counts[0]; end <= row && i + 1 < left; end += counts[i]) i++;
    return first + i;
}

static uint32_t rank_of(const struct weft_rows *rows, uint32_t page, uint32_t g)
{
    return weft_load_u16(rows->ranks + ((size_t)page * rows->group_count + g) * 2);
}

int weft_rows_find_row(const struct weft_rows *rows, uint32_t g, uint32_t index, uint32_t *row,
                       struct weft_err *err)
{
    uint32_t low = 0, high = (rows->span_count + WEFT_RANK_ROWS - 1) / WEFT_RANK_ROWS;
    uint64_t groups[WEFT_FOLLOW_ROWS];

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (rank_of(rows, middle, g) <= index)
            low = middle;
        else
            high = middle;
    }
    uint32_t seen = rank_of(rows, low, g), at = low * WEFT_RANK_ROWS,
             end = at + WEFT_RANK_ROWS < rows->span_count ? at + WEFT_RANK_ROWS : rows->span_count;
    for (; at < end; at += WEFT_FOLLOW_ROWS) {
        uint32_t n = end - at < WEFT_FOLLOW_ROWS ? end - at : WEFT_FOLLOW_ROWS, here = 0;
        weft_paged_read(&rows->group, at, n, groups);
        for (uint32_t i = 0; i < n; i++) here += groups[i] == g;
        if (seen + here <= index) {
            seen += here;
            continue;
        }
        for (uint32_t i = 0; i < n; i++) {
            if (groups[i] != g || seen++ < index) continue;
            *row = at + i;
            return WEFT_OK;
        }
    }
    return weft_rows_corrupt(rows, err, "group %u: its row %u is nowhere", g, index);
}
