/* block_filter_run.c -- which values of a run hold: by its encoding, most of them without reading single values. */
#include "store/block_filter_internal.h"
#include "store/codec_decimal.h"
#include "store/codec_scan.h"
#include "store/codec_uuid.h"

enum { BATCH = 1024 };

static void set_all(const struct weft_filter_run *e)
{
    memset(e->by_position, 0xff, weft_filter_words(e->run->count) * 8);
}

/* Numbers in a range. */
static int packed_range(struct weft_filter_run *e)
{
    const struct weft_run *run = e->run;
    uint32_t low = e->f->low, width = e->f->high - e->f->low;

    /* All but a range is the range that begins where it ends. */
    if (e->f->is_outside && width == 0) {
        set_all(e);
        return WEFT_OK;
    }
    if (e->f->is_outside) low = e->f->high, width = 0u - width;
    weft_scan()->range(e->by_position, run->data, run->count, run->bits, run->base, low, width);
    return WEFT_OK;
}

/* Numbers whose answers are remembered. */
static int packed_match(struct weft_filter_run *e)
{
    const struct weft_run *run = e->run;
    uint32_t v[BATCH];
    bool holds = false;
    int rc;

    for (uint32_t at = 0; at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        weft_bits_unpack_u32(v, run->data, at, n, run->bits, run->base);
        for (uint32_t i = 0; i < n; i++) {
            if ((rc = weft_filter_number(e, v[i], &holds)) < 0) return rc;
            e->by_position[(at + i) / 64] |= (uint64_t)holds << (i % 64);
        }
    }
    return WEFT_OK;
}

static int packed_wide(struct weft_filter_run *e)
{
    const struct weft_run *run = e->run;
    uint64_t v[BATCH];

    for (uint32_t at = 0; at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        weft_bits_unpack(v, run->data, at, n, run->bits, run->wide_base);
        for (uint32_t i = 0; i < n; i++)
            e->by_position[(at + i) / 64] |= (uint64_t)weft_filter_wide_range(e->f, (int64_t)v[i])
                                             << (i % 64);
    }
    return WEFT_OK;
}

/* The dictionary is asked once per entry, the codes look the answer up. */
static int dictionary_evaluate(struct weft_filter_run *e)
{
    const struct weft_run *run = e->run;
    uint8_t *answers = weft_arena_alloc_zero(e->rows->arena, (size_t)1 << run->bits);
    bool holds, any = false;
    uint32_t codes[BATCH];
    int rc;

    for (uint32_t i = 0; i < run->dictionary_count && i < 1u << run->bits; i++) {
        if (weft_filter_is_wide(run))
            holds = weft_filter_wide(e, weft_load_u64(run->dictionary + (size_t)i * 8));
        else if ((rc = weft_filter_number(e, weft_load_u32(run->dictionary + (size_t)i * 4),
                                          &holds)) < 0)
            return rc;
        answers[i] = holds;
        any |= holds;
    }
    for (uint32_t at = 0; any && at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        weft_bits_unpack_u32(codes, run->data, at, n, run->bits, 0);
        for (uint32_t i = 0; i < n; i++) {
            if (codes[i] >= run->dictionary_count)
                return weft_rows_corrupt(e->rows, e->err, "run of key %u: code %u of %u", run->code,
                                         codes[i], run->dictionary_count);
            e->by_position[(at + i) / 64] |= (uint64_t)answers[codes[i]] << (i % 64);
        }
    }
    return WEFT_OK;
}

/* Numbers of a packed or dictionary run. */
static int numbers_read(const struct weft_filter_run *e, const struct weft_run *run, uint32_t from,
                        uint32_t n, uint32_t *out)
{
    if (run->encoding == WEFT_RUN_PACKED) {
        weft_bits_unpack_u32(out, run->data, from, n, run->bits, run->base);
        return WEFT_OK;
    }
    weft_bits_unpack_u32(out, run->data, from, n, run->bits, 0);
    for (uint32_t i = 0; i < n; i++) {
        if (out[i] >= run->dictionary_count)
            return weft_rows_corrupt(e->rows, e->err, "run of key %u: code %u of %u", run->code,
                                     out[i], run->dictionary_count);
        out[i] = weft_load_u32(run->dictionary + (size_t)out[i] * 4);
    }
    return WEFT_OK;
}

enum { UNKNOWN = 2 };

/* The answer for every number of a map's source. */
static int map_answer(struct weft_filter_run *e, uint8_t *answers, bool *any)
{
    const struct weft_function *map = &e->run->function;
    bool is_range = (e->run->code & 7) == WEFT_VALUE_STRING && e->f->has_range &&
                    e->rows->block->blob_count == 0,
         holds;
    uint32_t packed[BATCH];
    int rc;

    for (uint32_t at = 0; at < map->count; at += BATCH) {
        uint32_t n = map->count - at < BATCH ? map->count - at : BATCH;
        weft_bits_unpack_u32(packed, map->packed, at, n, map->bits, 0);
        for (uint32_t i = 0; i < n; i++) {
            uint32_t target = map->base + packed[i] - 1;
            answers[at + i] = UNKNOWN;
            if (packed[i] == 0) continue;
            holds = is_range && weft_filter_range(e->f, target);
            if (!is_range && (rc = weft_filter_number(e, target, &holds)) < 0) return rc;
            answers[at + i] = holds;
            *any |= holds;
        }
    }
    return WEFT_OK;
}

/* The map is asked once per number of the source, then the source's numbers look the answer up. */
static int function_evaluate(struct weft_filter_run *e)
{
    const struct weft_run *run = e->run, *source = run->source;
    const struct weft_function *map = &run->function;
    uint8_t *answers = weft_arena_alloc(e->rows->arena, (size_t)map->count + 1);
    uint32_t v[BATCH];
    bool any = false;
    int rc = map_answer(e, answers, &any);

    if (rc < 0) return rc;
    for (uint32_t at = 0; any && at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH, wrong = 0;
        if ((rc = numbers_read(e, source, at, n, v)) < 0) return rc;
        for (uint32_t i = 0; i < n; i++) {
            uint8_t answer = v[i] - map->low < map->count ? answers[v[i] - map->low] : UNKNOWN;
            wrong |= answer & UNKNOWN;
            e->by_position[(at + i) / 64] |= (uint64_t)(answer & 1) << (i % 64);
        }
        if (wrong)
            return weft_rows_corrupt(e->rows, e->err, "run of key %u: its map lacks a value",
                                     run->code);
    }
    return WEFT_OK;
}

static int each_value(struct weft_filter_run *e)
{
    bool holds = false;
    int rc;

    for (uint32_t i = 0; i < e->run->count; i++) {
        if ((rc = weft_filter_value(e, i, &holds)) < 0) return rc;
        if (holds) weft_filter_bit_set(e->by_position, i);
    }
    return WEFT_OK;
}

/* A wanted string that is no UUID is in no run of UUIDs; one that is, is compared as 16 bytes. */
static int uuid_equal(struct weft_filter_run *e)
{
    uint8_t wanted[16];

    if (!weft_uuid_parse(e->f->predicate->value.bytes, wanted)) return WEFT_OK;
    for (uint32_t i = 0; i < e->run->count; i++)
        if (memcmp(e->run->data + (size_t)i * 16, wanted, 16) == 0)
            weft_filter_bit_set(e->by_position, i);
    return WEFT_OK;
}

/* What kinds can never hold: strings against a number and the other way round (arrays may hold
 * either). */
bool weft_filter_can_hold(const struct weft_filter *f, const struct weft_run *run)
{
    uint32_t type = run->code & 7, wanted = weft_predicate_type(f->predicate);

    if (type == WEFT_VALUE_EMPTY) return false;
    if (weft_op_is_presence(f->predicate->op)) return true;
    switch (type) {
    case WEFT_VALUE_STRING:
    case WEFT_VALUE_BOOL:
    case WEFT_VALUE_INT: return wanted == type;
    case WEFT_VALUE_DOUBLE: return wanted == WEFT_VALUE_INT;
    default: return type == WEFT_VALUE_ARRAY;
    }
}

/* Numbers of blobs are no ranks: they are asked one by one. */
static bool has_blobs(const struct weft_rows *rows, const struct weft_run *run)
{
    return !weft_filter_is_wide(run) &&
           (uint64_t)run->base + run->range >= rows->block->strings.count;
}

/* Positions of spelt-out strings that were found. `at`: where the n-th stands, NULL: at n. */
struct spelt_found {
    struct weft_filter_run *e;
    const uint16_t *at;
};

static void spelt_note(void *arg, uint32_t index)
{
    const struct spelt_found *found = arg;
    weft_filter_bit_set(found->e->by_position, found->at != NULL ? found->at[index] : index);
}

/* Strings spelt out, in order, so that each page is read once. */
static int spelt_evaluate(struct weft_filter_run *e, uint32_t count, const uint16_t *at)
{
    const struct weft_predicate *predicate = e->f->predicate;
    struct weft_value value = { .type = e->run->code & 7 };
    struct spelt_found found = { e, at };
    int rc;

    if (predicate->op == WEFT_OP_EQ && value.type == WEFT_VALUE_STRING)
        return weft_plain_equal(&e->reader->plain, &e->run->plain, predicate->value.bytes,
                                spelt_note, &found, e->err);
    for (uint32_t i = 0; i < count; i++) {
        rc = weft_plain_get(&e->reader->plain, &e->run->plain, i, &value.bytes, e->err);
        if (rc < 0) return rc;
        if (weft_predicate_holds_value(predicate, &value)) spelt_note(&found, i);
    }
    return WEFT_OK;
}

/* Which of a mixed run's numbers hold, by their own order. */
static int mixed_numbers(struct weft_filter_run *e, uint64_t *holds)
{
    const struct weft_run *run = e->run;
    uint32_t v[BATCH], numbers = run->count - run->spelt.count;
    bool is_held = false;
    int rc;

    if ((run->code & 7) == WEFT_VALUE_STRING && e->f->has_range && !e->f->is_outside &&
        !has_blobs(e->rows, run)) {
        weft_scan()->range(holds, run->data, numbers, run->bits, run->base, e->f->low,
                           e->f->high - e->f->low);
        return WEFT_OK;
    }
    for (uint32_t at = 0; at < numbers; at += BATCH) {
        uint32_t n = numbers - at < BATCH ? numbers - at : BATCH;
        weft_bits_unpack_u32(v, run->data, at, n, run->bits, run->base);
        for (uint32_t i = 0; i < n; i++) {
            if ((rc = weft_filter_number(e, v[i], &is_held)) < 0) return rc;
            if (is_held) weft_filter_bit_set(holds, at + i);
        }
    }
    return WEFT_OK;
}

/* The numbers of a mixed run stand at the positions that are not spelt out. */
static int mixed_spread(struct weft_filter_run *e, const uint64_t *holds, const uint16_t *spelt)
{
    const struct weft_run *run = e->run;
    uint32_t before = 0;

    for (size_t w = 0; w < weft_filter_words(run->count - run->spelt.count); w++) {
        for (uint64_t bits = holds[w]; bits != 0; bits &= bits - 1) {
            uint32_t number = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(bits);
            while (before < run->spelt.count && spelt[before] <= number + before) before++;
            if (number + before >= run->count)
                return weft_rows_corrupt(e->rows, e->err, "run of key %u: a position of %u of %u",
                                         run->code, number + before, run->count);
            weft_filter_bit_set(e->by_position, number + before);
        }
    }
    return WEFT_OK;
}

static int mixed_evaluate(struct weft_filter_run *e, bool may_be_numbers)
{
    const struct weft_run *run = e->run;
    uint16_t *spelt = weft_arena_alloc(e->rows->arena, (size_t)run->spelt.count * 2 + 1);
    int rc = WEFT_OK;

    if (run->spelt.mode == WEFT_PRESENCE_ALL) return spelt_evaluate(e, run->count, NULL);
    weft_presence_rows(&run->spelt, spelt);
    for (uint32_t i = 0; i < run->spelt.count; i++)
        if (spelt[i] >= run->count)
            return weft_rows_corrupt(e->rows, e->err, "run of key %u: value %u of %u is spelt out",
                                     run->code, spelt[i], run->count);
    if (may_be_numbers) {
        uint64_t *holds = weft_arena_alloc_zero(
            e->rows->arena, weft_filter_words(run->count - run->spelt.count) * 8 + 8);
        if ((rc = mixed_numbers(e, holds)) < 0 || (rc = mixed_spread(e, holds, spelt)) < 0)
            return rc;
    }
    return spelt_evaluate(e, run->spelt.count, spelt);
}

/* Min and max of the run rule its numbers out. */
static bool numbers_are_pruned(const struct weft_filter *f, const struct weft_rows *rows,
                               const struct weft_run *run)
{
    return !f->is_outside && !has_blobs(rows, run) && (run->code & 7) == WEFT_VALUE_STRING &&
           f->has_range &&
           (f->low >= f->high || run->base >= f->high || (uint64_t)run->base + run->range < f->low);
}

/* Min and max of the run rule it out. */
static bool is_pruned(const struct weft_filter *f, const struct weft_rows *rows,
                      const struct weft_run *run)
{
    bool is_numbers = run->encoding == WEFT_RUN_PACKED || run->encoding == WEFT_RUN_DICTIONARY ||
                      run->encoding == WEFT_RUN_CONSTANT || run->encoding == WEFT_RUN_FUNCTION;

    if (f->is_outside || !is_numbers || has_blobs(rows, run)) return false;
    if (numbers_are_pruned(f, rows, run)) return true;
    if ((run->code & 7) == WEFT_VALUE_INT && f->has_wide_range)
        return (int64_t)run->wide_base > f->wide_high || (int64_t)run->wide_max < f->wide_low;
    return false;
}

static int run_evaluate(struct weft_filter_run *e)
{
    const struct weft_filter *f = e->f;
    struct weft_run *run = e->run;
    uint32_t type = run->code & 7;
    bool holds = false;
    int rc;

    if (weft_op_is_presence(f->predicate->op)) {
        set_all(e);
        return WEFT_OK;
    }
    if (is_pruned(f, e->rows, run)) return WEFT_OK;
    if (run->encoding == WEFT_RUN_CONSTANT) {
        if (run->count == 0) return WEFT_OK;
        if ((rc = weft_filter_value(e, 0, &holds)) == WEFT_OK && holds) set_all(e);
        return rc;
    }
    if (run->encoding == WEFT_RUN_DICTIONARY) return dictionary_evaluate(e);
    if (run->encoding == WEFT_RUN_FUNCTION) return function_evaluate(e);
    if (run->encoding == WEFT_RUN_PACKED && type == WEFT_VALUE_STRING && f->has_range &&
        !has_blobs(e->rows, run))
        return packed_range(e);
    if (run->encoding == WEFT_RUN_PACKED && type == WEFT_VALUE_STRING && f->by_string != NULL)
        return packed_match(e);
    if (run->encoding == WEFT_RUN_PACKED && type == WEFT_VALUE_INT && f->has_wide_range)
        return packed_wide(e);
    if (run->encoding == WEFT_RUN_UUID && f->predicate->op == WEFT_OP_EQ) return uuid_equal(e);
    if (run->encoding == WEFT_RUN_MIXED)
        return mixed_evaluate(e, !numbers_are_pruned(f, e->rows, run));
    if (run->encoding == WEFT_RUN_PLAIN) return spelt_evaluate(e, run->count, NULL);
    return each_value(e);
}

/* From positions among the run's values to rows of the group. */
static void spread(const struct weft_filter_run *e, uint64_t *out)
{
    const struct weft_run *run = e->run;

    if (run->presence.mode == WEFT_PRESENCE_ALL) {
        for (size_t w = 0; w < weft_filter_words(run->count); w++) out[w] |= e->by_position[w];
        return;
    }
    uint16_t *row = weft_arena_alloc(e->rows->arena, (size_t)run->count * 2 + 1);
    weft_presence_rows(&run->presence, row);
    for (uint32_t i = 0; i < run->count; i++)
        if (weft_filter_bit_get(e->by_position, i)) weft_filter_bit_set(out, row[i]);
}

/* All runs of one key (every type of value) in group g. */
int weft_filter_key(const struct weft_filter *f, struct weft_rows *rows, uint32_t g, uint32_t key,
                    struct weft_block_reader *reader, uint64_t *out, struct weft_err *err)
{
    uint32_t at, end;
    int rc;

    for (uint32_t type = WEFT_VALUE_STRING; type <= WEFT_VALUE_BYTES; type++) {
        struct weft_run code_only = { .code = weft_key_code(key, type) };
        if (!weft_filter_can_hold(f, &code_only)) continue;
        if ((rc = weft_rows_find_group_runs(rows, code_only.code, g, &at, &end, err)) < 0)
            return rc;
        for (; at < end; at++) {
            struct weft_filter_run e = { f, rows, NULL, reader, err, NULL };
            if ((rc = weft_rows_run(rows, at, &e.run, err)) < 0) return rc;
            e.by_position =
                weft_arena_alloc_zero(rows->arena, weft_filter_words(e.run->count) * 8 + 8);
            if ((rc = run_evaluate(&e)) < 0) return rc;
            spread(&e, out);
        }
    }
    return WEFT_OK;
}
