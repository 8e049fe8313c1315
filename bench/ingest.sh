#!/bin/bash
# ingest.sh [SECONDS]: CPU of the server per span, durable and queryable, for each shape and compression; with the OpenTelemetry
# Collector beside it when COLLECTOR names its binary (otlp receiver; otlp and nop exporters; bench/README.md).
#
# Every line is one fresh process under `weft load`; CPU is what the kernel counted for the server between the first and last
# request. Machines are noisy: the ratio of two lines of one run says more than a line. REPEAT=n runs everything n times.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${WEFT:=build/weft}" "${REPEAT:=1}" "${CONNECTIONS:=4}" "${IN_FLIGHT:=4}"
seconds=${1:-5}
run=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-bench.XXXXXX")
pids=()
cleanup() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done; rm -rf "$run"; }
trap cleanup EXIT
ticks=$(getconf CLK_TCK)

cpu() { awk -v t="$ticks" '{sub(/^.*\) /, ""); print ($12 + $13) / t}' "/proc/$1/stat"; }     # user and system seconds
rss() { awk '/^RssAnon/ {print $2 / 1024}' "/proc/$1/status"; }
json() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" <<<"$2" | head -n 1; }

start_weft() {          # start_weft [--set ...]
    rm -rf "$run/store" "$run/addresses.json"
    local set=()
    for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo server.jaeger_grpc server.zipkin; do
        set+=(--set "$key.endpoint=127.0.0.1:0")
    done
    "$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" "$@" >"$run/log" 2>&1 &
    server=$!; pids+=("$server")
    for _ in $(seq 200); do [ -s "$run/addresses.json" ] && break; sleep 0.05; done
    grpc=$(sed -n 's/.*"receivers.otlp.protocols.grpc.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
    http=$(sed -n 's/.*"receivers.otlp.protocols.http.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_collector() {     # start_collector EXPORTER; a sink collector takes what an otlp exporter forwards
    local port sink
    port=$(free_port); sink=$(free_port)
    collector_config "$sink" nop 1 >"$run/sink.yaml"
    "$COLLECTOR" --config "$run/sink.yaml" >"$run/sink.log" 2>&1 & pids+=($!)
    collector_config "$port" "$1" "$sink" >"$run/collector.yaml"
    "$COLLECTOR" --config "$run/collector.yaml" >"$run/collector.log" 2>&1 &
    server=$!; pids+=("$server")
    grpc=127.0.0.1:$port
    for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
}

collector_config() {    # collector_config PORT EXPORTER SINK_PORT
    cat <<YAML
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:$1", max_recv_msg_size_mib: 64}}}}
exporters: {nop: {}, otlp: {endpoint: "127.0.0.1:$3", compression: none, tls: {insecure: true}}}
service: {telemetry: {metrics: {level: none}, logs: {level: error}}, pipelines: {traces: {receivers: [otlp], exporters: [$2]}}}
YAML
}

# measure NAME LOAD_OPTIONS...: one line of the table. The server is running; it is ended afterwards.
measure() {
    local name=$1 before after out spans; shift
    "$WEFT" load --quiet --seconds 1 --connections "$CONNECTIONS" --in-flight "$IN_FLIGHT" "$@" >/dev/null 2>&1 || true  # warm
    before=$(cpu "$server")
    out=$("$WEFT" load --quiet --json --seconds "$seconds" --connections "$CONNECTIONS" --in-flight "$IN_FLIGHT" "$@") || true
    after=$(cpu "$server")
    spans=$(json accepted_spans "$out")
    awk -v name="$name" -v a="$before" -v b="$after" -v n="${spans:-0}" -v s="$seconds" -v p99="$(json latency_p99_ms "$out")" \
        -v refused="$(json refused_requests "$out")" -v rss="$(rss "$server")" 'BEGIN {
        cpu = b - a
        ok = cpu > 0 && n > 0
        printf "| %-38s | %9.0f | %10.0f | %9.3f | %8.1f | %7d | %7.0f |\n", name, (ok ? cpu / n * 1e9 : 0), (ok ? n / cpu : 0),
               n / s / 1e6, p99, refused, rss }'
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done
    pids=()
}

echo "$(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $("$WEFT" version | head -n 1); $seconds s a line, $CONNECTIONS connections x $IN_FLIGHT in flight"
printf '| %-38s | %9s | %10s | %9s | %8s | %7s | %7s |\n|---|---|---|---|---|---|---|\n' \
    "what" "ns/span" "spans/CPU s" "M spans/s" "p99 ms" "refused" "anon MB"
# Taking in alone; what compaction costs beside it is the difference of the last weft line and the first.
off=(--set storage.compaction.segments_min=1000 --set storage.compaction.segments_max=1000 --set storage.compaction.age=10h)
for _ in $(seq "$REPEAT"); do
    start_weft "${off[@]}"; measure "weft a1 gRPC plain" --endpoint "http://$grpc" --shape a1
    start_weft "${off[@]}"; measure "weft a1 gRPC zstd" --endpoint "http://$grpc" --shape a1 --compression zstd
    start_weft "${off[@]}"; measure "weft a1 gRPC gzip" --endpoint "http://$grpc" --shape a1 --compression gzip
    start_weft "${off[@]}"; measure "weft a1 HTTP plain" --endpoint "http://$http" --protocol http --shape a1
    start_weft "${off[@]}"; measure "weft a2 gRPC plain" --endpoint "http://$grpc" --shape a2
    start_weft "${off[@]}"; measure "weft small gRPC plain" --endpoint "http://$grpc" --shape small
    start_weft; measure "weft a1 gRPC plain, compacting beside" --endpoint "http://$grpc" --shape a1
    if [ -n "${COLLECTOR:-}" ]; then
        start_collector nop; measure "Collector a1 gRPC -> nop" --endpoint "http://$grpc" --shape a1
        start_collector otlp; measure "Collector a1 gRPC -> OTLP" --endpoint "http://$grpc" --shape a1
        start_collector otlp; measure "Collector small gRPC -> OTLP" --endpoint "http://$grpc" --shape small
    fi
done
