#!/bin/bash
# query.sh [MILLIONS]: disk and answers over that many a2 spans (default 4): bytes a span, trace by id,
# searches. Latencies are wall time over HTTP from one client on the same machine, warm; the search finds exact, newest hits.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${WEFT:=build/weft}" "${SHAPE:=a2}"
millions=${1:-4}
run=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-bench.XXXXXX")
trap 'kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$run"' EXIT
set=()
for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo server.jaeger_grpc server.zipkin; do
    set+=(--set "$key.endpoint=127.0.0.1:0")
done
"$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" --set storage.seal_age=2s \
    --set storage.compaction.age=2s --set storage.compaction.segments_min=2 >"$run/log" 2>&1 &
server=$!
for _ in $(seq 200); do [ -s "$run/addresses.json" ] && break; sleep 0.05; done
grpc=$(sed -n 's/.*"receivers.otlp.protocols.grpc.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
web=$(sed -n 's/.*"server.http.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
"$WEFT" load --quiet --endpoint "http://$grpc" --shape "$SHAPE" --spans "${millions}000000" --seed 7 >"$run/load"
python3 - "$web" "$server" "$SHAPE" <<'PYTHON'
import http.client, json, sys, time
host, port = sys.argv[1].rsplit(":", 1)
connection = http.client.HTTPConnection(host, int(port), timeout=60)


def get(path):
    start = time.perf_counter()
    connection.request("GET", path)
    body = connection.getresponse().read()
    return (time.perf_counter() - start) * 1000, json.loads(body)


while True:
    store = get("/api/v1/status")[1]["store"]
    if store["live_spans"] + store["sealed_spans"] == 0:
        break
    time.sleep(0.2)
spans = store["block_spans"]
print(f"{spans} {sys.argv[3]} spans in {store['blocks']} blocks: {store['block_bytes'] / spans:.1f} B/span")


def report(name, times, hits=None):
    times.sort()
    said = f", {hits}" if hits is not None else ""
    print(f"| {name:<52} | {times[len(times) // 2]:8.2f} | {times[int(len(times) * 0.99)]:8.2f} |{said}")


print("| what                                                 |   p50 ms |   p99 ms |\n|---|---|---|")
ids = [t["trace_id"] for t in get("/api/v1/search?limit=500&view=spans")[1]["spans"]]
report("trace by id", [get(f"/api/v1/traces/{i}")[0] for i in ids * 2])
for name, query in [
    ("newest 20 spans, no condition", "view=spans"),
    ("span.key = value, 20 of many", "view=spans&where=span.key-01=value-123"),
    ("span.key = absent value", "view=spans&where=span.key-01=nosuchvalue"),
    ("service and duration >= 900us", "view=spans&service=service-0&min_duration=900us"),
    ("newest 20 traces of a service", "service=service-3"),
]:
    times, inspected = [], 0
    for _ in range(20):
        took, answer = get(f"/api/v1/search?{query}")
        times.append(took)
        inspected = answer["inspected"]["spans"]
    report(name, times, f"inspected {inspected}")
print(f"anonymous memory: {[l for l in open(f'/proc/{sys.argv[2]}/status') if l.startswith('RssAnon')][0].split()[1]} kB")
PYTHON
