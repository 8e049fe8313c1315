/* err.c -- filling in struct weft_err. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

/* Format into *text as one printable line: what is cut ends in "...", never inside a UTF-8
 * character, and control
 * bytes (foreign input is quoted in these sentences) become '?'. Returns the length. */
__attribute__((format(printf, 3, 0))) static size_t sentence(char *text, size_t size,
                                                             const char *format, va_list args)
{
    int wanted = vsnprintf(text, size, format, args);
    if (wanted < 0) wanted = 0;
    size_t len = (size_t)wanted;
    if (len >= size) {
        len = size - 4;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
        memcpy(text + len, "...", 3);
        len += 3;
    }
    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) text[i] = '?';
    return len;
}

int weft_fail(struct weft_err *err, int status, const char *format, ...)
{
    if (err == NULL) return status;
    char text[sizeof err->text]; /* apart, because the arguments may quote err->text */
    va_list args;
    va_start(args, format);
    size_t len = sentence(text, sizeof text, format, args);
    va_end(args);
    memcpy(err->text, text, len + 1);
    err->status = status;
    err->system_errno = 0;
    return status;
}

int weft_fail_errno(struct weft_err *err, const char *format, ...)
{
    int system_errno = errno;
    int status = system_errno == ENOSPC || system_errno == EDQUOT ? WEFT_FULL : WEFT_IO;
    if (err == NULL) return status;
    char text[sizeof err->text];
    char reason_buf[128];
    va_list args;
    va_start(args, format);
    sentence(text, sizeof text, format, args);
    va_end(args);
    /* The reason matters more than the end of a long path: the sentence is cut, not the reason. */
    int rc = weft_fail(err, status, "%.*s: %s", (int)(sizeof text - sizeof reason_buf), text,
                       strerror_r(system_errno, reason_buf, sizeof reason_buf));
    err->system_errno = system_errno;
    return rc;
}

int weft_err_wrap(struct weft_err *err, const char *format, ...)
{
    if (err == NULL) return WEFT_INVALID;
    char context[sizeof err->text];
    va_list args;
    va_start(args, format);
    sentence(context, sizeof context, format, args);
    va_end(args);
    int system_errno = err->system_errno;
    int rc = weft_fail(err, err->status, "%s: %s", context, err->text);
    err->system_errno = system_errno;
    return rc;
}

const char *weft_status_name(int status)
{
    switch (status) {
    case WEFT_OK: return "ok";
    case WEFT_INVALID: return "invalid";
    case WEFT_FULL: return "full";
    case WEFT_CORRUPT: return "corrupt";
    case WEFT_IO: return "io";
    case WEFT_NOT_FOUND: return "not_found";
    case WEFT_TOO_LARGE: return "too_large";
    case WEFT_UNSUPPORTED: return "unsupported";
    case WEFT_CLOSED: return "closed";
    case WEFT_TIMEOUT: return "timeout";
    case WEFT_CANCELLED: return "cancelled";
    case WEFT_BUSY: return "busy";
    default: return status > 0 ? "ok" : "unknown";
    }
}
