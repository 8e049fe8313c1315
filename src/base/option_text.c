/* option_text.c -- sizes and addresses, as people write them. */
#include "base/option.h"

#include <inttypes.h>

static const struct {
    struct weft_str name;
    uint64_t bytes;
} units[] = {
    /* Largest first: the writer takes the first that divides; then names that are only read. */
    { WEFT_S_INIT("TiB"), UINT64_C(1) << 40 },
    { WEFT_S_INIT("GiB"), 1 << 30 },
    { WEFT_S_INIT("MiB"), 1 << 20 },
    { WEFT_S_INIT("KiB"), 1 << 10 },
    { WEFT_S_INIT("B"), 1 },
    { WEFT_S_INIT("TB"), UINT64_C(1000000000000) },
    { WEFT_S_INIT("GB"), 1000000000 },
    { WEFT_S_INIT("MB"), 1000000 },
    { WEFT_S_INIT("KB"), 1000 },
    { WEFT_S_INIT("kB"), 1000 },
};
enum { UNIT_COUNT = sizeof units / sizeof units[0], WRITTEN_UNITS = 4 };

bool weft_bytes_parse(struct weft_str text, uint64_t *bytes)
{
    size_t digits = 0;
    uint64_t unit = 1;

    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9') digits++;
    struct weft_str name = weft_str_trim(weft_str_tail(text, digits));
    if (name.len > 0) {
        size_t i = 0;
        while (i < UNIT_COUNT && !weft_str_equal(name, units[i].name)) i++;
        if (i == UNIT_COUNT) return false;
        unit = units[i].bytes;
    }
    uint64_t count;
    if (!weft_str_to_u64(weft_str_make(text.ptr, digits), &count)) return false;
    return !__builtin_mul_overflow(count, unit, bytes);
}

void weft_bytes_write(uint64_t bytes, struct weft_buf *out)
{
    for (size_t i = 0; bytes > 0 && i < WRITTEN_UNITS; i++) {
        if (bytes % units[i].bytes != 0) continue;
        weft_buf_printf(out, "%" PRIu64 "%.*s", bytes / units[i].bytes, WEFT_S_ARG(units[i].name));
        return;
    }
    weft_buf_printf(out, "%" PRIu64, bytes);
}

#define FORMS "expected an address such as 127.0.0.1:4317, [::1]:4317 or unix:/run/weft.sock"

static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_host(struct weft_str host)
{
    if (host.len >= 4 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        for (size_t i = 1; i + 1 < host.len; i++) {
            char c = host.ptr[i];
            /* '%' begins a zone: fe80::1%eth0 */
            if (!is_host_byte(c) && c != ':' && c != '%') return false;
        }
        return true;
    }
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_byte(host.ptr[i])) return false;
    return host.len > 0 && host.len <= 253;
}

int weft_option_check_endpoint(struct weft_str text, struct weft_err *err)
{
    struct weft_str shown = { text.ptr, text.len > 120 ? 120 : text.len };
    uint64_t port;
    size_t colon = text.len;

    if (text.len == 0) return WEFT_OK;
    if (weft_str_starts_with(text, WEFT_S("unix:"))) {
        if (text.len > 5 && text.len - 5 < 108) return WEFT_OK;
        return weft_fail(err, WEFT_INVALID,
                         "found \"%.*s\", expected unix: and a path of 1 to 107 bytes",
                         WEFT_S_ARG(shown));
    }
    if (text.ptr[0] == '/' && text.len < 108 - 5)
        return WEFT_OK; /* a socket's path, without unix: before it */
    if (weft_str_starts_with(text, WEFT_S("http://")) ||
        weft_str_starts_with(text, WEFT_S("https://")))
        return weft_fail(err, WEFT_INVALID, "found \"%.*s\", " FORMS ", without http://",
                         WEFT_S_ARG(shown));
    while (colon > 0 && text.ptr[colon - 1] != ':') colon--;
    if (colon == 0)
        return weft_fail(err, WEFT_INVALID, "found \"%.*s\" without a port, " FORMS,
                         WEFT_S_ARG(shown));
    if (colon == 1)
        return weft_fail(
            err, WEFT_INVALID,
            "found \"%.*s\" without a host; write 0.0.0.0%.*s to listen on all addresses",
            WEFT_S_ARG(shown), WEFT_S_ARG(shown));
    if (!weft_str_to_u64(weft_str_tail(text, colon), &port) || port > 65535)
        return weft_fail(err, WEFT_INVALID,
                         "found \"%.*s\", expected a port from 0 to 65535 behind the last ':'",
                         WEFT_S_ARG(shown));
    if (!is_host(weft_str_make(text.ptr, colon - 1)))
        return weft_fail(err, WEFT_INVALID, "found \"%.*s\", " FORMS, WEFT_S_ARG(shown));
    return WEFT_OK;
}
