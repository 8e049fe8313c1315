/* import_send.h -- batches to an OTLP receiver: gathered into requests of about a MiB, sent again when the receiver asks to wait.
 *
 * Errors     WEFT_CLOSED, WEFT_FULL: not reachable, or no room, for as long as `retry_ns`; the spans of requests under way are then not
 *            known to be there. A refusal for good is no error: it is counted, the first is kept
 * Threads    one owner; waits inside take() and finish()
 * Ownership  a batch is encoded before take() returns
 */
#ifndef WEFT_APP_TRANSFER_IMPORT_SEND_H
#define WEFT_APP_TRANSFER_IMPORT_SEND_H
#include "app/otlp_sender.h"
#include "model/span.h"

#define WEFT_IMPORT_SLOTS 4 /* requests under way */

struct weft_import_counts {
    uint64_t accepted_spans; /* on the receiver's disk, if it is a weft */
    uint64_t rejected_spans; /* by it, one by one: partial success */
    uint64_t refused_spans;  /* with their whole request, for good */
    uint64_t requests, retries;
    char reason[256]; /* of the first refusal or rejection */
};
struct weft_import_sender;
int weft_import_sender_create(struct weft_import_sender **out,
                              const struct weft_otlp_sender_options *options, uint64_t retry_ns,
                              struct weft_err *err);
/* Send these spans some time; may wait until others are through. */
int weft_import_sender_take(struct weft_import_sender *sender, const struct weft_batch *batch,
                            struct weft_err *err);
int weft_import_sender_finish(struct weft_import_sender *sender,
                              struct weft_err *err); /* all are answered */
const struct weft_import_counts *weft_import_sender_counts(const struct weft_import_sender *sender);
void weft_import_sender_destroy(struct weft_import_sender *sender); /* NULL is fine */

#endif
