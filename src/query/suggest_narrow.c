/* suggest_narrow.c -- see suggest_internal.h. The spans are asked as for the pickers of traceql_tags.h, but no longer than a person
 * who types waits. */
#include "base/clock.h"
#include "base/map.h"
#include "query/suggest_internal.h"
#include "query/traceql_tags.h"

#define NARROW_NS (200 * WEFT_NS_PER_MS)
#define NARROW_BYTES_MAX (1u << 20) /* of what is found */
#define RANK_UNSEEN 5u              /* behind what was seen, before what fits worse */

struct narrowing {
    struct weft_suggest_listing *l;
    struct weft_tag_question question;
    struct weft_map seen; /* texts as they are written */
    bool is_whole;        /* what was not seen is not there */
};

static void see(struct narrowing *n, struct weft_str text)
{
    weft_map_put(&n->seen, text, 1, NULL);
}

/* ---- keys ---- */

static int see_keys(struct narrowing *n, struct weft_err *err)
{
    bool is_unscoped = weft_str_starts_with(n->l->place.typed, WEFT_S("."));
    struct weft_tag_names names;
    int rc = weft_traceql_tag_names(n->l->source, &n->question, &names, n->l->arena, err);
    if (rc < 0) return rc;
    for (uint32_t scope = 0; scope < WEFT_TRACEQL_SCOPE_COUNT; scope++)
        for (uint32_t i = 0; i < names.scopes[scope].count; i++)
            see(n, weft_suggest_attribute_text(n->l, is_unscoped ? WEFT_TRACEQL_SCOPE_ANY : scope,
                                               names.scopes[scope].items[i]));
    n->is_whole = names.partial_reason == NULL;
    return WEFT_OK;
}

/* ---- values ---- */

static struct weft_str value_text(struct weft_suggest_listing *l,
                                  const struct weft_tag_value *found)
{
    struct weft_traceql_value value = { .type = WEFT_TRACEQL_STRING, .text = found->text };
    if (strcmp(found->type, "float") == 0 && weft_str_to_double(found->text, &value.float_value))
        value.type = WEFT_TRACEQL_FLOAT;
    else if (strcmp(found->type, "string") != 0)
        return found->text;
    return weft_suggest_literal_text(l, &value);
}

static int see_values(struct narrowing *n, struct weft_err *err)
{
    struct weft_suggest_listing *l = n->l;
    struct weft_tag_values values;
    int rc = weft_traceql_tag_values(l->source, &l->place.subject, 1, &n->question, &values,
                                     l->arena, err);
    if (rc < 0) return rc;
    for (uint32_t i = 0; i < values.count; i++) {
        struct weft_str text = value_text(l, &values.items[i]);
        see(n, text);
        weft_suggest_offer(l, WEFT_SUGGESTION_VALUE, text, values.items[i].text, 0, 0);
    }
    n->is_whole = values.partial_reason == NULL;
    return WEFT_OK;
}

/* Those of which a person picks one. */
static bool has_values(const struct weft_traceql_attribute *attribute)
{
    switch (attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC ? attribute->intrinsic
                                                             : WEFT_INTRINSIC_NAME) {
    case WEFT_INTRINSIC_NAME:
    case WEFT_INTRINSIC_STATUS:
    case WEFT_INTRINSIC_KIND:
    case WEFT_INTRINSIC_STATUS_MESSAGE:
    case WEFT_INTRINSIC_ROOT_NAME:
    case WEFT_INTRINSIC_ROOT_SERVICE:
    case WEFT_INTRINSIC_EVENT_NAME:
    case WEFT_INTRINSIC_INSTRUMENTATION_NAME:
    case WEFT_INTRINSIC_INSTRUMENTATION_VERSION: return true;
    default: return false;
    }
}

/* Of these nothing is listed without looking at spans. */
static bool is_only_seen(const struct weft_traceql_attribute *attribute)
{
    return attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC && has_values(attribute) &&
           attribute->intrinsic != WEFT_INTRINSIC_NAME &&
           attribute->intrinsic != WEFT_INTRINSIC_STATUS &&
           attribute->intrinsic != WEFT_INTRINSIC_KIND &&
           attribute->intrinsic != WEFT_INTRINSIC_ROOT_NAME &&
           attribute->intrinsic != WEFT_INTRINSIC_ROOT_SERVICE;
}

/* ---- both ---- */

/* Intrinsics stay: every span has them. */
static void keep_seen(struct narrowing *n)
{
    struct weft_suggestions *out = n->l->out;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        struct weft_suggestion *s = &out->items[i];
        bool is_seen =
            s->kind == WEFT_SUGGESTION_INTRINSIC || weft_map_get(&n->seen, s->text) != NULL;
        if (!is_seen && n->is_whole) continue;
        out->items[kept] = *s;
        if (!is_seen) out->items[kept].rank += RANK_UNSEEN;
        kept++;
    }
    out->count = kept;
}

static uint64_t soon(uint64_t deadline_ns)
{
    uint64_t end_ns = weft_clock_monotonic_ns() + NARROW_NS;
    return deadline_ns != 0 && deadline_ns < end_ns ? deadline_ns : end_ns;
}

int weft_suggest_narrow(struct weft_suggest_listing *l, struct weft_err *err)
{
    struct narrowing n = { .l = l };
    bool wants_values = l->place.wants == WEFT_SUGGEST_VALUES;
    const struct weft_expr *filter = NULL;
    int rc;
    if (wants_values && !has_values(&l->place.subject)) return WEFT_OK;
    if (l->place.filter.len > 0)
        filter = weft_traceql_parse_incomplete(
            weft_arena_printf(l->arena, "{%.*s\n}", WEFT_S_ARG(l->place.filter)), l->arena);
    if (filter == NULL && !(wants_values && is_only_seen(&l->place.subject))) return WEFT_OK;
    n.question = (struct weft_tag_question){ .from_ns = l->question->from_ns,
                                             .to_ns = l->question->to_ns,
                                             .filter = filter,
                                             .bytes_max = NARROW_BYTES_MAX,
                                             .deadline_monotonic_ns =
                                                 soon(l->question->deadline_monotonic_ns),
                                             .cancelled = l->question->cancelled };
    rc = wants_values ? see_values(&n, err) : see_keys(&n, err);
    /* Conditions that nothing meets are perhaps not the last word. */
    if (rc == WEFT_OK && n.seen.count > 0) keep_seen(&n);
    weft_map_release(&n.seen);
    return rc;
}
