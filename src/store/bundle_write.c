/* bundle_write.c -- blocks into a bundle: members copied as they are, then the directory. */
#include "store/bundle_internal.h"

int weft_bundle_write(const struct weft_bundle_input *input,
                      const struct weft_bundle_options *options, struct weft_bundle_stats *stats,
                      struct weft_err *err)
{
    struct weft_bundle_writer w = { .fd = -1 };
    int rc;

    *stats = (struct weft_bundle_stats){ 0 };
    if (input->member_count == 0)
        return weft_fail(err, WEFT_INVALID, "bundle: no blocks to put into it");
    rc = weft_bundle_writer_create(&w, options, err);
    for (uint32_t i = 0; i < input->member_count && rc == WEFT_OK; i++) {
        rc = weft_bundle_writer_copy(&w, input->members[i].block, err);
        stats->copied_bytes += input->members[i].block->file_bytes;
        stats->members++;
    }
    if (rc == WEFT_OK)
        rc = weft_bundle_writer_finish(&w, input->superseded_bundles,
                                       input->superseded_bundle_count, err);
    stats->bytes = w.offset;
    weft_bundle_writer_release(&w);
    return rc;
}
