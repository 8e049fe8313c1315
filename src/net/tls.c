/* tls.c -- OpenSSL: contexts, reload, and its four answers to a read or write. */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"

#define RELOAD_INTERVAL_NS (10 * WEFT_NS_PER_SECOND)

struct file_mark {
    ino_t inode;
    off_t size;
    struct timespec modified;
};
struct weft_tls {
    char *name, *cert_file, *key_file, *client_ca_file;
    int min_version;
    uint64_t reload_interval_ns;
    pthread_mutex_t lock; /* guards what follows */
    SSL_CTX *context;
    uint64_t next_look_ns;
    struct file_mark marks[3]; /* of the files tried last, good or not */
};

/* ---- contexts ---- */

static int fail_ssl(struct weft_err *err, const char *what, const char *file)
{
    char text[200] = "no reason given";
    unsigned long code = ERR_peek_last_error();
    if (code != 0) ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    return weft_fail(err, WEFT_INVALID, "TLS: %s%s%s: %s", what, file != NULL ? " " : "",
                     file != NULL ? file : "", text);
}

static int alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char known[] = "\x02h2\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, known, sizeof known - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int client_ca_load(SSL_CTX *context, const char *file, struct weft_err *err)
{
    if (SSL_CTX_load_verify_file(context, file) != 1) return fail_ssl(err, "client CA file", file);
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (names == NULL) return fail_ssl(err, "client CA file", file);
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return WEFT_OK;
}

static int context_load(SSL_CTX **out, const struct weft_tls *tls, struct weft_err *err)
{
    static const unsigned char session_context[] = "weft";
    int rc;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) return fail_ssl(err, "starting", NULL);
    SSL_CTX_set_min_proto_version(context, tls->min_version);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* records and their heads in one read(2) */
    SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
    SSL_CTX_set_alpn_select_cb(context, alpn_select, NULL);
    if (SSL_CTX_use_certificate_chain_file(context, tls->cert_file) != 1)
        rc = fail_ssl(err, "certificate file", tls->cert_file);
    else if (SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) != 1)
        rc = fail_ssl(err, "key file", tls->key_file);
    else if (SSL_CTX_check_private_key(context) != 1)
        rc = fail_ssl(err, "the key does not belong to the certificate, key file", tls->key_file);
    else
        rc = tls->client_ca_file != NULL ? client_ca_load(context, tls->client_ca_file, err)
                                         : WEFT_OK;
    if (rc < 0)
        SSL_CTX_free(context);
    else
        *out = context;
    return rc;
}

/* ---- reload ---- */

static struct file_mark file_look(const char *file)
{
    struct stat status;
    if (file == NULL || stat(file, &status) != 0) return (struct file_mark){ 0 };
    return (struct file_mark){ status.st_ino, status.st_size, status.st_mtim };
}

/* Look at the files; true when one is not what was tried last. */
static bool files_changed(struct weft_tls *tls)
{
    const char *files[3] = { tls->cert_file, tls->key_file, tls->client_ca_file };
    bool has_changed = false;
    for (int i = 0; i < 3; i++) {
        struct file_mark now = file_look(files[i]), *then = &tls->marks[i];
        if (now.inode != then->inode || now.size != then->size ||
            now.modified.tv_sec != then->modified.tv_sec ||
            now.modified.tv_nsec != then->modified.tv_nsec)
            has_changed = true;
        *then = now;
    }
    return has_changed;
}

static void reload(struct weft_tls *tls)
{
    struct weft_err err;
    SSL_CTX *context;
    if (!files_changed(tls)) return;
    if (context_load(&context, tls, &err) < 0) {
        weft_log(WEFT_LOG_ERROR, "net", "listener %s keeps its certificate: %s", tls->name,
                 err.text);
        return;
    }
    SSL_CTX_free(tls->context); /* connections hold references */
    tls->context = context;
    weft_log(WEFT_LOG_INFO, "net", "listener %s: new certificate from %s", tls->name,
             tls->cert_file);
}

/* ---- life ---- */

static char *text_copy(const char *text)
{
    if (text == NULL) return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(weft_alloc(size), text, size);
}

/* OpenSSL writes with write(2), which would end the process when the peer is gone. */
static void sigpipe_ignore(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) signal(SIGPIPE, SIG_IGN);
}

int weft_tls_create(struct weft_tls **out, const char *name, const struct weft_tls_options *options,
                    struct weft_err *err)
{
    bool is_12 = options->min_version == NULL || strcmp(options->min_version, "1.2") == 0;
    if (!is_12 && strcmp(options->min_version, "1.3") != 0)
        return weft_fail(err, WEFT_INVALID,
                         "TLS min_version: expected \"1.2\" or \"1.3\", found \"%s\"",
                         options->min_version);
    if (options->key_file == NULL)
        return weft_fail(err, WEFT_INVALID, "TLS: cert_file %s needs a key_file",
                         options->cert_file);
    struct weft_tls *tls = weft_alloc_zero(sizeof *tls);
    pthread_mutex_init(&tls->lock, NULL);
    tls->name = text_copy(name);
    tls->cert_file = text_copy(options->cert_file);
    tls->key_file = text_copy(options->key_file);
    tls->client_ca_file = text_copy(options->client_ca_file);
    tls->min_version = is_12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    tls->reload_interval_ns =
        options->reload_interval_ns != 0 ? options->reload_interval_ns : RELOAD_INTERVAL_NS;
    tls->next_look_ns = weft_clock_monotonic_ns() + tls->reload_interval_ns;
    files_changed(tls); /* before loading: a change meanwhile is seen at the next look */
    sigpipe_ignore();
    int rc = context_load(&tls->context, tls, err);
    if (rc < 0)
        weft_tls_destroy(tls);
    else
        *out = tls;
    return rc;
}

void weft_tls_destroy(struct weft_tls *tls)
{
    if (tls == NULL) return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    weft_free(tls->name);
    weft_free(tls->cert_file);
    weft_free(tls->key_file);
    weft_free(tls->client_ca_file);
    weft_free(tls);
}

/* ---- connections ---- */

struct ssl_st *weft_tls_open(struct weft_tls *tls, int fd, uint64_t now_ns)
{
    pthread_mutex_lock(&tls->lock);
    if (now_ns >= tls->next_look_ns) {
        tls->next_look_ns = now_ns + tls->reload_interval_ns;
        reload(tls);
    }
    SSL *ssl = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (ssl == NULL) return NULL;
    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_accept_state(ssl);
    return ssl;
}

static enum weft_tls_result result_of(SSL *ssl, int rc)
{
    if (rc == 1) return WEFT_TLS_DONE;
    switch (SSL_get_error(ssl, rc)) {
    case SSL_ERROR_WANT_READ: return WEFT_TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return WEFT_TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN: return WEFT_TLS_CLOSED;
    default: return WEFT_TLS_FAILED;
    }
}

enum weft_tls_result weft_tls_handshake(struct ssl_st *ssl)
{
    ERR_clear_error();
    return result_of(ssl, SSL_do_handshake(ssl));
}

enum weft_tls_result weft_tls_read(struct ssl_st *ssl, char *out, size_t len, size_t *got)
{
    ERR_clear_error();
    return result_of(ssl, SSL_read_ex(ssl, out, len, got));
}

enum weft_tls_result weft_tls_write(struct ssl_st *ssl, const char *bytes, size_t len, size_t *put)
{
    ERR_clear_error();
    return result_of(ssl, SSL_write_ex(ssl, bytes, len, put));
}

void weft_tls_shutdown(struct ssl_st *ssl)
{
    ERR_clear_error();
    SSL_shutdown(ssl);
    ERR_clear_error();
}

void weft_tls_close(struct ssl_st *ssl)
{
    SSL_free(ssl);
}

void weft_tls_peer_name(const struct ssl_st *ssl, struct weft_buf *out)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == NULL || SSL_get_verify_result(ssl) != X509_V_OK) return;
    BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL) return;
    char *bytes;
    if (X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(text, &bytes);
        if (len > 0) weft_buf_append(out, bytes, (size_t)len);
    }
    BIO_free(text);
}
