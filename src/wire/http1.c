/* http1.c -- the flow of an HTTP/1.1 message: header, body, chunks, trailers.
 *
 *      HEAD --empty line--> LENGTH ----------------------------------------> DONE
 *                      |--> UNTIL_CLOSE --weft_http1_eof()---------------> DONE
 *                      |--> DONE (no body)
 *                      `--> SIZE_FIRST -> SIZE -> [EXTENSION ->] SIZE_LF -> DATA -> DATA_CR ->
 *                      DATA_LF -> SIZE_FIRST ...
 *                                                                  `--size 0--> TRAILER --empty
 *                                                                  line--> DONE
 *      anywhere --> BROKEN
 *
 * A header (and a trailer section) is first only looked at for line ends, line by line as it comes,
 * and parsed in one go once it is whole: so nothing but two offsets is kept between calls, and the
 * bytes may move.
 */
#include "wire/http1_internal.h"
#include "wire/text.h"

enum state {
    HEAD,
    LENGTH,
    UNTIL_CLOSE,
    SIZE_FIRST,
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    DONE,
    BROKEN,
};
/* Chunk extensions mean nothing to us; a sender gets this much room for them in one message. */
#define EXTENSION_BYTES_MAX 4096
#define CHUNK_DIGITS_MAX \
    15 /* 2^60 bytes: more is nonsense, and sixteen would need overflow checks */

void weft_http1_reset(struct weft_http1_parser *p)
{
    static const struct weft_http1_parser zero;
    struct weft_http1_parser fresh = zero;
    fresh.fields = p->fields;
    fresh.fields_max = p->fields_max;
    fresh.header_bytes_max = p->header_bytes_max;
    fresh.body_bytes_max = p->body_bytes_max;
    fresh.answers_head = p->answers_head;
    fresh.kind = p->kind;
    fresh.content_length = -1;
    *p = fresh;
}

void weft_http1_init(struct weft_http1_parser *p, enum weft_http1_kind kind,
                     struct weft_http1_field *fields, uint32_t fields_max)
{
    p->fields = fields;
    p->fields_max = fields_max;
    p->header_bytes_max = 32 * 1024;
    p->body_bytes_max = 20 * 1024 * 1024;
    p->answers_head = false;
    p->kind = (uint8_t)kind;
    weft_http1_reset(p);
}

static enum weft_http1_event broken(struct weft_http1_parser *p)
{
    p->state = BROKEN;
    p->field_count = 0;
    return WEFT_HTTP1_ERROR;
}

/* Bytes that cannot begin a message (a TLS hello, a port scan) are not worth waiting for the end of
 * a line. */
static bool first_line_is_plausible(struct weft_http1_parser *p, struct weft_str input)
{
    if (p->kind == WEFT_HTTP1_RESPONSE) {
        struct weft_str expected = WEFT_S("HTTP/1.");
        if (expected.len > input.len) expected.len = input.len;
        if (weft_str_starts_with(input, expected)) return true;
        return weft_http1_refuse(p, 502, "answer does not begin with HTTP/1");
    }
    for (size_t i = 0; i < input.len && i <= 32; i++) {
        char c = input.ptr[i];
        if (weft_http1_is_token_byte(c)) continue;
        if (c == ' ' && i > 0) return true;
        return weft_http1_refuse(p, 400, "request line does not begin with a method");
    }
    return true;
}

/* Look at the lines that have come since the last call. Length of the section with its empty line,
 * 0 when more is needed, -1 when
 * refused. */
static int64_t lines_scan(struct weft_http1_parser *p, struct weft_str input)
{
    for (;;) {
        const char *lf = p->scanned < input.len
                             ? memchr(input.ptr + p->scanned, '\n', input.len - p->scanned)
                             : NULL;
        size_t seen = lf != NULL ? (size_t)(lf - input.ptr) + 1 : input.len;
        if (seen > p->header_bytes_max) {
            bool in_first_line =
                p->state == HEAD && p->line_start == 0 && p->kind == WEFT_HTTP1_REQUEST;
            weft_http1_refuse(p, in_first_line ? 414 : 431, "%s longer than %u bytes",
                              in_first_line ? "request line" : "header", p->header_bytes_max);
            return -1;
        }
        p->scanned = (uint32_t)seen;
        if (lf == NULL) return 0;
        if (seen - p->line_start < 2 || lf[-1] != '\r') {
            weft_http1_refuse(p, 400, "line ends in LF alone, CRLF expected");
            return -1;
        }
        bool is_empty = seen - p->line_start == 2;
        p->line_start = (uint32_t)seen;
        if (is_empty) return (int64_t)seen;
    }
}

/* RFC 9112 2.2: one empty line before a request is passed over; old clients send one behind a
 * body. */
static bool blank_line_take(struct weft_http1_parser *p, struct weft_str input, size_t *used)
{
    if (p->kind != WEFT_HTTP1_REQUEST || p->has_blank_line || p->scanned != 0) return false;
    if (input.len < 2 || input.ptr[0] != '\r' || input.ptr[1] != '\n') return false;
    p->has_blank_line = true;
    *used = 2;
    return true;
}

static enum weft_http1_event head_step(struct weft_http1_parser *p, struct weft_str input,
                                       size_t *used)
{
    if (blank_line_take(p, input, used)) input = weft_str_tail(input, 2);
    bool may_be_blank = p->kind == WEFT_HTTP1_REQUEST && !p->has_blank_line && input.len == 1 &&
                        input.ptr[0] == '\r';
    if (input.len == 0 || may_be_blank) return WEFT_HTTP1_MORE;
    if (p->line_start == 0 && !first_line_is_plausible(p, input)) return broken(p);
    int64_t len = lines_scan(p, input);
    if (len == 0) return WEFT_HTTP1_MORE;
    if (len < 0 || !weft_http1_head_parse(p, weft_str_make(input.ptr, (size_t)len)))
        return broken(p);
    static const uint8_t next[] = { [WEFT_HTTP1_NO_BODY] = DONE,
                                    [WEFT_HTTP1_LENGTH] = LENGTH,
                                    [WEFT_HTTP1_CHUNKED] = SIZE_FIRST,
                                    [WEFT_HTTP1_UNTIL_CLOSE] = UNTIL_CLOSE };
    p->state = next[p->body_kind];
    *used += (size_t)len;
    return WEFT_HTTP1_HEADER;
}

static enum weft_http1_event trailer_step(struct weft_http1_parser *p, struct weft_str input,
                                          size_t *used)
{
    int64_t len = lines_scan(p, input);
    if (len == 0) return WEFT_HTTP1_MORE;
    if (len < 0 || !weft_http1_fields_parse(p, weft_str_make(input.ptr, (size_t)len)))
        return broken(p);
    p->state = DONE;
    *used += (size_t)len;
    return WEFT_HTTP1_END;
}

/* Up to p->remaining bytes of `input` are the next piece of the body. */
static enum weft_http1_event piece_take(struct weft_http1_parser *p, struct weft_str input,
                                        size_t *used)
{
    if (input.len == 0) return WEFT_HTTP1_MORE;
    p->body = input;
    if (p->body.len > p->remaining) p->body.len = (size_t)p->remaining;
    p->remaining -= p->body.len;
    p->body_bytes += p->body.len;
    *used += p->body.len;
    return WEFT_HTTP1_BODY;
}

static enum weft_http1_event length_step(struct weft_http1_parser *p, struct weft_str input,
                                         size_t *used)
{
    if (p->remaining > 0) return piece_take(p, input, used);
    p->state = DONE;
    p->field_count = 0;
    return WEFT_HTTP1_END;
}

static enum weft_http1_event until_close_step(struct weft_http1_parser *p, struct weft_str input,
                                              size_t *used)
{
    if (input.len > p->body_bytes_max - p->body_bytes) {
        weft_http1_refuse(p, 413, "body longer than %llu bytes",
                          (unsigned long long)p->body_bytes_max);
        return broken(p);
    }
    p->remaining = input.len;
    return piece_take(p, input, used);
}

static bool size_digit_take(struct weft_http1_parser *p, int digit)
{
    if (p->chunk_digits == CHUNK_DIGITS_MAX) {
        return weft_http1_refuse(p, 400, "chunk size has more than %d digits", CHUNK_DIGITS_MAX);
    }
    p->chunk_digits++;
    p->remaining = p->remaining << 4 | (uint64_t)digit;
    return true;
}

static bool size_line_end(struct weft_http1_parser *p)
{
    if (p->remaining > p->body_bytes_max - p->body_bytes) {
        return weft_http1_refuse(p, 413, "body longer than %llu bytes",
                                 (unsigned long long)p->body_bytes_max);
    }
    p->state = p->remaining > 0 ? DATA : TRAILER;
    p->scanned = p->line_start = 0;
    return true;
}

static bool extension_byte_take(struct weft_http1_parser *p, char c)
{
    if (!weft_http1_is_field_value(weft_str_make(&c, 1))) {
        return weft_http1_refuse(p, 400, "chunk extension has a control character");
    }
    if (++p->extension_bytes > EXTENSION_BYTES_MAX) {
        return weft_http1_refuse(p, 400, "more than %d bytes of chunk extensions",
                                 EXTENSION_BYTES_MAX);
    }
    return true;
}

/* One byte of chunk framing. */
static bool chunk_byte_take(struct weft_http1_parser *p, char c)
{
    int digit;
    switch (p->state) {
    case SIZE_FIRST:
    case SIZE:
        digit = weft_hex_digit(c);
        if (digit >= 0) {
            p->state = SIZE;
            return size_digit_take(p, digit);
        }
        if (p->state == SIZE && (c == '\r' || c == ';')) {
            p->state = c == '\r' ? SIZE_LF : EXTENSION;
            return true;
        }
        return weft_http1_refuse(p, 400, "chunk size is not hexadecimal digits up to CRLF or ';'");
    case EXTENSION:
        if (c != '\r') return extension_byte_take(p, c);
        p->state = SIZE_LF;
        return true;
    case SIZE_LF:
        if (c != '\n') return weft_http1_refuse(p, 400, "CR without LF behind a chunk size");
        return size_line_end(p);
    case DATA_CR:
        if (c != '\r') return weft_http1_refuse(p, 400, "chunk is longer than its size says");
        p->state = DATA_LF;
        return true;
    default: /* DATA_LF */
        if (c != '\n') return weft_http1_refuse(p, 400, "chunk is longer than its size says");
        p->state = SIZE_FIRST;
        p->remaining = 0;
        p->chunk_digits = 0;
        return true;
    }
}

static enum weft_http1_event chunked_step(struct weft_http1_parser *p, struct weft_str input,
                                          size_t *used)
{
    for (size_t i = 0;; i++, ++*used) {
        if (p->state == DATA && p->remaining == 0) p->state = DATA_CR;
        if (p->state == DATA) return piece_take(p, weft_str_tail(input, i), used);
        if (p->state == TRAILER) return trailer_step(p, weft_str_tail(input, i), used);
        if (i == input.len) return WEFT_HTTP1_MORE;
        if (!chunk_byte_take(p, input.ptr[i])) return broken(p);
    }
}

enum weft_http1_event weft_http1_parse(struct weft_http1_parser *p, struct weft_str input,
                                       size_t *used)
{
    *used = 0;
    switch (p->state) {
    case HEAD: return head_step(p, input, used);
    case LENGTH: return length_step(p, input, used);
    case UNTIL_CLOSE: return until_close_step(p, input, used);
    case TRAILER: return trailer_step(p, input, used);
    case DONE:
        p->field_count = p->body_kind == WEFT_HTTP1_CHUNKED ? p->field_count : 0;
        return WEFT_HTTP1_END;
    case BROKEN: return WEFT_HTTP1_ERROR;
    default: return chunked_step(p, input, used);
    }
}

bool weft_http1_is_idle(const struct weft_http1_parser *p)
{
    return p->state == HEAD && p->scanned == 0;
}

enum weft_http1_event weft_http1_eof(struct weft_http1_parser *p)
{
    if (weft_http1_is_idle(p)) return WEFT_HTTP1_MORE;
    if (p->state == UNTIL_CLOSE || (p->state == LENGTH && p->remaining == 0)) {
        p->state = DONE;
        p->field_count = 0;
    }
    if (p->state == DONE) return WEFT_HTTP1_END;
    if (p->state != BROKEN) {
        weft_http1_refuse(p, 400, "connection closed in the middle of a %s",
                          p->state == HEAD ? "header" : "body");
    }
    return broken(p);
}

uint64_t weft_http1_body_remaining(const struct weft_http1_parser *p)
{
    return p->state == LENGTH ? p->remaining : 0;
}

void weft_http1_body_taken(struct weft_http1_parser *p, uint64_t count)
{
    if (count > p->remaining) count = p->remaining;
    p->remaining -= count;
    p->body_bytes += count;
}

const char *weft_http1_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        { 100, "Continue" },
        { 101, "Switching Protocols" },
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 206, "Partial Content" },
        { 301, "Moved Permanently" },
        { 302, "Found" },
        { 303, "See Other" },
        { 304, "Not Modified" },
        { 307, "Temporary Redirect" },
        { 308, "Permanent Redirect" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 406, "Not Acceptable" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 411, "Length Required" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 416, "Range Not Satisfiable" },
        { 417, "Expectation Failed" },
        { 421, "Misdirected Request" },
        { 422, "Unprocessable Content" },
        { 426, "Upgrade Required" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status) return reasons[i].reason;
    }
    return "Unknown";
}
