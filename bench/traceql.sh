#!/bin/bash
# traceql.sh [MILLIONS] [cold]: TraceQL and completion over that many spans of SHAPE, a2 or s (default: 10 million a2), merged: the
# questions of query_bench_traceql.c, each many times by one thread. Warm, times are CPU of that thread; cold, with the files' pages
# dropped and the store opened anew before each question, they are those of the clock.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${WEFT:=build/weft}" "${SHAPE:=a2}"
millions=${1:-10}
run=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-bench.XXXXXX")
trap 'kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$run"' EXIT
set=()
for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo server.jaeger_grpc server.zipkin; do
    set+=(--set "$key.endpoint=127.0.0.1:0")
done
ninja -C build bench/query_bench >/dev/null
"$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" --set storage.seal_age=2s \
    --set storage.compaction.age=2s --set storage.compaction.segments_min=2 >"$run/log" 2>&1 &
server=$!
for _ in $(seq 200); do [ -s "$run/addresses.json" ] && break; sleep 0.05; done
grpc=$(sed -n 's/.*"receivers.otlp.protocols.grpc.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
web=$(sed -n 's/.*"server.http.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
"$WEFT" load --quiet --endpoint "http://$grpc" --shape "$SHAPE" --spans "${millions}000000" --seed 7 >"$run/load"
python3 - "$web" <<'PYTHON'
import json, sys, time, urllib.request
while True:
    store = json.load(urllib.request.urlopen(f"http://{sys.argv[1]}/api/v1/status"))["store"]
    if store["live_spans"] + store["sealed_spans"] == 0:
        break
    time.sleep(0.2)
print(f"{store['block_spans']} spans in {store['blocks']} blocks: {store['block_bytes'] / store['block_spans']:.1f} B/span\n")
PYTHON
kill "$server" && wait "$server" || true
if [ "${2:-}" = cold ]; then times=5; else times=20; fi
build/bench/query_bench "$run/store" "$SHAPE" "$times" ${2:+"$2"}
