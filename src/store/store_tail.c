/* store_tail.c -- new spans in the order of their commits.
 *
 * Several segments are live at once, so a place in one segment is not a place in the order of
 * commits. The store numbers commits instead and remembers where the last WEFT_STORE_TAIL_COMMITS
 * lie; a follower's position is such a number (in .segment) and the store's epoch (in .chunk). A
 * position of another process, or one too far behind, goes on from now: following is for the eye,
 * not for counting.
 */
#include "store/store_internal.h"
#include "store/trace_join.h"

void weft_store_tail_record(struct weft_store *store, uint64_t segment, uint32_t chunk)
{
    pthread_mutex_lock(&store->tail_mutex);
    store->commits[store->commit_count % WEFT_STORE_TAIL_COMMITS] =
        (struct weft_store_commit){ segment, chunk };
    store->commit_count++;
    pthread_mutex_unlock(&store->tail_mutex);
}

/* The commit at *position, if there is one; moves a position that means nothing to the present. */
static bool commit_at(struct weft_store *store, struct weft_tail_position *position,
                      struct weft_store_commit *out)
{
    bool found = false;

    pthread_mutex_lock(&store->tail_mutex);
    uint64_t count = store->commit_count;
    if (position->chunk != store->epoch || position->segment > count ||
        count - position->segment > WEFT_STORE_TAIL_COMMITS)
        *position = (struct weft_tail_position){ .segment = count, .chunk = store->epoch };
    if (position->segment < count) {
        *out = store->commits[position->segment % WEFT_STORE_TAIL_COMMITS];
        found = true;
    }
    pthread_mutex_unlock(&store->tail_mutex);
    return found;
}

/* Spans of one chunk; none when its segment has become part of a block since, or has a page that the
 * disk could not read. */
static int chunk_read(struct weft_store *store, const struct weft_store_commit *commit,
                      struct weft_batch *out, struct weft_err *err)
{
    struct weft_store_set *set =
        weft_store_set_take(store); /* after the commit was found: its segment is in this set */
    struct weft_segment_view view;
    struct weft_chunk_view chunk;
    struct weft_arena scratch;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (set->segments[i].number != commit->segment) continue;
        weft_segment_view_init(&view, set->segments[i].segment);
        weft_arena_init(&scratch, 0);
        struct weft_batch read = { .arena = &scratch };
        if (commit->chunk < view.chunk_count) {
            weft_segment_chunk(&view, commit->chunk, &chunk);
            for (uint32_t row = 0; row < chunk.span_count; row++)
                weft_row_read(&view, &chunk, row, weft_batch_add(&read), &scratch);
            const struct weft_batch before = *out;
            rc = weft_batch_copy(&read, out, err);
            if (weft_segment_intact(view.segment, NULL) != WEFT_OK) {
                *out = before;
                rc = WEFT_OK;
            }
        }
        weft_arena_release(&scratch);
        weft_segment_view_release(&view);
        break;
    }
    weft_store_set_release(set);
    return rc;
}

int weft_store_tail(void *self, struct weft_tail_position *position, uint32_t limit,
                    struct weft_batch *out, struct weft_err *err)
{
    struct weft_store *store = self;
    struct weft_store_commit commit;
    int rc = WEFT_OK;

    while (rc == WEFT_OK && out->span_count < limit && commit_at(store, position, &commit)) {
        rc = chunk_read(store, &commit, out, err);
        if (rc == WEFT_OK) position->segment++;
    }
    return rc;
}
