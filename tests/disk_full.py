#!/usr/bin/env python3
"""disk_full: a real server on a file system of 512 MiB that fills up under load. Senders over HTTP and gRPC must be told to come
back later, questions are answered all the while, ingest goes on by itself once there is room, and every acknowledged span is there.
Mounts a tmpfs in a mount namespace of its own; status 77 where that is not allowed. Ends with "N passed, N failed".
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

import crash
import weft_process

MIB = 1 << 20
SETTINGS = ["storage.seal_age=300ms", "storage.compaction.segments_min=2", "storage.compaction.age=1s", "server.io_threads=2",
            "service.telemetry.logs.level=warn"]
SENDERS = 3
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


def skip(why):
    print(why)
    sys.exit(77)


def own_mounts():
    """Go on in a mount namespace of our own; for others than root in a user namespace too."""
    if os.environ.get("WEFT_OWN_MOUNTS"):
        return
    command = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    try:
        if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
            skip("no mount namespace may be made here")
    except FileNotFoundError:
        skip("unshare (util-linux) is missing")
    os.environ["WEFT_OWN_MOUNTS"] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


class Sender(threading.Thread):
    """Requests in JSON until told to stop; what was acknowledged, and the answers that were not 200."""

    def __init__(self, weft, seed):
        super().__init__(daemon=True)
        self.weft, self.rng = weft, random.Random(seed)
        self.acknowledged, self.unknown, self.refusals, self.strange, self.stopping = [], [], [], [], False

    def run(self):
        while not self.stopping:
            body, traces = crash.make_request(self.rng)
            status, text, headers = self.weft.post("/v1/traces", body, "application/json")
            if status == 200 and text == b"{}":
                self.acknowledged.append(traces)
                time.sleep(0.01)
                continue
            self.unknown.append(traces)
            if status in (429, 503) and int(headers.get("Retry-After", 0)) > 0:
                self.refusals.append(text.decode())
            else:
                self.strange.append(f"status {status}, Retry-After {headers.get('Retry-After')}: {text[:200]!r}")
            time.sleep(0.1)


def wait_for(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


def fill(path):
    """Every byte that is left; more each time, as files of the store come and go."""
    with open(path, "ab", buffering=0) as filler:
        for size in (MIB, 4096):
            try:
                while filler.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass


def load_over_grpc(weft):
    """Answers by code of one second of `weft load`."""
    report = subprocess.run([weft_process.WEFT, "load", "--endpoint", weft.url("receivers.otlp.protocols.grpc"), "--rate", "2000",
                             "--spans-per-request", "50", "--seconds", "1", "--json", "--quiet"], capture_output=True, text=True)
    return json.loads(report.stdout)


def while_full(weft, senders, disk):
    """The disk fills up; returns when everything about that is checked."""
    fillers = threading.Event()

    def keep_full():
        while not fillers.is_set():
            fill(os.path.join(disk, "filler"))
            fillers.wait(0.02)

    filler = threading.Thread(target=keep_full, daemon=True)
    filler.start()
    told = wait_for(15, lambda: all(len(s.refusals) > 3 for s in senders))
    check("OTLP/HTTP hears 503 with Retry-After", told, [len(s.refusals) for s in senders])
    report = load_over_grpc(weft)
    check("OTLP/gRPC hears UNAVAILABLE, and only that", set(report["refused_by_code"]) == {"UNAVAILABLE"}, report)
    check("the answer says what is missing", any("storage.free_space_min" in r for s in senders for r in s.refusals),
          senders[0].refusals[:1])
    sample = [random.choice(s.acknowledged) for s in senders for _ in range(5)]
    wrong = crash.verify(weft, sample, [])
    check("traces are found while the disk is full", not wrong, wrong[:3])
    answers = {path: weft.get(path)[0] for path in ("/api/v1/search?limit=5", "/api/v1/services", "/metrics", "/health")}
    check("searches, metrics and health answer", set(answers.values()) == {200}, answers)
    fillers.set()
    filler.join()


def run(disk):
    weft = weft_process.Weft(os.path.join(disk, "data"), SETTINGS, log=os.path.join(tempfile.gettempdir(), f"weft-full-{os.getpid()}"))
    weft.start()
    senders = [Sender(weft, n) for n in range(SENDERS)]
    for sender in senders:
        sender.start()
    check("spans are taken before", wait_for(10, lambda: all(len(s.acknowledged) > 20 for s in senders)))
    for number in (1, 2):                       # twice: coming back must leave nothing behind
        while_full(weft, senders, disk)
        before = [len(s.acknowledged) for s in senders]
        os.unlink(os.path.join(disk, "filler"))
        back = wait_for(15, lambda: all(len(s.acknowledged) > n + 5 for s, n in zip(senders, before)))
        check(f"ingest comes back by itself ({number})", back, weft.log_tail())
        for sender in senders:
            sender.refusals.clear()
    for sender in senders:
        sender.stopping = True
    for sender in senders:
        sender.join(30)
    strange = [t for s in senders for t in s.strange]
    check("no other answer than 200, 429 and 503", not strange, strange[:3])
    acknowledged, unknown = [r for s in senders for r in s.acknowledged], [r for s in senders for r in s.unknown]
    wrong = crash.verify(weft, acknowledged, unknown)
    check(f"{len(acknowledged)} acknowledged requests are whole, {len(unknown)} refused ones whole or absent", not wrong, wrong[:3])
    compacted = wait_for(10, lambda: json.loads(weft.get("/api/v1/status")[1])["store"]["sealed_spans"] == 0)
    check("compaction comes back too", compacted, weft.get("/api/v1/status")[1])
    check("SIGTERM ends with status 0", weft.stop() == 0, weft.log_tail())
    weft.start()
    wrong = crash.verify(weft, acknowledged, unknown)
    check("the same after a start", not wrong, wrong[:3])
    weft.stop()
    done = subprocess.run([weft_process.WEFT, "store", "check", "--data", os.path.join(weft.data, "store")],
                          capture_output=True, text=True)
    check("weft store check", done.returncode == 0, done.stdout + done.stderr)
    if failed:
        print(open(weft.log, errors="replace").read()[-3000:])
    os.unlink(weft.log)


def main():
    own_mounts()
    with tempfile.TemporaryDirectory(prefix="weft-full-") as disk:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "weft", disk], capture_output=True).returncode != 0:
            skip("a file system may not be mounted here")
        try:
            run(disk)
        finally:
            subprocess.run(["umount", "-l", disk])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
