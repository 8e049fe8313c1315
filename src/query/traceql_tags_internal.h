/* traceql_tags_internal.h -- what names and values of tags share: what was found so far, and traces looked at whole. */
#ifndef WEFT_QUERY_TRACEQL_TAGS_INTERNAL_H
#define WEFT_QUERY_TRACEQL_TAGS_INTERNAL_H
#include "base/map.h"
#include "model/wanted_keys.h"
#include "query/traceql_eval.h"
#include "query/traceql_select.h"
#include "query/traceql_tags.h"

struct weft_tag_walk {
    const struct weft_source *source;
    const struct weft_tag_question *question;
    struct weft_traceql_selection selection; /* of the question's filter */
    bool has_columns; /* the selection is exact, and a span decides for itself: spans() tells */
    struct weft_map found[WEFT_TRACEQL_SCOPE_COUNT]; /* of names; values are all in the first */
    uint64_t bytes;                                  /* of the maps */
    bool is_full;                                    /* bytes_max reached */
    const char *partial_reason;
    uint64_t inspected_bytes;
    struct weft_arena arena;   /* of the walk */
    struct weft_arena scratch; /* for one trace, or one vector */
    struct weft_trace_view view;
    /* Of each span that the filter has, when traces are looked at whole. */
    void (*look)(struct weft_tag_walk *walk, uint32_t span);
    void *arg;
};
void weft_tag_walk_init(struct weft_tag_walk *walk, const struct weft_source *source,
                        const struct weft_tag_question *question);
void weft_tag_walk_release(struct weft_tag_walk *walk);
void weft_tag_found(struct weft_tag_walk *walk, uint32_t which, struct weft_str text);
/* The keys of a map, sorted, in the arena; of more than `limit` (0: none) the first. */
struct weft_str *weft_tag_sorted(const struct weft_map *map, uint32_t limit, uint32_t *count,
                                 struct weft_arena *arena);
/* Looks at traces whole. */
weft_trace_visit weft_tag_visit;
int weft_tag_walk_traces(struct weft_tag_walk *walk, struct weft_err *err);
/* Spans of a selection by columns. What the source cannot give so is visited whole. */
int weft_tag_walk_spans(struct weft_tag_walk *walk, const struct weft_selection *selection,
                        const struct weft_span_column *columns, uint32_t column_count,
                        bool (*vector)(void *arg, const struct weft_span_vector *vector),
                        struct weft_err *err);

/* Marks those of the keys that spans of the question's filter have; the walk has columns. */
int weft_tag_walk_wanted(struct weft_tag_walk *walk, struct weft_wanted_keys *wanted,
                         struct weft_err *err);

#endif
