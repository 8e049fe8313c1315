/* traceql_tags_test.c -- names and values over two small traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "model/wanted_keys.h"
#include "query/traceql_tags.h"

#define KEY(name) .key = name, .key_len = sizeof(name) - 1
#define TEXT(name, value)                                                                  \
    {                                                                                      \
        KEY(name), .type = WEFT_VALUE_STRING, .ptr = value, .value_len = sizeof(value) - 1 \
    }
#define INT(name, value)                                      \
    {                                                         \
        KEY(name), .type = WEFT_VALUE_INT, .int_value = value \
    }
#define LIST(array)                              \
    {                                            \
        array, sizeof array / sizeof array[0], 0 \
    }

static const struct weft_attribute of_resource[] = { TEXT("service.name", "shop"),
                                                     TEXT("env", "prod") };
static const struct weft_attribute of_scope[] = { TEXT("language", "c") };
static const struct weft_attribute of_event[] = { INT("attempt", 1) };
static const struct weft_attribute of_link[] = { { KEY("weight"), .type = WEFT_VALUE_DOUBLE,
                                                   .double_value = 0.5 } };
static const struct weft_attribute of_first[] = { INT("code", 200), TEXT("env", "canary") };
static const struct weft_attribute of_second[] = {
    TEXT("code", "200"), { KEY("flag"), .type = WEFT_VALUE_BOOL, .bool_value = true }
};
static const struct weft_resource resource = { .attributes = LIST(of_resource),
                                               .service_name = WEFT_S_INIT("shop") };
static const struct weft_scope scope = { .resource = &resource,
                                         .name = WEFT_S_INIT("lib"),
                                         .attributes = LIST(of_scope) };
static const struct weft_event events[] = {
    { .time_unix_nano = 1500, .name = WEFT_S_INIT("retry"), .attributes = LIST(of_event) },
    { .time_unix_nano = 900, .name = WEFT_S_INIT("early") },
};
static const struct weft_link links[] = { { .attributes = LIST(of_link) } };
static struct weft_span first[] = { { .trace_id = { { 1 } },
                                      .span_id = { { 1 } },
                                      .scope = &scope,
                                      .start_time_unix_nano = 1000,
                                      .end_time_unix_nano = 2000,
                                      .name = WEFT_S_INIT("first"),
                                      .attributes = LIST(of_first),
                                      .events = events,
                                      .event_count = 2,
                                      .links = links,
                                      .link_count = 1,
                                      .kind = WEFT_KIND_SERVER } };
static struct weft_span second[] = { { .trace_id = { { 2 } },
                                       .span_id = { { 2 } },
                                       .scope = &scope,
                                       .start_time_unix_nano = 3000,
                                       .end_time_unix_nano = 4000,
                                       .name = WEFT_S_INIT("second"),
                                       .attributes = LIST(of_second),
                                       .status_code = WEFT_STATUS_ERROR } };

static int visit_both(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                      void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_batch traces[] = { { .spans = first, .span_count = 1 },
                                         { .spans = second, .span_count = 1 } };
    out->inspected_bytes = 77;
    if (visit(arg, &traces[0])) visit(arg, &traces[1]);
    return WEFT_OK;
}
/* All that is there comes in whole traces. */
static int spans_of_both(void *self, const struct weft_span_scan *scan,
                         struct weft_trace_scan_result *out, struct weft_err *err)
{
    if (scan->wanted == NULL) return visit_both(self, NULL, scan->trace, scan->arg, out, err);
    const struct weft_span *both[] = { first, second };
    out->inspected_bytes = 77;
    for (int i = 0; i < 2; i++) {
        uint64_t start = both[i]->start_time_unix_nano;
        if (!weft_selection_holds_span(scan->selection, both[i]) || start < scan->from_ns ||
            (scan->to_ns != 0 && start >= scan->to_ns))
            continue;
        weft_wanted_find_all(scan->wanted, WEFT_SCOPE_SPAN, both[i]->attributes);
        weft_wanted_find_all(scan->wanted, WEFT_SCOPE_RESOURCE, resource.attributes);
        weft_wanted_find_all(scan->wanted, WEFT_SCOPE_INSTRUMENTATION, scope.attributes);
        weft_wanted_find_carriers(scan->wanted, both[i]);
    }
    return WEFT_OK;
}

static const struct weft_attribute_key keys_there[] = {
    { WEFT_SCOPE_SPAN, WEFT_S_INIT("code"), 2 },
    { WEFT_SCOPE_SPAN, WEFT_S_INIT("env"), 1 },
    { WEFT_SCOPE_SPAN, WEFT_S_INIT("flag"), 1 },
    { WEFT_SCOPE_RESOURCE, WEFT_S_INIT("env"), 2 },
    { WEFT_SCOPE_RESOURCE, WEFT_S_INIT("service.name"), 2 },
    { WEFT_SCOPE_EVENT, WEFT_S_INIT("attempt"), 1 },
    { WEFT_SCOPE_LINK, WEFT_S_INIT("weight"), 1 },
    { WEFT_SCOPE_INSTRUMENTATION, WEFT_S_INIT("language"), 2 },
};
static int list_keys(void *self, uint64_t from_ns, uint64_t to_ns, struct weft_attribute_keys *out,
                     struct weft_arena *arena, struct weft_err *err)
{
    *out = (struct weft_attribute_keys){ .count = sizeof keys_there / sizeof *keys_there };
    out->items = weft_arena_alloc_array(arena, out->count, sizeof *out->items);
    memcpy(out->items, keys_there, sizeof keys_there);
    return WEFT_OK;
}

static void list_of(struct weft_attributes attributes, const struct weft_attribute_ask *ask,
                    struct weft_attribute_values *out)
{
    const struct weft_attribute *a = weft_attributes_find(attributes, ask->key);
    if (a != NULL)
        out->items[out->count++] = (struct weft_attribute_value){ weft_attribute_value(a), 1 };
}

static int list_values(void *self, const struct weft_attribute_ask *ask,
                       struct weft_attribute_values *out, struct weft_arena *arena,
                       struct weft_err *err)
{
    *out =
        (struct weft_attribute_values){ .items = weft_arena_alloc(arena, 8 * sizeof *out->items) };
    for (int i = 0; i < 2; i++) {
        const struct weft_span *span = i == 0 ? first : second;
        if (ask->scope == WEFT_SCOPE_SPAN) list_of(span->attributes, ask, out);
        if (ask->scope == WEFT_SCOPE_RESOURCE) list_of(resource.attributes, ask, out);
        if (ask->scope == WEFT_SCOPE_INSTRUMENTATION) list_of(scope.attributes, ask, out);
        if (ask->scope == WEFT_SCOPE_EVENT && i == 0) list_of(events[0].attributes, ask, out);
        if (ask->scope == WEFT_SCOPE_LINK && i == 0) list_of(links[0].attributes, ask, out);
    }
    return WEFT_OK;
}

static const struct weft_source source = { .traces = visit_both,
                                           .spans = spans_of_both,
                                           .attribute_keys = list_keys,
                                           .attribute_values = list_values };

struct fixture {
    struct weft_arena arena;
    struct weft_tag_question question;
    struct weft_err err;
};

static struct fixture *fixture_make(const char *query)
{
    struct fixture *f = weft_alloc_zero(sizeof *f);
    weft_arena_init(&f->arena, 0);
    if (query != NULL)
        f->question.filter = weft_traceql_parse_incomplete(weft_str_from_c(query), &f->arena);
    return f;
}

static void fixture_destroy(struct fixture *f)
{
    weft_arena_release(&f->arena);
    weft_free(f);
}

static void expect_names(const struct weft_tag_names *names, enum weft_traceql_scope which,
                         const char *expected)
{
    struct weft_buf shown = { 0 };
    for (uint32_t i = 0; i < names->scopes[which].count; i++)
        weft_buf_printf(&shown, "%s%.*s", i > 0 ? " " : "",
                        WEFT_S_ARG(names->scopes[which].items[i]));
    weft_buf_append_byte(&shown, '\0');
    assert_string_equal(shown.data, expected);
    weft_buf_release(&shown);
}

static void names(void **state)
{
    struct weft_tag_names found;
    struct fixture *f = fixture_make(NULL);
    assert_int_equal(weft_traceql_tag_names(&source, &f->question, &found, &f->arena, &f->err), 0);
    expect_names(&found, WEFT_TRACEQL_SCOPE_SPAN, "code env flag");
    expect_names(&found, WEFT_TRACEQL_SCOPE_RESOURCE, "env service.name");
    expect_names(&found, WEFT_TRACEQL_SCOPE_EVENT, "attempt");
    expect_names(&found, WEFT_TRACEQL_SCOPE_LINK, "weight");
    expect_names(&found, WEFT_TRACEQL_SCOPE_INSTRUMENTATION, "language");
    assert_int_equal(found.scopes[WEFT_TRACEQL_SCOPE_INTRINSIC].count, 0);
    assert_null(found.partial_reason);
    f->question.limit = 1;
    assert_int_equal(weft_traceql_tag_names(&source, &f->question, &found, &f->arena, &f->err), 0);
    expect_names(&found, WEFT_TRACEQL_SCOPE_SPAN, "code");
    fixture_destroy(f);
}

static void names_of_matching_spans(void **state)
{
    struct weft_tag_names found;
    struct fixture *f = fixture_make("{ status = error && span.x = }"); /* Q8.5.3 */
    assert_int_equal(weft_traceql_tag_names(&source, &f->question, &found, &f->arena, &f->err), 0);
    expect_names(&found, WEFT_TRACEQL_SCOPE_SPAN, "code flag");
    expect_names(&found, WEFT_TRACEQL_SCOPE_EVENT, "");
    assert_int_equal(found.inspected_bytes, 77);
    fixture_destroy(f);
}

static void bounded(void **state)
{
    struct weft_tag_names found;
    struct fixture *f = fixture_make(NULL);
    f->question.bytes_max = 100;
    assert_int_equal(weft_traceql_tag_names(&source, &f->question, &found, &f->arena, &f->err), 0);
    assert_string_equal(found.partial_reason, "size limit");
    assert_true(found.scopes[WEFT_TRACEQL_SCOPE_SPAN].count >= 1);
    assert_int_equal(found.scopes[WEFT_TRACEQL_SCOPE_LINK].count, 0);
    fixture_destroy(f);
}

static const struct {
    const char *attribute, *query, *values;
} cases[] = {
    { "span.code", NULL, "int:200 string:200" },
    { "span.code", "{ status = error }", "string:200" },
    { ".env", NULL, "string:canary string:prod" },
    { "resource.env", NULL, "string:prod" },
    { "span.flag", NULL, "bool:true" },
    { "span.nosuch", NULL, "" },
    { "event.attempt", NULL, "int:1" },
    { "event:name", NULL, "string:early string:retry" },
    { "event:timeSinceStart", NULL, "int:-100 int:500" },
    { "link.weight", NULL, "float:0.5" },
    { "instrumentation.language", NULL, "string:c" },
    { "status", NULL, "keyword:error keyword:unset" },
    { "kind", NULL, "keyword:server keyword:unspecified" },
    { "name", "{ kind = server }", "string:first" },
    { "rootName", NULL, "string:first string:second" },
    { "nestedSetLeft", NULL, "int:1" },
    { "resource.service.name", NULL, "string:shop" },
    { "instrumentation:name", NULL, "string:lib" },
    { "statusMessage", "{ status = error }", "string:" },
    { ".env", "{ name = \"first\" && event.attempt = 1 }", "string:canary string:prod" },
    { "event.attempt", "{ status = error }", "" },
    { "event.attempt", "{ kind = server }", "int:1" },
    { "duration", NULL, "" },
    { "trace:id", NULL, "" },
    { "link:spanID", NULL, "" },
};

static void values(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture *f = fixture_make(cases[i].query);
        struct weft_traceql_attribute attribute;
        struct weft_tag_values found;
        struct weft_buf shown = { 0 };
        assert_int_equal(weft_traceql_parse_attribute(
                             &attribute, weft_str_from_c(cases[i].attribute), &f->arena, &f->err),
                         WEFT_OK);
        assert_int_equal(weft_traceql_tag_values(&source, &attribute, 1, &f->question, &found,
                                                 &f->arena, &f->err),
                         WEFT_OK);
        for (uint32_t k = 0; k < found.count; k++)
            weft_buf_printf(&shown, "%s%s:%.*s", k > 0 ? " " : "", found.items[k].type,
                            WEFT_S_ARG(found.items[k].text));
        if (!weft_str_equal_c(weft_buf_str(&shown), cases[i].values))
            fail_msg("%s %s: %.*s, expected %s", cases[i].attribute,
                     cases[i].query != NULL ? cases[i].query : "", (int)shown.len, shown.data,
                     cases[i].values);
        weft_buf_release(&shown);
        fixture_destroy(f);
    }
}

static void intrinsics_sorted(void **state)
{
    assert_int_equal(weft_traceql_intrinsic_tag_count, 25);
    for (uint32_t i = 1; i < weft_traceql_intrinsic_tag_count; i++)
        assert_true(weft_str_compare(weft_traceql_intrinsic_tags[i - 1],
                                     weft_traceql_intrinsic_tags[i]) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(names_of_matching_spans),
        cmocka_unit_test(bounded),
        cmocka_unit_test(values),
        cmocka_unit_test(intrinsics_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
