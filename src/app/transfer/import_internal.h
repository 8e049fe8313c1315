/* import_internal.h -- shared by import_read.c (files), import_json.c (JSON apart) and import_protobuf.c (protobuf and frames). */
#ifndef WEFT_APP_TRANSFER_IMPORT_INTERNAL_H
#define WEFT_APP_TRANSFER_IMPORT_INTERNAL_H
#include "app/transfer/import_read.h"
#include "model/otlp.h"

#define WEFT_IMPORT_PIECE_BYTES ((size_t)1 << 20)

struct weft_import_reading {
    struct weft_import *import;
    const char *name;
    struct weft_str text;
    struct weft_arena arena; /* of the piece */
    struct weft_buf piece;   /* where it needs brackets */
    size_t counted_at;       /* so far, text has been looked at for line ends ... */
    uint64_t lines;          /* ... and had so many; with those of earlier windows */
    bool has_said_reason;    /* why spans are left out: once a file */
    bool is_binary;          /* places are bytes, not lines */
    uint64_t bytes_before;   /* of a binary file, before this text */
};
typedef int weft_import_decoder(struct weft_batch *out, struct weft_str body,
                                struct weft_otlp_result *result, struct weft_err *err);
/* Decode one piece that began at `at` of the text and hand it on. Negative: the sink's error. A piece that cannot be read is said and
 * counted, and 0 is returned. */
int weft_import_piece(struct weft_import_reading *x, weft_import_decoder *decode,
                      struct weft_str piece, size_t at, struct weft_err *err);
/* The same without a word when the piece cannot be read: *is_read tells. */
int weft_import_try(struct weft_import_reading *x, weft_import_decoder *decode,
                    struct weft_str piece, size_t at, bool *is_read, struct weft_err *err);
/* Say and count what is wrong at `at`. */
void weft_import_broken(struct weft_import_reading *x, size_t at, const char *sentence);

int weft_import_json(struct weft_import_reading *x, struct weft_err *err);
int weft_import_protobuf(struct weft_import_reading *x, struct weft_err *err);
bool weft_import_is_protobuf(
    struct weft_str text); /* nothing but ResourceSpans, by their lengths */
/* The Collector's file exporter with `format: proto` or a compression: four bytes of length, big-endian, before each message. */
bool weft_import_is_framed(struct weft_str text);
int weft_import_frames(struct weft_import_reading *x, struct weft_err *err);
/* A text without frames, by its first bytes or the format asked for. */
int weft_import_message(struct weft_import_reading *x, struct weft_err *err);
/* Gzip or zstd, by the first bytes. */
bool weft_import_is_compressed(struct weft_str text);
int weft_import_inflate(struct weft_buf *out, struct weft_str text, struct weft_err *err);

#endif
