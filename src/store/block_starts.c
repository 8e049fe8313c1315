/* block_starts.c -- where the traces of a row group start, for the columns that are told from the row
 * before: found for the rows that are read, not for all of them. */
#include "store/block_internal.h"
#include "store/codec_follow.h"

/* What is needed of a weft_rows, which may move. */
struct trace_starts {
    struct weft_follow_starts given; /* first */
    struct weft_paged spans;
    const uint8_t *ranks;
    uint32_t trace_count, span_count;
};

/* First trace of the last page of ranks that starts no later than `row`. */
static uint32_t page_before(const struct trace_starts *s, uint32_t row)
{
    uint32_t low = 0, high = (s->trace_count + WEFT_TRACE_RANK_ROWS - 1) / WEFT_TRACE_RANK_ROWS;

    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (weft_load_u32(s->ranks + (size_t)middle * 4) <= row)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void piece_find(struct weft_follow_starts *given, uint32_t piece)
{
    const struct trace_starts *s = (const struct trace_starts *)given;
    uint32_t from = piece * WEFT_FOLLOW_PIECE_ROWS, left = s->span_count - from,
             n = left < WEFT_FOLLOW_PIECE_ROWS ? left : WEFT_FOLLOW_PIECE_ROWS,
             page = page_before(s, from);
    uint64_t counts[WEFT_TRACE_RANK_ROWS], row = weft_load_u32(s->ranks + (size_t)page * 4);

    memset(given->bits + from / 64, 0, (n + 63) / 64 * 8);
    for (uint32_t t = page * WEFT_TRACE_RANK_ROWS; t < s->trace_count && row < from + n;
         t += WEFT_TRACE_RANK_ROWS) {
        uint32_t take =
            s->trace_count - t < WEFT_TRACE_RANK_ROWS ? s->trace_count - t : WEFT_TRACE_RANK_ROWS;
        weft_paged_read(&s->spans, t, take, counts);
        for (uint32_t i = 0; i < take && row < from + n; row += counts[i++])
            if (row >= from) given->bits[row / 64] |= UINT64_C(1) << row % 64;
    }
}

int weft_rows_starts_give(struct weft_rows *rows, struct weft_err *err)
{
    int rc;

    if (!rows->depth.follows && !rows->status.follows && !rows->group.follows) return WEFT_OK;
    if (rows->starts == NULL) {
        if ((rc = weft_rows_load_traces(rows, err)) < 0) return rc;
        struct trace_starts *s = weft_arena_alloc_zero(rows->arena, sizeof *s);
        s->given.bits = weft_arena_alloc(rows->arena, ((size_t)rows->span_count / 64 + 1) * 8);
        s->given.find = piece_find;
        s->spans = rows->trace_spans;
        s->ranks = rows->trace_ranks;
        s->trace_count = rows->trace_count;
        s->span_count = rows->span_count;
        rows->starts = &s->given;
    }
    rows->depth.starts = rows->status.starts = rows->group.starts = rows->starts;
    return WEFT_OK;
}
