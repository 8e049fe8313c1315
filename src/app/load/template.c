/* template.c -- requests with changing ids (template.h).
 *
 * Placeholders are ids and times that begin with bytes no text of the shapes contains; they are
 * found once in the encoded request. An id's last four bytes are its number, from which the new id
 * is computed, so that parents stay parents.
 */
#include "app/load/template.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/hash.h"
#include "model/otlp.h"

#define TRACE_MARK \
    UINT64_C(0xfff1e2d3c4b5a697)       /* first eight bytes of a trace id; then four zero bytes */
#define SPAN_MARK UINT32_C(0xfeedfacf) /* first four bytes of a span id */
#define TIME_MARK UINT32_C(0xfdb0a1c3) /* upper half of a start time; end times: one more */

enum place_kind { PLACE_TRACE, PLACE_SPAN, PLACE_TIME };
struct weft_load_place {
    uint32_t offset, number;
    enum place_kind kind;
};

void weft_load_place_ids(struct weft_span *span, uint32_t trace, uint32_t number, uint32_t parent,
                         uint64_t offset_ns, uint64_t duration_ns)
{
    weft_store_u64(span->trace_id.bytes, TRACE_MARK);
    weft_store_u32(span->trace_id.bytes + 12, trace);
    weft_store_u32(span->span_id.bytes, SPAN_MARK);
    weft_store_u32(span->span_id.bytes + 4, number);
    if (parent != WEFT_LOAD_NO_PARENT) {
        weft_store_u32(span->parent_span_id.bytes, SPAN_MARK);
        weft_store_u32(span->parent_span_id.bytes + 4, parent);
    }
    span->start_time_unix_nano = (uint64_t)TIME_MARK << 32 | (uint32_t)offset_ns;
    span->end_time_unix_nano = (uint64_t)TIME_MARK << 32 | (uint32_t)(offset_ns + duration_ns);
}

static void add_place(struct weft_load_template *t, uint32_t *capacity, size_t offset,
                      enum place_kind kind, uint32_t number)
{
    if (t->place_count == *capacity) {
        *capacity = *capacity > 0 ? *capacity * 2 : 1024;
        t->places = weft_realloc_array(t->places, *capacity, sizeof *t->places);
    }
    t->places[t->place_count++] = (struct weft_load_place){ (uint32_t)offset, number, kind };
}

static void find_places(struct weft_load_template *t)
{
    uint32_t capacity = 0;
    for (size_t i = 0; i + 8 <= t->body.len; i++) {
        const char *p = t->body.data + i;
        if (i + 16 <= t->body.len && weft_load_u64(p) == TRACE_MARK && weft_load_u32(p + 8) == 0)
            add_place(t, &capacity, i, PLACE_TRACE, weft_load_u32(p + 12));
        else if (weft_load_u32(p) == SPAN_MARK)
            add_place(t, &capacity, i, PLACE_SPAN, weft_load_u32(p + 4));
        else if (weft_load_u32(p + 4) == TIME_MARK)
            add_place(t, &capacity, i, PLACE_TIME, weft_load_u32(p));
    }
}

/* ---- ids of one sending ---- */

static uint64_t sending_base(uint64_t seed, uint64_t number)
{
    return weft_hash_u64(seed ^ weft_hash_u64(number + 1));
}
static void put_trace(void *p, uint64_t base, uint64_t n)
{
    weft_store_u64(p, weft_hash_u64(base + 2 * n));
    weft_store_u64((char *)p + 8, weft_hash_u64(base + 2 * n + 1) | 1); /* never all zero */
}
static void put_span(void *p, uint64_t base, uint64_t n)
{
    weft_store_u64(p, weft_hash_u64(~base + n) | 1);
}

static void places_stamp(struct weft_load_template *t, uint64_t base, uint64_t now_ns)
{
    for (uint32_t i = 0; i < t->place_count; i++) {
        char *p = t->body.data + t->places[i].offset;
        uint64_t n = t->places[i].number;
        switch (t->places[i].kind) {
        case PLACE_TRACE: put_trace(p, base, n); break;
        case PLACE_SPAN: put_span(p, base, n); break;
        case PLACE_TIME: weft_store_u64(p, now_ns + n); break;
        }
    }
}

static void span_id_stamp(struct weft_span_id *id, uint64_t base)
{
    if (weft_load_u32(id->bytes) == SPAN_MARK)
        put_span(id->bytes, base, weft_load_u32(id->bytes + 4));
}
static uint64_t time_stamp(uint64_t time, uint64_t now_ns)
{
    return time >> 32 == TIME_MARK ? now_ns + (uint32_t)time : time;
}

static void batch_stamp(struct weft_span *spans, uint32_t count, uint64_t base, uint64_t now_ns)
{
    for (uint32_t i = 0; i < count; i++) {
        struct weft_span *span = &spans[i];
        if (weft_load_u64(span->trace_id.bytes) == TRACE_MARK)
            put_trace(span->trace_id.bytes, base, weft_load_u32(span->trace_id.bytes + 12));
        span_id_stamp(&span->span_id, base);
        span_id_stamp(&span->parent_span_id, base);
        span->start_time_unix_nano = time_stamp(span->start_time_unix_nano, now_ns);
        span->end_time_unix_nano = time_stamp(span->end_time_unix_nano, now_ns);
    }
}

/* ---- requests ---- */

int weft_load_template_init(struct weft_load_template *out, const struct weft_load_shape *shape,
                            const struct weft_load_draw *draw, struct weft_err *err)
{
    *out = (struct weft_load_template){ .shape = shape, .draw = *draw };
    weft_arena_init(&out->arena, 1024 * 1024);
    if (shape->kind != WEFT_LOAD_TEMPLATE) return WEFT_OK;
    struct weft_batch batch = { .arena = &out->arena };
    int rc = shape->fill(&batch, draw, err);
    if (rc == WEFT_OK) {
        weft_otlp_encode_protobuf(&out->body, &batch);
        find_places(out);
    }
    weft_arena_release(&out->arena);
    return rc;
}

void weft_load_template_release(struct weft_load_template *template)
{
    weft_buf_release(&template->body);
    weft_free(template->places);
    weft_arena_release(&template->arena);
    *template = (struct weft_load_template){ 0 };
}

int weft_load_template_batch(const struct weft_load_template *t, uint64_t number, uint64_t now_ns,
                             struct weft_batch *out, struct weft_err *err)
{
    struct weft_load_draw draw = t->draw;
    uint32_t before = out->span_count;
    if (t->shape->kind != WEFT_LOAD_TEMPLATE) draw.number = number;
    int rc = t->shape->fill(out, &draw, err);
    if (rc == WEFT_OK)
        batch_stamp(out->spans + before, out->span_count - before,
                    sending_base(t->draw.seed, number), now_ns);
    return rc;
}

int weft_load_template_stamp(struct weft_load_template *t, uint64_t number, uint64_t now_ns,
                             struct weft_err *err)
{
    if (t->shape->kind == WEFT_LOAD_TEMPLATE) {
        places_stamp(t, sending_base(t->draw.seed, number), now_ns);
        return WEFT_OK;
    }
    struct weft_batch batch = { .arena = &t->arena };
    weft_arena_reset(&t->arena);
    int rc = weft_load_template_batch(t, number, now_ns, &batch, err);
    if (rc < 0) return rc;
    weft_buf_reset(&t->body);
    weft_otlp_encode_protobuf(&t->body, &batch);
    return WEFT_OK;
}
