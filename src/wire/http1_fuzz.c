/* http1_fuzz.c -- any bytes, as request and response; however they are cut, they read the same. */
#include "base/assert.h"
#include "base/buf.h"
#include "wire/http1.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS 8

/* Everything the parser said, in `out`; `step` bytes more each time it wants more, 0: all at
 * once. */
static void run(struct weft_buf *out, enum weft_http1_kind kind, struct weft_str input, size_t step)
{
    struct weft_http1_parser p;
    struct weft_http1_field fields[FIELDS];
    size_t start = 0, end = step == 0 ? input.len : 0;
    weft_http1_init(&p, kind, fields, FIELDS);
    p.header_bytes_max = 200;
    p.body_bytes_max = 100;
    for (;;) {
        size_t used;
        enum weft_http1_event event =
            weft_http1_parse(&p, weft_str_make(input.ptr + start, end - start), &used);
        WEFT_ASSERT(used <= end - start, "used %zu of %zu", used, end - start);
        start += used;
        if (event == WEFT_HTTP1_MORE) {
            if (end < input.len) {
                end = input.len - end > step ? end + step : input.len;
                continue;
            }
            event = weft_http1_eof(&p);
            if (event == WEFT_HTTP1_MORE) return;
        }
        if (event == WEFT_HTTP1_ERROR) {
            WEFT_ASSERT(p.error_status >= 400 && p.error[0] != 0, "status %d", p.error_status);
            weft_buf_reset(out); /* what was said before an error is void */
            weft_buf_printf(out, "error %d %s", p.error_status, p.error);
            return;
        }
        if (event == WEFT_HTTP1_BODY) {
            WEFT_ASSERT(p.body.len > 0, "empty piece %d", 0);
            weft_buf_append_str(out, p.body);
            continue;
        }
        weft_buf_printf(out, "|%d %d %d %d|%.*s|%.*s|%.*s|%.*s|%.*s", event, p.status,
                        p.minor_version, p.keeps_alive, WEFT_S_ARG(p.method), WEFT_S_ARG(p.target),
                        WEFT_S_ARG(p.path), WEFT_S_ARG(p.query), WEFT_S_ARG(p.host));
        for (uint32_t i = 0; i < p.field_count; i++) {
            weft_buf_printf(out, "|%.*s=%.*s", WEFT_S_ARG(fields[i].name),
                            WEFT_S_ARG(fields[i].value));
        }
        if (event == WEFT_HTTP1_HEADER) continue;
        /* What stands behind is the next message. */
        if (!p.keeps_alive || start == input.len) return;
        weft_http1_reset(&p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    struct weft_str input = { (const char *)data + 1, size - 1 };
    enum weft_http1_kind kind = data[0] & 1 ? WEFT_HTTP1_RESPONSE : WEFT_HTTP1_REQUEST;
    struct weft_buf whole = { 0 }, pieces = { 0 };
    run(&whole, kind, input, 0);
    run(&pieces, kind, input, (data[0] >> 1) + 1u);
    /* Views in END lines point at what is gone, but both runs have the same memory behind them. */
    WEFT_ASSERT(weft_str_equal(weft_buf_str(&whole), weft_buf_str(&pieces)),
                "whole %.*s, pieces %.*s", WEFT_S_ARG(weft_buf_str(&whole)),
                WEFT_S_ARG(weft_buf_str(&pieces)));
    weft_buf_release(&whole);
    weft_buf_release(&pieces);
    return 0;
}
