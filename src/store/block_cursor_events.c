/* block_cursor_events.c -- events and links of a row as a segment's words: numbers stay numbers, so that a block that is
 * merged again grows by nothing. */
#include "store/block_cursor.h"
#include "store/codec_varint.h"

struct reading {
    struct weft_block_cursor *c;
    const uint8_t *at, *end;
    struct weft_err *err;
};

static int malformed(struct reading *r, const char *what)
{
    return weft_rows_corrupt(&r->c->rows, r->err, "events or links: %s is malformed", what);
}

/* The bytes behind a token that is spelt out. */
static int bytes_take(struct reading *r, uint64_t len, struct weft_str *out)
{
    if (len > (uint64_t)(r->end - r->at)) return malformed(r, "a string's length");
    *out = weft_str_make((const char *)r->at, (size_t)len);
    r->at += len;
    return WEFT_OK;
}

static int string_take(struct reading *r)
{
    struct weft_str s = { NULL, 0 };
    uint64_t v;
    int rc;

    if (!weft_varint_get(&r->at, r->end, &v)) return malformed(r, "a string");
    if (v & 1) {
        if ((rc = bytes_take(r, v >> 1, &s)) < 0) return rc;
        weft_cursor_spelt(r->c, s);
        return WEFT_OK;
    }
    if (v >> 1 >= (uint64_t)r->c->block->strings.count + r->c->block->blob_count)
        return malformed(r, "a string number");
    weft_cursor_string(r->c, (uint32_t)(v >> 1));
    return WEFT_OK;
}

static int key_take(struct reading *r, uint32_t type)
{
    struct weft_str s = { NULL, 0 };
    uint64_t v;
    int rc;

    if (!weft_varint_get(&r->at, r->end, &v)) return malformed(r, "a key");
    if (v & 1) {
        if ((rc = bytes_take(r, v >> 1, &s)) < 0) return rc;
        weft_cursor_spelt(r->c, s);
        weft_cursor_word(r->c, type);
        return WEFT_OK;
    }
    if (v >> 1 >= r->c->block->keys.count) return malformed(r, "a key number");
    weft_cursor_key(r->c, (uint32_t)(v >> 1), type);
    return WEFT_OK;
}

static int count_take(struct reading *r)
{
    uint64_t v;

    if (!weft_varint_get(&r->at, r->end, &v) || v > UINT32_MAX) return malformed(r, "a count");
    weft_cursor_word(r->c, (uint32_t)v);
    return WEFT_OK;
}

static int value_take(struct reading *r, uint32_t type)
{
    uint64_t v;

    switch (type) {
    case WEFT_VALUE_EMPTY: return WEFT_OK;
    case WEFT_VALUE_BOOL:
        if (r->at == r->end) return malformed(r, "a bool");
        weft_cursor_word(r->c, *r->at++ != 0);
        return WEFT_OK;
    case WEFT_VALUE_INT:
        if (!weft_varint_get(&r->at, r->end, &v)) return malformed(r, "an int");
        weft_cursor_wide(r->c, (uint64_t)weft_unzigzag(v));
        return WEFT_OK;
    case WEFT_VALUE_DOUBLE:
        if (r->end - r->at < 8) return malformed(r, "a double");
        weft_cursor_wide(r->c, weft_load_u64(r->at));
        r->at += 8;
        return WEFT_OK;
    default: return string_take(r);
    }
}

static int attributes_take(struct reading *r)
{
    uint64_t n = 0;
    int rc;

    if (!weft_varint_get(&r->at, r->end, &n) || n > (uint64_t)(r->end - r->at))
        return malformed(r, "a list of attributes");
    weft_cursor_word(r->c, WEFT_SHAPE_INLINE | (uint32_t)n);
    for (uint64_t i = 0; i < n; i++) {
        if (r->at == r->end || *r->at > WEFT_VALUE_BYTES) return malformed(r, "a value's type");
        uint32_t type = *r->at++;
        if ((rc = key_take(r, type)) < 0 || (rc = value_take(r, type)) < 0) return rc;
    }
    return WEFT_OK;
}

/* How many there are; each takes at least a byte. */
static int total_take(struct reading *r, uint64_t *n)
{
    if (!weft_varint_get(&r->at, r->end, n) || *n > (uint64_t)(r->end - r->at))
        return malformed(r, "the count");
    weft_cursor_word(r->c, (uint32_t)*n);
    return WEFT_OK;
}

int weft_cursor_events(struct weft_block_cursor *c, uint64_t start, struct weft_str bytes,
                       struct weft_err *err)
{
    struct reading r = { c, (const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len,
                         err };
    uint64_t n = 0, time;
    int rc = total_take(&r, &n);

    for (uint64_t i = 0; rc == WEFT_OK && i < n; i++) {
        if (!weft_varint_get(&r.at, r.end, &time)) return malformed(&r, "an event's time");
        weft_cursor_wide(c, start + (uint64_t)weft_unzigzag(time));
        if ((rc = string_take(&r)) < 0 || (rc = count_take(&r)) < 0) return rc;
        rc = attributes_take(&r);
    }
    return rc < 0 || r.at == r.end ? rc : malformed(&r, "the end of the events");
}

int weft_cursor_links(struct weft_block_cursor *c, struct weft_str bytes, struct weft_err *err)
{
    struct reading r = { c, (const uint8_t *)bytes.ptr, (const uint8_t *)bytes.ptr + bytes.len,
                         err };
    uint64_t n = 0;
    int rc = total_take(&r, &n);

    for (uint64_t i = 0; rc == WEFT_OK && i < n; i++) {
        if (r.end - r.at < 24) return malformed(&r, "a link's ids");
        weft_buf_append(&c->words, r.at, 24);
        r.at += 24;
        if ((rc = count_take(&r)) < 0 || (rc = string_take(&r)) < 0 || (rc = count_take(&r)) < 0)
            return rc;
        rc = attributes_take(&r);
    }
    return rc < 0 || r.at == r.end ? rc : malformed(&r, "the end of the links");
}
