/* receiver_otlp_internal.h -- shared by receiver_otlp.c (requests) and receiver_otlp_reply.c
 * (answers). */
#ifndef WEFT_PIPELINE_RECEIVER_OTLP_INTERNAL_H
#define WEFT_PIPELINE_RECEIVER_OTLP_INTERNAL_H
#include "model/otlp.h"
#include "pipeline/receiver_otlp.h"

struct weft_otlp_scratch {
    struct weft_arena arena;  /* span views of the request at hand */
    struct weft_buf inflated; /* its body, when it came compressed */
};
struct weft_receiver_otlp {
    struct weft_receiver_otlp_options options;
    struct weft_otlp_scratch *scratch; /* one per I/O thread */
};

enum weft_otlp_call_encoding { WEFT_OTLP_CALL_PROTOBUF, WEFT_OTLP_CALL_JSON, WEFT_OTLP_CALL_GRPC };

/* One request until it is answered; lives in its exchange's arena. */
struct weft_otlp_call {
    struct weft_receiver_otlp *receiver;
    struct weft_exchange *exchange;
    enum weft_otlp_call_encoding encoding;
    uint64_t span_count; /* handed to the consumer */
    struct weft_otlp_result result;
    bool *is_answered; /* set when the answer is given; NULL: nobody asks */
};

/* Each of these answers the call: it and its exchange are gone afterwards. */
void weft_otlp_reply_success(struct weft_otlp_call *call, uint64_t rejected_spans,
                             struct weft_str message);
void weft_otlp_reply_error(struct weft_otlp_call *call, int status, struct weft_str sentence,
                           uint64_t retry_after_ns);
void weft_otlp_reply_refusal(struct weft_otlp_call *call, int http_status, struct weft_str sentence,
                             uint64_t retry_after_ns);
void weft_otlp_reply_plain(struct weft_otlp_call *call, int http_status, struct weft_str text);
void weft_otlp_consumed(void *call, const struct weft_outcome *outcome);

void weft_otlp_register_metrics(void);
void weft_otlp_count_result(struct weft_otlp_call *call, uint64_t accepted,
                            const struct weft_otlp_result *result);

#endif
