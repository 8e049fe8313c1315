/* block_salvage.c -- the rows of a damaged block that can still be read. */
#include "base/alloc.h"
#include "base/clock.h"
#include "store/block_internal.h"
#include "store/salvage.h"
#include <inttypes.h>
#include <stdio.h>

#define STEP_ROWS 1024u

struct salvaging {
    struct weft_block *block;
    const struct weft_block_mask *mask;
    const struct weft_salvage_to *to;
    struct weft_salvage *out;
    struct weft_err *err;
    struct weft_block_reader reader;
    struct weft_arena spans;
    /* Of the row group at hand. */
    struct weft_rows rows;
    uint32_t trace,
        trace_end; /* the trace of the row looked at last, and the first row behind it */
    uint32_t lost, lost_traces, last_lost_trace;
    struct weft_err why; /* the first failure */
};

static bool next_row_is_masked(struct salvaging *s, uint32_t row)
{
    while (row >= s->trace_end) {
        s->trace++;
        s->trace_end = s->trace + 1 < s->rows.trace_count
                           ? weft_rows_trace_first(&s->rows, s->trace + 1)
                           : s->rows.span_count;
    }
    return weft_block_mask_has(s->mask, s->rows.number, s->trace);
}

static void row_lost(struct salvaging *s, const struct weft_err *why)
{
    if (s->lost++ == 0) s->why = *why;
    if (s->lost_traces == 0 || s->last_lost_trace != s->trace) s->lost_traces++;
    s->last_lost_trace = s->trace;
}

static int give(struct salvaging *s, struct weft_span *spans, uint32_t count)
{
    const struct weft_batch batch = { .arena = &s->spans, .spans = spans, .span_count = count };

    s->out->spans_saved += count;
    return s->to->take != NULL && count > 0 ? s->to->take(s->to->arg, &batch, s->err) : WEFT_OK;
}

/* `n` rows; those that fail together are tried one by one. */
static int step_take(struct salvaging *s, uint32_t from, uint32_t n, struct weft_span *spans)
{
    struct weft_err why;
    uint32_t kept = 0;
    bool is_whole =
        weft_rows_spans(&s->rows, from, n, spans, &s->reader, &s->spans, &why) == WEFT_OK;

    for (uint32_t i = 0; i < n; i++) {
        if (next_row_is_masked(s, from + i) != s->to->only_masked) continue;
        if (is_whole)
            spans[kept++] = spans[i];
        else if (weft_rows_spans(&s->rows, from + i, 1, &spans[kept], &s->reader, &s->spans,
                                 &why) == WEFT_OK)
            kept++;
        else
            row_lost(s, &why);
    }
    int rc = give(s, spans, kept);
    weft_arena_reset(&s->spans);
    return rc;
}

static void rows_lost(struct salvaging *s, uint32_t number, const struct weft_rows_entry *entry)
{
    char from[64], to[64], sentence[768];

    weft_time_format_rfc3339(from, sizeof from, entry->start_min, 3);
    weft_time_format_rfc3339(to, sizeof to, entry->start_max, 3);
    snprintf(sentence, sizeof sentence,
             "row group %u at offset %" PRIu64
             ": %u of %u spans, of %u traces from %s to %s, cannot be read: %s",
             number, entry->offset, s->lost, entry->span_count, s->lost_traces, from, to,
             s->why.text);
    s->out->is_damaged = true;
    s->out->places++;
    s->out->spans_lost += s->lost;
    s->out->traces_lost += s->lost_traces;
    weft_salvage_range(s->out, entry->start_min, entry->start_max);
    if (s->to->report != NULL) s->to->report(s->to->arg, sentence);
}

/* Of a number of spans or traces, so many of them masked: those that are looked for. */
static uint64_t wanted(const struct salvaging *s, uint64_t all, uint64_t masked)
{
    if (masked > all) masked = all;
    return s->to->only_masked ? masked : all - masked;
}

static int rows_take(struct salvaging *s, uint32_t number, struct weft_span *spans)
{
    const struct weft_rows_entry *entry = &s->block->rows[number];
    struct weft_arena scratch;
    uint32_t masked_traces;
    int rc = WEFT_OK;

    s->lost = s->lost_traces = s->trace = s->trace_end = 0;
    weft_block_mask_traces(s->mask, number, &masked_traces);
    if (wanted(s, entry->trace_count, masked_traces) == 0) return WEFT_OK;
    weft_arena_init(&scratch, 0);
    if (weft_rows_open(&s->rows, s->block, number, &scratch, &s->why) < 0 ||
        weft_rows_load_traces(&s->rows, &s->why) < 0) {
        s->lost =
            (uint32_t)wanted(s, entry->span_count, weft_block_mask_group_spans(s->mask, number));
        s->lost_traces = (uint32_t)wanted(s, entry->trace_count, masked_traces);
    } else {
        s->trace_end =
            s->rows.trace_count > 1 ? weft_rows_trace_first(&s->rows, 1) : s->rows.span_count;
        for (uint32_t at = 0; rc == WEFT_OK && at < s->rows.span_count; at += STEP_ROWS) {
            uint32_t n = s->rows.span_count - at < STEP_ROWS ? s->rows.span_count - at : STEP_ROWS;
            rc = step_take(s, at, n, spans);
        }
    }
    if (s->lost > 0) rows_lost(s, number, entry);
    weft_arena_release(&scratch);
    return rc;
}

static int tables_lost(struct salvaging *s, const struct weft_err *why)
{
    char sentence[768];

    snprintf(sentence, sizeof sentence, "its tables cannot be read, so no span can: %s", why->text);
    s->out->is_damaged = true;
    s->out->places++;
    s->out->spans_lost = wanted(s, s->block->info.span_count, weft_block_mask_spans(s->mask));
    s->out->traces_lost =
        wanted(s, s->block->info.trace_count, weft_block_mask_trace_count(s->mask));
    weft_salvage_range(s->out, s->block->info.start_min, s->block->info.start_max);
    if (s->to->report != NULL) s->to->report(s->to->arg, sentence);
    return WEFT_OK;
}

int weft_block_salvage(struct weft_block *block, const struct weft_block_mask *mask,
                       const struct weft_salvage_to *to, struct weft_salvage *out,
                       struct weft_err *err)
{
    struct salvaging s = { .block = block, .mask = mask, .to = to, .out = out, .err = err };
    struct weft_err why;
    int rc = WEFT_OK;

    *out = (struct weft_salvage){ 0 };
    if (weft_block_load_tables(block, &why) < 0) return tables_lost(&s, &why);
    struct weft_span *spans = weft_alloc_array(STEP_ROWS, sizeof *spans);
    weft_arena_init(&s.spans, 0);
    weft_block_reader_init(&s.reader, block);
    for (uint32_t r = 0; rc == WEFT_OK && r < block->info.row_group_count; r++)
        rc = rows_take(&s, r, spans);
    weft_block_reader_release(&s.reader);
    weft_arena_release(&s.spans);
    weft_free(spans);
    return rc;
}
