/* source_conformance_test.c -- the embedded store, in every state, against the judge
 * (tests/naive_store.c). */
#include "source_conformance.h"
#include "store_states.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEEDS 3

static void check_state(const char *name)
{
    for (uint64_t i = 0; i < SEEDS; i++) {
        struct conformance_data data;
        struct store_state state;
        conformance_data_init(&data, conformance_seed(20261121) + i, 4 + 16 * (uint32_t)i, 18);
        store_state_open(&state, name, &data);
        struct weft_source source = weft_store_source(state.store);
        conformance_check_all(&data, &source, name);
        store_state_close(&state);
        conformance_data_release(&data);
    }
}

/* Every kind of value, odd times, repeated keys: what went in comes out, whatever it went
 * through. */
static void check_odd(const char *name)
{
    struct conformance_data data;
    struct store_state state;

    conformance_data_init_odd(&data, conformance_seed(20261122), 25);
    store_state_open(&state, name, &data);
    struct weft_source source = weft_store_source(state.store);
    conformance_check_all(&data, &source, name);
    store_state_close(&state);
    conformance_data_release(&data);
}

static void state_test(void **test_state)
{
    check_state(*test_state);
    check_odd(*test_state);
}

int main(void)
{
    struct CMUnitTest tests[16];
    size_t count = 0;

    for (; store_state_names[count] != NULL; count++)
        tests[count] =
            (struct CMUnitTest){ .name = store_state_names[count],
                                 .test_func = state_test,
                                 .initial_state = (void *)(uintptr_t)store_state_names[count] };
    return _cmocka_run_group_tests("source_conformance", tests, count, NULL, NULL);
}
