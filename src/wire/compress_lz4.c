/* compress_lz4.c -- LZ4 frames, one behind the other, skippable ones too. */
#include "wire/compress_internal.h"
#include <lz4frame.h>

static LZ4F_dctx *reader_take(void)
{
    struct weft_compress_thread *t = weft_compress_thread();
    if (t->lz4_reader == NULL &&
        LZ4F_isError(LZ4F_createDecompressionContext(&t->lz4_reader, LZ4F_VERSION))) {
        t->lz4_reader = NULL;
    }
    if (t->lz4_reader != NULL) LZ4F_resetDecompressionContext(t->lz4_reader);
    return t->lz4_reader;
}

int weft_inflate_lz4(struct weft_inflation *i)
{
    LZ4F_dctx *reader = reader_take();
    if (reader == NULL) return weft_fail(i->err, WEFT_FULL, "%s: no memory to decompress", i->name);
    for (;;) {
        char *to;
        size_t room = weft_inflation_room(i, &to), written = room, read = i->in.len;
        if (room == 0) return i->refused;
        size_t result = LZ4F_decompress(reader, to, &written, i->in.ptr, &read, NULL);
        if (LZ4F_isError(result)) return weft_inflation_broken(i, LZ4F_getErrorName(result));
        i->in = weft_str_tail(i->in, read);
        int rc = weft_inflation_add(i, written);
        if (rc < 0) return rc;
        if (result == 0 && i->in.len == 0) return WEFT_OK; /* the last frame is complete */
        if (i->in.len == 0 && written < room) return weft_inflation_broken(i, "cut short");
    }
}
