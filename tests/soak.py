#!/usr/bin/env python3
"""soak [MINUTES]: half load with queries beside; memory, descriptors and threads must not grow.

First the machine's full rate is found (20 s) and what then waits is merged; then half of it is sent for MINUTES (30) while
searches and traces are asked for. Every second a line goes to CSV (default build/soak.csv): memory, descriptors, threads, disk,
segments that wait. After a first fifth, in which caches and pools fill, the trend of each is fitted by a line; what it says for
the whole run is held against a bound.
Environment: CSV=path, RATE=spans a second instead of half of the measured, DATA=directory (it holds up to 5 GB).
Ends with one line "soak: ..." and status 0 or 1.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

import weft_process

SETTINGS = ["storage.seal_age=10s", "storage.retention.size=3GiB", "service.telemetry.logs.level=warn"]
# name: (how much the trend may gain over the run, as a share of the mean and at least)
BOUNDS = {"anon_bytes": (0.10, 24 << 20), "fds": (0.0, 8), "threads": (0.0, 1)}
SEALED_MAX = 34             # storage.compaction.backlog_segments_max, and what is sealed just then
DISK_MAX = 5_000_000_000    # what storage.retention.size lets it have, and what a merge writes beside


def load(address, seconds, rate=0):
    """Start `weft load`; its report is JSON."""
    command = [weft_process.WEFT, "load", "--endpoint", f"http://{address}", "--seconds", f"{seconds}s", "--shape", "a2", "--json", "-q"]
    return subprocess.Popen(command + (["--rate", str(rate)] if rate else []), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def report(process):
    out, err = process.communicate()
    try:
        return json.loads(out)
    except ValueError:
        raise RuntimeError(f"weft load: {out}{err}") from None


class Asker(threading.Thread):
    """Searches and traces, one after the other with a pause, until told to stop."""

    def __init__(self, weft):
        super().__init__(daemon=True)
        self.weft, self.stopping, self.answers, self.failures, self.slowest = weft, False, 0, [], 0.0

    def ask(self, path):
        start = time.monotonic()
        status, body = self.weft.get(path)
        self.slowest = max(self.slowest, time.monotonic() - start)
        if status not in (200, 404):
            self.failures.append(f"{path}: {status} {body[:200]!r}")
        self.answers += 1
        return body if status == 200 else b"{}"

    def run(self):
        while not self.stopping:
            try:
                found = json.loads(self.ask("/api/v1/search?limit=20"))
                traces = sorted(set(re.findall(r"[0-9a-f]{32}", json.dumps(found))))[:3]
                for trace in traces:
                    self.ask(f"/api/v1/traces/{trace}")
                self.ask("/api/v1/services")
            except OSError as error:
                self.failures.append(str(error))
            time.sleep(0.25)


def metric(text, name):
    found = re.search(rf"^{name} ([0-9.e+]+)$", text, re.M)
    return float(found.group(1)) if found else 0.0


def sample(weft, store, started):
    pid = weft.process.pid
    status = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status") if ":" in line)
    size = {key: int(status[key].split()[0]) * 1024 for key in ("VmRSS", "RssAnon")}
    text = weft.get("/metrics")[1].decode()
    disk = 0
    for name in os.listdir(store):
        try:
            disk += os.stat(os.path.join(store, name)).st_blocks * 512
        except FileNotFoundError:
            pass
    return {"seconds": round(time.monotonic() - started, 1), "rss_bytes": size["VmRSS"], "anon_bytes": size["RssAnon"],
            "fds": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]), "disk_bytes": disk,
            "sealed_segments": int(metric(text, "weft_store_sealed_segments")),
            "committed_spans": int(metric(text, "weft_store_committed_spans_total"))}


def settle(weft, store):
    """Wait until the segments that full load left behind are merged, a minute at most."""
    for _ in range(60):
        if sample(weft, store, 0)["sealed_segments"] <= 4:
            return
        time.sleep(1)


def gain(samples, name):
    """(what the fitted line gains from the first sample to the last, the mean)"""
    xs, ys = [s["seconds"] for s in samples], [s[name] for s in samples]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / spread if spread else 0.0
    return slope * (xs[-1] - xs[0]), mean_y


def judge(samples, asker, sent):
    wrong, steady = [], samples[len(samples) // 5:]
    for name, (share, least) in BOUNDS.items():
        gained, mean = gain(steady, name)
        if gained > max(share * mean, least):
            wrong.append(f"{name} grew by {gained:.0f} (mean {mean:.0f})")
    if max(s["sealed_segments"] for s in samples) > SEALED_MAX:
        wrong.append(f"more than {SEALED_MAX} segments waited for compaction")
    if max(s["disk_bytes"] for s in samples) > DISK_MAX:
        wrong.append(f"more than {DISK_MAX} bytes on disk in spite of storage.retention.size")
    if asker.failures:
        wrong.append(f"{len(asker.failures)} questions failed, first: {asker.failures[0]}")
    if asker.answers == 0:
        wrong.append("no question was answered")
    refused = sent["refused_requests"]
    if refused > 0:
        wrong.append(f"{refused} requests refused at half load")
    return wrong


def run(weft, data, minutes, csv):
    address = weft.addresses["receivers.otlp.protocols.grpc.endpoint"]
    rate = int(os.environ.get("RATE", 0))
    if not rate:
        full = report(load(address, 20))
        rate = int(full["accepted_spans"] * 1000 / full["elapsed_ms"] / 2)
        settle(weft, os.path.join(data, "store"))
    print(f"soak: {rate} spans a second for {minutes:g} minutes, samples in {csv}", flush=True)
    asker, samples, started = Asker(weft), [], time.monotonic()
    sender = load(address, int(minutes * 60), rate)
    asker.start()
    os.makedirs(os.path.dirname(os.path.abspath(csv)), exist_ok=True)
    with open(csv, "w") as out:
        while sender.poll() is None:
            one = sample(weft, os.path.join(data, "store"), started)
            if not samples:
                out.write(",".join(one) + "\n")
            samples.append(one)
            out.write(",".join(str(v) for v in one.values()) + "\n")
            out.flush()
            time.sleep(1)
    asker.stopping = True
    asker.join(60)
    wrong = judge(samples, asker, report(sender))
    anon = [s["anon_bytes"] >> 20 for s in samples[len(samples) // 5:]]
    print(f"soak: {'FAILED: ' + '; '.join(wrong) if wrong else 'ok'}; {samples[-1]['committed_spans']} spans, {asker.answers} answers "
          f"(slowest {asker.slowest:.2f} s), anonymous memory {min(anon)}-{max(anon)} MiB, resident at the end "
          f"{samples[-1]['rss_bytes'] >> 20} MiB, {samples[-1]['fds']} descriptors, {samples[-1]['threads']} threads, "
          f"{samples[-1]['disk_bytes'] >> 20} MiB on disk")
    return 1 if wrong else 0


def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    csv = os.environ.get("CSV", os.path.join(weft_process.HERE, "..", "build", "soak.csv"))
    with tempfile.TemporaryDirectory(prefix="weft-soak-", dir=os.environ.get("DATA")) as data:
        with weft_process.Weft(data, SETTINGS) as weft:
            status = run(weft, data, minutes, csv)
            if weft.stop() != 0:
                print("soak: FAILED: SIGTERM did not end with status 0")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
