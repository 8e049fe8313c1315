/* gzip_stream.c -- zlib's streaming deflate (gzip_stream.h). */
#include "wire/gzip_stream.h"
#include "base/alloc.h"
#include "base/assert.h"
#define ZLIB_CONST /* next_in is not written to */
#include <zlib.h>

/* As libdeflate's level for whole answers: about twice as fast as zlib's default, a tenth larger. */
#define LEVEL 4
#define GZIP_WINDOW_BITS (15 + 16) /* the largest window, and a gzip header */
#define MEMORY_LEVEL 8
#define STEP_BYTES ((size_t)64 << 10)

struct weft_gzip_stream {
    z_stream z;
};

struct weft_gzip_stream *weft_gzip_stream_create(void)
{
    struct weft_gzip_stream *stream = weft_alloc_zero(sizeof *stream);
    if (deflateInit2(&stream->z, LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) == Z_OK)
        return stream;
    weft_free(stream);
    return NULL;
}

void weft_gzip_stream_destroy(struct weft_gzip_stream *stream)
{
    if (stream == NULL) return;
    deflateEnd(&stream->z);
    weft_free(stream);
}

void weft_gzip_stream_append(struct weft_gzip_stream *stream, struct weft_buf *out,
                             struct weft_str in, bool is_last)
{
    z_stream *z = &stream->z;
    WEFT_ASSERT(in.len <= UINT32_MAX, "%zu bytes in one piece", in.len);
    z->next_in = (const Bytef *)in.ptr;
    z->avail_in = (uInt)in.len;
    do {
        weft_buf_reserve(out, STEP_BYTES);
        z->next_out = (Bytef *)out->data + out->len;
        z->avail_out = STEP_BYTES;
        int rc = deflate(z, is_last ? Z_FINISH : Z_SYNC_FLUSH);
        WEFT_ASSERT(rc != Z_STREAM_ERROR, "deflate: %d", rc);
        out->len += STEP_BYTES - z->avail_out;
    } while (z->avail_out == 0);
}
