/* arrivals_test.c -- batches pass unchanged, their answers too; of those that were kept the last trace is known. */
#include "base/alloc.h"
#include "base/file.h"
#include "server/arrivals.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#define HELD_MAX 8

static char directory[] = "/tmp/weft-arrivals-XXXXXX";
static char path[64];

/* A store that answers when the test says so. */
static struct held {
    weft_consumed *done;
    void *arg;
} held[HELD_MAX];
static uint32_t held_count;

static void hold(void *self, unsigned io_thread, const struct weft_batch *batch,
                 weft_consumed *done, void *arg)
{
    assert_true(held_count < HELD_MAX);
    held[held_count++] = (struct held){ done, arg };
}

static int stored_operations(void *self, struct weft_str service, struct weft_operation **out,
                             uint32_t *count, struct weft_arena *arena, struct weft_err *err)
{
    static struct weft_operation operations[] = {
        { .service_name = WEFT_S_INIT("old a") },
        { .service_name = WEFT_S_INIT("old a") },
        { .service_name = WEFT_S_INIT("old b") },
    };
    *out = operations;
    *count = 3;
    return WEFT_OK;
}

struct setup {
    struct weft_query_pool *pool;
    struct weft_service_slots *slots;
    struct weft_arrivals *arrivals;
    struct weft_consumer consumer;
};

static void begin(struct setup *s)
{
    struct weft_err err;
    held_count = 0;
    assert_int_equal(weft_query_pool_create(&s->pool, 1, 4, &err), WEFT_OK);
    assert_int_equal(weft_service_slots_open(&s->slots, path, &err), WEFT_OK);
    weft_arrivals_create(&s->arrivals, &(struct weft_arrivals_options){
                                           .next = { hold, NULL },
                                           .io_thread_count = 2,
                                           .slots = s->slots,
                                           .pool = s->pool,
                                           .source = { .operations = stored_operations },
                                       });
    s->consumer = weft_arrivals_consumer(s->arrivals);
}

static void end(struct setup *s)
{
    weft_arrivals_stop(s->arrivals);
    weft_query_pool_destroy(s->pool);
    weft_arrivals_destroy(s->arrivals);
    weft_service_slots_destroy(s->slots);
}

static void send(struct setup *s, unsigned io_thread, const char *service, uint8_t trace,
                 weft_consumed *done, void *arg)
{
    struct weft_resource resources[2] = { { .service_name = weft_str_from_c(service) },
                                          { .service_name = WEFT_S("second") } };
    struct weft_scope scopes[2] = { { .resource = &resources[0] }, { .resource = &resources[1] } };
    struct weft_span spans[3] = { { .scope = &scopes[0] },
                                  { .scope = &scopes[0] },
                                  { .scope = &scopes[1], .trace_id = { { trace } } } };
    struct weft_batch batch = { .spans = spans, .span_count = 3 };
    s->consumer.consume(s->consumer.self, io_thread, &batch, done, arg);
}

static void answered(void *arg, const struct weft_outcome *outcome)
{
    *(int *)arg = outcome->status;
}

static void answer(uint32_t i, int status)
{
    held[i].done(held[i].arg, &(struct weft_outcome){ .status = status });
}

static void answers_pass_through(void **state)
{
    struct setup s;
    int first = 1, second = 1;
    unlink(path);
    begin(&s);
    send(&s, 0, "a", 1, answered, &first);
    send(&s, 0, "a", 2, answered, &second);
    answer(1, WEFT_FULL);
    assert_int_equal(first, 1);
    assert_int_equal(second, WEFT_FULL);
    answer(0, WEFT_OK);
    assert_int_equal(first, WEFT_OK);
    end(&s);
}

static void the_last_trace_is_known(void **state)
{
    struct setup s;
    struct weft_trace_id id;
    uint64_t at;
    int status;
    unlink(path);
    begin(&s);
    assert_false(weft_arrivals_last(s.arrivals, &id, &at));
    send(&s, 0, "a", 1, answered, &status);
    assert_false(weft_arrivals_last(s.arrivals, &id, &at)); /* not on disk yet */
    answer(0, WEFT_OK);
    assert_true(weft_arrivals_last(s.arrivals, &id, &at));
    assert_int_equal(id.bytes[0], 1);
    usleep(1000);
    send(&s, 1, "a", 2, answered, &status);
    answer(1, WEFT_OK);
    assert_true(weft_arrivals_last(s.arrivals, &id, &at));
    assert_int_equal(id.bytes[0], 2);
    send(&s, 0, "a", 3, answered, &status);
    answer(2, WEFT_IO);
    assert_true(weft_arrivals_last(s.arrivals, &id, &at));
    assert_int_equal(id.bytes[0], 2);
    end(&s);
}

static void services_get_slots(void **state)
{
    struct setup s;
    int status;
    unlink(path);
    begin(&s);
    send(&s, 0, "first", 1, answered, &status);
    assert_int_equal(weft_service_slot(s.slots, WEFT_S("first")), 1);
    assert_int_equal(weft_service_slot(s.slots, WEFT_S("second")), 2);
    answer(0, WEFT_OK);
    end(&s); /* and they are written */
    begin(&s);
    weft_arrivals_start(s.arrivals); /* some are known: nothing is learnt */
    end(&s);
    begin(&s);
    assert_int_equal(weft_service_slots_count(s.slots), 2);
    end(&s);
}

static void stored_services_are_learnt(void **state)
{
    struct setup s;
    unlink(path);
    begin(&s);
    weft_arrivals_start(s.arrivals);
    end(&s); /* the pool does what waits */
    begin(&s);
    assert_int_equal(weft_service_slot(s.slots, WEFT_S("old a")), 1);
    assert_int_equal(weft_service_slot(s.slots, WEFT_S("old b")), 2);
    end(&s);
}

static void after_the_stop_nobody_is_asked(void **state)
{
    struct setup s;
    int status;
    unlink(path);
    begin(&s);
    weft_arrivals_stop(s.arrivals);
    weft_query_pool_destroy(s.pool);
    s.pool = NULL;
    send(&s, 0, "late", 1, answered, &status);
    answer(0, WEFT_OK);
    end(&s);
    begin(&s);
    assert_int_equal(weft_service_slot(s.slots, WEFT_S("late")), 1);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_pass_through),
        cmocka_unit_test(the_last_trace_is_known),
        cmocka_unit_test(services_get_slots),
        cmocka_unit_test(stored_services_are_learnt),
        cmocka_unit_test(after_the_stop_nobody_is_asked),
    };
    if (mkdtemp(directory) == NULL) return 1;
    snprintf(path, sizeof path, "%s/SERVICES", directory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(directory);
    return failed;
}
