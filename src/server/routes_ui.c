/* routes_ui.c -- the web interface: its pages, which are all one file, and what that file loads.
 *
 *      a path of the table below      index.html: the interface finds the page by its address
 *      /assets/NAME                   a file; its name has a hash of its content, so it may be kept for ever
 *      another path, from a browser   index.html with 404: the interface says that there is no such page
 *
 * Spec  RFC 9110 8.8.3 (ETag), 12.5.3 (Accept-Encoding), 13.1.2 (If-None-Match), 15.4.5 (304)
 */
#include "server/router.h"
#include "server/ui_files.h"
#include "wire/compress.h"

static const struct weft_ui_file *file_of(struct weft_str path)
{
    for (uint32_t i = 0; i < weft_ui_file_count; i++)
        if (weft_str_equal_c(path, weft_ui_files[i].path)) return &weft_ui_files[i];
    return NULL;
}

/* Weak comparison: of what stands between the quotes. */
static bool browser_has(const struct weft_call *call, const struct weft_ui_file *file)
{
    struct weft_str known = weft_exchange_header(call->exchange, WEFT_S("if-none-match"));
    struct weft_str etag = weft_str_tail(weft_str_from_c(file->etag), sizeof "W/" - 1);
    while (known.len > 0) {
        struct weft_str one = weft_str_trim(weft_str_split(&known, ','));
        if (weft_str_equal_c(one, "*")) return true;
        if (weft_str_starts_with(one, WEFT_S("W/"))) one = weft_str_tail(one, 2);
        if (weft_str_equal(one, etag)) return true;
    }
    return false;
}

static int body_write(struct weft_call *call, const struct weft_ui_file *file, struct weft_err *err)
{
    if (file->brotli.len > 0 && weft_call_takes_encoding(call, WEFT_S("br"))) {
        weft_call_add_header(call, WEFT_S("content-encoding"), WEFT_S("br"));
        weft_buf_append_str(&call->body, file->brotli);
        return WEFT_OK;
    }
    if (weft_call_takes_encoding(call, WEFT_S("gzip"))) {
        weft_call_add_header(call, WEFT_S("content-encoding"), WEFT_S("gzip"));
        weft_buf_append_str(&call->body, file->gzip);
        return WEFT_OK;
    }
    return weft_decompress(&call->body, WEFT_COMPRESSION_GZIP, file->gzip, file->len, 0, err);
}

static int send(struct weft_call *call, const struct weft_ui_file *file, struct weft_err *err)
{
    weft_call_add_header(call, WEFT_S("cache-control"),
                         file->is_immutable ? WEFT_S("public, max-age=31536000, immutable")
                                            : WEFT_S("no-cache"));
    weft_call_add_header(call, WEFT_S("etag"), weft_str_from_c(file->etag));
    weft_call_add_header(call, WEFT_S("vary"), WEFT_S("Accept-Encoding"));
    if (call->status == 200 && browser_has(call, file)) {
        call->status = 304;
        call->content_type = (struct weft_str){ 0 };
        return WEFT_OK;
    }
    call->content_type = weft_str_from_c(file->type);
    return body_write(call, file, err);
}

static int page(struct weft_call *call, struct weft_err *err)
{
    return send(call, file_of(WEFT_S("/index.html")), err);
}

static int asset(struct weft_call *call, struct weft_err *err)
{
    const struct weft_ui_file *file = file_of(call->exchange->path);
    if (file == NULL)
        return weft_fail(err, WEFT_NOT_FOUND, "the interface has no file %.*s",
                         WEFT_S_ARG(call->exchange->path));
    return send(call, file, err);
}

/* Programs get an error they can read: those ask below /api/, or do not say that they take pages. */
static bool is_from_browser(const struct weft_call *call)
{
    const struct weft_exchange *exchange = call->exchange;
    return (exchange->method == WEFT_HTTP_GET || exchange->method == WEFT_HTTP_HEAD) &&
           !weft_str_starts_with(exchange->path, WEFT_S("/api/")) &&
           weft_call_accepts(call, WEFT_S("text/html"));
}

static bool not_found(struct weft_call *call)
{
    struct weft_err err;
    if (!is_from_browser(call)) return false;
    call->status = 404;
    return page(call, &err) >= 0;
}

/* Also those of pages that come later: links to them stay good. */
const struct weft_route weft_routes_ui[] = {
    { "GET", "/", true, page },
    { "GET", "/search", true, page },
    { "GET", "/trace/{}", true, page },
    { "GET", "/flame", true, page },
    { "GET", "/map", true, page },
    { "GET", "/compare", true, page },
    { "GET", "/services", true, page },
    { "GET", "/service/{*}", true, page },
    { "GET", "/slos", true, page },
    { "GET", "/slo/{}", true, page },
    { "GET", "/alerts", true, page },
    { "GET", "/alert/{}", true, page },
    { "GET", "/agents", true, page },
    { "GET", "/run/{}", true, page },
    { "GET", "/quality", true, page },
    { "GET", "/settings", true, page },
    { "GET", "/settings/{*}", true, page },
    { "GET", "/assets/{*}", true, asset },
    { 0 },
};

/* What pages may do, said with every answer of their origin: an attribute's value opened as a page must not be one. */
static const struct weft_http_header headers[] = {
    { WEFT_S_INIT("content-security-policy"),
      WEFT_S_INIT(
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
          "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'") },
    { WEFT_S_INIT("x-content-type-options"), WEFT_S_INIT("nosniff") },
    { WEFT_S_INIT("referrer-policy"), WEFT_S_INIT("same-origin") },
    { WEFT_S_INIT("cross-origin-opener-policy"), WEFT_S_INIT("same-origin") },
    { WEFT_S_INIT("cross-origin-resource-policy"), WEFT_S_INIT("same-origin") },
};
const struct weft_face_browsers weft_ui_browsers = {
    .headers = headers,
    .header_count = sizeof headers / sizeof headers[0],
    .not_found = not_found,
};
