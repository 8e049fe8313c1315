/* store_block.c -- files of blocks and the blocks in them, as sets of the store see them: opened at
 * first use, masked, removed with their last reader. */
#include "store/store_internal.h"

/* ---- files ---- */

struct weft_store_container *weft_store_container_create(const char *path, uint64_t number,
                                                         uint64_t bytes, uint64_t created_unix_ns)
{
    struct weft_store_container *file = weft_alloc_zero(sizeof *file);
    size_t path_len = strlen(path);

    atomic_init(&file->references, 1);
    file->path = weft_alloc(path_len + 1);
    memcpy(file->path, path, path_len + 1);
    file->number = number;
    file->bytes = bytes;
    file->created_unix_ns = created_unix_ns;
    file->member_count = 1;
    pthread_mutex_init(&file->mutex, NULL);
    return file;
}

static uint64_t *numbers_copy(const uint64_t *numbers, uint32_t count)
{
    if (count == 0) return NULL;
    uint64_t *copy = weft_alloc_array(count, sizeof *copy);
    memcpy(copy, numbers, count * sizeof *copy);
    return copy;
}

struct weft_store_container *weft_store_container_create_bundle(
    const char *path, const struct weft_bundle_summary *summary, struct weft_bundle *open)
{
    struct weft_store_container *file = weft_store_container_create(
        path, summary->number, summary->file_bytes, summary->created_unix_ns);

    file->is_bundle = true;
    file->member_count = summary->member_count;
    file->superseded_bundle_count = summary->superseded_bundle_count;
    file->superseded_bundles =
        numbers_copy(summary->superseded_bundles, summary->superseded_bundle_count);
    file->bundle = open;
    return file;
}

static void file_ref(struct weft_store_container *file)
{
    atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
}

void weft_store_container_unref(struct weft_store_container *file)
{
    struct weft_err err;

    if (file == NULL || atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
        return;
    weft_bundle_unref(file->bundle);
    if (file->leaving_bytes != NULL) atomic_fetch_sub(file->leaving_bytes, file->bytes);
    if (atomic_load(&file->is_obsolete) && weft_file_unlink(file->path, &err) < 0)
        weft_log(WEFT_LOG_WARN, "store", "a file that is no longer needed stays: %s", err.text);
    pthread_mutex_destroy(&file->mutex);
    weft_free(file->superseded_bundles);
    weft_free(file->path);
    weft_free(file);
}

bool weft_store_container_claim(struct weft_store_container *file, enum weft_store_claim claim)
{
    uint32_t none = WEFT_CLAIM_NONE;
    return atomic_compare_exchange_strong(&file->claim, &none, claim);
}

void weft_store_container_give_up(struct weft_store_container *file)
{
    atomic_store(&file->claim, WEFT_CLAIM_NONE);
}

/* ---- blocks ---- */

struct weft_store_block *weft_store_block_create(struct weft_store_container *file,
                                                 const struct weft_block_summary *summary,
                                                 struct weft_block_mask *mask,
                                                 struct weft_block *open)
{
    struct weft_store_block *block = weft_alloc_zero(sizeof *block);

    atomic_init(&block->references, 1);
    block->file = file;
    file_ref(file);
    block->summary = *summary;
    block->summary.superseded_segments =
        numbers_copy(summary->superseded_segments, summary->superseded_segment_count);
    block->summary.superseded_blocks =
        numbers_copy(summary->superseded_blocks, summary->superseded_block_count);
    weft_block_mask_ref(mask);
    block->mask = mask;
    pthread_mutex_init(&block->mutex, NULL);
    atomic_init(&block->block, open);
    block->memo = weft_store_memo_create();
    return block;
}

void weft_store_block_ref(struct weft_store_block *block)
{
    atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
}

void weft_store_block_unref(struct weft_store_block *block)
{
    if (block == NULL ||
        atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) != 1)
        return;
    weft_block_unref(atomic_load(&block->block));
    weft_block_mask_unref(block->mask);
    weft_store_memo_unref(block->memo);
    pthread_mutex_destroy(&block->mutex);
    weft_free((void *)(uintptr_t)block->summary.superseded_segments);
    weft_free((void *)(uintptr_t)block->summary.superseded_blocks);
    weft_store_container_unref(block->file);
    weft_free(block);
}

uint64_t weft_store_block_spans(const struct weft_store_block *block)
{
    return block->summary.span_count - weft_block_mask_spans(block->mask);
}

uint64_t weft_store_block_time(const struct weft_store_block *block)
{
    const struct weft_block_summary *summary = &block->summary;
    return summary->start_max < summary->created_unix_ns ? summary->start_max
                                                         : summary->created_unix_ns;
}

static int member_open(struct weft_store_block *block, struct weft_block **out,
                       struct weft_err *err)
{
    struct weft_store_container *file = block->file;
    int rc = WEFT_OK;

    pthread_mutex_lock(&file->mutex);
    if (file->bundle == NULL) rc = weft_bundle_open(&file->bundle, file->path, err);
    pthread_mutex_unlock(&file->mutex);
    return rc < 0 ? rc : weft_bundle_block(file->bundle, block->summary.member, out, err);
}

/* The catalogue said what is in the file; now the footer is asked. */
static int block_open(struct weft_store_block *block, struct weft_err *err)
{
    struct weft_block *opened = NULL;
    struct weft_block_summary footer;
    int rc = block->file->is_bundle ? member_open(block, &opened, err)
                                    : weft_block_open(&opened, block->file->path, err);

    if (rc < 0) return rc;
    weft_block_summary_from(&footer, opened);
    if (!weft_block_summary_equal(&footer, &block->summary)) {
        weft_block_unref(opened);
        return weft_fail(
            err, WEFT_CORRUPT,
            "%s: the footer of block %llu and the catalogue tell different things; remove CATALOG "
            "and start again: it is made anew from the footers",
            block->file->path, (unsigned long long)block->summary.number);
    }
    atomic_store_explicit(&block->block, opened, memory_order_release);
    return WEFT_OK;
}

int weft_store_block_get(struct weft_store_block *block, struct weft_block **out,
                         struct weft_err *err)
{
    int rc = WEFT_OK;

    *out = atomic_load_explicit(&block->block, memory_order_acquire);
    if (*out != NULL) return weft_block_intact(*out, err);
    pthread_mutex_lock(&block->mutex);
    if (atomic_load(&block->block) == NULL) rc = block_open(block, err);
    *out = atomic_load(&block->block);
    pthread_mutex_unlock(&block->mutex);
    return rc;
}

bool weft_store_block_is_damaged(struct weft_store_block *block)
{
    struct weft_block *open = atomic_load_explicit(&block->block, memory_order_acquire);

    return atomic_load(&block->is_damaged) ||
           (open != NULL && weft_block_intact(open, NULL) != WEFT_OK);
}

/* ---- bundles ---- */

static int member_read(struct weft_store_container *file, uint32_t index,
                       struct weft_store_block **out, struct weft_err *err)
{
    struct weft_block *open = NULL;
    struct weft_block_summary summary;
    int rc = weft_bundle_block(file->bundle, index, &open, err);

    if (rc < 0) return rc;
    weft_block_summary_from(&summary, open);
    summary.bundle = file->number;
    summary.member = index;
    *out = weft_store_block_create(file, &summary, NULL, open);
    return WEFT_OK;
}

int weft_store_bundle_read(const char *path, uint64_t number, struct weft_store_container **file,
                           struct weft_store_block ***members, uint32_t *count,
                           void (*damaged)(void *arg, const struct weft_err *err), void *arg,
                           struct weft_err *err)
{
    struct weft_bundle *bundle = NULL;
    struct weft_bundle_info info;
    int rc = weft_bundle_open(&bundle, path, err);

    *file = NULL;
    *members = NULL;
    *count = 0;
    if (rc < 0) return rc;
    weft_bundle_info(bundle, &info);
    const struct weft_bundle_summary summary = {
        .number = info.number,
        .file_bytes = info.file_bytes,
        .created_unix_ns = info.created_unix_ns,
        .member_count = info.member_count,
        .superseded_bundle_count = info.superseded_bundle_count,
        .superseded_bundles = info.superseded_bundles,
    };
    *file = weft_store_container_create_bundle(path, &summary, bundle);
    if (info.number != number)
        rc = weft_fail(err, WEFT_CORRUPT, "%s: its trailer says bundle %llu", path,
                       (unsigned long long)info.number);
    *members = weft_alloc_array(info.member_count, sizeof **members);
    for (uint32_t i = 0; i < info.member_count && rc == WEFT_OK; i++) {
        struct weft_err why;
        rc = member_read(*file, i, &(*members)[*count], &why);
        if (rc == WEFT_OK) (*count)++;
        if (rc == WEFT_CORRUPT && damaged != NULL) {
            damaged(arg, &why); /* the others can still be read */
            rc = WEFT_OK;
        }
        if (rc < 0 && err != NULL) *err = why;
    }
    if (rc == WEFT_OK) return rc;
    for (uint32_t i = 0; i < *count; i++) weft_store_block_unref((*members)[i]);
    *count = 0;
    return rc;
}

/* ---- masks ---- */

static int entry_compare(const void *a, const void *b)
{
    uint64_t x = ((const struct weft_mask_entry *)a)->block,
             y = ((const struct weft_mask_entry *)b)->block;
    return (x > y) - (x < y);
}

struct weft_store_block *weft_store_block_with_mask(struct weft_store_block *block,
                                                    struct weft_block_mask *mask)
{
    struct weft_block *open = atomic_load_explicit(&block->block, memory_order_acquire);

    if (open != NULL) weft_block_ref(open);
    struct weft_store_block *masked =
        weft_store_block_create(block->file, &block->summary, mask, open);
    atomic_store(&masked->is_damaged, atomic_load(&block->is_damaged));
    return masked;
}

void weft_store_blocks_mask(struct weft_store_block **blocks, uint32_t count,
                            struct weft_mask_entry *entries, uint64_t entry_count)
{
    uint64_t at = 0;

    if (entry_count > 1) qsort(entries, entry_count, sizeof *entries, entry_compare);
    for (uint32_t i = 0; i < count && at < entry_count; i++) {
        uint64_t number = blocks[i]->summary.number;
        while (at < entry_count && entries[at].block < number) at++;
        uint64_t first = at;
        while (at < entry_count && entries[at].block == number) at++;
        if (at == first) continue;
        struct weft_block_mask *mask =
            weft_block_mask_create(blocks[i]->mask, number, entries + first, at - first);
        struct weft_store_block *masked = weft_store_block_with_mask(blocks[i], mask);
        weft_block_mask_unref(mask);
        weft_store_block_unref(blocks[i]);
        blocks[i] = masked;
    }
}
