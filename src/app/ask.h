/* ask.h -- asking a running weft over its own API, for the commands of the terminal.
 *
 * Errors     WEFT_NOT_FOUND, WEFT_INVALID, ... as the server said; WEFT_IO when it could not be
 *            reached
 */
#ifndef WEFT_APP_ASK_H
#define WEFT_APP_ASK_H
#include "base/buf.h"
#include "base/err.h"

/* Append "?name=value" or "&name=value", encoded. */
void weft_ask_add(struct weft_buf *path, const char *name, struct weft_str value);
/* The same, unless it is NULL or empty: an option that was not given. */
void weft_ask_add_text(struct weft_buf *path, const char *name, const char *value);
/* "name=25", "name=5ns"; `unit` may be "". */
void weft_ask_add_number(struct weft_buf *path, const char *name, uint64_t number,
                         const char *unit);
/* since, from and to, as WEFT_OPTION_TIMES has them. */
void weft_ask_add_times(struct weft_buf *path, const char *since, const char *from, const char *to);
/* GET server + path; the body is appended to `body`. `accept` NULL: JSON. */
int weft_ask(struct weft_buf *body, const char *server, struct weft_str path, const char *accept,
             struct weft_err *err);
/* The same over a connection that is kept, for who asks often. */
struct weft_http_client;
int weft_ask_client(struct weft_buf *body, struct weft_http_client *client, struct weft_str path,
                    const char *accept, struct weft_err *err);
/* The same for a question with a query in it: of one that is refused, `place` says where it does not fit. */
struct weft_ask_place {
    uint32_t line, column; /* in characters, from 1; 0: no place */
};
int weft_ask_query(struct weft_buf *body, const char *server, struct weft_str path,
                   struct weft_ask_place *place, struct weft_err *err);

#endif
