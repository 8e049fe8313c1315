/* zipkin_links.c -- a trace as a tree of Zipkin's spans, and the calls in it (zipkin_links.h).
 *
 *      spans -> clean: reports of one span become one, servers that share an id are marked -> tree -> links, from the root down
 *
 * A client with children says nothing: they do, and know the server's name better. Local spans hand on who called them.
 */
#include "query/zipkin_links.h"
#include "base/clock.h"
#include "model/zipkin_span.h"
#include "query/zipkin_search.h"
#include <stdlib.h>

#define NONE UINT32_MAX

struct node {
    const struct weft_span *span; /* its ids */
    struct weft_span_id parent_id;
    struct weft_zipkin_endpoint local;
    struct weft_str remote;
    uint8_t kind;
    bool has_parent, is_shared, is_error;
    uint32_t first_child, next_sibling;
    uint32_t caller; /* the nearest one above that has a kind */
};
struct tree {
    struct node *nodes; /* sorted by id */
    uint32_t count;
    struct weft_arena *arena;
    struct weft_map places; /* span id; of shared ones with the endpoint behind it: to the node */
    struct weft_buf key;
};

static bool has_kind(const struct node *node)
{
    return node->kind >= WEFT_KIND_SERVER;
}

/* ---- clean ---- */

static void node_make(struct node *out, const struct weft_span *span, struct weft_arena *arena)
{
    struct weft_zipkin_span shown;
    struct weft_str ignored;
    weft_zipkin_span_make(&shown, span, arena);
    *out = (struct node){
        .span = span,
        .parent_id = span->parent_span_id,
        .local = shown.local,
        .remote = shown.remote.service_name,
        .kind = span->kind,
        .has_parent = shown.has_parent,
        .is_shared = shown.is_shared,
        .is_error = weft_zipkin_tag_find(&shown, WEFT_S("error"), &ignored, arena),
    };
}

static int endpoint_compare(const struct weft_zipkin_endpoint *a,
                            const struct weft_zipkin_endpoint *b)
{
    int order = weft_str_compare(a->service_name, b->service_name);
    if (order == 0) order = weft_str_compare(a->ipv4, b->ipv4);
    if (order == 0) order = weft_str_compare(a->ipv6, b->ipv6);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

/* By id; of one id clients before servers that share it, and whoever says nothing of himself first. */
static int node_compare(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    int order = memcmp(&x->span->span_id, &y->span->span_id, sizeof x->span->span_id);
    if (order == 0) order = (int)x->is_shared - (int)y->is_shared;
    if (order == 0) order = (y->kind == WEFT_KIND_CLIENT) - (x->kind == WEFT_KIND_CLIENT);
    return order != 0 ? order : endpoint_compare(&x->local, &y->local);
}

static bool texts_agree(struct weft_str a, struct weft_str b)
{
    return a.len == 0 || b.len == 0 || weft_str_equal(a, b);
}

static bool endpoints_agree(const struct weft_zipkin_endpoint *a,
                            const struct weft_zipkin_endpoint *b)
{
    return texts_agree(a->service_name, b->service_name) && texts_agree(a->ipv4, b->ipv4) &&
           texts_agree(a->ipv6, b->ipv6) && (a->port == 0 || b->port == 0 || a->port == b->port);
}

static void fill(struct weft_str *text, struct weft_str other)
{
    if (text->len == 0) *text = other;
}

/* Another report of the same span. */
static void node_merge(struct node *node, const struct node *other)
{
    fill(&node->local.service_name, other->local.service_name);
    fill(&node->local.ipv4, other->local.ipv4);
    fill(&node->local.ipv6, other->local.ipv6);
    if (node->local.port == 0) node->local.port = other->local.port;
    fill(&node->remote, other->remote);
    if (!has_kind(node)) node->kind = other->kind;
    if (!node->has_parent) node->parent_id = other->parent_id;
    node->has_parent |= other->has_parent;
    node->is_error |= other->is_error;
}

static bool have_one_id(const struct node *a, const struct node *b)
{
    return memcmp(&a->span->span_id, &b->span->span_id, sizeof a->span->span_id) == 0;
}

static void clean(struct tree *tree)
{
    uint32_t kept = 0, client = NONE; /* the last that did not share its id */
    for (uint32_t i = 0; i < tree->count; i++) {
        struct node *node = &tree->nodes[i], *last = kept > 0 ? &tree->nodes[kept - 1] : NULL;
        if (client != NONE && !have_one_id(&tree->nodes[client], node)) client = NONE;
        if (client != NONE && tree->nodes[client].kind == WEFT_KIND_CLIENT &&
            node->kind == WEFT_KIND_SERVER &&
            !endpoints_agree(&tree->nodes[client].local, &node->local))
            node->is_shared = true;
        if (node->is_shared && !node->has_parent && client != NONE) {
            node->has_parent = tree->nodes[client].has_parent;
            node->parent_id = tree->nodes[client].parent_id;
        }
        if (last != NULL && have_one_id(last, node) && last->is_shared == node->is_shared &&
            endpoints_agree(&last->local, &node->local)) {
            node_merge(last, node);
            continue;
        }
        if (!node->is_shared) client = kept;
        tree->nodes[kept++] = *node;
    }
    tree->count = kept;
}

/* ---- tree ---- */

static struct weft_str key_of(struct tree *tree, const struct weft_span_id *id,
                              const struct weft_zipkin_endpoint *endpoint)
{
    struct weft_buf *key = &tree->key;
    weft_buf_reset(key);
    weft_buf_append(key, id->bytes, sizeof id->bytes);
    if (endpoint != NULL) {
        const struct weft_str texts[] = { endpoint->service_name, endpoint->ipv4, endpoint->ipv6 };
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            weft_buf_append(key, &texts[i].len, sizeof texts[i].len);
            weft_buf_append_str(key, texts[i]);
        }
        weft_buf_append(key, &endpoint->port, sizeof endpoint->port);
    }
    return weft_buf_str(key);
}

static void put_places(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *node = &tree->nodes[i];
        struct weft_str key =
            key_of(tree, &node->span->span_id, node->is_shared ? &node->local : NULL);
        weft_map_put(&tree->places, key, i, NULL);
    }
}

static uint32_t place_get(struct tree *tree, const struct weft_span_id *id,
                          const struct weft_zipkin_endpoint *endpoint)
{
    const uint64_t *place = weft_map_get(&tree->places, key_of(tree, id, endpoint));
    return place != NULL ? (uint32_t)*place : NONE;
}

static uint32_t parent_of(struct tree *tree, const struct node *node)
{
    if (node->is_shared) return place_get(tree, &node->span->span_id, NULL);
    if (!node->has_parent) return NONE;
    uint32_t server = place_get(tree, &node->parent_id, &node->local); /* one of its own service */
    return server != NONE ? server : place_get(tree, &node->parent_id, NULL);
}

/* Returns the root, or NONE: then those without a known parent are listed below `*first`. The first root is taken for the true one, and
 * whoever has no known parent hangs below it. */
static uint32_t connect(struct tree *tree, uint32_t *first)
{
    uint32_t root = NONE;
    *first = NONE;
    for (uint32_t i = 0; i < tree->count; i++) {
        tree->nodes[i].first_child = tree->nodes[i].next_sibling = tree->nodes[i].caller = NONE;
        if (root == NONE && !tree->nodes[i].is_shared && !tree->nodes[i].has_parent) root = i;
    }
    for (uint32_t i = 0; i < tree->count; i++) {
        if (i == root) continue;
        uint32_t parent = parent_of(tree, &tree->nodes[i]);
        if (parent == NONE || parent == i) parent = root;
        uint32_t *list = parent == NONE ? first : &tree->nodes[parent].first_child;
        tree->nodes[i].next_sibling = *list;
        *list = i;
    }
    return root;
}

/* ---- links ---- */

static void add(struct weft_link_counter *counter, struct weft_str parent, struct weft_str child,
                bool is_error)
{
    if (parent.len > 0 && child.len > 0) weft_link_counter_add(counter, parent, child, is_error);
}

static void link_node(struct weft_link_counter *counter, const struct tree *tree,
                      const struct node *node)
{
    struct weft_str self = node->local.service_name;
    uint8_t kind = node->kind;
    if (kind == WEFT_KIND_CLIENT && node->first_child != NONE) return;
    if (!has_kind(node)) {
        if (self.len == 0 || node->remote.len == 0) return;
        kind = WEFT_KIND_CLIENT;
    }
    bool calls = kind == WEFT_KIND_CLIENT || kind == WEFT_KIND_PRODUCER;
    struct weft_str parent = calls ? self : node->remote, child = calls ? node->remote : self;
    bool is_error = node->is_error;
    const struct node *caller = node->caller != NONE ? &tree->nodes[node->caller] : NULL;
    if (kind == WEFT_KIND_SERVER || kind == WEFT_KIND_CLIENT) {
        struct weft_str above = caller != NULL ? caller->local.service_name : WEFT_S("");
        if (above.len > 0) {
            if (kind == WEFT_KIND_CLIENT && self.len > 0 && !weft_str_equal(above, self))
                add(counter, above, self, false); /* a step between them was not traced */
            if (kind == WEFT_KIND_SERVER || parent.len == 0) parent = above;
            bool is_its_call =
                caller->kind == WEFT_KIND_CLIENT &&
                (have_one_id(caller, node) ||
                 (node->has_parent &&
                  memcmp(&node->parent_id, &caller->span->span_id, sizeof node->parent_id) == 0));
            is_error = is_error || (is_its_call && caller->is_error);
        }
    }
    add(counter, parent, child, is_error);
}

static void link_tree(struct weft_link_counter *counter, struct tree *tree)
{
    uint32_t *stack = weft_arena_alloc_array(tree->arena, tree->count, sizeof *stack);
    uint32_t waiting = 0, first;
    uint32_t root = connect(tree, &first);
    if (root != NONE) stack[waiting++] = root;
    for (; first != NONE; first = tree->nodes[first].next_sibling) stack[waiting++] = first;
    while (waiting > 0) { /* each node is pushed once: by its only parent */
        uint32_t i = stack[--waiting];
        const struct node *node = &tree->nodes[i];
        link_node(counter, tree, node);
        for (uint32_t child = node->first_child; child != NONE;
             child = tree->nodes[child].next_sibling) {
            tree->nodes[child].caller = has_kind(node) ? i : node->caller;
            stack[waiting++] = child;
        }
    }
}

void weft_zipkin_count_links(struct weft_link_counter *counter, const struct weft_batch *trace,
                             struct weft_arena *arena)
{
    struct weft_arena_mark mark = weft_arena_mark(arena);
    struct tree tree = { .count = trace->span_count, .arena = arena };
    tree.nodes = weft_arena_alloc_array(arena, trace->span_count, sizeof *tree.nodes);
    for (uint32_t i = 0; i < trace->span_count; i++)
        node_make(&tree.nodes[i], &trace->spans[i], arena);
    if (tree.count > 1) qsort(tree.nodes, tree.count, sizeof *tree.nodes, node_compare);
    clean(&tree);
    put_places(&tree);
    link_tree(counter, &tree);
    weft_map_release(&tree.places);
    weft_buf_release(&tree.key);
    weft_arena_rewind(arena, mark);
}

/* ---- over traces ---- */

struct counting {
    const struct weft_zipkin_links_query *query;
    struct weft_link_counter counter;
    struct weft_arena *arena;
};

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct counting *counting = arg;
    uint64_t start_us = weft_zipkin_trace_start_us(trace);
    if (start_us == 0 || start_us < counting->query->from_us || start_us > counting->query->to_us)
        return true;
    weft_zipkin_count_links(&counting->counter, trace, counting->arena);
    return !counting->counter.has_too_many;
}

int weft_zipkin_find_links(const struct weft_source *source,
                           const struct weft_zipkin_links_query *query,
                           struct weft_zipkin_links *out, struct weft_arena *arena,
                           struct weft_err *err)
{
    struct counting counting = { .query = query, .arena = arena };
    struct weft_trace_scan_result scanned = { 0 };
    const uint64_t us_max = UINT64_MAX / WEFT_NS_PER_US - 1;
    const struct weft_trace_scan scan = {
        .from_ns = query->from_us > us_max ? UINT64_MAX : query->from_us * WEFT_NS_PER_US,
        .to_ns = query->to_us > us_max ? 0 : (query->to_us + 1) * WEFT_NS_PER_US,
        .deadline_monotonic_ns = query->deadline_monotonic_ns,
        .cancelled = query->cancelled,
        .reads = query->reads,
    };
    *out = (struct weft_zipkin_links){ 0 };
    int rc = source->traces(source->self, &scan, visit, &counting, &scanned, err);
    if (rc >= 0 && counting.counter.has_too_many)
        rc = weft_fail(err, WEFT_TOO_LARGE, "more than %u pairs of services call each other",
                       WEFT_SERVICE_LINKS_MAX);
    if (rc >= 0) {
        out->items = weft_link_counter_finish(&counting.counter, &out->count, arena);
        out->partial_reason = scanned.partial_reason;
    }
    weft_link_counter_release(&counting.counter);
    return rc;
}
