/* jaeger_skew.c -- clocks that differ: a span of another host should lie within its parent (jaeger_trace.h).
 *
 * From a root downwards, each span is compared with its parent where the host changes (or is not known): if it does not lie within
 * the parent, it is thought to have been sent and answered in equal time, and what that moves it by is the skew of its host, which
 * holds for the spans below until the host changes again. Spans in a circle have no root and are left alone.
 */
#include "base/clock.h"
#include "model/jaeger_internal.h"
#include "model/otlp.h"

#define NONE UINT32_MAX

struct tree {
    struct weft_jaeger_trace *trace;
    struct weft_arena *arena;
    int64_t skew_ns_max;
    struct node {
        uint32_t parent, first_child, next_sibling;
        bool is_known;             /* the first of its id */
        struct weft_str host_key;  /* "": not known */
        struct weft_str skew_host; /* whose skew holds */
        int64_t skew_ns;
    } * nodes;
};

/* ---- hosts ---- */

static struct weft_str text_of(const struct weft_attribute *a)
{
    struct weft_value value = weft_attribute_value(a);
    size_t at = 0;
    if (value.type == WEFT_VALUE_ARRAY) {
        struct weft_value first;
        if (!weft_value_next(value.bytes, &at, NULL, &first, false)) return WEFT_S("");
        value = first;
    }
    return value.type == WEFT_VALUE_STRING ? value.bytes : WEFT_S("");
}

static struct weft_str host_key_of(const struct weft_resource *resource)
{
    static const struct weft_str keys[] = { WEFT_S_INIT("host.id"), WEFT_S_INIT("host.ip"),
                                            WEFT_S_INIT("host.name") };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct weft_attribute *a = weft_attributes_find(resource->attributes, keys[i]);
        if (a != NULL) return text_of(a);
    }
    return WEFT_S("");
}

/* ---- one span ---- */

static struct weft_str duration_text(int64_t ns, struct weft_arena *arena)
{
    struct weft_buf text = { 0 };
    weft_duration_print(&text, ns);
    struct weft_str copy = weft_arena_copy(arena, weft_buf_str(&text));
    weft_buf_release(&text);
    return copy;
}

static int64_t skew_between(const struct weft_span *child, const struct weft_span *parent)
{
    int64_t late = (int64_t)(child->start_time_unix_nano - parent->start_time_unix_nano);
    int64_t child_ns = (int64_t)(child->end_time_unix_nano - child->start_time_unix_nano);
    int64_t parent_ns = (int64_t)(parent->end_time_unix_nano - parent->start_time_unix_nano);
    /* It outlived its parent: it is asynchronous, or the parent gave up. All that can be asked is that it does not start before. */
    if (child_ns > parent_ns) return late < 0 ? -late : 0;
    if (late >= 0 && child->end_time_unix_nano <= parent->end_time_unix_nano) return 0;
    return (parent_ns - child_ns) / 2 - late;
}

static void shift_events(struct weft_span *span, int64_t by_ns, struct weft_arena *arena)
{
    struct weft_event *events = weft_arena_alloc_array(arena, span->event_count, sizeof *events);
    for (uint32_t i = 0; i < span->event_count; i++) {
        events[i] = span->events[i];
        events[i].time_unix_nano += (uint64_t)by_ns;
    }
    span->events = events;
}

static void shift_span(struct tree *tree, uint32_t i, int64_t by_ns)
{
    if (by_ns == 0) return;
    struct weft_span *span = &tree->trace->batch.spans[i];
    struct weft_str by = duration_text(by_ns, tree->arena), text;
    if (tree->skew_ns_max == 0) {
        text = weft_arena_printf(
            tree->arena, "clock skew adjustment disabled; not applying calculated delta of %.*s",
            WEFT_S_ARG(by));
    } else if (by_ns > tree->skew_ns_max || by_ns < -tree->skew_ns_max) {
        struct weft_str max = duration_text(tree->skew_ns_max, tree->arena);
        text = weft_arena_printf(tree->arena,
                                 "max clock skew adjustment delta of %.*s exceeded; not applying "
                                 "calculated delta of %.*s",
                                 WEFT_S_ARG(max), WEFT_S_ARG(by));
    } else {
        span->start_time_unix_nano += (uint64_t)by_ns;
        span->end_time_unix_nano += (uint64_t)by_ns;
        shift_events(span, by_ns, tree->arena);
        text = weft_arena_printf(tree->arena, "This span's timestamps were adjusted by %.*s",
                                 WEFT_S_ARG(by));
    }
    weft_jaeger_warn(tree->trace, i, text, tree->arena);
}

static void visit(struct tree *tree, uint32_t i)
{
    struct node *node = &tree->nodes[i];
    const struct weft_span *spans = tree->trace->batch.spans;
    if (node->parent != NONE) {
        const struct node *parent = &tree->nodes[node->parent];
        node->skew_host = parent->skew_host;
        node->skew_ns = parent->skew_ns;
        if (node->host_key.len == 0 || !weft_str_equal(node->host_key, node->skew_host)) {
            node->skew_host = node->host_key;
            node->skew_ns = skew_between(&spans[i], &spans[node->parent]);
        }
    } else {
        node->skew_host = node->host_key;
    }
    shift_span(tree, i, node->skew_ns);
}

/* ---- the tree ---- */

static void find_parents(struct tree *tree)
{
    struct weft_map first = { 0 };
    const struct weft_batch *batch = &tree->trace->batch;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        weft_map_put(&first, weft_span_id_str(&batch->spans[i].span_id), i,
                     &tree->nodes[i].is_known);
        if (!tree->nodes[i].is_known)
            weft_jaeger_warn(tree->trace, i,
                             WEFT_S("duplicate span IDs; skipping clock skew adjustment"),
                             tree->arena);
    }
    for (uint32_t i = batch->span_count; i-- > 0;) {
        struct node *node = &tree->nodes[i];
        const struct weft_span_id *id = &batch->spans[i].parent_span_id;
        if (!node->is_known || weft_span_id_is_zero(id)) continue;
        const uint64_t *parent = weft_map_get(&first, weft_span_id_str(id));
        if (parent == NULL) {
            char hex[17];
            weft_span_id_format(id, hex);
            weft_jaeger_warn(
                tree->trace, i,
                weft_arena_printf(tree->arena,
                                  "parent span ID=%s is not in the trace; skipping clock skew "
                                  "adjustment",
                                  hex),
                tree->arena);
            continue;
        }
        node->parent = (uint32_t)*parent;
        node->next_sibling = tree->nodes[*parent].first_child;
        tree->nodes[*parent].first_child = i;
    }
    weft_map_release(&first);
}

void weft_jaeger_correct_skew(struct weft_jaeger_trace *trace, int64_t skew_ns_max,
                              struct weft_arena *arena)
{
    uint32_t count = trace->batch.span_count, waiting = 0;
    struct tree tree = { .trace = trace, .arena = arena, .skew_ns_max = skew_ns_max };
    uint32_t *stack = weft_arena_alloc_array(arena, count, sizeof *stack);
    tree.nodes = weft_arena_alloc_array(arena, count, sizeof *tree.nodes);
    for (uint32_t i = 0; i < count; i++) {
        struct node *node = &tree.nodes[i];
        node->parent = node->first_child = node->next_sibling = NONE;
        node->host_key = host_key_of(trace->batch.spans[i].scope->resource);
    }
    find_parents(&tree);
    for (uint32_t i = 0; i < count; i++)
        if (tree.nodes[i].is_known && tree.nodes[i].parent == NONE) stack[waiting++] = i;
    while (waiting > 0) { /* each span is pushed once: by its only parent */
        uint32_t i = stack[--waiting];
        visit(&tree, i);
        for (uint32_t child = tree.nodes[i].first_child; child != NONE;
             child = tree.nodes[child].next_sibling)
            stack[waiting++] = child;
    }
}
