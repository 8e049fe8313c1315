/* endpoint.c -- endpoint texts, both ways. */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#define PATH_BYTES_MAX \
    102 /* so that "unix:" and the path fit into the 108 bytes of weft_endpoint_format() */

static int unix_parse(struct weft_endpoint *out, struct weft_str path, struct weft_err *err)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&out->address;
    if (path.len == 0 || path.len > PATH_BYTES_MAX || memchr(path.ptr, 0, path.len) != NULL)
        return weft_fail(err, WEFT_INVALID,
                         "endpoint \"unix:%.*s\": the path must have 1 to %d bytes",
                         WEFT_S_ARG(path), PATH_BYTES_MAX);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path.ptr, path.len);
    out->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
    out->is_unix = true;
    return WEFT_OK;
}

static bool number_parse(struct weft_endpoint *out, const char *host, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out->address_len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        out->address_len = sizeof *v6;
        return true;
    }
    return false;
}

static int name_resolve(struct weft_endpoint *out, const char *host, uint16_t port,
                        struct weft_err *err)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0)
        return weft_fail(err, WEFT_IO, "endpoint \"%s:%u\": looking up the name: %s", host, port,
                         gai_strerror(rc));
    memcpy(&out->address, found->ai_addr, found->ai_addrlen);
    out->address_len = found->ai_addrlen;
    if (found->ai_family == AF_INET)
        ((struct sockaddr_in *)&out->address)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&out->address)->sin6_port = htons(port);
    freeaddrinfo(found);
    return WEFT_OK;
}

/* Cut "host:port" or "[host]:port" at the last colon. */
static bool host_port_split(struct weft_str text, struct weft_str *host, uint64_t *port)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') colon--;
    if (colon == 0) return false;
    *host = weft_str_make(text.ptr, colon - 1);
    if (!weft_str_to_u64(weft_str_tail(text, colon), port) || *port > 65535) return false;
    if (host->len >= 2 && host->ptr[0] == '[' && host->ptr[host->len - 1] == ']') {
        *host = weft_str_make(host->ptr + 1, host->len - 2);
        return weft_str_find(*host, ':') >= 0;
    }
    return weft_str_find(*host, ':') < 0; /* a bare IPv6 address needs its brackets */
}

int weft_endpoint_parse(struct weft_endpoint *out, struct weft_str text, struct weft_err *err)
{
    memset(out, 0, sizeof *out);
    if (weft_str_starts_with(text, WEFT_S("unix://")))
        return unix_parse(out, weft_str_tail(text, 7), err);
    if (weft_str_starts_with(text, WEFT_S("unix:")))
        return unix_parse(out, weft_str_tail(text, 5), err);
    struct weft_str host;
    uint64_t port;
    char name[256];
    if (!host_port_split(text, &host, &port) || host.len >= sizeof name)
        return weft_fail(
            err, WEFT_INVALID,
            "endpoint \"%.*s\": expected host:port, [ipv6]:port or unix:/path, port 0 to 65535",
            WEFT_S_ARG(text));
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    const char *literal = name;
    if (strcmp(name, "localhost") == 0)
        literal = "127.0.0.1";
    else if (name[0] == '\0' || strcmp(name, "*") == 0)
        literal = "::";
    if (number_parse(out, literal, (uint16_t)port)) return WEFT_OK;
    return name_resolve(out, name, (uint16_t)port, err);
}

void weft_endpoint_format(char out[static 108], const struct sockaddr *address,
                          socklen_t address_len)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, 108, "%s:%u", host, ntohs(v4->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, 108, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else if (address_len > offsetof(struct sockaddr_un, sun_path)) {
        const struct sockaddr_un *local = (const struct sockaddr_un *)address;
        snprintf(out, 108, "unix:%.*s", 102, local->sun_path);
    } else {
        snprintf(out, 108, "unix");
    }
}
