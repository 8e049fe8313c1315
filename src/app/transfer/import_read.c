/* import_read.c -- files and pipes as texts, texts by their first bytes, and what is said of pieces (import_read.h). */
#include "app/transfer/import_internal.h"
#include "base/file.h"
#include "wire/compress.h"
#include "wire/json.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 20)
#define PIPE_BYTES_MAX ((size_t)4 << 30) /* of what cannot be taken line by line */
#define INFLATED_BYTES_MAX ((uint64_t)16 << 30)

const char *const weft_import_format_choices[] = { "auto",   "otlp",   "protobuf",
                                                   "jaeger", "zipkin", NULL };

/* ---- pieces ---- */

static uint64_t line_at(struct weft_import_reading *x, size_t at)
{
    if (at > x->text.len) at = x->text.len;
    for (; x->counted_at < at; x->counted_at++) x->lines += x->text.ptr[x->counted_at] == '\n';
    return x->lines + 1;
}

static void say(struct weft_import_reading *x, size_t at, const char *sentence)
{
    struct weft_buf text = { 0 };
    if (x->is_binary)
        weft_buf_printf(&text, "%s, byte %" PRIu64 ": %s", x->name, x->bytes_before + at, sentence);
    else
        weft_buf_printf(&text, "%s, line %" PRIu64 ": %s", x->name, line_at(x, at), sentence);
    weft_buf_append_byte(&text, '\0');
    x->import->complain(x->import->self, text.data);
    weft_buf_release(&text);
}

void weft_import_broken(struct weft_import_reading *x, size_t at, const char *sentence)
{
    x->import->broken_pieces++;
    say(x, at, sentence);
}

int weft_import_try(struct weft_import_reading *x, weft_import_decoder *decode,
                    struct weft_str piece, size_t at, bool *is_read, struct weft_err *err)
{
    struct weft_batch batch = { .arena = &x->arena };
    struct weft_otlp_result result = { 0 };
    weft_arena_reset(&x->arena);
    *is_read = decode(&batch, piece, &result, err) == WEFT_OK;
    if (!*is_read) return WEFT_OK;
    if (result.rejected_spans > 0 && !x->has_said_reason) {
        x->has_said_reason = true;
        char sentence[sizeof result.reason + 64];
        snprintf(sentence, sizeof sentence, "%" PRIu64 " spans are left out: %s",
                 result.rejected_spans, result.reason);
        say(x, at, sentence);
    }
    x->import->rejected_spans += result.rejected_spans;
    x->import->read_spans += batch.span_count;
    return batch.span_count > 0 ? x->import->take(x->import->self, &batch, err) : WEFT_OK;
}

int weft_import_piece(struct weft_import_reading *x, weft_import_decoder *decode,
                      struct weft_str piece, size_t at, struct weft_err *err)
{
    bool is_read;
    int rc = weft_import_try(x, decode, piece, at, &is_read, err);
    if (!is_read) weft_import_broken(x, at, err->text);
    return rc;
}

/* ---- texts ---- */

bool weft_import_is_compressed(struct weft_str text)
{
    return weft_str_starts_with(text, WEFT_S("\x1f\x8b")) ||
           weft_str_starts_with(text, WEFT_S("\x28\xb5\x2f\xfd"));
}

int weft_import_inflate(struct weft_buf *out, struct weft_str text, struct weft_err *err)
{
    enum weft_compression compression =
        text.ptr[0] == 0x1f ? WEFT_COMPRESSION_GZIP : WEFT_COMPRESSION_ZSTD;
    return weft_decompress(out, compression, text, INFLATED_BYTES_MAX, 0, err);
}

int weft_import_message(struct weft_import_reading *x, struct weft_err *err)
{
    enum weft_import_format format = x->import->format;
    bool is_json = format != WEFT_IMPORT_PROTOBUF;
    if (weft_str_starts_with(x->text, WEFT_S("\xef\xbb\xbf"))) /* a byte order mark */
        x->text = weft_str_tail(x->text, 3);
    if (format == WEFT_IMPORT_AUTO && x->text.len > 1 && x->text.ptr[0] == '\n') {
        /* The tag of ResourceSpans is a line end too: JSON goes on with a bracket, and is no protobuf to its end. */
        struct weft_str rest = weft_str_trim(x->text);
        bool has_bracket = rest.len == 0 || rest.ptr[0] == '{' || rest.ptr[0] == '[';
        is_json = has_bracket && !weft_import_is_protobuf(x->text);
    }
    return is_json ? weft_import_json(x, err) : weft_import_protobuf(x, err);
}

static int text_read(struct weft_import_reading *x, struct weft_str text, struct weft_err *err)
{
    x->text = text;
    x->counted_at = 0;
    if (x->import->format < WEFT_IMPORT_JAEGER && weft_import_is_framed(text))
        return weft_import_frames(x, err);
    return weft_import_message(x, err);
}

static void reading_init(struct weft_import_reading *x, struct weft_import *import,
                         const char *name)
{
    *x = (struct weft_import_reading){ .import = import, .name = name };
    weft_arena_init(&x->arena, READ_BYTES);
}

static void reading_release(struct weft_import_reading *x)
{
    weft_arena_release(&x->arena);
    weft_buf_release(&x->piece);
}

static int whole_read(struct weft_import_reading *x, struct weft_str text, struct weft_err *err)
{
    struct weft_buf inflated = { 0 };
    int rc = WEFT_OK;
    if (weft_import_is_compressed(text)) {
        rc = weft_import_inflate(&inflated, text, err);
        if (rc < 0) weft_err_wrap(err, "%s", x->name);
        text = weft_buf_str(&inflated);
    }
    if (rc == WEFT_OK) rc = text_read(x, text, err);
    weft_buf_release(&inflated);
    return rc;
}

int weft_import_text(struct weft_import *import, const char *name, struct weft_str text,
                     struct weft_err *err)
{
    struct weft_import_reading x;
    reading_init(&x, import, name);
    int rc = whole_read(&x, text, err);
    reading_release(&x);
    return rc;
}

/* ---- standard input ---- */

/* Is the first line a JSON object by itself? Then the lines are taken as they come. */
static bool begins_with_a_line(struct weft_str text)
{
    ptrdiff_t end = weft_str_find(text, '\n');
    if (end < 2 || text.ptr[0] != '{') return false;
    struct weft_json_reader r;
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    weft_json_reader_init(&r, weft_str_make(text.ptr, (size_t)end), &arena);
    bool is_line = weft_json_skip(&r, weft_json_next(&r)) && weft_json_next(&r) == WEFT_JSON_END;
    weft_arena_release(&arena);
    return is_line;
}

/* The lines that are whole; before `from` there was none. */
static int lines_read(struct weft_import_reading *x, struct weft_buf *text, size_t from,
                      struct weft_err *err)
{
    const char *end = memrchr(text->data + from, '\n', text->len - from);
    if (end == NULL) return WEFT_OK;
    size_t len = (size_t)(end - text->data) + 1;
    x->text = weft_str_make(text->data, len);
    x->counted_at = 0;
    int rc = weft_import_json(x, err);
    line_at(x, len);
    weft_buf_consume(text, len);
    return rc;
}

static int pipe_more(struct weft_buf *text, bool *is_end, struct weft_err *err)
{
    ssize_t n;
    if (text->len > PIPE_BYTES_MAX)
        return weft_fail(err, WEFT_TOO_LARGE,
                         "standard input: more than 4 GiB that are not JSON lines; put it into a "
                         "file, or export as ndjson");
    while ((n = read(STDIN_FILENO, weft_buf_reserve(text, READ_BYTES), READ_BYTES)) < 0)
        if (errno != EINTR)
            return weft_fail(err, WEFT_IO, "read standard input: %s", strerror(errno));
    text->len += (size_t)n;
    *is_end = n == 0;
    return WEFT_OK;
}

static int pipe_read(struct weft_import *import, struct weft_err *err)
{
    struct weft_import_reading x;
    struct weft_buf text = { 0 };
    bool is_end = false, is_lines = false, is_decided = false;
    int rc = WEFT_OK;
    reading_init(&x, import, "standard input");
    while (rc == WEFT_OK && !is_end) {
        size_t before = is_lines ? text.len : 0;
        rc = pipe_more(&text, &is_end, err);
        if (!is_decided && text.len > 0 && memchr(text.data, '\n', text.len) != NULL) {
            is_lines = begins_with_a_line(weft_buf_str(&text));
            is_decided = true;
        }
        if (rc == WEFT_OK && is_lines) rc = lines_read(&x, &text, before, err);
    }
    if (rc == WEFT_OK) rc = whole_read(&x, weft_buf_str(&text), err);
    weft_buf_release(&text);
    reading_release(&x);
    return rc;
}

/* ---- files ---- */

int weft_import_file(struct weft_import *import, const char *path, struct weft_err *err)
{
    const void *map = NULL;
    uint64_t bytes = 0, lost = weft_file_lost_pages();
    int fd = -1;
    if (strcmp(path, "-") == 0) return pipe_read(import, err);
    int rc = weft_file_open(&fd, path, O_RDONLY, err);
    if (rc == WEFT_OK) rc = weft_file_size(fd, path, &bytes, err);
    if (rc == WEFT_OK && bytes > 0) rc = weft_file_map(&map, fd, path, bytes, err);
    if (rc == WEFT_OK && bytes > 0)
        rc = weft_import_text(import, path, weft_str_make(map, bytes), err);
    if (rc == WEFT_OK && weft_file_lost_pages() != lost)
        rc = weft_fail(err, WEFT_IO,
                       "%s could not be read to its end, or was cut while it was read", path);
    if (map != NULL) weft_file_unmap(map, bytes);
    weft_file_close(&fd);
    return rc;
}
