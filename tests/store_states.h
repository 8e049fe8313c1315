/* store_states.h -- the embedded store brought into each state in which it must give the same
 * answers.
 *
 * Shape      a store in a directory of its own under TMPDIR, without I/O threads: commits happen in
 *            consume()
 * Errors     fail the running cmocka test
 * Ownership  store_state_close() closes the store and removes the directory
 */
#ifndef WEFT_TESTS_STORE_STATES_H
#define WEFT_TESTS_STORE_STATES_H
#include "source_conformance.h"
#include "store/store.h"

struct store_state {
    const char *name;
    struct weft_store *store;
    char directory[256];
    bool are_full; /* any block counts as full: they are bundled, not merged */
};
/* In the order of the states; NULL ends the list. */
extern const char *const store_state_names[];
/* A store with all batches of `data`, in that state. */
void store_state_open(struct store_state *state, const char *name,
                      const struct conformance_data *data);
void store_state_close(struct store_state *state);

/* Parts, for other tests. */
void store_consume_all(struct weft_store *store, unsigned io_thread,
                       const struct weft_batch *batches, uint32_t count);

#endif
