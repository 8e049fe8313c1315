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

int weft_load_template_init(struct weft_load_template *out, const struct weft_load_shape *shape,
                            uint32_t span_count, uint32_t variant, struct weft_err *err)
{
    struct weft_arena arena;
    weft_arena_init(&arena, 256 * 1024);
    struct weft_batch batch = { .arena = &arena };
    *out = (struct weft_load_template){ .span_count = span_count };
    int rc = shape->fill(&batch, span_count, variant, err);
    if (rc == WEFT_OK) {
        weft_otlp_encode_protobuf(&out->body, &batch);
        find_places(out);
    }
    weft_arena_release(&arena);
    return rc;
}

void weft_load_template_release(struct weft_load_template *template)
{
    weft_buf_release(&template->body);
    weft_free(template->places);
    *template = (struct weft_load_template){ 0 };
}

void weft_load_template_stamp(struct weft_load_template *t, uint64_t seed, uint64_t number,
                              uint64_t now_ns)
{
    uint64_t base = weft_hash_u64(seed ^ weft_hash_u64(number + 1));
    for (uint32_t i = 0; i < t->place_count; i++) {
        char *p = t->body.data + t->places[i].offset;
        uint64_t n = t->places[i].number;
        switch (t->places[i].kind) {
        case PLACE_TRACE:
            weft_store_u64(p, weft_hash_u64(base + 2 * n));
            weft_store_u64(p + 8, weft_hash_u64(base + 2 * n + 1) | 1); /* never all zero */
            break;
        case PLACE_SPAN: weft_store_u64(p, weft_hash_u64(~base + n) | 1); break;
        case PLACE_TIME: weft_store_u64(p, now_ns + n); break;
        }
    }
}
