/* scan_report.c -- see scan_report.h. */
#include "model/scan_report.h"
#include "base/clock.h"

static uint32_t leaves_count(const struct weft_selection *selection)
{
    if (selection == NULL || selection->op == WEFT_SELECT_ALL) return 0;
    if (selection->op == WEFT_SELECT_PREDICATE) return 1;
    return leaves_count(selection->left) + leaves_count(selection->right);
}

static void leaves_add(struct weft_scan_report *report, const struct weft_selection *selection)
{
    if (selection == NULL || selection->op == WEFT_SELECT_ALL) return;
    if (selection->op == WEFT_SELECT_PREDICATE) {
        if (weft_scan_report_condition(report, selection->predicate) == NULL)
            report->conditions[report->condition_count++].predicate = selection->predicate;
        return;
    }
    leaves_add(report, selection->left);
    leaves_add(report, selection->right);
}

void weft_scan_report_init(struct weft_scan_report *report, const struct weft_selection *selection,
                           struct weft_arena *arena)
{
    *report = (struct weft_scan_report){ .step = WEFT_STEP_NONE };
    report->conditions =
        weft_arena_alloc_array(arena, leaves_count(selection), sizeof *report->conditions);
    leaves_add(report, selection);
}

struct weft_condition_report *weft_scan_report_condition(struct weft_scan_report *report,
                                                         const struct weft_predicate *predicate)
{
    for (uint32_t i = 0; i < report->condition_count; i++)
        if (report->conditions[i].predicate == predicate) return &report->conditions[i];
    return NULL;
}

enum weft_scan_step weft_scan_report_switch(struct weft_scan_report *report,
                                            enum weft_scan_step step)
{
    enum weft_scan_step before = report->step;
    uint64_t now = weft_clock_monotonic_ns();

    if (before != WEFT_STEP_NONE) report->steps[before].time_ns += now - report->since_ns;
    report->step = step;
    report->since_ns = now;
    return before;
}
