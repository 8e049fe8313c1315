/* config_tree.c -- libyaml's events into a tree. The tree is built by recursion, bounded by
 * WEFT_CONFIG_DEPTH_MAX. */
#include "app/config_tree.h"

#include <yaml.h>

enum { ANCHORS_MAX = 100 };

struct reader {
    yaml_parser_t yaml;
    struct weft_str text;
    const char *name;
    const struct weft_config_environment *environment;
    struct weft_arena *arena;
    unsigned node_count;
    struct {
        struct weft_str name;
        struct weft_config_node *node;
    } anchors[ANCHORS_MAX];
    unsigned anchor_count;
    struct weft_err *err;
};

static int read_value(struct reader *r, struct weft_config_node **out, yaml_event_t *event,
                      unsigned depth);

static unsigned line_of(const yaml_event_t *event)
{
    return (unsigned)event->start_mark.line + 1;
}

#define FAIL(r, line, ...) (weft_fail((r)->err, WEFT_INVALID, __VA_ARGS__), place((r), (line)))
static int place(struct reader *r, unsigned line)
{
    return weft_err_wrap(r->err, "%s:%u", r->name, line);
}

/* libyaml tells of a tab in indentation as "found character that cannot start any token". */
static bool has_tab_at(struct reader *r, size_t line)
{
    struct weft_str rest = r->text, text = { 0 };

    for (size_t i = 0; i <= line && rest.len > 0; i++) text = weft_str_split(&rest, '\n');
    struct weft_str trimmed = weft_str_trim(text);
    for (size_t i = 0; trimmed.len > 0 && text.ptr + i < trimmed.ptr; i++)
        if (text.ptr[i] == '\t') return true;
    return false;
}

static int fail_yaml(struct reader *r)
{
    const yaml_parser_t *yaml = &r->yaml;
    size_t line = yaml->problem_mark.line;

    if (yaml->error == YAML_MEMORY_ERROR) return FAIL(r, 1, "no memory left while reading");
    if (yaml->error == YAML_READER_ERROR)
        return FAIL(r, 1, "not text in UTF-8: %s, at byte %zu", yaml->problem,
                    yaml->problem_offset);
    if (has_tab_at(r, line))
        return FAIL(r, (unsigned)line + 1, "found a tab, expected spaces before a key");
    if (yaml->context != NULL && yaml->context_mark.line != line)
        return FAIL(r, (unsigned)line + 1, "not YAML: %s, %s that began on line %zu", yaml->problem,
                    yaml->context, yaml->context_mark.line + 1);
    return FAIL(r, (unsigned)line + 1, "not YAML: %s",
                yaml->problem != NULL ? yaml->problem : "unknown reason");
}

static int next_event(struct reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->yaml, event) ? WEFT_OK : fail_yaml(r);
}

static int node_new(struct reader *r, struct weft_config_node **out,
                    enum weft_config_node_kind kind, unsigned line)
{
    if (++r->node_count > WEFT_CONFIG_NODES_MAX)
        return FAIL(r, line, "more than %d values, aliases counted each time",
                    WEFT_CONFIG_NODES_MAX);
    struct weft_config_node *node = weft_arena_alloc_zero(r->arena, sizeof *node);
    node->kind = kind;
    node->line = line;
    *out = node;
    return WEFT_OK;
}

static int anchor_put(struct reader *r, const yaml_char_t *name, struct weft_config_node *node)
{
    if (name == NULL) return WEFT_OK;
    if (r->anchor_count == ANCHORS_MAX)
        return FAIL(r, node->line, "more than %d anchors", ANCHORS_MAX);
    r->anchors[r->anchor_count].name =
        weft_arena_copy(r->arena, weft_str_from_c((const char *)name));
    r->anchors[r->anchor_count++].node = node;
    return WEFT_OK;
}

/* Aliases are copied, so that every use is counted and a bomb runs into the bound. */
static int copy_node(struct reader *r, struct weft_config_node **out,
                     const struct weft_config_node *from, unsigned depth)
{
    struct weft_config_node **tail;

    if (depth > WEFT_CONFIG_DEPTH_MAX)
        return FAIL(r, from->line, "deeper than %d levels", WEFT_CONFIG_DEPTH_MAX);
    int rc = node_new(r, out, from->kind, from->line);
    if (rc < 0) return rc;
    (*out)->key = from->key;
    (*out)->text = from->text;
    tail = &(*out)->first;
    for (const struct weft_config_node *child = from->first; child != NULL;
         child = child->next, tail = &(*tail)->next)
        if ((rc = copy_node(r, tail, child, depth + 1)) < 0) return rc;
    return WEFT_OK;
}

static int read_alias(struct reader *r, struct weft_config_node **out, const yaml_event_t *event,
                      unsigned depth)
{
    struct weft_str name = weft_str_from_c((const char *)event->data.alias.anchor);

    for (unsigned i = r->anchor_count; i-- > 0;) { /* the last of that name counts */
        if (!weft_str_equal(r->anchors[i].name, name)) continue;
        if (r->anchors[i].node == NULL)
            return FAIL(r, line_of(event), "alias *%.*s is inside its own anchor",
                        WEFT_S_ARG(name));
        return copy_node(r, out, r->anchors[i].node, depth);
    }
    return FAIL(r, line_of(event), "alias *%.*s has no anchor before it", WEFT_S_ARG(name));
}

static bool is_null_text(struct weft_str text)
{
    return text.len == 0 || weft_str_equal(text, WEFT_S("~")) ||
           weft_str_equal(text, WEFT_S("null")) || weft_str_equal(text, WEFT_S("Null")) ||
           weft_str_equal(text, WEFT_S("NULL"));
}

static int read_scalar(struct reader *r, struct weft_config_node **out, const yaml_event_t *event)
{
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct weft_str text = weft_arena_copy(
        r->arena, weft_str_make((const char *)event->data.scalar.value, event->data.scalar.length));
    struct weft_err inner = { 0 };

    int rc = node_new(r, out, WEFT_NODE_SCALAR, line_of(event));
    if (rc < 0) return rc;
    if (weft_config_substitute(&(*out)->text, text, r->environment, r->arena, &inner) < 0)
        return FAIL(r, line_of(event), "%s", inner.text);
    if (is_plain && is_null_text((*out)->text)) (*out)->kind = WEFT_NODE_NULL;
    return anchor_put(r, event->data.scalar.anchor, *out);
}

static int read_list(struct reader *r, struct weft_config_node **out, const yaml_event_t *start,
                     unsigned depth)
{
    struct weft_config_node **tail;
    unsigned anchor = r->anchor_count;

    int rc = node_new(r, out, WEFT_NODE_LIST, line_of(start));
    if (rc == WEFT_OK) rc = anchor_put(r, start->data.sequence_start.anchor, *out);
    if (rc < 0) return rc;
    if (r->anchor_count > anchor) r->anchors[anchor].node = NULL; /* until it is whole */
    for (tail = &(*out)->first;; tail = &(*tail)->next) {
        yaml_event_t event;
        if ((rc = next_event(r, &event)) < 0) return rc;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        rc = read_value(r, tail, &event, depth + 1);
        yaml_event_delete(&event);
        if (rc < 0) return rc;
    }
    if (start->data.sequence_start.anchor != NULL) r->anchors[anchor].node = *out;
    return WEFT_OK;
}

static int check_key(struct reader *r, const struct weft_config_node *map,
                     const yaml_event_t *event, struct weft_str *key)
{
    if (event->type != YAML_SCALAR_EVENT)
        return FAIL(r, line_of(event), "found a key that is not a text");
    *key = weft_arena_copy(
        r->arena, weft_str_make((const char *)event->data.scalar.value, event->data.scalar.length));
    if (weft_str_equal(*key, WEFT_S("<<")))
        return FAIL(r, line_of(event), "merge keys (<<) are not supported; write the keys out");
    for (const struct weft_config_node *child = map->first; child != NULL; child = child->next)
        if (weft_str_equal(child->key, *key))
            return FAIL(r, line_of(event),
                        "key \"%.*s\" stands here a second time; the first is on line %u",
                        key->len > 60 ? 60 : (int)key->len, key->ptr, child->line);
    return WEFT_OK;
}

static int read_pair(struct reader *r, struct weft_config_node *map, struct weft_config_node **tail,
                     yaml_event_t *key_event, unsigned depth)
{
    struct weft_str key;
    yaml_event_t event;
    unsigned line = line_of(key_event);

    int rc = check_key(r, map, key_event, &key);
    if (rc == WEFT_OK) rc = next_event(r, &event);
    if (rc < 0) return rc;
    struct weft_config_node *value = NULL;
    rc = read_value(r, &value, &event, depth + 1);
    yaml_event_delete(&event);
    if (rc < 0) return rc;
    value->key = key;
    value->line = line;
    *tail = value;
    return WEFT_OK;
}

static int read_map(struct reader *r, struct weft_config_node **out, const yaml_event_t *start,
                    unsigned depth)
{
    struct weft_config_node **tail;
    unsigned anchor = r->anchor_count;

    int rc = node_new(r, out, WEFT_NODE_MAP, line_of(start));
    if (rc == WEFT_OK) rc = anchor_put(r, start->data.mapping_start.anchor, *out);
    if (rc < 0) return rc;
    if (r->anchor_count > anchor) r->anchors[anchor].node = NULL; /* until it is whole */
    for (tail = &(*out)->first;; tail = &(*tail)->next) {
        yaml_event_t event;
        if ((rc = next_event(r, &event)) < 0) return rc;
        bool is_end = event.type == YAML_MAPPING_END_EVENT;
        if (!is_end) rc = read_pair(r, *out, tail, &event, depth);
        yaml_event_delete(&event);
        if (is_end) break;
        if (rc < 0) return rc;
    }
    if (start->data.mapping_start.anchor != NULL) r->anchors[anchor].node = *out;
    return WEFT_OK;
}

static int read_value(struct reader *r, struct weft_config_node **out, yaml_event_t *event,
                      unsigned depth)
{
    if (depth > WEFT_CONFIG_DEPTH_MAX)
        return FAIL(r, line_of(event), "deeper than %d levels", WEFT_CONFIG_DEPTH_MAX);
    switch (event->type) {
    case YAML_SCALAR_EVENT: return read_scalar(r, out, event);
    case YAML_SEQUENCE_START_EVENT: return read_list(r, out, event, depth);
    case YAML_MAPPING_START_EVENT: return read_map(r, out, event, depth);
    case YAML_ALIAS_EVENT: return read_alias(r, out, event, depth);
    default: return FAIL(r, line_of(event), "not YAML: expected a value");
    }
}

static int read_stream(struct reader *r, struct weft_config_node **root)
{
    unsigned document_count = 0;

    for (;;) {
        yaml_event_t event;
        int rc = next_event(r, &event);
        if (rc < 0) return rc;
        yaml_event_type_t type = event.type;
        if (type == YAML_DOCUMENT_START_EVENT && ++document_count > 1)
            rc = FAIL(r, line_of(&event), "a second document begins here, expected one");
        else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
                 type != YAML_DOCUMENT_END_EVENT && type != YAML_STREAM_END_EVENT)
            rc = read_value(r, root, &event, 0);
        yaml_event_delete(&event);
        if (rc < 0 || type == YAML_STREAM_END_EVENT) return rc;
    }
}

int weft_config_tree_read(struct weft_config_node **root, struct weft_str yaml, const char *name,
                          const struct weft_config_environment *environment,
                          struct weft_arena *arena, struct weft_err *err)
{
    static const struct weft_config_environment system_environment;
    struct weft_err own = { 0 };
    struct reader r = { .text = yaml,
                        .name = name,
                        .arena = arena,
                        .err = err != NULL ? err : &own,
                        .environment = environment != NULL ? environment : &system_environment };

    *root = NULL;
    if (yaml.len > WEFT_CONFIG_BYTES_MAX)
        return weft_fail(err, WEFT_TOO_LARGE, "%s: %zu bytes, at most %u expected", name, yaml.len,
                         WEFT_CONFIG_BYTES_MAX);
    if (!yaml_parser_initialize(&r.yaml))
        return weft_fail(err, WEFT_IO, "%s: no memory left while reading", name);
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, (const unsigned char *)(yaml.ptr != NULL ? yaml.ptr : ""),
                                 yaml.len);
    int rc = read_stream(&r, root);
    yaml_parser_delete(&r.yaml);
    if (rc < 0) *root = NULL;
    return rc;
}

const struct weft_config_node *weft_config_tree_find(const struct weft_config_node *map,
                                                     const char *key)
{
    if (map == NULL || map->kind != WEFT_NODE_MAP) return NULL;
    for (const struct weft_config_node *child = map->first; child != NULL; child = child->next)
        if (weft_str_equal_c(child->key, key)) return child;
    return NULL;
}
