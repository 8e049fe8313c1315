/* compaction_policy_test.c -- lists of files, and what is chosen from them. */
#include "store/compaction_policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One letter a file: s segment (100 bytes), S one that has waited; a, b small blocks of 10 and 100
 * spans, F a full one (1,000 spans); 1, 2 bundles with 4 and 16 members. Below each its day, and x when
 * it is chosen. */
#define NEITHER (-1)
static const struct {
    const char *name, *files, *days, *chosen;
    int kind; /* the other chooses nothing */
    bool now;
    uint64_t room;
} cases[] = {
    { "nothing", "", "", "", NEITHER, 0, 0 },
    { "too few segments", "sss", "000", "---", NEITHER, 0, 0 },
    { "enough segments", "ssss", "0000", "xxxx", WEFT_COMPACT_MERGE, 0, 0 },
    { "no more than the most", "ssssssss", "00000000", "xxxxxx--", WEFT_COMPACT_MERGE, 0, 0 },
    { "one has waited", "Ss", "00", "xx", WEFT_COMPACT_MERGE, 0, 0 },
    { "now", "s", "0", "x", WEFT_COMPACT_MERGE, 1, 0 },
    { "room for two", "ssssss", "000000", "xx----", WEFT_COMPACT_MERGE, 1, 250 },
    { "one is tried without room", "ssss", "0000", "x---", WEFT_COMPACT_MERGE, 1, 1 },
    { "segments before blocks", "ssssaaaa", "00000000", "xxxx----", WEFT_COMPACT_MERGE, 0, 0 },
    { "small blocks", "aaaa", "0000", "xxxx", WEFT_COMPACT_MERGE, 0, 0 },
    { "small blocks of two sizes", "aaabbba", "0000000", "xxx---x", WEFT_COMPACT_MERGE, 0, 0 },
    { "three of each", "aaabbb", "000000", "------", NEITHER, 0, 0 },
    { "too far apart", "aaaa", "0009", "----", NEITHER, 0, 0 },
    { "the next four are near", "aaaaaaa", "0009999", "---xxxx", WEFT_COMPACT_MERGE, 0, 0 },
    { "full blocks are bundled", "FFFF", "0000", "xxxx", WEFT_COMPACT_BUNDLING, 0, 0 },
    { "small ones between full ones", "FaFFbF", "000000", "x-xx-x", WEFT_COMPACT_BUNDLING, 0, 0 },
    { "no room for a bundle", "FFFF", "0000", "----", NEITHER, 0, 3000 },
    { "bundles of one tier", "1112", "0000", "----", NEITHER, 0, 0 },
    { "bundles of one tier", "11121", "00000", "xxx-x", WEFT_COMPACT_BUNDLING, 0, 0 },
    { "bundles would be too large", "2222", "0000", "----", NEITHER, 0, 0 },
};
#define DAY 100u

static struct weft_compaction_file file_from(char letter, char day)
{
    struct weft_compaction_file file = { .members = 1 };

    file.time_max = (uint64_t)(day - '0') * DAY;
    file.time_min = file.time_max;
    switch (letter) {
    case 'S':
    case 's':
        file.waits_ns = letter == 'S' ? 1000 : 0;
        file.source = WEFT_COMPACT_SEGMENT;
        file.bytes = 100;
        return file;
    case 'a': file.spans = 10; break;
    case 'b': file.spans = 100; break;
    case 'F': file.spans = 1000; break;
    default:
        file.source = WEFT_COMPACT_BUNDLE;
        file.members = letter == '1' ? 4 : 16;
        file.bytes = file.spans = file.members * 1000;
        return file;
    }
    file.source = WEFT_COMPACT_BLOCK;
    file.bytes = file.spans;
    return file;
}

static void cases_test(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct weft_compaction_policy policy = {
            .segments_min = 4,
            .segments_max = 6,
            .segment_age_ns = 1000,
            .segments_now = cases[i].now,
            .fan_in = 4,
            .small_spans = 1000,
            .small_bytes = 1000,
            .bundle_bytes_max = 50000,
            .time_max_ns = 5 * DAY,
            .room_bytes = cases[i].room == 0 ? UINT64_MAX : cases[i].room,
        };
        struct weft_compaction_file files[16];
        uint32_t chosen[16], count = (uint32_t)strlen(cases[i].files);
        struct weft_compaction_choice choice = { .files = chosen };

        for (uint32_t k = 0; k < count; k++)
            files[k] = file_from(cases[i].files[k], cases[i].days[k]);
        for (int kind = WEFT_COMPACT_MERGE; kind <= WEFT_COMPACT_BUNDLING; kind++) {
            char text[17] = "----------------", none[17] = "----------------";
            text[count] = none[count] = 0;
            weft_compaction_choose(kind, &policy, files, count, &choice);
            for (uint32_t k = 0; k < choice.count; k++) text[chosen[k]] = 'x';
            if (strcmp(text, cases[i].kind == kind ? cases[i].chosen : none) != 0)
                fail_msg("%s: kind %d, files %s", cases[i].name, kind, text);
        }
    }
}

/* A store that gets a block a minute for 40 days: how many files it has, and how often a span is
 * written again by merging. */
static void quiet_store_test(void **state)
{
    enum { MINUTES = 40 * 24 * 60 };
    static struct weft_compaction_file files[4096];
    static uint32_t chosen[4096];
    const uint64_t minute = 60, day = 24 * 60 * minute;
    const struct weft_compaction_policy policy = { .segments_min = 8,
                                                   .segments_max = 16,
                                                   .segment_age_ns = 1,
                                                   .fan_in = 8,
                                                   .small_spans = 1 << 20,
                                                   .small_bytes = 32 << 20,
                                                   .bundle_bytes_max = UINT64_C(8) << 30,
                                                   .time_max_ns = day,
                                                   .room_bytes = UINT64_MAX };
    uint64_t rewritten = 0, spans = 0;
    uint32_t count = 0, most = 0;

    for (uint64_t m = 0; m < MINUTES; m++) {
        struct weft_compaction_choice choice = { .files = chosen };
        files[count++] = (struct weft_compaction_file){ .source = WEFT_COMPACT_BLOCK,
                                                        .bytes = 2000,
                                                        .spans = 100,
                                                        .time_min = m * minute,
                                                        .time_max = m * minute,
                                                        .members = 1 };
        spans += 100;
        while (weft_compaction_choose(WEFT_COMPACT_MERGE, &policy, files, count, &choice),
               choice.count > 0) {
            struct weft_compaction_file merged = files[chosen[0]];
            uint32_t kept = 0;
            merged.bytes = merged.spans = 0;
            for (uint32_t i = 0; i < choice.count; i++) {
                merged.spans += files[chosen[i]].spans;
                merged.bytes += files[chosen[i]].bytes;
                merged.time_max = merged.time_min = files[chosen[i]].time_max;
                files[chosen[i]].members = 0;
            }
            rewritten += merged.spans;
            files[chosen[choice.count - 1]] = merged; /* where the newest was */
            for (uint32_t i = 0; i < count; i++)
                if (files[i].members > 0) files[kept++] = files[i];
            count = kept;
        }
        if (count > most) most = count;
    }
    assert_true(most < 250); /* 5 a day at the end of each, and what is not merged yet */
    assert_true(rewritten < 5 * spans);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(cases_test),
                                        cmocka_unit_test(quiet_store_test) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
