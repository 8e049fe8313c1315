/* store_fixture.h -- for the tests of the store: directories to work in, small traces, a thread
 * that stands for an I/O loop. */
#ifndef WEFT_STORE_STORE_FIXTURE_H
#define WEFT_STORE_STORE_FIXTURE_H
#include "base/alloc.h"
#include "base/clock.h"
#include "base/endian.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread.h"
#include "store/store.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- directories ---- */

static inline void fixture_directory_make(char out[static 256])
{
    const char *root = getenv("TMPDIR");

    snprintf(out, 256, "%s/weft-test-XXXXXX", root != NULL && strlen(root) < 200 ? root : "/tmp");
    assert_non_null(mkdtemp(out));
}

static inline void fixture_each_file(const char *directory,
                                     void (*visit)(const char *path, const char *name, void *arg),
                                     void *arg)
{
    char path[1024];
    DIR *dir = opendir(directory);
    const struct dirent *entry;

    if (dir == NULL) return;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        visit(path, entry->d_name, arg);
    }
    closedir(dir);
}

static inline void fixture_remove_file(const char *path, const char *name, void *arg)
{
    unlink(path);
}

static inline void fixture_directory_remove(const char *directory)
{
    fixture_each_file(directory, fixture_remove_file, NULL);
    rmdir(directory);
}

/* What was never written stays a hole: most of a segment file. */
static inline void fixture_copy_file(const char *path, const char *to)
{
    struct stat st;
    int in = open(path, O_RDONLY | O_CLOEXEC),
        out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(in >= 0 && out >= 0 && fstat(in, &st) == 0);
    assert_int_equal(ftruncate(out, st.st_size), 0);
    for (off_t at = lseek(in, 0, SEEK_DATA); at >= 0 && at < st.st_size;) {
        off_t end = lseek(in, at, SEEK_HOLE);
        while (at < end) {
            off_t to_at = at;
            assert_true(copy_file_range(in, &at, out, &to_at, (size_t)(end - at), 0) > 0);
        }
        at = lseek(in, end, SEEK_DATA);
    }
    close(in);
    close(out);
}

struct fixture_copy {
    const char *to, *prefix;
};

static inline void fixture_copy_visit(const char *path, const char *name, void *arg)
{
    const struct fixture_copy *copy = arg;
    char to[1024];

    if (strncmp(name, copy->prefix, strlen(copy->prefix)) != 0) return;
    snprintf(to, sizeof to, "%s/%s", copy->to, name);
    fixture_copy_file(path, to);
}

/* The files whose names begin so, as a crash would leave them: with whatever is in them now. */
static inline void fixture_directory_copy(const char *from, const char *to, const char *prefix)
{
    fixture_each_file(from, fixture_copy_visit, &(struct fixture_copy){ to, prefix });
}

struct fixture_count {
    const char *prefix;
    uint32_t count;
};

static inline void fixture_count_visit(const char *path, const char *name, void *arg)
{
    struct fixture_count *count = arg;
    count->count += strncmp(name, count->prefix, strlen(count->prefix)) == 0;
}

static inline uint32_t fixture_count_files(const char *directory, const char *prefix)
{
    struct fixture_count count = { prefix, 0 };
    fixture_each_file(directory, fixture_count_visit, &count);
    return count.count;
}

/* ---- batches ---- */

static inline uint64_t fixture_start(uint32_t trace, uint32_t part, uint32_t span)
{
    return UINT64_C(1700000000000000000) + trace * UINT64_C(1000000) + part * 1000 + span;
}

/* `spans` spans of trace `trace` (a number), sent as part `part` of it. Ids are made of these
 * numbers. */
static inline struct weft_batch *fixture_trace_batch(struct weft_arena *arena, uint32_t trace,
                                                     uint32_t part, uint32_t spans)
{
    struct weft_batch *batch = weft_arena_alloc_zero(arena, sizeof *batch);
    struct weft_resource *resource = weft_arena_alloc_zero(arena, sizeof *resource);
    struct weft_scope *scope = weft_arena_alloc_zero(arena, sizeof *scope);
    struct weft_attribute *service = weft_arena_alloc_zero(arena, sizeof *service);

    *service = (struct weft_attribute){
        .key = "service.name", .key_len = 12, .type = WEFT_VALUE_STRING, .value_len = 4
    };
    service->ptr = "shop";
    *resource = (struct weft_resource){ .attributes = { .items = service, .count = 1 },
                                        .service_name = WEFT_S("shop") };
    scope->resource = resource;
    batch->arena = arena;
    for (uint32_t i = 0; i < spans; i++) {
        struct weft_span *span = weft_batch_add(batch);
        weft_store_u32(span->trace_id.bytes, trace + 1);
        weft_store_u32(span->trace_id.bytes + 12, trace + 1);
        weft_store_u32(span->span_id.bytes, part + 1);
        weft_store_u32(span->span_id.bytes + 4, i + 1);
        span->scope = scope;
        span->name = WEFT_S("GET /");
        span->start_time_unix_nano = fixture_start(trace, part, i);
        span->end_time_unix_nano = span->start_time_unix_nano + 500;
        span->kind = WEFT_KIND_SERVER;
    }
    return batch;
}

/* How many spans the source has of that trace. */
static inline uint32_t fixture_trace_spans(const struct weft_source *source, uint32_t trace)
{
    struct weft_arena arena;
    struct weft_err err;

    weft_arena_init(&arena, 0);
    const struct weft_batch *asked = fixture_trace_batch(&arena, trace, 0, 1);
    struct weft_batch found = { .arena = &arena };
    int rc = source->trace(source->self, &asked->spans[0].trace_id, &found, &err);
    if (rc < 0 && rc != WEFT_NOT_FOUND) fail_msg("trace %u: %s", trace, err.text);
    uint32_t count = found.span_count;
    weft_arena_release(&arena);
    return count;
}

/* A span as spans() gave it. */
struct fixture_hit {
    struct weft_trace_id trace_id;
    struct weft_span_id span_id;
    uint64_t start;
    struct weft_str name;
};
struct fixture_hits {
    const struct weft_source *source;
    struct weft_arena *arena;
    struct fixture_hit items[4096];
    uint32_t count;
    const char *partial_reason;
};

static inline void fixture_hit_add(struct fixture_hits *hits, const struct weft_trace_id *trace_id,
                                   const struct weft_span_id *span_id, uint64_t start,
                                   struct weft_str name)
{
    assert_in_range(hits->count, 0, sizeof hits->items / sizeof *hits->items - 1);
    hits->items[hits->count++] =
        (struct fixture_hit){ *trace_id, *span_id, start, weft_arena_copy(hits->arena, name) };
}

static inline bool fixture_hits_vector(void *arg, const struct weft_span_vector *vector)
{
    struct fixture_hits *hits = arg;

    for (uint32_t i = 0; i < vector->count; i++) {
        struct weft_span_identity who;
        uint32_t code = vector->columns[0].codes[i];
        hits->source->identify(hits->source->self, vector, i, &who);
        fixture_hit_add(hits, &who.trace_id, &who.span_id, vector->start_time_unix_nano[i],
                        code > 0 ? vector->columns[0].values[code - 1].bytes : WEFT_S(""));
    }
    return true;
}

static inline bool fixture_hits_trace(void *arg, const struct weft_batch *trace)
{
    struct fixture_hits *hits = arg;

    for (uint32_t i = 0; i < trace->span_count; i++)
        fixture_hit_add(hits, &trace->spans[i].trace_id, &trace->spans[i].span_id,
                        trace->spans[i].start_time_unix_nano, trace->spans[i].name);
    return true;
}

/* All spans there are. */
static inline int fixture_spans(const struct weft_source *source, struct fixture_hits *out,
                                struct weft_arena *arena, struct weft_err *err)
{
    static const struct weft_span_column name = { .field = WEFT_FIELD_NAME };
    struct weft_trace_scan_result found;

    out->source = source;
    out->arena = arena;
    out->count = 0;
    const struct weft_span_scan scan = { .columns = &name,
                                         .column_count = 1,
                                         .vector = fixture_hits_vector,
                                         .trace = fixture_hits_trace,
                                         .arg = out };
    int rc = source->spans(source->self, &scan, &found, err);
    out->partial_reason = found.partial_reason;
    return rc;
}

static inline bool fixture_count_vector(void *arg, const struct weft_span_vector *vector)
{
    *(uint32_t *)arg += vector->count;
    return true;
}

static inline bool fixture_count_trace(void *arg, const struct weft_batch *trace)
{
    *(uint32_t *)arg += trace->span_count;
    return true;
}

/* How many spans there are. */
static inline uint32_t fixture_all_spans(const struct weft_source *source)
{
    struct weft_trace_scan_result found;
    struct weft_err err;
    uint32_t count = 0;
    const struct weft_span_scan scan = { .vector = fixture_count_vector,
                                         .trace = fixture_count_trace,
                                         .arg = &count };

    if (source->spans(source->self, &scan, &found, &err) < 0) fail_msg("spans: %s", err.text);
    return count;
}

/* ---- an I/O thread ---- */

#define FIXTURE_LOOP_TASKS 4096
struct fixture_task {
    void (*fn)(void *arg);
    void *arg;
};
struct fixture_loop {
    pthread_t thread;
    pthread_mutex_t mutex; /* posted, posted_count, stop, rounds, is_held */
    pthread_cond_t wake;
    struct fixture_task posted[FIXTURE_LOOP_TASKS];
    uint32_t posted_count;
    bool stop;
    uint64_t rounds;
    struct fixture_task deferred[16]; /* the loop thread's */
    uint32_t deferred_count;
};
struct fixture_loops {
    struct fixture_loop loops[4];
    unsigned count;
};

static inline void fixture_loop_main(void *arg)
{
    struct fixture_loop *loop = arg;
    static __thread struct fixture_task tasks[FIXTURE_LOOP_TASKS];

    pthread_mutex_lock(&loop->mutex);
    while (!loop->stop || loop->posted_count > 0) {
        while (loop->posted_count == 0 && !loop->stop) pthread_cond_wait(&loop->wake, &loop->mutex);
        uint32_t count = loop->posted_count;
        memcpy(tasks, loop->posted, count * sizeof tasks[0]);
        loop->posted_count = 0;
        pthread_mutex_unlock(&loop->mutex);
        for (uint32_t i = 0; i < count; i++) tasks[i].fn(tasks[i].arg);
        uint32_t deferred_count = loop->deferred_count;
        loop->deferred_count = 0;
        for (uint32_t i = 0; i < deferred_count; i++) loop->deferred[i].fn(loop->deferred[i].arg);
        pthread_mutex_lock(&loop->mutex);
        loop->rounds++;
    }
    pthread_mutex_unlock(&loop->mutex);
}

static inline void fixture_post(void *self, unsigned io_thread, void (*fn)(void *), void *arg)
{
    struct fixture_loop *loop = &((struct fixture_loops *)self)->loops[io_thread];

    pthread_mutex_lock(&loop->mutex);
    if (loop->posted_count == FIXTURE_LOOP_TASKS) abort();
    loop->posted[loop->posted_count++] = (struct fixture_task){ fn, arg };
    pthread_cond_signal(&loop->wake);
    pthread_mutex_unlock(&loop->mutex);
}

static inline void fixture_defer(void *self, unsigned io_thread, void (*fn)(void *), void *arg)
{
    struct fixture_loop *loop = &((struct fixture_loops *)self)->loops[io_thread];

    if (loop->deferred_count == 16) abort();
    loop->deferred[loop->deferred_count++] = (struct fixture_task){ fn, arg };
}

static inline void fixture_loops_start(struct fixture_loops *loops, unsigned count)
{
    memset(loops, 0, sizeof *loops);
    loops->count = count;
    for (unsigned i = 0; i < count; i++) {
        pthread_mutex_init(&loops->loops[i].mutex, NULL);
        pthread_cond_init(&loops->loops[i].wake, NULL);
        assert_int_equal(weft_thread_start(&loops->loops[i].thread, "test-io", fixture_loop_main,
                                           &loops->loops[i], NULL),
                         0);
    }
}

/* Posted tasks are run to the end first. */
static inline void fixture_loops_stop(struct fixture_loops *loops)
{
    for (unsigned i = 0; i < loops->count; i++) {
        pthread_mutex_lock(&loops->loops[i].mutex);
        loops->loops[i].stop = true;
        pthread_cond_signal(&loops->loops[i].wake);
        pthread_mutex_unlock(&loops->loops[i].mutex);
        pthread_join(loops->loops[i].thread, NULL);
    }
}

#endif
