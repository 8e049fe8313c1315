#!/usr/bin/env python3
"""query: TraceQL over the own API and in the terminal, on a small known data set; live, and again out of blocks.

    tests/query.py             ends with "N passed, N failed"
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

import weft_process

BASE = 1795226400                               # seconds; a whole hour
A, B, C = "0a294c4402ce5b13c605385691bd9c40", "b" * 32, "000000000000000048c54c0cf83cf342"
RANGE = {"from": BASE, "to": BASE + 600}
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


# ---- the data: what each trace is about stands in its comment ----

def value(x):
    if isinstance(x, bool):
        return {"boolValue": x}
    if isinstance(x, int):
        return {"intValue": str(x)}
    return {"doubleValue": x} if isinstance(x, float) else {"stringValue": x}


def attributes(pairs):
    return [{"key": k, "value": value(v)} for k, v in pairs.items()]


def span(trace_id, span_id, parent, name, start_ms, ms, kind=1, status=0, **a):
    start = BASE * 10**9 + int(start_ms * 10**6)
    return {"traceId": trace_id, "spanId": span_id, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + int(ms * 10**6)), "status": {"code": status},
            "attributes": attributes({k.replace("_", "."): v for k, v in a.items()})}


def resource(service, spans):
    return {"resource": {"attributes": attributes({"service.name": service})}, "scopeSpans": [{"spans": spans}]}


DATA = {"resourceSpans": [
    # A: a checkout whose payment failed. B: one that went well, a minute later. C: a job, another minute later, alone.
    resource("shop", [span(A, "a" * 16, "", "POST /checkout", 1000, 800, 2, 2, http_status=500, user="ann"),
                      span(B, "b" * 16, "", "POST /checkout", 61000, 50, 2, 0, http_status=200, user="bob"),
                      span(B, "b" * 15 + "1", "b" * 16, "cart", 61010, 10, 1, 0, items=3)]),
    resource("payment", [span(A, "a" * 15 + "1", "a" * 16, "charge", 1100, 600, 2, 2, retry=True, card="visa"),
                         span(A, "a" * 15 + "2", "a" * 16, "charge", 1750, 20, 2, 0, retry=False, card="visa")]),
    resource("jobs", [{**span(C, "c" * 16, "", "nightly", 121000, 5, 1, 0, share=0.5), "links": [{"traceId": B, "spanId": "b" * 16}]}]),
]}


class Own:
    """The own API of one weft."""

    def __init__(self, weft):
        self.weft = weft

    def get(self, path, **parameters):
        query = urllib.parse.urlencode({k: v for k, v in parameters.items() if v is not None}, doseq=True)
        status, body = self.weft.get(f"/api/v1/{path}" + (f"?{query}" if query else ""))
        return status, json.loads(body)

    def query(self, q, **parameters):
        return self.get("query", q=q, **parameters)

    def good(self, path, **parameters):
        status, answer = self.get(path, **parameters)
        check(f"{path} {parameters} is answered", status == 200, answer)
        return answer if status == 200 else None


# ---- traces ----

def test_traces(own):
    answer = own.good("query", q="{ name = \"charge\" && span.retry = true }")
    same("traces: what it is", ("traces", False, None), (answer["type"], answer["has_more"], answer["partial"]))
    same("traces: one", [A], [t["trace_id"] for t in answer["traces"]])
    trace = answer["traces"][0]
    same("traces: the head", {"root_service_name": "shop", "root_name": "POST /checkout", "has_root": True, "duration_ns": 800 * 10**6,
                              "start_time_unix_nano": str(BASE * 10**9 + 10**9), "span_count": 3, "error_count": 2, "matched_span_count": 1},
         {k: v for k, v in trace.items() if k not in ("trace_id", "services", "spansets")})
    same("traces: services", {"shop": (1, 1), "payment": (2, 1)},
         {s["name"]: (s["span_count"], s["error_count"]) for s in trace["services"]})
    spans = trace["spansets"][0]["spans"]
    same("traces: the span", ("a" * 15 + "1", "charge", 600 * 10**6, [{"key": "retry", "type": "bool", "value": "true"}]),
         (spans[0]["span_id"], spans[0]["name"], spans[0]["duration_ns"], spans[0]["attributes"]))
    same("newest first", [C, B, A], [t["trace_id"] for t in own.good("query", q="{ }")["traces"]])
    limited = own.good("query", q="{ }", limit=2)
    same("limit", ([C, B], True), ([t["trace_id"] for t in limited["traces"]], limited["has_more"]))
    rest = own.good("query", q="{ }", limit=2, cursor=limited["next_cursor"])
    same("the next page", ([A], False, None), ([t["trace_id"] for t in rest["traces"]], rest["has_more"], rest.get("next_cursor")))
    slow = own.good("query", q="{ } | order(duration) | spans()", limit=2)
    same("spans", ("spans", [(A, "a" * 16, "shop", "POST /checkout"), (A, "a" * 15 + "1", "payment", "charge")], [A], True),
         (slow["type"], [(s["trace_id"], s["span_id"], s["service_name"], s["name"]) for s in slow["spans"]],
          [t["trace_id"] for t in slow["traces"]], slow["has_more"]))
    rest = own.good("query", q="{ } | order(duration) | spans()", limit=9, cursor=slow["next_cursor"])
    same("the spans behind them", [50, 20, 10, 5], [s["duration_ns"] / 10**6 for s in rest["spans"]])
    same("type=spans", ["c" * 16, "b" * 15 + "1"], [s["span_id"] for s in own.good("query", q="{ }", type="spans", limit=2)["spans"]])
    plain = own.good("query", q="{ status = error } | spans()", type="traces")
    same("type=traces of spans()", ("traces", [A], False), (plain["type"], [t["trace_id"] for t in plain["traces"]], "spans" in plain))
    same("distinct", ["nightly", "cart", "charge", "POST /checkout"],
         [s["name"] for s in own.good("query", q="{ } | distinct(name) | order(duration asc) | spans()")["spans"]])
    same("text", [A], [t["trace_id"] for t in own.good("query", q="{ text contains `VISA` }")["traces"]])
    same("a link, forth", ["b" * 16], [s["span_id"] for s in own.good("query", q="{ name = `nightly` } -link-> { } | spans()")["spans"]])
    same("and back", ["c" * 16], [s["span_id"] for s in own.good("query", q="{ user = `bob` } <-link- { } | spans()".replace("user", ".user"))["spans"]])
    same("spss", [1, 1, 1], [len(t["spansets"][0]["spans"]) for t in own.good("query", q="{ }", spss=1)["traces"]])
    same("a range", [B], [t["trace_id"] for t in own.good("query", q="{ }", **{"from": BASE + 60, "to": BASE + 120})["traces"]])
    same("nothing", [], own.good("query", q="{ name = `no` }")["traces"])
    counted = own.good("query", q="{ } | by(resource.service.name) | count() > 1", limit=1)["traces"][0]["spansets"]
    same("what a pipeline gave", [[{"key": "by(resource.service.name)", "type": "string", "value": "shop"},
                                   {"key": "count()", "type": "int", "value": "2"}]], [s["attributes"] for s in counted])
    status, body, _ = own.weft.post("/api/v1/query", json.dumps({"q": "{ status = error }", "limit": 5}).encode(), "application/json",
                                    endpoint="server.http")
    same("POST", (200, [A]), (status, [t["trace_id"] for t in json.loads(body).get("traces", [])]))


# ---- series ----

def points(answer):
    return {tuple(l["value"] for l in s["labels"]): s["points"] for s in answer["series"]}


def test_series(own):
    answer = own.good("query", q="{ } | count_over_time() by (resource.service.name)", step="1m", **RANGE)
    same("series: times", ("series", str((BASE) * 10**9), 60 * 10**9), (answer["type"], answer["start_time_unix_nano"], answer["step_ns"]))
    found = {k: [p for p in v if p] for k, v in points(answer).items()}
    same("series: points", {("shop",): [1, 2], ("payment",): [2], ("jobs",): [1]}, found)
    where = {k: next(i for i, p in enumerate(v) if p) for k, v in points(answer).items()}
    same("series: where they stand", {("shop",): 1, ("payment",): 1, ("jobs",): 3}, where)
    check("no exemplars unless asked for", all("exemplars" not in s for s in answer["series"]), answer)
    answer = own.good("query", q="{ } | min_over_time(duration)", step="1m", **RANGE)
    same("no point is null", [None, 0.02, 0.01, 0.005, None], answer["series"][0]["points"][:5])
    answer = own.good("query", q="{ status = error } | rate()", step="1m", exemplars=5, **RANGE)
    same("exemplars", {A}, {e["trace_id"] for s in answer["series"] for e in s["exemplars"]})
    own.good("query", q="{ } | rate()", since="24h")
    answer = own.good("query", q="{ } | count_over_time()", instant="true", **RANGE)
    same("instant", [[6]], [s["points"] for s in answer["series"]])


# ---- counting ----

def facets(own, **parameters):
    answer = own.good("facets", **parameters)
    return {f["key"]: (f["span_count"], [(v["type"], v["value"], v["span_count"]) for v in f["values"]]) for f in answer["facets"]}


def test_facets(own):
    found = facets(own, q="{ name = `charge` || name = `cart` }")
    same("facets of all", {"name": (3, [("string", "charge", 2), ("string", "cart", 1)]), "status": (3, [("status", "unset", 2), ("status", "error", 1)]),
                           "kind": (3, [("kind", "server", 2), ("kind", "internal", 1)]),
                           "resource.service.name": (3, [("string", "payment", 2), ("string", "shop", 1)]),
                           "span.retry": (2, [("bool", "false", 1), ("bool", "true", 1)]), "span.card": (2, [("string", "visa", 2)]),
                           "span.items": (1, [("int", "3", 1)])}, found)
    same("facets by name", [("span.card", 2), ("name", 6), ("any", 6), ("any", 0)],
         [(f["key"] if f["scope"] != "any" else "any", f["span_count"])
          for f in own.good("facets", q="{ }", keys=["span.card", "name", "service.name", "no such"])["facets"]])
    one = own.good("facets", q="{ }", keys="service.name", limit=1)["facets"][0]
    same("a limit", ([("shop", 3)], True, True), ([(v["value"], v["span_count"]) for v in one["values"]], one["has_more"], one["is_complete"]))
    known = facets(own)
    same("known at once", (6, [("string", "shop", 3), ("string", "payment", 2), ("string", "jobs", 1)]), known.get("resource.service.name"))
    same("and typed", [("float", "0.5", 1)], known.get("span.share", (0, 0))[1])
    same("of the pipeline's end", {".service.name": (2, [("string", "payment", 2)])},
         facets(own, q="{ name = `charge` } | by(resource.service.name) | count() > 1", keys="service.name"))
    status, answer = own.get("facets", q="{ } | rate()")
    same("no metrics", (400, "q: found a query for series, expected one for traces"), (status, answer["error"]["message"]))
    status, answer = own.get("facets", q="{ x }")
    same("a place", (400, 1), (status, answer["error"].get("line")))


def test_histogram(own):
    answer = own.good("histogram", q="{ }", columns=10, **RANGE)
    cells, bounds = answer["cells"], answer["duration_bounds_ns"]
    same("histogram: head", (str(BASE * 10**9), 60 * 10**9, 10, 6, 2), (answer["start_time_unix_nano"], answer["step_ns"], answer["column_count"],
                                                                      answer["span_count"], answer["error_count"]))
    spans = [(1000, 800), (61000, 50), (61010, 10), (1100, 600), (1750, 20), (121000, 5)]
    want = sorted((start // 60000, next(r for r in range(len(bounds) - 1) if bounds[r] <= ms * 10**6 < bounds[r + 1])) for start, ms in spans)
    same("histogram: cells", want, list(zip(cells["column"], cells["row"])))
    same("histogram: counts", ([1] * 6, 2), (cells["span_count"], sum(cells["error_count"])))
    same("histogram: ids", {A, B, C}, set(cells["trace_id"]))
    same("histogram: a query", 1, own.good("histogram", q="{ name = `cart` }", **RANGE)["span_count"])


# ---- completion: the query with | where the cursor stands, what is replaced, the first suggestions ----

SUGGESTIONS = [
    ("|", "", ["{ "]),
    ("{ |", "", ["resource.service.name", "duration", "kind", "name", "status"]),
    ("{ span.c|", "span.c", ["span.card"]),
    ("{ .us|er }", ".user", [".user"]),
    ("{ card|", "card", ["span.card"]),
    ("{ status |", "", ["=", "!="]),
    ("{ duration |", "", [">", ">=", "<", "<=", "=", "!="]),
    ("{ span.card |", "", ["=", "!=", "=~", "!~", "contains"]),
    ("{ text |", "", ["contains", "=~"]),
    ("{ event:t|", "event:t", ["event:text", "event:timeSinceStart"]),
    ("{ name contains |", "", []),
    ("{ } -l|", "-l", ["-link-> { ", "<-link- { "]),
    # what was said before: keys and values that such spans have
    ("{ resource.service.name = `shop` && name = |", "", ["`POST /checkout`", "`cart`"]),
    ("{ name = `charge` && span.retry = true && status = |", "", ["error"]),
    ("{ name = `charge` && span.|", "span.", ["span.card", "span.retry"]),
    ("{ name = `charge` && (kind = |", "", ["server"]),
    ("{ name = `charge` \|\| kind = |", "", ["server", "client", "internal"]),
    ("{ name = `nothing` && kind = |", "", ["server", "client", "internal"]),
    ("{ name = `charge` && resource.service.name = |", "", ["`payment`"]),
    ("{ status = error } \| by(span.|", "span.", ["span.card", "span.http.status", "span.retry", "span.user"]),
    ("{ } \| { kind = |", "", ["server", "client", "internal"]),
    ("{ status = |", "", ["error", "ok", "unset"]),
    ("{ kind = cl|", "cl", ["client"]),
    ("{ resource.service.name = |", "", ["`shop`", "`payment`", "`jobs`"]),
    ('{ resource.service.name = "p|ay" }', '"pay"', ["`payment`"]),
    ("{ name =~ `check|", "`check", ["`POST /checkout`"]),
    ("{ span.retry = |", "", ["false", "true"]),
    ("{ span.http.status = |", "", ["200", "500"]),
    ("{ status = error |", "", ["&&", "||", "}"]),
    ("{ } |", "", ["|", ">>", "&&"]),
    ("{ } \| sp|", "sp", ["spans()"]),
    ("{ } \\| qu|", "qu", ["quantile_over_time("]),
    ("{ } \\| rate() |", "", ["by (", "|"]),
    ("{ } \\| rate() by (span.u|)", "span.u", ["span.user"]),
    ("{ name = `é` && kind = |", "", ["server", "client", "internal"]),
    ("} } |", "", []),
    ("{ ` |", "` ", []),
]


def test_suggest(own):
    for marked, replaced, want in SUGGESTIONS:
        q = marked.replace("\\|", "\0")
        position = q.index("|")
        q = q.replace("|", "").replace("\0", "|")
        answer = own.good("suggest", q=q, position=position)
        same(f"suggest {marked}", (replaced, want), (q[answer["start"]:answer["end"]], [s["text"] for s in answer["suggestions"]][:len(want) or 9]))
    counted = own.good("suggest", q="{ resource.service.name = ", limit=1)
    same("counts", [{"text": "`shop`", "kind": "value", "span_count": 3}], counted["suggestions"])


def test_refusals(own):
    for name, want, parameters in [
        ("no query", "q: not given, expected a TraceQL query", {}),
        ("a name nearly right", 'unknown parameter "lmit"; did you mean "limit"?', {"q": "{ }", "lmit": 1}),
        ("limit 0", 'limit: found "0", expected a number from 1 to 4294967295', {"q": "{ }", "limit": 0}),
        ("limit too high", "limit: found 4000000000, expected a number from 1 to 1000", {"q": "{ }", "limit": 4000000000}),
        ("a step without unit", 'step: found "5", expected a duration such as 15m or 250ms', {"q": "{ } | rate()", "step": 5}),
        ("another type", "q: found a query for series, expected one for traces, as type says", {"q": "{ } | rate()", "type": "traces"}),
        ("no such type", 'type: found "x", expected one of auto, traces, series, spans', {"q": "{ }", "type": "x"}),
        ("from and since", "found from and since, expected one of them", {"q": "{ }", "from": BASE, "since": "1h"}),
        ("instant and step", "found instant and step, expected one of them", {"q": "{ } | rate()", "instant": "true", "step": "1m"}),
        ("a long range", "the range is 172800 s, at most 86400 s expected of series (query.metrics_range_max)",
         {"q": "{ } | rate()", "from": BASE, "to": BASE + 172800}),
    ]:
        status, answer = own.get("query", **parameters)
        same(f"refused: {name}", (400, "invalid", want), (status, answer["error"]["status"], answer["error"]["message"]))
        check(f"no place: {name}", "line" not in answer["error"], answer)
    status, answer = own.query("{ status = error } |\n rat()")
    same("a wrong query", (400, 2, 2), (status, answer["error"].get("line"), answer["error"].get("column")))
    check("its sentence", answer["error"]["message"].startswith("line 2, col 2: "), answer)


# ---- the OpenAPI document: every route is asked, every answer held against it ----

def misfits(schema, value, where="$"):
    """What of `value` is not as `schema` (the part of JSON Schema that the document uses) has it."""
    unknown = set(schema) - {"type", "properties", "required", "additionalProperties", "items", "enum", "pattern", "anyOf"}
    if unknown:
        return [f"{where}: the schema says {unknown}"]
    if "anyOf" in schema:
        tried = [misfits(s, value, where) for s in schema["anyOf"]]
        return [] if any(not t for t in tried) else min(tried, key=len)
    types = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    kind, wanted = types[type(value)], schema.get("type")
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if wanted and kind not in wanted and not (kind == "integer" and "number" in wanted):
        return [f"{where}: {kind}, expected {wanted}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value}, expected one of {schema['enum']}"]
    if "pattern" in schema and kind == "string" and not re.search(schema["pattern"], value):
        return [f"{where}: {value}, expected {schema['pattern']}"]
    found = []
    if kind == "object" and "properties" in schema:
        found += [f"{where}: no {k}" for k in schema["required"] if k not in value]
        for k, v in value.items():
            if k in schema["properties"]:
                found += misfits(schema["properties"][k], v, f"{where}.{k}")
            elif not schema["additionalProperties"]:
                found.append(f"{where}: {k} is not in the document")
    if kind == "array":
        for i, v in enumerate(value):
            found += misfits(schema["items"], v, f"{where}[{i}]")
    return found


# Questions for each path; every path of the document must be here.
QUESTIONS = {
    "/api/v1/search": [{}, {"view": "spans", "limit": 2, "count": "exact"}, {"limit": 1}, {"service": "payment"}],
    "/api/v1/query": [{"q": "{ }"}, {"q": "{ }", "limit": 1}, {"q": "{ }", "type": "spans", "limit": 2}, {"q": "{ name = `cart` } | spans()"}, {"q": "{ status = error } | by(name) | count() > 0", "limit": 1}, {"q": "{ } | select(span.http.status)"},
                      {"q": "{ } | rate() by (name)", "exemplars": 5, **RANGE}, {"q": "{ } | min_over_time(span.http.status)", **RANGE},
                      {"q": "{ } | quantile_over_time(duration, .5, .9)", "instant": "true", **RANGE}],
    "/api/v1/explain": [{"q": "{ }"}, {"q": "{ name = `cart` } | spans()"}, {"q": "{ } | rate() by (name)", **RANGE}, {"q": "{ name = `nightly` } -link-> { }"},
                        {"q": "{ } | compare({ status = error })", **RANGE}, {"q": "{ .a = .b && false } | avg(duration) > 1s"},
                        {"q": "{ .user = `ann` }", "run": "false"}, {"q": "{ name = `nightly` } -link-> { }", "run": "false"}, {"q": "{ } | rate() by (name)", "run": "false", **RANGE}],
    "/api/v1/facets": [{}, {"q": "{ }"}, {"q": "{ }", "keys": ["name", "span.user", "x"], "limit": 1}, {"limit": 0}],
    "/api/v1/histogram": [{}, {"q": "{ }", **RANGE}],
    "/api/v1/suggest": [{}, {"q": "{ "}, {"q": "{ status = "}, {"q": "{ } | "}],
    "/api/v1/traces/{trace_id}": [{"trace_id": A}, {"trace_id": B}, {"trace_id": C}],
    "/api/v1/traces/{trace_id}/spans/{span_id}/value": [{"trace_id": A, "span_id": "a" * 16, "key": "user"}],
    "/api/v1/services": [{}],
    "/api/v1/operations": [{}, {"service": "shop"}],
    "/api/v1/tail": [{}, {"after": "0.0"}],
    "/api/v1/export": [{}, {"q": "{ name = `cart` }", "after": "0" * 31 + "1"}, {"service": "shop"}],
    "/api/v1/status": [{}],
    "/api/v1/openapi.json": [{}],
}
REFUSED = [("/api/v1/query", {"q": "{ x }"}), ("/api/v1/query", {}), ("/api/v1/search", {"limit": 0}), ("/api/v1/traces/{trace_id}", {"trace_id": "f" * 32}),
           ("/api/v1/facets", {"q": "{ } | rate()"})]


def ask(own, path, given):
    given = dict(given)
    for name in re.findall(r"{(\w+)}", path):
        path = path.replace("{" + name + "}", given.pop(name))
    query = urllib.parse.urlencode(given, doseq=True)
    return own.weft.get(path + (f"?{query}" if query else ""))


def sample(parameter):
    """A value that the parameter takes."""
    schema = parameter["schema"]
    if "enum" in schema:
        return schema["enum"][0]
    named = {"q": "{ }", "cursor": None, "after": "0.0", "where": "span.user=ann", "position": 1, "key": "user"}
    if parameter["name"] in named:
        return named[parameter["name"]]
    return {"time": "now-1h", "duration": "15m", "bytes": "64MiB"}.get(schema.get("format"), {"integer": max(1, schema.get("minimum", 1)), "boolean": "true",
                                                                            "array": "x", "string": "x"}[schema["type"]])


def test_openapi(own):
    document = own.good("openapi.json")
    same("every path is asked", set(QUESTIONS), set(document["paths"]))
    for path, questions in QUESTIONS.items():
        operation = document["paths"].get(path, {}).get("get", {"responses": {}, "parameters": []})
        content = operation["responses"].get("200", {}).get("content")
        for given in questions:
            status, body = ask(own, path, given)
            check(f"{path} {given} is answered", status == 200, body)
            if content and status == 200:
                wrong = misfits(content["application/json"]["schema"], json.loads(body))
                check(f"{path} {given} is as the document says", not wrong, wrong[:3])
        documented = {p["name"] for p in operation["parameters"]}
        check(f"{path}: all that is asked here is documented", all(set(q) <= documented for q in questions), documented)
        for parameter in operation["parameters"]:
            value = "a" * 32 if (path, parameter["name"]) == ("/api/v1/export", "after") else sample(parameter)
            if parameter["in"] == "query" and value is not None:
                first = {k: v for k, v in questions[0].items() if not (parameter["name"] == "since" and k == "from")}
                status, body = ask(own, path, {**first, parameter["name"]: value})
                check(f"{path}: {parameter['name']}={value} is taken", status == 200 or b"no event" in body or b"not_found" in body, body)
        if "post" in document["paths"].get(path, {}):
            names = set(document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"])
            same(f"{path}: POST takes the same", documented, names)
            status, body, _ = own.weft.post(path, json.dumps(questions[-1]).encode(), "application/json", endpoint="server.http")
            check(f"{path}: POST is answered", status == 200, body)
    for path, given in REFUSED:
        status, body = ask(own, path, given)
        schema = document["paths"][path]["get"]["responses"]["default"]["content"]["application/json"]["schema"]
        check(f"{path} {given} is refused", status in (400, 404) and not misfits(schema, json.loads(body)), body)
    check("the judge can fail", misfits({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
                                        {"a": "1", "b": 2}) == ["$.a: string, expected ['integer']", "$: b is not in the document"])


# ---- the terminal ----

def terminal(own, *arguments, columns=100):
    environment = {**os.environ, "WEFT_SERVER": own.weft.url("server.http"), "COLUMNS": str(columns), "TZ": "UTC"}
    done = subprocess.run([weft_process.WEFT, *arguments], capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_terminal(own):
    code, out, said = terminal(own, "query", "{ status = error } | by(resource.service.name) | count() > 0", "--spans", "1")
    lines = out.splitlines()
    same("a trace's line", (0, "", 5), (code, said, len(lines)))
    check("its words", lines and all(w in lines[0] for w in ("02:00:01", "800ms", "shop", "POST /checkout", "✗2", A)), out)
    same("its groups", [["1", "span", "by(resource.service.name)=shop", "count()=1"], ["1", "span", "by(resource.service.name)=payment", "count()=1"]],
         [line.split() for line in lines[1::2]])
    same("their spans", [["+0", "800ms"], ["+100ms", "600ms"]], [line.split()[:2] for line in lines[2::2]])
    at = ["--from", str(BASE), "--to", str(BASE + 180), "--step", "1m"]
    code, out, said = terminal(own, "query", "{ } | count_over_time() by (resource.service.name)", *at)
    head, *rows = [line.split() for line in out.splitlines()]
    same("head of a table", ["resource.service.name", "last", "min", "max"], head[:4])
    same("its range", ["02:00:00", "–", "02:03:00,", "step", "1m"], head[-5:])
    same("a table of series", [["payment", "0", "0", "2", "▁█▁▁"], ["shop", "0", "0", "2", "▁▅█▁"], ["jobs", "1", "0", "1", "▁▁▁█"]], rows)
    check("within the width", all(len(line) <= 100 for line in out.splitlines()), out)
    code, out, _ = terminal(own, "query", "{ } | max_over_time(duration) by (name)", *at, "--csv")
    rows = [line.split(",") for line in out.splitlines()]
    same("CSV of series", (0, ["time", "name", "value"], [["2026-11-21T02:02:00.000000000Z", "cart", "0.01"]]),
         (code, rows[0], [r[:2] + [str(float(r[2]))] for r in rows if r[1] == "cart"]))
    code, out, _ = terminal(own, "query", "{ } | count_over_time()", *at[:4], "--instant")
    same("one value", (0, [["series", "value"], ["count_over_time", "6"]]), (code, [line.split() for line in out.splitlines()]))
    code, out, _ = terminal(own, "query", "{ name = `cart` }", "--csv")
    same("CSV of traces", (0, [f"{B},2026-11-21T02:01:01.000000000Z,50000000,shop,POST /checkout,2,0,1"]), (code, out.splitlines()[1:]))
    code, out, _ = terminal(own, "query", "{ name = `cart` }", "--json")
    same("JSON", (0, "traces"), (code, json.loads(out)["type"]))
    code, out, _ = terminal(own, "query", "{ span.card = `visa` } | order(duration) | spans()")
    same("spans in lines", (0, ["600ms", "card=visa", "20ms", "card=visa"]), (code, [w for w in out.split() if w in ("600ms", "20ms", "card=visa")]))
    code, out, _ = terminal(own, "query", "{ name = `cart` } | spans()", "--csv")
    same("CSV of spans", (0, [f"{B},{'b' * 15}1,2026-11-21T02:01:01.010000000Z,10000000,shop,cart"]), (code, out.splitlines()[1:]))
    same("nothing found", (1, "", "nothing found\n"), terminal(own, "query", "{ name = `no` }"))
    code, out, said = terminal(own, "query", "{ status = eror }")
    same("a caret", (2, "", ["  { status = eror }", "             ^"]), (code, out, said.splitlines()[1:]))
    code, out, said = terminal(own, "query", "{ name = `" + "é" * 300 + "` && status = eror }", columns=80)
    shown, caret = said.splitlines()[1:3]
    same("a caret in a long line", "eror", shown[caret.index("^"):][:4])
    code, out, _ = terminal(own, "tags")
    same("tags", (0, ["resource.service.name", "6"]), (code, out.splitlines()[1].split()))
    code, out, _ = terminal(own, "tags", "service.name")
    same("values", (0, [["shop", "3", "50.0%", "string"], ["payment", "2", "33.3%", "string"], ["jobs", "1", "16.7%", "string"]]),
         (code, [line.split() for line in out.splitlines()[1:]]))
    code, out, _ = terminal(own, "tags", "span.retry", "--query", "{ status = error }")
    same("values of a query", (0, [["true", "1", "100.0%", "bool"]]), (code, [line.split() for line in out.splitlines()[1:]]))
    code, out, said = terminal(own, "tags", "-q", "{ status = eror }")
    same("tags: a caret", (2, "", ["  { status = eror }", "             ^"]), (code, out, said.splitlines()[1:]))
    same("no values", (1, "", "nothing found\n"), terminal(own, "tags", "nosuch"))
    same("wrong use", 2, terminal(own, "query", "{ }", "--json", "--csv")[0])


# Pages of an answer, the second asked for when the store has been compacted.
PAGED = ["{ }", "{ } | spans()", "{ } | order(duration asc) | spans()", "{ } | order(span.card) | spans()", "{ } | distinct(resource.service.name) | spans()"]


def page(own, q, **parameters):
    answer = own.good("query", q=q, limit=2, **parameters)
    return answer, [s["span_id"] for s in answer["spans"]] if "spans" in answer else [t["trace_id"] for t in answer["traces"]]


def first_pages(own):
    return {q: page(own, q) for q in PAGED}


def test_later_pages(own, firsts):
    for q, (answer, ids) in firsts.items():
        whole = own.good("query", q=q, limit=100)
        want = [s["span_id"] for s in whole["spans"]] if "spans" in whole else [t["trace_id"] for t in whole["traces"]]
        check(f"more than a page of {q}", len(want) > 2, want)
        while answer["has_more"]:
            answer, more = page(own, q, cursor=answer["next_cursor"])
            ids = ids + more
        same(f"pages of {q}", want, ids)


TESTS = [test_terminal, test_traces, test_series, test_facets, test_histogram, test_suggest, test_openapi, test_refusals]


def main():
    global state
    with tempfile.TemporaryDirectory(prefix="weft-query-") as data:
        weft = weft_process.Weft(data)
        with weft:
            status, body, _ = weft.post("/v1/traces", json.dumps(DATA).encode(), "application/json")
            check("the data is taken", status == 200, body)
            state = "live"
            for test in TESTS:
                test(Own(weft))
            firsts = first_pages(Own(weft))
            weft.stop()
        store = os.path.join(data, "store")
        subprocess.run([weft_process.WEFT, "store", "compact", "--data", store], check=True, capture_output=True)
        with weft:
            state = "blocks"
            for test in TESTS:
                test(Own(weft))
            test_later_pages(Own(weft), firsts)
            weft.stop()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
