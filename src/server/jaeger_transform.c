/* jaeger_transform.c -- POST /api/transform: OTLP JSON in, Jaeger JSON out; nothing is stored.
 *
 * Spec  query.md Q10.5.3
 */
#include "model/otlp.h"
#include "server/jaeger_classic.h"
#include "server/jaeger_routes.h"

#define BODY_BYTES_MAX ((size_t)8 << 20)

static int span_compare(const void *a, const void *b)
{
    const struct weft_span *x = a, *y = b;
    int order = memcmp(&x->trace_id, &y->trace_id, sizeof x->trace_id);
    if (order != 0) return order;
    if (x->start_time_unix_nano != y->start_time_unix_nano)
        return x->start_time_unix_nano < y->start_time_unix_nano ? -1 : 1;
    return memcmp(&x->span_id, &y->span_id, sizeof x->span_id);
}

/* The spans of each trace as a batch of its own. */
static uint32_t split(struct weft_batch *all, struct weft_batch **out, struct weft_arena *arena)
{
    uint32_t count = 0;
    *out = weft_arena_alloc_array(arena, all->span_count, sizeof **out);
    if (all->span_count > 1) qsort(all->spans, all->span_count, sizeof *all->spans, span_compare);
    for (uint32_t i = 0; i < all->span_count; i++) {
        if (i == 0 || memcmp(&all->spans[i].trace_id, &all->spans[i - 1].trace_id,
                             sizeof all->spans[i].trace_id) != 0)
            (*out)[count++] = (struct weft_batch){ .arena = arena, .spans = &all->spans[i] };
        (*out)[count - 1].span_count++;
    }
    return count;
}

int weft_jaeger_transform(struct weft_call *call, struct weft_err *err)
{
    struct weft_batch all = { .arena = &call->arena }, *batches;
    struct weft_otlp_result result = { 0 };
    struct weft_str body = call->exchange->body;
    if (body.len > BODY_BYTES_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "body has %zu bytes, at most %zu are taken", body.len,
                         BODY_BYTES_MAX);
    if (weft_otlp_decode_json(&all, body, &result, err) < 0)
        return weft_fail(err, WEFT_INVALID, "cannot read the body as OTLP JSON: %.300s", err->text);
    uint32_t count = split(&all, &batches, &call->arena);
    struct weft_jaeger_classic *answer = weft_arena_alloc_zero(&call->arena, sizeof *answer);
    weft_jaeger_stream_init(&answer->stream, call, &(struct weft_jaeger_form){ .is_raw = true },
                            NULL, count);
    answer->stream.batches = batches;
    return weft_jaeger_classic_answer(answer, err);
}
