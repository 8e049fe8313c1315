/* service_slots_test.c -- slots in the order of first sight, kept in a file, whatever is in that. */
#include "base/file.h"
#include "server/service_slots.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

static char directory[] = "/tmp/weft-slots-XXXXXX";
static char path[64];

static struct weft_service_slots *open_slots(int rc)
{
    struct weft_service_slots *slots;
    struct weft_err err = { 0 };
    assert_int_equal(weft_service_slots_open(&slots, path, &err), rc);
    return slots;
}

static void save(struct weft_service_slots *slots)
{
    struct weft_err err;
    if (weft_service_slots_save(slots, &err) < 0) fail_msg("%s", err.text);
}

static void content_set(const char *text)
{
    struct weft_err err;
    assert_int_equal(weft_file_replace(path, weft_str_from_c(text), &err), WEFT_OK);
}

static void slots_are_given_once(void **state)
{
    unlink(path);
    struct weft_service_slots *slots = open_slots(WEFT_OK);
    assert_true(weft_service_slots_see(slots, WEFT_S("checkout")));
    assert_true(weft_service_slots_see(slots, WEFT_S("cart")));
    assert_false(weft_service_slots_see(slots, WEFT_S("checkout")));
    assert_int_equal(weft_service_slot(slots, WEFT_S("checkout")), 1);
    assert_int_equal(weft_service_slot(slots, WEFT_S("cart")), 2);
    assert_int_equal(weft_service_slot(slots, WEFT_S("car")), 0);
    assert_int_equal(weft_service_slot(NULL, WEFT_S("cart")), 0);
    assert_int_equal(weft_service_slots_count(slots), 2);
    weft_service_slots_destroy(slots);
}

static void some_have_none(void **state)
{
    char name[WEFT_SERVICE_SLOT_NAME_MAX + 1];
    memset(name, 'x', sizeof name);
    unlink(path);
    struct weft_service_slots *slots = open_slots(WEFT_OK);
    assert_false(weft_service_slots_see(slots, WEFT_S("")));
    assert_int_equal(weft_service_slot(slots, WEFT_S("")), 0);
    assert_false(weft_service_slots_see(slots, weft_str_make(name, sizeof name)));
    assert_true(weft_service_slots_see(slots, weft_str_make(name, sizeof name - 1)));
    for (unsigned i = 2; i <= 20; i++) {
        int len = snprintf(name, sizeof name, "service %u", i);
        assert_int_equal(weft_service_slots_see(slots, weft_str_make(name, (size_t)len)), i <= 16);
        assert_int_equal(weft_service_slot(slots, weft_str_make(name, (size_t)len)),
                         i <= 16 ? i : 0);
    }
    weft_service_slots_destroy(slots);
}

static void they_are_kept(void **state)
{
    const struct weft_str odd = WEFT_S("a \"b\"\n\xc3\xbc\\");
    unlink(path);
    struct weft_service_slots *slots = open_slots(WEFT_OK);
    save(slots); /* nothing to be written */
    assert_false(weft_file_exists(path));
    weft_service_slots_see(slots, WEFT_S("z"));
    weft_service_slots_see(slots, odd);
    save(slots);
    weft_service_slots_see(slots, WEFT_S("lost"));
    weft_service_slots_destroy(slots);
    slots = open_slots(WEFT_OK);
    assert_int_equal(weft_service_slot(slots, WEFT_S("z")), 1);
    assert_int_equal(weft_service_slot(slots, odd), 2);
    assert_int_equal(weft_service_slot(slots, WEFT_S("lost")), 0);
    assert_true(weft_service_slots_see(slots, WEFT_S("third")));
    assert_int_equal(weft_service_slot(slots, WEFT_S("third")), 3);
    weft_service_slots_destroy(slots);
}

/* What the file says, and how many services have a slot then; -1: it is damaged, and there are none. */
static void files_are_read(void **state)
{
    static const struct {
        const char *text;
        int count;
    } cases[] = {
        { "{\"version\":1,\"services\":[\"a\",\"b\"]}", 2 },
        { "{\"services\":[\"a\",\"a\",\"\"],\"version\":1}", 1 },
        { "{\"version\":1,\"services\":[],\"later\":{\"x\":[1,2]}}", 0 },
        { "{}", 0 },
        { "", -1 },
        { "[]", -1 },
        { "{\"version\":2,\"services\":[\"a\"]}", -1 },
        { "{\"version\":1,\"services\":\"a\"}", -1 },
        { "{\"version\":1,\"services\":[\"a\",1]}", -1 },
        { "{\"version\":1,\"services\":[\"a\",", -1 },
        { "{\"version\":1,\"services\":[\"a\"]", -1 },
        { "{\"version\":1,\"services\":[\"a\"]} x", -1 },
        { "{\"version\":1,\"later\":", -1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        content_set(cases[i].text);
        struct weft_service_slots *slots = open_slots(cases[i].count < 0 ? WEFT_CORRUPT : WEFT_OK);
        unsigned want = cases[i].count < 0 ? 0 : (unsigned)cases[i].count;
        if (weft_service_slots_count(slots) != want)
            fail_msg("%s: %u services, expected %u", cases[i].text, weft_service_slots_count(slots),
                     want);
        weft_service_slots_see(slots, WEFT_S("new")); /* good to be written over */
        save(slots);
        weft_service_slots_destroy(slots);
        slots = open_slots(WEFT_OK);
        assert_int_equal(weft_service_slot(slots, WEFT_S("new")), want + 1);
        weft_service_slots_destroy(slots);
    }
}

static void *see_all(void *arg)
{
    for (unsigned round = 0; round < 200; round++)
        for (unsigned i = 0; i < 26; i++) {
            char letter = (char)('a' + (i * 7 + round) % 26);
            struct weft_str name = weft_str_make(&letter, 1);
            weft_service_slots_see(arg, name);
            weft_service_slot(arg, name);
        }
    return NULL;
}

static void threads_agree(void **state)
{
    pthread_t threads[4];
    unlink(path);
    struct weft_service_slots *slots = open_slots(WEFT_OK);
    for (unsigned i = 0; i < 4; i++) pthread_create(&threads[i], NULL, see_all, slots);
    for (unsigned i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    unsigned seen = 0;
    for (char letter = 'a'; letter <= 'z'; letter++) {
        unsigned slot = weft_service_slot(slots, weft_str_make(&letter, 1));
        if (slot == 0) continue;
        assert_false(seen & 1u << slot);
        seen |= 1u << slot;
    }
    assert_int_equal(seen, 0x1fffe); /* 1 to 16, each once */
    weft_service_slots_destroy(slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_given_once), cmocka_unit_test(some_have_none),
        cmocka_unit_test(they_are_kept),        cmocka_unit_test(files_are_read),
        cmocka_unit_test(threads_agree),
    };
    if (mkdtemp(directory) == NULL) return 1;
    snprintf(path, sizeof path, "%s/SERVICES", directory);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(directory);
    return failed;
}
