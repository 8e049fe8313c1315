#!/usr/bin/env python3
"""export: traces out of one weft in every format, each read by Python's own readers, and back into a second weft.

    tests/export.py            ends with "N passed, N failed"
"""
import csv
import http.server
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

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


def export_query(weft):
    server = ["--server", weft.url("server.http")]
    out, said = run("export", *server, '{ span.db.system = "redis" }')
    same("TraceQL chooses, traces are whole", {k: v for k, v in WANT.items() if k[0] == A}, lines_of(out))
    out, said = run("export", *server, "{ } >> { } | spans()", "--format", "csv", "--limit", "2")
    same("spans(): each trace once", 2 + len([k for k in WANT if k[0] in (B, C)]) - 1, len(out.splitlines()))
    _, said = run("export", *server, "{ } | rate()", status=2)
    check("a query for series", "expected one for traces" in said, said)
    _, said = run("export", *server, "{ eror }", status=2)
    check("a mistake in the query", "line 1, col" in said, said)
    _, said = run("export", *server, "{ }", "--service", "x", status=2)
    check("TraceQL and options", "expected one of them" in said, said)


def export_pages(directory):
    """A server that gives few traces at a time."""
    many = {"resourceSpans": [group("many", *[span(f"{i + 1:032x}", 1, None, "one", i, 5) for i in range(100)])]}
    with weft_process.Weft(os.path.join(directory, "pages"), ["query.limit_max=7"]) as weft:
        weft.post("/v1/traces", json.dumps(many).encode(), "application/json")
        for arguments in ([], ["{ }"], ["{ } | spans()"]):
            out, _ = run("export", "--server", weft.url("server.http"), *arguments)
            same(f"page by page {arguments}", spans_of(many), lines_of(out))
        out, _ = run("export", "--server", weft.url("server.http"), "-n", "10")
        same("page by page with a limit", {f"{i + 1:032x}" for i in range(90, 100)}, {k[0] for k in lines_of(out)})


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


# ---- and back ----

def imported(directory, name, *arguments, stdin=None, status=0, count=46):
    """Import into a fresh weft; what it then exports, and what was said."""
    with weft_process.Weft(os.path.join(directory, name)) as weft:
        endpoint = ["--endpoint", weft.url("receivers.otlp.protocols.grpc")]
        out, said = run("import", *endpoint, "--json", *arguments, stdin=stdin, status=status)
        counts = json.loads(out)
        same(f"{name}: accepted", count, counts["accepted_spans"])
        first, _ = run("export", "--server", weft.url("server.http"))
        run("import", *endpoint, *arguments, stdin=stdin, status=status)
        again, _ = run("export", "--server", weft.url("server.http"))
        same(f"{name}: importing twice changes nothing", lines_of(first), lines_of(again))
        return lines_of(first), counts, said


def import_whole(weft, directory):
    """Formats that lose nothing: the same spans in a second weft."""
    server = ["--server", weft.url("server.http")]
    for name in ("otlp", "ndjson", "protobuf"):
        path = os.path.join(directory, f"all.{name}")
        run("export", *server, "--format", name, "-o", path)
        text = open(path, "rb").read()
        for how, arguments, stdin in (("file", [path], None), ("pipe", [], text), ("asked for", ["-f", name.replace("ndjson", "otlp"), path], None),
                                      ("gzip", ["-z", "gzip", path], None)):
            found, _, _ = imported(directory, f"{name}-{how}", *arguments, stdin=stdin)
            same(f"{name} by {how}", WANT, found)


# ---- Jaeger: what its format can say ----

def untyped(x):
    """A list or map as its JSON text has it."""
    kind, inner = x
    if kind == "array":
        return [untyped(e) for e in inner]
    if kind == "kvlist":
        return {k: untyped(v) for k, v in inner}
    return inner


def jaeger_value(x):
    if x is None:
        return "stringValue", ""
    if x[0] in ("array", "kvlist"):
        return "stringValue", json.dumps(untyped(x), separators=(",", ":"), ensure_ascii=False)
    return x


def jaeger_pairs(items):
    return sorted(((k, jaeger_value(v)) for k, v in items), key=repr)


def through_jaeger(span):
    """The losses of docs/export.md."""
    cut = {k: v for k, v in span.items() if k not in ("flags", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")}
    start = span["startTimeUnixNano"] // 1000 * 1000
    cut["startTimeUnixNano"] = start
    cut["endTimeUnixNano"] = start + (span["endTimeUnixNano"] - span["startTimeUnixNano"]) // 1000 * 1000
    cut["name"] = span.get("name") or "empty-span-name"
    cut["attributes"] = jaeger_pairs(span["attributes"])
    cut["resource"] = jaeger_pairs(span["resource"])
    if not any(k == "service.name" for k, _ in cut["resource"]):
        cut["resource"] = jaeger_pairs(cut["resource"] + [("service.name", ("stringValue", "missing-service-name"))])
    cut["scope"] = {**{k: v for k, v in span["scope"].items() if k in ("name", "version")}, "attributes": []}
    cut["events"] = [{**{k: v for k, v in e.items() if k == "name"}, "timeUnixNano": str(int(e["timeUnixNano"]) // 1000 * 1000),
                      "attributes": jaeger_pairs(e["attributes"])} for e in span["events"]]
    cut["links"] = [{"traceId": link["traceId"], "spanId": link["spanId"],
                     "attributes": [("opentracing.ref_type", ("stringValue", "follows_from"))]} for link in span["links"]]
    return cut


def import_jaeger(weft, directory):
    out, _ = run("export", "--server", weft.url("server.http"), "--format", "jaeger")
    want = {k: through_jaeger(v) for k, v in WANT.items()}
    document = json.loads(out)
    inline = [{**{k: v for k, v in s.items() if k != "processID"}, "process": t["processes"][s["processID"]]}
              for t in document["data"] for s in t["spans"]]
    forms = {
        "as downloaded": out,
        "indented": json.dumps(document, indent=2).encode(),
        "a list of traces": json.dumps(document["data"]).encode(),
        "a trace a line": b"".join(json.dumps(t).encode() + b"\n" for t in document["data"]),
        "as Elasticsearch keeps them": b"".join(json.dumps(s).encode() + b"\n" for s in inline),
    }
    for name, text in forms.items():
        found, _, _ = imported(directory, f"jaeger, {name}", stdin=text)
        same(f"Jaeger, {name}", want, found)
    path = os.path.join(directory, "one.json")
    run("trace", "--server", weft.url("server.http"), "--format", "jaeger", "-o", path, A)
    found, _, _ = imported(directory, "jaeger-one", path, count=4)
    same("Jaeger, one trace", {k: v for k, v in want.items() if k[0] == A}, found)


# ---- Zipkin ----

def by_id(spans):
    return sorted(spans, key=lambda s: (s["traceId"], s["id"]))


def import_zipkin(weft, directory):
    out, _ = run("export", "--server", weft.url("server.http"), "--format", "zipkin")
    spans = json.loads(out)
    same("Zipkin: spans", 46, len(spans))
    for trace in {s["traceId"] for s in spans}:
        _, answer = weft.get(f"/zipkin/api/v2/trace/{trace}")
        same("Zipkin: as its API answers", by_id(json.loads(answer)), by_id(s for s in spans if s["traceId"] == trace))
    bad = [*spans[:20], {**spans[0], "id": "no"}, *spans[20:]]
    traces = [[s for s in spans if s["traceId"] == t] for t in {s["traceId"] for s in spans}]
    forms = {
        "a list": out,
        "indented": json.dumps(spans, indent=2).encode(),
        "a list of traces": json.dumps(traces).encode(),
        "a span a line": b"".join(json.dumps(s).encode() + b"\n" for s in spans),
        "with a bad one": json.dumps(bad).encode(),
    }
    for name, text in forms.items():
        with weft_process.Weft(os.path.join(directory, f"zipkin, {name}")) as second:
            endpoint = ["--endpoint", second.url("receivers.otlp.protocols.grpc")]
            _, said = run("import", *endpoint, stdin=text, status=1 if "bad" in name else 0)
            check(f"Zipkin, {name}: counted", said.endswith(", 1 places that could not be read\n" if "bad" in name else "46 spans read, 46 accepted\n"), said)
            check(f"Zipkin, {name}: said", "bad" not in name or "line 1: spans[0].id" in said, said)
            again, _ = run("export", "--server", second.url("server.http"), "--format", "zipkin")
            same(f"Zipkin, {name}: goes out as it came in", by_id(spans), by_id(json.loads(again)))
            run("import", *endpoint, stdin=text, status=1 if "bad" in name else 0)
            found, _ = run("export", "--server", second.url("server.http"), "-q")
            found = lines_of(found) # and fails when a span is there twice
            want = {k: (s["startTimeUnixNano"] // 1000, s.get("kind", 0) if s.get("kind", 0) > 1 else 0, s.get("parentSpanId"), s.get("status"))
                    for k, s in WANT.items()}
            same(f"Zipkin, {name}: what it can say", want,
                 {k: (s["startTimeUnixNano"] // 1000, s.get("kind", 0), s.get("parentSpanId"), s.get("status")) for k, s in found.items()})


# ---- files as people have them, and broken ones ----

def pieces(directory):
    import gzip
    whole = json.dumps(DATA).encode()
    bare = b"".join(json.dumps(r).encode() + b"\n" for r in DATA["resourceSpans"])
    framed = len(whole).to_bytes(4, "big") + whole
    forms = {"gzip": gzip.compress(whole), "resource spans, a line each": bare, "a byte order mark": b"\xef\xbb\xbf" + whole,
             "empty lines around": b"\n\n" + whole + b"\n\n", "indented": json.dumps(DATA, indent=1).encode(),
             "framed, as the Collector's file exporter has it": framed * 2}
    for name, text in forms.items():
        count = 92 if "framed" in name else 46
        found, _, _ = imported(directory, name, stdin=text, count=count)
        same(name, WANT, found)
    path = os.path.join(directory, "empty.json")
    open(path, "wb").close()
    _, said = run("import", "--dry-run", path, path)
    check("empty files are empty", said.startswith("0 spans read"), said)


def mistakes(directory):
    line = json.dumps({"resourceSpans": [DATA["resourceSpans"][0]]}).encode()
    no_id = line.replace(b'"spanId": "0000000000000001"', b'"spanId": ""')
    cases = [
        ("a broken line among others", b"\n".join([line, line[:-3], line.replace(b"GET", b"PUT"), line]) + b"\n", 3, "line 2: JSON line 3, column 1: found '{', expected"),
        ("a wrong value", line.replace(b'"kind": 2', b'"kind": []') + b"\n" + line, 1,
         "line 1: resourceSpans[0].scopeSpans[0].spans[0].kind: found an array"),
        ("a span without id", no_id + b"\n" + line, 1, "line 1: 1 spans are left out: resourceSpans[0].scopeSpans[0].spans[0]: spanId"),
        ("logs", b'{"resourceLogs": []}\n' + line, 1, "found logs, metrics or profiles, expected traces"),
        ("something else", b'{"a": 1}', 0, "line 1: found an object that is no trace in a known format"),
        ("no JSON", b"hello", 0, "line 1: JSON line 1, column 1: found 'h'"),
        ("a plain value", b"5", 0, "line 1: found a plain value, expected traces as JSON"),
        ("half a document", line[:200], 0, "found the end"),
        ("half of protobuf", b"\x0a\x7f\x0a\x01", 0, "byte 0: found bytes that are no whole protobuf field"),
        ("broken gzip", b"\x1f\x8b\x08\x00" + b"x" * 20, 0, "standard input: "),
    ]
    for name, text, count, sentence in cases:
        done = subprocess.run([WEFT, "import", "--dry-run", "--json"], input=text, capture_output=True, timeout=30)
        said = done.stderr.decode()
        check(f"{name}: exit status 1", done.returncode == 1, said)
        check(f"{name}: says so", sentence in said, said)
        same(f"{name}: the rest is read", count, json.loads(done.stdout)["read_spans"])
    _, said = run("import", os.path.join(directory, "nothing"), status=1)
    check("a file that is not there", "nothing: No such file" in said, said)


def refusals(directory):
    """No room is waited for; nobody there ends with a sentence."""
    text = json.dumps(DATA).encode()
    _, said = run("import", "--endpoint", "127.0.0.1:1", "--retry", "300ms", stdin=text, status=1)
    check("nobody there", "did not take spans for" in said and "0 accepted" in said, said)
    with weft_process.Weft(os.path.join(directory, "small"), ["receivers.otlp.protocols.grpc.max_recv_msg_size_mib=1"]) as weft:
        huge = json.dumps({"resourceSpans": [group("s", span(A, 1, None, "big", 0, 1, a={"x": "y" * 2**21}), span(B, 1, None, "small", 0, 1))]}).encode()
        out, said = run("import", "--json", "--endpoint", weft.url("receivers.otlp.protocols.grpc"), stdin=huge, status=1)
        counts = json.loads(out)
        same("a request that is too large is counted", (2, 1, 1), (counts["read_spans"], counts["accepted_spans"], counts["refused_spans"]))
        check("and its refusal said", "1 spans were refused: RESOURCE_EXHAUSTED" in said, said)
        out, _ = run("import", "--json", "-p", "http", "--endpoint", weft.url("receivers.otlp.protocols.http"), stdin=text)
        same("over HTTP", 46, json.loads(out)["accepted_spans"])


class Moody(http.server.BaseHTTPRequestHandler):
    """Has no room at first, then takes all spans but one."""
    protocol_version = "HTTP/1.1"
    asked = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((time.monotonic(), body))
        answer = b"" if len(self.asked) < 3 else b"\x0a\x06\x08\x01\x12\x02no"
        self.send_response(503 if len(self.asked) < 3 else 200)
        if len(self.asked) == 1:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def patience():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out, said = run("import", "--json", "-p", "http", "-e", f"http://127.0.0.1:{server.server_port}", stdin=json.dumps(DATA).encode(), status=1)
    server.shutdown()
    counts = json.loads(out)
    same("refusals are waited for, single spans may be rejected", (46, 45, 1, 0, 1, 2),
         tuple(counts[k] for k in ("read_spans", "accepted_spans", "rejected_spans", "refused_spans", "requests", "retries")))
    check("the reason", "1 spans were refused: 200: no" in said, said)
    same("the same request each time", 1, len({body for _, body in Moody.asked}))
    check("the receiver's pause is kept", Moody.asked[1][0] - Moody.asked[0][0] >= 0.9, Moody.asked)


def main():
    with tempfile.TemporaryDirectory(prefix="weft-export-") as directory:
        with weft_process.Weft(os.path.join(directory, "one")) as weft:
            status, body, _ = weft.post("/v1/traces", json.dumps(DATA).encode(), "application/json")
            check("the data is taken", status == 200, body)
            export_formats(weft, directory)
            export_query(weft)
            export_csv(weft)
            export_jaeger(weft)
            import_whole(weft, directory)
            import_jaeger(weft, directory)
            import_zipkin(weft, directory)
        export_pages(directory)
        pieces(directory)
        mistakes(directory)
        refusals(directory)
        patience()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
