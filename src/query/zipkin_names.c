/* zipkin_names.c -- services, span names, remote services, values (zipkin_names.h).
 *
 * The source knows which values an attribute has, and quickly whether a span has a value and a service; it does not know the values of
 * one service. So each value that could be a remote service is asked for.
 */
#include "query/zipkin_names.h"
#include "model/zipkin_span.h"
#include "query/span_search.h"
#include "wire/text.h"
#include <stdlib.h>

#define VALUES_MAX 10000
#define PEERS_MAX 1000

static int name_compare(const void *a, const void *b)
{
    return weft_str_compare(*(const struct weft_str *)a, *(const struct weft_str *)b);
}

static void names_finish(struct weft_zipkin_names *names)
{
    uint32_t kept = 0;
    if (names->count > 1) qsort(names->items, names->count, sizeof *names->items, name_compare);
    for (uint32_t i = 0; i < names->count; i++)
        if (names->items[i].len > 0 &&
            (kept == 0 || !weft_str_equal(names->items[i], names->items[kept - 1])))
            names->items[kept++] = names->items[i];
    names->count = kept;
}

int weft_zipkin_services(const struct weft_zipkin_ask *ask, struct weft_zipkin_names *out,
                         struct weft_err *err)
{
    return weft_zipkin_span_names(ask, WEFT_S(""), out, err);
}

int weft_zipkin_span_names(const struct weft_zipkin_ask *ask, struct weft_str service,
                           struct weft_zipkin_names *out, struct weft_err *err)
{
    struct weft_operation *all;
    uint32_t count;
    bool wants_services = service.len == 0;
    *out = (struct weft_zipkin_names){ 0 };
    int rc = ask->source->operations(ask->source->self, WEFT_S(""), &all, &count, ask->arena, err);
    if (rc < 0) return rc;
    out->items = weft_arena_alloc_array(ask->arena, count, sizeof *out->items);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_str shown = weft_utf8_lower(all[i].service_name, ask->arena);
        if (wants_services)
            out->items[out->count++] = shown;
        else if (weft_str_equal(shown, service))
            out->items[out->count++] = weft_utf8_lower(all[i].name, ask->arena);
    }
    names_finish(out);
    return WEFT_OK;
}

static int values_load(const struct weft_zipkin_ask *ask, struct weft_str key, uint32_t limit,
                       struct weft_attribute_values *out, struct weft_err *err)
{
    const struct weft_attribute_ask request = {
        .scope = WEFT_SCOPE_SPAN,
        .key = key,
        .limit = limit,
        .deadline_monotonic_ns = ask->deadline_monotonic_ns,
        .cancelled = ask->cancelled,
    };
    int rc = ask->source->attribute_values(ask->source->self, &request, out, ask->arena, err);
    if (rc >= 0 && out->partial_reason == NULL && out->has_more)
        out->partial_reason = "too many values";
    return rc;
}

int weft_zipkin_tag_values(const struct weft_zipkin_ask *ask, struct weft_str key,
                           struct weft_zipkin_names *out, struct weft_err *err)
{
    struct weft_attribute_values values = { 0 };
    *out = (struct weft_zipkin_names){ 0 };
    int rc = values_load(ask, key, VALUES_MAX, &values, err);
    if (rc < 0) return rc;
    out->partial_reason = values.partial_reason;
    out->items = weft_arena_alloc_array(ask->arena, values.count, sizeof *out->items);
    for (uint32_t i = 0; i < values.count; i++)
        out->items[out->count++] = weft_zipkin_plain_text(&values.items[i].value, ask->arena);
    names_finish(out);
    return WEFT_OK;
}

/* ---- remote services ---- */

/* What has to hold beside service and value, for an attribute to name the other side. */
struct role {
    struct weft_str key;
    uint8_t kind; /* WEFT_KIND_UNSPECIFIED: of any */
    uint8_t rank; /* spans with one of so many of weft_zipkin_peer_keys are named by those */
    bool is_native;
    struct weft_str unless; /* spans with that attribute have the value as a tag; empty: none */
};

static struct weft_predicate text_predicate(enum weft_field field, struct weft_str text)
{
    return (struct weft_predicate){ .field = field,
                                    .value = { .type = WEFT_VALUE_STRING, .bytes = text } };
}

#define PREDICATES_MAX (5 + WEFT_ZIPKIN_PEER_KEYS)

static struct weft_predicate absent(struct weft_str key)
{
    return (struct weft_predicate){ .field = WEFT_FIELD_ATTRIBUTE,
                                    .scope = WEFT_SCOPE_SPAN,
                                    .op = WEFT_OP_NOT_EXISTS,
                                    .key = key };
}

/* Does a span of the service have that value in that role? 1: yes. */
static int has_peer(const struct weft_zipkin_ask *ask, struct weft_str service,
                    const struct role *role, struct weft_str value, struct weft_err *err)
{
    struct weft_predicate p[PREDICATES_MAX];
    uint32_t n = 0;
    p[n++] = text_predicate(WEFT_FIELD_SERVICE, service);
    p[n] = text_predicate(WEFT_FIELD_ATTRIBUTE, value);
    p[n].scope = WEFT_SCOPE_SPAN;
    p[n++].key = role->key;
    p[n] = text_predicate(WEFT_FIELD_ATTRIBUTE, WEFT_S(WEFT_ZIPKIN_MARK_VALUE));
    p[n].scope = WEFT_SCOPE_INSTRUMENTATION;
    if (!role->is_native) p[n].op = WEFT_OP_NOT_EXISTS;
    p[n++].key = WEFT_S(WEFT_ZIPKIN_MARK);
    if (role->kind != WEFT_KIND_UNSPECIFIED)
        p[n++] = (struct weft_predicate){
            .field = WEFT_FIELD_KIND,
            .value = { .type = WEFT_VALUE_INT, .int_value = role->kind },
        };
    for (uint32_t i = 0; i < role->rank; i++) p[n++] = absent(weft_zipkin_peer_keys[i]);
    if (role->unless.len > 0) p[n++] = absent(role->unless);
    const struct weft_search search = {
        .selection = weft_selection_all_of(p, n, ask->arena),
        .limit = 1,
        .deadline_monotonic_ns = ask->deadline_monotonic_ns,
        .cancelled = ask->cancelled,
    };
    struct weft_search_result found = { 0 };
    int rc = weft_span_search(ask->source, &search, &found, ask->arena, err);
    if (rc < 0) return rc;
    if (found.hit_count > 0) return 1;
    return found.is_cut ? weft_fail(err, WEFT_TIMEOUT, "%s", found.partial_reason) : 0;
}

static void add_name(struct weft_zipkin_names *names, struct weft_str name,
                     struct weft_arena *arena)
{
    if ((names->count & (names->count - 1)) == 0) /* a power of two, or 0: full */
        names->items =
            weft_arena_grow(arena, names->items, names->count * sizeof name,
                            (names->count == 0 ? 1 : 2 * (size_t)names->count) * sizeof name);
    names->items[names->count++] = name;
}

/* All values that the service has in that role. */
static int add_peers(const struct weft_zipkin_ask *ask, struct weft_str service,
                     const struct role *role, const struct weft_attribute_values *values,
                     struct weft_zipkin_names *out, struct weft_err *err)
{
    for (uint32_t i = 0; i < values->count; i++) {
        const struct weft_value *value = &values->items[i].value;
        if (value->type != WEFT_VALUE_STRING || value->bytes.len == 0) continue;
        int rc = has_peer(ask, service, role, value->bytes, err);
        if (rc < 0) return rc;
        if (rc == 1) add_name(out, weft_utf8_lower(value->bytes, ask->arena), ask->arena);
    }
    return WEFT_OK;
}

static const struct role roles[] = {
    { .key = WEFT_S_INIT("net.peer.name") },
    { .key = WEFT_S_INIT("service.peer.name"), WEFT_KIND_CLIENT, 1 },
    { .key = WEFT_S_INIT("service.peer.name"), WEFT_KIND_PRODUCER, 1 },
    { .key = WEFT_S_INIT("peer.service"), WEFT_KIND_CLIENT, 2 },
    { .key = WEFT_S_INIT("peer.service"), WEFT_KIND_PRODUCER, 2 },
    { .key = WEFT_S_INIT("server.address"), WEFT_KIND_CLIENT, 3 },
    { .key = WEFT_S_INIT("server.address"), WEFT_KIND_PRODUCER, 3 },
    { .key = WEFT_S_INIT("peer.service"),
      .is_native = true,
      .unless = WEFT_S_INIT(WEFT_ZIPKIN_REMOTE_SERVICE) },
    { .key = WEFT_S_INIT(WEFT_ZIPKIN_REMOTE_SERVICE), .is_native = true },
};

static bool is_new_spelling(const struct weft_operation *all, uint32_t i)
{
    return i == 0 || !weft_str_equal(all[i].service_name, all[i - 1].service_name);
}

int weft_zipkin_remote_services(const struct weft_zipkin_ask *ask, struct weft_str service,
                                struct weft_zipkin_names *out, struct weft_err *err)
{
    struct weft_operation *all; /* by service */
    uint32_t count;
    *out = (struct weft_zipkin_names){ 0 };
    int rc = ask->source->operations(ask->source->self, WEFT_S(""), &all, &count, ask->arena, err);
    for (size_t r = 0; rc >= 0 && r < sizeof roles / sizeof roles[0]; r++) {
        struct weft_attribute_values values = { 0 };
        rc = values_load(ask, roles[r].key, PEERS_MAX, &values, err);
        if (values.partial_reason != NULL) out->partial_reason = values.partial_reason;
        for (uint32_t i = 0; rc >= 0 && values.count > 0 && i < count; i++)
            if (is_new_spelling(all, i) &&
                weft_str_equal(weft_utf8_lower(all[i].service_name, ask->arena), service))
                rc = add_peers(ask, all[i].service_name, &roles[r], &values, out, err);
    }
    if (rc < 0) return rc;
    names_finish(out);
    return WEFT_OK;
}
