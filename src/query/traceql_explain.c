/* traceql_explain.c -- see traceql_explain.h. */
#include "query/traceql_explain.h"

static const struct {
    const char *name, *text;
} ways[] = {
    [WEFT_WAY_NOTHING] = { "nothing", "nothing is asked of the store: no span can match" },
    [WEFT_WAY_NEWEST] = { "newest_first",
                          "traces that may match, the newest first, until there are enough" },
    [WEFT_WAY_SELECTED] = { "selected", "all traces that may match" },
    [WEFT_WAY_EVERY] = { "every_trace", "every trace, whole" },
    [WEFT_WAY_COLUMNS] = { "columns", "the columns of matching spans; no trace is put together" },
};

const char *weft_explain_way_name(enum weft_explain_way way)
{
    return ways[way].name;
}

const char *weft_explain_way_text(enum weft_explain_way way)
{
    return ways[way].text;
}

struct weft_scan_report *weft_explain_begin(struct weft_explain *explain,
                                            const struct weft_explain_pass *question)
{
    if (explain == NULL) return NULL;
    struct weft_explain_pass *pass = weft_arena_alloc(explain->arena, sizeof *pass);
    *pass = *question;
    weft_scan_report_init(&pass->report, pass->selection, explain->arena);
    pass->report.is_plan = explain->is_plan;
    if (explain->last != NULL)
        explain->last->next = pass;
    else
        explain->first = pass;
    explain->last = pass;
    return &pass->report;
}

void weft_explain_end(struct weft_explain *explain, const struct weft_trace_scan_result *result)
{
    if (explain != NULL) explain->last->result = *result;
}
