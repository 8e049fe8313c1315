/* block_filter.c -- evaluating one predicate over the columns of one group. */
#include "store/block_filter.h"
#include "store/block_blob.h"
#include "store/block_rest.h"
#include "store/codec_decimal.h"
#include "store/codec_scan.h"
#include "store/codec_uuid.h"

enum { BATCH = 1024 };

static void bit_set(uint64_t *bits, uint32_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}
static bool bit_get(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}
static size_t words_of(uint32_t rows)
{
    return ((size_t)rows + 63) / 64;
}

/* ---- one run ---- */

struct evaluation {
    const struct weft_filter *f;
    struct weft_rows *rows;
    struct weft_run *run;
    struct weft_block_reader *reader;
    struct weft_err *err;
    uint64_t *by_position; /* result */
};

static bool range_holds(const struct weft_filter *f, uint32_t number)
{
    return (number - f->low < f->high - f->low) != f->is_outside;
}

static bool wide_range_holds(const struct weft_filter *f, int64_t v)
{
    return (v >= f->wide_low && v <= f->wide_high) != f->is_outside;
}

static int string_holds(struct evaluation *e, uint32_t number, bool *holds)
{
    struct weft_value value = { .type = e->run->code & 7 };
    const struct weft_block *block = e->rows->block;
    uint32_t blob = number - block->strings.count;
    int rc;

    if (number >= block->strings.count && blob < block->blob_count)
        return weft_block_blob_holds(e->reader, blob, value.type, e->f->predicate, holds, e->err);
    uint8_t *answer =
        value.type == WEFT_VALUE_STRING && e->f->by_string != NULL && number < block->strings.count
            ? &e->f->by_string[number]
            : NULL;
    if (answer != NULL && *answer != 0) {
        *holds = *answer == 2;
        return WEFT_OK;
    }
    rc = weft_strings_get(&e->reader->strings, number, &value.bytes, e->err);
    *holds = rc == WEFT_OK && weft_predicate_holds_value(e->f->predicate, &value);
    if (answer != NULL && rc == WEFT_OK) *answer = *holds ? 2 : 1;
    return rc;
}

static bool wide_holds(const struct evaluation *e, uint64_t bits)
{
    struct weft_value value = { .type = e->run->code & 7, .int_value = (int64_t)bits };
    if (value.type == WEFT_VALUE_INT && e->f->has_wide_range)
        return wide_range_holds(e->f, (int64_t)bits);
    return weft_predicate_holds_value(e->f->predicate,
                                      &value); /* the union's double has the same bits */
}

static int number_holds(struct evaluation *e, uint32_t number, bool *holds)
{
    uint32_t type = e->run->code & 7;

    if (type == WEFT_VALUE_BOOL) {
        struct weft_value value = { .type = WEFT_VALUE_BOOL, .bool_value = number != 0 };
        *holds = weft_predicate_holds_value(e->f->predicate, &value);
        return WEFT_OK;
    }
    if (type == WEFT_VALUE_STRING && e->f->has_range && number < e->rows->block->strings.count) {
        *holds = range_holds(e->f, number);
        return WEFT_OK;
    }
    return string_holds(e, number, holds);
}

static bool is_wide(const struct weft_run *run)
{
    return (run->code & 7) == WEFT_VALUE_INT || (run->code & 7) == WEFT_VALUE_DOUBLE;
}

static int read_value_holds(struct evaluation *e, const struct weft_run_value *v, bool *holds)
{
    if (v->is_spelt) {
        struct weft_value value = { .type = e->run->code & 7, .bytes = v->bytes };
        *holds = weft_predicate_holds_value(e->f->predicate, &value);
        return WEFT_OK;
    }
    if (is_wide(e->run)) {
        *holds = wide_holds(e, v->wide);
        return WEFT_OK;
    }
    return number_holds(e, v->number, holds);
}

static int value_holds(struct evaluation *e, uint32_t position, bool *holds)
{
    struct weft_run_value v;
    int rc = weft_run_get(e->rows, e->run, position, e->reader, &v, e->err);

    return rc < 0 ? rc : read_value_holds(e, &v, holds);
}

static void set_all(const struct evaluation *e)
{
    memset(e->by_position, 0xff, words_of(e->run->count) * 8);
}

/* Numbers in a range. */
static int packed_range(struct evaluation *e)
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
static int packed_match(struct evaluation *e)
{
    const struct weft_run *run = e->run;
    uint32_t v[BATCH];
    bool holds = false;
    int rc;

    for (uint32_t at = 0; at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        weft_bits_unpack_u32(v, run->data, at, n, run->bits, run->base);
        for (uint32_t i = 0; i < n; i++) {
            if ((rc = number_holds(e, v[i], &holds)) < 0) return rc;
            e->by_position[(at + i) / 64] |= (uint64_t)holds << (i % 64);
        }
    }
    return WEFT_OK;
}

static int packed_wide(struct evaluation *e)
{
    const struct weft_run *run = e->run;
    uint64_t v[BATCH];

    for (uint32_t at = 0; at < run->count; at += BATCH) {
        uint32_t n = run->count - at < BATCH ? run->count - at : BATCH;
        weft_bits_unpack(v, run->data, at, n, run->bits, run->wide_base);
        for (uint32_t i = 0; i < n; i++)
            e->by_position[(at + i) / 64] |= (uint64_t)wide_range_holds(e->f, (int64_t)v[i])
                                             << (i % 64);
    }
    return WEFT_OK;
}

/* The dictionary is asked once per entry, the codes look the answer up. */
static int dictionary_evaluate(struct evaluation *e)
{
    const struct weft_run *run = e->run;
    uint8_t *answers = weft_arena_alloc_zero(e->rows->arena, (size_t)1 << run->bits);
    bool holds, any = false;
    uint32_t codes[BATCH];
    int rc;

    for (uint32_t i = 0; i < run->dictionary_count && i < 1u << run->bits; i++) {
        if (is_wide(run))
            holds = wide_holds(e, weft_load_u64(run->dictionary + (size_t)i * 8));
        else if ((rc = number_holds(e, weft_load_u32(run->dictionary + (size_t)i * 4), &holds)) < 0)
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
static int numbers_read(const struct evaluation *e, const struct weft_run *run, uint32_t from,
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
static int map_answer(struct evaluation *e, uint8_t *answers, bool *any)
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
            holds = is_range && range_holds(e->f, target);
            if (!is_range && (rc = number_holds(e, target, &holds)) < 0) return rc;
            answers[at + i] = holds;
            *any |= holds;
        }
    }
    return WEFT_OK;
}

/* The map is asked once per number of the source, then the source's numbers look the answer up. */
static int function_evaluate(struct evaluation *e)
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

static int each_value(struct evaluation *e)
{
    bool holds = false;
    int rc;

    for (uint32_t i = 0; i < e->run->count; i++) {
        if ((rc = value_holds(e, i, &holds)) < 0) return rc;
        if (holds) bit_set(e->by_position, i);
    }
    return WEFT_OK;
}

/* A wanted string that is no UUID is in no run of UUIDs; one that is, is compared as 16 bytes. */
static int uuid_equal(struct evaluation *e)
{
    uint8_t wanted[16];

    if (!weft_uuid_parse(e->f->predicate->value.bytes, wanted)) return WEFT_OK;
    for (uint32_t i = 0; i < e->run->count; i++)
        if (memcmp(e->run->data + (size_t)i * 16, wanted, 16) == 0) bit_set(e->by_position, i);
    return WEFT_OK;
}

/* What kinds can never hold: strings against a number and the other way round (arrays may hold
 * either). */
static bool can_hold(const struct weft_filter *f, const struct weft_run *run)
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
    return !is_wide(run) && (uint64_t)run->base + run->range >= rows->block->strings.count;
}

/* Positions of spelt-out strings that were found. `at`: where the n-th stands, NULL: at n. */
struct spelt_found {
    struct evaluation *e;
    const uint16_t *at;
};

static void spelt_note(void *arg, uint32_t index)
{
    const struct spelt_found *found = arg;
    bit_set(found->e->by_position, found->at != NULL ? found->at[index] : index);
}

/* Strings spelt out, in order, so that each page is read once. */
static int spelt_evaluate(struct evaluation *e, uint32_t count, const uint16_t *at)
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
static int mixed_numbers(struct evaluation *e, uint64_t *holds)
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
            if ((rc = number_holds(e, v[i], &is_held)) < 0) return rc;
            if (is_held) bit_set(holds, at + i);
        }
    }
    return WEFT_OK;
}

/* The numbers of a mixed run stand at the positions that are not spelt out. */
static int mixed_spread(struct evaluation *e, const uint64_t *holds, const uint16_t *spelt)
{
    const struct weft_run *run = e->run;
    uint32_t before = 0;

    for (size_t w = 0; w < words_of(run->count - run->spelt.count); w++) {
        for (uint64_t bits = holds[w]; bits != 0; bits &= bits - 1) {
            uint32_t number = (uint32_t)w * 64 + (uint32_t)__builtin_ctzll(bits);
            while (before < run->spelt.count && spelt[before] <= number + before) before++;
            if (number + before >= run->count)
                return weft_rows_corrupt(e->rows, e->err, "run of key %u: a position of %u of %u",
                                         run->code, number + before, run->count);
            bit_set(e->by_position, number + before);
        }
    }
    return WEFT_OK;
}

static int mixed_evaluate(struct evaluation *e, bool may_be_numbers)
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
        uint64_t *holds =
            weft_arena_alloc_zero(e->rows->arena, words_of(run->count - run->spelt.count) * 8 + 8);
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

static int run_evaluate(struct evaluation *e)
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
        if ((rc = value_holds(e, 0, &holds)) == WEFT_OK && holds) set_all(e);
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
static void spread(const struct evaluation *e, uint64_t *out)
{
    const struct weft_run *run = e->run;

    if (run->presence.mode == WEFT_PRESENCE_ALL) {
        for (size_t w = 0; w < words_of(run->count); w++) out[w] |= e->by_position[w];
        return;
    }
    uint16_t *row = weft_arena_alloc(e->rows->arena, (size_t)run->count * 2 + 1);
    weft_presence_rows(&run->presence, row);
    for (uint32_t i = 0; i < run->count; i++)
        if (bit_get(e->by_position, i)) bit_set(out, row[i]);
}

/* All runs of one key (every type of value) in group g. */
static int key_evaluate(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                        uint32_t key, struct weft_block_reader *reader, uint64_t *out,
                        struct weft_err *err)
{
    uint32_t at, end;
    int rc;

    for (uint32_t type = WEFT_VALUE_STRING; type <= WEFT_VALUE_BYTES; type++) {
        struct weft_run code_only = { .code = weft_key_code(key, type) };
        if (!can_hold(f, &code_only)) continue;
        if ((rc = weft_rows_find_group_runs(rows, code_only.code, g, &at, &end, err)) < 0)
            return rc;
        for (; at < end; at++) {
            struct evaluation e = { f, rows, NULL, reader, err, NULL };
            if ((rc = weft_rows_run(rows, at, &e.run, err)) < 0) return rc;
            e.by_position = weft_arena_alloc_zero(rows->arena, words_of(e.run->count) * 8 + 8);
            if ((rc = run_evaluate(&e)) < 0) return rc;
            spread(&e, out);
        }
    }
    return WEFT_OK;
}

/* ---- pseudo keys: spelt-out names, events, links ---- */

static struct weft_run *pseudo_run(struct weft_rows *rows, uint32_t g, uint32_t pseudo,
                                   uint32_t type, int *rc, struct weft_err *err)
{
    uint32_t first, end;
    struct weft_run *run = NULL;

    *rc = weft_rows_find_group_runs(rows, pseudo << 3 | type, g, &first, &end, err);
    if (*rc == WEFT_OK && first < end) *rc = weft_rows_run(rows, first, &run, err);
    return *rc < 0 ? NULL : run;
}

static int pseudo_holds(const struct weft_filter *f, struct weft_rows *rows, struct weft_run *run,
                        uint32_t position, struct weft_block_reader *reader,
                        struct weft_arena *arena, bool *holds, struct weft_err *err)
{
    struct weft_span span = { 0 };
    struct weft_run_value v;
    int rc = weft_run_get(rows, run, position, reader, &v, err);

    if (rc < 0) return rc;
    struct weft_str bytes = v.bytes;
    if (!v.is_spelt && (rc = weft_block_string(reader, v.number, &bytes, err)) < 0) return rc;
    uint32_t pseudo = run->code >> 3;
    if (pseudo == WEFT_PSEUDO_EVENTS)
        rc = weft_block_events(rows, bytes, &span, reader, arena, err);
    else if (pseudo == WEFT_PSEUDO_LINKS)
        rc = weft_block_links(rows, bytes, &span, reader, arena, err);
    else if (pseudo == WEFT_PSEUDO_STATUS_MESSAGE)
        span.status_message = bytes;
    else
        span.name = bytes;
    *holds = rc == WEFT_OK && weft_predicate_holds_span(f->predicate, &span);
    return rc;
}

/* Rows with the pseudo key are asked; those without hold as an empty span does. */
static int pseudo_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                         uint32_t pseudo, uint32_t type, struct weft_block_reader *reader,
                         uint64_t *selected, struct weft_err *err)
{
    struct weft_span nothing = { 0 };
    uint32_t position, n = rows->groups[g].rows;
    bool without = pseudo != WEFT_PSEUDO_NAME && weft_predicate_holds_span(f->predicate, &nothing),
         holds;
    struct weft_arena arena;
    int rc;

    struct weft_run *run = pseudo_run(rows, g, pseudo, type, &rc, err);
    if (rc < 0) return rc;
    weft_arena_init(&arena, 0);
    for (uint32_t i = 0; i < n && rc == WEFT_OK; i++) {
        if (!bit_get(selected, i)) continue;
        holds = without;
        if (run != NULL && weft_presence_find(&run->presence, i, &position)) {
            rc = pseudo_holds(f, rows, run, position, reader, &arena, &holds, err);
            weft_arena_reset(&arena);
        }
        if (!holds) selected[i / 64] &= ~(UINT64_C(1) << (i % 64));
    }
    weft_arena_release(&arena);
    return rc;
}

/* ---- attributes of rare keys ---- */

/* Does an attribute of this key in the row's rest hold? */
static int rest_row_holds(struct evaluation *e, uint32_t key, uint32_t position, bool *holds)
{
    bool is_presence = weft_op_is_presence(e->f->predicate->op);
    struct weft_run_value v;
    struct weft_rest rest;
    int rc = weft_run_get(e->rows, e->run, position, e->reader, &v, e->err);

    *holds = false;
    if (rc < 0) return rc;
    if (!v.is_spelt) return weft_rows_corrupt(e->rows, e->err, "rare keys are not spelt out");
    if ((rc = weft_rest_init(&rest, e->rows, v.bytes, e->err)) < 0) return rc;
    while (!*holds && (rc = weft_rest_next(&rest, e->err)) > 0) {
        struct weft_run code_only = { .code = rest.code };
        struct evaluation one = { e->f, e->rows, &code_only, e->reader, e->err, NULL };
        if (rest.code >= weft_key_code(key + 1, 0)) return WEFT_OK;
        if (rest.code < weft_key_code(key, 0) || !can_hold(e->f, &code_only)) continue;
        if (is_presence)
            *holds = true;
        else if ((rc = read_value_holds(&one, &rest.value, holds)) < 0)
            return rc;
    }
    return rc < 0 ? rc : WEFT_OK;
}

static int rest_evaluate(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                         uint32_t key, struct weft_block_reader *reader, const uint64_t *selected,
                         uint64_t *out, struct weft_err *err)
{
    struct evaluation e = { f, rows, NULL, reader, err, NULL };
    bool holds;
    int rc;

    if (!weft_rest_may_have(rows, key)) return WEFT_OK;
    e.run = pseudo_run(rows, g, WEFT_PSEUDO_REST, weft_pseudo_type(WEFT_PSEUDO_REST), &rc, err);
    if (e.run == NULL) return rc;
    uint16_t *row = weft_arena_alloc(rows->arena, (size_t)e.run->count * 2 + 1);
    weft_presence_rows(&e.run->presence, row);
    for (uint32_t i = 0; i < e.run->count; i++) {
        if (!bit_get(selected, row[i])) continue;
        if ((rc = rest_row_holds(&e, key, i, &holds)) < 0) return rc;
        if (holds) bit_set(out, row[i]);
    }
    return WEFT_OK;
}

/* ---- heads, durations ---- */

/* keep[i]: does row i's head say `wanted`? Calls back with batches. */
static int heads_apply(const struct weft_filter *f, struct weft_rows *rows, uint32_t g, bool is_or,
                       uint64_t *bits, bool *maybe, struct weft_err *err)
{
    struct weft_rows_group *group = &rows->groups[g];
    uint64_t heads[WEFT_PAGED_ROWS];
    int rc = weft_rows_load_group_columns(rows, g, err);

    if (rc < 0) return rc;
    *maybe = false;
    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        uint64_t holds[WEFT_PAGED_ROWS / 64] = { 0 }, *words = bits + at / 64;
        uint8_t answers = 0;
        if (!is_or && (words[0] | words[n > 64]) == 0) continue;
        weft_paged_read(&group->heads, at, n, heads);
        for (uint32_t i = 0; i < n; i++) {
            if (heads[i] >= rows->block->head_count)
                return weft_rows_corrupt(rows, err, "head %llu in group %u",
                                         (unsigned long long)heads[i], g);
            uint8_t answer = f->by_head[heads[i]];
            answers |= answer;
            holds[i / 64] |= (uint64_t)(answer != 0) << (i % 64);
        }
        *maybe |= (answers & 2) != 0;
        for (uint32_t w = 0; w * 64 < n; w++)
            words[w] = is_or ? words[w] | holds[w] : words[w] & holds[w];
    }
    return WEFT_OK;
}

static int name_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                       struct weft_block_reader *reader, uint64_t *selected, struct weft_err *err)
{
    size_t words = words_of(rows->groups[g].rows);
    uint64_t *spelt = weft_arena_alloc_zero(rows->arena, words * 8);
    uint64_t heads[WEFT_PAGED_ROWS];
    const struct weft_rows_group *group = &rows->groups[g];
    int rc;

    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        weft_paged_read(&group->heads, at, n, heads);
        for (uint32_t i = 0; i < n; i++)
            /* Heads of pages without a selected row were not checked. */
            if (bit_get(selected, at + i) && f->by_head[heads[i]] == 2) bit_set(spelt, at + i);
    }
    for (size_t w = 0; w < words; w++) selected[w] &= ~spelt[w];
    if ((rc = pseudo_filter(f, rows, g, WEFT_PSEUDO_NAME, WEFT_VALUE_STRING, reader, spelt, err)) <
        0)
        return rc;
    for (size_t w = 0; w < words; w++) selected[w] |= spelt[w];
    return WEFT_OK;
}

static inline bool duration_holds(const struct weft_filter *f, uint64_t duration)
{
    struct weft_value value = { .type = WEFT_VALUE_INT,
                                .int_value = duration > INT64_MAX ? INT64_MAX : (int64_t)duration };
    return f->has_wide_range ? wide_range_holds(f, value.int_value)
                             : weft_predicate_holds_value(f->predicate, &value);
}

static int duration_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                           uint64_t *selected, struct weft_err *err)
{
    struct weft_rows_group *group = &rows->groups[g];
    uint64_t v[WEFT_PAGED_ROWS];
    int rc = weft_rows_load_group_columns(rows, g, err);

    if (rc < 0) return rc;
    for (uint32_t at = 0; at < group->rows; at += WEFT_PAGED_ROWS) {
        uint32_t n = group->rows - at < WEFT_PAGED_ROWS ? group->rows - at : WEFT_PAGED_ROWS;
        uint64_t *words = selected + at / 64, holds[2] = { 0, 0 };
        if ((words[0] | words[n > 64]) == 0) continue;
        uint64_t limit = weft_paged_page_limit(&group->durations, at / WEFT_PAGED_ROWS);
        bool is_below =
            f->has_wide_range && !f->is_outside && f->wide_low > 0 && limit < (uint64_t)f->wide_low;
        if (!is_below) {
            weft_paged_read(&group->durations, at, n, v);
            for (uint32_t i = 0; i < n; i++)
                holds[i / 64] |= (uint64_t)duration_holds(f, v[i]) << (i % 64);
        }
        words[0] &= holds[0];
        if (n > 64) words[1] &= holds[1];
    }
    return WEFT_OK;
}

/* ---- one predicate over one group ---- */

static int attribute_filter(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                            struct weft_block_reader *reader, uint64_t *selected,
                            struct weft_err *err)
{
    size_t words = words_of(rows->groups[g].rows);
    uint64_t *bits = weft_arena_alloc_zero(rows->arena, words * 8 + 8);
    bool is_absence = f->predicate->op == WEFT_OP_NOT_EXISTS, maybe;
    uint32_t key = f->key, local;
    int rc;

    if (key == WEFT_NO_NAME && rows->local_keys.count > 0 &&
        weft_rows_find_local_key(rows, f->predicate->key, &local, err))
        key = rows->block->keys.count + local;
    if (key != WEFT_NO_NAME &&
        ((rc = key_evaluate(f, rows, g, key, reader, bits, err)) < 0 ||
         (rc = rest_evaluate(f, rows, g, key, reader, selected, bits, err)) < 0))
        return rc;
    if (f->by_head != NULL && (rc = heads_apply(f, rows, g, true, bits, &maybe, err)) < 0)
        return rc;
    for (size_t w = 0; w < words; w++) selected[w] &= is_absence ? ~bits[w] : bits[w];
    return WEFT_OK;
}

int weft_filter_group(const struct weft_filter *f, struct weft_rows *rows, uint32_t g,
                      struct weft_block_reader *reader, uint64_t *selected, struct weft_err *err)
{
    const struct weft_predicate *p = f->predicate;
    bool maybe;
    int rc;

    if (weft_filter_is_head(f)) {
        if ((rc = heads_apply(f, rows, g, false, selected, &maybe, err)) < 0) return rc;
        return maybe ? name_filter(f, rows, g, reader, selected, err) : WEFT_OK;
    }
    if (p->field == WEFT_FIELD_DURATION) return duration_filter(f, rows, g, selected, err);
    if (p->field == WEFT_FIELD_EVENT_NAME ||
        (p->field == WEFT_FIELD_ATTRIBUTE && p->scope == WEFT_SCOPE_EVENT))
        return pseudo_filter(f, rows, g, WEFT_PSEUDO_EVENTS, WEFT_VALUE_BYTES, reader, selected,
                             err);
    if (p->field == WEFT_FIELD_ATTRIBUTE && p->scope == WEFT_SCOPE_LINK)
        return pseudo_filter(f, rows, g, WEFT_PSEUDO_LINKS, WEFT_VALUE_BYTES, reader, selected,
                             err);
    if (p->field == WEFT_FIELD_STATUS_MESSAGE)
        return pseudo_filter(f, rows, g, WEFT_PSEUDO_STATUS_MESSAGE, WEFT_VALUE_STRING, reader,
                             selected, err);
    return attribute_filter(f, rows, g, reader, selected, err);
}
