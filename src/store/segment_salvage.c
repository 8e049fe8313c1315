/* segment_salvage.c -- the whole chunks of a damaged segment, also those behind the damage.
 *
 * A chunk's rows refer by number to what earlier chunks added to the segment's tables. Each header says how many entries there
 * were before it and after it, so a lost chunk leaves holes of known size: they are filled with placeholders, and a row that
 * refers to one is lost, the others are not.
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/random.h"
#include "store/salvage.h"
#include "store/segment_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BATCH_SPANS 1024u

struct salvaging {
    struct weft_segment *segment;
    const struct weft_salvage_to *to;
    struct weft_salvage *out;
    struct weft_err *err;
    struct weft_table_holes holes;
    uint32_t next_chunk;
    bool is_sealed;
    struct weft_segment_seal_mark mark;
    char placeholder
        [16]; /* what begins a string that stands for a lost one; random, so that no real one is like it */
};

__attribute__((format(printf, 2, 3))) static void report(struct salvaging *s, const char *format,
                                                         ...)
{
    char sentence[768];
    va_list args;

    s->out->is_damaged = true;
    s->out->places++;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (s->to->report != NULL) s->to->report(s->to->arg, sentence);
}

void weft_salvage_range(struct weft_salvage *out, uint64_t start_min, uint64_t start_max)
{
    bool is_first = out->start_min == 0 && out->start_max == 0;

    if (is_first || start_min < out->start_min) out->start_min = start_min;
    if (is_first || start_max > out->start_max) out->start_max = start_max;
}

/* ---- tables with holes ---- */

static bool fill_strings(struct salvaging *s, struct weft_dictionary *dictionary, uint32_t to)
{
    char text[48];

    while (dictionary->count < to) {
        memcpy(text, s->placeholder, sizeof s->placeholder);
        int len = snprintf(text + sizeof s->placeholder, sizeof text - sizeof s->placeholder, "%u",
                           dictionary->count);
        struct weft_str name = weft_str_make(text, sizeof s->placeholder + (size_t)len);
        uint32_t hash = weft_dictionary_hash(dictionary->seed, name.ptr, name.len);
        if (weft_dictionary_add(dictionary, hash, name) == WEFT_NONE) return false;
    }
    return true;
}

static bool fill_tables(struct weft_segment_tables *tables, const struct weft_table_counts *to)
{
    while (tables->resource_count < to->of[WEFT_TABLE_RESOURCES])
        if (weft_segment_tables_add_resource(tables, WEFT_S(""), NULL) == WEFT_NONE) return false;
    while (tables->scope_count < to->of[WEFT_TABLE_SCOPES])
        if (weft_segment_tables_add_scope(tables, WEFT_S(""), NULL) == WEFT_NONE) return false;
    while (tables->shape_count < to->of[WEFT_TABLE_SHAPES])
        if (weft_segment_tables_add_shape(tables, NULL, 0) == WEFT_NONE) return false;
    if (tables->head_count < to->of[WEFT_TABLE_HEADS] &&
        (tables->resource_count == 0 || tables->scope_count == 0))
        return false;
    while (tables->head_count < to->of[WEFT_TABLE_HEADS])
        if (weft_segment_tables_add_head(tables, weft_segment_tables_pair(tables, 0, 0),
                                         WEFT_NO_NAME, 0) == WEFT_NONE)
            return false;
    return true;
}

/* From the present counts to `to`: nobody knows what stood there. */
static bool make_hole(struct salvaging *s, const struct weft_table_counts *to)
{
    struct weft_segment_tables *tables = &s->segment->tables;
    struct weft_table_counts from = weft_segment_tables_counts(tables);
    bool is_empty = true;

    for (int i = 0; i < WEFT_TABLE_COUNT; i++) {
        if (to->of[i] < from.of[i]) return false;
        is_empty = is_empty && to->of[i] == from.of[i];
    }
    if (is_empty) return true;
    if (!fill_strings(s, &tables->strings, to->of[WEFT_TABLE_STRINGS]) ||
        !fill_strings(s, &tables->keys, to->of[WEFT_TABLE_KEYS]) || !fill_tables(tables, to))
        return false;
    s->holes.items = weft_realloc_array(s->holes.items, s->holes.count + 1, sizeof *s->holes.items);
    s->holes.items[s->holes.count].from = from;
    s->holes.items[s->holes.count++].to = *to;
    return true;
}

static bool section_fits(const struct weft_chunk_header *header, const uint8_t *chunk,
                         enum weft_section section)
{
    const struct weft_section_place *at = &header->sections[section];
    return weft_hash(chunk + at->offset, at->bytes) == at->checksum;
}

/* The chunk's own additions, or a hole. */
static bool tables_take(struct salvaging *s, const struct weft_chunk_header *header,
                        const uint8_t *chunk)
{
    const struct weft_section_place *at = &header->sections[WEFT_SECTION_TABLES];

    if (!make_hole(s, &header->before)) return false;
    struct weft_tables_mark mark = weft_segment_tables_mark(&s->segment->tables);
    if (section_fits(header, chunk, WEFT_SECTION_TABLES) &&
        weft_segment_tables_decode(&s->segment->tables, &header->after,
                                   weft_str_make((const char *)chunk + at->offset, at->bytes),
                                   NULL) == WEFT_OK)
        return true;
    weft_segment_tables_cut(&s->segment->tables, &mark);
    return make_hole(s, &header->after);
}

/* ---- rows ---- */

static struct weft_segment_view view_now(const struct salvaging *s)
{
    const struct weft_segment_tables *tables = &s->segment->tables;

    return (struct weft_segment_view){ .segment = s->segment,
                                       .string_count = tables->strings.count,
                                       .key_count = tables->keys.count,
                                       .shape_count = tables->shape_count,
                                       .head_count = tables->head_count,
                                       .resource_count = tables->resource_count,
                                       .scope_count = tables->scope_count };
}

static int give(struct salvaging *s, struct weft_batch *batch)
{
    int rc = WEFT_OK;

    if (s->to->take != NULL && batch->span_count > 0) rc = s->to->take(s->to->arg, batch, s->err);
    struct weft_arena *arena = batch->arena;
    weft_arena_reset(arena);
    *batch = (struct weft_batch){ .arena = arena };
    return rc;
}

/* Every row that can be read; *lost: how many cannot. */
static int rows_take(struct salvaging *s, const struct weft_chunk_view *chunk, uint32_t *lost)
{
    struct weft_segment_view view = view_now(s);
    struct weft_arena arena;
    struct weft_batch batch = { .arena = &arena };
    int rc = WEFT_OK;

    *lost = 0;
    weft_arena_init(&arena, 0);
    for (uint32_t row = 0; rc == WEFT_OK && row < chunk->span_count; row++) {
        if (!weft_row_check(chunk, &s->segment->tables, &s->holes, row)) {
            ++*lost;
            continue;
        }
        s->out->spans_saved++;
        if (s->to->take == NULL) continue;
        weft_row_read(&view, chunk, row, weft_batch_add(&batch), &arena);
        if (batch.span_count == BATCH_SPANS) rc = give(s, &batch);
    }
    if (rc == WEFT_OK) rc = give(s, &batch);
    weft_arena_release(&arena);
    return rc;
}

static void chunk_lost(struct salvaging *s, const struct weft_chunk_header *header, uint64_t offset,
                       uint32_t lost, const char *why)
{
    char from[64], to[64];

    weft_time_format_rfc3339(from, sizeof from, header->start_min, 3);
    weft_time_format_rfc3339(to, sizeof to, header->start_max, 3);
    s->out->spans_lost += lost;
    weft_salvage_range(s->out, header->start_min, header->start_max);
    report(s, "chunk %u at offset %" PRIu64 ": %s: %u of %u spans, from %s to %s, cannot be read",
           header->chunk_number, offset, why, lost, header->span_count, from, to);
}

static int chunk_take(struct salvaging *s, const struct weft_chunk_header *header, uint64_t offset)
{
    const uint8_t *bytes = s->segment->map + offset;
    struct weft_chunk_view chunk = weft_chunk_view_at(header, bytes);
    bool has_rows = section_fits(header, bytes, WEFT_SECTION_RECORDS) &&
                    section_fits(header, bytes, WEFT_SECTION_WORDS) &&
                    section_fits(header, bytes, WEFT_SECTION_HEAP);
    uint32_t lost;

    bool has_tables = tables_take(s, header, bytes);
    if (!has_tables || !has_rows) {
        chunk_lost(s, header, offset, header->span_count,
                   has_tables ? "checksum of its records, words or heap does not fit"
                              : "its table counts contradict those of the chunks before");
        return WEFT_OK;
    }
    int rc = rows_take(s, &chunk, &lost);
    if (rc == WEFT_OK && lost > 0)
        chunk_lost(s, header, offset, lost,
                   "they refer to entries of the segment's tables that are lost");
    else if (rc == WEFT_OK && (!section_fits(header, bytes, WEFT_SECTION_TRACE_INDEX) ||
                               !section_fits(header, bytes, WEFT_SECTION_TABLES)))
        report(
            s,
            "chunk %u at offset %" PRIu64
            ": checksum of its trace index or tables does not fit; all of its spans can be saved",
            header->chunk_number, offset);
    return rc;
}

/* ---- chunks ---- */

static bool header_at(const struct salvaging *s, uint64_t offset, struct weft_chunk_header *header)
{
    uint64_t room = s->segment->file_bytes - offset;

    return room >= WEFT_SEGMENT_PAGE &&
           weft_chunk_header_decode(header, s->segment->map + offset) &&
           header->segment_number == s->segment->number && header->chunk_number >= s->next_chunk &&
           header->chunk_bytes <= room && weft_chunk_places_fit(header);
}

static bool chunk_is_whole(const struct salvaging *s, const struct weft_chunk_header *header,
                           uint64_t offset)
{
    for (int i = 0; i < WEFT_SECTION_COUNT; i++)
        if (!section_fits(header, s->segment->map + offset, (enum weft_section)i)) return false;
    return true;
}

/* Past what was never written, which is most of a young file. */
static uint64_t skip_hole(const struct salvaging *s, uint64_t offset)
{
    off_t data = lseek(s->segment->fd, (off_t)offset, SEEK_DATA);

    if (data < 0) return errno == ENXIO ? s->segment->file_bytes : offset;
    return (uint64_t)data / WEFT_SEGMENT_PAGE * WEFT_SEGMENT_PAGE;
}

#define HOLE_LOOK_PAGES 16u

/* Does a chunk of this segment stand anywhere from `offset` on? Nothing does behind the end that a seal mark names. */
static bool find_next(const struct salvaging *s, uint64_t *offset, struct weft_chunk_header *header)
{
    uint64_t end = s->is_sealed && s->mark.end_offset < s->segment->file_bytes
                       ? s->mark.end_offset
                       : s->segment->file_bytes;

    for (uint32_t misses = 0; *offset + WEFT_SEGMENT_PAGE <= end; misses++) {
        if (misses % HOLE_LOOK_PAGES == 1) {
            uint64_t data = skip_hole(s, *offset);
            if (data > *offset) {
                *offset = data;
                continue;
            }
        }
        if (header_at(s, *offset, header)) return true;
        *offset += WEFT_SEGMENT_PAGE;
    }
    return false;
}

static void missing(struct salvaging *s, uint32_t until, uint64_t from_offset, uint64_t to_offset)
{
    if (until <= s->next_chunk) return;
    s->out->is_uncounted = true;
    report(s,
           "chunks %u to %u, bytes %" PRIu64 " to %" PRIu64
           ": their headers are damaged, so it is not known how many spans they had",
           s->next_chunk, until - 1, from_offset, to_offset - 1);
}

/* A last chunk that is not whole, in a segment that was never sealed: a commit that did not end, so nobody was told that it
 * did. */
static bool is_torn_tail(const struct salvaging *s, const struct weft_chunk_header *header,
                         uint64_t offset)
{
    struct weft_chunk_header behind;
    uint64_t next = offset + header->chunk_bytes;
    struct salvaging later = *s;

    if (s->is_sealed || chunk_is_whole(s, header, offset)) return false;
    later.next_chunk = header->chunk_number + 1;
    return !find_next(&later, &next, &behind);
}

static int chunks_take(struct salvaging *s)
{
    struct weft_chunk_header header;
    uint64_t offset = WEFT_SEGMENT_PAGE, end = offset;
    int rc = WEFT_OK;

    while (rc == WEFT_OK && find_next(s, &offset, &header)) {
        missing(s, header.chunk_number, end, offset);
        s->next_chunk = header.chunk_number + 1;
        if (is_torn_tail(s, &header, offset)) return WEFT_OK;
        rc = chunk_take(s, &header, offset);
        offset = end = offset + header.chunk_bytes;
    }
    if (rc == WEFT_OK && s->is_sealed) missing(s, s->mark.chunk_count, end, s->mark.end_offset);
    return rc;
}

static void header_look(struct salvaging *s, const char *path)
{
    struct weft_segment_file_header header;
    struct weft_err err;

    if (weft_segment_file_header_decode(&header, s->segment->map, path, &err) < 0)
        report(s, "%s", err.text);
    else if (header.number != s->segment->number)
        report(s, "the file header has the number %" PRIu64 ", the name %" PRIu64, header.number,
               s->segment->number);
    s->is_sealed = weft_segment_seal_mark_decode(
        &s->mark, s->segment->map + WEFT_SEGMENT_SEAL_OFFSET, s->segment->number);
}

int weft_segment_salvage(const char *path, uint64_t number, const struct weft_salvage_to *to,
                         struct weft_salvage *out, struct weft_err *err)
{
    struct salvaging s = {
        .segment = weft_segment_allocate(path), .to = to, .out = out, .err = err
    };
    const void *map = NULL;

    *out = (struct weft_salvage){ 0 };
    s.segment->number = number;
    weft_random_system(s.placeholder, sizeof s.placeholder);
    int rc = weft_file_open(&s.segment->fd, path, O_RDONLY, err);
    if (rc == WEFT_OK) rc = weft_file_size(s.segment->fd, path, &s.segment->file_bytes, err);
    if (rc == WEFT_OK && s.segment->file_bytes < WEFT_SEGMENT_PAGE) {
        report(&s, "%" PRIu64 " bytes, at least %u expected", s.segment->file_bytes,
               WEFT_SEGMENT_PAGE);
    } else if (rc == WEFT_OK) {
        rc = weft_file_map(&map, s.segment->fd, path, s.segment->file_bytes, err);
        s.segment->map = map;
        if (rc == WEFT_OK) {
            header_look(&s, path);
            rc = chunks_take(&s);
        }
    }
    weft_free(s.holes.items);
    weft_segment_unref(s.segment);
    return rc;
}
