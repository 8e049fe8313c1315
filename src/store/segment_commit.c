/* segment_commit.c -- the committing side: a chunk's image, its checksums, the write and the sync;
 * and the builds' memory. */
#include <pthread.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/segment_internal.h"

/* ---- memory of pending chunks ---- */

#define BUILDS_KEPT_BYTES_MAX ((size_t)8 << 20) /* of all together, between two segments */
static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct weft_chunk_build *free;
    size_t bytes;
} builds = { .lock = PTHREAD_MUTEX_INITIALIZER };

static size_t build_bytes(const struct weft_chunk_build *build)
{
    return build->image_capacity + build->word_capacity * sizeof *build->words +
           build->heap_capacity;
}

struct weft_chunk_build *weft_chunk_build_create(void)
{
    return weft_alloc_zero(sizeof(struct weft_chunk_build));
}

/* Done with its first span, because segments are prepared long before they are written to. */
void weft_chunk_build_adopt_memory(struct weft_chunk_build *build)
{
    if (build_bytes(build) > 0) return;
    pthread_mutex_lock(&builds.lock);
    struct weft_chunk_build *kept = builds.free;
    if (kept != NULL) {
        builds.free = kept->next_free;
        builds.bytes -= build_bytes(kept);
    }
    pthread_mutex_unlock(&builds.lock);
    if (kept == NULL) return;
    build->image = kept->image;
    build->image_capacity = kept->image_capacity;
    build->words = kept->words;
    build->word_capacity = kept->word_capacity;
    build->heap = kept->heap;
    build->heap_capacity = kept->heap_capacity;
    weft_free(kept);
}

void weft_chunk_build_give(struct weft_chunk_build *build)
{
    if (build == NULL) return;
    size_t bytes = build_bytes(build);
    pthread_mutex_lock(&builds.lock);
    bool is_kept = bytes > 0 && builds.bytes + bytes <= BUILDS_KEPT_BYTES_MAX;
    if (is_kept) {
        build->next_free = builds.free;
        builds.free = build;
        builds.bytes += bytes;
    }
    pthread_mutex_unlock(&builds.lock);
    if (is_kept) return;
    weft_free(build->image);
    weft_free(build->words);
    weft_free(build->heap);
    weft_free(build);
}

static size_t grown(size_t capacity, size_t needed, size_t least)
{
    if (capacity < least) capacity = least;
    while (capacity < needed) capacity += capacity / 2;
    return capacity;
}

void weft_chunk_build_reserve_image(struct weft_chunk_build *build, size_t bytes)
{
    if (bytes <= build->image_capacity) return;
    build->image_capacity = grown(build->image_capacity, bytes, 64u << 10);
    build->image = weft_realloc(build->image, build->image_capacity);
}

void weft_chunk_build_reserve_words(struct weft_chunk_build *build, size_t more)
{
    build->word_capacity = grown(build->word_capacity, build->word_count + more, 16u << 10);
    build->words = weft_realloc_array(build->words, build->word_capacity, sizeof *build->words);
}

void weft_chunk_build_reserve_heap(struct weft_chunk_build *build, size_t more)
{
    build->heap_capacity = grown(build->heap_capacity, build->heap_bytes + more, 16u << 10);
    build->heap = weft_realloc(build->heap, build->heap_capacity);
}

/* ---- the image ---- */

static void place_sections(const struct weft_chunk_build *build, struct weft_chunk_header *header)
{
    const uint64_t bytes[WEFT_SECTION_COUNT] = {
        [WEFT_SECTION_RECORDS] = (uint64_t)build->span_count * WEFT_RECORD_BYTES,
        [WEFT_SECTION_TRACE_INDEX] = (uint64_t)build->span_count * 8,
        [WEFT_SECTION_WORDS] = build->word_count * 4,
        [WEFT_SECTION_HEAP] = build->heap_bytes,
        [WEFT_SECTION_TABLES] = build->table_bytes,
    };
    uint64_t offset = WEFT_CHUNK_BODY_OFFSET;
    for (int i = 0; i < WEFT_SECTION_COUNT; i++) {
        header->sections[i].offset = (uint32_t)offset;
        header->sections[i].bytes = (uint32_t)bytes[i];
        offset += bytes[i];
    }
    header->chunk_bytes = weft_segment_page_up(offset);
}

/* The sections behind the records, in the image; the checksums and the header. */
static void complete_image(struct weft_chunk_build *build, struct weft_chunk_header *header)
{
    struct weft_section_place *at = header->sections;
    const struct weft_section_place *last = &at[WEFT_SECTION_TABLES];
    size_t end = last->offset + last->bytes;
    /* The index is sorted through scratch space where words, heap and tables come to lie
     * afterwards. */
    size_t scratch_end = at[WEFT_SECTION_WORDS].offset + at[WEFT_SECTION_TRACE_INDEX].bytes;
    weft_chunk_build_reserve_image(build, header->chunk_bytes > scratch_end ? header->chunk_bytes
                                                                            : scratch_end);
    char *image = build->image;
    weft_trace_index_build((uint64_t *)(void *)(image + at[WEFT_SECTION_TRACE_INDEX].offset),
                           (uint64_t *)(void *)(image + at[WEFT_SECTION_WORDS].offset),
                           (const uint8_t *)image + at[WEFT_SECTION_RECORDS].offset,
                           build->span_count);
    if (build->word_count > 0)
        memcpy(image + at[WEFT_SECTION_WORDS].offset, build->words, build->word_count * 4);
    if (build->heap_bytes > 0)
        memcpy(image + at[WEFT_SECTION_HEAP].offset, build->heap, build->heap_bytes);
    weft_segment_tables_encode(&build->segment->tables, &build->before, &build->after,
                               (uint8_t *)image + last->offset);
    memset(image + end, 0, header->chunk_bytes - end);
    for (int i = 0; i < WEFT_SECTION_COUNT; i++)
        at[i].checksum = weft_hash(image + at[i].offset, at[i].bytes);
    weft_chunk_header_encode((uint8_t *)image, header);
}

int weft_chunk_commit(struct weft_chunk_build *build, struct weft_err *err)
{
    struct weft_segment *segment = build->segment;
    if (atomic_load_explicit(&segment->is_broken, memory_order_acquire)) {
        return weft_fail(err, WEFT_IO, "an earlier write to segment %s failed", segment->path);
    }
    struct weft_chunk_header header = {
        .segment_number = segment->number,
        .chunk_number = build->number,
        .span_count = build->span_count,
        .start_min = build->start_min,
        .start_max = build->start_max,
        .before = build->before,
        .after = build->after,
        .previous_checksum = segment->last_checksum,
    };
    place_sections(build, &header);
    complete_image(build, &header);
    int rc = weft_file_write_at(segment->fd, segment->path, build->image, header.chunk_bytes,
                                build->offset, err);
    if (rc == WEFT_OK) rc = weft_file_sync_data(segment->fd, segment->path, err);
    if (rc < 0) {
        /* After a failed sync the kernel may have dropped the pages: nothing behind this point can
         * be trusted. */
        atomic_store_explicit(&segment->is_broken, true, memory_order_release);
        return rc;
    }
    segment->last_checksum = header.checksum;
    weft_segment_publish(segment, &header, build->offset, build->memory_bytes);
    return WEFT_OK;
}
