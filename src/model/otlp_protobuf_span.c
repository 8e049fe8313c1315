/* otlp_protobuf_span.c -- one OTLP span to a view: the hot path of the whole program.
 *
 * A span of 840 bytes with a dozen attributes takes about a hundred nanoseconds, much of it the
 * first look at the body's cache lines. So: one pass, no look-ahead, strings stay where they are,
 * attributes go straight to their final place at the tip of the arena (weft_otlp_run), and the
 * shape every SDK sends (key before value, lengths of one or two bytes, ASCII) is tried first.
 * Whatever else protobuf allows takes the slow way with the same result.
 *
 * Spec  C3.7.2, C3.7.3, C3.8.1
 */
#include "model/otlp_protobuf_internal.h"

#include "wire/text.h"
#include <stdarg.h>

/* ---- Failing ---- */

static void place_format(const struct weft_otlp_decoder *d, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    if (d->resource_number == 0) return;
    len += (size_t)snprintf(out, size, "resource_spans[%u]", d->resource_number - 1);
    if (d->scope_number == 0) return;
    len += (size_t)snprintf(out + len, size - len, ".scope_spans[%u]", d->scope_number - 1);
    if (d->span_number == 0) return;
    snprintf(out + len, size - len, ".spans[%u]", d->span_number - 1);
}

/* Refuse the batch. `field` starts with a dot unless empty. */
bool weft_otlp_refuse(struct weft_otlp_decoder *d, int status, const char *field, const char *why)
{
    char place[96];
    place_format(d, place, sizeof place);
    weft_fail(d->err, status, "%s%s: %s", place[0] != '\0' ? place : "request", field, why);
    return false;
}

bool weft_otlp_refuse_broken(struct weft_otlp_decoder *d, const char *field)
{
    return weft_otlp_refuse(
        d, WEFT_INVALID, field,
        "not a protobuf message (a field is cut short or of an unknown wire type)");
}

bool weft_otlp_refuse_growth(struct weft_otlp_decoder *d)
{
    const char *why;
    int status = weft_otlp_growth_refusal(&d->growth, &why);
    return weft_otlp_refuse(d, status, "", why);
}

/* ---- Primitives on pointers, so that the position stays in a register ---- */

struct varint {
    const uint8_t *at; /* behind it; NULL: broken */
    uint64_t value;
};

static __attribute__((noinline)) struct varint varint_slow(const uint8_t *p, const uint8_t *end)
{
    struct weft_pb_reader r = { p, end, false };
    uint64_t value = weft_pb_varint_slow(&r);
    return (struct varint){ r.is_broken ? NULL : r.at, value };
}

static inline struct varint varint_read(const uint8_t *p, const uint8_t *end)
{
    if (LIKELY(p < end && p[0] < 0x80)) return (struct varint){ p + 1, p[0] };
    if (LIKELY(end - p >= 2 && p[1] < 0x80))
        return (struct varint){ p + 2, (p[0] & 0x7fu) | (uint32_t)p[1] << 7 };
    return varint_slow(p, end);
}

struct weft_str weft_otlp_text_check(struct weft_otlp_decoder *d, struct weft_str s)
{
    if (weft_utf8_is_valid(s)) return s;
    d->result->mended_fields++;
    return weft_utf8_repair(s, d->arena);
}

static inline struct weft_str text(struct weft_otlp_decoder *d, const uint8_t *bytes, size_t len)
{
    struct weft_str s = { (const char *)bytes, len };
    return LIKELY(weft_otlp_is_short_ascii(s.ptr, len, d->readable_end))
               ? s
               : weft_otlp_text_check(d, s);
}

/* ---- Attributes ---- */

static bool nested_check(struct weft_otlp_decoder *d, struct weft_value *value, const char *field)
{
    bool is_kvlist = value->type == WEFT_VALUE_KVLIST, has_bad_text = false;
    switch (weft_otlp_check_nested(value->bytes, is_kvlist, 1, &has_bad_text)) {
    case WEFT_OTLP_CHECK_OK: break;
    case WEFT_OTLP_CHECK_BROKEN: return weft_otlp_refuse_broken(d, field);
    case WEFT_OTLP_CHECK_TOO_DEEP:
        return weft_otlp_refuse(d, WEFT_TOO_LARGE, field,
                                "arrays and kvlists are nested more than 32 deep");
    }
    if (has_bad_text) {
        struct weft_buf mended = { 0 };
        weft_otlp_mend_nested(&mended, value->bytes, is_kvlist, &d->result->mended_fields);
        value->bytes = weft_arena_copy(d->arena, weft_buf_str(&mended));
        weft_buf_release(&mended);
    }
    return true;
}

/* Any KeyValue at all. A key beyond the limit is noted, and the attribute not added. */
static __attribute__((noinline)) bool attribute_slow(struct weft_otlp_decoder *d,
                                                     struct weft_otlp_run *run, const uint8_t *p,
                                                     const uint8_t *end, const char *field)
{
    struct weft_str key;
    struct weft_value value;
    if (!weft_otlp_key_value(weft_str_make((const char *)p, (size_t)(end - p)), &key, &value))
        return weft_otlp_refuse_broken(d, field);
    key = weft_otlp_text_check(d, key);
    if (value.type == WEFT_VALUE_STRING) value.bytes = weft_otlp_text_check(d, value.bytes);
    if ((value.type == WEFT_VALUE_ARRAY || value.type == WEFT_VALUE_KVLIST) &&
        !nested_check(d, &value, field))
        return false;
    if (key.len > WEFT_OTLP_KEY_BYTES_MAX) {
        d->long_key_bytes = key.len;
        return true;
    }
    if (run->count == run->capacity &&
        weft_otlp_is_over_growth(&d->growth, 2 * run->capacity * sizeof *run->items))
        return weft_otlp_refuse_growth(d);
    weft_otlp_attribute_set(weft_otlp_run_next(run, d->arena), key, &value);
    run->count++;
    return true;
}

/* The value when it is an array of short ASCII strings, as nearly all are. False: whatever else it
 * is, look
 * slowly. Not inlined: arrays are rare, and the code around is the hottest there is. */
static __attribute__((noinline)) bool plain_text_array(const uint8_t *p, const uint8_t *end,
                                                       const char *readable_end,
                                                       struct weft_attribute *a)
{
    if (p[0] != TAG(WEFT_VALUE_ARRAY, WEFT_PB_BYTES)) return false;
    struct varint bytes = varint_read(p + 1, end);
    if (bytes.at == NULL || (uint64_t)(end - bytes.at) != bytes.value) return false;
    for (p = bytes.at; p < end; p += 2 + p[1]) {
        if (end - p < 4 || p[0] != TAG(1, WEFT_PB_BYTES) || p[1] >= 0x80 || p[1] < 2 ||
            end - p < 2 + p[1])
            return false;
        if (p[2] != TAG(WEFT_VALUE_STRING, WEFT_PB_BYTES) || p[3] != p[1] - 2 ||
            !weft_otlp_is_short_ascii((const char *)p + 4, p[3], readable_end))
            return false;
    }
    a->ptr = (const char *)bytes.at;
    a->value_len = (uint32_t)bytes.value;
    return true;
}

/* One KeyValue as SDKs write it: key first, then the value, nothing else. */
static inline bool attribute_decode(struct weft_otlp_decoder *d, struct weft_otlp_run *run,
                                    const uint8_t *p, const uint8_t *end, const char *field)
{
    const uint8_t *start = p;
    if (UNLIKELY(end - p < 4 || p[0] != TAG(1, WEFT_PB_BYTES) || p[1] >= 0x80)) goto slow;
    const uint8_t *key = p + 2;
    size_t key_len = p[1];
    if (UNLIKELY((size_t)(end - key) < key_len + 4))
        goto slow; /* tag and length, type and one byte */
    p = key + key_len;
    if (UNLIKELY(p[0] != TAG(2, WEFT_PB_BYTES))) goto slow;
    size_t len = p[1];
    p += 2;
    if (len >= 0x80) {
        if (UNLIKELY(p[0] >= 0x80)) goto slow;
        len = (len & 0x7f) | (size_t)p[0] << 7;
        p++;
    }
    if (UNLIKELY((size_t)(end - p) != len || len < 2)) goto slow;

    struct weft_attribute *a = weft_otlp_run_next(run, d->arena);
    uint32_t type = p[0] >> 3;
    switch (p[0]) {
    case TAG(WEFT_VALUE_STRING, WEFT_PB_BYTES): {
        size_t value_len = p[1];
        p += 2;
        if (value_len >= 0x80) {
            if (UNLIKELY(p == end || p[0] >= 0x80)) goto slow;
            value_len = (value_len & 0x7f) | (size_t)p[0] << 7;
            p++;
        }
        if (UNLIKELY((size_t)(end - p) != value_len)) goto slow;
        if (UNLIKELY(!weft_otlp_is_short_ascii((const char *)p, value_len, d->readable_end))) {
            if (!weft_utf8_is_valid(weft_str_make((const char *)p, value_len))) goto slow;
        }
        a->ptr = (const char *)p;
        a->value_len = (uint32_t)value_len;
        break;
    }
    case TAG(WEFT_VALUE_INT, WEFT_PB_VARINT): {
        struct varint v = varint_read(p + 1, end);
        if (UNLIKELY(v.at != end)) goto slow;
        a->int_value = (int64_t)v.value;
        a->value_len = 0;
        break;
    }
    case TAG(WEFT_VALUE_BOOL, WEFT_PB_VARINT):
        if (UNLIKELY(len != 2 || p[1] >= 0x80)) goto slow;
        a->int_value = p[1] != 0; /* all eight bytes defined; the bool is the lowest */
        a->value_len = 0;
        break;
    case TAG(WEFT_VALUE_DOUBLE, WEFT_PB_FIXED64):
        if (UNLIKELY(len != 9)) goto slow;
        memcpy(&a->int_value, p + 1, 8);
        a->value_len = 0;
        break;
    default: /* an array has no case: with one, this becomes a jump through a table, 7 ns a span */
        if (UNLIKELY(!plain_text_array(p, end, d->readable_end, a))) goto slow;
    }
    if (UNLIKELY(!weft_otlp_is_short_ascii((const char *)key, key_len, d->readable_end))) {
        if (!weft_utf8_is_valid(weft_str_make((const char *)key, key_len))) goto slow;
    }
    a->key = (const char *)key;
    a->key_len = (uint32_t)key_len & 0xffffff;
    a->type = type & 0xff;
    run->count++;
    return true;
slow:
    return attribute_slow(d, run, start, end, field);
}

/* Attributes of the lesser messages, which may be found in several pieces. */
bool weft_otlp_attribute_append(struct weft_otlp_decoder *d, struct weft_attributes *attributes,
                                const uint8_t *p, const uint8_t *end, const char *field,
                                struct weft_otlp_run *run)
{
    if (!attribute_decode(d, run, p, end, field)) return false;
    attributes->items = run->items;
    attributes->count = run->count;
    return true;
}

/* ---- Ids ---- */

static bool trace_id_read(struct weft_trace_id *out, struct weft_str s)
{
    if (s.len != sizeof out->bytes) return false;
    memcpy(out->bytes, s.ptr, sizeof out->bytes);
    return true;
}

static bool span_id_read(struct weft_span_id *out, struct weft_str s)
{
    if (s.len != sizeof out->bytes) return false;
    memcpy(out->bytes, s.ptr, sizeof out->bytes);
    return true;
}

static uint32_t flags_mask(struct weft_otlp_decoder *d, uint32_t flags)
{
    if (UNLIKELY(flags & ~WEFT_FLAGS_MASK)) d->result->mended_fields++;
    return flags & WEFT_FLAGS_MASK;
}

/* ---- Events, links, status ---- */

static bool event_decode(struct weft_otlp_decoder *d, struct weft_event *event, const uint8_t *p,
                         const uint8_t *end)
{
    struct weft_pb_reader r = { p, end, false };
    struct weft_otlp_run run = { 0 };
    uint32_t tag;
    memset(event, 0, sizeof *event);
    while (weft_pb_next(&r, &tag)) {
        struct weft_str s;
        switch (tag) {
        case TAG(1, WEFT_PB_FIXED64): event->time_unix_nano = weft_pb_fixed64(&r); break;
        case TAG(2, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken) event->name = text(d, (const uint8_t *)s.ptr, s.len);
            break;
        case TAG(3, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !weft_otlp_attribute_append(d, &event->attributes, r.at - s.len,
                                                            r.at, ".events.attributes", &run)) {
                return false;
            }
            break;
        case TAG(4, WEFT_PB_VARINT):
            event->attributes.dropped_count = (uint32_t)weft_pb_varint(&r);
            break;
        default: weft_pb_skip(&r, tag);
        }
    }
    weft_otlp_run_seal(&run, d->arena);
    return r.is_broken ? weft_otlp_refuse_broken(d, ".events") : true;
}

static bool link_decode(struct weft_otlp_decoder *d, struct weft_link *link, const uint8_t *p,
                        const uint8_t *end)
{
    struct weft_pb_reader r = { p, end, false };
    struct weft_otlp_run run = { 0 };
    uint32_t tag;
    memset(link, 0, sizeof *link);
    while (weft_pb_next(&r, &tag)) {
        struct weft_str s;
        switch (tag) {
        case TAG(1, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!trace_id_read(&link->trace_id, s) && s.len > 0) d->result->mended_fields++;
            break;
        case TAG(2, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!span_id_read(&link->span_id, s) && s.len > 0) d->result->mended_fields++;
            break;
        case TAG(3, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken) link->trace_state = text(d, (const uint8_t *)s.ptr, s.len);
            break;
        case TAG(4, WEFT_PB_BYTES):
            s = weft_pb_bytes(&r);
            if (!r.is_broken && !weft_otlp_attribute_append(d, &link->attributes, r.at - s.len,
                                                            r.at, ".links.attributes", &run)) {
                return false;
            }
            break;
        case TAG(5, WEFT_PB_VARINT):
            link->attributes.dropped_count = (uint32_t)weft_pb_varint(&r);
            break;
        case TAG(6, WEFT_PB_FIXED32): link->flags = flags_mask(d, weft_pb_fixed32(&r)); break;
        default: weft_pb_skip(&r, tag);
        }
    }
    weft_otlp_run_seal(&run, d->arena);
    return r.is_broken ? weft_otlp_refuse_broken(d, ".links") : true;
}

static bool status_decode(struct weft_otlp_decoder *d, struct weft_span *span, const uint8_t *p,
                          const uint8_t *end)
{
    struct weft_pb_reader r = { p, end, false };
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(2, WEFT_PB_BYTES)) {
            struct weft_str s = weft_pb_bytes(&r);
            if (!r.is_broken) span->status_message = text(d, (const uint8_t *)s.ptr, s.len);
        } else if (tag == TAG(3, WEFT_PB_VARINT)) {
            uint64_t code = weft_pb_varint(&r);
            if (code >= WEFT_STATUS_COUNT) d->result->mended_fields++;
            span->status_code = code < WEFT_STATUS_COUNT ? (uint8_t)code : WEFT_STATUS_UNSET;
        } else {
            weft_pb_skip(&r, tag);
        }
    }
    return r.is_broken ? weft_otlp_refuse_broken(d, ".status") : true;
}

/* The scratch arrays of events and links live in the arena too: a decoder needs no cleaning up. */
static void *scratch_grow(struct weft_otlp_decoder *d, void *items, uint32_t count,
                          uint32_t *capacity, size_t size)
{
    uint32_t wanted = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = weft_arena_alloc(d->arena, wanted * size);
    if (count > 0) memcpy(grown, items, count * size);
    *capacity = wanted;
    return grown;
}

static bool event_add(struct weft_otlp_decoder *d, const uint8_t *p, const uint8_t *end)
{
    if (UNLIKELY(d->event_count == d->event_capacity)) {
        if (weft_otlp_is_over_growth(&d->growth, 2 * d->event_capacity * sizeof *d->events))
            return weft_otlp_refuse_growth(d);
        d->events =
            scratch_grow(d, d->events, d->event_count, &d->event_capacity, sizeof *d->events);
    }
    return event_decode(d, &d->events[d->event_count++], p, end);
}

static bool link_add(struct weft_otlp_decoder *d, const uint8_t *p, const uint8_t *end)
{
    if (UNLIKELY(d->link_count == d->link_capacity)) {
        if (weft_otlp_is_over_growth(&d->growth, 2 * d->link_capacity * sizeof *d->links))
            return weft_otlp_refuse_growth(d);
        d->links = scratch_grow(d, d->links, d->link_count, &d->link_capacity, sizeof *d->links);
    }
    return link_decode(d, &d->links[d->link_count++], p, end);
}

static void events_and_links_keep(struct weft_otlp_decoder *d, struct weft_span *span)
{
    if (d->event_count > 0) {
        size_t bytes = d->event_count * sizeof *d->events;
        span->events = memcpy(weft_arena_alloc(d->arena, bytes), d->events, bytes);
        span->event_count = d->event_count;
        d->event_count = 0;
    }
    if (d->link_count > 0) {
        size_t bytes = d->link_count * sizeof *d->links;
        span->links = memcpy(weft_arena_alloc(d->arena, bytes), d->links, bytes);
        span->link_count = d->link_count;
        d->link_count = 0;
    }
}

/* ---- The span ---- */

/* What was wrong with the ids; lengths as received. */
struct id_lengths {
    size_t trace, span, parent;
};

static __attribute__((noinline, cold, format(printf, 2, 3))) bool reject(
    struct weft_otlp_decoder *d, const char *format, ...)
{
    if (d->result->rejected_spans++ > 0) return false;
    char place[96], why[128];
    va_list args;
    place_format(d, place, sizeof place);
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    snprintf(d->result->reason, sizeof d->result->reason, "%s: %s", place, why);
    return false;
}

/* False: the span is rejected, and counted. */
static bool span_accept(struct weft_otlp_decoder *d, struct weft_span *span,
                        const struct id_lengths *lengths)
{
    if (UNLIKELY(lengths->trace != 16))
        return reject(d, "trace_id has %zu bytes, 16 expected", lengths->trace);
    if (UNLIKELY(lengths->span != 8))
        return reject(d, "span_id has %zu bytes, 8 expected", lengths->span);
    if (UNLIKELY(weft_trace_id_is_zero(&span->trace_id))) return reject(d, "trace_id is all zero");
    if (UNLIKELY(weft_span_id_is_zero(&span->span_id))) return reject(d, "span_id is all zero");
    if (UNLIKELY(d->long_key_bytes > 0)) {
        return reject(d, "an attribute key has %zu bytes, at most 65535 expected",
                      d->long_key_bytes);
    }
    if (lengths->parent != 0 &&
        UNLIKELY(lengths->parent != 8 || weft_span_id_is_zero(&span->parent_span_id))) {
        d->result->mended_fields++;
    }
    return true;
}

static bool span_varint(struct weft_otlp_decoder *d, struct weft_span *span, uint32_t number,
                        uint64_t value)
{
    switch (number) {
    case 6:
        if (UNLIKELY(value >= WEFT_KIND_COUNT)) d->result->mended_fields++;
        span->kind = value < WEFT_KIND_COUNT ? (uint8_t)value : WEFT_KIND_UNSPECIFIED;
        break;
    case 10: span->attributes.dropped_count = (uint32_t)value; break;
    case 12: span->dropped_events_count = (uint32_t)value; break;
    case 14: span->dropped_links_count = (uint32_t)value; break;
    default: break;
    }
    return true;
}

static inline bool span_bytes(struct weft_otlp_decoder *d, struct weft_span *span, uint32_t number,
                              const uint8_t *p, const uint8_t *end, struct id_lengths *lengths)
{
    size_t len = (size_t)(end - p);
    switch (number) {
    case 1:
        lengths->trace = len;
        if (LIKELY(len == 16)) memcpy(span->trace_id.bytes, p, 16);
        break;
    case 2:
        lengths->span = len;
        if (LIKELY(len == 8)) memcpy(span->span_id.bytes, p, 8);
        break;
    case 3: span->trace_state = text(d, p, len); break;
    case 4:
        lengths->parent = len;
        memset(span->parent_span_id.bytes, 0, 8);
        if (LIKELY(len == 8)) memcpy(span->parent_span_id.bytes, p, 8);
        break;
    case 5: span->name = text(d, p, len); break;
    case 11: return event_add(d, p, end);
    case 13: return link_add(d, p, end);
    case 15: return status_decode(d, span, p, end);
    default: break;
    }
    return true;
}

/* Attributes one after the other, from the first one's length on. Returns what follows, NULL when
 * refused. */
static inline const uint8_t *span_attributes(struct weft_otlp_decoder *d, struct weft_otlp_run *run,
                                             const uint8_t *p, const uint8_t *end)
{
    for (;;) {
        struct varint len = varint_read(p, end);
        if (UNLIKELY(len.at == NULL || len.value > (uint64_t)(end - len.at))) {
            weft_otlp_refuse_broken(d, ".attributes");
            return NULL;
        }
        p = len.at + len.value;
        if (UNLIKELY(!attribute_decode(d, run, len.at, p, ".attributes"))) return NULL;
        if (p >= end || *p != TAG(9, WEFT_PB_BYTES)) break;
        p++;
    }
    weft_otlp_run_seal(run, d->arena);
    return p;
}

/* Fills *span; false when the batch is refused. */
static bool span_decode(struct weft_otlp_decoder *d, struct weft_span *span,
                        struct id_lengths *lengths, const uint8_t *p, const uint8_t *end)
{
    struct weft_otlp_run run = { 0 };
    while (p < end) {
        struct varint tag = varint_read(p, end);
        if (UNLIKELY(tag.at == NULL || tag.value > UINT32_MAX || tag.value < 8))
            return weft_otlp_refuse_broken(d, "");
        p = tag.at;
        uint32_t number = (uint32_t)tag.value >> 3;
        switch (tag.value & 7) {
        case WEFT_PB_BYTES: {
            if (number == 9) {
                if (UNLIKELY((p = span_attributes(d, &run, p, end)) == NULL)) return false;
                break;
            }
            struct varint len = varint_read(p, end);
            if (UNLIKELY(len.at == NULL || len.value > (uint64_t)(end - len.at)))
                return weft_otlp_refuse_broken(d, "");
            p = len.at + len.value;
            if (UNLIKELY(!span_bytes(d, span, number, len.at, p, lengths))) return false;
            break;
        }
        case WEFT_PB_FIXED64:
            if (UNLIKELY(end - p < 8)) return weft_otlp_refuse_broken(d, "");
            if (number == 7) span->start_time_unix_nano = weft_load_u64(p);
            if (number == 8) span->end_time_unix_nano = weft_load_u64(p);
            p += 8;
            break;
        case WEFT_PB_VARINT: {
            struct varint v = varint_read(p, end);
            if (UNLIKELY(v.at == NULL)) return weft_otlp_refuse_broken(d, "");
            p = v.at;
            span_varint(d, span, number, v.value);
            break;
        }
        case WEFT_PB_FIXED32:
            if (UNLIKELY(end - p < 4)) return weft_otlp_refuse_broken(d, "");
            if (number == 16) span->flags = flags_mask(d, weft_load_u32(p));
            p += 4;
            break;
        default: return weft_otlp_refuse_broken(d, "");
        }
    }
    span->attributes.items = run.items;
    span->attributes.count = run.count;
    return true;
}

/* Room for the spans that the rest of this ScopeSpans seems to hold, judging by the first one's
 * size. */
static __attribute__((noinline)) void batch_reserve(struct weft_batch *batch, size_t bytes_left,
                                                    size_t span_bytes)
{
    size_t wanted = bytes_left / (span_bytes < 64 ? 64 : span_bytes) + 8;
    size_t doubled = (size_t)batch->span_capacity * 2;
    size_t capacity = batch->span_count + wanted;
    if (capacity < doubled) capacity = doubled;
    struct weft_span *spans = weft_arena_alloc(batch->arena, capacity * sizeof *spans);
    if (batch->span_count > 0) memcpy(spans, batch->spans, batch->span_count * sizeof *spans);
    batch->spans = spans;
    batch->span_capacity = (uint32_t)capacity;
}

/* As memset(), for which the compiler takes "rep stos": that starts so slowly that it was a seventh
 * of the decoder. */
static inline void span_zero(struct weft_span *span)
{
    typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));
    _Static_assert(sizeof *span % sizeof(pair) == 0, "whole pairs of words");
    pair *pairs = (pair *)(void *)span;
#pragma GCC unroll 32
    for (size_t i = 0; i < sizeof *span / sizeof *pairs; i++) pairs[i] = (pair){ 0, 0 };
}

bool weft_otlp_span_add(struct weft_otlp_decoder *d, const uint8_t *p, const uint8_t *end,
                        const uint8_t *scope_end)
{
    struct weft_batch *batch = d->batch;
    struct id_lengths lengths = { 0 };
    d->span_number++;
    if (UNLIKELY(batch->span_count == batch->span_capacity)) {
        if (weft_otlp_is_over_growth(&d->growth, 0)) return weft_otlp_refuse_growth(d);
        batch_reserve(batch, (size_t)(scope_end - p), (size_t)(end - p));
    }
    struct weft_span *span = &batch->spans[batch->span_count];
    span_zero(span);
    span->scope = d->scope;
    d->long_key_bytes = 0;
    d->event_count = d->link_count = 0;
    if (UNLIKELY(!span_decode(d, span, &lengths, p, end))) return false;
    if (UNLIKELY(!span_accept(d, span, &lengths))) return true;
    events_and_links_keep(d, span);
    batch->span_count++;
    return true;
}
