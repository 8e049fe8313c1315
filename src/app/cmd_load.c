/* cmd_load.c -- weft load: OTLP as fast as it is taken, or at a rate, and what became of it. */
#include "app/command.h"
#include "app/load/report.h"
#include "app/load/verify.h"
#include "app/otlp_sender.h"
#include "app/terminal.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "model/otlp.h"

struct options {
    const char *endpoint;
    int protocol, shape, compression;
    const char *server;
    uint64_t connections, in_flight, spans_per_request, trace_spans, seed, total_spans, duration_ns;
    uint64_t verify, settle_ns;
    double rate;
    bool json, quiet;
};
#define CHOICE(name, spans, kind, fill, help) #name,
#define HELP(name, spans, kind, fill, help) " " #name ": " help ";"
static const char *const shape_choices[] = { WEFT_LOAD_SHAPES(CHOICE) NULL };
#define AT(field) offsetof(struct options, field)
static const struct weft_option options[] = {
    WEFT_OTLP_SENDER_OPTIONS(struct options),
    { .name = "shape",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(shape),
      .fallback = "a1",
      .choices = shape_choices,
      .help = "What to send." WEFT_LOAD_SHAPES(HELP) },
    { .name = "connections",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(connections),
      .letter = 'c',
      .fallback = "2",
      .min = 1,
      .max = 1000,
      .help = "Connections to open." },
    { .name = "in-flight",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(in_flight),
      .fallback = "4",
      .min = 1,
      .max = 1000,
      .help = "Requests under way on each; over HTTP always one." },
    { .name = "spans-per-request",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(spans_per_request),
      .max = 100000,
      .help = "Spans in one request; 0: what suits the shape, 1,000 for most." },
    { .name = "trace-spans",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(trace_spans),
      .fallback = "500000",
      .min = 1,
      .max = 100000000,
      .help = "Spans a trace of the shape giant." },
    { .name = "rate",
      .kind = WEFT_OPT_NUMBER,
      .offset = AT(rate),
      .fallback = "0",
      .help = "Spans a second; 0: as fast as they are taken." },
    { .name = "seconds",
      .kind = WEFT_OPT_SECONDS,
      .offset = AT(duration_ns),
      .letter = 't',
      .fallback = "10",
      .help = "How long to send." },
    { .name = "spans",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(total_spans),
      .help = "Stop after that many spans; 0: by time." },
    { .name = "seed",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(seed),
      .help = "The same seed makes the same ids; 0: draw one." },
    { .name = "verify",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(verify),
      .max = 100000,
      .help = "Read one trace of so many accepted requests back and compare every field." },
    { .name = "settle",
      .kind = WEFT_OPT_SECONDS,
      .offset = AT(settle_ns),
      .help = "Read back again so much later, when compaction has come by." },
    WEFT_OPTION_SERVER(struct options, server),
    { .name = "json",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(json),
      .help = "Print the report as JSON." },
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(quiet),
      .letter = 'q',
      .help = "No progress line." },
    { 0 },
};

struct run;
/* One request that is always under way, waiting to be sent, or finished. */
struct slot {
    struct run *run;
    struct weft_load_template template;
    struct weft_buf packed, json;
    struct weft_str body;
    uint64_t number, stamped_ns; /* of the request under way */
    uint64_t not_before_ns;      /* a refusal's delay */
    bool is_in_flight;
};
struct run {
    const struct options *options;
    struct weft_otlp_sender *sender;
    struct slot *slots;
    uint32_t slot_count;
    uint64_t started_ns, next_due_ns, sent_requests, sent_spans;
    uint64_t seed;
    uint64_t closed_since_ns; /* no connection since then, 0: connected */
    struct weft_load_report report;
    struct weft_load_verify verify;
    struct weft_err err;
};

static void done(void *arg, const struct weft_otlp_sent *sent)
{
    struct slot *slot = arg;
    slot->is_in_flight = false;
    weft_load_report_add(&slot->run->report, sent, slot->template.draw.span_count, slot->body.len);
    if (sent->is_accepted)
        weft_load_verify_add(
            &slot->run->verify,
            &(struct weft_load_sample){ &slot->template, slot->number, slot->stamped_ns });
    if (!sent->is_accepted && sent->retry_after_ns > 0)
        slot->not_before_ns = weft_clock_monotonic_ns() + sent->retry_after_ns;
}

/* OTLP/JSON has its ids in text: it is encoded anew each time. */
static int to_json(struct slot *slot, struct weft_err *err)
{
    struct weft_arena arena;
    weft_arena_init(&arena, 256 * 1024);
    struct weft_batch batch = { .arena = &arena };
    struct weft_otlp_result result = { 0 };
    int rc = weft_otlp_decode_protobuf(&batch, weft_buf_str(&slot->template.body), &result, err);
    weft_buf_reset(&slot->json);
    weft_buf_append_c(&slot->json, "{\"resourceSpans\":");
    weft_otlp_encode_json(&slot->json, &batch, WEFT_OTLP_JSON);
    weft_buf_append_c(&slot->json, "}");
    weft_arena_release(&arena);
    return rc;
}

static int send_slot(struct run *run, struct slot *slot)
{
    slot->number = run->sent_requests;
    slot->stamped_ns = weft_clock_unix_ns();
    int rc = weft_load_template_stamp(&slot->template, slot->number, slot->stamped_ns, &run->err);
    struct weft_str body = weft_buf_str(&slot->template.body);
    if (rc == WEFT_OK && run->options->protocol == WEFT_OTLP_HTTP_JSON) {
        rc = to_json(slot, &run->err);
        body = weft_buf_str(&slot->json);
    }
    if (rc == WEFT_OK)
        rc = weft_otlp_sender_pack(run->sender, body, &slot->packed, &slot->body, &run->err);
    if (rc == WEFT_OK) rc = weft_otlp_sender_send(run->sender, slot->body, done, slot, &run->err);
    if (rc < 0) return rc;
    slot->is_in_flight = true;
    run->sent_requests++;
    run->sent_spans += slot->template.draw.span_count;
    return WEFT_OK;
}

static bool is_over(const struct run *run, uint64_t now)
{
    const struct options *o = run->options;
    if (o->total_spans > 0) return run->sent_spans >= o->total_spans;
    return now - run->started_ns >= o->duration_ns;
}

/* Send from every slot that may; returns how long nothing is to be sent. */
static uint64_t send_what_is_due(struct run *run, uint64_t now, int *rc)
{
    uint64_t wait_ns = 100 * WEFT_NS_PER_MS;
    double rate = run->options->rate;
    for (uint32_t i = 0; i < run->slot_count && !is_over(run, now); i++) {
        struct slot *slot = &run->slots[i];
        if (slot->is_in_flight) continue;
        uint64_t due =
            slot->not_before_ns > run->next_due_ns ? slot->not_before_ns : run->next_due_ns;
        if (due > now) {
            if (due - now < wait_ns) wait_ns = due - now;
            continue;
        }
        *rc = send_slot(run, slot);
        if (*rc < 0) break;
        if (rate > 0) run->next_due_ns += (uint64_t)(slot->template.draw.span_count / rate * 1e9);
    }
    return wait_ns;
}

static void show_progress(const struct run *run, uint64_t now)
{
    double seconds = (double)(now - run->started_ns) / 1e9;
    fprintf(stderr, "\r%5.0f s  %12llu spans accepted  %9.0f/s  %llu requests refused ", seconds,
            (unsigned long long)run->report.accepted_spans,
            (double)run->report.accepted_spans / seconds,
            (unsigned long long)run->report.refused_requests);
}

/* A server that is not there is given five seconds. */
static int note_connection(struct run *run, int rc, uint64_t now)
{
    if (rc == WEFT_OK || rc == WEFT_FULL) {
        run->closed_since_ns = 0;
        return WEFT_OK;
    }
    if (rc != WEFT_CLOSED) return rc;
    if (run->closed_since_ns == 0) run->closed_since_ns = now;
    return now - run->closed_since_ns > 5 * WEFT_NS_PER_SECOND ? rc : WEFT_OK;
}

static int run_load(struct run *run, bool shows_progress)
{
    int rc = WEFT_OK;
    uint64_t cpu = weft_clock_process_cpu_ns(), shown = 0, now;
    run->started_ns = run->next_due_ns = weft_clock_monotonic_ns();
    while (now = weft_clock_monotonic_ns(),
           !is_over(run, now) || weft_otlp_sender_in_flight(run->sender) > 0) {
        int sent = WEFT_OK;
        uint64_t wait_ns =
            is_over(run, now) ? 100 * WEFT_NS_PER_MS : send_what_is_due(run, now, &sent);
        if ((rc = note_connection(run, sent, now)) < 0) break;
        weft_otlp_sender_poll(run->sender, wait_ns);
        if (shows_progress && now - shown > WEFT_NS_PER_SECOND / 2) {
            shown = now;
            show_progress(run, now);
        }
    }
    if (shows_progress) fprintf(stderr, "\r%80s\r", "");
    run->report.elapsed_ns = weft_clock_monotonic_ns() - run->started_ns;
    run->report.cpu_ns = weft_clock_process_cpu_ns() - cpu;
    return rc;
}

static int prepare(struct run *run)
{
    const struct options *o = run->options;
    const struct weft_otlp_sender_options sending = {
        .endpoint = o->endpoint,
        .protocol = o->protocol,
        .compression = o->compression,
        .connections = (unsigned)o->connections,
        .in_flight = (unsigned)o->in_flight,
    };
    int rc = weft_otlp_sender_create(&run->sender, &sending, &run->err);
    run->seed = o->seed;
    if (run->seed == 0) weft_random_system(&run->seed, sizeof run->seed);
    run->slot_count =
        (uint32_t)(o->connections * (o->protocol == WEFT_OTLP_GRPC ? o->in_flight : 1));
    run->slots = weft_alloc_array(run->slot_count, sizeof *run->slots);
    for (uint32_t i = 0; i < run->slot_count && rc == WEFT_OK; i++) {
        run->slots[i].run = run;
        const struct weft_load_shape *shape = &weft_load_shapes[o->shape];
        const struct weft_load_draw draw = { .span_count = o->spans_per_request > 0
                                                               ? (uint32_t)o->spans_per_request
                                                               : shape->spans_per_request,
                                             .number = i,
                                             .seed = run->seed,
                                             .trace_spans = (uint32_t)o->trace_spans };
        rc = weft_load_template_init(&run->slots[i].template, shape, &draw, &run->err);
    }
    weft_load_verify_init(&run->verify, (uint32_t)o->verify, run->seed);
    return rc;
}

static void release(struct run *run)
{
    weft_otlp_sender_destroy(run->sender);
    weft_load_verify_release(&run->verify);
    for (uint32_t i = 0; i < run->slot_count; i++) {
        weft_load_template_release(&run->slots[i].template);
        weft_buf_release(&run->slots[i].packed);
        weft_buf_release(&run->slots[i].json);
    }
    weft_free(run->slots);
}

static int read_back(struct run *run)
{
    const struct options *o = run->options;
    if (o->verify == 0) return WEFT_OK;
    int rc = weft_load_verify_run(&run->verify, o->server, &run->err);
    if (rc == WEFT_OK && o->settle_ns > 0) {
        weft_clock_sleep_ns(o->settle_ns);
        rc = weft_load_verify_run(&run->verify, o->server, &run->err);
    }
    run->report.verified_traces = run->verify.traces;
    run->report.verified_spans = run->verify.spans;
    return rc;
}

static int run(const void *given, const struct weft_command_line *line)
{
    const struct options *o = given;
    struct run *run = weft_alloc_zero(sizeof *run);
    struct weft_terminal terminal;
    struct weft_buf out = { 0 };

    run->options = o;
    weft_terminal_init(&terminal, 2, WEFT_COLOUR_AUTO);
    int rc = prepare(run);
    if (rc == WEFT_OK) rc = run_load(run, terminal.is_tty && !o->quiet);
    if (rc == WEFT_OK) rc = read_back(run);
    if (rc == WEFT_OK) {
        if (o->json)
            weft_load_report_write_json(&out, &run->report);
        else
            weft_load_report_write_text(&out, &run->report);
        weft_terminal_write(1, weft_buf_str(&out));
    } else {
        weft_command_error(line->command, "%s", run->err.text);
    }
    bool is_all_accepted = rc == WEFT_OK && run->report.refused_requests == 0;
    weft_buf_release(&out);
    release(run);
    weft_free(run);
    return is_all_accepted ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static const char *const examples[] = {
    "weft load",
    "ten seconds of spans, as fast as they are taken",
    "weft load --rate 50000 --seconds 600 --compression gzip",
    "a steady 50,000 spans a second for ten minutes",
    "weft load --protocol http --shape small --json",
    "small spans over HTTP, the report as JSON",
    "weft load --shape h --verify 100 --settle 5",
    "hostile spans, 100 traces of them compared with what the server has, and again after five "
    "seconds",
    NULL,
};
const struct weft_command weft_command_load = {
    .name = "load",
    .summary = "Send spans as fast as they are taken, and report.",
    .description = "Ids and times are new in every request. Exit status 1: some requests were "
                   "refused, or what "
                   "was read back is not what was sent.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
