/* differential.c -- see differential.h. */
#include "differential.h"
#include "base/alloc.h"
#include "traceql_random.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BATCHES 12u

/* ---- worlds ---- */

void world_make(struct world *world, uint64_t seed, const char *state, bool is_large)
{
    struct weft_random random;

    *world = (struct world){ .state = state };
    weft_random_init(&random, seed);
    const uint32_t trace_count =
        (is_large ? 300 : 3) + (uint32_t)weft_random_below(&random, is_large ? 150 : 14);
    weft_arena_init(&world->arena, 1 << 16);
    world->spans = random_traces(&random, trace_count, &world->span_count, &world->arena);
}

void world_open(struct world *world)
{
    struct conformance_data *data = &world->data;

    *data = (struct conformance_data){ .batch_count = BATCHES };
    data->batches = weft_alloc_array(BATCHES, sizeof *data->batches);
    for (uint32_t b = 0; b < BATCHES; b++) {
        uint32_t from = world->span_count * b / BATCHES, to = world->span_count * (b + 1) / BATCHES;
        data->batches[b] = (struct weft_batch){ .arena = &world->arena,
                                                .spans = world->spans + from,
                                                .span_count = to - from };
        naive_store_add(&data->naive, &data->batches[b]);
    }
    slow_world_init(&world->slow, &data->naive);
    if (strcmp(world->state, "naive") == 0) {
        world->source = naive_store_source(&data->naive);
    } else {
        store_state_open(&world->store, world->state, data);
        world->source = weft_store_source(world->store.store);
    }
    world->is_open = true;
}

void world_close(struct world *world)
{
    if (!world->is_open) return;
    world->is_open = false;
    if (strcmp(world->state, "naive") != 0) store_state_close(&world->store);
    slow_world_release(&world->slow);
    naive_store_release(&world->data.naive);
    weft_free(world->data.batches);
}

void world_release(struct world *world)
{
    world_close(world);
    weft_arena_release(&world->arena);
}

/* ---- one question ---- */

/* Numbers that were computed stand behind a ~ : they may differ by 1e-9 of their size, since sums depend on the order. */
static bool numbers_agree(const char **a, const char **b)
{
    char *a_end, *b_end;
    const double x = strtod(*a, &a_end), y = strtod(*b, &b_end);

    *a = a_end;
    *b = b_end;
    return x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-9 * fmax(fabs(x), fabs(y));
}

static bool texts_agree(const char *a, const char *b)
{
    while (*a == *b && *a != '\0') {
        bool is_number = *a == '~';
        a++, b++;
        if (is_number && !numbers_agree(&a, &b)) return false;
    }
    return *a == *b;
}

static bool answers_are_equal(struct weft_buf *engine, struct weft_buf *judge, struct weft_buf *out)
{
    weft_buf_append_byte(engine, '\0');
    weft_buf_append_byte(judge, '\0');
    if (texts_agree(engine->data, judge->data)) return true;
    weft_buf_printf(out, "--- the engine:\n%s--- the judge:\n%s", engine->data, judge->data);
    return false;
}

struct asked {
    const struct world *world;
    const struct question *question;
    const struct weft_traceql_query *query;
    struct weft_arena arena;
    struct weft_buf engine, judge;
};

static int ask_search(struct asked *asked, enum slow_verdict *verdict, bool *is_shown_right,
                      struct weft_buf *out, struct weft_err *err)
{
    struct weft_traceql_result result = { 0 };
    const struct weft_traceql_limits *limits = &asked->question->limits;

    *verdict = slow_search(&asked->judge, &asked->world->slow, asked->query, limits);
    int rc = weft_traceql_search(&asked->world->source, asked->query, limits, &result,
                                 &asked->arena, err);
    if (rc < 0) return rc;
    slow_print_result(&asked->engine, &result);
    *is_shown_right = slow_shown_is_right(out, &asked->world->slow, asked->query, &result);
    return rc;
}

static int ask_metrics(struct asked *asked, enum slow_verdict *verdict, struct weft_err *err)
{
    struct weft_metrics_result result = { 0 };
    const struct weft_metrics_range *range = &asked->question->range;

    *verdict = slow_metrics(&asked->judge, &asked->world->slow, asked->query, range);
    int rc = weft_traceql_metrics(&asked->world->source, asked->query, range, &result,
                                  &asked->arena, err);
    if (rc >= 0) slow_print_metrics(&asked->engine, &result);
    return rc;
}

static bool ask(struct asked *asked, struct weft_buf *out, struct counts *counts)
{
    enum slow_verdict verdict;
    bool is_shown_right = true;
    struct weft_err err = { 0 };
    int rc = asked->question->is_metrics ? ask_metrics(asked, &verdict, &err)
                                         : ask_search(asked, &verdict, &is_shown_right, out, &err);

    counts->refused += verdict == SLOW_REFUSED;
    if (verdict == SLOW_NO_ANSWER || (verdict == SLOW_REFUSED && rc < 0)) return true;
    if (rc < 0) weft_buf_printf(&asked->engine, "error: %s\n", err.text);
    counts->empty += asked->judge.len == 0;
    if (verdict == SLOW_REFUSED) return true; /* it did not have to look at that trace */
    return answers_are_equal(&asked->engine, &asked->judge, out) && is_shown_right;
}

/* print(parse(text)) means the same, and is printed the same. */
static bool is_printed_right(struct asked *asked, struct weft_buf *out)
{
    struct weft_traceql_query again;
    struct weft_buf first = { 0 }, second = { 0 };
    struct weft_err err = { 0 };

    weft_traceql_print(&first, asked->query);
    bool is_right = weft_traceql_parse(&again, weft_arena_copy(&asked->arena, weft_buf_str(&first)),
                                       &asked->arena, NULL, &err) >= 0;
    if (is_right) weft_traceql_print(&second, &again);
    is_right = is_right && weft_str_equal(weft_buf_str(&first), weft_buf_str(&second));
    if (!is_right)
        weft_buf_printf(out, "--- printed: %.*s\n--- again:   %.*s %s\n",
                        WEFT_S_ARG(weft_buf_str(&first)), WEFT_S_ARG(weft_buf_str(&second)),
                        err.text);
    weft_buf_release(&first);
    weft_buf_release(&second);
    return is_right;
}

bool question_agrees(const struct world *world, const struct question *question,
                     struct weft_buf *out, struct counts *counts)
{
    struct weft_traceql_query query;
    struct asked asked = { .world = world, .question = question };
    struct weft_err err = { 0 };
    bool agrees = true;

    weft_arena_init(&asked.arena, 0);
    counts->asked++;
    if (question->text.len == 0) {
        agrees = ask(&asked, out, counts);
    } else if (weft_traceql_parse(&query, question->text, &asked.arena, NULL, &err) < 0) {
        counts->unparsed++;
    } else if ((query.metrics != NULL) == question->is_metrics) {
        asked.query = &query;
        agrees = is_printed_right(&asked, out) && ask(&asked, out, counts);
    }
    weft_buf_release(&asked.engine);
    weft_buf_release(&asked.judge);
    weft_arena_release(&asked.arena);
    return agrees;
}
