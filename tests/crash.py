#!/usr/bin/env python3
"""crash [RUNS]: kill -9 at random moments under load; afterwards every acknowledged span is there, whole and once.

One data directory is used through all runs, so segments seal, blocks are merged and bundled, old files are deleted by age and
others recycled between the kills. Every other kill is aimed: at a block or a bundle that is being written, or at the moment in
which files go. `weft store check` finds nothing wrong beside the server and after the kill. Every third run a backup is made
beside the load, and half of these are killed too: one that said it is complete verifies and has every span that was
acknowledged before it began.
A request holds a few traces. Its answer decides: acknowledged traces must come back with exactly the spans sent, or, when they
are older than storage.retention.age, not at all; of the others all spans of a request may be there, or none (a torn request is
a failure). 20 runs or more without a bundle, or without a deletion, are a failure too: they prove nothing about these.
Environment: SEED=n repeats the choice of moments. Ends with "N passed, N failed", one case a run.
"""
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import weft_process

SENDERS = 4
HISTORY_MAX = 2000      # requests looked at again when all runs are over; all spans are counted
RETENTION_SECONDS = 15
SETTINGS = ["storage.seal_age=300ms", "storage.compaction.segments_min=2", "storage.compaction.age=1s",
            "storage.compaction.fan_in=2", "storage.compaction.small_block_spans=4000", "storage.compaction.bundle_size_max=1MiB",
            f"storage.retention.age={RETENTION_SECONDS}s"]


class Request:
    """What was sent: {trace id: {span id: name}}, and of which time its spans are."""

    def __init__(self, traces, unix_ns):
        self.traces, self.unix_ns = traces, unix_ns
        self.spans = sum(len(spans) for spans in traces.values())

    def may_be_deleted(self):
        """Asked after its traces were looked for: they were not older then."""
        return time.time_ns() - self.unix_ns > RETENTION_SECONDS * 1_000_000_000


def make_request(rng):
    """A request of 1 to 4 traces: (body, Request)"""
    traces, spans = {}, []
    now = time.time_ns()
    for _ in range(rng.randint(1, 4)):
        trace = f"{rng.getrandbits(128) | 1:032x}"
        ids = [f"{rng.getrandbits(64) | 1:016x}" for _ in range(rng.randint(1, 40))]
        traces[trace] = {i: f"operation {rng.randint(0, 9)} {rng.getrandbits(20)}" for i in ids}
        for n, i in enumerate(ids):
            spans.append({"traceId": trace, "spanId": i, "parentSpanId": ids[0] if n else "", "name": traces[trace][i],
                          "kind": 2, "startTimeUnixNano": str(now + n), "endTimeUnixNano": str(now + n + 1000),
                          "attributes": [{"key": "number", "value": {"intValue": str(n)}},
                                         {"key": "filler", "value": {"stringValue": "x" * rng.randint(0, 300)}}]})
    body = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "crash"}}]},
                               "scopeSpans": [{"scope": {"name": "crash"}, "spans": spans}]}]}
    return json.dumps(body).encode(), Request(traces, now)


class Sender(threading.Thread):
    def __init__(self, address, seed):
        super().__init__()
        self.address, self.rng = address, random.Random(seed)
        self.acknowledged, self.unknown, self.refused, self.stopping = [], [], 0, False

    def run(self):
        host, port = self.address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        while not self.stopping:
            body, request = make_request(self.rng)
            try:
                connection.request("POST", "/v1/traces", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self.unknown.append(request)    # killed in between: it may be there, but then whole
                return
            if answer.status == 200 and text == b"{}":
                self.acknowledged.append(request)
            else:
                self.refused += 1
                self.unknown.append(request)
            time.sleep(self.rng.uniform(0, 0.03))  # more runs a minute tell more than more requests a run


class Reader:
    def __init__(self, weft):
        host, port = weft.addresses["server.http.endpoint"].rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)

    def trace(self, trace):
        """{span id: name}, or a sentence; {} when it is not there"""
        self.connection.request("GET", f"/api/v1/traces/{trace}")
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status == 404:
            return {}
        if answer.status != 200:
            return f"status {answer.status}: {text[:200]!r}"
        columns = json.loads(text)["columns"]
        found = dict(zip(columns["span_id"], columns["name"]))
        return found if len(found) == len(columns["span_id"]) else f"{len(columns['span_id'])} spans, {len(found)} of them different"


def verify(weft, acknowledged, unknown):
    """Sentences about what is wrong."""
    wrong, reader = [], Reader(weft)
    for request in acknowledged:
        for trace, spans in request.traces.items():
            found = reader.trace(trace)
            if found != spans and not (found == {} and request.may_be_deleted()):
                wrong.append(f"acknowledged trace {trace}: sent {len(spans)} spans, "
                             f"found {found if isinstance(found, str) else len(found)}")
    for request in unknown:
        found = [reader.trace(trace) for trace in request.traces]
        if any(found) and found != list(request.traces.values()) and not request.may_be_deleted():
            wrong.append(f"torn request: {[f if isinstance(f, str) else len(f) for f in found]} spans of "
                         f"{[len(s) for s in request.traces.values()]}")
    return wrong


def verify_count(weft, acknowledged, unknown):
    """All spans of all runs are counted: those acknowledged that are not too old, and of the others at most what was sent."""
    services = json.loads(weft.get("/api/v1/services")[1])["services"]
    found = sum(service["span_count"] for service in services)
    least = sum(request.spans for request in acknowledged if not request.may_be_deleted())
    most = sum(request.spans for request in acknowledged + unknown)
    return [] if least <= found <= most else [f"{found} spans are stored, {least} of those acknowledged must be, {most} were sent"]


def store_check(weft):
    """Sentences about what is wrong with the files, whether a server runs or not."""
    check = subprocess.run([weft_process.WEFT, "store", "check", "--data", os.path.join(weft.data, "store")],
                           capture_output=True, text=True)
    return [] if check.returncode == 0 else [f"weft store check: {check.stdout}{check.stderr}"]


def wait_for(aim, store, rng):
    """Until a block or a bundle is being written, or fewer files are there; then up to its end. A merge takes milliseconds: look often."""
    end, before = time.monotonic() + 2, None
    while time.monotonic() < end:
        names = [name for name in os.listdir(store) if name.startswith(("block-", "bundle-"))]
        is_now = len(names) < before if aim == "deletion" and before is not None else \
            any(name.startswith(aim) and name.endswith(".tmp") for name in names)
        if is_now:
            time.sleep(rng.choice([0, 0, rng.uniform(0, 0.01)]))
            return
        before = len(names)


class Backup:
    """A backup made while the server runs; it may be killed with it."""

    def __init__(self, weft, senders):
        self.to = os.path.join(weft.data, "backup")
        shutil.rmtree(self.to, ignore_errors=True)
        self.requests = [request for s in senders for request in list(s.acknowledged)]
        self.process = subprocess.Popen([weft_process.WEFT, "store", "backup", self.to, "--data", os.path.join(weft.data, "store")],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def wait(self, rng):
        """Until it has begun to write, then up to its end."""
        end = time.monotonic() + 2
        while not os.path.isdir(self.to) and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))

    def end(self, is_killed):
        """Sentences about what is wrong."""
        if is_killed:
            self.process.kill()
        said = self.process.communicate()[0]
        wrong = [] if is_killed or self.process.returncode == 0 else [f"weft store backup: {said}"]
        if self.process.returncode == 0:
            verify = subprocess.run([weft_process.WEFT, "store", "verify", self.to, "--json"], capture_output=True, text=True)
            if verify.returncode != 0:
                wrong.append(f"weft store verify: {verify.stdout}{verify.stderr}")
            else:
                stats = subprocess.run([weft_process.WEFT, "store", "check", "--json", "--data", self.to], capture_output=True, text=True)
                found = json.loads(stats.stdout).get("spans", 0) if stats.returncode == 0 else -1
                least = sum(request.spans for request in self.requests if not request.may_be_deleted())
                if found < least:
                    wrong.append(f"the backup has {found} spans, {least} were acknowledged before it began")
        shutil.rmtree(self.to, ignore_errors=True)
        return wrong


def run_once(weft, rng, aim, with_backup):
    """Load, kill, start again, verify. Returns (acknowledged, unknown, wrong)."""
    weft.start()
    senders = [Sender(weft.addresses["receivers.otlp.protocols.http.endpoint"], rng.random()) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    time.sleep(rng.uniform(0.05, 1.2))
    wrong = store_check(weft)
    backup = Backup(weft, senders) if with_backup else None
    if aim:
        wait_for(aim, os.path.join(weft.data, "store"), rng)
    elif backup:
        backup.wait(rng)
    weft.kill()
    if backup:
        wrong += backup.end(rng.random() < 0.5)
    for sender in senders:
        sender.stopping = True
        sender.join()
    acknowledged = [r for s in senders for r in s.acknowledged]
    unknown = [r for s in senders for r in s.unknown]
    wrong += store_check(weft)
    weft.start()
    wrong += verify(weft, acknowledged, unknown)
    if rng.random() < 0.5:
        weft.kill()
    elif weft.stop() != 0:
        wrong.append("SIGTERM after the crash did not end with status 0")
    return acknowledged, unknown, wrong


def bundles_in(store):
    return {name for name in os.listdir(store) if name.startswith("bundle-") and name.endswith(".weft")}


def deletions_in(log):
    with open(log, errors="replace") as f:
        return sum("older than storage.retention.age" in line for line in f)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    rng = random.Random(seed)
    print(f"crash: {runs} runs, SEED={seed}")
    failed, history, open_requests, bundles = 0, [], [], set()
    with tempfile.TemporaryDirectory(prefix="weft-crash-") as data:
        weft, store = weft_process.Weft(data, SETTINGS), os.path.join(data, "store")
        for number in range(1, runs + 1):
            aim = rng.choice(["block-", "bundle-", "deletion"]) if number % 2 == 0 else None
            acknowledged, unknown, wrong = run_once(weft, rng, aim, number % 3 == 0)
            history += acknowledged
            open_requests += unknown
            bundles |= bundles_in(store)
            print(f"run {number}: {len(acknowledged)} requests, {sum(r.spans for r in acknowledged)} spans acknowledged, "
                  f"{len(unknown)} open" + "".join(f"\n    {w}" for w in wrong[:5]), flush=True)
            failed += bool(wrong)
        weft.start()                            # all runs together: compaction must not have lost old ones
        wrong = verify_count(weft, history, open_requests)
        wrong += verify(weft, history[-HISTORY_MAX:], [])
        weft.stop()
        wrong += store_check(weft)
        deletions = deletions_in(os.path.join(data, "weft.log"))
        if runs >= 20 and (not bundles or not deletions):
            wrong.append("too little happened: expected bundles and deletions")
        print(f"all runs: {len(history)} requests, {sum(r.spans for r in history)} spans, {len(bundles)} bundles seen, {deletions} "
              "files deleted" + "".join(f"\n    {w}" for w in wrong[:5]))
        if wrong or failed:
            print(weft.log_tail())
    print(f"{runs + 1 - failed - bool(wrong)} passed, {failed + bool(wrong)} failed")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
