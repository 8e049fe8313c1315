/* compaction_failure.c -- a file that cannot be merged or bundled is set aside, so that all others need
 * not wait for it.
 *
 * Only failures that come from what is in the files count: what the disk refuses, it may do later. A
 * file whose checksums do not fit is set aside at once. When all fit, segments are tried one by one;
 * what then fails WEFT_STORE_FAILURES_MAX times is set aside too. It is read as before, as far as
 * it can be, its file stays for `weft store check` and repair, and after a restart it is tried again.
 */
#include "store/compaction_run.h"

static bool comes_from_files(int rc)
{
    return rc == WEFT_CORRUPT || rc == WEFT_INVALID || rc == WEFT_UNSUPPORTED ||
           rc == WEFT_TOO_LARGE;
}

/* True: it has now failed often enough. Told once. */
static bool count_failures(_Atomic uint32_t *failures, uint32_t more, const char *path,
                           const struct weft_err *err)
{
    uint32_t before = atomic_fetch_add(failures, more);

    if (before + more < WEFT_STORE_FAILURES_MAX) return false;
    if (before < WEFT_STORE_FAILURES_MAX)
        weft_log(WEFT_LOG_ERROR, "store",
                 "%s is set aside, it will not be compacted: %s; weft store check says more", path,
                 err->text);
    return true;
}

/* ---- segments ---- */

static bool segment_failed(const struct weft_store_segment *segment, uint32_t more,
                           const struct weft_err *err)
{
    return count_failures(&segment->memo->compaction_failures, more,
                          weft_segment_path(segment->segment), err);
}

static bool segments_verify(const struct weft_compaction *c)
{
    bool found = false;

    for (uint32_t i = 0; i < c->item_count; i++) {
        struct weft_segment_view view;
        struct weft_err err;
        weft_segment_view_init(&view, c->items[i].segment->segment);
        if (weft_segment_verify(&view, &err) < 0)
            found |= segment_failed(c->items[i].segment, WEFT_STORE_FAILURES_MAX, &err);
        weft_segment_view_release(&view);
    }
    return found;
}

static bool segments_failed(struct weft_store *store, const struct weft_compaction *c,
                            const struct weft_err *err)
{
    bool found = segments_verify(c);

    if (!found && c->item_count > 1) {
        store->merge_alone_max = c->items[c->item_count - 1].number;
        return true;
    }
    if (!found) found = segment_failed(c->items[0].segment, 1, err);
    if (found) { /* it is no longer in the tail */
        pthread_mutex_lock(&store->set_mutex);
        weft_store_tail_update(store, store->set);
        pthread_mutex_unlock(&store->set_mutex);
    }
    return found;
}

/* ---- blocks ---- */

static void report_nowhere(void *arg, const char *sentence) {}

/* Every page of those inputs, or of the files beside them that were asked for earlier spans. */
static bool blocks_verify(const struct weft_compaction *c)
{
    bool found = false;

    for (uint32_t i = 0; i < c->set->block_count; i++) {
        struct weft_store_block *block = c->set->blocks[i];
        struct weft_block *open;
        struct weft_err err;
        if (!weft_compaction_concerns(c, block) ||
            atomic_load(&block->file->compaction_failures) >= WEFT_STORE_FAILURES_MAX)
            continue;
        if (weft_store_block_get(block, &open, &err) < 0 ||
            weft_block_check(open, report_nowhere, NULL, &err) < 0)
            found |= count_failures(&block->file->compaction_failures, WEFT_STORE_FAILURES_MAX,
                                    block->file->path, &err);
    }
    return found;
}

static bool blocks_failed(const struct weft_compaction *c, const struct weft_err *err)
{
    bool found = blocks_verify(c);

    for (uint32_t i = 0; i < c->item_count && !found; i++)
        found = count_failures(&c->items[i].container->compaction_failures, 1,
                               c->items[i].container->path, err);
    return found;
}

bool weft_compaction_failed(struct weft_store *store, const struct weft_compaction *c, int rc,
                            const struct weft_err *err)
{
    if (!comes_from_files(rc)) return false;
    return c->items[0].segment != NULL ? segments_failed(store, c, err) : blocks_failed(c, err);
}
