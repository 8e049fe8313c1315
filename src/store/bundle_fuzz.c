/* bundle_fuzz.c -- a bundle file of any bytes, its checksums and those of its members made right: opening, checking and
 * bundling its members again must only ever refuse.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "store/block_mend.h"
#include "store/bundle_internal.h"
#include "store/file_explain.h"
#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Members where the first section of the directory says that they are. */
static void members_mend(uint8_t *b, uint64_t directory, uint32_t bytes)
{
    if (bytes < 8 + WEFT_BUNDLE_SECTION_BYTES) return;
    uint64_t at = weft_load_u64(b + directory + 16), len = weft_load_u64(b + directory + 24);
    if (at > bytes || len > bytes - at) return;
    for (uint64_t m = 0; m + WEFT_BUNDLE_MEMBER_BYTES <= len; m += WEFT_BUNDLE_MEMBER_BYTES) {
        uint64_t offset = weft_load_u64(b + directory + at + m + 8),
                 size = weft_load_u64(b + directory + at + m + 16);
        if (offset <= directory && size <= directory - offset) weft_block_mend(b + offset, size);
    }
}

static void bundle_mend(uint8_t *b, size_t size)
{
    if (size < WEFT_BUNDLE_HEADER_BYTES + WEFT_BUNDLE_TRAILER_BYTES) return;
    uint8_t *t = b + size - WEFT_BUNDLE_TRAILER_BYTES;
    uint64_t first = weft_load_u64(t), end = size - WEFT_BUNDLE_TRAILER_BYTES;
    uint32_t bytes = weft_load_u32(t + 8);
    if (bytes > end || first > end - bytes) return;
    uint64_t tail = bytes + UINT64_C(48), last = end - bytes;
    weft_store_u64(b + 56, weft_hash(b, 56));
    members_mend(b, last, bytes);
    weft_store_u64(t + 32, weft_hash(b + last, bytes + UINT64_C(32)));
    weft_store_u64(t + 40, WEFT_BUNDLE_MAGIC);
    if (first + tail <= last) memcpy(b + first, b + last, tail);
}

static void bundle_again(struct weft_bundle *bundle, const char *directory)
{
    struct weft_bundle_part parts[8];
    struct weft_bundle_input input = { .members = parts };
    struct weft_bundle_options options = { .directory = directory,
                                           .number = 2,
                                           .patch_number = 0xffffff };
    struct weft_bundle_stats stats;
    struct weft_bundle_info info;
    char path[128];

    weft_bundle_info(bundle, &info);
    for (uint32_t i = 0; i < info.member_count && i < 8; i++) {
        parts[input.member_count].mask = NULL;
        if (weft_bundle_block(bundle, i, &parts[input.member_count].block, NULL) == 0)
            input.member_count++;
    }
    /* Some are beside the bundle. */
    uint32_t members = input.member_count;
    input.others = parts + members / 2 + 1;
    if (members > 2) {
        input.member_count = members / 2 + 1;
        input.other_count = members - input.member_count;
    }
    if (weft_bundle_write(&input, &options, &stats, NULL) == 0) {
        snprintf(path, sizeof path, "%s/bundle-%016x.weft", directory, 2);
        weft_file_unlink(path, NULL);
    }
    for (uint32_t i = 0; i < members; i++) weft_block_unref(parts[i].block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char directory[64];
    struct weft_bundle *bundle;
    struct weft_buf text = { 0 };
    char path[128];
    int fd;

    if (directory[0] == 0) {
        snprintf(directory, sizeof directory, "/tmp/weft-bundle-fuzz-XXXXXX");
        if (mkdtemp(directory) == NULL) return 0;
    }
    uint8_t *copy = weft_alloc(size + 1);
    memcpy(copy, data, size);
    bundle_mend(copy, size);
    snprintf(path, sizeof path, "%s/bundle-0000000000000001.weft", directory);
    if (weft_file_open(&fd, path, O_WRONLY | O_CREAT | O_TRUNC, NULL) == 0) {
        weft_file_write_at(fd, path, copy, size, 0, NULL);
        weft_file_close(&fd);
        weft_file_explain(path, 0, size, &text, NULL);
        weft_buf_release(&text);
        if (weft_bundle_open(&bundle, path, NULL) == 0) {
            weft_bundle_check(bundle, NULL, NULL, NULL);
            bundle_again(bundle, directory);
            weft_bundle_unref(bundle);
        }
    }
    weft_free(copy);
    return 0;
}
