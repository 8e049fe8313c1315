/* import_read.h -- traces from files of many kinds, as batches; docs/import.md says which.
 *
 * Shape      a file is taken apart into pieces that stand for themselves (a ResourceSpans, a Jaeger trace, a stretch of a Zipkin list);
 *            each is decoded alone, so that memory does not grow with the file
 * Errors     of a piece: counted, and said with file and line (or byte); the next line is gone on with where a file is one of lines.
 *            Errors of the file itself and of the sink end the reading
 * Ownership  a batch given to the sink lives until the call returns
 */
#ifndef WEFT_APP_TRANSFER_IMPORT_READ_H
#define WEFT_APP_TRANSFER_IMPORT_READ_H
#include "base/buf.h"
#include "base/err.h"
#include "model/span.h"

enum weft_import_format {
    WEFT_IMPORT_AUTO,
    WEFT_IMPORT_OTLP, /* JSON: a document, a ResourceSpans, lines of either */
    WEFT_IMPORT_PROTOBUF,
    WEFT_IMPORT_JAEGER,
    WEFT_IMPORT_ZIPKIN,
};
extern const char *const weft_import_format_choices[];

struct weft_import {
    enum weft_import_format format;
    int (*take)(void *self, const struct weft_batch *batch, struct weft_err *err);
    void (*complain)(void *self, const char *sentence);
    void *self;

    uint64_t read_spans;     /* given to take() */
    uint64_t rejected_spans; /* without ids, or with a key too long: not given */
    uint64_t broken_pieces;  /* that could not be read */
};
/* `path` "-" is standard input. A file may be gzip or zstd. */
int weft_import_file(struct weft_import *import, const char *path, struct weft_err *err);
/* The same of a text that is here; `name` is for sentences. */
int weft_import_text(struct weft_import *import, const char *name, struct weft_str text,
                     struct weft_err *err);

#endif
