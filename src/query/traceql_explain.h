/* traceql_explain.h -- how a query was answered, or would be: a pass for each question that was put to the source, with what the source tells of it.
 *
 * Shape      begin() before a question, end() after it; the list is in their order. For who does not ask, `explain` is NULL and nothing
 *            happens
 * Threads    one query thread
 * Ownership  in the arena
 */
#ifndef WEFT_QUERY_TRACEQL_EXPLAIN_H
#define WEFT_QUERY_TRACEQL_EXPLAIN_H
#include "model/source.h"
#include "query/traceql_select.h"

enum weft_explain_way {
    WEFT_WAY_NOTHING,  /* the query itself says that there is nothing */
    WEFT_WAY_NEWEST,   /* traces that may match, the newest first */
    WEFT_WAY_SELECTED, /* traces that may match, by their ids */
    WEFT_WAY_EVERY,    /* every trace of the range */
    WEFT_WAY_COLUMNS,  /* spans as columns */
};
struct weft_explain_pass {
    const char *purpose;
    enum weft_explain_way way;
    const char *way_reason; /* why no faster one; NULL: there is none */
    const struct weft_selection
        *selection;             /* what was looked for; NULL: every span. In the arena */
    bool is_exact;              /* these are the spans that are meant, not more */
    const char *inexact_reason; /* unless is_exact */
    struct weft_scan_report report;
    struct weft_trace_scan_result result;
    struct weft_explain_pass *next;
};
struct weft_explain {
    struct weft_arena *arena;
    bool is_plan; /* nothing is read: what would be done is told (model/scan_report.h) */
    struct weft_explain_pass *first, *last;
};
/* What it says of the question is copied. NULL without `explain`. */
struct weft_scan_report *weft_explain_begin(struct weft_explain *explain,
                                            const struct weft_explain_pass *question);
void weft_explain_end(struct weft_explain *explain, const struct weft_trace_scan_result *result);
/* A word for programs, and a sentence for people. */
const char *weft_explain_way_name(enum weft_explain_way way);
const char *weft_explain_way_text(enum weft_explain_way way);

#endif
