#!/bin/bash
# query.sh [MILLIONS]: disk and answers over that many spans of SHAPE, a2 or s (default: 4 million a2): bytes a span, trace by id
# warm and cold (the pages of the store's files dropped before each), searches. Latencies are wall time over HTTP from one client
# on the same machine; the search finds exact, newest hits.
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
python3 - "$web" "$server" "$SHAPE" "$run/store" <<'PYTHON'
import http.client, json, os, sys, time, urllib.parse
host, port = sys.argv[1].rsplit(":", 1)
connection = http.client.HTTPConnection(host, int(port), timeout=60)


def get(path):
    start = time.perf_counter()
    connection.request("GET", path)
    body = connection.getresponse().read()
    return (time.perf_counter() - start) * 1000, json.loads(body)


store, quiet = {}, 0  # merged blocks are counted until the last reader has left them
while quiet < 3:
    time.sleep(1)
    before, store = store, get("/api/v1/status")[1]["store"]
    quiet = quiet + 1 if store["live_spans"] + store["sealed_spans"] == 0 and before.get("block_bytes") == store["block_bytes"] else 0
spans = store["block_spans"]
print(f"{spans} {sys.argv[3]} spans in {store['blocks']} blocks: {store['block_bytes'] / spans:.1f} B/span")


def report(name, times, hits=None):
    times.sort()
    said = f", {hits}" if hits is not None else ""
    print(f"| {name:<52} | {times[len(times) // 2]:8.2f} | {times[int(len(times) * 0.99)]:8.2f} |{said}")


print("| what                                                 |   p50 ms |   p99 ms |\n|---|---|---|")
def drop_cache():
    for folder, _, files in os.walk(sys.argv[4]):
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold(path):
    drop_cache()
    return get(path)[0]


QUERIES = {
    "a2": [("span.key = value, 20 of many", "where=span.key-01=value-123"), ("span.key = absent value", "where=span.key-01=nosuchvalue"),
           ("service and duration >= 900us", "service=service-0&min_duration=900us")],
    "s": [("user that is there once or twice", "where=span.enduser.id=user-99998"),
          ("user of about 1,000 in 10 million", "where=span.enduser.id=user-200"),
          ("user of about 10,000 in 10 million", "where=span.enduser.id=user-20"),
          ("rpc.system = grpc, 3 of 10", "where=span.rpc.system=grpc"), ("absent user", "where=span.enduser.id=nobody"),
          ("absent uuid", "where=span.session.id=00000000-0000-0000-0000-000000000000"),
          ("body.size >= 99990", "where=span.http.response.body.size>=99990"),
          ("service and name", "service=shop-service-4&name=shop.Catalogue/Get"),
          ("service, name, duration >= 100ms", "service=shop-service-4&name=shop.Catalogue/Get&min_duration=100ms"),
          ("duration >= 900ms", "min_duration=900ms"), ("slowest 20", "order=slowest")],
}
service = {"a2": "service-", "s": "shop-service-"}[sys.argv[3]]
ids = {span["trace_id"] for n in range(10) for span in get(f"/api/v1/search?limit=100&view=spans&service={service}{n}")[1]["spans"]}
report("trace by id, warm", [get(f"/api/v1/traces/{i}")[0] for i in list(ids) * 3][len(ids):])
report("trace by id, cold", [cold(f"/api/v1/traces/{i}") for i in list(ids)[:100]])
for name, query in [("newest 20 spans, no condition", ""), *QUERIES[sys.argv[3]], ("newest 20 traces of a service", f"service={service}3#")]:
    view, query = ("", query[:-1]) if query.endswith("#") else ("view=spans&", query)
    query = urllib.parse.quote(query, safe="=&") if "where=" not in query else "where=" + urllib.parse.quote(query[6:], safe="")
    times, inspected = [], 0
    for _ in range(20):
        took, answer = get(f"/api/v1/search?{view}{query}")
        times.append(took)
        inspected = answer["inspected"]["spans"]
    report(name, times, f"inspected {inspected}")
print(f"anonymous memory: {[l for l in open(f'/proc/{sys.argv[2]}/status') if l.startswith('RssAnon')][0].split()[1]} kB")
PYTHON
