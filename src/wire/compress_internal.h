/* compress_internal.h -- shared by compress.c and the inflaters it chooses from. */
#ifndef WEFT_WIRE_COMPRESS_INTERNAL_H
#define WEFT_WIRE_COMPRESS_INTERNAL_H
#include "wire/compress.h"

/* What one thread keeps: contexts cost more to make than a small body costs to inflate. */
struct weft_compress_thread {
    struct libdeflate_decompressor *deflate_reader;
    struct libdeflate_compressor *deflate_writer;
    struct z_stream_s *inflate_stream;
    struct ZSTD_DCtx_s *zstd_reader;
    struct ZSTD_CCtx_s *zstd_writer;
    struct LZ4F_dctx_s *lz4_reader;
};
struct weft_compress_thread *weft_compress_thread(void);

/* One inflation under way. */
struct weft_inflation {
    const char *name;   /* of the compression, for sentences */
    struct weft_str in; /* what is left of it */
    struct weft_buf *out;
    size_t out_start;
    uint64_t limit; /* bytes that may come out: the smaller of the two below */
    uint64_t bytes_max;
    unsigned ratio;
    size_t in_len;            /* at the start */
    struct weft_claim *claim; /* NULL: the memory is nobody's concern */
    uint64_t claimed_bytes;   /* of what comes out, by this inflation */
    int refused;              /* status, after weft_inflation_reserve() gave NULL */
    struct weft_err *err;
};
static inline uint64_t weft_inflation_produced(const struct weft_inflation *i)
{
    return i->out->len - i->out_start;
}
/* Room for exactly `bytes`, or NULL: the budget has not so much left; i->refused says how. */
char *weft_inflation_reserve(struct weft_inflation *i, size_t bytes);
/* Room to inflate into, at least one byte, at most one byte more than the limit leaves: an inflater
 * that fills that byte is over. 0: as weft_inflation_reserve(). */
size_t weft_inflation_room(struct weft_inflation *i, char **to);
/* `count` bytes were written there. WEFT_TOO_LARGE when that is over the limit. */
int weft_inflation_add(struct weft_inflation *i, size_t count);
/* May a size that the input merely claims be taken at once? Only when it is in proportion to what
 * was really sent. */
bool weft_inflation_is_plausible(const struct weft_inflation *i, uint64_t claimed);
int weft_inflation_too_large(struct weft_inflation *i);
/* WEFT_INVALID: "gzip: cut short after 17 bytes" */
int weft_inflation_broken(struct weft_inflation *i, const char *what);

/* All consume i->in wholly or fail. */
int weft_inflate_gzip(struct weft_inflation *i);
int weft_inflate_deflate(struct weft_inflation *i, enum weft_compression compression);
int weft_inflate_zstd(struct weft_inflation *i);
int weft_inflate_lz4(struct weft_inflation *i);
int weft_inflate_snappy(struct weft_inflation *i, enum weft_compression compression);

int weft_compress_snappy_framed(struct weft_buf *out, struct weft_str in, struct weft_err *err);

#endif
