/* block_estimate.c -- see block_estimate.h. Sections are read whole; a run is as long as it lies apart from the next. */
#include "store/block_estimate.h"
#include "store/block_rest.h"

/* What is read, each once however often it is asked for; runs are added up. */
struct parts {
    bool has_groups, has_columns, has_tree, has_traces;
    uint64_t runs;
};
struct estimating {
    struct weft_rows *rows;
    uint32_t *run_bytes; /* by run */
    uint64_t column_bytes, group_bytes, tree_bytes, trace_bytes, directory_bytes;
    bool groups_need_traces; /* they are told from the row before, trace by trace */
};

static uint64_t sections_bytes(const struct weft_rows *rows, const uint8_t *kinds, size_t count)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < count; i++) bytes += rows->sections[kinds[i]].bytes;
    return bytes;
}

static void estimating_init(struct estimating *e, struct weft_rows *rows)
{
    static const uint8_t of_groups[] = { WEFT_ROWS_GROUP,    WEFT_ROWS_GROUPS,
                                         WEFT_ROWS_RANKS,    WEFT_ROWS_RUNS,
                                         WEFT_ROWS_RUN_KEYS, WEFT_ROWS_LOCAL_KEYS,
                                         WEFT_ROWS_REST_KEYS },
                         of_directory[] = { WEFT_ROWS_RUNS, WEFT_ROWS_RUN_KEYS,
                                            WEFT_ROWS_LOCAL_KEYS, WEFT_ROWS_REST_KEYS },
                         of_tree[] = { WEFT_ROWS_SPAN_ID, WEFT_ROWS_DEPTH, WEFT_ROWS_STATUS,
                                       WEFT_ROWS_PARENTS },
                         of_traces[] = { WEFT_ROWS_TRACE_PREFIX, WEFT_ROWS_TRACE_REST,
                                         WEFT_ROWS_TRACE_SPANS, WEFT_ROWS_TRACE_RANK,
                                         WEFT_ROWS_TRACE_START };
    uint32_t count;
    const struct weft_rows_piece *pieces = weft_rows_pieces(rows, &count);

    *e = (struct estimating){ .rows = rows };
    e->run_bytes = weft_arena_alloc_array(rows->arena, rows->run_count + 1, sizeof *e->run_bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (pieces[i].owner < rows->run_count)
            e->run_bytes[pieces[i].owner] = pieces[i].bytes;
        else
            e->column_bytes += pieces[i].bytes;
    }
    e->group_bytes = sections_bytes(rows, of_groups, sizeof of_groups);
    e->directory_bytes = sections_bytes(rows, of_directory, sizeof of_directory);
    e->groups_need_traces = rows->group.follows;
    e->tree_bytes = sections_bytes(rows, of_tree, sizeof of_tree);
    e->trace_bytes = sections_bytes(rows, of_traces, sizeof of_traces);
}

static uint64_t parts_bytes(const struct estimating *e, const struct parts *p)
{
    bool has_traces = p->has_traces || (p->has_groups && e->groups_need_traces);

    return p->runs + (p->has_groups ? e->group_bytes : 0) + (p->has_columns ? e->column_bytes : 0) +
           (p->has_tree ? e->tree_bytes : 0) + (has_traces ? e->trace_bytes : 0);
}

static struct parts parts_join(struct parts a, struct parts b)
{
    return (struct parts){ .has_groups = a.has_groups || b.has_groups,
                           .has_columns = a.has_columns || b.has_columns,
                           .has_tree = a.has_tree || b.has_tree,
                           .has_traces = a.has_traces || b.has_traces,
                           .runs = a.runs + b.runs };
}

/* ---- one predicate, one column ---- */

static uint64_t code_bytes(const struct estimating *e, uint32_t code)
{
    uint64_t bytes = 0;
    uint32_t first, end;

    if (!weft_rows_find_runs(e->rows, code, &first, &end)) return 0;
    for (; first < end; first++) bytes += e->run_bytes[first];
    return bytes;
}

static uint64_t pseudo_bytes(const struct estimating *e, uint32_t pseudo)
{
    return code_bytes(e, pseudo << 3 | weft_pseudo_type(pseudo));
}

static uint64_t key_bytes(const struct estimating *e, struct weft_str name)
{
    struct weft_rows *rows = e->rows;
    uint64_t bytes = 0;
    uint32_t key;

    if (!weft_block_find_key(rows->block, name, &key)) {
        if (!weft_rows_find_local_key(rows, name, &key, NULL)) return 0;
        key += rows->block->keys.count;
    }
    for (uint32_t type = WEFT_VALUE_STRING; type <= WEFT_VALUE_BYTES; type++)
        bytes += code_bytes(e, weft_key_code(key, type));
    if (weft_rest_may_have(rows, key)) bytes += pseudo_bytes(e, WEFT_PSEUDO_REST);
    return bytes;
}

static struct parts field_parts(const struct estimating *e, enum weft_field field,
                                enum weft_attribute_scope scope, struct weft_str key)
{
    struct parts parts = { .has_groups = true };

    switch (field) {
    case WEFT_FIELD_TRACE_ID: return (struct parts){ .has_traces = true };
    case WEFT_FIELD_STATUS:
    case WEFT_FIELD_IS_ROOT: return (struct parts){ .has_tree = true };
    case WEFT_FIELD_EVENT_NAME: parts.runs = pseudo_bytes(e, WEFT_PSEUDO_EVENTS); return parts;
    case WEFT_FIELD_STATUS_MESSAGE:
        parts.runs = pseudo_bytes(e, WEFT_PSEUDO_STATUS_MESSAGE);
        return parts;
    case WEFT_FIELD_NAME: parts.runs = pseudo_bytes(e, WEFT_PSEUDO_NAME); break;
    case WEFT_FIELD_ATTRIBUTE:
        if (scope == WEFT_SCOPE_RESOURCE || scope == WEFT_SCOPE_INSTRUMENTATION) break;
        parts.runs = scope == WEFT_SCOPE_EVENT  ? pseudo_bytes(e, WEFT_PSEUDO_EVENTS)
                     : scope == WEFT_SCOPE_LINK ? pseudo_bytes(e, WEFT_PSEUDO_LINKS)
                                                : key_bytes(e, key);
        return parts;
    default: break;
    }
    parts.has_columns = true; /* heads, durations */
    return parts;
}

/* ---- a selection ---- */

/* `*least`: what is read when nothing is found. */
static struct parts selection_parts(const struct estimating *e, const struct weft_selection *node,
                                    struct parts *least)
{
    struct parts left_least, right_least;

    if (node == NULL || node->op == WEFT_SELECT_ALL) return *least = (struct parts){ 0 };
    if (node->op == WEFT_SELECT_PREDICATE) {
        const struct weft_predicate *p = node->predicate;
        return *least = field_parts(e, p->field, p->scope, p->key);
    }
    struct parts left = selection_parts(e, node->left, &left_least),
                 right = node->left == node->right ? left
                                                   : selection_parts(e, node->right, &right_least);
    if (node->left == node->right) right.runs = 0, right_least = left_least;
    bool is_and = node->op == WEFT_SELECT_INTERSECT;
    if (node->op == WEFT_SELECT_UNION)
        *least = parts_join(left_least, right_least);
    else
        *least = is_and && parts_bytes(e, &right_least) < parts_bytes(e, &left_least) ? right_least
                                                                                      : left_least;
    struct parts most = parts_join(left, right);
    if (node->op > WEFT_SELECT_UNION) most.has_tree = most.has_traces = true;
    return most;
}

static struct parts columns_parts(const struct estimating *e,
                                  const struct weft_span_column *columns, uint32_t count)
{
    struct parts parts = { .has_groups = true, .has_columns = true, .has_traces = true };

    for (uint32_t i = 0; i < count; i++)
        parts =
            parts_join(parts, field_parts(e, columns[i].field, columns[i].scope, columns[i].key));
    return parts;
}

int weft_block_estimate(struct weft_rows *rows, const struct weft_estimate_ask *ask,
                        struct weft_estimate *out, struct weft_err *err)
{
    struct estimating e;
    struct parts least;
    int rc = weft_rows_load_groups(rows, err);

    *out = (struct weft_estimate){ 0 };
    if (rc < 0) return rc;
    estimating_init(&e, rows);
    struct parts most = selection_parts(&e, ask->selection, &least);
    least.has_traces |= ask->of_traces;
    most.has_traces |= ask->of_traces;
    out->find_least = parts_bytes(&e, &least);
    out->find_most = parts_bytes(&e, &most);
    out->directory = e.directory_bytes;
    if (ask->of_traces) return WEFT_OK;
    struct parts all = parts_join(most, columns_parts(&e, ask->columns, ask->column_count));
    out->columns = parts_bytes(&e, &all) - out->find_most;
    return WEFT_OK;
}
