/* block_select.h -- which rows of a row group a selection has, as a bitmap in row order.
 *
 * Shape      leaves that a group's columns decide are evaluated as bits of the group's rows (block_filter.h), joined there, and dealt
 *            out to rows once; status, root and trace id are asked of rows; AT_LEAST, BOTH and the structural operators per trace, by depth
 *            (block_structure.c: rows stand in pre-order)
 * Exactness  spanwise selections: exactly the rows. BOTH: exactly, but for traces cut into several row groups. Structural operators may
 *            have more: in such traces, where an id is there twice, where parents go in circles, and siblings of missing parents
 * Threads    one user
 * Ownership  lives in the arena of weft_select_init(); selection, block and reader outlive it
 */
#ifndef WEFT_STORE_BLOCK_SELECT_H
#define WEFT_STORE_BLOCK_SELECT_H
#include "model/selection.h"
#include "store/block_internal.h"

struct weft_select;

/* `selection` NULL: all. The block's tables are loaded. */
int weft_select_init(struct weft_select **out, struct weft_block *block,
                     const struct weft_selection *selection, struct weft_block_reader *reader,
                     struct weft_arena *arena, struct weft_err *err);
/* What its conditions do is told from here on; which of them the block cannot have at once. */
struct weft_scan_report;
void weft_select_report(struct weft_select *select, struct weft_scan_report *report,
                        struct weft_arena *arena);
/* No row of the block can be selected. */
bool weft_select_is_hopeless(const struct weft_select *select);

/* The same of one row group, by its directory. Asked by those below, too; answered once for each row group. */
int weft_select_enter(struct weft_select *select, struct weft_rows *rows, bool *is_hopeless,
                      struct weft_err *err);

#define WEFT_SELECT_WORDS(rows) (((size_t)(rows) + 63) / 64)
/* Writes the words of the row group's rows. Masked traces are not left out. What is read and made on the way is in rows->arena. */
int weft_select_rows(struct weft_select *select, struct weft_rows *rows, uint64_t *bits,
                     uint32_t *count, struct weft_err *err);
/* The same for traces that other parts have spans of: where `loose` has a row's bit, BOTH and structural operators are unions, and AT_LEAST is its right side. */
int weft_select_rows_loose(struct weft_select *select, struct weft_rows *rows,
                           const uint64_t *loose, uint64_t *bits, uint32_t *count,
                           struct weft_err *err);

/* The same by groups, without dealing rows out where the groups' columns decide alone: the bits of group g's rows, in the group's own
 * order, begin at word first[g].
 * Nothing is there when `count` is 0. */
struct weft_group_bits {
    uint64_t *bits;
    uint32_t *first;
    uint32_t count; /* of all groups */
};
int weft_select_groups(struct weft_select *select, struct weft_rows *rows,
                       struct weft_group_bits *out, struct weft_err *err);

#endif
