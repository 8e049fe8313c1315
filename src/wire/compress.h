/* compress.h -- one door to all compressions we take and send.
 *
 * Errors     WEFT_INVALID for broken data; WEFT_TOO_LARGE when the output would pass `bytes_max`,
 *            or more than `ratio` times the input plus 1 MiB (a bomb): checked while inflating
 * Threads    any; inflaters are kept per thread
 * Spec       RFC 1950, 1951, 1952 (all members), 8878; LZ4 frame 1.6; Snappy block (and framed) as
 *            the Collector takes it
 */
#ifndef WEFT_WIRE_COMPRESS_H
#define WEFT_WIRE_COMPRESS_H
#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"

enum weft_compression {
    WEFT_COMPRESSION_NONE,
    WEFT_COMPRESSION_GZIP,
    WEFT_COMPRESSION_DEFLATE,
    WEFT_COMPRESSION_ZLIB,
    WEFT_COMPRESSION_ZSTD,
    WEFT_COMPRESSION_SNAPPY,
    WEFT_COMPRESSION_SNAPPY_FRAMED,
    WEFT_COMPRESSION_LZ4,
    WEFT_COMPRESSION_COUNT
};
/* A content-encoding or grpc-encoding name ("gzip", "identity", "x-snappy-framed", ...); false:
 * unknown. */
bool weft_compression_parse(struct weft_str name, enum weft_compression *out);
const char *weft_compression_name(enum weft_compression compression);
/* Append the inflated bytes. ratio 0 takes the default (1,000). */
int weft_decompress(struct weft_buf *out, enum weft_compression compression, struct weft_str in,
                    uint64_t bytes_max, unsigned ratio, struct weft_err *err);
/* The same, and the room is asked for before it is taken, at once where the data tells its size. WEFT_FULL: others hold too much
 * of the budget now. The caller releases the claim when it is done with the bytes, also after a failure. */
int weft_decompress_claimed(struct weft_buf *out, enum weft_compression compression,
                            struct weft_str in, uint64_t bytes_max, unsigned ratio,
                            struct weft_claim *claim, struct weft_err *err);
int weft_compress(struct weft_buf *out, enum weft_compression compression, struct weft_str in,
                  struct weft_err *err);
void weft_compress_thread_release(void); /* give back what this thread keeps */

#endif
