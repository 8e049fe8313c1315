/* tls_test.c -- TLS over real sockets: both protocols by ALPN, client certificates, reload, a bad new file. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/file.h"
#include "base/log.h"
#include "net/net_fixture.h"

static struct fixture fixture;
static char directory[64], cert_file[96], key_file[96], ca_file[96];

/* ---- certificates ---- */

static struct weft_str pem_of(BIO *text, struct weft_buf *out)
{
    char *bytes;
    long len = BIO_get_mem_data(text, &bytes);
    weft_buf_reset(out);
    weft_buf_append(out, bytes, (size_t)len);
    BIO_free(text);
    return weft_buf_str(out);
}

static X509 *certificate_make(EVP_PKEY *key, const char *name)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"weft", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(certificate, subject);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

/* A self-signed certificate and its key, in files; also as objects for a client. */
static void pair_write(const char *name, const char *cert_path, const char *key_path,
                       X509 **certificate, EVP_PKEY **key)
{
    struct weft_buf pem = { 0 };
    struct weft_err err;
    *key = EVP_EC_gen("P-256");
    *certificate = certificate_make(*key, name);
    BIO *text = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(text, *certificate);
    assert_int_equal(weft_file_replace(cert_path, pem_of(text, &pem), &err), WEFT_OK);
    if (key_path != NULL) {
        text = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(text, *key, NULL, NULL, 0, NULL, NULL);
        assert_int_equal(weft_file_replace(key_path, pem_of(text, &pem), &err), WEFT_OK);
    }
    weft_buf_release(&pem);
}

static void server_pair_write(const char *name)
{
    X509 *certificate;
    EVP_PKEY *key;
    pair_write(name, cert_file, key_file, &certificate, &key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static int setup(void **state)
{
    snprintf(directory, sizeof directory, "/tmp/weft-tls-test-XXXXXX");
    if (mkdtemp(directory) == NULL) return -1;
    snprintf(cert_file, sizeof cert_file, "%s/cert.pem", directory);
    snprintf(key_file, sizeof key_file, "%s/key.pem", directory);
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", directory);
    server_pair_write("first");
    fixture_init(&fixture);
    fixture.options.tls = (struct weft_tls_options){ .cert_file = cert_file, .key_file = key_file };
    return 0;
}

static int teardown(void **state)
{
    fixture_stop(&fixture);
    unlink(cert_file);
    unlink(key_file);
    unlink(ca_file);
    rmdir(directory);
    return 0;
}

/* ---- a client ---- */

struct client {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    bool is_open;
};

static void client_open(struct client *client, const char *protocols, int version_max,
                        X509 *certificate, EVP_PKEY *key)
{
    client->context = SSL_CTX_new(TLS_client_method());
    if (version_max != 0) SSL_CTX_set_max_proto_version(client->context, version_max);
    if (certificate != NULL) {
        SSL_CTX_use_certificate(client->context, certificate);
        SSL_CTX_use_PrivateKey(client->context, key);
    }
    client->ssl = SSL_new(client->context);
    client->fd = client_connect(&fixture);
    if (protocols != NULL)
        SSL_set_alpn_protos(client->ssl, (const unsigned char *)protocols,
                            (unsigned)strlen(protocols));
    SSL_set_fd(client->ssl, client->fd);
    client->is_open = SSL_connect(client->ssl) == 1;
    ERR_clear_error();
}

static void client_close(struct client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    close(client->fd);
}

static void name_is(const struct client *client, const char *expected)
{
    char name[64] = "";
    X509 *certificate = SSL_get0_peer_certificate(client->ssl);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    assert_string_equal(name, expected);
}

/* Send, read to the end; how much came. */
static void talk(struct client *client, struct weft_str request, struct weft_buf *in)
{
    weft_buf_reset(in);
    size_t put, got;
    if (SSL_write_ex(client->ssl, request.ptr, request.len, &put) != 1) return;
    while (SSL_read_ex(client->ssl, weft_buf_reserve(in, 65536), 65536, &got) == 1) in->len += got;
    ERR_clear_error();
}

/* ---- tests ---- */

static void http1_both_versions(void **state)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    fixture_start(&fixture);
    struct weft_buf in = { 0 }, out = { 0 };
    for (size_t i = 0; i < 2; i++) {
        struct client client;
        client_open(&client, i == 0 ? NULL : "\x08http/1.1", versions[i], NULL, NULL);
        assert_true(client.is_open);
        talk(&client,
             WEFT_S("POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: "
                    "5\r\n\r\nhello"),
             &in);
        assert_true(buf_has(&in, "\r\n\r\nhello"));
        client_close(&client);
    }
    /* Bodies of many records, read straight to their place, and back. */
    struct client client;
    client_open(&client, NULL, 0, NULL, NULL);
    weft_buf_append_c(
        &out,
        "POST /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2000000\r\n\r\n");
    for (uint32_t i = 0; i < 500000; i++) weft_buf_append(&out, &i, 4);
    talk(&client, weft_buf_str(&out), &in);
    assert_true(in.len > 2000000);
    assert_memory_equal(in.data + in.len - 2000000, out.data + out.len - 2000000, 2000000);
    client_close(&client);
    weft_buf_release(&in);
    weft_buf_release(&out);
}

static void http2_by_alpn(void **state)
{
    static const char hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    fixture_start(&fixture);
    struct client client;
    const unsigned char *protocol;
    unsigned len;
    client_open(&client, "\x08http/1.1\x02h2", 0, NULL, NULL);
    assert_true(client.is_open);
    SSL_get0_alpn_selected(client.ssl, &protocol, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(protocol, "h2", 2);
    size_t put, got;
    char frame[9];
    assert_int_equal(SSL_write_ex(client.ssl, hello, sizeof hello - 1, &put), 1);
    assert_int_equal(SSL_read_ex(client.ssl, frame, sizeof frame, &got), 1);
    assert_int_equal(frame[3], 4); /* SETTINGS */
    client_close(&client);
    client_open(&client, "\x04spdy", 0, NULL, NULL);
    assert_false(client.is_open);
    client_close(&client);
}

static void name_handle(void *self, struct weft_exchange *exchange)
{
    assert_true(exchange->is_tls);
    fixture_text(exchange, 200, exchange->tls_peer_name);
}

static void client_certificates(void **state)
{
    X509 *good, *stranger;
    EVP_PKEY *good_key, *stranger_key;
    struct weft_buf in = { 0 };
    pair_write("stranger", ca_file, NULL, &stranger, &stranger_key);
    pair_write("agent", ca_file, NULL, &good, &good_key);
    fixture.options.tls.client_ca_file = ca_file;
    fixture.options.handler = (struct weft_http_handler){ .self = &fixture, .handle = name_handle };
    fixture_start(&fixture);
    const struct {
        X509 *certificate;
        EVP_PKEY *key;
        bool is_good;
    } cases[] = {
        { good, good_key, true },
        { NULL, NULL, false },
        { stranger, stranger_key, false },
    };
    for (size_t i = 0; i < 3; i++) {
        struct client client;
        client_open(&client, NULL, 0, cases[i].certificate, cases[i].key);
        talk(&client, WEFT_S("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), &in);
        if (buf_has(&in, "200 OK") != cases[i].is_good)
            fail_msg("case %zu: %.*s", i, (int)in.len, in.data);
        if (cases[i].is_good) assert_true(buf_has(&in, "\r\n\r\nCN=agent,O=weft"));
        client_close(&client);
    }
    FIXTURE_WAIT(fixture_refused(&fixture, WEFT_HTTP_REFUSED_TLS) >= 2);
    X509_free(good);
    X509_free(stranger);
    EVP_PKEY_free(good_key);
    EVP_PKEY_free(stranger_key);
    weft_buf_release(&in);
}

static void reload(void **state)
{
    struct client client;
    struct weft_err err;
    fixture.options.tls.reload_interval_ns = 1;
    fixture_start(&fixture);
    client_open(&client, NULL, 0, NULL, NULL);
    name_is(&client, "first");
    client_close(&client);
    server_pair_write("second");
    client_open(&client, NULL, 0, NULL, NULL);
    name_is(&client, "second");
    client_close(&client);
    assert_int_equal(weft_file_replace(cert_file, WEFT_S("not a certificate"), &err), WEFT_OK);
    for (int i = 0; i < 3; i++) {
        client_open(&client, NULL, 0, NULL, NULL);
        name_is(&client, "second");
        client_close(&client);
    }
    server_pair_write("third");
    client_open(&client, NULL, 0, NULL, NULL);
    name_is(&client, "third");
    client_close(&client);
}

static void bad_options(void **state)
{
    X509 *other;
    EVP_PKEY *other_key;
    struct weft_tls *tls;
    struct weft_err err;
    fixture_start(&fixture);
    pair_write("other", ca_file, NULL, &other, &other_key);
    const struct weft_tls_options cases[] = {
        { .cert_file = cert_file },
        { .cert_file = cert_file, .key_file = "/nowhere" },
        { .cert_file = "/nowhere", .key_file = key_file },
        { .cert_file = ca_file, .key_file = key_file }, /* not a pair */
        { .cert_file = cert_file, .key_file = key_file, .client_ca_file = key_file },
        { .cert_file = cert_file, .key_file = key_file, .min_version = "1.1" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        err.text[0] = '\0';
        assert_int_equal(weft_tls_create(&tls, "test", &cases[i], &err), WEFT_INVALID);
        assert_true(strncmp(err.text, "TLS", 3) == 0);
    }
    X509_free(other);
    EVP_PKEY_free(other_key);
}

static void silent_and_wrong_clients(void **state)
{
    fixture.options.limits.first_byte_ns_max = 50 * WEFT_NS_PER_MS;
    fixture_start(&fixture);
    struct weft_buf in = { 0 };
    uint64_t timeouts = fixture_refused(&fixture, WEFT_HTTP_REFUSED_TIMEOUT),
             failures = fixture_refused(&fixture, WEFT_HTTP_REFUSED_TLS);
    int silent = client_connect(&fixture), plain = client_connect(&fixture);
    client_send(plain, WEFT_S("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    client_read_to_end(plain, &in);
    client_read_to_end(silent, &in);
    assert_false(buf_has(&in, "HTTP/1.1 200"));
    assert_int_equal(fixture_refused(&fixture, WEFT_HTTP_REFUSED_TIMEOUT), timeouts + 1);
    assert_int_equal(fixture_refused(&fixture, WEFT_HTTP_REFUSED_TLS), failures + 1);
    weft_buf_release(&in);
    close(silent);
    close(plain);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(http1_both_versions), TEST(http2_by_alpn),
        TEST(client_certificates), TEST(reload),
        TEST(bad_options),         TEST(silent_and_wrong_clients),
    };
    weft_log_configure(WEFT_LOG_ERROR, WEFT_LOG_TEXT,
                       -1); /* the bad certificate is logged: not here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
