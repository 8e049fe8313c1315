/* bundle_inspect.c -- a bundle read from end to end. */
#include "store/bundle_internal.h"
#include <inttypes.h>

struct checking {
    struct weft_bundle *bundle;
    void (*report)(void *arg, const char *sentence);
    void *arg;
    struct weft_err err;
    uint64_t findings;
};

static void note(void *arg, const char *sentence)
{
    struct checking *c = arg;
    c->findings++;
    if (c->report != NULL) c->report(c->arg, sentence);
}

/* No checksum covers the gaps, and nothing reads them: a bit that is set there tells of a disk that forgets. */
static void zeros_check(struct checking *c, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++) {
        if (c->bundle->map[at] == 0) continue;
        weft_fail(&c->err, WEFT_CORRUPT,
                  "bundle %s: byte %" PRIu64 " outside of its members is %u instead of 0; nothing "
                  "that is stored is affected",
                  c->bundle->path, at, c->bundle->map[at]);
        note(c, c->err.text);
        return;
    }
}

static void member_check(struct checking *c, uint32_t index)
{
    struct weft_block *block;
    struct weft_err err = { 0 };

    if (weft_bundle_block(c->bundle, index, &block, &err) < 0) {
        note(c, err.text);
    } else {
        weft_block_check(block, note, c, &err);
        weft_block_unref(block);
    }
    if (err.status != 0) c->err = err;
}

/* What is there twice, or can be made from what is: bundles open without it. */
static void tail_check(struct checking *c)
{
    const struct weft_bundle *b = c->bundle;
    uint8_t header[WEFT_BUNDLE_HEADER_BYTES];

    weft_bundle_header_make(header, b->info.number);
    for (uint64_t i = 0; i < sizeof header; i++) {
        if (b->map[i] == header[i]) continue;
        weft_fail(&c->err, WEFT_CORRUPT,
                  "bundle %s: header: byte %" PRIu64
                  " is %u, and from what the trailer says it was %u; no span is lost",
                  b->path, i, b->map[i], header[i]);
        note(c, c->err.text);
        break;
    }
    for (uint64_t i = 0; i < b->tail_bytes; i++) {
        if (b->map[b->directory + i] == b->map[b->last_directory + i]) continue;
        weft_fail(&c->err, WEFT_CORRUPT,
                  "bundle %s: its directory stands there twice, and the bytes at offsets %" PRIu64
                  " and %" PRIu64 " differ; the copy whose checksum fits is used, no span is lost",
                  b->path, b->directory + i, b->last_directory + i);
        note(c, c->err.text);
        break;
    }
}

/* All but the members. */
static void frame_check(struct checking *c)
{
    const struct weft_bundle *b = c->bundle;
    uint64_t end = WEFT_BUNDLE_HEADER_BYTES;

    tail_check(c);
    for (uint32_t i = 0; i < b->info.member_count; i++) {
        zeros_check(c, end, b->members[i].offset);
        end = b->members[i].offset + b->members[i].bytes;
    }
    zeros_check(c, end, b->directory);
    zeros_check(c, b->directory + b->tail_bytes, b->last_directory);
}

static int sum_up(const struct checking *c, struct weft_err *err)
{
    if (c->findings == 0) return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT, "bundle %s: %" PRIu64 " findings; the last: %s",
                     c->bundle->path, c->findings, c->err.text);
}

int weft_bundle_check_frame(struct weft_bundle *b, void (*report)(void *arg, const char *sentence),
                            void *arg, struct weft_err *err)
{
    struct checking c = { .bundle = b, .report = report, .arg = arg };

    frame_check(&c);
    return sum_up(&c, err);
}

int weft_bundle_check(struct weft_bundle *b, void (*report)(void *arg, const char *sentence),
                      void *arg, struct weft_err *err)
{
    struct checking c = { .bundle = b, .report = report, .arg = arg };

    frame_check(&c);
    for (uint32_t i = 0; i < b->info.member_count; i++) member_check(&c, i);
    return sum_up(&c, err);
}
