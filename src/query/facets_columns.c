/* facets_columns.c -- counting by columns: each code is counted, and only once is it found out which value it stands for. As many
 * attributes as there is room for are read in one pass; what events and links have is no column, and is walked to.
 */
#include "base/alloc.h"
#include "query/facets_internal.h"
#include "query/selection_build.h"
#include "query/traceql_scope.h"

enum { PASSES_MAX = 40, CARRIED_KEYS_MAX = 32 };

/* What becomes of a code's spans. */
enum { PLACE_UNKNOWN, PLACE_NIL, PLACE_NONE, PLACES };
#define PLACE_IS_LIST 0x80000000u /* then where it begins in lists: how many, and the counters */

struct code {
    uint64_t count;
    uint32_t place; /* or a counter + PLACES */
};
struct field {
    uint32_t tally; /* which of the run's */
    struct weft_span_field columns;
    struct code *codes[2]; /* of the first column, of the second */
    uint32_t code_count[2];
    struct weft_buf lists; /* uint32_t */
};
struct pass {
    struct weft_facet_run *run;
    struct weft_span_columns columns;
    struct field fields[WEFT_SPAN_COLUMNS_MAX];
    uint32_t field_count;
    bool is_first; /* spans are counted once */
    uint64_t numbering;
    struct weft_arena scratch;
};

/* ---- codes ---- */

static void field_flush(struct pass *pass, struct field *field)
{
    struct weft_facet_tally *tally = &pass->run->tallies[field->tally];
    const uint32_t *lists = (const uint32_t *)(const void *)field->lists.data;

    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < field->code_count[side]; i++) {
            struct code code = field->codes[side][i];
            field->codes[side][i] = (struct code){ 0 };
            if (code.place == PLACE_UNKNOWN || code.place == PLACE_NIL) continue;
            tally->spans.count += code.count;
            if (code.place == PLACE_NONE) continue;
            if (!(code.place & PLACE_IS_LIST)) {
                tally->counters[code.place - PLACES].count += code.count;
                continue;
            }
            const uint32_t *list = lists + (code.place & ~PLACE_IS_LIST);
            for (uint32_t k = 1; k <= list[0]; k++) tally->counters[list[k]].count += code.count;
        }
    weft_buf_reset(&field->lists);
}

/* What is in the array, each value once. */
static uint32_t list_make(struct pass *pass, struct field *field,
                          const struct weft_traceql_value *value)
{
    struct weft_facet_tally *tally = &pass->run->tallies[field->tally];
    uint32_t at = (uint32_t)(field->lists.len / sizeof(uint32_t)), count = 0;

    weft_buf_append(&field->lists, &count, sizeof count);
    for (uint32_t i = 0; i < value->item_count; i++) {
        uint32_t place = weft_facet_place(pass->run, tally, &value->items[i]), k = 1;
        const uint32_t *list = (const uint32_t *)(const void *)field->lists.data + at;
        while (k <= count && list[k] != place) k++;
        if (place == WEFT_FACET_NO_PLACE || k <= count) continue;
        weft_buf_append(&field->lists, &place, sizeof place);
        count++;
    }
    memcpy(field->lists.data + at * sizeof count, &count, sizeof count);
    return at | PLACE_IS_LIST;
}

static uint32_t place_find(struct pass *pass, struct field *field,
                           const struct weft_span_vector *vector, uint32_t i)
{
    struct weft_facet_tally *tally = &pass->run->tallies[field->tally];
    struct weft_traceql_value value;

    weft_arena_reset(&pass->scratch);
    weft_span_field_value(&field->columns, vector, i, &pass->scratch, &value);
    if (value.type == WEFT_TRACEQL_NIL) return PLACE_NIL;
    if (pass->run->question->limit == 0) return PLACE_NONE;
    if (value.type == WEFT_TRACEQL_ARRAY) return list_make(pass, field, &value);
    uint32_t place = weft_facet_place(pass->run, tally, &value);
    return place == WEFT_FACET_NO_PLACE ? PLACE_NONE : place + PLACES;
}

static void codes_reserve(struct field *field, uint32_t side, uint32_t count)
{
    uint32_t old = field->code_count[side];

    if (count <= old) return;
    count = count * 2 + 64;
    field->codes[side] = weft_realloc_array(field->codes[side], count, sizeof(struct code));
    memset(field->codes[side] + old, 0, (count - old) * sizeof(struct code));
    field->code_count[side] = count;
}

static void field_count(struct pass *pass, struct field *field,
                        const struct weft_span_vector *vector)
{
    const struct weft_span_codes *first = &vector->columns[field->columns.first],
                                 *second = field->columns.second != WEFT_NO_COLUMN
                                               ? &vector->columns[field->columns.second]
                                               : NULL;

    codes_reserve(field, 0, first->value_count + 1);
    if (second != NULL) codes_reserve(field, 1, second->value_count + 1);
    for (uint32_t i = 0; i < vector->count; i++) {
        struct code *code = &field->codes[0][first->codes[i]];
        if (second != NULL && first->codes[i] == 0) code = &field->codes[1][second->codes[i]];
        if (__builtin_expect(code->place == PLACE_UNKNOWN, 0))
            code->place = place_find(pass, field, vector, i);
        code->count++;
    }
}

static bool vector_count(void *arg, const struct weft_span_vector *vector)
{
    struct pass *pass = arg;

    for (uint32_t f = 0; pass->numbering != vector->numbering && f < pass->field_count; f++)
        field_flush(pass, &pass->fields[f]);
    pass->numbering = vector->numbering;
    for (uint32_t f = 0; f < pass->field_count; f++) field_count(pass, &pass->fields[f], vector);
    if (pass->is_first) pass->run->span_count += vector->count;
    return true;
}

/* Among all attributes only what is there counts: a service without name has none. */
static bool is_absent(const struct weft_facet_run *run,
                      const struct weft_traceql_attribute *attribute, const struct weft_span *span)
{
    const struct weft_attributes attributes = span->scope->resource->attributes;

    if (run->question->key_count > 0 || attribute->scope != WEFT_TRACEQL_SCOPE_RESOURCE)
        return false;
    for (uint32_t i = 0; i < attributes.count; i++)
        if (attributes.items[i].type != WEFT_VALUE_EMPTY &&
            weft_str_equal(weft_attribute_key(&attributes.items[i]), attribute->name))
            return false;
    return true;
}

static bool span_count(void *arg, struct weft_trace_view *view, uint32_t span)
{
    struct pass *pass = arg;
    struct weft_facet_run *run = pass->run;

    run->mark++;
    run->span_count += pass->is_first;
    for (uint32_t f = 0; f < pass->field_count; f++) {
        struct weft_facet_tally *tally = &run->tallies[pass->fields[f].tally];
        if (!is_absent(run, &tally->attribute, &view->batch->spans[span]))
            weft_facet_count_named(run, tally, view, span);
    }
    return true;
}

/* ---- passes ---- */

/* The tallies from `from` on, as many as there are columns for; where the next pass begins. */
static uint32_t pass_fill(struct pass *pass, uint32_t from)
{
    const struct weft_facet_run *run = pass->run;

    for (; from < run->count && pass->field_count < WEFT_SPAN_COLUMNS_MAX; from++) {
        struct weft_span_columns before = pass->columns;
        struct field *field = &pass->fields[pass->field_count];
        *field = (struct field){ .tally = from };
        field->columns.second = WEFT_NO_COLUMN;
        if (!weft_span_columns_add(&pass->columns, &run->tallies[from].attribute,
                                   &field->columns)) {
            pass->columns = before;
            break;
        }
        if (run->question->key_count == 0 &&
            run->tallies[from].attribute.scope != WEFT_TRACEQL_SCOPE_INTRINSIC)
            field->columns.absent = WEFT_TRACEQL_NIL;
        pass->field_count++;
    }
    return from;
}

static void found_add(struct weft_trace_scan_result *to, const struct weft_trace_scan_result *from)
{
    if (to->partial_reason == NULL) to->partial_reason = from->partial_reason;
    to->inspected_traces += from->inspected_traces;
    to->inspected_spans += from->inspected_spans;
    to->inspected_bytes += from->inspected_bytes;
}

static int pass_run(struct pass *pass, const struct weft_source *source,
                    struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_span_walk *walk = &pass->run->question->walk;
    const struct weft_span_walk_columns columns = {
        .columns = &pass->columns,
        .without_times = walk->from_ns == 0 && walk->to_ns == 0,
        .vector = vector_count,
    };
    struct weft_trace_scan_result found;
    int rc = weft_span_walk_by_columns(source, walk, &columns, span_count, pass, &found, err);

    for (uint32_t f = 0; f < pass->field_count; f++) {
        field_flush(pass, &pass->fields[f]);
        weft_free(pass->fields[f].codes[0]);
        weft_free(pass->fields[f].codes[1]);
        weft_buf_release(&pass->fields[f].lists);
    }
    found_add(out, &found);
    return rc;
}

/* Whether all tallies can be had, in passes that are not too many. */
static bool are_columns(const struct weft_facet_run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        struct weft_span_columns alone = { 0 };
        struct weft_span_field field = { .second = WEFT_NO_COLUMN };
        if (!weft_span_columns_add(&alone, &run->tallies[i].attribute, &field)) return false;
    }
    return run->count <= PASSES_MAX * WEFT_SPAN_COLUMNS_MAX / 2;
}

static int passes_run(struct weft_facet_run *run, const struct weft_source *source,
                      struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct pass *pass = weft_alloc(sizeof *pass);
    int rc = WEFT_OK;

    for (uint32_t at = 0; at < run->count && rc == WEFT_OK && out->partial_reason == NULL;) {
        *pass = (struct pass){ .run = run, .is_first = at == 0 };
        weft_arena_init(&pass->scratch, 0);
        at = pass_fill(pass, at);
        rc = pass_run(pass, source, out, err);
        weft_arena_release(&pass->scratch);
    }
    weft_free(pass);
    return rc;
}

/* ---- every attribute ---- */

static bool carried_count(void *arg, struct weft_trace_view *view, uint32_t span)
{
    struct weft_facet_run *run = arg;

    run->mark++;
    weft_facet_count_carried(run, view, span);
    return true;
}

static bool is_carried(const struct weft_attribute_key *key)
{
    return key->scope == WEFT_SCOPE_EVENT || key->scope == WEFT_SCOPE_LINK;
}

/* Spans with events or links that have attributes. */
static const struct weft_selection *carriers(const struct weft_attribute_keys *keys,
                                             struct weft_arena *arena)
{
    const struct weft_selection *any = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < keys->count; i++) {
        if (!is_carried(&keys->items[i])) continue;
        if (++count > CARRIED_KEYS_MAX) return NULL;
        const struct weft_selection *one =
            weft_selection_one(arena, (struct weft_predicate){ .field = WEFT_FIELD_ATTRIBUTE,
                                                               .scope = keys->items[i].scope,
                                                               .op = WEFT_OP_EXISTS,
                                                               .key = keys->items[i].key });
        any = count == 1 ? one : weft_selection_either(arena, any, one);
    }
    return any;
}

static int carried_walk(struct weft_facet_run *run, const struct weft_source *source,
                        const struct weft_attribute_keys *keys, struct weft_arena *arena,
                        struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct weft_span_walk walk = run->question->walk;
    struct weft_trace_scan_result found;

    walk.also = carriers(keys, arena);
    int rc = weft_span_walk(source, &walk, carried_count, run, &found, err);
    found_add(out, &found);
    return rc;
}

/* Makes a tally of every attribute that can be a column. */
static bool tallies_make(struct weft_facet_run *run, const struct weft_attribute_keys *keys)
{
    bool has_carried = false;

    for (uint32_t i = 0; i < keys->count; i++) {
        if (is_carried(&keys->items[i]))
            has_carried = true;
        else
            weft_facet_tally_of(run, weft_traceql_scope_of(keys->items[i].scope),
                                keys->items[i].key);
    }
    return has_carried;
}

int weft_facets_by_columns(struct weft_facet_run *run, const struct weft_source *source,
                           bool *is_done, struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_facet_question *question = run->question;
    struct weft_attribute_keys keys = { 0 };
    struct weft_arena arena;
    bool has_carried = false;
    int rc = WEFT_OK;

    *out = (struct weft_trace_scan_result){ 0 };
    *is_done = false;
    if (!weft_span_walk_has_columns(source, &question->walk)) return WEFT_OK;
    weft_arena_init(&arena, 0);
    if (question->key_count == 0) {
        rc = source->attribute_keys(source->self, question->walk.from_ns, question->walk.to_ns,
                                    &keys, &arena, err);
        if (rc >= 0) has_carried = tallies_make(run, &keys);
    }
    *is_done = rc >= 0 && are_columns(run);
    if (*is_done) rc = passes_run(run, source, out, err);
    if (*is_done && rc >= 0 && has_carried && out->partial_reason == NULL)
        rc = carried_walk(run, source, &keys, &arena, out, err);
    weft_arena_release(&arena);
    return rc;
}
