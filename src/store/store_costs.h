/* store_costs.h -- the costs of all blocks added up, by key and by resource.
 *
 * Ownership  finish() destroys; what it puts into `out` is in the arena
 */
#ifndef WEFT_STORE_STORE_COSTS_H
#define WEFT_STORE_STORE_COSTS_H
#include "store/store_inspect.h"

struct weft_store_costs;
struct weft_store_costs *weft_store_costs_create(const char *by);
int weft_store_costs_add(struct weft_store_costs *costs, struct weft_block *block,
                         struct weft_err *err);
void weft_store_costs_finish(struct weft_store_costs *costs, struct weft_store_sizes *out,
                             struct weft_arena *arena);

#endif
