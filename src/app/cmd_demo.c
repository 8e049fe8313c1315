/* cmd_demo.c -- weft demo: the traffic of a shop, sent over OTLP like anyone's. */
#include "app/command.h"
#include "app/demo/feed.h"
#include "app/demo/incidents.h"
#include "app/otlp_sender.h"
#include "app/terminal.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "model/otlp.h"
#include <signal.h>

#define LIVE_STEP_NS (200 * WEFT_NS_PER_MS)        /* how often what ended is sent */
#define BACKFILL_STEP_NS (10 * WEFT_NS_PER_SECOND) /* of the past, at once */
#define REQUESTS_MAX 64
#define GIVE_UP_NS (10 * WEFT_NS_PER_SECOND) /* without a server */

struct options {
    const char *endpoint;
    int protocol, compression;
    uint64_t seed, backfill_ns, duration_ns;
    double rate, speed;
    bool quiet;
};
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OTLP_SENDER_OPTIONS(struct options),
    { .name = "rate",
      .kind = WEFT_OPT_NUMBER,
      .offset = AT(rate),
      .letter = 'r',
      .fallback = "5",
      .help = "Customers' requests a second, on average over the day." },
    { .name = "seed",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(seed),
      .fallback = "1",
      .help = "The same seed tells the same story; trace ids are new at every start." },
    { .name = "speed",
      .kind = WEFT_OPT_NUMBER,
      .offset = AT(speed),
      .fallback = "1",
      .help = "How fast the story goes: with 60 an hour's incidents pass in a minute. Spans keep "
              "their real length." },
    { .name = "backfill",
      .kind = WEFT_OPT_DURATION,
      .offset = AT(backfill_ns),
      .fallback = "0",
      .help = "Send the past first: 24h ends now, as fast as it is taken." },
    { .name = "duration",
      .kind = WEFT_OPT_DURATION,
      .offset = AT(duration_ns),
      .fallback = "0",
      .help = "Stop after that long of live traffic; 0: never. With --backfill and 1ns: the past "
              "alone." },
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(quiet),
      .letter = 'q',
      .help = "Print nothing but errors." },
    { 0 },
};

struct demo;
/* One request on its way; sent again while the server says "later". */
struct request {
    struct demo *demo;
    struct weft_buf body, packed;
    struct weft_str out;
    uint32_t span_count;
    uint64_t not_before_ns;
    bool is_used, is_in_flight;
};
struct demo {
    const struct options *options;
    struct weft_otlp_sender *sender;
    struct weft_demo_feed *feed;
    struct request requests[REQUESTS_MAX];
    uint64_t accepted_spans, lost_spans, last_contact_ns;
    struct weft_err err;
    int rc;
};

static volatile sig_atomic_t is_stopped;
static void stop(int signal)
{
    is_stopped = 1;
}

static void done(void *arg, const struct weft_otlp_sent *sent)
{
    struct request *request = arg;
    struct demo *demo = request->demo;
    request->is_in_flight = false;
    if (sent->is_accepted || !sent->may_retry) {
        request->is_used = false;
        demo->last_contact_ns = weft_clock_monotonic_ns();
        if (sent->is_accepted)
            demo->accepted_spans += request->span_count;
        else
            demo->lost_spans += request->span_count;
        if (!sent->is_accepted)
            demo->rc = weft_fail(&demo->err, WEFT_INVALID, "the server refused a request: %s %.*s",
                                 sent->code, WEFT_S_ARG(sent->message));
        return;
    }
    uint64_t delay = sent->retry_after_ns > 0 ? sent->retry_after_ns : 200 * WEFT_NS_PER_MS;
    request->not_before_ns = weft_clock_monotonic_ns() + delay;
}

/* Send what waits; WEFT_CLOSED when there is no server for too long. */
static void send_waiting(struct demo *demo)
{
    uint64_t now = weft_clock_monotonic_ns();
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        struct request *request = &demo->requests[i];
        if (!request->is_used || request->is_in_flight || request->not_before_ns > now) continue;
        int rc = weft_otlp_sender_send(demo->sender, request->out, done, request, &demo->err);
        request->is_in_flight = rc == WEFT_OK;
        if (rc == WEFT_CLOSED && now - demo->last_contact_ns > GIVE_UP_NS) demo->rc = rc;
        if (rc < 0) break;
    }
}

static struct request *free_request(struct demo *demo)
{
    for (unsigned i = 0; i < REQUESTS_MAX; i++)
        if (!demo->requests[i].is_used) return &demo->requests[i];
    return NULL;
}

/* All requests are taken when the server is slow: then the shop waits for it. */
static struct request *wait_for_request(struct demo *demo)
{
    struct request *request;
    while ((request = free_request(demo)) == NULL && demo->rc == WEFT_OK && !is_stopped) {
        send_waiting(demo);
        weft_otlp_sender_poll(demo->sender, 50 * WEFT_NS_PER_MS);
    }
    return request;
}

static void send_batch(struct demo *demo, const struct weft_batch *batch)
{
    struct request *request = wait_for_request(demo);
    if (request == NULL) return;
    request->demo = demo;
    request->span_count = batch->span_count;
    request->not_before_ns = 0;
    weft_buf_reset(&request->body);
    if (demo->options->protocol == WEFT_OTLP_HTTP_JSON) {
        weft_buf_append_c(&request->body, "{\"resourceSpans\":");
        weft_otlp_encode_json(&request->body, batch, WEFT_OTLP_JSON);
        weft_buf_append_c(&request->body, "}");
    } else {
        weft_otlp_encode_protobuf(&request->body, batch);
    }
    int rc = weft_otlp_sender_pack(demo->sender, weft_buf_str(&request->body), &request->packed,
                                   &request->out, &demo->err);
    request->is_used = rc == WEFT_OK;
    if (rc < 0) demo->rc = rc;
    send_waiting(demo);
    weft_otlp_sender_poll(demo->sender, 0);
}

static void advance(struct demo *demo, uint64_t now_ns)
{
    struct weft_batch batch;
    weft_demo_feed_advance(demo->feed, now_ns);
    while (demo->rc == WEFT_OK && weft_demo_feed_next(demo->feed, &batch)) send_batch(demo, &batch);
}

static bool has_unsent(const struct demo *demo)
{
    for (unsigned i = 0; i < REQUESTS_MAX; i++)
        if (demo->requests[i].is_used) return true;
    return false;
}

static void finish_sending(struct demo *demo, uint64_t bound_ns)
{
    uint64_t end = weft_clock_monotonic_ns() + bound_ns;
    while (has_unsent(demo) && demo->rc == WEFT_OK && weft_clock_monotonic_ns() < end) {
        send_waiting(demo);
        weft_otlp_sender_poll(demo->sender, 50 * WEFT_NS_PER_MS);
    }
}

static void send_past(struct demo *demo, uint64_t begin_ns, uint64_t end_ns, bool shows_progress)
{
    for (uint64_t at = begin_ns; at < end_ns && demo->rc == WEFT_OK && !is_stopped;
         at += BACKFILL_STEP_NS) {
        advance(demo, at);
        if (shows_progress)
            fprintf(stderr, "\rthe past: %3.0f %%, %llu spans ",
                    (double)(at - begin_ns) * 100 / (double)(end_ns - begin_ns),
                    (unsigned long long)demo->accepted_spans);
    }
    finish_sending(demo, 60 * WEFT_NS_PER_SECOND);
    if (shows_progress) fprintf(stderr, "\r%60s\r", "");
}

static void send_live(struct demo *demo)
{
    uint64_t duration = demo->options->duration_ns, begin = weft_clock_monotonic_ns();
    while (demo->rc == WEFT_OK && !is_stopped &&
           (duration == 0 || weft_clock_monotonic_ns() - begin < duration)) {
        uint64_t next = weft_clock_monotonic_ns() + LIVE_STEP_NS, now;
        advance(demo, weft_clock_unix_ns());
        while ((now = weft_clock_monotonic_ns()) < next && demo->rc == WEFT_OK && !is_stopped) {
            send_waiting(demo);
            weft_otlp_sender_poll(demo->sender, next - now);
            if (weft_otlp_sender_in_flight(demo->sender) == 0)
                weft_clock_sleep_ns(20 * WEFT_NS_PER_MS);
        }
    }
    finish_sending(demo, 2 * WEFT_NS_PER_SECOND);
}

static void print_story(const struct options *o, const char *endpoint)
{
    printf("sending to %s, about %g requests a second; stop with Ctrl-C\n", endpoint, o->rate);
    for (int i = 0; i < DEMO_INCIDENT_COUNT; i++)
        printf("  minutes %2u to %2u of every half hour: %s (%s)\n",
               weft_demo_incidents[i].from_minute, weft_demo_incidents[i].to_minute,
               weft_demo_incidents[i].name, weft_demo_incidents[i].summary);
    fflush(stdout);
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct demo *demo = weft_alloc_zero(sizeof *demo);
    struct weft_terminal terminal;
    uint64_t now = weft_clock_unix_ns();

    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    demo->options = o;
    demo->last_contact_ns = weft_clock_monotonic_ns();
    weft_terminal_init(&terminal, 2, WEFT_COLOUR_AUTO);
    demo->rc =
        weft_otlp_sender_create(&demo->sender,
                                &(struct weft_otlp_sender_options){ .endpoint = o->endpoint,
                                                                    .protocol = o->protocol,
                                                                    .compression = o->compression,
                                                                    .connections = 2,
                                                                    .in_flight = 16 },
                                &demo->err);
    if (demo->rc == WEFT_OK) {
        weft_demo_feed_create(&demo->feed,
                              &(struct weft_demo_feed_options){ .seed = o->seed,
                                                                .begin_ns = now - o->backfill_ns,
                                                                .traces_per_second = o->rate,
                                                                .speed = o->speed });
        if (!o->quiet) print_story(o, weft_otlp_sender_endpoint(demo->sender));
        if (o->backfill_ns > 0)
            send_past(demo, now - o->backfill_ns, now, terminal.is_tty && !o->quiet);
        if (demo->rc == WEFT_OK) send_live(demo);
        if (!o->quiet) printf("%llu spans accepted\n", (unsigned long long)demo->accepted_spans);
    }
    int exit_code =
        demo->rc < 0 ? weft_command_error(line->command, "%s", demo->err.text) : WEFT_EXIT_OK;
    weft_otlp_sender_destroy(demo->sender);
    weft_demo_feed_destroy(demo->feed);
    for (unsigned i = 0; i < REQUESTS_MAX; i++) {
        weft_buf_release(&demo->requests[i].body);
        weft_buf_release(&demo->requests[i].packed);
    }
    weft_free(demo);
    return exit_code;
}

static const char *const examples[] = {
    "weft demo",
    "a shop with 17 services, live",
    "weft demo --backfill 24h --rate 2",
    "yesterday first, then live",
    "weft demo --speed 30 --rate 20",
    "every incident within a minute",
    NULL,
};
const struct weft_command weft_command_demo = {
    .name = "demo",
    .summary = "Send the traffic of a made-up shop.",
    .description = "Seventeen services in eight languages' conventions: HTTP, gRPC, PostgreSQL, "
                   "Redis, Kafka with links, a cloud\n"
                   "function, an assistant with a language model. Things go wrong on schedule: a "
                   "slow query after a release, a\n"
                   "retry storm, a cascade of timeouts, a cache outage.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
