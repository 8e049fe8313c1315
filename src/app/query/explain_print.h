/* explain_print.h -- how a query is answered, for people.
 *
 * Threads    pure
 */
#ifndef WEFT_APP_QUERY_EXPLAIN_PRINT_H
#define WEFT_APP_QUERY_EXPLAIN_PRINT_H
#include "app/query/explain_answer.h"
#include "app/terminal.h"

void weft_explain_print(struct weft_buf *out, const struct weft_explained *explained,
                        const struct weft_terminal *terminal);

#endif
