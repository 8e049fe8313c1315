/* loop_test.c -- posts from many threads, timers in order, watches that remove each other. */
#include "net/net_fixture.h"
#include <sys/epoll.h>

#define POSTERS 4
#define POSTS 2000

struct poster {
    struct weft_loop *loop;
    unsigned next_expected;
    _Atomic unsigned *done;
    pthread_t thread;
};
struct note {
    struct poster *poster;
    unsigned number;
};

static void note_came(void *arg)
{
    struct note *note = arg;
    assert_int_equal(note->number, note->poster->next_expected);
    note->poster->next_expected++;
    struct poster *poster = note->poster;
    weft_free(note);
    if (atomic_fetch_add(poster->done, 1) + 1 == POSTERS * POSTS) weft_loop_stop(poster->loop);
}

static void poster_run(void *arg)
{
    struct poster *poster = arg;
    for (unsigned i = 0; i < POSTS; i++) {
        struct note *note = weft_alloc(sizeof *note);
        *note = (struct note){ poster, i };
        weft_loop_post(poster->loop, note_came, note);
    }
}

static void posts_come_in_order(void **state)
{
    struct weft_loop *loop;
    struct poster posters[POSTERS] = { 0 };
    _Atomic unsigned done = 0;
    assert_int_equal(weft_loop_create(&loop, 3, NULL), WEFT_OK);
    assert_int_equal(weft_loop_index(loop), 3);
    for (int i = 0; i < POSTERS; i++) {
        posters[i].loop = loop;
        posters[i].done = &done;
        assert_int_equal(
            weft_thread_start(&posters[i].thread, "poster", poster_run, &posters[i], NULL),
            WEFT_OK);
    }
    weft_loop_run(loop);
    for (int i = 0; i < POSTERS; i++) pthread_join(posters[i].thread, NULL);
    assert_int_equal(done, POSTERS * POSTS);
    weft_loop_destroy(loop);
}

struct alarm {
    struct weft_timer timer; /* first */
    struct weft_loop *loop;
    int number;
};
static int fired[64], fired_count;

static void alarm_fired(struct weft_timer *timer)
{
    struct alarm *alarm = (struct alarm *)timer;
    fired[fired_count++] = alarm->number;
    if (alarm->number == 99) weft_loop_stop(alarm->loop);
}

static void timers_fire_in_order(void **state)
{
    static const int delays[] = { 5, 3, 9, 1, 7, 2, 8, 4, 6, 0 };
    struct weft_loop *loop;
    struct alarm alarms[10] = { 0 }, last = { 0 };
    fired_count = 0;
    assert_int_equal(weft_loop_create(&loop, 0, NULL), WEFT_OK);
    for (int i = 0; i < 10; i++) {
        alarms[i] = (struct alarm){ .timer.fire = alarm_fired, .loop = loop, .number = delays[i] };
        weft_loop_timer_start(loop, &alarms[i].timer, (uint64_t)delays[i] * WEFT_NS_PER_MS);
    }
    weft_loop_timer_stop(loop, &alarms[2].timer); /* 9 */
    weft_loop_timer_stop(loop, &alarms[2].timer);
    weft_loop_timer_start(loop, &alarms[3].timer, 12 * WEFT_NS_PER_MS); /* 1 goes to the end */
    last = (struct alarm){ .timer.fire = alarm_fired, .loop = loop, .number = 99 };
    weft_loop_timer_start(loop, &last.timer, 15 * WEFT_NS_PER_MS);
    weft_loop_run(loop);
    static const int expected[] = { 0, 2, 3, 4, 5, 6, 7, 8, 1, 99 };
    assert_int_equal(fired_count, 10);
    assert_memory_equal(fired, expected, sizeof expected);
    weft_loop_destroy(loop);
}

struct pair {
    struct weft_watch watch; /* first */
    struct weft_loop *loop;
    struct pair *other;
    int served;
};

/* Both are ready in one round; the first served removes the other, which must then not be called. */
static void pair_ready(struct weft_watch *watch, uint32_t events)
{
    struct pair *pair = (struct pair *)watch;
    pair->served++;
    weft_loop_unwatch(pair->loop, &pair->other->watch);
    pair->other->watch.ready = NULL;
    weft_loop_stop(pair->loop);
}

static void removed_watch_is_not_served(void **state)
{
    struct weft_loop *loop;
    struct pair pairs[2] = { 0 };
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(weft_loop_create(&loop, 0, NULL), WEFT_OK);
    for (int i = 0; i < 2; i++) {
        pairs[i] =
            (struct pair){ .watch = { .fd = fds[i], .events = EPOLLOUT, .ready = pair_ready },
                           .loop = loop,
                           .other = &pairs[1 - i] };
        assert_int_equal(weft_loop_watch(loop, &pairs[i].watch, NULL), WEFT_OK);
    }
    weft_loop_run(loop);
    assert_int_equal(pairs[0].served + pairs[1].served, 1);
    close(fds[0]);
    close(fds[1]);
    weft_loop_destroy(loop);
}

static void deferred_again(void *arg)
{
    struct alarm *alarm = arg;
    if (++alarm->number < 3)
        weft_loop_defer(alarm->loop, deferred_again, alarm);
    else
        weft_loop_stop(alarm->loop);
}

static void deferred_runs_without_waiting(void **state)
{
    struct alarm alarm = { 0 };
    assert_int_equal(weft_loop_create(&alarm.loop, 0, NULL), WEFT_OK);
    weft_loop_defer(alarm.loop, deferred_again, &alarm);
    weft_loop_run(alarm.loop);
    assert_int_equal(alarm.number, 3);
    weft_loop_destroy(alarm.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_come_in_order),
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(removed_watch_is_not_served),
        cmocka_unit_test(deferred_runs_without_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
