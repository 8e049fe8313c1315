/* trace_text_test.c -- full text: which texts of a span and of an event there are, contains, and what is shown of them. */
#include "query/trace_fixture.h"
#include "query/traceql_search.h"
#include "query/traceql_text_fixture.h"

static const char trace_text[] =
    "1 0 GET-/cart 100 50 service=shop message=Timed_out span.q=select(1) span.n=7 "
    "span.l=[red,Blue]\n"
    "2 1 plain 110 5 event=log+1 event.body=card-declined event=Log+2 event.body=retry.*\n"
    "3 1 x 120 5 span.n=4\n"
    "4 1 y 130 5 event=e";

static const struct {
    const char *query, *expected; /* ids of the spans found */
} finds[] = {
    { "{ text = \"GET-/cart\" }", "1" },
    { "{ span:text = \"Timed_out\" }", "1" },
    { "{ text = \"timed_out\" }", "" },
    { "{ text contains \"timed\" }", "1" },
    { "{ text contains \"TIMED_OUT\" }", "1" },
    { "{ text contains \"blue\" }", "1" },
    { "{ text contains \"declined\" }", "2" },
    { "{ text contains \".*\" }", "2" },
    { "{ text contains \"(1)\" }", "1" },
    { "{ text contains \"shop\" }", "" }, /* that of the resource is none of the span's */
    { "{ text contains \"7\" }", "" },    /* a number is no text */
    { "{ text contains \"\" }", "1 2 3 4" },
    { "{ text =~ \"card.*\" }", "2" },
    { "{ text =~ \"card\" }", "" },
    { "{ text != \"x\" }", "1 2 4" },
    { "{ text !~ \".*[lL]og.*|x\" }", "1 4" },
    { "{ !(text contains \"log\") }", "1 3 4" },
    { "{ name contains \"CART\" && status = unset }", "1" },
    { "{ .q contains \"select\" || name contains \"y\" }", "1 4" },
    { "{ !(.q contains \"select\") }", "2 3 4" },
    { "{ event:text contains \"card\" }", "2" },
    { "{ event:text contains \"card\" && event:name = \"log\" }", "2" },
    { "{ event:text contains \"card\" && event:name = \"Log\" }", "" },
    { "{ event:text = \"e\" }", "4" },
    { "{ event:text != \"e\" }", "2" },
    { "{ text contains \"retry\" } | count() > 0", "2" },
    { "{ name = \"plain\" && text contains \"LOG\" } << { text contains \"nothing\" }", "" },
    { "{ name = \"plain\" && text contains \"LOG\" } << { text contains \"cart\" }", "1" },
};

static int one_trace(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                     void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_batch *trace = self;
    bool *in = weft_arena_alloc_array(trace->arena, trace->span_count, sizeof *in);
    bool is_selected = scan->selection == NULL;

    *out = (struct weft_trace_scan_result){ 0 };
    if (scan->selection != NULL) weft_selection_mark(scan->selection, trace, in, trace->arena);
    for (uint32_t i = 0; i < trace->span_count; i++) is_selected |= in[i];
    if (is_selected) visit(arg, trace);
    return WEFT_OK;
}

static void search(struct weft_batch *trace, const char *text, struct weft_traceql_result *out)
{
    struct weft_source source = { .self = trace, .traces = one_trace };
    struct weft_traceql_limits limits = { .traces = 9, .spans_per_spanset = 9 };
    struct weft_traceql_query query;
    struct weft_err err = { 0 };

    if (weft_traceql_parse(&query, weft_str_from_c(text), trace->arena, NULL, &err) < 0 ||
        weft_traceql_search(&source, &query, &limits, out, trace->arena, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}

static void test_finds(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_batch trace = fixture_trace(trace_text, 1, &arena);
    struct weft_buf found = { 0 };

    for (size_t i = 0; i < sizeof finds / sizeof *finds; i++) {
        struct weft_traceql_result result;
        search(&trace, finds[i].query, &result);
        weft_buf_reset(&found);
        for (uint32_t s = 0; result.trace_count > 0 && s < result.traces[0].spansets[0].span_count;
             s++)
            weft_buf_printf(&found, "%s%x", s > 0 ? " " : "",
                            result.traces[0].spansets[0].spans[s].span_id.bytes[7]);
        weft_buf_append_byte(&found, '\0');
        if (strcmp(found.data, finds[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", finds[i].query, found.data, finds[i].expected);
    }
    weft_buf_release(&found);
    weft_arena_release(&arena);
}

static const struct {
    const char *query, *expected; /* shown of the first span */
} shows[] = {
    { "{ text contains \"timed\" }", " text=Timed_out" },
    { "{ text contains \"log\" }", " text=log text=Log" },
    { "{ text != \"zz\" }", "" },
    { "{ text !~ \"zz\" }", "" },
    { "{ text = \"zz\" || name = \"x\" }", "" },
    { "{ name = \"x\" } | select(text)", " text=x" },
    { "{ event:text contains \"declined\" }", " event:text=card-declined" },
};

static void test_shows(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_batch trace = fixture_trace(trace_text, 1, &arena);
    struct weft_buf shown = { 0 };

    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        struct weft_traceql_result result;
        search(&trace, shows[i].query, &result);
        const struct weft_found_span *span = &result.traces[0].spansets[0].spans[0];
        weft_buf_reset(&shown);
        for (uint32_t a = 0; a < span->attribute_count; a++) {
            const struct weft_traceql_value *value = &span->attributes[a].value;
            bool is_array = value->type == WEFT_TRACEQL_ARRAY;
            for (uint32_t v = 0; v < (is_array ? value->item_count : 1); v++)
                weft_buf_printf(&shown, " %.*s=%.*s", WEFT_S_ARG(span->attributes[a].key),
                                WEFT_S_ARG((is_array ? &value->items[v] : value)->text));
        }
        weft_buf_append_byte(&shown, '\0');
        if (strcmp(shown.data, shows[i].expected) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", shows[i].query, shown.data, shows[i].expected);
    }
    weft_buf_release(&shown);
    weft_arena_release(&arena);
}

/* Texts within lists within lists. */
static void test_nested(void **state)
{
    struct weft_arena arena = { 0 };
    struct weft_buf inner = { 0 }, pair = { 0 }, list = { 0 };
    struct weft_attribute attribute = { .key = "k", .key_len = 1, .type = WEFT_VALUE_KVLIST };
    struct weft_span span = { .attributes = { .items = &attribute, .count = 1 } };
    struct weft_traceql_value value;

    weft_pb_put_bytes(&inner, 1, WEFT_S("deep")); /* AnyValue: string */
    weft_pb_put_bytes(&pair, 1, WEFT_S("key"));
    weft_pb_put_bytes(&pair, 2, weft_buf_str(&inner));
    weft_pb_put_bytes(&list, 1, weft_buf_str(&pair));
    attribute.ptr = list.data;
    attribute.value_len = (uint32_t)list.len;
    weft_trace_text_of_span(&value, &span, &arena);
    assert_int_equal(value.type, WEFT_TRACEQL_STRING);
    assert_true(weft_str_equal_c(value.text, "deep"));
    weft_trace_text_of_span(&value, &(struct weft_span){ 0 }, &arena);
    assert_int_equal(value.type, WEFT_TRACEQL_STRING);
    assert_int_equal(value.text.len, 0);
    weft_buf_release(&inner);
    weft_buf_release(&pair);
    weft_buf_release(&list);
    weft_arena_release(&arena);
}

static const struct text_case texts[] = {
    { "{ span:text contains \"a.b é\" }", "{ text =~ `(?i).*a\\.b é.*` }" },
    { "{ .contains contains \"x\" && event:text = \"y\" }",
      "{ .contains =~ `(?i).*x.*` && event:text = `y` }" },
    { "{ duration contains \"x\" }", "line 1, col 12: duration is a duration; =~ takes strings" },
    { "{ name contains x }",
      "line 1, col 17: unexpected \"x\", expected a text in quotes behind contains" },
    { "{ text = 3 }", NULL },
    { "{ text = nil }", NULL },
    { "{ contains = 3 }", NULL },
    { "{ link:text = \"x\" }", NULL },
};

static void test_texts(void **state)
{
    (void)state;
    texts_check(texts, sizeof texts / sizeof *texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_shows),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
