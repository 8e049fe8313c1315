/* traceql_shown.c -- the attributes a query mentions, and how, collected once; their values for a span (traceql_shown.h). */
#include "query/traceql_shown.h"
#include "base/map.h"
#include "query/regex.h"

struct weft_shown_comparison {
    const struct weft_expr *expr;
    bool is_turned; /* the literal stands on the left */
    const struct weft_shown_comparison *next;
};
struct collection {
    struct weft_shown *shown;
    struct weft_map numbers; /* scope, intrinsic and name to the number in shown */
    struct weft_arena *arena;
};

/* ---- Who is who ---- */

static bool is_intrinsic(const struct weft_traceql_attribute *attribute,
                         enum weft_traceql_intrinsic intrinsic)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC && attribute->intrinsic == intrinsic;
}

/* Of all the texts of a span those are shown that the query looked for. */
static bool is_text(const struct weft_traceql_attribute *attribute)
{
    return is_intrinsic(attribute, WEFT_INTRINSIC_TEXT) ||
           is_intrinsic(attribute, WEFT_INTRINSIC_EVENT_TEXT);
}

/* What the answer has in fields of its own. */
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

static uint64_t *number_of(struct collection *c, const struct weft_traceql_attribute *attribute,
                           bool *is_new)
{
    struct weft_arena_mark mark = weft_arena_mark(c->arena);
    bool is_intrinsic_one = attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC;
    size_t len = is_intrinsic_one ? 0 : attribute->name.len;
    char *key = weft_arena_alloc(c->arena, len + 2);

    key[0] = (char)attribute->scope;
    key[1] = is_intrinsic_one ? (char)attribute->intrinsic : 0;
    if (len > 0) memcpy(key + 2, attribute->name.ptr, len);
    uint64_t *number = is_new != NULL ? weft_map_put(&c->numbers, weft_str_make(key, len + 2),
                                                     c->shown->count, is_new)
                                      : weft_map_get(&c->numbers, weft_str_make(key, len + 2));
    weft_arena_rewind(c->arena, mark);
    return number;
}

static void attributes_take(struct collection *c, const struct weft_traceql_query *query)
{
    for (uint32_t i = 0; i < query->attribute_count; i++) {
        const struct weft_traceql_attribute *attribute = &query->attributes[i];
        bool is_new;
        if (is_intrinsic(attribute, WEFT_INTRINSIC_NAME)) c->shown->has_name = true;
        if (is_never_shown(attribute)) continue;
        number_of(c, attribute, &is_new);
        if (!is_new) continue;
        struct weft_shown_attribute *shown = &c->shown->items[c->shown->count++];
        *shown = (struct weft_shown_attribute){ .attribute = attribute, .key = attribute->name };
        if (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC)
            shown->key = weft_str_from_c(weft_traceql_intrinsics[attribute->intrinsic].name);
    }
}

static struct weft_shown_attribute *find(struct collection *c,
                                         const struct weft_traceql_attribute *attribute)
{
    uint64_t *number = number_of(c, attribute, NULL);
    return number != NULL ? &c->shown->items[*number] : NULL;
}

/* ---- How they are mentioned ---- */

static void comparison_take(struct collection *c, const struct weft_expr *expr, bool is_turned)
{
    const struct weft_expr *asked = is_turned ? expr->right : expr->left;
    const struct weft_expr *literal = is_turned ? expr->left : expr->right;

    if (asked->op != WEFT_EXPR_ATTRIBUTE || literal->op != WEFT_EXPR_LITERAL) return;
    struct weft_shown_attribute *shown = find(c, &asked->attribute);
    if (shown == NULL) return;
    if (is_text(&asked->attribute) && (expr->op == WEFT_EXPR_NE || expr->op == WEFT_EXPR_NOT_MATCH))
        return; /* all the others: too many to show */
    if (literal->literal.type == WEFT_TRACEQL_NIL) {
        shown->tests_nil |= expr->op == WEFT_EXPR_EQ;
        return;
    }
    struct weft_shown_comparison *comparison = weft_arena_alloc(c->arena, sizeof *comparison);
    *comparison = (struct weft_shown_comparison){ expr, is_turned, shown->comparisons };
    shown->comparisons = comparison;
}

/* Left-deep chains in a loop; to the right no deeper than the parser allows. */
static void expr_take(struct collection *c, const struct weft_expr *expr)
{
    while (expr != NULL && expr->op >= WEFT_EXPR_NOT) {
        if (expr->op >= WEFT_EXPR_EQ && expr->op <= WEFT_EXPR_NOT_MATCH) {
            comparison_take(c, expr, false);
            comparison_take(c, expr, true);
        }
        if (expr->right != NULL) expr_take(c, expr->right);
        expr = expr->left;
    }
}

static void pipeline_take(struct collection *c, const struct weft_traceql_pipeline *pipeline);

static void spanset_take(struct collection *c, const struct weft_spanset_expr *expr)
{
    for (; expr->op >= WEFT_SPANSET_AND; expr = expr->left) spanset_take(c, expr->right);
    if (expr->op == WEFT_SPANSET_FILTER)
        expr_take(c, expr->expr);
    else
        pipeline_take(c, expr->pipeline);
}

static void pipeline_take(struct collection *c, const struct weft_traceql_pipeline *pipeline)
{
    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next) {
        if (stage->kind == WEFT_STAGE_SPANSET) spanset_take(c, stage->spanset);
        if (stage->kind == WEFT_STAGE_AGGREGATE || stage->kind == WEFT_STAGE_GROUP)
            expr_take(c, stage->expr);
        if (stage->kind != WEFT_STAGE_SELECT) continue;
        for (uint32_t i = 0; i < stage->attribute_count; i++) {
            struct weft_shown_attribute *shown = find(c, &stage->attributes[i]);
            if (shown != NULL) shown->is_selected = true;
        }
    }
}

void weft_shown_init(struct weft_shown *shown, const struct weft_traceql_query *query,
                     struct weft_arena *arena)
{
    struct collection c = { .shown = shown, .arena = arena };

    *shown = (struct weft_shown){ 0 };
    if (query == NULL || query->pipeline == NULL) return;
    shown->items = weft_arena_alloc_array(arena, query->attribute_count, sizeof *shown->items);
    attributes_take(&c, query);
    pipeline_take(&c, query->pipeline);
    weft_map_release(&c.numbers);
}

/* ---- Of one span ---- */

static bool fits(const struct weft_shown_comparison *comparison,
                 const struct weft_traceql_value *value)
{
    const struct weft_expr *expr = comparison->expr;

    if (expr->op == WEFT_EXPR_MATCH || expr->op == WEFT_EXPR_NOT_MATCH)
        return value->type == WEFT_TRACEQL_STRING &&
               weft_regex_match(expr->regex, value->text) == (expr->op == WEFT_EXPR_MATCH);
    return comparison->is_turned ? weft_traceql_compare(expr->op, &expr->left->literal, value)
                                 : weft_traceql_compare(expr->op, value, &expr->right->literal);
}

/* Whether it is one of those that the query looked for. */
static bool fits_some(const struct weft_shown_attribute *shown,
                      const struct weft_traceql_value *value)
{
    const struct weft_shown_comparison *comparison = shown->comparisons;

    while (comparison != NULL && !fits(comparison, value)) comparison = comparison->next;
    return comparison != NULL;
}

/* Of several texts one is enough. */
static bool text_fits(const struct weft_shown_attribute *shown,
                      const struct weft_traceql_value *value)
{
    bool is_array = value->type == WEFT_TRACEQL_ARRAY;
    uint32_t count = is_array ? value->item_count : 1;

    for (uint32_t i = 0; i < count; i++)
        if (fits_some(shown, is_array ? &value->items[i] : value)) return true;
    return false;
}

/* Of an array that was only compared: the elements that fit; all of them when none does, as behind ||. */
static void array_narrow(const struct weft_shown_attribute *shown, struct weft_traceql_value *value,
                         struct weft_arena *arena)
{
    if (value->type != WEFT_TRACEQL_ARRAY || shown->is_selected || shown->comparisons == NULL)
        return;
    struct weft_traceql_value *kept = weft_arena_alloc(arena, value->item_count * sizeof *kept);
    uint32_t count = 0;
    for (uint32_t i = 0; i < value->item_count; i++)
        if (fits_some(shown, &value->items[i])) kept[count++] = value->items[i];
    if (count == 1) *value = kept[0];
    if (count < 2) return;
    value->items = kept;
    value->item_count = count;
}

struct showing {
    struct weft_trace_view *view;
    uint32_t span;
    struct weft_found_attribute *out;
    uint32_t count;
    struct weft_arena *arena;
};

static bool is_visible(const struct weft_traceql_value *value)
{
    return value->type != WEFT_TRACEQL_NIL && value->type != WEFT_TRACEQL_OPAQUE;
}

static enum weft_traceql_scope level_of(const struct weft_traceql_attribute *attribute)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC
               ? weft_traceql_intrinsics[attribute->intrinsic].level
               : attribute->scope;
}

/* Of events and links the last that the query looked for, else the last that has it. */
static void value_of_any(const struct showing *s, const struct weft_shown_attribute *shown,
                         const struct weft_traceql_attribute *attribute,
                         struct weft_traceql_value *out)
{
    const struct weft_span *span = &s->view->batch->spans[s->span];
    enum weft_traceql_scope level = level_of(attribute);
    uint32_t carriers = level == WEFT_TRACEQL_SCOPE_EVENT  ? span->event_count
                        : level == WEFT_TRACEQL_SCOPE_LINK ? span->link_count
                                                           : 1;
    struct weft_traceql_value value;

    *out = (struct weft_traceql_value){ .type = WEFT_TRACEQL_NIL };
    while (carriers-- > 0) {
        weft_trace_view_value(s->view, s->span, carriers, carriers, attribute, &value);
        if (value.type == WEFT_TRACEQL_NIL) continue;
        bool fits = !shown->is_selected &&
                    (is_text(attribute) ? text_fits(shown, &value) : fits_some(shown, &value));
        if (fits || out->type == WEFT_TRACEQL_NIL) *out = value;
        if (fits) return;
    }
}

/* service.name of a resource is shown where it is there, though it is never nil. */
static bool is_absent_service(const struct weft_traceql_attribute *attribute,
                              const struct weft_span *span)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_RESOURCE &&
           weft_str_equal(attribute->name, WEFT_S("service.name")) &&
           weft_attributes_find(span->scope->resource->attributes, attribute->name) == NULL;
}

static void show(struct showing *s, const struct weft_shown_attribute *shown,
                 const struct weft_traceql_attribute *attribute)
{
    struct weft_traceql_value value;

    if (is_absent_service(attribute, &s->view->batch->spans[s->span])) return;
    value_of_any(s, shown, attribute, &value);
    array_narrow(shown, &value, s->arena);
    if (is_text(attribute) && !shown->is_selected && !text_fits(shown, &value)) return;
    if (value.type == WEFT_TRACEQL_NIL && shown->tests_nil)
        value = (struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = WEFT_S("nil") };
    if (is_visible(&value)) s->out[s->count++] = (struct weft_found_attribute){ shown->key, value };
}

/* An unscoped name asked for by select() stands for two. */
static bool show_both(struct showing *s, const struct weft_shown_attribute *shown)
{
    struct weft_traceql_attribute scoped = *shown->attribute;
    struct weft_traceql_value own, shared;

    if (scoped.scope != WEFT_TRACEQL_SCOPE_ANY || !shown->is_selected) return false;
    scoped.scope = WEFT_TRACEQL_SCOPE_SPAN;
    value_of_any(s, shown, &scoped, &own);
    scoped.scope = WEFT_TRACEQL_SCOPE_RESOURCE;
    value_of_any(s, shown, &scoped, &shared);
    if (!is_visible(&own) || !is_visible(&shared)) return false;
    s->out[s->count++] = (struct weft_found_attribute){ shown->key, own };
    s->out[s->count++] = (struct weft_found_attribute){ shown->key, shared };
    return true;
}

uint32_t weft_shown_of_span(const struct weft_shown *shown, struct weft_trace_view *view,
                            uint32_t span, struct weft_found_attribute **out,
                            struct weft_arena *arena)
{
    struct showing s = { .view = view, .span = span, .arena = arena };

    s.out = weft_arena_alloc(arena, 2 * (size_t)shown->count * sizeof *s.out);
    for (uint32_t i = 0; i < shown->count; i++)
        if (!show_both(&s, &shown->items[i])) show(&s, &shown->items[i], shown->items[i].attribute);
    *out = s.out;
    return s.count;
}
