/* tempo_tags.c -- names and values of tags, for pickers and completion (Q8.5, Q8.6). */
#include "server/tempo.h"

#define ANSWER_BYTES_MAX (UINT64_C(10) << 20) /* of texts; then the answer is partial */

static const struct {
    const char *name;
    enum weft_traceql_scope scope;
} scopes[] = {
    /* in the order of answers */
    { "resource", WEFT_TRACEQL_SCOPE_RESOURCE },
    { "span", WEFT_TRACEQL_SCOPE_SPAN },
    { "event", WEFT_TRACEQL_SCOPE_EVENT },
    { "link", WEFT_TRACEQL_SCOPE_LINK },
    { "instrumentation", WEFT_TRACEQL_SCOPE_INSTRUMENTATION },
    { "intrinsic", WEFT_TRACEQL_SCOPE_INTRINSIC },
};
#define SCOPE_COUNT (sizeof scopes / sizeof scopes[0])

static struct weft_tag_question question_make(struct weft_call *call,
                                              const struct weft_tempo_names *names)
{
    return (struct weft_tag_question){
        .from_ns = names->from_ns,
        .to_ns = names->to_ns,
        .filter =
            names->query.len > 0 ? weft_traceql_parse_incomplete(names->query, &call->arena) : NULL,
        .limit = names->limit,
        .bytes_max = ANSWER_BYTES_MAX,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
}

/* ---- names ---- */

static int compare_texts(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

/* The names of all scopes in one list, each once; intrinsics only when asked for (Q8.5.4). */
static void join_scopes(struct weft_tempo_tags *tags, bool wants_intrinsics, uint32_t limit,
                        struct weft_arena *arena)
{
    uint32_t room = 0, count = 0;
    for (uint32_t i = 0; i < tags->scope_count; i++) room += tags->scopes[i].count;
    struct weft_str *names = weft_arena_alloc_array(arena, room, sizeof *names);
    for (uint32_t i = 0; i < tags->scope_count; i++)
        for (uint32_t k = 0; k < tags->scopes[i].count; k++)
            if (wants_intrinsics || strcmp(tags->scopes[i].name, "intrinsic") != 0)
                names[count++] = tags->scopes[i].tags[k];
    if (count > 0) qsort(names, count, sizeof *names, compare_texts);
    for (uint32_t i = 0; i < count; i++)
        if (tags->name_count == 0 || !weft_str_equal(names[tags->name_count - 1], names[i]))
            names[tags->name_count++] = names[i];
    if (limit > 0 && tags->name_count > limit) tags->name_count = limit;
    tags->names = names;
}

/* Which scope is asked for: SCOPE_COUNT is all of them. */
static int scope_parse(struct weft_str name, size_t *out, struct weft_err *err)
{
    *out = SCOPE_COUNT;
    if (name.len == 0 || weft_str_equal_c(name, "none")) return WEFT_OK;
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        if (!weft_str_equal_c(name, scopes[i].name)) continue;
        *out = i;
        return WEFT_OK;
    }
    return weft_fail(err, WEFT_INVALID,
                     "invalid scope: found \"%.*s\", expected resource, span, event, link, "
                     "instrumentation, intrinsic or none",
                     WEFT_S_ARG(name));
}

int weft_tempo_tags_answer(struct weft_call *call, const struct weft_tempo_names *names,
                           const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                           struct weft_err *err)
{
    struct weft_tag_names found = { 0 };
    struct weft_tempo_scope shown[SCOPE_COUNT];
    struct weft_tempo_tags tags = { .scopes = shown };
    size_t wanted;
    int rc = scope_parse(names->scope, &wanted, err);
    if (rc < 0) return rc;
    const struct weft_tag_question question = question_make(call, names);
    bool is_intrinsic =
        wanted < SCOPE_COUNT && scopes[wanted].scope == WEFT_TRACEQL_SCOPE_INTRINSIC;
    if (!is_intrinsic && (rc = weft_traceql_tag_names(&call->face->parts->source, &question, &found,
                                                      &call->arena, err)) < 0)
        return rc;
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        enum weft_traceql_scope scope = scopes[i].scope;
        struct weft_tempo_scope *to = &shown[tags.scope_count];
        if (wanted < SCOPE_COUNT && wanted != i) continue;
        *to = (struct weft_tempo_scope){ scopes[i].name, found.scopes[scope].items,
                                         found.scopes[scope].count };
        if (scope == WEFT_TRACEQL_SCOPE_INTRINSIC)
            *to = (struct weft_tempo_scope){ scopes[i].name, weft_traceql_intrinsic_tags,
                                             weft_traceql_intrinsic_tag_count };
        if (to->count > 0) tags.scope_count++;
    }
    tags.partial_reason = found.partial_reason;
    tags.inspected_bytes = found.inspected_bytes;
    if (names->is_v1) join_scopes(&tags, is_intrinsic, names->limit, &call->arena);
    (names->is_v1 ? encoder->tags_v1 : encoder->tags)(out, &tags);
    return WEFT_OK;
}

/* ---- values ---- */

/* v1 names are bare and mean any scope, but for four special ones (Q8.4.8). */
static uint32_t attributes_v1(struct weft_str name, struct weft_traceql_attribute *out)
{
    static const struct {
        const char *name;
        enum weft_traceql_intrinsic intrinsic;
    } special[] = {
        { "name", WEFT_INTRINSIC_NAME },
        { "root.name", WEFT_INTRINSIC_ROOT_NAME },
        { "root.service.name", WEFT_INTRINSIC_ROOT_SERVICE },
        { "status.code", WEFT_INTRINSIC_STATUS },
    };
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (weft_str_equal_c(name, special[i].name)) {
            out[0] = (struct weft_traceql_attribute){ .scope = WEFT_TRACEQL_SCOPE_INTRINSIC,
                                                      .intrinsic = special[i].intrinsic };
            return 1;
        }
    for (size_t i = 0; i < SCOPE_COUNT; i++)
        if (scopes[i].scope != WEFT_TRACEQL_SCOPE_INTRINSIC)
            out[count++] =
                (struct weft_traceql_attribute){ .scope = scopes[i].scope, .name = name };
    return count;
}

static int compare_values(const void *a, const void *b)
{
    const struct weft_tag_value *x = a, *y = b;
    return weft_str_compare(x->text, y->text);
}

/* Texts alone: each once. Statuses also by number, as they were named before they had names. */
static void values_join(struct weft_tag_values *values, bool is_status, struct weft_arena *arena)
{
    uint32_t count = values->count, kept = 0;
    struct weft_tag_value *items = weft_arena_alloc_array(arena, 2 * count, sizeof *items);
    if (count > 0) memcpy(items, values->items, count * sizeof *items);
    for (uint32_t i = 0; is_status && i < values->count; i++) {
        uint8_t code = 0;
        if (!weft_status_code_parse(values->items[i].text, &code)) continue;
        items[count] = values->items[i];
        items[count++].text = weft_arena_printf(arena, "%u", code);
    }
    if (count > 0) qsort(items, count, sizeof *items, compare_values);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || !weft_str_equal(items[kept - 1].text, items[i].text))
            items[kept++] = items[i];
    values->items = items;
    values->count = kept;
}

int weft_tempo_values_answer(struct weft_call *call, const struct weft_tempo_names *names,
                             const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                             struct weft_err *err)
{
    struct weft_traceql_attribute attributes[SCOPE_COUNT];
    struct weft_tag_values values;
    uint32_t count = 1;
    int rc = WEFT_OK;
    if (names->is_v1)
        count = attributes_v1(names->tag, attributes);
    else if ((rc = weft_traceql_parse_attribute(attributes, names->tag, &call->arena, err)) < 0)
        return weft_err_wrap(err, "invalid tag \"%.*s\"", WEFT_S_ARG(names->tag));
    const struct weft_tag_question question = question_make(call, names);
    rc = weft_traceql_tag_values(&call->face->parts->source, attributes, count, &question, &values,
                                 &call->arena, err);
    if (rc < 0) return rc;
    if (names->is_v1)
        values_join(&values,
                    attributes[0].scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
                        attributes[0].intrinsic == WEFT_INTRINSIC_STATUS,
                    &call->arena);
    (names->is_v1 ? encoder->values_v1 : encoder->values)(out, &values);
    return WEFT_OK;
}

/* ---- routes ---- */

static int names_parse(struct weft_call *call, struct weft_tempo_names *names, struct weft_err *err)
{
    uint32_t stale = 0; /* maxStaleValues: a hint about when to stop early; checked, not needed */
    int rc;
    names->scope = weft_call_query(call, WEFT_S("scope"), NULL);
    names->query = weft_call_query(call, WEFT_S("q"), NULL);
    if ((rc = weft_tempo_range_parse(call, &names->from_ns, &names->to_ns, err)) < 0 ||
        (rc = weft_tempo_count_parse(call, "limit", &names->limit, err)) < 0)
        return rc;
    return weft_tempo_count_parse(call, "maxStaleValues", &stale, err);
}

static int tags_route(struct weft_call *call, bool is_v1, struct weft_err *err)
{
    struct weft_tempo_names names = { .is_v1 = is_v1 };
    int rc = names_parse(call, &names, err);
    if (rc < 0) return rc;
    const struct weft_tempo_encoder *encoder = weft_tempo_encoder_wanted(call);
    return weft_tempo_tags_answer(call, &names, encoder, &call->body, err);
}

static int values_route(struct weft_call *call, bool is_v1, struct weft_err *err)
{
    struct weft_tempo_names names = { .is_v1 = is_v1, .tag = call->parameters[0] };
    int rc = names_parse(call, &names, err);
    if (rc < 0) return rc;
    const struct weft_tempo_encoder *encoder = weft_tempo_encoder_wanted(call);
    return weft_tempo_values_answer(call, &names, encoder, &call->body, err);
}

int weft_tempo_tags_v1(struct weft_call *call, struct weft_err *err)
{
    return tags_route(call, true, err);
}

int weft_tempo_tags_v2(struct weft_call *call, struct weft_err *err)
{
    return tags_route(call, false, err);
}

int weft_tempo_values_v1(struct weft_call *call, struct weft_err *err)
{
    return values_route(call, true, err);
}

int weft_tempo_values_v2(struct weft_call *call, struct weft_err *err)
{
    return values_route(call, false, err);
}
