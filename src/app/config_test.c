/* config_test.c -- files that are taken, files that are refused and with which sentence,
 * references, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/config.h"
#include "app/config_tree.h"

#define OTLP "receivers:\n  otlp:\n    protocols:\n"
#define TENTIMES(x) "[" x "," x "," x "," x "," x "," x "," x "," x "," x "," x "]\n"

static const struct {
    const char *name, *yaml, *sentence;
} refused[] = {
    { "unknown key", OTLP "      grpc:\n        endpont: 1\n",
      "f.yaml:5: receivers.otlp.protocols.grpc.endpont: unknown key; did you mean \"endpoint\"?" },
    { "unknown at the top", "\n\nquerry: {}\n",
      "f.yaml:3: querry: unknown key; did you mean \"query\"?" },
    { "far from all keys", "memory:\n  swappiness: 1\n",
      "f.yaml:2: memory.swappiness: unknown key; known here: limit" },
    { "port", OTLP "      http:\n        endpoint: 127.0.0.1:99999\n",
      "f.yaml:5: receivers.otlp.protocols.http.endpoint: found \"127.0.0.1:99999\", expected a "
      "port from 0 to 65535 behind "
      "the last ':'" },
    { "receiver", "receivers:\n  zipkin:\n",
      "f.yaml:2: receivers.zipkin: weft has no receiver \"zipkin\"; it has: otlp" },
    { "named receiver", "receivers:\n  otlp/2:\n",
      "f.yaml:2: receivers.otlp/2: weft has no receiver \"otlp/2\"; it has: otlp" },
    { "processor", "processors:\n  batch:\n",
      "f.yaml:2: processors.batch: weft has no processor \"batch\"; it has: none; remove it "
      "(batching and memory limits are "
      "built in, see memory.limit)" },
    { "exporter", "exporters: {debug: {}}\n",
      "f.yaml:1: exporters.debug: weft has no exporter \"debug\"; it has: store" },
    { "pipeline", "service: {pipelines: {logs: {}}}\n",
      "f.yaml:1: service.pipelines.logs: weft has no pipeline \"logs\"; it has: traces" },
    { "pipeline's processor", "service: {pipelines: {traces: {processors: [batch]}}}\n",
      "f.yaml:1: service.pipelines.traces.processors: found \"batch\", expected nothing, there are "
      "none yet" },
    { "list wanted", "service: {pipelines: {traces: {receivers: otlp}}}\n",
      "f.yaml:1: service.pipelines.traces.receivers: found \"otlp\", expected a list of: otlp" },
    { "map wanted", "storage: 5\n",
      "f.yaml:1: storage: found \"5\", expected a map with keys of: directory, seal_age, "
      "free_space_min, blob_min, compaction" },
    { "scalar wanted", "storage:\n  seal_age: [1]\n",
      "f.yaml:2: storage.seal_age: found a list, expected a duration such as 30s, at least 100ms" },
    { "duration without a unit", "storage:\n  seal_age: 30\n",
      "f.yaml:2: storage.seal_age: found \"30\", expected a duration such as 30s, at least 100ms" },
    { "known elsewhere", OTLP "      grpc:\n        read_buffer_size: 1\n",
      "f.yaml:5: receivers.otlp.protocols.grpc.read_buffer_size: weft does not have this: buffers "
      "follow what arrives" },
    { "key twice", "memory: {}\nquery: {}\nmemory: {}\n",
      "f.yaml:3: key \"memory\" stands here a second time; the first is on line 1" },
    { "tab", "storage:\n\tseal_age: 5s\n", "f.yaml:2: found a tab, expected spaces before a key" },
    { "two documents", "memory: {}\n---\nquery: {}\n",
      "f.yaml:2: a second document begins here, expected one" },
    { "cut short", "memory: [\n", "f.yaml:2: not YAML: did not find expected node content" },
    { "not a map", "- a\n",
      "f.yaml:1: expected a map with keys such as receivers, server, storage" },
    { "not UTF-8", "a: \xff\n",
      "f.yaml:1: not text in UTF-8: invalid leading UTF-8 octet, at byte 3" },
    { "malformed reference", "storage: {directory: \"${1A}\"}\n",
      "f.yaml:1: found \"${1A}\", expected ${env:NAME}, ${env:NAME:-default} or $$ for a dollar "
      "sign" },
    { "open reference", "storage: {directory: \"a${A\"}\n",
      "f.yaml:1: found \"${\" without \"}\"" },
    { "alias bomb",
      "a: &a " TENTIMES("x") "b: &b " TENTIMES("*a") "c: &c " TENTIMES("*b") "d: &d " TENTIMES(
          "*c") "e: " TENTIMES("*d"),
      "f.yaml:1: more than 10000 values, aliases counted each time" },
    { "alias of itself", "a: &a [*a]\n", "f.yaml:1: alias *a is inside its own anchor" },
    { "merge key", "a: &a {}\nquery:\n  <<: *a\n",
      "f.yaml:3: merge keys (<<) are not supported; write the keys out" },
    { "deep",
      "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
      "f.yaml:1: deeper than 32 levels" },
};

static void a_wrong_file_is_refused_with_place_and_reason(void **state)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct weft_config config;
        struct weft_err err = { 0 };
        weft_config_init(&config);
        int rc = weft_config_read(&config, weft_str_from_c(refused[i].yaml), "f.yaml", &err);
        if (rc != WEFT_INVALID ||
            strncmp(err.text, refused[i].sentence, strlen(refused[i].sentence)) != 0)
            fail_msg("%s: %d %s", refused[i].name, rc, err.text);
        weft_config_release(&config);
    }
}

static const struct {
    const char *name, *yaml, *sentence;
} refused_as_a_whole[] = {
    { "one address twice", "server: {http: {endpoint: \"127.0.0.1:4317\"}}",
      "server.http.endpoint: 127.0.0.1:4317 is already taken by "
      "receivers.otlp.protocols.grpc.endpoint" },
    { "certificate without a key", "server: {http: {tls: {cert_file: /c}}}",
      "server.http.tls.key_file: missing, expected the key of cert_file /c" },
    { "authorities alone", "server: {http: {tls: {client_ca_file: /c}}}",
      "server.http.tls.client_ca_file: needs cert_file and key_file beside it" },
    { "unix without a path", "receivers: {otlp: {protocols: {grpc: {transport: unix}}}}",
      "receivers.otlp.protocols.grpc.endpoint: found \"127.0.0.1:4317\", expected the path of a "
      "socket, as transport is unix" },
    { "nowhere to go", "service: {pipelines: {traces: {exporters: []}}}",
      "service.pipelines.traces.exporters: empty, expected store" },
    { "merge sizes", "storage: {compaction: {segments_min: 20}}",
      "storage.compaction.segments_max: found 16, expected at least segments_min, 20" },
};

static void what_does_not_fit_together_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof refused_as_a_whole / sizeof refused_as_a_whole[0]; i++) {
        struct weft_config config;
        struct weft_err err = { 0 };
        weft_config_init(&config);
        assert_int_equal(
            weft_config_read(&config, weft_str_from_c(refused_as_a_whole[i].yaml), "f.yaml", &err),
            WEFT_OK);
        assert_int_equal(weft_config_finish(&config, &err), WEFT_INVALID);
        assert_string_equal(err.text, refused_as_a_whole[i].sentence);
        weft_config_release(&config);
    }
}

static void defaults_are_those_scripts_rely_on(void **state)
{
    struct weft_config config;
    struct weft_err err = { 0 };

    weft_config_init(&config);
    assert_int_equal(weft_config_read(&config, WEFT_S(""), "f.yaml", &err), WEFT_OK);
    assert_int_equal(weft_config_finish(&config, &err), WEFT_OK);
    assert_string_equal(config.otlp_grpc.endpoint, "127.0.0.1:4317");
    assert_string_equal(config.otlp_http.endpoint, "127.0.0.1:4318");
    assert_string_equal(config.server_http.endpoint, "127.0.0.1:16686");
    assert_string_equal(config.server_tempo.endpoint, "127.0.0.1:3200");
    assert_string_equal(config.server_jaeger_grpc.endpoint, "127.0.0.1:16685");
    assert_string_equal(config.server_zipkin.listener.endpoint, "127.0.0.1:9411");
    assert_int_equal(config.memory_limit_bytes, 40 << 20);
    assert_int_equal(config.otlp_http.body_bytes_max, 20 << 20);
    weft_config_release(&config);
}

static void only_listed_protocols_listen(void **state)
{
    struct weft_config config;
    struct weft_err err = { 0 };

    weft_config_init(&config);
    assert_int_equal(weft_config_read(&config, WEFT_S(OTLP "      grpc:\n"), "f.yaml", &err),
                     WEFT_OK);
    assert_string_equal(config.otlp_grpc.endpoint, "127.0.0.1:4317");
    assert_string_equal(config.otlp_http.endpoint, "");
    assert_int_equal(weft_config_set(&config,
                                     WEFT_S("receivers.otlp.protocols.http.endpoint=127.0.0.1:0"),
                                     &err),
                     WEFT_OK);
    assert_string_equal(config.otlp_http.endpoint, "127.0.0.1:0");
    weft_config_release(&config);
}

static void a_socket_may_be_named_in_three_ways(void **state)
{
    static const char *const files[] = {
        "receivers: {otlp: {protocols: {grpc: {transport: unix, endpoint: /run/w.sock}}}}",
        "receivers: {otlp: {protocols: {grpc: {endpoint: /run/w.sock}}}}",
        "receivers: {otlp: {protocols: {grpc: {endpoint: \"unix:/run/w.sock\"}}}}",
    };
    for (size_t i = 0; i < 3; i++) {
        struct weft_config config;
        struct weft_err err = { 0 };
        weft_config_init(&config);
        assert_int_equal(weft_config_read(&config, weft_str_from_c(files[i]), "f.yaml", &err),
                         WEFT_OK);
        assert_int_equal(weft_config_finish(&config, &err), WEFT_OK);
        assert_string_equal(config.otlp_grpc.endpoint, "unix:/run/w.sock");
        weft_config_release(&config);
    }
}

static void set_overrides_any_key_or_says_why_not(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        { "storage.seal_age=5s", NULL },
        { "receivers.otlp.protocols.http.cors.allowed_origins=https://a,https://b", NULL },
        { "service.telemetry.logs.level=debug", NULL },
        { "storage.directory=/a=b", NULL },
        { "storage.seal_age", "found \"storage.seal_age\", expected path=value" },
        { "storage.sealage=5s", "storage.sealage: unknown key; did you mean \"seal_age\"?" },
        { "storage=5s", "storage: found \"5s\", expected a map with keys of: directory, seal_age, "
                        "free_space_min, blob_min, compaction" },
        { "=x", "unknown key; known here" },
        { "memory.limit=1",
          "memory.limit: found \"1\", expected a size such as 64MiB, at least 4MiB" },
    };
    struct weft_config config;

    weft_config_init(&config);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weft_err err = { 0 };
        int rc = weft_config_set(&config, weft_str_from_c(cases[i].text), &err);
        assert_int_equal(rc, cases[i].sentence == NULL ? WEFT_OK : WEFT_INVALID);
        if (cases[i].sentence != NULL && strstr(err.text, cases[i].sentence) == NULL)
            fail_msg("%s: %s", cases[i].text, err.text);
    }
    assert_int_equal(config.otlp_http.cors_allowed_origins.count, 2);
    assert_string_equal(config.storage.directory, "/a=b");
    weft_config_release(&config);
}

static const char *get_variable(void *self, const char *name)
{
    static const char *const values[][2] = {
        { "STRING_VALUE", "value" },
        { "EMPTY", "" },
        { "VALUE_WITH_ESCAPE", "value$$" },
        { "REPLACE_ME", "${DO_NOT_REPLACE_ME}" },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i][0], name) == 0) return values[i][1];
    return NULL;
}

static void count_warning(void *self, const char *sentence)
{
    ++*(int *)self;
}

/* The table of the OpenTelemetry configuration specification (checklist C1.17.5), with the
 * Collector's env: form. */
static void references_are_filled_in(void **state)
{
    static const struct {
        const char *in, *out;
        int warnings;
    } cases[] = {
        { "${STRING_VALUE}", "value", 0 },
        { "${env:STRING_VALUE}", "value", 0 },
        { "foo ${STRING_VALUE} ${STRING_VALUE}", "foo value value", 0 },
        { "${UNDEFINED_KEY}", "", 1 },
        { "${UNDEFINED_KEY:-fallback}", "fallback", 0 },
        { "${env:UNDEFINED_KEY:-fall:-back}", "fall:-back", 0 },
        { "${EMPTY}", "", 0 },
        { "${EMPTY:-fallback}", "fallback", 0 },
        { "${REPLACE_ME}", "${DO_NOT_REPLACE_ME}", 0 },
        { "${UNDEFINED_KEY:-${STRING_VALUE}}", "${STRING_VALUE}", 0 },
        { "${STRING_VALUE:?error}", NULL, 0 },
        { "${1A}", NULL, 0 },
        { "${A_$B}", NULL, 0 },
        { "${}", NULL, 0 },
        { "$${STRING_VALUE}", "${STRING_VALUE}", 0 },
        { "$$${STRING_VALUE}", "$value", 0 },
        { "$$$${STRING_VALUE}", "$${STRING_VALUE}", 0 },
        { "$${STRING_VALUE:-${STRING_VALUE}}", "${STRING_VALUE:-value}", 0 },
        { "${VALUE_WITH_ESCAPE}", "value$$", 0 },
        { "a $$ b", "a $ b", 0 },
        { "a $ b", "a $ b", 0 },
        { "$", "$", 0 },
    };
    struct weft_arena arena;

    weft_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int warnings = 0;
        struct weft_config_environment environment = { get_variable, count_warning, &warnings };
        struct weft_err err = { 0 };
        struct weft_str out;
        int rc =
            weft_config_substitute(&out, weft_str_from_c(cases[i].in), &environment, &arena, &err);
        if (cases[i].out == NULL) {
            assert_int_equal(rc, WEFT_INVALID);
        } else if (rc != WEFT_OK || !weft_str_equal_c(out, cases[i].out) ||
                   warnings != cases[i].warnings) {
            fail_msg("%s: %d \"%.*s\" %d", cases[i].in, rc, WEFT_S_ARG(out), warnings);
        }
    }
    weft_arena_release(&arena);
}

/* What is written reads back as the same. */
static void a_written_configuration_reads_back(void **state)
{
    static const char *const assignments[] = {
        "storage.directory=/a b/\"c\\${d}: #é",
        "receivers.otlp.protocols.http.cors.allowed_origins=*,https://a b",
        "memory.limit=123456789",
        "server.tempo.endpoint=",
        "receivers.otlp.protocols.grpc.endpoint=[::1]:0",
    };
    struct weft_config first, second;
    struct weft_buf once = { 0 }, twice = { 0 };
    struct weft_err err = { 0 };

    weft_config_init(&first);
    weft_config_init(&second);
    for (size_t i = 0; i < sizeof assignments / sizeof assignments[0]; i++)
        assert_int_equal(weft_config_set(&first, weft_str_from_c(assignments[i]), &err), WEFT_OK);
    weft_config_write(&first, &once);
    if (weft_config_read(&second, weft_buf_str(&once), "f.yaml", &err) < 0)
        fail_msg("%s", err.text);
    weft_config_write(&second, &twice);
    assert_true(weft_str_equal(weft_buf_str(&once), weft_buf_str(&twice)));
    assert_string_equal(second.storage.directory, first.storage.directory);
    weft_buf_release(&once);
    weft_buf_release(&twice);
    weft_config_release(&first);
    weft_config_release(&second);
}

/* The example in the tree says the defaults, all of them. */
static void the_example_is_the_defaults(void **state)
{
    struct weft_config example, defaults;
    struct weft_buf a = { 0 }, b = { 0 };
    struct weft_err err = { 0 };
    char path[1024];
    const char *here = __FILE__, *end = strstr(here, "src/app/config_test.c");

    assert_non_null(end);
    snprintf(path, sizeof path, "%.*sexamples/weft.yaml", (int)(end - here), here);
    weft_config_init(&example);
    weft_config_init(&defaults);
    if (weft_config_read_file(&example, path, &err) < 0) fail_msg("%s", err.text);
    weft_config_write(&example, &a);
    weft_config_write(&defaults, &b);
    assert_true(weft_str_equal(weft_buf_str(&a), weft_buf_str(&b)));
    weft_buf_release(&a);
    weft_buf_release(&b);
    weft_config_release(&example);
    weft_config_release(&defaults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_file_is_refused_with_place_and_reason),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
        cmocka_unit_test(defaults_are_those_scripts_rely_on),
        cmocka_unit_test(only_listed_protocols_listen),
        cmocka_unit_test(a_socket_may_be_named_in_three_ways),
        cmocka_unit_test(set_overrides_any_key_or_says_why_not),
        cmocka_unit_test(references_are_filled_in),
        cmocka_unit_test(a_written_configuration_reads_back),
        cmocka_unit_test(the_example_is_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
