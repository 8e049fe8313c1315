/* otlp_internal.h -- shared by the files otlp_*.c and value_walk.c: growing attribute lists, checks
 * of nested values.
 *
 * Ownership  everything lives in the arena of the batch being decoded
 */
#ifndef WEFT_MODEL_OTLP_INTERNAL_H
#define WEFT_MODEL_OTLP_INTERNAL_H
#include "base/budget.h"
#include "model/otlp.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Lengths of decoded strings are 32 bits wide, and mending may treble them. */
#define WEFT_OTLP_BODY_BYTES_MAX ((size_t)1 << 30)
/* What a body may grow to when decoded. Real requests stay below 8 times their size; only spans
 * made of thousands of
 * empty events or attributes pass this. */
#define WEFT_OTLP_GROWTH_MAX 16
#define WEFT_OTLP_GROWTH_SLACK_BYTES ((size_t)4 << 20)

/* How large the arena may grow while one body is decoded. */
struct weft_otlp_growth {
    struct weft_arena *arena;
    struct weft_claim *claim; /* NULL: only the bound by size holds */
    size_t bytes_claimed;     /* arena->total_bytes may be that without asking */
    size_t bytes_max;
    bool is_budget_short; /* set when the claim said no, not the bound by size */
};
void weft_otlp_growth_init(struct weft_otlp_growth *growth, const struct weft_batch *batch,
                           size_t body_bytes);
/* False: over the bound, or the budget has no more. */
bool weft_otlp_growth_claim(struct weft_otlp_growth *growth, size_t bytes);
/* Would `more` bytes be too many? */
static inline bool weft_otlp_is_over_growth(struct weft_otlp_growth *growth, size_t more)
{
    size_t bytes = growth->arena->total_bytes + more;
    return bytes > growth->bytes_claimed && !weft_otlp_growth_claim(growth, bytes);
}
int weft_otlp_growth_refusal(const struct weft_otlp_growth *growth, const char **why);

/* A list of attributes under construction at the tip of the arena: opened with room to spare,
 * sealed by giving the
 * spare room back (unless somebody else allocated meanwhile). One memory, written once, and no
 * copy. */
struct weft_otlp_run {
    struct weft_attribute *items;
    uint32_t count;
    uint32_t capacity;
};
#define WEFT_OTLP_RUN_START 32

void weft_otlp_run_grow(struct weft_otlp_run *run, struct weft_arena *arena);
/* Room for the next attribute; it counts only when the caller adds one to `count`. */
static inline struct weft_attribute *weft_otlp_run_next(struct weft_otlp_run *run,
                                                        struct weft_arena *arena)
{
    if (__builtin_expect(run->count == run->capacity, 0)) weft_otlp_run_grow(run, arena);
    return &run->items[run->count];
}
static inline void weft_otlp_run_seal(struct weft_otlp_run *run, struct weft_arena *arena)
{
    if (run->capacity == 0) return;
    size_t whole = ((size_t)run->capacity * sizeof *run->items + 15) & ~(size_t)15;
    size_t used = ((size_t)run->count * sizeof *run->items + 15) & ~(size_t)15;
    char *start = (char *)run->items;
    if (arena->next != start + whole) return;
    arena->next = start + used;
    run->capacity = run->count;
}

/* True when the bytes are all ASCII. False also when they are long or stand too near to
 * `readable_end` to be looked at
 * 16 at a time: then the caller checks slowly. */
static inline bool weft_otlp_is_short_ascii(const char *text, size_t len, const char *readable_end)
{
#ifdef __SSE2__
    if (__builtin_expect(len > 64 || (size_t)(readable_end - text) < 64, 0)) return false;
    const __m128i *v = (const __m128i *)(const void *)text;
    uint64_t high = (uint32_t)_mm_movemask_epi8(_mm_loadu_si128(v)) |
                    (uint32_t)_mm_movemask_epi8(_mm_loadu_si128(v + 1)) << 16;
    if (len > 32) {
        high |= (uint64_t)((uint32_t)_mm_movemask_epi8(_mm_loadu_si128(v + 2)) |
                           (uint32_t)_mm_movemask_epi8(_mm_loadu_si128(v + 3)) << 16)
                << 32;
    }
    return len == 0 || high << (64 - len) == 0;
#else
    (void)readable_end;
    uint64_t high = 0, part = 0;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) {
        memcpy(&part, text + i, 8);
        high |= part;
    }
    for (; i < len; i++) high |= (uint64_t)(unsigned char)text[i];
    return (high & UINT64_C(0x8080808080808080)) == 0;
#endif
}

enum weft_otlp_check { WEFT_OTLP_CHECK_OK, WEFT_OTLP_CHECK_BROKEN, WEFT_OTLP_CHECK_TOO_DEEP };
/* Look through an ArrayValue or KeyValueList message; *has_bad_text when a string or key in it is
 * not UTF-8. */
enum weft_otlp_check weft_otlp_check_nested(struct weft_str encoded, bool is_kvlist, unsigned depth,
                                            bool *has_bad_text);
/* The same message again with U+FFFD for what is no UTF-8; counts each mended string. */
void weft_otlp_mend_nested(struct weft_buf *out, struct weft_str encoded, bool is_kvlist,
                           uint64_t *mended);

/* An AnyValue message (the last of several fields counts); a false return means broken bytes.
 * Nested ones unchecked. */
bool weft_otlp_any_value(struct weft_str encoded, struct weft_value *out);
/* A KeyValue message; absent parts are empty. */
bool weft_otlp_key_value(struct weft_str encoded, struct weft_str *key, struct weft_value *value);
void weft_otlp_attribute_set(struct weft_attribute *a, struct weft_str key,
                             const struct weft_value *value);

/* Fields of an AnyValue, and as field `number` of an outer message. */
size_t weft_otlp_value_size(const struct weft_value *value);
void weft_otlp_put_value(struct weft_buf *out, const struct weft_value *value);
void weft_otlp_put_key_value(struct weft_buf *out, uint32_t number, struct weft_str key,
                             const struct weft_value *value);
void weft_otlp_put_attributes(struct weft_buf *out, uint32_t number,
                              struct weft_attributes attributes);

/* service_name from the attributes. */
void weft_otlp_resource_finish(struct weft_resource *resource);

/* An EntityRef message; *has_bad_text when a string in it is no UTF-8. False: broken bytes. */
bool weft_otlp_check_entity_ref(struct weft_str encoded, bool *has_bad_text);
/* A checked one as field 3 of a Resource, in canonical form: fields in order, unknown ones left
 * out. */
void weft_otlp_put_entity_ref(struct weft_buf *out, struct weft_str encoded);

#endif
