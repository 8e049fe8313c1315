/* metric_groups.h -- samples added up by group and bucket of time: what every metrics function of TraceQL is made of.
 *
 * Shape      a hash table from a key (values, one after the other, with their types) to cells, one each bucket that has a sample;
 *            a group that stays within one bucket takes no more than its cell
 * Errors     none; who adds asks weft_metric_groups_bytes() before he lets new groups in
 * Threads    one owner
 * Ownership  the table owns keys and cells
 */
#ifndef WEFT_QUERY_METRIC_GROUPS_H
#define WEFT_QUERY_METRIC_GROUPS_H
#include "base/buf.h"
#include "base/map.h"
#include "query/traceql.h"

/* Sums are kept in a long double and in the unit of the samples: nanoseconds and integers then add up exactly, in whatever order
 * the store shows its traces. */
struct weft_metric_cell {
    long double value; /* sum, smallest or largest */
    double weight;     /* how many samples; 0: none yet */
};
#define WEFT_METRIC_PAGE_CELLS 16u
struct weft_metric_cells {
    struct weft_metric_cell items[WEFT_METRIC_PAGE_CELLS];
};
struct weft_metric_group {
    struct weft_str key;
    struct weft_metric_cell only; /* of bucket `only_bucket`, while `cells` is NULL */
    uint32_t only_bucket;
    struct weft_metric_cells **cells; /* pages; NULL ones have no sample */
    uint64_t stamp;                   /* for the caller: what was counted last */
};
struct weft_metric_groups {
    struct weft_map numbers;
    struct weft_arena arena;
    struct weft_metric_group *items;
    uint32_t count, capacity;
    uint32_t bucket_count;
};

void weft_metric_groups_init(struct weft_metric_groups *groups, uint32_t bucket_count);
void weft_metric_groups_release(struct weft_metric_groups *groups);
/* The group of that key; a new one, when `may_add`, or NULL. Valid until the next one is asked for. */
struct weft_metric_group *weft_metric_groups_find(struct weft_metric_groups *groups,
                                                  struct weft_str key, bool may_add);
/* The cell of a bucket, made when it is not there. Valid until another is asked for. */
struct weft_metric_cell *weft_metric_group_cell(struct weft_metric_groups *groups,
                                                struct weft_metric_group *group, uint32_t bucket);
/* The same, at once where it is there. */
static inline struct weft_metric_cell *weft_metric_group_cell_at(struct weft_metric_groups *groups,
                                                                 struct weft_metric_group *group,
                                                                 uint32_t bucket)
{
    if (group->cells == NULL || group->cells[bucket / WEFT_METRIC_PAGE_CELLS] == NULL)
        return weft_metric_group_cell(groups, group, bucket);
    return &group->cells[bucket / WEFT_METRIC_PAGE_CELLS]->items[bucket % WEFT_METRIC_PAGE_CELLS];
}
/* The first cell with samples from bucket *bucket on, and which it is; NULL: no more. */
const struct weft_metric_cell *weft_metric_group_next(const struct weft_metric_groups *groups,
                                                      const struct weft_metric_group *group,
                                                      uint32_t *bucket);
/* What the table holds of memory. */
size_t weft_metric_groups_bytes(const struct weft_metric_groups *groups);

/* ---- keys ---- */

/* As labels tell values apart and sort them: by type and value; statuses and kinds are their names, and what is no plain value
 * (arrays, bytes ...) is nil (Q6.1.5). */
void weft_metric_key_append(struct weft_buf *key, const struct weft_traceql_value *value);
/* The next value of a key; texts point into it. */
void weft_metric_key_read(struct weft_str *rest, struct weft_traceql_value *value);

#endif
