/* http1_internal.h -- shared by http1.c (the flow of a message) and http1_head.c (start line and
 * fields). */
#ifndef WEFT_WIRE_HTTP1_INTERNAL_H
#define WEFT_WIRE_HTTP1_INTERNAL_H
#include "wire/http1.h"

/* Parse a complete header, from the start line to the empty line (all lines known to end in CRLF),
 * and decide how the body is
 * framed. False: refused, error set. */
bool weft_http1_head_parse(struct weft_http1_parser *p, struct weft_str head);
/* The lines of a trailer section, up to and including the empty line, into p->fields. */
bool weft_http1_fields_parse(struct weft_http1_parser *p, struct weft_str lines);
/* Set the error; always false. Responses are refused with 502, whatever `status` says. */
bool weft_http1_refuse(struct weft_http1_parser *p, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool weft_http1_is_token_byte(char c);

#endif
