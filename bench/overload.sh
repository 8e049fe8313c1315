#!/bin/bash
# overload.sh [SECONDS]: three times the load that is taken: what is refused, how it is told, how long what is taken takes, and memory.
#
# First the capacity C: closed loop, 4 connections with 4 requests under way each. Then 3 C is offered, open loop, from CONNECTIONS with
# IN_FLIGHT each, for SECONDS (60); senders keep the delays they are told, so what they offer is less than 3 C and printed. Sender and
# server share this machine, so C is what both reach together. Memory is anonymous RSS, every 100 ms; the page cache does not count.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${WEFT:=build/weft}" "${SHAPE:=a1}" "${SPANS:=1000}" "${CONNECTIONS:=36}" "${IN_FLIGHT:=16}" "${TIMES:=3}"
seconds=${1:-60}
run=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-bench.XXXXXX")
trap 'kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$run"' EXIT
set=()
for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo; do
    set+=(--set "$key.endpoint=127.0.0.1:0")
done
for setting in ${SETTINGS:-}; do set+=(--set "$setting"); done
"$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" >"$run/log" 2>&1 &
server=$!
for _ in $(seq 200); do [ -s "$run/addresses.json" ] && break; sleep 0.05; done
grpc=$(sed -n 's/.*"receivers.otlp.protocols.grpc.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
echo "$(date -u +%F), $(nproc) cores, shape $SHAPE, $SPANS spans a request${SETTINGS:+, $SETTINGS}"
WEFT=$WEFT python3 - "$grpc" "$server" "$SHAPE" "$SPANS" "$CONNECTIONS" "$IN_FLIGHT" "$seconds" "$TIMES" <<'PYTHON'
import json, os, subprocess, sys, threading, time
grpc, pid, shape, spans, connections, in_flight, seconds, times = sys.argv[1:]
seconds, times = int(seconds), float(times)
samples, start = [], time.monotonic()


def anonymous_mib():
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon")) / 1024


def watch():
    while True:
        try:
            samples.append((time.monotonic() - start, anonymous_mib()))
        except (OSError, StopIteration):
            return
        time.sleep(0.1)


def load(connections, in_flight, seconds, rate):
    command = [os.environ["WEFT"], "load", "--json", "--quiet", "--endpoint", f"http://{grpc}", "--shape", shape, "--spans-per-request", spans,
               "--connections", str(connections), "--in-flight", str(in_flight), "--seconds", str(seconds), "--rate", str(int(rate))]
    out = subprocess.run(command, capture_output=True, text=True)
    if not out.stdout:
        sys.exit(out.stderr)
    return json.loads(out.stdout)


def show(name, report, begun):
    took = report["elapsed_ms"] / 1000
    sent = report["accepted_requests"] + report["refused_requests"]
    memory = [(t, m) for t, m in samples if t >= begun]
    print(f"\n{name}: {sent * int(spans) / took:,.0f} spans/s sent, {report['accepted_spans'] / took:,.0f} accepted, "
          f"{report['refused_requests'] / max(sent, 1):.1%} of {sent} requests refused {report['refused_by_code'] or ''}")
    print(f"  latency of accepted requests: p50 {report['latency_p50_ms']:.0f} ms, p99 {report['latency_p99_ms']:.0f} ms, "
          f"max {report['latency_max_ms']:.0f} ms")
    if report["refused_requests"]:
        print(f"  delays told: min {report['delay_min_ms']:.0f} ms, median {report['delay_p50_ms']:.0f} ms, "
              f"max {report['delay_max_ms']:.0f} ms; {report['refused_without_delay']} refusals without one")
    print(f"  anonymous MiB: most {max(m for _, m in memory):.0f}; most in each 10 s:",
          " ".join(f"{max([m for t, m in memory if s <= t - begun < s + 10] or [0]):.0f}"
                   for s in range(0, max(int(memory[-1][0] - begun), 1), 10)), flush=True)


def since(): return time.monotonic() - start


threading.Thread(target=watch, daemon=True).start()
begun = since()
first = load(4, 4, min(20, seconds), 0)
show("capacity, 4 x 4", first, begun)
capacity = first["accepted_spans"] / (first["elapsed_ms"] / 1000)
time.sleep(2)
begun = since()
show(f"{times:g} times that, {connections} x {in_flight}", load(connections, in_flight, seconds, times * capacity), begun)
begun, refused = time.monotonic(), 1
while refused and time.monotonic() - begun < 60:
    report = load(4, 4, 1, capacity / 2)
    refused = report["refused_requests"]
print(f"\nafter the end: half of the capacity taken without a refusal within {time.monotonic() - begun:.1f} s, p99 {report['latency_p99_ms']:.0f} ms")
time.sleep(10)
print(f"ten seconds later: {anonymous_mib():.0f} MiB anonymous")
PYTHON
