/* api_question.h -- what the routes of the own API that take TraceQL have in common: the query, the range of time, the value texts.
 *
 * Errors     WEFT_INVALID; of a query with its place in call->error_line
 * Ownership  everything lives in the call's arena
 */
#ifndef WEFT_SERVER_API_QUESTION_H
#define WEFT_SERVER_API_QUESTION_H
#include "query/traceql.h"
#include "server/api_parameters.h"
#include "wire/json.h"

struct weft_api_range {
    uint64_t from_ns, to_ns; /* traces that overlap it; to_ns 0: no end */
    uint64_t since_ns;       /* as given; finish() makes from_ns of it */
    uint64_t now_ns; /* what finish() took for now: since=24h up to now is exactly that long */
};
/* Rows of a parameter table, for a field `range` of `type`. */
#define WEFT_API_RANGE(type)                                                                  \
    { .name = "from",                                                                         \
      .kind = WEFT_API_TIME,                                                                  \
      .offset = offsetof(type, range.from_ns),                                                \
      .help = "Start of the range of time: Unix s, ms, us or ns, RFC 3339, now-15m." },       \
        { .name = "to",                                                                       \
          .kind = WEFT_API_TIME,                                                              \
          .offset = offsetof(type, range.to_ns),                                              \
          .help = "Its end." },                                                               \
    {                                                                                         \
        .name = "since", .kind = WEFT_API_DURATION, .offset = offsetof(type, range.since_ns), \
        .help = "Its length up to now, instead of from: 15m, 24h."                            \
    }
/* Checks, and turns `since` into from_ns. */
int weft_api_range_finish(struct weft_api_range *range, struct weft_err *err);

/* What a request may set lower than the configuration has it. */
struct weft_api_limits {
    uint64_t timeout_ns, bytes_max, spans_max; /* 0: not given */
};
/* Rows of a parameter table, for a field `limits` of `type`. */
#define WEFT_API_LIMITS(type)                                                                     \
    { .name = "timeout",                                                                          \
      .kind = WEFT_API_DURATION,                                                                  \
      .offset = offsetof(type, limits.timeout_ns),                                                \
      .help = "Answer what is known after so long, if that is less than query.timeout." },        \
        { .name = "bytes_max",                                                                    \
          .kind = WEFT_API_BYTES,                                                                 \
          .offset = offsetof(type, limits.bytes_max),                                             \
          .help = "... and after so many bytes read, such as 64MiB." },                           \
    {                                                                                             \
        .name = "spans_max", .kind = WEFT_API_NUMBER, .offset = offsetof(type, limits.spans_max), \
        .help = "... and after so many spans looked at."                                          \
    }
extern const struct weft_api_parameter weft_api_limit_parameters[]; /* of a weft_api_limited */
struct weft_api_limited {
    struct weft_api_limits limits;
};
void weft_api_limits_apply(struct weft_call *call, const struct weft_api_limits *limits);

int weft_api_query_parse(struct weft_call *call, struct weft_str text,
                         struct weft_traceql_query *out, struct weft_err *err);

/* ---- answers ---- */

/* "type": ..., "value": ... -- the value as TraceQL shows it, whatever its type: text. */
void weft_api_write_value(struct weft_json_writer *w, const struct weft_traceql_value *value);
const char *weft_api_type_name(enum weft_traceql_type type);
/* "partial": ... */
void weft_api_write_partial(struct weft_json_writer *w, const struct weft_call *call,
                            const char *partial_reason);
/* "partial": ..., "inspected": {...} */
void weft_api_write_inspected(struct weft_json_writer *w, const struct weft_call *call,
                              const char *partial_reason, uint64_t traces, uint64_t spans,
                              uint64_t bytes);
/* Members of an object, in one line each. */
void weft_api_put_text(struct weft_json_writer *w, const char *key, struct weft_str value);
void weft_api_put_u64(struct weft_json_writer *w, const char *key, uint64_t value);
void weft_api_put_time(struct weft_json_writer *w, const char *key, uint64_t unix_ns);

#endif
