/* bundle_late.c -- late spans: a trace that starts in the times of a block elsewhere is looked up there. */
#include "base/alloc.h"
#include "store/bundle_split.h"

/* Clocks of senders differ, and a block's times are those of its spans: a trace's first span may have come a little before
 * or after. */
#define NEAR_NS UINT64_C(600000000000)

static bool is_near(const struct weft_block_info *info, uint64_t start_min, uint64_t start_max)
{
    uint64_t from = info->start_min > NEAR_NS ? info->start_min - NEAR_NS : 0,
             to = info->start_max < UINT64_MAX - NEAR_NS ? info->start_max + NEAR_NS : UINT64_MAX;
    return start_max >= from && start_min <= to;
}

void weft_split_meet(struct split *split)
{
    for (uint32_t i = 0; i < split->member_count; i++) {
        struct split_stream *s = &split->streams[i];
        s->near = weft_alloc_array(split->stream_count - split->member_count + 1, sizeof *s->near);
        for (uint32_t o = split->member_count; o < split->stream_count; o++)
            if (is_near(&split->streams[o].block->info, s->block->info.start_min,
                        s->block->info.start_max))
                s->near[s->near_count++] = o;
    }
}

static int compare_id(const struct weft_rows_entry *e, const struct weft_trace_id *id)
{
    if (memcmp(&e->last, id, 16) < 0) return -1;
    return memcmp(&e->first, id, 16) > 0;
}

/* First row group that may have the id: the open one, most of the time. */
static uint32_t rows_lower(const struct split_stream *s, const struct weft_trace_id *id)
{
    const struct weft_rows_entry *rows = s->block->rows;
    uint32_t low = 0, high = (uint32_t)s->block->info.row_group_count;

    if (s->is_open && compare_id(&rows[s->number], id) == 0 &&
        (s->number == 0 || memcmp(&rows[s->number - 1].last, id, 16) < 0))
        return s->number;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (compare_id(&rows[middle], id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Notes every part that stream `number` has of the id, masked or not. */
static int parts_find(struct split *split, uint32_t number, const struct split_part *wanted,
                      const struct weft_trace_id *id, bool *is_found, struct weft_err *err)
{
    struct split_stream *s = &split->streams[number];
    int rc;

    for (uint32_t r = rows_lower(s, id);
         r < s->block->info.row_group_count && compare_id(&s->block->rows[r], id) == 0; r++) {
        struct split_part part = { wanted->prefix, wanted->rest, number, r, 0, 0 };
        struct weft_trace_id found;
        if ((!s->is_open || s->number != r) && (rc = weft_split_open(s, r, err)) < 0) return rc;
        part.trace = weft_rows_trace_lower(&s->rows, id);
        if (part.trace == s->rows.trace_count) continue;
        weft_rows_trace_id(&s->rows, part.trace, &found);
        if (memcmp(&found, id, 16) != 0) continue;
        part.spans = (uint32_t)weft_paged_get(&s->rows.trace_spans, part.trace);
        weft_buf_append(&split->parts, &part, sizeof part);
        *is_found = true;
    }
    return WEFT_OK;
}

int weft_split_late(struct split *split, const struct split_part *part, uint64_t start,
                    struct weft_err *err)
{
    const struct split_stream *s = &split->streams[part->stream];
    struct weft_trace_id id;
    bool is_found = false;
    int rc = WEFT_OK;

    if (weft_block_mask_has(s->mask, part->row_group, part->trace)) return WEFT_OK;
    weft_store_u64_be(id.bytes, part->prefix);
    memcpy(id.bytes + 8, &part->rest, 8);
    for (uint32_t i = 0; i < s->near_count && rc == WEFT_OK; i++) {
        const struct weft_block_info *info = &split->streams[s->near[i]].block->info;
        if (!is_near(info, start, start) || memcmp(&info->trace_max, &id, 16) < 0) continue;
        rc = parts_find(split, s->near[i], part, &id, &is_found, err);
    }
    if (is_found) weft_buf_append(&split->parts, part, sizeof *part);
    return rc;
}
