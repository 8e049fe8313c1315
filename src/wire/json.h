/* json.h -- JSON read as a stream of tokens and written straight into a buffer.
 *
 * Errors     the reader stops at the first error: weft_json_fail() says line, column, what was
 *            found, what was expected
 * Threads    pure
 * Ownership  strings without escapes are views into the input; the others are made in the arena
 * Spec       RFC 8259, strict: no comments, no trailing commas, depth bounded. Bad UTF-8 and lone
 *            surrogates become U+FFFD, counted: one bad string must not cost the sender the whole
 *            batch
 */
#ifndef WEFT_WIRE_JSON_H
#define WEFT_WIRE_JSON_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum weft_json_token {
    WEFT_JSON_ERROR,
    WEFT_JSON_END,
    WEFT_JSON_OBJECT_START,
    WEFT_JSON_OBJECT_END,
    WEFT_JSON_ARRAY_START,
    WEFT_JSON_ARRAY_END,
    WEFT_JSON_KEY,
    WEFT_JSON_STRING,
    WEFT_JSON_NUMBER,
    WEFT_JSON_TRUE,
    WEFT_JSON_FALSE,
    WEFT_JSON_NULL,
};
#define WEFT_JSON_DEPTH_MAX 128
struct weft_json_reader {
    struct weft_str input;
    size_t at;
    struct weft_arena *arena;
    struct weft_str text; /* of KEY and STRING decoded; of NUMBER as written */
    uint32_t depth;
    uint32_t mended_strings;            /* had bad UTF-8 or lone surrogates */
    bool has_root;                      /* the one value at the top has begun */
    uint8_t stack[WEFT_JSON_DEPTH_MAX]; /* what each open container expects next; json_reader.c */
    const char *expected;               /* of the error, or NULL */
};
void weft_json_reader_init(struct weft_json_reader *r, struct weft_str input,
                           struct weft_arena *arena);
enum weft_json_token weft_json_next(struct weft_json_reader *r);
/* The rest of the value that `token` began (of a KEY: its value). False on an error. */
bool weft_json_skip(struct weft_json_reader *r, enum weft_json_token token);
int weft_json_fail(const struct weft_json_reader *r,
                   struct weft_err *err); /* WEFT_INVALID, sentence of the error */

/* Writer: commas come by themselves. */
struct weft_json_writer {
    struct weft_buf *out;
    bool needs_comma;
};
void weft_json_object_start(struct weft_json_writer *w);
void weft_json_object_end(struct weft_json_writer *w);
void weft_json_array_start(struct weft_json_writer *w);
void weft_json_array_end(struct weft_json_writer *w);
void weft_json_key(struct weft_json_writer *w, const char *key);
void weft_json_key_str(struct weft_json_writer *w, struct weft_str key);
void weft_json_string(struct weft_json_writer *w,
                      struct weft_str s); /* escapes; bad UTF-8 becomes U+FFFD */
void weft_json_c(struct weft_json_writer *w, const char *s);
void weft_json_u64(struct weft_json_writer *w, uint64_t v);
void weft_json_i64(struct weft_json_writer *w, int64_t v);
void weft_json_u64_string(struct weft_json_writer *w,
                          uint64_t v); /* "123" in quotes: JavaScript's numbers end at 2^53 */
void weft_json_i64_string(struct weft_json_writer *w, int64_t v);
void weft_json_double(struct weft_json_writer *w,
                      double v); /* shortest that reads back; NaN and infinities as strings */
void weft_json_bool(struct weft_json_writer *w, bool v);
void weft_json_null(struct weft_json_writer *w);
void weft_json_raw(struct weft_json_writer *w, struct weft_str json);

#endif
