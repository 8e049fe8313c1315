#!/bin/bash
# mixed.sh [SECONDS]: taking in beside questions, each alone and both together, on one server: what does each lose?
#
# The question is a full scan (every value of an attribute, and no span that short; or QUESTION, TraceQL), again and again from QUESTIONS connections; taking in is `weft load`
# at RATE spans a second, 0 for as fast as they are taken. Sender, asker and server share this machine, so the sender's own CPU is
# part of what they fight for: the ratios count, not the lines. CPU of the server's I/O and query threads from /proc.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${WEFT:=build/weft}" "${SHAPE:=a2}" "${MILLIONS:=4}" "${RATE:=0}" "${QUESTIONS:=2}" "${QUESTION:={ span.key-01 != \"value-123\" && duration < 2ns \}}"
seconds=${1:-10}
run=$(mktemp -d "${TMPDIR:-/var/tmp}/weft-bench.XXXXXX")
trap 'kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$run"' EXIT
set=()
for key in receivers.otlp.protocols.grpc receivers.otlp.protocols.http server.http server.tempo; do
    set+=(--set "$key.endpoint=127.0.0.1:0")
done
"$WEFT" serve --data "$run/store" --addresses "$run/addresses.json" "${set[@]}" --set storage.seal_age=2s \
    --set storage.compaction.age=2s --set storage.compaction.segments_min=2 >"$run/log" 2>&1 &
server=$!
for _ in $(seq 200); do [ -s "$run/addresses.json" ] && break; sleep 0.05; done
grpc=$(sed -n 's/.*"receivers.otlp.protocols.grpc.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
web=$(sed -n 's/.*"server.http.endpoint": *"\([^"]*\)".*/\1/p' "$run/addresses.json")
"$WEFT" load --quiet --endpoint "http://$grpc" --shape "$SHAPE" --spans "${MILLIONS}000000" --seed 7 >/dev/null
echo "$(date -u +%F), $(nproc) cores, $MILLIONS M spans of $SHAPE stored; $seconds s a line, $QUESTIONS questions at once, rate ${RATE/#0/unbounded}"
WEFT=$WEFT QUESTION=$QUESTION python3 - "$web" "$grpc" "$server" "$SHAPE" "$seconds" "$RATE" "$QUESTIONS" <<'PYTHON'
import glob, http.client, json, os, subprocess, sys, threading, time, urllib.parse
web, grpc, pid, shape, seconds, rate, questions = sys.argv[1:]
seconds, questions = float(seconds), int(questions)
host, port = web.rsplit(":", 1)
TICKS = os.sysconf("SC_CLK_TCK")
PATH = f"/api/v1/query?timeout={seconds:.0f}s&q=" + urllib.parse.quote(os.environ["QUESTION"])


def get(connection, path):
    start = time.perf_counter()
    connection.request("GET", path)
    body = connection.getresponse().read()
    return (time.perf_counter() - start) * 1000, json.loads(body)


def cpu():
    """Seconds by the first word of the thread's name behind "weft-"."""
    sums = {}
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        try:
            text = open(path).read()
        except OSError:
            continue
        name = text[text.index("(") + 1:text.rindex(")")].replace("weft-", "").split("-")[0]
        fields = text[text.rindex(")") + 2:].split()
        sums[name] = sums.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICKS
    return sums


class Asker(threading.Thread):
    def __init__(self, until):
        super().__init__(daemon=True)
        self.until, self.times = until, []

    def run(self):
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        while time.monotonic() < self.until:
            self.times.append(get(connection, PATH)[0])


def measure(name, loads, asks):
    before, until = cpu(), time.monotonic() + seconds
    askers = [Asker(until) for _ in range(questions if asks else 0)]
    for asker in askers:
        asker.start()
    report = {}
    if loads:
        out = subprocess.run([os.environ["WEFT"], "load", "--json", "--quiet", "--endpoint", f"http://{grpc}", "--shape", shape,
                              "--seconds", sys.argv[5], "--rate", rate, "--connections", "4"], capture_output=True, text=True)
        if not out.stdout:
            sys.exit(out.stderr)
        report = json.loads(out.stdout)
    for asker in askers:
        asker.join(90)
    after = cpu()
    used = {k: after[k] - before.get(k, 0) for k in after}
    times = sorted(t for asker in askers for t in asker.times)
    spans = report.get("accepted_spans", 0) / (report["elapsed_ms"] / 1000) if report else 0
    p50, p99 = (times[len(times) // 2], times[int(len(times) * 0.99)]) if times else (0, 0)
    print(f"| {name:<22} | {spans:9.0f} | {report.get('latency_p99_ms', 0):7.1f} | {len(times) / seconds:7.1f} | {p50:7.1f} | {p99:7.1f} |"
          f" {used.get('io', 0):6.2f} | {used.get('query', 0):6.2f} |", flush=True)
    return spans, len(times) / seconds


def settled():
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    for _ in range(600):
        store = get(connection, "/api/v1/status")[1]["store"]
        if store["live_spans"] + store["sealed_spans"] == 0:
            return
        time.sleep(0.1)


print("| what                   |   spans/s |  p99 ms | asked/s |  p50 ms |  p99 ms |  io s | query s |\n|---|---|---|---|---|---|---|---|")
settled()
_, asked = measure("questions alone", False, True)
alone, _ = measure("taking in alone", True, False)
settled()
beside, asked_beside = measure("both", True, True)
settled()
again, _ = measure("taking in alone, again", True, False)
usual = (alone + again) / 2
print(f"taking in keeps {beside / usual:.0%} of its rate; questions keep {asked_beside / asked:.0%} of theirs, over more spans")
PYTHON
