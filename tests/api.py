#!/usr/bin/env python3
"""api: the HTTP APIs against a judge. A few thousand seeded spans go in as OTLP/JSON and stay here in plain lists; every
answer about them (docs/api/, Tempo's traces) must be what the lists say, while the store changes its state underneath:
live, compacted, half and half, reopened. The judge's rules are the sentences of src/model/predicate.h.

    tests/api.py [SEED]        ends with "N passed, N failed"
"""
import base64
import gzip
import http.client
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

import weft_process

KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"]
STATUSES = ["unset", "ok", "error"]
BASE = 1795226400 * 10**9
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


class Agreed:
    """Many comparisons under one name; the first that differs is shown."""

    def __init__(self, name):
        self.name, self.count, self.bad, self.said = name, 0, 0, ""

    def see(self, ok, said):
        self.count += 1
        if not ok:
            self.bad += 1
            self.said = self.said or (said() if callable(said) else said)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            check(f"{self.name} ({self.count} comparisons)", self.bad == 0 and self.count > 0,
                  f"{self.bad} differ; first: {self.said}")


# ---- values: (type, value); attributes: list of (key, value) ----

def to_any(v):
    kind, x = v
    return {"s": lambda: {"stringValue": x}, "b": lambda: {"boolValue": x}, "i": lambda: {"intValue": str(x)},
            "d": lambda: {"doubleValue": x if math.isfinite(x) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(x, "NaN")},
            "a": lambda: {"arrayValue": {"values": [to_any(e) for e in x]}},
            "k": lambda: {"kvlistValue": {"values": [{"key": k, "value": to_any(e)} for k, e in x]}},
            "y": lambda: {"bytesValue": base64.b64encode(x).decode()}, "e": lambda: {}}[kind]()


def from_any(any_value):
    if not any_value:
        return "e", None
    (name, x), = any_value.items()
    if name == "doubleValue":
        return "d", struct.pack("<d", float({"Infinity": "inf", "-Infinity": "-inf"}.get(x, x)))
    if name == "arrayValue":
        return "a", tuple(from_any(e) for e in x.get("values", []))
    if name == "kvlistValue":
        return "k", tuple((e["key"], from_any(e["value"])) for e in x.get("values", []))
    return {"stringValue": "s", "boolValue": "b", "intValue": "i", "bytesValue": "y"}[name], int(x) if name == "intValue" else x


def to_attributes(attributes):
    return [{"key": k, "value": to_any(v)} for k, v in attributes]


def from_attributes(attributes):
    """Comparable whatever their order."""
    return sorted(((a["key"], from_any(a.get("value"))) for a in attributes), key=repr)


# ---- the spans ----

SERVICES = ["cart", "checkout", "frontend", "payment", "カート", "a b\"c\\d", "z" * 200, None, ""]
NAMES = ["GET /", "GET /cart/{id}", "SELECT shop.orders", "publish", "work", "a\tb\nc", "", "ünï", "n" * 3000]
KEYS = ["http.response.status_code", "http.route", "db.system.name", "retry", "ratio", "user.id", "tags", "odd key=", "map",
        "raw", "empty", "n"]
EVENTS = ["exception", "retry", "", "cache miss"]


def random_value(r, depth=0):
    pick = r.random()
    if pick < 0.30:
        return "s", r.choice(["", "a", "ab", "abc", "b", "200", "true", "GET", "ü", "x" * 500, f"user-{r.randrange(300)}"])
    if pick < 0.60:
        return "i", r.choice([0, 1, -1, 200, 404, 500, 503, 2**53 + 1, -2**63, 2**63 - 1, r.randrange(1000)])
    if pick < 0.75:
        return "d", r.choice([0.0, -0.0, 0.5, 200.0, 2.0**53, 1e300, -1.5, math.nan, math.inf, -math.inf, r.random()])
    if pick < 0.86:
        return "b", r.random() < 0.5
    if pick < 0.92 and depth < 2:
        return "a", tuple(random_value(r, depth + 1) for _ in range(r.randrange(4)))
    if pick < 0.95 and depth < 2:
        return "k", tuple((k, random_value(r, depth + 1)) for k in r.sample(["x", "y", "z"], r.randrange(3)))
    return r.choice([("y", bytes(r.randrange(256) for _ in range(r.randrange(9)))), ("e", None)])


def random_attributes(r, most):
    return [(k, random_value(r)) for k in r.sample(KEYS, r.randrange(most))]


class Scope:
    def __init__(self, r):
        service = r.choice(SERVICES)
        self.resource = ([("service.name", ("s", service))] if service is not None else []) + random_attributes(r, 4)
        self.service = service or ""
        self.name = r.choice(["io.shop.http", "io.shop.db", ""])
        self.version = r.choice(["1.2.3", ""])
        self.attributes = random_attributes(r, 3)
        self.schema_url = r.choice(["https://opentelemetry.io/schemas/1.30.0", ""])


class Span:
    pass


def random_span(r, trace_id, parent, scope, start):
    s = Span()
    s.trace_id, s.span_id, s.parent, s.scope = trace_id, r.randbytes(8).hex(), parent, scope
    s.name, s.kind, s.status = r.choice(NAMES), r.randrange(6), r.choice([0, 0, 0, 1, 2])
    s.message = r.choice(["", "it broke", "ü\n2"]) if s.status == 2 else ""
    s.start = start
    s.end = start + r.choice([0, 1, 1000, r.randrange(10**6), r.randrange(10**9), r.randrange(10**10), -5])
    s.attributes = random_attributes(r, 8)
    s.events = [(s.start + r.randrange(-10, 10**6), r.choice(EVENTS), random_attributes(r, 4)) for _ in range(max(0, r.randrange(-3, 4)))]
    s.links = [(r.randbytes(16).hex(), r.randbytes(8).hex(), r.choice(["", "k=v"]), random_attributes(r, 3))
               for _ in range(max(0, r.randrange(-5, 3)))]
    s.trace_state, s.flags = r.choice(["", "", "vendor=1,b=2"]), r.choice([0, 1, 0x101])
    s.dropped = (r.choice([0, 0, 3]), r.choice([0, 0, 2]), r.choice([0, 0, 1]))
    return s


def random_trace(r, scopes):
    trace_id = r.choice(["", "", "", "00000000"]) + r.randbytes(16).hex()
    trace_id = trace_id[:32]
    at = BASE + r.randrange(3600) * 10**9 + r.choice([0, r.randrange(10**9)])
    spans = []
    for i in range(r.choice([1, 1, 2, 3, 5, 8, 13, 40])):
        parent = None if i == 0 and r.random() < 0.9 else r.choice(spans).span_id if spans and r.random() < 0.9 else r.randbytes(8).hex()
        if i > 0 and r.random() < 0.03:
            parent = None
        spans.append(random_span(r, trace_id, parent, r.choice(scopes), at + r.choice([0, 0, 1000, r.randrange(10**9), -r.randrange(10**6)])))
        if spans[-1].kind == 2 and r.random() < 0.1:  # Zipkin's way: server and client share an id
            shared = random_span(r, trace_id, parent, r.choice(scopes), spans[-1].start - r.choice([0, 1000]))
            shared.span_id, shared.kind = spans[-1].span_id, 3
            spans.append(shared)
    return spans


def span_json(s):
    out = {"traceId": s.trace_id, "spanId": s.span_id, "name": s.name, "kind": s.kind, "flags": s.flags,
           "traceState": s.trace_state, "startTimeUnixNano": str(s.start), "endTimeUnixNano": str(s.end),
           "attributes": to_attributes(s.attributes), "status": {"code": s.status, "message": s.message},
           "events": [{"timeUnixNano": str(t), "name": n, "attributes": to_attributes(a)} for t, n, a in s.events],
           "links": [{"traceId": t, "spanId": i, "traceState": w, "attributes": to_attributes(a)} for t, i, w, a in s.links],
           "droppedAttributesCount": s.dropped[0], "droppedEventsCount": s.dropped[1], "droppedLinksCount": s.dropped[2]}
    if s.parent:
        out["parentSpanId"] = s.parent
    return out


def scope_json(scope, spans):
    return {"resource": {"attributes": to_attributes(scope.resource)}, "schemaUrl": scope.schema_url,
            "scopeSpans": [{"scope": {"name": scope.name, "version": scope.version, "attributes": to_attributes(scope.attributes)},
                            "schemaUrl": scope.schema_url, "spans": spans}]}


def send(weft, r, spans):
    """In batches whose borders cut through traces."""
    spans = spans[:]
    r.shuffle(spans)
    while spans:
        batch = spans[:r.randrange(1, 400)]
        spans = spans[len(batch):]
        by_scope = {}
        for s in batch:
            by_scope.setdefault(s.scope, []).append(span_json(s))
        body = json.dumps({"resourceSpans": [scope_json(scope, members) for scope, members in by_scope.items()]}).encode()
        status, answer, _ = weft.post("/v1/traces", body, "application/json")
        if status != 200 or answer != b"{}":
            raise RuntimeError(f"weft does not take the spans: {status} {answer[:500]!r}")


# ---- the judge ----

def value_holds(op, wanted, v):
    kind, x = v
    if kind == "e":
        return False
    if op == "exists":
        return True
    if kind == "a":
        if len({e[0] for e in x}) != 1 or x[0][0] not in "sbid":
            return False
        return (all if op == "!=" else any)(value_holds(op, wanted, e) for e in x)
    w_kind, w = wanted
    if kind in "id" and w_kind in "id":
        if x != x or w != w:
            return op == "!="
    elif kind == w_kind == "s":
        x, w = x.encode(), w.encode()
        if op == "^=":
            return x.startswith(w)
    elif not kind == w_kind == "b" or op not in ("=", "!="):
        return False
    return {"=": x == w, "!=": x != w, "<": x < w, "<=": x <= w, ">": x > w, ">=": x >= w, "^=": False}[op]


def where_holds(where, s):
    scope, key, op, wanted = where
    carriers = {"any": [s.attributes, s.scope.resource], "span": [s.attributes], "resource": [s.scope.resource],
                "event": [a for _, _, a in s.events], "link": [a for _, _, _, a in s.links],
                "instrumentation": [s.scope.attributes]}[scope]
    holds = any(k == key and value_holds("exists" if op == "not" else op, wanted, v) for c in carriers for k, v in c)
    return not holds if op == "not" else holds


def duration(s):
    return max(0, s.end - s.start)


def span_matches(q, s):
    return (q.get("from", 0) <= s.start < q.get("to", 1 << 64)
            and ("service" not in q or s.scope.service == q["service"])
            and ("operation" not in q or s.name == q["operation"])
            and ("kind" not in q or KINDS[s.kind] == q["kind"])
            and ("status" not in q or STATUSES[s.status] == q["status"])
            and ("min_duration" not in q or duration(s) >= q["min_duration"])
            and ("max_duration" not in q or duration(s) <= q["max_duration"])
            and ("event" not in q or any(n == q["event"] for _, n, _ in s.events))
            and ("scope" not in q or s.scope.name == q["scope"])
            and ("root" not in q or (s.parent is None) == q["root"])
            and all(where_holds(w, s) for w in q.get("where", [])))


def position(order):
    newest = lambda s: (-s.start, s.trace_id, s.span_id, s.kind)
    return newest if order == "newest" else lambda s: (-duration(s), *newest(s))


SLOTS = {}  # service -> the slot of its colour, the same in every answer and every state


def slot_is_wrong(name, slot):
    return SLOTS.setdefault(name, slot) != slot or not 0 <= slot <= 16 or (slot > 0) != (0 < len(name.encode()) <= 1024)


def hit_of(s):
    hit = {"trace_id": s.trace_id, "span_id": s.span_id, "service_name": s.scope.service, "name": s.name, "kind": KINDS[s.kind],
           "status": STATUSES[s.status], "start_time_unix_nano": str(s.start), "duration_ns": duration(s)}
    return {**hit, "parent_span_id": s.parent} if s.parent else hit


def summary_of(trace, matched):
    trace = sorted(trace, key=lambda s: (s.start, s.span_id, s.kind != 3, s.kind))
    roots = [s for s in trace if s.parent is None]
    root, start = (roots or trace)[0], trace[0].start
    services = {}
    for s in trace:
        counts = services.setdefault(s.scope.service, [0, 0])
        counts[0] += 1
        counts[1] += s.status == 2
    return {"trace_id": root.trace_id, "root_service_name": root.scope.service, "root_name": root.name, "has_root": bool(roots),
            "start_time_unix_nano": str(start), "duration_ns": max(s.start + duration(s) for s in trace) - start,
            "span_count": len(trace), "error_count": sum(s.status == 2 for s in trace), "matched_span_count": len(matched),
            "services": sorted([n, *c] for n, c in services.items()), "first_match": hit_of(matched[0])}


class Judge:
    def __init__(self):
        self.spans, self.traces = [], {}

    def add(self, spans):
        self.spans += spans
        for s in spans:
            self.traces.setdefault(s.trace_id, []).append(s)

    def search_spans(self, q):
        return sorted((s for s in self.spans if span_matches(q, s)), key=position(q.get("order", "newest")))

    def search(self, q):
        found = self.search_spans(q)
        if q.get("view") == "spans":
            return [hit_of(s) for s in found]
        groups = {}
        for s in found:
            groups.setdefault(s.trace_id, []).append(s)
        return [summary_of(self.traces[t], matched) for t, matched in groups.items()]


# ---- questions ----

def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def where_text(where, r):
    scope, key, op, wanted = where
    name = ("" if scope == "any" else scope + ".") + (quoted(key) if "=" in key or r.random() < 0.3 else key)
    if op in ("exists", "not"):
        return ("!" if op == "not" else "") + name
    kind, x = wanted
    text = quoted(x) if kind == "s" else ("true" if x else "false") if kind == "b" else repr(x)
    return name + r.choice(["", " "]) + op + r.choice(["", " "]) + text


def random_where(r):
    op = r.choice(["exists", "not", "=", "=", "!=", "<", "<=", ">", ">=", "^="])
    wanted = random_value(r, 9)
    while wanted[0] in "ey" or wanted[0] == "d" and not math.isfinite(wanted[1]) or op == "^=" and wanted[0] != "s":
        wanted = random_value(r, 9)
    return r.choice(["any", "span", "span", "resource", "event", "link", "instrumentation"]), r.choice(KEYS), op, wanted


def random_question(r):
    q = {"view": r.choice(["spans", "traces"]), "order": r.choice(["newest", "slowest"]), "limit": r.choice([1, 3, 20, 100, 1000])}
    for name, share, make in [
        ("service", 0.2, lambda: r.choice([s for s in SERVICES if s] + ["nobody"])), ("operation", 0.2, lambda: r.choice(NAMES)),
        ("kind", 0.15, lambda: r.choice(KINDS)), ("status", 0.15, lambda: r.choice(STATUSES)),
        ("min_duration", 0.15, lambda: r.choice([0, 1, 1000, 10**8])), ("max_duration", 0.1, lambda: r.choice([0, 1000, 10**9])),
        ("event", 0.1, lambda: r.choice(EVENTS)), ("scope", 0.1, lambda: r.choice(["io.shop.http", "io.shop.db", "x"])),
        ("root", 0.1, lambda: r.random() < 0.5), ("from", 0.15, lambda: BASE + r.randrange(3600) * 10**9),
        ("where", 0.5, lambda: [random_where(r) for _ in range(r.choice([1, 1, 1, 2]))]),
    ]:
        if r.random() < share:
            q[name] = make()
    if r.random() < 0.15:
        q["to"] = q.get("from", BASE) + r.randrange(1, 3000) * 10**9
    return q


def parameters_of(q, r):
    """[(name, text)], in one of the ways a user may write them."""
    out = []
    for name, x in q.items():
        if name == "where":
            out += [("where", where_text(w, r)) for w in x]
        elif name.endswith("_duration"):
            out.append((name, f"{x}ns"))
        elif name in ("from", "to"):
            out.append((name, r.choice([str(x), str(x // 1000), str(x // 10**6), str(x // 10**9),
                                        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(x // 10**9))])))
        elif name == "operation":
            out.append((r.choice(["operation", "name"]), x))
        else:
            out.append((name, {True: "true", False: "false"}.get(x, str(x)) if name == "root" else str(x)))
    return out


def ask(weft, parameters, post):
    if not post:
        status, body = weft.get("/api/v1/search?" + urllib.parse.urlencode(parameters, quote_via=urllib.parse.quote))
        return status, json.loads(body)
    members = {}
    for name, text in parameters:
        members.setdefault(name, []).append(text)
    members = {name: texts if len(texts) > 1 else texts[0] for name, texts in members.items()}
    if "limit" in members:
        members["limit"] = int(members["limit"])
    status, body, _ = weft.post("/api/v1/search", json.dumps(members).encode(), "application/json", endpoint="server.http")
    return status, json.loads(body)


def pages(weft, q, r, post):
    """All hits of a search, page by page, and a complaint when a page is not as it must be."""
    parameters, hits, cursor, totals = parameters_of(q, r), [], None, set()
    while True:
        count = [("count", "exact")] if r.random() < 0.5 else []
        status, answer = ask(weft, parameters + count + ([("cursor", cursor)] if cursor else []), post)
        if status != 200:
            return hits, f"{status} {answer}"
        if ("total_spans" in answer) != bool(count):
            return hits, f"count {count}, but {answer.get('total_spans')} in all"
        totals.add(answer.get("total_spans"))
        page = answer[q["view"]]
        for hit in [h.get("first_match", h) for h in page]:
            if slot_is_wrong(hit["service_name"], hit.pop("service_slot")):
                return hits, f"another slot for {hit['service_name']!r} than {SLOTS[hit['service_name']]}"
        for hit in page if q["view"] == "traces" else []:
            counts = [s["span_count"] for s in hit["services"]]
            if counts != sorted(counts, reverse=True):
                return hits, f"services are not sorted by count: {hit['services']}"
            hit["services"] = sorted([s["name"], s["span_count"], s["error_count"]] for s in hit["services"])
        hits += page
        if answer["partial"] is not None or len(page) > q["limit"] or answer["has_more"] != ("next_cursor" in answer):
            return hits, f"{len(page)} hits, partial {answer['partial']}, has_more {answer['has_more']}"
        if not answer["has_more"]:
            totals.discard(None)
            found = sum(hit.get("matched_span_count", 1) for hit in hits)
            return hits, None if totals <= {found} else f"{totals} spans counted, {found} found"
        if len(page) != q["limit"]:
            return hits, f"{len(page)} hits of {q['limit']} and has_more"
        cursor = answer["next_cursor"]


def first_difference(got, wanted):
    for i, (a, b) in enumerate(zip(got, wanted)):
        if a != b:
            return f"hit {i}: {a} instead of {b}"
    return f"{len(got)} hits instead of {len(wanted)}"


def compare_searches(weft, judge, state, seed, count):
    r = random.Random(seed)
    with Agreed(f"{state}: searches are as the judge's, paged to the end") as agreed:
        for _ in range(count):
            q = random_question(r)
            wanted = judge.search(q)
            if len(wanted) / q["limit"] > 40:
                q["limit"] = 100
            got, complaint = pages(weft, q, r, r.random() < 0.3)
            agreed.see(complaint is None and got == wanted, lambda: f"{q}: {complaint or first_difference(got, wanted)}")


def compare_names(weft, judge, state):
    operations = {}
    for s in judge.spans:
        counts = operations.setdefault((s.scope.service, s.name, KINDS.index(KINDS[s.kind])), [0, 0])
        counts[0] += 1
        counts[1] += s.status == 2
    rows = [{"service_name": o[0], "name": o[1], "kind": KINDS[o[2]], "span_count": c[0], "error_count": c[1]}
            for o, c in sorted(operations.items(), key=lambda x: (x[0][0].encode(), x[0][1].encode(), x[0][2]))]
    got = json.loads(weft.get("/api/v1/operations")[1])["operations"]
    check(f"{state}: operations of all services", got == rows, first_difference(got, rows))
    services = []
    for row in rows:
        if not services or services[-1]["name"] != row["service_name"]:
            services.append({"name": row["service_name"], "span_count": 0, "error_count": 0, "operation_count": 0})
        services[-1]["span_count"] += row["span_count"]
        services[-1]["error_count"] += row["error_count"]
        services[-1]["operation_count"] += 1
    got = json.loads(weft.get("/api/v1/services")[1])["services"]
    wrong = [s["name"] for s in got if slot_is_wrong(s["name"], s.pop("slot"))]
    check(f"{state}: slots of services", not wrong, wrong)
    check(f"{state}: services", got == services, first_difference(got, services))
    with Agreed(f"{state}: operations of one service") as agreed:
        for service in [s for s in SERVICES if s] + ["nobody"]:
            got = json.loads(weft.get("/api/v1/operations?service=" + urllib.parse.quote(service, safe=""))[1])["operations"]
            wanted = [row for row in rows if row["service_name"] == service]
            agreed.see(got == wanted, lambda: f"{service}: {first_difference(got, wanted)}")


# ---- traces ----

def canonical(s):
    """A span with its scope, as something that can be compared."""
    return {"traceId": s.trace_id, "spanId": s.span_id, "parent": s.parent, "name": s.name, "kind": s.kind, "status": s.status,
            "message": s.message, "start": s.start, "end": s.end, "flags": s.flags, "state": s.trace_state, "dropped": s.dropped,
            "attributes": from_attributes(to_attributes(s.attributes)),
            "events": [(t, n, from_attributes(to_attributes(a))) for t, n, a in s.events],
            "links": [(t, i, w, from_attributes(to_attributes(a))) for t, i, w, a in s.links],
            "resource": from_attributes(to_attributes(s.scope.resource)), "scope": (s.scope.name, s.scope.version),
            "scope_attributes": from_attributes(to_attributes(s.scope.attributes)), "schema": (s.scope.schema_url, s.scope.schema_url)}


def spans_of_otlp(resource_spans, is_tempo):
    """Canonical spans of OTLP JSON, or of Tempo's with ids in base64 and names for numbers."""
    def an_id(text):
        return base64.b64decode(text, validate=True).hex() if is_tempo else text

    def number(x, names, prefix):
        if not is_tempo:
            return x or 0
        return [prefix + n.upper() for n in names].index(x) if x else 0

    out = []
    for rs in resource_spans:
        for ss in rs["scopeSpans"]:
            scope = ss.get("scope", {})
            for s in ss["spans"]:
                status = s.get("status", {})
                out.append({"traceId": an_id(s["traceId"]), "spanId": an_id(s["spanId"]),
                            "parent": an_id(s["parentSpanId"]) if s.get("parentSpanId") else None, "name": s.get("name", ""),
                            "kind": number(s.get("kind"), KINDS, "SPAN_KIND_"), "status": number(status.get("code"), STATUSES, "STATUS_CODE_"),
                            "message": status.get("message", ""), "start": int(s.get("startTimeUnixNano", 0)),
                            "end": int(s.get("endTimeUnixNano", 0)), "flags": s.get("flags", 0), "state": s.get("traceState", ""),
                            "dropped": tuple(s.get(f"dropped{n}Count", 0) for n in ("Attributes", "Events", "Links")),
                            "attributes": from_attributes(s.get("attributes", [])),
                            "events": [(int(e.get("timeUnixNano", 0)), e.get("name", ""), from_attributes(e.get("attributes", []))) for e in s.get("events", [])],
                            "links": [(an_id(e["traceId"]), an_id(e["spanId"]), e.get("traceState", ""), from_attributes(e.get("attributes", []))) for e in s.get("links", [])],
                            "resource": from_attributes(rs.get("resource", {}).get("attributes", [])),
                            "scope": (scope.get("name", ""), scope.get("version", "")),
                            "scope_attributes": from_attributes(scope.get("attributes", [])),
                            "schema": (rs.get("schemaUrl", ""), ss.get("schemaUrl", ""))})
    return out


def by_id(spans):
    return sorted(spans, key=lambda s: (s["start"], s["spanId"], s["kind"], repr(s)))


def tree_of(trace):
    """[(span, parent's row, depth, is_orphan)] in pre-order, siblings by start."""
    spans = sorted(trace, key=lambda s: (s.start, s.span_id, s.kind))
    parents = []
    for s in spans:
        same_id = [o for o in spans if o.span_id == s.span_id and o is not s]
        if s.kind == 2 and same_id and same_id[0].kind == 3:
            parents.append(same_id[0])
        else:
            found = [o for o in spans if o.span_id == s.parent and o is not s]
            parents.append(found[0] if s.parent and found else None)
    rows = []

    def walk(s, parent_row, depth):
        rows.append((s, parent_row, depth, parent_row < 0 and s.parent is not None))
        row = len(rows) - 1
        for child, parent in zip(spans, parents):
            if parent is s:
                walk(child, row, depth + 1)

    for s, parent in zip(spans, parents):
        if parent is None:
            walk(s, -1, 0)
    return rows


def columns_complaint(answer, trace):
    rows, start = tree_of(trace), min(s.start for s in trace)
    c = answer["columns"]
    orphans = sum(row[3] for row in rows)
    head = {"trace_id": trace[0].trace_id, "start_time_unix_nano": str(start), "span_count": len(trace), "orphan_count": orphans,
            "duration_ns": max(s.start + duration(s) for s in trace) - start, "error_count": sum(s.status == 2 for s in trace),
            "depth_max": max(row[2] for row in rows),
            "root": next((i for i, row in enumerate(rows) if row[0].parent is None), 0)}
    for name, wanted in head.items():
        if answer[name] != wanted:
            return f"{name}: {answer[name]} instead of {wanted}"
    wanted = {
        "span_id": [s.span_id for s, *_ in rows], "parent_span_id": [s.parent for s, *_ in rows],
        "parent": [row[1] for row in rows], "depth": [row[2] for row in rows], "name": [s.name for s, *_ in rows],
        "kind": [KINDS[s.kind] for s, *_ in rows], "start_offset_ns": [s.start - start for s, *_ in rows],
        "duration_ns": [duration(s) for s, *_ in rows], "status": [STATUSES[s.status] for s, *_ in rows],
        "status_message": [s.message for s, *_ in rows], "flags": [s.flags for s, *_ in rows],
        "trace_state": [s.trace_state for s, *_ in rows], "dropped_counts": [list(s.dropped) for s, *_ in rows],
        "marks": [(["orphan"] if row[3] else []) + (["end_before_start"] if row[0].end < row[0].start else []) for row in rows]}
    for name, column in wanted.items():
        if c[name] != column:
            return f"column {name}: {c[name]} instead of {column}"
    for i, (s, *_) in enumerate(rows):
        if from_attributes(c["attributes"][i]) != from_attributes(to_attributes(s.attributes)):
            return f"attributes of {s.span_id}: {c['attributes'][i]}"
        events = [(start + e["time_offset_ns"], e["name"], from_attributes(e["attributes"])) for e in c["events"][i]]
        if events != [(t, n, from_attributes(to_attributes(a))) for t, n, a in s.events]:
            return f"events of {s.span_id}: {c['events'][i]}"
        links = [(e["trace_id"], e["span_id"], e.get("trace_state", ""), from_attributes(e["attributes"])) for e in c["links"][i]]
        if links != [(t, n, w, from_attributes(to_attributes(a))) for t, n, w, a in s.links]:
            return f"links of {s.span_id}: {c['links'][i]}"
        scope = answer["scopes"][c["scope"][i]]
        if ((scope["service_name"], scope["name"], scope.get("version", "")) != (s.scope.service, s.scope.name, s.scope.version)
                or from_attributes(scope["resource"]) != from_attributes(to_attributes(s.scope.resource))
                or from_attributes(scope["attributes"]) != from_attributes(to_attributes(s.scope.attributes))):
            return f"scope of {s.span_id}: {scope}"
    return None


def varint(data, at):
    n = shift = 0
    while True:
        n, shift, at = n | (data[at] & 127) << shift, shift + 7, at + 1
        if data[at - 1] < 128:
            return n, at


def fields(data):
    """{number: [values]} of a protobuf message."""
    out, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 1:
            value, at = data[at:at + 8], at + 8
        elif tag & 7 == 5:
            value, at = data[at:at + 4], at + 4
        else:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        out.setdefault(tag >> 3, []).append(value)
    return out


def spans_of_protobuf(data):
    """(trace id, span id, name, start) of each span of a TracesData."""
    return sorted((f[1][0].hex(), f[2][0].hex(), f.get(5, [b""])[0].decode(), struct.unpack("<Q", f[7][0])[0])
                  for rs in fields(data).get(1, []) for ss in fields(rs).get(2, []) for f in map(fields, fields(ss).get(2, [])))


def compare_traces(weft, judge, state, seed, count):
    r = random.Random(seed)
    ids = r.sample(sorted(judge.traces), count)
    doors = [("server.tempo", ""), ("server.http", "/tempo")]
    with Agreed(f"{state}: traces as columns") as columns, Agreed(f"{state}: traces as OTLP JSON") as otlp, \
            Agreed(f"{state}: Tempo v1 JSON") as v1, Agreed(f"{state}: Tempo v2 JSON") as v2, Agreed(f"{state}: protobuf") as protobuf:
        for trace_id in ids:
            trace = judge.traces[trace_id]
            wanted = by_id([canonical(s) for s in trace])
            asked = r.choice([trace_id, trace_id.upper(), trace_id.lstrip("0")])
            answer = json.loads(weft.get(f"/api/v1/traces/{asked}")[1])
            complaint = columns_complaint(answer, trace) if "columns" in answer else str(answer)
            columns.see(complaint is None, f"{asked}: {complaint}")
            answer = json.loads(weft.get(f"/api/v1/traces/{asked}?format=otlp")[1])
            got = by_id(spans_of_otlp(answer["resourceSpans"], False))
            otlp.see(got == wanted, lambda: f"{asked}: {first_difference(got, wanted)}")
            brief = sorted((s.trace_id, s.span_id, s.name, s.start) for s in trace)
            body = weft.get(f"/api/v1/traces/{asked}", headers={"Accept": "application/x-protobuf"})[1]
            protobuf.see(spans_of_protobuf(body) == brief, asked)
            for endpoint, prefix in doors:
                answer = json.loads(weft.get(f"{prefix}/api/traces/{asked}", endpoint)[1])
                got = by_id(spans_of_otlp(answer["batches"], True))
                v1.see(got == wanted and list(answer) == ["batches"], lambda: f"{asked}: {first_difference(got, wanted)}")
                answer = json.loads(weft.get(f"{prefix}/api/v2/traces/{asked}", endpoint)[1])
                got = by_id(spans_of_otlp(answer["trace"]["resourceSpans"], True))
                v2.see(got == wanted and answer["metrics"] == {} and "status" not in answer,
                       lambda: f"{asked}: {first_difference(got, wanted)}")
                accept = {"Accept": r.choice(["application/protobuf", "application/json;q=0.1, application/protobuf"])}
                protobuf.see(spans_of_protobuf(weft.get(f"{prefix}/api/traces/{asked}", endpoint, accept)[1]) == brief, asked)
                body = weft.get(f"{prefix}/api/v2/traces/{asked}", endpoint, accept)[1]
                protobuf.see(spans_of_protobuf(fields(body)[1][0]) == brief and fields(body)[2] == [b""], asked)


# ---- answers that do not depend on the state ----

def raw(weft, method, path, endpoint="server.http", headers=None, body=None):
    connection = http.client.HTTPConnection(weft.addresses[endpoint + ".endpoint"], timeout=30)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    result = answer.status, answer.headers, answer.read()
    connection.close()
    return result


def error_cases(weft):
    def refused(name, path, status, *words, method="GET", body=None):
        got, headers, text = raw(weft, method, path, body=body)
        try:
            message = json.loads(text)["error"]["message"]
            ok = got == status and all(w in message for w in words) and headers["Content-Type"] == "application/json"
        except (ValueError, KeyError, TypeError):
            ok = False
        check(name, ok, f"{got} {text[:300]!r}, expected {status} and {words}")

    search = "/api/v1/search?"
    refused("an unknown parameter is refused with the nearest name", search + "sevrice=a", 400, "sevrice", '"service"')
    refused("an unknown parameter far from any", search + "quetzalcoatl=a", 400, "quetzalcoatl")
    for name, value, word in [("kind", "sever", "server"), ("status", "bad", "error"), ("limit", "0", "1 to"), ("limit", "-1", "1 to"),
                              ("limit", "1001", "1000"), ("limit", "many", "1 to"), ("min_duration", "5", "250ms"), ("max_duration", "-5s", "250ms"),
                              ("from", "yesterday", "RFC 3339"), ("to", "12:00", "RFC 3339"), ("since", "now", "15m"), ("order", "oldest", "newest"),
                              ("view", "trees", "traces"), ("cursor", "n.1", "next_cursor"), ("root", "1", "true"),
                              ("where", "", "condition"), ("where", "a==1", ""), ("where", '"a', "quote"), ("where", '"a"b', "expected one of"),
                              ("where", "!a=1", "absence"), ("where", '=1', "attribute name"), ("where", 'a="b" c', "closing quote")]:
        if (name, value) != ("where", "a==1"):
            refused(f"search refuses {name}={value}", search + urllib.parse.urlencode({name: value}), 400, name if name not in ("where", "from", "to") else "", word)
    refused("from must lie before to", search + "from=2000000000&to=1000000000", 400, "before")
    refused("a cursor of another order", search + f"order=slowest&cursor=n.1.1.{'1' * 32}.{'1' * 16}.1", 400, "order")
    refused("too many conditions", search + "&".join(f"where=a{i}" for i in range(200)), 400, "conditions")
    refused("no JSON in a POST", "/api/v1/search", 400, method="POST", body="{nope")
    refused("a list in a POST", "/api/v1/search", 400, "object", method="POST", body="[1]")
    refused("a nested value in a POST", "/api/v1/search", 400, "service", method="POST", body='{"service": {"a": 1}}')
    refused("no trace id", "/api/v1/traces/xyz", 400, "xyz", "hex")
    refused("a trace id too long", "/api/v1/traces/" + "1" * 33, 400, "hex")
    refused("an unknown trace", "/api/v1/traces/" + "1" * 32, 404, "1" * 32)
    refused("an unknown path", "/api/v1/nothing", 404, "/api/v1/nothing")
    refused("an unknown path at the root", "/nothing", 404, "/nothing")
    refused("an unknown format of a trace", "/api/v1/traces/" + weft.a_trace + "?format=csv", 400, "csv", "otlp")
    for method, path, allowed in [("DELETE", "/api/v1/search", "GET POST"), ("POST", "/api/v1/services", "GET"), ("PUT", "/api/v1/traces/1", "GET")]:
        status, headers, _ = raw(weft, method, path)
        got = (headers["Allow"] or "").split(", ")
        check(f"{method} {path}: 405 with Allow", status == 405 and [m for m in got if m != "HEAD"] == allowed.split(), (status, headers["Allow"]))


def form_cases(weft, judge):
    path = f"/api/v1/traces/{weft.a_trace}"
    status, headers, plain = raw(weft, "GET", path)
    check("without Accept-Encoding: plain", status == 200 and headers["Content-Encoding"] is None and json.loads(plain), headers)
    status, headers, packed = raw(weft, "GET", path, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    check("gzip when asked for", headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == plain
          and "accept-encoding" in (headers["Vary"] or "").lower(), (status, headers.items()))
    status, headers, body = raw(weft, "GET", path, headers={"Accept-Encoding": "gzip;q=0"})
    check("gzip;q=0 refuses gzip", headers["Content-Encoding"] is None and body == plain, headers.items())
    status, headers, body = raw(weft, "HEAD", path)
    check("HEAD: the head of GET without a body", (status, headers["Content-Length"], body) == (200, str(len(plain)), b""), (status, headers.items(), body[:50]))
    for path in ("/health", "/ready", "/metrics", "/api/v1/status"):
        check(f"GET {path}", raw(weft, "GET", path)[0] == 200)
    sent = sum(float(line.split()[-1]) for line in weft.get("/metrics")[1].decode().splitlines()
               if line.startswith("weft_receiver_accepted_spans_total") or line.startswith("otelcol_receiver_accepted_spans"))
    print(f"        /metrics counts {sent:.0f} accepted spans of {len(judge.spans)} (this process alone)")


def tempo_cases(weft):
    for endpoint, prefix in [("server.tempo", ""), ("server.http", "/tempo")]:
        def see(name, path, status, test, **more):
            got, headers, body = raw(weft, more.pop("method", "GET"), prefix + path, endpoint, **more)
            check(f"{endpoint}{prefix}: {name}", got == status and test(headers, body), (got, headers.items(), body[:200]))
        see("Q8.2.3 unknown trace: 404, empty", "/api/traces/" + "2" * 32, 404, lambda h, b: b == b"")
        see("Q8.3.2 unknown trace, v2: an empty one", "/api/v2/traces/" + "2" * 32, 200, lambda h, b: json.loads(b) == {"trace": {}, "metrics": {}})
        see("Q8.3.2 the same in protobuf", "/api/v2/traces/" + "2" * 32, 200, lambda h, b: fields(b) == {1: [b""], 2: [b""]} and
            h["Content-Type"] == "application/protobuf", headers={"Accept": "application/protobuf"})
        see("Q8.2.1 no hex digits: 400 with a sentence", "/api/traces/nope", 400, lambda h, b: b"nope" in b and h["Content-Type"].startswith("text/plain"))
        see("Q8.2.1 more than 128 bits", "/api/v2/traces/" + "3" * 33, 400, lambda h, b: b"hex" in b)
        see("Q8.8.1 echo", "/api/echo", 200, lambda h, b: b == b"echo" and h["Content-Type"].startswith("text/plain"))
        see("Q8.8.1 ready", "/ready", 200, lambda h, b: b.startswith(b"ready"))
        see("Q8.8.1 buildinfo", "/api/status/buildinfo", 200, lambda h, b: {"version", "revision", "branch", "buildDate", "buildUser", "goVersion"} <= set(json.loads(b)))
        see("Q8.1.1 unknown path: 404 text", "/api/nothing", 404, lambda h, b: h["Content-Type"].startswith("text/plain"))
        see("Q8.1.1 POST: 405 with Allow", "/api/traces/1", 405, lambda h, b: "GET" in (h["Allow"] or ""), method="POST")
        see("Q8.1.1 HEAD", "/api/v2/traces/" + weft.a_trace, 200, lambda h, b: b == b"", method="HEAD")


def status_of_store(weft):
    return json.loads(weft.get("/api/v1/status")[1])["store"]


def compare(weft, judge, state, seed):
    compare_searches(weft, judge, state, seed, 120)
    compare_names(weft, judge, state)
    compare_traces(weft, judge, state, seed + 1, 40)


def wait_for_blocks(weft, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        store = status_of_store(weft)
        if store["blocks"] > 0 and store["live_spans"] == 0 and store["sealed_spans"] == 0:
            break
        time.sleep(0.1)
    return store


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    print(f"seed {seed}")
    r = random.Random(seed)
    scopes = [Scope(r) for _ in range(25)]
    traces = [random_trace(r, scopes) for _ in range(420)]
    halves = [[s for t in part for s in t] for part in (traces[:280], traces[280:])]
    for trace in r.sample(traces[:280], 40):  # these come in both halves: late spans
        for _ in range(3):
            late = random_span(r, trace[0].trace_id, r.choice(trace).span_id, r.choice(scopes), trace[0].start + r.randrange(10**9))
            halves[1].append(late)
    judge = Judge()
    with tempfile.TemporaryDirectory(prefix="weft-api-") as data:
        quiet = ["storage.seal_age=1h", "storage.compaction.age=1h"]
        busy = ["storage.seal_age=100ms", "storage.compaction.age=1s", "storage.compaction.segments_min=1"]
        store_path = os.path.join(data, "store")
        with weft_process.Weft(data, quiet) as weft:
            judge.add(halves[0])
            send(weft, r, halves[0])
            weft.a_trace = max(traces[:280], key=len)[0].trace_id
            compare(weft, judge, "live", seed * 10)
            error_cases(weft)
            form_cases(weft, judge)
            tempo_cases(weft)
            check("SIGTERM ends with status 0", weft.stop() == 0, weft.log_tail())
        with weft_process.Weft(data, quiet) as weft:
            compare(weft, judge, "reopened", seed * 10 + 2)
            weft.stop()
        done = subprocess.run([weft_process.WEFT, "store", "compact", "--data", store_path], capture_output=True, text=True)
        check("weft store compact", done.returncode == 0, done.stderr)
        with weft_process.Weft(data, quiet) as weft:
            store = status_of_store(weft)
            check("all spans are in blocks", store["block_spans"] == len(judge.spans) and store["sealed_spans"] == 0, store)
            compare(weft, judge, "compacted", seed * 10 + 4)
            judge.add(halves[1])
            send(weft, r, halves[1])
            compare(weft, judge, "blocks and live", seed * 10 + 6)
            weft.stop()
        with weft_process.Weft(data, busy) as weft:
            store = wait_for_blocks(weft, 15)
            check("segments are sealed and merged by themselves", store["sealed_spans"] == store["live_spans"] == 0, store)
            compare(weft, judge, "merged while running", seed * 10 + 8)
            check("SIGTERM ends with status 0 again", weft.stop() == 0, weft.log_tail())
        with weft_process.Weft(data, quiet) as weft:
            compare(weft, judge, "blocks reopened", seed * 10 + 10)
        done = subprocess.run([weft_process.WEFT, "store", "check", "--data", store_path], capture_output=True, text=True)
        check("weft store check finds nothing wrong", done.returncode == 0, done.stdout + done.stderr)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
