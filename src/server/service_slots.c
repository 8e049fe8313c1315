/* service_slots.c -- the colours of services, remembered (service_slots.h). */
#include "server/service_slots.h"
#include "base/alloc.h"
#include "base/file.h"
#include "wire/json.h"
#include <pthread.h>
#include <stdatomic.h>

#define FILE_BYTES_MAX (1u << 20)

struct weft_service_slots {
    struct weft_str names[WEFT_SERVICE_SLOTS_MAX]; /* those below `count` never change */
    _Atomic uint32_t count;
    pthread_mutex_t mutex;      /* of who adds */
    pthread_mutex_t save_mutex; /* guards the file and saved_count */
    uint32_t saved_count;
    char *path;
};

/* ---- file ---- */

static int corrupt(const struct weft_service_slots *slots, const char *expected,
                   struct weft_err *err)
{
    return weft_fail(err, WEFT_CORRUPT, "%s: expected %s", slots->path, expected);
}

static int names_read(struct weft_service_slots *slots, struct weft_json_reader *r,
                      struct weft_err *err)
{
    enum weft_json_token token = weft_json_next(r);
    if (token != WEFT_JSON_ARRAY_START) return corrupt(slots, "a list of services", err);
    while ((token = weft_json_next(r)) == WEFT_JSON_STRING) weft_service_slots_see(slots, r->text);
    return token == WEFT_JSON_ARRAY_END ? WEFT_OK : corrupt(slots, "names of services", err);
}

static int version_read(const struct weft_service_slots *slots, struct weft_json_reader *r,
                        struct weft_err *err)
{
    bool is_one = weft_json_next(r) == WEFT_JSON_NUMBER && weft_str_equal_c(r->text, "1");
    return is_one ? WEFT_OK : corrupt(slots, "version 1", err);
}

/* Members that a later version adds are skipped. */
static int content_read(struct weft_service_slots *slots, struct weft_json_reader *r,
                        struct weft_err *err)
{
    enum weft_json_token token;
    int rc = WEFT_OK;

    if (weft_json_next(r) != WEFT_JSON_OBJECT_START) return corrupt(slots, "an object", err);
    while (rc >= 0 && (token = weft_json_next(r)) == WEFT_JSON_KEY) {
        if (weft_str_equal_c(r->text, "services"))
            rc = names_read(slots, r, err);
        else if (weft_str_equal_c(r->text, "version"))
            rc = version_read(slots, r, err);
        else if (!weft_json_skip(r, token))
            rc = corrupt(slots, "JSON", err);
    }
    if (rc < 0) return rc;
    return token == WEFT_JSON_OBJECT_END && weft_json_next(r) == WEFT_JSON_END
               ? WEFT_OK
               : corrupt(slots, "JSON", err);
}

static void forget(struct weft_service_slots *slots)
{
    uint32_t count = atomic_load(&slots->count);
    for (uint32_t i = 0; i < count; i++) weft_free((void *)(uintptr_t)slots->names[i].ptr);
    atomic_store(&slots->count, 0);
}

static int file_read(struct weft_service_slots *slots, struct weft_err *err)
{
    struct weft_buf text = { 0 };
    struct weft_arena arena;
    struct weft_json_reader reader;
    int rc = weft_file_read_all(&text, slots->path, FILE_BYTES_MAX, err);

    weft_arena_init(&arena, 0);
    if (rc >= 0) {
        weft_json_reader_init(&reader, weft_buf_str(&text), &arena);
        rc = content_read(slots, &reader, err);
    }
    if (rc < 0) forget(slots);
    weft_arena_release(&arena);
    weft_buf_release(&text);
    return rc;
}

int weft_service_slots_open(struct weft_service_slots **out, const char *path, struct weft_err *err)
{
    struct weft_service_slots *slots = *out = weft_alloc_zero(sizeof *slots);

    pthread_mutex_init(&slots->mutex, NULL);
    pthread_mutex_init(&slots->save_mutex, NULL);
    slots->path = weft_alloc(strlen(path) + 1);
    memcpy(slots->path, path, strlen(path) + 1);
    int rc = weft_file_exists(path) ? file_read(slots, err) : WEFT_OK;
    slots->saved_count = atomic_load(&slots->count);
    return rc;
}

void weft_service_slots_destroy(struct weft_service_slots *slots)
{
    if (slots == NULL) return;
    forget(slots);
    pthread_mutex_destroy(&slots->mutex);
    pthread_mutex_destroy(&slots->save_mutex);
    weft_free(slots->path);
    weft_free(slots);
}

int weft_service_slots_save(struct weft_service_slots *slots, struct weft_err *err)
{
    struct weft_buf text = { 0 };
    struct weft_json_writer w = { .out = &text };
    int rc = WEFT_OK;

    pthread_mutex_lock(&slots->save_mutex);
    uint32_t count = weft_service_slots_count(slots);
    weft_json_object_start(&w);
    weft_json_key(&w, "version");
    weft_json_u64(&w, 1);
    weft_json_key(&w, "services");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < count; i++) weft_json_string(&w, slots->names[i]);
    weft_json_array_end(&w);
    weft_json_object_end(&w);
    weft_buf_append_byte(&text, '\n');
    if (count > slots->saved_count) rc = weft_file_replace(slots->path, weft_buf_str(&text), err);
    if (rc >= 0) slots->saved_count = count;
    pthread_mutex_unlock(&slots->save_mutex);
    weft_buf_release(&text);
    return rc;
}

/* ---- names ---- */

uint32_t weft_service_slots_count(const struct weft_service_slots *slots)
{
    return atomic_load_explicit(&slots->count, memory_order_acquire);
}

static unsigned slot_among(const struct weft_service_slots *slots, uint32_t count,
                           struct weft_str name)
{
    for (uint32_t i = 0; i < count; i++)
        if (weft_str_equal(slots->names[i], name)) return i + 1;
    return 0;
}

unsigned weft_service_slot(const struct weft_service_slots *slots, struct weft_str name)
{
    if (slots == NULL || name.len == 0) return 0;
    return slot_among(slots, weft_service_slots_count(slots), name);
}

static bool add(struct weft_service_slots *slots, struct weft_str name)
{
    pthread_mutex_lock(&slots->mutex);
    uint32_t count = atomic_load(&slots->count);
    bool is_new = count < WEFT_SERVICE_SLOTS_MAX && slot_among(slots, count, name) == 0;
    if (is_new) {
        char *copy = weft_alloc(name.len);
        memcpy(copy, name.ptr, name.len);
        slots->names[count] = weft_str_make(copy, name.len);
        atomic_store_explicit(&slots->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&slots->mutex);
    return is_new;
}

bool weft_service_slots_see(struct weft_service_slots *slots, struct weft_str name)
{
    uint32_t count = weft_service_slots_count(slots);
    if (count == WEFT_SERVICE_SLOTS_MAX || name.len == 0 || name.len > WEFT_SERVICE_SLOT_NAME_MAX)
        return false;
    return slot_among(slots, count, name) == 0 && add(slots, name);
}
