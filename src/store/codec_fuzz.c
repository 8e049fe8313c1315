/* codec_fuzz.c -- any bytes as a column of each codec: opening refuses or every value can be read, and what was read is the
 * same again after encoding it.
 *
 * The bytes lie in memory of exactly their size and the slack that codec_bits.h asks for, so that the address sanitizer sees
 * each byte read beyond them; in a block, the next column would lie there. First byte: codec; next two: number of values.
 */
#include "base/alloc.h"
#include "base/arena.h"
#include "store/codec_dictionary.h"
#include "store/codec_function.h"
#include "store/codec_paged.h"
#include "store/codec_plain.h"
#include "store/codec_presence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUES_MAX = 2048 }; /* some pages of all codecs; more only costs time */

static void expect(bool holds)
{
    if (!holds) __builtin_trap();
}

/* A copy of what is in `encoded`, without its spare room. */
static uint8_t *exact(const void *bytes, size_t len)
{
    uint8_t *copy = weft_alloc_zero(len + WEFT_BITS_SLACK);
    if (len > 0) memcpy(copy, bytes, len);
    return copy;
}

static void paged_again(const uint64_t *values, uint32_t count, bool find_divisor)
{
    struct weft_buf encoded = { 0 };
    struct weft_paged column;
    size_t used;

    weft_paged_encode(&encoded, values, count, find_divisor);
    uint8_t *bytes = exact(encoded.data, encoded.len);
    expect(weft_paged_open(&column, bytes, encoded.len, count, &used) && used == encoded.len);
    for (uint32_t i = 0; i < count; i++) {
        expect(weft_paged_get(&column, i) == values[i]);
        expect(weft_paged_page_limit(&column, i / WEFT_PAGED_ROWS) >= values[i]);
    }
    weft_free(bytes);
    weft_buf_release(&encoded);
}

static void paged(const uint8_t *bytes, size_t len, uint32_t count)
{
    struct weft_paged column;
    size_t used;

    if (!weft_paged_open(&column, bytes, len, count, &used)) return;
    expect(used <= len);
    uint64_t *values = weft_alloc_array(count + 1, sizeof *values);
    uint16_t *narrow = weft_alloc_array(count + 1, sizeof *narrow);
    struct weft_paged_view view = { .column = &column };
    weft_paged_read(&column, 0, count, values);
    bool is_narrow = weft_paged_read_u16(&column, 0, count, narrow);
    for (uint32_t i = 0; i < count; i++) {
        expect(weft_paged_get(&column, i) == values[i]);
        expect(weft_paged_view_get(&view, i) == values[i]);
        expect(!is_narrow || narrow[i] == values[i]);
    }
    paged_again(values, count, false);
    paged_again(values, count, true);
    weft_free(narrow);
    weft_free(values);
}

static void presence_again(const uint16_t *rows, uint32_t count, uint32_t total)
{
    struct weft_buf encoded = { 0 };
    struct weft_presence again;
    size_t used;

    unsigned mode = weft_presence_encode(&encoded, rows, count, total);
    uint8_t *bytes = exact(encoded.data, encoded.len);
    expect(weft_presence_open(&again, mode, bytes, encoded.len, total, &used));
    expect(again.count == count && used == encoded.len);
    for (uint32_t i = 0, position; i < count; i++)
        expect(weft_presence_find(&again, rows[i], &position) && position == i);
    weft_free(bytes);
    weft_buf_release(&encoded);
}

static void presence(const uint8_t *bytes, size_t len, uint32_t total)
{
    struct weft_presence p;
    size_t used;

    if (len == 0 || total == 0 ||
        !weft_presence_open(&p, bytes[0] % 4, bytes + 1, len - 1, total, &used))
        return;
    expect(used <= len - 1);
    uint16_t *rows = weft_alloc_array(p.count + 1, sizeof *rows);
    uint32_t at = 0, position;
    weft_presence_rows(&p, rows);
    for (uint32_t row = 0; row < total; row++) {
        bool is_there = at < p.count && rows[at] == row;
        expect(weft_presence_find(&p, row, &position) == is_there);
        expect(!is_there || position == at++);
    }
    expect(at == p.count);
    presence_again(rows, p.count, total);
    weft_free(rows);
}

static void plain_again(const struct weft_str *values, uint32_t count)
{
    struct weft_buf encoded = { 0 };
    struct weft_plain column;
    struct weft_plain_reader reader = { 0 };
    struct weft_str value;
    size_t used;
    static ZSTD_CCtx *zstd;

    if (zstd == NULL) zstd = ZSTD_createCCtx();
    weft_plain_encode(&encoded, values, count, 1, zstd);
    uint8_t *bytes = exact(encoded.data, encoded.len);
    expect(weft_plain_open(&column, bytes, encoded.len, count, &used, NULL) == WEFT_OK);
    expect(used == encoded.len);
    for (uint32_t i = 0; i < count; i++)
        expect(weft_plain_get(&reader, &column, i, &value, NULL) == WEFT_OK &&
               weft_str_equal(value, values[i]));
    weft_plain_reader_release(&reader);
    weft_free(bytes);
    weft_buf_release(&encoded);
}

static void plain(const uint8_t *bytes, size_t len, uint32_t count)
{
    struct weft_plain column;
    struct weft_plain_reader reader = { 0 };
    struct weft_arena arena;
    size_t used;

    if (weft_plain_open(&column, bytes, len, count, &used, NULL) < 0) return;
    expect(used <= len);
    struct weft_str *values = weft_alloc_array(count + 1, sizeof *values);
    bool is_whole = true;
    weft_arena_init(&arena, 0);
    for (uint32_t i = 0; i < count && arena.total_bytes < 1 << 20; i++) {
        if (weft_plain_get(&reader, &column, i, &values[i], NULL) < 0)
            is_whole = false;
        else
            values[i] = weft_arena_copy(&arena, values[i]);
    }
    if (is_whole && arena.total_bytes < 1 << 20) plain_again(values, count);
    weft_plain_reader_release(&reader);
    weft_arena_release(&arena);
    weft_free(values);
}

static void function(const uint8_t *bytes, size_t len, uint32_t count)
{
    for (uint32_t number = 0; number <= WEFT_FUNCTION_MAPS_MAX; number++) {
        struct weft_function f;
        uint32_t target;
        if (!weft_function_open(&f, bytes, len, number)) continue;
        uint32_t last = f.low + f.count - 1;
        for (uint32_t i = 0; i < count; i++) {
            weft_function_get(&f, f.low + i, &target);
            weft_function_get(&f, last - i, &target);
        }
        expect(!weft_function_get(&f, f.low + f.count, &target));
        expect(!weft_function_get(&f, f.low - 1, &target) || f.count == UINT32_MAX);
    }
}

/* Pairs made of the bytes, in order of their sources. */
static void function_again(const uint8_t *bytes, size_t len)
{
    static struct weft_function_set set;
    struct weft_function_pair pairs[256];
    struct weft_buf encoded = { 0 };
    struct weft_function f;
    uint32_t count = 0, source = 0;

    for (size_t i = 0; i + 4 <= len && count < 256; i += 4) {
        source += 1u + bytes[i]; /* near each other: a map takes room for all between */
        pairs[count++] =
            (struct weft_function_pair){ .source = source, .target = weft_load_u16(bytes + i + 2) };
    }
    if (count == 0) return;
    weft_function_set_reset(&set);
    expect(weft_function_set_match(&set, pairs, count, UINT64_MAX / 2, true) == 0);
    weft_function_set_finish(&set, &encoded);
    uint8_t *section = exact(encoded.data, encoded.len);
    expect(weft_function_open(&f, section, encoded.len, 0));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t target;
        expect(weft_function_get(&f, pairs[i].source, &target) && target == pairs[i].target);
    }
    weft_free(section);
    weft_buf_release(&encoded);
}

/* Numbers of the width the first byte says: their list and their codes say the same. */
static void dictionary(const uint8_t *bytes, size_t len, uint32_t count)
{
    static struct weft_local_analyser analyser;
    struct weft_local_dictionary d;
    unsigned bits = len == 0 ? 0 : bytes[0] % 65;

    if (len == 0 || count == 0 || weft_bits_bytes(count, bits) > len - 1) return;
    uint64_t *values = weft_alloc_array(count, sizeof *values);
    weft_bits_unpack(values, bytes + 1, 0, count, bits, 0);
    if (weft_local_analyse(&analyser, values, count, bits, bits > 32 ? 8 : 4, &d)) {
        expect(d.count <= WEFT_LOCAL_MAX);
        for (uint32_t i = 0; i < count; i++)
            expect(d.codes[i] < d.count && d.values[d.codes[i]] == values[i]);
        for (uint32_t i = 1; i < d.count; i++) expect(d.values[i] > d.values[i - 1]);
    }
    weft_free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    uint32_t count = weft_load_u16(data + 1) % VALUES_MAX;
    uint8_t *bytes = exact(data + 3, size - 3);
    switch (data[0] % 6) {
    case 0: paged(bytes, size - 3, count); break;
    case 1: presence(bytes, size - 3, count); break;
    case 2: plain(bytes, size - 3, count); break;
    case 3: function(bytes, size - 3, count % 256); break;
    case 4: function_again(bytes, size - 3); break;
    default: dictionary(bytes, size - 3, count); break;
    }
    weft_free(bytes);
    return 0;
}
