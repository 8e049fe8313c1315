/* jaeger_select.c -- Jaeger's conditions as a selection: what the source has to look for (jaeger_search.h).
 What comes back is
 * judged anyway.
 */
#include "model/jaeger_trace.h"
#include "query/jaeger_search.h"
#include "query/selection_build.h"

typedef const struct weft_selection *selection;

static selection attribute_anywhere(struct weft_arena *arena, const struct weft_jaeger_tag *tag)
{
    static const enum weft_attribute_scope scopes[] = { WEFT_SCOPE_RESOURCE,
                                                        WEFT_SCOPE_INSTRUMENTATION,
                                                        WEFT_SCOPE_EVENT, WEFT_SCOPE_LINK };
    static const struct weft_str resource = WEFT_S_INIT("resource.");
    selection found = weft_selection_attribute_text(arena, WEFT_SCOPE_SPAN, tag->key, tag->value);

    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
        found = weft_selection_either(
            arena, found, weft_selection_attribute_text(arena, scopes[i], tag->key, tag->value));
    if (!weft_str_starts_with(tag->key, resource)) return found;
    return weft_selection_either(
        arena, found,
        weft_selection_attribute_text(arena, WEFT_SCOPE_RESOURCE,
                                      weft_str_tail(tag->key, resource.len), tag->value));
}

/* ---- Fields ---- */

static selection error_is(struct weft_arena *arena, struct weft_str value)
{
    bool is_true =
        value.len > 0 && (value.ptr[0] == 't' || value.ptr[0] == 'T' || value.ptr[0] == '1');
    return weft_selection_int(arena, WEFT_FIELD_STATUS, WEFT_OP_EQ,
                              is_true ? WEFT_STATUS_ERROR : WEFT_STATUS_OK);
}

static selection status_is(struct weft_arena *arena, struct weft_str value)
{
    for (int code = 0; code < WEFT_STATUS_COUNT; code++)
        if (weft_str_equal_ignoring_case(value, weft_str_from_c(weft_status_code_name(code))))
            return weft_selection_int(arena, WEFT_FIELD_STATUS, WEFT_OP_EQ, code);
    return NULL;
}

static selection kind_is(struct weft_arena *arena, struct weft_str value)
{
    for (int kind = 0; kind < WEFT_KIND_COUNT; kind++)
        if (weft_str_equal_ignoring_case(value, weft_str_from_c(weft_span_kind_name(kind))))
            return weft_selection_int(arena, WEFT_FIELD_KIND, WEFT_OP_EQ, kind);
    return NULL;
}

static selection tag_is(struct weft_arena *arena, const struct weft_jaeger_tag *tag)
{
    if (weft_str_equal_c(tag->key, "error")) return error_is(arena, tag->value);
    if (weft_str_equal_c(tag->key, "span.status")) return status_is(arena, tag->value);
    if (weft_str_equal_c(tag->key, "span.kind")) return kind_is(arena, tag->value);
    if (weft_str_equal_c(tag->key, "scope.name"))
        return weft_selection_text(arena, WEFT_FIELD_SCOPE_NAME, tag->value);
    if (weft_str_equal_c(tag->key, "scope.version"))
        return tag->value.len == 0
                   ? NULL
                   : weft_selection_text(arena, WEFT_FIELD_SCOPE_VERSION, tag->value);
    if (weft_str_equal_c(tag->key, "service.name") &&
        weft_str_equal_c(tag->value, WEFT_JAEGER_NO_SERVICE))
        return NULL;
    return attribute_anywhere(arena, tag);
}

/* ---- The whole ---- */

/* A name that also stands in for a missing one says nothing. */
const struct weft_selection *weft_jaeger_select(const struct weft_jaeger_query *query,
                                                struct weft_arena *arena)
{
    selection found = NULL;

    if (query->service.len > 0 && !weft_str_equal_c(query->service, WEFT_JAEGER_NO_SERVICE))
        found = weft_selection_text(arena, WEFT_FIELD_SERVICE, query->service);
    if (query->operation.len > 0 && !weft_str_equal_c(query->operation, WEFT_JAEGER_NO_NAME))
        found = weft_selection_together(
            arena, found, weft_selection_text(arena, WEFT_FIELD_NAME, query->operation));
    if (query->duration_min_ns != 0)
        found = weft_selection_together(
            arena, found,
            weft_selection_int(arena, WEFT_FIELD_DURATION, WEFT_OP_GE, query->duration_min_ns));
    if (query->duration_max_ns != 0)
        found = weft_selection_together(
            arena, found,
            weft_selection_int(arena, WEFT_FIELD_DURATION, WEFT_OP_LE, query->duration_max_ns));
    for (uint32_t i = 0; i < query->tag_count && i < WEFT_SELECTION_DEPTH_MAX / 2; i++)
        found = weft_selection_together(arena, found, tag_is(arena, &query->tags[i]));
    return found;
}
