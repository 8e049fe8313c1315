/* traceql_words.c -- tables of words, and the nearest one. */
#include "query/traceql_words.h"

#include "model/span.h"

const struct weft_traceql_intrinsic_info weft_traceql_intrinsics[WEFT_INTRINSIC_COUNT] = {
#define SPAN WEFT_TRACEQL_SCOPE_SPAN
#define EVENT WEFT_TRACEQL_SCOPE_EVENT
#define LINK WEFT_TRACEQL_SCOPE_LINK
#define STRING WEFT_TRACEQL_STRING
#define DURATION WEFT_TRACEQL_DURATION
#define INT WEFT_TRACEQL_INT
    [WEFT_INTRINSIC_NAME] = { "name", "span:name", "name", STRING, SPAN },
    [WEFT_INTRINSIC_DURATION] = { "duration", "span:duration", "duration", DURATION, SPAN },
    [WEFT_INTRINSIC_STATUS] = { "status", "span:status", "status", WEFT_TRACEQL_STATUS, SPAN },
    [WEFT_INTRINSIC_STATUS_MESSAGE] = { "statusMessage", "span:statusMessage", "statusMessage",
                                        STRING, SPAN },
    [WEFT_INTRINSIC_KIND] = { "kind", "span:kind", "kind", WEFT_TRACEQL_KIND, SPAN },
    [WEFT_INTRINSIC_SPAN_ID] = { "span:id", "span:id", NULL, STRING, SPAN },
    [WEFT_INTRINSIC_PARENT_ID] = { "span:parentID", "span:parentID", NULL, STRING, SPAN },
    [WEFT_INTRINSIC_CHILD_COUNT] = { "span:childCount", "span:childCount", NULL, INT, SPAN },
    [WEFT_INTRINSIC_TRACE_ID] = { "trace:id", "trace:id", NULL, STRING, SPAN },
    [WEFT_INTRINSIC_TRACE_DURATION] = { "traceDuration", "trace:duration", "traceDuration",
                                        DURATION, SPAN },
    [WEFT_INTRINSIC_ROOT_NAME] = { "rootName", "trace:rootName", "rootName", STRING, SPAN },
    [WEFT_INTRINSIC_ROOT_SERVICE] = { "rootServiceName", "trace:rootService", "rootServiceName",
                                      STRING, SPAN },
    [WEFT_INTRINSIC_EVENT_NAME] = { "event:name", "event:name", NULL, STRING, EVENT },
    [WEFT_INTRINSIC_EVENT_TIME_SINCE_START] = { "event:timeSinceStart", "event:timeSinceStart",
                                                NULL, DURATION, EVENT },
    [WEFT_INTRINSIC_LINK_TRACE_ID] = { "link:traceID", "link:traceID", NULL, STRING, LINK },
    [WEFT_INTRINSIC_LINK_SPAN_ID] = { "link:spanID", "link:spanID", NULL, STRING, LINK },
    [WEFT_INTRINSIC_INSTRUMENTATION_NAME] = { "instrumentation:name", "instrumentation:name", NULL,
                                              STRING, SPAN },
    [WEFT_INTRINSIC_INSTRUMENTATION_VERSION] = { "instrumentation:version",
                                                 "instrumentation:version", NULL, STRING, SPAN },
    [WEFT_INTRINSIC_NESTED_SET_LEFT] = { "nestedSetLeft", NULL, "nestedSetLeft", INT, SPAN },
    [WEFT_INTRINSIC_NESTED_SET_RIGHT] = { "nestedSetRight", NULL, "nestedSetRight", INT, SPAN },
    [WEFT_INTRINSIC_NESTED_SET_PARENT] = { "nestedSetParent", NULL, "nestedSetParent", INT, SPAN },
    [WEFT_INTRINSIC_TEXT] = { "text", "span:text", "text", STRING, SPAN },
    [WEFT_INTRINSIC_EVENT_TEXT] = { "event:text", "event:text", NULL, STRING, EVENT },
#undef SPAN
#undef EVENT
#undef LINK
#undef STRING
#undef DURATION
#undef INT
};

static const struct {
    const char *word;
    struct weft_traceql_value value;
} literals[] = {
    { "nil", { .type = WEFT_TRACEQL_NIL } },
    { "true", { .type = WEFT_TRACEQL_BOOL, .bool_value = true } },
    { "false", { .type = WEFT_TRACEQL_BOOL, .bool_value = false } },
    { "unset", { .type = WEFT_TRACEQL_STATUS, .int_value = WEFT_STATUS_UNSET } },
    { "ok", { .type = WEFT_TRACEQL_STATUS, .int_value = WEFT_STATUS_OK } },
    { "error", { .type = WEFT_TRACEQL_STATUS, .int_value = WEFT_STATUS_ERROR } },
    { "unspecified", { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_UNSPECIFIED } },
    { "internal", { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_INTERNAL } },
    { "server", { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_SERVER } },
    { "client", { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_CLIENT } },
    { "producer", { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_PRODUCER } },
    { "consumer", { .type = WEFT_TRACEQL_KIND, .int_value = WEFT_KIND_CONSUMER } },
    { "minInt", { .type = WEFT_TRACEQL_INT, .int_value = INT64_MIN } },
    { "maxInt", { .type = WEFT_TRACEQL_INT, .int_value = INT64_MAX } },
};
#define LITERAL_COUNT (sizeof literals / sizeof literals[0])

static const struct weft_stage_word_info stages[] = {
    { "count", WEFT_STAGE_WORD_AGGREGATE, WEFT_AGGREGATE_COUNT },
    { "min", WEFT_STAGE_WORD_AGGREGATE, WEFT_AGGREGATE_MIN },
    { "max", WEFT_STAGE_WORD_AGGREGATE, WEFT_AGGREGATE_MAX },
    { "avg", WEFT_STAGE_WORD_AGGREGATE, WEFT_AGGREGATE_AVG },
    { "sum", WEFT_STAGE_WORD_AGGREGATE, WEFT_AGGREGATE_SUM },
    { "by", WEFT_STAGE_WORD_BY, 0 },
    { "coalesce", WEFT_STAGE_WORD_COALESCE, 0 },
    { "select", WEFT_STAGE_WORD_SELECT, 0 },
    { "rate", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_RATE },
    { "count_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_COUNT_OVER_TIME },
    { "min_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_MIN_OVER_TIME },
    { "max_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_MAX_OVER_TIME },
    { "avg_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_AVG_OVER_TIME },
    { "sum_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_SUM_OVER_TIME },
    { "histogram_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_HISTOGRAM_OVER_TIME },
    { "quantile_over_time", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_QUANTILE_OVER_TIME },
    { "compare", WEFT_STAGE_WORD_METRIC, WEFT_METRIC_COMPARE },
    { "topk", WEFT_STAGE_WORD_SECOND, WEFT_SECOND_TOPK },
    { "bottomk", WEFT_STAGE_WORD_SECOND, WEFT_SECOND_BOTTOMK },
    { "distinct", WEFT_STAGE_WORD_FINISH, WEFT_FINISH_DISTINCT },
    { "order", WEFT_STAGE_WORD_FINISH, WEFT_FINISH_ORDER },
    { "spans", WEFT_STAGE_WORD_FINISH, WEFT_FINISH_SPANS },
    { NULL, WEFT_STAGE_WORD_NONE, 0 },
};

enum weft_traceql_intrinsic weft_traceql_intrinsic_find(struct weft_str scope, struct weft_str word)
{
    for (int i = 0; i < WEFT_INTRINSIC_COUNT; i++) {
        const struct weft_traceql_intrinsic_info *info = &weft_traceql_intrinsics[i];
        if (scope.len == 0) {
            if (info->plain != NULL && weft_str_equal_c(word, info->plain))
                return (enum weft_traceql_intrinsic)i;
        } else if (info->scoped != NULL) {
            struct weft_str rest = weft_str_from_c(info->scoped);
            struct weft_str first = weft_str_split(&rest, ':');
            if (weft_str_equal(first, scope) && weft_str_equal(rest, word))
                return (enum weft_traceql_intrinsic)i;
        }
    }
    return WEFT_INTRINSIC_COUNT;
}

bool weft_traceql_literal_find(struct weft_str word, struct weft_traceql_value *out)
{
    for (size_t i = 0; i < LITERAL_COUNT; i++) {
        if (!weft_str_equal_c(word, literals[i].word)) continue;
        *out = literals[i].value;
        return true;
    }
    return false;
}

static const char *literal_name(enum weft_traceql_type type, int64_t value)
{
    for (size_t i = 0; i < LITERAL_COUNT; i++)
        if (literals[i].value.type == type && literals[i].value.int_value == value)
            return literals[i].word;
    return "";
}

const char *weft_traceql_status_name(int64_t status)
{
    return literal_name(WEFT_TRACEQL_STATUS, status);
}

const char *weft_traceql_kind_name(int64_t kind)
{
    return literal_name(WEFT_TRACEQL_KIND, kind);
}

const char *weft_traceql_type_name(enum weft_traceql_type type)
{
    static const char *const names[] = {
        [WEFT_TRACEQL_NIL] = "nil",         [WEFT_TRACEQL_INT] = "an int",
        [WEFT_TRACEQL_FLOAT] = "a float",   [WEFT_TRACEQL_DURATION] = "a duration",
        [WEFT_TRACEQL_STRING] = "a string", [WEFT_TRACEQL_BOOL] = "a bool",
        [WEFT_TRACEQL_STATUS] = "a status", [WEFT_TRACEQL_KIND] = "a kind",
        [WEFT_TRACEQL_ARRAY] = "an array",  [WEFT_TRACEQL_OPAQUE] = "an opaque value",
        [WEFT_TRACEQL_UNKNOWN] = "a value",
    };
    return names[type];
}

const struct weft_stage_word_info *weft_stage_word_find(struct weft_str word)
{
    const struct weft_stage_word_info *info = stages;
    while (info->word != NULL && !weft_str_equal_c(word, info->word)) info++;
    return info;
}

static const char *stage_name(enum weft_stage_word kind, int which)
{
    const struct weft_stage_word_info *info = stages;
    while (info->kind != kind || info->which != which) info++;
    return info->word;
}

const char *weft_aggregate_name(enum weft_aggregate aggregate)
{
    return stage_name(WEFT_STAGE_WORD_AGGREGATE, (int)aggregate);
}

const char *weft_metric_function_name(enum weft_metric_function function)
{
    return stage_name(WEFT_STAGE_WORD_METRIC, (int)function);
}

/* ---- advice ---- */

struct nearest {
    struct weft_str word;
    const char *name;
    size_t distance; /* a name must be nearer than this */
};

static void nearest_try(struct nearest *nearest, const char *name)
{
    if (name == NULL) return;
    struct weft_str candidate = weft_str_from_c(name);
    size_t distance = weft_str_equal_ignoring_case(nearest->word, candidate)
                          ? 0
                          : weft_str_distance(nearest->word, candidate);
    if (distance >= nearest->distance || 2 * distance >= nearest->word.len) return;
    nearest->distance = distance;
    nearest->name = name;
}

static const char *nearest_field(struct weft_str word)
{
    struct nearest nearest = { .word = word, .distance = 3 };
    for (int i = 0; i < WEFT_INTRINSIC_COUNT; i++)
        nearest_try(&nearest, weft_traceql_intrinsics[i].plain);
    for (size_t i = 0; i < LITERAL_COUNT; i++) nearest_try(&nearest, literals[i].word);
    return nearest.name;
}

static const char *nearest_scope(struct weft_str word)
{
    static const char *const scopes[] = { "span", "resource", "event", "link", "instrumentation" };
    struct nearest nearest = { .word = word, .distance = 4 };
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) nearest_try(&nearest, scopes[i]);
    return nearest.name;
}

static const char *stage_advice(struct weft_str word, struct weft_arena *arena)
{
    struct nearest nearest = { .word = word, .distance = 3 };
    for (const struct weft_stage_word_info *info = stages; info->word != NULL; info++)
        nearest_try(&nearest, info->word);
    if (weft_str_equal_c(word, "group") || weft_str_equal_c(word, "group_by")) nearest.name = "by";
    if (weft_str_equal_c(word, "sort") || weft_str_equal_c(word, "order_by"))
        nearest.name = "order";
    if (nearest.name == NULL) return "";
    return weft_arena_printf(arena, "; did you mean %s()?", nearest.name).ptr;
}

const char *weft_traceql_advice(const struct weft_token *token, bool is_value, bool is_stage,
                                struct weft_arena *arena)
{
    struct weft_str word = token->source;
    const struct weft_token *next = token + 1;
    if (word.len > 64) return "";
    if (is_stage) return stage_advice(word, arena);
    const char *field = nearest_field(word);
    bool has_name = next->kind == WEFT_TOKEN_ATTRIBUTE &&
                    next->source.ptr == word.ptr + word.len; /* as in foo.bar */
    if (has_name && !is_value) {
        const char *scope = nearest_scope(word);
        int len = next->source.len < 100 ? (int)next->source.len : 100;
        if (scope != NULL)
            return weft_arena_printf(arena, "; did you mean %s%.*s?", scope, len, next->source.ptr)
                .ptr;
        return weft_arena_printf(
                   arena,
                   "; attributes stand behind a scope: span.%.*s%.*s, resource.%.*s%.*s, "
                   "or .%.*s%.*s for either",
                   WEFT_S_ARG(word), len, next->source.ptr, WEFT_S_ARG(word), len, next->source.ptr,
                   WEFT_S_ARG(word), len, next->source.ptr)
            .ptr;
    }
    if (field != NULL) return weft_arena_printf(arena, "; did you mean %s?", field).ptr;
    if (is_value)
        return weft_arena_printf(arena, "; a string stands in quotes: \"%.*s\"", WEFT_S_ARG(word))
            .ptr;
    return weft_arena_printf(
               arena,
               "; attributes stand behind a scope: span.%.*s, resource.%.*s, or .%.*s for "
               "either",
               WEFT_S_ARG(word), WEFT_S_ARG(word), WEFT_S_ARG(word))
        .ptr;
}

const char *weft_traceql_operator_advice(const struct weft_token *token)
{
    static const struct {
        const char *word, *advice;
    } words[] = {
        { "and", "; \"and\" is written &&" },
        { "or", "; \"or\" is written ||" },
        { "not", "; \"not\" is written !, and in front of an expression" },
        { "in", "; a list of values is written .a = 1 || .a = 2, or .a =~ \"x|y\"" },
        { "like", "; patterns are regular expressions: .a =~ \"x.*\"" },
        { "matches", "; patterns are regular expressions: .a =~ \"x.*\"" },
        { "contains", "; it stands between an attribute and a text: .a contains \"x\"" },
        { "is", "; equality is written =, and existence .a != nil" },
        { "eq", "; equality is written =" },
    };
    if (token->kind != WEFT_TOKEN_WORD) return "";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (weft_str_equal_ignoring_case(token->source, weft_str_from_c(words[i].word)))
            return words[i].advice;
    return "";
}
