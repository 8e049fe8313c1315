/* cors.c -- the CORS protocol for the receivers (cors.h). */
#include "pipeline/cors.h"

/* One '*' stands for any run of bytes, as in the Collector's configuration. */
static bool origin_matches(struct weft_str pattern, struct weft_str origin)
{
    ptrdiff_t star = weft_str_find(pattern, '*');
    if (star < 0) return weft_str_equal_ignoring_case(pattern, origin);
    struct weft_str head = weft_str_make(pattern.ptr, (size_t)star);
    struct weft_str tail = weft_str_tail(pattern, (size_t)star + 1);
    if (origin.len < head.len + tail.len) return false;
    return weft_str_equal_ignoring_case(weft_str_make(origin.ptr, head.len), head) &&
           weft_str_equal_ignoring_case(weft_str_tail(origin, origin.len - tail.len), tail);
}

static bool origin_is_allowed(const struct weft_cors_options *options, struct weft_str origin)
{
    for (uint32_t i = 0; i < options->allowed_origin_count; i++) {
        if (origin_matches(options->allowed_origins[i], origin)) return true;
    }
    return false;
}

uint32_t weft_cors_headers(const struct weft_cors_options *options, struct weft_exchange *exchange,
                           struct weft_http_header out[static WEFT_CORS_HEADERS_MAX])
{
    struct weft_str origin = weft_exchange_header(exchange, WEFT_S("origin"));
    if (options->allowed_origin_count == 0 || origin.len == 0) return 0;
    uint32_t count = 0;
    out[count++] = (struct weft_http_header){ WEFT_S("vary"), WEFT_S("Origin") };
    if (!origin_is_allowed(options, origin)) return count;
    out[count++] = (struct weft_http_header){ WEFT_S("access-control-allow-origin"), origin };
    return count;
}

bool weft_cors_is_preflight(const struct weft_exchange *exchange)
{
    return exchange->method == WEFT_HTTP_OPTIONS &&
           weft_exchange_header(exchange, WEFT_S("origin")).len > 0 &&
           weft_exchange_header(exchange, WEFT_S("access-control-request-method")).len > 0;
}

/* What the browser may send: the configured headers, content-type always, or all it asks for under
 * "*". */
static struct weft_str allowed_headers(const struct weft_cors_options *options,
                                       struct weft_exchange *exchange)
{
    struct weft_buf list = { 0 };
    weft_buf_append_c(&list, "content-type");
    for (uint32_t i = 0; i < options->allowed_header_count; i++) {
        if (weft_str_equal_c(options->allowed_headers[i], "*")) {
            weft_buf_release(&list);
            return weft_exchange_header(exchange, WEFT_S("access-control-request-headers"));
        }
        weft_buf_append_c(&list, ", ");
        weft_buf_append_str(&list, options->allowed_headers[i]);
    }
    struct weft_str copy = weft_arena_copy(exchange->arena, weft_buf_str(&list));
    weft_buf_release(&list);
    return copy;
}

void weft_cors_reply_preflight(const struct weft_cors_options *options,
                               struct weft_exchange *exchange)
{
    struct weft_http_header headers[WEFT_CORS_HEADERS_MAX];
    uint32_t count = weft_cors_headers(options, exchange, headers);
    if (count < 2) { /* no origin header to give: the browser gets no permission */
        weft_exchange_reply(exchange,
                            &(struct weft_http_reply){
                                .status = 403,
                                .content_type = WEFT_S("text/plain; charset=utf-8"),
                                .headers = headers,
                                .header_count = count,
                                .body = WEFT_S("this origin is not among cors.allowed_origins\n"),
                            });
        return;
    }
    headers[count++] =
        (struct weft_http_header){ WEFT_S("access-control-allow-methods"), WEFT_S("POST") };
    struct weft_str allowed = allowed_headers(options, exchange);
    if (allowed.len > 0)
        headers[count++] =
            (struct weft_http_header){ WEFT_S("access-control-allow-headers"), allowed };
    if (options->max_age_seconds > 0) {
        headers[count++] = (struct weft_http_header){
            WEFT_S("access-control-max-age"),
            weft_arena_printf(exchange->arena, "%u", options->max_age_seconds),
        };
    }
    weft_exchange_reply(exchange, &(struct weft_http_reply){
                                      .status = 204, .headers = headers, .header_count = count });
}
