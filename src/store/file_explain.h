/* file_explain.h -- the fixed fields of a file, byte by byte: offset, raw bytes, meaning (docs/format/).
 *
 * Errors     WEFT_NOT_FOUND, WEFT_IO; a file that is no file of ours is WEFT_INVALID
 */
#ifndef WEFT_STORE_FILE_EXPLAIN_H
#define WEFT_STORE_FILE_EXPLAIN_H
#include "base/buf.h"
#include "base/err.h"

/* Headers, chunk headers, footers, directories and trailers that lie within `from` .. `to` - 1. */
int weft_file_explain(const char *path, uint64_t from, uint64_t to, struct weft_buf *out,
                      struct weft_err *err);

#endif
