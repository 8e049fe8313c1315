/* demo_feed_test.c -- the shop: the same seed tells the same story, its traces are whole, every
 * incident is in it. */
#include "app/demo/feed.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/map.h"

#define BEGIN_NS (UINT64_C(1795226400) * WEFT_NS_PER_SECOND) /* a whole half hour */
#define STEP_NS WEFT_NS_PER_SECOND

struct story {
    uint64_t span_count, digest, error_count, link_count, exception_count;
    struct weft_map services, names, spans, parents;
};

static void take_span(struct story *s, const struct weft_span *span)
{
    char ids[24];
    s->span_count++;
    s->digest += weft_hash(span->span_id.bytes, 8) ^ weft_hash(span->name.ptr, span->name.len) ^
                 weft_hash_u64(span->end_time_unix_nano); /* whatever the order */
    s->error_count += span->status_code == WEFT_STATUS_ERROR;
    s->link_count += span->link_count;
    s->exception_count +=
        span->event_count > 0 && weft_str_equal_c(span->events[0].name, "exception");
    weft_map_put(&s->services, span->scope->resource->service_name, 1, NULL);
    weft_map_put(&s->names, span->name, 1, NULL);
    memcpy(ids, span->trace_id.bytes, 16);
    memcpy(ids + 16, span->span_id.bytes, 8);
    weft_map_put(&s->spans, weft_str_make(ids, 24), 1, NULL);
    memcpy(ids + 16, span->parent_span_id.bytes, 8);
    if (!weft_span_id_is_zero(&span->parent_span_id))
        weft_map_put(&s->parents, weft_str_make(ids, 24), 1, NULL);
    assert_true(span->end_time_unix_nano >= span->start_time_unix_nano);
    assert_int_equal(span->attributes.dropped_count, 0);
}

static void tell(struct story *s, uint64_t seed, uint64_t minutes)
{
    struct weft_demo_feed *feed;
    struct weft_batch batch;
    *s = (struct story){ 0 };
    weft_demo_feed_create(
        &feed, &(struct weft_demo_feed_options){
                   .seed = seed, .begin_ns = BEGIN_NS, .traces_per_second = 2, .speed = 1 });
    uint64_t end = BEGIN_NS + minutes * 60 * WEFT_NS_PER_SECOND;
    for (uint64_t now = BEGIN_NS; now < end; now += STEP_NS) {
        weft_demo_feed_advance(feed, now);
        while (weft_demo_feed_next(feed, &batch)) {
            for (uint32_t i = 0; i < batch.span_count; i++) {
                take_span(s, &batch.spans[i]);
                if (batch.spans[i].end_time_unix_nano > now)
                    fail_msg("a span came out before it ended");
                assert_ptr_equal(batch.spans[i].scope,
                                 batch.spans[0].scope); /* one process a batch */
            }
        }
    }
    weft_demo_feed_destroy(feed);
}

static void forget(struct story *s)
{
    weft_map_release(&s->services);
    weft_map_release(&s->names);
    weft_map_release(&s->spans);
    weft_map_release(&s->parents);
}

static void test_same_seed_same_story(void **state)
{
    struct story a, b, c;
    tell(&a, 7, 2);
    tell(&b, 7, 2);
    tell(&c, 8, 2);
    assert_true(a.span_count > 500);
    assert_int_equal(a.span_count, b.span_count);
    assert_true(a.digest == b.digest);
    assert_true(a.digest != c.digest);
    forget(&a);
    forget(&b);
    forget(&c);
}

static void test_whole_and_eventful(void **state)
{
    struct story s;
    size_t at = 0, missing = 0;
    tell(&s, 1, 31); /* every incident once */
    for (const struct weft_map_slot *slot; (slot = weft_map_next(&s.parents, &at)) != NULL;)
        missing += weft_map_get(&s.spans, slot->key) == NULL;
    assert_true(missing < 200); /* traces that had not ended when the story stopped */
    assert_true(s.services.count >= 12);
    assert_true(s.names.count >= 30);
    assert_true(s.link_count > 0);
    assert_true(s.exception_count > 0);
    assert_true(s.error_count > 0);
    forget(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_story),
        cmocka_unit_test(test_whole_and_eventful),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
