/* segment_open.c -- a segment file read back: chunks while headers, numbers, checksums and contents
 * fit; cut there. */
#include <fcntl.h>
#include <inttypes.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/segment_internal.h"

/* Sections follow each other without gaps in their order, and fill the chunk up to its last
 * page. */
bool weft_chunk_places_fit(const struct weft_chunk_header *header)
{
    const struct weft_section_place *at = header->sections;
    uint64_t offset = WEFT_CHUNK_BODY_OFFSET;
    for (int i = 0; i < WEFT_SECTION_COUNT; i++) {
        if (at[i].offset != offset) return false;
        offset += at[i].bytes;
    }
    return header->chunk_bytes == weft_segment_page_up(offset) && header->span_count > 0 &&
           header->span_count <= 0xffffff &&
           at[WEFT_SECTION_RECORDS].bytes == (uint64_t)header->span_count * WEFT_RECORD_BYTES &&
           at[WEFT_SECTION_TRACE_INDEX].bytes == (uint64_t)header->span_count * 8 &&
           at[WEFT_SECTION_WORDS].bytes % 4 == 0 && at[WEFT_SECTION_HEAP].bytes % 4 == 0;
}

struct weft_chunk_view weft_chunk_view_at(const struct weft_chunk_header *header,
                                          const uint8_t *chunk)
{
    const struct weft_section_place *at = header->sections;
    return (struct weft_chunk_view){
        .records = chunk + at[WEFT_SECTION_RECORDS].offset,
        .words = (const uint32_t *)(const void *)(chunk + at[WEFT_SECTION_WORDS].offset),
        .heap = (const char *)chunk + at[WEFT_SECTION_HEAP].offset,
        .trace_index =
            (const uint64_t *)(const void *)(chunk + at[WEFT_SECTION_TRACE_INDEX].offset),
        .span_count = header->span_count,
        .word_count = at[WEFT_SECTION_WORDS].bytes / 4,
        .heap_bytes = at[WEFT_SECTION_HEAP].bytes,
        .start_min = header->start_min,
        .start_max = header->start_max,
    };
}

static bool body_is_whole(const struct weft_chunk_header *header, const uint8_t *chunk)
{
    for (int i = 0; i < WEFT_SECTION_COUNT; i++) {
        const struct weft_section_place *at = &header->sections[i];
        if (weft_hash(chunk + at->offset, at->bytes) != at->checksum) return false;
    }
    return true;
}

static bool counts_fit(const struct weft_segment_tables *tables,
                       const struct weft_chunk_header *header)
{
    struct weft_table_counts now = weft_segment_tables_counts(tables);
    for (int i = 0; i < WEFT_TABLE_COUNT; i++) {
        if (header->before.of[i] != now.of[i] || header->after.of[i] < now.of[i]) return false;
    }
    return true;
}

/* Is this the segment's next chunk? Chunks of the file's earlier lives have another segment
 * number. */
static bool header_is_next(const struct weft_segment *segment,
                           const struct weft_chunk_header *header)
{
    return header->segment_number == segment->number &&
           header->chunk_number == segment->chunk_count &&
           header->previous_checksum == segment->last_checksum;
}

/* WEFT_OK: one more chunk is there. WEFT_NOT_FOUND: none begins here. WEFT_CORRUPT: one does, and
 * is not whole. */
static int read_chunk(struct weft_segment *segment, uint64_t offset,
                      struct weft_chunk_header *header, struct weft_err *err)
{
    const uint8_t *chunk = segment->map + offset;
    uint64_t room = segment->file_bytes - offset;
    if (room < WEFT_SEGMENT_PAGE || segment->chunk_count >= WEFT_SEGMENT_CHUNKS_MAX ||
        !weft_chunk_header_decode(header, chunk) || !header_is_next(segment, header)) {
        return WEFT_NOT_FOUND;
    }
    if (header->chunk_bytes > room || !weft_chunk_places_fit(header)) {
        return weft_fail(err, WEFT_CORRUPT, "the sizes in its header do not fit");
    }
    if (!body_is_whole(header, chunk))
        return weft_fail(err, WEFT_CORRUPT, "its checksums are wrong");
    if (!counts_fit(&segment->tables, header))
        return weft_fail(err, WEFT_CORRUPT, "its table sizes do not fit");
    const struct weft_section_place *tables = &header->sections[WEFT_SECTION_TABLES];
    int rc = weft_segment_tables_decode(
        &segment->tables, &header->after,
        weft_str_make((const char *)chunk + tables->offset, tables->bytes), err);
    if (rc < 0) return rc;
    struct weft_chunk_view view = weft_chunk_view_at(header, chunk);
    return weft_chunk_check_rows(&view, &segment->tables, err);
}

/* Chunks from the start of the file; returns the end of the last good one. */
static uint64_t read_chunks(struct weft_segment *segment, uint64_t *torn_bytes)
{
    struct weft_err err;
    struct weft_chunk_header header;
    uint64_t offset = WEFT_SEGMENT_PAGE;
    int rc;
    while ((rc = read_chunk(segment, offset, &header, &err)) == WEFT_OK) {
        weft_segment_publish(segment, &header, offset, weft_segment_tables_bytes(&segment->tables));
        segment->last_checksum = header.checksum;
        offset += header.chunk_bytes;
    }
    *torn_bytes = 0;
    if (rc == WEFT_NOT_FOUND) return offset;
    uint64_t room = segment->file_bytes - offset;
    *torn_bytes = header.chunk_bytes < room ? header.chunk_bytes : room;
    weft_log(WEFT_LOG_WARN, "store", "segment %s is cut at chunk %u, byte %" PRIu64 ": %s",
             segment->path, atomic_load(&segment->chunk_count), offset, err.text);
    return offset;
}

/* A chunk is written when the one before is on disk. So where a chunk of this segment with a later
 * number lies behind the cut, it was no torn write that was cut off. Bytes from there to the end of
 * the last such chunk, or 0. */
static uint64_t bytes_behind_damage(const struct weft_segment *segment, uint64_t end)
{
    uint64_t last = end;
    uint32_t chunk_count = atomic_load(&segment->chunk_count);

    for (uint64_t at = end + WEFT_SEGMENT_PAGE; at + WEFT_SEGMENT_PAGE <= segment->file_bytes;
         at += WEFT_SEGMENT_PAGE) {
        struct weft_chunk_header header;
        if (weft_chunk_header_decode(&header, segment->map + at) &&
            header.segment_number == segment->number && header.chunk_number > chunk_count &&
            header.chunk_bytes <= segment->file_bytes - at)
            last = at + header.chunk_bytes;
    }
    return last - end;
}

/* A sealed file says where it ends: less than that is damage, not a write that was never
 * acknowledged. Of one that was not sealed, chunks behind the cut say the same. */
static void find_damage(struct weft_segment *segment, uint64_t end, uint64_t *torn_bytes)
{
    struct weft_segment_seal_mark mark;
    bool is_marked = weft_segment_seal_mark_decode(&mark, segment->map + WEFT_SEGMENT_SEAL_OFFSET,
                                                   segment->number);

    if (is_marked && mark.end_offset <= end) return;
    segment->damaged_bytes = is_marked ? mark.end_offset - end : bytes_behind_damage(segment, end);
    if (segment->damaged_bytes == 0) return;
    *torn_bytes = 0;
    weft_log(WEFT_LOG_ERROR, "store",
             "segment %s: chunk %u cannot be read: %" PRIu64
             " committed bytes are damaged or lie behind the damage; weft store repair saves what "
             "can be read",
             segment->path, atomic_load(&segment->chunk_count), segment->damaged_bytes);
}

int weft_segment_verify(const struct weft_segment_view *view, struct weft_err *err)
{
    const struct weft_segment *segment = view->segment;
    uint64_t offset = WEFT_SEGMENT_PAGE;

    for (uint32_t i = 0; i < view->chunk_count; i++) {
        struct weft_chunk_header header;
        const uint8_t *chunk = segment->map + offset;
        uint64_t end = weft_segment_chunk_at(segment, i)->end_offset;
        if (!weft_chunk_header_decode(&header, chunk) || header.chunk_number != i ||
            header.segment_number != segment->number || header.chunk_bytes != end - offset ||
            !weft_chunk_places_fit(&header) || !body_is_whole(&header, chunk)) {
            if (weft_segment_intact(segment, err) != WEFT_OK) return WEFT_CORRUPT;
            return weft_fail(err, WEFT_CORRUPT,
                             "segment %s: the checksums of chunk %u, byte %" PRIu64
                             ", no longer fit",
                             segment->path, i, offset);
        }
        offset = end;
    }
    return WEFT_OK;
}

int weft_segment_open(struct weft_segment **out, const char *path, uint64_t *torn_bytes,
                      struct weft_err *err)
{
    int rc;
    const void *map;
    uint64_t torn = 0;
    struct weft_segment_file_header header;
    struct weft_segment *segment = weft_segment_allocate(path);
    *out = NULL;
    if ((rc = weft_file_open(&segment->fd, path, O_RDONLY, err)) < 0) goto fail;
    if ((rc = weft_file_size(segment->fd, path, &segment->file_bytes, err)) < 0) goto fail;
    if (segment->file_bytes < WEFT_SEGMENT_PAGE) {
        rc = weft_fail(err, WEFT_CORRUPT, "segment %s has %" PRIu64 " bytes, at least %u expected",
                       path, segment->file_bytes, WEFT_SEGMENT_PAGE);
        goto fail;
    }
    if ((rc = weft_file_map(&map, segment->fd, path, segment->file_bytes, err)) < 0) goto fail;
    segment->map = map;
    if ((rc = weft_segment_file_header_decode(&header, segment->map, path, err)) < 0) goto fail;
    segment->number = header.number;
    segment->created_unix_ns = header.created_unix_ns;
    segment->last_checksum = header.checksum;
    uint64_t end = read_chunks(segment, &torn);
    find_damage(segment, end, &torn);
    /* Its zeros look like the end of the file: what lies behind must not be taken for torn. */
    if ((rc = weft_segment_intact(segment, err)) < 0) goto fail;
    atomic_store_explicit(&segment->is_sealed, true, memory_order_release);
    if (torn_bytes != NULL) *torn_bytes = torn;
    *out = segment;
    return WEFT_OK;
fail:
    weft_segment_unref(segment);
    return rc;
}
