/* traceql_metrics_vectors.c -- a metrics function counted from columns: codes are put together to a number for each combination, level by
 * level, and for each number it is known where its samples go. What is known ends with the vectors' numbering.
 *
 * Traces that do not come in vectors are judged as everywhere else, span by span.
 */
#include "query/metric_limit.h"
#include "query/traceql_metrics_internal.h"
#include "query/traceql_select.h"
#include <math.h>

enum { LEVELS_MAX = 2 * WEFT_TRACEQL_LABELS_MAX + 1, DIRECT_MAX = 1 << 16, LIMITS = 65 };
#define NUMBERS_MAX (1u << 20) /* of one level: then all is forgotten */
#define UNKNOWN UINT32_MAX
#define NO_GROUP (UINT32_MAX - 1)
#define NO_SAMPLE UINT32_MAX

/* (number so far, code) to the number of both together. */
struct level {
    struct pair {
        uint64_t key;
        uint32_t number; /* + 1; 0: free */
    } * slots;
    uint32_t slot_count, count;
    /* The same at once, of small ones: by number so far, then code; + 1, 0: not yet. */
    uint16_t *direct;
    uint32_t befores, code_bits;
};
/* Where the samples of a number go. */
struct target {
    uint32_t group, class;
    uint32_t waiting; /* samples to be added, while they are counted */
};
/* What a code says as a number. */
struct number {
    long double value;
    int32_t limit;
    bool is_known, is_number, has_limit;
};
struct counting {
    struct weft_metric_leaf *leaf;
    struct weft_metric_run *run;
    const struct weft_source *source;
    struct weft_metric_columns columns;
    uint8_t labels[LEVELS_MAX]; /* columns that tell groups apart */
    uint32_t label_count;
    bool counts, has_buckets;
    uint64_t numbering;
    struct level *levels;
    struct target *targets; /* by the number of the last level */
    uint32_t target_count;
    struct number *numbers; /* by code of the value's columns, first and second */
    uint32_t number_count;
    bool has_class[WEFT_METRIC_CLASSES_MAX]; /* of exemplars: some target is of it */
    /* Of the vector at hand. */
    uint64_t earliest, latest;
    bool is_one_bucket; /* all of it, but for what has no value */
    uint32_t bucket[WEFT_SPAN_VECTOR_MAX], at[WEFT_SPAN_VECTOR_MAX];
    long double value[WEFT_SPAN_VECTOR_MAX];
    int32_t limit[WEFT_SPAN_VECTOR_MAX];
};

/* ---- can it be done ---- */

static bool filters_only(const struct weft_traceql_pipeline *pipeline)
{
    for (const struct weft_traceql_stage *stage = pipeline->first; stage != NULL;
         stage = stage->next)
        if (stage->kind == WEFT_STAGE_AGGREGATE) return false;
    return true;
}

static const char *selection_refuse(const struct weft_traceql_pipeline *pipeline)
{
    struct weft_traceql_selection selection;
    const char *reason = NULL;
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    weft_traceql_select(&selection, pipeline, &arena);
    if (!selection.is_empty && !selection.is_exact)
        reason = "the spans cannot be told by columns alone";
    else if (!selection.is_empty && !weft_selection_is_spanwise(selection.tree))
        reason = "conditions on other spans of the trace need whole traces";
    weft_arena_release(&arena);
    return reason;
}

const char *weft_metric_vectors_refuse(const struct weft_metric_leaf *leaf,
                                       const struct weft_metric_run *run)
{
    struct weft_metric_columns columns;

    if (leaf->expr->function == WEFT_METRIC_COMPARE) return "compare() looks at every attribute";
    if (leaf->is_exact) return "with (exact = true) keeps every value";
    if (run->is_extrapolated) return "with (extrapolate = true) asks each span for its sampling";
    if (!filters_only(leaf->expr->pipeline)) return "an aggregate needs whole traces";
    if (!leaf->is_per_span) return "operators between spans need whole traces";
    if (!weft_metric_columns_init(&columns, leaf))
        return "a label or value is of whole traces, or there are more than columns are read for";
    return selection_refuse(leaf->expr->pipeline);
}

/* ---- numbers for combinations ---- */

static uint64_t pair_hash(uint64_t key)
{
    key *= UINT64_C(0x9e3779b97f4a7c15);
    return key ^ key >> 32;
}

static void level_grow(struct level *level)
{
    struct pair *old = level->slots;
    uint32_t old_count = level->slot_count;
    level->slot_count = old_count == 0 ? 256 : old_count * 2;
    level->slots = weft_alloc_array(level->slot_count, sizeof *level->slots);
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i].number == 0) continue;
        uint32_t at = (uint32_t)pair_hash(old[i].key) & (level->slot_count - 1);
        while (level->slots[at].number != 0) at = (at + 1) & (level->slot_count - 1);
        level->slots[at] = old[i];
    }
    weft_free(old);
}

static uint32_t level_find(struct level *level, uint64_t key)
{
    if (level->count * 2 >= level->slot_count) level_grow(level);
    uint32_t at = (uint32_t)pair_hash(key) & (level->slot_count - 1);
    while (level->slots[at].number != 0 && level->slots[at].key != key)
        at = (at + 1) & (level->slot_count - 1);
    if (level->slots[at].number == 0) level->slots[at] = (struct pair){ key, ++level->count };
    return level->slots[at].number;
}

/* Room for numbers so far below `befores` and codes below `codes`, unless that would be too much. */
static void level_fit(struct level *level, uint32_t befores, uint32_t codes)
{
    uint32_t code_bits = level->code_bits, rows = level->befores;

    if (befores <= rows && codes <= UINT32_C(1) << code_bits) return;
    while (code_bits < 16 && UINT32_C(1) << code_bits < codes) code_bits++;
    while (rows < befores && rows < DIRECT_MAX) rows = rows == 0 ? 1 : rows * 2;
    if ((uint64_t)rows << code_bits > DIRECT_MAX) return;
    weft_free(level->direct);
    level->direct = weft_alloc_array((size_t)rows << code_bits, sizeof *level->direct);
    level->befores = rows;
    level->code_bits = code_bits;
}

static uint32_t level_look(struct level *level, uint32_t before, uint32_t code)
{
    uint32_t number = level_find(level, (uint64_t)before << 32 | code);

    if (before < level->befores && code >> level->code_bits == 0 && number <= UINT16_MAX)
        level->direct[(size_t)before << level->code_bits | code] = (uint16_t)number;
    return number - 1;
}

static inline uint32_t level_number(struct level *level, uint32_t before, uint32_t code)
{
    uint32_t number = 0;

    if (__builtin_expect(before < level->befores && code >> level->code_bits == 0, 1))
        number = level->direct[(size_t)before << level->code_bits | code];
    return __builtin_expect(number != 0, 1) ? number - 1 : level_look(level, before, code);
}

static void level_release(struct level *level)
{
    weft_free(level->slots);
    weft_free(level->direct);
    *level = (struct level){ 0 };
}

static void forget(struct counting *c, uint64_t numbering)
{
    for (uint32_t i = 0; i <= c->label_count; i++) level_release(&c->levels[i]);
    c->target_count = c->number_count = 0;
    c->numbering = numbering;
}

static bool is_full(const struct counting *c)
{
    for (uint32_t i = 0; i <= c->label_count; i++)
        if (c->levels[i].count > NUMBERS_MAX) return true;
    return false;
}

/* ---- values ---- */

static struct number number_of(const struct weft_traceql_value *value, bool is_precise)
{
    struct number number = { .is_known = true };
    int64_t limit = 0;
    number.is_number = weft_metric_number(value, &number.value);
    number.has_limit = number.is_number && weft_metric_limit(value, is_precise, &limit);
    number.limit = (int32_t)limit;
    return number;
}

/* Codes of the second column stand behind those of the first. */
static void numbers_reserve(struct counting *c, const struct weft_span_vector *vector,
                            uint32_t *second)
{
    const struct weft_span_field *value = &c->columns.value;
    /* Both only grow, but each at its own pace: even places for one, odd ones for the other. */
    uint32_t count = vector->columns[value->first].value_count + 1;
    if (value->second != WEFT_NO_COLUMN && vector->columns[value->second].value_count + 1 > count)
        count = vector->columns[value->second].value_count + 1;
    *second = value->second != WEFT_NO_COLUMN;
    if (count * 2 <= c->number_count) return;
    count *= 4;
    c->numbers = weft_realloc_array(c->numbers, count, sizeof *c->numbers);
    memset(c->numbers + c->number_count, 0, (count - c->number_count) * sizeof *c->numbers);
    c->number_count = count;
}

/* NO_SAMPLE in bucket[] where there is no value. */
static void coded_values_read(struct counting *c, const struct weft_span_vector *vector)
{
    const struct weft_span_field *value = &c->columns.value;
    uint32_t has_second;
    numbers_reserve(c, vector, &has_second);
    for (uint32_t i = 0; i < vector->count; i++) {
        uint32_t code = vector->columns[value->first].codes[i], side = 0;
        if (code == 0 && has_second) {
            code = vector->columns[value->second].codes[i];
            side = 1;
        }
        struct number *number = &c->numbers[code * 2 + side];
        if (!number->is_known) {
            struct weft_traceql_value v;
            weft_span_field_value(value, vector, i, &c->run->trace_arena, &v);
            *number = number_of(&v, c->leaf->is_precise);
        }
        if (!(c->has_buckets ? number->has_limit : number->is_number)) c->bucket[i] = NO_SAMPLE;
        c->value[i] = number->value;
        c->limit[i] = number->limit;
    }
}

/* Not as weft_span_vector has it: TraceQL's durations have a sign. */
static inline uint64_t duration_of(const struct weft_span_vector *vector, uint32_t i)
{
    return vector->duration_ns[i] > INT64_MAX ? INT64_MAX : vector->duration_ns[i];
}

static void duration_limits_read(struct counting *c, const struct weft_span_vector *vector)
{
    bool is_precise = c->leaf->is_precise;
    for (uint32_t i = 0; !is_precise && i < vector->count; i++) {
        uint64_t ns = duration_of(vector, i);
        c->limit[i] = ns < 2 ? 0 : weft_metric_limit_coarse(ns);
        if (ns < 2) c->bucket[i] = NO_SAMPLE;
    }
    for (uint32_t i = 0; is_precise && i < vector->count; i++) {
        uint64_t ns = duration_of(vector, i);
        c->limit[i] = ns >= 2   ? weft_metric_limit_precise(ns)
                      : ns == 1 ? 0
                                : WEFT_METRIC_LIMIT_ZERO;
    }
}

static inline long double value_of(const struct counting *c, const struct weft_span_vector *vector,
                                   uint32_t i)
{
    return c->columns.is_duration ? (long double)(int64_t)duration_of(vector, i) : c->value[i];
}

/* ---- where samples go ---- */

static struct target target_find(struct counting *c, const struct weft_span_vector *vector,
                                 uint32_t i)
{
    struct weft_traceql_value labels[WEFT_TRACEQL_LABELS_MAX],
        limit = { .type = WEFT_TRACEQL_INT, .int_value = c->limit[i] };
    struct target target = { .group = NO_GROUP };
    weft_arena_reset(&c->run->trace_arena);
    for (uint32_t l = 0; l < c->leaf->expr->by_count; l++)
        weft_span_field_value(&c->columns.by[l], vector, i, &c->run->trace_arena, &labels[l]);
    weft_metric_labels_key(c->leaf, c->run, labels);
    if (c->has_buckets) weft_metric_key_append(&c->run->key, &limit);
    struct weft_metric_group *group = weft_metric_leaf_group(c->leaf, &c->leaf->groups, c->run);
    if (group == NULL) return target;
    target.group = (uint32_t)(group - c->leaf->groups.items);
    if (c->leaf->exemplars.slice_count > 0)
        target.class = weft_metric_exemplar_class(&c->leaf->exemplars, group->key);
    c->has_class[target.class] = true;
    return target;
}

static void targets_reserve(struct counting *c, uint32_t count)
{
    if (count <= c->target_count) return;
    count = count * 2 + 64;
    c->targets = weft_realloc_array(c->targets, count, sizeof *c->targets);
    for (uint32_t i = c->target_count; i < count; i++)
        c->targets[i] = (struct target){ .group = UNKNOWN };
    c->target_count = count;
}

/* at[]: the number of each span's combination. */
static void numbers_combine(struct counting *c, const struct weft_span_vector *vector)
{
    uint32_t last = 1;
    memset(c->at, 0, vector->count * sizeof c->at[0]);
    for (uint32_t l = 0; l < c->label_count; l++) {
        const struct weft_span_codes *column = &vector->columns[c->labels[l]];
        const uint32_t *codes = column->codes;
        level_fit(&c->levels[l], last, column->value_count + 1);
        for (uint32_t i = 0; i < vector->count; i++)
            c->at[i] = level_number(&c->levels[l], c->at[i], codes[i]);
        last = c->levels[l].count;
    }
    if (c->has_buckets) {
        struct level *level = &c->levels[c->label_count];
        level_fit(level, last, LIMITS << (c->leaf->is_precise ? WEFT_METRIC_STEPS_SHIFT : 0));
        for (uint32_t i = 0; i < vector->count; i++)
            if (c->bucket[i] != NO_SAMPLE)
                c->at[i] = level_number(level, c->at[i], (uint32_t)c->limit[i]);
        last = level->count;
    }
    targets_reserve(c, last);
}

/* ---- samples ---- */

static void exemplar_offer(const struct counting *c, const struct weft_span_vector *vector,
                           uint32_t i, const struct target *target,
                           struct weft_metric_exemplar *slot)
{
    struct weft_metric_exemplar sample = { .group = target->group, .bucket = c->bucket[i] };
    struct weft_span_identity who;
    long double value = c->counts ? NAN : value_of(c, vector, i);
    sample.shown.time_unix_nano = vector->start_time_unix_nano[i];
    sample.shown.value = (double)(c->leaf->is_in_seconds ? value / 1e9L : value);
    c->source->identify(c->source->self, vector, i, &who);
    sample.shown.trace_id = who.trace_id;
    sample.shown.span_id = who.span_id;
    weft_metric_exemplar_offer(slot, &c->leaf->groups, &sample);
}

static const struct target *target_of(struct counting *c, const struct weft_span_vector *vector,
                                      uint32_t i)
{
    struct target *target = &c->targets[c->at[i]];

    if (target->group == UNKNOWN) *target = target_find(c, vector, i);
    return target;
}

static struct weft_metric_cell *cell_of(const struct counting *c, const struct target *target,
                                        uint32_t bucket)
{
    struct weft_metric_groups *groups = &c->leaf->groups;
    return weft_metric_group_cell_at(groups, &groups->items[target->group], bucket);
}

/* Of one bucket: those of a number together. */
static void samples_add_together(struct counting *c, const struct weft_span_vector *vector)
{
    uint32_t first[WEFT_SPAN_VECTOR_MAX], count = 0;

    for (uint32_t i = 0; i < vector->count; i++) {
        first[count] = i;
        if (c->bucket[i] == NO_SAMPLE) continue;
        count += c->targets[c->at[i]].waiting++ == 0;
    }
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = first[n], waiting = c->targets[c->at[i]].waiting;
        c->targets[c->at[i]].waiting = 0;
        const struct target *target = target_of(c, vector, i);
        if (target->group != NO_GROUP) cell_of(c, target, c->bucket[i])->weight += waiting;
    }
}

static void samples_add_each(struct counting *c, const struct weft_span_vector *vector)
{
    enum weft_metric_function function = c->leaf->expr->function;

    for (uint32_t i = 0; i < vector->count; i++) {
        if (c->bucket[i] == NO_SAMPLE) continue;
        const struct target *target = target_of(c, vector, i);
        if (target->group == NO_GROUP) continue;
        struct weft_metric_cell *cell = cell_of(c, target, c->bucket[i]);
        if (c->counts || c->has_buckets)
            cell->weight += 1;
        else
            weft_metric_cell_add(cell, function, value_of(c, vector, i), 1);
    }
}

/* No sample of a higher rank is shown: that of the slots between two times whose classes were met. */
static uint64_t rank_bound(const struct counting *c)
{
    const struct weft_metric_exemplars *exemplars = &c->leaf->exemplars;
    const struct weft_metric_window *window = &c->run->window;
    uint32_t first = 0, last = exemplars->slice_count - 1;
    uint64_t bound = 0;

    if (c->earliest > exemplars->after_ns && c->latest <= window->last_ns) {
        first = weft_metric_exemplar_slice(exemplars, c->earliest);
        last = weft_metric_exemplar_slice(exemplars, c->latest);
    }
    for (uint32_t slice = first; slice <= last; slice++)
        for (uint32_t class = 0; class < exemplars->class_count; class ++) {
            uint64_t rank = exemplars->slots[slice * exemplars->class_count + class].rank;
            if (c->has_class[class] && rank > bound) bound = rank;
        }
    return bound;
}

/* The targets of all samples are known. */
static void exemplars_offer(const struct counting *c, const struct weft_span_vector *vector)
{
    const struct weft_metric_exemplars *exemplars = &c->leaf->exemplars;
    uint64_t bound = rank_bound(c);

    for (uint32_t i = 0; i < vector->count; i++) {
        uint64_t start = vector->start_time_unix_nano[i], rank = weft_metric_exemplar_rank(start);
        if (rank > bound || c->bucket[i] == NO_SAMPLE) continue;
        const struct target *target = &c->targets[c->at[i]];
        if (target->group == NO_GROUP) continue;
        struct weft_metric_exemplar *slot =
            weft_metric_exemplar_slot(exemplars, target->class, start);
        if (rank <= slot->rank) exemplar_offer(c, vector, i, target, slot);
    }
}

/* Most vectors are of one bucket. */
static void buckets_find(struct counting *c, const struct weft_span_vector *vector)
{
    const struct weft_metric_window *window = &c->run->window;
    const uint64_t *start = vector->start_time_unix_nano;
    uint32_t first, last;

    c->earliest = UINT64_MAX, c->latest = 0;
    for (uint32_t i = 0; i < vector->count; i++) {
        c->earliest = start[i] < c->earliest ? start[i] : c->earliest;
        c->latest = start[i] > c->latest ? start[i] : c->latest;
    }
    c->is_one_bucket = weft_metric_bucket(window, c->earliest, &first) &&
                       weft_metric_bucket(window, c->latest, &last) && first == last;
    for (uint32_t i = 0; c->is_one_bucket && i < vector->count; i++) c->bucket[i] = first;
    for (uint32_t i = 0; !c->is_one_bucket && i < vector->count; i++)
        if (!weft_metric_bucket(window, start[i], &c->bucket[i])) c->bucket[i] = NO_SAMPLE;
}

static bool vector_count(void *arg, const struct weft_span_vector *vector)
{
    struct counting *c = arg;
    if (c->numbering != vector->numbering || is_full(c)) forget(c, vector->numbering);
    buckets_find(c, vector);
    if (!c->counts && !c->columns.is_duration)
        coded_values_read(c, vector);
    else if (c->has_buckets)
        duration_limits_read(c, vector);
    numbers_combine(c, vector);
    if (c->is_one_bucket && (c->counts || c->has_buckets))
        samples_add_together(c, vector);
    else
        samples_add_each(c, vector);
    if (c->leaf->exemplars.slice_count > 0) exemplars_offer(c, vector);
    return weft_metric_has_memory(c->run);
}

static bool trace_count(void *arg, const struct weft_batch *trace)
{
    struct counting *c = arg;
    return weft_metric_trace_visit(c->run, c->leaf, 1, trace);
}

/* ---- the pass ---- */

static void label_add(struct counting *c, uint8_t column)
{
    for (uint32_t i = 0; i < c->label_count; i++)
        if (c->labels[i] == column) return;
    if (column != WEFT_NO_COLUMN) c->labels[c->label_count++] = column;
}

static void counting_init(struct counting *c, struct weft_metric_leaf *leaf,
                          struct weft_metric_run *run, const struct weft_source *source)
{
    *c = (struct counting){ .leaf = leaf, .run = run, .source = source };
    weft_metric_columns_init(&c->columns, leaf);
    c->counts = weft_metric_counts(leaf->expr->function);
    c->has_buckets = weft_metric_has_buckets(leaf->expr->function);
    for (uint32_t i = 0; i < leaf->expr->by_count; i++) {
        label_add(c, c->columns.by[i].first);
        label_add(c, c->columns.by[i].second);
    }
    c->levels = weft_alloc_array(c->label_count + 1, sizeof *c->levels);
}

static void counting_release(struct counting *c)
{
    for (uint32_t i = 0; i <= c->label_count; i++) level_release(&c->levels[i]);
    weft_free(c->levels);
    weft_free(c->targets);
    weft_free(c->numbers);
    weft_free(c);
}

static void found_add(struct weft_trace_scan_result *to, const struct weft_trace_scan_result *from)
{
    if (to->partial_reason == NULL) to->partial_reason = from->partial_reason;
    to->inspected_traces += from->inspected_traces;
    to->inspected_spans += from->inspected_spans;
    to->inspected_bytes += from->inspected_bytes;
}

int weft_metric_vectors_scan(struct weft_metric_leaf *leaf, struct weft_metric_run *run,
                             const struct weft_source *source, struct weft_trace_scan_result *found)
{
    struct weft_traceql_selection selection;
    struct weft_trace_scan_result here;
    weft_traceql_select(&selection, leaf->expr->pipeline, weft_metric_selection_arena(run));
    const struct weft_explain_pass pass = {
        .purpose = weft_metric_purpose(run, leaf),
        .way = selection.is_empty ? WEFT_WAY_NOTHING : WEFT_WAY_COLUMNS,
        .selection = selection.tree,
        .is_exact = true,
    };
    struct weft_scan_report *report = weft_explain_begin(run->range->explain, &pass);
    if (selection.is_empty) return WEFT_OK;
    struct counting *c = weft_alloc(sizeof *c);
    counting_init(c, leaf, run, source);
    const struct weft_span_scan scan = {
        .from_ns = weft_metric_window_from(&run->window),
        .to_ns = weft_metric_window_to(&run->window),
        .selection = selection.tree,
        .columns = c->columns.all.items,
        .column_count = c->columns.all.count,
        .deadline_monotonic_ns = run->range->deadline_monotonic_ns,
        .cancelled = run->range->cancelled,
        .reads = run->range->reads,
        .vector = vector_count,
        .trace = trace_count,
        .arg = c,
        .report = report,
    };
    int rc = source->spans(source->self, &scan, &here, run->err);
    weft_explain_end(run->range->explain, &here);
    found_add(found, &here);
    if (selection.is_regex_limited != NULL && *selection.is_regex_limited)
        weft_metric_partial(run, "limit of a regular expression");
    counting_release(c);
    return rc;
}
