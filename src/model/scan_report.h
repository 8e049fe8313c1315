/* scan_report.h -- how a source found what it was asked for: what it read of its files, what it passed over and why, and how long each
 * step took.
 *
 * Shape      filled by a scan whose asker gave one; sums, so that several scans may fill the same one
 * Time       one step ends where another is entered, so their times add up to that of the scan. Wall clock
 * Work       is counted as it is done: a row that is looked at twice counts twice
 * Threads    one user
 * Ownership  the asker's; conditions live in the arena given
 */
#ifndef WEFT_MODEL_SCAN_REPORT_H
#define WEFT_MODEL_SCAN_REPORT_H
#include "model/selection.h"

enum weft_scan_step {
    WEFT_STEP_PREPARE, /* opens files, looks names and values up in their tables */
    WEFT_STEP_SPLIT,   /* finds out which traces lie in several parts */
    WEFT_STEP_FIND,    /* asks rows; in: rows looked at, out: rows selected */
    WEFT_STEP_COLUMNS, /* reads what is wanted of them; in: rows selected, out: spans given */
    WEFT_STEP_READ,    /* puts traces together; in: traces, out: their spans */
    WEFT_STEP_JUDGE,   /* the asker, with whole traces; in: traces, out: those that fit */
    WEFT_STEP_COUNT,   /* the asker, with columns; in: spans */
    WEFT_STEP_NONE,    /* nothing is measured */
};
#define WEFT_STEPS WEFT_STEP_NONE
struct weft_step_report {
    uint64_t in, out, bytes, time_ns;
};

/* What is read or passed over as a whole. */
enum weft_piece { WEFT_PIECE_SEGMENT, WEFT_PIECE_CHUNK, WEFT_PIECE_BLOCK, WEFT_PIECE_ROW_GROUP };
#define WEFT_PIECES 4u
enum weft_fate {
    WEFT_FATE_NOT_REACHED, /* the scan ended before */
    WEFT_FATE_TOO_OLD,     /* newer traces were enough */
    WEFT_FATE_OUT_OF_RANGE,
    WEFT_FATE_HOPELESS, /* its tables say that nothing of it can be selected */
    WEFT_FATE_DAMAGED,
    WEFT_FATE_READ,
};
#define WEFT_FATES 6u

/* A predicate of the selection, in blocks. */
struct weft_condition_report {
    const struct weft_predicate *predicate;
    uint64_t blocks, blocks_without; /* whose tables were asked; those that cannot have it */
    uint64_t row_groups_without;     /* passed over for it alone, of the other blocks */
    uint64_t rows_in, rows_out, bytes, time_ns;
    const void *block; /* that was asked last: a predicate may stand in a tree twice */
};

struct weft_scan_report {
    struct weft_step_report steps[WEFT_STEPS];
    uint64_t pieces[WEFT_PIECES][WEFT_FATES];
    uint64_t candidates; /* traces that were found, before they were put together */
    struct weft_condition_report *conditions;
    uint32_t condition_count;
    /* Nothing is to be read or visited: pieces say what might be, from tables and directories alone, and this how much. */
    bool is_plan;
    uint64_t bytes_least, bytes_most, rows;
    /* The watch. */
    enum weft_scan_step step;
    uint64_t since_ns;
};
/* The conditions are those of the selection, in its order; NULL: none. */
void weft_scan_report_init(struct weft_scan_report *report, const struct weft_selection *selection,
                           struct weft_arena *arena);
/* NULL for one that is not of the selection. */
struct weft_condition_report *weft_scan_report_condition(struct weft_scan_report *report,
                                                         const struct weft_predicate *predicate);
enum weft_scan_step weft_scan_report_switch(struct weft_scan_report *report,
                                            enum weft_scan_step step);

/* From here on time is that step's; the one that it was before, to go back to. `report` NULL: nobody asks. */
static inline enum weft_scan_step weft_scan_enter(struct weft_scan_report *report,
                                                  enum weft_scan_step step)
{
    return report == NULL ? step : weft_scan_report_switch(report, step);
}
static inline void weft_scan_count(struct weft_scan_report *report, enum weft_scan_step step,
                                   uint64_t in, uint64_t out, uint64_t bytes)
{
    if (report == NULL) return;
    report->steps[step].in += in;
    report->steps[step].out += out;
    report->steps[step].bytes += bytes;
}
static inline void weft_scan_piece(struct weft_scan_report *report, enum weft_piece piece,
                                   enum weft_fate fate, uint64_t count)
{
    if (report != NULL) report->pieces[piece][fate] += count;
}

#endif
