#!/usr/bin/env python3
"""tempo: Tempo's API over a small known data set, in JSON, protobuf and gRPC; live, and again out of blocks.

    tests/tempo.py             ends with "N passed, N failed"
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

import weft_process

BASE = 1795226400                               # seconds; a whole hour
A, B, C = "0a294c4402ce5b13c605385691bd9c40", "b" * 32, "000000000000000048c54c0cf83cf342"
INTRINSICS = 25
passed = failed = 0
state = ""


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok:
        print(f"FAILED  {state}: {name}: {str(said)[:600]}", flush=True)


def same(name, want, got):
    check(name, want == got, f"expected {want}, found {got}")


# ---- the data ----

def value(x):
    if isinstance(x, bool):
        return {"boolValue": x}
    if isinstance(x, int):
        return {"intValue": str(x)}
    if isinstance(x, float):
        return {"doubleValue": x}
    if isinstance(x, list):
        return {"arrayValue": {"values": [value(e) for e in x]}}
    return {"stringValue": x}


def attributes(pairs):
    return [{"key": k, "value": value(v)} for k, v in pairs.items()]


def span(trace_id, span_id, parent, name, start_ms, ms, kind=1, status=0, events=(), **more):
    start = BASE * 10**9 + int(start_ms * 10**6)
    return {"traceId": trace_id, "spanId": span_id, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + int(ms * 10**6)), "status": {"code": status},
            "attributes": attributes(more.get("a", {})),
            "events": [{"timeUnixNano": str(start + 1000), "name": n, "attributes": attributes(a)} for n, a in events]}


def group(service, *spans, resource=None):
    named = {"service.name": service} if service else {}
    return {"resource": {"attributes": attributes({**named, **(resource or {})})},
            "scopeSpans": [{"scope": {"name": "lib", "version": "1.2", "attributes": attributes({"language": "c"})}, "spans": list(spans)}]}


DATA = {"resourceSpans": [
    group("frontend", span(A, "a000000000000001", "", "GET /cart", 0, 300, 2, a={"http.status_code": 200, "a b/c": "odd", "list": ["x", "y"]}),
          resource={"env": "prod"}),
    group("db", span(A, "a000000000000002", "a000000000000001", "query", 100, 100, 3, 2, [("exception", {"exception.type": "Timeout"})],
                     a={"db.system": "redis", "http.status_code": "402"})),
    group("cron", span(B, "b000000000000001", "", "tick", 10000, 2, a={"n": 1.5, "flag": True})),
    group("", *[span(C, f"c00000000000000{i}", f"c00000000000000{i - 1}" if i > 1 else "", f"step {i}", 20000 + i, 50 - 10 * i, a={"depth": i})
                for i in (1, 2, 3)]),
]}
RANGE = {"start": BASE - 60, "end": BASE + 60}


# ---- asking ----

class Door:
    """Tempo's API at one address and prefix."""

    def __init__(self, weft, endpoint="server.tempo", prefix=""):
        self.weft, self.endpoint, self.prefix = weft, endpoint, prefix

    def raw(self, path, params=None, method="GET", headers=None):
        url = self.weft.url(self.endpoint, self.prefix + path) + ("?" + urllib.parse.urlencode(params) if params else "")
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers or {}), timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def json(self, path, params=None):
        status, headers, body = self.raw(path, params)
        if status != 200 or headers["Content-Type"] != "application/json":
            raise AssertionError(f"{path} {params}: {status} {body[:300]}")
        return json.loads(body)

    def protobuf(self, path, params=None):
        status, headers, body = self.raw(path, params, headers={"Accept": "application/protobuf"})
        if status != 200 or headers["Content-Type"] != "application/protobuf":
            raise AssertionError(f"{path} {params}: {status} {body[:300]}")
        return body

    def refused(self, name, path, params=None, status=400, says=""):
        got, headers, body = self.raw(path, params)
        check(f"refused: {name}", got == status and headers["Content-Type"].startswith("text/plain") and says in body.decode(), (got, body))


def search(door, query, **more):
    return door.json("/api/search", {"q": query, **RANGE, "limit": 100, "spss": 100, **more})["traces"]


def span_ids(traces):
    """{trace id of 32 digits: [[span ids] of each spanset]}"""
    return {t["traceID"].rjust(32, "0"): [[s["spanID"] for s in sets["spans"]] for sets in t.get("spanSets", [])] for t in traces}


# ---- protobuf, as little as is needed ----

def varint(data, at):
    n = shift = 0
    while True:
        n, shift, at = n | (data[at] & 127) << shift, shift + 7, at + 1
        if data[at - 1] < 128:
            return n, at


def fields(data):
    """{number: [values]}"""
    out, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            x, at = varint(data, at)
        elif tag & 7 == 1:
            x, at = struct.unpack("<d", data[at:at + 8])[0], at + 8
        else:
            size, at = varint(data, at)
            x, at = data[at:at + size], at + size
        out.setdefault(tag >> 3, []).append(x)
    return out


def message(**numbered):
    """message(f1="text", f5=3): a protobuf message."""
    def number(n):
        out = b""
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])
    out = b""
    for name, x in numbered.items():
        field = int(name[1:])
        if isinstance(x, int):
            out += number(field << 3) + number(x)
        else:
            x = x if isinstance(x, bytes) else x.encode()
            out += number(field << 3 | 2) + number(len(x)) + x
    return out


def grpc(weft, directory, method, body):
    """(grpc-status, grpc-message, [messages])"""
    request = os.path.join(directory, "request")
    with open(request, "wb") as f:
        f.write(b"\0" + struct.pack(">I", len(body)) + body)
    done = subprocess.run(["curl", "-sS", "--max-time", "20", "--http2-prior-knowledge", "-H", "Content-Type: application/grpc", "-H", "TE: trailers",
                           "--data-binary", f"@{request}", "-D", os.path.join(directory, "head"), weft.url("server.tempo", f"/tempopb.StreamingQuerier/{method}")],
                          capture_output=True)
    head = dict(line.split(": ", 1) for line in open(os.path.join(directory, "head")).read().splitlines() if ": " in line)
    messages, at = [], 0
    while at < len(done.stdout):
        size = struct.unpack(">I", done.stdout[at + 1:at + 5])[0]
        messages.append(done.stdout[at + 5:at + 5 + size])
        at += 5 + size
    return int(head.get("grpc-status", -1)), head.get("grpc-message", ""), messages


# ---- the questions ----

def searches(door):
    found = search(door, '{ status = error }')
    same("Q8.4.4 one trace", [A.lstrip("0")], [t["traceID"] for t in found])
    same("Q8.4.4 what it shows", ("frontend", "GET /cart", str(BASE * 10**9), 300),
         tuple(found[0].get(k) for k in ("rootServiceName", "rootTraceName", "startTimeUnixNano", "durationMs")))
    same("Q8.4.4 services", {"frontend": {"spanCount": 1}, "db": {"spanCount": 1, "errorCount": 1}}, found[0]["serviceStats"])
    spanset = found[0]["spanSets"][0]
    same("Q8.4.4 the span", {"spanID": "a000000000000002", "startTimeUnixNano": str(BASE * 10**9 + 10**8), "durationNanos": "100000000",
                             "attributes": [{"key": "status", "value": {"stringValue": "error"}}]}, spanset["spans"][0])
    same("Q8.4.4 the first spanset again", spanset, found[0]["spanSet"])
    same("Q4.1.5 newest first", [C, B, A], [t["traceID"].rjust(32, "0") for t in search(door, "{}")])
    same("structure", {C: [["c000000000000003"]]}, span_ids(search(door, '{ name = "step 2" } > { }')))
    same("Q5.1.3 attributes of a spanset", [{"key": "count()", "value": {"intValue": "3"}}],
         search(door, "{} | count() > 2")[0]["spanSets"][0]["attributes"])
    same("Q1.4.2 no service", "<root span not yet received>", search(door, '{ name =~ "step.*" }')[0]["rootServiceName"])
    same("Q8.4.1 spss", (3, 1), (lambda s: (s["matched"], len(s["spans"])))(search(door, '{ span.depth > 0 }', spss=1)[0]["spanSets"][0]))
    same("Q8.4.1 limit", 2, len(search(door, "{}", limit=2)))
    same("Q4.1.3 the range chooses traces", [B], list(span_ids(search(door, "{}", start=BASE + 5, end=BASE + 15))))
    same("Q8.4.3 no range: everything", 3, len(door.json("/api/search", {"q": "{}"})["traces"]))
    same("Q8.4.4 nothing", [], search(door, '{ name = "nosuch" }'))
    everything = door.json("/api/search", RANGE)["traces"]
    check("Q8.4.8 no query: every trace, no spansets", len(everything) == 3 and not any("spanSets" in t for t in everything), everything)


def tag_searches(door):
    def by_tags(**params):
        return sorted(t["traceID"].rjust(32, "0") for t in door.json("/api/search", {**RANGE, **params})["traces"])
    same("Q8.4.8 contained in the text", [A], by_tags(tags="service.name=front"))
    same("Q8.4.8 all pairs, on any spans", [A], by_tags(tags='service.name=frontend db.system="redis"'))
    same("Q8.4.8 numbers", [A], by_tags(tags="http.status_code=200"))
    same("Q8.4.8 a number is no text", [], by_tags(tags="http.status_code=402"))
    same("Q8.4.8 status.code", [A], by_tags(tags="status.code=error"))
    same("Q8.4.8 root.name", [B], by_tags(tags="root.name=tick"))
    same("Q8.4.8 durations", [A], by_tags(minDuration="100ms"))
    same("Q8.4.8 durations", [B], by_tags(maxDuration="2ms"))
    for text in ("a=1 a=2", 'a="x', '"a"=1', "=1"):
        door.refused(f"tags {text}", "/api/search", {"tags": text})
    door.refused("q and tags", "/api/search", {"q": "{}", "tags": "a=b"})
    door.refused("minDuration without unit", "/api/search", {"minDuration": "2"})
    door.refused("maxDuration < minDuration", "/api/search", {"minDuration": "2s", "maxDuration": "1s"})


def errors(door):
    door.refused("syntax", "/api/search", {"q": "{ .a = }"}, says="line 1, col 8")
    door.refused("types", "/api/search", {"q": '{ 1 = "a" }'}, says="line 1, col ")
    door.refused("a metric in a search", "/api/search", {"q": "{} | rate()"})
    for params in ({"limit": "0"}, {"limit": "-1"}, {"limit": "x"}, {"limit": "262145"}, {"spss": "-1"}, {"start": "x", "end": "5"}, {"start": "10"},
                   {"start": "10", "end": "10"}, {"start": "10", "end": "5"}, {"start": "1.5", "end": "5"}, {"start": f"{BASE}000000000", "end": f"{BASE}000000001"},
                   {"start": BASE, "end": BASE + 169 * 3600}):
        door.refused(f"{params}", "/api/search", {"q": "{}", **params})
    door.refused("unknown path", "/api/nosuch", status=404)
    door.refused("unknown path", "/api/metrics/summary", status=404)
    for method in ("POST", "DELETE", "PUT"):
        status, headers, _ = door.raw("/api/search", method=method)
        same(f"Q8.1.1 {method}", (405, "GET, HEAD"), (status, headers.get("Allow")))
    same("Q8.1.1 HEAD", 200, door.raw("/api/search", RANGE, method="HEAD")[0])
    door.refused("128 KiB of query", "/api/search", {"q": "{" + " " * 131072 + "}"}, says="131072")


def tags(door):
    scopes = {s["name"]: s["tags"] for s in door.json("/api/v2/search/tags", RANGE)["scopes"]}
    intrinsic = scopes.pop("intrinsic")
    same("Q8.5.2 intrinsics", INTRINSICS, len(intrinsic))
    same("Q8.5.1 names", {"resource": ["env", "service.name"], "span": ["a b/c", "db.system", "depth", "flag", "http.status_code", "list", "n"],
                          "event": ["exception.type"], "instrumentation": ["language"]}, scopes)
    same("Q8.5.1 one scope", [{"name": "event", "tags": ["exception.type"]}], door.json("/api/v2/search/tags", {"scope": "event"})["scopes"])
    same("Q8.5.5 limit", ["a b/c"], door.json("/api/v2/search/tags", {"scope": "span", "limit": 1})["scopes"][0]["tags"])
    for query, want in (('{ resource.service.name = "cron" }', ["flag", "n"]), ('{ resource.service.name = "cron" && }', ["flag", "n"]),
                        ('{ resource.service.name = "cron" && span.x = }', ["flag", "n"]), ('{ .flag = ', scopes["span"]), ("no query", scopes["span"])):
        same(f"Q8.5.3 {query}", want, door.json("/api/v2/search/tags", {"scope": "span", "q": query})["scopes"][0]["tags"])
    narrow = {"scope": "span", "start": BASE + 5, "end": BASE + 15}  # with a filter it chooses spans, without one files that may have some
    same("Q8.5.1 the range chooses spans", ["flag", "n"], door.json("/api/v2/search/tags", {**narrow, "q": "{ kind != server }"})["scopes"][0]["tags"])
    names = door.json("/api/v2/search/tags", narrow)["scopes"][0]["tags"]
    check("Q8.5.1 the range chooses files", {"flag", "n"} <= set(names) <= set(scopes["span"]), names)
    same("Q8.5.1 a range without spans", [], door.json("/api/v2/search/tags", {"scope": "span", "start": 1000, "end": 2000})["scopes"])
    same("Q8.5.4 v1", sorted(set(sum(scopes.values(), []))), door.json("/api/search/tags")["tagNames"])
    same("Q8.5.4 v1 intrinsics", intrinsic, door.json("/api/search/tags", {"scope": "intrinsic"})["tagNames"])
    door.refused("scope", "/api/v2/search/tags", {"scope": "SPAN"}, says="SPAN")
    door.refused("limit", "/api/v2/search/tags", {"limit": "x"})
    door.refused("start", "/api/v2/search/tags", {"start": "x", "end": "5"})


def values(door):
    def v2(tag, **params):
        path = f"/api/v2/search/tag/{urllib.parse.quote(tag, safe='')}/values"
        return [(v["type"], v.get("value", "")) for v in door.json(path, {**RANGE, **params})["tagValues"]]

    def v1(tag):
        return door.json(f"/api/search/tag/{urllib.parse.quote(tag, safe='')}/values", RANGE)["tagValues"]
    same("Q8.6.1 strings", [("string", s) for s in ("", "cron", "db", "frontend")], v2("resource.service.name"))
    same("Q8.6.1 types", [("int", "200"), ("string", "402")], v2(".http.status_code"))
    same("Q8.6.1 float", [("float", "1.5")], v2("span.n"))
    same("Q8.6.1 bool", [("bool", "true")], v2("span.flag"))
    same("Q8.6.1 elements", [("string", "x"), ("string", "y")], v2("span.list"))
    same("Q8.6.1 keywords", [("keyword", "error"), ("keyword", "unset")], v2("status"))
    same("Q8.6.1 kinds", [("keyword", "client"), ("keyword", "internal"), ("keyword", "server")], v2("span:kind"))
    same("Q8.6.1 quoted names, with a slash", [("string", "odd")], v2('span."a b/c"'))
    same("Q8.6.1 events", [("string", "Timeout")], v2("event.exception.type"))
    same("Q8.6.1 durations have none", [], v2("duration"))
    same("Q8.6.3 q", [("string", "db")], v2("resource.service.name", q="{ status = error }"))
    same("Q8.6.3 half a query", [("string", "db")], v2("resource.service.name", q="{ status = error && span.x = }"))
    same("Q8.6.4 limit", [("string", "")], v2("resource.service.name", limit=1))
    same("Q8.6.2 v1", ["200", "402"], v1("http.status_code"))
    same("Q8.6.2 v1, any scope", ["Timeout"], v1("exception.type"))
    same("Q8.6.2 v1, a scope is part of the name", [], v1("span.http.status_code"))
    same("Q8.6.2 v1, special names", ["GET /cart", "step 1", "tick"], v1("root.name"))
    same("Q8.6.2 v1, a slash", ["odd"], v1("a b/c"))
    for tag in ("service.name", "foo.x", "span.", "nosuch"):
        door.refused(f"tag {tag}", f"/api/v2/search/tag/{tag}/values", says="line 1, col ")
    door.refused("no tag", "/api/v2/search/tag//values", status=404)
    door.refused("limit", "/api/v2/search/tag/status/values", {"limit": "x"})


def labels(series):
    return {label["key"]: label["value"].get("stringValue") for label in series.get("labels", [])}


def metrics(door):
    def series(query, **params):
        return door.json("/api/metrics/query_range", {"q": query, "start": BASE - 10, "end": BASE + 30, "step": "10s", **params})["series"]
    counted = series("{} | count_over_time()")[0]
    same("Q6.1.3 points and their times", [(-10, 0), (0, 1), (10, 2), (20, 0), (30, 3)],
         [(int(s["timestampMs"]) // 1000 - BASE, s.get("value", 0)) for s in counted["samples"]])
    same("Q6.1.5 by", {"frontend": 1, "db": 1, "cron": 1, "": 3},
         {labels(s)["resource.service.name"]: sum(p.get("value", 0) for p in s["samples"]) for s in series("{} | count_over_time() by(resource.service.name)")})
    same("Q8.7.1 query for q", 5, len(door.json("/api/metrics/query_range", {"query": "{} | rate()", "start": BASE - 10, "end": BASE + 30, "step": "10s"})["series"][0]["samples"]))
    for start in (str(BASE), f"{BASE}000000000", "2026-11-21T02:00:00Z", f"{BASE}.0"):
        check(f"Q8.7.2 {start}", door.raw("/api/metrics/query_range", {"q": "{} | rate()", "start": start, "end": BASE + 30, "step": "10"})[0] == 200)
    same("Q6.9.2 a sampled query is counted exactly, and says so", [("sampling was not needed: every span was counted", None), (None, None)],
         [(lambda a: (a.get("message"), a.get("status")))(door.json("/api/metrics/query_range", {"q": "{} | rate()" + hint, "start": BASE - 10, "end": BASE + 30}))
          for hint in (" with (sample=0.1)", "")])
    samples = series("{} | rate()", start=BASE, end=BASE + 1200, step="")[0]["samples"]
    same("Q8.7.3 default step", (241, 5000), (len(samples), int(samples[1]["timestampMs"]) - int(samples[0]["timestampMs"])))
    exemplars = series("{ status = error } | rate()")[0].get("exemplars", [])
    check("Q8.7.4 exemplars", len(exemplars) == 1 and labels(exemplars[0])["trace:id"] == A, exemplars)
    same("Q8.7.6 exemplars=0", [], series("{ status = error } | rate()", exemplars=0)[0].get("exemplars", []))
    instant = door.json("/api/metrics/query", {"q": "{} | count_over_time() by(status)", "start": BASE - 10, "end": BASE + 30})["series"]
    same("Q8.7.5 instant", {"error": 1, "unset": 5}, {labels(s)["status"]: s["value"] for s in instant})
    status, headers, _ = door.raw("/api/metrics/query_range", {"q": "{} | rate()", **RANGE}, headers={"Accept": "application/protobuf"})
    same("Q8.1.2 metrics are JSON", (200, "application/json"), (status, headers["Content-Type"]))
    for params in ({"start": BASE, "end": BASE}, {"start": BASE + 1, "end": BASE}, {"start": "x"}, {"step": "0"}, {"step": "-1"}, {"step": "x"}, {"since": "x"},
                   {"start": BASE, "end": BASE + 1200, "step": "1ms"}, {"start": BASE, "end": BASE + 25 * 3600}, {"exemplars": "x"}, {"q": "{}"}, {"q": ""}):
        door.refused(f"metrics {params}", "/api/metrics/query_range", {"q": "{} | rate()", **params})
    door.refused("metrics syntax", "/api/metrics/query", {"q": "{} | rate("}, says="line 1, col 11")


def traces(door):
    names = lambda trace: sorted(s["name"] for r in trace.get("resourceSpans", []) for x in r["scopeSpans"] for s in x["spans"])
    v2 = lambda trace_id, **params: door.json(f"/api/v2/traces/{trace_id}", params)
    same("Q8.3.1 whole", ["GET /cart", "query"], names(v2(A)["trace"]))
    same("Q8.2.1 leading zeros", ["step 1", "step 2", "step 3"], names(v2(C.lstrip("0").upper())["trace"]))
    same("Q8.3.2 not there", {"trace": {}, "metrics": {}}, v2("1234"))
    same("Q8.3.2 not there, filtered", {"trace": {}, "metrics": {}}, v2("1234", q="{ status = error }"))
    for params, want in (({"q": '{ name = "step 2" }'}, ["step 2"]), ({"q": '{ name = "step 2" }', "keep_hierarchy": "true"}, ["step 1", "step 2"]),
                         ({"q": '{ name = "step 3" }', "keep_hierarchy": "true", "ancestor_depth": 1}, ["step 2", "step 3"]),
                         ({"q": '{ name = "step 3" }', "keep_hierarchy": "true", "ancestor_depth": 0}, ["step 3"]),
                         ({"q": '{ name = "step 1" }', "match_depth": 1}, ["step 1", "step 2"]),
                         ({"q": '{ name = "step 1" }', "match_depth": -1}, ["step 1", "step 2", "step 3"]), ({"q": '{ name = "nosuch" }'}, []), ({"q": "{}"}, ["step 1", "step 2", "step 3"])):
        answer = v2(C, **params)
        same(f"Q8.3.3 {params}", (want, "PARTIAL"), (names(answer["trace"]), answer.get("status")))
    same("Q8.3.3 empty q", None, v2(C, q="").get("status"))
    for query in ("{ } | count() > 1", "{ trace:duration > 1s }", "{} > {}", "{} | rate()", "{", "{ rootName = `x` }"):
        door.refused(f"filter {query}", f"/api/v2/traces/{C}", {"q": query}, says="invalid TraceQL filter")
    door.refused("depth", f"/api/v2/traces/{C}", {"q": "{}", "match_depth": -2})
    door.refused("range", f"/api/traces/{C}", {"start": 10, "end": 5})
    door.refused("range", f"/api/traces/{C}", {"start": "x", "end": 5})
    same("Q8.1.5 one of them, v2", 200, door.raw(f"/api/v2/traces/{C}", {"end": BASE})[0])
    body = fields(door.protobuf(f"/api/v2/traces/{C}", {"q": '{ name = "step 2" }'}))
    check("Q8.3.1 protobuf, filtered", body[3] == [1] and body[4][0].startswith(b"Trace filtered") and len(fields(body[1][0])[1]) == 1, body)


def in_protobuf(door):
    found = fields(door.protobuf("/api/search", {"q": "{ status = error } | select(span.db.system)", **RANGE}))
    trace = fields(found[1][0])
    same("Q8.4.7 trace", (A.lstrip("0"), "frontend", "GET /cart", BASE * 10**9, 300),
         (trace[1][0].decode(), trace[2][0].decode(), trace[3][0].decode(), trace[4][0], trace[5][0]))
    spanset = fields(trace[7][0])
    span_found = fields(spanset[1][0])
    same("Q8.4.7 span", ("a000000000000002", BASE * 10**9 + 10**8, 10**8, [1]), (span_found[1][0].decode(), span_found[3][0], span_found[4][0], spanset[2]))
    same("Q8.4.7 attributes", {"status": "error", "db.system": "redis"},
         {fields(a)[1][0].decode(): fields(fields(a)[2][0])[1][0].decode() for a in span_found[5]})
    same("Q8.4.7 services", {"frontend": {1: [1]}, "db": {1: [1], 2: [1]}}, {fields(s)[1][0].decode(): fields(fields(s)[2][0]) for s in trace[8]})
    scopes = fields(door.protobuf("/api/v2/search/tags", {"scope": "event"}))
    same("Q8.4.7 tags", {1: [b"event"], 2: [b"exception.type"]}, fields(scopes[1][0]))
    same("Q8.4.7 v1 tags", INTRINSICS, len(fields(door.protobuf("/api/search/tags", {"scope": "intrinsic"}))[1]))
    same("Q8.4.7 values", [{1: [b"float"], 2: [b"1.5"]}], [fields(v) for v in fields(door.protobuf("/api/v2/search/tag/span.n/values"))[1]])
    same("Q8.4.7 v1 values", [b"1.5"], fields(door.protobuf("/api/search/tag/n/values"))[1])


def over_grpc(weft, directory):
    ask = lambda method, **numbered: grpc(weft, directory, method, message(**numbered))
    status, said, answers = ask("Search", f8="{ status = error }", f5=BASE - 60, f6=BASE + 60)
    check("Q8.8.4 Search", status == 0 and [fields(t)[1][0].decode() for t in fields(answers[-1])[1]] == [A.lstrip("0")], (status, said, answers))
    status, said, answers = ask("Search", f1=message(f1="service.name", f2="cron"))
    check("Q8.8.4 Search by tags", status == 0 and [fields(t)[2][0] for t in fields(answers[-1])[1]] == [b"cron"], (status, said, answers))
    status, said, answers = ask("SearchTagsV2", f1="event")
    check("Q8.8.4 SearchTagsV2", status == 0 and fields(fields(answers[-1])[1][0]) == {1: [b"event"], 2: [b"exception.type"]}, (status, said, answers))
    status, said, answers = ask("SearchTags", f1="link")
    check("Q8.8.4 SearchTags", status == 0 and 1 not in fields(answers[-1]), (status, said, answers))
    status, said, answers = ask("SearchTagValuesV2", f1="span.n", f2="{ name = `tick` }", f4=BASE - 60, f5=BASE + 60, f6=5)
    check("Q8.8.4 SearchTagValuesV2", status == 0 and [fields(v) for v in fields(answers[-1])[1]] == [{1: [b"float"], 2: [b"1.5"]}], (status, said, answers))
    status, said, answers = ask("SearchTagValues", f1="db.system")
    check("Q8.8.4 SearchTagValues", status == 0 and fields(answers[-1])[1] == [b"redis"], (status, said, answers))
    moment = {"f1": "{} | count_over_time()", "f2": (BASE - 10) * 10**9, "f3": (BASE + 30) * 10**9}
    status, said, answers = ask("MetricsQueryRange", **moment, f4=10 * 10**9)
    points = [fields(p) for p in fields(fields(answers[-1])[1][0])[2]] if answers else []
    check("Q8.8.4 MetricsQueryRange", status == 0 and [p.get(1, [0])[0] for p in points] == [0, 1, 2, 0, 3] and points[0][2][0] == (BASE - 10) * 1000, (status, said, points))
    status, said, answers = ask("MetricsQueryInstant", **moment)
    check("Q8.8.4 MetricsQueryInstant", status == 0 and fields(fields(answers[-1])[1][0])[2] == [6.0], (status, said, answers))
    for name, method, numbered in (("syntax", "Search", {"f8": "{"}), ("a metric in a search", "Search", {"f8": "{} | rate()"}), ("tag", "SearchTagValuesV2", {"f1": "x.y"}),
                                   ("no tag", "SearchTagValues", {}), ("scope", "SearchTagsV2", {"f1": "SPAN"}), ("range", "Search", {"f5": 10, "f6": 5}),
                                   ("no metric", "MetricsQueryRange", {**moment, "f1": "{}"}), ("no times", "MetricsQueryInstant", {"f1": "{} | rate()"})):
        status, said, answers = ask(method, **numbered)
        check(f"Q8.8.4 INVALID_ARGUMENT: {name}", status == 3 and said and not answers, (status, said, answers))
    same("no protobuf", 3, grpc(weft, directory, "Search", b"\x0a\xff")[0])
    status, headers, _ = Door(weft).raw("/tempopb.StreamingQuerier/Search", method="POST")
    check("plain HTTP to a method", status == 415, status)


def others(door):
    same("Q8.8.1 echo", (200, b"echo"), (door.raw("/api/echo")[0], door.raw("/api/echo")[2]))
    check("Q8.8.1 buildinfo", set(door.json("/api/status/buildinfo")) >= {"version", "revision", "branch", "buildDate", "buildUser", "goVersion"})
    for page in ("", "/version", "/services", "/endpoints", "/config", "/runtime_config", "/overrides"):
        status, headers, body = door.raw(f"/status{page}")
        check(f"Q8.8.2 /status{page}", status == 200 and headers["Content-Type"].startswith("text/plain") and body, (status, body))


def everything(weft, directory):
    for door in (Door(weft), Door(weft, "server.http", "/tempo")):
        for ask in (searches, tag_searches, errors, tags, values, metrics, traces, in_protobuf, others):
            try:
                ask(door)
            except (AssertionError, KeyError, IndexError) as error:
                check(f"{ask.__name__} at {door.endpoint}", False, f"{type(error).__name__} {error}")
    over_grpc(weft, directory)


def main():
    global state
    with tempfile.TemporaryDirectory(prefix="tempo-", dir="/tmp") as directory:
        data = os.path.join(directory, "data")
        with weft_process.Weft(data, ["storage.seal_age=1h"]) as weft:
            state = "live"
            same("OTLP", 200, weft.post("/v1/traces", json.dumps(DATA).encode(), "application/json")[0])
            everything(weft, directory)
            same("SIGTERM: exit 0", 0, weft.stop())
        done = subprocess.run([weft_process.WEFT, "store", "compact", "--data", os.path.join(data, "store")], capture_output=True, text=True)
        check("weft store compact", done.returncode == 0, done.stderr)
        with weft_process.Weft(data, ["query.left_pad_trace_ids=true", "query.search_range_max=0", "query.series_max=4"]) as weft:
            state = "blocks"
            door = Door(weft)
            same("Q8.4.5 padded when configured", [A], [t["traceID"] for t in search(door, "{ status = error }", start=1, end=BASE + 60)])
            answer = door.json("/api/metrics/query_range", {"q": "{} | rate() by(name)", "start": BASE - 10, "end": BASE + 30, "step": 10})
            check("Q7.3 more series than allowed", len(answer["series"]) == 4 and answer.get("status") == "PARTIAL" and answer.get("message"), answer)
            for ask in (tags, values, metrics, traces):
                ask(door)
            same("SIGTERM: exit 0", 0, weft.stop())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
