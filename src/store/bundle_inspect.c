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
                  "bundle %s: byte %" PRIu64 " between its members is %u instead of 0; nothing "
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

int weft_bundle_check(struct weft_bundle *b, void (*report)(void *arg, const char *sentence),
                      void *arg, struct weft_err *err)
{
    struct checking c = { .bundle = b, .report = report, .arg = arg };
    const uint8_t *trailer = b->map + b->info.file_bytes - WEFT_BUNDLE_TRAILER_BYTES;
    uint64_t end = WEFT_BUNDLE_HEADER_BYTES;

    for (uint32_t i = 0; i < b->info.member_count; i++) {
        zeros_check(&c, end, b->members[i].offset);
        member_check(&c, i);
        end = b->members[i].offset + b->members[i].bytes;
    }
    zeros_check(&c, end, weft_load_u64(trailer));
    if (c.findings == 0) return WEFT_OK;
    return weft_fail(err, WEFT_CORRUPT, "bundle %s: %" PRIu64 " findings; the last: %s", b->path,
                     c.findings, c.err.text);
}
