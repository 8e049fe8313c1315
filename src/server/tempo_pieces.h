/* tempo_pieces.h -- a trace in the words of Tempo's two paths, slice by slice (trace_pieces.h).
 *
 * Ownership  the batch lives in the call's arena
 * Spec       query.md Q8.1.2, Q8.2, Q8.3
 */
#ifndef WEFT_SERVER_TEMPO_PIECES_H
#define WEFT_SERVER_TEMPO_PIECES_H
#include "server/trace_pieces.h"

/* {"batches": [...]}, or Trace in protobuf when that is accepted. */
void weft_tempo_answer_v1(struct weft_call *call, const struct weft_batch *batch);
/* {"trace": {"resourceSpans": [...]}, "metrics": {}, "status": "PARTIAL", "message": ...}, or TraceByIDResponse. */
void weft_tempo_answer_v2(struct weft_call *call, const struct weft_batch *batch);

#endif
