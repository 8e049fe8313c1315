/* file_digest.h -- a file read or copied once, with the sums that tell later whether it is still the same.
 *
 * Errors     WEFT_IO, WEFT_FULL, WEFT_NOT_FOUND (no such file), WEFT_CORRUPT (shorter than asked for)
 * Threads    any
 */
#ifndef WEFT_STORE_FILE_DIGEST_H
#define WEFT_STORE_FILE_DIGEST_H
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct weft_file_digest {
    uint64_t bytes;
    uint64_t xxh3; /* of all bytes, seed 0 */
    uint8_t sha256[32];
};
bool weft_file_digest_equal(const struct weft_file_digest *a, const struct weft_file_digest *b);

int weft_file_digest(const char *path, struct weft_file_digest *out, struct weft_err *err);
/* The first `bytes` of `from` (UINT64_MAX: all) into the new file `to`, synced; nothing is left of it on an error. The first
 * `head_bytes` are taken from `head` instead, when it is not NULL. */
int weft_file_copy(const char *from, uint64_t bytes, const void *head, size_t head_bytes,
                   const char *to, struct weft_file_digest *out, struct weft_err *err);

#endif
