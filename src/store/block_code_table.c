/* block_code_table.c -- values and their codes: a hash table, and in front of it what was asked for last. */
#include "base/alloc.h"
#include "store/block_codes.h"

#define CODE_IS_TEXT 0x100u
#define RECENT 1024u /* a power of two */

static void table_grow(struct weft_code_table *t)
{
    struct weft_code_slot *old = t->slots;
    uint32_t old_count = t->slot_count;

    t->slot_count = old_count == 0 ? 256 : old_count * 2;
    t->slots = weft_alloc_array(t->slot_count, sizeof *t->slots);
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i].place == 0) continue;
        uint32_t at = (uint32_t)weft_hash_u64(old[i].key + old[i].type) & (t->slot_count - 1);
        while (t->slots[at].place != 0) at = (at + 1) & (t->slot_count - 1);
        t->slots[at] = old[i];
    }
    weft_free(old);
}

static bool slot_is(const struct weft_code_table *t, const struct weft_code_slot *slot,
                    uint64_t key, uint32_t type, struct weft_str text)
{
    if (slot->key != key || slot->type != type) return false;
    if (!(type & CODE_IS_TEXT)) return true;
    return slot->place == 1 ? text.len == 0
                            : weft_str_equal(t->values[slot->place - 2].bytes, text);
}

/* Where it is, or where it goes. */
static struct weft_code_slot *slot_find(struct weft_code_table *t, uint64_t key, uint32_t type,
                                        struct weft_str text)
{
    if (t->used * 2 >= t->slot_count) table_grow(t);
    uint32_t at = (uint32_t)weft_hash_u64(key + type) & (t->slot_count - 1);
    while (t->slots[at].place != 0 && !slot_is(t, &t->slots[at], key, type, text))
        at = (at + 1) & (t->slot_count - 1);
    return &t->slots[at];
}

/* Empty texts of what is no attribute are absence. */
static uint32_t value_add(struct weft_codes *codes, const struct weft_value *value)
{
    struct weft_code_table *t = &codes->table;

    if (value->type == WEFT_VALUE_STRING && value->bytes.len == 0 &&
        codes->column->field != WEFT_FIELD_ATTRIBUTE)
        return 0;
    if (t->value_count == t->value_capacity) {
        t->value_capacity = t->value_capacity == 0 ? 64 : t->value_capacity * 2;
        t->values = weft_realloc_array(t->values, t->value_capacity, sizeof *t->values);
    }
    t->values[t->value_count] = *value;
    return ++t->value_count;
}

static int number_value(struct weft_codes *codes, uint32_t type, uint64_t number,
                        struct weft_value *out, struct weft_err *err)
{
    struct weft_str bytes;
    int rc;

    *out = (struct weft_value){ .type = type };
    switch (type) {
    case WEFT_VALUE_BOOL: out->bool_value = number != 0; return WEFT_OK;
    case WEFT_VALUE_INT:
    case WEFT_VALUE_DOUBLE: memcpy(&out->int_value, &number, 8); return WEFT_OK;
    default: break;
    }
    if ((rc = weft_block_string(codes->reader, (uint32_t)number, &bytes, err)) < 0) return rc;
    out->bytes = weft_arena_copy(&codes->table.texts, bytes);
    return WEFT_OK;
}

int weft_codes_of_number(struct weft_codes *codes, uint32_t type, uint64_t number, uint32_t *out,
                         struct weft_err *err)
{
    struct weft_code_table *t = &codes->table;
    struct weft_code_slot *recent = &t->recent[(number + type) & (RECENT - 1)];
    struct weft_value value;
    int rc;

    if (recent->key != number || recent->type != type || recent->place == 0) {
        struct weft_code_slot *slot = slot_find(t, number, type, WEFT_S(""));
        if (slot->place == 0) {
            if ((rc = number_value(codes, type, number, &value, err)) < 0) return rc;
            *slot = (struct weft_code_slot){ number, type, value_add(codes, &value) + 1 };
            t->used++;
        }
        *recent = *slot;
    }
    *out = recent->place - 1;
    return WEFT_OK;
}

uint32_t weft_codes_of_text(struct weft_codes *codes, uint32_t type, struct weft_str text)
{
    struct weft_code_table *t = &codes->table;
    uint64_t hash = weft_hash_seeded(text.ptr, text.len, weft_hash_process_seed());
    struct weft_code_slot *slot = slot_find(t, hash, type | CODE_IS_TEXT, text);

    if (slot->place == 0) {
        struct weft_value value = { .type = type };
        value.bytes = weft_arena_copy(&t->texts, text);
        *slot = (struct weft_code_slot){ hash, type | CODE_IS_TEXT, value_add(codes, &value) + 1 };
        t->used++;
    }
    return slot->place - 1;
}

void weft_code_table_init(struct weft_code_table *table)
{
    *table = (struct weft_code_table){ 0 };
    table->recent = weft_alloc_array(RECENT, sizeof *table->recent);
    weft_arena_init(&table->texts, 0);
}

void weft_code_table_release(struct weft_code_table *table)
{
    weft_free(table->slots);
    weft_free(table->recent);
    weft_free(table->values);
    weft_arena_release(&table->texts);
    *table = (struct weft_code_table){ 0 };
}
