/* api_query.h -- GET or POST /api/v1/query: TraceQL, answered with traces or with series (docs/api/query.md); and what explaining such an
 * answer needs (api_explain.h).
 *
 * Errors     WEFT_INVALID: a parameter, or a place of the query
 * Ownership  everything lives in the call's arena
 */
#ifndef WEFT_SERVER_API_QUERY_H
#define WEFT_SERVER_API_QUERY_H
#include "query/traceql_explain.h"
#include "server/api_question.h"
#include "server/tempo.h"

int weft_api_query(struct weft_call *call, struct weft_err *err);

enum weft_api_wanted { WEFT_WANTED_ANY, WEFT_WANTED_TRACES, WEFT_WANTED_SERIES, WEFT_WANTED_SPANS };
extern const char *const weft_api_wanted[];
struct weft_api_asked {
    struct weft_str query, cursor;
    struct weft_api_range range;
    struct weft_api_limits limits;
    uint32_t wanted, limit, spans_per_spanset, exemplars;
    uint64_t step_ns;
    bool is_instant;
};
/* Rows of a parameter table for a struct that begins with weft_api_asked. */
#define WEFT_API_ASKED_AT(field) offsetof(struct weft_api_asked, field)
#define WEFT_API_ASKED                                                                            \
    { .name = "q",                                                                                \
      .kind = WEFT_API_TEXT,                                                                      \
      .is_required = true,                                                                        \
      .offset = WEFT_API_ASKED_AT(query),                                                         \
      .help = "a TraceQL query" },                                                                \
        WEFT_API_RANGE(struct weft_api_asked), WEFT_API_LIMITS(struct weft_api_asked),            \
        { .name = "type",                                                                         \
          .kind = WEFT_API_CHOICE,                                                                \
          .offset = WEFT_API_ASKED_AT(wanted),                                                    \
          .fallback = "auto",                                                                     \
          .choices = weft_api_wanted,                                                             \
          .help =                                                                                 \
              "What the asker can read; a query that gives something else is refused. spans: as " \
              "spans() at the end of the query." },                                               \
        { .name = "limit",                                                                        \
          .kind = WEFT_API_COUNT,                                                                 \
          .offset = WEFT_API_ASKED_AT(limit),                                                     \
          .fallback = "20",                                                                       \
          .min = 1,                                                                               \
          .help = "Traces at most, or spans; the newest unless order() says otherwise." },        \
        { .name = "cursor",                                                                       \
          .kind = WEFT_API_TEXT,                                                                  \
          .offset = WEFT_API_ASKED_AT(cursor),                                                    \
          .help = "Of traces and spans: next_cursor of the answer before." },                     \
        { .name = "spss",                                                                         \
          .kind = WEFT_API_COUNT,                                                                 \
          .offset = WEFT_API_ASKED_AT(spans_per_spanset),                                         \
          .fallback = "3",                                                                        \
          .max = 100000,                                                                          \
          .help = "Spans listed of each spanset." },                                              \
        { .name = "step",                                                                         \
          .kind = WEFT_API_DURATION,                                                              \
          .offset = WEFT_API_ASKED_AT(step_ns),                                                   \
          .help = "Of series: time between points; by default some 240 points." },                \
        { .name = "instant",                                                                      \
          .kind = WEFT_API_BOOL,                                                                  \
          .offset = WEFT_API_ASKED_AT(is_instant),                                                \
          .help = "Of series: one point for the whole range." },                                  \
    {                                                                                             \
        .name = "exemplars", .kind = WEFT_API_COUNT, .offset = WEFT_API_ASKED_AT(exemplars),      \
        .fallback = "0", .max = WEFT_TEMPO_EXEMPLARS_MAX,                                         \
        .help = "Of series: traces shown as examples, at most."                                   \
    }

/* After the parameters: the range, the query, and whether they go together. */
int weft_api_asked_check(struct weft_call *call, struct weft_api_asked *asked,
                         struct weft_traceql_query *query, struct weft_err *err);

/* What an answer would be, for who asks how it is made. */
struct weft_api_outcome {
    const char *type;
    uint64_t from_ns, to_ns; /* range that was asked for; to_ns 0: no end */
    uint32_t count;
    bool has_more;
    const char *partial_reason;
    uint64_t inspected_traces, inspected_spans, inspected_bytes;
};
/* Writes the answer; with `explain`, *outcome instead. */
int weft_api_query_answer(struct weft_call *call, const struct weft_api_asked *asked,
                          const struct weft_traceql_query *query, struct weft_explain *explain,
                          struct weft_api_outcome *outcome, struct weft_err *err);

#endif
