/* cmd_serve.c -- weft serve: the server, from configuration to the last commit. */
#include "app/command.h"
#include "app/config_options.h"
#include "app/serve.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include <malloc.h>
#include <sys/resource.h>

#define DESCRIPTORS_KEPT_MAX 2048 /* files of the store: segments, blocks, merges */

struct options {
    struct weft_config_options_given config;
    const char *addresses_file;
};
static const struct weft_option options_table[] = {
    WEFT_OPTION_CONFIG(struct options, config),
    WEFT_OPTION_DATA(struct options, config),
    WEFT_OPTION_SET(struct options, config),
    { .name = "addresses",
      .kind = WEFT_OPT_STRING,
      .offset = offsetof(struct options, addresses_file),
      .value_name = "FILE",
      .help = "Write the addresses listened on there as JSON, once ready; for scripts that use "
              "port 0." },
    { 0 },
};

static void warn(void *self, const char *sentence)
{
    weft_log(WEFT_LOG_WARN, "config", "%s", sentence);
}

/* Every connection is a descriptor, every segment and block too: take what the system allows. */
static uint64_t raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
    if (limit.rlim_cur != limit.rlim_max) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
            weft_log(WEFT_LOG_WARN, "serve", "the limit of open files could not be raised");
            limit.rlim_cur = before;
        }
    }
    return limit.rlim_cur == RLIM_INFINITY ? 0 : limit.rlim_cur;
}

/* Strangers' connections must not take the descriptors that the store needs for its files. */
static void bound_connections(struct weft_serve *serve, uint64_t descriptor_max)
{
    const struct weft_config *config = serve->config;
    uint64_t wanted = config->otlp_grpc.connections_max, kept = descriptor_max / 4;

    if (wanted < config->otlp_http.connections_max) wanted = config->otlp_http.connections_max;
    if (kept > DESCRIPTORS_KEPT_MAX) kept = DESCRIPTORS_KEPT_MAX;
    uint64_t allowed = descriptor_max - kept;
    if (descriptor_max == 0 || allowed > UINT32_MAX) return;
    weft_http_server_connections_max_set(serve->server, (uint32_t)allowed);
    if (allowed < wanted)
        weft_log(WEFT_LOG_WARN, "serve",
                 "the limit of open files is %llu: at most %llu connections at once, though "
                 "max_connections says %llu; raise it (ulimit -n, or LimitNOFILE= in systemd)",
                 (unsigned long long)descriptor_max, (unsigned long long)allowed,
                 (unsigned long long)wanted);
}

/* glibc raises its threshold for memory of its own mapping to the largest piece ever freed, up to 32 MiB; bodies and chunks would
 * then come from heaps that never shrink. Fixed, what is freed goes back. */
static void bound_heaps(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 18);
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

static int start_pool(struct weft_serve *serve, struct weft_err *err)
{
    const struct weft_config_query *query = &serve->config->query;
    unsigned cpus = weft_cpu_count();
    unsigned threads = query->threads > 0 ? (unsigned)query->threads : cpus < 2 ? 2 : cpus;

    return weft_query_pool_create(&serve->pool, threads, (unsigned)query->waiting_max, err);
}

static int start(struct weft_serve *serve, const char *addresses_file, struct weft_err *err)
{
    int rc;

    serve->started_monotonic_ns = weft_clock_monotonic_ns();
    bound_heaps();
    uint64_t descriptor_max = raise_descriptor_limit();
    if ((rc = weft_serve_block_signals(err)) < 0) return rc;
    if ((rc = weft_serve_create_loops(serve, err)) < 0) return rc;
    if ((rc = weft_serve_open_store(serve, err)) < 0) return rc;
    if ((rc = start_pool(serve, err)) < 0) return rc;
    weft_serve_watch_arrivals(serve);
    if ((rc = weft_serve_listen(serve, err)) < 0) return rc;
    bound_connections(serve, descriptor_max);
    weft_serve_register_metrics(serve);
    if ((rc = weft_serve_start_loops(serve, err)) < 0) return rc;
    atomic_store(&serve->is_ready, true);
    weft_serve_log_start(serve);
    if (addresses_file != NULL && (rc = weft_serve_write_addresses(serve, addresses_file, err)) < 0)
        return rc;
    return WEFT_OK;
}

static int serve_config(struct weft_config *config, const struct options *given)
{
    struct weft_serve serve = { .config = config };
    struct weft_err err = { 0 };

    int rc = start(&serve, given->addresses_file, &err);
    if (rc == WEFT_OK) rc = weft_serve_wait_and_drain(&serve, &err);
    weft_serve_release(&serve);
    if (rc < 0)
        weft_log(WEFT_LOG_ERROR, "serve", "%s", err.text);
    else
        weft_log(WEFT_LOG_INFO, "serve", "stopped");
    return rc < 0 ? WEFT_EXIT_FAILED : WEFT_EXIT_OK;
}

static int run(const void *options, const struct weft_command_line *line)
{
    const struct options *given = options;
    struct weft_config config;
    struct weft_err err = { 0 };
    int rc;

    weft_config_init(&config);
    config.warn = warn;
    if (weft_config_load(&config, &given->config, &err) < 0) {
        rc = weft_command_error(line->command, "%s", err.text);
    } else {
        weft_log_configure((enum weft_log_level)config.log_level,
                           (enum weft_log_format)config.log_encoding, 2);
        rc = serve_config(&config, given);
    }
    weft_config_release(&config);
    return rc;
}

static const char *const examples[] = {
    "weft serve",
    "Take OTLP on 127.0.0.1:4317 (gRPC) and 4318 (HTTP), answer on 16686; everything by default.",
    "weft serve --config weft.yaml --data /srv/traces",
    "With a file, and the spans kept in /srv/traces.",
    "weft serve --set receivers.otlp.protocols.grpc.endpoint=0.0.0.0:4317",
    "Take spans from other machines too.",
    NULL,
};
const struct weft_command weft_command_serve = {
    .name = "serve",
    .summary = "Take spans in, keep them, answer questions.",
    .description = "Without a configuration everything has a default and listens on this machine "
                   "only. A span that was acknowledged "
                   "is on disk and is found by the next query.\n\n"
                   "SIGTERM or SIGINT: running requests are answered, what is pending is "
                   "committed, exit 0 within 10 seconds. "
                   "A second signal stops at once.",
    .examples = examples,
    .options = options_table,
    .options_size = sizeof(struct options),
    .run = run,
};
