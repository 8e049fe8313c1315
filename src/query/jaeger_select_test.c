/* jaeger_select_test.c -- a span that meets Jaeger's conditions is selected; most others are not. */
#include "base/random.h"
#include "query/jaeger_search.h"
#include "query/trace_fixture.h"

static const char spans[] = "1 0 a 10 5 service=x span.n=200 kind=server status=error\n"
                            "2 1 b 11 7 service=y span.n=1.5 scope=lib version=1 status=ok\n"
                            "3 1 c 12 9 resource.n=true resource.resource.n=7 span.text=some\n"
                            "4 1 a 13 1 service=x event=e event.n=abc link=1/1 link.text=200\n"
                            "5 1 d 14 3 span.n=[1,2] scope.text=true resource.service.name=3\n"
                            "6 1 e 15 2 span.n=nil span.text=-7 resource.text=xyz version=2\n"
                            "7 1 f 16 2 span.text=0.25 kind=client";

static struct weft_str any(struct weft_random *random, const char *const *texts, size_t count)
{
    return weft_str_from_c(texts[weft_random_below(random, count)]);
}
#define ANY(random, texts) any(random, texts, sizeof(texts) / sizeof *(texts))

static void random_query(struct weft_random *random, struct weft_jaeger_query *query,
                         struct weft_jaeger_tag tags[2])
{
    static const char *const keys[] = {
        "n",          "text",          "resource.n",    "error",        "span.kind", "span.status",
        "scope.name", "scope.version", "resource.text", "service.name", "absent"
    };
    static const char *const values[] = { "200",
                                          "1.5",
                                          "true",
                                          "some",
                                          "7",
                                          "abc",
                                          "[1,2]",
                                          "",
                                          "-7",
                                          "xyz",
                                          "0.25",
                                          "ERROR",
                                          "Server",
                                          "ok",
                                          "lib",
                                          "1",
                                          "x",
                                          "3",
                                          "missing-service-name",
                                          "AAEC",
                                          "f",
                                          "\"NaN\"" };
    static const char *const services[] = { "", "", "x", "y", "missing-service-name", "3" };
    static const char *const names[] = { "", "", "a", "b", "empty-span-name" };

    *query = (struct weft_jaeger_query){ .service = ANY(random, services),
                                         .operation = ANY(random, names),
                                         .tags = tags,
                                         .tag_count = (uint32_t)weft_random_below(random, 3),
                                         .to_ns = UINT64_MAX - 1,
                                         .limit = 1 };
    if (weft_random_below(random, 6) == 0) query->duration_min_ns = 5;
    if (weft_random_below(random, 6) == 0) query->duration_max_ns = 5;
    for (uint32_t i = 0; i < 2; i++)
        tags[i] = (struct weft_jaeger_tag){ ANY(random, keys), ANY(random, values) };
}

static void test_what_matches_is_selected(void **state)
{
    struct weft_arena arena, work;
    struct weft_random random;
    struct weft_buf scratch = { 0 };
    uint32_t matched = 0, spared = 0;
    struct weft_attribute encoded = weft_attribute_text(WEFT_S("n"), WEFT_S("\x00\x01\x02")),
                          not_a_number = { .key = "n",
                                           .key_len = 1,
                                           .type = WEFT_VALUE_DOUBLE,
                                           .double_value = __builtin_nan("") };

    weft_arena_init(&arena, 0);
    struct weft_batch batch = fixture_trace(spans, 1, &arena);
    encoded.type = WEFT_VALUE_BYTES;
    fixture_attribute_add(&batch.spans[2].attributes, not_a_number, &arena);
    batch.spans[6].attributes = (struct weft_attributes){ &encoded, 1, 0 };
    weft_random_init(&random, 5);
    for (uint32_t run = 0; run < 20000; run++) {
        struct weft_jaeger_query query;
        struct weft_jaeger_tag tags[2];
        weft_arena_init(&work, 0);
        random_query(&random, &query, tags);
        const struct weft_selection *selection = weft_jaeger_select(&query, &work);
        for (uint32_t i = 0; i < batch.span_count; i++) {
            bool matches = weft_jaeger_query_matches(&query, &batch.spans[i], &scratch);
            bool is_selected = weft_selection_holds_span(selection, &batch.spans[i]);
            matched += matches;
            spared += !is_selected;
            if (matches && !is_selected)
                fail_msg("span %u: service %.*s, name %.*s, %.*s = %.*s, %.*s = %.*s (%u tags)",
                         i + 1, WEFT_S_ARG(query.service), WEFT_S_ARG(query.operation),
                         WEFT_S_ARG(tags[0].key), WEFT_S_ARG(tags[0].value),
                         WEFT_S_ARG(tags[1].key), WEFT_S_ARG(tags[1].value), query.tag_count);
        }
        weft_arena_release(&work);
    }
    assert_in_range(matched, 10000, 60000);
    assert_in_range(spared, 80000, 140000);
    weft_buf_release(&scratch);
    weft_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_matches_is_selected) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
