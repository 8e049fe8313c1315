/* verify.c -- what was sent against what the server has (verify.h). */
#include "app/load/verify.h"
#include "app/ask.h"
#include "base/alloc.h"
#include "base/map.h"
#include "model/otlp.h"
#include "model/span_equal.h"

void weft_load_verify_init(struct weft_load_verify *verify, uint32_t wanted, uint64_t seed)
{
    *verify = (struct weft_load_verify){ .wanted = wanted };
    weft_random_init(&verify->random, seed);
    if (wanted > 0) verify->samples = weft_alloc_array(wanted, sizeof *verify->samples);
}

void weft_load_verify_release(struct weft_load_verify *verify)
{
    weft_free(verify->samples);
}

void weft_load_verify_add(struct weft_load_verify *verify, const struct weft_load_sample *sample)
{
    uint64_t place = verify->seen++;
    if (verify->wanted == 0) return;
    if (verify->count < verify->wanted)
        verify->samples[verify->count++] = *sample;
    else if ((place = weft_random_below(&verify->random, place + 1)) < verify->wanted)
        verify->samples[place] = *sample;
}

/* A trace as the server has it; kept while the next sample asks for the same one. */
struct fetched {
    const char *server;
    struct weft_arena arena;
    struct weft_batch batch;
    struct weft_map by_span; /* span id -> place in the batch */
    struct weft_buf body;
    struct weft_trace_id id;
    bool is_there;
};

static int fetch(struct fetched *f, const struct weft_trace_id *id, struct weft_err *err)
{
    char path[64], hex[33];
    struct weft_otlp_result result = { 0 };

    if (f->is_there && memcmp(&f->id, id, sizeof *id) == 0) return WEFT_OK;
    weft_trace_id_format(id, hex);
    snprintf(path, sizeof path, "/api/v1/traces/%s", hex);
    weft_buf_reset(&f->body);
    weft_map_reset(&f->by_span);
    weft_arena_reset(&f->arena);
    f->batch = (struct weft_batch){ .arena = &f->arena };
    f->id = *id;
    f->is_there = true;
    int rc = weft_ask(&f->body, f->server, weft_str_from_c(path), "application/x-protobuf", err);
    if (rc < 0) return weft_err_wrap(err, "trace %s", hex);
    rc = weft_otlp_decode_protobuf(&f->batch, weft_buf_str(&f->body), &result, err);
    for (uint32_t i = 0; i < f->batch.span_count && rc == WEFT_OK; i++) {
        bool is_new;
        const struct weft_span_id *span = &f->batch.spans[i].span_id;
        weft_map_put(&f->by_span, weft_str_make((const char *)span->bytes, 8), i, &is_new);
        if (!is_new) rc = weft_fail(err, WEFT_CORRUPT, "trace %s: a span is there twice", hex);
    }
    return rc;
}

static int compare_keys(const void *a, const void *b)
{
    return weft_str_compare(weft_attribute_key(a), weft_attribute_key(b));
}

/* The order of a span's attributes carries no meaning, and blocks do not keep it. No shape has a
 * key twice. */
static struct weft_span with_sorted_keys(const struct weft_span *span, struct weft_arena *arena)
{
    struct weft_span copy = *span;
    struct weft_attribute *a = weft_arena_alloc_array(arena, span->attributes.count + 1, sizeof *a);
    if (span->attributes.count > 0)
        memcpy(a, span->attributes.items, span->attributes.count * sizeof *a);
    qsort(a, span->attributes.count, sizeof *a, compare_keys);
    copy.attributes.items = a;
    return copy;
}

static int compare_span(struct fetched *f, const struct weft_span *expected, struct weft_err *err)
{
    char trace[33], span[17], difference[256];
    const uint64_t *at =
        weft_map_get(&f->by_span, weft_str_make((const char *)expected->span_id.bytes, 8));

    weft_trace_id_format(&expected->trace_id, trace);
    weft_span_id_format(&expected->span_id, span);
    if (at == NULL)
        return weft_fail(err, WEFT_NOT_FOUND, "trace %s: span %s is missing, %u others are there",
                         trace, span, f->batch.span_count);
    const struct weft_span sent = with_sorted_keys(expected, &f->arena),
                           found = with_sorted_keys(&f->batch.spans[*at], &f->arena);
    if (weft_span_difference(&sent, &found, difference, sizeof difference)) return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT, "trace %s: span %s: %s", trace, span, difference);
}

/* One trace of the request: all of the request's spans in it, and unless traces go on from request
 * to request, nothing else. */
static int compare_request(struct weft_load_verify *verify, const struct weft_load_sample *sample,
                           struct fetched *f, struct weft_err *err)
{
    struct weft_arena arena;
    uint32_t count = 0;
    weft_arena_init(&arena, 1024 * 1024);
    struct weft_batch sent = { .arena = &arena };
    int rc = weft_load_template_batch(sample->template, sample->number, sample->now_ns, &sent, err);

    if (rc == WEFT_OK) {
        const struct weft_span *drawn =
            &sent.spans[weft_random_below(&verify->random, sent.span_count)];
        rc = fetch(f, &drawn->trace_id, err);
        for (uint32_t i = 0; i < sent.span_count && rc == WEFT_OK; i++) {
            if (memcmp(&sent.spans[i].trace_id, &drawn->trace_id, sizeof drawn->trace_id) != 0)
                continue;
            rc = compare_span(f, &sent.spans[i], err);
            count++;
        }
    }
    if (rc == WEFT_OK && sample->template->shape->kind != WEFT_LOAD_ENDLESS &&
        f->batch.span_count != count)
        rc = weft_fail(err, WEFT_CORRUPT, "a trace has %u spans, %u were sent", f->batch.span_count,
                       count);
    if (rc == WEFT_OK) {
        verify->traces++;
        verify->spans += count;
    }
    weft_arena_release(&arena);
    return rc;
}

int weft_load_verify_run(struct weft_load_verify *verify, const char *server, struct weft_err *err)
{
    struct fetched f = { .server = server };
    int rc = WEFT_OK;

    weft_arena_init(&f.arena, 1024 * 1024);
    for (uint32_t i = 0; i < verify->count && rc == WEFT_OK; i++)
        rc = compare_request(verify, &verify->samples[i], &f, err);
    weft_map_release(&f.by_span);
    weft_buf_release(&f.body);
    weft_arena_release(&f.arena);
    return rc;
}
