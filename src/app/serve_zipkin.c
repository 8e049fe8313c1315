/* serve_zipkin.c -- Zipkin has one address for spans and for questions: POST /api/v2/spans goes to the receiver, all else to a face. */
#include "app/serve.h"

static bool is_spans_path(const struct weft_serve_zipkin *zipkin, struct weft_str path)
{
    return weft_str_equal_c(path, "/zipkin/api/v2/spans") ||
           (zipkin->is_at_root && weft_str_equal_c(path, "/api/v2/spans"));
}

static const struct weft_http_handler *handler_of(const struct weft_serve_zipkin *zipkin,
                                                  const struct weft_exchange *exchange)
{
    bool brings_spans =
        (exchange->method == WEFT_HTTP_POST || exchange->method == WEFT_HTTP_OPTIONS) &&
        is_spans_path(zipkin, exchange->path);
    return brings_spans ? &zipkin->receiver : &zipkin->face;
}

static void handle(void *self, struct weft_exchange *exchange)
{
    const struct weft_http_handler *handler = handler_of(self, exchange);
    handler->handle(handler->self, exchange);
}

static bool is_vital(void *self, const struct weft_exchange *exchange)
{
    const struct weft_http_handler *handler = handler_of(self, exchange);
    return handler->is_vital != NULL && handler->is_vital(handler->self, exchange);
}

/* What the server refuses by itself it says in plain text, as both do. */
struct weft_http_handler weft_serve_zipkin_handler(struct weft_serve_zipkin *zipkin)
{
    return (struct weft_http_handler){ .self = zipkin, .is_vital = is_vital, .handle = handle };
}
