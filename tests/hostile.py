#!/usr/bin/env python3
"""hostile [full] [SHAPE...]: every shape of `weft load` against a fresh server that compacts: nothing refused, nothing lost, every
field of the traces read back as it was sent (while live and again from blocks), anonymous memory within bounds. `full` sends
millions and prints a table of what each shape costs. Ends with "N passed, N failed".
"""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import weft_process

SETTINGS = ["storage.seal_age=300ms", "storage.compaction.age=1s", "storage.compaction.segments_min=2",
            "service.telemetry.logs.level=warn"]
TICK_SECONDS = 0.02
# shape: (spans, spans of the full run, anonymous MB at most, traces read back, more options). The bounds, for the
# short run, are what was measured and a half: ingest's tables and images, one merge, and the traces being shown.
SHAPES = {
    "a1": (60_000, 2_000_000, 50, 20, []),
    "small": (60_000, 3_000_000, 50, 20, []),
    "a2": (60_000, 2_000_000, 50, 20, []),
    "a2v": (60_000, 2_000_000, 50, 20, []),
    "a2r": (60_000, 1_000_000, 70, 20, []),
    "s": (60_000, 2_000_000, 50, 20, []),
    "s10": (60_000, 1_000_000, 50, 20, []),
    "s30": (60_000, 1_000_000, 50, 20, []),
    "h": (60_000, 1_000_000, 100, 20, []),
    "names": (60_000, 2_000_000, 50, 20, []),
    "keys": (60_000, 1_000_000, 100, 20, []),
    "keylists": (60_000, 1_000_000, 70, 20, []),
    "wide": (2_000, 20_000, 110, 10, []),
    "uuid": (40_000, 1_000_000, 60, 20, []),
    "events": (6_000, 60_000, 50, 10, []),
    "single": (60_000, 3_000_000, 50, 20, []),
    "ids64": (60_000, 3_000_000, 50, 20, []),
    "giant": (100_000, 1_000_000, 200, 3, ["--trace-spans", "70000"]),
}
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok or said == "":
        print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


class Watch(threading.Thread):
    """The most anonymous memory a process had."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.kib_max, self.stopping = pid, 0, False

    def run(self):
        while not self.stopping:
            try:
                with open(f"/proc/{self.pid}/status") as status:
                    now = [int(line.split()[1]) for line in status if line.startswith("RssAnon")]
            except OSError:
                return
            self.kib_max = max([self.kib_max] + now)
            time.sleep(TICK_SECONDS)


def thread_seconds(pid):
    """CPU by the first part of the thread's name: "commit-0" counts as "commit"."""
    seconds = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm") as comm, open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
            name = comm.read().strip().rstrip("0123456789").rstrip("-")
            seconds[name] = seconds.get(name, 0) + int(stat.read().split()[0]) / 1e9
    return seconds


def store_of(server):
    return json.loads(server.get("/api/v1/status")[1])["store"]


def wait_for_blocks(server, seconds):
    end = time.monotonic() + seconds
    while True:
        store = store_of(server)
        if store["live_spans"] + store["sealed_spans"] == 0 or time.monotonic() > end:
            return store
        time.sleep(0.05)


def run_shape(name, is_full):
    """(problems, line of the table)"""
    spans, full_spans, anonymous_max, verify, options = SHAPES[name]
    if is_full:
        spans, options = full_spans, []
    data = tempfile.mkdtemp(prefix="weft-hostile-")
    problems = []
    try:
        with weft_process.Weft(data, SETTINGS) as server:
            watch = Watch(server.process.pid)
            watch.start()
            load = subprocess.run(
                [weft_process.WEFT, "load", "--quiet", "--json", "--endpoint", server.url("receivers.otlp.protocols.grpc"),
                 "--server", server.url("server.http"), "--shape", name, "--spans", str(spans), "--seed", "7",
                 "--in-flight", "2", "--verify", str(verify), "--settle", "1800ms", *options],
                capture_output=True, text=True, timeout=600)
            report = json.loads(load.stdout) if load.stdout else {}
            if load.returncode != 0:
                problems.append(f"weft load ended with status {load.returncode}: {load.stderr.strip()} {load.stdout.strip()}")
            store = wait_for_blocks(server, 120)
            accepted = report.get("accepted_spans", -1)
            if store["block_spans"] != accepted:
                problems.append(f"{accepted} spans accepted, {store['block_spans']} in blocks, {store['sealed_spans']} sealed, "
                                f"{store['live_spans']} live")
            if store["compaction_errors"] or store["commit_errors"] or store["damaged_files"]:
                problems.append(f"errors: {store}")
            anonymous = watch.kib_max / 1024
            if anonymous > anonymous_max and not is_full:
                problems.append(f"{anonymous:.0f} MB of anonymous memory, at most {anonymous_max} expected")
            cpu, count = thread_seconds(server.process.pid), max(accepted, 1)
            taking_in = sum(s for t, s in cpu.items() if t in ("weft-io", "commit", "store-prepare"))
            watch.stopping = True
            if server.stop(60) != 0:
                problems.append("did not end cleanly")
        line = (f"| {name:8} | {accepted:9} | {report.get('sent_bytes', 0) / count:9.0f} | {taking_in / count * 1e9:9.0f} "
                f"| {cpu.get('store-compact', 0) / count * 1e9:9.0f} | {store['block_bytes'] / max(1, store['block_spans']):9.1f} "
                f"| {anonymous:5.0f} | {report.get('refused_requests', 0):4} | {report.get('verified_spans', 0):7} |")
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return problems, line


def main():
    is_full = "full" in sys.argv[1:]
    names = [name for name in sys.argv[1:] if name != "full"] or list(SHAPES)
    print("| shape    |     spans | B sent    | ns in     | ns merge  | B stored  | MB    | ref. | read b. |\n|---|---|---|---|---|---|---|---|---|")
    # Mostly waiting for age limits: several at once, but figures only one by one.
    with concurrent.futures.ThreadPoolExecutor(1 if is_full else 3) as pool:
        for name, (problems, line) in zip(names, pool.map(lambda n: run_shape(n, is_full), names)):
            print(line)
            check(name, not problems, "; ".join(problems) or "in the table")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
