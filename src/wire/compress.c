/* compress.c -- names, limits and threads of compression, and all compressors; inflaters are in
 * compress_*.c. */
#include "base/alloc.h"
#include "wire/compress_internal.h"
#include <libdeflate.h>
#include <lz4frame.h>
#include <pthread.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#define RATIO_DEFAULT 1000
#define RATIO_SLACK_BYTES (1024 * 1024)
#define GZIP_LEVEL 6
#define ZSTD_LEVEL 3

static const char *const names[WEFT_COMPRESSION_COUNT] = {
    [WEFT_COMPRESSION_NONE] = "identity",
    [WEFT_COMPRESSION_GZIP] = "gzip",
    [WEFT_COMPRESSION_DEFLATE] = "deflate",
    [WEFT_COMPRESSION_ZLIB] = "zlib",
    [WEFT_COMPRESSION_ZSTD] = "zstd",
    [WEFT_COMPRESSION_SNAPPY] = "snappy",
    [WEFT_COMPRESSION_SNAPPY_FRAMED] = "x-snappy-framed",
    [WEFT_COMPRESSION_LZ4] = "lz4",
};

bool weft_compression_parse(struct weft_str name, enum weft_compression *out)
{
    if (name.len == 0) {
        *out = WEFT_COMPRESSION_NONE;
        return true;
    }
    if (weft_str_equal_ignoring_case(name, WEFT_S("x-gzip")))
        name = WEFT_S("gzip"); /* RFC 9110 8.4.1.3 */
    for (int i = 0; i < WEFT_COMPRESSION_COUNT; i++) {
        if (!weft_str_equal_ignoring_case(name, weft_str_from_c(names[i]))) continue;
        *out = (enum weft_compression)i;
        return true;
    }
    return false;
}

const char *weft_compression_name(enum weft_compression compression)
{
    return compression < WEFT_COMPRESSION_COUNT ? names[compression] : "unknown";
}

/* --- what a thread keeps --- */

static _Thread_local struct weft_compress_thread this_thread;
static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void thread_release(void *contexts)
{
    struct weft_compress_thread *t = contexts;
    libdeflate_free_decompressor(t->deflate_reader);
    libdeflate_free_compressor(t->deflate_writer);
    if (t->inflate_stream != NULL) inflateEnd(t->inflate_stream);
    weft_free(t->inflate_stream);
    ZSTD_freeDCtx(t->zstd_reader);
    ZSTD_freeCCtx(t->zstd_writer);
    LZ4F_freeDecompressionContext(t->lz4_reader);
    *t = (struct weft_compress_thread){ 0 };
}

static void thread_key_make(void)
{
    pthread_key_create(&thread_key, thread_release);
}

struct weft_compress_thread *weft_compress_thread(void)
{
    /* The key is only there to be told when the thread ends. */
    pthread_once(&thread_key_once, thread_key_make);
    pthread_setspecific(thread_key, &this_thread);
    return &this_thread;
}

void weft_compress_thread_release(void)
{
    thread_release(&this_thread);
}

/* --- limits --- */

int weft_inflation_too_large(struct weft_inflation *i)
{
    if (i->limit == i->bytes_max) {
        return weft_fail(i->err, WEFT_TOO_LARGE,
                         "%s: more than the %llu bytes allowed after decompression", i->name,
                         (unsigned long long)i->bytes_max);
    }
    return weft_fail(i->err, WEFT_TOO_LARGE,
                     "%s: %zu bytes become more than %u times as many, which looks like a bomb",
                     i->name, i->in_len, i->ratio);
}

int weft_inflation_broken(struct weft_inflation *i, const char *what)
{
    return weft_fail(i->err, WEFT_INVALID, "%s: %s (%zu of %zu bytes read, %llu bytes came out)",
                     i->name, what, i->in_len - i->in.len, i->in_len,
                     (unsigned long long)weft_inflation_produced(i));
}

char *weft_inflation_reserve(struct weft_inflation *i, size_t bytes)
{
    uint64_t whole = weft_inflation_produced(i) + bytes;
    if (i->claim != NULL && whole > i->claimed_bytes) {
        int64_t more = (int64_t)(whole - i->claimed_bytes);
        if (weft_claim_never_fits(i->claim, more)) {
            i->refused =
                weft_fail(i->err, WEFT_TOO_LARGE,
                          "%s: %llu bytes after decompression do not fit into memory.limit",
                          i->name, (unsigned long long)whole);
            return NULL;
        }
        if (!weft_claim_add(i->claim, more)) {
            i->refused =
                weft_fail(i->err, WEFT_FULL,
                          "%s: no room for %llu bytes after decompression now; send again later",
                          i->name, (unsigned long long)whole);
            return NULL;
        }
        i->claimed_bytes = whole;
    }
    return weft_buf_reserve(i->out, bytes);
}

size_t weft_inflation_room(struct weft_inflation *i, char **to)
{
    uint64_t left = i->limit - weft_inflation_produced(i) + 1;
    /* First four times the input, then as much again as there is: the buffer doubles. */
    uint64_t want = weft_inflation_produced(i) > 0 ? weft_inflation_produced(i)
                                                   : (uint64_t)i->in_len * 4 + 1024;
    size_t spare = i->out->capacity - i->out->len;
    if (want < spare || spare >= 64 * 1024) want = spare;
    if (want > left) want = left;
    *to = weft_inflation_reserve(i, (size_t)want);
    return *to != NULL ? (size_t)want : 0;
}

int weft_inflation_add(struct weft_inflation *i, size_t count)
{
    i->out->len += count;
    return weft_inflation_produced(i) > i->limit ? weft_inflation_too_large(i) : WEFT_OK;
}

bool weft_inflation_is_plausible(const struct weft_inflation *i, uint64_t claimed)
{
    return claimed <= i->limit - weft_inflation_produced(i) &&
           claimed <= (uint64_t)i->in.len * 64 + 64 * 1024;
}

/* --- the door in --- */

static int inflate_by(struct weft_inflation *i, enum weft_compression compression)
{
    switch (compression) {
    case WEFT_COMPRESSION_GZIP: return weft_inflate_gzip(i);
    case WEFT_COMPRESSION_DEFLATE:
    case WEFT_COMPRESSION_ZLIB: return weft_inflate_deflate(i, compression);
    case WEFT_COMPRESSION_ZSTD: return weft_inflate_zstd(i);
    case WEFT_COMPRESSION_LZ4: return weft_inflate_lz4(i);
    case WEFT_COMPRESSION_SNAPPY:
    case WEFT_COMPRESSION_SNAPPY_FRAMED: return weft_inflate_snappy(i, compression);
    default:
        return weft_fail(i->err, WEFT_UNSUPPORTED, "compression %d is unknown", (int)compression);
    }
}

int weft_decompress(struct weft_buf *out, enum weft_compression compression, struct weft_str in,
                    uint64_t bytes_max, unsigned ratio, struct weft_err *err)
{
    return weft_decompress_claimed(out, compression, in, bytes_max, ratio, NULL, err);
}

int weft_decompress_claimed(struct weft_buf *out, enum weft_compression compression,
                            struct weft_str in, uint64_t bytes_max, unsigned ratio,
                            struct weft_claim *claim, struct weft_err *err)
{
    if (ratio == 0) ratio = RATIO_DEFAULT;
    uint64_t by_ratio;
    if (__builtin_mul_overflow((uint64_t)in.len, ratio, &by_ratio) ||
        by_ratio > UINT64_MAX - RATIO_SLACK_BYTES) {
        by_ratio = UINT64_MAX - RATIO_SLACK_BYTES;
    }
    by_ratio += RATIO_SLACK_BYTES;
    /* Limits add one to themselves below: leave room for it. */
    if (bytes_max > INT64_MAX) bytes_max = INT64_MAX;
    struct weft_inflation i = { .name = weft_compression_name(compression),
                                .in = in,
                                .out = out,
                                .out_start = out->len,
                                .limit = by_ratio < bytes_max ? by_ratio : bytes_max,
                                .bytes_max = bytes_max,
                                .ratio = ratio,
                                .in_len = in.len,
                                .claim = claim,
                                .err = err };
    if (compression == WEFT_COMPRESSION_NONE) {
        if (in.len > bytes_max) return weft_inflation_too_large(&i);
        if (weft_inflation_reserve(&i, in.len) == NULL) return i.refused;
        weft_buf_append_str(out, in);
        return WEFT_OK;
    }
    int rc = in.len > 0 ? inflate_by(&i, compression)
                        : weft_inflation_broken(&i, "nothing there to decompress");
    if (rc < 0) out->len = i.out_start;
    return rc;
}

/* --- compressors --- */

static int gzip_write(struct weft_buf *out, enum weft_compression compression, struct weft_str in,
                      struct weft_err *err)
{
    struct weft_compress_thread *t = weft_compress_thread();
    if (t->deflate_writer == NULL) t->deflate_writer = libdeflate_alloc_compressor(GZIP_LEVEL);
    if (t->deflate_writer == NULL)
        return weft_fail(err, WEFT_FULL, "no memory for a gzip compressor");
    bool is_gzip = compression == WEFT_COMPRESSION_GZIP;
    size_t room = is_gzip ? libdeflate_gzip_compress_bound(t->deflate_writer, in.len)
                          : libdeflate_zlib_compress_bound(t->deflate_writer, in.len);
    char *to = weft_buf_reserve(out, room);
    size_t len = is_gzip ? libdeflate_gzip_compress(t->deflate_writer, in.ptr, in.len, to, room)
                         : libdeflate_zlib_compress(t->deflate_writer, in.ptr, in.len, to, room);
    if (len == 0)
        return weft_fail(err, WEFT_IO, "%s compression failed", weft_compression_name(compression));
    out->len += len;
    return WEFT_OK;
}

static int zstd_write(struct weft_buf *out, struct weft_str in, struct weft_err *err)
{
    struct weft_compress_thread *t = weft_compress_thread();
    if (t->zstd_writer == NULL) t->zstd_writer = ZSTD_createCCtx();
    if (t->zstd_writer == NULL) return weft_fail(err, WEFT_FULL, "no memory for a zstd compressor");
    size_t room = ZSTD_compressBound(in.len);
    size_t len = ZSTD_compressCCtx(t->zstd_writer, weft_buf_reserve(out, room), room, in.ptr,
                                   in.len, ZSTD_LEVEL);
    if (ZSTD_isError(len))
        return weft_fail(err, WEFT_IO, "zstd compression failed: %s", ZSTD_getErrorName(len));
    out->len += len;
    return WEFT_OK;
}

static int lz4_write(struct weft_buf *out, struct weft_str in, struct weft_err *err)
{
    size_t room = LZ4F_compressFrameBound(in.len, NULL);
    size_t len = LZ4F_compressFrame(weft_buf_reserve(out, room), room, in.ptr, in.len, NULL);
    if (LZ4F_isError(len))
        return weft_fail(err, WEFT_IO, "lz4 compression failed: %s", LZ4F_getErrorName(len));
    out->len += len;
    return WEFT_OK;
}

static int snappy_write(struct weft_buf *out, struct weft_str in, struct weft_err *err)
{
    size_t len = snappy_max_compressed_length(in.len);
    char *to = weft_buf_reserve(out, len);
    if (snappy_compress(in.ptr, in.len, to, &len) != SNAPPY_OK) {
        return weft_fail(err, WEFT_IO, "snappy compression failed");
    }
    out->len += len;
    return WEFT_OK;
}

int weft_compress(struct weft_buf *out, enum weft_compression compression, struct weft_str in,
                  struct weft_err *err)
{
    if (in.ptr == NULL) in.ptr = ""; /* the libraries want an address even for nothing */
    switch (compression) {
    case WEFT_COMPRESSION_NONE: weft_buf_append_str(out, in); return WEFT_OK;
    case WEFT_COMPRESSION_GZIP:
    case WEFT_COMPRESSION_DEFLATE: /* HTTP's "deflate" is zlib's format (RFC 9110 8.4.1.2) */
    case WEFT_COMPRESSION_ZLIB: return gzip_write(out, compression, in, err);
    case WEFT_COMPRESSION_ZSTD: return zstd_write(out, in, err);
    case WEFT_COMPRESSION_SNAPPY: return snappy_write(out, in, err);
    case WEFT_COMPRESSION_SNAPPY_FRAMED: return weft_compress_snappy_framed(out, in, err);
    case WEFT_COMPRESSION_LZ4: return lz4_write(out, in, err);
    default: return weft_fail(err, WEFT_UNSUPPORTED, "compression %d is unknown", (int)compression);
    }
}
