/* import_send.c -- a few requests under way, each with its own patience (import_send.h).
 *
 *      GATHERING --is full--> WAITING --sent--> UNDER_WAY --accepted, or refused for good--> FREE
 *                                ^                  |
 *                                +--may try again---+
 */
#include "app/transfer/import_send.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "model/batch_slice.h"
#include "model/otlp.h"

#define REQUEST_BYTES ((size_t)1 << 20)
#define BACKOFF_NS_MIN (100 * WEFT_NS_PER_MS)
#define BACKOFF_NS_MAX (5 * WEFT_NS_PER_SECOND)
#define POLL_NS (50 * WEFT_NS_PER_MS)

enum state { FREE, WAITING, UNDER_WAY };
struct slot {
    struct weft_import_sender *sender;
    enum state state;
    struct weft_buf body, packed;
    struct weft_str wire; /* body, or packed */
    uint64_t spans;
    uint64_t due_ns, backoff_ns;
    uint64_t failing_since_ns; /* 0: it was not refused yet */
    char code[64];             /* of the last refusal */
};
struct weft_import_sender {
    struct weft_otlp_sender *otlp;
    uint64_t retry_ns;
    struct weft_buf gathered;
    uint64_t gathered_spans;
    struct slot slots[WEFT_IMPORT_SLOTS];
    struct weft_import_counts counts;
    int rc; /* patience is at its end; err says with what */
    struct weft_err err;
};

/* ---- answers ---- */

static void keep_reason(struct weft_import_sender *x, const struct weft_otlp_sent *sent)
{
    if (x->counts.reason[0] != '\0') return;
    snprintf(x->counts.reason, sizeof x->counts.reason, "%s%s%.*s", sent->code,
             sent->message.len > 0 ? ": " : "",
             (int)(sent->message.len < 200 ? sent->message.len : 200),
             sent->message.ptr != NULL ? sent->message.ptr : "");
}

/* Try again later, unless it has been refused for too long. */
static void put_off(struct slot *slot, const char *code, uint64_t after_ns)
{
    struct weft_import_sender *x = slot->sender;
    uint64_t now = weft_clock_monotonic_ns();
    slot->state = WAITING;
    if (slot->failing_since_ns == 0) slot->failing_since_ns = now;
    slot->backoff_ns = slot->backoff_ns == 0 ? BACKOFF_NS_MIN : slot->backoff_ns * 2;
    if (slot->backoff_ns > BACKOFF_NS_MAX) slot->backoff_ns = BACKOFF_NS_MAX;
    slot->due_ns = now + (after_ns > 0 ? after_ns : slot->backoff_ns);
    if (now - slot->failing_since_ns < x->retry_ns || x->rc < 0) return;
    x->rc = weft_fail(&x->err, WEFT_CLOSED, "%s did not take spans for %.0f s: %s",
                      weft_otlp_sender_endpoint(x->otlp),
                      (double)(now - slot->failing_since_ns) / 1e9, code);
}

static void done(void *arg, const struct weft_otlp_sent *sent)
{
    struct slot *slot = arg;
    struct weft_import_counts *counts = &slot->sender->counts;
    char code[256];
    if (!sent->is_accepted && sent->may_retry) {
        snprintf(code, sizeof code, "%s %.*s", sent->code,
                 (int)(sent->message.len < 200 ? sent->message.len : 200),
                 sent->message.ptr != NULL ? sent->message.ptr : "");
        counts->retries++;
        put_off(slot, code, sent->retry_after_ns);
        return;
    }
    uint64_t rejected = sent->rejected_spans < slot->spans ? sent->rejected_spans : slot->spans;
    if (!sent->is_accepted)
        counts->refused_spans += slot->spans;
    else
        counts->accepted_spans += slot->spans - rejected, counts->rejected_spans += rejected;
    if (!sent->is_accepted || rejected > 0) keep_reason(slot->sender, sent);
    counts->requests++;
    slot->state = FREE;
}

/* ---- sending ---- */

static void send_due(struct weft_import_sender *x)
{
    uint64_t now = weft_clock_monotonic_ns();
    struct weft_err err;
    for (uint32_t i = 0; i < WEFT_IMPORT_SLOTS && x->rc == WEFT_OK; i++) {
        struct slot *slot = &x->slots[i];
        if (slot->state != WAITING || slot->due_ns > now) continue;
        slot->state = UNDER_WAY;
        int rc = weft_otlp_sender_send(x->otlp, slot->wire, done, slot, &err);
        if (rc == WEFT_OK) continue;
        slot->state = WAITING;
        if (rc == WEFT_CLOSED) {
            put_off(slot, err.text, 0);
        } else if (rc != WEFT_FULL) {
            x->rc = rc;
            x->err = err;
        }
    }
}

static int turn(struct weft_import_sender *x, struct weft_err *err)
{
    send_due(x);
    if (x->rc == WEFT_OK) weft_otlp_sender_poll(x->otlp, POLL_NS);
    if (x->rc < 0 && err != NULL) *err = x->err;
    return x->rc;
}

static struct slot *free_slot(struct weft_import_sender *x)
{
    for (uint32_t i = 0; i < WEFT_IMPORT_SLOTS; i++)
        if (x->slots[i].state == FREE) return &x->slots[i];
    return NULL;
}

/* What is gathered becomes a request. */
static int close_request(struct weft_import_sender *x, struct weft_err *err)
{
    struct slot *slot;
    while ((slot = free_slot(x)) == NULL) {
        int rc = turn(x, err);
        if (rc < 0) return rc;
    }
    struct weft_buf spare = slot->body;
    slot->body = x->gathered;
    x->gathered = spare;
    weft_buf_reset(&x->gathered);
    slot->spans = x->gathered_spans;
    x->gathered_spans = 0;
    slot->due_ns = slot->backoff_ns = slot->failing_since_ns = 0;
    int rc =
        weft_otlp_sender_pack(x->otlp, weft_buf_str(&slot->body), &slot->packed, &slot->wire, err);
    if (rc < 0) return rc;
    slot->state = WAITING;
    send_due(x);
    weft_otlp_sender_poll(x->otlp, 0);
    if (x->rc < 0) *err = x->err;
    return x->rc;
}

int weft_import_sender_take(struct weft_import_sender *x, const struct weft_batch *batch,
                            struct weft_err *err)
{
    struct weft_batch slice;
    uint32_t next = 0;
    while (weft_batch_slice(&slice, batch, &next, REQUEST_BYTES)) {
        weft_otlp_encode_protobuf(&x->gathered, &slice); /* requests add up */
        x->gathered_spans += slice.span_count;
        int rc = x->gathered.len >= REQUEST_BYTES ? close_request(x, err) : WEFT_OK;
        if (rc < 0) return rc;
    }
    return WEFT_OK;
}

static bool is_busy(const struct weft_import_sender *x)
{
    for (uint32_t i = 0; i < WEFT_IMPORT_SLOTS; i++)
        if (x->slots[i].state != FREE) return true;
    return false;
}

int weft_import_sender_finish(struct weft_import_sender *x, struct weft_err *err)
{
    int rc = x->gathered_spans > 0 ? close_request(x, err) : WEFT_OK;
    while (rc == WEFT_OK && is_busy(x)) rc = turn(x, err);
    return rc;
}

const struct weft_import_counts *weft_import_sender_counts(const struct weft_import_sender *x)
{
    return &x->counts;
}

int weft_import_sender_create(struct weft_import_sender **out,
                              const struct weft_otlp_sender_options *options, uint64_t retry_ns,
                              struct weft_err *err)
{
    struct weft_import_sender *x = weft_alloc_zero(sizeof *x);
    x->retry_ns = retry_ns;
    for (uint32_t i = 0; i < WEFT_IMPORT_SLOTS; i++) x->slots[i].sender = x;
    int rc = weft_otlp_sender_create(&x->otlp, options, err);
    if (rc < 0) {
        weft_import_sender_destroy(x);
        return rc;
    }
    *out = x;
    return WEFT_OK;
}

void weft_import_sender_destroy(struct weft_import_sender *x)
{
    if (x == NULL) return;
    weft_otlp_sender_destroy(x->otlp); /* calls under way end here, and still use their slots */
    for (uint32_t i = 0; i < WEFT_IMPORT_SLOTS; i++) {
        weft_buf_release(&x->slots[i].body);
        weft_buf_release(&x->slots[i].packed);
    }
    weft_buf_release(&x->gathered);
    weft_free(x);
}
