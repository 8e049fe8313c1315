/* file_digest.c -- see file_digest.h. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"
#include "base/file.h"
#include "store/file_digest.h"
#include <fcntl.h>
#include <openssl/evp.h>

#define PIECE_BYTES (1u << 20)

bool weft_file_digest_equal(const struct weft_file_digest *a, const struct weft_file_digest *b)
{
    return a->bytes == b->bytes && a->xxh3 == b->xxh3 && memcmp(a->sha256, b->sha256, 32) == 0;
}

struct digesting {
    XXH3_state_t *xxh3;
    EVP_MD_CTX *sha256;
};

static int sha_failed(struct weft_err *err)
{
    return weft_fail(err, WEFT_UNSUPPORTED,
                     "SHA-256 cannot be computed: the OpenSSL of this system refuses it");
}

static int digesting_start(struct digesting *d, struct weft_err *err)
{
    d->xxh3 = XXH3_createState();
    d->sha256 = EVP_MD_CTX_new();
    if (d->xxh3 == NULL || d->sha256 == NULL || XXH3_64bits_reset(d->xxh3) != XXH_OK ||
        EVP_DigestInit_ex(d->sha256, EVP_sha256(), NULL) != 1)
        return sha_failed(err);
    return WEFT_OK;
}

static int digesting_add(struct digesting *d, const void *bytes, size_t len, struct weft_err *err)
{
    XXH3_64bits_update(d->xxh3, bytes, len);
    return EVP_DigestUpdate(d->sha256, bytes, len) == 1 ? WEFT_OK : sha_failed(err);
}

static int digesting_end(struct digesting *d, struct weft_file_digest *out, struct weft_err *err)
{
    out->xxh3 = XXH3_64bits_digest(d->xxh3);
    return EVP_DigestFinal_ex(d->sha256, out->sha256, NULL) == 1 ? WEFT_OK : sha_failed(err);
}

static void digesting_release(struct digesting *d)
{
    XXH3_freeState(d->xxh3);
    EVP_MD_CTX_free(d->sha256);
}

struct source {
    const char *path;
    const void *head;
    size_t head_bytes;
};

/* `out` < 0: nothing is written. */
static int pass(int in, const struct source *from, int out, const char *to,
                struct weft_file_digest *digest, struct weft_err *err)
{
    struct digesting d = { 0 };
    uint8_t *piece = weft_alloc(PIECE_BYTES);
    int rc = digesting_start(&d, err);

    for (uint64_t at = 0; rc == WEFT_OK && at < digest->bytes;) {
        size_t len = digest->bytes - at < PIECE_BYTES ? (size_t)(digest->bytes - at) : PIECE_BYTES;
        if ((rc = weft_file_read_at(in, from->path, piece, len, at, err)) < 0) break;
        if (at == 0 && from->head != NULL) memcpy(piece, from->head, from->head_bytes);
        if (out >= 0 && (rc = weft_file_write_at(out, to, piece, len, at, err)) < 0) break;
        rc = digesting_add(&d, piece, len, err);
        at += len;
    }
    if (rc == WEFT_OK) rc = digesting_end(&d, digest, err);
    digesting_release(&d);
    weft_free(piece);
    return rc;
}

int weft_file_digest(const char *path, struct weft_file_digest *out, struct weft_err *err)
{
    const struct source from = { .path = path };
    int fd;
    int rc = weft_file_open(&fd, path, O_RDONLY, err);

    if (rc == WEFT_OK) rc = weft_file_size(fd, path, &out->bytes, err);
    if (rc == WEFT_OK) rc = pass(fd, &from, -1, NULL, out, err);
    weft_file_close(&fd);
    return rc;
}

int weft_file_copy(const char *from, uint64_t bytes, const void *head, size_t head_bytes,
                   const char *to, struct weft_file_digest *out, struct weft_err *err)
{
    const struct source source = { .path = from, .head = head, .head_bytes = head_bytes };
    int in, fd = -1;
    int rc = weft_file_open(&in, from, O_RDONLY, err);

    if (rc < 0) return rc;
    rc = weft_file_size(in, from, &out->bytes, err);
    if (rc == WEFT_OK && bytes != UINT64_MAX) out->bytes = bytes;
    if (rc == WEFT_OK && head != NULL && out->bytes < head_bytes)
        rc = weft_fail(err, WEFT_CORRUPT, "%s has %llu bytes, at least %zu expected", from,
                       (unsigned long long)out->bytes, head_bytes);
    if (rc == WEFT_OK) rc = weft_file_open(&fd, to, O_WRONLY | O_CREAT | O_EXCL, err);
    bool is_made = fd >= 0;
    if (rc == WEFT_OK) rc = pass(in, &source, fd, to, out, err);
    if (rc == WEFT_OK) rc = weft_file_sync_data(fd, to, err);
    weft_file_close(&fd);
    weft_file_close(&in);
    if (rc < 0 && is_made) weft_file_unlink(to, NULL);
    return rc;
}
