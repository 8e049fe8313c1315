#!/usr/bin/env python3
"""jaeger: Jaeger's APIs on a real server: classic JSON, api_v3 over HTTP, api_v2 and api_v3 over gRPC.

    tests/jaeger.py        ends with "N passed, N failed"

gRPC goes through curl (HTTP/2 with prior knowledge), which shows the trailers.
"""
import base64
import json
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

import weft_process

SECOND = 10**9
BASE = (int(time.time()) - 7200) * SECOND
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {str(said)[:600]}"), flush=True)


def same(name, want, got):
    check(name, want == got, f"expected {want!r}, found {got!r}")


# ---------------------------------------------------------------- data

def value(plain):
    if isinstance(plain, bool):
        return {"boolValue": plain}
    if isinstance(plain, int):
        return {"intValue": str(plain)}
    if isinstance(plain, float):
        return {"doubleValue": plain}
    if isinstance(plain, bytes):
        return {"bytesValue": base64.b64encode(plain).decode()}
    if isinstance(plain, list):
        return {"arrayValue": {"values": [value(x) for x in plain]}}
    return {"stringValue": plain}


def attributes(plain):
    return [{"key": key, "value": value(x)} for key, x in plain.items()]


def span(trace, number, parent=0, name="op", start=0, end=10**6, kind=1, **more):
    made = {"traceId": trace, "spanId": f"{number:016x}", "name": name, "kind": kind,
            "startTimeUnixNano": str(BASE + start), "endTimeUnixNano": str(BASE + end)}
    if parent:
        made["parentSpanId"] = f"{parent:016x}"
    return {**made, **more}


def resource_spans(service, spans, **more):
    names = {"service.name": service} if service else {}
    return {"resource": {"attributes": attributes({**names, **more})},
            "scopeSpans": [{"scope": {"name": "lib", "version": "1"}, "spans": spans}]}


SHOP, SHARED, SKEW, ORPHAN, NAMELESS, SHORT, TYPES = (f"{n:032x}" for n in (0xa1 << 64, 0xa2 << 64, 0xa3 << 64, 0xa4 << 64, 0xa5 << 64, 0xa6, 0xa7 << 64))
DATA = [
    resource_spans("shop", [
        span(SHOP, 1, name="GET /", kind=2, end=40 * 10**6, attributes=attributes({"http.status_code": 200}),
             links=[{"traceId": SKEW, "spanId": f"{1:016x}", "attributes": []},
                    {"traceId": SKEW, "spanId": f"{2:016x}", "attributes": attributes({"opentracing.ref_type": "child_of"})}]),
        span(SHOP, 2, 1, name="call", kind=3, start=10**6, end=30 * 10**6, traceState="v=1",
             events=[{"timeUnixNano": str(BASE + 2 * 10**6), "name": "retry", "attributes": attributes({"attempt": 2})}])], region="eu"),
    resource_spans("a/b c", [
        span(SHOP, 3, 2, name="serve", kind=2, start=2 * 10**6, end=22 * 10**6, status={"code": 2, "message": "broken"},
             attributes=attributes({"http.status_code": "503", "retry": True}))]),
    resource_spans("shop", [span(SHARED, 7, name="rpc", kind=3, start=SECOND, end=2 * SECOND), span(SHARED, 8, 7, name="below", start=SECOND + 5000, end=SECOND + 6000, attributes=attributes({"cached": False}))]),
    resource_spans("stock", [span(SHARED, 7, name="rpc", kind=2, start=SECOND + 1000, end=2 * SECOND - 1000)]),
    resource_spans("shop", [span(SKEW, 1, name="outer", start=10 * SECOND, end=11 * SECOND)], **{"host.name": "one"}),
    resource_spans("stock", [span(SKEW, 2, 1, name="inner", start=9 * SECOND, end=9 * SECOND + 500 * 10**6)], **{"host.name": "two"}),
    resource_spans("shop", [span(ORPHAN, 5, 99, name="lost", start=20 * SECOND, end=20 * SECOND)]),
    resource_spans("", [span(NAMELESS, 6, name="", kind=0, start=30 * SECOND, end=31 * SECOND)], rack=7),
    resource_spans("short", [span(SHORT, 9, name="tiny", start=40 * SECOND, end=40 * SECOND + 999)]),
    resource_spans("types", [span(TYPES, 10, name="types", start=50 * SECOND, end=51 * SECOND, attributes=attributes(
        {"int": 7, "big": 2**53, "min": -2**63, "dbl": 2.5, "yes": True, "text": "x\ny", "bytes": b"\x00\xff", "list": [1, "a"], "none": []}))]),
]


def tags(entries):
    return {tag["key"]: (tag["type"], tag["value"]) for tag in entries}


class Api:
    def __init__(self, weft, prefix=""):
        self.weft, self.prefix = weft, prefix

    def get(self, path, **params):
        query = urllib.parse.urlencode({k.replace("__", "."): v for k, v in params.items()}, doseq=True)
        status, body = self.weft.get(self.prefix + path + ("?" + query if query else ""))
        try:
            return status, json.loads(body)
        except ValueError:
            return status, body

    def traces(self, **params):
        window = {"start": (BASE - SECOND) // 1000, "end": (BASE + 100 * SECOND) // 1000}
        status, answer = self.get("/api/traces", **{**window, **params})
        if status != 200:
            return status
        return [trace["traceID"] for trace in answer["data"]]


# ---------------------------------------------------------------- classic

def names(api):
    status, answer = api.get("/api/services")
    same("services, sorted, with a total", (200, ["a/b c", "missing-service-name", "shop", "short", "stock", "types"], 6),
         (status, answer["data"], answer["total"]))
    same("operations of a service whose name has a slash", ["serve"], api.get("/api/services/a%2Fb%20c/operations")[1]["data"])
    same("operations of an unknown service", [], api.get("/api/services/nosuch/operations")[1]["data"])
    same("operations with kinds", [{"name": "GET /", "spanKind": "server"}, {"name": "below", "spanKind": "internal"}, {"name": "call", "spanKind": "client"},
                                   {"name": "lost", "spanKind": "internal"}, {"name": "outer", "spanKind": "internal"}, {"name": "rpc", "spanKind": "client"}],
         api.get("/api/operations", service="shop")[1]["data"])
    same("operations of one kind", [{"name": "call", "spanKind": "client"}, {"name": "rpc", "spanKind": "client"}],
         api.get("/api/operations", service="shop", spanKind="client")[1]["data"])
    same("names that are missing", [{"name": "empty-span-name", "spanKind": ""}], api.get("/api/operations", service="missing-service-name")[1]["data"])
    same("api_v3 shows an unset kind as internal", [{"name": "empty-span-name", "spanKind": "internal"}],
         api.get("/api/v3/operations", service="missing-service-name")[1]["operations"])
    status, answer = api.get("/api/operations")
    same("operations without service", (400, None, 400), (status, answer["data"], answer["errors"][0]["code"]))


def search(api):
    same("by service, newest first", [ORPHAN, SKEW, SHARED, SHOP], api.traces(service="shop"))
    same("limit keeps the newest", [ORPHAN, SKEW], api.traces(service="shop", limit=2))
    same("by operation", [SHOP], api.traces(service="shop", operation="call"))
    same("by the stand-ins for missing names", [NAMELESS], api.traces(service="missing-service-name", operation="empty-span-name"))
    same("service and operation must be one span's", [], api.traces(service="shop", operation="serve"))
    same("a number by its text", [SHOP], api.traces(service="shop", tag="http.status_code:200"))
    same("a text of another service's span", [], api.traces(service="shop", tag="http.status_code:503"))
    same("two tags of one span", [SHOP], api.traces(service="a/b c", tags='{"http.status_code":"503","retry":"true"}'))
    same("a bool that is false", [SHARED], api.traces(service="shop", tag="cached:false"))
    same("tag and tags together", [], api.traces(service="a/b c", tag="retry:true", tags='{"http.status_code":"504"}'))
    same("a value with colons", [], api.traces(service="shop", tag="a:b:c"))
    same("an event's attribute", [SHOP], api.traces(service="shop", tag="attempt:2"))
    same("a resource's attribute", [SHOP], api.traces(service="shop", tag="region:eu"))
    same("error=true", [SHOP], api.traces(service="a/b c", tag="error:true"))
    same("error=true of a service without errors", [], api.traces(service="shop", tag="error:true"))
    same("span.kind", [SHARED, SHOP], api.traces(service="shop", tag="span.kind:client"))
    same("a list by its JSON", [TYPES], api.traces(service="types", tag='list:[1,"a"]'))
    same("what appears only in answers is not found", [], api.traces(service="a/b c", tag="otel.status_code:ERROR"))
    same("durations, both ends included", [SHOP], api.traces(service="a/b c", minDuration="20ms", maxDuration="20000us"))
    same("shorter than asked for", [], api.traces(service="a/b c", minDuration="20.1ms"))
    same("the start of the matching span counts", [SHOP], api.traces(service="a/b c", start=(BASE + 2 * 10**6) // 1000, end=(BASE + 2 * 10**6) // 1000))
    same("a microsecond later", [], api.traces(service="a/b c", start=(BASE + 2 * 10**6) // 1000 + 1))
    for name, params in [("no service", {}), ("limit 0", {"service": "x", "limit": 0}), ("limit text", {"service": "x", "limit": "x"}),
                         ("limit beyond 31 bits", {"service": "x", "limit": 2**31}), ("start text", {"service": "x", "start": "x"}),
                         ("a duration without unit", {"service": "x", "minDuration": "5"}), ("a duration in days", {"service": "x", "minDuration": "1d"}),
                         ("max below min", {"service": "x", "minDuration": "2s", "maxDuration": "1s"}), ("tag without colon", {"service": "x", "tag": "a"}),
                         ("tags with a number", {"service": "x", "tags": '{"a":1}'}), ("tags with a rest", {"service": "x", "tags": '{"a":"1"}}'}),
                         ("raw", {"service": "x", "raw": "maybe"}), ("trace id", {"traceID": "1" * 33})]:
        same(f"400: {name}", 400, api.traces(**params))
    status, answer = api.get("/api/traces", traceID=[SHOP, "ff" * 16, SHOP])
    same("by ids: those that are there, once", [SHOP], [t["traceID"] for t in answer["data"]])
    same("by ids: the missing one is told", [{"msg": "trace not found", "traceID": "ff" * 16}], answer["errors"])


def one_trace(api):
    status, answer = api.get("/api/traces/" + SHOP.lstrip("0").upper())
    trace = answer["data"][0]
    spans = {s["spanID"]: s for s in trace["spans"]}
    same("an id in upper case without zeros", (200, SHOP, None, 3), (status, trace["traceID"], answer["errors"], len(spans)))
    root, call, serve = (spans[f"{n:016x}"] for n in (1, 2, 3))
    same("references", [("FOLLOWS_FROM", SKEW, f"{1:016x}"), ("CHILD_OF", SKEW, f"{2:016x}")],
         [(r["refType"], r["traceID"], r["spanID"]) for r in root["references"]])
    same("the parent is the first reference", [{"refType": "CHILD_OF", "traceID": SHOP, "spanID": f"{1:016x}"}], call["references"])
    same("microseconds", ((BASE + 10**6) // 1000, 29000), (call["startTime"], call["duration"]))
    same("logs", [((BASE + 2 * 10**6) // 1000, {"event": ("string", "retry"), "attempt": ("int64", 2)})],
         [(log["timestamp"], tags(log["fields"])) for log in call["logs"]])
    same("added tags", {"http.status_code": ("string", "503"), "retry": ("bool", True), "otel.scope.name": ("string", "lib"),
                        "otel.scope.version": ("string", "1"), "span.kind": ("string", "server"), "otel.status_code": ("string", "ERROR"),
                        "error": ("bool", True), "otel.status_description": ("string", "broken")}, tags(serve["tags"]))
    same("trace state", ("string", "v=1"), tags(call["tags"])["w3c.tracestate"])
    same("processes", {"shop": {"region": ("string", "eu")}, "a/b c": {}},
         {trace["processes"][p]["serviceName"]: tags(trace["processes"][p]["tags"]) for p in {s["processID"] for s in spans.values()}})
    same("values", {"int": ("int64", 7), "big": ("int64", str(2**53)), "min": ("int64", str(-2**63)), "dbl": ("float64", 2.5), "yes": ("bool", True),
                    "text": ("string", "x\ny"), "bytes": ("binary", "AP8="), "list": ("string", '[1,"a"]'), "none": ("string", "[]")},
         {k: v for k, v in tags(api.get("/api/traces/" + TYPES)[1]["data"][0]["spans"][0]["tags"]).items() if "." not in k})
    same("64-bit ids have 16 digits", f"{0xa6:016x}", api.get("/api/traces/a6")[1]["data"][0]["traceID"])
    coded = urllib.parse.quote(base64.b64encode(bytes.fromhex(SHOP)).decode(), safe="")
    same("an id in base64", SHOP, api.get("/api/traces/" + coded)[1]["data"][0]["traceID"])
    same("an unknown trace", (404, "trace not found"), (lambda s, a: (s, a["errors"][0]["msg"]))(*api.get("/api/traces/" + "ff" * 16)))
    for bad in ("x", "1" * 33):
        same(f"a bad id: {bad}", 400, api.get("/api/traces/" + bad)[0])
    same("a bad start", 400, api.get("/api/traces/" + SHOP, start="x")[0])
    status, pretty = api.weft.get(api.prefix + "/api/traces/" + SHOP + "?prettyPrint=true")
    same("prettyPrint", json.dumps(json.loads(pretty), indent=4, ensure_ascii=False), pretty.decode())


def adjustments(api):
    def spans(trace, **params):
        return api.get("/api/traces/" + trace, **params)[1]["data"][0]["spans"]

    shared = {s["operationName"] + str(s["processID"]): s for s in spans(SHARED)}
    client, server = shared["rpcp1"], shared["rpcp2"]
    same("client and server with one id: the server gets its own", (f"{7:016x}", f"{1:016x}"), (client["spanID"], server["spanID"]))
    same("... below the client", f"{7:016x}", server["references"][0]["spanID"])
    same("... and above what was below the id", f"{1:016x}", shared["belowp1"]["references"][0]["spanID"])
    same("raw: nothing of that", [f"{7:016x}"] * 2, [s["spanID"] for s in spans(SHARED, raw="true") if s["operationName"] == "rpc"])
    inner = [s for s in spans(SKEW) if s["operationName"] == "inner"][0]
    same("clock skew is told, times stay", (["clock skew adjustment disabled; not applying calculated delta of 1.25s"], (BASE + 9 * SECOND) // 1000),
         (inner["warnings"], inner["startTime"]))
    same("raw: no warnings", [None, None], [s["warnings"] for s in spans(SKEW, raw="true")])
    orphan = spans(ORPHAN)[0]
    check("a missing parent is told", any("0000000000000063 is not in the trace" in w for w in orphan["warnings"]), orphan)
    check("an empty duration is told", any("shown as 1ns" in w for w in orphan["warnings"]), orphan)
    same("missing names", ("empty-span-name", []), (lambda s: (s["operationName"], [t for t in s["tags"] if t["key"] == "span.kind"]))(spans(NAMELESS)[0]))


def others(api):
    window = {"endTs": (BASE + 100 * SECOND) // 10**6, "lookback": 200000}
    same("dependencies", [{"parent": "shop", "child": "a/b c", "callCount": 1}, {"parent": "shop", "child": "shop", "callCount": 2},
                          {"parent": "shop", "child": "stock", "callCount": 1}], api.get("/api/dependencies", **window)[1]["data"])
    same("dependencies of one service", [{"parent": "shop", "child": "stock", "callCount": 1}], api.get("/api/dependencies", service="stock", **window)[1]["data"])
    same("dependencies at another time", [], api.get("/api/dependencies", endTs=1000, lookback=1000)[1]["data"])
    same("a lookback with unit", 400, api.get("/api/dependencies", lookback="1h")[0])
    status, body, _ = api.weft.post(api.prefix + "/api/archive/" + SHOP, b"", "application/json", endpoint="server.http")
    same("archive", (200, {"data": [], "total": 0, "limit": 0, "offset": 0, "errors": []}), (status, json.loads(body)))
    same("archive of an unknown trace", 404, api.weft.post(api.prefix + "/api/archive/ff", b"", "application/json", endpoint="server.http")[0])
    same("GET of an archive", 404, api.get("/api/archive/" + SHOP)[0])
    document = json.dumps({"resourceSpans": DATA}).encode()
    status, body, _ = api.weft.post(api.prefix + "/api/transform", document, "application/json", endpoint="server.http")
    same("transform: each trace as it would be stored", {t: api.get("/api/traces/" + t, raw="true")[1]["data"][0] for t in (SHOP, TYPES, NAMELESS)},
         {t["traceID"]: t for t in json.loads(body)["data"] if t["traceID"] in (SHOP, TYPES, NAMELESS)})
    same("transform of something else", 400, api.weft.post(api.prefix + "/api/transform", b"{bad", "application/json", endpoint="server.http")[0])
    same("no such route", 404, api.get("/api/nosuch")[0])


def metrics(api):
    window = {"endTs": BASE // 10**6 + 60000, "lookback": 60000, "step": 10000, "ratePer": 20000}

    def series(path, **params):
        status, answer = api.get("/api/metrics/" + path, **{**window, **params})
        if status != 200:
            return status
        return answer["name"], [({label["name"]: label["value"] for label in m["labels"]},
                                 [p["gaugeValue"]["doubleValue"] for p in m["metricPoints"]]) for m in answer["metrics"]]

    # GET / of shop ends 40 ms behind BASE: in the cell of the second point, and in the window of the second and third.
    same("calls", ("service_call_rate", [({"service_name": "shop"}, [0, 0.05, 0.05, 0, 0, 0, 0])]), series("calls", service="shop"))
    name, found = series("calls", service=["shop", "a/b c"], spanKind=["client", "server"], groupByOperation="true")
    same("calls of two services, by operation and kind", ("service_operation_call_rate", [
        ({"operation": operation, "service_name": service}, [0, 0.05, 0.05, 0, 0, 0, 0])
        for service, operation in (("a/b c", "serve"), ("shop", "GET /"), ("shop", "call"), ("shop", "rpc"))]), (name, found))
    same("errors", ("service_error_rate", [({"service_name": "a/b c"}, ["NaN", 1, 1, "NaN", "NaN", "NaN", "NaN"])]), series("errors", service="a/b c"))
    name, found = series("latencies", service="shop", quantile="0.95")
    check("latencies in ms within 1 %", name == "service_latencies" and abs(found[0][1][1] - 40) <= 0.4 and found[0][1][0] == "NaN", found)
    for case, params in [("no service", {}), ("quantile", {"service": "x", "quantile": "2"}), ("kind", {"service": "x", "quantile": 0.5, "spanKind": "x"}),
                         ("a century of milliseconds", {"service": "x", "quantile": 0.5, "lookback": 10**12, "step": 1})]:
        same(f"metrics, 400: {case}", 400, series("latencies", **params))


# ---------------------------------------------------------------- api_v3

def rfc3339(ns):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // SECOND)) + f".{ns % SECOND:09d}Z"


def v3(api):
    window = {"query__startTimeMin": rfc3339(BASE - SECOND), "query__startTimeMax": rfc3339(BASE + 100 * SECOND)}

    def ids(**params):
        status, answer = api.get("/api/v3/traces", **{**window, **params})
        if status != 200:
            return status
        return sorted({s["traceId"] for r in answer["result"]["resourceSpans"] for scope in r["scopeSpans"] for s in scope["spans"]})

    same("services", 6, len(api.get("/api/v3/services")[1]["services"]))
    same("traces of a service", [SHOP, SHARED, SKEW, ORPHAN], ids(query__serviceName="shop"))
    same("in snake case", [SHOP], ids(query__service_name="shop", query__operation_name="call"))
    same("depth", [ORPHAN], ids(query__serviceName="shop", query__num_traces=1))
    same("attributes", [SHOP], ids(query__attributes='{"http.status_code":"503"}'))
    same("none", 404, ids(query__serviceName="nosuch"))
    for case, params in [("no times", {"query__startTimeMin": ""}), ("times the wrong way", {"query__startTimeMax": rfc3339(BASE - 2 * SECOND)}),
                         ("depth", {"query__searchDepth": "x"}), ("duration", {"query__durationMax": "x"}), ("attributes", {"query__attributes": "{bad"}),
                         ("a filter", {"query__filter": "{}"}), ("raw", {"query__rawTraces": "x"})]:
        same(f"api_v3, 400: {case}", 400, ids(**params))
    status, answer = api.get("/api/v3/traces/" + SHOP)
    found = [s for r in answer["result"]["resourceSpans"] for scope in r["scopeSpans"] for s in scope["spans"]]
    sent = [s for r in DATA for scope in r["scopeSpans"] for s in scope["spans"] if s["traceId"] == SHOP]
    same("a trace is OTLP as it was sent", sorted(s["spanId"] for s in sent), sorted(s["spanId"] for s in found))
    same("... with its events", sent[1]["events"], [s for s in found if s["spanId"] == f"{2:016x}"][0]["events"])
    status, answer = api.get("/api/v3/traces/" + ORPHAN)
    warned = [a for s in answer["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"] for a in s["attributes"] if a["key"] == "@jaeger@warnings"]
    same("warnings are an attribute", 2, len(warned[0]["value"]["arrayValue"]["values"]))
    same("an unknown trace", (404, {"httpCode": 404, "message": "No traces found"}), (lambda s, a: (s, a["error"]))(*api.get("/api/v3/traces/" + "ff" * 16)))
    same("a bad id", 400, api.get("/api/v3/traces/xyz")[0])
    status, answer = api.get("/api/v3/trace-summaries", query__serviceName="a/b c", **window)
    same("summaries", [{"traceId": SHOP, "rootServiceName": "shop", "rootOperationName": "GET /", "minStartTimeUnixNano": str(BASE),
                        "maxEndTimeUnixNano": str(BASE + 40 * 10**6), "spanCount": 3, "errorSpanCount": 1,
                        "services": [{"name": "a/b c", "spanCount": 1, "errorSpanCount": 1}, {"name": "shop", "spanCount": 2}]}], answer["summaries"])
    same("no summaries", (200, {"summaries": []}), api.get("/api/v3/trace-summaries", query__serviceName="nosuch", **window))


# ---------------------------------------------------------------- gRPC

def varint(n):
    n &= 2**64 - 1
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def timestamp(ns):
    return field(1, ns // SECOND) + field(2, ns % SECOND)


def fields(message):
    """[(number, value)]: numbers, 8 or 4 bytes, bytes"""
    found, at = [], 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = message[at]
            at, n, shift = at + 1, n | (byte & 127) << shift, shift + 7
            if byte < 128:
                return n

    while at < len(message):
        tag = number()
        if tag & 7 == 0:
            found.append((tag >> 3, number()))
        else:
            size = {1: 8, 5: 4}.get(tag & 7) or (number() if tag & 7 == 2 else None)
            if size is None:
                raise ValueError(f"wire type {tag & 7}")
            found.append((tag >> 3, message[at:at + size]))
            at += size
    return found


def all_of(message, number):
    return [content for n, content in fields(message) if n == number]


def call(weft, method, message):
    """(grpc-status, [messages])"""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as head, tempfile.NamedTemporaryFile() as body:
        body.write(struct.pack(">BI", 0, len(message)) + message)
        body.flush()
        subprocess.run(["curl", "-s", "--http2-prior-knowledge", "--max-time", "20", "-D", head.name, "-o", out.name, "--data-binary",
                        "@" + body.name, "-H", "content-type: application/grpc", "-H", "te: trailers",
                        weft.url("server.jaeger_grpc", method)], check=False)
        lines = [line.lower() for line in head.read().decode().splitlines()]
        content, messages, at = out.read(), [], 0
    while at < len(content):
        size = struct.unpack(">I", content[at + 1:at + 5])[0]
        messages.append(content[at + 5:at + 5 + size])
        at += 5 + size
    status = [line.split(": ")[1] for line in lines if line.startswith("grpc-status: ")]
    return int(status[0]) if status else None, messages


def grpc(weft):
    v2_name, v3_name = "/jaeger.api_v2.QueryService/", "/jaeger.api_v3.QueryService/"
    window = field(4, timestamp(BASE - SECOND)) + field(5, timestamp(BASE + 100 * SECOND))
    for name in (v2_name, v3_name):
        status, messages = call(weft, name + "GetServices", b"")
        same(f"{name}GetServices", (0, [b"a/b c", b"missing-service-name", b"shop", b"short", b"stock", b"types"]), (status, all_of(messages[0], 1)))
    status, messages = call(weft, v2_name + "GetOperations", field(1, "shop") + field(2, "client"))
    same("v2 GetOperations", ([b"call", b"rpc"], [field(1, "call") + field(2, "client"), field(1, "rpc") + field(2, "client")]),
         (all_of(messages[0], 1), all_of(messages[0], 2)))
    status, messages = call(weft, v3_name + "GetOperations", field(1, "missing-service-name"))
    same("v3 GetOperations", [field(1, "empty-span-name") + field(2, "internal")], all_of(messages[0], 1))

    status, messages = call(weft, v2_name + "GetTrace", field(1, bytes.fromhex(SHOP)))
    spans = [dict(fields(s)) for m in messages for s in all_of(m, 1)]
    same("v2 GetTrace", (0, {b"GET /", b"call", b"serve"}), (status, {s[3] for s in spans}))
    serve = [s for m in messages for s in all_of(m, 1) if all_of(s, 3) == [b"serve"]][0]
    keys = {dict(fields(t))[1]: dict(fields(t)) for t in all_of(serve, 8)}
    same("... ids", (bytes.fromhex(SHOP), (3).to_bytes(8, "big")), (all_of(serve, 1)[0], all_of(serve, 2)[0]))
    same("... times", (timestamp(BASE + 2 * 10**6), field(2, 20 * 10**6)), (all_of(serve, 6)[0], all_of(serve, 7)[0]))
    same("... tags", ({1: b"error", 2: 1, 4: 1}, {1: b"http.status_code", 3: b"503"}), (keys[b"error"], keys[b"http.status_code"]))
    same("... process", b"a/b c", all_of(all_of(serve, 10)[0], 1)[0])
    same("... references", [field(1, bytes.fromhex(SHOP)) + field(2, (2).to_bytes(8, "big"))], all_of(serve, 4))
    same("v2 GetTrace of an unknown one", (5, []), call(weft, v2_name + "GetTrace", field(1, b"\xff" * 16)))
    same("v2 GetTrace without id", (3, []), call(weft, v2_name + "GetTrace", b""))
    same("v2 ArchiveTrace", (0, [b""]), call(weft, v2_name + "ArchiveTrace", field(1, bytes.fromhex(SHOP))))
    same("v2 ArchiveTrace of an unknown one", 5, call(weft, v2_name + "ArchiveTrace", field(1, b"\xff" * 16))[0])

    tag = field(3, field(1, "http.status_code") + field(2, "503"))
    status, messages = call(weft, v2_name + "FindTraces", field(1, field(1, "a/b c") + tag + window + field(8, 10)))
    same("v2 FindTraces", (0, 3, {bytes.fromhex(SHOP)}), (status, sum(len(all_of(m, 1)) for m in messages), {all_of(s, 1)[0] for m in messages for s in all_of(m, 1)}))
    same("v2 FindTraces, none", (0, []), call(weft, v2_name + "FindTraces", field(1, field(1, "nosuch") + window)))
    same("v2 FindTraces without query", (3, []), call(weft, v2_name + "FindTraces", b""))

    status, messages = call(weft, v3_name + "GetTrace", field(1, SHOP))
    found = {all_of(s, 5)[0] for m in messages for r in all_of(m, 1) for scope in all_of(r, 2) for s in all_of(scope, 2)}
    same("v3 GetTrace", (0, {b"GET /", b"call", b"serve"}), (status, found))
    same("v3 GetTrace of an unknown one", 5, call(weft, v3_name + "GetTrace", field(1, "ff" * 16))[0])
    same("v3 GetTrace with a bad id", 3, call(weft, v3_name + "GetTrace", field(1, "xyz"))[0])
    query = field(1, "shop") + window + field(6, field(2, 30 * 10**6)) + field(8, 1)
    status, messages = call(weft, v3_name + "FindTraces", field(1, query))
    found = {all_of(s, 1)[0].hex() for m in messages for r in all_of(m, 1) for scope in all_of(r, 2) for s in all_of(scope, 2)}
    same("v3 FindTraces: the newest of at least 30 ms", (0, {SKEW}), (status, found))
    same("v3 FindTraces without times", 3, call(weft, v3_name + "FindTraces", field(1, field(1, "shop")))[0])
    same("v3 FindTraces with a filter", 3, call(weft, v3_name + "FindTraces", field(1, window + field(10, b"\x0a\x00")))[0])
    status, messages = call(weft, v3_name + "FindTraceSummaries", field(1, field(1, "a/b c") + window))
    summary = dict(fields(all_of(messages[0], 1)[0]))
    same("v3 FindTraceSummaries", (0, 1, SHOP.encode(), b"shop", b"GET /", BASE, BASE + 40 * 10**6, 3, 1),
         (status, len(messages), summary[1], summary[2], summary[3], *(struct.unpack("<Q", summary[n])[0] for n in (4, 5)), summary[6], summary[7]))
    times = field(1, timestamp(BASE - SECOND)) + field(2, timestamp(BASE + 100 * SECOND))
    for name in (v2_name, v3_name):
        status, messages = call(weft, name + "GetDependencies", times)
        same(f"{name}GetDependencies", (0, field(1, "shop") + field(2, "a/b c") + field(3, 1)), (status, all_of(messages[0], 1)[0]))
    same("GetDependencies without times", 3, call(weft, v3_name + "GetDependencies", b"")[0])
    same("no such method", 12, call(weft, v3_name + "Nosuch", b"")[0])
    same("no protobuf", 3, call(weft, v3_name + "FindTraces", b"\xff\xff")[0])
    same("no gRPC on the gRPC address", 415, weft.get("/api/services", endpoint="server.jaeger_grpc")[0])


def long_answers(weft):
    """More than one piece: 3,000 spans in one trace, 60 traces of 100 spans."""
    trace = f"{0xbb << 64:032x}"
    many = [span(trace, n, min(n - 1, 1), name=f"n{n}", start=n, end=n + 1000, attributes=attributes({"pad": "x" * 300})) for n in range(1, 3001)]
    weft.post("/v1/traces", json.dumps({"resourceSpans": [resource_spans("long", many)]}).encode(), "application/json")
    for t in range(60):
        more = [span(f"{(0xcc << 64) + t:032x}", n, min(n - 1, 1), start=n, end=n + 1000) for n in range(1, 101)]
        weft.post("/v1/traces", json.dumps({"resourceSpans": [resource_spans("wide", more)]}).encode(), "application/json")
    api = Api(weft)
    same("3,000 spans, classic", 3000, len(api.get("/api/traces/" + trace)[1]["data"][0]["spans"]))
    status, pretty = weft.get("/api/traces/" + trace + "?prettyPrint=1")
    check("3,000 spans, pretty", pretty.decode() == json.dumps(json.loads(pretty), indent=4, ensure_ascii=False), len(pretty))
    resources = api.get("/api/v3/traces/" + trace)[1]["result"]["resourceSpans"]
    same("3,000 spans, api_v3", 3000, sum(len(scope["spans"]) for r in resources for scope in r["scopeSpans"]))
    status, messages = call(weft, "/jaeger.api_v2.QueryService/GetTrace", field(1, bytes.fromhex(trace)))
    same("3,000 spans, gRPC", (0, 3000), (status, sum(len(all_of(m, 1)) for m in messages)))
    check("... in messages that clients take", max(map(len, messages)) < 4 << 20, max(map(len, messages)))
    status, answer = api.get("/api/traces", service="wide", start=(BASE - SECOND) // 1000, end=(BASE + SECOND) // 1000)
    same("60 traces of 100 spans", (60, 6000), (len(answer["data"]), sum(len(t["spans"]) for t in answer["data"])))


def main():
    with tempfile.TemporaryDirectory(prefix="weft-jaeger-") as data, weft_process.Weft(data) as weft:
        status, answer, _ = weft.post("/v1/traces", json.dumps({"resourceSpans": DATA}).encode(), "application/json")
        same("data", (200, b"{}"), (status, answer.strip()))
        for prefix in ("", "/jaeger"):
            api = Api(weft, prefix)
            for part in (names, search, one_trace, adjustments, others, metrics, v3):
                part(api)
        grpc(weft)
        long_answers(weft)
        same("stops", 0, weft.stop())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
