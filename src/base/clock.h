/* clock.h -- the time, from outside, so that tests can steer it. Unix nanoseconds; steps of time
 * are uint64_t ns. */
#ifndef WEFT_BASE_CLOCK_H
#define WEFT_BASE_CLOCK_H
#include "base/buf.h"
#include "base/str.h"

#define WEFT_NS_PER_US UINT64_C(1000)
#define WEFT_NS_PER_MS UINT64_C(1000000)
#define WEFT_NS_PER_SECOND UINT64_C(1000000000)

uint64_t weft_clock_unix_ns(void);      /* wall clock; may jump */
uint64_t weft_clock_monotonic_ns(void); /* for timeouts; never jumps */
uint64_t weft_clock_thread_cpu_ns(void);
uint64_t weft_clock_process_cpu_ns(void);
void weft_clock_sleep_ns(uint64_t ns);

/* "30s", "1h30m", "250ms", "1.5us", "100ns", "2d"; a bare number is refused except 0. */
bool weft_duration_parse(struct weft_str text, int64_t *ns);
/* Three significant digits in the unit that fits: "812ns", "1.24ms", "3.5s", "2m 4s"; returns the
 * length. */
size_t weft_duration_format(char *out, size_t size, int64_t ns);
/* Exact, as Go prints it: "1.5ms", "-2m5s", "1h0m0s", "0s". */
void weft_duration_print(struct weft_buf *out, int64_t ns);
/* "2026-11-21T05:00:00.123456789Z" (any number of fraction digits, or an offset) to Unix ns. */
bool weft_time_parse_rfc3339(struct weft_str text, uint64_t *unix_ns);
/* With `digits` (0 to 9) fraction digits, UTC; returns the length. */
size_t weft_time_format_rfc3339(char *out, size_t size, uint64_t unix_ns, unsigned digits);

#endif
