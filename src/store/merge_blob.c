/* merge_blob.c -- long values of all sources into the new block's blobs, each content once.
 *
 * A blob is written when its first row is scattered, before the row group; only its entry of the
 * table and where its content can be read again stay in memory. Equal hashes are compared byte by
 * byte: xxh3 is fast, not collision-proof, and senders choose the bytes.
 */
#include "base/alloc.h"
#include "base/hash.h"
#include "store/block_blob.h"
#include "store/merge_internal.h"

/* Where the content came from: mapped bytes of a segment, or a blob of an older block. */
struct origin {
    struct weft_str bytes;
    struct weft_block *block;
    uint32_t blob;
    bool is_passing; /* bytes that an older block spelt out: here for this range only */
};
struct merge_blobs {
    struct weft_map numbers; /* hash -> i */
    struct weft_buf entries; /* of the table */
    struct weft_buf origins; /* struct origin each */
    struct weft_buf packed;  /* one blob, compressed */
    struct weft_buf contents[2];
};

struct merge_blobs *weft_merge_blobs_create(void)
{
    return weft_alloc_zero(sizeof(struct merge_blobs));
}

void weft_merge_blobs_destroy(struct merge_blobs *b)
{
    if (b == NULL) return;
    weft_map_release(&b->numbers);
    weft_buf_release(&b->entries);
    weft_buf_release(&b->origins);
    weft_buf_release(&b->packed);
    weft_buf_release(&b->contents[0]);
    weft_buf_release(&b->contents[1]);
    weft_free(b);
}

static int content(const struct origin *o, struct weft_buf *scratch, struct weft_str *out,
                   struct weft_err *err)
{
    *out = o->bytes;
    if (o->block == NULL) return WEFT_OK;
    int rc = weft_block_blob_read(o->block, o->blob, scratch, err);
    *out = weft_buf_str(scratch);
    return rc;
}

static bool is_same(struct merge *m, const struct origin *a, const struct origin *b)
{
    struct weft_str x, y;

    if ((m->blob_rc = content(a, &m->blobs->contents[0], &x, &m->blob_err)) < 0 ||
        (m->blob_rc = content(b, &m->blobs->contents[1], &y, &m->blob_err)) < 0)
        return false;
    return weft_str_equal(x, y);
}

/* Bytes as they will lie in the file: an older block's as they are, a segment's compressed where
 * that is smaller. */
static int pack(struct merge *m, const struct origin *o, struct weft_str *out)
{
    struct weft_buf *packed = &m->blobs->packed;
    const uint8_t *stored;

    if (o->block != NULL) {
        int rc = weft_block_blob_stored(o->block, o->blob, &stored, &m->blob_err);
        if (rc == WEFT_OK)
            *out = weft_str_make((const char *)stored,
                                 weft_block_blob(o->block, o->blob).stored_bytes);
        return rc;
    }
    weft_buf_reset(packed);
    size_t bound = ZSTD_compressBound(o->bytes.len),
           len = ZSTD_compressCCtx(m->zstd, weft_buf_reserve(packed, bound), bound, o->bytes.ptr,
                                   o->bytes.len, m->level);
    *out = ZSTD_isError(len) || len >= o->bytes.len ? o->bytes : weft_str_make(packed->data, len);
    return WEFT_OK;
}

static void entry_add(struct merge *m, const uint8_t hash[static 16], uint64_t offset,
                      size_t stored, struct weft_str raw_start, size_t raw)
{
    uint8_t e[WEFT_BLOB_ENTRY_BYTES] = { 0 };

    memcpy(e, hash, 16);
    weft_store_u64(e + 16, offset);
    weft_store_u32(e + 24, (uint32_t)stored);
    weft_store_u32(e + 28, (uint32_t)raw);
    memcpy(e + 32, raw_start.ptr, raw_start.len);
    weft_buf_append(&m->blobs->entries, e, sizeof e);
}

static bool write(struct merge *m, const struct origin *o, const uint8_t hash[static 16])
{
    struct weft_str stored = { NULL, 0 }, start = o->bytes;
    size_t raw = o->bytes.len;

    if (o->block != NULL) {
        struct weft_blob blob = weft_block_blob(o->block, o->blob);
        raw = blob.raw_bytes;
        start = weft_str_make(blob.preview, raw);
    }
    if (start.len > WEFT_BLOB_PREVIEW_BYTES) start.len = WEFT_BLOB_PREVIEW_BYTES;
    if ((m->blob_rc = pack(m, o, &stored)) < 0 ||
        (m->blob_rc = weft_block_writer_align(&m->file, &m->blob_err)) < 0)
        return false;
    entry_add(m, hash, weft_block_writer_offset(&m->file), stored.len, start, raw);
    weft_buf_append(&m->blobs->origins, o, sizeof *o);
    m->blob_rc = weft_block_writer_append(&m->file, stored.ptr, stored.len, &m->blob_err);
    return m->blob_rc == WEFT_OK;
}

static const struct origin *origin_at(const struct merge *m, uint64_t i)
{
    return (const struct origin *)(const void *)m->blobs->origins.data + i;
}

static bool add(struct merge *m, const struct origin *o, const uint8_t hash[static 16],
                uint32_t *number)
{
    struct weft_str key = weft_str_make((const char *)hash, 16);
    uint64_t count = m->blobs->origins.len / sizeof *o, *known;

    if (m->blob_rc < 0) return false;
    known = weft_map_get(&m->blobs->numbers, key);
    if (known != NULL && is_same(m, o, origin_at(m, *known))) {
        *number = m->strings.count + (uint32_t)*known;
        return true;
    }
    if (m->blob_rc < 0 || m->strings.count + count >= MERGE_REF - 2 || !write(m, o, hash))
        return false;
    if (!o->is_passing) *weft_map_put(&m->blobs->numbers, key, count, NULL) = count;
    *number = m->strings.count + (uint32_t)count;
    return true;
}

bool weft_merge_blob(struct merge *m, const struct merge_source *source, struct weft_str s,
                     uint32_t *number)
{
    struct origin o = { .bytes = s, .is_passing = source->view == NULL };
    uint8_t hash[16];

    if (s.len < m->blob_min || s.len > WEFT_BLOB_BYTES_MAX) return false;
    weft_hash_128(s.ptr, s.len, hash);
    return add(m, &o, hash, number);
}

uint32_t weft_merge_blob_number(struct merge *m, struct merge_source *source, uint32_t i)
{
    struct origin o = { .block = source->block, .blob = i };

    if (source->blobs == NULL) {
        source->blobs = weft_alloc_array(source->block->blob_count, sizeof *source->blobs);
        memset(source->blobs, 0xff, source->block->blob_count * sizeof *source->blobs);
    }
    if (source->blobs[i] == UINT32_MAX &&
        !add(m, &o, weft_block_blob(source->block, i).hash, &source->blobs[i])) {
        if (m->blob_rc == WEFT_OK)
            m->blob_rc = weft_fail(&m->blob_err, WEFT_TOO_LARGE,
                                   "merge: more than 2^31 strings and long values");
        return 0; /* the merge ends at this row group */
    }
    return source->blobs[i];
}

int weft_merge_blobs_write(struct merge *m, struct weft_err *err)
{
    uint64_t offset;
    int rc;

    if (m->blobs->entries.len == 0) return WEFT_OK;
    if ((rc = weft_block_writer_align(&m->file, err)) < 0) return rc;
    offset = weft_block_writer_offset(&m->file);
    rc = weft_block_writer_append(&m->file, m->blobs->entries.data, m->blobs->entries.len, err);
    weft_block_writer_section(&m->file, WEFT_BLOCK_BLOBS, WEFT_BLOCK_SECTION_REQUIRED, offset);
    return rc;
}
