#!/usr/bin/env python3
"""zipkin: Zipkin's API on a real server: spans in, the same spans out; searches against a slow judge; dependencies; names; refusals.

    tests/zipkin.py [SEED]        ends with "N passed, N failed"
"""
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import weft_process

BASE_US = (int(time.time()) - 7200) * 10**6
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {str(said)[:800]}"), flush=True)


def same(name, want, got):
    check(name, want == got, f"expected {want!r}, found {got!r}")


class Api:
    """One place where the API answers."""

    def __init__(self, weft, endpoint="server.zipkin", prefix=""):
        self.weft, self.endpoint, self.prefix = weft, endpoint, prefix

    def ask(self, path, method="GET", body=None, headers=None, **params):
        query = "?" + urllib.parse.urlencode(params) if params else ""
        request = urllib.request.Request(self.weft.url(self.endpoint, self.prefix + path + query), data=body, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def get(self, path, **params):
        status, body, headers = self.ask("/api/v2" + path, **params)
        return (status, json.loads(body)) if headers.get_content_type() == "application/json" else (status, body.decode())

    def post(self, spans, **headers):
        body = spans if isinstance(spans, (bytes, str)) else json.dumps(spans)
        body = body.encode() if isinstance(body, str) else body
        return self.ask("/api/v2/spans", "POST", body, {"Content-Type": "application/json", **headers})


def by_id(spans):
    return sorted(spans, key=lambda s: (s["id"], s.get("shared", False), s.get("kind", ""), json.dumps(s, sort_keys=True)))


# ---------------------------------------------------------------- spans in, the same spans out

def span(trace, number, parent=0, start=0, **more):
    made = {"traceId": trace, "id": f"{number:016x}", "timestamp": BASE_US + start, **more}
    if parent:
        made["parentId"] = f"{parent:016x}"
    return made


WIDE, SHORT = f"{0xa1 << 64:032x}", f"{0xa2:016x}"
EXACT = [
    span(WIDE, 1, name="get /", kind="SERVER", duration=1500, localEndpoint={"serviceName": "shop", "ipv4": "10.0.0.1", "port": 8080},
         remoteEndpoint={"ipv6": "2001:db8::c001", "port": 40000}, tags={"http.method": "GET", "empty": "", "ünï": "☕"},
         annotations=[{"timestamp": BASE_US + 5, "value": "ws"}, {"timestamp": BASE_US + 5, "value": "zz"}, {"timestamp": BASE_US + 9, "value": "a"}]),
    span(WIDE, 2, 1, 10, name="call", kind="CLIENT", duration=1000, localEndpoint={"serviceName": "shop"}, remoteEndpoint={"serviceName": "stock", "ipv4": "10.0.0.2", "ipv6": "2001:db8::2"},
         tags={"peer.service": "a tag", "network.peer.address": "x", "network.peer.port": "y"}),
    span(WIDE, 2, 1, 12, name="call", kind="SERVER", duration=900, shared=True, localEndpoint={"serviceName": "stock"}, tags={"error": ""}),
    span(WIDE, 3, 2, 13, name="local", debug=True, localEndpoint={"serviceName": "stock"}, tags={"span.kind": "internal", "network.local.address": "tag"}),
    span(WIDE, 4, 2, 14, name="tag only", kind="CLIENT", duration=1, localEndpoint={"serviceName": "stock"}, tags={"peer.service": "only a tag"}),
    span(WIDE, 5, 2, 15, name="failed", duration=3, tags={"otel.status_code": "ERROR", "error": "boom", "otel.scope.name": "lib", "otel.scope.version": "2"}),
    span(WIDE, 6, 2, 15, name="told otherwise", duration=3, tags={"otel.status_code": "STATUS_CODE_ERROR"}),
    span(WIDE, 7, 2, 15, name="fine", duration=3, tags={"otel.status_code": "OK", "w3c.tracestate": "a=1,b=2"}),
    span(WIDE, 8, 2, 15, name="true", duration=3, tags={"error": "true"}),
    span(WIDE, 9, 2, 15, name="false", duration=3, tags={"error": "false"}),
    span(WIDE, 10, 2, 15, name="events", annotations=[
        {"timestamp": BASE_US + 20, "value": '"retry":{"attempt":2,"why":"slow","list":[1,2.5,"x",true,null],"more":{"a":"b"}}'},
        {"timestamp": BASE_US + 21, "value": '"no":{"json"'}, {"timestamp": BASE_US + 22, "value": '"x":{"a":1.50}'}]),
    span(SHORT, 1, kind="PRODUCER", duration=7, localEndpoint={"serviceName": "shop"}, remoteEndpoint={"serviceName": "kafka"}),
    {"traceId": SHORT, "id": f"{2:016x}", "kind": "CONSUMER", "localEndpoint": {"serviceName": "stock"}},
    {"traceId": SHORT, "id": f"{3:016x}", "parentId": f"{1:016x}", "annotations": [{"timestamp": BASE_US + 3, "value": "late"}]},
]
ODD = f"{0xa3 << 64:032x}"
MENDED = [  # sent, shown
    ({"traceId": ODD.lstrip("0"), "id": "a", "parentId": "0", "timestamp": str(BASE_US), "name": "GET /ÄÖ", "duration": 0, "unknown": {"x": [1]},
      "localEndpoint": {"serviceName": "SHOP", "ipv4": "no address"}, "remoteEndpoint": {"ipv6": "::ffff:10.1.2.3"}, "tags": {"n": 1, "t": True}, "kind": None},
     {"traceId": ODD, "id": f"{10:016x}", "timestamp": BASE_US, "name": "get /äö", "localEndpoint": {"serviceName": "shop"},
      "remoteEndpoint": {"ipv4": "10.1.2.3"}, "tags": {"n": "1", "t": "true"}}),
    ({"traceId": ODD, "id": f"{11:016x}", "parentId": f"{11:016x}", "timestamp": BASE_US, "localEndpoint": {}, "shared": False,
      "tags": {"otel.library.name": "old", "zipkin.remoteEndpoint.ipv4": "mine"}},
     {"traceId": ODD, "id": f"{11:016x}", "timestamp": BASE_US, "tags": {"otel.scope.name": "old"}}),
]


def round_trips(api):
    status, body, _ = api.post(EXACT)
    same("202 without a body", (202, b""), (status, body))
    same("gzip", 202, api.ask("/api/v2/spans", "POST", gzip.compress(json.dumps([sent for sent, _ in MENDED]).encode()),
                              {"Content-Type": "application/json", "Content-Encoding": "gzip"})[0])
    shown(api, "at once")


def shown(api, when):
    for trace in (WIDE, SHORT):
        want = by_id(s for s in EXACT if s["traceId"] == trace)
        status, got = api.get("/trace/" + trace)
        same(f"{when}: trace {trace[:8]} as it came", (200, want), (status, by_id(got)))
    same(f"{when}: mended", by_id(show for _, show in MENDED), by_id(api.get("/trace/" + ODD)[1]))
    same(f"{when}: both", {WIDE, SHORT}, {t[0]["traceId"] for t in api.get("/traceMany", traceIds=f"{WIDE},{'0' * 16}{SHORT},{'b' * 32}")[1]})


def elsewhere(weft):
    """What OpenTelemetry's faces show of them."""
    status, body = weft.get("/jaeger/api/traces/" + WIDE)
    spans = {s["operationName"]: s for s in json.loads(body)["data"][0]["spans"]}
    tags = {name: {t["key"]: t["value"] for t in s["tags"]} for name, s in spans.items()}
    tags["call"] = next(found for found in ({t["key"]: t["value"] for t in s["tags"]} for s in json.loads(body)["data"][0]["spans"]
                                            if s["operationName"] == "call") if found["span.kind"] == "client")
    same("tags stay what they are", ("a tag", "x", "y", "stock"), tuple(tags["call"].get(k) for k in (
        "peer.service", "network.peer.address", "network.peer.port", "zipkin.remoteEndpoint.serviceName")))
    same("addresses", ("10.0.0.1", 8080, "2001:db8::c001", 40000), tuple(tags["get /"].get(k) for k in (
        "network.local.address", "network.local.port", "network.peer.address", "network.peer.port")))
    same("status", ("ERROR", "boom", "lib"), tuple(tags["failed"].get(k) for k in ("otel.status_code", "otel.status_description", "otel.scope.name")))
    same("status by error alone", (True, None, True), (tags["true"].get("error"), tags["false"].get("otel.status_code"), tags["true"].get("error")))
    same("internal", "internal", tags["local"].get("span.kind"))
    event = spans["events"]["logs"][0]["fields"]
    same("an annotation with attributes", {"event": "retry", "attempt": 2, "why": "slow"}, {f["key"]: f["value"] for f in event if f["key"] in ("event", "attempt", "why")})


# ---------------------------------------------------------------- spans of OTLP

def otlp(weft, api):
    trace = f"{0xb1 << 64:032x}"
    ns = BASE_US * 1000

    def value(plain):
        kinds = {bool: "boolValue", float: "doubleValue", str: "stringValue"}
        if isinstance(plain, list):
            return {"arrayValue": {"values": [value(x) for x in plain]}}
        return {"intValue": str(plain)} if type(plain) is int else {kinds[type(plain)]: plain}

    def attributes(plain):
        return [{"key": k, "value": value(v)} for k, v in plain.items()]

    def otlp_span(number, **more):
        return {"traceId": trace, "spanId": f"{number:016x}", "startTimeUnixNano": str(ns + 1999), "endTimeUnixNano": str(ns + 1999), **more}

    spans = [
        otlp_span(1, name="POST /Ärger", kind=2, attributes=attributes({"i": -5, "d": 42.0, "e": 1e-9, "big": 1e16, "b": True, "a": ["x", 1, 0.5], "net.peer.name": "Edge"}),
                  events=[{"timeUnixNano": str(ns + 5000), "name": "ev", "attributes": attributes({"k": 1.0})}, {"timeUnixNano": str(ns + 4000), "name": "plain"}],
                  status={"code": 2, "message": "why"}, traceState="x=y"),
        otlp_span(2, parentSpanId=f"{1:016x}", name="", kind=3, attributes=attributes({"peer.service": "Bank", "error": "overwritten"}) + attributes({"dup": 1}) + attributes({"dup": 2}), status={"code": 2}),
        otlp_span(3, parentSpanId=f"{1:016x}", name="x", kind=1, attributes=attributes({"peer.service": "not a caller", "empty": ""}) + [{"key": "nothing", "value": {}}], status={"code": 1}),
    ]
    body = {"resourceSpans": [{"resource": {"attributes": attributes({"service.name": "WEB", "host.name": "h"})}, "scopeSpans": [{"scope": {"name": "s", "version": "v"}, "spans": spans}]}]}
    same("OTLP", 200, weft.post("/v1/traces", json.dumps(body).encode(), "application/json")[0])
    common = {"traceId": trace, "timestamp": BASE_US + 1, "duration": 1, "localEndpoint": {"serviceName": "web"}}
    scope = {"otel.scope.name": "s", "otel.scope.version": "v"}
    same("OTLP by the exporter's rules", [
        {**common, "id": f"{1:016x}", "name": "post /ärger", "kind": "SERVER", "remoteEndpoint": {"serviceName": "edge"},
         "annotations": [{"timestamp": BASE_US + 4, "value": "plain"}, {"timestamp": BASE_US + 5, "value": '"ev":{"k":1.0}'}],
         "tags": {"i": "-5", "d": "42.0", "e": "1e-09", "big": "1e+16", "b": "true", "a": '["x",1,0.5]', "net.peer.name": "Edge",
                  "otel.status_code": "ERROR", "error": "why", **scope}},
        {**common, "id": f"{2:016x}", "parentId": f"{1:016x}", "kind": "CLIENT", "remoteEndpoint": {"serviceName": "bank"},
         "tags": {"peer.service": "Bank", "dup": "2", "otel.status_code": "ERROR", "error": "", **scope}},
        {**common, "id": f"{3:016x}", "parentId": f"{1:016x}", "name": "x", "tags": {"peer.service": "not a caller", "empty": "", "nothing": "", "otel.status_code": "OK", **scope}},
    ], by_id(api.get("/trace/" + trace)[1]))
    same("remote services of OTLP spans", ["bank", "edge"], api.get("/remoteServices", serviceName="Web")[1])
    same("span names of OTLP spans", ["post /ärger", "x"], api.get("/spans", serviceName="WEB")[1])
    for terms, found in (("error=why", 1), ("otel.status_code=OK and d=42.0", 1), ("e=1e-09", 1), ("b=true and i=-5", 1), ("a=[\"x\",1,0.5]", 1),
                         ("d=42", 0), ("plain", 1), ("dup=2", 1), ("dup=1", 0), ("otel.scope.name=s", 1), ("error=overwritten", 0), ('"ev":{"k":1.0}', 1),
                         ("ev", 0), ("dup", 1), ("error", 1), ("error and otel.status_code and otel.scope.name and otel.scope.version and a", 1), ("w3c.tracestate", 0),
                         ("nothing", 0), ("b and plain and nothing=x", 0), ("empty", 1), ("Plain", 0)):
        same(f"terms {terms}", found, len(api.get("/traces", endTs=BASE_US // 1000 + 1, serviceName="web", annotationQuery=terms)[1]))


# ---------------------------------------------------------------- searches

SERVICES, NAMES, KEYS = ["front", "Cart", "cart", "db"], ["get", "GET", "put /x", "all"], ["k", "m", "error"]


def random_traces(r, count):
    traces = []
    for t in range(count):
        trace, spans = f"{(0xc0 << 64) + (r.getrandbits(60) << 4) + t:032x}", []
        start = BASE_US + r.randrange(600) * 10**6
        for n in range(1, r.choice([2, 3, 6]) + 1):
            s = {"traceId": trace, "id": f"{n:016x}"}
            if n > 1 or r.random() < 0.1:
                s["parentId"] = f"{r.randrange(max(1, n - 2), max(2, n)) if n > 1 else 99:016x}"
            if r.random() < 0.95:
                s["timestamp"] = start + r.randrange(-10**6, 60 * 10**6)
            if r.random() < 0.9:
                s["duration"] = r.choice([1, 10, 1000, 10**6])
            if r.random() < 0.9:
                s["localEndpoint"] = {"serviceName": r.choice(SERVICES)}
            if r.random() < 0.4:
                s["remoteEndpoint"] = {"serviceName": r.choice(SERVICES)}
            if r.random() < 0.8:
                s["name"] = r.choice(NAMES)
            s["kind"] = r.choice(["CLIENT", "SERVER", None])
            s["tags"] = {k: r.choice(["1", "x", "", "true", "1.0"]) for k in KEYS if r.random() < 0.4}
            if r.random() < 0.3:
                s["annotations"] = [{"timestamp": start + 1, "value": r.choice(["k", "note", "x"])}]
            spans.append(s)
        r.shuffle(spans)
        traces.append(spans)
    return traces


def lower(s, end):
    return s.get(end, {}).get("serviceName", "").lower()


def matches(trace, q):
    """Zipkin's rules, said slowly (docs/api/zipkin.md)."""
    roots = sorted(s["timestamp"] for s in trace if "parentId" not in s and "timestamp" in s)
    times = sorted(s["timestamp"] for s in trace if "timestamp" in s)
    start = (roots or times or [0])[0]
    if not (q["endTs"] - q["lookback"]) * 1000 <= start <= q["endTs"] * 1000 or not times:
        return False
    spans = [s for s in trace if "serviceName" not in q or lower(s, "localEndpoint") == q["serviceName"].lower()]
    conditions = []
    if "spanName" in q and q["spanName"] != "all":
        conditions.append(lambda s: s.get("name", "").lower() == q["spanName"].lower())
    if "remoteServiceName" in q:
        conditions.append(lambda s: lower(s, "remoteEndpoint") == q["remoteServiceName"].lower())
    if "minDuration" in q:
        conditions.append(lambda s: q["minDuration"] <= s.get("duration", 0) <= q.get("maxDuration", 10**18))
    for term in q["annotationQuery"].split(" and ") if "annotationQuery" in q else []:
        key, _, value = term.partition("=")
        if value:
            conditions.append(lambda s, key=key, value=value: s["tags"].get(key) == value)
        else:
            conditions.append(lambda s, key=key: key in s["tags"] or any(a["value"] == key for a in s.get("annotations", [])))
    return bool(spans) and all(any(holds(s) for s in spans) for holds in conditions)


def newest(trace, q):
    return max(s["timestamp"] for s in trace if s.get("timestamp", 10**18) <= q["endTs"] * 1000)


def random_query(r):
    q = {"endTs": BASE_US // 1000 + r.choice([700, 300, 60]) * 1000, "lookback": r.choice([800, 100]) * 1000, "limit": 1000}
    for name, values in (("serviceName", SERVICES + ["none"]), ("spanName", NAMES + ["none"]), ("remoteServiceName", SERVICES)):
        if r.random() < 0.3:
            q[name] = r.choice(values)
    if r.random() < 0.3:
        q["minDuration"] = r.choice([1, 2, 10, 1000])
        if r.random() < 0.5:
            q["maxDuration"] = q["minDuration"] + r.choice([0, 5, 10**6])
    if r.random() < 0.5:
        terms = {key: r.choice(["", "=1", "=x", "=true"]) for key in r.sample(KEYS + ["note", "x"], r.choice([1, 1, 2]))}
        q["annotationQuery"] = " and ".join(key + value for key, value in terms.items())
    return q


def search(api, traces, r, when):
    wrong, hits = [], 0
    for _ in range(300):
        q = random_query(r)
        want = {t[0]["traceId"]: newest(t, q) for t in traces if matches(t, q)}
        status, got = api.get("/traces", **q)
        ids = [t[0]["traceId"] for t in got if t[0]["traceId"].startswith("00000000000000c")]
        hits += len(want)
        if status != 200 or sorted(ids) != sorted(want) or [want[i] for i in ids] != sorted(want.values(), reverse=True):
            wrong.append((q, sorted(want), ids))
        if len(want) > 2:
            few = [t[0]["traceId"] for t in api.get("/traces", **{**q, "limit": 2})[1]]
            if len(few) != 2 or (all(i in want for i in few) and [want[i] for i in few] != sorted(want.values(), reverse=True)[:2]):
                wrong.append((q, "limit 2", few))
    check(f"{when}: 300 random searches, {hits} traces", not wrong and hits > 1000, f"{len(wrong)} wrong, the first: {wrong[:1]}")


# ---------------------------------------------------------------- dependencies

def links(api):
    day = 86400 * 10**6
    number = 0

    def linked(name, want, *spans):
        nonlocal number
        number += 1
        start = BASE_US - number * day // 100
        trace = f"{(0xd0 << 64) + number:032x}"
        sent = [{"traceId": trace, "timestamp": start + i, "duration": 5, **s} for i, s in enumerate(spans)]
        api.post(sent)
        status, got = api.get("/dependencies", endTs=(start + 1000) // 1000, lookback=2)
        found = {(g["parent"], g["child"]): (g["callCount"], g.get("errorCount", 0)) for g in got}
        same(f"links: {name}", want, found)

    def s(number, kind=None, local=None, remote=None, parent=None, error=False, **more):
        made = {"id": f"{number:016x}", **more}
        if kind:
            made["kind"] = kind
        if local:
            made["localEndpoint"] = {"serviceName": local}
        if remote:
            made["remoteEndpoint"] = {"serviceName": remote}
        if parent:
            made["parentId"] = f"{parent:016x}"
        if error:
            made["tags"] = {"error": ""}
        return made

    linked("client and server", {("a", "b"): (1, 0)}, s(1, "CLIENT", "a", "wrong"), s(2, "SERVER", "b", parent=1))
    linked("an error at the client counts", {("a", "b"): (1, 1)}, s(1, "CLIENT", "a", error=True), s(2, "SERVER", "b", parent=1))
    linked("a shared id", {("a", "b"): (1, 1)}, s(1, "CLIENT", "a"), s(1, "SERVER", "b", shared=True, error=True))
    linked("a shared id that nobody says is", {("a", "b"): (1, 0)}, s(1, "CLIENT", "a"), s(1, "SERVER", "b"))
    linked("a server that is not traced", {("a", "db"): (1, 0)}, s(1, "CLIENT", "a", "DB"))
    linked("a client that is not traced", {("app", "a"): (1, 0)}, s(1, "SERVER", "a", "app"))
    linked("a root nobody is known to call", {}, s(1, "SERVER", "a"))
    linked("local spans between", {("a", "b"): (1, 0)}, s(1, "SERVER", "a"), s(2, None, "a", parent=1), s(3, None, "a", parent=2), s(4, "SERVER", "b", parent=3))
    linked("two reports of one span", {("a", "b"): (1, 0)}, s(1, "CLIENT", "a"), s(1, None, "a", "b"))
    linked("without kind, both known", {("a", "b"): (1, 0)}, s(1, None, "a", "b"))
    linked("broker", {("a", "kafka"): (1, 0), ("kafka", "b"): (1, 1)}, s(1, "PRODUCER", "a", "kafka"), s(2, "CONSUMER", "b", "kafka", 1, error=True))
    linked("messages without a broker", {}, s(1, "PRODUCER", "a"), s(2, "CONSUMER", "b", parent=1))
    linked("a step that was not traced", {("a", "b"): (1, 0), ("b", "c"): (1, 0)}, s(1, "SERVER", "a"), s(2, "CLIENT", "b", "c", 1))
    linked("children of a shared server", {("a", "b"): (1, 0), ("b", "c"): (1, 0)},
           s(1, "CLIENT", "a"), s(1, "SERVER", "b", shared=True), s(2, None, "b", parent=1), s(3, "CLIENT", "b", "c", 2))
    linked("calls add up", {("a", "b"): (3, 1)}, s(1, "SERVER", "a"), *(s(n, "CLIENT", "a", "b", 1, error=n == 3) for n in (2, 3, 4)))
    linked("a circle", {}, s(1, "SERVER", "a", parent=2), s(2, "SERVER", "b", parent=1))
    same("nothing in the range", (200, []), api.get("/dependencies", endTs=1000, lookback=1000))


# ---------------------------------------------------------------- names, refusals, long answers

def names(api):
    same("services", ["cart", "db", "front", "shop", "stock"], [n for n in api.get("/services")[1] if len(n) > 1 and n not in ("web", "app", "kafka", "long")])
    same("span names", ["all", "get", "put /x"], api.get("/spans", serviceName="CART")[1])
    same("remote services", ["cart", "db", "front"], api.get("/remoteServices", serviceName="cart")[1])
    same("remote services, a tag of that name", ["kafka", "stock"], api.get("/remoteServices", serviceName="shop")[1])
    same("... that is none", [], api.get("/remoteServices", serviceName="stock")[1])
    for path in ("/spans", "/remoteServices"):
        same(f"{path} of nobody", (200, []), api.get(path, serviceName="nobody"))
    same("keys", (200, ["k", "m", "nosuch"]), api.get("/autocompleteKeys"))
    same("values", (200, ["1", "1.0", "true", "x"]), api.get("/autocompleteValues", key="k"))
    same("values of a key without", (200, []), api.get("/autocompleteValues", key="nosuch"))
    same("values of a key that is not offered", (200, []), api.get("/autocompleteValues", key="http.method"))
    same("caching", "max-age=300, must-revalidate", api.ask("/api/v2/services")[2].get("cache-control"))


def refusals(api):
    bad = [("/spans", {}), ("/remoteServices", {}), ("/autocompleteValues", {}), ("/dependencies", {}), ("/dependencies", {"endTs": "x"}),
           ("/dependencies", {"endTs": "0"}), ("/traces", {"limit": 0}), ("/traces", {"limit": "1.5"}), ("/traces", {"limit": ""}), ("/traces", {"endTs": -1}),
           ("/traces", {"lookback": 0}), ("/traces", {"minDuration": "x"}), ("/traces", {"minDuration": 0}), ("/traces", {"maxDuration": 5}),
           ("/traces", {"minDuration": 5, "maxDuration": 4}), ("/traces", {"endTs": "9" * 30}), ("/traceMany", {}), ("/traceMany", {"traceIds": ""}),
           ("/traceMany", {"traceIds": "a"}), ("/traceMany", {"traceIds": "a,a"}), ("/traceMany", {"traceIds": "a,0a"}), ("/traceMany", {"traceIds": "a,x"}),
           ("/trace/A1", {}), ("/trace/xyz", {}), ("/trace/" + "1" * 33, {}), ("/trace/" + "0" * 32, {})]
    for path, params in bad:
        status, answer = api.get(path, **params)
        check(f"400 {path} {params}", status == 400 and isinstance(answer, str) and answer, (status, answer))
    for path in ("/trace/" + "b" * 32, "/nosuch", "/trace"):
        status, answer = api.get(path)
        check(f"404 {path}", status == 404 and isinstance(answer, str) and answer, (status, answer))
    good = {"traceId": "e1", "id": "1", "timestamp": BASE_US}
    for body in ("{bad", "{}", "[1]", "[{}]", '[{"traceId":"1"}]', '[{"id":"1"}]', '[{"traceId":"zz","id":"1"}]', '[{"traceId":"E1","id":"1"}]', '[{"traceId":"0","id":"1"}]',
                 '[{"traceId":"' + "1" * 33 + '","id":"1"}]', '[{"traceId":"1","id":""}]', "[" + json.dumps(good), "[" + json.dumps(good) + "] x",
                 json.dumps([good, {"traceId": "e1", "id": "2", "kind": "BOSS"}]), json.dumps([good, {**good, "annotations": [{"value": "x"}]}]),
                 json.dumps([good, {**good, "tags": {"a": {}}}]), json.dumps([good, {**good, "timestamp": -1}]), json.dumps([good, {**good, "binaryAnnotations": []}]),
                 json.dumps([good, {**good, "localEndpoint": {"port": 70000}}]), json.dumps([good, {**good, "debug": "yes"}])):
        status, answer, headers = api.post(body)
        check(f"400 for {body[:60]}", status == 400 and answer and headers.get_content_type() == "text/plain", (status, answer))
    same("of a list with a bad span nothing is stored", 404, api.get("/trace/e1")[0])
    for body in ("", "[]", " \n"):
        same(f"202 for {body!r}", 202, api.post(body)[0])
    for kind in ("application/x-protobuf", "application/x-thrift"):
        same(f"415 for {kind}", 415, api.post(b"\n\0", **{"Content-Type": kind})[0])
    same("any other type is taken for JSON", 202, api.post("[]", **{"Content-Type": "text/plain"})[0])
    same("an unknown encoding", 400, api.post("[]", **{"Content-Encoding": "rot13"})[0])
    same("another method", 405, api.ask("/api/v2/spans", "PUT", b"[]")[0])
    same("a body over the limit", 413, api.post(b" " * (21 << 20))[0])
    status, body, headers = api.ask("/api/v2/services", "HEAD")
    same("HEAD", (200, b""), (status, body))


def about(api):
    same("health", (200, {"status": "UP"}), (api.ask("/health")[0], json.loads(api.ask("/health")[1])))
    check("config.json", json.loads(api.ask("/config.json")[1])["searchEnabled"] is True)
    check("prometheus", b"weft_receiver_accepted_spans_total{receiver=\"zipkin\",transport=\"http_json\"}" in api.ask("/prometheus")[1])
    same("info", 200, api.ask("/info")[0])


def long_answers(api):
    trace = f"{0xe0 << 64:032x}"
    for part in range(10):
        api.post([span(trace, n, 1 if n > 1 else 0, n, name="n", duration=1, tags={"payload": "x" * 300}, localEndpoint={"serviceName": "long"})
                  for n in range(part * 1000 + 1, part * 1000 + 1001)])
    status, got = api.get("/trace/" + trace)
    same("10,000 spans", (200, 10000, 10000), (status, len(got), len({s["id"] for s in got})))
    status, got = api.get("/traces", serviceName="long", endTs=BASE_US // 1000 + 1000)
    same("... found", [10000], [len(t) for t in got])


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")
    r = random.Random(seed)
    traces = random_traces(r, 150)
    with tempfile.TemporaryDirectory(prefix="weft-zipkin-") as data:
        settings = ["server.zipkin.autocomplete_keys=k,m,nosuch"]
        with weft_process.Weft(data, settings) as weft:
            api, under = Api(weft), Api(weft, "server.http", "/zipkin")
            round_trips(api)
            elsewhere(weft)
            otlp(weft, api)
            for part in range(0, len(traces), 50):
                same("traces", 202, (api, under)[part > 0].post([s for t in traces[part:part + 50] for s in t])[0])
            search(api, traces, r, "live")
            links(under)
            names(api)
            names(Api(weft, "server.zipkin", "/zipkin"))
            refusals(api)
            about(api)
            long_answers(under)
            weft.kill()
        with weft_process.Weft(data, settings) as weft:
            api = Api(weft)
            shown(api, "after a kill")
            search(api, traces, r, "after a kill")
            same("stops", 0, weft.stop())
        done = subprocess.run([weft_process.WEFT, "store", "compact", "--data", os.path.join(data, "store")], capture_output=True, text=True)
        check("weft store compact", done.returncode == 0, done.stderr)
        with weft_process.Weft(data, settings) as weft:
            api = Api(weft)
            shown(api, "compacted")
            search(api, traces, r, "compacted")
            names(api)
            same("stops", 0, weft.stop())
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
