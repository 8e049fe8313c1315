/* bundle_open.c -- opening a bundle: trailer and directory, of the copy that is sound; members as blocks; references. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "store/bundle_internal.h"
#include <fcntl.h>
#include <inttypes.h>

static int corrupt(const struct weft_bundle *b, struct weft_err *err, const char *what)
{
    return weft_fail(err, WEFT_CORRUPT, "bundle %s: %s", b->path, what);
}

/* Behind the last trailer's place the first one is looked for by its magic word, so far back at most. */
enum { DIRECTORY_BYTES_MAX = 8 << 20 };

static uint64_t align(uint64_t at)
{
    return (at + WEFT_BUNDLE_ALIGNMENT - 1) & ~(uint64_t)(WEFT_BUNDLE_ALIGNMENT - 1);
}

/* NULL, or why the trailer at `at` cannot be believed. It says where the first copy starts, of whichever it is. */
static const char *trailer_fault(const struct weft_bundle *b, uint64_t at)
{
    const uint8_t *t = b->map + at;
    uint64_t first = weft_load_u64(t), end = at + WEFT_BUNDLE_TRAILER_BYTES,
             tail = weft_load_u32(t + 8) + UINT64_C(48);

    if (weft_load_u64(t + 40) != WEFT_BUNDLE_MAGIC)
        return "no bundle trailer at the end; it was cut off or is no bundle";
    if (weft_load_u32(t + 12) != WEFT_BUNDLE_FORMAT_VERSION) return "trailer: unknown version";
    if (first < WEFT_BUNDLE_ALIGNMENT || first > b->info.file_bytes || tail < 8 + 48 ||
        align(first + tail) + tail != b->info.file_bytes ||
        (end != first + tail && end != b->info.file_bytes))
        return "trailer: the directory's place does not fit the file";
    if (weft_hash(b->map + end - tail, tail - 16) != weft_load_u64(t + 32))
        return "checksum of directory and trailer does not fit";
    return NULL;
}

static uint64_t first_trailer(const struct weft_bundle *b)
{
    uint64_t last = b->info.file_bytes - WEFT_BUNDLE_TRAILER_BYTES;

    for (uint64_t back = 8; back <= DIRECTORY_BYTES_MAX && last - back >= WEFT_BUNDLE_ALIGNMENT;
         back += 8)
        if (weft_load_u64(b->map + last - back + 40) == WEFT_BUNDLE_MAGIC &&
            trailer_fault(b, last - back) == NULL)
            return last - back;
    return 0;
}

/* The directory's bytes, checked: of the copy that can be believed. */
static int trailer_read(struct weft_bundle *b, const uint8_t **directory, uint32_t *bytes,
                        struct weft_err *err)
{
    if (b->info.file_bytes < WEFT_BUNDLE_ALIGNMENT + WEFT_BUNDLE_TRAILER_BYTES)
        return corrupt(b, err, "too short for a bundle; it was cut off or never finished");
    uint64_t at = b->info.file_bytes - WEFT_BUNDLE_TRAILER_BYTES;
    const char *fault = trailer_fault(b, at);
    if (fault != NULL) {
        uint32_t version = weft_load_u32(b->map + at + 12);
        bool is_trailer = weft_load_u64(b->map + at + 40) == WEFT_BUNDLE_MAGIC;
        at = first_trailer(b);
        if (at == 0 && is_trailer && version > WEFT_BUNDLE_FORMAT_VERSION)
            return weft_fail(err, WEFT_UNSUPPORTED,
                             "bundle %s was written by a newer weft: format %u, this one reads %u",
                             b->path, version, WEFT_BUNDLE_FORMAT_VERSION);
        if (at == 0) return corrupt(b, err, fault);
    }
    const uint8_t *t = b->map + at;
    *bytes = weft_load_u32(t + 8);
    *directory = t - *bytes;
    b->tail_bytes = *bytes + WEFT_BUNDLE_TRAILER_BYTES;
    b->directory = weft_load_u64(t);
    b->last_directory = align(b->directory + b->tail_bytes);
    b->info.number = weft_load_u64(t + 16);
    b->info.created_unix_ns = weft_load_u64(t + 24);
    return WEFT_OK;
}

static int members_read(struct weft_bundle *b, const uint8_t *entries, uint64_t len,
                        uint64_t directory_offset, struct weft_err *err)
{
    uint64_t count = len / WEFT_BUNDLE_MEMBER_BYTES, end = WEFT_BUNDLE_HEADER_BYTES;

    if (len % WEFT_BUNDLE_MEMBER_BYTES != 0 || count == 0 || count > WEFT_BUNDLE_MEMBERS_MAX)
        return weft_fail(err, WEFT_CORRUPT,
                         "bundle %s: %llu bytes of members are no list of 1 to %u", b->path,
                         (unsigned long long)len, WEFT_BUNDLE_MEMBERS_MAX);
    b->members = weft_alloc_array(count, sizeof *b->members);
    for (uint64_t i = 0; i < count; i++, entries += WEFT_BUNDLE_MEMBER_BYTES) {
        struct weft_bundle_member *m = &b->members[i];
        *m = (struct weft_bundle_member){ .number = weft_load_u64(entries),
                                          .offset = weft_load_u64(entries + 8),
                                          .bytes = weft_load_u64(entries + 16) };
        if (m->offset % WEFT_BUNDLE_ALIGNMENT != 0 || m->offset < end || m->bytes == 0 ||
            m->offset > directory_offset || m->bytes > directory_offset - m->offset)
            return weft_fail(err, WEFT_CORRUPT, "bundle %s: member %llu is out of bounds or order",
                             b->path, (unsigned long long)i);
        end = m->offset + m->bytes;
    }
    b->info.members = b->members;
    b->info.member_count = (uint32_t)count;
    return WEFT_OK;
}

static int superseded_read(struct weft_bundle *b, const uint8_t *bytes, uint64_t len,
                           struct weft_err *err)
{
    if (len % 8 != 0) return corrupt(b, err, "superseded bundles: no whole number of entries");
    weft_free(b->superseded);
    b->superseded = weft_alloc_array(len / 8 + 1, 8);
    for (uint64_t i = 0; i < len / 8; i++) b->superseded[i] = weft_load_u64(bytes + i * 8);
    b->info.superseded_bundles = b->superseded;
    b->info.superseded_bundle_count = (uint32_t)(len / 8);
    return WEFT_OK;
}

static int section_read(struct weft_bundle *b, const uint8_t *entry, const uint8_t *directory,
                        uint32_t bytes, struct weft_err *err)
{
    uint32_t kind = weft_load_u32(entry), flags = weft_load_u32(entry + 4);
    uint64_t offset = weft_load_u64(entry + 8), len = weft_load_u64(entry + 16);

    if (kind == 0 || kind >= WEFT_BUNDLE_SECTION_LIMIT) {
        if (!(flags & WEFT_BUNDLE_SECTION_REQUIRED)) return WEFT_OK;
        return weft_fail(err, WEFT_UNSUPPORTED,
                         "bundle %s: section of kind %u is required and not known to this version",
                         b->path, kind);
    }
    if (offset > bytes || len > bytes - offset)
        return weft_fail(err, WEFT_CORRUPT, "bundle %s: section %u lies outside of the directory",
                         b->path, kind);
    if (kind == WEFT_BUNDLE_SUPERSEDED) return superseded_read(b, directory + offset, len, err);
    if (b->members != NULL) return corrupt(b, err, "two sections of members");
    return members_read(b, directory + offset, len, b->directory, err);
}

static int directory_read(struct weft_bundle *b, const uint8_t *directory, uint32_t bytes,
                          struct weft_err *err)
{
    uint32_t count = weft_load_u32(directory);
    int rc;

    if (count > (bytes - 8) / WEFT_BUNDLE_SECTION_BYTES)
        return corrupt(b, err, "directory: more sections than fit");
    for (uint32_t i = 0; i < count; i++)
        if ((rc = section_read(b, directory + 8 + (size_t)i * WEFT_BUNDLE_SECTION_BYTES, directory,
                               bytes, err)) < 0)
            return rc;
    return b->members != NULL ? WEFT_OK : corrupt(b, err, "directory: no members");
}

static int file_map(struct weft_bundle *b, struct weft_err *err)
{
    const void *map = NULL;
    int fd = -1, rc;

    if ((rc = weft_file_open(&fd, b->path, O_RDONLY, err)) < 0) return rc;
    if ((rc = weft_file_size(fd, b->path, &b->info.file_bytes, err)) == WEFT_OK &&
        b->info.file_bytes == 0)
        rc = corrupt(b, err, "the file is empty");
    if (rc == WEFT_OK) rc = weft_file_map(&map, fd, b->path, b->info.file_bytes, err);
    weft_file_close(&fd);
    b->map = map;
    return rc;
}

int weft_bundle_open(struct weft_bundle **out, const char *path, struct weft_err *err)
{
    struct weft_bundle *b = weft_alloc_zero(sizeof *b);
    const uint8_t *directory = NULL;
    uint32_t bytes = 0;
    int rc;

    atomic_init(&b->references, 1);
    b->path = strdup(path);
    b->info.path = b->path;
    if ((rc = file_map(b, err)) < 0 || (rc = trailer_read(b, &directory, &bytes, err)) < 0 ||
        (rc = directory_read(b, directory, bytes, err)) < 0) {
        weft_bundle_unref(b);
        return rc;
    }
    *out = b;
    return WEFT_OK;
}

void weft_bundle_info(const struct weft_bundle *bundle, struct weft_bundle_info *out)
{
    *out = bundle->info;
}

int weft_bundle_block(struct weft_bundle *b, uint32_t index, struct weft_block **out,
                      struct weft_err *err)
{
    struct weft_buf name = { 0 };
    struct weft_block *block;
    int rc;

    if (index >= b->info.member_count)
        return weft_fail(err, WEFT_INVALID, "bundle %s: member %u of %u asked for", b->path, index,
                         b->info.member_count);
    const struct weft_bundle_member *m = &b->members[index];
    weft_buf_printf(&name, "%s, member %016" PRIx64, b->path, m->number);
    weft_buf_append_byte(&name, 0);
    if ((rc = weft_block_open_member(&block, b, b->map + m->offset, m->bytes, name.data, err)) < 0)
        return rc;
    if (weft_block_number(block) != m->number) {
        rc = weft_fail(err, WEFT_CORRUPT,
                       "bundle %s: member %u is block %016" PRIx64
                       ", the directory says %016" PRIx64,
                       b->path, index, weft_block_number(block), m->number);
        weft_block_unref(block);
        return rc;
    }
    *out = block;
    return WEFT_OK;
}

void weft_bundle_ref(struct weft_bundle *bundle)
{
    atomic_fetch_add_explicit(&bundle->references, 1, memory_order_relaxed);
}

void weft_bundle_unref(struct weft_bundle *b)
{
    if (b == NULL || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
        return;
    if (atomic_load_explicit(&b->is_obsolete, memory_order_relaxed))
        weft_file_unlink(b->path, NULL);
    if (b->map != NULL) weft_file_unmap(b->map, b->info.file_bytes);
    weft_free(b->members);
    weft_free(b->superseded);
    free(b->path);
    weft_free(b);
}

void weft_bundle_mark_obsolete(struct weft_bundle *bundle)
{
    atomic_store_explicit(&bundle->is_obsolete, true, memory_order_relaxed);
}
