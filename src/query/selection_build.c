/* selection_build.c -- see selection_build.h. */
#include "query/selection_build.h"
#include "base/buf.h"
#include "wire/text.h"
#include <math.h>

typedef const struct weft_selection *selection;

static selection join(struct weft_arena *arena, enum weft_selection_op op, selection left,
                      selection right)
{
    struct weft_selection *node = weft_arena_alloc(arena, sizeof *node);

    *node = (struct weft_selection){ .op = op, .left = left, .right = right };
    return node;
}

selection weft_selection_either(struct weft_arena *arena, selection left, selection right)
{
    if (left == NULL || right == NULL) return NULL;
    return join(arena, WEFT_SELECT_UNION, left, right);
}

selection weft_selection_together(struct weft_arena *arena, selection left, selection right)
{
    if (left == NULL) return right;
    if (right == NULL) return left;
    return join(arena, WEFT_SELECT_INTERSECT, left, right);
}

selection weft_selection_both(struct weft_arena *arena, selection left, selection right)
{
    if (left == NULL) return right;
    if (right == NULL) return left;
    return join(arena, WEFT_SELECT_BOTH, left, right);
}

selection weft_selection_one(struct weft_arena *arena, struct weft_predicate predicate)
{
    struct weft_predicate *kept = weft_arena_alloc(arena, sizeof *kept);

    *kept = predicate;
    return weft_selection_all_of(kept, 1, arena);
}

selection weft_selection_text(struct weft_arena *arena, enum weft_field field, struct weft_str text)
{
    return weft_selection_one(arena, (struct weft_predicate){
                                         .field = field,
                                         .value = { .type = WEFT_VALUE_STRING, .bytes = text },
                                     });
}

selection weft_selection_int(struct weft_arena *arena, enum weft_field field, enum weft_op op,
                             int64_t number)
{
    return weft_selection_one(arena, (struct weft_predicate){
                                         .field = field,
                                         .op = op,
                                         .value = { .type = WEFT_VALUE_INT, .int_value = number },
                                     });
}

/* As base64, or JSON of an array or list would be. */
static bool may_be_encoded(struct weft_str text)
{
    if (text.ptr[0] == '[' || text.ptr[0] == '{' || text.ptr[0] == '"') return true;
    if (text.len % 4 != 0) return false;
    struct weft_buf bytes = { 0 };
    bool is_base64 = weft_base64_decode(&bytes, WEFT_BASE64_STANDARD, text);
    weft_buf_release(&bytes);
    return is_base64;
}

/* What else than a text is written so. EMPTY: nothing. */
static struct weft_value value_of(struct weft_str text)
{
    struct weft_value value = { 0 };

    if (weft_str_equal_c(text, "true") || weft_str_equal_c(text, "false")) {
        value.type = WEFT_VALUE_BOOL;
        value.bool_value = text.ptr[0] == 't';
    } else if (weft_str_to_i64(text, &value.int_value)) {
        value.type = WEFT_VALUE_INT;
    } else if (weft_str_to_double(text, &value.double_value)) {
        value.type = WEFT_VALUE_DOUBLE;
    }
    return value;
}

static bool is_no_number(struct weft_str text)
{
    return weft_str_equal_c(text, "NaN") || weft_str_ends_with(text, WEFT_S("Infinity"));
}

selection weft_selection_attribute_text(struct weft_arena *arena, enum weft_attribute_scope scope,
                                        struct weft_str key, struct weft_str text)
{
    struct weft_predicate p = { .field = WEFT_FIELD_ATTRIBUTE, .scope = scope, .key = key };

    if (text.len == 0) return NULL;
    struct weft_value other = value_of(text);
    if (is_no_number(text) || may_be_encoded(text)) {
        p.op = WEFT_OP_EXISTS;
        return weft_selection_one(arena, p);
    }
    p.value = (struct weft_value){ .type = WEFT_VALUE_STRING, .bytes = text };
    selection found = weft_selection_one(arena, p);
    if (other.type == WEFT_VALUE_EMPTY) return found;
    p.value = other;
    return weft_selection_either(arena, found, weft_selection_one(arena, p));
}
