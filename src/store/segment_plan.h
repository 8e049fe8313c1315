/* segment_plan.h -- predicates that must all hold, made ready for one segment: names and values looked up
 * once, not per row.
 *
 * Threads    one user
 * Ownership  everything lives in the arena given; predicates are borrowed
 *
 * The meaning is that of model/predicate.h: wherever a question is not about an attribute word, it is
 * put to weft_predicate_holds_span() with what the row has, and the answer kept where it will be
 * asked again (a head, a resource).
 */
#ifndef WEFT_STORE_SEGMENT_PLAN_H
#define WEFT_STORE_SEGMENT_PLAN_H
#include "store/segment_internal.h"

/* An attribute predicate that span attributes can decide (scope span or any). */
struct weft_attribute_plan {
    const struct weft_predicate *predicate;
    uint32_t key; /* number, or WEFT_NONE: only keys spelled out in the heap can be equal */
    uint32_t
        string; /* number of the value when `is_string_equal`; WEFT_NONE: not in the dictionary */
    bool is_string_equal;
    uint32_t *place;      /* by shape: where the key's value is (PLACE_*, or word << 4 | type) */
    uint8_t *by_string;   /* answers for dictionary strings: 0 not asked, 1 no, 2 yes */
    uint8_t *by_resource; /* scope any: what the resource says; NULL otherwise */
};
struct weft_segment_plan {
    const struct weft_segment_view *view;
    struct weft_arena *arena;
    struct weft_arena row_arena; /* of one row that had to be decoded */
    uint8_t *by_head;            /* HEAD_* */
    const struct weft_predicate **head_predicates, **name_predicates, **record_predicates,
        **span_predicates;
    struct weft_attribute_plan *attributes;
    uint32_t head_count, name_count, record_count, span_count, attribute_count;
};
/* False when no row of the segment can match. */
bool weft_segment_plan_init(struct weft_segment_plan *plan, const struct weft_segment_view *view,
                            const struct weft_predicate *predicates, uint32_t count,
                            struct weft_arena *arena);
void weft_segment_plan_release(struct weft_segment_plan *plan);
bool weft_segment_plan_holds(struct weft_segment_plan *plan, const struct weft_chunk_view *chunk,
                             uint32_t row);

#endif
