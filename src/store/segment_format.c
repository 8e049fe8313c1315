/* segment_format.c -- headers of segment files and chunks, field by field. */
#include "store/segment_format.h"

#include "base/hash.h"
#include <inttypes.h>

static const char file_magic[8] = { 'w', 'e', 'f', 't', 's', 'e', 'g', '1' };
static const char seal_magic[8] = { 'w', 'e', 'f', 't', 's', 'e', 'a', 'l' };
static const char chunk_magic[8] = { 'w', 'e', 'f', 't', 'c', 'h', 'n', 'k' };

#define FILE_HEADER_BYTES 56u /* checksum at 48 over the 48 before it */
#define SEAL_BYTES 48u        /* checksum at 40 */

void weft_segment_file_header_encode(uint8_t out[static WEFT_SEGMENT_PAGE],
                                     struct weft_segment_file_header *header)
{
    memset(out, 0, WEFT_SEGMENT_PAGE);
    memcpy(out, file_magic, 8);
    weft_store_u32(out + 8, WEFT_SEGMENT_VERSION);
    weft_store_u32(out + 12, FILE_HEADER_BYTES);
    weft_store_u64(out + 16, header->number);
    weft_store_u64(out + 24, header->created_unix_ns);
    weft_store_u32(out + 32, header->writer);
    header->checksum = weft_hash(out, 48);
    weft_store_u64(out + 48, header->checksum);
}

int weft_segment_file_header_decode(struct weft_segment_file_header *out, const uint8_t *bytes,
                                    const char *path, struct weft_err *err)
{
    if (memcmp(bytes, file_magic, 8) != 0) {
        return weft_fail(err, WEFT_CORRUPT, "%s is no segment: it does not start with \"weftseg1\"",
                         path);
    }
    out->checksum = weft_load_u64(bytes + 48);
    if (weft_hash(bytes, 48) != out->checksum) {
        return weft_fail(err, WEFT_CORRUPT, "segment %s: the checksum of the file header is wrong",
                         path);
    }
    uint32_t version = weft_load_u32(bytes + 8);
    if (version != WEFT_SEGMENT_VERSION) {
        return weft_fail(err, WEFT_UNSUPPORTED,
                         "segment %s was written by a newer weft: format %" PRIu32
                         ", this one reads %u",
                         path, version, WEFT_SEGMENT_VERSION);
    }
    out->number = weft_load_u64(bytes + 16);
    out->created_unix_ns = weft_load_u64(bytes + 24);
    out->writer = weft_load_u32(bytes + 32);
    return WEFT_OK;
}

void weft_segment_seal_mark_encode(uint8_t *sector, const struct weft_segment_seal_mark *mark)
{
    memcpy(sector, seal_magic, 8);
    weft_store_u64(sector + 8, mark->number);
    weft_store_u64(sector + 16, mark->end_offset);
    weft_store_u64(sector + 24, mark->last_header_checksum);
    weft_store_u32(sector + 32, mark->chunk_count);
    weft_store_u32(sector + 36, 0);
    weft_store_u64(sector + 40, weft_hash(sector, 40));
}

bool weft_segment_seal_mark_decode(struct weft_segment_seal_mark *out, const uint8_t *sector,
                                   uint64_t number)
{
    if (memcmp(sector, seal_magic, 8) != 0 || weft_load_u64(sector + 40) != weft_hash(sector, 40))
        return false;
    out->number = weft_load_u64(sector + 8);
    out->end_offset = weft_load_u64(sector + 16);
    out->last_header_checksum = weft_load_u64(sector + 24);
    out->chunk_count = weft_load_u32(sector + 32);
    return out->number == number;
}

/* Offsets in the chunk header; docs/format/segment.md has the same table. */
enum {
    AT_VERSION = 8,
    AT_HEADER_BYTES = 12,
    AT_SEGMENT = 16,
    AT_CHUNK = 24,
    AT_SPANS = 28,
    AT_CHUNK_BYTES = 32,
    AT_START_MIN = 40,
    AT_START_MAX = 48,
    AT_BEFORE = 56,
    AT_AFTER = 80,
    AT_PREVIOUS = 104,
    AT_SECTIONS = 112,
    SECTION_BYTES = 24,
    AT_CHECKSUM = 248,
};
_Static_assert(AT_SECTIONS + WEFT_SECTION_COUNT * SECTION_BYTES <= AT_CHECKSUM,
               "the sections overlap the checksum");

void weft_chunk_header_encode(uint8_t out[static WEFT_CHUNK_HEADER_BYTES],
                              struct weft_chunk_header *header)
{
    memset(out, 0, WEFT_CHUNK_HEADER_BYTES);
    memcpy(out, chunk_magic, 8);
    weft_store_u32(out + AT_VERSION, WEFT_SEGMENT_VERSION);
    weft_store_u32(out + AT_HEADER_BYTES, WEFT_CHUNK_HEADER_BYTES);
    weft_store_u64(out + AT_SEGMENT, header->segment_number);
    weft_store_u32(out + AT_CHUNK, header->chunk_number);
    weft_store_u32(out + AT_SPANS, header->span_count);
    weft_store_u64(out + AT_CHUNK_BYTES, header->chunk_bytes);
    weft_store_u64(out + AT_START_MIN, header->start_min);
    weft_store_u64(out + AT_START_MAX, header->start_max);
    for (int i = 0; i < WEFT_TABLE_COUNT; i++) {
        weft_store_u32(out + AT_BEFORE + 4 * i, header->before.of[i]);
        weft_store_u32(out + AT_AFTER + 4 * i, header->after.of[i]);
    }
    weft_store_u64(out + AT_PREVIOUS, header->previous_checksum);
    for (int i = 0; i < WEFT_SECTION_COUNT; i++) {
        uint8_t *place = out + AT_SECTIONS + SECTION_BYTES * i;
        weft_store_u32(place, (uint32_t)i + 1);
        weft_store_u32(place + 8, header->sections[i].offset);
        weft_store_u32(place + 12, header->sections[i].bytes);
        weft_store_u64(place + 16, header->sections[i].checksum);
    }
    header->checksum = weft_hash(out, AT_CHECKSUM);
    weft_store_u64(out + AT_CHECKSUM, header->checksum);
}

bool weft_chunk_header_decode(struct weft_chunk_header *out, const uint8_t *bytes)
{
    if (memcmp(bytes, chunk_magic, 8) != 0) return false;
    out->checksum = weft_load_u64(bytes + AT_CHECKSUM);
    if (out->checksum != weft_hash(bytes, AT_CHECKSUM)) return false;
    if (weft_load_u32(bytes + AT_VERSION) != WEFT_SEGMENT_VERSION ||
        weft_load_u32(bytes + AT_HEADER_BYTES) != WEFT_CHUNK_HEADER_BYTES) {
        return false;
    }
    out->segment_number = weft_load_u64(bytes + AT_SEGMENT);
    out->chunk_number = weft_load_u32(bytes + AT_CHUNK);
    out->span_count = weft_load_u32(bytes + AT_SPANS);
    out->chunk_bytes = weft_load_u64(bytes + AT_CHUNK_BYTES);
    out->start_min = weft_load_u64(bytes + AT_START_MIN);
    out->start_max = weft_load_u64(bytes + AT_START_MAX);
    for (int i = 0; i < WEFT_TABLE_COUNT; i++) {
        out->before.of[i] = weft_load_u32(bytes + AT_BEFORE + 4 * i);
        out->after.of[i] = weft_load_u32(bytes + AT_AFTER + 4 * i);
    }
    out->previous_checksum = weft_load_u64(bytes + AT_PREVIOUS);
    for (int i = 0; i < WEFT_SECTION_COUNT; i++) {
        const uint8_t *place = bytes + AT_SECTIONS + SECTION_BYTES * i;
        if (weft_load_u32(place) != (uint32_t)i + 1) return false;
        out->sections[i].offset = weft_load_u32(place + 8);
        out->sections[i].bytes = weft_load_u32(place + 12);
        out->sections[i].checksum = weft_load_u64(place + 16);
    }
    return true;
}
