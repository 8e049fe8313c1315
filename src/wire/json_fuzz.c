/* json_fuzz.c -- any bytes read as JSON; what could be read is written, and reads and writes the
 * same again. */
#include "base/assert.h"
#include "wire/json.h"
#include "wire/text.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void number_write(struct weft_json_writer *w, struct weft_str text)
{
    double v;
    int64_t i;
    if (weft_str_to_i64(text, &i) && (i != 0 || text.len == 1)) { /* -0 is a double */
        weft_json_i64(w, i);
    } else if (weft_str_to_double(text, &v)) {
        weft_json_double(w, v);
    } else {
        weft_json_raw(w, text);
    }
}

static void token_write(struct weft_json_writer *w, enum weft_json_token token,
                        struct weft_str text)
{
    switch (token) {
    case WEFT_JSON_OBJECT_START: weft_json_object_start(w); break;
    case WEFT_JSON_OBJECT_END: weft_json_object_end(w); break;
    case WEFT_JSON_ARRAY_START: weft_json_array_start(w); break;
    case WEFT_JSON_ARRAY_END: weft_json_array_end(w); break;
    case WEFT_JSON_KEY: weft_json_key_str(w, text); break;
    case WEFT_JSON_STRING: weft_json_string(w, text); break;
    case WEFT_JSON_NUMBER: number_write(w, text); break;
    case WEFT_JSON_TRUE: weft_json_bool(w, true); break;
    case WEFT_JSON_FALSE: weft_json_bool(w, false); break;
    case WEFT_JSON_NULL: weft_json_null(w); break;
    default: break;
    }
}

static bool rewrite(struct weft_buf *out, struct weft_str input, struct weft_arena *arena)
{
    struct weft_json_reader r;
    struct weft_json_writer w = { out, false };
    weft_json_reader_init(&r, input, arena);
    for (;;) {
        enum weft_json_token token = weft_json_next(&r);
        if (token == WEFT_JSON_END) return true;
        if (token == WEFT_JSON_ERROR) {
            struct weft_err err;
            WEFT_ASSERT(weft_json_fail(&r, &err) == WEFT_INVALID, "%s", err.text);
            return false;
        }
        if (token == WEFT_JSON_STRING || token == WEFT_JSON_KEY) {
            WEFT_ASSERT(weft_utf8_is_valid(r.text), "len %zu", r.text.len);
        }
        token_write(&w, token, r.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_arena arena;
    struct weft_buf first = { 0 }, second = { 0 };
    struct weft_str input = { (const char *)data, size };
    weft_arena_init(&arena, 0);
    if (rewrite(&first, input, &arena)) {
        bool is_good = rewrite(&second, weft_buf_str(&first), &arena);
        WEFT_ASSERT(is_good && weft_str_equal(weft_buf_str(&first), weft_buf_str(&second)),
                    "%.*s then %.*s", WEFT_S_ARG(weft_buf_str(&first)),
                    WEFT_S_ARG(weft_buf_str(&second)));
    }
    struct weft_json_reader r;
    weft_json_reader_init(&r, input, &arena);
    bool is_skipped = weft_json_skip(&r, weft_json_next(&r));
    if (is_skipped && weft_json_next(&r) == WEFT_JSON_END)
        WEFT_ASSERT(second.len > 0, "skipped, but not read: %d", 0);
    weft_buf_release(&first);
    weft_buf_release(&second);
    weft_arena_release(&arena);
    return 0;
}
