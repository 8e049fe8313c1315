/* block_blob.c -- reading long values of a block. */
#include "store/block_blob.h"
#include "base/hash.h"
#include "store/codec_zstd.h"

int weft_block_blobs_open(struct weft_block *b, struct weft_err *err)
{
    uint64_t len = b->sections[WEFT_BLOCK_BLOBS].bytes;
    int rc;

    if (!b->sections[WEFT_BLOCK_BLOBS].is_there) return WEFT_OK;
    if (len % WEFT_BLOB_ENTRY_BYTES != 0 || len / WEFT_BLOB_ENTRY_BYTES > INT32_MAX)
        return weft_fail(err, WEFT_CORRUPT, "block %s: blobs: %llu bytes are no whole entries",
                         b->path, (unsigned long long)len);
    if ((rc = weft_block_bytes(b, b->sections[WEFT_BLOCK_BLOBS].offset, len, "blobs", &b->blobs,
                               err)) < 0)
        return rc;
    b->blob_count = (uint32_t)(len / WEFT_BLOB_ENTRY_BYTES);
    for (uint32_t i = 0; i < b->blob_count; i++) {
        struct weft_blob blob = weft_block_blob(b, i);
        if (blob.offset > b->data_bytes || blob.stored_bytes > b->data_bytes - blob.offset ||
            blob.stored_bytes > blob.raw_bytes || blob.raw_bytes > WEFT_BLOB_BYTES_MAX)
            return weft_fail(err, WEFT_CORRUPT, "block %s: blob %u lies outside of the file",
                             b->path, i);
    }
    return WEFT_OK;
}

struct weft_blob weft_block_blob(const struct weft_block *b, uint32_t i)
{
    const uint8_t *e = b->blobs + (size_t)i * WEFT_BLOB_ENTRY_BYTES;
    return (struct weft_blob){ .hash = e,
                               .offset = weft_load_u64(e + 16),
                               .stored_bytes = weft_load_u32(e + 24),
                               .raw_bytes = weft_load_u32(e + 28),
                               .preview = (const char *)e + 32 };
}

int weft_block_blob_stored(struct weft_block *b, uint32_t i, const uint8_t **out,
                           struct weft_err *err)
{
    struct weft_blob blob = weft_block_blob(b, i);
    return weft_block_bytes(b, blob.offset, blob.stored_bytes, "blob", out, err);
}

int weft_block_blob_read(struct weft_block *b, uint32_t i, struct weft_buf *out,
                         struct weft_err *err)
{
    struct weft_blob blob = weft_block_blob(b, i);
    const uint8_t *stored;
    int rc = weft_block_blob_stored(b, i, &stored, err);

    weft_buf_reset(out);
    if (rc < 0) return rc;
    if (blob.stored_bytes == blob.raw_bytes) {
        weft_buf_append(out, stored, blob.raw_bytes);
        return WEFT_OK;
    }
    /* What it claims to be unpacked is believed only when its frame says the same. */
    if (ZSTD_getFrameContentSize(stored, blob.stored_bytes) == blob.raw_bytes) {
        ZSTD_DCtx *zstd = weft_zstd_take();
        size_t got = ZSTD_decompressDCtx(zstd, weft_buf_reserve(out, blob.raw_bytes),
                                         blob.raw_bytes, stored, blob.stored_bytes);
        weft_zstd_give(zstd);
        if (got == blob.raw_bytes) {
            out->len = blob.raw_bytes;
            return WEFT_OK;
        }
    }
    return weft_fail(err, WEFT_CORRUPT, "block %s: blob %u cannot be unpacked to its %u bytes",
                     b->path, i, blob.raw_bytes);
}

int weft_block_string(struct weft_block_reader *reader, uint32_t number, struct weft_str *out,
                      struct weft_err *err)
{
    struct weft_block *b = reader->block;
    uint32_t i = number - b->strings.count;
    int rc;

    if (number < b->strings.count || i >= b->blob_count)
        return weft_strings_get(&reader->strings, number, out, err);
    if (reader->blob_held != i + 1) {
        reader->blob_held = 0;
        if ((rc = weft_block_blob_read(b, i, &reader->blob, err)) < 0) return rc;
        reader->blob_held = i + 1;
    }
    *out = weft_buf_str(&reader->blob);
    return WEFT_OK;
}

/* ---- predicates ---- */

/* Below, equal or above as far as the preview goes; *is_whole: there is no more to compare. */
static int preview_compare(const struct weft_blob *blob, struct weft_str wanted, bool *is_whole)
{
    size_t n =
        blob->raw_bytes < WEFT_BLOB_PREVIEW_BYTES ? blob->raw_bytes : WEFT_BLOB_PREVIEW_BYTES;
    *is_whole = wanted.len <= n;
    n = wanted.len < n ? wanted.len : n;
    return n == 0 ? 0 : memcmp(blob->preview, wanted.ptr, n);
}

/* 1: holds, 0: does not, -1: the preview does not tell. */
static int preview_holds(const struct weft_blob *blob, const struct weft_predicate *p)
{
    bool is_whole;
    int c = preview_compare(blob, p->value.bytes, &is_whole);
    bool is_longer = is_whole && p->value.bytes.len < blob->raw_bytes;

    switch (p->op) {
    case WEFT_OP_EQ:
    case WEFT_OP_NE:
        if (c != 0 || blob->raw_bytes != p->value.bytes.len) return p->op == WEFT_OP_NE;
        return -1;
    case WEFT_OP_PREFIX: return c != 0 ? 0 : is_whole ? 1 : -1;
    case WEFT_OP_LT:
    case WEFT_OP_LE:
        if (c != 0) return c < 0;
        return is_longer ? 0 : -1;
    case WEFT_OP_GT:
    case WEFT_OP_GE:
        if (c != 0) return c > 0;
        return is_longer ? 1 : -1;
    default: return -1;
    }
}

int weft_block_blob_holds(struct weft_block_reader *reader, uint32_t i, uint32_t type,
                          const struct weft_predicate *predicate, bool *holds, struct weft_err *err)
{
    struct weft_blob blob = weft_block_blob(reader->block, i);
    struct weft_value value = { .type = (enum weft_value_type)type };
    int known = -1, rc;

    if (type == WEFT_VALUE_STRING && predicate->value.type == WEFT_VALUE_STRING)
        known = preview_holds(&blob, predicate);
    if (known >= 0) {
        *holds = known;
        return WEFT_OK;
    }
    rc = weft_block_string(reader, reader->block->strings.count + i, &value.bytes, err);
    *holds = rc == WEFT_OK && weft_predicate_holds_value(predicate, &value);
    return rc;
}

/* ---- check ---- */

int weft_block_blobs_check(struct weft_block *b, struct weft_err *err)
{
    struct weft_buf content = { 0 };
    uint8_t hash[16];
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < b->blob_count && rc == WEFT_OK; i++) {
        struct weft_blob blob = weft_block_blob(b, i);
        size_t preview =
            blob.raw_bytes < WEFT_BLOB_PREVIEW_BYTES ? blob.raw_bytes : WEFT_BLOB_PREVIEW_BYTES;
        if ((rc = weft_block_blob_read(b, i, &content, err)) < 0) break;
        weft_hash_128(content.data, content.len, hash);
        if (memcmp(hash, blob.hash, 16) != 0 || memcmp(content.data, blob.preview, preview) != 0)
            rc = weft_fail(err, WEFT_CORRUPT,
                           "block %s: blob %u: hash or preview is not that of its content", b->path,
                           i);
    }
    weft_buf_release(&content);
    return rc;
}
