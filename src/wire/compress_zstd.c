/* compress_zstd.c -- zstd frames.
 *
 * Most senders stream: their frames do not tell the size of the content. The block headers bound
 * it, though (each block gives at most 128 KiB), and with room for all of it at hand the frame is
 * inflated in one go: no window is allocated and nothing is copied out of it. Frames whose bound is
 * out of proportion are streamed under the limits, with a window of at most 8 MiB.
 */
#include "base/endian.h"
#include "wire/compress_internal.h"
#include <zstd.h>

#define WINDOW_LOG_MAX 23 /* RFC 8878 3.1.1.1.2 recommends decoders to support at least 8 MiB */
#define BLOCK_BYTES_MAX 131072
#define MAGIC 0xfd2fb528u
#define SKIPPABLE_MAGIC 0x184d2a50u /* and the fifteen above it */

struct frame {
    uint64_t content_bound; /* what the blocks give at most; 0 for skippable frames */
    size_t len;             /* compressed, with header and checksum */
};

/* RFC 8878 3.1.1.1: how long the frame header is, and how much one block may give. 0: not whole. */
static size_t frame_header_read(struct weft_str in, uint64_t *block_max, bool *has_checksum)
{
    static const uint8_t dictionary_bytes[] = { 0, 1, 2, 4 }, size_bytes[] = { 0, 2, 4, 8 };
    if (in.len < 6) return 0;
    uint8_t descriptor = (uint8_t)in.ptr[4];
    bool is_single_segment = descriptor & 0x20;
    *has_checksum = descriptor & 0x04;
    *block_max = BLOCK_BYTES_MAX;
    if (!is_single_segment) {
        uint8_t window = (uint8_t)in.ptr[5];
        uint64_t base = UINT64_C(1) << (10 + (window >> 3)), bytes = base + base / 8 * (window & 7);
        if (bytes < *block_max) *block_max = bytes;
    }
    size_t content_size_bytes = size_bytes[descriptor >> 6];
    if (is_single_segment && content_size_bytes == 0) content_size_bytes = 1;
    size_t len =
        5 + !is_single_segment + (size_t)dictionary_bytes[descriptor & 3] + content_size_bytes;
    return len <= in.len ? len : 0;
}

/* Walk the block headers of the frame at the front. False: not whole, or no such blocks. */
static bool frame_measure(struct weft_str in, struct frame *frame)
{
    uint64_t block_max;
    bool has_checksum, is_last = false;
    size_t at = frame_header_read(in, &block_max, &has_checksum);
    if (at == 0) return false;
    frame->content_bound = 0;
    while (!is_last) {
        if (in.len - at < 3) return false;
        const uint8_t *p = (const uint8_t *)in.ptr + at;
        uint32_t header = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
        uint32_t type = header >> 1 & 3, size = header >> 3;
        is_last = header & 1;
        if (type == 3) return false;
        frame->content_bound +=
            type == 2 ? block_max : size; /* raw and RLE blocks tell their size exactly */
        size_t sent = type == 1 ? 1 : size;
        if (in.len - at - 3 < sent) return false;
        at += 3 + sent;
    }
    if (has_checksum && in.len - at < 4) return false;
    frame->len = at + (has_checksum ? 4 : 0);
    return true;
}

static int zstd_broken(struct weft_inflation *i, size_t result)
{
    char what[96];
    snprintf(what, sizeof what, "%s", ZSTD_getErrorName(result));
    return weft_inflation_broken(i, what);
}

static int frame_inflate_at_once(struct weft_inflation *i, ZSTD_DCtx *reader,
                                 const struct frame *frame)
{
    size_t room = (size_t)frame->content_bound;
    char *to = weft_inflation_reserve(i, room + 1);
    if (to == NULL) return i->refused;
    size_t result = ZSTD_decompressDCtx(reader, to, room, i->in.ptr, frame->len);
    if (ZSTD_isError(result)) return zstd_broken(i, result);
    i->in = weft_str_tail(i->in, frame->len);
    return weft_inflation_add(i, result);
}

static int frame_stream(struct weft_inflation *i, ZSTD_DCtx *reader)
{
    ZSTD_DCtx_reset(reader, ZSTD_reset_session_only);
    for (;;) {
        char *to;
        size_t room = weft_inflation_room(i, &to);
        if (room == 0) return i->refused;
        ZSTD_inBuffer from = { i->in.ptr, i->in.len, 0 };
        ZSTD_outBuffer into = { to, room, 0 };
        size_t result = ZSTD_decompressStream(reader, &into, &from);
        i->in = weft_str_tail(i->in, from.pos);
        if (ZSTD_isError(result)) return zstd_broken(i, result);
        int rc = weft_inflation_add(i, into.pos);
        if (rc < 0) return rc;
        if (result == 0) return WEFT_OK; /* the frame is complete */
        if (i->in.len == 0 && into.pos < room) return weft_inflation_broken(i, "cut short");
    }
}

static int skippable_skip(struct weft_inflation *i)
{
    if (i->in.len < 8) return weft_inflation_broken(i, "cut short");
    uint32_t len = weft_load_u32(i->in.ptr + 4);
    if (i->in.len - 8 < len) return weft_inflation_broken(i, "cut short");
    i->in = weft_str_tail(i->in, 8 + (size_t)len);
    return WEFT_OK;
}

static ZSTD_DCtx *reader_take(void)
{
    struct weft_compress_thread *t = weft_compress_thread();
    if (t->zstd_reader == NULL) {
        t->zstd_reader = ZSTD_createDCtx();
        if (t->zstd_reader != NULL)
            ZSTD_DCtx_setParameter(t->zstd_reader, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    }
    return t->zstd_reader;
}

static int frame_inflate(struct weft_inflation *i, ZSTD_DCtx *reader)
{
    uint32_t magic = i->in.len >= 4 ? weft_load_u32(i->in.ptr) : 0;
    if ((magic & ~15u) == SKIPPABLE_MAGIC) return skippable_skip(i);
    if (magic != MAGIC) {
        return weft_inflation_broken(i, i->in.len == i->in_len
                                            ? "does not begin with a zstd frame"
                                            : "bytes that are no zstd frame behind the last one");
    }
    struct frame frame;
    if (!frame_measure(i->in, &frame))
        return weft_inflation_broken(i, "cut short, or broken block headers");
    bool fits = weft_inflation_is_plausible(i, frame.content_bound) ||
                (frame.content_bound <= 4 * BLOCK_BYTES_MAX &&
                 frame.content_bound <= i->limit - weft_inflation_produced(i));
    return fits ? frame_inflate_at_once(i, reader, &frame) : frame_stream(i, reader);
}

int weft_inflate_zstd(struct weft_inflation *i)
{
    ZSTD_DCtx *reader = reader_take();
    if (reader == NULL) return weft_fail(i->err, WEFT_FULL, "%s: no memory to decompress", i->name);
    while (i->in.len > 0) {
        int rc = frame_inflate(i, reader);
        if (rc < 0) return rc;
    }
    return WEFT_OK;
}
