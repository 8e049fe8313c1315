/* store_files.c -- see store_files.h. */
#include "store/store_files.h"
#include "base/clock.h"
#include "base/file.h"
#include <stdlib.h>

/* "<16 lower-case hex digits>.weft" */
static bool number_parse(struct weft_str s, uint64_t *number)
{
    if (s.len != 16 + 5 || !weft_str_ends_with(s, WEFT_S(".weft"))) return false;
    *number = 0;
    for (size_t i = 0; i < 16; i++) {
        char digit = s.ptr[i];
        if (digit >= '0' && digit <= '9')
            *number = *number << 4 | (uint64_t)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            *number = *number << 4 | (uint64_t)(digit - 'a' + 10);
        else
            return false;
    }
    return true;
}

struct weft_store_file weft_store_file_parse(const char *name)
{
    static const struct {
        struct weft_str prefix;
        enum weft_store_file_kind kind;
    } kinds[] = {
        { WEFT_S_INIT("block-"), WEFT_STORE_FILE_BLOCK },
        { WEFT_S_INIT("bundle-"), WEFT_STORE_FILE_BUNDLE },
        { WEFT_S_INIT("segment-"), WEFT_STORE_FILE_SEGMENT },
        { WEFT_S_INIT("spare-"), WEFT_STORE_FILE_SPARE },
    };
    struct weft_store_file file = { .name = name };
    struct weft_str s = weft_str_from_c(name);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (weft_str_starts_with(s, kinds[i].prefix) &&
            number_parse(weft_str_tail(s, kinds[i].prefix.len), &file.number)) {
            file.kind = kinds[i].kind;
            return file;
        }
    file.number = 0;
    if (weft_str_equal_c(s, "CATALOG"))
        file.kind = WEFT_STORE_FILE_CATALOG;
    else if (weft_str_equal_c(s, "LOCK"))
        file.kind = WEFT_STORE_FILE_LOCK;
    else if (weft_str_ends_with(s, WEFT_S(".tmp")) || weft_str_ends_with(s, WEFT_S(".new")))
        file.kind = WEFT_STORE_FILE_LEFTOVER;
    return file;
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct weft_store_file *)a)->name,
                  ((const struct weft_store_file *)b)->name);
}

/* Where repair puts what was damaged; a file system's own folder of that name is as little of our making. */
#define LOST_AND_FOUND "lost+found"

struct listing {
    struct weft_store_files *files;
    uint32_t capacity;
};

static void name_add(void *arg, const char *name)
{
    struct listing *l = arg;
    struct weft_store_files *files = l->files;

    if (strcmp(name, LOST_AND_FOUND) == 0) return;
    if (files->count == l->capacity) {
        l->capacity = l->capacity == 0 ? 64 : l->capacity * 2;
        files->items = weft_realloc_array(files->items, l->capacity, sizeof *files->items);
    }
    files->items[files->count++] =
        weft_store_file_parse(weft_arena_copy_c(&files->arena, weft_str_from_c(name)));
}

int weft_store_files_list(struct weft_store_files *out, const char *directory, struct weft_err *err)
{
    struct listing listing = { .files = out };

    *out = (struct weft_store_files){ 0 };
    weft_arena_init(&out->arena, 0);
    int rc = weft_file_list(directory, name_add, &listing, err);
    if (out->count > 1) qsort(out->items, out->count, sizeof *out->items, file_compare);
    if (rc < 0) weft_store_files_release(out);
    return rc;
}

/* Spares and files in the making come and go and have no spans of their own. */
static bool has_spans(const struct weft_store_file *file)
{
    return file->kind == WEFT_STORE_FILE_BLOCK || file->kind == WEFT_STORE_FILE_BUNDLE ||
           file->kind == WEFT_STORE_FILE_SEGMENT;
}

static const struct weft_store_file *next_with_spans(const struct weft_store_files *files,
                                                     uint32_t *at)
{
    while (*at < files->count && !has_spans(&files->items[*at])) ++*at;
    return *at < files->count ? &files->items[(*at)++] : NULL;
}

static bool has_all_of(const struct weft_store_files *files, const struct weft_store_files *before)
{
    const struct weft_store_file *old, *now;
    uint32_t i = 0, j = 0;

    while ((old = next_with_spans(before, &i)) != NULL) {
        do now = next_with_spans(files, &j);
        while (now != NULL && strcmp(now->name, old->name) < 0);
        if (now == NULL || strcmp(now->name, old->name) != 0) return false;
    }
    return true;
}

#define LISTINGS_MAX 200u

int weft_store_files_list_stable(struct weft_store_files *out, const char *directory,
                                 struct weft_err *err)
{
    struct weft_store_files before;
    int rc = weft_store_files_list(&before, directory, err);

    for (unsigned i = 0; rc == WEFT_OK && i < LISTINGS_MAX; i++) {
        if ((rc = weft_store_files_list(out, directory, err)) < 0) break;
        bool is_stable = has_all_of(out, &before);
        weft_store_files_release(&before);
        if (is_stable) return WEFT_OK;
        before = *out;
        weft_clock_sleep_ns(i * WEFT_NS_PER_MS);
    }
    weft_store_files_release(&before);
    if (rc == WEFT_OK)
        rc = weft_fail(err, WEFT_BUSY, "files of %s come and go so fast that no listing holds",
                       directory);
    return rc;
}

void weft_store_files_release(struct weft_store_files *files)
{
    weft_free(files->items);
    weft_arena_release(&files->arena);
    *files = (struct weft_store_files){ 0 };
}

int weft_store_empty_directory(const char *path, struct weft_err *err)
{
    struct weft_store_files files;
    int rc = weft_file_make_directory(path, err);

    if (rc < 0 || (rc = weft_store_files_list(&files, path, err)) < 0) return rc;
    if (files.count > 0)
        rc = weft_fail(err, WEFT_INVALID, "%s is not empty: it has %s and %u more files", path,
                       files.items[0].name, files.count - 1);
    weft_store_files_release(&files);
    return rc;
}
