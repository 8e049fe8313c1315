/* retry_delay.h -- how long a refused sender is asked to wait: longer the more are refused, and never the same for two of them.
 *
 * Senders that come back together are refused together again. So the delay is drawn between half and one and a half of a middle
 * value, and that follows the share of refusals: over a quarter of a window refused makes it grow by half, under a sixteenth shrink
 * by a third, and so it does for each window without traffic. Between 100 ms and 30 s.
 *
 * Units      monotonic nanoseconds
 * Threads    any; counts are approximate where threads meet, which nobody can notice
 */
#ifndef WEFT_BASE_RETRY_DELAY_H
#define WEFT_BASE_RETRY_DELAY_H
#include <stdatomic.h>
#include <stdint.h>

struct weft_retry_delay { /* zero is fine */
    _Atomic uint64_t window_ns, middle_ns, taken, refused, draws;
};
void weft_retry_delay_taken(struct weft_retry_delay *delay, uint64_t now_ns);
/* Counts a refusal and draws its delay. */
uint64_t weft_retry_delay_refused(struct weft_retry_delay *delay, uint64_t now_ns);
/* The middle value now, 100 ms at least. */
uint64_t weft_retry_delay_middle_ns(const struct weft_retry_delay *delay);

#endif
