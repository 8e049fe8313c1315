/* slow_shown.c -- what may stand beside the spans of an answer (Q5.3.2). The sentences leave open which element of an array, event or link is
 * shown: any may be. What has one value must be shown, with that value. */
#include "slow_answers.h"

static struct weft_str key_of(const struct weft_traceql_attribute *attribute)
{
    if (attribute->scope != WEFT_TRACEQL_SCOPE_INTRINSIC) return attribute->name;
    return weft_str_from_c(weft_traceql_intrinsics[attribute->intrinsic].name);
}

/* "Never as attributes" */
static bool is_never_shown(const struct weft_traceql_attribute *attribute)
{
    if (attribute->scope != WEFT_TRACEQL_SCOPE_INTRINSIC) return false;
    switch (attribute->intrinsic) {
    case WEFT_INTRINSIC_NAME:
    case WEFT_INTRINSIC_DURATION:
    case WEFT_INTRINSIC_TRACE_DURATION:
    case WEFT_INTRINSIC_ROOT_NAME:
    case WEFT_INTRINSIC_ROOT_SERVICE:
    case WEFT_INTRINSIC_TRACE_ID:
    case WEFT_INTRINSIC_SPAN_ID: return true;
    default: return false;
    }
}

/* An empty text may stand for absence: of service.name, a scope's name, a parent. */
static bool is_plain(const struct weft_traceql_value *value)
{
    if (value->type == WEFT_TRACEQL_STRING && value->text.len == 0) return false;
    return value->type != WEFT_TRACEQL_NIL && value->type != WEFT_TRACEQL_OPAQUE &&
           value->type != WEFT_TRACEQL_ARRAY;
}

/* It, or of an array some of the elements. */
static bool is_among(const struct weft_traceql_value *value,
                     const struct weft_traceql_value *allowed)
{
    uint32_t found = 0;

    if (value->type == WEFT_TRACEQL_ARRAY) {
        for (uint32_t i = 0; i < value->item_count; i++)
            found += is_among(&value->items[i], allowed);
        return found == value->item_count;
    }
    if (slow_same(value, allowed)) return true;
    for (uint32_t i = 0; allowed->type == WEFT_TRACEQL_ARRAY && i < allowed->item_count; i++)
        if (slow_same(value, &allowed->items[i])) return true;
    return false;
}

/* Some value of the attribute that the span has, in an event or link or itself. */
static bool is_allowed(struct slow_trace *trace, uint32_t span,
                       const struct weft_traceql_attribute *attribute,
                       const struct weft_traceql_value *value)
{
    const struct weft_span *s = &trace->spans[span];

    for (uint32_t e = 0; e <= s->event_count; e++)
        for (uint32_t l = 0; l <= s->link_count; l++) {
            struct weft_traceql_value own =
                slow_attribute(trace, span, e < s->event_count ? e : SLOW_NOBODY,
                               l < s->link_count ? l : SLOW_NOBODY, attribute);
            if (is_among(value, &own)) return true;
            if (own.type == WEFT_TRACEQL_NIL && value->type == WEFT_TRACEQL_STRING &&
                weft_str_equal_c(value->text, "nil"))
                return true;
        }
    return false;
}

/* Of an unscoped one both may be shown, the span's and the resource's ("the same key twice"). */
static bool is_allowed_in_scopes(struct slow_trace *trace, uint32_t span,
                                 const struct weft_traceql_attribute *attribute,
                                 const struct weft_traceql_value *value)
{
    struct weft_traceql_attribute of_resource = *attribute;

    of_resource.scope = WEFT_TRACEQL_SCOPE_RESOURCE;
    return is_allowed(trace, span, attribute, value) ||
           (attribute->scope == WEFT_TRACEQL_SCOPE_ANY &&
            is_allowed(trace, span, &of_resource, value));
}

static bool check_found(struct slow_trace *trace, uint32_t span,
                        const struct weft_traceql_query *query,
                        const struct weft_found_attribute *found)
{
    for (uint32_t i = 0; i < query->attribute_count; i++)
        if (!is_never_shown(&query->attributes[i]) &&
            weft_str_equal(key_of(&query->attributes[i]), found->key) &&
            is_allowed_in_scopes(trace, span, &query->attributes[i], &found->value))
            return true;
    return false;
}

static bool check_wanted(struct slow_trace *trace, uint32_t span,
                         const struct weft_traceql_attribute *attribute,
                         const struct weft_found_span *found)
{
    if (is_never_shown(attribute)) return true;
    struct weft_traceql_value value =
        slow_attribute(trace, span, SLOW_NOBODY, SLOW_NOBODY, attribute);
    if (!is_plain(&value)) return true;
    for (uint32_t i = 0; i < found->attribute_count; i++)
        if (weft_str_equal(found->attributes[i].key, key_of(attribute)) &&
            slow_same(&found->attributes[i].value, &value))
            return true;
    return false;
}

static bool check_span(struct weft_buf *out, struct slow_trace *trace,
                       const struct weft_traceql_query *query, const struct weft_found_span *found)
{
    uint32_t span = 0;

    while (memcmp(&trace->spans[span].span_id, &found->span_id, sizeof found->span_id) != 0 ||
           trace->spans[span].start_time_unix_nano != found->start_time_unix_nano)
        if (++span == trace->count) return true; /* which is another difference */
    for (uint32_t i = 0; i < found->attribute_count; i++) {
        if (check_found(trace, span, query, &found->attributes[i])) continue;
        weft_buf_printf(out, "span %02x%02x shows %.*s = ", found->span_id.bytes[0],
                        found->span_id.bytes[7], WEFT_S_ARG(found->attributes[i].key));
        slow_print_value(out, &found->attributes[i].value);
        weft_buf_append_c(out, ", which it does not have or should not show\n");
        return false;
    }
    for (uint32_t i = 0; i < query->attribute_count; i++) {
        if (check_wanted(trace, span, &query->attributes[i], found)) continue;
        weft_buf_printf(out, "span %02x%02x does not show %.*s as it is\n", found->span_id.bytes[0],
                        found->span_id.bytes[7], WEFT_S_ARG(key_of(&query->attributes[i])));
        return false;
    }
    return true;
}

static bool check_trace(struct weft_buf *out, const struct weft_batch *spans,
                        const struct weft_traceql_query *query,
                        const struct weft_found_trace *found)
{
    struct weft_arena arena;
    struct slow_trace trace;
    bool is_right = true;

    weft_arena_init(&arena, 0);
    slow_trace_init(&trace, spans, &arena);
    for (uint32_t s = 0; s < found->spanset_count; s++)
        for (uint32_t i = 0; i < found->spansets[s].span_count; i++)
            is_right = is_right && check_span(out, &trace, query, &found->spansets[s].spans[i]);
    weft_arena_release(&arena);
    return is_right;
}

bool slow_shown_is_right(struct weft_buf *out, const struct slow_world *world,
                         const struct weft_traceql_query *query,
                         const struct weft_traceql_result *result)
{
    for (uint32_t t = 0; query != NULL && t < result->trace_count; t++)
        for (uint32_t k = 0; k < world->trace_count; k++)
            if (memcmp(&world->traces[k].spans[0].trace_id, &result->traces[t].trace_id,
                       sizeof(struct weft_trace_id)) == 0 &&
                !check_trace(out, &world->traces[k], query, &result->traces[t]))
                return false;
    return true;
}
