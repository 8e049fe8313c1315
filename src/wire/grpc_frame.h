/* grpc_frame.h -- what gRPC adds to HTTP/2: message frames, timeouts, status messages.
 *
 * Errors     WEFT_INVALID (unknown flag, bytes behind a unary message, cut short), WEFT_TOO_LARGE
 * Threads    pure
 * Ownership  messages are views into the input
 * Spec       PROTOCOL-HTTP2.md of grpc/grpc; checklist C3.5.5
 */
#ifndef WEFT_WIRE_GRPC_FRAME_H
#define WEFT_WIRE_GRPC_FRAME_H
#include "base/buf.h"
#include "base/err.h"

#define WEFT_GRPC_PREFIX_BYTES 5 /* flag: 0 plain, 1 compressed; length, 4 bytes big-endian */

struct weft_grpc_frame {
    struct weft_str message;
    bool is_compressed;
};

/* The frame at input[*at]. 1: in *frame, *at moved behind it. 0: more bytes needed (or none left).
 * Negative: an error, known
 * from the prefix alone, before the message has come. */
int weft_grpc_frame_next(struct weft_grpc_frame *frame, struct weft_str input, size_t *at,
                         uint64_t bytes_max, struct weft_err *err);
/* The one frame of a unary call: WEFT_OK, or an error when the body is anything else. */
int weft_grpc_frame_unary(struct weft_grpc_frame *frame, struct weft_str body, uint64_t bytes_max,
                          struct weft_err *err);
void weft_grpc_frame_prefix(char out[static WEFT_GRPC_PREFIX_BYTES], bool is_compressed,
                            uint32_t message_len);
void weft_grpc_frame_append(struct weft_buf *out, bool is_compressed, struct weft_str message);

/* "100m", "5S": one to eight digits and a unit of H M S m u n. */
bool weft_grpc_timeout_parse(struct weft_str value, uint64_t *timeout_ns);
/* Rounded up to what eight digits can say; returns the length (at most 9), terminated. */
size_t weft_grpc_timeout_format(char out[static 10], uint64_t timeout_ns);

/* grpc-message: UTF-8 text, everything but printable ASCII (and '%') percent-encoded. Decoding
 * never fails: broken escapes stay
 * as they are, as the protocol asks, and bad UTF-8 becomes U+FFFD. */
void weft_grpc_message_encode(struct weft_buf *out, struct weft_str text);
void weft_grpc_message_decode(struct weft_buf *out, struct weft_str encoded);

#endif
