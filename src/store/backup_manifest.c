/* backup_manifest.c -- see backup_manifest.h. */
#include "store/backup_manifest.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/store_files.h"
#include <inttypes.h>
#include <stdlib.h>

#define MANIFEST_BYTES_MAX (256u << 20)

void weft_backup_manifest_init(struct weft_backup_manifest *manifest)
{
    *manifest = (struct weft_backup_manifest){ 0 };
    weft_arena_init(&manifest->arena, 0);
}

void weft_backup_manifest_release(struct weft_backup_manifest *manifest)
{
    weft_free(manifest->files);
    weft_arena_release(&manifest->arena);
    *manifest = (struct weft_backup_manifest){ 0 };
}

static void add(struct weft_backup_manifest *manifest, struct weft_str name,
                const struct weft_file_digest *digest)
{
    if (manifest->count == manifest->capacity) {
        manifest->capacity = manifest->capacity == 0 ? 64 : manifest->capacity * 2;
        manifest->files =
            weft_realloc_array(manifest->files, manifest->capacity, sizeof *manifest->files);
    }
    manifest->files[manifest->count++] =
        (struct weft_backup_file){ .name = weft_arena_copy_c(&manifest->arena, name),
                                   .digest = *digest };
}

void weft_backup_manifest_add(struct weft_backup_manifest *manifest, const char *name,
                              const struct weft_file_digest *digest)
{
    add(manifest, weft_str_from_c(name), digest);
}

void weft_backup_manifest_remove(struct weft_backup_manifest *manifest, uint32_t index)
{
    manifest->files[index] = manifest->files[--manifest->count];
}

const struct weft_backup_file *weft_backup_manifest_find(
    const struct weft_backup_manifest *manifest, const char *name)
{
    for (uint32_t i = 0; i < manifest->count; i++)
        if (strcmp(manifest->files[i].name, name) == 0) return &manifest->files[i];
    return NULL;
}

/* ---- text ---- */

static void write_hex(struct weft_buf *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) weft_buf_printf(out, "%02x", bytes[i]);
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct weft_backup_file *)a)->name,
                  ((const struct weft_backup_file *)b)->name);
}

int weft_backup_manifest_write(struct weft_backup_manifest *manifest, const char *directory,
                               struct weft_err *err)
{
    struct weft_buf text = { 0 }, path = { 0 };

    if (manifest->count > 1)
        qsort(manifest->files, manifest->count, sizeof *manifest->files, file_compare);
    weft_buf_printf(&text, "weft-backup %u\ncreated %" PRIu64 "\n", WEFT_BACKUP_VERSION,
                    manifest->created_unix_ns);
    for (uint32_t i = 0; i < manifest->count; i++) {
        const struct weft_backup_file *file = &manifest->files[i];
        write_hex(&text, file->digest.sha256, 32);
        weft_buf_printf(&text, " %016" PRIx64 " %" PRIu64 " %s\n", file->digest.xxh3,
                        file->digest.bytes, file->name);
    }
    uint64_t sum = weft_hash(text.data, text.len);
    weft_buf_printf(&text, "end %u %016" PRIx64 "\n", manifest->count, sum);
    weft_buf_printf(&path, "%s/" WEFT_BACKUP_MANIFEST, directory);
    weft_buf_append_byte(&path, '\0');
    int rc = weft_file_replace(path.data, weft_buf_str(&text), err);
    weft_buf_release(&path);
    weft_buf_release(&text);
    return rc;
}

static bool read_hex(struct weft_str s, uint8_t *out, size_t len)
{
    if (s.len != len * 2) return false;
    memset(out, 0, len);
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit;
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
            digit = (unsigned)(s.ptr[i] - '0');
        else if (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')
            digit = (unsigned)(s.ptr[i] - 'a' + 10);
        else
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | digit);
    }
    return true;
}

static bool read_hex_u64(struct weft_str s, uint64_t *out)
{
    uint8_t bytes[8];

    if (!read_hex(s, bytes, 8)) return false;
    *out = 0;
    for (size_t i = 0; i < 8; i++) *out = *out << 8 | bytes[i];
    return true;
}

/* Names lead to files that are opened: only those a backup may have, each once: they rise. */
static bool read_file(struct weft_backup_manifest *out, struct weft_str line)
{
    struct weft_file_digest digest;

    if (!read_hex(weft_str_split(&line, ' '), digest.sha256, 32) ||
        !read_hex_u64(weft_str_split(&line, ' '), &digest.xxh3) ||
        !weft_str_to_u64(weft_str_split(&line, ' '), &digest.bytes))
        return false;
    const char *name = weft_arena_copy_c(&out->arena, line);
    enum weft_store_file_kind kind = weft_store_file_parse(name).kind;
    if (strlen(name) != line.len ||
        (kind != WEFT_STORE_FILE_BLOCK && kind != WEFT_STORE_FILE_BUNDLE &&
         kind != WEFT_STORE_FILE_SEGMENT) ||
        (out->count > 0 && strcmp(out->files[out->count - 1].name, name) >= 0))
        return false;
    add(out, line, &digest);
    return true;
}

int weft_backup_manifest_parse(struct weft_backup_manifest *out, struct weft_str text,
                               const char *path, struct weft_err *err)
{
    struct weft_str rest = text;
    struct weft_str first = weft_str_split(&rest, '\n'), second = weft_str_split(&rest, '\n');
    uint64_t version, count, sum;

    if (!weft_str_starts_with(first, WEFT_S("weft-backup ")) ||
        !weft_str_to_u64(weft_str_tail(first, 12), &version))
        return weft_fail(err, WEFT_CORRUPT, "%s does not begin with \"weft-backup 1\"", path);
    if (version != WEFT_BACKUP_VERSION)
        return weft_fail(err, WEFT_UNSUPPORTED,
                         "%s was written by a newer weft: format %" PRIu64 ", this one reads %u",
                         path, version, WEFT_BACKUP_VERSION);
    if (!weft_str_starts_with(second, WEFT_S("created ")) ||
        !weft_str_to_u64(weft_str_tail(second, 8), &out->created_unix_ns))
        return weft_fail(err, WEFT_CORRUPT, "%s: line 2 is not \"created\" and a time", path);
    for (uint64_t line_number = 3;; line_number++) {
        struct weft_str line = weft_str_split(&rest, '\n');
        if (!weft_str_starts_with(line, WEFT_S("end "))) {
            if (read_file(out, line)) continue;
            return weft_fail(err, WEFT_CORRUPT,
                             "%s: line %" PRIu64 " names no file of a backup, or one out of order",
                             path, line_number);
        }
        struct weft_str values = weft_str_tail(line, 4);
        if (!weft_str_to_u64(weft_str_split(&values, ' '), &count) || !read_hex_u64(values, &sum) ||
            rest.len != 0 || count != out->count ||
            sum != weft_hash(text.ptr, (size_t)(line.ptr - text.ptr)))
            return weft_fail(err, WEFT_CORRUPT,
                             "%s: count or checksum of its last line do not fit what stands above",
                             path);
        return WEFT_OK;
    }
}

int weft_backup_manifest_read(struct weft_backup_manifest *out, const char *directory,
                              struct weft_err *err)
{
    struct weft_buf text = { 0 }, path = { 0 };

    weft_backup_manifest_init(out);
    weft_buf_printf(&path, "%s/" WEFT_BACKUP_MANIFEST, directory);
    weft_buf_append_byte(&path, '\0');
    int rc = weft_file_read_all(&text, path.data, MANIFEST_BYTES_MAX, err);
    if (rc == WEFT_NOT_FOUND)
        rc = weft_fail(
            err, WEFT_NOT_FOUND,
            "%s is no backup, or one that was not finished: it has no " WEFT_BACKUP_MANIFEST,
            directory);
    if (rc == WEFT_OK) rc = weft_backup_manifest_parse(out, weft_buf_str(&text), path.data, err);
    weft_buf_release(&path);
    weft_buf_release(&text);
    return rc;
}
