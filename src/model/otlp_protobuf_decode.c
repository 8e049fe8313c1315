/* otlp_protobuf_decode.c -- ExportTraceServiceRequest to a batch of span views: request, resources,
 * scopes.
 *
 * The top of otlp.h and docs/otlp.md say what is mended, rejected and refused. A field of a known
 * number but another wire type is an unknown field and skipped; of a scalar that comes twice the
 * last one counts, sub-messages add up.
 * Spec  C3.2.1, C3.7.1, C3.8.1, C3.8.2
 */
#include "model/otlp_protobuf_internal.h"
#include "wire/text.h"

/* An attribute whose key passes the limit is left out of a resource or scope and counts as dropped
 * there. */
static void long_keys_drop(struct weft_otlp_decoder *d, struct weft_attributes *attributes)
{
    if (d->long_key_bytes == 0) return;
    d->long_key_bytes = 0;
    d->result->mended_fields++;
    attributes->dropped_count++;
}

/* A message may come in several pieces, which add up: then the list of the first piece is taken up
 * again. */
static struct weft_otlp_run run_resume(struct weft_arena *arena, struct weft_attributes *attributes)
{
    struct weft_otlp_run run = { 0 };
    if (attributes->count == 0) return run;
    run.capacity = attributes->count;
    run.count = attributes->count;
    run.items = weft_arena_alloc(arena, run.capacity * sizeof *run.items);
    memcpy(run.items, attributes->items, run.count * sizeof *run.items);
    return run;
}

static bool scope_decode(struct weft_otlp_decoder *d, struct weft_scope *scope,
                         struct weft_str bytes)
{
    if (weft_otlp_is_over_growth(&d->growth, 0)) return weft_otlp_refuse_growth(d);
    struct weft_pb_reader r = weft_pb_reader_make(bytes);
    struct weft_otlp_run run = run_resume(d->arena, &scope->attributes);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        struct weft_str s;
        switch (tag) {
        case TAG(1, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken) scope->name = weft_otlp_text_check(d, s);
            break;
        case TAG(2, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken) scope->version = weft_otlp_text_check(d, s);
            break;
        case TAG(3, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !weft_otlp_attribute_append(d, &scope->attributes, r.at - s.len,
                                                            r.at, ".scope.attributes", &run)) {
                return false;
            }
            long_keys_drop(d, &scope->attributes);
            break;
        case TAG(4, WEFT_PB_VARINT):
            scope->attributes.dropped_count = (uint32_t)weft_pb_varint(&r);
            break;
        default: weft_pb_skip(&r, tag);
        }
    }
    weft_otlp_run_seal(&run, d->arena);
    return r.is_broken ? weft_otlp_refuse_broken(d, ".scope") : true;
}

/* Keep an entity_refs field with its tag, canonically. One with text that is no UTF-8 is dropped:
 * its strings are identity. */
static bool entity_ref_add(struct weft_otlp_decoder *d, struct weft_resource *resource,
                           struct weft_str ref)
{
    bool has_bad_text = false;
    if (!weft_otlp_check_entity_ref(ref, &has_bad_text))
        return weft_otlp_refuse_broken(d, ".resource.entity_refs");
    if (has_bad_text) {
        d->result->mended_fields++;
        return true;
    }
    if (weft_otlp_is_over_growth(&d->growth, 0)) return weft_otlp_refuse_growth(d);
    struct weft_buf all = { 0 };
    weft_buf_append_str(&all, resource->entity_refs);
    weft_otlp_put_entity_ref(&all, ref);
    resource->entity_refs = weft_arena_copy(d->arena, weft_buf_str(&all));
    weft_buf_release(&all);
    return true;
}

static bool resource_decode(struct weft_otlp_decoder *d, struct weft_resource *resource,
                            struct weft_str bytes)
{
    if (weft_otlp_is_over_growth(&d->growth, 0)) return weft_otlp_refuse_growth(d);
    struct weft_pb_reader r = weft_pb_reader_make(bytes);
    struct weft_otlp_run run = run_resume(d->arena, &resource->attributes);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        struct weft_str s;
        switch (tag) {
        case TAG(1, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !weft_otlp_attribute_append(d, &resource->attributes, r.at - s.len,
                                                            r.at, ".resource.attributes", &run)) {
                return false;
            }
            long_keys_drop(d, &resource->attributes);
            break;
        case TAG(2, WEFT_PB_VARINT):
            resource->attributes.dropped_count = (uint32_t)weft_pb_varint(&r);
            break;
        case TAG(3, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !entity_ref_add(d, resource, s)) return false;
            break;
        default: weft_pb_skip(&r, tag);
        }
    }
    weft_otlp_run_seal(&run, d->arena);
    weft_otlp_resource_finish(resource);
    return r.is_broken ? weft_otlp_refuse_broken(d, ".resource") : true;
}

/* ScopeSpans; `scope` is filled as its parts come, which may be after the spans that point to
 * it. */
static bool scope_spans_decode(struct weft_otlp_decoder *d, struct weft_scope *scope,
                               struct weft_str bytes)
{
    struct weft_pb_reader r = weft_pb_reader_make(bytes);
    uint32_t tag;
    d->scope = scope;
    d->span_number = 0;
    while (weft_pb_next(&r, &tag)) {
        struct weft_str s;
        switch (tag) {
        case TAG(1, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !scope_decode(d, scope, s)) return false;
            break;
        case TAG(2, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !weft_otlp_span_add(d, r.at - s.len, r.at, r.end)) return false;
            break;
        case TAG(3, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken) scope->schema_url = weft_otlp_text_check(d, s);
            break;
        default: weft_pb_skip(&r, tag);
        }
    }
    if (r.is_broken) {
        d->span_number = 0;
        return weft_otlp_refuse_broken(d, "");
    }
    return true;
}

static bool resource_spans_decode(struct weft_otlp_decoder *d, struct weft_resource *resource,
                                  struct weft_str bytes)
{
    struct weft_pb_reader r = weft_pb_reader_make(bytes);
    uint32_t tag;
    d->scope_number = 0;
    while (weft_pb_next(&r, &tag)) {
        struct weft_str s;
        switch (tag) {
        case TAG(1, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            d->scope_number = d->span_number = 0;
            if (!r.is_broken && !resource_decode(d, resource, s)) return false;
            break;
        case TAG(2, WEFT_PB_BYTES): {
            s = weft_pb_bytes(&r);
            if (r.is_broken) break;
            if (weft_otlp_is_over_growth(&d->growth, 0)) return weft_otlp_refuse_growth(d);
            struct weft_scope *scope = weft_arena_alloc_zero(d->arena, sizeof *scope);
            scope->resource = resource;
            d->scope_number++;
            if (!scope_spans_decode(d, scope, s)) return false;
            break;
        }
        case TAG(3, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken) resource->schema_url = weft_otlp_text_check(d, s);
            break;
        default: weft_pb_skip(&r, tag);
        }
    }
    d->scope_number = d->span_number = 0;
    return r.is_broken ? weft_otlp_refuse_broken(d, "") : true;
}

static bool request_decode(struct weft_otlp_decoder *d, struct weft_str body)
{
    struct weft_pb_reader r = weft_pb_reader_make(body);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag != TAG(1, WEFT_PB_BYTES)) {
            weft_pb_skip(&r, tag);
            continue;
        }
        struct weft_str s = weft_pb_bytes(&r);
        if (r.is_broken) break;
        if (weft_otlp_is_over_growth(&d->growth, 0)) return weft_otlp_refuse_growth(d);
        struct weft_resource *resource = weft_arena_alloc_zero(d->arena, sizeof *resource);
        d->resource_number++;
        if (!resource_spans_decode(d, resource, s)) return false;
    }
    d->resource_number = 0;
    return r.is_broken ? weft_otlp_refuse_broken(d, "") : true;
}

static void decoder_init(struct weft_otlp_decoder *d, struct weft_batch *batch,
                         struct weft_str body, struct weft_otlp_result *result,
                         struct weft_err *err)
{
    *d = (struct weft_otlp_decoder){
        .batch = batch,
        .arena = batch->arena,
        .result = result,
        .err = err,
        .readable_end = body.ptr + body.len,
    };
    weft_otlp_growth_init(&d->growth, batch, body.len);
}

int weft_otlp_decode_protobuf(struct weft_batch *out, struct weft_str body,
                              struct weft_otlp_result *result, struct weft_err *err)
{
    struct weft_otlp_decoder d;
    struct weft_err local;
    memset(result, 0, sizeof *result);
    if (body.len > WEFT_OTLP_BODY_BYTES_MAX) {
        return weft_fail(err, WEFT_TOO_LARGE, "request of %zu bytes, at most %zu expected",
                         body.len, WEFT_OTLP_BODY_BYTES_MAX);
    }
    if (body.len == 0) return WEFT_OK; /* C3.2.5 */
    decoder_init(&d, out, body, result, err != NULL ? err : &local);
    uint32_t before = out->span_count;
    if (request_decode(&d, body)) return WEFT_OK;
    out->span_count = before; /* all or nothing */
    return d.err->status;
}

/* A ResourceSpans or ScopeSpans without spans, as the store's tables keep them. */
int weft_otlp_decode_resource(struct weft_resource *out, struct weft_str bytes,
                              struct weft_arena *arena, struct weft_err *err)
{
    struct weft_otlp_decoder d;
    struct weft_otlp_result result = { 0 };
    struct weft_err local;
    struct weft_batch none = { .arena = arena };
    memset(out, 0, sizeof *out);
    out->service_name = WEFT_S("");
    if (bytes.len == 0) return WEFT_OK;
    decoder_init(&d, &none, bytes, &result, err != NULL ? err : &local);
    d.resource_number = 1;
    return resource_spans_decode(&d, out, bytes) ? WEFT_OK : d.err->status;
}

int weft_otlp_decode_scope(struct weft_scope *out, struct weft_str bytes, struct weft_arena *arena,
                           struct weft_err *err)
{
    struct weft_otlp_decoder d;
    struct weft_otlp_result result = { 0 };
    struct weft_err local;
    struct weft_batch none = { .arena = arena };
    memset(out, 0, sizeof *out);
    if (bytes.len == 0) return WEFT_OK;
    decoder_init(&d, &none, bytes, &result, err != NULL ? err : &local);
    d.resource_number = d.scope_number = 1;
    return scope_spans_decode(&d, out, bytes) ? WEFT_OK : d.err->status;
}
