/* grpc_server.c -- gRPC calls as the handlers see them: one message in, one out, status in trailers.
 *
 * Spec       gRPC over HTTP/2 (PROTOCOL-HTTP2.md); checklist C3.5.5
 */
#include "net/grpc_server.h"

#include "net/http_internal.h"
#include "wire/compress.h"
#include "wire/grpc_frame.h"
#include "wire/text.h"

#define CONTENT_TYPE "application/grpc"

bool weft_grpc_is_call(const struct weft_exchange *exchange)
{
    if (exchange->http_major != 2 || exchange->method != WEFT_HTTP_POST) return false;
    struct weft_str type = weft_exchange_header(exchange, WEFT_S("content-type"));
    if (!weft_str_starts_with(type, WEFT_S(CONTENT_TYPE))) return false;
    struct weft_str rest = weft_str_tail(type, sizeof CONTENT_TYPE - 1);
    return rest.len == 0 || rest.ptr[0] == ';' || weft_str_equal(rest, WEFT_S("+proto")) ||
           weft_str_starts_with(rest, WEFT_S("+proto;"));
}

int weft_grpc_message(struct weft_exchange *exchange, uint64_t bytes_max, struct weft_buf *inflated,
                      struct weft_claim *claim, struct weft_str *message, struct weft_err *err)
{
    struct weft_grpc_frame frame;
    int rc = weft_grpc_frame_unary(&frame, exchange->body, bytes_max, err);
    if (rc < 0) return rc;
    if (!frame.is_compressed) {
        *message = frame.message;
        return WEFT_OK;
    }
    struct weft_str name = weft_exchange_header(exchange, WEFT_S("grpc-encoding"));
    enum weft_compression compression;
    if (name.len == 0 || !weft_compression_parse(name, &compression))
        return weft_fail(
            err, WEFT_UNSUPPORTED,
            "grpc-encoding \"%.*s\" is not known here: expected gzip, zstd, snappy, deflate",
            WEFT_S_ARG(name));
    if (compression == WEFT_COMPRESSION_NONE)
        return weft_fail(err, WEFT_INVALID,
                         "the message is marked as compressed, but grpc-encoding is identity");
    weft_buf_reset(inflated);
    rc = weft_decompress_claimed(inflated, compression, frame.message, bytes_max, 0, claim, err);
    if (rc < 0) return rc;
    *message = weft_buf_str(inflated);
    return WEFT_OK;
}

void weft_grpc_reply(struct weft_exchange *exchange, struct weft_str message)
{
    char *body = weft_arena_alloc(exchange->arena, WEFT_GRPC_PREFIX_BYTES + message.len);
    weft_grpc_frame_prefix(body, false, (uint32_t)message.len);
    if (message.len > 0) memcpy(body + WEFT_GRPC_PREFIX_BYTES, message.ptr, message.len);
    const struct weft_http_header trailer = { WEFT_S_INIT("grpc-status"), WEFT_S_INIT("0") };
    const struct weft_http_reply reply = { .status = 200,
                                           .content_type = WEFT_S_INIT(CONTENT_TYPE),
                                           .body = weft_str_make(body, WEFT_GRPC_PREFIX_BYTES +
                                                                           message.len),
                                           .trailers = &trailer,
                                           .trailer_count = 1 };
    weft_exchange_reply(exchange, &reply);
}

void weft_grpc_reply_error(struct weft_exchange *exchange, enum weft_grpc_status status,
                           struct weft_str sentence, struct weft_str details)
{
    struct weft_http_header headers[3];
    uint32_t count = 0;
    struct weft_buf encoded = { 0 }, base64 = { 0 };
    headers[count++] =
        (struct weft_http_header){ WEFT_S("grpc-status"),
                                   weft_arena_printf(exchange->arena, "%d", (int)status) };
    weft_grpc_message_encode(&encoded, sentence);
    if (encoded.len > 0)
        headers[count++] =
            (struct weft_http_header){ WEFT_S("grpc-message"), weft_buf_str(&encoded) };
    if (details.len > 0) {
        weft_base64_encode(&base64, WEFT_BASE64_STANDARD, details);
        while (base64.len > 0 && base64.data[base64.len - 1] == '=')
            base64.len--; /* without padding, as the protocol asks */
        headers[count++] =
            (struct weft_http_header){ WEFT_S("grpc-status-details-bin"), weft_buf_str(&base64) };
    }
    /* Trailers-only: the status stands in the one and only header block. */
    const struct weft_http_reply reply = { .status = 200,
                                           .content_type = WEFT_S_INIT(CONTENT_TYPE),
                                           .headers = headers,
                                           .header_count = count,
                                           .omits_length = true };
    weft_exchange_reply(exchange, &reply);
    weft_buf_release(&encoded);
    weft_buf_release(&base64);
}
