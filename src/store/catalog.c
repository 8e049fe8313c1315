/* catalog.c -- reading and writing CATALOG; see catalog.h and docs/format/catalog.md. */
#include "store/catalog.h"
#include "base/alloc.h"
#include "base/endian.h"
#include "base/file.h"
#include "base/hash.h"

#define MAGIC "WEFTCAT\n"
#define VERSION 2
#define HEADER_BYTES 32 /* magic 8, version 4, blocks 4, next number 8, bundles 4, zero 4 */
#define ENTRY_BYTES 136 /* without its lists */
#define BUNDLE_BYTES 32 /* the same */
#define CHECKSUM_BYTES 8

void weft_catalog_init(struct weft_catalog *catalog)
{
    memset(catalog, 0, sizeof *catalog);
    weft_arena_init(&catalog->arena, 0);
}

void weft_catalog_release(struct weft_catalog *catalog)
{
    weft_arena_release(&catalog->arena);
    weft_free(catalog->blocks);
    weft_free(catalog->bundles);
    memset(catalog, 0, sizeof *catalog);
}

static const uint64_t *numbers_copy(struct weft_arena *arena, const uint64_t *numbers,
                                    uint32_t count)
{
    if (count == 0) return NULL;
    uint64_t *copy = weft_arena_alloc_array(arena, count, sizeof *copy);
    memcpy(copy, numbers, count * sizeof *copy);
    return copy;
}

void weft_catalog_add(struct weft_catalog *catalog, const struct weft_block_summary *summary)
{
    if (catalog->block_count == catalog->block_capacity) {
        catalog->block_capacity = catalog->block_capacity == 0 ? 16 : catalog->block_capacity * 2;
        catalog->blocks =
            weft_realloc_array(catalog->blocks, catalog->block_capacity, sizeof *catalog->blocks);
    }
    struct weft_block_summary *copy = &catalog->blocks[catalog->block_count++];
    *copy = *summary;
    copy->superseded_segments = numbers_copy(&catalog->arena, summary->superseded_segments,
                                             summary->superseded_segment_count);
    copy->superseded_blocks =
        numbers_copy(&catalog->arena, summary->superseded_blocks, summary->superseded_block_count);
}

void weft_catalog_add_bundle(struct weft_catalog *catalog,
                             const struct weft_bundle_summary *summary)
{
    if (catalog->bundle_count == catalog->bundle_capacity) {
        catalog->bundle_capacity =
            catalog->bundle_capacity == 0 ? 16 : catalog->bundle_capacity * 2;
        catalog->bundles = weft_realloc_array(catalog->bundles, catalog->bundle_capacity,
                                              sizeof *catalog->bundles);
    }
    struct weft_bundle_summary *copy = &catalog->bundles[catalog->bundle_count++];
    *copy = *summary;
    copy->superseded_bundles = numbers_copy(&catalog->arena, summary->superseded_bundles,
                                            summary->superseded_bundle_count);
}

const struct weft_bundle_summary *weft_catalog_find_bundle(const struct weft_catalog *catalog,
                                                           uint64_t number)
{
    for (uint32_t i = 0; i < catalog->bundle_count; i++) /* few */
        if (catalog->bundles[i].number == number) return &catalog->bundles[i];
    return NULL;
}

const struct weft_block_summary *weft_catalog_find(const struct weft_catalog *catalog,
                                                   uint64_t number)
{
    uint32_t low = 0, high = catalog->block_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (catalog->blocks[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < catalog->block_count && catalog->blocks[low].number == number
               ? &catalog->blocks[low]
               : NULL;
}

static void put_u32(struct weft_buf *out, uint32_t v)
{
    weft_store_u32(weft_buf_reserve(out, 4), v);
    out->len += 4;
}

static void put_u64(struct weft_buf *out, uint64_t v)
{
    weft_store_u64(weft_buf_reserve(out, 8), v);
    out->len += 8;
}

static void entry_encode(struct weft_buf *out, const struct weft_block_summary *b)
{
    put_u64(out, b->number);
    put_u64(out, b->file_bytes);
    put_u64(out, b->span_count);
    put_u64(out, b->trace_count);
    put_u64(out, b->error_count);
    put_u64(out, b->row_group_count);
    put_u64(out, b->start_min);
    put_u64(out, b->start_max);
    put_u64(out, b->created_unix_ns);
    put_u64(out, b->conflicting_duplicates);
    weft_buf_append(out, b->trace_min.bytes, 16);
    weft_buf_append(out, b->trace_max.bytes, 16);
    put_u64(out, b->bundle);
    put_u32(out, b->member);
    put_u32(out, (uint32_t)b->masked_count);
    put_u32(out, b->superseded_segment_count);
    put_u32(out, b->superseded_block_count);
    for (uint32_t i = 0; i < b->superseded_segment_count; i++)
        put_u64(out, b->superseded_segments[i]);
    for (uint32_t i = 0; i < b->superseded_block_count; i++) put_u64(out, b->superseded_blocks[i]);
}

static void bundle_encode(struct weft_buf *out, const struct weft_bundle_summary *b)
{
    put_u64(out, b->number);
    put_u64(out, b->file_bytes);
    put_u64(out, b->created_unix_ns);
    put_u32(out, b->member_count);
    put_u32(out, b->superseded_bundle_count);
    for (uint32_t i = 0; i < b->superseded_bundle_count; i++)
        put_u64(out, b->superseded_bundles[i]);
}

void weft_catalog_encode(struct weft_buf *out, const struct weft_catalog *catalog)
{
    size_t start = out->len;

    weft_buf_append(out, MAGIC, 8);
    put_u32(out, VERSION);
    put_u32(out, catalog->block_count);
    put_u64(out, catalog->next_number);
    put_u32(out, catalog->bundle_count);
    put_u32(out, 0);
    for (uint32_t i = 0; i < catalog->block_count; i++) entry_encode(out, &catalog->blocks[i]);
    for (uint32_t i = 0; i < catalog->bundle_count; i++) bundle_encode(out, &catalog->bundles[i]);
    put_u64(out, weft_hash(out->data + start, out->len - start));
}

/* Bytes not read yet; the checksum was compared, so what does not fit is a writer's mistake, but
 * still no reason to crash. */
struct reader {
    const char *at;
    size_t left;
};

static const uint64_t *numbers_decode(struct reader *in, uint32_t count, struct weft_arena *arena)
{
    if (count == 0) return NULL;
    uint64_t *numbers = weft_arena_alloc_array(arena, count, sizeof *numbers);
    memcpy(numbers, in->at,
           count * sizeof *numbers); /* little-endian: base/endian.h refuses other machines */
    in->at += count * sizeof *numbers;
    in->left -= count * sizeof *numbers;
    return numbers;
}

static bool entry_decode(struct reader *in, struct weft_block_summary *b, struct weft_arena *arena)
{
    const char *p = in->at;

    if (in->left < ENTRY_BYTES) return false;
    *b = (struct weft_block_summary){
        .number = weft_load_u64(p),
        .file_bytes = weft_load_u64(p + 8),
        .span_count = weft_load_u64(p + 16),
        .trace_count = weft_load_u64(p + 24),
        .error_count = weft_load_u64(p + 32),
        .row_group_count = weft_load_u64(p + 40),
        .start_min = weft_load_u64(p + 48),
        .start_max = weft_load_u64(p + 56),
        .created_unix_ns = weft_load_u64(p + 64),
        .conflicting_duplicates = weft_load_u64(p + 72),
        .bundle = weft_load_u64(p + 112),
        .member = weft_load_u32(p + 120),
        .masked_count = weft_load_u32(p + 124),
        .superseded_segment_count = weft_load_u32(p + 128),
        .superseded_block_count = weft_load_u32(p + 132),
    };
    memcpy(b->trace_min.bytes, p + 80, 16);
    memcpy(b->trace_max.bytes, p + 96, 16);
    in->at += ENTRY_BYTES;
    in->left -= ENTRY_BYTES;
    if (((uint64_t)b->superseded_segment_count + b->superseded_block_count) * 8 > in->left)
        return false;
    b->superseded_segments = numbers_decode(in, b->superseded_segment_count, arena);
    b->superseded_blocks = numbers_decode(in, b->superseded_block_count, arena);
    return true;
}

static bool bundle_decode(struct reader *in, struct weft_bundle_summary *b,
                          struct weft_arena *arena)
{
    const char *p = in->at;

    if (in->left < BUNDLE_BYTES) return false;
    *b = (struct weft_bundle_summary){ .number = weft_load_u64(p),
                                       .file_bytes = weft_load_u64(p + 8),
                                       .created_unix_ns = weft_load_u64(p + 16),
                                       .member_count = weft_load_u32(p + 24),
                                       .superseded_bundle_count = weft_load_u32(p + 28) };
    in->at += BUNDLE_BYTES;
    in->left -= BUNDLE_BYTES;
    if ((uint64_t)b->superseded_bundle_count * 8 > in->left) return false;
    b->superseded_bundles = numbers_decode(in, b->superseded_bundle_count, arena);
    return true;
}

static int bundles_decode(struct reader *in, uint32_t count, struct weft_catalog *out,
                          struct weft_err *err)
{
    for (uint32_t i = 0; i < count; i++) {
        struct weft_bundle_summary bundle;
        if (!bundle_decode(in, &bundle, &out->arena))
            return weft_fail(err, WEFT_CORRUPT, "catalogue: ends within bundle %u of %u", i, count);
        weft_catalog_add_bundle(out, &bundle);
    }
    return WEFT_OK;
}

int weft_catalog_decode(struct weft_catalog *out, struct weft_str bytes, struct weft_err *err)
{
    if (bytes.len < HEADER_BYTES + CHECKSUM_BYTES || memcmp(bytes.ptr, MAGIC, 8) != 0)
        return weft_fail(err, WEFT_CORRUPT, "catalogue: %zu bytes that do not begin with its magic",
                         bytes.len);
    size_t body = bytes.len - CHECKSUM_BYTES;
    if (weft_load_u64(bytes.ptr + body) != weft_hash(bytes.ptr, body))
        return weft_fail(err, WEFT_CORRUPT, "catalogue: checksum does not fit its %zu bytes",
                         bytes.len);
    uint32_t version = weft_load_u32(bytes.ptr + 8);
    if (version != VERSION)
        return weft_fail(err, WEFT_CORRUPT, "catalogue: version %u, %d expected", version, VERSION);

    uint32_t count = weft_load_u32(bytes.ptr + 12);
    struct reader in = { bytes.ptr + HEADER_BYTES, body - HEADER_BYTES };
    out->next_number = weft_load_u64(bytes.ptr + 16);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_block_summary entry;
        if (!entry_decode(&in, &entry, &out->arena))
            return weft_fail(err, WEFT_CORRUPT, "catalogue: ends within entry %u of %u", i, count);
        if (i > 0 && entry.number <= out->blocks[i - 1].number)
            return weft_fail(err, WEFT_CORRUPT,
                             "catalogue: entry %u is not in order of block numbers", i);
        weft_catalog_add(out, &entry);
    }
    int rc = bundles_decode(&in, weft_load_u32(bytes.ptr + 24), out, err);
    if (rc == WEFT_OK && in.left != 0)
        rc = weft_fail(err, WEFT_CORRUPT, "catalogue: %zu bytes behind the last of %u entries",
                       in.left, count);
    return rc;
}

int weft_catalog_read(struct weft_catalog *out, const char *path, struct weft_err *err)
{
    struct weft_buf bytes = { 0 };
    int rc = weft_file_read_all(&bytes, path, WEFT_CATALOG_BYTES_MAX, err);

    if (rc == WEFT_OK) rc = weft_catalog_decode(out, weft_buf_str(&bytes), err);
    weft_buf_release(&bytes);
    if (rc < 0) { /* nothing of a wrong one */
        weft_catalog_release(out);
        weft_catalog_init(out);
    }
    return rc;
}

int weft_catalog_write(const struct weft_catalog *catalog, const char *path, struct weft_err *err)
{
    struct weft_buf bytes = { 0 };
    weft_catalog_encode(&bytes, catalog);
    int rc = weft_file_replace(path, weft_buf_str(&bytes), err);
    weft_buf_release(&bytes);
    return rc;
}

void weft_block_summary_from(struct weft_block_summary *out, const struct weft_block *block)
{
    struct weft_block_info info;

    weft_block_info(block, &info);
    *out = (struct weft_block_summary){
        .number = info.number,
        .file_bytes = info.file_bytes,
        .span_count = info.span_count,
        .trace_count = info.trace_count,
        .error_count = info.error_count,
        .row_group_count = info.row_group_count,
        .start_min = info.start_min,
        .start_max = info.start_max,
        .created_unix_ns = info.created_unix_ns,
        .conflicting_duplicates = info.conflicting_duplicates,
        .trace_min = info.trace_min,
        .trace_max = info.trace_max,
        .superseded_segments = info.superseded_segments,
        .superseded_blocks = info.superseded_blocks,
        .superseded_segment_count = info.superseded_segment_count,
        .superseded_block_count = info.superseded_block_count,
        .masked_count = info.masked_count,
    };
}

static bool numbers_equal(const uint64_t *a, uint32_t a_count, const uint64_t *b, uint32_t b_count)
{
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof *a) == 0);
}

bool weft_block_summary_equal(const struct weft_block_summary *a,
                              const struct weft_block_summary *b)
{
    return a->number == b->number && a->file_bytes == b->file_bytes &&
           a->span_count == b->span_count && a->trace_count == b->trace_count &&
           a->error_count == b->error_count && a->row_group_count == b->row_group_count &&
           a->start_min == b->start_min && a->start_max == b->start_max &&
           a->created_unix_ns == b->created_unix_ns &&
           a->conflicting_duplicates == b->conflicting_duplicates &&
           a->masked_count == b->masked_count && memcmp(&a->trace_min, &b->trace_min, 16) == 0 &&
           memcmp(&a->trace_max, &b->trace_max, 16) == 0 &&
           numbers_equal(a->superseded_segments, a->superseded_segment_count,
                         b->superseded_segments, b->superseded_segment_count) &&
           numbers_equal(a->superseded_blocks, a->superseded_block_count, b->superseded_blocks,
                         b->superseded_block_count);
}
