/* config.c -- a tree of YAML, or one assignment, into the struct; then what only the whole can tell
 * (config_finish.c). */
#include "app/config.h"

#include "app/config_tree.h"
#include "base/file.h"

void weft_config_init(struct weft_config *config)
{
    *config = (struct weft_config){ 0 };
    weft_arena_init(&config->arena, 4096);
    weft_options_init(weft_config_options, config, &config->arena);
}

void weft_config_release(struct weft_config *config)
{
    weft_arena_release(&config->arena);
    *config = (struct weft_config){ 0 };
}

struct apply {
    struct weft_config *config;
    const char *name;
    struct weft_buf path; /* of the key being read, dots between */
    struct weft_err *err;
};

static int apply_map(struct apply *a, const struct weft_option *table, const struct weft_option *in,
                     void *base, const struct weft_config_node *map);

/* "file:line: path: sentence" */
static int place(struct apply *a, const struct weft_config_node *node)
{
    size_t len = a->path.len > 200 ? 200 : a->path.len;
    return weft_err_wrap(a->err, "%s:%u: %.*s", a->name, node->line, (int)len, a->path.data);
}

static int fail_type(struct apply *a, const struct weft_option *option,
                     const struct weft_config_node *node)
{
    struct weft_buf expected = { 0 };
    const char *found = node->kind == WEFT_NODE_MAP    ? "a map"
                        : node->kind == WEFT_NODE_LIST ? "a list"
                                                       : "nothing";

    if (option->kind == WEFT_OPT_STRINGS) weft_buf_append_c(&expected, "a list of: ");
    weft_option_write_expected(option, &expected);
    if (node->kind == WEFT_NODE_SCALAR)
        weft_fail(a->err, WEFT_INVALID, "found \"%.*s\", expected %.*s",
                  node->text.len > 80 ? 80 : (int)node->text.len, node->text.ptr,
                  WEFT_S_ARG(weft_buf_str(&expected)));
    else
        weft_fail(a->err, WEFT_INVALID, "found %s, expected %.*s", found,
                  WEFT_S_ARG(weft_buf_str(&expected)));
    weft_buf_release(&expected);
    return place(a, node);
}

static int apply_list(struct apply *a, const struct weft_option *option, void *base,
                      const struct weft_config_node *node)
{
    int rc = weft_option_set(option, base, WEFT_S(""), &a->config->arena, a->err);

    for (const struct weft_config_node *item = node->first; rc == WEFT_OK && item != NULL;
         item = item->next) {
        if (item->kind != WEFT_NODE_SCALAR) return fail_type(a, option, item);
        rc = weft_option_add(option, base, item->text, &a->config->arena, a->err);
        if (rc < 0) return place(a, item);
    }
    return rc;
}

static int apply_value(struct apply *a, const struct weft_option *option, void *base,
                       const struct weft_config_node *node)
{
    if (option->kind == WEFT_OPT_REFUSED) {
        weft_option_set(option, base, WEFT_S(""), &a->config->arena, a->err);
        return place(a, node);
    }
    if (node->kind == WEFT_NODE_NULL) return WEFT_OK; /* the key alone: defaults */
    if (option->kind == WEFT_OPT_TABLE && node->kind == WEFT_NODE_MAP)
        return apply_map(a, option->options, option, (char *)base + option->offset, node);
    if (option->kind == WEFT_OPT_STRINGS && node->kind == WEFT_NODE_LIST)
        return apply_list(a, option, base, node);
    if (option->kind == WEFT_OPT_STRINGS || option->kind == WEFT_OPT_TABLE ||
        node->kind != WEFT_NODE_SCALAR)
        return fail_type(a, option, node);
    if (weft_option_set(option, base, node->text, &a->config->arena, a->err) < 0)
        return place(a, node);
    return WEFT_OK;
}

static int apply_map(struct apply *a, const struct weft_option *table, const struct weft_option *in,
                     void *base, const struct weft_config_node *map)
{
    for (const struct weft_config_node *node = map->first; node != NULL; node = node->next) {
        size_t len = a->path.len;
        weft_buf_printf(&a->path, "%s%.*s", len > 0 ? "." : "",
                        node->key.len > 80 ? 80 : (int)node->key.len,
                        node->key.ptr != NULL ? node->key.ptr : "");
        const struct weft_option *option = weft_option_find(table, node->key);
        if (option == NULL) {
            weft_option_fail_unknown(table, in, node->key, a->err);
            return place(a, node);
        }
        int rc = apply_value(a, option, base, node);
        if (rc < 0) return rc;
        a->path.len = len;
    }
    return WEFT_OK;
}

/* As in the Collector: who lists protocols gets those and no others. */
static void close_unlisted_protocols(struct weft_config *config,
                                     const struct weft_config_node *root)
{
    const struct weft_config_node *otlp =
        weft_config_tree_find(weft_config_tree_find(root, "receivers"), "otlp");
    const struct weft_config_node *protocols = weft_config_tree_find(otlp, "protocols");

    if (protocols == NULL || protocols->kind != WEFT_NODE_MAP || protocols->first == NULL) return;
    if (weft_config_tree_find(protocols, "grpc") == NULL) config->otlp_grpc.endpoint = "";
    if (weft_config_tree_find(protocols, "http") == NULL) config->otlp_http.endpoint = "";
}

int weft_config_read(struct weft_config *config, struct weft_str yaml, const char *name,
                     struct weft_err *err)
{
    struct weft_err own = { 0 };
    struct apply a = { .config = config, .name = name, .err = err != NULL ? err : &own };
    struct weft_config_environment environment = { .warn = config->warn,
                                                   .self = config->warn_self };
    struct weft_config_node *root = NULL;

    int rc = weft_config_tree_read(&root, yaml, name, &environment, &config->arena, a.err);
    if (rc < 0 || root == NULL || root->kind == WEFT_NODE_NULL) return rc;
    if (root->kind != WEFT_NODE_MAP)
        return weft_fail(err, WEFT_INVALID,
                         "%s:%u: expected a map with keys such as receivers, server, storage", name,
                         root->line);
    rc = apply_map(&a, weft_config_options, NULL, config, root);
    if (rc == WEFT_OK) close_unlisted_protocols(config, root);
    weft_buf_release(&a.path);
    return rc;
}

int weft_config_read_file(struct weft_config *config, const char *path, struct weft_err *err)
{
    struct weft_buf text = { 0 };

    int rc = weft_file_read_all(&text, path, WEFT_CONFIG_BYTES_MAX, err);
    if (rc == WEFT_OK) rc = weft_config_read(config, weft_buf_str(&text), path, err);
    weft_buf_release(&text);
    return rc;
}

int weft_config_set(struct weft_config *config, struct weft_str assignment, struct weft_err *err)
{
    const struct weft_option *option;
    void *base = config;
    struct weft_str value = assignment;

    if (weft_str_find(assignment, '=') < 0)
        return weft_fail(err, WEFT_INVALID, "found \"%.*s\", expected path=value",
                         assignment.len > 80 ? 80 : (int)assignment.len, assignment.ptr);
    struct weft_str path = weft_str_split(&value, '=');
    int rc = weft_option_at(weft_config_options, path, &option, &base, err);
    if (rc < 0) return rc;
    if (weft_option_set(option, base, value, &config->arena, err) < 0)
        return weft_err_wrap(err, "%.*s", path.len > 200 ? 200 : (int)path.len, path.ptr);
    return WEFT_OK;
}
