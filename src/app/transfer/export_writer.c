/* export_writer.c -- the formats, one small struct each, and where their bytes go (export_writer.h). */
#include "app/transfer/export_writer.h"
#include "app/terminal.h"
#include "app/transfer/export_csv.h"
#include "base/alloc.h"
#include "base/file.h"
#include "model/batch_slice.h"
#include "model/jaeger_json.h"
#include "model/otlp.h"
#include "model/zipkin_json.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)

struct format;
struct weft_export {
    const struct format *format;
    const char *path;
    int fd;
    bool has_file, is_started;
    uint64_t bytes;
    struct weft_buf out; /* not yet written */
    struct weft_json_writer json;
};
struct format {
    void (*start)(struct weft_export *x); /* these three may be NULL */
    int (*trace)(struct weft_export *x, const struct weft_batch *trace, struct weft_err *err);
    void (*slice)(struct weft_export *x, const struct weft_batch *spans); /* instead of trace */
    void (*end)(struct weft_export *x);
};

/* ---- where bytes go ---- */

static int flush(struct weft_export *x, struct weft_err *err)
{
    const char *path = x->path != NULL ? x->path : "standard output";
    if (x->out.len == 0) return WEFT_OK;
    if (x->path != NULL && !x->has_file) {
        int rc = weft_file_open(&x->fd, x->path, O_WRONLY | O_CREAT | O_TRUNC, err);
        if (rc < 0) return rc;
        x->has_file = true;
    }
    if (!weft_terminal_write(x->fd, weft_buf_str(&x->out)))
        return weft_fail(err, errno == EPIPE ? WEFT_CLOSED : WEFT_IO, "write %s: %s", path,
                         strerror(errno));
    x->bytes += x->out.len;
    weft_buf_reset(&x->out);
    return WEFT_OK;
}

static int flush_when_full(struct weft_export *x, struct weft_err *err)
{
    return x->out.len >= PIECE_BYTES ? flush(x, err) : WEFT_OK;
}

/* ---- OTLP ---- */

static void otlp_slice(struct weft_export *x, const struct weft_batch *spans)
{
    size_t at = x->out.len;
    weft_otlp_encode_json(&x->out, spans, WEFT_OTLP_JSON);
    x->out.len--; /* "]": the list goes on */
    x->out.data[at] = x->json.needs_comma ? ',' : ' ';
    x->json.needs_comma = true;
}

static void otlp_start(struct weft_export *x)
{
    weft_buf_append_c(&x->out, "{\"resourceSpans\":[");
}

static void otlp_end(struct weft_export *x)
{
    weft_buf_append_c(&x->out, "]}\n");
}

static void ndjson_slice(struct weft_export *x, const struct weft_batch *spans)
{
    weft_buf_append_c(&x->out, "{\"resourceSpans\":");
    weft_otlp_encode_json(&x->out, spans, WEFT_OTLP_JSON);
    weft_buf_append_c(&x->out, "}\n");
}

static void protobuf_slice(struct weft_export *x, const struct weft_batch *spans)
{
    weft_otlp_encode_protobuf(&x->out, spans); /* a repeated field: pieces add up */
}

/* ---- Jaeger ---- */

static void jaeger_start(struct weft_export *x)
{
    weft_buf_append_c(&x->out, "{\"data\":[");
}

static int jaeger_trace(struct weft_export *x, const struct weft_batch *trace, struct weft_err *err)
{
    struct weft_jaeger_trace shown;
    struct weft_jaeger_json json;
    struct weft_arena arena;
    int rc = WEFT_OK;
    weft_arena_init(&arena, 0);
    weft_jaeger_trace_make(&shown, trace, &(struct weft_jaeger_form){ .is_raw = true }, &arena);
    weft_jaeger_json_start(&json, &shown, &x->json, &arena);
    while (rc == WEFT_OK && weft_jaeger_json_more(&json, PIECE_BYTES)) rc = flush(x, err);
    weft_arena_release(&arena);
    return rc;
}

static void jaeger_end(struct weft_export *x)
{
    weft_buf_append_c(&x->out, "],\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}\n");
}

/* ---- Zipkin ---- */

static void zipkin_start(struct weft_export *x)
{
    weft_json_array_start(&x->json);
}

static void zipkin_slice(struct weft_export *x, const struct weft_batch *spans)
{
    for (uint32_t i = 0; i < spans->span_count; i++)
        weft_zipkin_encode_json(&x->json, &spans->spans[i], spans->arena);
}

static void zipkin_end(struct weft_export *x)
{
    weft_json_array_end(&x->json);
    weft_buf_append_byte(&x->out, '\n');
}

/* ---- CSV ---- */

static void csv_start(struct weft_export *x)
{
    weft_export_csv_head(&x->out);
}

static void csv_slice(struct weft_export *x, const struct weft_batch *spans)
{
    for (uint32_t i = 0; i < spans->span_count; i++)
        weft_export_csv_span(&x->out, &spans->spans[i]);
}

static const struct format formats[] = {
    { .start = otlp_start, .slice = otlp_slice, .end = otlp_end },
    { .slice = ndjson_slice },
    { .slice = protobuf_slice },
    { .start = jaeger_start, .trace = jaeger_trace, .end = jaeger_end },
    { .start = zipkin_start, .slice = zipkin_slice, .end = zipkin_end },
    { .start = csv_start, .slice = csv_slice },
};
const char *const weft_export_format_choices[] = { WEFT_EXPORT_FORMAT_CHOICES, NULL };

/* ---- the writer ---- */

void weft_export_create(struct weft_export **out, int format, const char *path)
{
    struct weft_export *x = weft_alloc_zero(sizeof *x);
    x->format = &formats[format];
    x->path = path != NULL && path[0] != '\0' && strcmp(path, "-") != 0 ? path : NULL;
    x->fd = STDOUT_FILENO;
    x->json.out = &x->out;
    *out = x;
}

static void start(struct weft_export *x)
{
    if (!x->is_started && x->format->start != NULL) x->format->start(x);
    x->is_started = true;
}

int weft_export_trace(struct weft_export *x, const struct weft_batch *trace, struct weft_err *err)
{
    struct weft_batch slice;
    uint32_t next = 0;
    int rc = WEFT_OK;
    start(x);
    if (trace->span_count == 0) return WEFT_OK;
    if (x->format->trace != NULL) {
        rc = x->format->trace(x, trace, err);
        return rc < 0 ? rc : flush_when_full(x, err);
    }
    while (rc == WEFT_OK && weft_batch_slice(&slice, trace, &next, PIECE_BYTES)) {
        x->format->slice(x, &slice);
        rc = flush_when_full(x, err);
    }
    return rc;
}

int weft_export_finish(struct weft_export *x, struct weft_err *err)
{
    start(x);
    if (x->format->end != NULL) x->format->end(x);
    return flush(x, err);
}

uint64_t weft_export_bytes(const struct weft_export *x)
{
    return x->bytes + x->out.len;
}

void weft_export_destroy(struct weft_export *x)
{
    if (x == NULL) return;
    if (x->has_file) weft_file_close(&x->fd);
    weft_buf_release(&x->out);
    weft_free(x);
}
