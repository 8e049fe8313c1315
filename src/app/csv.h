/* csv.h -- one cell of CSV.
 *
 * Spec       RFC 4180: what holds a comma, a quote or a line end stands in quotes, quotes are doubled
 */
#ifndef WEFT_APP_CSV_H
#define WEFT_APP_CSV_H
#include "base/buf.h"

void weft_csv_put(struct weft_buf *out, struct weft_str cell);

#endif
