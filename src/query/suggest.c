/* suggest.c -- candidates for a place, ranked (suggest.h). */
#include "query/suggest_internal.h"
#include "query/traceql_scope.h"
#include "query/traceql_words.h"
#include <strings.h>

#define RANK_NONE UINT32_MAX
#define RANK_GROUP 10u /* a match in the middle is this much worse than one at the start */
#define VALUES_MAX 200u

/* ---- collecting ---- */

static bool equals_without_case(const char *a, const char *b, size_t len)
{
    return strncasecmp(a, b, len) == 0;
}

/* How well `text` fits what was typed: 0 begins with it, 1 a part behind a dot does, 2 it is inside; RANK_NONE. */
static uint32_t match(struct weft_str text, struct weft_str typed)
{
    uint32_t best = RANK_NONE;
    for (size_t i = 0; i + typed.len <= text.len; i++) {
        if (!equals_without_case(text.ptr + i, typed.ptr, typed.len)) continue;
        if (i == 0) return 0;
        uint32_t rank = strchr(".:\"`_-/ ", text.ptr[i - 1]) != NULL ? 1 : 2;
        if (rank < best) best = rank;
    }
    return best;
}

void weft_suggest_offer(struct weft_suggest_listing *l, enum weft_suggestion_kind kind,
                        struct weft_str text, struct weft_str matched, uint64_t span_count,
                        uint32_t rank)
{
    struct weft_suggestions *out = l->out;
    uint32_t fit = l->place.typed.len > 0 ? match(matched, l->place.typed) : 0;
    if (fit == RANK_NONE) return;
    if (out->count == l->capacity) {
        uint32_t capacity = l->capacity > 0 ? 2 * l->capacity : 64;
        out->items = weft_arena_grow(l->arena, out->items, l->capacity * sizeof *out->items,
                                     capacity * sizeof *out->items);
        l->capacity = capacity;
    }
    out->items[out->count++] =
        (struct weft_suggestion){ kind, text, span_count, fit * RANK_GROUP + rank };
}

static void offer_words(struct weft_suggest_listing *l, enum weft_suggestion_kind kind,
                        const char *const *words)
{
    for (uint32_t i = 0; words[i] != NULL; i++)
        weft_suggest_offer(l, kind, weft_str_from_c(words[i]), weft_str_from_c(words[i]), 0,
                           i < RANK_GROUP ? i : RANK_GROUP - 1);
}

/* ---- keys ---- */

struct weft_str weft_suggest_attribute_text(struct weft_suggest_listing *l,
                                            enum weft_traceql_scope scope, struct weft_str name)
{
    struct weft_buf text = { 0 };
    weft_traceql_print_attribute(&text,
                                 &(struct weft_traceql_attribute){ .scope = scope, .name = name });
    struct weft_str copy = weft_arena_copy(l->arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return copy;
}

/* What people ask for most stands before attributes, the rest of the intrinsics behind them. */
static void offer_intrinsics(struct weft_suggest_listing *l)
{
    for (uint32_t i = 0; i < WEFT_INTRINSIC_COUNT; i++) {
        const struct weft_traceql_intrinsic_info *info = &weft_traceql_intrinsics[i];
        bool is_common = i == WEFT_INTRINSIC_NAME || i == WEFT_INTRINSIC_DURATION ||
                         i == WEFT_INTRINSIC_STATUS || i == WEFT_INTRINSIC_KIND;
        const char *text = info->plain != NULL ? info->plain : info->name;
        bool wants_scoped = info->scoped != NULL && weft_str_find(l->place.typed, ':') >= 0;
        if (wants_scoped) text = info->scoped;
        weft_suggest_offer(l, WEFT_SUGGESTION_INTRINSIC, weft_str_from_c(text),
                           weft_str_from_c(text), 0, is_common ? 0 : 3);
    }
}

static int offer_keys(struct weft_suggest_listing *l, struct weft_err *err)
{
    struct weft_attribute_keys keys = { 0 };
    bool is_unscoped = weft_str_starts_with(l->place.typed, WEFT_S("."));
    int rc = l->source->attribute_keys(l->source->self, l->question->from_ns, l->question->to_ns,
                                       &keys, l->arena, err);
    if (rc < 0) return rc;
    l->out->partial_reason = keys.partial_reason;
    for (uint32_t i = 0; i < keys.count; i++) {
        const struct weft_attribute_key *key = &keys.items[i];
        bool is_plain = key->scope == WEFT_SCOPE_SPAN || key->scope == WEFT_SCOPE_RESOURCE;
        if (is_unscoped && !is_plain) continue;
        struct weft_str text = weft_suggest_attribute_text(
            l, is_unscoped ? WEFT_TRACEQL_SCOPE_ANY : weft_traceql_scope_of(key->scope), key->key);
        bool is_service = weft_str_equal_c(key->key, "service.name"); /* most asked for of all */
        weft_suggest_offer(l, WEFT_SUGGESTION_ATTRIBUTE, text, text, key->span_count,
                           is_service ? 0 : 1);
    }
    offer_intrinsics(l);
    return WEFT_OK;
}

/* ---- values ---- */

struct weft_str weft_suggest_literal_text(struct weft_suggest_listing *l,
                                          const struct weft_traceql_value *value)
{
    struct weft_buf text = { 0 };
    weft_traceql_print_literal(&text, value);
    struct weft_str written = weft_arena_copy(l->arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return written;
}

static void offer_literal(struct weft_suggest_listing *l, const struct weft_traceql_value *value,
                          uint64_t span_count)
{
    struct weft_str written = weft_suggest_literal_text(l, value);
    weft_suggest_offer(l, WEFT_SUGGESTION_VALUE, written,
                       value->type == WEFT_TRACEQL_STRING ? value->text : written, span_count, 0);
}

static void offer_text(struct weft_suggest_listing *l, struct weft_str text, uint64_t span_count)
{
    offer_literal(l, &(struct weft_traceql_value){ .type = WEFT_TRACEQL_STRING, .text = text },
                  span_count);
}

/* Names of spans or of services: of roots too, which are among them. */
static int offer_operations(struct weft_suggest_listing *l, bool wants_services,
                            struct weft_err *err)
{
    struct weft_operation *operations;
    uint32_t count;
    int rc = l->source->operations(l->source->self, (struct weft_str){ 0 }, &operations, &count,
                                   l->arena, err);
    for (uint32_t i = 0; rc >= 0 && i < count; i++)
        offer_text(l, wants_services ? operations[i].service_name : operations[i].name,
                   operations[i].span_count);
    return rc;
}

static int offer_attribute_values(struct weft_suggest_listing *l, struct weft_err *err)
{
    static const enum weft_attribute_scope scopes[WEFT_TRACEQL_SCOPE_COUNT] = {
        [WEFT_TRACEQL_SCOPE_ANY] = WEFT_SCOPE_ANY,
        [WEFT_TRACEQL_SCOPE_SPAN] = WEFT_SCOPE_SPAN,
        [WEFT_TRACEQL_SCOPE_RESOURCE] = WEFT_SCOPE_RESOURCE,
        [WEFT_TRACEQL_SCOPE_EVENT] = WEFT_SCOPE_EVENT,
        [WEFT_TRACEQL_SCOPE_LINK] = WEFT_SCOPE_LINK,
        [WEFT_TRACEQL_SCOPE_INSTRUMENTATION] = WEFT_SCOPE_INSTRUMENTATION,
    };
    struct weft_attribute_values values = { 0 };
    const struct weft_attribute_ask ask = {
        .scope = scopes[l->place.subject.scope],
        .key = l->place.subject.name,
        .from_ns = l->question->from_ns,
        .to_ns = l->question->to_ns,
        .limit = l->place.typed.len > 0 ? 10 * VALUES_MAX : VALUES_MAX, /* rare ones may fit */
        .deadline_monotonic_ns = l->question->deadline_monotonic_ns,
        .cancelled = l->question->cancelled,
    };
    int rc = l->source->attribute_values(l->source->self, &ask, &values, l->arena, err);
    if (rc < 0) return rc;
    l->out->partial_reason = values.partial_reason;
    for (uint32_t i = 0; i < values.count; i++) {
        const struct weft_value *known = &values.items[i].value;
        struct weft_traceql_value value = { .type = WEFT_TRACEQL_STRING, .text = known->bytes };
        if (known->type == WEFT_VALUE_BOOL)
            value = (struct weft_traceql_value){ .type = WEFT_TRACEQL_BOOL,
                                                 .bool_value = known->bool_value };
        else if (known->type == WEFT_VALUE_INT)
            value = (struct weft_traceql_value){ .type = WEFT_TRACEQL_INT,
                                                 .int_value = known->int_value };
        else if (known->type == WEFT_VALUE_DOUBLE)
            value = (struct weft_traceql_value){ .type = WEFT_TRACEQL_FLOAT,
                                                 .float_value = known->double_value };
        offer_literal(l, &value, values.items[i].span_count);
    }
    return WEFT_OK;
}

static int offer_values(struct weft_suggest_listing *l, struct weft_err *err)
{
    static const char *const statuses[] = { "error", "ok", "unset", NULL };
    static const char *const kinds[] = { "server",   "client",      "internal", "producer",
                                         "consumer", "unspecified", NULL };
    static const char *const durations[] = { "100ms", "1s", "10s", "1ms", "10ms", NULL };
    const struct weft_traceql_attribute *subject = &l->place.subject;
    if (subject->scope != WEFT_TRACEQL_SCOPE_INTRINSIC) return offer_attribute_values(l, err);
    switch (subject->intrinsic) {
    case WEFT_INTRINSIC_STATUS: offer_words(l, WEFT_SUGGESTION_VALUE, statuses); break;
    case WEFT_INTRINSIC_KIND: offer_words(l, WEFT_SUGGESTION_VALUE, kinds); break;
    case WEFT_INTRINSIC_DURATION:
    case WEFT_INTRINSIC_TRACE_DURATION: offer_words(l, WEFT_SUGGESTION_VALUE, durations); break;
    case WEFT_INTRINSIC_NAME:
    case WEFT_INTRINSIC_ROOT_NAME: return offer_operations(l, false, err);
    case WEFT_INTRINSIC_ROOT_SERVICE: return offer_operations(l, true, err);
    default: break;
    }
    return WEFT_OK;
}

/* ---- words ---- */

/* What may stand behind it: of attributes everything. */
static const char *const *comparisons_of(const struct weft_traceql_attribute *subject)
{
    static const char *const any[] = {
        "=", "!=", "=~", "!~", "contains", ">", ">=", "<", "<=", NULL
    };
    static const char *const texts[] = { "=", "!=", "=~", "!~", "contains", NULL };
    static const char *const all_texts[] = { "contains", "=~", "!~", "=", "!=", NULL };
    static const char *const numbers[] = { ">", ">=", "<", "<=", "=", "!=", NULL };
    static const char *const words[] = { "=", "!=", NULL };
    if (subject->scope != WEFT_TRACEQL_SCOPE_INTRINSIC) return any;
    if (subject->intrinsic == WEFT_INTRINSIC_TEXT ||
        subject->intrinsic == WEFT_INTRINSIC_EVENT_TEXT)
        return all_texts;
    switch (weft_traceql_intrinsics[subject->intrinsic].type) {
    case WEFT_TRACEQL_STRING: return texts;
    case WEFT_TRACEQL_INT:
    case WEFT_TRACEQL_DURATION: return numbers;
    case WEFT_TRACEQL_STATUS:
    case WEFT_TRACEQL_KIND: return words;
    default: return any;
    }
}

static void offer_stages(struct weft_suggest_listing *l)
{
    static const char *const stages[] = { "rate()",
                                          "count_over_time()",
                                          "quantile_over_time(",
                                          "histogram_over_time(",
                                          "count()",
                                          "by(",
                                          "select(",
                                          "avg(",
                                          "spans()",
                                          "order(",
                                          "distinct(",
                                          "max(",
                                          "min(",
                                          "sum(",
                                          "avg_over_time(",
                                          "max_over_time(",
                                          "min_over_time(",
                                          "sum_over_time(",
                                          "compare({ ",
                                          "coalesce()",
                                          "topk(",
                                          "bottomk(",
                                          "{ ",
                                          NULL };
    offer_words(l, WEFT_SUGGESTION_STAGE, stages);
}

static void offer_spanset_operators(struct weft_suggest_listing *l)
{
    static const char *const operators[] = { "|",          ">>",         "&&",  "||",  ">",  "<<",
                                             "<",          "~",          "!>>", "!>",  "!<", "!<<",
                                             "!~",         "&>>",        "&>",  "&<<", "&<", "&~",
                                             "-link-> { ", "<-link- { ", NULL };
    offer_words(l, WEFT_SUGGESTION_OPERATOR, operators);
}

/* ---- the answer ---- */

static int offer_all(struct weft_suggest_listing *l, struct weft_err *err)
{
    static const char *const connectives[] = { "&&", "||", "}", NULL };
    static const char *const behind_calls[] = { "by (", "|", ">", ">=", "<", "=", "with (", NULL };
    static const char *const spansets[] = { "{ ", NULL };
    int rc = WEFT_OK;
    switch (l->place.wants) {
    case WEFT_SUGGEST_NOTHING: break;
    case WEFT_SUGGEST_KEYS: rc = offer_keys(l, err); break;
    case WEFT_SUGGEST_VALUES: rc = offer_values(l, err); break;
    case WEFT_SUGGEST_COMPARE:
        offer_words(l, WEFT_SUGGESTION_OPERATOR, comparisons_of(&l->place.subject));
        break;
    case WEFT_SUGGEST_CONNECT: offer_words(l, WEFT_SUGGESTION_OPERATOR, connectives); break;
    case WEFT_SUGGEST_SPANSET: offer_words(l, WEFT_SUGGESTION_OPERATOR, spansets); break;
    case WEFT_SUGGEST_CONTINUE: offer_spanset_operators(l); break;
    case WEFT_SUGGEST_STAGE: offer_stages(l); break;
    case WEFT_SUGGEST_AFTER_CALL: offer_words(l, WEFT_SUGGESTION_OPERATOR, behind_calls); break;
    }
    if (rc == WEFT_OK &&
        (l->place.wants == WEFT_SUGGEST_KEYS || l->place.wants == WEFT_SUGGEST_VALUES))
        rc = weft_suggest_narrow(l, err);
    return rc;
}

static int compare_texts(const void *a, const void *b)
{
    const struct weft_suggestion *x = a, *y = b;
    return weft_str_compare(x->text, y->text);
}

static int compare_ranks(const void *a, const void *b)
{
    const struct weft_suggestion *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->span_count != y->span_count) return x->span_count > y->span_count ? -1 : 1;
    return weft_str_compare(x->text, y->text);
}

/* Each text once, with the spans of all; the best first. */
static void arrange(struct weft_suggestions *out, uint32_t limit)
{
    uint32_t kept = 0;
    if (out->count == 0) return;
    qsort(out->items, out->count, sizeof *out->items, compare_texts);
    for (uint32_t i = 0; i < out->count; i++)
        if (kept > 0 && weft_str_equal(out->items[kept - 1].text, out->items[i].text))
            out->items[kept - 1].span_count += out->items[i].span_count;
        else
            out->items[kept++] = out->items[i];
    qsort(out->items, kept, sizeof *out->items, compare_ranks);
    out->count = kept > limit ? limit : kept;
}

static size_t bytes_of(struct weft_str text, uint32_t characters)
{
    size_t at = 0;
    for (; characters > 0 && at < text.len; characters--) do
            at++;
        while (at < text.len && ((uint8_t)text.ptr[at] & 0xc0) == 0x80);
    return at;
}

static uint32_t characters_of(struct weft_str text, size_t bytes)
{
    uint32_t count = 0;
    for (size_t i = 0; i < bytes; i++) count += ((uint8_t)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

int weft_suggest(const struct weft_source *source, const struct weft_suggest_question *question,
                 struct weft_suggestions *out, struct weft_arena *arena, struct weft_err *err)
{
    struct weft_suggest_listing l = {
        .source = source, .question = question, .out = out, .arena = arena
    };
    struct weft_str text = question->text.len > 0 ? question->text : WEFT_S("");
    *out = (struct weft_suggestions){ 0 };
    if (text.len > WEFT_TRACEQL_BYTES_MAX)
        return weft_fail(err, WEFT_INVALID, "q: found %zu bytes, expected at most %u", text.len,
                         WEFT_TRACEQL_BYTES_MAX);
    weft_suggest_place_find(&l.place, text, bytes_of(text, question->position), arena);
    out->start = characters_of(text, l.place.start);
    out->end = characters_of(text, l.place.end);
    int rc = offer_all(&l, err);
    if (rc == WEFT_OK) arrange(out, question->limit);
    return rc;
}
