/* verify.h -- reading back what a load run sent: requests are drawn while it runs, made again at
 * its end, and one trace of each is compared with what the server has, every field of every span.
 *
 * Errors     the first difference, as a sentence with the trace and the field
 * Threads    one owner
 */
#ifndef WEFT_APP_LOAD_VERIFY_H
#define WEFT_APP_LOAD_VERIFY_H
#include "app/load/template.h"

struct weft_load_sample {
    const struct weft_load_template *template;
    uint64_t number, now_ns;
};
struct weft_load_verify {
    struct weft_load_sample *samples;
    uint32_t count, wanted;
    uint64_t seen;
    struct weft_random random;
    uint32_t traces, spans; /* found whole and equal */
};
void weft_load_verify_init(struct weft_load_verify *verify, uint32_t wanted, uint64_t seed);
/* An accepted request; each is as likely to be compared as any other. The template stays where it
 * is. */
void weft_load_verify_add(struct weft_load_verify *verify, const struct weft_load_sample *sample);
int weft_load_verify_run(struct weft_load_verify *verify, const char *server, struct weft_err *err);
void weft_load_verify_release(struct weft_load_verify *verify);

#endif
