/* traceql_differential_test.c -- random queries over random traces: the engine, over a store in every state, must say what the slow judge
 * says. traceql_differential_test [QUERIES] [SEED] asks more (./dev differential). */
#include "base/clock.h"
#include "base/log.h"
#include "differential.h"
#include "traceql_random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define QUERIES_A_WORLD 100u
static uint64_t queries = 2200, seed = 20261121;
static bool is_long; /* then it says how far it is */

static uint64_t random_time(struct weft_random *random)
{
    return RANDOM_BASE_NS + weft_random_below(random, 90) * UINT64_C(500000000);
}

static struct question search_question(struct weft_random *random, struct weft_buf *text)
{
    struct question question = { .limits = { .traces = 1000, .spans_per_spanset = 1000 } };

    random_search(text, random);
    if (random_one_in(random, 50)) weft_buf_reset(text); /* no query */
    question.text = weft_buf_str(text);
    if (random_one_in(random, 3)) question.limits.from_ns = random_time(random);
    if (random_one_in(random, 3))
        question.limits.to_ns =
            question.limits.from_ns + 1 +
            (question.limits.from_ns == 0 ? random_time(random)
                                          : weft_random_below(random, 20) * UINT64_C(500000000));
    if (random_one_in(random, 2))
        question.limits.traces = 1 + (uint32_t)weft_random_below(random, 5);
    if (random_one_in(random, 2))
        question.limits.spans_per_spanset = 1 + (uint32_t)weft_random_below(random, 4);
    return question;
}

static struct question metrics_question(struct weft_random *random, struct weft_buf *text)
{
    static const uint64_t steps_ns[] = { 1000000000, 1000000000, 5000000000,
                                         500000000,  7000000000, 60000000000 };
    const uint64_t start = random_time(random) - UINT64_C(2000000000);
    struct question question = { .is_metrics = true,
                                 .range = { .start_ns = start, .series_max = 100000 } };

    random_metrics(text, random);
    question.text = weft_buf_str(text);
    question.range.end_ns = start + 1 + weft_random_below(random, 100) * UINT64_C(500000000);
    if (!random_one_in(random, 4)) question.range.step_ns = steps_ns[weft_random_below(random, 6)];
    return question;
}

static uint32_t state_count(void)
{
    uint32_t count = 0;
    while (store_state_names[count] != NULL) count++;
    return count;
}

typedef struct question question_maker(struct weft_random *random, struct weft_buf *text);

/* World n of a run. */
static void ask_world(uint64_t world_seed, uint32_t n, question_maker *make, struct counts *counts)
{
    struct world world;
    struct weft_random random;
    struct weft_buf text = { 0 }, out = { 0 };

    weft_random_init(&random, world_seed);
    const bool is_large = n % 6 == 5;
    world_make(&world, world_seed, store_state_names[n % state_count()], is_large);
    world_open(&world);
    for (uint32_t i = 0; i < QUERIES_A_WORLD / (is_large ? 4 : 1); i++) {
        struct question question = make(&random, &text);
        if (!question_agrees(&world, &question, &out, counts))
            question_fail(&world, &question, world_seed);
    }
    weft_buf_release(&text);
    weft_buf_release(&out);
    world_release(&world);
}

/* Every ten seconds; a difference would have ended it. */
static void progress_tell(const char *what, uint64_t asked, uint64_t since_ns, uint64_t *told_ns)
{
    uint64_t now = weft_clock_monotonic_ns();

    if (!is_long || now - *told_ns < UINT64_C(10000000000)) return;
    *told_ns = now;
    print_message("%s: %llu of %llu, %.0f a second, no difference\n", what,
                  (unsigned long long)asked, (unsigned long long)queries / 2,
                  (double)asked / ((double)(now - since_ns) / 1e9));
    fflush(stdout);
}

static void ask_all(question_maker *make, const char *what)
{
    struct counts counts = { 0 };
    uint64_t since_ns = weft_clock_monotonic_ns(), told_ns = since_ns;

    for (uint32_t n = 0; counts.asked < queries / 2; n++) {
        ask_world(seed + n, n, make, &counts);
        progress_tell(what, counts.asked, since_ns, &told_ns);
    }
    print_message("%llu %s: %llu without an answer, %llu refused, %llu not parsed\n",
                  (unsigned long long)counts.asked, what, (unsigned long long)counts.empty,
                  (unsigned long long)counts.refused, (unsigned long long)counts.unparsed);
    assert_true(counts.unparsed < counts.asked / 10);
    assert_true(counts.empty < counts.asked * 2 / 3);
}

static void searches_test(void **unused)
{
    ask_all(search_question, "searches");
}

static void metrics_test(void **unused)
{
    ask_all(metrics_question, "metrics");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(searches_test),
                                        cmocka_unit_test(metrics_test) };

    is_long = argc > 1;
    if (argc > 1) queries = strtoull(argv[1], NULL, 10);
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
