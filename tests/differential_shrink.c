/* differential_shrink.c -- from a question on which engine and judge differ to a small one; see differential.h. */
#include "base/alloc.h"
#include "differential.h"
#include "model/otlp.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* A store that is to be bundled needs some spans in each of its parts. */
static uint32_t spans_min(const struct world *world)
{
    return strncmp(world->state, "bundled", 7) == 0 ? 24 : 0;
}

static bool differs(struct world *world, const struct question *question)
{
    struct weft_buf out = { 0 };
    struct counts counts = { 0 };

    world_open(world);
    bool agrees = question_agrees(world, question, &out, &counts);
    world_close(world);
    weft_buf_release(&out);
    return !agrees;
}

/* ---- fewer spans ---- */

/* Without spans [from, to); keeps that when the difference stays. */
static bool drop_spans(struct world *world, const struct question *question, uint32_t from,
                       uint32_t to)
{
    struct world smaller = *world;

    smaller.spans = weft_arena_alloc_array(&world->arena, world->span_count, sizeof *world->spans);
    memcpy(smaller.spans, world->spans, from * sizeof *world->spans);
    memcpy(smaller.spans + from, world->spans + to,
           (world->span_count - to) * sizeof *world->spans);
    smaller.span_count -= to - from;
    if (smaller.span_count < spans_min(world) || !differs(&smaller, question)) return false;
    world->spans = smaller.spans;
    world->span_count = smaller.span_count;
    return true;
}

static void shrink_spans(struct world *world, const struct question *question)
{
    for (uint32_t step = world->span_count / 2; step > 0; step /= 2)
        for (uint32_t from = 0; from + step <= world->span_count;)
            if (!drop_spans(world, question, from, from + step)) from += step;
}

/* A span without its attributes, events or links. */
static void shrink_span(struct world *world, const struct question *question, uint32_t i)
{
    for (int what = 0; what < 3; what++) {
        struct weft_span before = world->spans[i];
        if (what == 0) world->spans[i].attributes.count = 0;
        if (what == 1) world->spans[i].event_count = 0;
        if (what == 2) world->spans[i].link_count = 0;
        if (!differs(world, question)) world->spans[i] = before;
    }
}

/* ---- a shorter query ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == ':' || c == '_' || c == '"' || c == '`';
}

static size_t token_end(struct weft_str text, size_t at)
{
    if (!is_word(text.ptr[at])) return at + 1;
    while (at < text.len && is_word(text.ptr[at])) at++;
    return at;
}

/* Some run of tokens is left out; what does not parse any more does not differ. */
static bool shorten(struct world *world, struct question *question)
{
    for (size_t from = 0; from < question->text.len; from = token_end(question->text, from)) {
        for (size_t to = question->text.len; to > from; to--) {
            struct question shorter = *question;
            struct weft_traceql_query query;
            struct weft_err err;
            if (to < question->text.len && is_word(question->text.ptr[to - 1]) &&
                is_word(question->text.ptr[to]))
                continue;
            shorter.text =
                weft_arena_printf(&world->arena, "%.*s%.*s", (int)from, question->text.ptr,
                                  (int)(question->text.len - to), question->text.ptr + to);
            if (shorter.text.len == 0 ||
                weft_traceql_parse(&query, shorter.text, &world->arena, NULL, &err) < 0)
                continue;
            if (!differs(world, &shorter)) continue;
            *question = shorter;
            return true;
        }
    }
    return false;
}

/* ---- the report ---- */

static void print_world(const struct world *world)
{
    const struct weft_batch batch = { .spans = world->spans, .span_count = world->span_count };
    struct weft_buf json = { 0 };

    weft_otlp_encode_json(&json, &batch, WEFT_OTLP_JSON);
    fprintf(stderr, "spans as they arrive:\n%.*s\n", WEFT_S_ARG(weft_buf_str(&json)));
    weft_buf_release(&json);
}

static void print_question(const struct question *q)
{
    fprintf(stderr, "query: %.*s\n", WEFT_S_ARG(q->text));
    if (q->is_metrics)
        fprintf(stderr, "start %llu end %llu step %llu\n", (unsigned long long)q->range.start_ns,
                (unsigned long long)q->range.end_ns, (unsigned long long)q->range.step_ns);
    else
        fprintf(stderr, "from %llu to %llu, %u traces, %u spans a spanset\n",
                (unsigned long long)q->limits.from_ns, (unsigned long long)q->limits.to_ns,
                q->limits.traces, q->limits.spans_per_spanset);
}

void question_fail(struct world *world, const struct question *question, uint64_t seed)
{
    static const char *const simpler[] = { "naive", "live", "sealed", "compacted", "mixed" };
    struct question small = *question;
    struct weft_buf out = { 0 };
    struct counts counts = { 0 };

    fprintf(stderr, "seed %llu, store %s: %.*s\n", (unsigned long long)seed, world->state,
            WEFT_S_ARG(question->text));
    world_close(world);
    for (uint32_t i = 0; i < sizeof simpler / sizeof simpler[0]; i++) {
        struct world other = *world;
        other.state = simpler[i];
        if (strcmp(world->state, other.state) == 0) break;
        if (!differs(&other, &small)) continue;
        world->state = other.state;
        break;
    }
    shrink_spans(world, &small);
    while (small.text.len > 0 && shorten(world, &small)) {}
    shrink_spans(world, &small);
    for (uint32_t i = 0; i < world->span_count; i++) shrink_span(world, &small, i);
    world_open(world);
    question_agrees(world, &small, &out, &counts);
    fprintf(stderr, "smaller, store %s:\n", world->state);
    print_question(&small);
    print_world(world);
    fprintf(stderr, "%.*s\n", WEFT_S_ARG(weft_buf_str(&out))); /* fail_msg() cuts */
    fail_msg("engine and judge differ");
}
