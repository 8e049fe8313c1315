/* source_conformance_spans.c -- spans(): every span in range that the selection has comes once, in a vector or with its trace, with the
 * values of the columns asked for. Spans are compared as lines of text, sorted.
 */
#include "base/alloc.h"
#include "model/wanted_keys.h"
#include "source_conformance.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct lines {
    const struct weft_source *source;
    const struct weft_span_scan *scan;
    struct weft_arena arena;
    const char **items;
    uint32_t count, capacity;
    uint32_t in_vectors, calls, calls_max;
};

static void line_add(struct lines *lines, struct weft_buf *text)
{
    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity * 2 + 64;
        lines->items = weft_realloc_array(lines->items, lines->capacity, sizeof *lines->items);
    }
    lines->items[lines->count++] = weft_arena_copy_c(&lines->arena, weft_buf_str(text));
    weft_buf_release(text);
}

static void who_append(struct weft_buf *text, const struct weft_span_identity *who, uint64_t start)
{
    char trace_hex[33], span_hex[17], parent_hex[17];

    weft_trace_id_format(&who->trace_id, trace_hex);
    weft_span_id_format(&who->span_id, span_hex);
    weft_span_id_format(&who->parent_span_id, parent_hex);
    weft_buf_printf(text, "%s %s %s %" PRIu64, trace_hex, span_hex, parent_hex, start);
}

static void value_append(struct weft_buf *text, const struct weft_value *value)
{
    weft_buf_printf(text, " %d:", (int)value->type);
    switch (value->type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL: weft_buf_printf(text, "%d", value->bool_value); break;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: weft_buf_printf(text, "%016" PRIx64, (uint64_t)value->int_value); break;
    default:
        for (size_t i = 0; i < value->bytes.len; i++)
            weft_buf_printf(text, "%02x", (uint8_t)value->bytes.ptr[i]);
    }
}

/* ---- the judge: the sentences at weft_span_column ---- */

static struct weft_value text_value(struct weft_str text)
{
    struct weft_value value = { .type = text.len > 0 ? WEFT_VALUE_STRING : WEFT_VALUE_EMPTY };
    value.bytes = text;
    return value;
}

static struct weft_value first_of_key(struct weft_attributes attributes, struct weft_str key)
{
    for (uint32_t i = 0; i < attributes.count; i++)
        if (attributes.items[i].type != WEFT_VALUE_EMPTY &&
            weft_str_equal(weft_attribute_key(&attributes.items[i]), key))
            return weft_attribute_value(&attributes.items[i]);
    return (struct weft_value){ .type = WEFT_VALUE_EMPTY };
}

static struct weft_value column_value(const struct weft_span_column *column,
                                      const struct weft_span *span)
{
    struct weft_value number = { .type = WEFT_VALUE_INT };

    switch (column->field) {
    case WEFT_FIELD_SERVICE: return text_value(span->scope->resource->service_name);
    case WEFT_FIELD_NAME: return text_value(span->name);
    case WEFT_FIELD_STATUS_MESSAGE: return text_value(span->status_message);
    case WEFT_FIELD_SCOPE_NAME: return text_value(span->scope->name);
    case WEFT_FIELD_SCOPE_VERSION: return text_value(span->scope->version);
    case WEFT_FIELD_KIND: number.int_value = span->kind; return number;
    case WEFT_FIELD_STATUS: number.int_value = span->status_code; return number;
    case WEFT_FIELD_DURATION:
        number.int_value = (int64_t)weft_span_duration_ns(span);
        return number;
    default: break;
    }
    if (column->scope == WEFT_SCOPE_SPAN) return first_of_key(span->attributes, column->key);
    return first_of_key(column->scope == WEFT_SCOPE_RESOURCE ? span->scope->resource->attributes
                                                             : span->scope->attributes,
                        column->key);
}

static bool trace_lines(void *arg, const struct weft_batch *trace)
{
    struct lines *lines = arg;
    const struct weft_span_scan *scan = lines->scan;
    bool *in = weft_alloc_array(trace->span_count + 1, sizeof *in);

    naive_selection_mark(scan->selection, trace, in);
    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        struct weft_buf text = { 0 };
        if (!in[i] || span->start_time_unix_nano < scan->from_ns ||
            (scan->to_ns != 0 && span->start_time_unix_nano >= scan->to_ns))
            continue;
        if (!scan->without_times)
            who_append(
                &text,
                &(struct weft_span_identity){ span->trace_id, span->span_id, span->parent_span_id },
                span->start_time_unix_nano);
        for (uint32_t c = 0; c < scan->column_count; c++) {
            struct weft_value value = column_value(&scan->columns[c], span);
            value_append(&text, &value);
        }
        line_add(lines, &text);
    }
    weft_free(in);
    return ++lines->calls != lines->calls_max;
}

/* ---- what is judged ---- */

static void column_append(struct weft_buf *text, const struct weft_span_vector *vector, uint32_t c,
                          uint32_t i)
{
    const struct weft_span_codes *column = &vector->columns[c];
    struct weft_value value = { .type = WEFT_VALUE_EMPTY };

    if (column->codes == NULL) {
        value = (struct weft_value){ .type = WEFT_VALUE_INT,
                                     .int_value = (int64_t)vector->duration_ns[i] };
    } else if (column->codes[i] > 0) {
        assert_true(column->codes[i] <= column->value_count);
        value = column->values[column->codes[i] - 1];
        assert_int_not_equal(value.type, WEFT_VALUE_EMPTY);
    }
    value_append(text, &value);
}

static bool vector_lines(void *arg, const struct weft_span_vector *vector)
{
    struct lines *lines = arg;

    assert_true(vector->count > 0 && vector->count <= WEFT_SPAN_VECTOR_MAX);
    for (uint32_t i = 0; i < vector->count; i++) {
        struct weft_buf text = { 0 };
        struct weft_span_identity who;
        if (!lines->scan->without_times) {
            lines->source->identify(lines->source->self, vector, i, &who);
            who_append(&text, &who, vector->start_time_unix_nano[i]);
        }
        for (uint32_t c = 0; c < lines->scan->column_count; c++) column_append(&text, vector, c, i);
        line_add(lines, &text);
    }
    lines->in_vectors += vector->count;
    return ++lines->calls != lines->calls_max;
}

/* ---- comparing ---- */

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void lines_sort(struct lines *lines)
{
    if (lines->count > 1) qsort(lines->items, lines->count, sizeof *lines->items, line_compare);
}

static void lines_release(struct lines *lines)
{
    weft_free(lines->items);
    weft_arena_release(&lines->arena);
}

static void lines_check(const struct conformance_data *data, const char *state,
                        const struct lines *expected, const struct lines *found)
{
    const struct weft_span_scan *scan = found->scan;
    struct weft_buf text = { 0 };
    uint32_t i = 0;

    while (i < expected->count && i < found->count &&
           strcmp(expected->items[i], found->items[i]) == 0)
        i++;
    if (i == expected->count && i == found->count) return;
    conformance_describe_selection(&text, scan->selection);
    fail_msg("seed %llu, %s: %u spans (%u in vectors) from %llu to %llu with %.*s and %u columns, "
             "%u expected; the first that differs:\n%s\nexpected\n%s",
             (unsigned long long)data->seed, state, found->count, found->in_vectors,
             (unsigned long long)scan->from_ns, (unsigned long long)scan->to_ns, (int)text.len,
             (const char *)text.data, scan->column_count, expected->count,
             i < found->count ? found->items[i] : "nothing",
             i < expected->count ? expected->items[i] : "nothing");
}

/* How many spans came in vectors. */
static uint32_t check_spans(const struct conformance_data *data, const struct weft_source *source,
                            const char *state, const struct weft_span_scan *asked)
{
    struct weft_trace_scan_result result;
    struct weft_err err = { 0 };
    struct weft_span_scan scan = *asked;
    struct lines expected = { .scan = &scan }, found = { .scan = &scan, .source = source };
    struct weft_source judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);

    weft_arena_init(&expected.arena, 0);
    weft_arena_init(&found.arena, 0);
    judge.traces(judge.self, &(struct weft_trace_scan){ 0 }, trace_lines, &expected, &result, NULL);
    scan.vector = vector_lines;
    scan.trace = trace_lines;
    scan.arg = &found;
    int rc = source->spans(source->self, &scan, &result, &err);
    if (rc != WEFT_OK)
        fail_msg("seed %llu, %s: %s", (unsigned long long)data->seed, state, err.text);
    assert_null(result.partial_reason);
    assert_true(result.inspected_spans >= found.count);
    lines_sort(&expected);
    lines_sort(&found);
    lines_check(data, state, &expected, &found);
    uint32_t in_vectors = found.in_vectors;
    lines_release(&expected);
    lines_release(&found);
    return in_vectors;
}

/* ---- what is asked ---- */

static struct weft_str random_key(struct weft_attributes attributes, struct weft_random *random)
{
    if (attributes.count == 0) return WEFT_S("nobody.has.this");
    return weft_attribute_key(&attributes.items[weft_random_below(random, attributes.count)]);
}

static struct weft_span_column random_column(const struct conformance_data *data,
                                             struct weft_random *random)
{
    static const enum weft_field fields[] = { WEFT_FIELD_SERVICE,        WEFT_FIELD_NAME,
                                              WEFT_FIELD_STATUS_MESSAGE, WEFT_FIELD_SCOPE_NAME,
                                              WEFT_FIELD_SCOPE_VERSION,  WEFT_FIELD_KIND,
                                              WEFT_FIELD_STATUS,         WEFT_FIELD_DURATION };
    const struct weft_span *span = data->naive.spans[weft_random_below(random, data->naive.count)];
    struct weft_span_column column = { .field = WEFT_FIELD_ATTRIBUTE };

    switch (weft_random_below(random, 6)) {
    case 0:
    case 1:
        column.field = fields[weft_random_below(random, sizeof fields / sizeof fields[0])];
        break;
    case 2:
        column.scope = WEFT_SCOPE_RESOURCE;
        column.key = random_key(span->scope->resource->attributes, random);
        break;
    case 3:
        column.scope = WEFT_SCOPE_INSTRUMENTATION;
        column.key = random_key(span->scope->attributes, random);
        break;
    default: column.scope = WEFT_SCOPE_SPAN; column.key = random_key(span->attributes, random);
    }
    return column;
}

static bool never_vector(void *arg, const struct weft_span_vector *vector)
{
    fail_msg("%u spans after the end", vector->count);
    return false;
}

static bool never_trace(void *arg, const struct weft_batch *trace)
{
    fail_msg("%u spans of a trace after the end", trace->span_count);
    return false;
}

/* ---- keys of selected spans ---- */

static void keys_of(struct weft_wanted_keys *wanted, const struct weft_span *span)
{
    weft_wanted_find_all(wanted, WEFT_SCOPE_SPAN, span->attributes);
    weft_wanted_find_all(wanted, WEFT_SCOPE_RESOURCE, span->scope->resource->attributes);
    weft_wanted_find_all(wanted, WEFT_SCOPE_INSTRUMENTATION, span->scope->attributes);
    weft_wanted_find_carriers(wanted, span);
}

struct keys_walk {
    const struct weft_span_scan *scan;
    struct weft_wanted_keys wanted;
};

static bool starts_in_range(const struct weft_span_scan *scan, const struct weft_span *span)
{
    return span->start_time_unix_nano >= scan->from_ns &&
           (scan->to_ns == 0 || span->start_time_unix_nano < scan->to_ns);
}

static bool keys_of_trace(void *arg, const struct weft_batch *trace)
{
    struct keys_walk *walk = arg;
    bool *in = weft_alloc_array(trace->span_count + 1, sizeof *in);

    naive_selection_mark(walk->scan->selection, trace, in);
    for (uint32_t i = 0; i < trace->span_count; i++)
        if (in[i] && starts_in_range(walk->scan, &trace->spans[i]))
            keys_of(&walk->wanted, &trace->spans[i]);
    weft_free(in);
    return true;
}

/* All keys of the spans as they are read, and none that no span had as it was sent: of one that was sent twice either may be looked at. */
static void check_keys(const struct conformance_data *data, const struct weft_source *source,
                       const char *state, const struct weft_span_scan *asked)
{
    struct weft_source judge = naive_store_source((struct naive_store *)(uintptr_t)&data->naive);
    struct weft_trace_scan_result result;
    struct weft_attribute_keys keys;
    struct weft_arena arena;
    struct weft_err err = { 0 };
    struct keys_walk walks[3]; /* at least, found, at most */

    weft_arena_init(&arena, 0);
    judge.attribute_keys(judge.self, 0, 0, &keys, &arena, NULL);
    for (int i = 0; i < 3; i++) {
        walks[i].scan = asked;
        walks[i].wanted =
            (struct weft_wanted_keys){ .items = keys.items,
                                       .count = keys.count,
                                       .left = keys.count,
                                       .is_found = weft_arena_alloc_array(&arena, keys.count, 1) };
    }
    judge.traces(judge.self, &(struct weft_trace_scan){ 0 }, keys_of_trace, &walks[0], &result,
                 NULL);
    struct weft_span_scan scan = *asked;
    scan.wanted = &walks[1].wanted;
    if (source->spans(source->self, &scan, &result, &err) != WEFT_OK)
        fail_msg("seed %llu, %s: %s", (unsigned long long)data->seed, state, err.text);
    assert_null(result.partial_reason);
    for (uint32_t i = 0; i < data->naive.count; i++)
        if (starts_in_range(asked, data->naive.spans[i]) &&
            weft_selection_holds_span(asked->selection, data->naive.spans[i]))
            keys_of(&walks[2].wanted, data->naive.spans[i]);
    uint32_t left = 0;
    for (uint32_t i = 0; i < keys.count; i++) {
        bool is_found = walks[1].wanted.is_found[i];
        left += !is_found;
        if (is_found ? !walks[2].wanted.is_found[i] : walks[0].wanted.is_found[i])
            fail_msg("seed %llu, %s: key %.*s (scope %d) is %s", (unsigned long long)data->seed,
                     state, WEFT_S_ARG(keys.items[i].key), keys.items[i].scope,
                     is_found ? "found, and nobody has it" : "not found");
    }
    assert_int_equal(walks[1].wanted.left, left);
    weft_arena_release(&arena);
}

/* Over before it begins; and ended by the asker. */
static void check_cut(const struct weft_source *source, const struct weft_span_scan *asked)
{
    struct weft_span_scan scan = *asked;
    struct weft_trace_scan_result result;
    const _Atomic bool cancelled = true;
    struct lines few = { .scan = &scan, .source = source, .calls_max = 2 };

    scan.vector = never_vector;
    scan.trace = never_trace;
    scan.deadline_monotonic_ns = 1;
    assert_int_equal(source->spans(source->self, &scan, &result, NULL), WEFT_OK);
    assert_string_equal(result.partial_reason, "time limit");
    scan.deadline_monotonic_ns = 0;
    scan.cancelled = &cancelled;
    assert_int_equal(source->spans(source->self, &scan, &result, NULL), WEFT_OK);
    assert_string_equal(result.partial_reason, "cancelled");
    scan = *asked;
    scan.vector = vector_lines;
    scan.trace = trace_lines;
    scan.arg = &few;
    weft_arena_init(&few.arena, 0);
    assert_int_equal(source->spans(source->self, &scan, &result, NULL), WEFT_OK);
    assert_true(few.calls <= 2);
    lines_release(&few);
}

void conformance_check_spans(const struct conformance_data *data, const struct weft_source *source,
                             const char *state, uint32_t scans)
{
    struct weft_span_column columns[WEFT_SPAN_COLUMNS_MAX];
    struct weft_random random;
    uint32_t in_vectors = 0;

    weft_random_init(&random, data->seed + 5);
    for (uint32_t i = 0; i < scans; i++) {
        struct weft_span_scan scan = { .columns = columns };
        struct weft_arena arena;
        const struct weft_span *a =
                                   data->naive.spans[weft_random_below(&random, data->naive.count)],
                               *b =
                                   data->naive.spans[weft_random_below(&random, data->naive.count)];
        weft_arena_init(&arena, 0);
        scan.column_count = (uint32_t)weft_random_below(&random, WEFT_SPAN_COLUMNS_MAX + 1);
        for (uint32_t c = 0; c < scan.column_count; c++) columns[c] = random_column(data, &random);
        if (i % 3 == 1) scan.from_ns = a->start_time_unix_nano + weft_random_below(&random, 2);
        if (i % 4 == 1) scan.to_ns = b->start_time_unix_nano + weft_random_below(&random, 2);
        do { /* most of them such that columns can answer */
            if (i % 4 != 3) scan.selection = conformance_selection(data, &random, i % 4, &arena);
        } while (i % 6 != 0 && !weft_selection_is_spanwise(scan.selection));
        scan.without_times = weft_random_below(&random, 3) == 0;
        in_vectors += check_spans(data, source, state, &scan);
        if (weft_selection_is_spanwise(scan.selection)) check_keys(data, source, state, &scan);
        if (i < 2) check_cut(source, &scan);
        weft_arena_release(&arena);
    }
    if (strcmp(state, "compacted") == 0) assert_true(in_vectors > 0);
}
