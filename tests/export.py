#!/usr/bin/env python3
"""export: traces out of one weft in every format, each read by Python's own readers, and back into a second weft.

    tests/export.py            ends with "N passed, N failed"
"""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile

import weft_process
from weft_process import WEFT

BASE = 1795226400 * 10**9
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok:
        print(f"FAILED  {name}: {str(said)[:1500]}", flush=True)


def same(name, want, got):
    if want == got:
        return check(name, True)
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted(set(want) | set(got), key=str):
            if want.get(key) != got.get(key):
                return check(name, False, f"{key}: expected {want.get(key)}, found {got.get(key)}")
    check(name, False, f"expected {want}, found {got}")


def run(*arguments, status=0, stdin=None):
    done = subprocess.run([WEFT, *arguments], capture_output=True, input=stdin, timeout=60)
    check(f"{' '.join(arguments[:1])}: exit status", done.returncode == status,
          f"{arguments}: expected {status}, found {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout, done.stderr.decode(errors="replace")


# ---- the data: everything OTLP can say ----

def value(x):
    if isinstance(x, bool):
        return {"boolValue": x}
    if isinstance(x, int):
        return {"intValue": str(x)}
    if isinstance(x, float):
        return {"doubleValue": x}
    if isinstance(x, bytes):
        import base64
        return {"bytesValue": base64.b64encode(x).decode()}
    if isinstance(x, list):
        return {"arrayValue": {"values": [value(e) for e in x]}}
    if isinstance(x, dict):
        return {"kvlistValue": {"values": attributes(x)}}
    return {} if x is None else {"stringValue": x}


def attributes(pairs):
    return [{"key": k, "value": value(v)} for k, v in pairs.items()]


def span(trace, number, parent, name, start_us, us, **more):
    start = BASE + start_us * 1000
    out = {"traceId": trace, "spanId": f"{number:016x}", "name": name, "kind": more.pop("kind", 1),
           "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + us * 1000),
           "attributes": attributes(more.pop("a", {}))}
    if parent:
        out["parentSpanId"] = f"{parent:016x}"
    return {**out, **more}


def group(service, *spans, scope=None, **resource):
    named = {"service.name": service} if service else {}
    return {"resource": {"attributes": attributes({**named, **resource})},
            "scopeSpans": [{"scope": scope or {"name": "lib", "version": "1.2"}, "spans": list(spans)}]}


A, B, C = "0af7651916cd43dd8448eb211c80319c", "00000000000000000af7651916cd43dd", "c" * 32
MANY = {"text": "with \"quotes\", commas,\nlines and \u00fcml\u00e4uts", "int": 2**60 + 1, "small": -3, "double": 1.5, "yes": True, "no": False,
        "bytes": b"\x00\xff\x10", "list": ["a", 1, True], "map": {"k": {"deep": [1.5]}}, "empty": None, "": "empty key", "=cmd": "=1+1"}
DATA = {"resourceSpans": [
    group("front, end", span(A, 1, None, "GET /cart", 0, 300, kind=2, a=MANY, flags=257, traceState="x=1,y=2",
                             droppedAttributesCount=1, droppedEventsCount=2, droppedLinksCount=3, status={"code": 2, "message": "broke,\n\"so\""},
                             events=[{"timeUnixNano": str(BASE + 5123), "name": "exception", "attributes": attributes({"exception.type": "E", "n": 1}),
                                      "droppedAttributesCount": 4}, {"timeUnixNano": str(BASE + 7000)}],
                             links=[{"traceId": C, "spanId": f"{7:016x}", "traceState": "l=1", "attributes": attributes({"why": "because"}), "flags": 257}]),
          scope={"name": "lib", "version": "1.2", "attributes": attributes({"language": "c"}), "droppedAttributesCount": 1}, env="prod", port=80),
    group("db", span(A, 2, 1, "query", 100, 100, kind=3, status={"code": 1}, a={"db.system": "redis"}),
          span(A, 3, 99, "orphan", 120, 0, kind=5), span(A, 4, 2, "", 130, 7, kind=4)),
    group("cron", span(B, 1, None, "tick", 10000, 2000, a={"n": 1.5}), span(B, 2, 1, "tock", 10001, 5)),
    group(None, *[span(C, i + 1, i or None, f"step {i}", 20000 + i, 50 - i, kind=0) for i in range(40)]),
]}


# ---- spans, however they came, as one dict a span ----

def plain(otlp_value):
    for kind, x in otlp_value.items():
        if kind == "intValue":
            return "int", int(x)
        if kind == "arrayValue":
            return "array", [plain(e) for e in x.get("values", [])]
        if kind == "kvlistValue":
            return "kvlist", [(p["key"], plain(p.get("value", {}))) for p in x.get("values", [])]
        return kind, x
    return None


def pairs(items):
    return sorted(((p.get("key", ""), plain(p.get("value", {}))) for p in items), key=repr)


def spans_of(document, into=None):
    """{(trace, span): everything the span says}"""
    out = {} if into is None else into
    for r in document["resourceSpans"]:
        resource = r.get("resource", {})
        for s in r["scopeSpans"]:
            scope = s.get("scope", {})
            for x in s["spans"]:
                flat = {k: v for k, v in x.items() if v not in ([], {}, 0, "")}
                for numeric in ("startTimeUnixNano", "endTimeUnixNano"):
                    flat[numeric] = int(x[numeric])
                flat["attributes"] = pairs(x.get("attributes", []))
                for part in ("events", "links"):
                    flat[part] = [{**{k: v for k, v in e.items() if v not in ([], {}, 0, "", "0")}, "attributes": pairs(e.get("attributes", []))}
                                  for e in x.get(part, [])]
                flat["resource"] = pairs(resource.get("attributes", []))
                flat["scope"] = {**{k: v for k, v in scope.items() if v not in ([], 0)}, "attributes": pairs(scope.get("attributes", []))}
                key = x["traceId"].lower(), x["spanId"].lower()
                if key in out:
                    check("each span once", False, key)
                out[key] = flat
    return out


def lines_of(text):
    out = {}
    for line in text.decode().splitlines():
        spans_of(json.loads(line), out)
    return out


WANT = spans_of(DATA)


# ---- each format ----

def export_formats(weft, directory):
    server = ["--server", weft.url("server.http")]
    out, said = run("export", *server)
    check("export counts", said.startswith("3 traces, 46 spans, "), said)
    same("NDJSON has every field", WANT, lines_of(out))
    same("NDJSON: a line a trace", 3, len(out.splitlines()))
    out, _ = run("export", *server, "--format", "otlp", "--quiet")
    same("OTLP JSON has every field", WANT, spans_of(json.loads(out)))
    path = os.path.join(directory, "out.ndjson")
    out, _ = run("export", *server, "-o", path)
    same("--output: nothing on standard output", b"", out)
    same("--output", WANT, lines_of(open(path, "rb").read()))
    out, _ = run("trace", *server, "--format", "ndjson", A)
    same("one trace", {k: v for k, v in WANT.items() if k[0] == A}, lines_of(out))
    out, _ = run("export", *server, "--limit", "1")
    same("--limit takes the newest", {C}, {k[0] for k in lines_of(out)})
    out, _ = run("export", *server, "--where", "span.db.system=redis")
    same("options choose, traces are whole", 4, len(lines_of(out)))
    out, said = run("export", *server, "--service", "nobody", "--format", "otlp", status=1)
    same("nothing found is a document too", {"resourceSpans": []}, json.loads(out))
    _, said = run("export", *server, "-o", os.path.join(directory, "no", "such"), status=1)
    check("a file that cannot be made is named", "no/such" in said, said)
    _, said = run("trace", *server, "--format", "csv", "d" * 32, status=1)
    check("a trace that is not there", "is not here" in said, said)


def export_csv(weft):
    out, _ = run("export", "--server", weft.url("server.http"), "--format", "csv")
    rows = {(r["trace_id"], r["span_id"]): r for r in csv.DictReader(io.StringIO(out.decode(), newline=""))}
    same("CSV: one line a span", set(WANT), set(rows))
    for key, row in rows.items():
        want = WANT[key]
        check("CSV: no cell too many", None not in row and None not in row.values(), row)
        same("CSV start", want["startTimeUnixNano"], int(row["start_time_unix_nano"]))
        same("CSV duration", want["endTimeUnixNano"] - want["startTimeUnixNano"], int(row["duration_ns"]))
        same("CSV name", want.get("name", ""), row["name"])
        same("CSV keys", sorted(k for k, _ in want["attributes"]), sorted(json.loads(row["attributes"])))
        same("CSV events", len(want["events"]), len(json.loads(row["events"])))
        same("CSV links", len(want["links"]), len(json.loads(row["links"])))
    root = rows[A, f"{1:016x}"]
    same("CSV cells", ("front, end", "broke,\n\"so\"", "server", "error", "", "2026-11-21T02:00:00.000000000Z", MANY["text"], "prod"),
         (root["service_name"], root["status_message"], root["kind"], root["status"], root["parent_span_id"], root["start_time"],
          json.loads(root["attributes"])["text"], json.loads(root["resource_attributes"])["env"]))


def export_jaeger(weft):
    out, _ = run("export", "--server", weft.url("server.http"), "--format", "jaeger")
    document = json.loads(out)
    same("Jaeger: traces", 3, len(document["data"]))
    for trace in document["data"]:
        _, answer = weft.get(f"/jaeger/api/traces/{trace['traceID']}?raw=true")
        same("Jaeger: as its API answers", json.loads(answer)["data"][0], trace)


def main():
    with tempfile.TemporaryDirectory(prefix="weft-export-") as directory:
        with weft_process.Weft(os.path.join(directory, "one")) as weft:
            status, body, _ = weft.post("/v1/traces", json.dumps(DATA).encode(), "application/json")
            check("the data is taken", status == 200, body)
            export_formats(weft, directory)
            export_csv(weft)
            export_jaeger(weft)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
