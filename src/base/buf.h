/* buf.h -- a growing run of bytes.
 *
 * Shape      data, len, capacity; grows by doubling
 * Threads    one owner
 * Ownership  the buffer owns its bytes until weft_buf_release()
 */
#ifndef WEFT_BASE_BUF_H
#define WEFT_BASE_BUF_H
#include "base/str.h"

struct weft_buf {
    char *data;
    size_t len;
    size_t capacity;
};

/* A zeroed struct is a valid empty buffer. */
void weft_buf_release(struct weft_buf *buf);
void weft_buf_reserve_slow(struct weft_buf *buf, size_t more);
/* Room for `more` bytes behind len; returns where they go. */
static inline char *weft_buf_reserve(struct weft_buf *buf, size_t more)
{
    if (__builtin_expect(buf->capacity - buf->len < more, 0)) weft_buf_reserve_slow(buf, more);
    return buf->data + buf->len;
}
static inline void weft_buf_append(struct weft_buf *buf, const void *bytes, size_t len)
{
    if (len == 0) return;
    memcpy(weft_buf_reserve(buf, len), bytes, len);
    buf->len += len;
}
static inline void weft_buf_append_str(struct weft_buf *buf, struct weft_str s)
{
    weft_buf_append(buf, s.ptr, s.len);
}
static inline void weft_buf_append_byte(struct weft_buf *buf, char byte)
{
    *weft_buf_reserve(buf, 1) = byte;
    buf->len++;
}
void weft_buf_append_c(struct weft_buf *buf, const char *text);
void weft_buf_append_zero(struct weft_buf *buf, size_t count);
void weft_buf_printf(struct weft_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drop the first `count` bytes (moves the rest to the front). */
void weft_buf_consume(struct weft_buf *buf, size_t count);
static inline struct weft_str weft_buf_str(const struct weft_buf *buf)
{
    return (struct weft_str){ buf->data, buf->len };
}
static inline void weft_buf_reset(struct weft_buf *buf)
{
    buf->len = 0;
}

#endif
