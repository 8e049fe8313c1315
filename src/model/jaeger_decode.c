/* jaeger_decode.c -- answers, traces and processes (jaeger_decode.h); jaeger_decode_span.c reads a span.
 *
 * In a trace the processes stand behind the spans that name them: spans wait until the trace has been read, then get their resource and
 * scope, and those of one scope are brought together.
 */
#include "model/jaeger_decode.h"
#include "model/jaeger_decode_internal.h"
#include <stdlib.h>

#define IS(key, name) weft_str_equal(key, WEFT_S(name))

struct weft_jaeger_process {
    struct weft_resource resource;
    uint32_t number;
};
struct numbered_scope {
    struct weft_scope scope; /* first: spans point to it */
    uint32_t resource, number;
};

/* ---- processes ---- */

bool weft_jaeger_process_read(struct weft_jaeger_decoder *x, enum weft_json_token token,
                              struct weft_jaeger_process **out)
{
    struct weft_otlp_json *d = &x->json;
    struct weft_otlp_run tags = { 0 };
    struct weft_str key, service = { 0 };
    if (!weft_otlp_json_open(d, token, "process")) return false;
    struct weft_jaeger_process *process = weft_arena_alloc_zero(d->arena, sizeof *process);
    *weft_otlp_run_next(&tags, d->arena) = (struct weft_attribute){ 0 };
    tags.count = 1; /* room for the name */
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine;
        if (IS(key, "serviceName"))
            is_fine = weft_otlp_json_string(d, token, "process.serviceName", &service);
        else if (IS(key, "tags"))
            is_fine = weft_jaeger_tags_read(d, token, &tags);
        else
            is_fine = weft_otlp_json_skip(d, token);
        if (!is_fine) return false;
    }
    if (d->is_failed || weft_otlp_json_grown(d, 0)) return false;
    weft_jaeger_tags_settle_process(&tags, d->arena);
    tags.items[0] = weft_attribute_text(WEFT_S("service.name"), service);
    uint32_t skipped = service.len == 0 ? 1 : 0;
    process->resource.attributes =
        (struct weft_attributes){ tags.items + skipped, tags.count - skipped, 0 };
    if (d->long_key_bytes > 0) { /* as in OTLP: left out of a resource */
        process->resource.attributes.dropped_count++;
        d->long_key_bytes = 0;
        d->result->mended_fields++;
    }
    process->resource.schema_url = WEFT_S("");
    weft_otlp_resource_finish(&process->resource);
    process->number = x->process_count++;
    *out = process;
    return true;
}

static bool processes_read(struct weft_jaeger_decoder *x, enum weft_json_token token)
{
    struct weft_otlp_json *d = &x->json;
    struct weft_jaeger_process *process;
    struct weft_str key;
    d->long_key_bytes = 0;
    if (!weft_otlp_json_open(d, token, "processes")) return false;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (!weft_jaeger_process_read(x, token, &process)) return false;
        *weft_map_put(&x->processes, key, 0, NULL) = (uint64_t)(uintptr_t)process;
    }
    return !d->is_failed;
}

/* ---- a trace's spans get their resources and scopes ---- */

static void key_add(struct weft_buf *key, struct weft_str text)
{
    uint64_t len = text.len;
    weft_buf_append(key, &len, sizeof len);
    weft_buf_append_str(key, text);
}

static const struct weft_scope *scope_of(struct weft_jaeger_decoder *x,
                                         const struct weft_jaeger_process *process,
                                         const struct weft_jaeger_waiting *waiting)
{
    bool is_new;
    weft_buf_reset(&x->key);
    weft_buf_append(&x->key, &process, sizeof process);
    key_add(&x->key, waiting->scope_name);
    key_add(&x->key, waiting->scope_version);
    uint32_t number = (uint32_t)x->scopes.count;
    uint64_t *place = weft_map_put(&x->scopes, weft_buf_str(&x->key), 0, &is_new);
    if (is_new) {
        struct numbered_scope *made = weft_arena_alloc_zero(x->json.arena, sizeof *made);
        made->scope = (struct weft_scope){ .resource = &process->resource,
                                           .name = waiting->scope_name,
                                           .version = waiting->scope_version,
                                           .schema_url = WEFT_S("") };
        made->resource = process->number;
        made->number = number;
        *place = (uint64_t)(uintptr_t)made;
    }
    return &((const struct numbered_scope *)(uintptr_t)*place)->scope;
}

/* A process that the trace does not have is one without name. */
static struct weft_jaeger_process *process_of(struct weft_jaeger_decoder *x,
                                              const struct weft_jaeger_waiting *waiting)
{
    if (waiting->process != NULL) return waiting->process;
    bool is_new;
    uint64_t *place = weft_map_put(&x->processes, waiting->process_id, 0, &is_new);
    if (is_new) {
        struct weft_jaeger_process *made = weft_arena_alloc_zero(x->json.arena, sizeof *made);
        made->number = x->process_count++;
        made->resource.service_name = made->resource.schema_url = WEFT_S("");
        *place = (uint64_t)(uintptr_t)made;
        x->json.result->mended_fields++;
    }
    return (struct weft_jaeger_process *)(uintptr_t)*place;
}

struct ordered_span {
    uint32_t resource, scope, place;
};

static int order_compare(const void *a, const void *b)
{
    const struct ordered_span *x = a, *y = b;
    if (x->resource != y->resource) return x->resource < y->resource ? -1 : 1;
    if (x->scope != y->scope) return x->scope < y->scope ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void bring_together(struct weft_batch *batch, struct weft_span *spans, uint32_t count)
{
    struct weft_arena_mark mark = weft_arena_mark(batch->arena);
    struct ordered_span *order = weft_arena_alloc_array(batch->arena, count, sizeof *order);
    struct weft_span *sorted = weft_arena_alloc_array(batch->arena, count, sizeof *sorted);
    for (uint32_t i = 0; i < count; i++) {
        const struct numbered_scope *scope = (const void *)spans[i].scope;
        order[i] = (struct ordered_span){ scope->resource, scope->number, i };
    }
    qsort(order, count, sizeof *order, order_compare);
    for (uint32_t i = 0; i < count; i++) sorted[i] = spans[order[i].place];
    memcpy(spans, sorted, count * sizeof *spans);
    weft_arena_rewind(batch->arena, mark);
}

/* What one large trace needed is not cleared again for each small one behind it. */
static void map_empty(struct weft_map *map)
{
    if (map->capacity > 256)
        weft_map_release(map);
    else
        weft_map_reset(map);
}

static bool trace_settle(struct weft_jaeger_decoder *x)
{
    struct weft_batch *batch = x->json.batch;
    uint32_t count = batch->span_count - x->first;
    struct weft_span *spans = count > 0 ? batch->spans + x->first : NULL;
    if (weft_otlp_json_grown(&x->json,
                             count * (sizeof *spans + sizeof(struct numbered_scope) + 16)))
        return false;
    for (uint32_t i = 0; i < count; i++)
        spans[i].scope = scope_of(x, process_of(x, &x->waiting[i]), &x->waiting[i]);
    if (x->scopes.count > 1) bring_together(batch, spans, count);
    map_empty(&x->processes);
    map_empty(&x->scopes);
    x->first = batch->span_count;
    x->json.span_number = 0;
    return true;
}

/* ---- traces ---- */

static bool trace_read(struct weft_jaeger_decoder *x)
{
    struct weft_otlp_json *d = &x->json;
    enum weft_json_token token;
    struct weft_str key;
    while (weft_otlp_json_member(d, &key, &token)) {
        bool is_fine = true;
        if (IS(key, "spans")) {
            if (!weft_otlp_json_open_array(d, token, "spans")) return false;
            while (is_fine && weft_otlp_json_element(d, &token))
                is_fine = weft_jaeger_span_read(x, token);
            if (is_fine) d->span_number = 0;
        } else if (IS(key, "processes")) {
            is_fine = processes_read(x, token);
        } else {
            is_fine = weft_otlp_json_skip(d, token);
        }
        if (!is_fine) return false;
    }
    return !d->is_failed && trace_settle(x);
}

static bool any_read(struct weft_jaeger_decoder *x, enum weft_json_token token, const char *field);

static bool envelope_read(struct weft_jaeger_decoder *x)
{
    struct weft_otlp_json *d = &x->json;
    enum weft_json_token token;
    struct weft_str key;
    while (weft_otlp_json_member(d, &key, &token)) {
        if (IS(key, "data") ? !any_read(x, token, "data") : !weft_otlp_json_skip(d, token))
            return false;
    }
    return !d->is_failed;
}

enum kind { ENVELOPE, TRACE, SPAN, UNKNOWN };

/* The object whose start was read, by the first key that only one kind has. The reader is not moved. */
static enum kind object_kind(const struct weft_otlp_json *d)
{
    struct weft_json_reader ahead = d->r;
    enum weft_json_token token;
    while ((token = weft_json_next(&ahead)) == WEFT_JSON_KEY) {
        if (IS(ahead.text, "data")) return ENVELOPE;
        if (IS(ahead.text, "spans") || IS(ahead.text, "processes")) return TRACE;
        if (IS(ahead.text, "spanID") || IS(ahead.text, "operationName")) return SPAN;
        if (!weft_json_skip(&ahead, token)) break;
    }
    return UNKNOWN;
}

static bool any_read(struct weft_jaeger_decoder *x, enum weft_json_token token, const char *field)
{
    struct weft_otlp_json *d = &x->json;
    if (token == WEFT_JSON_ARRAY_START) {
        while (weft_otlp_json_element(d, &token)) {
            if (!weft_otlp_json_open(d, token, field) || !any_read(x, token, field)) return false;
        }
        return !d->is_failed;
    }
    if (!weft_otlp_json_open(d, token, field)) return false;
    switch (object_kind(d)) {
    case ENVELOPE: return envelope_read(x);
    case TRACE: return trace_read(x);
    case SPAN: return weft_jaeger_span_read(x, token) && trace_settle(x);
    case UNKNOWN: break;
    }
    while (weft_otlp_json_member(d, &(struct weft_str){ 0 }, &token))
        if (!weft_otlp_json_skip(d, token)) return false;
    return !d->is_failed &&
           weft_otlp_json_refuse(d, WEFT_INVALID, field,
                                 "found an object without \"data\", \"spans\" or \"spanID\", "
                                 "expected Jaeger's JSON: an answer, a trace or a span");
}

int weft_jaeger_decode_json(struct weft_batch *out, struct weft_str body,
                            struct weft_otlp_result *result, struct weft_err *err)
{
    struct weft_err local;
    memset(result, 0, sizeof *result);
    if (body.len > WEFT_OTLP_BODY_BYTES_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "a text of %zu bytes, at most %zu expected", body.len,
                         WEFT_OTLP_BODY_BYTES_MAX);
    struct weft_jaeger_decoder x = {
        .json = { .batch = out,
                  .arena = out->arena,
                  .result = result,
                  .err = err != NULL ? err : &local },
        .first = out->span_count,
    };
    struct weft_otlp_json *d = &x.json;
    uint32_t before = out->span_count;
    weft_otlp_growth_init(&d->growth, out, body.len);
    weft_json_reader_init(&d->r, body, out->arena);
    enum weft_json_token token = weft_json_next(&d->r);
    bool is_fine =
        token == WEFT_JSON_ERROR ? weft_otlp_json_broken(d) : any_read(&x, token, "text");
    if (is_fine && weft_json_next(&d->r) != WEFT_JSON_END) is_fine = weft_otlp_json_broken(d);
    weft_map_release(&x.processes);
    weft_map_release(&x.scopes);
    weft_buf_release(&x.key);
    weft_buf_release(&d->nested);
    result->mended_fields += d->r.mended_strings;
    if (is_fine) return WEFT_OK;
    out->span_count = before; /* all or nothing */
    return d->err->status;
}
