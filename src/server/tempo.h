/* tempo.h -- questions of Tempo's API, whichever door they came through, and what answers them.
 *
 * Shape      HTTP (tempo_search.c, tempo_tags.c, tempo_metrics.c) and gRPC (tempo_grpc.c) fill the same questions; an answer is
 *            written by one of the encoders of tempo_answer.h
 * Errors     WEFT_INVALID and a sentence, with "line L, col C" when it is about a query
 * Threads    query threads
 * Ownership  everything lives in the call's arena
 * Spec       query.md Q8
 */
#ifndef WEFT_SERVER_TEMPO_H
#define WEFT_SERVER_TEMPO_H
#include "server/router.h"
#include "server/tempo_answer.h"

#define WEFT_TEMPO_TRACES_DEFAULT 20
#define WEFT_TEMPO_TRACES_MAX 262144
#define WEFT_TEMPO_SPANS_DEFAULT 3
#define WEFT_TEMPO_EXEMPLARS_MAX 100

struct weft_tempo_search {
    struct weft_str query, tags; /* TraceQL, or pairs in logfmt; both empty: every trace */
    uint64_t from_ns, to_ns;     /* both 0: everything */
    uint32_t traces, spans_per_spanset;
    uint64_t duration_min_ns, duration_max_ns; /* without a query */
};
int weft_tempo_search_answer(struct weft_call *call, const struct weft_tempo_search *search,
                             const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                             struct weft_err *err);

struct weft_tempo_metrics {
    struct weft_str query;
    uint64_t start_ns, end_ns;
    bool is_instant;
    uint64_t step_ns; /* 0: the default of Q8.7.3 */
    uint32_t exemplars, series_max;
};
int weft_tempo_metrics_answer(struct weft_call *call, const struct weft_tempo_metrics *metrics,
                              const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                              struct weft_err *err);
/* Q8.7.3: the range in 240 steps, rounded down to what people count in. */
uint64_t weft_tempo_default_step(uint64_t range_ns);

struct weft_tempo_names {
    bool is_v1;
    struct weft_str scope; /* of names: empty and "none" are all */
    struct weft_str tag;   /* of values */
    struct weft_str query; /* Q8.5.3: what cannot be used of it is left out */
    uint64_t from_ns, to_ns;
    uint32_t limit; /* 0: none */
};
int weft_tempo_tags_answer(struct weft_call *call, const struct weft_tempo_names *names,
                           const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                           struct weft_err *err);
int weft_tempo_values_answer(struct weft_call *call, const struct weft_tempo_names *names,
                             const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                             struct weft_err *err);

/* ---- parameters of HTTP (tempo_parameters.c) ---- */

/* JSON unless the client takes protobuf (no q-values, as Tempo: Q8.1.2); sets the content type. */
const struct weft_tempo_encoder *weft_tempo_encoder_wanted(struct weft_call *call);
/* start and end in whole Unix seconds: both or none (0, 0), start before end (Q8.1.5). */
int weft_tempo_range_parse(struct weft_call *call, uint64_t *from_ns, uint64_t *to_ns,
                           struct weft_err *err);
/* A whole number; *out stays as it is without the parameter. */
int weft_tempo_count_parse(struct weft_call *call, const char *name, uint32_t *out,
                           struct weft_err *err);

/* ---- times (tempo_time.c) ---- */

/* From and to which nanosecond (that one not any more) seconds `start` to `end` are, both included; 0, 0: everything. */
int weft_tempo_range_make(uint64_t start_s, uint64_t end_s, uint64_t *from_ns, uint64_t *to_ns,
                          struct weft_err *err);
/* Go's and Prometheus' durations: "1h30m", "1.5s", "1d", "2w". */
bool weft_tempo_duration_parse(struct weft_str text, uint64_t *ns);
/* Unix seconds (also with fraction), Unix nanoseconds, RFC 3339 (Q8.7.2). */
bool weft_tempo_time_parse(struct weft_str text, uint64_t *ns);

/* ---- tags in logfmt (tempo_logfmt.c) ---- */

/* The TraceQL query that means the same (Q8.4.8): one filter for each pair. */
int weft_tempo_tags_to_query(struct weft_buf *out, struct weft_str tags, struct weft_err *err);

/* ---- routes ---- */

int weft_tempo_trace_v1(struct weft_call *call, struct weft_err *err);
int weft_tempo_trace_v2(struct weft_call *call, struct weft_err *err);
int weft_tempo_search_route(struct weft_call *call, struct weft_err *err);
int weft_tempo_tags_v1(struct weft_call *call, struct weft_err *err);
int weft_tempo_tags_v2(struct weft_call *call, struct weft_err *err);
int weft_tempo_values_v1(struct weft_call *call, struct weft_err *err);
int weft_tempo_values_v2(struct weft_call *call, struct weft_err *err);
int weft_tempo_query_range(struct weft_call *call, struct weft_err *err);
int weft_tempo_echo(struct weft_call *call, struct weft_err *err);
int weft_tempo_buildinfo(struct weft_call *call, struct weft_err *err);
int weft_tempo_status(struct weft_call *call, struct weft_err *err);
int weft_tempo_status_page(struct weft_call *call, struct weft_err *err);
int weft_tempo_query_instant(struct weft_call *call, struct weft_err *err);

#endif
