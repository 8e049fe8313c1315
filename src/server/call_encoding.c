/* call_encoding.c -- which Content-Encoding an answer has (router.h).
 *
 * Spec  RFC 9110 12.5.3
 */
#include "server/router.h"
#include "wire/compress.h"

#define COMPRESS_FROM_BYTES 1400 /* below a packet there is nothing to win */

/* "q=0", "q=0.000": not wanted at all. */
static bool is_quality_zero(struct weft_str parameter)
{
    double quality;
    parameter = weft_str_trim(parameter);
    return weft_str_starts_with(parameter, WEFT_S("q=")) &&
           weft_str_to_double(weft_str_tail(parameter, 2), &quality) && quality == 0;
}

bool weft_call_takes_encoding(const struct weft_call *call, struct weft_str encoding)
{
    struct weft_str accepted = weft_exchange_header(call->exchange, WEFT_S("accept-encoding"));
    bool takes = false;
    while (accepted.len > 0) {
        struct weft_str item = weft_str_split(&accepted, ',');
        struct weft_str name = weft_str_trim(weft_str_split(&item, ';'));
        if (weft_str_equal_ignoring_case(name, encoding)) takes = !is_quality_zero(item);
    }
    return takes;
}

static bool has_encoding(const struct weft_call *call)
{
    for (uint32_t i = 0; i < call->header_count; i++)
        if (weft_str_equal_c(call->headers[i].name, "content-encoding")) return true;
    return false;
}

static bool body_pack(struct weft_call *call)
{
    struct weft_buf packed = { 0 };
    if (weft_compress(&packed, WEFT_COMPRESSION_GZIP, weft_buf_str(&call->body), NULL) < 0) {
        weft_buf_release(&packed);
        return false;
    }
    weft_buf_release(&call->body);
    call->body = packed;
    return true;
}

void weft_call_compress(struct weft_call *call)
{
    bool is_long = call->more != NULL;
    if (!is_long && call->body.len < COMPRESS_FROM_BYTES) return;
    if (has_encoding(call) || !weft_call_takes_encoding(call, WEFT_S("gzip"))) return;
    if (is_long ? !weft_call_stream_pack(call) : !body_pack(call)) return;
    weft_call_add_header(call, WEFT_S("content-encoding"), WEFT_S("gzip"));
    weft_call_add_header(call, WEFT_S("vary"), WEFT_S("Accept-Encoding"));
}
