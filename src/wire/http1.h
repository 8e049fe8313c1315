/* http1.h -- HTTP/1.1 messages out of a buffer that the caller fills, requests and responses.
 *
 * Shape      an incremental parser: hand in what is there, act on the event, drop what was
 *            consumed, again
 * Units      sizes in bytes
 * Errors     WEFT_HTTP1_ERROR; then parser->error_status is the HTTP status to answer with and
 *            parser->error a sentence. The parser stays in that state: answer, and close the
 *            connection
 * Threads    pure; a parser belongs to one connection
 * Ownership  views point into the caller's input of that call; fields into the array given by the
 *            caller
 * Spec       RFC 9112 (strict), RFC 9110 §5, §7.2, §10.1.1
 *
 * Strict means: lines end in CRLF, never in LF alone; no folded lines; no space before the colon;
 * no Content-Length beside Transfer-Encoding, no two that differ; Transfer-Encoding is "chunked"
 * and nothing else; exactly one Host in 1.1. Whatever two parsers in a chain could read differently
 * is refused, since that difference is what request smuggling lives on.
 *
 *      for (;;) {
 *          size_t used;
 *          enum weft_http1_event event = weft_http1_parse(&parser, unread bytes, &used);
 *          ... parser.fields, parser.body are valid here ...
 *          drop `used` bytes from the front of the unread ones
 *          MORE: read more from the socket, go on      HEADER: look at the fields (copy what is
 *          kept), go on
 *          BODY: take parser.body, go on               END: message complete; weft_http1_reset()
 *          before the next one
 *      }
 */
#ifndef WEFT_WIRE_HTTP1_H
#define WEFT_WIRE_HTTP1_H
#include "base/str.h"

struct weft_http1_field {
    struct weft_str name, value;
}; /* name as sent (any case), value without white space around */

enum weft_http1_event {
    WEFT_HTTP1_MORE, /* nothing (more) to say before more bytes come; while a header is incomplete, used is 0 or nearly so:
                          keep the rest and call again with it and more behind it (it may have moved in memory) */
    WEFT_HTTP1_HEADER, /* start line and fields are set */
    WEFT_HTTP1_BODY,   /* `body` is the next piece, never empty, chunk framing taken off */
    WEFT_HTTP1_END, /* the message is complete; `fields` are now the trailers (field_count 0: none) */
    WEFT_HTTP1_ERROR,
};
enum weft_http1_kind { WEFT_HTTP1_REQUEST, WEFT_HTTP1_RESPONSE };
enum weft_http1_target { WEFT_HTTP1_ORIGIN, WEFT_HTTP1_ABSOLUTE, WEFT_HTTP1_ASTERISK };
enum weft_http1_body {
    WEFT_HTTP1_NO_BODY,
    WEFT_HTTP1_LENGTH,
    WEFT_HTTP1_CHUNKED,
    WEFT_HTTP1_UNTIL_CLOSE, /* responses only: call weft_http1_eof() */
};

struct weft_http1_parser {
    /* Set by the caller before the first parse. The array may be shared by many parsers: it is
     * written and read only between two
     * parse calls. */
    struct weft_http1_field *fields;
    uint32_t fields_max;
    uint32_t header_bytes_max; /* start line and fields together; trailers again */
    uint64_t body_bytes_max;   /* 413 beyond; chunk framing not counted */
    bool answers_head;         /* response to HEAD: no body follows */

    /* At HEADER. */
    struct weft_str method; /* request: a token, 1 to 32 bytes */
    struct weft_str target; /* request: as sent */
    struct weft_str
        path; /* request: of the target, without query, still percent-encoded: "/", "*" */
    struct weft_str query; /* request: behind '?', or empty */
    struct weft_str
        host; /* request: authority of an absolute target, otherwise the Host field; may be empty */
    struct weft_str reason; /* response */
    int status;             /* response: 100 to 599 */
    int minor_version;      /* 0 or 1 */
    enum weft_http1_target target_form;
    enum weft_http1_body body_kind;
    int64_t content_length; /* -1: not told; 0 with NO_BODY requests that said so */
    bool keeps_alive;       /* the connection may carry another message */
    bool expects_continue;  /* request: send "100 Continue" before the body comes */
    uint32_t field_count;

    struct weft_str body; /* at BODY */

    int error_status; /* at ERROR: 400, 413, 414, 417, 431, 501, 505; 502 for responses */
    char error[120];  /* one sentence, terminated */

    /* The parser's own (http1.c). */
    uint8_t kind, state, chunk_digits;
    bool has_blank_line;      /* the one empty line allowed before a request went by */
    uint32_t scanned;         /* bytes of an incomplete header already looked at */
    uint32_t line_start;      /* where its last line begins */
    uint32_t extension_bytes; /* of chunk extensions, whole message */
    uint64_t remaining;       /* of the body or the current chunk */
    uint64_t body_bytes;      /* delivered so far */
};

/* Defaults: 32 KiB of header, 20 MiB of body (C3.3.6). */
void weft_http1_init(struct weft_http1_parser *parser, enum weft_http1_kind kind,
                     struct weft_http1_field *fields, uint32_t fields_max);
/* Ready for the next message on the same connection; limits stay. */
void weft_http1_reset(struct weft_http1_parser *parser);
enum weft_http1_event weft_http1_parse(struct weft_http1_parser *parser, struct weft_str input,
                                       size_t *used);
/* The peer closed: END (complete, also UNTIL_CLOSE), MORE (nothing had begun) or ERROR (cut
 * short). */
enum weft_http1_event weft_http1_eof(struct weft_http1_parser *parser);
/* Nothing of a message has come yet (an idle connection may be closed without an answer). */
bool weft_http1_is_idle(const struct weft_http1_parser *parser);
/* body_kind LENGTH, after HEADER: bytes still to come, and "the caller read `count` of them by
 * itself", straight to where they
 * belong. When none remains the next parse (with any input, also none) says END. */
uint64_t weft_http1_body_remaining(const struct weft_http1_parser *parser);
void weft_http1_body_taken(struct weft_http1_parser *parser, uint64_t count);

/* First field of that name, or NULL. */
const struct weft_http1_field *weft_http1_field_find(const struct weft_http1_parser *parser,
                                                     struct weft_str name);
/* Is `token` (any case) an element of the comma list? */
bool weft_http1_list_has(struct weft_str list, struct weft_str token);
bool weft_http1_is_token(struct weft_str s);       /* RFC 9110 §5.6.2, not empty */
bool weft_http1_is_field_value(struct weft_str s); /* no control characters but tab: safe to send */
const char *weft_http1_reason(int status);         /* "Not Found"; "Unknown" */

#endif
