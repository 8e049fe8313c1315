#!/usr/bin/env python3
"""live: what the server keeps and tells for the web interface: a slot for each service's colour, and the status that is asked each second.

    tests/live.py        ends with "N passed, N failed"
"""
import json
import os
import subprocess
import sys
import tempfile
import time

import weft_process

passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok:
        print(f"FAILED  {name}: {str(said)[:600]}", flush=True)


def same(name, want, got):
    check(name, want == got, f"expected {want!r}, found {got!r}")


def send(weft, service, trace_id, start_ns=None):
    start = start_ns or time.time_ns()
    attributes = [{"key": "service.name", "value": {"stringValue": service}}] if service is not None else []
    body = {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": [
        {"traceId": trace_id, "spanId": trace_id[16:], "name": "work", "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 1000)}]}]}]}
    answer = weft.post("/v1/traces", json.dumps(body).encode(), "application/json")
    same(f"a span of {service} is taken", 200, answer[0])


def get(weft, path):
    status, body = weft.get("/api/v1/" + path)
    check(f"{path} is answered", status == 200, body)
    return json.loads(body)


def trace_id(i):
    return f"{i:032x}"


def listed(weft):
    return {s["name"]: s["slot"] for s in get(weft, "services")["services"]}


NAMES = ["zebra", "apple", "mango", "ünï \"x\"\n"] + [f"service-{i:02}" for i in range(14, 0, -1)]
WANT = {name: i + 1 if i < 16 else 0 for i, name in enumerate(NAMES)} | {"": 0}


def slots(weft):
    """In the order of first sight, however names sort."""
    for i, name in enumerate(NAMES):
        send(weft, name, trace_id(i + 1))
    send(weft, None, trace_id(99))
    send(weft, "apple", trace_id(98))
    same("slots in /services", WANT, listed(weft))


def slots_everywhere(weft, when):
    same(f"{when}: /services", WANT, listed(weft))
    for i, name in [(2, "apple"), (4, NAMES[3]), (17, NAMES[16]), (99, "")]:
        scopes = get(weft, f"traces/{trace_id(i)}")["scopes"]
        same(f"{when}: scopes of a trace of {name!r}", [(name, WANT[name])], [(s["service_name"], s["slot"]) for s in scopes])
    found = get(weft, "search?limit=100")["traces"]
    same(f"{when}: services of traces found", {trace_id(i + 1): WANT[n] for i, n in enumerate(NAMES)},
         {t["trace_id"]: t["services"][0]["slot"] for t in found if int(t["trace_id"], 16) < 98})
    same(f"{when}: first matches", {(t["first_match"]["service_name"], t["first_match"]["service_slot"]) for t in found}, set(WANT.items()))
    same(f"{when}: spans found", set(WANT.items()), {(s["service_name"], s["service_slot"]) for s in get(weft, "search?limit=100&view=spans")["spans"]})
    traces = get(weft, "query?limit=100&q=%7B%20%7D")["traces"]
    same(f"{when}: TraceQL, traces", set(WANT.items()), {(t["services"][0]["name"], t["services"][0]["slot"]) for t in traces})
    spans = get(weft, "query?limit=100&q=%7B%20%7D%20%7C%20spans()")["spans"]
    same(f"{when}: TraceQL, spans", set(WANT.items()), {(s["service_name"], s["service_slot"]) for s in spans})


def kept_slots(directory):
    with weft_process.Weft(directory) as weft:
        slots(weft)
        slots_everywhere(weft, "live")
        path = os.path.join(directory, "store", "SERVICES")
        for _ in range(200):  # a moment after the first sight of the last of them
            if os.path.exists(path) and len(json.load(open(path))["services"]) == 16:
                break
            time.sleep(0.02)
        weft.kill()
    with weft_process.Weft(directory) as weft:
        slots_everywhere(weft, "after kill -9")
        send(weft, "newcomer", trace_id(97))
        same("there are none left", 0, listed(weft)["newcomer"])
        same("stops well", 0, weft.stop())
    store = os.path.join(directory, "store")
    done = subprocess.run([weft_process.WEFT, "store", "compact", "--data", store], capture_output=True, text=True)
    same(f"compacted: {done.stderr}", 0, done.returncode)
    done = subprocess.run([weft_process.WEFT, "store", "check", "--data", store], capture_output=True, text=True)
    same(f"checked: {done.stdout}", 0, done.returncode)
    with weft_process.Weft(directory) as weft:
        same("after compaction", {**WANT, "newcomer": 0}, listed(weft))
        weft.stop()


def slots_of_old_data(directory):
    """A directory from before there were slots, or whose file was lost: by name."""
    path = os.path.join(directory, "store", "SERVICES")
    for name, spoil in [("no file", lambda: os.unlink(path)), ("a broken file", lambda: open(path, "w").write('{"version": 1, "services": ["x'))]:
        spoil()
        with weft_process.Weft(directory) as weft:
            known = sorted([n for n in [*NAMES, "newcomer"]], key=lambda n: n.encode())
            want = {n: i + 1 if i < 16 else 0 for i, n in enumerate(known)} | {"": 0}
            for _ in range(200):
                if (got := listed(weft)) == want:
                    break
                time.sleep(0.02)
            same(f"{name}: by name", want, got)
            same(f"{name}: stops well", 0, weft.stop())
        same(f"{name}: the file is whole again", 16, len(json.load(open(path))["services"]))


def status(directory):
    with weft_process.Weft(directory, ["storage.retention.size=1GiB"]) as weft:
        now = get(weft, "status")
        check("its clock", abs(int(now["time_unix_nano"]) - time.time_ns()) < 5e9, now["time_unix_nano"])
        same("nothing yet", (0, 0, 0, 0, None, None), tuple(now["received"].values()))
        same("nothing stored", (0, None, 1 << 30), tuple(now["storage"][k] for k in ("span_count", "oldest_time_unix_nano", "bytes_max")))
        endpoints = {e["name"]: e for e in now["endpoints"]}
        same("all endpoints", {k.removesuffix(".endpoint"): a for k, a in weft.addresses.items()},
             {e["key"].removesuffix(".endpoint"): e["address"] for e in now["endpoints"]})
        same("who takes spans", {"otlp_grpc", "otlp_http", "zipkin"}, {n for n, e in endpoints.items() if e["takes_spans"]})
        same("only this machine", {(True, False)}, {(e["is_local"], e["is_tls"]) for e in now["endpoints"]})
        old = time.time_ns() - 3600 * 10**9
        send(weft, "a", trace_id(1), old)
        first = get(weft, "status")
        same("one came", (1, 0, 0, 0, trace_id(1)), tuple(first["received"].values())[:5])
        check("just now", abs(int(first["received"]["newest_time_unix_nano"]) - time.time_ns()) < 5e9, first["received"])
        same("and is stored", (1, str(old)), (first["storage"]["span_count"], first["storage"]["oldest_time_unix_nano"]))
        same("the trace is there at once", 1, get(weft, "traces/" + first["received"]["newest_trace_id"])["span_count"])
        send(weft, "b", trace_id(2))
        weft.post("/v1/traces", b'{"resourceSpans": 1}', "application/json")
        send(weft, "c", "0" * 32)  # taken, but its span is none
        last = get(weft, "status")
        same("two came, one was left out, one request was wrong", (2, 1, 0, 1, trace_id(2)), tuple(last["received"].values())[:5])
        same("oldest stays", str(old), last["storage"]["oldest_time_unix_nano"])
        check("requests are counted", {e["name"]: e["request_count"] for e in last["endpoints"]}["otlp_http"] == 4, last["endpoints"])
        start = time.monotonic()
        for _ in range(200):
            weft.get("/api/v1/status")
        check("cheap", time.monotonic() - start < 4, time.monotonic() - start)
        same("stops well", 0, weft.stop())


def main():
    with tempfile.TemporaryDirectory(prefix="weft-live-") as directory:
        kept_slots(os.path.join(directory, "slots"))
        slots_of_old_data(os.path.join(directory, "slots"))
        status(os.path.join(directory, "status"))
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
