/* tempo_answer.h -- answers of Tempo's API, as JSON and as protobuf.
 *
 * Shape      a table of functions for each encoding; both say the same
 * Threads    pure
 * Spec       query.md Q8.1.3 (JSON), Q8.4.4 - Q8.4.7, Q8.5, Q8.6, Q8.7.4, Q8.7.5, Q8.8.4 (field numbers)
 */
#ifndef WEFT_SERVER_TEMPO_ANSWER_H
#define WEFT_SERVER_TEMPO_ANSWER_H
#include "query/traceql_metrics.h"
#include "query/traceql_tags.h"

/* Names by scope (v2), or one list of names (v1). */
struct weft_tempo_scope {
    const char *name;
    const struct weft_str *tags;
    uint32_t count;
};
struct weft_tempo_tags {
    const struct weft_tempo_scope *scopes;
    uint32_t scope_count;
    const struct weft_str *names;
    uint32_t name_count;
    uint64_t inspected_bytes;
    const char *partial_reason;
};

struct weft_tempo_encoder {
    const char *content_type;
    /* pads_ids: trace ids with all 32 digits; otherwise without leading zeros, as Tempo (Q8.4.5). */
    void (*search)(struct weft_buf *out, const struct weft_traceql_result *result, bool pads_ids);
    void (*range)(struct weft_buf *out, const struct weft_metrics_result *result);
    void (*instant)(struct weft_buf *out, const struct weft_metrics_result *result);
    void (*tags)(struct weft_buf *out, const struct weft_tempo_tags *tags);
    void (*tags_v1)(struct weft_buf *out, const struct weft_tempo_tags *tags);
    /* With types (v2), or texts alone (v1): then each text stands once in `values`. */
    void (*values)(struct weft_buf *out, const struct weft_tag_values *values);
    void (*values_v1)(struct weft_buf *out, const struct weft_tag_values *values);
};
extern const struct weft_tempo_encoder weft_tempo_json, weft_tempo_protobuf;

/* Trace ids as search answers show them: somewhere in `out`. */
struct weft_str weft_tempo_trace_id(const struct weft_trace_id *id, bool pads, char out[static 33]);
/* Whole milliseconds, as far as 32 bits go. */
uint32_t weft_tempo_duration_ms(uint64_t duration_ns);
/* What protobuf has for it: text, number, bool; durations, statuses, kinds and nil are text (Q5.3.3). The text lives in `scratch`. */
bool weft_tempo_is_text(const struct weft_traceql_value *value);
struct weft_str weft_tempo_text(const struct weft_traceql_value *value, struct weft_buf *scratch);

#endif
