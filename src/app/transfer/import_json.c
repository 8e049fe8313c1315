/* import_json.c -- JSON apart into pieces: values behind each other, documents, lists (import_internal.h).
 *
 * What an object is, its keys say. A walker goes over the whole text and finds where pieces begin and end; the decoders then read them.
 */
#include "app/transfer/import_internal.h"
#include "model/jaeger_decode.h"
#include "model/zipkin_json.h"
#include "wire/json.h"

enum kind {
    OTLP_DOCUMENT, /* {"resourceSpans": [...]} */
    RESOURCE_SPANS,
    JAEGER_ANSWER, /* {"data": [...]} */
    JAEGER,        /* a trace, or a span with its process */
    ZIPKIN,        /* a span */
    OTHER_SIGNAL,
    UNKNOWN,
};
struct walker {
    struct weft_import_reading *reading;
    struct weft_json_reader r;
    struct weft_arena arena; /* of keys with escapes */
    size_t started_at;       /* the value at the top, in the text */
    int rc;                  /* of the sink */
    struct weft_str stretch; /* of Zipkin spans behind each other in a list, not yet decoded */
    bool is_broken;          /* the text is no JSON, or holds what no format has: said already */
    struct weft_err *err;
};

static bool goes_on(const struct walker *w)
{
    return w->rc == WEFT_OK && !w->is_broken;
}

static void refuse(struct walker *w, size_t at, const char *sentence)
{
    weft_import_broken(w->reading, at, sentence);
    w->is_broken = true;
}

static void refuse_json(struct walker *w)
{
    struct weft_err err;
    weft_json_fail(&w->r, &err);
    refuse(w, w->started_at, err.text);
}

/* ---- what an object is ---- */

static const struct {
    const char *key;
    enum kind kind;
} telling_keys[] = {
    { "resourceSpans", OTLP_DOCUMENT },
    { "scopeSpans", RESOURCE_SPANS },
    { "data", JAEGER_ANSWER },
    { "processes", JAEGER },
    { "spans", JAEGER },
    { "spanID", JAEGER },
    { "operationName", JAEGER },
    { "traceId", ZIPKIN },
    { "resourceLogs", OTHER_SIGNAL },
    { "resourceMetrics", OTHER_SIGNAL },
    { "resourceProfiles", OTHER_SIGNAL },
};

static enum kind kind_of_key(struct weft_str key)
{
    for (size_t i = 0; i < sizeof telling_keys / sizeof telling_keys[0]; i++)
        if (weft_str_equal_c(key, telling_keys[i].key)) return telling_keys[i].kind;
    return UNKNOWN;
}

/* The object whose start was read, by the first key that tells. The walker is not moved; text that is no JSON it will find itself. */
static enum kind kind_by_keys(const struct walker *w)
{
    struct weft_json_reader ahead = w->r;
    enum weft_json_token token;
    while ((token = weft_json_next(&ahead)) == WEFT_JSON_KEY) {
        enum kind kind = kind_of_key(ahead.text);
        if (kind != UNKNOWN || !weft_json_skip(&ahead, token)) return kind;
    }
    return UNKNOWN;
}

static enum kind object_kind(const struct walker *w)
{
    enum kind kind = kind_by_keys(w);
    enum weft_import_format format = w->reading->import->format;
    if (format == WEFT_IMPORT_OTLP && kind != OTLP_DOCUMENT) return RESOURCE_SPANS;
    if (format == WEFT_IMPORT_ZIPKIN) return ZIPKIN;
    if (format == WEFT_IMPORT_JAEGER && kind != JAEGER_ANSWER) return JAEGER;
    return kind;
}

/* ---- pieces ---- */

/* The value whose first token was just read; false: it is no JSON. */
static bool take_value(struct walker *w, enum weft_json_token token, struct weft_str *value)
{
    size_t start = w->r.at - 1;
    if (!weft_json_skip(&w->r, token)) {
        refuse_json(w);
        return false;
    }
    *value = weft_str_make(w->r.input.ptr + start, w->r.at - start);
    return true;
}

static void decode(struct walker *w, weft_import_decoder *decoder, struct weft_str piece,
                   struct weft_str value)
{
    size_t at = (size_t)(value.ptr - w->r.input.ptr);
    w->rc = weft_import_piece(w->reading, decoder, piece, at, w->err);
    weft_arena_reset(&w->arena);
}

static void take_resource_spans(struct walker *w, enum weft_json_token token)
{
    struct weft_buf *piece = &w->reading->piece;
    struct weft_str value;
    if (!take_value(w, token, &value)) return;
    weft_buf_reset(piece);
    weft_buf_append_c(piece, "{\"resourceSpans\":[");
    weft_buf_append_str(piece, value);
    weft_buf_append_c(piece, "]}");
    decode(w, weft_otlp_decode_json, weft_buf_str(piece), value);
}

static void take_jaeger(struct walker *w, enum weft_json_token token)
{
    struct weft_str value;
    if (take_value(w, token, &value)) decode(w, weft_jaeger_decode_json, value, value);
}

/* ---- Zipkin: spans one by one in a list, of which stretches are pieces ---- */

static int decode_zipkin(struct weft_batch *out, struct weft_str body,
                         struct weft_otlp_result *result, struct weft_err *err)
{
    return weft_zipkin_decode_json(out, body, 0, result, err); /* the same each time it is read */
}

static struct weft_str bracketed(struct walker *w, struct weft_str spans)
{
    struct weft_buf *piece = &w->reading->piece;
    weft_buf_reset(piece);
    weft_buf_append_byte(piece, '[');
    weft_buf_append_str(piece, spans);
    weft_buf_append_byte(piece, ']');
    return weft_buf_str(piece);
}

/* One by one: a bad one costs the whole stretch. */
static void decode_singly(struct walker *w, struct weft_str stretch)
{
    struct weft_json_reader r;
    size_t base = (size_t)(stretch.ptr - w->r.input.ptr);
    weft_json_reader_init(&r, weft_str_make(w->r.input.ptr, base + stretch.len), &w->arena);
    r.at = base;
    while (w->rc == WEFT_OK) {
        r.has_root = false;
        if (weft_json_next(&r) != WEFT_JSON_OBJECT_START) break;
        size_t start = r.at - 1;
        weft_json_skip(&r, WEFT_JSON_OBJECT_START);
        struct weft_str span = weft_str_make(w->r.input.ptr + start, r.at - start);
        w->rc = weft_import_piece(w->reading, decode_zipkin, bracketed(w, span), start, w->err);
        while (r.at < r.input.len && r.input.ptr[r.at] != '{') r.at++; /* over the comma */
        if (r.at == r.input.len) break;
    }
}

static void end_stretch(struct walker *w)
{
    struct weft_str stretch = w->stretch;
    bool is_read;
    if (stretch.len == 0 || w->rc < 0) return;
    w->stretch.len = 0;
    w->rc = weft_import_try(w->reading, decode_zipkin, bracketed(w, stretch),
                            (size_t)(stretch.ptr - w->r.input.ptr), &is_read, w->err);
    if (!is_read) decode_singly(w, stretch);
    weft_arena_reset(&w->arena);
}

static void take_zipkin(struct walker *w, enum weft_json_token token)
{
    struct weft_str value;
    if (!take_value(w, token, &value)) return;
    if (w->stretch.len == 0) w->stretch.ptr = value.ptr;
    w->stretch.len = (size_t)(value.ptr + value.len - w->stretch.ptr);
    if (w->stretch.len >= WEFT_IMPORT_PIECE_BYTES) end_stretch(w);
}

/* ---- objects that hold lists of pieces ---- */

/* Each element of the list that `token` opens; null is an empty list. */
static void take_list(struct walker *w, enum weft_json_token token,
                      void (*take)(struct walker *w, enum weft_json_token token))
{
    if (token == WEFT_JSON_NULL) return;
    if (token == WEFT_JSON_OBJECT_START) {
        take(w, token);
        return;
    }
    if (token != WEFT_JSON_ARRAY_START) {
        refuse(w, w->r.at, "found neither list nor object where traces are expected");
        return;
    }
    while (goes_on(w) && (token = weft_json_next(&w->r)) != WEFT_JSON_ARRAY_END) {
        if (token == WEFT_JSON_ERROR)
            refuse_json(w);
        else if (token == WEFT_JSON_OBJECT_START || token == WEFT_JSON_ARRAY_START)
            take(w, token);
        else if (token != WEFT_JSON_NULL)
            refuse(w, w->r.at, "found a plain value in a list, expected objects");
    }
    end_stretch(w);
}

/* The rest of an object one of whose members counts. */
static void take_member(struct walker *w, const char *name,
                        void (*take)(struct walker *w, enum weft_json_token token))
{
    enum weft_json_token token = WEFT_JSON_OBJECT_END;
    while (goes_on(w) && (token = weft_json_next(&w->r)) == WEFT_JSON_KEY) {
        bool is_it = weft_str_equal_c(w->r.text, name);
        token = weft_json_next(&w->r);
        if (is_it && token != WEFT_JSON_ERROR)
            take_list(w, token, take);
        else if (!weft_json_skip(&w->r, token))
            refuse_json(w);
    }
    if (goes_on(w) && token != WEFT_JSON_OBJECT_END) refuse_json(w);
}

static void take_any(struct walker *w, enum weft_json_token token)
{
    struct weft_str value;
    size_t start = w->r.at > 0 ? w->r.at - 1 : 0;
    if (token == WEFT_JSON_ARRAY_START) {
        take_list(w, token, take_any);
        return;
    }
    if (token == WEFT_JSON_ERROR) {
        refuse_json(w);
        return;
    }
    if (token != WEFT_JSON_OBJECT_START) {
        refuse(w, start, "found a plain value, expected traces as JSON");
        return;
    }
    enum kind kind = object_kind(w);
    if (kind != ZIPKIN) end_stretch(w);
    switch (kind) {
    case OTLP_DOCUMENT: take_member(w, "resourceSpans", take_resource_spans); break;
    case RESOURCE_SPANS: take_resource_spans(w, token); break;
    case JAEGER_ANSWER: take_member(w, "data", take_jaeger); break;
    case JAEGER: take_jaeger(w, token); break;
    case ZIPKIN: take_zipkin(w, token); break;
    case OTHER_SIGNAL:
        if (take_value(w, token, &value))
            weft_import_broken(w->reading, start,
                               "found logs, metrics or profiles, expected traces");
        break;
    case UNKNOWN:
        if (take_value(w, token, &value))
            weft_import_broken(
                w->reading, start,
                "found an object that is no trace in a known format, expected "
                "OTLP (\"resourceSpans\"), Jaeger (\"data\", \"spans\") or Zipkin (\"traceId\")");
        break;
    }
}

/* ---- values behind each other ---- */

/* Where the line behind `at` begins, if it looks like one of a file of lines; the end when it does not. A line that was cut is noticed
 * on the next one only, which may be good. */
static size_t next_line(struct weft_str text, size_t at)
{
    const char *end = at < text.len ? memchr(text.ptr + at, '\n', text.len - at) : NULL;
    if (end == NULL) return text.len;
    struct weft_str rest = weft_str_tail(text, (size_t)(end - text.ptr) + 1);
    return weft_str_starts_with(rest, WEFT_S("{\"")) ? (size_t)(rest.ptr - text.ptr) : text.len;
}

int weft_import_json(struct weft_import_reading *x, struct weft_err *err)
{
    struct walker w = { .reading = x, .err = err };
    size_t at = 0;
    weft_arena_init(&w.arena, 0);
    while (w.rc == WEFT_OK) {
        while (at < x->text.len && strchr(" \t\r\n", x->text.ptr[at]) != NULL) at++;
        if (at == x->text.len) break;
        weft_json_reader_init(&w.r, x->text, &w.arena);
        w.r.at = w.started_at = at;
        w.is_broken = false;
        take_any(&w, weft_json_next(&w.r));
        end_stretch(&w); /* of one span, when it stands in no list */
        at = w.is_broken ? next_line(x->text, at) : w.r.at;
        weft_arena_reset(&w.arena);
    }
    weft_arena_release(&w.arena);
    return w.rc;
}
