/* receiver_otlp.h -- OTLP in: requests over gRPC and HTTP become batches, outcomes become OTLP's
 * answers.
 *
 * Shape      one handler serves both protocols on any listener (checklist C3.1.5), told apart by
 *            content type
 * Errors     every refusal is a google.rpc.Status in the request's encoding, with a retry delay
 *            where a retry may help
 * Threads    handlers run on I/O threads; each has a scratch arena of its own
 * Ownership  the receiver outlives its listeners
 * Spec       OTLP 1.5; checklist C3.1 to C3.5, C3.10
 */
#ifndef WEFT_PIPELINE_RECEIVER_OTLP_H
#define WEFT_PIPELINE_RECEIVER_OTLP_H
#include "model/consumer.h"
#include "net/http_server.h"
#include "pipeline/cors.h"

struct weft_receiver_otlp_options {
    struct weft_consumer consumer;
    unsigned io_thread_count;
    uint64_t
        grpc_message_bytes_max; /* inflated; over it RESOURCE_EXHAUSTED without a delay. 0: 64 MiB */
    uint64_t http_body_bytes_max;  /* inflated; over it 413. 0: 64 MiB */
    struct weft_cors_options cors; /* for HTTP */
    /* What inflating and decoding may take beside the bodies, all I/O threads together; NULL: no bound but the two above. */
    struct weft_budget *work_budget;
    struct weft_retry_delay
        *retry; /* for "later"; the listeners' too. NULL: what the consumer says */
};
struct weft_receiver_otlp;

void weft_receiver_otlp_create(struct weft_receiver_otlp **out,
                               const struct weft_receiver_otlp_options *options);
void weft_receiver_otlp_destroy(struct weft_receiver_otlp *receiver); /* NULL is fine */
struct weft_http_handler weft_receiver_otlp_handler(struct weft_receiver_otlp *receiver);

/* Since the start, all receivers together. */
struct weft_receiver_counts {
    uint64_t accepted_spans, rejected_spans, refused_spans, failed_requests;
};
void weft_receiver_otlp_counts(struct weft_receiver_counts *out);

/* receiver_zipkin.c: spans in Zipkin's JSON v2 (query.md Q12.5.2), whatever the path. Answered in Zipkin's way: 202, or a sentence. */
struct weft_http_handler weft_receiver_otlp_zipkin_handler(struct weft_receiver_otlp *receiver);

#endif
