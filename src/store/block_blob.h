/* block_blob.h -- values too long for runs: stored once per content, named by numbers behind those
 * of the dictionary (docs/format/block.md, "Blobs").
 *
 * Number     strings.count + i is the i-th blob: runs, events and links hold it as they hold the
 *            number of a string; only comparing numbers as ranks stops at strings.count
 */
#ifndef WEFT_STORE_BLOCK_BLOB_H
#define WEFT_STORE_BLOCK_BLOB_H
#include "model/predicate.h"
#include "store/block_internal.h"

struct weft_blob {
    const uint8_t *hash; /* 16 B */
    uint64_t offset;     /* in the file */
    uint32_t stored_bytes, raw_bytes;
    const char
        *preview; /* the first bytes: as many as there are, at most WEFT_BLOB_PREVIEW_BYTES */
};
int weft_block_blobs_open(struct weft_block *block, struct weft_err *err);
struct weft_blob weft_block_blob(const struct weft_block *block, uint32_t i);
/* The bytes as they are stored, checked. */
int weft_block_blob_stored(struct weft_block *block, uint32_t i, const uint8_t **out,
                           struct weft_err *err);
/* The whole content into `out`, which is emptied first. */
int weft_block_blob_read(struct weft_block *block, uint32_t i, struct weft_buf *out,
                         struct weft_err *err);
/* Does the value hold? Mostly length and preview know; else it is read. */
int weft_block_blob_holds(struct weft_block_reader *reader, uint32_t i, uint32_t type,
                          const struct weft_predicate *predicate, bool *holds,
                          struct weft_err *err);
/* Every blob read and hashed. */
int weft_block_blobs_check(struct weft_block *block, struct weft_err *err);

#endif
