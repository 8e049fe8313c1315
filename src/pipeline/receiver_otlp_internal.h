/* receiver_otlp_internal.h -- shared by receiver_otlp.c (requests), receiver_zipkin.c (requests of Zipkin's senders, which go the same
 * way) and receiver_otlp_reply.c (answers). */
#ifndef WEFT_PIPELINE_RECEIVER_OTLP_INTERNAL_H
#define WEFT_PIPELINE_RECEIVER_OTLP_INTERNAL_H
#include "model/otlp.h"
#include "pipeline/receiver_otlp.h"

struct weft_otlp_call;
/* Calls whose body is here, but not taken: the consumer had no room. First come, first served. */
struct weft_otlp_hold {
    struct weft_otlp_call *first, *last;
    struct weft_loop *loop;
    struct weft_timer timer;
    bool is_deferred;
};
struct weft_otlp_scratch {
    struct weft_arena arena;  /* span views of the request at hand */
    struct weft_buf inflated; /* its body, when it came compressed */
    struct weft_claim claim;  /* for both */
    struct weft_otlp_hold hold;
};
struct weft_receiver_otlp {
    struct weft_receiver_otlp_options options;
    struct weft_otlp_scratch *scratch; /* one per I/O thread */
};

enum weft_otlp_call_encoding {
    WEFT_OTLP_CALL_PROTOBUF,
    WEFT_OTLP_CALL_JSON,
    WEFT_OTLP_CALL_GRPC,
    WEFT_OTLP_CALL_ZIPKIN, /* Zipkin's JSON and Zipkin's answers */
};
enum weft_otlp_progress {
    WEFT_OTLP_UNDER_WAY, /* it is answered later */
    WEFT_OTLP_ANSWERED,  /* and so gone */
    WEFT_OTLP_BUSY,      /* no room now: to be tried again as it is */
};

/* One request until it is answered; lives in its exchange's arena. */
struct weft_otlp_call {
    struct weft_receiver_otlp *receiver;
    struct weft_exchange *exchange;
    enum weft_otlp_call_encoding encoding;
    uint64_t begun_ns;   /* when the request was complete */
    uint64_t span_count; /* handed to the consumer */
    struct weft_otlp_result result;
    /* Inside consume(): where to say what became of it. NULL: the answer came later. */
    enum weft_otlp_progress *progress;
    uint64_t held_since_ns; /* 0: not held */
    struct weft_otlp_call *next;
};

struct weft_otlp_scratch *weft_otlp_scratch_of(struct weft_receiver_otlp *receiver,
                                               struct weft_exchange *exchange);
struct weft_otlp_call *weft_otlp_call_begin(struct weft_receiver_otlp *receiver,
                                            struct weft_exchange *exchange);
/* The first attempt, or a place in the queue. */
void weft_otlp_call_start(struct weft_otlp_call *call);
/* The steps of one attempt: the body without its content-encoding (in the thread's scratch buffer if it had one); its spans to the
 * consumer. What cannot be taken is answered. */
int weft_otlp_http_payload(struct weft_otlp_call *call, struct weft_str *payload,
                           struct weft_err *err);
enum weft_otlp_progress weft_otlp_receive(struct weft_otlp_call *call, struct weft_str payload);
/* ---- receiver_zipkin.c ---- */
enum weft_otlp_progress weft_otlp_handle_zipkin(struct weft_otlp_call *call);

/* Decode and hand on. After WEFT_OTLP_BUSY everything is as before. */
enum weft_otlp_progress weft_otlp_attempt(struct weft_otlp_call *call);

/* ---- receiver_otlp_hold.c ---- */
bool weft_otlp_hold_is_empty(const struct weft_otlp_call *call); /* of its thread */
void weft_otlp_hold_add(struct weft_otlp_call *call);
void weft_otlp_hold_retry_soon(struct weft_otlp_call *call); /* room may have come */
void weft_otlp_hold_stop(struct weft_otlp_hold *hold);
void weft_otlp_hold_register_metrics(void);

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
