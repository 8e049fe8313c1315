/* http1_test.c -- RFC 9112 in rows: each message is parsed whole and cut at every place, and must
 * read the same. */
#include "base/buf.h"
#include "wire/http1.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S WEFT_S_INIT
#define FIELDS 16

/* What a message came to, as one line of text:
 * "POST /p?q H=host CL=5 [name=value,...] body 'hello' trailers [...] keep" or "error 400". */
struct outcome {
    struct weft_buf text;
    size_t used;
};

static void fields_describe(struct weft_buf *out, const struct weft_http1_parser *p)
{
    weft_buf_append_byte(out, '[');
    for (uint32_t i = 0; i < p->field_count; i++) {
        weft_buf_printf(out, "%s%.*s=%.*s", i > 0 ? "," : "", WEFT_S_ARG(p->fields[i].name),
                        WEFT_S_ARG(p->fields[i].value));
    }
    weft_buf_append_byte(out, ']');
}

static void head_describe(struct weft_buf *out, const struct weft_http1_parser *p)
{
    if (p->status > 0) {
        weft_buf_printf(out, "%d '%.*s' ", p->status, WEFT_S_ARG(p->reason));
    } else {
        weft_buf_printf(out, "%.*s %.*s", WEFT_S_ARG(p->method), WEFT_S_ARG(p->path));
        if (p->query.ptr != NULL) weft_buf_printf(out, "?%.*s", WEFT_S_ARG(p->query));
        weft_buf_printf(out, " host=%.*s ", WEFT_S_ARG(p->host));
    }
    fields_describe(out, p);
    weft_buf_append_c(out, p->keeps_alive ? " keep" : " close");
    if (p->expects_continue) weft_buf_append_c(out, " expects");
}

/* Feed `input` in pieces: [0, cut), then the rest byte by byte when `is_trickle`, or at once. */
static void run(struct outcome *o, enum weft_http1_kind kind, struct weft_str input, size_t cut,
                bool is_trickle, bool at_eof)
{
    struct weft_http1_parser p;
    struct weft_http1_field fields[FIELDS];
    struct weft_buf body = { 0 };
    weft_http1_init(&p, kind, fields, FIELDS);
    p.header_bytes_max = 300;
    p.body_bytes_max = 100;
    weft_buf_reset(&o->text);
    size_t start = 0, end = cut;
    for (;;) {
        size_t used = 0;
        /* A fresh copy in memory of its own: reading beyond, or into what was dropped, is found by
         * the sanitizer. */
        size_t len = end - start;
        char *copy = len > 0 ? malloc(len) : NULL;
        if (len > 0) memcpy(copy, input.ptr + start, len);
        enum weft_http1_event event = weft_http1_parse(&p, weft_str_make(copy, len), &used);
        assert_true(used <= len);
        start += used;
        if (event == WEFT_HTTP1_MORE && end == input.len && at_eof) event = weft_http1_eof(&p);
        if (event == WEFT_HTTP1_HEADER) head_describe(&o->text, &p);
        if (event == WEFT_HTTP1_BODY) {
            assert_true(p.body.len > 0);
            weft_buf_append_str(&body, p.body);
        }
        if (event == WEFT_HTTP1_END) {
            if (body.len > 0) weft_buf_printf(&o->text, " body '%.*s'", (int)body.len, body.data);
            if (p.field_count > 0) {
                weft_buf_append_c(&o->text, " trailers ");
                fields_describe(&o->text, &p);
            }
        }
        if (event == WEFT_HTTP1_ERROR) {
            assert_int_not_equal(p.error[0], 0);
            weft_buf_reset(&o->text);
            weft_buf_printf(&o->text, "error %d", p.error_status);
        }
        free(copy);
        if (event == WEFT_HTTP1_END || event == WEFT_HTTP1_ERROR) break;
        if (event != WEFT_HTTP1_MORE) continue;
        if (end == input.len) {
            weft_buf_append_c(&o->text, " more");
            break;
        }
        end = is_trickle ? end + 1 : input.len;
    }
    weft_buf_append_byte(&o->text, 0);
    o->used = start;
    weft_buf_release(&body);
}

struct row {
    const char *name;
    struct weft_str in;
    const char *outcome;
};

static void rows_check(const struct row *rows, size_t count, enum weft_http1_kind kind, bool at_eof)
{
    struct outcome o = { 0 };
    for (size_t i = 0; i < count; i++) {
        size_t used_whole = 0;
        for (size_t cut = rows[i].in.len + 1; cut-- > 0;) {
            run(&o, kind, rows[i].in, cut, cut % 2 == 0, at_eof);
            if (strcmp(o.text.data, rows[i].outcome) != 0) {
                fail_msg("%s, cut at %zu: got \"%s\", expected \"%s\"", rows[i].name, cut,
                         o.text.data, rows[i].outcome);
            }
            if (cut == rows[i].in.len) used_whole = o.used;
            if (strncmp(o.text.data, "error", 5) != 0 && o.used != used_whole) {
                fail_msg("%s, cut at %zu: %zu bytes used, %zu when whole", rows[i].name, cut,
                         o.used, used_whole);
            }
        }
    }
    weft_buf_release(&o.text);
}

#define H "Host: h\r\n"
static void test_requests(void **state)
{
    static const struct row rows[] = {
        { "get", S("GET / HTTP/1.1\r\nHost: h:1\r\n\r\n"), "GET / host=h:1 [Host=h:1] keep" },
        { "query", S("GET /api/search?q={a=1}&x HTTP/1.1\r\n" H "\r\n"),
          "GET /api/search?q={a=1}&x host=h [Host=h] keep" },
        { "empty query", S("GET /? HTTP/1.1\r\n" H "\r\n"), "GET /? host=h [Host=h] keep" },
        { "1.0 without host", S("GET / HTTP/1.0\r\n\r\n"), "GET / host= [] close" },
        { "1.0 keep-alive", S("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
          "GET / host= [Connection=Keep-Alive] keep" },
        { "1.1 close", S("GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n"),
          "GET / host=h [Host=h,Connection=x, Close] close" },
        { "1.2 reads as 1.1", S("GET / HTTP/1.2\r\n" H "\r\n"), "GET / host=h [Host=h] keep" },
        { "body", S("POST /v1/traces HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhelloGET "),
          "POST /v1/traces host=h [Host=h,Content-Length=5] keep body 'hello'" },
        { "empty body", S("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"),
          "POST / host=h [Host=h,Content-Length=0] keep" },
        { "leading zeros", S("POST / HTTP/1.1\r\n" H "Content-Length: 005\r\n\r\nhello"),
          "POST / host=h [Host=h,Content-Length=005] keep body 'hello'" },
        { "the same length twice",
          S("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
          "POST / host=h [Host=h,Content-Length=5,Content-Length=5] keep body 'hello'" },
        { "chunked",
          S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nx"),
          "POST / host=h [Host=h,Transfer-Encoding=chunked] keep body 'hello'" },
        { "chunks",
          S("POST / HTTP/1.1\r\n" H "transfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n1\r\n "
            "\r\nA\r\n0123456789\r\n00\r\n\r\n"),
          "POST / host=h [Host=h,transfer-encoding=CHUNKED] keep body 'hello 0123456789'" },
        { "chunk extensions",
          S("POST / HTTP/1.1\r\n" H
            "Transfer-Encoding: chunked\r\n\r\n3;a=b;c=\"d\" ; e\r\nabc\r\n0;x\r\n\r\n"),
          "POST / host=h [Host=h,Transfer-Encoding=chunked] keep body 'abc'" },
        { "trailers",
          S("POST / HTTP/1.1\r\n" H
            "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\nC:\t d \r\n\r\n"),
          "POST / host=h [Host=h,Transfer-Encoding=chunked] keep body 'a' trailers [A=b,C=d]" },
        { "no chunk at all",
          S("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          "POST / host=h [Host=h,Transfer-Encoding=chunked] keep" },
        { "expect", S("POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
          "POST / host=h [Host=h,Expect=100-Continue,Content-Length=1] keep expects body 'x'" },
        { "absolute", S("GET http://a.b:8/x?y HTTP/1.1\r\n" H "\r\n"),
          "GET /x?y host=a.b:8 [Host=h] keep" },
        { "absolute without path", S("GET HTTP://[::1]:8?y HTTP/1.1\r\n" H "\r\n"),
          "GET /?y host=[::1]:8 [Host=h] keep" },
        { "asterisk", S("OPTIONS * HTTP/1.1\r\n" H "\r\n"), "OPTIONS * host=h [Host=h] keep" },
        { "empty line before", S("\r\nGET / HTTP/1.1\r\n" H "\r\n"), "GET / host=h [Host=h] keep" },
        { "values", S("GET / HTTP/1.1\r\nHost:h\r\nA:\r\nB: \t b\tb \t\r\nC:\x80\xff\r\n\r\n"),
          "GET / host=h [Host=h,A=,B=b\tb,C=\x80\xff] keep" },
        { "empty host", S("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "GET / host= [Host=] keep" },
        { "not all there", S("GET / HTTP/1.1\r\n" H), " more" },
        { "body not all there", S("POST / HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nhello"),
          "POST / host=h [Host=h,Content-Length=9] keep more" },
        { "nothing", S(""), " more" },
        { "an empty line only", S("\r\n"), " more" },
    };
    rows_check(rows, sizeof rows / sizeof *rows, WEFT_HTTP1_REQUEST, false);
}

#define P "POST / HTTP/1.1\r\n" H
#define TE P "Transfer-Encoding: chunked\r\n\r\n"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
static void test_refused_requests(void **state)
{
    static const struct row rows[] = {
        /* start line */
        { "LF alone", S("GET / HTTP/1.1\n" H "\r\n"), "error 400" },
        { "LF alone in fields", S("GET / HTTP/1.1\r\nHost: h\n\r\n"), "error 400" },
        { "LF alone at the end", S("GET / HTTP/1.1\r\nHost: h\r\n\n"), "error 400" },
        { "CR in the line", S("GET /\r HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "two empty lines before", S("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "0.9", S("GET /\r\n\r\n"), "error 400" },
        { "two spaces", S("GET  / HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "two spaces later", S("GET /  HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "space at the end", S("GET / HTTP/1.1 \r\n" H "\r\n"), "error 400" },
        { "tab", S("GET\t/ HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "space before", S(" GET / HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "method", S("G(T / HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "method too long", S(X50 " / HTTP/1.1\r\n" H "\r\n"), "error 501" },
        { "connect", S("CONNECT h:1 HTTP/1.1\r\n" H "\r\n"), "error 501" },
        { "version 2.0", S("GET / HTTP/2.0\r\n" H "\r\n"), "error 505" },
        { "version small", S("GET / http/1.1\r\n" H "\r\n"), "error 400" },
        { "version long", S("GET / HTTP/1.10\r\n" H "\r\n"), "error 400" },
        { "asterisk of get", S("GET * HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "relative target", S("GET x HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "fragment", S("GET /#a HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "non-ASCII target", S("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "NUL in target", S("GET /\0 HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "other scheme", S("GET ftp://h/ HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "no host in target", S("GET http:///x HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "user in target", S("GET http://u@h/x HTTP/1.1\r\n" H "\r\n"), "error 400" },
        { "TLS hello", S("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "error 400" },
        { "target too long", S("GET /" X50 X50 X50 X50 X50 X50 " HTTP/1.1\r\n" H "\r\n"),
          "error 414" },
        { "header too long",
          S("GET / HTTP/1.1\r\n" H "A: " X50 X50 X50 "\r\nB: " X50 X50 X50 "\r\n\r\n"),
          "error 431" },
        { "too many fields",
          S("GET / HTTP/1.1\r\n" H
            "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n"
            "A:\r\nA:\r\nA:\r\nA:\r\n\r\n"),
          "error 431" },
        /* fields */
        { "folded", S("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n"), "error 400" },
        { "folded at once", S("GET / HTTP/1.1\r\n A: b\r\n" H "\r\n"), "error 400" },
        { "space before colon", S("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), "error 400" },
        { "tab before colon", S(P "Content-Length\t: 5\r\n\r\nhello"), "error 400" },
        { "no colon", S("GET / HTTP/1.1\r\n" H "A\r\n\r\n"), "error 400" },
        { "no name", S("GET / HTTP/1.1\r\n" H ": a\r\n\r\n"), "error 400" },
        { "name", S("GET / HTTP/1.1\r\n" H "A\xc3\xa9: a\r\n\r\n"), "error 400" },
        { "NUL in value", S("GET / HTTP/1.1\r\n" H "A: \0\r\n\r\n"), "error 400" },
        { "CR in value", S("GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n"), "error 400" },
        { "DEL in value", S("GET / HTTP/1.1\r\n" H "A: \x7f\r\n\r\n"), "error 400" },
        { "no host", S("GET / HTTP/1.1\r\n\r\n"), "error 400" },
        { "two hosts", S("GET / HTTP/1.1\r\n" H H "\r\n"), "error 400" },
        { "two hosts, absolute", S("GET http://a/ HTTP/1.1\r\n" H "Host: i\r\n\r\n"), "error 400" },
        { "host with space", S("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "error 400" },
        { "host with slash", S("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), "error 400" },
        { "expectation", S(P "Expect: coffee\r\n\r\n"), "error 417" },
        /* smuggling */
        { "CL and TE", S(P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          "error 400" },
        { "TE and CL", S(P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
          "error 400" },
        { "two lengths", S(P "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), "error 400" },
        { "a list of lengths", S(P "Content-Length: 5, 5\r\n\r\nhello"), "error 400" },
        { "signed length", S(P "Content-Length: +5\r\n\r\nhello"), "error 400" },
        { "negative length", S(P "Content-Length: -5\r\n\r\nhello"), "error 400" },
        { "hex length", S(P "Content-Length: 0x5\r\n\r\nhello"), "error 400" },
        { "empty length", S(P "Content-Length:\r\n\r\nhello"), "error 400" },
        { "length and space", S(P "Content-Length: 5 5\r\n\r\nhello"), "error 400" },
        { "length of 2^64", S(P "Content-Length: 18446744073709551616\r\n\r\n"), "error 400" },
        { "length of 2^63", S(P "Content-Length: 9223372036854775808\r\n\r\n"), "error 400" },
        { "length over the limit", S(P "Content-Length: 101\r\n\r\n"), "error 413" },
        { "TE in 1.0", S("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          "error 400" },
        { "two TE",
          S(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          "error 400" },
        { "two TE, one other",
          S(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
          "error 400" },
        { "TE gzip", S(P "Transfer-Encoding: gzip, chunked\r\n\r\n"), "error 501" },
        { "TE identity", S(P "Transfer-Encoding: identity\r\n\r\n"), "error 501" },
        { "TE misspelt", S(P "Transfer-Encoding: xchunked\r\n\r\n"), "error 501" },
        { "TE with vertical tab",
          S(P "Transfer-Encoding:\x0b"
              "chunked\r\n\r\n"),
          "error 400" },
        { "TE in quotes", S(P "Transfer-Encoding: \"chunked\"\r\n\r\n"), "error 501" },
        { "TE empty", S(P "Transfer-Encoding:\r\n\r\n"), "error 501" },
        { "TE with a parameter", S(P "Transfer-Encoding: chunked;a=b\r\n\r\n"), "error 501" },
        /* chunks */
        { "no size", S(TE "\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "size 0x5", S(TE "0x5\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "signed size", S(TE "-5\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "space before size", S(TE " 5\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "space behind size", S(TE "5 \r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "size with LF", S(TE "5\nhello\r\n0\r\n\r\n"), "error 400" },
        { "size with CR only", S(TE "5\rhello\r\n0\r\n\r\n"), "error 400" },
        { "extension with LF", S(TE "5;a\nhello\r\n0\r\n\r\n"), "error 400" },
        { "extension with NUL", S(TE "5;\0\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "sixteen digits", S(TE "0000000000000005\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "size wraps", S(TE "ffffffffffffffff0\r\n"), "error 400" },
        { "chunk too long", S(TE "4\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "chunk too short", S(TE "6\r\nhello\r\n0\r\n\r\n"), "error 400" },
        { "data with LF", S(TE "5\r\nhello\n0\r\n\r\n"), "error 400" },
        { "over the limit", S(TE "65\r\n"), "error 413" },
        { "over the limit together", S(TE "1\r\na\r\n64\r\n"), "error 413" },
        { "bad trailer", S(TE "0\r\nA b\r\n\r\n"), "error 400" },
        { "trailer with LF", S(TE "0\r\nA: b\n\r\n"), "error 400" },
        { "trailers too long", S(TE "0\r\nA: " X50 X50 X50 X50 X50 X50 "\r\n\r\n"), "error 431" },
    };
    rows_check(rows, sizeof rows / sizeof *rows, WEFT_HTTP1_REQUEST, false);
}

static void test_responses(void **state)
{
    static const struct row rows[] = {
        { "length", S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
          "200 'OK' [Content-Length=2] keep body 'hi'" },
        { "no reason", S("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"),
          "404 '' [Content-Length=0] keep" },
        { "no space either", S("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"),
          "404 '' [Content-Length=0] keep" },
        { "long reason", S("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"),
          "413 'Content Too Large' [Content-Length=0] keep" },
        { "chunked", S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
          "200 'OK' [Transfer-Encoding=chunked] keep body 'hi'" },
        { "until close", S("HTTP/1.1 200 OK\r\n\r\nall of this"),
          "200 'OK' [] close body 'all of this'" },
        { "1.0 until close", S("HTTP/1.0 200 OK\r\n\r\n"), "200 'OK' [] close" },
        { "no content", S("HTTP/1.1 204 No Content\r\n\r\nHTTP"), "204 'No Content' [] keep" },
        { "not modified", S("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
          "304 'Not Modified' [Content-Length=9] keep" },
        { "continue", S("HTTP/1.1 100 Continue\r\n\r\n"), "100 'Continue' [] keep" },
        { "cut in the body", S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"), "error 502" },
        { "cut in the header", S("HTTP/1.1 200 OK\r\nCont"), "error 502" },
        { "cut in a chunk", S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi"),
          "error 502" },
        { "last chunk missing",
          S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"), "error 502" },
        { "cut in the trailers",
          S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n"), "error 502" },
        { "no HTTP", S("SSH-2.0-OpenSSH_9.2\r\n"), "error 502" },
        { "version", S("HTTP/2 200\r\n\r\n"), "error 502" },
        { "status", S("HTTP/1.1 20 OK\r\n\r\n"), "error 502" },
        { "status too high", S("HTTP/1.1 999 OK\r\n\r\n"), "error 502" },
        { "signed status", S("HTTP/1.1 +20 OK\r\n\r\n"), "error 502" },
        { "both lengths",
          S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
          "error 502" },
        { "until close, too long", S("HTTP/1.1 200 OK\r\n\r\n" X50 X50 "x"), "error 502" },
    };
    rows_check(rows, sizeof rows / sizeof *rows, WEFT_HTTP1_RESPONSE, true);
}

static void test_head_response(void **state)
{
    struct weft_http1_parser p;
    struct weft_http1_field fields[FIELDS];
    weft_http1_init(&p, WEFT_HTTP1_RESPONSE, fields, FIELDS);
    p.answers_head = true;
    size_t used;
    struct weft_str in = WEFT_S("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n");
    assert_int_equal(weft_http1_parse(&p, in, &used), WEFT_HTTP1_HEADER);
    assert_int_equal(p.content_length, 50);
    assert_int_equal(used, in.len);
    assert_int_equal(weft_http1_parse(&p, WEFT_S(""), &used), WEFT_HTTP1_END);
}

/* RFC 9112 §9.3.2: one behind the other on the same connection. */
static void test_pipelining(void **state)
{
    struct weft_http1_parser p;
    struct weft_http1_field fields[FIELDS];
    struct weft_str in =
        WEFT_S("POST /1 HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nab\r\nGET /2 HTTP/1.1\r\n" H
               "\r\nGET /3 HTTP/1.1\r\n" H "\r\n");
    weft_http1_init(&p, WEFT_HTTP1_REQUEST, fields, FIELDS);
    for (int i = 1; i <= 3; i++) {
        size_t used;
        assert_true(weft_http1_is_idle(&p));
        assert_int_equal(weft_http1_parse(&p, in, &used), WEFT_HTTP1_HEADER);
        assert_int_equal(p.path.ptr[1], '0' + i);
        for (;;) {
            in = weft_str_tail(in, used);
            if (weft_http1_parse(&p, in, &used) == WEFT_HTTP1_END) break;
        }
        assert_int_equal(used, 0);
        weft_http1_reset(&p);
    }
    assert_int_equal(in.len, 0);
    assert_int_equal(weft_http1_eof(&p), WEFT_HTTP1_MORE);
}

/* A server may read a body straight to its place. */
static void test_body_taken(void **state)
{
    struct weft_http1_parser p;
    struct weft_http1_field fields[FIELDS];
    size_t used;
    weft_http1_init(&p, WEFT_HTTP1_REQUEST, fields, FIELDS);
    assert_int_equal(weft_http1_parse(&p, WEFT_S(P "Content-Length: 9\r\n\r\n"), &used),
                     WEFT_HTTP1_HEADER);
    assert_int_equal(weft_http1_body_remaining(&p), 9);
    weft_http1_body_taken(&p, 5);
    assert_int_equal(weft_http1_parse(&p, WEFT_S(""), &used), WEFT_HTTP1_MORE);
    assert_int_equal(weft_http1_body_remaining(&p), 4);
    weft_http1_body_taken(&p, 4);
    assert_int_equal(weft_http1_parse(&p, WEFT_S(""), &used), WEFT_HTTP1_END);
}

static void test_extensions_are_bounded(void **state)
{
    struct weft_buf in = { 0 };
    struct weft_http1_parser p;
    struct weft_http1_field fields[FIELDS];
    weft_http1_init(&p, WEFT_HTTP1_REQUEST, fields, FIELDS);
    weft_buf_append_c(&in, TE);
    for (int i = 0; i < 500; i++) weft_buf_append_c(&in, "1;0123456789\r\nx\r\n");
    size_t used;
    enum weft_http1_event event;
    struct weft_str rest = weft_buf_str(&in);
    do {
        event = weft_http1_parse(&p, rest, &used);
        rest = weft_str_tail(rest, used);
    } while (event == WEFT_HTTP1_HEADER || event == WEFT_HTTP1_BODY);
    assert_int_equal(event, WEFT_HTTP1_ERROR);
    assert_int_equal(p.error_status, 400);
    assert_int_equal(weft_http1_parse(&p, rest, &used), WEFT_HTTP1_ERROR);
    weft_buf_release(&in);
}

static void test_characters(void **state)
{
    const char *token =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        assert_int_equal(weft_http1_is_token(weft_str_make(&byte, 1)),
                         c != 0 && strchr(token, c) != NULL);
        assert_int_equal(weft_http1_is_field_value(weft_str_make(&byte, 1)),
                         c == '\t' || (c >= 0x20 && c != 0x7f));
    }
    assert_false(weft_http1_is_token(WEFT_S("")));
    assert_true(weft_http1_list_has(WEFT_S("a,\tGzip , b"), WEFT_S("gzip")));
    assert_false(weft_http1_list_has(WEFT_S("gzip;q=0, x gzip"), WEFT_S("gzip")));
    assert_string_equal(weft_http1_reason(429), "Too Many Requests");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_refused_requests),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_head_response),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_body_taken),
        cmocka_unit_test(test_extensions_are_bounded),
        cmocka_unit_test(test_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
