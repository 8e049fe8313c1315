/* tempo_answer_test.c -- answers of Tempo's API, both encodings, from hand-made results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "server/tempo_answer.h"
#include "wire/protobuf.h"
#include <math.h>

#define TEXT(t)                                             \
    {                                                       \
        .type = WEFT_TRACEQL_STRING, .text = WEFT_S_INIT(t) \
    }

/* Protobuf as text: "1{2:"x"3:5}", so that an answer can be read in a test. Lengths that parse as a message are shown as one only where
 * `messages` names the path. */
static void show(struct weft_buf *out, struct weft_str bytes, const char *const *messages,
                 const char *path)
{
    struct weft_pb_reader r = weft_pb_reader_make(bytes);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        char here[64];
        bool is_message = false;
        snprintf(here, sizeof here, "%s%s%u", path, path[0] != '\0' ? "." : "", tag >> 3);
        for (const char *const *m = messages; *m != NULL; m++) is_message |= !strcmp(*m, here);
        weft_buf_printf(out, "%s%u", out->len > 0 && out->data[out->len - 1] != '{' ? " " : "",
                        tag >> 3);
        if ((tag & 7) == WEFT_PB_VARINT) {
            weft_buf_printf(out, ":%lld", (long long)weft_pb_varint(&r));
        } else if ((tag & 7) == WEFT_PB_FIXED64) {
            uint64_t bits = weft_pb_fixed64(&r);
            double value;
            memcpy(&value, &bits, sizeof value);
            weft_buf_printf(out, ":%g", value);
        } else {
            struct weft_str s = weft_pb_bytes(&r);
            if (is_message) {
                weft_buf_append_c(out, "{");
                show(out, s, messages, here);
                weft_buf_append_c(out, "}");
            } else {
                weft_buf_printf(out, ":\"%.*s\"", WEFT_S_ARG(s));
            }
        }
    }
    assert_false(r.is_broken);
}

static void expect_json(struct weft_buf *out, const char *json)
{
    weft_buf_append_byte(out, '\0');
    assert_string_equal(out->data, json);
    weft_buf_release(out);
}

static void expect_protobuf(struct weft_buf *bytes, const char *const *messages, const char *shown)
{
    struct weft_buf out = { 0 };
    show(&out, weft_buf_str(bytes), messages, "");
    expect_json(&out, shown);
    weft_buf_release(bytes);
}

/* ---- search ---- */

static const struct weft_traceql_value two_words[] = { TEXT("a"), TEXT("b") };
static struct weft_found_attribute found_attributes[] = {
    { WEFT_S_INIT("s"), TEXT("x\"") },
    { WEFT_S_INIT("i"), { .type = WEFT_TRACEQL_INT, .int_value = -9007199254740993 } },
    { WEFT_S_INIT("f"), { .type = WEFT_TRACEQL_FLOAT, .float_value = 0 } },
    { WEFT_S_INIT("b"), { .type = WEFT_TRACEQL_BOOL, .bool_value = false } },
    { WEFT_S_INIT("status"), { .type = WEFT_TRACEQL_STATUS, .int_value = WEFT_STATUS_ERROR } },
    { WEFT_S_INIT("d"), { .type = WEFT_TRACEQL_DURATION, .int_value = 1500000 } },
    { WEFT_S_INIT("n"), { .type = WEFT_TRACEQL_NIL } },
    { WEFT_S_INIT("a"), { .type = WEFT_TRACEQL_ARRAY, .item_count = 2, .items = two_words } },
};
static const struct weft_spanset_attribute gained_second = {
    .key = WEFT_S_INIT("count()"),
    .value = { .type = WEFT_TRACEQL_INT, .int_value = 0 },
};
static const struct weft_spanset_attribute gained = {
    .key = WEFT_S_INIT("by(name)"),
    .value = TEXT("n"),
    .next = &gained_second,
};
static struct weft_found_span spans[] = {
    { .span_id = { { 0, 1, 2, 3, 4, 5, 6, 7 } },
      .has_name = true,
      .name = WEFT_S_INIT("tick"),
      .start_time_unix_nano = UINT64_C(1795226905000000000),
      .duration_ns = 2000000,
      .attributes = found_attributes,
      .attribute_count = 8 },
    { .span_id = { { 9 } }, .name = WEFT_S_INIT("unseen"), .start_time_unix_nano = 5 },
};
static struct weft_found_spanset spansets[] = {
    { .spans = spans, .span_count = 1, .matched = 4, .attributes = &gained },
    { .spans = spans + 1, .span_count = 1, .matched = 1 },
};
static struct weft_found_service services[] = {
    { WEFT_S_INIT("cron"), 3, 1 },
    { WEFT_S_INIT(""), 1, 0 },
};
static struct weft_found_trace traces[] = {
    { .trace_id = { { 0x0a, 0x29, [15] = 1 } },
      .has_root = true,
      .root_service_name = WEFT_S_INIT("cron"),
      .root_name = WEFT_S_INIT("tick"),
      .start_time_unix_nano = UINT64_C(1795226905000000000),
      .duration_ns = 2999999,
      .spansets = spansets,
      .spanset_count = 2,
      .services = services,
      .service_count = 2 },
    { .trace_id = { { [15] = 7 } },
      .root_service_name = WEFT_S_INIT("<root span not yet received>"),
      .start_time_unix_nano = 5,
      .duration_ns = UINT64_MAX },
};
static const struct weft_traceql_result found = {
    .traces = traces,
    .trace_count = 2,
    .partial_reason = "time limit",
    .inspected_traces = 3,
    .inspected_spans = 40,
    .inspected_bytes = 50,
};

static void search_json(void **state)
{
#define SPANSET                                                                      \
    "{\"spans\":[{\"spanID\":\"0001020304050607\",\"name\":\"tick\","                \
    "\"startTimeUnixNano\":\"1795226905000000000\",\"durationNanos\":\"2000000\","   \
    "\"attributes\":["                                                               \
    "{\"key\":\"s\",\"value\":{\"stringValue\":\"x\\\"\"}},"                         \
    "{\"key\":\"i\",\"value\":{\"intValue\":\"-9007199254740993\"}},"                \
    "{\"key\":\"f\",\"value\":{\"doubleValue\":0}},"                                 \
    "{\"key\":\"b\",\"value\":{\"boolValue\":false}},"                               \
    "{\"key\":\"status\",\"value\":{\"stringValue\":\"error\"}},"                    \
    "{\"key\":\"d\",\"value\":{\"stringValue\":\"1.5ms\"}},"                         \
    "{\"key\":\"n\",\"value\":{\"stringValue\":\"nil\"}},"                           \
    "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"}," \
    "{\"stringValue\":\"b\"}]}}}]}],\"matched\":4,"                                  \
    "\"attributes\":[{\"key\":\"by(name)\",\"value\":{\"stringValue\":\"n\"}},"      \
    "{\"key\":\"count()\",\"value\":{\"intValue\":\"0\"}}]}"
    struct weft_buf out = { 0 };
    weft_tempo_json.search(&out, &found, false);
    expect_json(
        &out,
        "{\"traces\":[{\"traceID\":\"a290000000000000000000000000001\",\"rootServiceName\":"
        "\"cron\","
        "\"rootTraceName\":\"tick\",\"startTimeUnixNano\":\"1795226905000000000\",\"durationMs\":2,"
        "\"spanSet\":" SPANSET ",\"spanSets\":[" SPANSET
        ",{\"spans\":[{\"spanID\":\"0900000000000000\",\"startTimeUnixNano\":\"5\"}],\"matched\":1}"
        "],"
        "\"serviceStats\":{\"cron\":{\"spanCount\":3,\"errorCount\":1},\"\":{\"spanCount\":1}}},"
        "{\"traceID\":\"7\",\"rootServiceName\":\"<root span not yet received>\","
        "\"startTimeUnixNano\":\"5\",\"durationMs\":4294967295}],"
        "\"metrics\":{\"inspectedTraces\":3,\"inspectedBytes\":\"50\",\"inspectedSpans\":\"40\","
        "\"completedJobs\":1,\"totalJobs\":1,\"partial\":{\"reason\":\"time limit\"}}}");
}

static void search_protobuf(void **state)
{
    static const char *const messages[] = { "1",           "1.6",           "1.6.1",   "1.7",
                                            "1.7.1",       "1.8",           "1.8.2",   "2",
                                            "1.6.3",       "1.6.3.2",       "1.6.1.5", "1.6.1.5.2",
                                            "1.6.1.5.2.5", "1.6.1.5.2.5.1", NULL };
    struct weft_buf out = { 0 };
    weft_tempo_protobuf.search(&out, &found, true);
    struct weft_str whole = weft_buf_str(&out);
    assert_true(whole.len > 0);
    /* The first spanset stands twice, as spanSet and in spanSets: shown once in full. */
    struct weft_buf shown = { 0 };
    show(&shown, whole, messages, "");
    weft_buf_append_byte(&shown, '\0');
    static const char first[] =
        "1{1:\"0a290000000000000000000000000001\" 2:\"cron\" 3:\"tick\" 4:1795226905000000000 5:2 "
        "6{1{1:\"0001020304050607\" 2:\"tick\" 3:1795226905000000000 4:2000000 "
        "5{1:\"s\" 2{1:\"x\"\"}} 5{1:\"i\" 2{3:-9007199254740993}} 5{1:\"f\" 2{4:0}} "
        "5{1:\"b\" 2{2:0}} 5{1:\"status\" 2{1:\"error\"}} 5{1:\"d\" 2{1:\"1.5ms\"}} "
        "5{1:\"n\" 2{1:\"nil\"}} 5{1:\"a\" 2{5{1{1:\"a\"} 1{1:\"b\"}}}}} 2:4 "
        "3{1:\"by(name)\" 2{1:\"n\"}} 3{1:\"count()\" 2{3:0}}} 7{1{1:\"0001020304050607\"";
    assert_memory_equal(shown.data, first, sizeof first - 1);
    assert_non_null(strstr(shown.data, " 7{1{1:\"0900000000000000\" 3:5} 2:1} "
                                       "8{1:\"cron\" 2{1:3 2:1}} 8{2{1:1}}} "
                                       "1{1:\"00000000000000000000000000000007\" "
                                       "2:\"<root span not yet received>\" 4:5 5:4294967295} "
                                       "2{1:3 2:50 4:1 5:1 7:40}"));
    weft_buf_release(&shown);
    weft_buf_release(&out);
}

static void nothing_found(void **state)
{
    struct weft_buf out = { 0 };
    weft_tempo_json.search(&out, &(struct weft_traceql_result){ 0 }, false);
    expect_json(&out, "{\"traces\":[],\"metrics\":{\"completedJobs\":1,\"totalJobs\":1}}");
}

/* ---- series ---- */

static struct weft_series_label labels[] = {
    { WEFT_S_INIT("status"), { .type = WEFT_TRACEQL_STATUS, .int_value = WEFT_STATUS_ERROR } },
    { WEFT_S_INIT("p"), { .type = WEFT_TRACEQL_FLOAT, .float_value = 0.5 } },
};
static double points[] = { 0, 0.25, NAN, 3 };
static struct weft_series_exemplar exemplars[] = {
    { .trace_id = { { [15] = 1 } },
      .span_id = { { [7] = 2 } },
      .time_unix_nano = UINT64_C(1795226460240999999),
      .value = 0.5 },
};
static struct weft_series series[] = {
    { .labels = labels,
      .label_count = 2,
      .points = points,
      .point_count = 4,
      .exemplars = exemplars,
      .exemplar_count = 1 },
    { .points = points + 2, .point_count = 1 },
};
static const struct weft_metrics_result measured = {
    .series = series,
    .series_count = 2,
    .first_ns = UINT64_C(1795226400000000000),
    .step_ns = 500000000,
    .partial_reason = "series limit",
};

static void range_json(void **state)
{
    struct weft_buf out = { 0 };
    weft_tempo_json.range(&out, &measured);
    expect_json(
        &out,
        "{\"series\":[{\"labels\":[{\"key\":\"status\",\"value\":{\"stringValue\":\"error\"}},"
        "{\"key\":\"p\",\"value\":{\"doubleValue\":0.5}}],"
        "\"samples\":[{\"timestampMs\":\"1795226400000\"},"
        "{\"timestampMs\":\"1795226400500\",\"value\":0.25},"
        "{\"timestampMs\":\"1795226401500\",\"value\":3}],"
        "\"exemplars\":[{\"labels\":[{\"key\":\"trace:id\",\"value\":{\"stringValue\":"
        "\"00000000000000000000000000000001\"}},"
        "{\"key\":\"span:id\",\"value\":{\"stringValue\":\"0000000000000002\"}}],"
        "\"timestampMs\":\"1795226460240\",\"value\":0.5}]},"
        "{\"labels\":[],\"samples\":[]}],"
        "\"metrics\":{\"completedJobs\":1,\"totalJobs\":1},"
        "\"status\":\"PARTIAL\",\"message\":\"series limit\"}");
}

static void range_protobuf(void **state)
{
    static const char *const messages[] = { "1",     "1.1",     "1.1.2", "1.2", "1.4",
                                            "1.4.1", "1.4.1.2", "2",     NULL };
    struct weft_buf out = { 0 };
    weft_tempo_protobuf.range(&out, &measured);
    expect_protobuf(&out, messages,
                    "1{1{1:\"status\" 2{1:\"error\"}} 1{1:\"p\" 2{4:0.5}} 2{2:1795226400000} "
                    "2{1:0.25 2:1795226400500} 2{1:3 2:1795226401500} "
                    "4{1{1:\"trace:id\" 2{1:\"00000000000000000000000000000001\"}} "
                    "1{1:\"span:id\" 2{1:\"0000000000000002\"}} 2:0.5 3:1795226460240}} 1{} "
                    "2{4:1 5:1} 3:1 4:\"series limit\"");
}

static void instant(void **state)
{
    static const char *const messages[] = { "1", "2", NULL };
    static double zero[] = { 0 }, seven[] = { 7 };
    static struct weft_series instants[] = {
        { .points = zero, .point_count = 1 },
        { .points = points + 2, .point_count = 1 }, /* without value: left out */
        { .points = seven, .point_count = 1 },
    };
    const struct weft_metrics_result result = { .series = instants, .series_count = 3 };
    struct weft_buf out = { 0 };
    weft_tempo_json.instant(&out, &result);
    expect_json(&out, "{\"series\":[{\"labels\":[]},{\"labels\":[],\"value\":7}],"
                      "\"metrics\":{\"completedJobs\":1,\"totalJobs\":1}}");
    weft_tempo_protobuf.instant(&out, &result);
    expect_protobuf(&out, messages, "1{} 1{2:7} 2{4:1 5:1}");
}

/* ---- tags ---- */

static void tags(void **state)
{
    static const char *const messages[] = { "1", "2", NULL };
    static const struct weft_str names[] = { WEFT_S_INIT("a"), WEFT_S_INIT("") };
    static const struct weft_tempo_scope scopes[] = { { "resource", names, 1 },
                                                      { "span", names, 2 } };
    const struct weft_tempo_tags all = { .scopes = scopes,
                                         .scope_count = 2,
                                         .names = names,
                                         .name_count = 2,
                                         .inspected_bytes = 9,
                                         .partial_reason = "cancelled" };
    struct weft_buf out = { 0 };
    weft_tempo_json.tags(&out, &all);
    expect_json(&out,
                "{\"scopes\":[{\"name\":\"resource\",\"tags\":[\"a\"]},"
                "{\"name\":\"span\",\"tags\":[\"a\",\"\"]}],\"metrics\":{\"inspectedBytes\":\"9\","
                "\"completedJobs\":1,\"totalJobs\":1,\"partial\":{\"reason\":\"cancelled\"}}}");
    weft_tempo_protobuf.tags(&out, &all);
    expect_protobuf(&out, messages,
                    "1{1:\"resource\" 2:\"a\"} 1{1:\"span\" 2:\"a\" 2:\"\"} 2{1:9 2:1 3:1}");
    weft_tempo_json.tags_v1(&out, &all);
    expect_json(&out,
                "{\"tagNames\":[\"a\",\"\"],\"metrics\":{\"inspectedBytes\":\"9\","
                "\"completedJobs\":1,\"totalJobs\":1,\"partial\":{\"reason\":\"cancelled\"}}}");
    weft_tempo_protobuf.tags_v1(&out, &all);
    expect_protobuf(&out, messages + 1, "1:\"a\" 1:\"\" 2{1:9 2:1 3:1}");
}

static void values(void **state)
{
    static const char *const messages[] = { "1", "2", NULL };
    static struct weft_tag_value items[] = { { "int", WEFT_S_INIT("5") },
                                             { "string", WEFT_S_INIT("") } };
    const struct weft_tag_values all = { .items = items, .count = 2 };
    struct weft_buf out = { 0 };
    weft_tempo_json.values(&out, &all);
    expect_json(&out, "{\"tagValues\":[{\"type\":\"int\",\"value\":\"5\"},{\"type\":\"string\"}],"
                      "\"metrics\":{\"completedJobs\":1,\"totalJobs\":1}}");
    weft_tempo_protobuf.values(&out, &all);
    expect_protobuf(&out, messages, "1{1:\"int\" 2:\"5\"} 1{1:\"string\"} 2{2:1 3:1}");
    weft_tempo_json.values_v1(&out, &all);
    expect_json(&out, "{\"tagValues\":[\"5\",\"\"],"
                      "\"metrics\":{\"completedJobs\":1,\"totalJobs\":1}}");
    weft_tempo_protobuf.values_v1(&out, &all);
    expect_protobuf(&out, messages + 1, "1:\"5\" 1:\"\" 2{2:1 3:1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_json),    cmocka_unit_test(search_protobuf),
        cmocka_unit_test(nothing_found),  cmocka_unit_test(range_json),
        cmocka_unit_test(range_protobuf), cmocka_unit_test(instant),
        cmocka_unit_test(tags),           cmocka_unit_test(values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
