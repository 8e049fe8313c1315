/* store_writer.c -- what happens on an I/O thread: batches in, chunks to the committer, senders
 * answered.
 *
 *             prepared ahead            full or old              nothing pending any more
 *   next lane ──────────────▶ current lane ───────────▶ retiring lane ───────────────────▶ sealed
 *   segment
 *
 * A writer has at most one chunk (or seal) with its committer. While it is out, the next chunk
 * collects: load sets the size of a commit. The chunks of the retiring lane go before those of the
 * current one, so acknowledgements keep their order.
 *
 * A commit that fails takes its lane along: the chunk that collects refers to table entries of the
 * failed one. All their senders hear it, the segment is left as it is (what was committed stays
 * readable), and the writer pauses before it takes a new one, longer each time, so that a broken
 * disk is not filled with segments of nothing.
 */
#include "base/assert.h"
#include "store/store_internal.h"

#define REFUSE_STEP_MIN_NS (100 * WEFT_NS_PER_MS)
#define REFUSE_STEP_MAX_NS (10 * WEFT_NS_PER_SECOND)

static bool hand_over(struct weft_store_writer *writer);
static void seal_step(struct weft_store_writer *writer);

/* ---- lanes ---- */

struct weft_store_lane *weft_store_lane_create(struct weft_store *store, unsigned writer, int *rc,
                                               struct weft_err *err)
{
    char recycle[WEFT_STORE_PATH_MAX];
    bool has_spare = weft_store_spare_take(store, recycle);

    if (!has_spare && !weft_store_space_has_segment(store, err)) {
        *rc = WEFT_FULL;
        return NULL;
    }
    struct weft_store_lane *lane = weft_alloc_zero(sizeof *lane);

    lane->number = atomic_fetch_add(&store->next_number, 1);
    *rc = weft_segment_writer_create(
        &lane->segment_writer,
        &(struct weft_segment_options){ .directory = store->directory,
                                        .number = lane->number,
                                        .writer = writer,
                                        .file_bytes = store->options.segment_file_bytes,
                                        .recycle = has_spare ? recycle : NULL,
                                        .created_unix_ns = weft_clock_unix_ns() },
        err);
    if (*rc == WEFT_OK) return lane;
    weft_free(lane);
    return NULL;
}

static void lane_free(struct weft_store_lane *lane)
{
    weft_free(lane->pending.items);
    weft_free(lane);
}

void weft_store_lane_discard(struct weft_store *store, struct weft_store_lane *lane)
{
    char spare[WEFT_STORE_PATH_MAX];

    if (lane == NULL) return;
    bool is_kept = weft_store_spare_promise(store, spare);
    weft_segment_mark_obsolete(weft_segment_writer_segment(lane->segment_writer),
                               is_kept ? spare : NULL);
    weft_segment_writer_destroy(lane->segment_writer);
    lane_free(lane);
}

/* A lane for new batches, or NULL and why there is none. */
static struct weft_store_lane *lane_current(struct weft_store_writer *writer, struct weft_err *err)
{
    if (writer->current != NULL) return writer->current;
    if (writer->refuse_until_ns != 0) {
        if (weft_clock_monotonic_ns() < writer->refuse_until_ns) {
            writer->refusal = WEFT_REFUSED_FAULT;
            weft_fail(err, WEFT_FULL, "%s", writer->refuse_err.text);
            return NULL;
        }
        writer->refuse_until_ns = 0;
    }
    if (!weft_store_tail_has_room(writer->store, err)) {
        writer->refusal = WEFT_REFUSED_TAIL;
        return NULL;
    }
    writer->current = weft_store_prepare_take(writer, err);
    if (writer->current == NULL) return NULL;
    weft_store_set_add_segment(writer->store,
                               weft_segment_writer_segment(writer->current->segment_writer), true);
    return writer->current;
}

/* Nothing more goes into the current segment. False: the one before it is still being finished. */
static bool retire(struct weft_store_writer *writer)
{
    if (writer->retiring != NULL) return false;
    writer->retiring = writer->current;
    writer->current = NULL;
    atomic_store(&writer->first_append_ns, 0);
    hand_over(writer);
    return true;
}

static void waiters_add(struct weft_store_waiters *waiters, weft_consumed *done, void *arg)
{
    if (waiters->count == waiters->capacity) {
        waiters->capacity = waiters->capacity == 0 ? 64 : waiters->capacity * 2;
        waiters->items =
            weft_realloc_array(waiters->items, waiters->capacity, sizeof *waiters->items);
    }
    waiters->items[waiters->count++] = (struct weft_store_waiter){ done, arg };
}

/* ---- batches in ---- */

static void round_end(void *arg)
{
    struct weft_store_writer *writer = arg;

    writer->is_deferred = false;
    hand_over(writer);
}

/* Commit soon: when this round of the I/O thread ends, so that all its requests share the
 * commit. */
static void commit_soon(struct weft_store_writer *writer)
{
    const struct weft_store_options *options = &writer->store->options;

    if (writer->is_busy || writer->is_deferred) return; /* job_complete() or round_end() goes on */
    if (writer->store->is_inline || options->defer == NULL) {
        hand_over(writer);
        return;
    }
    writer->is_deferred = true;
    options->defer(options->post_self, writer->index, round_end, writer);
}

/* Into the pending chunk of the current lane, making room where that does not take waiting. */
static int append(struct weft_store_writer *writer, const struct weft_batch *batch,
                  struct weft_err *err)
{
    for (unsigned attempt = 0; attempt < 4;
         attempt++) { /* full chunk, full segment, and once more each */
        struct weft_store_lane *lane = lane_current(writer, err);
        bool must_seal = false, has_room;
        if (lane == NULL) return writer->refusal == WEFT_REFUSED_SPACE ? WEFT_IO : WEFT_FULL;
        int rc = weft_segment_writer_append(lane->segment_writer, batch, &must_seal, err);
        if (must_seal)
            has_room = retire(writer); /* full; or broken, and the committer is about to say so */
        else if (rc == WEFT_FULL)
            has_room = hand_over(writer);
        else
            return rc;
        if (!has_room) break;
    }
    writer->refusal = WEFT_REFUSED_BUSY;
    return weft_fail(err, WEFT_FULL, "the store is busy writing to disk; send again later");
}

static void refuse(struct weft_store_writer *writer, int rc, const struct weft_err *err,
                   weft_consumed *done, void *arg)
{
    struct weft_outcome outcome = { .status = rc, .message = weft_str_from_c(err->text) };

    if (rc == WEFT_FULL || rc == WEFT_IO) {
        uint64_t now_ns = weft_clock_monotonic_ns();
        atomic_fetch_add(&writer->store->refused[writer->refusal], 1);
        outcome.retry_after_ns = weft_store_retry_after_ns(writer->store, writer->refusal);
        if (writer->refuse_until_ns > now_ns)
            outcome.retry_after_ns += writer->refuse_until_ns - now_ns;
    }
    done(arg, &outcome);
}

/* Below the floor of free space nothing is taken. To the sender that is WEFT_IO: a fault of this
 * server (503), not of what he sends (429). */
static int admit(struct weft_store_writer *writer, struct weft_err *err)
{
    if (weft_store_space_has_room(writer->store, err)) return WEFT_OK;
    writer->refusal = WEFT_REFUSED_SPACE;
    return WEFT_IO;
}

void weft_store_consume(void *self, unsigned io_thread, const struct weft_batch *batch,
                        weft_consumed *done, void *arg)
{
    struct weft_store *store = self;
    struct weft_err err = { 0 };

    WEFT_ASSERT(io_thread < store->writer_count, "thread %u of %u", io_thread, store->writer_count);
    struct weft_store_writer *writer = &store->writers[io_thread];
    if (batch->span_count == 0) {
        done(arg, &(struct weft_outcome){ .status = WEFT_OK });
        return;
    }
    int rc = admit(writer, &err);
    if (rc == WEFT_OK) rc = append(writer, batch, &err);
    if (rc < 0) {
        refuse(writer, rc, &err, done, arg);
        return;
    }
    struct weft_store_lane *lane = writer->current;
    if (lane->appended_spans == 0) {
        atomic_store(&writer->first_append_ns, weft_clock_monotonic_ns());
        weft_store_prepare_want(writer); /* idle writers keep no second file */
    }
    lane->appended_spans += batch->span_count;
    waiters_add(&lane->pending, done, arg);
    commit_soon(writer);
}

/* ---- to the committer and back ---- */

static bool job_choose(struct weft_store_writer *writer, struct weft_store_job *job)
{
    struct weft_store_lane *lane = writer->retiring;

    if (lane != NULL && lane->pending.count == 0) {
        *job = (struct weft_store_job){ .kind = WEFT_JOB_SEAL, .lane = lane };
        return true;
    }
    if (lane == NULL) lane = writer->current;
    if (lane == NULL || lane->pending.count == 0) return false;
    *job = (struct weft_store_job){ .kind = WEFT_JOB_COMMIT,
                                    .lane = lane,
                                    .chunk = weft_segment_writer_take(lane->segment_writer),
                                    .waiters = lane->pending };
    WEFT_ASSERT(job->chunk != NULL, "%u senders wait, but the segment has nothing to commit",
                lane->pending.count);
    lane->pending = (struct weft_store_waiters){ 0 };
    return true;
}

/* Give the committer the next thing to do. False when it has something already, or there is
 * nothing. */
static bool hand_over(struct weft_store_writer *writer)
{
    if (writer->is_busy || !job_choose(writer, &writer->job)) return false;
    writer->is_busy = true;
    weft_store_job_start(writer);
    return true;
}

static void answer(struct weft_store_waiters *waiters, const struct weft_outcome *outcome)
{
    for (uint32_t i = 0; i < waiters->count; i++)
        waiters->items[i].done(waiters->items[i].arg, outcome);
    weft_free(waiters->items);
    *waiters = (struct weft_store_waiters){ 0 };
}

/* Leave a segment that could not be written to. Its waiting senders are moved to `failed`. */
static void lane_abandon(struct weft_store_writer *writer, struct weft_store_lane *lane,
                         const struct weft_err *why, struct weft_store_waiters *failed)
{
    struct weft_store *store = writer->store;

    for (uint32_t i = 0; i < lane->pending.count; i++)
        waiters_add(failed, lane->pending.items[i].done, lane->pending.items[i].arg);
    lane->pending.count = 0;
    if (lane->committed_spans == 0) {
        weft_segment_mark_obsolete(weft_segment_writer_segment(lane->segment_writer), NULL);
        weft_store_set_remove_segment(store, lane->number);
    } else {
        weft_store_set_mark_sealed(store, lane->number, true);
    }
    weft_segment_writer_destroy(lane->segment_writer);
    if (lane == writer->retiring) writer->retiring = NULL;
    if (lane == writer->current) {
        writer->current = NULL;
        atomic_store(&writer->first_append_ns, 0);
    }
    lane_free(lane);

    writer->refuse_step_ns =
        writer->refuse_step_ns == 0 ? REFUSE_STEP_MIN_NS : writer->refuse_step_ns * 2;
    if (writer->refuse_step_ns > REFUSE_STEP_MAX_NS) writer->refuse_step_ns = REFUSE_STEP_MAX_NS;
    writer->refuse_until_ns = weft_clock_monotonic_ns() + writer->refuse_step_ns;
    writer->refuse_err = *why;
}

static void commit_failed(struct weft_store_writer *writer, struct weft_store_job *job)
{
    struct weft_err why = job->err;

    weft_log(WEFT_LOG_ERROR, "store", "commit failed, its senders are told to send again: %s",
             why.text);
    lane_abandon(writer, job->lane, &why, &job->waiters);
    struct weft_outcome outcome = { .status = WEFT_FULL,
                                    .message = weft_str_from_c(why.text),
                                    .retry_after_ns = writer->refuse_step_ns };
    answer(&job->waiters, &outcome);
}

static void sealed(struct weft_store_writer *writer, struct weft_store_job *job)
{
    if (job->rc < 0)
        weft_log(WEFT_LOG_ERROR, "store", "could not seal a segment: %s", job->err.text);
    writer->retiring = NULL;
    lane_free(job->lane);
    weft_store_compactor_wake(writer->store);
}

void weft_store_job_complete(void *arg)
{
    struct weft_store_writer *writer = arg;

    pthread_mutex_lock(&writer->mutex);
    WEFT_ASSERT(writer->job_state == WEFT_JOB_DONE, "state %d", writer->job_state);
    struct weft_store_job job = writer->job;
    writer->job_state = WEFT_JOB_IDLE;
    pthread_mutex_unlock(&writer->mutex);
    writer->is_busy = false;

    if (job.kind == WEFT_JOB_SEAL)
        sealed(writer, &job);
    else
        weft_segment_writer_give_back(job.lane->segment_writer, job.chunk);
    if (job.kind == WEFT_JOB_COMMIT && job.rc == WEFT_OK) {
        writer->refuse_step_ns = 0;
        hand_over(writer); /* first: the disk works while the senders are told */
        answer(&job.waiters, &(struct weft_outcome){ .status = WEFT_OK });
    } else {
        if (job.kind == WEFT_JOB_COMMIT) commit_failed(writer, &job);
        hand_over(writer);
    }
    seal_step(writer);
}

/* ---- age, and sealing on request ---- */

void weft_store_writer_tick(void *arg)
{
    struct weft_store_writer *writer = arg;
    uint64_t first_ns = atomic_load(&writer->first_append_ns);

    atomic_store(&writer->is_tick_posted, false);
    if (first_ns != 0 && weft_clock_monotonic_ns() - first_ns >= writer->store->options.seal_age_ns)
        retire(writer);
}

static void seal_answer(struct weft_store_writer *writer)
{
    struct weft_store *store = writer->store;

    writer->seal_state = WEFT_SEAL_NONE;
    pthread_mutex_lock(&store->seal_mutex);
    writer->is_seal_awaited = false;
    pthread_cond_signal(&store->sealed);
    pthread_mutex_unlock(&store->seal_mutex);
}

/* WANTED until the lane before is finished, UNDER_WAY until the one that was current then is. */
static void seal_step(struct weft_store_writer *writer)
{
    if (writer->seal_state == WEFT_SEAL_NONE || writer->retiring != NULL) return;
    if (writer->seal_state == WEFT_SEAL_WANTED && writer->current != NULL &&
        writer->current->appended_spans > 0) {
        writer->seal_state = WEFT_SEAL_UNDER_WAY;
        retire(writer); /* inline, all is over when this returns */
        return;
    }
    seal_answer(writer);
}

static void seal_request(void *arg)
{
    struct weft_store_writer *writer = arg;

    writer->seal_state = WEFT_SEAL_WANTED;
    seal_step(writer);
}

int weft_store_seal(struct weft_store *store, struct weft_err *err)
{
    const struct weft_store_options *options = &store->options;
    uint64_t errors_before = atomic_load(&store->commit_errors);

    pthread_mutex_lock(&store->seal_call_mutex);
    for (unsigned i = 0; i < store->writer_count; i++) {
        struct weft_store_writer *writer = &store->writers[i];
        pthread_mutex_lock(&store->seal_mutex);
        writer->is_seal_awaited = true;
        pthread_mutex_unlock(&store->seal_mutex);
        if (store->is_inline)
            seal_request(writer);
        else
            options->post(options->post_self, i, seal_request, writer);
    }
    pthread_mutex_lock(&store->seal_mutex);
    for (unsigned i = 0; i < store->writer_count; i++)
        while (store->writers[i].is_seal_awaited)
            pthread_cond_wait(&store->sealed, &store->seal_mutex);
    pthread_mutex_unlock(&store->seal_mutex);
    pthread_mutex_unlock(&store->seal_call_mutex);
    if (atomic_load(&store->commit_errors) != errors_before)
        return weft_fail(err, WEFT_IO,
                         "a commit failed while segments were sealed; the log says why");
    return WEFT_OK;
}

/* ---- start and stop ---- */

int weft_store_writers_start(struct weft_store *store, struct weft_err *err)
{
    int rc = WEFT_OK;

    store->writers = weft_alloc_array(store->options.writer_count + 1, sizeof *store->writers);
    for (unsigned i = 0; i < store->options.writer_count && rc == WEFT_OK; i++) {
        struct weft_store_writer *writer = &store->writers[i];
        writer->store = store;
        writer->index = i;
        pthread_mutex_init(&writer->mutex, NULL);
        pthread_cond_init(&writer->wake, NULL);
        store->writer_count++;
        writer->next = weft_store_lane_create(store, i, &rc,
                                              err); /* the first batch shall not wait for a file */
        if (rc == WEFT_FULL) { /* a full disk can still be asked, compacted and cleared */
            weft_log(WEFT_LOG_ERROR, "store", "no segment to write to yet: %s", err->text);
            writer->wants_next = true;
            rc = WEFT_OK;
        }
        if (rc == WEFT_OK) rc = weft_store_committer_start(writer, err);
    }
    return rc;
}

/* The committer is gone: what it finished last is told, what is pending is committed, here. */
static void writer_finish(struct weft_store_writer *writer)
{
    if (writer->job_state == WEFT_JOB_DONE) weft_store_job_complete(writer);
    hand_over(writer); /* inline, it goes on until nothing is pending */
    if (writer->current != NULL && writer->current->appended_spans > 0) retire(writer);
    if (writer->current != NULL) { /* never used */
        weft_store_set_remove_segment(writer->store, writer->current->number);
        weft_store_lane_discard(writer->store, writer->current);
    }
    weft_store_lane_discard(writer->store, writer->next);
    WEFT_ASSERT(writer->retiring == NULL, "segment %llu was left open",
                (unsigned long long)writer->retiring->number);
}

/* Callers have ended the I/O threads, so this thread is now the I/O thread of every writer. */
void weft_store_writers_stop(struct weft_store *store)
{
    for (unsigned i = 0; i < store->writer_count; i++)
        weft_store_committer_stop(&store->writers[i]);
    store->is_inline = true;
    for (unsigned i = 0; i < store->writer_count; i++) {
        writer_finish(&store->writers[i]);
        pthread_mutex_destroy(&store->writers[i].mutex);
        pthread_cond_destroy(&store->writers[i].wake);
    }
    weft_free(store->writers);
    store->writers = NULL;
    store->writer_count = 0;
}
