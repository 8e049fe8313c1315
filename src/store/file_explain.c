/* file_explain.c -- see file_explain.h. Tables of fields, walked over the bytes; nothing is believed, so damaged files can be
 * looked at too. */
#include "store/file_explain.h"
#include "base/endian.h"
#include "base/file.h"
#include "store/block_format.h"
#include "store/segment_format.h"
#include <fcntl.h>
#include <inttypes.h>

enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_HEX, FIELD_ID };
struct field {
    uint32_t offset, bytes;
    enum field_kind kind;
    const char *what;
};

static const struct field segment_header[] = {
    { 0, 8, FIELD_TEXT, "magic" },
    { 8, 4, FIELD_NUMBER, "version" },
    { 12, 4, FIELD_NUMBER, "header bytes" },
    { 16, 8, FIELD_NUMBER, "segment number" },
    { 24, 8, FIELD_NUMBER, "created, Unix ns" },
    { 32, 4, FIELD_NUMBER, "writer thread" },
    { 48, 8, FIELD_HEX, "xxh3 of bytes 0 to 47" },
    { 512, 8, FIELD_TEXT, "seal mark: magic" },
    { 520, 8, FIELD_NUMBER, "seal mark: segment number" },
    { 528, 8, FIELD_NUMBER, "seal mark: end of the chunks" },
    { 536, 8, FIELD_HEX, "seal mark: checksum field of the last header" },
    { 544, 4, FIELD_NUMBER, "seal mark: chunks" },
    { 552, 8, FIELD_HEX, "seal mark: xxh3 of bytes 512 to 551" },
    { 0 },
};
static const struct field chunk_header[] = {
    { 0, 8, FIELD_TEXT, "magic" },
    { 8, 4, FIELD_NUMBER, "version" },
    { 12, 4, FIELD_NUMBER, "header bytes" },
    { 16, 8, FIELD_NUMBER, "segment number" },
    { 24, 4, FIELD_NUMBER, "chunk number" },
    { 28, 4, FIELD_NUMBER, "spans" },
    { 32, 8, FIELD_NUMBER, "chunk bytes" },
    { 40, 8, FIELD_NUMBER, "smallest start, Unix ns" },
    { 48, 8, FIELD_NUMBER, "largest start, Unix ns" },
    { 56, 4, FIELD_NUMBER, "strings before" },
    { 60, 4, FIELD_NUMBER, "keys before" },
    { 64, 4, FIELD_NUMBER, "resources before" },
    { 68, 4, FIELD_NUMBER, "scopes before" },
    { 72, 4, FIELD_NUMBER, "shapes before" },
    { 76, 4, FIELD_NUMBER, "heads before" },
    { 80, 4, FIELD_NUMBER, "strings after" },
    { 84, 4, FIELD_NUMBER, "keys after" },
    { 88, 4, FIELD_NUMBER, "resources after" },
    { 92, 4, FIELD_NUMBER, "scopes after" },
    { 96, 4, FIELD_NUMBER, "shapes after" },
    { 100, 4, FIELD_NUMBER, "heads after" },
    { 104, 8, FIELD_HEX, "checksum field of the header before" },
    { 120, 4, FIELD_NUMBER, "records: offset in the chunk" },
    { 124, 4, FIELD_NUMBER, "records: bytes" },
    { 128, 8, FIELD_HEX, "records: xxh3" },
    { 144, 4, FIELD_NUMBER, "trace index: offset in the chunk" },
    { 148, 4, FIELD_NUMBER, "trace index: bytes" },
    { 152, 8, FIELD_HEX, "trace index: xxh3" },
    { 168, 4, FIELD_NUMBER, "words: offset in the chunk" },
    { 172, 4, FIELD_NUMBER, "words: bytes" },
    { 176, 8, FIELD_HEX, "words: xxh3" },
    { 192, 4, FIELD_NUMBER, "heap: offset in the chunk" },
    { 196, 4, FIELD_NUMBER, "heap: bytes" },
    { 200, 8, FIELD_HEX, "heap: xxh3" },
    { 216, 4, FIELD_NUMBER, "tables: offset in the chunk" },
    { 220, 4, FIELD_NUMBER, "tables: bytes" },
    { 224, 8, FIELD_HEX, "tables: xxh3" },
    { 248, 8, FIELD_HEX, "xxh3 of bytes 0 to 247" },
    { 0 },
};
static const struct field record[] = {
    { 0, 16, FIELD_ID, "trace id" },
    { 16, 8, FIELD_ID, "span id" },
    { 24, 8, FIELD_ID, "parent span id" },
    { 32, 8, FIELD_NUMBER, "start, Unix ns" },
    { 40, 8, FIELD_NUMBER, "end - start, ns" },
    { 48, 4, FIELD_NUMBER, "head number" },
    { 52, 4, FIELD_HEX, "shape number, or 2^31 + inline attributes" },
    { 56, 4, FIELD_NUMBER, "first word of the row" },
    { 60, 4, FIELD_HEX, "flags" },
    { 0 },
};
static const struct field block_header[] = {
    { 0, 8, FIELD_TEXT, "magic" },
    { 8, 4, FIELD_NUMBER, "version" },
    { 12, 4, FIELD_NUMBER, "page size" },
    { 16, 8, FIELD_NUMBER, "block number" },
    { 24, 8, FIELD_NUMBER, "created, Unix ns" },
    { 0 },
};
static const struct field block_footer[] = {
    { 0, 8, FIELD_NUMBER, "block number" },
    { 8, 8, FIELD_NUMBER, "created, Unix ns" },
    { 16, 8, FIELD_NUMBER, "spans" },
    { 24, 8, FIELD_NUMBER, "traces" },
    { 32, 8, FIELD_NUMBER, "errors" },
    { 40, 8, FIELD_NUMBER, "smallest start, Unix ns" },
    { 48, 8, FIELD_NUMBER, "largest start, Unix ns" },
    { 56, 8, FIELD_NUMBER, "conflicting duplicates" },
    { 64, 8, FIELD_NUMBER, "exact duplicates" },
    { 72, 8, FIELD_NUMBER, "orphans" },
    { 80, 16, FIELD_ID, "first trace id" },
    { 96, 16, FIELD_ID, "last trace id" },
    { 112, 4, FIELD_NUMBER, "row groups" },
    { 116, 4, FIELD_NUMBER, "superseded segments" },
    { 120, 4, FIELD_NUMBER, "superseded blocks" },
    { 124, 4, FIELD_NUMBER, "sections" },
    { 0 },
};
static const struct field section_entry[] = {
    { 0, 4, FIELD_NUMBER, "section: kind" },
    { 4, 4, FIELD_NUMBER, "section: flags (1: required)" },
    { 8, 8, FIELD_NUMBER, "section: offset" },
    { 16, 8, FIELD_NUMBER, "section: bytes" },
    { 0 },
};
static const struct field block_trailer[] = {
    { 0, 8, FIELD_NUMBER, "bytes before the two tails" },
    { 8, 8, FIELD_NUMBER, "bytes of a tail: sums, footer, trailer" },
    { 16, 4, FIELD_NUMBER, "footer bytes" },
    { 20, 4, FIELD_NUMBER, "version" },
    { 24, 8, FIELD_HEX, "xxh3 of the sums" },
    { 32, 8, FIELD_HEX, "xxh3 of footer and trailer bytes 0 to 31" },
    { 40, 8, FIELD_TEXT, "magic" },
    { 0 },
};
static const struct field bundle_header[] = {
    { 0, 8, FIELD_TEXT, "magic" },
    { 8, 4, FIELD_NUMBER, "version" },
    { 12, 4, FIELD_NUMBER, "alignment of members" },
    { 16, 8, FIELD_NUMBER, "bundle number" },
    { 56, 8, FIELD_HEX, "xxh3 of bytes 0 to 55" },
    { 0 },
};
static const struct field bundle_trailer[] = {
    { 0, 8, FIELD_NUMBER, "offset of the first directory" },
    { 8, 4, FIELD_NUMBER, "directory bytes" },
    { 12, 4, FIELD_NUMBER, "version" },
    { 16, 8, FIELD_NUMBER, "bundle number" },
    { 24, 8, FIELD_NUMBER, "created, Unix ns" },
    { 32, 8, FIELD_HEX, "xxh3 of directory and trailer bytes 0 to 31" },
    { 40, 8, FIELD_TEXT, "magic" },
    { 0 },
};
static const struct field catalog_header[] = {
    { 0, 8, FIELD_TEXT, "magic" },      { 8, 4, FIELD_NUMBER, "version" },
    { 12, 4, FIELD_NUMBER, "blocks" },  { 16, 8, FIELD_NUMBER, "next number" },
    { 24, 4, FIELD_NUMBER, "bundles" }, { 0 },
};

struct explaining {
    const uint8_t *bytes;
    uint64_t len, from, to;
    struct weft_buf *out;
};

static void write_raw(struct weft_buf *out, const uint8_t *bytes, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) weft_buf_printf(out, "%02x", bytes[i]);
    for (uint32_t i = len; i < 16; i++) weft_buf_append_c(out, "  ");
}

static void write_meaning(struct weft_buf *out, const uint8_t *bytes, const struct field *field)
{
    uint64_t value = field->bytes == 4   ? weft_load_u32(bytes)
                     : field->bytes == 8 ? weft_load_u64(bytes)
                                         : 0;

    if (field->kind == FIELD_NUMBER) weft_buf_printf(out, " = %" PRIu64, value);
    if (field->kind == FIELD_HEX) weft_buf_printf(out, " = 0x%" PRIx64, value);
    if (field->kind != FIELD_TEXT) return;
    weft_buf_append_c(out, " = \"");
    for (uint32_t i = 0; i < field->bytes; i++)
        weft_buf_append_byte(out, bytes[i] >= ' ' && bytes[i] < 127 ? (char)bytes[i] : '.');
    weft_buf_append_byte(out, '"');
}

/* Those fields of a table at `at` that lie in the range. */
static void explain(struct explaining *e, uint64_t at, const struct field *table, const char *of)
{
    for (const struct field *field = table; field->what != NULL; field++) {
        uint64_t offset = at + field->offset;
        if (offset + field->bytes > e->len || offset + field->bytes <= e->from || offset >= e->to)
            continue;
        weft_buf_printf(e->out, "%12" PRIu64 "  ", offset);
        write_raw(e->out, e->bytes + offset, field->bytes);
        weft_buf_printf(e->out, "  %s: %s", of, field->what);
        write_meaning(e->out, e->bytes + offset, field);
        weft_buf_append_byte(e->out, '\n');
    }
}

static void explain_chunk(struct explaining *e, uint64_t at, const struct weft_chunk_header *header)
{
    char of[64];
    uint64_t records = at + header->sections[WEFT_SECTION_RECORDS].offset;

    snprintf(of, sizeof of, "chunk %u", header->chunk_number);
    explain(e, at, chunk_header, of);
    for (uint32_t row = 0; row < header->span_count && records + (row + 1) * UINT64_C(64) <= e->len;
         row++) {
        if (records + (row + 1) * UINT64_C(64) <= e->from || records + row * UINT64_C(64) >= e->to)
            continue;
        snprintf(of, sizeof of, "chunk %u, record %u", header->chunk_number, row);
        explain(e, records + row * UINT64_C(64), record, of);
    }
}

static void explain_segment(struct explaining *e)
{
    struct weft_chunk_header header;

    explain(e, 0, segment_header, "segment");
    for (uint64_t at = WEFT_SEGMENT_PAGE; at + WEFT_SEGMENT_PAGE <= e->len && at < e->to;) {
        bool is_chunk = weft_chunk_header_decode(&header, e->bytes + at);
        if (is_chunk) explain_chunk(e, at, &header);
        at += is_chunk && header.chunk_bytes >= WEFT_SEGMENT_PAGE ? header.chunk_bytes
                                                                  : WEFT_SEGMENT_PAGE;
    }
}

/* Footer and trailer, from the trailer's place on backwards. */
static void explain_tail(struct explaining *e, uint64_t trailer, const char *copy)
{
    char footer_of[32], trailer_of[32];
    uint32_t bytes = weft_load_u32(e->bytes + trailer + 16);

    snprintf(footer_of, sizeof footer_of, "%s footer", copy);
    snprintf(trailer_of, sizeof trailer_of, "%s trailer", copy);
    if (bytes <= trailer && bytes >= WEFT_BLOCK_FOOTER_FIXED) {
        uint64_t footer = trailer - bytes;
        explain(e, footer, block_footer, footer_of);
        uint32_t sections = weft_load_u32(e->bytes + footer + 124);
        for (uint64_t i = 0, at = footer + WEFT_BLOCK_FOOTER_FIXED;
             i < sections && at + WEFT_BLOCK_SECTION_BYTES <= trailer;
             i++, at += WEFT_BLOCK_SECTION_BYTES)
            explain(e, at, section_entry, footer_of);
    }
    explain(e, trailer, block_trailer, trailer_of);
}

static void explain_block(struct explaining *e)
{
    uint64_t last = e->len - WEFT_BLOCK_TRAILER_BYTES, tail = weft_load_u64(e->bytes + last + 8);

    explain(e, 0, block_header, "block");
    if (tail < last && last - tail >= WEFT_BLOCK_HEADER_BYTES)
        explain_tail(e, last - tail, "first");
    explain_tail(e, last, "last");
}

static void explain_bundle(struct explaining *e)
{
    uint64_t last = e->len - 48, first = weft_load_u64(e->bytes + last),
             bytes = weft_load_u32(e->bytes + last + 8);

    explain(e, 0, bundle_header, "bundle");
    if (first < last && bytes < last - first)
        explain(e, first + bytes, bundle_trailer, "first trailer");
    explain(e, last, bundle_trailer, "last trailer");
}

static int explain_any(struct explaining *e, const char *path, struct weft_err *err)
{
    if (e->len >= WEFT_SEGMENT_PAGE && memcmp(e->bytes, "weftseg1", 8) == 0)
        explain_segment(e);
    else if (e->len >= WEFT_BLOCK_HEADER_BYTES + WEFT_BLOCK_TRAILER_BYTES &&
             memcmp(e->bytes, "weftblk\1", 8) == 0)
        explain_block(e);
    else if (e->len >= 64 + 48 && memcmp(e->bytes, "weftbdl\1", 8) == 0)
        explain_bundle(e);
    else if (e->len >= 40 && memcmp(e->bytes, "WEFTCAT\n", 8) == 0)
        explain(e, 0, catalog_header, "catalogue");
    else
        return weft_fail(err, WEFT_INVALID,
                         "%s does not begin as a segment, block, bundle or CATALOG does", path);
    return WEFT_OK;
}

int weft_file_explain(const char *path, uint64_t from, uint64_t to, struct weft_buf *out,
                      struct weft_err *err)
{
    struct explaining e = { .from = from, .to = to, .out = out };
    const void *map = NULL;
    int fd;
    int rc = weft_file_open(&fd, path, O_RDONLY, err);

    if (rc == WEFT_OK) rc = weft_file_size(fd, path, &e.len, err);
    if (rc == WEFT_OK) rc = weft_file_map(&map, fd, path, e.len, err);
    weft_file_close(&fd);
    if (rc < 0) return rc;
    e.bytes = map;
    rc = explain_any(&e, path, err);
    weft_file_unmap(map, e.len);
    return rc;
}
