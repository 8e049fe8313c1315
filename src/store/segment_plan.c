/* segment_plan.c -- predicates against the rows of one segment, cheapest question first. */
#include "store/segment_plan.h"

enum { HEAD_UNKNOWN, HEAD_NO, HEAD_YES, HEAD_ASK_NAME /* yes, but the name stands in the row */ };
#define PLACE_UNKNOWN 0xffffffffu
#define PLACE_ABSENT 0xfffffffeu
#define PLACE_MANY 0xfffffffdu /* the key stands in the list more than once */

/* ---- making the plan ---- */

static void *filled(struct weft_arena *arena, size_t bytes, int byte)
{
    return memset(weft_arena_alloc(arena, bytes), byte, bytes);
}

static void plan_attribute(struct weft_segment_plan *plan, const struct weft_predicate *predicate)
{
    const struct weft_segment_view *view = plan->view;
    struct weft_attribute_plan *out = &plan->attributes[plan->attribute_count++];
    *out = (struct weft_attribute_plan){ .predicate = predicate,
                                         .key = WEFT_NONE,
                                         .string = WEFT_NONE };
    uint32_t number;
    if (weft_segment_find_key(view, predicate->key, &number)) out->key = number;
    out->place = filled(plan->arena, view->shape_count * sizeof *out->place, 0xff);
    if (predicate->op == WEFT_OP_EQ && predicate->value.type == WEFT_VALUE_STRING) {
        out->is_string_equal = true;
        if (weft_segment_find_string(view, predicate->value.bytes, &number)) out->string = number;
    } else if (predicate->op != WEFT_OP_EXISTS && predicate->op != WEFT_OP_NOT_EXISTS) {
        out->by_string = filled(plan->arena, view->string_count, 0);
    }
    if (predicate->scope == WEFT_SCOPE_SPAN) return;
    out->by_resource = filled(plan->arena, view->resource_count, 0);
    struct weft_predicate of_resource = *predicate;
    of_resource.scope = WEFT_SCOPE_RESOURCE;
    for (uint32_t i = 0; i < view->resource_count; i++) {
        struct weft_scope scope = { .resource = weft_segment_resource(view, i) };
        struct weft_span span = { .scope = &scope };
        out->by_resource[i] = weft_predicate_holds_span(&of_resource, &span);
    }
}

static void plan_predicate(struct weft_segment_plan *plan, const struct weft_predicate *predicate)
{
    switch (predicate->field) {
    case WEFT_FIELD_SERVICE:
    case WEFT_FIELD_KIND:
    case WEFT_FIELD_SCOPE_NAME:
    case WEFT_FIELD_SCOPE_VERSION: plan->head_predicates[plan->head_count++] = predicate; return;
    case WEFT_FIELD_NAME: plan->name_predicates[plan->name_count++] = predicate; return;
    case WEFT_FIELD_STATUS:
    case WEFT_FIELD_DURATION:
    case WEFT_FIELD_TRACE_ID:
    case WEFT_FIELD_IS_ROOT: plan->record_predicates[plan->record_count++] = predicate; return;
    case WEFT_FIELD_STATUS_MESSAGE:
    case WEFT_FIELD_EVENT_NAME: plan->span_predicates[plan->span_count++] = predicate; return;
    case WEFT_FIELD_ATTRIBUTE: break;
    }
    switch (predicate->scope) {
    case WEFT_SCOPE_RESOURCE:
    case WEFT_SCOPE_INSTRUMENTATION: plan->head_predicates[plan->head_count++] = predicate; return;
    case WEFT_SCOPE_SPAN:
    case WEFT_SCOPE_ANY: plan_attribute(plan, predicate); return;
    case WEFT_SCOPE_EVENT:
    case WEFT_SCOPE_LINK: plan->span_predicates[plan->span_count++] = predicate; return;
    }
}

/* What the record, head and name of a row say, for predicates that ask no more. */
static bool all_hold(const struct weft_predicate *const *predicates, uint32_t count,
                     const struct weft_span *span)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!weft_predicate_holds_span(predicates[i], span)) return false;
    }
    return true;
}

static uint8_t ask_head(const struct weft_segment_plan *plan, uint32_t number)
{
    const struct weft_segment_tables *tables = &plan->view->segment->tables;
    const struct weft_table_head *head = weft_segment_tables_head(tables, number);
    struct weft_span span = { .scope = head->scope, .kind = head->view.kind };
    if (!all_hold(plan->head_predicates, plan->head_count, &span)) return HEAD_NO;
    if (plan->name_count == 0) return HEAD_YES;
    if (head->view.name == WEFT_NO_NAME) return HEAD_ASK_NAME;
    span.name = weft_dictionary_str(&tables->strings, head->view.name);
    return all_hold(plan->name_predicates, plan->name_count, &span) ? HEAD_YES : HEAD_NO;
}

bool weft_segment_plan_init(struct weft_segment_plan *plan, const struct weft_segment_view *view,
                            const struct weft_predicate *predicates, uint32_t count,
                            struct weft_arena *arena)
{
    *plan = (struct weft_segment_plan){ .view = view, .arena = arena };
    weft_arena_init(&plan->row_arena, 0);
    const struct weft_predicate **lists =
        weft_arena_alloc_array(arena, (size_t)count * 4, sizeof *lists);
    plan->head_predicates = lists;
    plan->name_predicates = lists + count;
    plan->record_predicates = lists + 2 * count;
    plan->span_predicates = lists + 3 * count;
    plan->attributes = weft_arena_alloc_array(arena, count, sizeof *plan->attributes);
    for (uint32_t i = 0; i < count; i++) plan_predicate(plan, &predicates[i]);
    if (plan->head_count + plan->name_count == 0) return true;
    plan->by_head = filled(arena, view->head_count, HEAD_UNKNOWN);
    bool is_possible = false;
    for (uint32_t i = 0; i < view->head_count; i++) {
        plan->by_head[i] = ask_head(plan, i);
        is_possible |= plan->by_head[i] != HEAD_NO;
    }
    return is_possible;
}

void weft_segment_plan_release(struct weft_segment_plan *plan)
{
    weft_arena_release(&plan->row_arena);
}

/* ---- attributes ---- */

static bool ask_value(const struct weft_attribute_plan *plan, const struct weft_segment_view *view,
                      const struct weft_chunk_view *chunk, uint32_t type, const uint32_t *w)
{
    struct weft_value value = { .type = type };
    switch (type) {
    case WEFT_VALUE_EMPTY: break;
    case WEFT_VALUE_BOOL: value.bool_value = *w != 0; break;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: value.int_value = (int64_t)weft_load_u64(w); break;
    default: value.bytes = weft_segment_value(view, chunk, *w);
    }
    return weft_predicate_holds_value(plan->predicate, &value);
}

/* One value of the right key. NOT_EXISTS asks here whether it exists. */
static bool value_holds(const struct weft_attribute_plan *plan,
                        const struct weft_segment_view *view, const struct weft_chunk_view *chunk,
                        uint32_t type, const uint32_t *w)
{
    if (plan->predicate->op == WEFT_OP_NOT_EXISTS) return type != WEFT_VALUE_EMPTY;
    if (type != WEFT_VALUE_STRING || (*w & WEFT_WORD_HEAP) != 0)
        return ask_value(plan, view, chunk, type, w);
    if (plan->is_string_equal) return *w == plan->string;
    if (plan->by_string == NULL) return ask_value(plan, view, chunk, type, w);
    uint8_t *answer = &plan->by_string[*w];
    if (*answer == 0) *answer = ask_value(plan, view, chunk, type, w) ? 2 : 1;
    return *answer == 2;
}

static uint32_t find_place(const struct weft_attribute_plan *plan,
                           const struct weft_shape_view *shape)
{
    uint32_t place = PLACE_ABSENT, word = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        uint32_t type = shape->keys[i] & 15;
        if (shape->keys[i] >> 4 == plan->key) {
            if (place != PLACE_ABSENT) return PLACE_MANY;
            place = word << 4 | type;
        }
        word += weft_value_word_count(type);
    }
    return place;
}

static bool any_in_shape(const struct weft_attribute_plan *plan,
                         const struct weft_segment_view *view, const struct weft_chunk_view *chunk,
                         const struct weft_shape_view *shape, const uint32_t *w)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        uint32_t type = shape->keys[i] & 15;
        if (shape->keys[i] >> 4 == plan->key && value_holds(plan, view, chunk, type, w))
            return true;
        w += weft_value_word_count(type);
    }
    return false;
}

static bool any_inline(const struct weft_attribute_plan *plan, const struct weft_segment_view *view,
                       const struct weft_chunk_view *chunk, uint32_t count, const uint32_t *w)
{
    for (; count > 0; count--) {
        uint32_t key_word = *w++, type = key_word & 15;
        bool is_key = key_word >> 4 == plan->key;
        if ((key_word & WEFT_WORD_HEAP) != 0) {
            is_key =
                weft_str_equal(weft_segment_value(view, chunk, key_word), plan->predicate->key);
            type = *w++;
        }
        if (is_key && value_holds(plan, view, chunk, type, w)) return true;
        w += weft_value_word_count(type);
    }
    return false;
}

static bool any_in_row(const struct weft_attribute_plan *plan, const struct weft_segment_view *view,
                       const struct weft_chunk_view *chunk, const uint8_t *record)
{
    uint32_t shape_number = weft_record_shape(record);
    if (plan->key == WEFT_NONE && (shape_number & WEFT_SHAPE_INLINE) == 0) return false;
    const uint32_t *w = chunk->words + weft_record_words(record);
    if ((weft_record_flags(record) & WEFT_ROW_NAME_INLINE) != 0) w++;
    if ((shape_number & WEFT_SHAPE_INLINE) != 0) {
        return any_inline(plan, view, chunk, shape_number & ~WEFT_SHAPE_INLINE, w);
    }
    const struct weft_shape_view *shape =
        weft_segment_tables_shape(&view->segment->tables, shape_number);
    uint32_t place = plan->place[shape_number];
    if (place == PLACE_UNKNOWN) place = plan->place[shape_number] = find_place(plan, shape);
    if (place == PLACE_ABSENT) return false;
    if (place == PLACE_MANY) return any_in_shape(plan, view, chunk, shape, w);
    return value_holds(plan, view, chunk, place & 15, w + (place >> 4));
}

static bool attribute_holds(const struct weft_segment_plan *plan,
                            const struct weft_attribute_plan *attribute,
                            const struct weft_chunk_view *chunk, const uint8_t *record)
{
    bool is_absence = attribute->predicate->op == WEFT_OP_NOT_EXISTS;
    if (attribute->by_resource != NULL) {
        const struct weft_table_head *head =
            weft_segment_tables_head(&plan->view->segment->tables, weft_record_head(record));
        bool resource_holds = attribute->by_resource[head->view.resource];
        if (resource_holds != is_absence)
            return !is_absence; /* it decides: found there, or not absent there */
    }
    return any_in_row(attribute, plan->view, chunk, record) != is_absence;
}

/* ---- a row ---- */

static bool record_holds(const struct weft_segment_plan *plan, const uint8_t *record)
{
    struct weft_span span = { .start_time_unix_nano = weft_record_start(record),
                              .end_time_unix_nano = weft_record_end(record),
                              .status_code = weft_record_flags(record) & WEFT_ROW_STATUS_MASK };
    memcpy(span.trace_id.bytes, record, 16);
    memcpy(span.parent_span_id.bytes, record + 24, 8);
    return all_hold(plan->record_predicates, plan->record_count, &span);
}

static bool whole_row_holds(struct weft_segment_plan *plan, const struct weft_chunk_view *chunk,
                            uint32_t row)
{
    struct weft_span span;
    weft_arena_reset(&plan->row_arena);
    weft_row_read(plan->view, chunk, row, &span, &plan->row_arena);
    return all_hold(plan->span_predicates, plan->span_count, &span);
}

bool weft_segment_plan_holds(struct weft_segment_plan *plan, const struct weft_chunk_view *chunk,
                             uint32_t row)
{
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    if (plan->by_head != NULL) {
        uint8_t head = plan->by_head[weft_record_head(record)];
        if (head == HEAD_NO) return false;
        if (head == HEAD_ASK_NAME) {
            struct weft_span span = { .name = weft_row_name(plan->view, chunk, row) };
            if (!all_hold(plan->name_predicates, plan->name_count, &span)) return false;
        }
    }
    if (plan->record_count > 0 && !record_holds(plan, record)) return false;
    for (uint32_t i = 0; i < plan->attribute_count; i++) {
        if (!attribute_holds(plan, &plan->attributes[i], chunk, record)) return false;
    }
    return plan->span_count == 0 || whole_row_holds(plan, chunk, row);
}
