/* cors.h -- lets browsers on other origins send: which origins, and the answer to their preflight.
 *
 * Spec       Fetch standard, "CORS protocol"
 */
#ifndef WEFT_PIPELINE_CORS_H
#define WEFT_PIPELINE_CORS_H
#include "net/http_server.h"

#define WEFT_CORS_HEADERS_MAX 6

struct weft_cors_options {
    const struct weft_str *allowed_origins; /* "https://shop.example", "*" for any run of bytes */
    uint32_t allowed_origin_count;          /* 0: no CORS */
    const struct weft_str
        *allowed_headers; /* besides those a browser allows by itself; "*": what it asks for */
    uint32_t allowed_header_count;
    uint32_t max_age_seconds; /* 0: none told */
};

/* The reply headers that let this exchange's origin read the reply; returns how many were written
 * (0: not allowed or no
 * Origin header). Values live in the exchange's arena. */
uint32_t weft_cors_headers(const struct weft_cors_options *options, struct weft_exchange *exchange,
                           struct weft_http_header out[static WEFT_CORS_HEADERS_MAX]);
/* An OPTIONS request that asks for permission. */
bool weft_cors_is_preflight(const struct weft_exchange *exchange);
/* Answers it: 204 with the permissions, or 403 when the origin has none. */
void weft_cors_reply_preflight(const struct weft_cors_options *options,
                               struct weft_exchange *exchange);

#endif
