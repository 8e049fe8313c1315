/* naive_store.h -- the judge: a plain array of spans that answers as model/predicate.h and
 * model/source.h say, slowly.
 *
 * Shape      every span added, in order; every question looks at all of them
 * Threads    one
 * Ownership  spans are borrowed: the batches added must outlive the store
 */
#ifndef WEFT_TESTS_NAIVE_STORE_H
#define WEFT_TESTS_NAIVE_STORE_H
#include "query/span_search.h"

struct naive_store {
    const struct weft_span **spans;
    uint32_t count, capacity;
};
/* A zeroed struct is a valid empty store. */
void naive_store_release(struct naive_store *store);
void naive_store_add(struct naive_store *store, const struct weft_batch *batch);
/* tail() is not there: the order of commits is the embedded store's own affair. */
struct weft_source naive_store_source(struct naive_store *store);

/* Of the source (naive_attributes.c). Values come all of them and in no order; a range leaves nothing out. */
int naive_attribute_keys(void *self, uint64_t from_ns, uint64_t to_ns,
                         struct weft_attribute_keys *out, struct weft_arena *arena,
                         struct weft_err *err);
int naive_attribute_values(void *self, const struct weft_attribute_ask *ask,
                           struct weft_attribute_values *out, struct weft_arena *arena,
                           struct weft_err *err);

/* Everything equal, resource and scope too, whatever the order of attribute keys. */
bool naive_span_equal(const struct weft_span *a, const struct weft_span *b);
bool naive_attributes_equal(struct weft_attributes a, struct weft_attributes b);
bool naive_predicate_holds(const struct weft_predicate *predicate, const struct weft_span *span);
/* Time range and spanwise selection. */
bool naive_span_matches(const struct weft_search *search, const struct weft_span *span);
/* As weft_span_search() (query/span_search.h), of all spans that were added; `total` counts what was added twice twice. */
void naive_search(const struct naive_store *store, const struct weft_search *search,
                  struct weft_search_result *out, struct weft_arena *arena);
/* in[i]: the selection's set has spans[i] of the whole trace (naive_selection.c). */
void naive_selection_mark(const struct weft_selection *selection, const struct weft_batch *trace,
                          bool *in);

#endif
