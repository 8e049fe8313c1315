/* endpoint.h -- "127.0.0.1:4317", "[::1]:0", "localhost:4318", ":4318", "unix:/run/weft.sock" to socket addresses and back.
 *
 * Errors     WEFT_INVALID with what was found and which forms are known; WEFT_IO when a name cannot be resolved
 * Threads    pure, but for names other than localhost: getaddrinfo() blocks (start of the program, not a loop)
 * Ownership  plain memory of the caller
 */
#ifndef WEFT_NET_ENDPOINT_H
#define WEFT_NET_ENDPOINT_H
#include "base/err.h"
#include "base/str.h"
#include <stdbool.h>
#include <sys/socket.h>

struct weft_endpoint {
    struct sockaddr_storage address;
    socklen_t address_len;
    bool is_unix;
};
/* ":4318" and "*:4318" mean every address of the machine. */
int weft_endpoint_parse(struct weft_endpoint *out, struct weft_str text, struct weft_err *err);
/* "127.0.0.1:4317", "[::1]:4317", "unix:/path", "unix" for an unnamed peer; always terminated. */
void weft_endpoint_format(char out[static 108], const struct sockaddr *address,
                          socklen_t address_len);

#endif
