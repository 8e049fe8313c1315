/* compaction_policy.c -- see compaction_policy.h. */
#include "store/compaction_policy.h"

/* Files of a level that look alike have the same tier; those that stay as they are have none. */
#define NO_TIER UINT32_MAX
#define TIERS_MAX 64u

/* 0 for 1, and one more each time `value` is `base` times as large. */
static uint32_t tier_of(uint64_t value, uint32_t base)
{
    uint32_t tier = 0;

    for (; value >= base && tier < TIERS_MAX - 1; value /= base) tier++;
    return tier;
}

static bool choose_segments(const struct weft_compaction_policy *policy,
                            const struct weft_compaction_file *files, uint32_t count,
                            struct weft_compaction_choice *out)
{
    uint64_t bytes = 0;
    bool is_old = false;

    out->count = 0;
    for (uint32_t i = 0; i < count && out->count < policy->segments_max; i++) {
        if (files[i].source != WEFT_COMPACT_SEGMENT) continue;
        /* A block is smaller than the rows it is made of. One alone is tried whatever is free. */
        bytes += files[i].bytes;
        if (out->count > 0 && bytes > policy->room_bytes) break;
        out->files[out->count++] = i;
        is_old |= files[i].waits_ns >= policy->segment_age_ns;
    }
    return out->count > 0 && (policy->segments_now || is_old || out->count >= policy->segments_min);
}

static bool is_small(const struct weft_compaction_policy *policy,
                     const struct weft_compaction_file *file)
{
    return file->spans < policy->small_spans && file->bytes < policy->small_bytes;
}

static uint32_t tier_small(const struct weft_compaction_policy *policy,
                           const struct weft_compaction_file *file)
{
    if (file->source != WEFT_COMPACT_BLOCK || !is_small(policy, file)) return NO_TIER;
    return tier_of(file->spans, policy->fan_in);
}

static uint32_t tier_full(const struct weft_compaction_policy *policy,
                          const struct weft_compaction_file *file)
{
    return file->source == WEFT_COMPACT_BLOCK && !is_small(policy, file) ? 0 : NO_TIER;
}

static uint32_t tier_bundle(const struct weft_compaction_policy *policy,
                            const struct weft_compaction_file *file)
{
    return file->source == WEFT_COMPACT_BUNDLE ? tier_of(file->members, policy->fan_in) : NO_TIER;
}

/* A run of neighbours (in the tier) that is being collected. */
struct run {
    uint64_t bytes, time_min, time_max;
};

static bool run_takes(const struct weft_compaction_policy *policy, struct run *run,
                      const struct weft_compaction_file *file)
{
    struct run with = *run;

    with.bytes += file->bytes;
    if (file->time_min < with.time_min) with.time_min = file->time_min;
    if (file->time_max > with.time_max) with.time_max = file->time_max;
    if (with.bytes > policy->bundle_bytes_max || with.bytes > policy->room_bytes ||
        with.time_max - with.time_min > policy->time_max_ns)
        return false;
    *run = with;
    return true;
}

/* The oldest fan_in neighbours of a tier that fit together. A file that does not fit ends a run and
 * begins the next one: what lies before it stays as it is. */
static bool choose_tier(const struct weft_compaction_policy *policy,
                        const struct weft_compaction_file *files, uint32_t count, uint32_t tier,
                        uint32_t (*tier_of_file)(const struct weft_compaction_policy *,
                                                 const struct weft_compaction_file *),
                        struct weft_compaction_choice *out)
{
    struct run run = { .time_min = UINT64_MAX };

    out->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (tier_of_file(policy, &files[i]) != tier) continue;
        if (!run_takes(policy, &run, &files[i])) {
            run = (struct run){ .time_min = UINT64_MAX };
            out->count = 0;
            if (!run_takes(policy, &run, &files[i])) {
                run = (struct run){ .time_min = UINT64_MAX };
                continue;
            }
        }
        out->files[out->count++] = i;
        if (out->count == policy->fan_in) return true;
    }
    return false;
}

static bool choose_tiers(const struct weft_compaction_policy *policy,
                         const struct weft_compaction_file *files, uint32_t count,
                         uint32_t (*tier_of_file)(const struct weft_compaction_policy *,
                                                  const struct weft_compaction_file *),
                         struct weft_compaction_choice *out)
{
    for (uint32_t tier = 0; tier < TIERS_MAX; tier++)
        if (choose_tier(policy, files, count, tier, tier_of_file, out)) return true;
    return false;
}

void weft_compaction_choose(enum weft_compaction_kind kind,
                            const struct weft_compaction_policy *policy,
                            const struct weft_compaction_file *files, uint32_t count,
                            struct weft_compaction_choice *out)
{
    if (kind == WEFT_COMPACT_MERGE) {
        if (choose_segments(policy, files, count, out)) return;
        if (choose_tiers(policy, files, count, tier_small, out)) return;
    } else {
        if (choose_tiers(policy, files, count, tier_full, out)) return;
        if (choose_tiers(policy, files, count, tier_bundle, out)) return;
    }
    out->count = 0;
}
