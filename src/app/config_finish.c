/* config_finish.c -- what only the whole configuration can tell: keys that belong together,
 * defaults that depend. */
#include "app/config.h"

#include <unistd.h>

static const struct {
    const char *path;
    size_t offset;
} listeners[] = {
    { "receivers.otlp.protocols.grpc", offsetof(struct weft_config, otlp_grpc) },
    { "receivers.otlp.protocols.http", offsetof(struct weft_config, otlp_http) },
    { "server.http", offsetof(struct weft_config, server_http) },
    { "server.tempo", offsetof(struct weft_config, server_tempo) },
    { "server.jaeger_grpc", offsetof(struct weft_config, server_jaeger_grpc) },
    { "server.zipkin", offsetof(struct weft_config, server_zipkin) },
};
enum { LISTENER_COUNT = sizeof listeners / sizeof listeners[0] };

static struct weft_config_listener *listener_at(struct weft_config *config, size_t i)
{
    return (struct weft_config_listener *)((char *)config + listeners[i].offset);
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static int check_tls(const char *path, struct weft_config_tls *tls, struct weft_err *err)
{
    if (is_given(tls->cert_file) && !is_given(tls->key_file))
        return weft_fail(err, WEFT_INVALID,
                         "%s.tls.key_file: missing, expected the key of cert_file %.200s", path,
                         tls->cert_file);
    if (is_given(tls->key_file) && !is_given(tls->cert_file))
        return weft_fail(err, WEFT_INVALID,
                         "%s.tls.cert_file: missing, expected the certificate of key_file %.200s",
                         path, tls->key_file);
    if (is_given(tls->client_ca_file) && !is_given(tls->cert_file))
        return weft_fail(err, WEFT_INVALID,
                         "%s.tls.client_ca_file: needs cert_file and key_file beside it", path);
    if (!is_given(tls->cert_file)) tls->cert_file = tls->key_file = NULL;
    if (!is_given(tls->client_ca_file)) tls->client_ca_file = NULL;
    return WEFT_OK;
}

/* "/run/weft.sock" and "unix:/run/weft.sock" are the same; with transport tcp and unix both may be
 * written. */
static int finish_endpoint(struct weft_config *config, const char *path,
                           struct weft_config_listener *listener, struct weft_err *err)
{
    struct weft_str endpoint = weft_str_from_c(listener->endpoint);

    if (endpoint.len > 0 && endpoint.ptr[0] == '/') {
        listener->endpoint =
            weft_arena_printf(&config->arena, "unix:%s%c", listener->endpoint, '\0').ptr;
        listener->transport = WEFT_TRANSPORT_UNIX;
    } else if (weft_str_starts_with(endpoint, WEFT_S("unix:"))) {
        listener->transport = WEFT_TRANSPORT_UNIX;
    } else if (endpoint.len > 0 && listener->transport == WEFT_TRANSPORT_UNIX) {
        return weft_fail(
            err, WEFT_INVALID,
            "%s.endpoint: found \"%.120s\", expected the path of a socket, as transport is unix",
            path, listener->endpoint);
    }
    return WEFT_OK;
}

static int check_distinct(struct weft_config *config, size_t i, struct weft_err *err)
{
    const char *endpoint = listener_at(config, i)->endpoint;
    struct weft_str text = weft_str_from_c(endpoint);

    if (text.len == 0 || weft_str_ends_with(text, WEFT_S(":0"))) return WEFT_OK;
    for (size_t j = 0; j < i; j++)
        if (strcmp(endpoint, listener_at(config, j)->endpoint) == 0)
            return weft_fail(err, WEFT_INVALID,
                             "%s.endpoint: %.120s is already taken by %s.endpoint",
                             listeners[i].path, endpoint, listeners[j].path);
    return WEFT_OK;
}

static const char *default_directory(struct weft_config *config)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (geteuid() == 0) return "/var/lib/weft";
    /* The specification of XDG_DATA_HOME has relative paths ignored. */
    if (data != NULL && data[0] == '/')
        return weft_arena_printf(&config->arena, "%s/weft%c", data, '\0').ptr;
    if (home != NULL && home[0] == '/')
        return weft_arena_printf(&config->arena, "%s/.local/share/weft%c", home, '\0').ptr;
    return NULL;
}

static int check_pipeline(const struct weft_config *config, struct weft_err *err)
{
    if (config->pipeline_receivers.count == 0)
        return weft_fail(err, WEFT_INVALID,
                         "service.pipelines.traces.receivers: empty, expected otlp");
    if (config->pipeline_exporters.count == 0)
        return weft_fail(err, WEFT_INVALID,
                         "service.pipelines.traces.exporters: empty, expected store");
    return WEFT_OK;
}

int weft_config_finish(struct weft_config *config, struct weft_err *err)
{
    int rc;

    for (size_t i = 0; i < LISTENER_COUNT; i++) {
        struct weft_config_listener *listener = listener_at(config, i);
        if ((rc = check_tls(listeners[i].path, &listener->tls, err)) < 0) return rc;
        if ((rc = finish_endpoint(config, listeners[i].path, listener, err)) < 0) return rc;
        if ((rc = check_distinct(config, i, err)) < 0) return rc;
    }
    if ((rc = check_pipeline(config, err)) < 0) return rc;
    if (config->storage.compaction_segments_max < config->storage.compaction_segments_min)
        return weft_fail(
            err, WEFT_INVALID,
            "storage.compaction.segments_max: found %llu, expected at least segments_min, %llu",
            (unsigned long long)config->storage.compaction_segments_max,
            (unsigned long long)config->storage.compaction_segments_min);
    if (!is_given(config->storage.directory)) config->storage.directory = default_directory(config);
    if (config->storage.directory == NULL)
        return weft_fail(err, WEFT_INVALID,
                         "storage.directory: not given, and HOME is not set; expected a directory");
    return WEFT_OK;
}
