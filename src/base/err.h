/* err.h -- how a function says that it failed.
 *
 * Shape      functions return WEFT_OK or a negative enum weft_status; *err holds a sentence for a
 *            user
 * Threads    a weft_err belongs to its caller
 * Ownership  plain memory of the caller; err may be NULL when nobody wants the sentence
 */
#ifndef WEFT_BASE_ERR_H
#define WEFT_BASE_ERR_H

enum weft_status {
    WEFT_OK = 0,
    WEFT_INVALID = -1, /* the input is wrong; saying it again will not help */
    WEFT_FULL = -2,    /* a budget is used up; later may work */
    WEFT_CORRUPT = -3, /* bytes on disk are not what was written */
    WEFT_IO = -4,      /* the system refused a read, write, sync, connect, ... */
    WEFT_NOT_FOUND = -5,
    WEFT_TOO_LARGE = -6,   /* over a stated size; never fits */
    WEFT_UNSUPPORTED = -7, /* understood, not done here */
    WEFT_CLOSED = -8,      /* the other side is gone, or this part is stopping */
    WEFT_TIMEOUT = -9,
    WEFT_CANCELLED = -10,
    WEFT_BUSY = -11, /* somebody else holds it */
};

struct weft_err {
    int status;       /* an enum weft_status */
    int system_errno; /* errno of the failing call, or 0 */
    char text[488];   /* one sentence, no full stop, no newline, terminated */
};

/* Fill *err (unless NULL) and return `status`. Texts too long are cut with "...". */
int weft_fail(struct weft_err *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, ending in ": " and the text of errno; status WEFT_IO, or WEFT_FULL for ENOSPC and
 * EDQUOT. */
int weft_fail_errno(struct weft_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Put "context: " before the sentence that is there already; returns err->status. */
int weft_err_wrap(struct weft_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "invalid", "full", ... for logs and metrics. */
const char *weft_status_name(int status);

#endif
