#!/usr/bin/env python3
"""mixed [SECONDS]: everything at once on one small server, for sanitizers and as a soak. Every shape, protocol and compression
of `weft load`, the demo's traffic, searches, traces, tails, metrics, a reader of the store's directory and a second server that
must not get it, while segments seal and merge every second; SIGTERM comes in the middle of it. Ends with "N passed, N failed".
"""
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

import weft_process

SETTINGS = ["storage.seal_age=1s", "storage.compaction.segments_min=2", "storage.compaction.age=1s", "memory.limit=32MiB",
            "service.telemetry.logs.level=warn"]
PATHS = ["/metrics", "/api/v1/status", "/api/v1/services", "/api/v1/search?limit=50", "/ready", "/tempo/api/echo",
         "/api/v1/search?order=slowest&limit=5&status=error", "/nothing"]
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


class Loop(threading.Thread):
    """Calls step() again and again until the end; keeps the first thing that was wrong."""

    def __init__(self, name, step):
        super().__init__(daemon=True)
        self.title, self.step, self.rounds, self.wrong, self.stopping = name, step, 0, "", False

    def run(self):
        while not self.stopping:
            try:
                said = self.step()
            except Exception as error:          # shown when it came before the end
                said = f"{type(error).__name__}: {error}"
            if said and not self.stopping:
                self.wrong = self.wrong or said
            self.rounds += 1


def weft(*arguments, statuses=(0,), timeout=60):
    """(what was printed, what was wrong)"""
    done = subprocess.run([weft_process.WEFT, *arguments], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    wrong = "" if done.returncode in statuses else f"{' '.join(arguments)}: status {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout, wrong


def loops(server, rng, loads):
    grpc, http = (server.url(f"receivers.otlp.protocols.{p}") for p in ("grpc", "http"))
    web, store = server.url("server.http"), os.path.join(server.data, "store")
    kinds = itertools.cycle(rng.sample(list(itertools.product(
        ["a1", "a2", "small"], ["grpc", "http", "http-json"], ["none", "gzip", "zstd", "snappy", "lz4", "deflate"])), 54))

    def load():
        shape, protocol, compression = next(kinds)
        out, wrong = weft("load", "--endpoint", grpc if protocol == "grpc" else http, "--protocol", protocol, "--shape", shape,
                          "--compression", compression, "--seconds", "700ms", "--rate", "20000", "--connections", "3",
                          "--spans-per-request", str(rng.choice([1, 20, 300])), "--json", "--quiet", statuses=(0, 1))
        if not wrong:
            report = json.loads(out)
            loads.append(report["accepted_spans"])
            if report["accepted_spans"] == 0:
                wrong = f"{shape} {protocol} {compression}: nothing was taken: {out}"
        return wrong

    def demo():
        protocol = rng.choice(["grpc", "http", "http-json"])
        return weft("demo", "--endpoint", grpc if protocol == "grpc" else http, "--protocol", protocol, "--speed", "60",
                    "--rate", "20", "--duration", "3s", "--quiet")[1]

    def searches():
        out, wrong = weft("search", "--server", web, "--json", "--limit", "3", *rng.choice(
            [[], ["--errors"], ["--order", "slowest"], ["--where", "span.http.response.status_code>=500"], ["--spans"]]),
            statuses=(0, 1))
        for hit in json.loads(out or "{}").get("traces", [])[:2]:
            wrong = wrong or weft("trace", "--server", web, "--all", hit["trace_id"])[1]
        return wrong or weft("services", "--server", web, statuses=(0, 1))[1]

    def tail():
        return weft("tail", "--server", web, "--json", "--count", "200")[1]

    def pages():
        for path in PATHS:
            status, _ = server.get(path)
            if status != (404 if path == "/nothing" else 200):
                return f"{path}: status {status}"
        return ""

    def directory():
        second = subprocess.run([weft_process.WEFT, "serve", "--data", store, "--set", "server.http.endpoint=127.0.0.1:0"],
                                capture_output=True, text=True, timeout=60)
        if second.returncode == 0 or str(server.process.pid) not in second.stderr:
            return f"a second server on the directory: status {second.returncode}: {second.stderr}"
        return weft("store", "check", "--data", store)[1] or weft("store", "stats", "--data", store)[1]

    return [Loop("load", load), Loop("demo", demo), Loop("search, trace, services", searches), Loop("tail", tail),
            Loop("pages", pages), Loop("store check beside the server", directory)]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    print(f"mixed: {seconds} s, SEED={seed}")
    loads = []
    with tempfile.TemporaryDirectory(prefix="weft-mixed-") as data:
        server = weft_process.Weft(data, SETTINGS).start()
        running = loops(server, random.Random(seed), loads)
        for loop in running:
            loop.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and server.process.poll() is None:
            time.sleep(0.1)
        check("the server lived", server.process.poll() is None, server.log_tail())
        for loop in running:
            loop.stopping = True
        status = server.stop(60)
        check("SIGTERM under load ends with status 0", status == 0, f"{status}: {server.log_tail()}")
        for loop in running:
            loop.join(60)
            check(f"{loop.title} ({loop.rounds} rounds)", loop.rounds > 0 and not loop.wrong, loop.wrong)
        store = os.path.join(data, "store")
        out, wrong = weft("store", "check", "--data", store)
        check("weft store check afterwards", not wrong, wrong + out)
        server.start()
        stats = json.loads(weft("store", "stats", "--json", "--data", store)[0])
        check("SIGTERM when idle", server.stop(60) == 0, server.log_tail())
        print(f"load was acknowledged {sum(loads)} spans; {json.dumps(stats)[:400]}")
        errors = [line for line in open(os.path.join(data, "weft.log")) if "error" in line.lower()]
        check("no error in the log", not errors, "".join(errors[:3]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
