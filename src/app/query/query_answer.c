/* query_answer.c -- JSON into structs (query_answer.h). */
#include "app/query/query_answer.h"
#include "app/query/query_reading.h"
#include <math.h>

/* ---- pairs: labels and attributes ---- */

static int pair_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer_pair *pair = to;
    if (weft_str_equal_c(key, "name") || weft_str_equal_c(key, "key"))
        return read_text(r, &pair->name);
    return weft_str_equal_c(key, "value") ? read_text(r, &pair->value) : 0;
}

struct pairs {
    struct weft_answer_pair *items;
    uint32_t count;
};

static bool read_pair(struct reading *r, void *to)
{
    struct pairs *pairs = to;
    pairs->items = next_item(r, pairs->items, pairs->count, sizeof *pairs->items);
    struct weft_answer_pair *pair = &pairs->items[pairs->count++];
    *pair = (struct weft_answer_pair){ 0 };
    return each_member(r, pair_member, pair);
}

static int read_pairs(struct reading *r, struct weft_answer_pair **items, uint32_t *count)
{
    struct pairs pairs = { 0 };
    bool is_read = each_object(r, read_pair, &pairs);
    *items = pairs.items;
    *count = pairs.count;
    return is_read ? 1 : -1;
}

/* ---- series ---- */

static int read_points(struct reading *r, struct weft_answer_series *series)
{
    enum weft_json_token token;
    if (weft_json_next(&r->json) != WEFT_JSON_ARRAY_START) return -1;
    while ((token = weft_json_next(&r->json)) != WEFT_JSON_ARRAY_END) {
        double value = NAN;
        if (token == WEFT_JSON_STRING) /* "Infinity", "-Infinity" */
            value = weft_str_starts_with(r->json.text, WEFT_S("-")) ? -INFINITY : INFINITY;
        else if (token == WEFT_JSON_NUMBER ? !weft_str_to_double(r->json.text, &value)
                                           : token != WEFT_JSON_NULL)
            return -1;
        series->points = next_item(r, series->points, series->point_count, sizeof *series->points);
        series->points[series->point_count++] = value;
    }
    return 1;
}

static int series_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer_series *series = to;
    if (weft_str_equal_c(key, "labels"))
        return read_pairs(r, &series->labels, &series->label_count);
    return weft_str_equal_c(key, "points") ? read_points(r, series) : 0;
}

static bool read_series(struct reading *r, void *to)
{
    struct weft_answer *answer = to;
    answer->series = next_item(r, answer->series, answer->series_count, sizeof *answer->series);
    struct weft_answer_series *series = &answer->series[answer->series_count++];
    *series = (struct weft_answer_series){ 0 };
    return each_member(r, series_member, series);
}

/* ---- traces ---- */

static int span_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer_span *span = to;
    if (weft_str_equal_c(key, "name")) return read_text(r, &span->name);
    if (weft_str_equal_c(key, "start_time_unix_nano"))
        return read_u64(r, &span->start_time_unix_nano);
    if (weft_str_equal_c(key, "duration_ns")) return read_u64(r, &span->duration_ns);
    if (!weft_str_equal_c(key, "attributes")) return 0;
    return read_pairs(r, &span->attributes, &span->attribute_count);
}

static bool read_span(struct reading *r, void *to)
{
    struct weft_answer_spanset *set = to;
    set->spans = next_item(r, set->spans, set->span_count, sizeof *set->spans);
    struct weft_answer_span *span = &set->spans[set->span_count++];
    *span = (struct weft_answer_span){ 0 };
    return each_member(r, span_member, span);
}

static int spanset_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer_spanset *set = to;
    if (weft_str_equal_c(key, "matched_span_count")) return read_u64(r, &set->matched_span_count);
    if (weft_str_equal_c(key, "attributes"))
        return read_pairs(r, &set->attributes, &set->attribute_count);
    if (!weft_str_equal_c(key, "spans")) return 0;
    return each_object(r, read_span, set) ? 1 : -1;
}

static bool read_spanset(struct reading *r, void *to)
{
    struct weft_answer_trace *trace = to;
    trace->spansets = next_item(r, trace->spansets, trace->spanset_count, sizeof *trace->spansets);
    struct weft_answer_spanset *set = &trace->spansets[trace->spanset_count++];
    *set = (struct weft_answer_spanset){ 0 };
    return each_member(r, spanset_member, set);
}

static int trace_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer_trace *trace = to;
    struct weft_hit_line *line = &trace->line;
    const struct {
        const char *key;
        struct weft_str *text;
        uint64_t *number;
    } fields[] = {
        { "trace_id", &line->trace_id, NULL },
        { "root_service_name", &line->service_name, NULL },
        { "root_name", &line->name, NULL },
        { "start_time_unix_nano", NULL, &line->start_time_unix_nano },
        { "duration_ns", NULL, &line->duration_ns },
        { "span_count", NULL, &line->span_count },
        { "error_count", NULL, &line->error_count },
        { "matched_span_count", NULL, &line->matched_span_count },
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (weft_str_equal_c(key, fields[i].key))
            return fields[i].text != NULL ? read_text(r, fields[i].text)
                                          : read_u64(r, fields[i].number);
    if (!weft_str_equal_c(key, "spansets")) return 0;
    return each_object(r, read_spanset, trace) ? 1 : -1;
}

static bool read_trace(struct reading *r, void *to)
{
    struct weft_answer *answer = to;
    answer->traces = next_item(r, answer->traces, answer->trace_count, sizeof *answer->traces);
    struct weft_answer_trace *trace = &answer->traces[answer->trace_count++];
    *trace = (struct weft_answer_trace){ 0 };
    return each_member(r, trace_member, trace);
}

/* ---- spans for themselves ---- */

static int row_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer_row *row = to;
    struct weft_hit_line *line = &row->line;
    if (weft_str_equal_c(key, "trace_id")) return read_text(r, &line->trace_id);
    if (weft_str_equal_c(key, "span_id")) return read_text(r, &row->span_id);
    if (weft_str_equal_c(key, "service_name")) return read_text(r, &line->service_name);
    if (weft_str_equal_c(key, "name")) return read_text(r, &line->name);
    if (weft_str_equal_c(key, "start_time_unix_nano"))
        return read_u64(r, &line->start_time_unix_nano);
    if (weft_str_equal_c(key, "duration_ns")) return read_u64(r, &line->duration_ns);
    if (!weft_str_equal_c(key, "attributes")) return 0;
    return read_pairs(r, &row->attributes, &row->attribute_count);
}

static bool read_row(struct reading *r, void *to)
{
    struct weft_answer *answer = to;
    answer->rows = next_item(r, answer->rows, answer->row_count, sizeof *answer->rows);
    struct weft_answer_row *row = &answer->rows[answer->row_count++];
    *row = (struct weft_answer_row){ 0 };
    return each_member(r, row_member, row);
}

/* ---- the whole ---- */

static int answer_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_answer *answer = to;
    struct weft_str type;
    if (weft_str_equal_c(key, "type")) {
        int rc = read_text(r, &type);
        answer->is_series = weft_str_equal_c(type, "series");
        answer->has_rows = weft_str_equal_c(type, "spans");
        return rc;
    }
    if (weft_str_equal_c(key, "traces")) return each_object(r, read_trace, answer) ? 1 : -1;
    if (weft_str_equal_c(key, "spans")) return each_object(r, read_row, answer) ? 1 : -1;
    if (weft_str_equal_c(key, "series")) return each_object(r, read_series, answer) ? 1 : -1;
    if (weft_str_equal_c(key, "start_time_unix_nano")) return read_u64(r, &answer->start_ns);
    if (weft_str_equal_c(key, "step_ns")) return read_u64(r, &answer->step_ns);
    if (weft_str_equal_c(key, "partial")) return read_text(r, &answer->partial);
    if (weft_str_equal_c(key, "next_cursor")) return read_text(r, &answer->next_cursor);
    if (weft_str_equal_c(key, "complete_from_unix_nano"))
        return read_u64(r, &answer->complete_from_ns);
    if (weft_str_equal_c(key, "note")) return read_text(r, &answer->note);
    if (!weft_str_equal_c(key, "has_more")) return 0;
    answer->has_more = weft_json_next(&r->json) == WEFT_JSON_TRUE;
    return 1;
}

bool weft_answer_read(struct weft_answer *out, struct weft_str json, struct weft_arena *arena)
{
    struct reading r = { .arena = arena };
    *out = (struct weft_answer){ 0 };
    weft_json_reader_init(&r.json, json, arena);
    return weft_json_next(&r.json) == WEFT_JSON_OBJECT_START && each_member(&r, answer_member, out);
}
