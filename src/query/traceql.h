/* traceql.h -- the language: text to a typed tree, and back.
 *
 * Shape      one query: a pipeline over the spansets of each trace, or metrics over such pipelines
 * Errors     WEFT_INVALID; the sentence begins "line L, col C: ", *where says it in numbers. Columns count characters, from 1, and
 *            stand at the first token that does not fit, one behind the text when it ends too early
 * Threads    pure; a parsed query is read-only and may be shared
 * Ownership  everything lives in the arena; names and texts may point into the query text
 * Spec       query.md Q1 (words), Q2 (grammar), Q3.2 (checks), Q5, Q6 (limits of arguments), Q7; extensions: docs/traceql.md
 */
#ifndef WEFT_QUERY_TRACEQL_H
#define WEFT_QUERY_TRACEQL_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define WEFT_TRACEQL_BYTES_MAX (128u << 10)
/* A tree is at most this high. Chains of && and || are balanced, so 10,000 operands make a low tree; but not a chain
 * of || with bare attributes among its operands, whose meaning hangs on the order (Q3.4.3). */
#define WEFT_TRACEQL_DEPTH_MAX 200u
#define WEFT_TRACEQL_NESTING_MAX 600u /* parentheses and signs within each other, in the text */
#define WEFT_TRACEQL_REGEX_MAX 1000u  /* different regular expressions of a query */
#define WEFT_TRACEQL_LABELS_MAX 5u

/* ---- values ---- */

enum weft_traceql_type {
    WEFT_TRACEQL_NIL, /* nil, or not there */
    WEFT_TRACEQL_INT, /* Q3.1: int, float and duration are numbers and mix */
    WEFT_TRACEQL_FLOAT,
    WEFT_TRACEQL_DURATION, /* int_value, ns */
    WEFT_TRACEQL_STRING,
    WEFT_TRACEQL_BOOL,
    WEFT_TRACEQL_STATUS, /* int_value: enum weft_status_code */
    WEFT_TRACEQL_KIND,   /* int_value: enum weft_span_kind */
    WEFT_TRACEQL_ARRAY,  /* at run time only: items */
    WEFT_TRACEQL_OPAQUE, /* at run time only: bytes, key-value lists, empty and mixed arrays (Q3.6.3) */
    WEFT_TRACEQL_UNKNOWN, /* as a static type only: an attribute, known at run time */
};
struct weft_traceql_value {
    enum weft_traceql_type type;
    uint32_t item_count; /* of an array: at least 2, all of one type */
    union {
        int64_t int_value;
        double float_value;
        bool bool_value;
        struct weft_str text;
        const struct weft_traceql_value *items;
    };
};

/* ---- field expressions ---- */

enum weft_traceql_scope {
    WEFT_TRACEQL_SCOPE_ANY, /* .name: the span's, else the resource's */
    WEFT_TRACEQL_SCOPE_SPAN,
    WEFT_TRACEQL_SCOPE_RESOURCE,
    WEFT_TRACEQL_SCOPE_EVENT,
    WEFT_TRACEQL_SCOPE_LINK,
    WEFT_TRACEQL_SCOPE_INSTRUMENTATION,
    WEFT_TRACEQL_SCOPE_INTRINSIC,
    WEFT_TRACEQL_SCOPE_COUNT
};
enum weft_traceql_intrinsic { /* Q1.4, in this order in weft_traceql_intrinsics */
                              WEFT_INTRINSIC_NAME,
                              WEFT_INTRINSIC_DURATION,
                              WEFT_INTRINSIC_STATUS,
                              WEFT_INTRINSIC_STATUS_MESSAGE,
                              WEFT_INTRINSIC_KIND,
                              WEFT_INTRINSIC_SPAN_ID,
                              WEFT_INTRINSIC_PARENT_ID,
                              WEFT_INTRINSIC_CHILD_COUNT,
                              WEFT_INTRINSIC_TRACE_ID,
                              WEFT_INTRINSIC_TRACE_DURATION,
                              WEFT_INTRINSIC_ROOT_NAME,
                              WEFT_INTRINSIC_ROOT_SERVICE,
                              WEFT_INTRINSIC_EVENT_NAME,
                              WEFT_INTRINSIC_EVENT_TIME_SINCE_START,
                              WEFT_INTRINSIC_LINK_TRACE_ID,
                              WEFT_INTRINSIC_LINK_SPAN_ID,
                              WEFT_INTRINSIC_INSTRUMENTATION_NAME,
                              WEFT_INTRINSIC_INSTRUMENTATION_VERSION,
                              WEFT_INTRINSIC_NESTED_SET_LEFT,
                              WEFT_INTRINSIC_NESTED_SET_RIGHT,
                              WEFT_INTRINSIC_NESTED_SET_PARENT,
                              /* No TraceQL (docs/traceql.md): all texts of a span, of an event; several are an array */
                              WEFT_INTRINSIC_TEXT,
                              WEFT_INTRINSIC_EVENT_TEXT,
                              WEFT_INTRINSIC_COUNT
};
struct weft_traceql_intrinsic_info {
    const char *name;   /* canonical, Q5.3.4: "duration", "span:id", "rootServiceName" */
    const char *scoped; /* "span:duration", "trace:rootService"; NULL: none */
    const char *plain;  /* "duration"; NULL: none */
    enum weft_traceql_type type;
    enum weft_traceql_scope
        level; /* SPAN (also of the trace), EVENT or LINK: judged for each event or link */
};
extern const struct weft_traceql_intrinsic_info weft_traceql_intrinsics[WEFT_INTRINSIC_COUNT];

struct weft_traceql_attribute {
    enum weft_traceql_scope scope;
    enum weft_traceql_intrinsic intrinsic; /* of WEFT_TRACEQL_SCOPE_INTRINSIC */
    struct weft_str name;                  /* of the others: without scope, unquoted */
};

enum weft_expr_op {
    WEFT_EXPR_LITERAL,
    WEFT_EXPR_ATTRIBUTE,
    WEFT_EXPR_NOT,
    WEFT_EXPR_NEGATE,
    WEFT_EXPR_ADD,
    WEFT_EXPR_SUBTRACT,
    WEFT_EXPR_MULTIPLY,
    WEFT_EXPR_DIVIDE,
    WEFT_EXPR_MODULO,
    WEFT_EXPR_POWER,
    WEFT_EXPR_EQ, /* also = nil, != nil: right is (or left is) a LITERAL of type NIL */
    WEFT_EXPR_NE,
    WEFT_EXPR_LT,
    WEFT_EXPR_LE,
    WEFT_EXPR_GT,
    WEFT_EXPR_GE,
    WEFT_EXPR_MATCH, /* right is a LITERAL string: `regex` is its compiled form */
    WEFT_EXPR_NOT_MATCH,
    WEFT_EXPR_AND,
    WEFT_EXPR_OR,
};
/* a op b, of ADD to POWER, and -a, as Q3.5 has them: NIL when there is no value (an operand that is no number, an int divided by
 * zero). */
void weft_traceql_arithmetic(enum weft_expr_op op, const struct weft_traceql_value *a,
                             const struct weft_traceql_value *b, struct weft_traceql_value *out);
void weft_traceql_negate(const struct weft_traceql_value *a, struct weft_traceql_value *out);

struct weft_regex; /* query/regex.h */
struct weft_expr {
    enum weft_expr_op op;
    enum weft_traceql_type type; /* static: UNKNOWN where an attribute decides */
    bool has_event, has_link;    /* somewhere below: judged for each event, each link (Q3.3.6) */
    bool mentions_span;          /* somewhere below is an attribute or intrinsic */
    uint32_t height;             /* 1: a leaf; at most WEFT_TRACEQL_DEPTH_MAX */
    uint32_t line, column;       /* of the operator or the first character */
    const struct weft_expr *left, *right; /* of one operand: left */
    struct weft_traceql_value literal;
    struct weft_traceql_attribute attribute;
    const struct weft_regex *regex;
};

/* ---- spansets ---- */

enum weft_spanset_op {
    WEFT_SPANSET_FILTER,   /* { expr }; expr NULL: every span */
    WEFT_SPANSET_PIPELINE, /* ( pipeline ): operand of an operator between pipelines */
    WEFT_SPANSET_AND,
    WEFT_SPANSET_OR,
    WEFT_SPANSET_CHILD,      /* >  */
    WEFT_SPANSET_DESCENDANT, /* >> */
    WEFT_SPANSET_PARENT,     /* <  */
    WEFT_SPANSET_ANCESTOR,   /* << */
    WEFT_SPANSET_SIBLING,    /* ~  */
};
struct weft_traceql_pipeline;
struct weft_spanset_expr {
    enum weft_spanset_op op;
    bool is_negated, is_union; /* !>, &> ... */
    bool has_pipeline;         /* somewhere below: ({ a }) && ({ b } | count() > 1) */
    uint32_t height;           /* at most WEFT_TRACEQL_DEPTH_MAX */
    const struct weft_expr *expr;
    const struct weft_traceql_pipeline *pipeline;
    const struct weft_spanset_expr *left, *right;
};

/* ---- pipelines ---- */

enum weft_aggregate {
    WEFT_AGGREGATE_COUNT,
    WEFT_AGGREGATE_MIN,
    WEFT_AGGREGATE_MAX,
    WEFT_AGGREGATE_AVG,
    WEFT_AGGREGATE_SUM
};
enum weft_stage_kind {
    WEFT_STAGE_SPANSET,
    WEFT_STAGE_AGGREGATE,
    WEFT_STAGE_GROUP,
    WEFT_STAGE_SELECT,
    WEFT_STAGE_COALESCE
};
struct weft_traceql_stage {
    enum weft_stage_kind kind;
    const struct weft_spanset_expr *spanset;
    enum weft_aggregate aggregate;      /* aggregate(expr) compare constant (Q5.1.5) */
    const struct weft_expr *expr;       /* of the aggregate (not of count) or of by() */
    enum weft_expr_op compare;          /* WEFT_EXPR_EQ ... WEFT_EXPR_GE */
    struct weft_traceql_value constant; /* folded */
    const struct weft_traceql_attribute *attributes; /* of select() */
    uint32_t attribute_count;
    struct weft_str label; /* canonical: "avg(duration)", "by(resource.x)" (Q5.1.3, Q5.2.1) */
    const struct weft_traceql_stage *next;
};
struct weft_traceql_pipeline {
    const struct weft_traceql_stage *first; /* never NULL */
};

/* ---- metrics ---- */

enum weft_metric_function {
    WEFT_METRIC_RATE,
    WEFT_METRIC_COUNT_OVER_TIME,
    WEFT_METRIC_MIN_OVER_TIME,
    WEFT_METRIC_MAX_OVER_TIME,
    WEFT_METRIC_AVG_OVER_TIME,
    WEFT_METRIC_SUM_OVER_TIME,
    WEFT_METRIC_HISTOGRAM_OVER_TIME,
    WEFT_METRIC_QUANTILE_OVER_TIME,
    WEFT_METRIC_COMPARE,
};
enum weft_metric_op {
    WEFT_METRIC_LEAF,
    WEFT_METRIC_NUMBER,
    WEFT_METRIC_ADD,
    WEFT_METRIC_SUBTRACT,
    WEFT_METRIC_MULTIPLY,
    WEFT_METRIC_DIVIDE
};
enum weft_second_kind { WEFT_SECOND_TOPK, WEFT_SECOND_BOTTOMK, WEFT_SECOND_FILTER };
struct weft_metric_second {
    enum weft_second_kind kind;
    uint32_t k;
    enum weft_expr_op compare; /* of a filter */
    double constant;           /* durations in seconds */
    const struct weft_metric_second *next;
};
struct weft_metric_expr {
    enum weft_metric_op op;
    uint32_t height; /* at most WEFT_TRACEQL_DEPTH_MAX */
    const struct weft_metric_expr *left, *right;
    struct weft_traceql_value
        number; /* INT or FLOAT: int arithmetic of numbers alone stays int (Q6.6.4), folded */
    /* a leaf */
    const struct weft_traceql_pipeline *pipeline;
    enum weft_metric_function function;
    struct weft_traceql_attribute attribute; /* of *_over_time */
    const double *quantiles;
    uint32_t quantile_count;
    const struct weft_traceql_attribute *by;
    uint32_t by_count;
    const struct weft_expr *selection;         /* of compare(): NULL for {} */
    uint32_t compare_top;                      /* 10 unless given */
    uint64_t compare_start_ns, compare_end_ns; /* 0: not given */
    /* any */
    const struct weft_metric_second *seconds;
};

/* ---- the whole ---- */

struct weft_traceql_hint {
    struct weft_str name;
    struct weft_traceql_value value;
    const struct weft_traceql_hint *next;
};
/* order(field): the final stages, of a search only, are no part of TraceQL (docs/traceql.md). */
struct weft_traceql_order {
    bool is_given; /* else the newest first */
    bool is_start; /* order(start): by when a span began; else by `attribute` */
    bool is_descending;
    struct weft_traceql_attribute attribute;
};
struct weft_traceql_finish {
    const struct weft_traceql_attribute *distinct; /* distinct(field, ...) */
    uint32_t distinct_count;                       /* 0: all */
    struct weft_traceql_order order;
    bool has_spans; /* spans(): the answer lists spans */
};
/* { a } -link-> { b }, { a } <-link- { b }: no TraceQL either. The spansets of `b` are the first stage of the pipeline; of their spans those
 * are left that a span of `other`, in any trace, has a link to, or that have one to such a span. */
struct weft_traceql_linked {
    const struct weft_spanset_expr *other; /* a; no pipelines in it */
    bool has_links;                        /* <-link- : the links are those of b */
};
struct weft_traceql_query {
    const struct weft_traceql_pipeline *pipeline; /* a search; or */
    const struct weft_metric_expr *metrics;
    const struct weft_traceql_linked
        *linked; /* of a search: NULL, or what its first stage is linked with */
    struct weft_traceql_finish finish; /* of a search: behind its pipeline */
    const struct weft_traceql_hint *hints;
    const struct weft_traceql_attribute *
        attributes; /* every one mentioned, once each, in order: what is returned with spans (Q5.3.2) */
    uint32_t attribute_count;
};
struct weft_traceql_place {
    uint32_t line, column; /* from 1; 0: no place */
};

/* Parses and checks. `where` may be NULL. */
int weft_traceql_parse(struct weft_traceql_query *out, struct weft_str text,
                       struct weft_arena *arena, struct weft_traceql_place *where,
                       struct weft_err *err);
/* One attribute or intrinsic alone, as in tag values (Q8.6.1): `span."a b"`, `name`. */
int weft_traceql_parse_attribute(struct weft_traceql_attribute *out, struct weft_str text,
                                 struct weft_arena *arena, struct weft_err *err);
/* For completion (Q8.5.3): the comparisons of one filter that are complete, joined by && and ||; NULL when there are none. Never an
 * error. */
const struct weft_expr *weft_traceql_parse_incomplete(struct weft_str text,
                                                      struct weft_arena *arena);

/* ---- back to text: parse(print(q)) is q ---- */

void weft_traceql_print(struct weft_buf *out, const struct weft_traceql_query *query);
void weft_traceql_print_expr(struct weft_buf *out, const struct weft_expr *expr);
void weft_traceql_print_attribute(struct weft_buf *out,
                                  const struct weft_traceql_attribute *attribute);
/* As values are shown in labels and answers (Q5.3.3): 1.5ms, error, nil; strings as they are. */
void weft_traceql_print_value(struct weft_buf *out, const struct weft_traceql_value *value);

#endif
