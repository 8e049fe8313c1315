/* waterfall_test.c -- golden pictures of small traces at 80 columns, without colour. */
#include "app/waterfall.h"
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define START (UINT64_C(1795226400) * 1000 * MS)

struct given {
    uint8_t id, parent;
    const char *service, *name;
    int start_ms, end_ms;
    uint8_t kind, status;
    const char *message;
};

/* A trace of up to so many spans and services, in memory of its own. */
struct picture {
    struct weft_arena arena;
    struct weft_batch batch;
    struct weft_resource resources[24];
    struct weft_scope scopes[24];
    struct weft_buf out;
};

static void picture_init(struct picture *p)
{
    *p = (struct picture){ 0 };
    weft_arena_init(&p->arena, 0);
    p->batch.arena = &p->arena;
}

static struct weft_span *picture_add(struct picture *p, const struct given *g)
{
    uint32_t at = p->batch.span_count;
    struct weft_span *span = weft_batch_add(&p->batch);
    p->resources[at].service_name = weft_str_from_c(g->service);
    p->scopes[at].resource = &p->resources[at];
    span->scope = &p->scopes[at];
    span->trace_id.bytes[15] = 0xab;
    span->span_id.bytes[7] = g->id;
    span->parent_span_id.bytes[7] = g->parent;
    span->name = weft_str_from_c(g->name);
    span->kind = g->kind;
    span->start_time_unix_nano = START + (uint64_t)((int64_t)MS * g->start_ms);
    span->end_time_unix_nano = START + (uint64_t)((int64_t)MS * g->end_ms);
    span->status_code = g->status;
    if (g->message != NULL) span->status_message = weft_str_from_c(g->message);
    return span;
}

static void picture_expect(struct picture *p, const struct weft_waterfall_options *options,
                           const char *wanted)
{
    weft_waterfall_write(&p->out, &p->batch, options, &p->arena);
    if (!weft_str_equal_c(weft_buf_str(&p->out), wanted))
        fail_msg("got:\n%.*s\nwanted:\n%s", WEFT_S_ARG(weft_buf_str(&p->out)), wanted);
    weft_buf_release(&p->out);
    weft_arena_release(&p->arena);
}

static const struct {
    struct given spans[20]; /* ends with id 0 */
    const char *picture;
} cases[] = {
    /* one span */
    { { { 1, 0, "cart", "GET /", 0, 10 } },
      "cart  GET /  10ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
      "1 span, 1 service, depth 1\n"
      "\n"
      "                                     0                5ms                   10ms\n"
      "cart GET /                           ██████████████████████████████████     10ms\n" },
    /* a service calls another; what is solid is own time */
    { { { 1, 0, "frontend", "GET /cart", 0, 100, 2 },
        { 2, 1, "frontend", "cart.Cart/Get", 20, 60, 3 },
        { 3, 2, "cart", "cart.Cart/Get", 25, 55, 2 },
        { 4, 1, "frontend", "render", 60, 90 } },
      "frontend  GET /cart  100ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
      "4 spans, 2 services, depth 3\n"
      "\n"
      "                                     0                50ms                 100ms\n"
      "frontend GET /cart                   ██████░░░░░░░░░░░░░░░░░░░░░░░░░███    100ms\n"
      "├ cart.Cart/Get                            ██░░░░░░░░░░░█                   40ms\n"
      "│ └ cart cart.Cart/Get                       ███████████                    30ms\n"
      "└ render                                                 ███████████        30ms\n" },
    /* an error chain says why */
    { { { 1, 0, "frontend", "POST /checkout", 0, 50, 2, 2 },
        { 2, 1, "checkout", "PlaceOrder", 5, 45, 2, 2, "card refused" },
        { 3, 2, "payment", "Charge", 10, 40, 2, 2, "gateway\nanswered 503" } },
      "frontend  POST /checkout  50ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
      "3 spans, 3 services, depth 3, 3 errors\n"
      "\n"
      "                                     0                25ms                  50ms\n"
      "✗ frontend POST /checkout            ███░░░░░░░░░░░░░░░░░░░░░░░░░░░░███     50ms\n"
      "└ ✗ checkout PlaceOrder                 ███░░░░░░░░░░░░░░░░░░░░░████        40ms\n"
      "  │ card refused\n"
      "  └ ✗ payment Charge                       █████████████████████            30ms\n"
      "      gateway·answered 503\n" },
    /* alike siblings are one line, with the gaps between them */
    { { { 1, 0, "cart", "GET /", 0, 340, 2 },
        { 2, 1, "cart", "GET k", 0, 40, 3 },
        { 3, 1, "cart", "GET k", 100, 141, 3 },
        { 4, 1, "cart", "GET k", 200, 202, 3 },
        { 5, 1, "cart", "GET k", 300, 340, 3 } },
      "cart  GET /  340ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
      "5 spans, 1 service, depth 2\n"
      "\n"
      "                                     0                170ms                340ms\n"
      "cart GET /                           ░░░░██████░░░░██████░█████████░░░░    340ms\n"
      "└ 4 × GET k                          ████──────████──────▏─────────████    123ms\n"
      "\n"
      "4 spans are folded (N × name shows the sum of their durations); --all shows each\n" },
    /* orphans, clocks that differ, an end before its start, an id twice */
    { { { 1, 0, "a", "root", 0, 100 },
        { 2, 1, "b", "clock behind", -50, -10 },
        { 3, 99, "c", "orphan", 30, 40 },
        { 4, 1, "d", "ends early", 10, 5 },
        { 2, 1, "b", "id again", 60, 70 } },
      "a  root  150ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 01:59:59.950 +0000\n"
      "5 spans, 4 services, depth 2\n"
      "odd: 1 without parent (⋯), 1 with an id used twice, 1 ending before the start\n"
      "\n"
      "                                     0                75ms                 150ms\n"
      "a root                                          ██░██████████░░░███████    100ms\n"
      "├ b clock behind                     █████████                              40ms\n"
      "├ d ends early                                    ▏                          0ns\n"
      "└ b id again                                                 ███            10ms\n"
      "⋯ c orphan                                             ██                   10ms\n" },
    /* no names, no time */
    { { { 1, 0, "", "", 0, 0 } },
      "(no service)  (no name)  0ns\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
      "1 span, 1 service, depth 1\n"
      "\n"
      "                                     0                0ns                    0ns\n"
      "(no service) (no name)               █                                       0ns\n" },
    /* names that are too long, wide or not harmless */
    { { { 1, 0, "a service with a long name", "and a span with a name even longer", 0, 9 },
        { 2, 1, "日本語", "注文を確定する注文を確定する", 0, 9 },
        { 3, 1, "x", "red\033[31m", 0, 9 } },
      "a service with a long name  and a span with a name even longer  9ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
      "3 spans, 3 services, depth 2\n"
      "\n"
      "                                     0                4.5ms                  9ms\n"
      "a service with a … and a span with … ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░      9ms\n"
      "├ 日本語 注文を確定する注文を確定す… ██████████████████████████████████      9ms\n"
      "└ x red·[31m                         ██████████████████████████████████      9ms\n" },
    /* deeper than there is room for */
    { { { 1, 0, "b", "level 1", 1, 30 },
        { 2, 1, "a", "level 2", 2, 30 },
        { 3, 2, "b", "level 3", 3, 30 },
        { 4, 3, "a", "level 4", 4, 30 },
        { 5, 4, "b", "level 5", 5, 30 },
        { 6, 5, "a", "level 6", 6, 30 },
        { 7, 6, "b", "level 7", 7, 30 },
        { 8, 7, "a", "level 8", 8, 30 },
        { 9, 8, "b", "level 9", 9, 30 },
        { 10, 9, "a", "level 10", 10, 30 },
        { 11, 10, "b", "level 11", 11, 30 },
        { 12, 11, "a", "level 12", 12, 30 } },
      "b  level 1  29ms\n"
      "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.001 +0000\n"
      "12 spans, 2 services, depth 12\n"
      "\n"
      "                                     0                14.5ms                29ms\n"
      "b level 1                            █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     29ms\n"
      "└ a level 2                           █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     28ms\n"
      "  └ b level 3                          █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     27ms\n"
      "    └ a level 4                         █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     26ms\n"
      "      └ b level 5                        █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░     25ms\n"
      "        └ a level 6                       ██░░░░░░░░░░░░░░░░░░░░░░░░░░░     24ms\n"
      "          └ b level 7                       █░░░░░░░░░░░░░░░░░░░░░░░░░░     23ms\n"
      "            └ a level 8                      █░░░░░░░░░░░░░░░░░░░░░░░░░     22ms\n"
      "              └ b level 9                     █░░░░░░░░░░░░░░░░░░░░░░░░     21ms\n"
      "                └ a level 10                   █░░░░░░░░░░░░░░░░░░░░░░░     20ms\n"
      "                └ 11· b level 11                █░░░░░░░░░░░░░░░░░░░░░░     19ms\n"
      "                └ 12· a level 12                 ██████████████████████     18ms\n" },
};

static void test_pictures(void **state)
{
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct picture p;
        picture_init(&p);
        for (const struct given *g = cases[c].spans; g->id != 0; g++) picture_add(&p, g);
        picture_expect(&p, &(struct weft_waterfall_options){ .width = 80 }, cases[c].picture);
    }
}

/* The same run of spans, folded above, is shown one by one with --all. */
static void test_all(void **state)
{
    struct picture p;
    picture_init(&p);
    picture_add(&p, &(struct given){ 1, 0, "cart", "GET /", 0, 10 });
    for (uint8_t i = 0; i < 4; i++)
        picture_add(&p, &(struct given){ (uint8_t)(i + 2), 1, "cart", "GET k", 2 * i, 2 * i + 1 });
    picture_expect(
        &p, &(struct weft_waterfall_options){ .width = 80, .shows_all = true },
        "cart  GET /  10ms\n"
        "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
        "5 spans, 1 service, depth 2\n"
        "\n"
        "                                     0                5ms                   10ms\n"
        "cart GET /                           ░░░███░░░░███░░░░███░░░░██████████     10ms\n"
        "├ GET k                              ███                                     1ms\n"
        "├ GET k                                    ████                              1ms\n"
        "├ GET k                                           ████                       1ms\n"
        "└ GET k                                                  ████                1ms\n");
}

static void test_details(void **state)
{
    struct weft_attribute attribute = { .key = "db.query.text",
                                        .key_len = 13,
                                        .ptr = "SELECT \"1\"\n",
                                        .value_len = 11,
                                        .type = WEFT_VALUE_STRING };
    struct weft_event event = { .time_unix_nano = START + 3 * MS, .name = WEFT_S("exception") };
    struct weft_link link = { .trace_id.bytes = { 1 }, .span_id.bytes = { 2 } };
    struct picture p;
    picture_init(&p);
    event.attributes = (struct weft_attributes){ .items = &attribute, .count = 1 };
    picture_add(&p, &(struct given){ 1, 0, "cart", "GET /", 0, 10 });
    struct weft_span *span =
        picture_add(&p, &(struct given){ 2, 1, "db", "SELECT", 4, 5, 0, 2, "no\nsuch" });
    span->attributes = event.attributes;
    span->events = &event;
    span->event_count = 1;
    span->links = &link;
    span->link_count = 1;
    picture_expect(
        &p,
        &(struct weft_waterfall_options){
            .width = 80, .shows_events = true, .shows_attributes = true },
        "cart  GET /  10ms\n"
        "trace 000000000000000000000000000000ab  2026-11-21 02:00:00.000 +0000\n"
        "2 spans, 2 services, depth 2, 1 error\n"
        "\n"
        "                                     0                5ms                   10ms\n"
        "cart GET /                           █████████████░░░░█████████████████     10ms\n"
        "└ ✗ db SELECT                                     ████                       1ms\n"
        "    no·such\n"
        "    db.query.text = \"SELECT \\\"1\\\"\\n\"\n"
        "    ◆ exception  -1ms\n"
        "        db.query.text = \"SELECT \\\"1\\\"\\n\"\n"
        "    → trace 01000000000000000000000000000000 span 0200000000000000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pictures), cmocka_unit_test(test_all),
                                        cmocka_unit_test(test_details) };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
