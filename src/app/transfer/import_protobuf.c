/* import_protobuf.c -- TracesData, message after message, and frames around them (import_internal.h). */
#include "app/transfer/import_internal.h"
#include "wire/protobuf.h"

#define RESOURCE_SPANS (1 << 3 | WEFT_PB_BYTES)

bool weft_import_is_protobuf(struct weft_str text)
{
    struct weft_pb_reader r = weft_pb_reader_make(text);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag != RESOURCE_SPANS) return false;
        weft_pb_skip(&r, tag);
    }
    return !r.is_broken;
}

int weft_import_protobuf(struct weft_import_reading *x, struct weft_err *err)
{
    struct weft_pb_reader r = weft_pb_reader_make(x->text);
    const char *start = x->text.ptr;
    uint32_t tag;
    int rc = WEFT_OK;
    x->is_binary = true;
    while (rc == WEFT_OK && weft_pb_next(&r, &tag)) { /* a list: any stretch of it is a message */
        weft_pb_skip(&r, tag);
        size_t len = (size_t)((const char *)r.at - start);
        if (r.is_broken || (len < WEFT_IMPORT_PIECE_BYTES && r.at < r.end)) continue;
        rc = weft_import_piece(x, weft_otlp_decode_protobuf, weft_str_make(start, len),
                               (size_t)(start - x->text.ptr), err);
        start = (const char *)r.at;
    }
    if (r.is_broken)
        weft_import_broken(x, (size_t)(start - x->text.ptr),
                           "found bytes that are no whole protobuf field, expected a "
                           "ResourceSpans of OTLP TracesData");
    return rc;
}

static uint32_t frame_bytes(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Does it begin as a message can? */
static bool is_message_start(struct weft_str text)
{
    return text.len > 0 &&
           (text.ptr[0] == RESOURCE_SPANS || text.ptr[0] == '{' || weft_import_is_compressed(text));
}

bool weft_import_is_framed(struct weft_str text)
{
    if (text.len < 5 || frame_bytes(text.ptr) > text.len - 4) return false;
    /* A protobuf message begins with 0x0a: as a length that would be 167 MB and more. */
    return text.ptr[0] != RESOURCE_SPANS && is_message_start(weft_str_tail(text, 4));
}

static int frame_read(struct weft_import_reading *x, struct weft_str frame, size_t at,
                      struct weft_err *err)
{
    struct weft_buf inflated = { 0 };
    int rc = WEFT_OK;
    if (weft_import_is_compressed(frame)) {
        rc = weft_import_inflate(&inflated, frame, err);
        if (rc < 0) {
            weft_import_broken(x, at, err->text);
            weft_buf_release(&inflated);
            return WEFT_OK;
        }
        frame = weft_buf_str(&inflated);
    }
    struct weft_str whole = x->text;
    uint64_t before = x->bytes_before;
    x->text = frame;
    x->bytes_before += at;
    x->counted_at = 0;
    rc = weft_import_message(x, err);
    x->is_binary = true;
    x->text = whole;
    x->bytes_before = before;
    weft_buf_release(&inflated);
    return rc;
}

int weft_import_frames(struct weft_import_reading *x, struct weft_err *err)
{
    size_t at = 0;
    int rc = WEFT_OK;
    x->is_binary = true;
    while (rc == WEFT_OK && at < x->text.len) {
        struct weft_str rest = weft_str_tail(x->text, at);
        if (rest.len < 4 || frame_bytes(rest.ptr) > rest.len - 4) {
            weft_import_broken(x, at, "the file ends within a message");
            break;
        }
        uint32_t len = frame_bytes(rest.ptr);
        rc = frame_read(x, weft_str_make(rest.ptr + 4, len), at + 4, err);
        at += 4 + (size_t)len;
    }
    return rc;
}
