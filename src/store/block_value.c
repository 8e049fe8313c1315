/* block_value.c -- runs: opening each encoding within its bounds, and one value of it. */
#include "store/block_internal.h"
#include "store/codec_decimal.h"
#include "store/codec_uuid.h"

static bool is_wide(uint32_t code)
{
    return (code & 7) == WEFT_VALUE_INT || (code & 7) == WEFT_VALUE_DOUBLE;
}
static bool has_strings(uint32_t code)
{
    uint32_t type = code & 7;
    return type == WEFT_VALUE_STRING || type == WEFT_VALUE_BYTES || type == WEFT_VALUE_ARRAY ||
           type == WEFT_VALUE_KVLIST;
}

/* The bytes of a payload, taken from the front. */
struct take {
    const uint8_t *at;
    size_t left;
};

static bool take(struct take *t, size_t n, const uint8_t **out)
{
    size_t padded = (n + 7) & ~(size_t)7;
    if (padded > t->left) return false;
    *out = t->at;
    t->at += padded;
    t->left -= padded;
    return true;
}

static bool dictionary_open(struct weft_run *run, struct take *t)
{
    const uint8_t *header;

    if (!take(t, 8, &header)) return false;
    run->dictionary_count = weft_load_u32(header);
    return run->dictionary_count > 0 && run->dictionary_count <= WEFT_ROWS_MAX && run->bits <= 16 &&
           take(t, (size_t)run->dictionary_count * (is_wide(run->code) ? 8 : 4),
                &run->dictionary) &&
           take(t, weft_bits_bytes(run->count, run->bits), &run->data);
}

static bool mixed_open(struct weft_run *run, struct take *t, unsigned mode)
{
    size_t used;

    if (mode > WEFT_PRESENCE_LIST ||
        !weft_presence_open(&run->spelt, mode, t->at, t->left, run->count, &used))
        return false;
    t->at += used, t->left -= used;
    if (run->bits > 32 ||
        !take(t, weft_bits_bytes(run->count - run->spelt.count, run->bits), &run->data))
        return false;
    if (weft_plain_open(&run->plain, t->at, t->left, run->spelt.count, &used, NULL) < 0)
        return false;
    t->at += used, t->left -= used;
    return true;
}

static bool payload_open(struct weft_run *run, struct take *t, unsigned extra)
{
    const uint8_t *header;
    size_t used;

    if (is_wide(run->code)) {
        if (!take(t, 16, &header)) return false;
        run->wide_base = weft_load_u64(header);
        run->wide_max = weft_load_u64(header + 8);
    }
    switch (run->encoding) {
    case WEFT_RUN_CONSTANT: return true;
    case WEFT_RUN_PACKED:
        return run->bits <= (is_wide(run->code) ? 64 : 32) &&
               take(t, weft_bits_bytes(run->count, run->bits), &run->data);
    case WEFT_RUN_DICTIONARY: return dictionary_open(run, t);
    case WEFT_RUN_UUID:
        return (run->code & 7) == WEFT_VALUE_STRING && take(t, (size_t)run->count * 16, &run->data);
    case WEFT_RUN_MIXED: return has_strings(run->code) && mixed_open(run, t, extra);
    case WEFT_RUN_DECIMAL:
        if ((run->code & 7) != WEFT_VALUE_DOUBLE || run->bits > 64 || !take(t, 8, &header))
            return false;
        run->exponent = weft_load_u32(header);
        return run->exponent <= WEFT_DECIMAL_EXPONENT_MAX &&
               take(t, weft_bits_bytes(run->count, run->bits), &run->data);
    case WEFT_RUN_PLAIN:
        if (!has_strings(run->code) ||
            weft_plain_open(&run->plain, t->at, t->left, run->count, &used, NULL) < 0)
            return false;
        t->at += used, t->left -= used;
        return true;
    default: return false;
    }
}

/* The source stands before it, has a value in every row, and is no follower itself: its entry tells
 * before it is opened, so that a malformed file cannot send the reader in circles. */
static int function_open(struct weft_rows *rows, struct weft_run *run, uint32_t number,
                         const uint8_t *payload, struct weft_err *err)
{
    uint32_t source = weft_load_u32(payload), map = weft_load_u32(payload + 4);
    const uint8_t *section;
    uint8_t encoding;
    size_t len;
    int rc;

    if (run->presence.mode != WEFT_PRESENCE_ALL || is_wide(run->code) || source >= number ||
        !weft_rows_run_is(rows, source, run->group, &encoding) ||
        (encoding != WEFT_RUN_PACKED && encoding != WEFT_RUN_DICTIONARY))
        return weft_rows_corrupt(rows, err, "run %u cannot follow from run %u", number, source);
    if ((rc = weft_rows_run(rows, source, &run->source, err)) < 0 ||
        (rc = weft_rows_section(rows, WEFT_ROWS_MAPS, &section, &len, err)) < 0)
        return rc;
    if (is_wide(run->source->code) || !weft_function_open(&run->function, section, len, map))
        return weft_rows_corrupt(rows, err, "run %u follows by map %u, which is malformed", number,
                                 map);
    return WEFT_OK;
}

int weft_run_open(struct weft_rows *rows, struct weft_run *run, uint32_t number, const uint8_t *p,
                  size_t len, size_t *used, struct weft_err *err);
int weft_run_open(struct weft_rows *rows, struct weft_run *run, uint32_t number, const uint8_t *p,
                  size_t len, size_t *used, struct weft_err *err)
{
    unsigned presence = run->encoding >> 4 & 3, extra = run->encoding >> 6;
    struct take t;

    run->encoding &= 15;
    if (presence > WEFT_PRESENCE_LIST ||
        !weft_presence_open(&run->presence, presence, p, len, rows->groups[run->group].rows, used))
        return weft_rows_corrupt(rows, err, "run of key %u in group %u: rows are malformed",
                                 run->code, run->group);
    run->count = run->presence.count;
    t = (struct take){ p + *used, len - *used };
    if (run->encoding == WEFT_RUN_FUNCTION) {
        *used += 8;
        return t.left >= 8 ? function_open(rows, run, number, t.at, err)
                           : weft_rows_corrupt(rows, err, "run %u is cut short", number);
    }
    if (!payload_open(run, &t, extra))
        return weft_rows_corrupt(rows, err, "run of key %u in group %u: encoding %u is malformed",
                                 run->code, run->group, run->encoding);
    *used = (size_t)(t.at - p);
    return WEFT_OK;
}

static int spelt_get(struct weft_run *run, uint32_t position, struct weft_block_reader *reader,
                     struct weft_run_value *out, struct weft_err *err)
{
    out->is_spelt = true;
    return weft_plain_get(&reader->plain, &run->plain, position, &out->bytes, err);
}

static int mixed_get(struct weft_run *run, uint32_t position, struct weft_block_reader *reader,
                     struct weft_run_value *out, struct weft_err *err)
{
    uint32_t before;

    if (run->spelt.mode == WEFT_PRESENCE_ALL || weft_presence_find(&run->spelt, position, &before))
        return spelt_get(run, run->spelt.mode == WEFT_PRESENCE_ALL ? position : before, reader, out,
                         err);
    out->number = run->base + (uint32_t)weft_bits_get(run->data, position - before, run->bits);
    return WEFT_OK;
}

static int dictionary_get(struct weft_rows *rows, struct weft_run *run, uint32_t position,
                          struct weft_run_value *out, struct weft_err *err)
{
    uint64_t code = weft_bits_get(run->data, position, run->bits);

    if (code >= run->dictionary_count)
        return weft_rows_corrupt(rows, err, "run of key %u in group %u: code %u of %u", run->code,
                                 run->group, (unsigned)code, run->dictionary_count);
    if (is_wide(run->code))
        out->wide = weft_load_u64(run->dictionary + code * 8);
    else
        out->number = weft_load_u32(run->dictionary + code * 4);
    return WEFT_OK;
}

static int function_get(struct weft_rows *rows, struct weft_run *run, uint32_t position,
                        struct weft_block_reader *reader, struct weft_run_value *out,
                        struct weft_err *err)
{
    int rc = weft_run_get(rows, run->source, position, reader, out, err);

    if (rc == WEFT_OK && !weft_function_get(&run->function, out->number, &out->number))
        return weft_rows_corrupt(rows, err, "run of key %u in group %u: nothing follows from %u",
                                 run->code, run->group, out->number);
    return rc;
}

int weft_run_get(struct weft_rows *rows, struct weft_run *run, uint32_t position,
                 struct weft_block_reader *reader, struct weft_run_value *out, struct weft_err *err)
{
    out->is_spelt = false;
    switch (run->encoding) {
    case WEFT_RUN_CONSTANT:
        out->number = run->base;
        out->wide = run->wide_base;
        return WEFT_OK;
    case WEFT_RUN_PACKED:
        if (is_wide(run->code))
            out->wide = run->wide_base + weft_bits_get(run->data, position, run->bits);
        else
            out->number = run->base + (uint32_t)weft_bits_get(run->data, position, run->bits);
        return WEFT_OK;
    case WEFT_RUN_DICTIONARY: return dictionary_get(rows, run, position, out, err);
    case WEFT_RUN_DECIMAL:
        out->wide = weft_decimal_decode(
            (int64_t)(run->wide_base + weft_bits_get(run->data, position, run->bits)),
            run->exponent);
        return WEFT_OK;
    case WEFT_RUN_UUID:
        weft_uuid_format(run->data + (size_t)position * 16, out->text);
        out->is_spelt = true;
        out->bytes = weft_str_make(out->text, WEFT_UUID_TEXT);
        return WEFT_OK;
    case WEFT_RUN_MIXED: return mixed_get(run, position, reader, out, err);
    case WEFT_RUN_FUNCTION: return function_get(rows, run, position, reader, out, err);
    default: return spelt_get(run, position, reader, out, err);
    }
}
