/* segment.c -- a segment's life and its committed prefix: references, publication, views, lookups
 * by number and by value. */
#include "store/segment.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"
#include "store/segment_internal.h"

/* ---- life ---- */

static char *copy_path(const char *path)
{
    size_t size = strlen(path) + 1;
    return memcpy(weft_alloc(size), path, size);
}

struct weft_segment *weft_segment_allocate(const char *path)
{
    struct weft_segment *segment = weft_alloc_zero(sizeof *segment);
    atomic_init(&segment->references, 1);
    segment->fd = -1;
    segment->path = copy_path(path);
    weft_segment_tables_init(&segment->tables);
    weft_pages_init(&segment->chunks, sizeof(struct weft_segment_chunk), 8);
    return segment;
}

void weft_segment_ref(struct weft_segment *segment)
{
    atomic_fetch_add_explicit(&segment->references, 1, memory_order_relaxed);
}

static void remove_file(const struct weft_segment *segment)
{
    struct weft_err err;
    int rc = segment->recycle_to != NULL
                 ? weft_file_rename(segment->path, segment->recycle_to, &err)
                 : weft_file_unlink(segment->path, &err);
    if (rc < 0)
        weft_log(WEFT_LOG_WARN, "store", "a segment that is no longer needed stays: %s", err.text);
}

void weft_segment_unref(struct weft_segment *segment)
{
    if (segment == NULL ||
        atomic_fetch_sub_explicit(&segment->references, 1, memory_order_acq_rel) > 1)
        return;
    weft_file_unmap(segment->map, segment->file_bytes);
    weft_file_close(&segment->fd);
    if (atomic_load_explicit(&segment->is_obsolete, memory_order_acquire)) remove_file(segment);
    weft_segment_tables_release(&segment->tables);
    weft_pages_release(&segment->chunks);
    weft_free(segment->path);
    weft_free(segment->recycle_to);
    weft_free(segment);
}

void weft_segment_mark_obsolete(struct weft_segment *segment, const char *recycle_to)
{
    WEFT_ASSERT(!atomic_load(&segment->is_obsolete), "segment %s", segment->path);
    if (recycle_to != NULL) segment->recycle_to = copy_path(recycle_to);
    atomic_store_explicit(&segment->is_obsolete, true, memory_order_release);
}

const char *weft_segment_path(const struct weft_segment *segment)
{
    return segment->path;
}

uint64_t weft_segment_number(const struct weft_segment *segment)
{
    return segment->number;
}

uint64_t weft_segment_created_unix_ns(const struct weft_segment *segment)
{
    return segment->created_unix_ns;
}

uint64_t weft_segment_damaged_bytes(const struct weft_segment *segment)
{
    return segment->damaged_bytes;
}

int weft_segment_intact(const struct weft_segment *segment, struct weft_err *err)
{
    if (!weft_file_map_is_unreadable(segment->map, segment->file_bytes)) return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT, "segment %s: the disk could not read a page of it",
                     segment->path);
}

bool weft_segment_is_sealed(const struct weft_segment *segment)
{
    return atomic_load_explicit(&segment->is_sealed, memory_order_acquire);
}

/* ---- publication ---- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void chunk_view_fill(struct weft_chunk_view *view, const uint8_t *chunk,
                            const struct weft_chunk_header *header)
{
    const struct weft_section_place *at = header->sections;
    *view = (struct weft_chunk_view){
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

void weft_segment_publish(struct weft_segment *segment, const struct weft_chunk_header *header,
                          uint64_t offset, uint64_t memory_bytes)
{
    uint32_t number = atomic_load_explicit(&segment->chunk_count, memory_order_relaxed);
    const struct weft_segment_chunk *before =
        number > 0 ? weft_segment_chunk_at(segment, number - 1) : NULL;
    struct weft_segment_chunk *chunk = weft_pages_place(&segment->chunks, number);
    chunk_view_fill(&chunk->view, segment->map + offset, header);
    chunk->counts = header->after;
    chunk->end_offset = offset + header->chunk_bytes;
    chunk->memory_bytes = memory_bytes;
    chunk->span_count = header->span_count + (before != NULL ? before->span_count : 0);
    chunk->start_min = smaller(header->start_min, before != NULL ? before->start_min : UINT64_MAX);
    chunk->start_max = larger(header->start_max, before != NULL ? before->start_max : 0);
    atomic_store_explicit(&segment->chunk_count, number + 1, memory_order_release);
}

/* ---- views ---- */

void weft_segment_view_init(struct weft_segment_view *view, struct weft_segment *segment)
{
    weft_segment_ref(segment);
    *view = (struct weft_segment_view){ .segment = segment };
    view->chunk_count = atomic_load_explicit(&segment->chunk_count, memory_order_acquire);
    if (view->chunk_count == 0) return;
    const struct weft_segment_chunk *last = weft_segment_chunk_at(segment, view->chunk_count - 1);
    view->span_count = last->span_count;
    view->string_count = last->counts.of[WEFT_TABLE_STRINGS];
    view->key_count = last->counts.of[WEFT_TABLE_KEYS];
    view->shape_count = last->counts.of[WEFT_TABLE_SHAPES];
    view->head_count = last->counts.of[WEFT_TABLE_HEADS];
    view->resource_count = last->counts.of[WEFT_TABLE_RESOURCES];
    view->scope_count = last->counts.of[WEFT_TABLE_SCOPES];
    view->start_min = last->start_min;
    view->start_max = last->start_max;
}

void weft_segment_view_release(struct weft_segment_view *view)
{
    weft_segment_unref(view->segment);
    *view = (struct weft_segment_view){ 0 };
}

void weft_segment_chunk(const struct weft_segment_view *view, uint32_t chunk,
                        struct weft_chunk_view *out)
{
    WEFT_ASSERT(chunk < view->chunk_count, "chunk %u of %u", chunk, view->chunk_count);
    *out = weft_segment_chunk_at(view->segment, chunk)->view;
}

void weft_segment_bytes(struct weft_segment *segment, struct weft_segment_bytes *out)
{
    uint32_t chunk_count = atomic_load_explicit(&segment->chunk_count, memory_order_acquire);
    *out = (struct weft_segment_bytes){ .file = segment->file_bytes, .used = WEFT_SEGMENT_PAGE };
    if (chunk_count == 0) return;
    const struct weft_segment_chunk *last = weft_segment_chunk_at(segment, chunk_count - 1);
    out->used = last->end_offset;
    out->memory = last->memory_bytes;
}

/* ---- tables by number ---- */

struct weft_str weft_segment_string(const struct weft_segment_view *view, uint32_t number)
{
    return weft_dictionary_str(&view->segment->tables.strings, number);
}

struct weft_str weft_segment_key(const struct weft_segment_view *view, uint32_t number)
{
    return weft_dictionary_str(&view->segment->tables.keys, number);
}

struct weft_shape_view weft_segment_shape(const struct weft_segment_view *view, uint32_t number)
{
    return *weft_segment_tables_shape(&view->segment->tables, number);
}

struct weft_head_view weft_segment_head(const struct weft_segment_view *view, uint32_t number)
{
    return weft_segment_tables_head(&view->segment->tables, number)->view;
}

const struct weft_resource *weft_segment_resource(const struct weft_segment_view *view,
                                                  uint32_t number)
{
    return &weft_segment_tables_resource(&view->segment->tables, number)->decoded;
}

struct weft_str weft_segment_resource_encoded(const struct weft_segment_view *view, uint32_t number)
{
    return weft_segment_tables_resource(&view->segment->tables, number)->encoded;
}

const struct weft_scope *weft_segment_scope(const struct weft_segment_view *view, uint32_t number)
{
    return &weft_segment_tables_scope(&view->segment->tables, number)->decoded;
}

struct weft_str weft_segment_scope_encoded(const struct weft_segment_view *view, uint32_t number)
{
    return weft_segment_tables_scope(&view->segment->tables, number)->encoded;
}

/* ---- and by value ---- */

static bool find(const struct weft_dictionary *dictionary, uint32_t count, struct weft_str s,
                 uint32_t *number)
{
    *number = weft_dictionary_find(
        dictionary, count, weft_dictionary_hash(dictionary->seed, s.ptr, s.len), s.ptr, s.len);
    return *number != WEFT_NONE;
}

bool weft_segment_find_string(const struct weft_segment_view *view, struct weft_str s,
                              uint32_t *number)
{
    return find(&view->segment->tables.strings, view->string_count, s, number);
}

bool weft_segment_find_key(const struct weft_segment_view *view, struct weft_str key,
                           uint32_t *number)
{
    return find(&view->segment->tables.keys, view->key_count, key, number);
}
