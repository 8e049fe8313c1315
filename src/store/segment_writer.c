/* segment_writer.c -- the appending side: a live segment, its pending chunk, batches in, chunks
 * out. */
#include <fcntl.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"
#include "store/segment_internal.h"

/* ---- the new file ---- */

static int write_file_header(struct weft_segment *segment, const char *path, unsigned writer_number,
                             struct weft_err *err)
{
    uint8_t page[WEFT_SEGMENT_PAGE];
    struct weft_segment_file_header header = { .number = segment->number,
                                               .created_unix_ns = segment->created_unix_ns,
                                               .writer = writer_number };
    weft_segment_file_header_encode(page, &header);
    segment->last_checksum = header.checksum;
    return weft_file_write_at(segment->fd, path, page, sizeof page, 0, err);
}

static int take_over_file(struct weft_segment *segment, const struct weft_segment_options *options,
                          uint64_t file_bytes, struct weft_err *err)
{
    /* The header with the new number is on disk before the file has the new name: under that name
     * the old chunks, which
     * are whole, would otherwise come back to life after a crash. */
    int rc = weft_file_open(&segment->fd, options->recycle, O_RDWR, err);
    if (rc == WEFT_OK)
        rc = weft_file_size(segment->fd, options->recycle, &segment->file_bytes, err);
    if (rc == WEFT_OK && segment->file_bytes < file_bytes) {
        rc = weft_file_allocate(segment->fd, options->recycle, file_bytes, err);
        segment->file_bytes = file_bytes;
    }
    const void *map = NULL;
    if (rc == WEFT_OK)
        rc = weft_file_map(&map, segment->fd, options->recycle, segment->file_bytes, err);
    segment->map = map;
    if (rc == WEFT_OK) rc = write_file_header(segment, options->recycle, options->writer, err);
    if (rc == WEFT_OK) rc = weft_file_sync_data(segment->fd, options->recycle, err);
    if (rc == WEFT_OK) rc = weft_file_rename(options->recycle, segment->path, err);
    return rc;
}

static int make_file(struct weft_segment *segment, const struct weft_segment_options *options,
                     uint64_t file_bytes, struct weft_err *err)
{
    int rc = weft_file_open(&segment->fd, segment->path, O_RDWR | O_CREAT | O_EXCL, err);
    if (rc < 0) return rc;
    segment->file_bytes = file_bytes;
    rc = weft_file_allocate(segment->fd, segment->path, file_bytes, err);
    if (rc == WEFT_OK) rc = write_file_header(segment, segment->path, options->writer, err);
    if (rc == WEFT_OK) rc = weft_file_sync_directory(options->directory, err);
    const void *map = NULL;
    if (rc == WEFT_OK)
        rc = weft_file_map(&map, segment->fd, segment->path, segment->file_bytes, err);
    segment->map = map;
    if (rc < 0) weft_file_unlink(segment->path, NULL); /* half a file is of no use to anybody */
    return rc;
}

static struct weft_chunk_build *build_start(struct weft_segment_writer *writer,
                                            struct weft_chunk_build *build)
{
    build->segment = writer->segment;
    build->writer = writer;
    build->word_count = build->heap_bytes = 0;
    build->span_count = 0;
    build->start_min = UINT64_MAX;
    build->start_max = 0;
    build->before = weft_segment_tables_counts(writer->tables);
    build->encoded_before = writer->tables->encoded_bytes;
    return build;
}

int weft_segment_writer_create_limited(struct weft_segment_writer **out,
                                       const struct weft_segment_options *options,
                                       const struct weft_segment_limits *limits,
                                       struct weft_err *err)
{
    int rc;
    char path[4096];
    *out = NULL;
    int len = snprintf(path, sizeof path, "%s/segment-%016" PRIx64 ".weft", options->directory,
                       options->number);
    if (len < 0 || (size_t)len >= sizeof path) {
        return weft_fail(err, WEFT_INVALID, "the path of directory %.64s... is too long",
                         options->directory);
    }
    struct weft_segment *segment = weft_segment_allocate(path);
    segment->number = options->number;
    segment->created_unix_ns = options->created_unix_ns;
    rc = options->recycle != NULL ? take_over_file(segment, options, limits->file_bytes, err)
                                  : make_file(segment, options, limits->file_bytes, err);
    if (rc < 0) {
        weft_segment_unref(segment);
        return rc;
    }
    struct weft_segment_writer *writer = weft_alloc_zero(sizeof *writer);
    writer->segment = segment;
    writer->tables = &segment->tables;
    writer->limits = *limits;
    writer->interner = weft_interner_take();
    writer->next_offset = WEFT_SEGMENT_PAGE;
    writer->pending = build_start(writer, weft_chunk_build_create());
    *out = writer;
    return WEFT_OK;
}

int weft_segment_writer_create(struct weft_segment_writer **out,
                               const struct weft_segment_options *options, struct weft_err *err)
{
    struct weft_segment_limits limits = weft_segment_limits_default;
    if (options->file_bytes != 0) limits.file_bytes = options->file_bytes;
    return weft_segment_writer_create_limited(out, options, &limits, err);
}

struct weft_segment *weft_segment_writer_segment(struct weft_segment_writer *writer)
{
    return writer->segment;
}

/* ---- batches ---- */

#define CHUNK_BYTES_MAX (UINT64_C(1) << 30) /* offsets within a chunk have 32 bits */

static uint64_t pending_table_bytes(const struct weft_segment_writer *writer)
{
    return writer->tables->encoded_bytes - writer->pending->encoded_before;
}

static uint64_t pending_chunk_bytes(const struct weft_segment_writer *writer)
{
    const struct weft_chunk_build *build = writer->pending;
    return weft_segment_page_up(
        WEFT_CHUNK_BODY_OFFSET + (uint64_t)build->span_count * (WEFT_RECORD_BYTES + 8) +
        build->word_count * 4 + build->heap_bytes + pending_table_bytes(writer));
}

/* What a refused batch must leave as it was. */
struct append_mark {
    struct weft_tables_mark tables;
    uint32_t span_count, name_count;
    size_t word_count, heap_bytes;
    uint64_t start_min, start_max;
};

static struct append_mark mark_append(const struct weft_segment_writer *writer)
{
    const struct weft_chunk_build *build = writer->pending;
    return (struct append_mark){ .tables = weft_segment_tables_mark(writer->tables),
                                 .span_count = build->span_count,
                                 .name_count = writer->interner->name_count,
                                 .word_count = build->word_count,
                                 .heap_bytes = build->heap_bytes,
                                 .start_min = build->start_min,
                                 .start_max = build->start_max };
}

static void undo_append(struct weft_segment_writer *writer, const struct append_mark *mark)
{
    struct weft_chunk_build *build = writer->pending;
    weft_intern_cut(writer, &mark->tables, mark->name_count);
    build->span_count = mark->span_count;
    build->word_count = mark->word_count;
    build->heap_bytes = mark->heap_bytes;
    build->start_min = mark->start_min;
    build->start_max = mark->start_max;
}

/* Why a batch does not go in: is it the pending chunk, the segment, or the batch? */
static int refuse(struct weft_segment_writer *writer, const struct weft_batch *batch,
                  bool chunk_alone, bool *must_seal, struct weft_err *err)
{
    if (chunk_alone) {
        return weft_fail(err, WEFT_FULL, "the pending chunk of segment %s has no room for %u spans",
                         writer->segment->path, batch->span_count);
    }
    if (writer->taken_spans == 0 && writer->pending->span_count == 0) {
        return weft_fail(err, WEFT_TOO_LARGE,
                         "a request of %u spans does not fit into a segment of %" PRIu64 " bytes",
                         batch->span_count, writer->segment->file_bytes);
    }
    *must_seal = true;
    return weft_fail(err, WEFT_FULL, "segment %s has no room for %u spans", writer->segment->path,
                     batch->span_count);
}

int weft_segment_writer_append(struct weft_segment_writer *writer, const struct weft_batch *batch,
                               bool *must_seal, struct weft_err *err)
{
    struct weft_chunk_build *build = writer->pending;
    const struct weft_segment_limits *limits = &writer->limits;
    *must_seal = false;
    if (atomic_load_explicit(&writer->segment->is_broken, memory_order_acquire)) {
        *must_seal = true;
        return weft_fail(err, WEFT_IO, "an earlier write to segment %s failed",
                         writer->segment->path);
    }
    bool is_first = build->span_count == 0;
    if ((uint64_t)writer->taken_spans + build->span_count + batch->span_count >
            limits->segment_spans ||
        writer->next_chunk >= WEFT_SEGMENT_CHUNKS_MAX) {
        return refuse(writer, batch, false, must_seal, err);
    }
    if (!is_first && (uint64_t)build->span_count + batch->span_count > limits->chunk_spans) {
        return refuse(writer, batch, true, must_seal, err);
    }
    uint64_t room = writer->segment->file_bytes - writer->next_offset;
    if (room > CHUNK_BYTES_MAX) room = CHUNK_BYTES_MAX;
    uint64_t soft_room = is_first || room < limits->chunk_bytes ? room : limits->chunk_bytes;
    struct append_mark mark = mark_append(writer);
    if (build->image == NULL) weft_chunk_build_adopt_memory(build);
    writer->last_scope = NULL; /* addresses of another batch mean nothing */
    writer->last_resource = NULL;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        bool is_in = weft_row_append(writer, &batch->spans[i], err);
        if (__builtin_expect(is_in && pending_chunk_bytes(writer) <= soft_room, 1)) continue;
        bool chunk_alone = is_in && soft_room < room;
        undo_append(writer, &mark);
        return refuse(writer, batch, chunk_alone, must_seal, err);
    }
    return WEFT_OK;
}

uint32_t weft_segment_writer_pending_spans(const struct weft_segment_writer *writer)
{
    return writer->pending->span_count;
}

/* ---- chunks ---- */

struct weft_chunk_build *weft_segment_writer_take(struct weft_segment_writer *writer)
{
    struct weft_chunk_build *build = writer->pending;
    if (build->span_count == 0 || writer->out != NULL) return NULL;
    build->after = weft_segment_tables_counts(writer->tables);
    build->table_bytes = pending_table_bytes(writer);
    build->memory_bytes = weft_segment_tables_bytes(writer->tables);
    build->offset = writer->next_offset;
    build->number = writer->next_chunk++;
    writer->next_offset += pending_chunk_bytes(writer);
    writer->taken_spans += build->span_count;
    writer->out = build;
    writer->pending =
        build_start(writer, writer->spare != NULL ? writer->spare : weft_chunk_build_create());
    writer->spare = NULL;
    return build;
}

uint32_t weft_chunk_build_spans(const struct weft_chunk_build *chunk)
{
    return chunk->span_count;
}

void weft_segment_writer_give_back(struct weft_segment_writer *writer,
                                   struct weft_chunk_build *chunk)
{
    WEFT_ASSERT(writer->out == chunk, "chunk %u", chunk->number);
    writer->out = NULL;
    writer->spare = chunk;
}

/* ---- the end ---- */

void weft_segment_writer_destroy(struct weft_segment_writer *writer)
{
    if (writer == NULL) return;
    weft_chunk_build_give(writer->pending);
    weft_chunk_build_give(writer->out);
    weft_chunk_build_give(writer->spare);
    weft_interner_give(writer->interner);
    weft_segment_unref(writer->segment);
    weft_free(writer);
}

static int write_seal_mark(struct weft_segment *segment, struct weft_err *err)
{
    uint8_t page[WEFT_SEGMENT_PAGE];
    uint32_t chunk_count = atomic_load_explicit(&segment->chunk_count, memory_order_acquire);
    struct weft_segment_seal_mark mark = {
        .number = segment->number,
        .chunk_count = chunk_count,
        .last_header_checksum = segment->last_checksum,
        .end_offset = chunk_count > 0 ? weft_segment_chunk_at(segment, chunk_count - 1)->end_offset
                                      : WEFT_SEGMENT_PAGE,
    };
    memcpy(page, segment->map, sizeof page);
    weft_segment_seal_mark_encode(page + WEFT_SEGMENT_SEAL_OFFSET, &mark);
    int rc = weft_file_write_at(segment->fd, segment->path, page, sizeof page, 0, err);
    if (rc == WEFT_OK) rc = weft_file_sync_data(segment->fd, segment->path, err);
    return rc;
}

int weft_segment_writer_seal(struct weft_segment_writer *writer, struct weft_err *err)
{
    struct weft_segment *segment = writer->segment;
    int rc = WEFT_OK;
    WEFT_ASSERT(writer->pending->span_count == 0 && writer->out == NULL, "%u spans pending",
                writer->pending->span_count);
    /* A broken segment gets no mark: what is behind its committed prefix is not known. */
    if (!atomic_load_explicit(&segment->is_broken, memory_order_acquire))
        rc = write_seal_mark(segment, err);
    atomic_store_explicit(&segment->is_sealed, true, memory_order_release);
    weft_segment_writer_destroy(writer);
    return rc;
}
