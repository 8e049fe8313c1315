/* traceql_tags.c -- names and values of attributes, trace by trace (traceql_tags.h). */
#include "query/traceql_tags.h"
#include "base/map.h"
#include "query/traceql_eval.h"
#include "query/traceql_select.h"

#define SLOT_BYTES 48 /* of a map, beside the text */

const struct weft_str weft_traceql_intrinsic_tags[] = {
    WEFT_S_INIT("duration"),
    WEFT_S_INIT("event:name"),
    WEFT_S_INIT("event:timeSinceStart"),
    WEFT_S_INIT("instrumentation:name"),
    WEFT_S_INIT("instrumentation:version"),
    WEFT_S_INIT("kind"),
    WEFT_S_INIT("link:spanID"),
    WEFT_S_INIT("link:traceID"),
    WEFT_S_INIT("name"),
    WEFT_S_INIT("rootName"),
    WEFT_S_INIT("rootServiceName"),
    WEFT_S_INIT("span:duration"),
    WEFT_S_INIT("span:id"),
    WEFT_S_INIT("span:kind"),
    WEFT_S_INIT("span:name"),
    WEFT_S_INIT("span:parentID"),
    WEFT_S_INIT("span:status"),
    WEFT_S_INIT("span:statusMessage"),
    WEFT_S_INIT("status"),
    WEFT_S_INIT("statusMessage"),
    WEFT_S_INIT("trace:duration"),
    WEFT_S_INIT("trace:id"),
    WEFT_S_INIT("trace:rootName"),
    WEFT_S_INIT("trace:rootService"),
    WEFT_S_INIT("traceDuration"),
};
const uint32_t weft_traceql_intrinsic_tag_count =
    sizeof weft_traceql_intrinsic_tags / sizeof weft_traceql_intrinsic_tags[0];

/* ---- what both walks share ---- */

struct walk {
    const struct weft_tag_question *question;
    const struct weft_traceql_attribute *attributes; /* of values */
    uint32_t attribute_count;
    struct weft_map found[WEFT_TRACEQL_SCOPE_COUNT]; /* of names; values are all in the first */
    uint64_t bytes;                                  /* of the maps */
    bool is_full;                                    /* bytes_max reached */
    struct weft_arena scratch;                       /* for one trace */
    struct weft_buf text;                            /* for one value */
    struct weft_trace_view view;
    void (*look)(struct walk *walk, uint32_t span);
};

static void found_add(struct walk *walk, uint32_t which, struct weft_str text)
{
    uint64_t bytes_max = walk->question->bytes_max;
    bool is_new;
    if (weft_map_get(&walk->found[which], text) != NULL) return;
    if (bytes_max > 0 && walk->bytes + text.len + SLOT_BYTES > bytes_max) {
        walk->is_full = true;
        return;
    }
    weft_map_put(&walk->found[which], text, 0, &is_new);
    walk->bytes += text.len + SLOT_BYTES;
}

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct walk *walk = arg;
    weft_arena_reset(&walk->scratch);
    weft_trace_view_init(&walk->view, trace, &walk->scratch);
    for (uint32_t i = 0; i < trace->span_count && !walk->is_full; i++)
        if (walk->question->filter == NULL ||
            weft_traceql_holds(&walk->view, walk->question->filter, i))
            walk->look(walk, i);
    return !walk->is_full;
}

static int walk_traces(struct walk *walk, const struct weft_source *source,
                       const char **partial_reason, uint64_t *inspected_bytes, struct weft_err *err)
{
    const struct weft_tag_question *question = walk->question;
    struct weft_traceql_selection selection;
    struct weft_trace_scan_result result = { 0 };
    struct weft_arena arena;
    int rc = WEFT_OK;

    weft_arena_init(&arena, 0);
    weft_arena_init(&walk->scratch, 0);
    weft_traceql_select_filter(&selection, question->filter, &arena);
    const struct weft_trace_scan scan = {
        .from_ns = question->from_ns,
        .to_ns = question->to_ns,
        .selection = selection.tree,
        .deadline_monotonic_ns = question->deadline_monotonic_ns,
        .cancelled = question->cancelled,
    };
    if (!selection.is_empty) rc = source->traces(source->self, &scan, visit, walk, &result, err);
    *partial_reason = walk->is_full                   ? "size limit"
                      : result.partial_reason != NULL ? result.partial_reason
                      : *selection.is_regex_limited   ? "limit of a regular expression"
                                                      : NULL;
    *inspected_bytes = result.inspected_bytes;
    weft_arena_release(&arena);
    return rc;
}

static void walk_release(struct walk *walk)
{
    for (uint32_t i = 0; i < WEFT_TRACEQL_SCOPE_COUNT; i++) weft_map_release(&walk->found[i]);
    weft_buf_release(&walk->text);
    weft_arena_release(&walk->scratch);
}

static int compare_texts(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

/* The keys of a map, sorted, in the arena. */
static struct weft_str *sorted_keys(const struct weft_map *map, struct weft_arena *arena)
{
    struct weft_str *items = weft_arena_alloc_array(arena, map->count, sizeof *items);
    size_t at = 0, count = 0;
    for (const struct weft_map_slot *slot; (slot = weft_map_next(map, &at)) != NULL;)
        items[count++] = weft_arena_copy(arena, slot->key);
    if (count > 0) qsort(items, count, sizeof *items, compare_texts);
    return items;
}

/* ---- names ---- */

static void names_add(struct walk *walk, enum weft_traceql_scope scope,
                      struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++)
        found_add(walk, scope, weft_attribute_key(&attributes.items[i]));
}

static void names_look(struct walk *walk, uint32_t number)
{
    const struct weft_span *span = &walk->view.batch->spans[number];
    names_add(walk, WEFT_TRACEQL_SCOPE_SPAN, span->attributes);
    names_add(walk, WEFT_TRACEQL_SCOPE_RESOURCE, span->scope->resource->attributes);
    names_add(walk, WEFT_TRACEQL_SCOPE_INSTRUMENTATION, span->scope->attributes);
    for (uint32_t i = 0; i < span->event_count; i++)
        names_add(walk, WEFT_TRACEQL_SCOPE_EVENT, span->events[i].attributes);
    for (uint32_t i = 0; i < span->link_count; i++)
        names_add(walk, WEFT_TRACEQL_SCOPE_LINK, span->links[i].attributes);
}

int weft_traceql_tag_names(const struct weft_source *source,
                           const struct weft_tag_question *question, struct weft_tag_names *out,
                           struct weft_arena *arena, struct weft_err *err)
{
    struct walk walk = { .question = question, .look = names_look };
    *out = (struct weft_tag_names){ 0 };
    int rc = walk_traces(&walk, source, &out->partial_reason, &out->inspected_bytes, err);
    for (uint32_t i = 0; rc >= 0 && i < WEFT_TRACEQL_SCOPE_COUNT; i++) {
        uint32_t count = (uint32_t)walk.found[i].count;
        out->scopes[i].items = sorted_keys(&walk.found[i], arena);
        out->scopes[i].count =
            question->limit > 0 && count > question->limit ? question->limit : count;
    }
    walk_release(&walk);
    return rc;
}

/* ---- values ---- */

static const struct {
    enum weft_traceql_type type;
    char letter; /* first byte of a key in the map, so that 200 and "200" are two values */
    const char *name;
} value_types[] = {
    { WEFT_TRACEQL_BOOL, 'b', "bool" },      { WEFT_TRACEQL_FLOAT, 'f', "float" },
    { WEFT_TRACEQL_INT, 'i', "int" },        { WEFT_TRACEQL_DURATION, 'i', "int" },
    { WEFT_TRACEQL_STATUS, 'k', "keyword" }, { WEFT_TRACEQL_KIND, 'k', "keyword" },
    { WEFT_TRACEQL_STRING, 's', "string" },
};

static void value_add(struct walk *walk, const struct weft_traceql_value *value)
{
    struct weft_traceql_value shown = *value;
    if (value->type == WEFT_TRACEQL_ARRAY) {
        for (uint32_t i = 0; i < value->item_count; i++) value_add(walk, &value->items[i]);
        return;
    }
    if (shown.type == WEFT_TRACEQL_DURATION) shown.type = WEFT_TRACEQL_INT; /* of events: in ns */
    for (size_t i = 0; i < sizeof value_types / sizeof value_types[0]; i++) {
        if (value_types[i].type != value->type) continue;
        weft_buf_reset(&walk->text);
        weft_buf_append_byte(&walk->text, value_types[i].letter);
        weft_traceql_print_value(&walk->text, &shown);
        found_add(walk, 0, weft_buf_str(&walk->text));
        return;
    }
}

static void value_look_at(struct walk *walk, uint32_t span, uint32_t event, uint32_t link,
                          const struct weft_traceql_attribute *attribute)
{
    struct weft_traceql_value value;
    weft_trace_view_value(&walk->view, span, event, link, attribute, &value);
    value_add(walk, &value);
}

static bool is_of(const struct weft_traceql_attribute *attribute, enum weft_traceql_scope scope)
{
    return attribute->scope == scope ||
           (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC &&
            weft_traceql_intrinsics[attribute->intrinsic].level == scope);
}

static void attribute_look(struct walk *walk, uint32_t number,
                           const struct weft_traceql_attribute *attribute)
{
    const struct weft_span *span = &walk->view.batch->spans[number];
    struct weft_traceql_attribute scoped = *attribute;
    if (is_of(attribute, WEFT_TRACEQL_SCOPE_EVENT)) {
        for (uint32_t i = 0; i < span->event_count; i++)
            value_look_at(walk, number, i, WEFT_NO_CARRIER, attribute);
    } else if (is_of(attribute, WEFT_TRACEQL_SCOPE_LINK)) {
        for (uint32_t i = 0; i < span->link_count; i++)
            value_look_at(walk, number, WEFT_NO_CARRIER, i, attribute);
    } else if (attribute->scope == WEFT_TRACEQL_SCOPE_ANY) {
        scoped.scope = WEFT_TRACEQL_SCOPE_SPAN;
        value_look_at(walk, number, WEFT_NO_CARRIER, WEFT_NO_CARRIER, &scoped);
        scoped.scope = WEFT_TRACEQL_SCOPE_RESOURCE;
        value_look_at(walk, number, WEFT_NO_CARRIER, WEFT_NO_CARRIER, &scoped);
    } else {
        value_look_at(walk, number, WEFT_NO_CARRIER, WEFT_NO_CARRIER, attribute);
    }
}

static void values_look(struct walk *walk, uint32_t span)
{
    for (uint32_t i = 0; i < walk->attribute_count; i++)
        attribute_look(walk, span, &walk->attributes[i]);
}

/* Durations and ids: nearly every span has its own. */
static bool has_values(const struct weft_traceql_attribute *attribute)
{
    static const bool has_none[WEFT_INTRINSIC_COUNT] = {
        [WEFT_INTRINSIC_DURATION] = true,      [WEFT_INTRINSIC_TRACE_DURATION] = true,
        [WEFT_INTRINSIC_SPAN_ID] = true,       [WEFT_INTRINSIC_PARENT_ID] = true,
        [WEFT_INTRINSIC_TRACE_ID] = true,      [WEFT_INTRINSIC_LINK_SPAN_ID] = true,
        [WEFT_INTRINSIC_LINK_TRACE_ID] = true,
    };
    return attribute->scope != WEFT_TRACEQL_SCOPE_INTRINSIC || !has_none[attribute->intrinsic];
}

static void values_from(struct weft_tag_values *out, const struct weft_str *keys, uint32_t count,
                        struct weft_arena *arena)
{
    out->items = weft_arena_alloc_array(arena, count, sizeof *out->items);
    out->count = count;
    for (uint32_t i = 0; i < count; i++) {
        size_t type = 0;
        while (value_types[type].letter != keys[i].ptr[0]) type++;
        out->items[i] =
            (struct weft_tag_value){ value_types[type].name, weft_str_tail(keys[i], 1) };
    }
}

int weft_traceql_tag_values(const struct weft_source *source,
                            const struct weft_traceql_attribute *attributes,
                            uint32_t attribute_count, const struct weft_tag_question *question,
                            struct weft_tag_values *out, struct weft_arena *arena,
                            struct weft_err *err)
{
    struct weft_traceql_attribute *wanted =
        weft_arena_alloc_array(arena, attribute_count, sizeof *wanted);
    struct walk walk = { .question = question, .look = values_look, .attributes = wanted };
    *out = (struct weft_tag_values){ 0 };
    for (uint32_t i = 0; i < attribute_count; i++)
        if (has_values(&attributes[i])) wanted[walk.attribute_count++] = attributes[i];
    if (walk.attribute_count == 0) return WEFT_OK;
    int rc = walk_traces(&walk, source, &out->partial_reason, &out->inspected_bytes, err);
    if (rc >= 0) {
        uint32_t count = (uint32_t)walk.found[0].count;
        struct weft_str *keys = sorted_keys(&walk.found[0], arena);
        values_from(out, keys,
                    question->limit > 0 && count > question->limit ? question->limit : count,
                    arena);
    }
    walk_release(&walk);
    return rc;
}
