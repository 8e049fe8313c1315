/* explain_answer.c -- see explain_answer.h. */
#include "app/query/explain_answer.h"
#include "app/query/query_reading.h"

/* A member that is a number, and where it goes. */
struct number {
    const char *name;
    size_t offset;
};

/* As each_member() wants it: 1 read, 0 not one of these, -1 wrong. */
static int read_number(struct reading *r, struct weft_str key, const struct number *numbers,
                       void *to)
{
    for (; numbers->name != NULL; numbers++)
        if (weft_str_equal_c(key, numbers->name))
            return read_u64(r, (uint64_t *)(void *)((char *)to + numbers->offset));
    return 0;
}

static int read_bool(struct reading *r, bool *out)
{
    enum weft_json_token token = weft_json_next(&r->json);
    *out = token == WEFT_JSON_TRUE;
    return token == WEFT_JSON_TRUE || token == WEFT_JSON_FALSE ? 1 : -1;
}

static int read_object(struct reading *r, int (*member)(struct reading *r, struct weft_str, void *),
                       void *to)
{
    return weft_json_next(&r->json) == WEFT_JSON_OBJECT_START && each_member(r, member, to) ? 1
                                                                                            : -1;
}

/* ---- a pass ---- */

#define AT(field) offsetof(struct weft_explained_pieces, field)
static int pieces_member(struct reading *r, struct weft_str key, void *to)
{
    static const struct number numbers[] = {
        { "count", AT(count) },
        { "read", AT(read) },
        { "damaged", AT(damaged) },
        { "nothing_can_match", AT(hopeless) },
        { "out_of_range", AT(out_of_range) },
        { "too_old", AT(too_old) },
        { "not_reached", AT(not_reached) },
        { 0 },
    };
    struct weft_explained_pieces *pieces = to;
    if (weft_str_equal_c(key, "kind")) return read_text(r, &pieces->kind);
    return read_number(r, key, numbers, to);
}
#undef AT
#define AT(field) offsetof(struct weft_explained_condition, field)
static int condition_member(struct reading *r, struct weft_str key, void *to)
{
    static const struct number numbers[] = {
        { "blocks", AT(blocks) },
        { "blocks_without", AT(blocks_without) },
        { "row_groups_without", AT(row_groups_without) },
        { "rows_in", AT(rows_in) },
        { "rows_out", AT(rows_out) },
        { "bytes", AT(bytes) },
        { "time_ns", AT(time_ns) },
        { 0 },
    };
    struct weft_explained_condition *condition = to;
    if (weft_str_equal_c(key, "condition")) return read_text(r, &condition->condition);
    return read_number(r, key, numbers, to);
}
#undef AT
#define AT(field) offsetof(struct weft_explained_step, field)
static int step_member(struct reading *r, struct weft_str key, void *to)
{
    static const struct number numbers[] = {
        { "in", AT(in) },
        { "out", AT(out) },
        { "bytes", AT(bytes) },
        { "time_ns", AT(time_ns) },
        { 0 },
    };
    struct weft_explained_step *step = to;
    if (weft_str_equal_c(key, "step")) return read_text(r, &step->step);
    return read_number(r, key, numbers, to);
}
#undef AT
#define AT(field) offsetof(struct weft_explained_inspected, field)
static int inspected_member(struct reading *r, struct weft_str key, void *to)
{
    static const struct number numbers[] = {
        { "traces", AT(traces) },
        { "spans", AT(spans) },
        { "bytes", AT(bytes) },
        { 0 },
    };
    return read_number(r, key, numbers, to);
}
#undef AT
#define AT(field) offsetof(struct weft_explained_estimate, field)
static int estimate_member(struct reading *r, struct weft_str key, void *to)
{
    static const struct number numbers[] = {
        { "bytes_least", AT(bytes_least) },
        { "bytes_most", AT(bytes_most) },
        { "rows_most", AT(rows_most) },
        { 0 },
    };
    return read_number(r, key, numbers, to);
}
#undef AT

static bool read_pieces(struct reading *r, void *to)
{
    struct weft_explained_pass *pass = to;
    pass->pieces = next_item(r, pass->pieces, pass->piece_count, sizeof *pass->pieces);
    struct weft_explained_pieces *item = &pass->pieces[pass->piece_count++];
    *item = (struct weft_explained_pieces){ 0 };
    return each_member(r, pieces_member, item);
}

static bool read_condition(struct reading *r, void *to)
{
    struct weft_explained_pass *pass = to;
    pass->conditions =
        next_item(r, pass->conditions, pass->condition_count, sizeof *pass->conditions);
    struct weft_explained_condition *item = &pass->conditions[pass->condition_count++];
    *item = (struct weft_explained_condition){ 0 };
    return each_member(r, condition_member, item);
}

static bool read_step(struct reading *r, void *to)
{
    struct weft_explained_pass *pass = to;
    pass->steps = next_item(r, pass->steps, pass->step_count, sizeof *pass->steps);
    struct weft_explained_step *item = &pass->steps[pass->step_count++];
    *item = (struct weft_explained_step){ 0 };
    return each_member(r, step_member, item);
}

static int pass_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_explained_pass *pass = to;
    if (weft_str_equal_c(key, "purpose")) return read_text(r, &pass->purpose);
    if (weft_str_equal_c(key, "way")) return read_text(r, &pass->way);
    if (weft_str_equal_c(key, "way_text")) return read_text(r, &pass->way_text);
    if (weft_str_equal_c(key, "way_reason")) return read_text(r, &pass->way_reason);
    if (weft_str_equal_c(key, "selection")) return read_text(r, &pass->selection);
    if (weft_str_equal_c(key, "inexact_reason")) return read_text(r, &pass->inexact_reason);
    if (weft_str_equal_c(key, "is_exact")) return read_bool(r, &pass->is_exact);
    if (weft_str_equal_c(key, "candidates")) return read_u64(r, &pass->candidates);
    if (weft_str_equal_c(key, "pieces")) return each_object(r, read_pieces, pass) ? 1 : -1;
    if (weft_str_equal_c(key, "conditions")) return each_object(r, read_condition, pass) ? 1 : -1;
    if (weft_str_equal_c(key, "steps")) return each_object(r, read_step, pass) ? 1 : -1;
    if (weft_str_equal_c(key, "inspected"))
        return read_object(r, inspected_member, &pass->inspected);
    return 0;
}

static bool read_pass(struct reading *r, void *to)
{
    struct weft_explained *explained = to;
    explained->passes =
        next_item(r, explained->passes, explained->pass_count, sizeof *explained->passes);
    struct weft_explained_pass *item = &explained->passes[explained->pass_count++];
    *item = (struct weft_explained_pass){ 0 };
    return each_member(r, pass_member, item);
}

/* ---- the whole ---- */

static int answer_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_explained *explained = to;
    if (weft_str_equal_c(key, "type")) return read_text(r, &explained->answer_type);
    if (weft_str_equal_c(key, "has_more")) return read_bool(r, &explained->has_more);
    if (!weft_str_equal_c(key, "count")) return 0;
    explained->has_run = true;
    return read_u64(r, &explained->answer_count);
}

static int read_time(struct reading *r, uint64_t *out)
{
    struct weft_str digits;
    int rc = read_text(r, &digits);
    *out = 0;
    return rc < 0 || (digits.len > 0 && !weft_str_to_u64(digits, out)) ? -1 : 1;
}

static int explained_member(struct reading *r, struct weft_str key, void *to)
{
    struct weft_explained *explained = to;
    if (weft_str_equal_c(key, "query")) return read_text(r, &explained->query);
    if (weft_str_equal_c(key, "partial")) return read_text(r, &explained->partial);
    if (weft_str_equal_c(key, "from_unix_nano")) return read_time(r, &explained->from_ns);
    if (weft_str_equal_c(key, "to_unix_nano")) return read_time(r, &explained->to_ns);
    if (weft_str_equal_c(key, "time_ns")) return read_u64(r, &explained->time_ns);
    if (weft_str_equal_c(key, "cpu_ns")) return read_u64(r, &explained->cpu_ns);
    if (weft_str_equal_c(key, "answer")) return read_object(r, answer_member, explained);
    if (weft_str_equal_c(key, "passes")) return each_object(r, read_pass, explained) ? 1 : -1;
    if (weft_str_equal_c(key, "estimate"))
        return read_object(r, estimate_member, &explained->estimate);
    if (weft_str_equal_c(key, "inspected"))
        return read_object(r, inspected_member, &explained->inspected);
    return 0;
}

bool weft_explained_read(struct weft_explained *out, struct weft_str json, struct weft_arena *arena)
{
    struct reading r = { .arena = arena };
    *out = (struct weft_explained){ 0 };
    weft_json_reader_init(&r.json, json, arena);
    return weft_json_next(&r.json) == WEFT_JSON_OBJECT_START &&
           each_member(&r, explained_member, out) && out->query.len > 0;
}
