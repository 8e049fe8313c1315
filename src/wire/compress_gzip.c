/* compress_gzip.c -- gzip, zlib and raw deflate.
 *
 * A gzip body usually is one member whose last four bytes tell its size: libdeflate then inflates
 * it in one go, about twice as fast as zlib. Everything else (a size that is not in proportion,
 * further members) goes through zlib, piece by piece.
 */
#include "base/alloc.h"
#include "base/endian.h"
#include "wire/compress_internal.h"
#include <libdeflate.h>
#include <zlib.h>

#define WINDOW_ZLIB 15
#define WINDOW_GZIP (15 + 16)
#define WINDOW_RAW (-15)
#define MEMBER_BYTES_MIN \
    18 /* header 10, an empty deflate block 2 (rounded), CRC and size 8: nothing shorter is whole */

static z_stream *stream_take(int window)
{
    struct weft_compress_thread *t = weft_compress_thread();
    if (t->inflate_stream == NULL) {
        t->inflate_stream = weft_alloc_zero(sizeof *t->inflate_stream);
        if (inflateInit2(t->inflate_stream, window) != Z_OK) {
            weft_free(t->inflate_stream);
            t->inflate_stream = NULL;
        }
    } else if (inflateReset2(t->inflate_stream, window) != Z_OK) {
        return NULL;
    }
    return t->inflate_stream;
}

/* zlib counts in unsigned int: a longer input is handed over in parts. */
static unsigned part_of(size_t len)
{
    return len < (1u << 30) ? (unsigned)len : 1u << 30;
}

/* One zlib stream or gzip member off the front of i->in. */
static int stream_inflate(struct weft_inflation *i, int window)
{
    z_stream *z = stream_take(window);
    if (z == NULL) return weft_fail(i->err, WEFT_FULL, "%s: no memory to decompress", i->name);
    for (;;) {
        char *to;
        size_t room = weft_inflation_room(i, &to);
        if (room == 0) return i->refused;
        unsigned in_part = part_of(i->in.len), out_part = part_of(room);
        z->next_in = (Bytef *)(uintptr_t)i->in.ptr; /* zlib only reads it, but does not say so */
        z->avail_in = in_part;
        z->next_out = (Bytef *)to;
        z->avail_out = out_part;
        int result = inflate(z, Z_NO_FLUSH);
        i->in = weft_str_tail(i->in, in_part - z->avail_in);
        int rc = weft_inflation_add(i, out_part - z->avail_out);
        if (rc < 0) return rc;
        if (result == Z_STREAM_END) return WEFT_OK;
        if (result == Z_BUF_ERROR || (result == Z_OK && i->in.len == 0 && z->avail_out > 0)) {
            return weft_inflation_broken(i, "cut short");
        }
        if (result == Z_MEM_ERROR)
            return weft_fail(i->err, WEFT_FULL, "%s: no memory to decompress", i->name);
        if (result != Z_OK)
            return weft_inflation_broken(i, z->msg != NULL ? z->msg : "broken data");
    }
}

/* 1: the first member is done. 0: not this way, let zlib try. Negative: an error. */
static int member_inflate_at_once(struct weft_inflation *i)
{
    struct weft_compress_thread *t = weft_compress_thread();
    if (t->deflate_reader == NULL) t->deflate_reader = libdeflate_alloc_decompressor();
    if (t->deflate_reader == NULL || i->in.len < MEMBER_BYTES_MIN) return 0;
    uint32_t claimed = weft_load_u32(i->in.ptr + i->in.len - 4);
    if (!weft_inflation_is_plausible(i, claimed)) return 0;
    char *to = weft_inflation_reserve(i, (size_t)claimed + 1);
    if (to == NULL) return i->refused;
    size_t used = 0, len = 0;
    /* Exactly the claimed room: a member that holds more than the end of the input says is left to
     * zlib. */
    if (libdeflate_gzip_decompress_ex(t->deflate_reader, i->in.ptr, i->in.len, to, claimed, &used,
                                      &len) != LIBDEFLATE_SUCCESS) {
        return 0; /* zlib says what is wrong with it, or copes */
    }
    i->in = weft_str_tail(i->in, used);
    int rc = weft_inflation_add(i, len);
    return rc < 0 ? rc : 1;
}

int weft_inflate_gzip(struct weft_inflation *i)
{
    bool is_first = true;
    do {
        if (!is_first &&
            (i->in.len < 2 || (uint8_t)i->in.ptr[0] != 0x1f || (uint8_t)i->in.ptr[1] != 0x8b)) {
            return weft_inflation_broken(i, "bytes that are no gzip member behind the last one");
        }
        int rc = is_first ? member_inflate_at_once(i) : 0;
        if (rc == 0) rc = stream_inflate(i, WINDOW_GZIP);
        if (rc < 0) return rc;
        is_first = false;
    } while (i->in.len > 0);
    return WEFT_OK;
}

/* RFC 1950 2.2: method 8, window at most 32 KiB, check bits. A raw deflate stream cannot look like
 * that unless it begins with a
 * stored block with padding bits set, which no compressor writes. */
static bool has_zlib_header(struct weft_str in)
{
    if (in.len < 2) return false;
    unsigned method = (uint8_t)in.ptr[0], flags = (uint8_t)in.ptr[1];
    return (method & 15) == 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 == 0;
}

int weft_inflate_deflate(struct weft_inflation *i, enum weft_compression compression)
{
    /* Senders of "deflate" disagree about its format; both are taken. */
    bool is_raw = compression == WEFT_COMPRESSION_DEFLATE && !has_zlib_header(i->in);
    int rc = stream_inflate(i, is_raw ? WINDOW_RAW : WINDOW_ZLIB);
    if (rc == WEFT_OK && i->in.len > 0)
        return weft_inflation_broken(i, "bytes behind the end of the stream");
    return rc;
}
