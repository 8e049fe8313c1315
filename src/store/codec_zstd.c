/* codec_zstd.c -- a few decompression contexts, shared by all readers. */
#include "store/codec_zstd.h"
#include <pthread.h>

#define KEPT 8u
static struct {
    pthread_mutex_t lock; /* guards the rest */
    ZSTD_DCtx *free[KEPT];
    unsigned count;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

ZSTD_DCtx *weft_zstd_take(void)
{
    ZSTD_DCtx *context = NULL;

    pthread_mutex_lock(&pool.lock);
    if (pool.count > 0) context = pool.free[--pool.count];
    pthread_mutex_unlock(&pool.lock);
    return context != NULL ? context : ZSTD_createDCtx();
}

void weft_zstd_give(ZSTD_DCtx *context)
{
    if (context == NULL) return;
    pthread_mutex_lock(&pool.lock);
    if (pool.count < KEPT) {
        pool.free[pool.count++] = context;
        context = NULL;
    }
    pthread_mutex_unlock(&pool.lock);
    ZSTD_freeDCtx(context);
}
