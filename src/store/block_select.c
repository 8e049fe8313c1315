/* block_select.c -- selections over a row group: the tree made flat, groups first, rows last. */
#include "base/clock.h"
#include "model/scan_report.h"
#include "store/block_select_internal.h"
#include "store/codec_follow.h"

/* Finding the row of a place, the place of a row, costs about as much as dealing out that many. */
enum { FEW_ONE_IN = 512, PLACES_ONE_IN = 2048 };

enum kind { EVERY, FILTER, ROW_TEST, AND, OR, RELATION };
struct node {
    enum kind kind;
    bool is_by_group; /* groups' columns decide it */
    bool is_hopeless; /* nothing in this block, also when relations are unions */
    bool is_absent;   /* the same of the row group at hand: its directory says so */
    uint8_t cost;
    struct weft_filter filter;
    struct weft_condition_report *report; /* of a leaf; NULL: nobody asks */
    uint64_t *absences;                   /* by row group: it is counted in the report */
    enum weft_selection_op
        op;                 /* of a RELATION: of the first child and the second, which may be one */
    uint32_t count;         /* of AT_LEAST */
    struct node **children; /* of AND and OR: those by group first, the cheaper first */
    uint32_t child_count, by_group_count;
};
struct weft_select {
    struct weft_block *block;
    struct weft_block_reader *reader;
    struct node *root;
    bool asks_directories; /* some condition may be absent from a row group */
    uint32_t marked;       /* row group + 1 for which is_absent is known; 0: none */
};

/* ---- making the tree ---- */

struct making {
    struct weft_select *select;
    struct weft_arena *arena;
    struct weft_err *err;
};

static int node_make(struct making *m, const struct weft_selection *selection, uint32_t depth,
                     struct node **out);

/* By guess: what is compared as numbers, what by head, what is asked value by value. */
static uint8_t filter_cost(const struct weft_filter *f)
{
    enum weft_field field = f->predicate->field;

    if (weft_filter_is_row(f)) return field == WEFT_FIELD_TRACE_ID ? 0 : 5;
    if (weft_filter_is_head(f)) return field == WEFT_FIELD_NAME ? 2 : 1;
    if (field == WEFT_FIELD_DURATION) return 4;
    if (field != WEFT_FIELD_ATTRIBUTE || f->predicate->scope == WEFT_SCOPE_EVENT ||
        f->predicate->scope == WEFT_SCOPE_LINK)
        return 9;
    return weft_op_is_match(f->predicate->op) ? 7 : 3;
}

static bool filter_is_hopeless(const struct weft_filter *f, const struct weft_block *block)
{
    if (!weft_filter_is_head(f)) return false;
    for (uint32_t i = 0; i < block->head_count; i++)
        if (f->by_head[i] != 0) return false;
    return true;
}

static int leaf_make(struct making *m, const struct weft_predicate *predicate, struct node *node)
{
    struct weft_block *block = m->select->block;
    int rc = weft_filter_init(&node->filter, block, predicate, m->select->reader, m->arena, m->err);

    if (rc < 0) return rc;
    node->is_by_group = !weft_filter_is_row(&node->filter);
    node->kind = node->is_by_group ? FILTER : ROW_TEST;
    node->cost = filter_cost(&node->filter);
    node->is_absent = node->is_hopeless = filter_is_hopeless(&node->filter, block);
    m->select->asks_directories |= weft_filter_may_be_absent(&node->filter);
    return WEFT_OK;
}

/* Children of children of the same kind are children. */
static uint32_t operands_count(const struct weft_selection *selection, enum weft_selection_op op)
{
    if (selection->op != op) return 1;
    return operands_count(selection->left, op) + operands_count(selection->right, op);
}

static int operands_make(struct making *m, const struct weft_selection *selection,
                         enum weft_selection_op op, uint32_t depth, struct node *parent)
{
    int rc;

    if (selection->op != op)
        return node_make(m, selection, depth, &parent->children[parent->child_count++]);
    if (depth == 0) return weft_fail(m->err, WEFT_INVALID, "the selection is too deep");
    if ((rc = operands_make(m, selection->left, op, depth - 1, parent)) < 0) return rc;
    return operands_make(m, selection->right, op, depth - 1, parent);
}

static bool comes_before(const struct node *a, const struct node *b)
{
    if (a->is_by_group != b->is_by_group) return a->is_by_group;
    return a->cost < b->cost;
}

static void children_sort(struct node *node)
{
    for (uint32_t i = 1; i < node->child_count; i++) {
        struct node *child = node->children[i];
        uint32_t at = i;
        for (; at > 0 && comes_before(child, node->children[at - 1]); at--)
            node->children[at] = node->children[at - 1];
        node->children[at] = child;
    }
}

static int join_make(struct making *m, const struct weft_selection *selection, uint32_t depth,
                     struct node *node)
{
    bool is_and = selection->op == WEFT_SELECT_INTERSECT;
    uint32_t count = operands_count(selection, selection->op);
    int rc;

    node->kind = is_and ? AND : OR;
    node->children = weft_arena_alloc_array(m->arena, count, sizeof(struct node *));
    if ((rc = operands_make(m, selection, selection->op, depth, node)) < 0) return rc;
    children_sort(node);
    node->is_hopeless = !is_and;
    node->is_by_group = true;
    for (uint32_t i = 0; i < count; i++) {
        const struct node *child = node->children[i];
        node->is_by_group &= child->is_by_group;
        node->by_group_count += child->is_by_group;
        node->cost = child->cost > node->cost ? child->cost : node->cost;
        node->is_hopeless = is_and ? node->is_hopeless || child->is_hopeless
                                   : node->is_hopeless && child->is_hopeless;
    }
    node->is_absent = node->is_hopeless;
    return WEFT_OK;
}

static int relation_make(struct making *m, const struct weft_selection *selection, uint32_t depth,
                         struct node *node)
{
    int rc;

    node->kind = RELATION;
    node->is_by_group = false;
    node->op = selection->op;
    node->cost = 8;
    node->children = weft_arena_alloc_array(m->arena, 2, sizeof(struct node *));
    node->child_count = 2;
    node->count = selection->count;
    if ((rc = node_make(m, selection->left, depth, &node->children[0])) < 0) return rc;
    if (selection->left == selection->right)
        node->children[1] = node->children[0];
    else if ((rc = node_make(m, selection->right, depth, &node->children[1])) < 0)
        return rc;
    node->is_hopeless = node->children[0]->is_hopeless && node->children[1]->is_hopeless;
    node->is_absent = node->is_hopeless;
    return WEFT_OK;
}

static int node_make(struct making *m, const struct weft_selection *selection, uint32_t depth,
                     struct node **out)
{
    struct node *node = *out = weft_arena_alloc_zero(m->arena, sizeof *node);

    *node = (struct node){ .kind = EVERY, .is_by_group = true };
    if (selection == NULL || selection->op == WEFT_SELECT_ALL) return WEFT_OK;
    if (selection->op == WEFT_SELECT_PREDICATE) return leaf_make(m, selection->predicate, node);
    if (depth == 0) return weft_fail(m->err, WEFT_INVALID, "the selection is too deep");
    if (selection->op <= WEFT_SELECT_UNION) return join_make(m, selection, depth, node);
    return relation_make(m, selection, depth - 1, node);
}

int weft_select_init(struct weft_select **out, struct weft_block *block,
                     const struct weft_selection *selection, struct weft_block_reader *reader,
                     struct weft_arena *arena, struct weft_err *err)
{
    struct weft_select *select = *out = weft_arena_alloc(arena, sizeof *select);
    struct making m = { select, arena, err };

    *select = (struct weft_select){ .block = block, .reader = reader };
    return node_make(&m, selection, WEFT_SELECTION_DEPTH_MAX, &select->root);
}

static void leaf_report(struct weft_select *select, struct node *node,
                        struct weft_scan_report *report, struct weft_arena *arena)
{
    struct weft_condition_report *c = weft_scan_report_condition(report, node->filter.predicate);

    node->report = c;
    if (c->block == select->block) return; /* it stands in the tree twice */
    c->block = select->block;
    c->blocks++;
    c->blocks_without += node->is_hopeless;
    node->absences = weft_arena_alloc_zero(arena, select->block->info.row_group_count / 64 * 8 + 8);
}

static void node_report(struct weft_select *select, struct node *node,
                        struct weft_scan_report *report, struct weft_arena *arena)
{
    if (node->kind == FILTER || node->kind == ROW_TEST) leaf_report(select, node, report, arena);
    for (uint32_t i = 0; i < node->child_count; i++)
        node_report(select, node->children[i], report, arena);
}

void weft_select_report(struct weft_select *select, struct weft_scan_report *report,
                        struct weft_arena *arena)
{
    node_report(select, select->root, report, arena);
    select->marked = 0;
}

bool weft_select_is_hopeless(const struct weft_select *select)
{
    return select->root->is_hopeless;
}

/* ---- what a row group cannot have ---- */

static void absence_mark(struct weft_rows *rows, struct node *node)
{
    bool is_any = node->kind == OR || node->kind == RELATION, all = true, some = false;

    if (node->is_hopeless || node->kind == EVERY || node->kind == ROW_TEST) return;
    if (node->kind == FILTER) {
        node->is_absent = weft_filter_is_absent(&node->filter, rows);
        if (node->absences != NULL && node->is_absent &&
            !weft_bit_get(node->absences, rows->number)) {
            weft_bit_set(node->absences, rows->number);
            node->report->row_groups_without++;
        }
        return;
    }
    for (uint32_t i = 0; i < node->child_count; i++) {
        absence_mark(rows, node->children[i]);
        all &= node->children[i]->is_absent;
        some |= node->children[i]->is_absent;
    }
    node->is_absent = is_any ? all : some;
}

int weft_select_enter(struct weft_select *select, struct weft_rows *rows, bool *is_hopeless,
                      struct weft_err *err)
{
    int rc = WEFT_OK;

    *is_hopeless = select->root->is_hopeless;
    if (!select->asks_directories || *is_hopeless) return WEFT_OK;
    if (select->marked != rows->number + 1) {
        if ((rc = weft_rows_load_directory(rows, err)) < 0) return rc;
        absence_mark(rows, select->root);
        select->marked = rows->number + 1;
    }
    *is_hopeless = select->root->is_absent;
    return WEFT_OK;
}

/* ---- in a group ---- */

static int group_keep(struct weft_selecting *s, const struct node *node, uint32_t g,
                      uint64_t *bits);

/* One child after the other takes of what none before it took. */
static int group_keep_any(struct weft_selecting *s, struct node *const *children, uint32_t count,
                          uint32_t g, uint64_t *bits)
{
    size_t words = WEFT_SELECT_WORDS(s->rows->groups[g].rows);
    uint64_t *left = weft_arena_alloc(s->rows->arena, (2 * words + 4) * sizeof *left),
             *kept = left + words + 2;
    int rc;

    memcpy(left, bits, words * sizeof *left);
    for (uint32_t i = 0; i < count && weft_bits_any(left, words); i++) {
        memcpy(kept, left, words * sizeof *kept);
        kept[words] = kept[words + 1] = 0;
        if ((rc = group_keep(s, children[i], g, kept)) < 0) return rc;
        for (size_t w = 0; w < words; w++) left[w] &= ~kept[w];
    }
    for (size_t w = 0; w < words; w++) bits[w] &= ~left[w];
    return WEFT_OK;
}

static int group_keep_all(struct weft_selecting *s, struct node *const *children, uint32_t count,
                          uint32_t g, uint64_t *bits)
{
    size_t words = WEFT_SELECT_WORDS(s->rows->groups[g].rows);
    int rc;

    for (uint32_t i = 0; i < count && weft_bits_any(bits, words); i++)
        if ((rc = group_keep(s, children[i], g, bits)) < 0) return rc;
    return WEFT_OK;
}

static int filter_keep(struct weft_selecting *s, const struct node *node, uint32_t g,
                       uint64_t *bits)
{
    struct weft_condition_report *report = node->report;
    size_t words = WEFT_SELECT_WORDS(s->rows->groups[g].rows);

    if (report == NULL)
        return weft_filter_group(&node->filter, s->rows, g, s->select->reader, bits, s->err);
    uint64_t start = weft_clock_monotonic_ns(), bytes = s->rows->bytes_touched;
    report->rows_in += weft_bits_count(bits, words);
    int rc = weft_filter_group(&node->filter, s->rows, g, s->select->reader, bits, s->err);
    report->rows_out += weft_bits_count(bits, words);
    report->bytes += s->rows->bytes_touched - bytes;
    report->time_ns += weft_clock_monotonic_ns() - start;
    return rc;
}

/* Clears bits of the group's rows that `node`, which is by group, does not have. There are two more words, of zeros. */
static int group_keep(struct weft_selecting *s, const struct node *node, uint32_t g, uint64_t *bits)
{
    if (node->is_absent) {
        memset(bits, 0, WEFT_SELECT_WORDS(s->rows->groups[g].rows) * sizeof *bits);
        return WEFT_OK;
    }
    switch (node->kind) {
    case FILTER: return filter_keep(s, node, g, bits);
    case AND: return group_keep_all(s, node->children, node->child_count, g, bits);
    case OR: return group_keep_any(s, node->children, node->child_count, g, bits);
    default: return WEFT_OK;
    }
}

static void bits_all(uint64_t *bits, uint32_t n)
{
    size_t words = WEFT_SELECT_WORDS(n);

    memset(bits, 0xff, words * sizeof *bits);
    if (n % 64 != 0) bits[words - 1] = (UINT64_C(1) << (n % 64)) - 1;
}

/* ---- from groups to rows ---- */

/* Each group was met as often as it has rows: `next` are bits. */
static int groups_fit(struct weft_selecting *s, const uint32_t *next,
                      const struct weft_group_bits *d)
{
    const struct weft_rows *rows = s->rows;

    for (uint32_t g = 0; g < rows->group_count; g++)
        if (next[g] != d->first[g] * 64 + rows->groups[g].rows)
            return weft_rows_corrupt(rows, s->err, "group numbers of its rows do not fit group %u",
                                     g);
    return WEFT_OK;
}

/* The bits of a group are used up in the order of rows. There is room behind the last group for as many as a row group can have, so that
 * wrong group numbers are found at the end instead of at every row. */
static int deal_all(struct weft_selecting *s, const struct weft_group_bits *d, uint64_t *out)
{
    struct weft_rows *rows = s->rows;
    uint32_t *next = weft_arena_alloc(rows->arena, rows->group_count * sizeof *next);
    int rc = weft_rows_load_group_numbers(s->rows, s->err);

    if (rc < 0) return rc;
    for (uint32_t g = 0; g < rows->group_count; g++) next[g] = d->first[g] * 64;
    for (uint32_t row = 0; row < rows->span_count; row++) {
        uint32_t g = rows->group_numbers[row];
        if (g >= rows->group_count)
            return weft_rows_corrupt(rows, s->err, "row %u: group %u of %u", row, g,
                                     rows->group_count);
        uint32_t at = next[g]++;
        out[row / 64] |= (d->bits[at / 64] >> (at % 64) & 1) << (row % 64);
    }
    return groups_fit(s, next, d);
}

static int deal_few(struct weft_selecting *s, const struct weft_group_bits *d, uint64_t *out)
{
    struct weft_rows *rows = s->rows;
    uint32_t row;
    int rc;

    for (uint32_t g = 0; g < rows->group_count; g++) {
        const uint64_t *bits = d->bits + d->first[g];
        uint32_t n = rows->groups[g].rows;
        for (uint32_t i = weft_bits_next(bits, 0, n); i < n; i = weft_bits_next(bits, i + 1, n)) {
            if ((rc = weft_rows_find_row(rows, g, i, &row, s->err)) < 0) return rc;
            weft_bit_set(out, row);
        }
    }
    return WEFT_OK;
}

static void group_bits_init(struct weft_selecting *s, struct weft_group_bits *d)
{
    const struct weft_rows *rows = s->rows;

    d->first = weft_arena_alloc(rows->arena, rows->group_count * sizeof *d->first);
    uint32_t words = 0;
    for (uint32_t g = 0; g < rows->group_count; g++) {
        d->first[g] = words;
        words += (uint32_t)WEFT_SELECT_WORDS(rows->groups[g].rows) + 2;
    }
    d->count = 0;
    d->bits = weft_arena_alloc_zero(rows->arena, (words + s->words + 1) * sizeof *d->bits);
}

/* `out`, of zeros, gets the rows of nodes that are by group: of all of them, or of any. */
static int groups_select(struct weft_selecting *s, struct node *const *nodes, uint32_t count,
                         bool is_any, uint64_t *out)
{
    struct weft_rows *rows = s->rows;
    struct weft_group_bits d;
    int rc;

    if ((rc = weft_rows_load_groups(rows, s->err)) < 0) return rc;
    group_bits_init(s, &d);
    for (uint32_t g = 0; g < rows->group_count; g++) {
        uint64_t *bits = d.bits + d.first[g];
        bits_all(bits, rows->groups[g].rows);
        rc = is_any ? group_keep_any(s, nodes, count, g, bits)
                    : group_keep_all(s, nodes, count, g, bits);
        if (rc < 0) return rc;
        d.count += weft_bits_count(bits, WEFT_SELECT_WORDS(rows->groups[g].rows));
    }
    if (d.count == 0) return WEFT_OK;
    if (d.count == rows->span_count) {
        bits_all(out, rows->span_count);
        return WEFT_OK;
    }
    return d.count <= rows->span_count / FEW_ONE_IN ? deal_few(s, &d, out) : deal_all(s, &d, out);
}

/* ---- what rows are asked ---- */

static int status_select(struct weft_selecting *s, const struct weft_predicate *p, uint64_t *out)
{
    struct weft_rows *rows = s->rows;
    uint64_t codes[WEFT_PAGED_ROWS * 2];
    bool holds[256];
    int rc = weft_rows_load_tree(rows, s->err);

    if (rc < 0) return rc;
    for (uint32_t i = 0; i < 256; i++)
        holds[i] = weft_predicate_holds_span(p, &(struct weft_span){ .status_code = (uint8_t)i });
    if (weft_paged_is_constant(&rows->status)) {
        if (holds[(uint8_t)rows->status.base]) bits_all(out, rows->span_count);
        return WEFT_OK;
    }
    for (uint32_t at = 0; at < rows->span_count; at += WEFT_PAGED_ROWS * 2) {
        uint32_t left = rows->span_count - at,
                 n = left < WEFT_PAGED_ROWS * 2 ? left : WEFT_PAGED_ROWS * 2;
        weft_paged_read(&rows->status, at, n, codes);
        for (uint32_t i = 0; i < n; i++)
            out[(at + i) / 64] |= (uint64_t)holds[(uint8_t)codes[i]] << (i % 64);
    }
    return WEFT_OK;
}

static int depth_page_read(struct weft_selecting *s, uint32_t page)
{
    uint32_t from = page * WEFT_FOLLOW_ROWS, left = s->rows->span_count - from,
             n = left < WEFT_FOLLOW_ROWS ? left : WEFT_FOLLOW_ROWS;

    weft_bit_set(s->has_depths, page);
    if (weft_paged_read_u16(&s->rows->depth, from, n, s->depths + from)) return WEFT_OK;
    return weft_rows_corrupt(s->rows, s->err, "a depth is out of range");
}

int weft_selecting_depths(struct weft_selecting *s, const uint64_t *of)
{
    struct weft_rows *rows = s->rows;
    const size_t page_words = WEFT_FOLLOW_ROWS / 64;
    int rc;

    if (s->depths == NULL) {
        if ((rc = weft_rows_load_tree(rows, s->err)) < 0) return rc;
        s->depths = weft_arena_alloc_zero(rows->arena, (size_t)rows->span_count * 2 + 2);
        s->has_depths = weft_arena_alloc_zero(rows->arena, WEFT_ROWS_MAX / WEFT_FOLLOW_ROWS / 8);
    }
    for (uint32_t page = 0; page * WEFT_FOLLOW_ROWS < rows->span_count; page++) {
        size_t first = page * page_words,
               n = s->words - first < page_words ? s->words - first : page_words;
        if (weft_bit_get(s->has_depths, page) || (of != NULL && !weft_bits_any(of + first, n)))
            continue;
        if ((rc = depth_page_read(s, page)) < 0) return rc;
    }
    return WEFT_OK;
}

/* At depth 0 stand roots, and those whose parent is not here. */
static int root_select(struct weft_selecting *s, const struct weft_predicate *p, uint64_t *out)
{
    const struct weft_rows *rows = s->rows;
    const struct weft_span root = { 0 }, other = { .parent_span_id = { { 1 } } };
    bool of_root = weft_predicate_holds_span(p, &root),
         of_other = weft_predicate_holds_span(p, &other);
    int rc = weft_selecting_depths(s, NULL);

    if (rc < 0) return rc;
    if (of_root == of_other) {
        if (of_root) bits_all(out, rows->span_count);
        return WEFT_OK;
    }
    for (uint32_t i = 0; i < rows->span_count; i++)
        out[i / 64] |= (uint64_t)((s->depths[i] == 0) == of_root) << (i % 64);
    for (uint32_t i = 0; i < rows->parent_count; i++) {
        uint32_t row = weft_load_u16(rows->parent_rows + (size_t)i * 2);
        uint64_t bit = UINT64_C(1) << (row % 64);
        out[row / 64] = of_root ? out[row / 64] & ~bit : out[row / 64] | bit;
    }
    return WEFT_OK;
}

static int trace_id_select(struct weft_selecting *s, const struct weft_predicate *p, uint64_t *out)
{
    struct weft_rows *rows = s->rows;
    struct weft_trace_id id, found;
    int rc;

    if (p->op == WEFT_OP_EXISTS) bits_all(out, rows->span_count);
    if (p->op != WEFT_OP_EQ || p->value.type != WEFT_VALUE_BYTES || p->value.bytes.len != sizeof id)
        return WEFT_OK;
    memcpy(&id, p->value.bytes.ptr, sizeof id);
    if (memcmp(&id, &rows->entry->first, sizeof id) < 0 ||
        memcmp(&id, &rows->entry->last, sizeof id) > 0)
        return WEFT_OK;
    if ((rc = weft_rows_load_traces(rows, s->err)) < 0) return rc;
    uint32_t trace = weft_rows_trace_lower(rows, &id);
    if (trace == rows->trace_count) return WEFT_OK;
    weft_rows_trace_id(rows, trace, &found);
    if (memcmp(&found, &id, sizeof id) != 0) return WEFT_OK;
    uint32_t first = weft_rows_trace_first(rows, trace);
    weft_bits_fill(out, first, first + (uint32_t)weft_paged_get(&rows->trace_spans, trace));
    return WEFT_OK;
}

static int row_test(struct weft_selecting *s, const struct weft_predicate *p, uint64_t *out)
{
    if (p->field == WEFT_FIELD_STATUS) return status_select(s, p, out);
    if (p->field == WEFT_FIELD_IS_ROOT) return root_select(s, p, out);
    return trace_id_select(s, p, out);
}

static int row_test_report(struct weft_selecting *s, const struct node *node, uint64_t *out)
{
    struct weft_condition_report *report = node->report;

    if (report == NULL) return row_test(s, node->filter.predicate, out);
    uint64_t start = weft_clock_monotonic_ns(), bytes = s->rows->bytes_touched;
    report->rows_in += s->rows->span_count;
    int rc = row_test(s, node->filter.predicate, out);
    report->rows_out += weft_bits_count(out, s->words);
    report->bytes += s->rows->bytes_touched - bytes;
    report->time_ns += weft_clock_monotonic_ns() - start;
    return rc;
}

/* ---- rows ---- */

static int rows_select(struct weft_selecting *s, struct node *node, uint64_t *out);

static uint64_t *bits_none(struct weft_selecting *s)
{
    return weft_arena_alloc_zero(s->rows->arena, (s->words + 1) * sizeof(uint64_t));
}

static int join_select(struct weft_selecting *s, struct node *node, uint64_t *out)
{
    bool is_any = node->kind == OR;
    int rc;

    if (node->by_group_count > 0 &&
        (rc = groups_select(s, node->children, node->by_group_count, is_any, out)) < 0)
        return rc;
    for (uint32_t i = node->by_group_count; i < node->child_count; i++) {
        if (!is_any && i > 0 && !weft_bits_any(out, s->words)) return WEFT_OK;
        if (i == 0) {
            if ((rc = rows_select(s, node->children[i], out)) < 0) return rc;
            continue;
        }
        uint64_t *more = bits_none(s);
        if ((rc = rows_select(s, node->children[i], more)) < 0) return rc;
        for (size_t w = 0; w < s->words; w++) out[w] = is_any ? out[w] | more[w] : out[w] & more[w];
    }
    return WEFT_OK;
}

/* Nothing comes of nothing on one side, but where operators are unions. */
static int relation_select(struct weft_selecting *s, struct node *node, uint64_t *out)
{
    struct node *first = node->children[0], *second = node->children[1];
    int rc = weft_selecting_doubt(s, node->op > WEFT_SELECT_BOTH);

    if (rc < 0) return rc;
    bool may_be_union = weft_bits_any(
        node->op <= WEFT_SELECT_BOTH ? s->doubtful_of_both : s->doubtful_of_tree, s->words);
    if (!may_be_union && (first->is_absent || second->is_absent)) return WEFT_OK;
    uint64_t *left = bits_none(s);
    if ((rc = rows_select(s, first, left)) < 0 || (!may_be_union && !weft_bits_any(left, s->words)))
        return rc;
    if (first == second)
        memcpy(out, left, s->words * sizeof *out);
    else if ((rc = rows_select(s, second, out)) < 0)
        return rc;
    if (node->op == WEFT_SELECT_AT_LEAST) return weft_select_at_least(s, left, node->count, out);
    if (node->op == WEFT_SELECT_BOTH) return weft_select_both(s, left, out);
    return weft_select_structure(s, node->op, left, out);
}

/* `out` is of zeros. */
static int rows_select(struct weft_selecting *s, struct node *node, uint64_t *out)
{
    if (node->is_absent) return WEFT_OK;
    switch (node->kind) {
    case EVERY: bits_all(out, s->rows->span_count); return WEFT_OK;
    case FILTER: return groups_select(s, &node, 1, false, out);
    case ROW_TEST: return row_test_report(s, node, out);
    case RELATION: return relation_select(s, node, out);
    default: return join_select(s, node, out);
    }
}

int weft_select_rows_loose(struct weft_select *select, struct weft_rows *rows,
                           const uint64_t *loose, uint64_t *bits, uint32_t *count,
                           struct weft_err *err)
{
    struct weft_selecting s = { .select = select,
                                .rows = rows,
                                .words = WEFT_SELECT_WORDS(rows->span_count),
                                .loose = loose,
                                .err = err };

    bool is_hopeless;
    int rc = weft_select_enter(select, rows, &is_hopeless, err);

    memset(bits, 0, s.words * sizeof *bits);
    *count = 0;
    if (rc < 0 || is_hopeless) return rc;
    if ((rc = rows_select(&s, select->root, bits)) == WEFT_OK)
        *count = weft_bits_count(bits, s.words);
    return rc;
}

int weft_select_rows(struct weft_select *select, struct weft_rows *rows, uint64_t *bits,
                     uint32_t *count, struct weft_err *err)
{
    return weft_select_rows_loose(select, rows, NULL, bits, count, err);
}

/* Of few rows each is looked up. */
static int few_to_groups(struct weft_selecting *s, const uint64_t *bits,
                         struct weft_group_bits *out)
{
    uint16_t group, index;
    int rc;

    for (uint32_t n = s->rows->span_count, row = weft_bits_next(bits, 0, n); row < n;
         row = weft_bits_next(bits, row + 1, n)) {
        if ((rc = weft_rows_places(s->rows, row, 1, &group, &index, s->err)) < 0) return rc;
        weft_bit_set(out->bits + out->first[group], index);
    }
    return WEFT_OK;
}

/* As deal_all(), the other way. */
static int all_to_groups(struct weft_selecting *s, const uint64_t *bits,
                         struct weft_group_bits *out)
{
    struct weft_rows *rows = s->rows;
    uint32_t *next = weft_arena_alloc(rows->arena, rows->group_count * sizeof *next);
    int rc = weft_rows_load_group_numbers(s->rows, s->err);

    if (rc < 0) return rc;
    for (uint32_t g = 0; g < rows->group_count; g++) next[g] = out->first[g] * 64;
    for (uint32_t row = 0; row < rows->span_count; row++) {
        uint32_t g = rows->group_numbers[row];
        if (g >= rows->group_count)
            return weft_rows_corrupt(rows, s->err, "row %u: group %u of %u", row, g,
                                     rows->group_count);
        uint32_t at = next[g]++;
        out->bits[at / 64] |= (bits[row / 64] >> (row % 64) & 1) << (at % 64);
    }
    return groups_fit(s, next, out);
}

static int rows_to_groups(struct weft_selecting *s, struct weft_group_bits *out)
{
    struct weft_rows *rows = s->rows;
    uint64_t *bits = bits_none(s);
    int rc = rows_select(s, s->select->root, bits);

    if (rc < 0) return rc;
    out->count = weft_bits_count(bits, s->words);
    if (out->count == 0) return WEFT_OK;
    if (out->count > rows->span_count / PLACES_ONE_IN) return all_to_groups(s, bits, out);
    return few_to_groups(s, bits, out);
}

int weft_select_groups(struct weft_select *select, struct weft_rows *rows,
                       struct weft_group_bits *out, struct weft_err *err)
{
    struct weft_selecting s = {
        .select = select, .rows = rows, .words = WEFT_SELECT_WORDS(rows->span_count), .err = err
    };
    bool is_hopeless;
    int rc = weft_select_enter(select, rows, &is_hopeless, err);

    *out = (struct weft_group_bits){ 0 };
    if (rc < 0 || is_hopeless || (rc = weft_rows_load_groups(rows, err)) < 0) return rc;
    group_bits_init(&s, out);
    if (!select->root->is_by_group) return rows_to_groups(&s, out);
    for (uint32_t g = 0; g < rows->group_count; g++) {
        uint64_t *bits = out->bits + out->first[g];
        bits_all(bits, rows->groups[g].rows);
        if ((rc = group_keep(&s, select->root, g, bits)) < 0) return rc;
        out->count += weft_bits_count(bits, WEFT_SELECT_WORDS(rows->groups[g].rows));
    }
    return WEFT_OK;
}
