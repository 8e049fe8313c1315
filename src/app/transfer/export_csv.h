/* export_csv.h -- spans as CSV, one line each; the columns are those of docs/export.md.
 *
 * Spec       RFC 4180, lines ended by LF: what holds a comma, a quote or a line end stands in quotes, quotes are doubled
 */
#ifndef WEFT_APP_TRANSFER_EXPORT_CSV_H
#define WEFT_APP_TRANSFER_EXPORT_CSV_H
#include "base/buf.h"
#include "model/span.h"

void weft_export_csv_head(struct weft_buf *out);
void weft_export_csv_span(struct weft_buf *out, const struct weft_span *span);

#endif
