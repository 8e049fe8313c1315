/* cell_text.c -- foreign text on a terminal (cell_text.h). */
#include "app/cell_text.h"
#include "wire/text.h"

/* One character from UTF-8; bad bytes come out one by one as U+FFFD. */
static uint32_t next_character(struct weft_str *text)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const uint8_t *p = (const uint8_t *)text->ptr;
    unsigned len = p[0] < 0x80                   ? 1
                   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                                                 : 0;
    uint32_t c = len == 1 ? p[0] : len == 2 ? p[0] & 0x1f : len == 3 ? p[0] & 0x0f : p[0] & 0x07;
    if (len == 0 || len > text->len) goto bad;
    for (unsigned i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) goto bad;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) goto bad;
    *text = weft_str_tail(*text, len);
    return c;
bad:
    *text = weft_str_tail(*text, 1);
    return 0xfffd;
}

/* Control characters, and those that reorder or hide text (bidirectional marks, zero-width), are
 * shown as a dot. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* 0 for combining marks, 2 for East Asian wide characters and emoji, else 1. */
static unsigned character_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {
        { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
        { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
        { 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1faff }, { 0x20000, 0x3fffd },
    };
    if (is_unsafe(c)) return 1;
    if ((c >= 0x300 && c <= 0x36f) || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
        if (c >= wide[i].first && c <= wide[i].last) return 2;
    return 1;
}

static void put_character(struct weft_buf *out, uint32_t c)
{
    char bytes[4];
    weft_buf_append(out, bytes, weft_utf8_encode(bytes, is_unsafe(c) ? 0xb7 : c));
}

unsigned weft_cell_width(struct weft_str text)
{
    unsigned width = 0;
    while (text.len > 0) width += character_width(next_character(&text));
    return width;
}

unsigned weft_cell_put(struct weft_buf *out, struct weft_str text, unsigned columns)
{
    unsigned used = 0;
    bool is_cut = weft_cell_width(text) > columns;
    unsigned room = is_cut && columns > 0 ? columns - 1 : columns;
    while (text.len > 0) {
        uint32_t c = next_character(&text);
        unsigned width = character_width(c);
        if (used + width > room) break;
        put_character(out, c);
        used += width;
    }
    if (is_cut && columns > 0) {
        weft_buf_append_c(out, "…");
        used++;
    }
    return used;
}

void weft_cell_spaces(struct weft_buf *out, unsigned count)
{
    memset(weft_buf_reserve(out, count + 1), ' ', count);
    out->len += count;
}

void weft_cell_put_right(struct weft_buf *out, struct weft_str text, unsigned columns)
{
    unsigned width = weft_cell_width(text);
    if (width < columns) weft_cell_spaces(out, columns - width);
    weft_cell_put(out, text, width);
}
