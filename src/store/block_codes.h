/* block_codes.h -- one column of a block as codes: small numbers that stand for values, group by group.
 *
 * Shape      init(), then for each row group enter(), then for each of its groups read(); codes mean the same until forget()
 * Errors     WEFT_CORRUPT as in block.h
 * Threads    one user
 * Ownership  codes live until the next read(), values until the next read() or forget()
 */
#ifndef WEFT_STORE_BLOCK_CODES_H
#define WEFT_STORE_BLOCK_CODES_H
#include "model/source.h"
#include "store/block_internal.h"

/* Values that were met, and their codes. */
struct weft_code_table {
    struct weft_code_slot {
        uint64_t key;   /* a number, or a text's hash */
        uint32_t type;  /* enum weft_value_type, and CODE_IS_TEXT */
        uint32_t place; /* code + 1; 0: free */
    } * slots, *recent; /* recent: those asked for last, by their low bits */
    uint32_t slot_count, used;
    struct weft_value *values; /* by code - 1 */
    uint32_t value_count, value_capacity;
    struct weft_arena texts;
};
void weft_code_table_init(struct weft_code_table *table); /* block_code_table.c */
void weft_code_table_release(struct weft_code_table *table);
struct weft_codes {
    const struct weft_span_column *column;
    struct weft_block_reader *reader;
    struct weft_code_table table;
    uint32_t *by_head; /* codes, or HEAD_UNKNOWN, HEAD_SPELT */
    struct weft_code_of_scope {
        const struct weft_scope *scope; /* NULL: none */
        uint32_t code;
    } * by_scope;       /* of spans alone, where the scope decides: those asked for last */
    uint32_t *codes;    /* of the group read last, by its rows */
    uint64_t *repeated; /* a bit per row: the key is there more than once */
    bool has_repeated;
    uint8_t *status; /* by row of the row group */
    uint32_t key;    /* in the row group, or WEFT_NO_NAME */
};
/* `reader` NULL: for spans alone (weft_codes_of_span). */
void weft_codes_init(struct weft_codes *codes, const struct weft_span_column *column,
                     struct weft_block_reader *reader);
void weft_codes_release(struct weft_codes *codes); /* a zeroed one is fine */
/* Bytes that values take: for when to forget them. */
size_t weft_codes_bytes(const struct weft_codes *codes);
void weft_codes_forget(struct weft_codes *codes);
/* Groups of the row group are loaded. */
int weft_codes_enter(struct weft_codes *codes, struct weft_rows *rows, struct weft_err *err);
/* codes->codes of group g, whose columns are loaded. `row_of`: rows of the row group by rows of the group; but for the status it may be
 * NULL. */
int weft_codes_read(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                    const uint16_t *row_of, struct weft_err *err);

/* The code of a span's value, which need not be one of a block. */
int weft_codes_of_span(struct weft_codes *codes, const struct weft_span *span, uint32_t *out,
                       struct weft_err *err);

/* ---- block_code_runs.c ---- */

/* Codes of the values of all runs of a key code in a group, to where they are in it. */
int weft_codes_read_runs(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                         uint32_t code, struct weft_err *err);
/* The same of the attribute's values in the rows' rests. */
int weft_codes_read_rest(struct weft_codes *codes, struct weft_rows *rows, uint32_t g,
                         struct weft_err *err);
/* The code of a value by its number (of strings: in the block), or by its text. */
int weft_codes_of_number(struct weft_codes *codes, uint32_t type, uint64_t number, uint32_t *out,
                         struct weft_err *err);
uint32_t weft_codes_of_text(struct weft_codes *codes, uint32_t type, struct weft_str text);
/* Row i of the group at hand has that value; when it has one already, which comes first is asked later. */
static inline void weft_codes_put(struct weft_codes *codes, uint32_t i, uint32_t code)
{
    if (__builtin_expect(codes->codes[i] != 0, 0)) {
        codes->repeated[i / 64] |= UINT64_C(1) << i % 64;
        codes->has_repeated = true;
    }
    codes->codes[i] = code;
}

#endif
