/* otlp_response_test.c -- answers byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/otlp.h"

static void expect(struct weft_buf *out, struct weft_str bytes)
{
    assert_int_equal(out->len, bytes.len);
    assert_memory_equal(out->data != NULL ? out->data : "", bytes.ptr, bytes.len);
    weft_buf_release(out);
    *out = (struct weft_buf){ 0 };
}

static void responses(void **state)
{
    (void)state;
    struct weft_buf out = { 0 };
    weft_otlp_encode_response_protobuf(&out, 0, WEFT_S("")); /* C3.3.1 */
    expect(&out, WEFT_S(""));
    weft_otlp_encode_response_json(&out, 0, WEFT_S(""));
    expect(&out, WEFT_S("{}"));
    weft_otlp_encode_response_protobuf(&out, 3, WEFT_S("bad")); /* C3.3.2, C3.10.1 */
    expect(&out, WEFT_S("\x0a\x07\x08\x03\x12\x03"
                        "bad"));
    weft_otlp_encode_response_json(&out, 3, WEFT_S("bad")); /* C3.3.3 */
    expect(&out, WEFT_S("{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"bad\"}}"));
    weft_otlp_encode_response_json(&out, 0, WEFT_S("careful"));
    expect(&out, WEFT_S("{\"partialSuccess\":{\"errorMessage\":\"careful\"}}"));
}

static void statuses(void **state)
{
    (void)state;
    struct weft_buf out = { 0 };
    weft_otlp_encode_status_protobuf(&out, 3, WEFT_S("no"), 0); /* C3.3.4 */
    expect(&out, WEFT_S("\x08\x03\x12\x02no"));
    weft_otlp_encode_status_protobuf(&out, 8, WEFT_S("full"), UINT64_C(1500000000)); /* C3.5.2 */
    expect(&out, WEFT_S("\x08\x08\x12\x04"
                        "full\x1a\x36\x0a\x28"
                        "type.googleapis.com/google.rpc.RetryInfo"
                        "\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01"));
    weft_otlp_encode_status_json(&out, 3, WEFT_S("a \"b\""), 0);
    expect(&out, WEFT_S("{\"code\":3,\"message\":\"a \\\"b\\\"\"}"));
    weft_otlp_encode_status_json(&out, 8, WEFT_S("full"), UINT64_C(1500000000));
    expect(&out, WEFT_S("{\"code\":8,\"message\":\"full\",\"details\":[{\"@type\":\"type."
                        "googleapis.com/google.rpc.RetryInfo\","
                        "\"retryDelay\":\"1.500s\"}]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(responses), cmocka_unit_test(statuses) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
