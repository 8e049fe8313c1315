/* service_slots.h -- each service's place among the colours of the interface: given when the service is first seen, and kept, for
 * everybody and for as long as the data directory is.
 *
 * Shape      the names of the first 16 services in the order they were seen; kept in one small file, docs/format/services.md
 * Errors     a file that is damaged is WEFT_CORRUPT, and the slots are empty then: what they are good for is colours
 * Threads    any; looking up takes no lock, so that it may stand on the way of spans
 * Ownership  names are copied
 */
#ifndef WEFT_SERVER_SERVICE_SLOTS_H
#define WEFT_SERVER_SERVICE_SLOTS_H
#include "base/err.h"
#include "base/str.h"

#define WEFT_SERVICE_SLOTS_MAX 16u
#define WEFT_SERVICE_SLOT_NAME_MAX 1024u /* longer names have no slot */

struct weft_service_slots;
/* *out is good whatever is returned. `path`: of the file, which need not be there. */
int weft_service_slots_open(struct weft_service_slots **out, const char *path,
                            struct weft_err *err);
void weft_service_slots_destroy(struct weft_service_slots *slots); /* NULL is fine; does not save */
uint32_t weft_service_slots_count(const struct weft_service_slots *slots); /* given so far */
/* 1 to 16; 0: none, as for the 17th service and later ones, "" and NULL `slots`. */
unsigned weft_service_slot(const struct weft_service_slots *slots, struct weft_str name);
/* Gives a slot to a service that has none, while there are any. True: something is to be saved. */
bool weft_service_slots_see(struct weft_service_slots *slots, struct weft_str name);
/* Writes the file if that is needed. Not on an I/O thread: it waits for the disk. */
int weft_service_slots_save(struct weft_service_slots *slots, struct weft_err *err);

#endif
