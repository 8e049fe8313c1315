/* block_writer.h -- a block file as it is written: bytes one after the other, a checksum per page,
 * at the end the footer and the name.
 *
 * Errors     WEFT_IO, WEFT_FULL (no space). After an error only destroy is left: it removes the
 *            half file
 * Threads    one owner
 */
#ifndef WEFT_STORE_BLOCK_WRITER_H
#define WEFT_STORE_BLOCK_WRITER_H
#include "base/file.h"
#include "store/block_format.h"

struct weft_block_writer {
    char *path, *temporary; /* temporary is NULL once renamed */
    int fd;
    bool
        is_inside; /* of a file that is somebody else's: from `base` on, neither synced nor renamed */
    uint64_t base;
    uint64_t number, created_unix_ns;
    uint64_t flushed;        /* bytes on disk; a multiple of the page size until the end */
    struct weft_buf pending; /* bytes behind them */
    struct weft_buf sums;
    struct weft_buf sections; /* entries of the footer's contents */
};
int weft_block_writer_create(struct weft_block_writer *w, const char *directory, uint64_t number,
                             uint64_t created_unix_ns, struct weft_err *err);
int weft_block_writer_create_inside(struct weft_block_writer *w, int fd, const char *path,
                                    uint64_t base, uint64_t number, uint64_t created_unix_ns,
                                    struct weft_err *err);
uint64_t weft_block_writer_offset(const struct weft_block_writer *w);
int weft_block_writer_append(struct weft_block_writer *w, const void *bytes, size_t len,
                             struct weft_err *err);
int weft_block_writer_align(struct weft_block_writer *w, struct weft_err *err); /* to 8 */
/* A section from `offset` to here. */
void weft_block_writer_section(struct weft_block_writer *w, uint32_t kind, uint32_t flags,
                               uint64_t offset);
/* Sums, footer (its fixed part is given; sections and `superseded` numbers follow) and trailer, all
 * twice; sync, rename. */
int weft_block_writer_finish(struct weft_block_writer *w,
                             const uint8_t fixed[static WEFT_BLOCK_FOOTER_FIXED],
                             struct weft_str superseded, struct weft_err *err);
void weft_block_writer_release(struct weft_block_writer *w);

#endif
