/* json_indent.c -- a byte at a time: all that matters is whether it stands in a string (json_indent.h). */
#include "wire/json_indent.h"

#define SPACES 4

static void line_break(const struct weft_json_indent *state, struct weft_buf *out)
{
    size_t count = (size_t)state->depth * SPACES;
    weft_buf_append_byte(out, '\n');
    memset(weft_buf_reserve(out, count), ' ', count);
    out->len += count;
}

static void string_byte(struct weft_json_indent *state, char c)
{
    if (state->is_escaped)
        state->is_escaped = false;
    else if (c == '\\')
        state->is_escaped = true;
    else if (c == '"')
        state->in_string = false;
}

static void close(struct weft_json_indent *state, struct weft_buf *out)
{
    state->depth--;
    if (!state->is_fresh) line_break(state, out); /* "{}" and "[]" stay together */
    state->is_fresh = false;
}

void weft_json_indent(struct weft_json_indent *state, struct weft_buf *out, struct weft_str piece)
{
    for (size_t i = 0; i < piece.len; i++) {
        char c = piece.ptr[i];
        if (state->in_string) {
            weft_buf_append_byte(out, c);
            string_byte(state, c);
            continue;
        }
        bool is_end = c == '}' || c == ']';
        if (is_end) {
            close(state, out);
        } else if (state->is_fresh) {
            line_break(state, out);
            state->is_fresh = false;
        }
        weft_buf_append_byte(out, c);
        if (c == '"') state->in_string = true;
        if (c == ':') weft_buf_append_byte(out, ' ');
        if (c == ',') line_break(state, out);
        if (c == '{' || c == '[') {
            state->depth++;
            state->is_fresh = true;
        }
    }
}
