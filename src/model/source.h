/* source.h -- where spans come from when asked: the embedded store today, ClickHouse later, one
 * conformance suite for all.
 *
 * Errors     WEFT_NOT_FOUND only from trace(); WEFT_CORRUPT names file and place; others as in
 *            err.h
 * Threads    any, several at once
 * Ownership  answers live in the caller's arena
 */
#ifndef WEFT_MODEL_SOURCE_H
#define WEFT_MODEL_SOURCE_H
#include "base/err.h"
#include "model/read_limits.h"
#include "model/scan_report.h"
#include "model/selection.h"

/* Spans seen of one service and name. */
struct weft_operation {
    struct weft_str service_name;
    struct weft_str name;
    uint8_t kind;
    uint64_t span_count, error_count;
};
/* Where a follower of newly committed spans stands; zero: from now on. Opaque, but may be printed
 * and parsed. */
struct weft_tail_position {
    uint64_t segment;
    uint32_t chunk;
};

/* Which traces to visit. */
struct weft_trace_scan {
    uint64_t from_ns,
        to_ns; /* traces whose [earliest start, latest end] overlaps it; to_ns 0: no end */
    /* Traces that it selects are visited; others may be. NULL: all. */
    const struct weft_selection *selection;
    /* Not NULL: the newest are wanted. Traces that start before *start_min need not be visited, and the visitor may raise it at any
     * time; they come newest first as far as that saves work. */
    const uint64_t *start_min;
    /* Not NULL, and then start_min is: only traces whose ids are greater, in rising order of ids. */
    const struct weft_trace_id *after;
    uint64_t
        deadline_monotonic_ns;     /* 0: none; looked at now and then: the result is then partial */
    const _Atomic bool *cancelled; /* NULL: never */
    struct weft_read_limits *reads;  /* NULL: not counted */
    struct weft_scan_report *report; /* added to; NULL: nobody asks */
};
struct weft_trace_scan_result {
    const char *
        partial_reason; /* NULL: every trace was visited; "time limit", "cancelled", "damaged file"; of model/read_limits.h */
    /* Of a scan for the newest that a limit, or its visitor, ended: every selected trace that starts at that time or later was
     * visited; UINT64_MAX: that cannot be said of any. 0: of all that may be wanted. */
    uint64_t complete_from_ns;
    uint64_t inspected_traces, inspected_spans, inspected_bytes;
};
/* One whole trace, as trace() gives it; good during the call. False: enough. */
typedef bool weft_trace_visit(void *arg, const struct weft_batch *trace);

/* ---- spans as columns ---- */

/* What is wanted of each span besides its start time. */
struct weft_span_column {
    /* ATTRIBUTE (of scope SPAN, RESOURCE or INSTRUMENTATION: the first of that key that is not EMPTY), SERVICE, NAME, STATUS_MESSAGE,
     * SCOPE_NAME, SCOPE_VERSION (strings; empty is absence), KIND, STATUS (ints), as codes; DURATION, as numbers. */
    enum weft_field field;
    enum weft_attribute_scope scope;
    struct weft_str key;
};
#define WEFT_SPAN_VECTOR_MAX 1024u
#define WEFT_SPAN_COLUMNS_MAX 8u
/* Some spans. Codes stand for the values of a column within one `numbering`: equal codes are equal values (a value may have several
 * codes), 0 is absence. When `numbering` differs from that of the vector before, what was learnt of codes is void. */
struct weft_span_vector {
    uint32_t count;
    uint64_t numbering;
    const uint64_t *start_time_unix_nano;
    const uint64_t *duration_ns; /* when a DURATION column is asked for */
    struct weft_span_codes {
        const uint32_t *codes;           /* count of them; NULL for DURATION */
        const struct weft_value *values; /* by code - 1; good during the call */
        uint32_t value_count;            /* codes are at most that */
    } columns[WEFT_SPAN_COLUMNS_MAX];
    const void *place; /* for identify() */
};
struct weft_span_identity {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id, parent_span_id;
};
struct weft_wanted_keys; /* model/wanted_keys.h */
struct weft_span_scan {
    uint64_t from_ns, to_ns; /* spans with from_ns <= start < to_ns (to_ns 0: no end) */
    const struct weft_selection
        *selection; /* NULL: all spans; exactly those it selects are given */
    const struct weft_span_column *columns;
    uint32_t column_count;
    /* Neither start times (which vectors then need not have) nor identify() are asked for. */
    bool without_times;
    /* Not NULL: only the newest, or the longest, are wanted. Spans that start before *start_min, or are shorter than *duration_min (this
     * with a DURATION column), need not be given, and the visitor may raise it at any time; what has the newest, or the longest, comes
     * first as far as that saves work. A span may then be given several times. */
    const uint64_t *start_min, *duration_min;
    uint64_t deadline_monotonic_ns; /* as in weft_trace_scan */
    const _Atomic bool *cancelled;
    struct weft_read_limits *reads;
    /* Not NULL: neither vectors nor traces are given; of these keys those are found that the selected spans, or what belongs to them, have.
     * The selection is one where each span decides for itself. Of a span that is stored twice either may be looked at. */
    struct weft_wanted_keys *wanted;
    bool (*vector)(void *arg, const struct weft_span_vector *vector); /* false: enough */
    /* Traces that cannot be given by columns, with all of their spans: what is wanted of these (time range, selection) the visitor
     * judges itself. */
    weft_trace_visit *trace;
    void *arg;
    struct weft_scan_report *report; /* as in weft_trace_scan */
};

/* An attribute key that spans, or what belongs to them, have. Counts here and below are for ranking: of
 * spans that are stored twice, of events and links they may say more, of rare keys less than there are; never 0. */
struct weft_attribute_key {
    enum weft_attribute_scope scope; /* not ANY */
    struct weft_str key;
    uint64_t span_count;
};
struct weft_attribute_keys {
    struct weft_attribute_key *items; /* by scope, then key */
    uint32_t count;
    const char *partial_reason; /* NULL: all; "damaged file" */
};
/* Values of one key: strings, bools, ints and doubles, the elements of arrays among them. */
struct weft_attribute_ask {
    enum weft_attribute_scope scope; /* ANY: of every scope */
    struct weft_str key;
    uint64_t from_ns, to_ns;        /* as in attribute_keys() */
    uint32_t limit;                 /* at least 1 */
    uint64_t deadline_monotonic_ns; /* 0: none; looked at for each file */
    const _Atomic bool *cancelled;  /* NULL: never */
};
struct weft_attribute_value {
    struct weft_value value;
    uint64_t span_count;
};
struct weft_attribute_values {
    struct weft_attribute_value *items; /* the most frequent first, then by type and value */
    uint32_t count;
    bool has_more;              /* there are others */
    const char *partial_reason; /* NULL: exact; "damaged file", "time limit", "cancelled" */
};

struct weft_source {
    void *self;
    /* All spans of a trace, sorted by start time then span id, resources and scopes shared where
     * equal. When a part that may have some of them cannot be read: those of the others, and
     * out->partial_reason; WEFT_CORRUPT when there are none. Of more than out->spans_max (unless 0)
     * the earliest, and out->partial_reason. */
    int (*trace)(void *self, const struct weft_trace_id *id, struct weft_batch *out,
                 struct weft_err *err);
    /* Visits each trace once, in any order, of one state of the store. */
    int (*traces)(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                  void *arg, struct weft_trace_scan_result *out, struct weft_err *err);
    /* Every span of one state of the store that the selection has, once: in a vector, or with its whole trace. */
    int (*spans)(void *self, const struct weft_span_scan *scan, struct weft_trace_scan_result *out,
                 struct weft_err *err);
    /* Who the span at `index` of a vector is; to be asked during vector(). */
    void (*identify)(void *self, const struct weft_span_vector *vector, uint32_t index,
                     struct weft_span_identity *out);
    /* Every (service, name, kind), sorted; service empty: all of them. Counts cover what is
     * stored. */
    int (*operations)(void *self, struct weft_str service_name, struct weft_operation **out,
                      uint32_t *count, struct weft_arena *arena, struct weft_err *err);
    /* Without a scan of spans, for autocompletion. from_ns, to_ns (0: no end) leave out files whose spans all
     * start outside; what else those that are asked have is not left out. */
    int (*attribute_keys)(void *self, uint64_t from_ns, uint64_t to_ns,
                          struct weft_attribute_keys *out, struct weft_arena *arena,
                          struct weft_err *err);
    int (*attribute_values)(void *self, const struct weft_attribute_ask *ask,
                            struct weft_attribute_values *out, struct weft_arena *arena,
                            struct weft_err *err);
    /* Spans committed after *position, in commit order, whole chunks until `limit` spans are
     * reached; moves *position. */
    int (*tail)(void *self, struct weft_tail_position *position, uint32_t limit,
                struct weft_batch *out, struct weft_err *err);
};

#endif
