/* gzip_stream.h -- one gzip member written piece by piece, for answers that are never whole in memory.
 *
 * Threads    one user at a time
 * Ownership  some 270 KiB while it lives
 * Spec       RFC 1952: one member, since browsers read no second one
 */
#ifndef WEFT_WIRE_GZIP_STREAM_H
#define WEFT_WIRE_GZIP_STREAM_H
#include "base/buf.h"

struct weft_gzip_stream;
/* NULL: no memory for it. */
struct weft_gzip_stream *weft_gzip_stream_create(void);
void weft_gzip_stream_destroy(struct weft_gzip_stream *stream); /* NULL is fine */
/* Appends `in` packed: a reader can unpack all of it at once. `is_last` ends the member. */
void weft_gzip_stream_append(struct weft_gzip_stream *stream, struct weft_buf *out,
                             struct weft_str in, bool is_last);

#endif
