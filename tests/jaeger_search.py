#!/usr/bin/env python3
"""jaeger_search: random searches of Jaeger's API over random traces against a slow judge, live and out of blocks.

    tests/jaeger_search.py [SEED]        ends with "N passed, N failed"
"""
import base64
import json
import os
import random
import subprocess
import sys
import tempfile
import urllib.parse

import weft_process

BASE_US = 1795226400 * 10**6
SERVICES, NAMES, KEYS = ["shop", "Shop", "db", ""], ["get", "GET /", "put", ""], ["k", "m", "code", "odd key", "resource.k", "service.name", "error"]
VALUES = ["a", "A", "", "7", 7, -3, 2**53 + 1, 0.5, 2.0, True, False, "true", ["x", 1], [2], [], b"\x00\xff\x10", "AP8Q", "[2]"]
KINDS = {0: "unspecified", 1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
TRACES, SEARCHES = 250, 400


def value(x):
    if isinstance(x, bool):
        return {"boolValue": x}
    if isinstance(x, int):
        return {"intValue": str(x)}
    if isinstance(x, float):
        return {"doubleValue": x}
    if isinstance(x, bytes):
        return {"bytesValue": base64.b64encode(x).decode()}
    return {"arrayValue": {"values": [value(e) for e in x]}} if isinstance(x, list) else {"stringValue": x}


def text(x):
    """What a tag is compared with (query.md Q10.3.3)."""
    if isinstance(x, bytes):
        return base64.b64encode(x).decode()
    if isinstance(x, float):
        return str(int(x)) if x == int(x) else str(x)
    return x if isinstance(x, str) else json.dumps(x, separators=(",", ":"))


def some(r, most):
    return {r.choice(KEYS): r.choice(VALUES) for _ in range(r.randrange(most + 1))}


def attributes(plain):
    return [{"key": k, "value": value(v)} for k, v in plain.items()]


def random_traces(r):
    """[{"id", "spans": [{"service", "resource", "name", "kind", "status", "start", "duration", "attributes", "events"}]}]; times in ns"""
    traces = []
    for n in range(TRACES):
        begin = BASE_US * 1000 + r.randrange(600 * 10**9)
        traces.append({"id": f"{(n + 1) << 64 | r.getrandbits(60):032x}", "spans": [
            {"service": r.choice(SERVICES), "resource": {k: v for k, v in some(r, 2).items() if k != "service.name"}, "name": r.choice(NAMES), "kind": r.randrange(6),
             "status": r.randrange(3), "start": begin + r.randrange(10**9), "duration": r.choice([0, 999, 10**6, 10**6 + 1, 10**9]),
             "attributes": some(r, 3), "events": [some(r, 2) for _ in range(r.randrange(3))]} for _ in range(r.choice([1, 2, 5]))]})
    return traces


def otlp(traces):
    resources = []
    for trace in traces:
        for n, s in enumerate(trace["spans"]):
            named = {"service.name": s["service"]} if s["service"] else {}
            resources.append({"resource": {"attributes": attributes({**named, **s["resource"]})}, "scopeSpans": [{"scope": {"name": "lib"}, "spans": [
                {"traceId": trace["id"], "spanId": f"{n + 1:016x}", "parentSpanId": "" if n == 0 else f"{1:016x}", "name": s["name"], "kind": s["kind"],
                 "startTimeUnixNano": str(s["start"]), "endTimeUnixNano": str(s["start"] + s["duration"]), "status": {"code": s["status"]},
                 "attributes": attributes(s["attributes"]),
                 "events": [{"timeUnixNano": str(s["start"]), "name": "e", "attributes": attributes(e)} for e in s["events"]]}]}]})
    return {"resourceSpans": resources}


def tag_holds(s, key, wanted):
    service = s["service"] or "missing-service-name"
    if key == "error":
        return s["status"] == {"true": 2, "false": 1}.get(wanted, -1)
    if key == "span.kind":
        return KINDS[s["kind"]] == wanted
    if key == "service.name" and wanted == service:
        return True
    bare = key.removeprefix("resource.")
    if bare != key and bare in s["resource"] and text(s["resource"][bare]) == wanted:
        return True
    return any(key in carrier and text(carrier[key]) == wanted for carrier in (s["attributes"], s["resource"], *s["events"]))


def judged(traces, q):
    tags = dict(pair.split(":", 1) for pair in q["tag"])        # of one key the last counts

    def holds(s):
        return ((s["service"] or "missing-service-name") == q["service"] and ("operation" not in q or (s["name"] or "empty-span-name") == q["operation"])
                and q["start"] * 1000 <= s["start"] <= q["end"] * 1000
                and ("minDuration" not in q or s["duration"] >= int(q["minDuration"][:-2]) * 1000)
                and ("maxDuration" not in q or s["duration"] <= int(q["maxDuration"][:-2]) * 1000)
                and all(tag_holds(s, *pair) for pair in tags.items()))
    found = [t for t in traces if any(holds(s) for s in t["spans"])]
    return [t["id"] for t in sorted(found, key=lambda t: (-min(s["start"] for s in t["spans"]), t["id"]))][:q["limit"]]


def random_query(r):
    start = BASE_US + r.choice([-10, -10, r.randrange(500)]) * 10**6
    q = {"service": r.choice(["shop", "shop", "Shop", "db", "missing-service-name", "nosuch"]), "limit": r.choice([1, 5, 1000]),
         "start": start, "end": start + r.choice([1, 60, 700, 700]) * 10**6, "tag": []}
    if r.random() < 0.3:
        q["operation"] = r.choice(["get", "GET /", "empty-span-name", "nosuch"])
    if r.random() < 0.2:
        q["minDuration"] = r.choice(["1us", "1000us", "1001us"])
    if r.random() < 0.2 and q.get("minDuration") != "1001us":
        q["maxDuration"] = r.choice(["1000us", "1000000us"])
    for _ in range(r.choice([0, 1, 1, 1, 2])):
        key = r.choice([*KEYS, "span.kind"])
        wanted = {"error": ["true", "false"], "span.kind": list(KINDS.values()), "service.name": ["shop", "db"]}.get(key) or [text(v) for v in VALUES if text(v)]
        q["tag"].append(f"{key}:{r.choice(wanted)}")
    return q


def searches(weft, traces, r, state):
    """How many failed, how many found something."""
    failed = found = 0
    for _ in range(SEARCHES):
        q = random_query(r)
        status, body = weft.get("/api/traces?" + urllib.parse.urlencode(q, doseq=True))
        got = [t["traceID"] for t in json.loads(body)["data"]] if status == 200 else (status, body[:300])
        want = judged(traces, q)
        found += bool(want)
        if got != want:
            failed += 1
            print(f"FAILED  {state}: {q}\n        expected {want[:5]}... ({len(want)})\n        found    {got[:5]}... ({len(got)})", flush=True)
    return failed, found


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10**9)
    print(f"seed {seed}")
    r = random.Random(seed)
    traces = random_traces(r)
    failed = found = 0
    with tempfile.TemporaryDirectory(prefix="jaeger-search-", dir="/tmp") as directory:
        data = os.path.join(directory, "data")
        for state in ("live", "blocks", "both"):
            if state == "blocks":
                subprocess.run([weft_process.WEFT, "store", "compact", "--data", os.path.join(data, "store")], check=True, capture_output=True)
            with weft_process.Weft(data, ["storage.seal_age=1h"]) as weft:
                late = traces[TRACES // 2:]
                part = traces if state == "both" else traces[:TRACES // 2] + [{**t, "spans": t["spans"][:1]} for t in late]
                sent = part if state == "live" else [{**t, "spans": t["spans"]} for t in late] if state == "both" else []
                if sent and weft.post("/v1/traces", json.dumps(otlp(sent)).encode(), "application/json")[0] != 200:
                    print("FAILED  sending")
                    failed += 1
                bad, some_found = searches(weft, part, r, state)
                failed, found = failed + bad, found + some_found
                weft.stop()
    if found < SEARCHES:        # then it judges little
        failed += 1
        print(f"FAILED  only {found} of {3 * SEARCHES} searches found anything")
    print(f"{3 * SEARCHES + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
