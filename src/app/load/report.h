/* report.h -- what a load run measured: counts by answer, latency percentiles, our own CPU. */
#ifndef WEFT_APP_LOAD_REPORT_H
#define WEFT_APP_LOAD_REPORT_H
#include "app/otlp_sender.h"

#define WEFT_LOAD_CODES_MAX 24
#define WEFT_LOAD_BUCKETS (64 * 64)

struct weft_load_report {
    uint64_t refused_without_delay; /* of those that may be sent again */
    uint64_t accepted_requests, accepted_spans, refused_requests, refused_spans, sent_bytes;
    struct {
        char code[32];
        uint64_t count;
    } codes[WEFT_LOAD_CODES_MAX]; /* of refusals */
    uint32_t code_count;
    char last_message[160]; /* of the last refusal */
    uint32_t
        latencies[WEFT_LOAD_BUCKETS]; /* of accepted ones; 64 buckets a doubling: within 1.6 % */
    uint64_t latency_max_ns;
    uint32_t delays[WEFT_LOAD_BUCKETS]; /* that refusals told, likewise */
    uint64_t delay_count, delay_min_ns, delay_max_ns;
    uint64_t elapsed_ns, cpu_ns;
    uint64_t verified_traces, verified_spans; /* read back, equal */
};
void weft_load_report_add(struct weft_load_report *report, const struct weft_otlp_sent *sent,
                          uint32_t spans, size_t bytes);
uint64_t weft_load_report_percentile_ns(const struct weft_load_report *report, double percentile);
void weft_load_report_write_text(struct weft_buf *out, const struct weft_load_report *report);
void weft_load_report_write_json(struct weft_buf *out, const struct weft_load_report *report);

#endif
