/* traceql_tags_walk.c -- spans looked at for their tags: by columns where the source can tell, else trace by trace (traceql_tags_internal.h). */
#include "query/traceql_tags_internal.h"
#include <stdlib.h>

#define SLOT_BYTES 48 /* of a map, beside the text */

void weft_tag_walk_init(struct weft_tag_walk *walk, const struct weft_source *source,
                        const struct weft_tag_question *question)
{
    *walk = (struct weft_tag_walk){ .source = source, .question = question };
    weft_arena_init(&walk->arena, 0);
    weft_arena_init(&walk->scratch, 0);
    weft_traceql_select_filter(&walk->selection, question->filter, &walk->arena);
    walk->has_columns =
        walk->selection.is_exact && weft_selection_is_spanwise(walk->selection.tree);
}

void weft_tag_walk_release(struct weft_tag_walk *walk)
{
    for (uint32_t i = 0; i < WEFT_TRACEQL_SCOPE_COUNT; i++) weft_map_release(&walk->found[i]);
    weft_arena_release(&walk->scratch);
    weft_arena_release(&walk->arena);
}

/* ---- What was found ---- */

void weft_tag_found(struct weft_tag_walk *walk, uint32_t which, struct weft_str text)
{
    uint64_t bytes_max = walk->question->bytes_max;
    bool is_new;

    if (weft_map_get(&walk->found[which], text) != NULL) return;
    if (bytes_max > 0 && walk->bytes + text.len + SLOT_BYTES > bytes_max) {
        walk->is_full = true;
        walk->partial_reason = "size limit";
        return;
    }
    weft_map_put(&walk->found[which], text, 0, &is_new);
    walk->bytes += text.len + SLOT_BYTES;
}

static int compare_texts(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

struct weft_str *weft_tag_sorted(const struct weft_map *map, uint32_t limit, uint32_t *count,
                                 struct weft_arena *arena)
{
    struct weft_str *items = weft_arena_alloc_array(arena, map->count, sizeof *items);
    size_t at = 0;

    *count = 0;
    for (const struct weft_map_slot *slot; (slot = weft_map_next(map, &at)) != NULL;)
        items[(*count)++] = weft_arena_copy(arena, slot->key);
    if (*count > 0) qsort(items, *count, sizeof *items, compare_texts);
    if (limit > 0 && *count > limit) *count = limit;
    return items;
}

/* ---- Spans ---- */

static bool is_in_range(const struct weft_tag_question *question, const struct weft_span *span)
{
    return span->start_time_unix_nano >= question->from_ns &&
           (question->to_ns == 0 || span->start_time_unix_nano < question->to_ns);
}

bool weft_tag_visit(void *arg, const struct weft_batch *trace)
{
    struct weft_tag_walk *walk = arg;

    weft_arena_reset(&walk->scratch);
    weft_trace_view_init(&walk->view, trace, &walk->scratch);
    for (uint32_t i = 0; i < trace->span_count && !walk->is_full; i++)
        if (is_in_range(walk->question, &trace->spans[i]) &&
            weft_traceql_holds(&walk->view, walk->question->filter, i))
            walk->look(walk, i);
    if (walk->view.is_regex_limited) walk->partial_reason = "limit of a regular expression";
    return !walk->is_full;
}

static int walked(struct weft_tag_walk *walk, int rc, const struct weft_trace_scan_result *result)
{
    if (*walk->selection.is_regex_limited) walk->partial_reason = "limit of a regular expression";
    if (result->partial_reason != NULL) walk->partial_reason = result->partial_reason;
    walk->inspected_bytes += result->inspected_bytes;
    return rc;
}

int weft_tag_walk_traces(struct weft_tag_walk *walk, struct weft_err *err)
{
    struct weft_trace_scan_result result = { 0 };
    const struct weft_trace_scan scan = {
        .from_ns = walk->question->from_ns,
        .to_ns = walk->question->to_ns,
        .selection = walk->selection.tree,
        .deadline_monotonic_ns = walk->question->deadline_monotonic_ns,
        .cancelled = walk->question->cancelled,
        .reads = walk->question->reads,
    };

    if (walk->selection.is_empty) return WEFT_OK;
    return walked(
        walk, walk->source->traces(walk->source->self, &scan, weft_tag_visit, walk, &result, err),
        &result);
}

int weft_tag_walk_spans(struct weft_tag_walk *walk, const struct weft_selection *selection,
                        const struct weft_span_column *columns, uint32_t column_count,
                        bool (*vector)(void *arg, const struct weft_span_vector *vector),
                        struct weft_err *err)
{
    struct weft_trace_scan_result result = { 0 };
    const struct weft_span_scan scan = {
        .from_ns = walk->question->from_ns,
        .to_ns = walk->question->to_ns,
        .selection = selection,
        .columns = columns,
        .column_count = column_count,
        .without_times = true,
        .deadline_monotonic_ns = walk->question->deadline_monotonic_ns,
        .cancelled = walk->question->cancelled,
        .reads = walk->question->reads,
        .vector = vector,
        .trace = weft_tag_visit,
        .arg = walk,
    };

    if (walk->selection.is_empty) return WEFT_OK;
    return walked(walk, walk->source->spans(walk->source->self, &scan, &result, err), &result);
}

int weft_tag_walk_wanted(struct weft_tag_walk *walk, struct weft_wanted_keys *wanted,
                         struct weft_err *err)
{
    struct weft_trace_scan_result result = { 0 };
    const struct weft_span_scan scan = {
        .from_ns = walk->question->from_ns,
        .to_ns = walk->question->to_ns,
        .selection = walk->selection.tree,
        .without_times = true,
        .deadline_monotonic_ns = walk->question->deadline_monotonic_ns,
        .cancelled = walk->question->cancelled,
        .reads = walk->question->reads,
        .wanted = wanted,
    };

    if (walk->selection.is_empty || wanted->left == 0) return WEFT_OK;
    return walked(walk, walk->source->spans(walk->source->self, &scan, &result, err), &result);
}
