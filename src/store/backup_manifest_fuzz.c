/* backup_manifest_fuzz.c -- any text as MANIFEST of a backup, the checksum of its last line made right: it is refused, or
 * names files of a backup only, each once.
 */
#include "base/buf.h"
#include "base/hash.h"
#include "store/backup_manifest.h"
#include "store/store_files.h"
#include <inttypes.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds) __builtin_trap();
}

/* The text without what stands behind its last "end ", which is put there new. */
static void mended(struct weft_buf *out, struct weft_str text)
{
    uint32_t lines = 0;
    size_t end = text.len;

    for (size_t i = 0; i + 5 <= text.len; i++) {
        lines += text.ptr[i] == '\n';
        if (memcmp(text.ptr + i, "\nend ", 5) == 0) {
            end = i + 1;
            break;
        }
    }
    weft_buf_append(out, text.ptr, end);
    uint64_t sum = weft_hash(out->data, out->len);
    weft_buf_printf(out, "end %u %016" PRIx64 "\n", lines >= 2 ? lines - 2 : 0, sum);
}

static void parse(struct weft_str text)
{
    struct weft_backup_manifest manifest;

    weft_backup_manifest_init(&manifest);
    if (weft_backup_manifest_parse(&manifest, text, "MANIFEST", NULL) == WEFT_OK) {
        for (uint32_t i = 0; i < manifest.count; i++) {
            const char *name = manifest.files[i].name;
            expect(strchr(name, '/') == NULL && name[0] != '.');
            expect(weft_backup_manifest_find(&manifest, name) == &manifest.files[i]);
        }
    }
    weft_backup_manifest_release(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_buf text = { 0 };
    struct weft_str given = { .ptr = (const char *)data, .len = size };

    parse(given);
    mended(&text, given);
    parse(weft_buf_str(&text));
    weft_buf_release(&text);
    return 0;
}
