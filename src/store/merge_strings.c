/* merge_strings.c -- the dictionary of the new block: every source's strings sorted, the sorted
 * lists merged, each string written
 * once and its number told to all sources that have it. Nothing is hashed and no string is held: 8
 * bytes an entry. */
#include "base/alloc.h"
#include "store/merge_internal.h"

struct sort_key {
    uint64_t prefix;
    uint32_t number;
};

/* A source's strings in order: a segment's by a sorted list of numbers, a block's as they are, or those that a patch uses. */
struct feed {
    struct merge_source *source;
    uint32_t *sorted; /* NULL: all of a block */
    uint32_t at, count;
    struct weft_str now;
    struct weft_strings_reader reader;
};

static uint64_t prefix_of(struct weft_str s)
{
    uint8_t bytes[8] = { 0 };
    memcpy(bytes, s.ptr != NULL ? s.ptr : "", s.len < 8 ? s.len : 8);
    return weft_load_u64_be(bytes);
}

static int compare(const void *a, const void *b, void *view)
{
    const struct sort_key *x = a, *y = b;
    if (x->prefix != y->prefix) return x->prefix < y->prefix ? -1 : 1;
    return weft_str_compare(weft_segment_string(view, x->number),
                            weft_segment_string(view, y->number));
}

static uint32_t *sort_strings(const struct weft_segment_view *view)
{
    struct sort_key *keys = weft_alloc_array(view->string_count, sizeof *keys);
    uint32_t *sorted = weft_alloc_array(view->string_count, sizeof *sorted);

    for (uint32_t i = 0; i < view->string_count; i++)
        keys[i] = (struct sort_key){ prefix_of(weft_segment_string(view, i)), i };
    struct weft_segment_view borrowed = *view;
    qsort_r(keys, view->string_count, sizeof *keys, compare, &borrowed);
    for (uint32_t i = 0; i < view->string_count; i++) sorted[i] = keys[i].number;
    weft_free(keys);
    return sorted;
}

static uint32_t number_at(const struct feed *f)
{
    return f->sorted != NULL ? f->sorted[f->at] : f->at;
}

static int feed_load(struct feed *f, struct weft_err *err)
{
    if (f->at >= f->count) return WEFT_OK;
    if (f->source->view != NULL) {
        f->now = weft_segment_string(f->source->view, f->sorted[f->at]);
        return WEFT_OK;
    }
    return weft_strings_get(&f->reader, number_at(f), &f->now, err);
}

static bool is_before(const struct feed *a, const struct feed *b)
{
    return weft_str_compare(a->now, b->now) < 0;
}

static void sift_down(struct feed **heap, uint32_t count, uint32_t at)
{
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= count) return;
        if (child + 1 < count && is_before(heap[child + 1], heap[child])) child++;
        if (!is_before(heap[child], heap[at])) return;
        struct feed *swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

/* Equal strings of all sources come off the heap one after the other. */
static int merge_feeds(struct merge *m, struct feed **heap, uint32_t count, struct weft_err *err)
{
    struct weft_buf last = { 0 };
    bool has_last = false;
    int rc = WEFT_OK;

    while (count > 0 && rc == WEFT_OK) {
        struct feed *f = heap[0];
        if (!has_last || !weft_str_equal(f->now, weft_buf_str(&last))) {
            weft_buf_reset(&last);
            weft_buf_append_str(&last, f->now);
            has_last = true;
            if (m->strings.count >= MERGE_REF - 2) {
                rc = weft_fail(err, WEFT_TOO_LARGE, "merge: more than 2^31 different strings");
                break;
            }
            rc = weft_strings_writer_add(&m->strings, f->now, err);
        }
        f->source->strings[number_at(f)] = m->strings.count - 1;
        f->at++;
        if (rc == WEFT_OK) rc = feed_load(f, err);
        if (f->at >= f->count) heap[0] = heap[--count];
        sift_down(heap, count, 0);
    }
    weft_buf_release(&last);
    return rc;
}

static uint32_t *used_strings(const struct merge_source *s, uint32_t *count)
{
    uint32_t *used = weft_alloc_array(s->string_count, sizeof *used), n = 0;

    for (uint32_t i = 0; i < s->string_count; i++)
        if (merge_is_used(s->use.strings, i)) used[n++] = i;
    *count = n;
    return used;
}

static void feed_init(struct feed *f, struct merge_source *s)
{
    f->source = s;
    f->count = s->string_count;
    if (s->view != NULL) {
        f->sorted = sort_strings(s->view);
        return;
    }
    weft_strings_reader_init(&f->reader, weft_block_strings(s->block));
    if (s->only != NULL) f->sorted = used_strings(s, &f->count);
}

int weft_merge_strings_build(struct merge *m, struct weft_err *err)
{
    struct feed *feeds = weft_alloc_array(m->source_count, sizeof *feeds);
    struct feed **heap = weft_alloc_array(m->source_count, sizeof *heap);
    uint32_t count = 0;
    int rc = WEFT_OK;

    weft_strings_writer_init(&m->strings, &m->file, m->zstd, m->level);
    for (uint32_t i = 0; i < m->source_count && rc == WEFT_OK; i++) {
        struct merge_source *s = &m->sources[i];
        struct feed *f = &feeds[i];
        s->strings = weft_alloc_array(s->string_count, sizeof *s->strings);
        feed_init(f, s);
        if (f->count == 0) continue;
        rc = feed_load(f, err);
        heap[count++] = f;
    }
    for (uint32_t i = count; i-- > 0;) sift_down(heap, count, i);
    if (rc == WEFT_OK) rc = merge_feeds(m, heap, count, err);
    for (uint32_t i = 0; i < m->source_count; i++) {
        weft_free(feeds[i].sorted);
        if (feeds[i].source != NULL && feeds[i].source->view == NULL)
            weft_strings_reader_release(&feeds[i].reader);
    }
    weft_free(feeds);
    weft_free(heap);
    return rc == WEFT_OK ? weft_strings_writer_finish(&m->strings, err) : rc;
}
