/* store_commit.c -- the committer: one thread a writer that waits for the disk so that the I/O
 * thread does not.
 *
 *   I/O thread:  IDLE --job_start--> HANDED          DONE --job_complete--> IDLE
 *   committer:            HANDED --(write, fdatasync, publish)--> DONE, then
 *   options.post(job_complete)
 *
 * While a job is HANDED it belongs to the committer, otherwise to the I/O thread: the mutex orders
 * the two.
 */
#include "base/clock.h"
#include "base/histogram.h"
#include "base/thread.h"
#include "store/store_internal.h"

static struct weft_histogram commit_seconds = {
    .metric = { .name = "weft_store_commit_seconds",
                .help = "One group commit: checksums, the write and the sync." },
};

static void committed(struct weft_store_writer *writer, struct weft_store_job *job, uint32_t spans)
{
    struct weft_store *store = writer->store;

    atomic_fetch_add(&store->committed_chunks, 1);
    atomic_fetch_add(&store->committed_spans, spans);
    weft_store_tail_record(store, job->lane->number, job->lane->committed_chunks);
    job->lane->committed_chunks++;
    job->lane->committed_spans += spans;
}

static void commit_run(struct weft_store_writer *writer, struct weft_store_job *job)
{
    uint32_t spans = weft_chunk_build_spans(job->chunk);
    uint64_t begun_ns = weft_clock_monotonic_ns();

    job->rc = weft_chunk_commit(job->chunk, &job->err);
    if (job->rc < 0) {
        atomic_fetch_add(&writer->store->commit_errors, 1);
        return;
    }
    weft_histogram_add(&commit_seconds, weft_clock_monotonic_ns() - begun_ns);
    committed(writer, job, spans);
}

static void job_run(struct weft_store_writer *writer, struct weft_store_job *job)
{
    switch (job->kind) {
    case WEFT_JOB_COMMIT: commit_run(writer, job); break;
    case WEFT_JOB_SEAL: /* here, because it sorts and writes */
        job->rc = weft_segment_writer_seal(job->lane->segment_writer, &job->err);
        job->lane->segment_writer = NULL;
        weft_store_set_mark_sealed(writer->store, job->lane->number, job->rc < 0);
        break;
    }
}

static void committer_main(void *arg)
{
    struct weft_store_writer *writer = arg;
    const struct weft_store_options *options = &writer->store->options;

    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        while (writer->job_state != WEFT_JOB_HANDED && !writer->stop)
            pthread_cond_wait(&writer->wake, &writer->mutex);
        if (writer->job_state != WEFT_JOB_HANDED) break;
        pthread_mutex_unlock(&writer->mutex);
        job_run(writer, &writer->job);
        pthread_mutex_lock(&writer->mutex);
        writer->job_state = WEFT_JOB_DONE;
        pthread_mutex_unlock(&writer->mutex);
        options->post(options->post_self, writer->index, weft_store_job_complete, writer);
        pthread_mutex_lock(&writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
}

void weft_store_job_start(struct weft_store_writer *writer)
{
    if (writer->store->is_inline) {
        job_run(writer, &writer->job);
        writer->job_state = WEFT_JOB_DONE;
        weft_store_job_complete(writer);
        return;
    }
    pthread_mutex_lock(&writer->mutex);
    writer->job_state = WEFT_JOB_HANDED;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
}

int weft_store_committer_start(struct weft_store_writer *writer, struct weft_err *err)
{
    char name[16];
    int rc;

    weft_histogram_register(&commit_seconds);
    if (writer->store->is_inline) return WEFT_OK;
    snprintf(name, sizeof name, "commit-%u", writer->index % 1000);
    if ((rc = weft_thread_start(&writer->thread, name, committer_main, writer, err)) < 0) return rc;
    writer->has_thread = true;
    return WEFT_OK;
}

void weft_store_committer_stop(struct weft_store_writer *writer)
{
    if (!writer->has_thread) return;
    pthread_mutex_lock(&writer->mutex);
    writer->stop = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    pthread_join(writer->thread, NULL);
    writer->has_thread = false;
}
