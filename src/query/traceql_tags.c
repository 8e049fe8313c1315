/* traceql_tags.c -- names of attributes, for pickers and completion (traceql_tags.h).
 *
 * The source lists them. With a filter it is asked which of these the spans have that the filter has.
 */
#include "query/traceql_tags.h"
#include "query/traceql_scope.h"
#include "query/traceql_tags_internal.h"

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

/* ---- Whole traces ---- */

static void names_add(struct weft_tag_walk *walk, enum weft_traceql_scope scope,
                      struct weft_attributes attributes)
{
    for (uint32_t i = 0; i < attributes.count; i++)
        weft_tag_found(walk, scope, weft_attribute_key(&attributes.items[i]));
}

static void names_look(struct weft_tag_walk *walk, uint32_t number)
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

/* ---- Names that there are ---- */

static int names_ask(struct weft_tag_walk *walk, struct weft_err *err)
{
    const struct weft_tag_question *question = walk->question;
    struct weft_attribute_keys keys;
    int rc = walk->source->attribute_keys(walk->source->self, question->from_ns, question->to_ns,
                                          &keys, &walk->arena, err);

    if (rc < 0) return rc;
    if (keys.partial_reason != NULL) walk->partial_reason = keys.partial_reason;
    struct weft_wanted_keys wanted = { .items = keys.items, .count = keys.count };
    wanted.left = question->filter == NULL ? 0 : keys.count;
    wanted.is_found = weft_arena_alloc_array(&walk->arena, keys.count + 1, sizeof(bool));
    if ((rc = weft_tag_walk_wanted(walk, &wanted, err)) < 0) return rc;
    for (uint32_t i = 0; i < keys.count && !walk->is_full; i++)
        if (question->filter == NULL || wanted.is_found[i])
            weft_tag_found(walk, weft_traceql_scope_of(keys.items[i].scope), keys.items[i].key);
    return WEFT_OK;
}

int weft_traceql_tag_names(const struct weft_source *source,
                           const struct weft_tag_question *question, struct weft_tag_names *out,
                           struct weft_arena *arena, struct weft_err *err)
{
    struct weft_tag_walk walk;

    *out = (struct weft_tag_names){ 0 };
    weft_tag_walk_init(&walk, source, question);
    walk.look = names_look;
    int rc = walk.has_columns ? names_ask(&walk, err) : weft_tag_walk_traces(&walk, err);
    for (uint32_t i = 0; rc >= 0 && i < WEFT_TRACEQL_SCOPE_COUNT; i++)
        out->scopes[i].items =
            weft_tag_sorted(&walk.found[i], question->limit, &out->scopes[i].count, arena);
    out->partial_reason = walk.partial_reason;
    out->inspected_bytes = walk.inspected_bytes;
    weft_tag_walk_release(&walk);
    return rc;
}
