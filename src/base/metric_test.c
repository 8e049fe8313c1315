/* metric_test.c -- counters from many threads, and the text Prometheus reads; hash, random and
 * threads along the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/histogram.h"
#include "base/metric.h"
#include "base/random.h"
#include "base/thread.h"

static struct weft_metric spans_grpc = { .name = "test_spans_total",
                                         .labels = "transport=\"grpc\"",
                                         .help = "Spans\nreceived \\ counted." };
static struct weft_metric spans_http = { .name = "test_spans_total",
                                         .labels = "transport=\"http\"",
                                         .help = "x" };
static struct weft_metric in_flight = { .name = "test_in_flight",
                                        .help = "Now.",
                                        .kind = WEFT_METRIC_GAUGE };
static uint64_t answer_read(void *self)
{
    return *(uint64_t *)self;
}
static uint64_t answer = 42;
static struct weft_metric computed = { .name = "test_computed",
                                       .help = "Computed.",
                                       .kind = WEFT_METRIC_GAUGE,
                                       .read = answer_read,
                                       .self = &answer };

static void count(void *arg)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (!sigismember(&blocked, SIGTERM)) return; /* the sum will be short */
    for (int i = 0; i < 10000; i++) weft_metric_add(arg, 1);
    weft_metric_add(&in_flight, 1);
    weft_metric_add(&in_flight, (uint64_t)-1);
}

static void threads_count_together(void **state)
{
    pthread_t threads[20];
    struct weft_err err;
    for (int i = 0; i < 20; i++)
        assert_int_equal(
            weft_thread_start(&threads[i], "a name longer than fifteen", count, &spans_grpc, &err),
            WEFT_OK);
    for (int i = 0; i < 20; i++) pthread_join(threads[i], NULL);
    assert_int_equal(weft_metric_get(&spans_grpc), 200000);
    assert_int_equal(weft_metric_get(&in_flight), 0);
}

static void text_is_as_published(void **state)
{
    struct weft_buf out = { 0 };
    weft_metric_set(&in_flight, 7);
    weft_metric_register(&spans_grpc);
    weft_metric_register(&in_flight);
    weft_metric_register(&spans_http); /* joins its namesake */
    weft_metric_register(&computed);
    weft_metric_register(&spans_grpc);
    weft_metric_write_all(&out);
    weft_buf_append_byte(&out, '\0');
    assert_string_equal(out.data, "# HELP test_spans_total Spans\\nreceived \\\\ counted.\n"
                                  "# TYPE test_spans_total counter\n"
                                  "test_spans_total{transport=\"grpc\"} 200000\n"
                                  "test_spans_total{transport=\"http\"} 0\n"
                                  "# HELP test_in_flight Now.\n"
                                  "# TYPE test_in_flight gauge\n"
                                  "test_in_flight 7\n"
                                  "# HELP test_computed Computed.\n"
                                  "# TYPE test_computed gauge\n"
                                  "test_computed 42\n");
    weft_buf_release(&out);
}

static struct weft_histogram waits = { .metric = { .name = "test_wait_seconds", .help = "W." } };

static void histograms_are_cumulative(void **state)
{
    struct weft_buf out = { 0 };
    weft_histogram_add(&waits, 0);
    weft_histogram_add(&waits, 50000); /* a bound belongs to its bucket */
    weft_histogram_add(&waits, 50001);
    weft_histogram_add(&waits, 11000000000);
    weft_histogram_register(&waits);
    weft_histogram_register(&waits);
    weft_metric_write_all(&out);
    weft_buf_append_byte(&out, '\0');
    const char *text = strstr(out.data, "# HELP test_wait_seconds W.\n"
                                        "# TYPE test_wait_seconds histogram\n"
                                        "test_wait_seconds_bucket{le=\"0.00005\"} 2\n"
                                        "test_wait_seconds_bucket{le=\"0.0001\"} 3\n");
    assert_non_null(text);
    assert_non_null(strstr(text, "test_wait_seconds_bucket{le=\"10\"} 3\n"
                                 "test_wait_seconds_bucket{le=\"+Inf\"} 4\n"
                                 "test_wait_seconds_sum 11.000100\n"
                                 "test_wait_seconds_count 4\n"));
    assert_null(strstr(text + 1, "# HELP test_wait_seconds"));
    weft_buf_release(&out);
}

static void hashes_are_xxh3(void **state)
{
    /* Ours are in files: these values must never change. */
    assert_true(weft_hash("", 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(weft_hash_seeded("weft", 4, 0) == weft_hash("weft", 4));
    assert_true(weft_hash_seeded("weft", 4, 1) != weft_hash("weft", 4));
    assert_true(weft_hash_process_seed() == weft_hash_process_seed());
    assert_true(weft_hash_u64(0) == 0);
}

static void random_repeats_from_its_seed(void **state)
{
    struct weft_random a, b;
    double sum = 0, square_sum = 0;
    weft_random_init(&a, 7);
    weft_random_init(&b, 7);
    unsigned char bytes[11] = { 0 };
    for (int i = 0; i < 20000; i++) {
        assert_true(weft_random_u64(&a) == weft_random_u64(&b));
        assert_true(weft_random_below(&a, 3) < 3);
        double unit = weft_random_unit(&a), normal = weft_random_normal(&a);
        assert_true(unit >= 0 && unit < 1);
        sum += normal;
        square_sum += normal * normal;
        b = a;
    }
    assert_true(sum / 20000 > -0.05 && sum / 20000 < 0.05);
    assert_true(square_sum / 20000 > 0.95 && square_sum / 20000 < 1.05);
    weft_random_bytes(&a, bytes, 10);
    assert_int_equal(bytes[10], 0);
    weft_random_init_from_system(&a);
    assert_true(weft_random_below(&a, 1) == 0);
}

static void there_is_a_processor(void **state)
{
    assert_true(weft_cpu_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_count_together),       cmocka_unit_test(text_is_as_published),
        cmocka_unit_test(histograms_are_cumulative),    cmocka_unit_test(hashes_are_xxh3),
        cmocka_unit_test(random_repeats_from_its_seed), cmocka_unit_test(there_is_a_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
