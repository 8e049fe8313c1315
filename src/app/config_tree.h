/* config_tree.h -- a YAML document as a small tree that knows its lines, with environment
 * references filled in.
 *
 * Errors     WEFT_INVALID: "file.yaml:12: what was found, what was expected"; WEFT_TOO_LARGE
 * Ownership  everything is in the arena
 * Spec       YAML as libyaml reads it; references as the Collector has them: ${env:NAME},
 *            ${env:NAME:-default}, ${NAME}, $$
 *
 * Bounds: 1 MiB of text, depth 32, 10,000 nodes (aliases count each time they are used), one
 * document.
 */
#ifndef WEFT_APP_CONFIG_TREE_H
#define WEFT_APP_CONFIG_TREE_H
#include "base/arena.h"
#include "base/err.h"

#define WEFT_CONFIG_BYTES_MAX (1u << 20)
#define WEFT_CONFIG_DEPTH_MAX 32
#define WEFT_CONFIG_NODES_MAX 10000

enum weft_config_node_kind { WEFT_NODE_NULL, WEFT_NODE_SCALAR, WEFT_NODE_MAP, WEFT_NODE_LIST };
struct weft_config_node {
    enum weft_config_node_kind kind;
    struct weft_str key;                   /* in a map */
    struct weft_str text;                  /* SCALAR */
    unsigned line;                         /* from 1; of the key in a map */
    struct weft_config_node *first, *next; /* children, siblings */
};
/* Where names of the environment are looked up, and who hears of those not set. */
struct weft_config_environment {
    const char *(*get)(void *self, const char *name); /* NULL: getenv */
    void (*warn)(void *self, const char *sentence);   /* NULL: nobody */
    void *self;
};
/* *root is NULL for an empty document. */
int weft_config_tree_read(struct weft_config_node **root, struct weft_str yaml, const char *name,
                          const struct weft_config_environment *environment,
                          struct weft_arena *arena, struct weft_err *err);
const struct weft_config_node *weft_config_tree_find(const struct weft_config_node *map,
                                                     const char *key);
/* Fill the references of one text in. Sentence without a place. */
int weft_config_substitute(struct weft_str *out, struct weft_str text,
                           const struct weft_config_environment *environment,
                           struct weft_arena *arena, struct weft_err *err);

#endif
