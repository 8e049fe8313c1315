/* trace_pieces.h -- a trace as OTLP, in slices of about a MiB: a long one is never whole in memory as text or protobuf too.
 *
 * Shape      each slice is a list of ResourceSpans; where one ends, the next says its resource and scope again. In protobuf lists and
 *            messages that come again are joined by every reader, in JSON it is one list
 * Ownership  the batch lives in the call's arena
 */
#ifndef WEFT_SERVER_TRACE_PIECES_H
#define WEFT_SERVER_TRACE_PIECES_H
#include "model/otlp.h"
#include "server/router.h"

/* Appends these spans of the batch. */
typedef void weft_trace_slice(struct weft_buf *out, const struct weft_batch *spans, bool is_first);
/* Appends what stands behind all spans. */
typedef void weft_trace_end(struct weft_buf *out, const struct weft_batch *batch);

/* Append the first piece to the call's body; the others follow by call->more(). */
void weft_trace_pieces_start(struct weft_call *call, const struct weft_batch *batch,
                             weft_trace_slice *slice, weft_trace_end *end);

/* For a slice: its ResourceSpans as a part of a JSON list, which the end closes with "]". */
void weft_trace_pieces_json(struct weft_buf *out, const struct weft_batch *spans, bool is_first,
                            enum weft_otlp_json_form form);

#endif
