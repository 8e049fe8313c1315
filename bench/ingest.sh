#!/bin/bash
# ingest.sh [SECONDS] [SET...]: CPU of the server per span, durable and queryable. Sets of lines: standard (shapes, compressions,
# protocols), hostile, cores (one core against two), collector (the OpenTelemetry Collector beside it; COLLECTOR names its
# binary, bench/README.md). Without one: standard, and collector where COLLECTOR is given. "all" is every set.
#
# Every line is one fresh process under `weft load`; CPU is what the kernel counted for the server between the first and last
# request: ns/span (user + system) is taking in, durable and queryable; "merge" is what the merging thread used beside it, for a
# span taken in (it may be behind or catching up). "ack" is from a complete request to its answer as the server counts it
# (/metrics), "p99 ms" what the sender waits.
# Machines are noisy: the ratio of two lines of one run says more than a line. REPEAT=n runs everything n times.
#
# WARM_MIB: so much file cache is filled and dropped first. A virtual machine gets its memory from the host at first touch, which
# can cost more than taking in the spans; a server that has run for a while uses memory that was touched before.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${WEFT:=build/weft}" "${REPEAT:=1}" "${CONNECTIONS:=4}" "${IN_FLIGHT:=4}" "${WARM_MIB:=2048}"
seconds=${1:-5}
sets=("${@:2}")
[ ${#sets[@]} -gt 0 ] || sets=(standard ${COLLECTOR:+collector})
[ "${sets[0]}" != all ] || sets=(standard hostile cores collector)
run=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-bench.XXXXXX")
pids=()
cleanup() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done; rm -rf "$run"; }
trap cleanup EXIT
ticks=$(getconf CLK_TCK)

# User and system seconds of the process, then both of its merging thread alone.
cpu() {
    awk -v t="$ticks" '{ merging = /\(store-compact\)/; sub(/^.*\) /, "") }
        FILENAME !~ /task/ { user = $12; system_ = $13 } merging { u = $12; s = $13 }
        END { print user / t, system_ / t, u / t, s / t }' "/proc/$1/stat" /proc/"$1"/task/*/stat
}
rss() { awk '/^RssAnon/ {print $2 / 1024}' "/proc/$1/status"; }
json() { sed -n "s/.*\"$1\": *\([0-9.]*\).*/\1/p" <<<"$2" | head -n 1; }

start_weft() {          # start_weft [--set ...]
    rm -rf "$run/store" "$run/addresses.json"
    local set=()
    for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo server.jaeger_grpc server.zipkin; do
        set+=(--set "$key.endpoint=127.0.0.1:0")
    done
    ${pin_server:-} "$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" "$@" >"$run/log" 2>&1 &
    server=$!; pids+=("$server")
    for _ in $(seq 200); do [ -s "$run/addresses.json" ] && break; sleep 0.05; done
    grpc=$(sed -n 's/.*"receivers.otlp.protocols.grpc.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
    web=$(sed -n 's/.*"server.http.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
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

scrape() { [ -z "$web" ] || python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' "http://$web/metrics"; }

# quantiles HISTOGRAM BEFORE AFTER: p50 and p99 in milliseconds of what came between, the bounds taken as straight lines
quantiles() {
    awk -v name="$1_bucket" '
        index($0, name "{le=") == 1 {
            split($0, part, /"/); bound = part[2] == "+Inf" ? last : part[2]; last = bound
            if (FNR == NR) { before[part[2]] = $2; next }
            n++; at[n] = bound * 1000; count[n] = $2 - before[part[2]]
        }
        function value(q,   i, wanted, low) {
            wanted = q * count[n]
            for (i = 1; i <= n && count[i] < wanted; i++);
            low = i > 1 ? at[i - 1] : 0
            return count[i] > count[i - 1] ? low + (at[i] - low) * (wanted - count[i - 1]) / (count[i] - count[i - 1]) : at[i]
        }
        END { if (n > 0 && count[n] > 0) printf "%.1f/%.1f", value(0.5), value(0.99); else printf "-" }' "$2" "$3"
}

# measure NAME LOAD_OPTIONS...: one line of the table. The server is running; it is ended afterwards.
measure() {
    local name=$1 before after out; shift
    local load=(${pin_load:-} "$WEFT" load --quiet --connections "$CONNECTIONS" --in-flight "$IN_FLIGHT")
    "${load[@]}" --seconds 2 "$@" >/dev/null 2>&1 || true  # warm: from here on segment files are recycled
    before=$(cpu "$server"); scrape >"$run/before"
    out=$("${load[@]}" --json --seconds "$seconds" "$@") || true
    after=$(cpu "$server"); scrape >"$run/after"
    awk -v name="$name" -v a="$before" -v b="$after" -v n="$(json accepted_spans "$out")" -v sent="$(json sent_bytes "$out")" \
        -v ms="$(json elapsed_ms "$out")" -v p99="$(json latency_p99_ms "$out")" -v refused="$(json refused_requests "$out")" \
        -v rss="$(rss "$server")" -v ack="$(quantiles weft_receiver_acknowledge_seconds "$run/before" "$run/after")" \
        -v commit="$(quantiles weft_store_commit_seconds "$run/before" "$run/after")" 'BEGIN {
        split(a, x, " "); split(b, y, " ")
        merge = y[3] + y[4] - x[3] - x[4]; user = y[1] - x[1] - y[3] + x[3]; system_ = y[2] - x[2] - y[4] + x[4]; cpu = user + system_
        ok = cpu > 0 && n > 0
        printf "| %-32s | %7.0f | %6.0f | %6.0f | %10.0f | %7.0f | %7.3f | %6.0f | %7.1f | %9s | %9s | %7d | %4.0f |\n", name,
               (ok ? cpu / n * 1e9 : 0), (ok ? user / n * 1e9 : 0), (ok ? system_ / n * 1e9 : 0), (ok ? n / cpu : 0),
               (ok ? merge / n * 1e9 : 0), n / (ms > 0 ? ms : 1) / 1e3,
               (n > 0 ? sent / n : 0), p99, ack, commit, refused, rss }'
    for p in "${pids[@]}"; do kill "$p" 2>/dev/null && wait "$p" 2>/dev/null || true; done
    pids=()
}

taking_in() { local name=$1; shift; start_weft; measure "$name" --endpoint "http://$grpc" "$@"; }
over_http() { local name=$1; shift; start_weft; measure "$name" --endpoint "http://$http" "$@"; }

lines_standard() {
    taking_in "a1 gRPC plain" --shape a1
    taking_in "a1 gRPC zstd" --shape a1 --compression zstd
    taking_in "a1 gRPC gzip" --shape a1 --compression gzip
    over_http "a1 HTTP plain" --protocol http --shape a1
    over_http "a1 HTTP JSON" --protocol http-json --shape a1
    for shape in small a2 a2v a2r s s10 s30; do taking_in "$shape gRPC plain" --shape "$shape"; done
}

lines_hostile() {
    for shape in h names keys keylists wide uuid big events single giant; do taking_in "$shape gRPC plain" --shape "$shape"; done
}

lines_cores() {         # the sender has the other core, so that one core is all the server has
    local pin_server="taskset -c 0" pin_load="taskset -c 1" shape
    for shape in a1 small; do taking_in "$shape gRPC plain, one core" --shape "$shape"; done
    pin_server='' pin_load=''
    for shape in a1 small; do taking_in "$shape gRPC plain, all cores" --shape "$shape"; done
}

lines_collector() {
    web=''
    start_collector nop; measure "Collector a1 gRPC -> nop" --endpoint "http://$grpc" --shape a1
    start_collector otlp; measure "Collector a1 gRPC -> OTLP" --endpoint "http://$grpc" --shape a1
    start_collector otlp; measure "Collector small gRPC -> OTLP" --endpoint "http://$grpc" --shape small
}

dd if=/dev/zero of="$run/warm" bs=1M count="$WARM_MIB" status=none; rm "$run/warm"
echo "$(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $("$WEFT" version | head -n 1); $seconds s a line, $CONNECTIONS connections x $IN_FLIGHT in flight"
printf '| %-32s | %7s | %6s | %6s | %10s | %7s | %7s | %6s | %7s | %9s | %9s | %7s | %4s |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n' \
    "what" "ns/span" "user" "system" "spans/CPUs" "merge" "M/s" "B/span" "p99 ms" "ack ms" "commit ms" "refused" "MB"
for _ in $(seq "$REPEAT"); do
    for set in "${sets[@]}"; do "lines_$set"; done
done
