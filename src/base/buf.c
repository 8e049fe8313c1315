/* buf.c -- the growing part of struct weft_buf. */
#include "base/buf.h"

#include "base/alloc.h"
#include "base/assert.h"
#include <stdarg.h>

void weft_buf_release(struct weft_buf *buf)
{
    weft_free(buf->data);
    *buf = (struct weft_buf){ 0 };
}

void weft_buf_reserve_slow(struct weft_buf *buf, size_t more)
{
    WEFT_ASSERT(more <= SIZE_MAX / 4 - buf->len, "len %zu, more %zu", buf->len, more);
    size_t capacity = buf->capacity != 0 ? buf->capacity : 64;
    while (capacity - buf->len < more) capacity *= 2;
    buf->data = weft_realloc(buf->data, capacity);
    buf->capacity = capacity;
}

void weft_buf_append_c(struct weft_buf *buf, const char *text)
{
    weft_buf_append(buf, text, strlen(text));
}

void weft_buf_append_zero(struct weft_buf *buf, size_t count)
{
    if (count == 0) return;
    memset(weft_buf_reserve(buf, count), 0, count);
    buf->len += count;
}

void weft_buf_printf(struct weft_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = buf->capacity - buf->len;
    int len = vsnprintf(room != 0 ? buf->data + buf->len : NULL, room, format, args);
    va_end(args);
    WEFT_ASSERT(len >= 0, "format \"%s\"", format);
    if ((size_t)len >= room) {
        char *at = weft_buf_reserve(buf, (size_t)len + 1);
        vsnprintf(at, (size_t)len + 1, format, again);
    }
    va_end(again);
    buf->len += (size_t)len;
}

void weft_buf_consume(struct weft_buf *buf, size_t count)
{
    WEFT_ASSERT(count <= buf->len, "count %zu, len %zu", count, buf->len);
    if (count == 0) return;
    buf->len -= count;
    memmove(buf->data, buf->data + count, buf->len);
}
