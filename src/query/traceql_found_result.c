/* traceql_found_result.c -- what was kept becomes the answer, in its order: traces, or spans with the traces they belong to (traceql_found.h). */
#include "query/traceql_found.h"

struct finishing {
    struct weft_traceql_result *out;
    struct weft_traceql_top *top; /* sorted */
    uint32_t spans_per_spanset;
    struct weft_arena *arena;
};

static void traces_finish(const struct finishing *f)
{
    for (uint32_t i = 0; i < f->top->count; i++) {
        struct weft_found_record *record = f->top->items[i]->record;
        f->out->traces[f->out->trace_count++] = record->trace;
        weft_arena_adopt(f->arena, &record->arena);
    }
}

/* Room for the spans that a trace shows, of those that were found. */
static void spansets_empty(const struct finishing *f, struct weft_found_trace *trace)
{
    for (uint32_t i = 0; i < trace->spanset_count; i++) {
        struct weft_found_spanset *spanset = &trace->spansets[i];
        uint32_t room =
            spanset->matched < f->spans_per_spanset ? spanset->matched : f->spans_per_spanset;
        spanset->spans = weft_arena_alloc_array(f->arena, room, sizeof *spanset->spans);
        spanset->matched = 0;
    }
}

/* Without the spansets that have none. */
static void spansets_trim(struct weft_found_trace *trace)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < trace->spanset_count; i++)
        if (trace->spansets[i].matched > 0) trace->spansets[kept++] = trace->spansets[i];
    trace->spanset_count = kept;
}

static void row_finish(const struct finishing *f, struct weft_traceql_top_item *item)
{
    struct weft_traceql_result *out = f->out;
    struct weft_found_record *record = item->record;

    if (record->number == 0) {
        spansets_empty(f, &record->trace);
        out->traces[out->trace_count] = record->trace;
        weft_arena_adopt(f->arena, &record->arena);
        record->number = ++out->trace_count;
    }
    item->row.trace = record->number - 1;
    struct weft_found_spanset *spanset = &out->traces[item->row.trace].spansets[item->spanset];
    if (spanset->matched++ < f->spans_per_spanset)
        spanset->spans[spanset->span_count++] = item->row.span;
    out->rows[out->row_count++] = item->row;
    weft_arena_adopt(f->arena, &item->arena);
}

static void rows_finish(const struct finishing *f)
{
    struct weft_traceql_result *out = f->out;

    out->rows = weft_arena_alloc_array(f->arena, f->top->count, sizeof *out->rows);
    for (uint32_t i = 0; i < f->top->count; i++) row_finish(f, f->top->items[i]);
    for (uint32_t i = 0; i < out->trace_count; i++) spansets_trim(&out->traces[i]);
}

void weft_found_result(struct weft_traceql_result *out, struct weft_traceql_top *top,
                       uint32_t spans_per_spanset, struct weft_arena *arena)
{
    const struct finishing f = { out, top, spans_per_spanset, arena };

    if (top->count == 0) return;
    weft_traceql_top_sort(top);
    out->last = top->items[top->count - 1]->key;
    if (out->last.value.type == WEFT_TRACEQL_STRING)
        out->last.value.text = weft_arena_copy(arena, out->last.value.text);
    out->traces = weft_arena_alloc_array(arena, top->count, sizeof *out->traces);
    if (out->has_spans)
        rows_finish(&f);
    else
        traces_finish(&f);
}
