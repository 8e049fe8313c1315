/* text_fuzz.c -- any bytes as hex, base64, percent-encoded text, query string and UTF-8. */
#include "base/assert.h"
#include "wire/text.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hex_and_base64(struct weft_str input)
{
    struct weft_buf out = { 0 }, back = { 0 };
    char *hex = weft_buf_reserve(&out, 2 * input.len + 1),
         *bytes = weft_buf_reserve(&back, input.len + 1);
    weft_hex_encode(hex, input.ptr, input.len);
    WEFT_ASSERT(weft_hex_decode(bytes, input.len, weft_str_make(hex, 2 * input.len)), "len %zu",
                input.len);
    WEFT_ASSERT(input.len == 0 || memcmp(bytes, input.ptr, input.len) == 0, "len %zu", input.len);
    weft_hex_decode(bytes, input.len / 2, input);
    for (int form = WEFT_BASE64_STANDARD; form <= WEFT_BASE64_URL; form++) {
        weft_buf_reset(&out);
        weft_buf_reset(&back);
        weft_base64_encode(&out, (enum weft_base64)form, input);
        bool is_good = weft_base64_decode(&back, (enum weft_base64)form, weft_buf_str(&out));
        WEFT_ASSERT(is_good && weft_str_equal(weft_buf_str(&back), input), "form %d, len %zu", form,
                    input.len);
    }
    weft_buf_reset(&back);
    if (weft_base64_decode(&back, WEFT_BASE64_STANDARD, input)) {
        /* Only one text for the same bytes, but for padding. */
        weft_buf_reset(&out);
        weft_base64_encode(&out, WEFT_BASE64_STANDARD, weft_buf_str(&back));
        WEFT_ASSERT(weft_str_starts_with(weft_buf_str(&out), input), "len %zu", input.len);
    }
    weft_buf_release(&out);
    weft_buf_release(&back);
}

static void percent(struct weft_str input, struct weft_arena *arena)
{
    struct weft_buf out = { 0 }, back = { 0 };
    weft_percent_encode(&out, input);
    WEFT_ASSERT(weft_percent_decode(&back, weft_buf_str(&out)) &&
                    weft_str_equal(weft_buf_str(&back), input),
                "len %zu", input.len);
    weft_buf_reset(&back);
    if (!weft_percent_decode(&back, input)) WEFT_ASSERT(back.len == 0, "len %zu", back.len);
    struct weft_str name, value;
    size_t at = 0;
    while (weft_query_string_next(input, &at, arena, &name, &value)) {
        WEFT_ASSERT(name.len + value.len <= input.len, "%zu and %zu of %zu", name.len, value.len,
                    input.len);
    }
    weft_buf_release(&out);
    weft_buf_release(&back);
}

/* The definition, one sequence after the other, as the judge of the fast one. */
static bool is_valid_by_definition(struct weft_str s)
{
    for (size_t i = 0; i < s.len;) {
        uint8_t c = (uint8_t)s.ptr[i];
        size_t len = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
        if (len == 0 || s.len - i < len) return false;
        uint32_t v = len == 1 ? c : c & (0x7fu >> len);
        for (size_t k = 1; k < len; k++) {
            if (((uint8_t)s.ptr[i + k] & 0xc0) != 0x80) return false;
            v = v << 6 | ((uint8_t)s.ptr[i + k] & 0x3f);
        }
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) return false;
        i += len;
    }
    return true;
}

static void utf8(struct weft_str input, struct weft_arena *arena)
{
    WEFT_ASSERT(weft_utf8_is_valid(input) == is_valid_by_definition(input), "len %zu", input.len);
    struct weft_str repaired = weft_utf8_repair(input, arena);
    WEFT_ASSERT(is_valid_by_definition(repaired), "len %zu", repaired.len);
    struct weft_buf out = { 0 };
    weft_utf8_append_repaired(&out, input);
    WEFT_ASSERT(weft_str_equal(repaired, weft_buf_str(&out)), "%zu and %zu", repaired.len, out.len);
    weft_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_str input = { (const char *)data, size };
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    hex_and_base64(input);
    percent(input, &arena);
    utf8(input, &arena);
    weft_arena_release(&arena);
    return 0;
}
