/* jaeger_select.c -- Jaeger's conditions as a selection: what the source has to look for (jaeger_search.h).
 *
 * A tag is compared as text: "200" finds the text, the int and the double. Of values whose text cannot be turned back into one comparison
 * (arrays, key-value lists, bytes in base64, no value at all) it is only asked whether they are there: what comes back is judged anyway.
 */
#include "base/arena.h"
#include "model/jaeger_trace.h"
#include "query/jaeger_search.h"
#include "wire/text.h"

/* NULL is every span, as for a source. */
typedef const struct weft_selection *selection;

static selection join(struct weft_arena *arena, enum weft_selection_op op, selection left,
                      selection right)
{
    struct weft_selection *node = weft_arena_alloc(arena, sizeof *node);

    *node = (struct weft_selection){ .op = op, .left = left, .right = right };
    return node;
}

static selection either(struct weft_arena *arena, selection left, selection right)
{
    if (left == NULL || right == NULL) return NULL;
    return join(arena, WEFT_SELECT_UNION, left, right);
}

static selection together(struct weft_arena *arena, selection left, selection right)
{
    if (left == NULL) return right;
    if (right == NULL) return left;
    return join(arena, WEFT_SELECT_INTERSECT, left, right);
}

static selection leaf(struct weft_arena *arena, struct weft_predicate predicate)
{
    struct weft_predicate *kept = weft_arena_alloc(arena, sizeof *kept);

    *kept = predicate;
    return weft_selection_all_of(kept, 1, arena);
}

static selection field_is(struct weft_arena *arena, enum weft_field field, struct weft_value value)
{
    return leaf(arena, (struct weft_predicate){ .field = field, .value = value });
}

static struct weft_value text_value(struct weft_str text)
{
    return (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = text };
}

static struct weft_value int_value(int64_t number)
{
    return (struct weft_value){ .type = WEFT_VALUE_INT, .int_value = number };
}

/* ---- Attributes ---- */

/* As base64, JSON of an array or list, or a double that is no number would be. */
static bool may_be_encoded(struct weft_str text)
{
    if (text.ptr[0] == '[' || text.ptr[0] == '{' || text.ptr[0] == '"') return true;
    if (text.len % 4 != 0) return false;
    struct weft_buf bytes = { 0 };
    bool is_base64 = weft_base64_decode(&bytes, WEFT_BASE64_STANDARD, text);
    weft_buf_release(&bytes);
    return is_base64;
}

static selection value_is(struct weft_arena *arena, struct weft_predicate predicate,
                          struct weft_value value)
{
    predicate.value = value;
    return leaf(arena, predicate);
}

static selection attribute_is(struct weft_arena *arena, enum weft_attribute_scope scope,
                              struct weft_str key, struct weft_str text)
{
    struct weft_predicate p = { .field = WEFT_FIELD_ATTRIBUTE, .scope = scope, .key = key };
    struct weft_value value = { 0 };

    if (text.len == 0) return NULL; /* an attribute without a value too */
    if (may_be_encoded(text)) {
        p.op = WEFT_OP_EXISTS;
        return leaf(arena, p);
    }
    selection found = value_is(arena, p, text_value(text));
    if (weft_str_to_i64(text, &value.int_value))
        value.type = WEFT_VALUE_INT;
    else if (weft_str_to_double(text, &value.double_value))
        value.type = WEFT_VALUE_DOUBLE;
    return value.type == WEFT_VALUE_EMPTY ? found : either(arena, found, value_is(arena, p, value));
}

static selection attribute_anywhere(struct weft_arena *arena, const struct weft_jaeger_tag *tag)
{
    static const enum weft_attribute_scope scopes[] = { WEFT_SCOPE_RESOURCE,
                                                        WEFT_SCOPE_INSTRUMENTATION,
                                                        WEFT_SCOPE_EVENT, WEFT_SCOPE_LINK };
    static const struct weft_str resource = WEFT_S_INIT("resource.");
    selection found = attribute_is(arena, WEFT_SCOPE_SPAN, tag->key, tag->value);

    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
        found = either(arena, found, attribute_is(arena, scopes[i], tag->key, tag->value));
    if (!weft_str_starts_with(tag->key, resource)) return found;
    return either(arena, found,
                  attribute_is(arena, WEFT_SCOPE_RESOURCE, weft_str_tail(tag->key, resource.len),
                               tag->value));
}

/* ---- Fields ---- */

static selection error_is(struct weft_arena *arena, struct weft_str value)
{
    bool is_true =
        value.len > 0 && (value.ptr[0] == 't' || value.ptr[0] == 'T' || value.ptr[0] == '1');
    return field_is(arena, WEFT_FIELD_STATUS,
                    int_value(is_true ? WEFT_STATUS_ERROR : WEFT_STATUS_OK));
}

static selection status_is(struct weft_arena *arena, struct weft_str value)
{
    for (int code = 0; code < WEFT_STATUS_COUNT; code++)
        if (weft_str_equal_ignoring_case(value, weft_str_from_c(weft_status_code_name(code))))
            return field_is(arena, WEFT_FIELD_STATUS, int_value(code));
    return NULL;
}

static selection kind_is(struct weft_arena *arena, struct weft_str value)
{
    for (int kind = 0; kind < WEFT_KIND_COUNT; kind++)
        if (weft_str_equal_ignoring_case(value, weft_str_from_c(weft_span_kind_name(kind))))
            return field_is(arena, WEFT_FIELD_KIND, int_value(kind));
    return NULL;
}

static selection tag_is(struct weft_arena *arena, const struct weft_jaeger_tag *tag)
{
    if (weft_str_equal_c(tag->key, "error")) return error_is(arena, tag->value);
    if (weft_str_equal_c(tag->key, "span.status")) return status_is(arena, tag->value);
    if (weft_str_equal_c(tag->key, "span.kind")) return kind_is(arena, tag->value);
    if (weft_str_equal_c(tag->key, "scope.name"))
        return field_is(arena, WEFT_FIELD_SCOPE_NAME, text_value(tag->value));
    if (weft_str_equal_c(tag->key, "scope.version"))
        return tag->value.len == 0
                   ? NULL
                   : field_is(arena, WEFT_FIELD_SCOPE_VERSION, text_value(tag->value));
    if (weft_str_equal_c(tag->key, "service.name") &&
        weft_str_equal_c(tag->value, WEFT_JAEGER_NO_SERVICE))
        return NULL;
    return attribute_anywhere(arena, tag);
}

/* ---- The whole ---- */

static selection duration_is(struct weft_arena *arena, enum weft_op op, int64_t ns)
{
    return leaf(arena, (struct weft_predicate){
                           .field = WEFT_FIELD_DURATION, .op = op, .value = int_value(ns) });
}

/* A name that also stands in for a missing one says nothing. */
const struct weft_selection *weft_jaeger_select(const struct weft_jaeger_query *query,
                                                struct weft_arena *arena)
{
    selection found = NULL;

    if (query->service.len > 0 && !weft_str_equal_c(query->service, WEFT_JAEGER_NO_SERVICE))
        found = field_is(arena, WEFT_FIELD_SERVICE, text_value(query->service));
    if (query->operation.len > 0 && !weft_str_equal_c(query->operation, WEFT_JAEGER_NO_NAME))
        found =
            together(arena, found, field_is(arena, WEFT_FIELD_NAME, text_value(query->operation)));
    if (query->duration_min_ns != 0)
        found = together(arena, found, duration_is(arena, WEFT_OP_GE, query->duration_min_ns));
    if (query->duration_max_ns != 0)
        found = together(arena, found, duration_is(arena, WEFT_OP_LE, query->duration_max_ns));
    for (uint32_t i = 0; i < query->tag_count && i < WEFT_SELECTION_DEPTH_MAX / 2; i++)
        found = together(arena, found, tag_is(arena, &query->tags[i]));
    return found;
}
