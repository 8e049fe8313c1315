/* http1_head.c -- start line and fields of an HTTP/1.1 message, and what they say about its
 * body. */
#include "wire/http1_internal.h"
#include <stdarg.h>

bool weft_http1_refuse(struct weft_http1_parser *p, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->error, sizeof p->error, format, args);
    va_end(args);
    p->error_status = p->kind == WEFT_HTTP1_RESPONSE ? 502 : status;
    return false;
}

/* One bit a character. */
static bool is_in(const uint64_t set[2], char c)
{
    uint8_t byte = (uint8_t)c;
    return byte < 0x80 && (set[byte >> 6] >> (byte & 63) & 1);
}

/* Letters, digits and !#$%&'*+-.^_`|~ (RFC 9110 §5.6.2) */
static const uint64_t token_set[2] = { UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe) };

bool weft_http1_is_token_byte(char c)
{
    return is_in(token_set, c);
}

bool weft_http1_is_token(struct weft_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!is_in(token_set, s.ptr[i])) return false;
    }
    return s.len > 0;
}

/* Visible characters, space, tab and obs-text (RFC 9110 §5.5); no other control characters, so no
 * CR, LF or NUL. */
bool weft_http1_is_field_value(struct weft_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) return false;
    }
    return true;
}

static struct weft_str space_trim(struct weft_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) s = weft_str_tail(s, 1);
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) s.len--;
    return s;
}

/* Cut the next line, without its CRLF, off the front. */
static struct weft_str line_cut(struct weft_str *rest)
{
    struct weft_str line = weft_str_split(rest, '\n');
    if (line.len > 0) line.len--; /* the CR, checked when the line came in */
    return line;
}

bool weft_http1_fields_parse(struct weft_http1_parser *p, struct weft_str lines)
{
    p->field_count = 0;
    for (struct weft_str line = line_cut(&lines); line.len > 0; line = line_cut(&lines)) {
        if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
            return weft_http1_refuse(
                p, 400,
                "header line begins with white space (folded lines are obsolete, RFC 9112 5.2)");
        }
        size_t name_len = 0;
        while (name_len < line.len && is_in(token_set, line.ptr[name_len])) name_len++;
        if (name_len == 0 || name_len == line.len || line.ptr[name_len] != ':') {
            return weft_http1_refuse(p, 400,
                                     "header line %u is not a name directly followed by a colon",
                                     p->field_count + 1);
        }
        struct weft_str name = { line.ptr, name_len },
                        value = space_trim(weft_str_tail(line, name_len + 1));
        if (!weft_http1_is_field_value(value)) {
            return weft_http1_refuse(p, 400, "header %.*s has a control character in its value",
                                     (int)(name_len < 40 ? name_len : 40), name.ptr);
        }
        if (p->field_count == p->fields_max) {
            return weft_http1_refuse(p, 431, "more than %u header fields", p->fields_max);
        }
        p->fields[p->field_count++] = (struct weft_http1_field){ name, value };
    }
    return true;
}

const struct weft_http1_field *weft_http1_field_find(const struct weft_http1_parser *p,
                                                     struct weft_str name)
{
    for (uint32_t i = 0; i < p->field_count; i++) {
        if (weft_str_equal_ignoring_case(p->fields[i].name, name)) return &p->fields[i];
    }
    return NULL;
}

bool weft_http1_list_has(struct weft_str list, struct weft_str token)
{
    while (list.len > 0) {
        if (weft_str_equal_ignoring_case(space_trim(weft_str_split(&list, ',')), token))
            return true;
    }
    return false;
}

/* --- start lines --- */

static bool version_parse(struct weft_http1_parser *p, struct weft_str version)
{
    if (version.len != 8 || !weft_str_starts_with(version, WEFT_S("HTTP/")) ||
        version.ptr[6] != '.' || version.ptr[5] < '0' || version.ptr[5] > '9' ||
        version.ptr[7] < '0' || version.ptr[7] > '9') {
        return weft_http1_refuse(p, 400,
                                 "start line has no HTTP version where HTTP/1.1 is expected");
    }
    if (version.ptr[5] != '1') {
        return weft_http1_refuse(p, 505, "HTTP version %c.%c, expected 1.0 or 1.1", version.ptr[5],
                                 version.ptr[7]);
    }
    p->minor_version = version.ptr[7] == '0'
                           ? 0
                           : 1; /* a later 1.x is read as the latest we know (RFC 9110 2.5) */
    return true;
}

/* uri-host [":" port], characters only: what a host name means is for those who look it up. */
static bool is_authority(struct weft_str s)
{
    /* Letters, digits and -._~!$&'()*+,;=%:[] (RFC 3986 §3.2.2) */
    static const uint64_t authority_set[2] = { UINT64_C(0x2fff7ff200000000),
                                               UINT64_C(0x47fffffeaffffffe) };
    for (size_t i = 0; i < s.len; i++) {
        if (!is_in(authority_set, s.ptr[i])) return false;
    }
    return true;
}

static void path_and_query_split(struct weft_http1_parser *p, struct weft_str s)
{
    ptrdiff_t mark = weft_str_find(s, '?');
    p->path = mark < 0 ? s : weft_str_make(s.ptr, (size_t)mark);
    p->query = mark < 0 ? weft_str_make(NULL, 0) : weft_str_tail(s, (size_t)mark + 1);
}

static bool absolute_target_parse(struct weft_http1_parser *p)
{
    ptrdiff_t colon = weft_str_find(p->target, ':');
    struct weft_str scheme = weft_str_make(p->target.ptr, colon < 0 ? 0 : (size_t)colon);
    struct weft_str rest = weft_str_tail(p->target, scheme.len);
    if ((!weft_str_equal_ignoring_case(scheme, WEFT_S("http")) &&
         !weft_str_equal_ignoring_case(scheme, WEFT_S("https"))) ||
        !weft_str_starts_with(rest, WEFT_S("://"))) {
        return weft_http1_refuse(
            p, 400, "request target is neither a path nor an http:// or https:// address");
    }
    rest = weft_str_tail(rest, 3);
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] != '/' && rest.ptr[len] != '?') len++;
    p->host = weft_str_make(rest.ptr, len);
    if (len == 0 || !is_authority(p->host)) {
        return weft_http1_refuse(p, 400, "request target has no valid host");
    }
    p->target_form = WEFT_HTTP1_ABSOLUTE;
    path_and_query_split(p, weft_str_tail(rest, len));
    if (p->path.len == 0) p->path = WEFT_S("/");
    return true;
}

static bool target_parse(struct weft_http1_parser *p)
{
    for (size_t i = 0; i < p->target.len; i++) {
        uint8_t c = (uint8_t)p->target.ptr[i];
        /* The characters that RFC 3986 leaves out, such as '{', are let through: people type
         * queries into curl. */
        if (c <= ' ' || c >= 0x7f || c == '#') {
            return weft_http1_refuse(
                p, 400, "request target has a byte 0x%02x that must be percent-encoded",
                (unsigned)c);
        }
    }
    if (weft_str_equal(p->method, WEFT_S("CONNECT"))) {
        return weft_http1_refuse(p, 501, "CONNECT is not offered: this is no proxy");
    }
    if (p->target.ptr[0] == '/') {
        p->target_form = WEFT_HTTP1_ORIGIN;
        path_and_query_split(p, p->target);
        return true;
    }
    if (weft_str_equal(p->target, WEFT_S("*")) && weft_str_equal(p->method, WEFT_S("OPTIONS"))) {
        p->target_form = WEFT_HTTP1_ASTERISK;
        p->path = p->target;
        return true;
    }
    return absolute_target_parse(p);
}

static bool request_line_parse(struct weft_http1_parser *p, struct weft_str line)
{
    p->method = weft_str_split(&line, ' ');
    if (!weft_http1_is_token(p->method)) {
        return weft_http1_refuse(p, 400, "request line does not begin with a method");
    }
    if (p->method.len > 32)
        return weft_http1_refuse(p, 501, "method of %zu characters, at most 32 expected",
                                 p->method.len);
    /* A second or last space ends up in the version, which is then refused. */
    p->target = weft_str_split(&line, ' ');
    if (p->target.len == 0)
        return weft_http1_refuse(p, 400, "request line has no target behind the method");
    return version_parse(p, line) && target_parse(p);
}

static bool status_line_parse(struct weft_http1_parser *p, struct weft_str line)
{
    if (!version_parse(p, weft_str_split(&line, ' '))) return false;
    struct weft_str code = weft_str_split(&line, ' ');
    uint64_t status;
    if (code.len != 3 || !weft_str_to_u64(code, &status) || status < 100 || status > 599) {
        return weft_http1_refuse(p, 502, "status line has no status between 100 and 599");
    }
    p->status = (int)status;
    p->reason = line;
    if (!weft_http1_is_field_value(line))
        return weft_http1_refuse(p, 502, "status line has a control character");
    return true;
}

/* --- what the fields say --- */

static bool content_length_take(struct weft_http1_parser *p, struct weft_str value)
{
    uint64_t length = 0;
    bool is_digits = value.len > 0 &&
                     value.len <= 19; /* nineteen digits fit, no number we would accept has more */
    for (size_t i = 0; is_digits && i < value.len; i++) {
        is_digits = value.ptr[i] >= '0' && value.ptr[i] <= '9';
        length = length * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    if (!is_digits || length > INT64_MAX) {
        return weft_http1_refuse(p, 400, "Content-Length is not a number of bytes");
    }
    if (p->content_length >= 0 && (uint64_t)p->content_length != length) {
        return weft_http1_refuse(p, 400, "two Content-Length fields that differ");
    }
    p->content_length = (int64_t)length;
    return true;
}

static bool transfer_encoding_take(struct weft_http1_parser *p, struct weft_str value)
{
    if (p->body_kind == WEFT_HTTP1_CHUNKED)
        return weft_http1_refuse(p, 400, "more than one Transfer-Encoding field");
    if (!weft_str_equal_ignoring_case(value, WEFT_S("chunked"))) {
        return weft_http1_refuse(p, 501,
                                 "Transfer-Encoding other than \"chunked\" is not supported");
    }
    p->body_kind = WEFT_HTTP1_CHUNKED;
    return true;
}

struct field_facts {
    unsigned host_count;
    bool says_close, says_keep_alive;
};

static bool host_take(struct weft_http1_parser *p, struct field_facts *facts, struct weft_str value)
{
    if (p->kind == WEFT_HTTP1_RESPONSE) return true;
    if (++facts->host_count > 1) return weft_http1_refuse(p, 400, "more than one Host field");
    if (!is_authority(value)) return weft_http1_refuse(p, 400, "Host field is not a host and port");
    if (p->target_form != WEFT_HTTP1_ABSOLUTE) p->host = value; /* RFC 9112 3.2.2 */
    return true;
}

static bool expect_take(struct weft_http1_parser *p, struct weft_str value)
{
    if (p->kind == WEFT_HTTP1_RESPONSE) return true;
    if (!weft_str_equal_ignoring_case(value, WEFT_S("100-continue"))) {
        return weft_http1_refuse(p, 417, "Expect field other than \"100-continue\"");
    }
    p->expects_continue = p->minor_version == 1; /* RFC 9110 10.1.1: ignored from 1.0 */
    return true;
}

static bool field_take(struct weft_http1_parser *p, const struct weft_http1_field *field,
                       struct field_facts *facts)
{
    struct weft_str name = field->name;
    switch (name.len) { /* spares most fields the comparisons */
    case 4:
        if (weft_str_equal_ignoring_case(name, WEFT_S("host")))
            return host_take(p, facts, field->value);
        return true;
    case 6:
        if (weft_str_equal_ignoring_case(name, WEFT_S("expect")))
            return expect_take(p, field->value);
        return true;
    case 10:
        if (weft_str_equal_ignoring_case(name, WEFT_S("connection"))) {
            facts->says_close |= weft_http1_list_has(field->value, WEFT_S("close"));
            facts->says_keep_alive |= weft_http1_list_has(field->value, WEFT_S("keep-alive"));
        }
        return true;
    case 14:
        if (weft_str_equal_ignoring_case(name, WEFT_S("content-length")))
            return content_length_take(p, field->value);
        return true;
    case 17:
        if (weft_str_equal_ignoring_case(name, WEFT_S("transfer-encoding")))
            return transfer_encoding_take(p, field->value);
        return true;
    default: return true;
    }
}

/* RFC 9112 6.3, without its lenient branches. */
static bool body_decide(struct weft_http1_parser *p)
{
    if (p->body_kind == WEFT_HTTP1_CHUNKED) {
        if (p->content_length >= 0)
            return weft_http1_refuse(p, 400, "Content-Length beside Transfer-Encoding");
        if (p->minor_version == 0)
            return weft_http1_refuse(p, 400, "Transfer-Encoding in HTTP/1.0");
    }
    if (p->kind == WEFT_HTTP1_RESPONSE &&
        (p->answers_head || p->status < 200 || p->status == 204 || p->status == 304)) {
        p->body_kind = WEFT_HTTP1_NO_BODY;
        return true;
    }
    if (p->body_kind == WEFT_HTTP1_CHUNKED) return true;
    if (p->content_length > 0) {
        if ((uint64_t)p->content_length > p->body_bytes_max) {
            return weft_http1_refuse(p, 413, "body of %lld bytes, at most %llu allowed",
                                     (long long)p->content_length,
                                     (unsigned long long)p->body_bytes_max);
        }
        p->body_kind = WEFT_HTTP1_LENGTH;
        p->remaining = (uint64_t)p->content_length;
    } else if (p->kind == WEFT_HTTP1_RESPONSE && p->content_length < 0) {
        p->body_kind = WEFT_HTTP1_UNTIL_CLOSE;
        p->keeps_alive = false;
    }
    return true;
}

bool weft_http1_head_parse(struct weft_http1_parser *p, struct weft_str head)
{
    struct weft_str line = line_cut(&head);
    if (p->kind == WEFT_HTTP1_REQUEST ? !request_line_parse(p, line) : !status_line_parse(p, line))
        return false;
    if (!weft_http1_fields_parse(p, head)) return false;
    struct field_facts facts = { 0 };
    for (uint32_t i = 0; i < p->field_count; i++) {
        if (!field_take(p, &p->fields[i], &facts)) return false;
    }
    if (p->kind == WEFT_HTTP1_REQUEST && p->minor_version == 1 && facts.host_count == 0) {
        return weft_http1_refuse(p, 400, "Host field is missing");
    }
    p->keeps_alive = !facts.says_close && (p->minor_version == 1 || facts.says_keep_alive);
    return body_decide(p);
}
