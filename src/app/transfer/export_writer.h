/* export_writer.h -- traces into one file or pipe, in one of the formats of docs/export.md.
 *
 * Shape      written as the traces come: one trace is in memory at a time, of its text about a MiB
 * Errors     WEFT_IO names the file; WEFT_CLOSED: whoever read the pipe has gone
 * Ownership  the writer owns its file
 */
#ifndef WEFT_APP_TRANSFER_EXPORT_WRITER_H
#define WEFT_APP_TRANSFER_EXPORT_WRITER_H
#include "app/command.h"
#include "model/span.h"

#define WEFT_EXPORT_FORMAT_CHOICES "otlp", "ndjson", "protobuf", "jaeger", "zipkin", "csv"
extern const char *const weft_export_format_choices[]; /* in the order of their numbers */

#define WEFT_EXPORT_FORMATS_HELP                                                           \
    "otlp: one OTLP JSON document; ndjson: OTLP JSON, a line about a MiB at most, as the " \
    "Collector's file exporter writes; protobuf: OTLP TracesData; jaeger: as Jaeger's UI " \
    "downloads it; zipkin: a list of Zipkin v2 spans; csv: one line a span."
#define WEFT_OPTION_OUTPUT(type, field)                                                            \
    {                                                                                              \
        .name = "output", .kind = WEFT_OPT_STRING, .offset = offsetof(type, field), .letter = 'o', \
        .value_name = "FILE", .help = "Write to a file instead of standard output."                \
    }

struct weft_export;

/* `path` NULL: standard output. A file is made, or emptied, when the first bytes are written. */
void weft_export_create(struct weft_export **out, int format, const char *path);
/* The spans of one trace, and of one scope together. */
int weft_export_trace(struct weft_export *writer, const struct weft_batch *trace,
                      struct weft_err *err);
/* What stands behind all traces; nothing is written after this. */
int weft_export_finish(struct weft_export *writer, struct weft_err *err);
uint64_t weft_export_bytes(const struct weft_export *writer); /* written so far */
void weft_export_destroy(struct weft_export *writer);         /* NULL is fine */

#endif
