/* query_pool_test.c -- who waits for whom. */
#include "server/query_pool.h"
#include <pthread.h>
#include <string.h>
#include <time.h>
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

struct job {
    struct weft_query_job job;
    char name;
};
/* Jobs write their names here, and stand at the gate while it is closed. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static char ran[64];
static unsigned ran_count, begun_count;
static bool is_open;

static void run(struct weft_query_job *job)
{
    const struct job *self = (const struct job *)job;

    pthread_mutex_lock(&lock);
    begun_count++;
    while (!is_open && !self->job.is_lookup) pthread_cond_wait(&opened, &lock);
    ran[ran_count++] = self->name;
    pthread_mutex_unlock(&lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&lock);
    is_open = true;
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&lock);
}

static unsigned read_count(const unsigned *count)
{
    pthread_mutex_lock(&lock);
    unsigned n = *count;
    pthread_mutex_unlock(&lock);
    return n;
}

static void wait_until(const unsigned *count, unsigned n)
{
    for (int i = 0; i < 20000 && read_count(count) < n; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    assert_true(read_count(count) >= n);
}

static int setup(void **state)
{
    memset(ran, 0, sizeof ran);
    ran_count = begun_count = 0;
    is_open = false;
    return 0;
}

static void clients_take_turns(void **state)
{
    struct weft_query_pool *pool;
    struct weft_err err;
    struct job jobs[10] = { { { 0 }, 0 } };
    static const char names[] = "-aaaabbc";

    assert_int_equal(WEFT_OK, weft_query_pool_create(&pool, 1, 100, &err));
    for (unsigned i = 0; names[i] != '\0'; i++) {
        jobs[i] = (struct job){ { .run = run, .client = (uint64_t)names[i] }, names[i] };
        assert_int_equal(WEFT_OK, weft_query_pool_submit(pool, &jobs[i].job));
        if (i == 0) wait_until(&begun_count, 1);
    }
    open_gate();
    weft_query_pool_destroy(pool);
    assert_int_equal(8, ran_count);
    assert_string_equal("-abcabaa", ran);
}

static void lookups_do_not_wait_for_searches(void **state)
{
    struct weft_query_pool *pool;
    struct weft_err err;
    struct job jobs[8] = { { { 0 }, 0 } };

    assert_int_equal(WEFT_OK, weft_query_pool_create(&pool, 2, 100, &err));
    for (unsigned i = 0; i < 5; i++) {
        jobs[i] = (struct job){ { .run = run, .client = i }, 's' };
        assert_int_equal(WEFT_OK, weft_query_pool_submit(pool, &jobs[i].job));
    }
    wait_until(&begun_count, 2);
    for (unsigned i = 5; i < 8; i++) {
        jobs[i] = (struct job){ { .run = run, .is_lookup = true, .client = 1 }, 'l' };
        assert_int_equal(WEFT_OK, weft_query_pool_submit(pool, &jobs[i].job));
    }
    wait_until(&ran_count, 3);
    assert_string_equal("lll", ran);
    open_gate();
    weft_query_pool_destroy(pool);
    assert_string_equal("lllsssss", ran);
}

static void nobody_takes_all_the_room(void **state)
{
    struct weft_query_pool *pool;
    struct weft_err err;
    struct job jobs[12] = { { { 0 }, 0 } };
    static const struct {
        uint64_t client;
        int rc;
    } cases[] = { { 1, WEFT_OK }, { 1, WEFT_OK },   { 1, WEFT_OK },   { 1, WEFT_OK },
                  { 1, WEFT_OK }, { 1, WEFT_FULL }, { 2, WEFT_OK },   { 3, WEFT_OK },
                  { 4, WEFT_OK }, { 5, WEFT_OK },   { 6, WEFT_FULL }, { 1, WEFT_FULL } };

    assert_int_equal(WEFT_OK, weft_query_pool_create(&pool, 1, 8, &err));
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jobs[i] = (struct job){ { .run = run, .client = cases[i].client }, 's' };
        assert_int_equal(cases[i].rc, weft_query_pool_submit(pool, &jobs[i].job));
        if (i == 0) wait_until(&begun_count, 1); /* it waits no more */
    }
    assert_int_equal(1, weft_query_pool_retry_seconds(pool));
    open_gate();
    weft_query_pool_destroy(pool);
    assert_int_equal(9, ran_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(clients_take_turns, setup),
        cmocka_unit_test_setup(lookups_do_not_wait_for_searches, setup),
        cmocka_unit_test_setup(nobody_takes_all_the_room, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
