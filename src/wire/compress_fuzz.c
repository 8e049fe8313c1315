/* compress_fuzz.c -- the first byte chooses a compression; the rest is inflated, and is packed and
 * unpacked. */
#include "base/assert.h"
#include "wire/compress.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BYTES_MAX (256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    enum weft_compression compression = (enum weft_compression)(data[0] % WEFT_COMPRESSION_COUNT);
    struct weft_str input = { (const char *)data + 1, size - 1 };
    struct weft_buf out = { 0 }, packed = { 0 };
    struct weft_err err = { 0 };
    int rc = weft_decompress(&out, compression, input, BYTES_MAX, 0, &err);
    WEFT_ASSERT(rc == WEFT_OK ? out.len <= BYTES_MAX : out.len == 0 && err.text[0] != 0,
                "rc %d, len %zu", rc, out.len);
    WEFT_ASSERT(out.capacity <= 4 * BYTES_MAX, "capacity %zu", out.capacity);
    weft_buf_reset(&out);
    rc = weft_compress(&packed, compression, input, &err);
    WEFT_ASSERT(rc == WEFT_OK, "%s", err.text);
    rc = weft_decompress(&out, compression, weft_buf_str(&packed), size - 1, 0, &err);
    WEFT_ASSERT(rc == WEFT_OK && weft_str_equal(weft_buf_str(&out), input), "%d %s", rc, err.text);
    weft_buf_release(&out);
    weft_buf_release(&packed);
    return 0;
}
