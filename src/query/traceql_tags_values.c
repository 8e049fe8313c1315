/* traceql_tags_values.c -- values of attributes, for pickers and completion (traceql_tags.h).
 *
 * What has no filter the source lists. Else values come from columns, each code looked at once; and what is no column (events and links,
 * what belongs to the whole trace) from the spans of whole traces.
 */
#include "query/traceql_tags.h"
#include "query/traceql_tags_internal.h"

#define LISTED_MAX 100000u

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

static const struct weft_value empty_text = { .type = WEFT_VALUE_STRING, .bytes = WEFT_S_INIT("") };

/* What is asked for, by how it is answered. */
struct asking {
    struct weft_traceql_attribute *walked;
    uint32_t walked_count;
    struct weft_span_column columns[WEFT_SPAN_COLUMNS_MAX];
    enum weft_traceql_type of_int[WEFT_SPAN_COLUMNS_MAX]; /* what ints of the column are */
    bool is_text[WEFT_SPAN_COLUMNS_MAX];                  /* absent is "" */
    struct weft_traceql_attribute of_column[WEFT_SPAN_COLUMNS_MAX];
    uint32_t column_count;
    struct seen {
        uint64_t *bits; /* of codes */
        size_t words;
    } seen[WEFT_SPAN_COLUMNS_MAX];
    uint64_t numbering;
    struct weft_buf text; /* for one value */
};

static void value_add(struct weft_tag_walk *walk, const struct weft_traceql_value *value)
{
    struct asking *asking = walk->arg;
    struct weft_traceql_value shown = *value;

    if (value->type == WEFT_TRACEQL_ARRAY) {
        for (uint32_t i = 0; i < value->item_count; i++) value_add(walk, &value->items[i]);
        return;
    }
    if (shown.type == WEFT_TRACEQL_DURATION) shown.type = WEFT_TRACEQL_INT; /* of events: in ns */
    for (size_t i = 0; i < sizeof value_types / sizeof value_types[0]; i++) {
        if (value_types[i].type != value->type) continue;
        weft_buf_reset(&asking->text);
        weft_buf_append_byte(&asking->text, value_types[i].letter);
        weft_traceql_print_value(&asking->text, &shown);
        weft_tag_found(walk, 0, weft_buf_str(&asking->text));
        return;
    }
}

static void source_value_add(struct weft_tag_walk *walk, const struct weft_value *value,
                             enum weft_traceql_type of_int)
{
    struct weft_traceql_value found;

    weft_traceql_value_of(&found, value, &walk->scratch);
    if (found.type == WEFT_TRACEQL_INT) found.type = of_int;
    value_add(walk, &found);
}

/* ---- Whole traces ---- */

static void value_look_at(struct weft_tag_walk *walk, uint32_t span, uint32_t event, uint32_t link,
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

static void attribute_look(struct weft_tag_walk *walk, uint32_t number,
                           const struct weft_traceql_attribute *attribute)
{
    const struct weft_span *span = &walk->view.batch->spans[number];

    if (is_of(attribute, WEFT_TRACEQL_SCOPE_EVENT)) {
        for (uint32_t i = 0; i < span->event_count; i++)
            value_look_at(walk, number, i, WEFT_NO_CARRIER, attribute);
    } else if (is_of(attribute, WEFT_TRACEQL_SCOPE_LINK)) {
        for (uint32_t i = 0; i < span->link_count; i++)
            value_look_at(walk, number, WEFT_NO_CARRIER, i, attribute);
    } else {
        value_look_at(walk, number, WEFT_NO_CARRIER, WEFT_NO_CARRIER, attribute);
    }
}

static void walked_look(struct weft_tag_walk *walk, uint32_t span)
{
    const struct asking *asking = walk->arg;
    for (uint32_t i = 0; i < asking->walked_count; i++)
        attribute_look(walk, span, &asking->walked[i]);
}

static void columns_look(struct weft_tag_walk *walk, uint32_t span)
{
    const struct asking *asking = walk->arg;
    for (uint32_t i = 0; i < asking->column_count; i++)
        attribute_look(walk, span, &asking->of_column[i]);
}

/* ---- Columns ---- */

static bool is_service_name(const struct weft_traceql_attribute *attribute)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_RESOURCE &&
           weft_str_equal_c(attribute->name, "service.name");
}

static bool column_of(const struct weft_traceql_attribute *attribute, struct weft_span_column *out,
                      enum weft_traceql_type *of_int, bool *is_text)
{
    *out = (struct weft_span_column){ .field = WEFT_FIELD_ATTRIBUTE, .key = attribute->name };
    *of_int = WEFT_TRACEQL_INT;
    *is_text = false;
    switch (attribute->scope) {
    case WEFT_TRACEQL_SCOPE_SPAN: out->scope = WEFT_SCOPE_SPAN; return true;
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION: out->scope = WEFT_SCOPE_INSTRUMENTATION; return true;
    case WEFT_TRACEQL_SCOPE_RESOURCE:
        out->scope = WEFT_SCOPE_RESOURCE;
        *is_text = is_service_name(attribute);
        return true;
    case WEFT_TRACEQL_SCOPE_INTRINSIC: break;
    default: return false;
    }
    *is_text = true;
    switch (attribute->intrinsic) {
    case WEFT_INTRINSIC_NAME: out->field = WEFT_FIELD_NAME; return true;
    case WEFT_INTRINSIC_STATUS_MESSAGE: out->field = WEFT_FIELD_STATUS_MESSAGE; return true;
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME: out->field = WEFT_FIELD_SCOPE_NAME; return true;
    case WEFT_INTRINSIC_INSTRUMENTATION_VERSION: out->field = WEFT_FIELD_SCOPE_VERSION; return true;
    case WEFT_INTRINSIC_STATUS:
        out->field = WEFT_FIELD_STATUS;
        *of_int = WEFT_TRACEQL_STATUS;
        return true;
    case WEFT_INTRINSIC_KIND:
        out->field = WEFT_FIELD_KIND;
        *of_int = WEFT_TRACEQL_KIND;
        return true;
    default: return false;
    }
}

static void code_add(struct weft_tag_walk *walk, const struct weft_span_codes *codes,
                     uint32_t column, uint32_t code)
{
    const struct asking *asking = walk->arg;

    if (code > 0)
        source_value_add(walk, &codes->values[code - 1], asking->of_int[column]);
    else if (asking->is_text[column])
        source_value_add(walk, &empty_text, WEFT_TRACEQL_INT);
}

/* The bits of what was seen grow with the codes of a numbering. */
static void seen_prepare(struct asking *asking, const struct weft_span_vector *vector)
{
    bool is_new = vector->numbering != asking->numbering;

    asking->numbering = vector->numbering;
    for (uint32_t c = 0; c < asking->column_count; c++) {
        struct seen *seen = &asking->seen[c];
        size_t wanted = vector->columns[c].value_count / 64 + 1;
        if (is_new && seen->words > 0) memset(seen->bits, 0, seen->words * sizeof *seen->bits);
        if (wanted <= seen->words) continue;
        seen->bits = weft_realloc_array(seen->bits, 2 * wanted, sizeof *seen->bits);
        memset(seen->bits + seen->words, 0, (2 * wanted - seen->words) * sizeof *seen->bits);
        seen->words = 2 * wanted;
    }
}

static bool vector_look(void *arg, const struct weft_span_vector *vector)
{
    struct weft_tag_walk *walk = arg;
    struct asking *asking = walk->arg;

    weft_arena_reset(&walk->scratch);
    seen_prepare(asking, vector);
    for (uint32_t c = 0; c < asking->column_count; c++) {
        uint64_t *bits = asking->seen[c].bits;
        const uint32_t *codes = vector->columns[c].codes;
        for (uint32_t i = 0; i < vector->count; i++) {
            uint32_t code = codes[i];
            if (bits[code / 64] >> (code % 64) & 1) continue;
            bits[code / 64] |= UINT64_C(1) << (code % 64);
            code_add(walk, &vector->columns[c], c, code);
        }
    }
    return !walk->is_full;
}

/* ---- Listed by the source ---- */

static bool listed_scope(const struct weft_traceql_attribute *attribute,
                         enum weft_attribute_scope *out)
{
    switch (attribute->scope) {
    case WEFT_TRACEQL_SCOPE_SPAN: *out = WEFT_SCOPE_SPAN; return true;
    case WEFT_TRACEQL_SCOPE_EVENT: *out = WEFT_SCOPE_EVENT; return true;
    case WEFT_TRACEQL_SCOPE_LINK: *out = WEFT_SCOPE_LINK; return true;
    case WEFT_TRACEQL_SCOPE_INSTRUMENTATION: *out = WEFT_SCOPE_INSTRUMENTATION; return true;
    case WEFT_TRACEQL_SCOPE_RESOURCE: *out = WEFT_SCOPE_RESOURCE; return true;
    default: return false;
    }
}

static int values_list(struct weft_tag_walk *walk, enum weft_attribute_scope scope,
                       struct weft_str key, struct weft_err *err)
{
    const struct weft_tag_question *question = walk->question;
    const struct weft_attribute_ask ask = { .scope = scope,
                                            .key = key,
                                            .from_ns = question->from_ns,
                                            .to_ns = question->to_ns,
                                            .limit =
                                                question->limit > 0 ? question->limit : LISTED_MAX,
                                            .deadline_monotonic_ns =
                                                question->deadline_monotonic_ns,
                                            .cancelled = question->cancelled };
    struct weft_attribute_values values;
    int rc = walk->source->attribute_values(walk->source->self, &ask, &values, &walk->arena, err);

    if (rc < 0) return rc;
    for (uint32_t i = 0; i < values.count && !walk->is_full; i++)
        source_value_add(walk, &values.items[i].value, WEFT_TRACEQL_INT);
    if (values.partial_reason != NULL) walk->partial_reason = values.partial_reason;
    if (values.has_more && question->limit == 0) walk->partial_reason = "size limit";
    return WEFT_OK;
}

static bool vector_is_there(void *arg, const struct weft_span_vector *vector)
{
    if (vector->count > 0) source_value_add(arg, &empty_text, WEFT_TRACEQL_INT);
    return vector->count == 0;
}

static void services_look(struct weft_tag_walk *walk, uint32_t span)
{
    static const struct weft_traceql_attribute service = { .scope = WEFT_TRACEQL_SCOPE_RESOURCE,
                                                           .name = WEFT_S_INIT("service.name") };
    attribute_look(walk, span, &service);
}

/* A service without a name is not listed: it is "" where a span has none (Q1.4.5). */
static int nameless_find(struct weft_tag_walk *walk, struct weft_err *err)
{
    static const struct weft_predicate is_absent = { .field = WEFT_FIELD_ATTRIBUTE,
                                                     .scope = WEFT_SCOPE_RESOURCE,
                                                     .key = WEFT_S_INIT("service.name"),
                                                     .op = WEFT_OP_NOT_EXISTS };
    static const struct weft_selection nameless = { .op = WEFT_SELECT_PREDICATE,
                                                    .predicate = &is_absent };

    walk->look = services_look;
    return weft_tag_walk_spans(walk, &nameless, NULL, 0, vector_is_there, err);
}

/* ---- What is asked for ---- */

/* Durations, ids and all texts: nearly every span has its own. */
static bool has_values(const struct weft_traceql_attribute *attribute)
{
    static const bool has_none[WEFT_INTRINSIC_COUNT] = {
        [WEFT_INTRINSIC_DURATION] = true,      [WEFT_INTRINSIC_TRACE_DURATION] = true,
        [WEFT_INTRINSIC_SPAN_ID] = true,       [WEFT_INTRINSIC_PARENT_ID] = true,
        [WEFT_INTRINSIC_TRACE_ID] = true,      [WEFT_INTRINSIC_LINK_SPAN_ID] = true,
        [WEFT_INTRINSIC_LINK_TRACE_ID] = true, [WEFT_INTRINSIC_TEXT] = true,
        [WEFT_INTRINSIC_EVENT_TEXT] = true,
    };
    return attribute->scope != WEFT_TRACEQL_SCOPE_INTRINSIC || !has_none[attribute->intrinsic];
}

static int attribute_list(struct weft_tag_walk *walk,
                          const struct weft_traceql_attribute *attribute,
                          enum weft_attribute_scope scope, struct weft_err *err)
{
    int rc = values_list(walk, scope, attribute->name, err);

    return rc == WEFT_OK && is_service_name(attribute) ? nameless_find(walk, err) : rc;
}

/* Answered at once, or put where it will be. */
static int attribute_ask(struct weft_tag_walk *walk, const struct weft_traceql_attribute *attribute,
                         struct weft_err *err)
{
    struct asking *asking = walk->arg;
    uint32_t at = asking->column_count;
    enum weft_attribute_scope scope;

    if (walk->question->filter == NULL && listed_scope(attribute, &scope))
        return attribute_list(walk, attribute, scope, err);
    if (walk->has_columns && at < WEFT_SPAN_COLUMNS_MAX &&
        column_of(attribute, &asking->columns[at], &asking->of_int[at], &asking->is_text[at]))
        asking->of_column[asking->column_count++] = *attribute;
    else
        asking->walked[asking->walked_count++] = *attribute;
    return WEFT_OK;
}

static int attributes_ask(struct weft_tag_walk *walk,
                          const struct weft_traceql_attribute *attribute, struct weft_err *err)
{
    struct weft_traceql_attribute scoped = *attribute;

    if (!has_values(attribute)) return WEFT_OK;
    if (attribute->scope != WEFT_TRACEQL_SCOPE_ANY) return attribute_ask(walk, attribute, err);
    scoped.scope = WEFT_TRACEQL_SCOPE_SPAN;
    int rc = attribute_ask(walk, &scoped, err);
    scoped.scope = WEFT_TRACEQL_SCOPE_RESOURCE;
    return rc < 0 ? rc : attribute_ask(walk, &scoped, err);
}

static int asking_run(struct weft_tag_walk *walk, struct weft_err *err)
{
    struct asking *asking = walk->arg;
    int rc = WEFT_OK;

    walk->look = columns_look;
    if (asking->column_count > 0)
        rc = weft_tag_walk_spans(walk, walk->selection.tree, asking->columns, asking->column_count,
                                 vector_look, err);
    walk->look = walked_look;
    if (rc == WEFT_OK && asking->walked_count > 0 && !walk->is_full)
        rc = weft_tag_walk_traces(walk, err);
    return rc;
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
    struct weft_tag_walk walk;
    struct asking asking = { 0 };
    uint32_t count;
    int rc = WEFT_OK;

    *out = (struct weft_tag_values){ 0 };
    weft_tag_walk_init(&walk, source, question);
    walk.arg = &asking;
    asking.walked =
        weft_arena_alloc_array(&walk.arena, 2 * (size_t)attribute_count, sizeof *asking.walked);
    for (uint32_t i = 0; i < attribute_count && rc == WEFT_OK; i++)
        rc = attributes_ask(&walk, &attributes[i], err);
    if (rc == WEFT_OK) rc = asking_run(&walk, err);
    if (rc == WEFT_OK) {
        const struct weft_str *keys =
            weft_tag_sorted(&walk.found[0], question->limit, &count, arena);
        values_from(out, keys, count, arena);
    }
    out->partial_reason = walk.partial_reason;
    out->inspected_bytes = walk.inspected_bytes;
    for (uint32_t c = 0; c < WEFT_SPAN_COLUMNS_MAX; c++) weft_free(asking.seen[c].bits);
    weft_buf_release(&asking.text);
    weft_tag_walk_release(&walk);
    return rc;
}
