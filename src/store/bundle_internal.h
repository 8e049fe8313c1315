/* bundle_internal.h -- the numbers of the bundle file (docs/format/bundle.md), an open bundle, and a bundle as it is
 * written.
 */
#ifndef WEFT_STORE_BUNDLE_INTERNAL_H
#define WEFT_STORE_BUNDLE_INTERNAL_H
#include "base/endian.h"
#include "store/block_internal.h"
#include "store/bundle.h"

#define WEFT_BUNDLE_MAGIC UINT64_C(0x016c646274666577) /* "weftbdl\1" */
#define WEFT_BUNDLE_FORMAT_VERSION 1u
#define WEFT_BUNDLE_ALIGNMENT 4096u
#define WEFT_BUNDLE_HEADER_BYTES 64u
#define WEFT_BUNDLE_TRAILER_BYTES 48u
#define WEFT_BUNDLE_SECTION_BYTES 24u
#define WEFT_BUNDLE_SECTION_REQUIRED 1u
#define WEFT_BUNDLE_MEMBER_BYTES 32u
#define WEFT_BUNDLE_MEMBERS_MAX 65536u
enum weft_bundle_section {
    WEFT_BUNDLE_MEMBERS = 1,
    WEFT_BUNDLE_SUPERSEDED,
    WEFT_BUNDLE_SECTION_LIMIT,
};

static inline void weft_bundle_header_make(uint8_t out[static WEFT_BUNDLE_HEADER_BYTES],
                                           uint64_t number)
{
    memset(out, 0, WEFT_BUNDLE_HEADER_BYTES);
    weft_store_u64(out, WEFT_BUNDLE_MAGIC);
    weft_store_u32(out + 8, WEFT_BUNDLE_FORMAT_VERSION);
    weft_store_u32(out + 12, WEFT_BUNDLE_ALIGNMENT);
    weft_store_u64(out + 16, number);
    weft_store_u64(out + 56, weft_hash(out, WEFT_BUNDLE_HEADER_BYTES - 8));
}

struct weft_bundle {
    _Atomic uint32_t references;
    _Atomic bool is_obsolete;
    char *path;
    const uint8_t *map;
    uint64_t directory, last_directory; /* offsets of its two copies */
    uint64_t tail_bytes;                /* of directory and trailer */
    struct weft_bundle_info info;
    struct weft_bundle_member *members;
    uint64_t *superseded;
};

/* ---- writing (bundle_writer.c) ---- */

struct weft_bundle_writer {
    char *path, *temporary; /* temporary is NULL once renamed */
    int fd;
    uint64_t number, offset; /* offset: bytes written */
    uint64_t unsynced;
    const _Atomic bool *cancelled;
    struct weft_buf members; /* their directory entries */
};
int weft_bundle_writer_create(struct weft_bundle_writer *w,
                              const struct weft_bundle_options *options, struct weft_err *err);
/* A block as it is, each page checked on the way. */
int weft_bundle_writer_copy(struct weft_bundle_writer *w, const struct weft_block *block,
                            struct weft_err *err);
/* A block whose bytes somebody else writes into the file: from where, and afterwards how many. */
int weft_bundle_writer_member_start(struct weft_bundle_writer *w, struct weft_err *err);
void weft_bundle_writer_member_end(struct weft_bundle_writer *w, uint64_t number, uint64_t bytes);
/* Directory and trailer, twice; sync, rename. */
int weft_bundle_writer_finish(struct weft_bundle_writer *w, const uint64_t *superseded,
                              uint32_t superseded_count, struct weft_err *err);
void weft_bundle_writer_release(struct weft_bundle_writer *w);

#endif
