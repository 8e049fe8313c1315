/* catalog.h -- the CATALOG file: summaries of blocks and bundles in one read, and numbers already given away.
 *
 * Shape      docs/format/catalog.md; replaced as a whole (write beside, sync, rename)
 * Errors     a catalogue that is missing or wrong is WEFT_NOT_FOUND or WEFT_CORRUPT, and no
 *            misfortune: footers have it all
 * Threads    plain data
 * Ownership  weft_catalog_release() frees what read and add made
 */
#ifndef WEFT_STORE_CATALOG_H
#define WEFT_STORE_CATALOG_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/span.h"
#include "store/block.h"

/* What a query must know of a block to leave it alone, and opening to know what it replaced. */
struct weft_block_summary {
    uint64_t number, file_bytes, span_count, trace_count, error_count, row_group_count;
    uint64_t start_min, start_max;
    uint64_t created_unix_ns, conflicting_duplicates;
    struct weft_trace_id trace_min, trace_max;
    const uint64_t *superseded_segments, *superseded_blocks;
    uint32_t superseded_segment_count, superseded_block_count;
    uint64_t masked_count; /* entries of its section MASKS */
    /* Where it lies; the block itself does not know. */
    uint64_t bundle; /* number; 0: in a file of its own */
    uint32_t member; /* of the bundle */
};
struct weft_bundle_summary {
    uint64_t number, file_bytes, created_unix_ns;
    uint32_t member_count, superseded_bundle_count;
    const uint64_t *superseded_bundles;
};
struct weft_catalog {
    uint64_t next_number; /* smallest number never used */
    struct weft_block_summary *blocks;
    uint32_t block_count, block_capacity;
    struct weft_bundle_summary *bundles; /* by number */
    uint32_t bundle_count, bundle_capacity;
    struct weft_arena arena;
};

#define WEFT_CATALOG_BYTES_MAX (256u << 20)

void weft_catalog_init(struct weft_catalog *catalog);
void weft_catalog_release(struct weft_catalog *catalog);
/* Copies the summary, its lists too. */
void weft_catalog_add(struct weft_catalog *catalog, const struct weft_block_summary *summary);
void weft_catalog_add_bundle(struct weft_catalog *catalog,
                             const struct weft_bundle_summary *summary);
const struct weft_bundle_summary *weft_catalog_find_bundle(const struct weft_catalog *catalog,
                                                           uint64_t number);
const struct weft_block_summary *weft_catalog_find(const struct weft_catalog *catalog,
                                                   uint64_t number);

void weft_catalog_encode(struct weft_buf *out, const struct weft_catalog *catalog);
int weft_catalog_decode(struct weft_catalog *out, struct weft_str bytes, struct weft_err *err);
int weft_catalog_read(struct weft_catalog *out, const char *path, struct weft_err *err);
int weft_catalog_write(const struct weft_catalog *catalog, const char *path, struct weft_err *err);

/* From an open block's footer; the lists point into the block. Equality is that of footers: where a
 * block lies does not count. */
void weft_block_summary_from(struct weft_block_summary *out, const struct weft_block *block);
bool weft_block_summary_equal(const struct weft_block_summary *a,
                              const struct weft_block_summary *b);

#endif
