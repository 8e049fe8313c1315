/* file_internal.h -- the seam between file operations and system calls: faults before, a record
 * after. */
#ifndef WEFT_BASE_FILE_INTERNAL_H
#define WEFT_BASE_FILE_INTERNAL_H
#include "base/file.h"

/* Ask the fault table; false, with errno set, when the call is to fail. */
bool weft_file_may_go_on(enum weft_file_op op, const char *path, size_t *len);
/* Tell the table what was done. Keeps errno. */
void weft_file_was_done(const struct weft_file_event *event);

#endif
