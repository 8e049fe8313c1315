/* manifest_fuzz.c -- arbitrary bytes as a backup's MANIFEST, with and without the right checksum in its last line. */
#include "base/file.h"
#include "base/hash.h"
#include "store/backup_manifest.h"
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_it(const char *directory, struct weft_str text)
{
    struct weft_backup_manifest manifest;
    char path[128];

    snprintf(path, sizeof path, "%s/" WEFT_BACKUP_MANIFEST, directory);
    if (weft_file_replace(path, text, NULL) < 0) return;
    if (weft_backup_manifest_read(&manifest, directory, NULL) == 0)
        for (uint32_t i = 0; i < manifest.count; i++) {
            if (strchr(manifest.files[i].name, '/') != NULL) __builtin_trap();
            if (weft_backup_manifest_find(&manifest, manifest.files[i].name) != &manifest.files[i])
                __builtin_trap();
        }
    weft_backup_manifest_release(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char directory[64];
    struct weft_buf text = { 0 };
    uint32_t lines = 0;

    if (directory[0] == 0) {
        snprintf(directory, sizeof directory, "/tmp/weft-manifest-fuzz-XXXXXX");
        if (mkdtemp(directory) == NULL) return 0;
    }
    weft_buf_append(&text, data, size);
    read_it(directory, weft_buf_str(&text));
    for (size_t i = 0; i < size; i++) lines += data[i] == '\n';
    uint64_t sum = weft_hash(text.data, text.len);
    weft_buf_printf(&text, "end %u %016" PRIx64 "\n", lines >= 2 ? lines - 2 : 0, sum);
    read_it(directory, weft_buf_str(&text));
    weft_buf_release(&text);
    return 0;
}
