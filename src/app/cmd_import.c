/* cmd_import.c -- weft import: trace files of many kinds to an OTLP receiver. */
#include "app/command.h"
#include "app/terminal.h"
#include "app/transfer/import_read.h"
#include "app/transfer/import_send.h"
#include "base/clock.h"
#include <inttypes.h>

#define COMPLAINTS_MAX 10 /* said one by one; all are counted */

struct options {
    const char *endpoint;
    int format, protocol, compression;
    uint64_t retry_ns;
    bool json, quiet, dry_run;
};
#define AT(field) offsetof(struct options, field)
static const char *const protocol_choices[] = { "grpc", "http",
                                                NULL }; /* enum weft_otlp_protocol */
static const struct weft_option options[] = {
    { .name = "format",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(format),
      .letter = 'f',
      .fallback = "auto",
      .choices = weft_import_format_choices,
      .help = "What the files hold; auto looks at what is in them. otlp is OTLP JSON, also line by "
              "line." },
    { .name = "endpoint",
      .kind = WEFT_OPT_STRING,
      .offset = AT(endpoint),
      .letter = 'e',
      .value_name = "URL",
      .help = "The OTLP receiver: http://127.0.0.1:4317 for grpc, :4318 for http, unless given." },
    { .name = "protocol",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(protocol),
      .letter = 'p',
      .fallback = "grpc",
      .choices = protocol_choices,
      .help = "http is OTLP/HTTP with protobuf." },
    { .name = "compression",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(compression),
      .letter = 'z',
      .fallback = "none",
      .choices = weft_otlp_compression_choices,
      .help = "Of the requests." },
    { .name = "retry",
      .kind = WEFT_OPT_DURATION,
      .offset = AT(retry_ns),
      .fallback = "1m",
      .help = "How long a receiver that is not there, or has no room, is asked again." },
    { .name = "dry-run",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(dry_run),
      .help = "Read and count, send nothing." },
    WEFT_OPTION_JSON(struct options, json),
    { .name = "quiet",
      .kind = WEFT_OPT_BOOL,
      .offset = AT(quiet),
      .letter = 'q',
      .help = "No progress line, and no count at the end." },
    { 0 },
};

struct run {
    const struct options *options;
    const struct weft_command_line *line;
    struct weft_import import;
    struct weft_import_sender *sender; /* NULL: a dry run */
    uint64_t complaints, started_ns, shown_ns;
    bool shows_progress;
};

static void clear_progress(const struct run *run)
{
    if (run->shows_progress && run->shown_ns > 0) fprintf(stderr, "\r%80s\r", "");
}

static void show_progress(struct run *run)
{
    uint64_t now = weft_clock_monotonic_ns();
    if (!run->shows_progress || now - run->shown_ns < WEFT_NS_PER_SECOND / 2) return;
    run->shown_ns = now;
    fprintf(stderr, "\r%5.0f s  %12" PRIu64 " spans read ", (double)(now - run->started_ns) / 1e9,
            run->import.read_spans);
}

static int take(void *self, const struct weft_batch *batch, struct weft_err *err)
{
    struct run *run = self;
    show_progress(run);
    return run->sender != NULL ? weft_import_sender_take(run->sender, batch, err) : WEFT_OK;
}

static void complain(void *self, const char *sentence)
{
    struct run *run = self;
    if (run->complaints++ >= COMPLAINTS_MAX) return;
    clear_progress(run);
    weft_command_error(run->line->command, "%s", sentence);
}

static int read_files(struct run *run, struct weft_err *err)
{
    static const char *const standard_input[] = { "-" };
    const struct weft_command_line *line = run->line;
    unsigned count = line->argument_count > 0 ? line->argument_count : 1;
    const char *const *files = line->argument_count > 0 ? line->arguments : standard_input;
    int rc = WEFT_OK;
    for (unsigned i = 0; i < count && rc == WEFT_OK; i++)
        rc = weft_import_file(&run->import, files[i], err);
    return rc;
}

/* ---- what became of it ---- */

static void report_json(const struct run *run, const struct weft_import_counts *sent)
{
    printf("{\"read_spans\":%" PRIu64 ",\"accepted_spans\":%" PRIu64 ",\"left_out_spans\":%" PRIu64
           ",\"rejected_spans\":%" PRIu64 ",\"refused_spans\":%" PRIu64
           ",\"broken_pieces\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"retries\":%" PRIu64 "}\n",
           run->import.read_spans, sent->accepted_spans, run->import.rejected_spans,
           sent->rejected_spans, sent->refused_spans, run->import.broken_pieces, sent->requests,
           sent->retries);
}

static void report_text(const struct run *run, const struct weft_import_counts *sent)
{
    fprintf(stderr, "%" PRIu64 " spans read, %" PRIu64 " accepted", run->import.read_spans,
            sent->accepted_spans);
    if (run->import.rejected_spans > 0)
        fprintf(stderr, ", %" PRIu64 " more left out", run->import.rejected_spans);
    if (run->import.broken_pieces > 0)
        fprintf(stderr, ", %" PRIu64 " places that could not be read", run->import.broken_pieces);
    fprintf(stderr, "\n");
}

/* Everything that was in the files is on the receiver's side. */
static bool report(const struct run *run, const struct weft_import_counts *sent)
{
    const struct weft_command *command = run->line->command;
    if (run->complaints > COMPLAINTS_MAX)
        weft_command_error(command, "%" PRIu64 " more like these",
                           run->complaints - COMPLAINTS_MAX);
    if (sent->refused_spans + sent->rejected_spans > 0)
        weft_command_error(command, "%" PRIu64 " spans were refused: %s",
                           sent->refused_spans + sent->rejected_spans, sent->reason);
    if (run->options->json)
        report_json(run, sent);
    else if (!run->options->quiet)
        report_text(run, sent);
    return sent->refused_spans + sent->rejected_spans + run->import.rejected_spans +
               run->import.broken_pieces ==
           0;
}

static int run(const void *given, const struct weft_command_line *line)
{
    static const struct weft_import_counts nothing = { 0 };
    const struct options *o = given;
    struct run run = { .options = o, .line = line, .started_ns = weft_clock_monotonic_ns() };
    struct weft_terminal terminal;
    struct weft_err err;
    int rc = WEFT_OK;
    run.import = (struct weft_import){
        .format = o->format, .take = take, .complain = complain, .self = &run
    };
    weft_terminal_init(&terminal, 2, WEFT_COLOUR_AUTO);
    run.shows_progress = terminal.is_tty && !o->quiet;
    const struct weft_otlp_sender_options sending = { .endpoint = o->endpoint,
                                                      .protocol = o->protocol,
                                                      .compression = o->compression,
                                                      .connections = o->protocol == WEFT_OTLP_GRPC
                                                                         ? 1
                                                                         : WEFT_IMPORT_SLOTS,
                                                      .in_flight = WEFT_IMPORT_SLOTS };
    if (!o->dry_run) rc = weft_import_sender_create(&run.sender, &sending, o->retry_ns, &err);
    if (rc == WEFT_OK) rc = read_files(&run, &err);
    if (run.sender != NULL) { /* what was read before an error is sent all the same */
        struct weft_err second;
        int sent = weft_import_sender_finish(run.sender, rc < 0 ? &second : &err);
        if (rc == WEFT_OK) rc = sent;
    }
    clear_progress(&run);
    if (rc < 0) weft_command_error(line->command, "%s", err.text);
    bool is_whole =
        report(&run, run.sender != NULL ? weft_import_sender_counts(run.sender) : &nothing);
    weft_import_sender_destroy(run.sender);
    return rc == WEFT_OK && is_whole ? WEFT_EXIT_OK : WEFT_EXIT_FAILED;
}

static const char *const examples[] = {
    "weft import trace.json",
    "a file from Jaeger's UI, an OTLP file, a file of the Collector's exporter",
    "weft export --server http://old:16686 | weft import",
    "all traces of another weft",
    "weft import --dry-run *.json.gz",
    "what is in these files, and what is wrong with them",
    NULL,
};
const struct weft_command weft_command_import = {
    .name = "import",
    .summary = "Send trace files to an OTLP receiver.",
    .arguments = "[FILE...]",
    .arguments_max = 100000,
    .description =
        "Reads OTLP as JSON (documents and lines) and protobuf, Jaeger's and Zipkin's JSON and the "
        "files of "
        "the Collector's file exporter, also gzip and zstd; without a file, or for -, standard "
        "input. Ids and times are kept: importing a file again changes nothing. What cannot be "
        "read is said with its line and left out, the rest is sent.\n\n"
        "Exit status 1: not everything arrived, and standard error says what did not.",
    .examples = examples,
    .options = options,
    .options_size = sizeof(struct options),
    .run = run,
};
