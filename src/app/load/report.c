/* report.c -- what a load run measured (report.h). */
#include "app/load/report.h"
#include "base/clock.h"
#include "wire/json.h"

static uint32_t bucket_of(uint64_t ns)
{
    if (ns < 64) return (uint32_t)ns;
    unsigned doubling = 63 - (unsigned)__builtin_clzll(ns); /* at least 6 */
    return (doubling - 5) * 64 + (uint32_t)(ns >> (doubling - 6) & 63);
}

static uint64_t bucket_middle_ns(uint32_t bucket)
{
    if (bucket < 64) return bucket;
    unsigned doubling = bucket / 64 + 5;
    uint64_t width = UINT64_C(1) << (doubling - 6);
    return (UINT64_C(64) + bucket % 64) * width + width / 2;
}

static void count_delay(struct weft_load_report *report, uint64_t delay_ns)
{
    if (delay_ns == 0) return;
    if (report->delay_count++ == 0 || delay_ns < report->delay_min_ns)
        report->delay_min_ns = delay_ns;
    if (delay_ns > report->delay_max_ns) report->delay_max_ns = delay_ns;
    report->delays[bucket_of(delay_ns)]++;
}

static void count_refusal(struct weft_load_report *report, const struct weft_otlp_sent *sent)
{
    uint32_t i = 0;
    while (i < report->code_count && strcmp(report->codes[i].code, sent->code) != 0) i++;
    if (i == WEFT_LOAD_CODES_MAX) return;
    if (i == report->code_count)
        memcpy(report->codes[report->code_count++].code, sent->code, sizeof sent->code);
    report->codes[i].count++;
    if (sent->message.len > 0)
        snprintf(report->last_message, sizeof report->last_message, "%.*s",
                 WEFT_S_ARG(sent->message));
}

void weft_load_report_add(struct weft_load_report *report, const struct weft_otlp_sent *sent,
                          uint32_t spans, size_t bytes)
{
    report->sent_bytes += bytes;
    if (sent->is_accepted) {
        report->latencies[bucket_of(sent->latency_ns)]++;
        if (sent->latency_ns > report->latency_max_ns) report->latency_max_ns = sent->latency_ns;
        report->accepted_requests++;
        report->accepted_spans += spans;
        return;
    }
    report->refused_requests++;
    report->refused_spans += spans;
    report->refused_without_delay += sent->may_retry && sent->retry_after_ns == 0;
    count_delay(report, sent->retry_after_ns);
    count_refusal(report, sent);
}

/* 0: more than the buckets hold. */
static uint64_t percentile_ns(const uint32_t buckets[WEFT_LOAD_BUCKETS], uint64_t total,
                              double percentile)
{
    uint64_t rank = (uint64_t)((double)total * percentile / 100), seen = 0;
    for (uint32_t b = 0; b < WEFT_LOAD_BUCKETS; b++) {
        seen += buckets[b];
        if (seen > rank) return bucket_middle_ns(b);
    }
    return 0;
}

uint64_t weft_load_report_percentile_ns(const struct weft_load_report *report, double percentile)
{
    uint64_t ns = percentile_ns(report->latencies, report->accepted_requests, percentile);
    return ns > 0 ? ns : report->latency_max_ns;
}

static double per_second(uint64_t count, uint64_t ns)
{
    return ns > 0 ? (double)count * 1e9 / (double)ns : 0;
}

void weft_load_report_write_text(struct weft_buf *out, const struct weft_load_report *report)
{
    static const double percentiles[] = { 50, 90, 99, 99.9 };
    char text[32];
    weft_buf_printf(out, "accepted   %llu spans in %llu requests, %.0f spans/s, %.1f MB/s\n",
                    (unsigned long long)report->accepted_spans,
                    (unsigned long long)report->accepted_requests,
                    per_second(report->accepted_spans, report->elapsed_ns),
                    per_second(report->sent_bytes, report->elapsed_ns) / 1e6);
    weft_buf_printf(out, "refused    %llu spans in %llu requests",
                    (unsigned long long)report->refused_spans,
                    (unsigned long long)report->refused_requests);
    for (uint32_t i = 0; i < report->code_count; i++)
        weft_buf_printf(out, "%s%s %llu", i == 0 ? ": " : ", ", report->codes[i].code,
                        (unsigned long long)report->codes[i].count);
    if (report->last_message[0] != '\0')
        weft_buf_printf(out, "\n           last: %s", report->last_message);
    weft_buf_append_c(out, "\nlatency   ");
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
        weft_duration_format(text, sizeof text,
                             (int64_t)weft_load_report_percentile_ns(report, percentiles[i]));
        weft_buf_printf(out, " p%g %s,", percentiles[i], text);
    }
    weft_duration_format(text, sizeof text, (int64_t)report->latency_max_ns);
    weft_buf_printf(out, " max %s\nown CPU    %.2f s in %.2f s\n", text,
                    (double)report->cpu_ns / 1e9, (double)report->elapsed_ns / 1e9);
    if (report->verified_traces > 0)
        weft_buf_printf(out, "read back  %llu traces, %llu spans: all as sent\n",
                        (unsigned long long)report->verified_traces,
                        (unsigned long long)report->verified_spans);
}

static void put_ms(struct weft_json_writer *w, const char *key, uint64_t ns)
{
    weft_json_key(w, key);
    weft_json_double(w, (double)(ns / 1000) / 1000);
}

void weft_load_report_write_json(struct weft_buf *out, const struct weft_load_report *report)
{
    struct weft_json_writer w = { .out = out };
    weft_json_object_start(&w);
    weft_json_key(&w, "accepted_spans");
    weft_json_u64(&w, report->accepted_spans);
    weft_json_key(&w, "accepted_requests");
    weft_json_u64(&w, report->accepted_requests);
    weft_json_key(&w, "refused_requests");
    weft_json_u64(&w, report->refused_requests);
    weft_json_key(&w, "refused_without_delay");
    weft_json_u64(&w, report->refused_without_delay);
    weft_json_key(&w, "refused_by_code");
    weft_json_object_start(&w);
    for (uint32_t i = 0; i < report->code_count; i++) {
        weft_json_key(&w, report->codes[i].code);
        weft_json_u64(&w, report->codes[i].count);
    }
    weft_json_object_end(&w);
    weft_json_key(&w, "sent_bytes");
    weft_json_u64(&w, report->sent_bytes);
    put_ms(&w, "latency_p50_ms", weft_load_report_percentile_ns(report, 50));
    put_ms(&w, "latency_p90_ms", weft_load_report_percentile_ns(report, 90));
    put_ms(&w, "latency_p99_ms", weft_load_report_percentile_ns(report, 99));
    put_ms(&w, "latency_max_ms", report->latency_max_ns);
    put_ms(&w, "delay_min_ms", report->delay_min_ns);
    put_ms(&w, "delay_p50_ms", percentile_ns(report->delays, report->delay_count, 50));
    put_ms(&w, "delay_max_ms", report->delay_max_ns);
    put_ms(&w, "elapsed_ms", report->elapsed_ns);
    put_ms(&w, "cpu_ms", report->cpu_ns);
    weft_json_key(&w, "verified_traces");
    weft_json_u64(&w, report->verified_traces);
    weft_json_key(&w, "verified_spans");
    weft_json_u64(&w, report->verified_spans);
    weft_json_object_end(&w);
    weft_buf_append_byte(out, '\n');
}
