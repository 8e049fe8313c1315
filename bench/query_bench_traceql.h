/* query_bench_traceql.h -- TraceQL and completion over a store that is there: the shapes of questions that a trace store is asked. */
#ifndef WEFT_BENCH_QUERY_BENCH_TRACEQL_H
#define WEFT_BENCH_QUERY_BENCH_TRACEQL_H
#include <stdbool.h>
#include <stdint.h>

/* One line a query: CPU time p50 and p99, what was found, and what was looked at for it. With `is_cold` each run opens the store anew, its
 * pages dropped, and the times are those of the clock. */
void bench_traceql(const char *directory, uint32_t times, bool is_cold, const char *const *queries);
/* The same of the queries that suit a shape of weft load: "a2" or "s". False: no such shape. */
bool bench_traceql_shape(const char *directory, const char *shape, uint32_t times, bool is_cold);

#endif
