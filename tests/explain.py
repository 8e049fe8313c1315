#!/usr/bin/env python3
"""explain: how queries are answered, over the own API and in the terminal: three blocks with a service and a key each, then a fourth part live.

    tests/explain.py           ends with "N passed, N failed"
"""
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse

import weft_process

BASE = 1795226400                               # seconds; parts begin a day apart
DAY = 86400
PARTS, TRACES, SPANS = 4, 40, 8
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok:
        print(f"FAILED  {name}: {str(said)[:900]}", flush=True)


def same(name, want, got):
    check(name, want == got, f"expected {want}, found {got}")


# ---- the data: part N is of service part-N, has the key of.N in every second span, and is a day later than the one before ----

def attribute(key, value):
    return {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}


def span(part, t, i):
    start = (BASE + part * DAY + t) * 10**9 + i * 10**6
    attributes = [attribute("number", i)] + ([attribute(f"of.{part}", t)] if i % 2 else [])
    return {"traceId": f"{part + 1:016x}{t + 1:016x}", "spanId": f"{t + 1:08x}{i + 1:08x}", "parentSpanId": f"{t + 1:08x}{i:08x}" if i else "",
            "name": f"step {i}", "kind": 2 if i == 0 else 1, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + (i + 1) * 10**6),
            "status": {"code": 2 if i == 3 else 0}, "attributes": attributes}


def part_of(n):
    spans = [span(n, t, i) for t in range(TRACES) for i in range(SPANS)]
    return {"resourceSpans": [{"resource": {"attributes": [attribute("service.name", f"part-{n}")]}, "scopeSpans": [{"spans": spans}]}]}


class Own:
    def __init__(self, weft):
        self.weft = weft

    def get(self, path, **parameters):
        status, body = self.weft.get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        return status, json.loads(body)

    def explain(self, q, **parameters):
        status, answer = self.get("explain", q=q, **parameters)
        check(f"{q} {parameters} is explained", status == 200, answer)
        return answer


def pieces(answer, kind, at=0):
    return next(({k: v for k, v in p.items() if v and k not in ("kind", "count")} for p in answer["passes"][at]["pieces"] if p["kind"] == kind), None)


# ---- totals ----

RANGE = {"from": BASE, "to": BASE + DAY}
QUERIES = [
    ("{ }", {}), ("{ status = error }", {}), ("{ status = error }", {"limit": 1}), ("{ .of.1 = 3 }", {}), ("{ .no = 3 }", {}), ("{ false }", {}),
    ("{ .number > 3 } >> { status = error }", {}), ("{ status = error } && { .of.2 > 3 }", {}), ("{ name = `step 1` } | count() > 3", {}),
    ("{ .number = .of.2 }", {}), ("{ } | order(duration) | spans()", {"limit": 7}), ("{ } | distinct(name) | spans()", {}),
    ("{ name =~ `step [12]` } | by(resource.service.name) | avg(duration) > 1ms", {}), ("{ status = error } -link-> { }", {}),
    ("{ } | rate()", RANGE), ("{ status = error } | rate() by (resource.service.name)", RANGE), ("{ .of.0 > 3 } | quantile_over_time(duration, .5) by (name)", RANGE),
    ("{ } >> { } | rate()", RANGE), ("{ } | compare({ status = error })", RANGE), ("({ status = error } | rate()) / ({ } | rate())", RANGE),
    ("{ } | rate() with (exact = true)", RANGE), ("{ .number = 3 } | rate() with (extrapolate = true)", RANGE),
]


def test_totals(own):
    for q, parameters in QUERIES:
        answer = own.explain(q, **parameters)
        _, plain = own.get("query", q=q, **parameters)
        same(f"{q}: inspected", plain["inspected"], answer["inspected"])
        same(f"{q}: of the passes", answer["inspected"], {k: sum(p["inspected"][k] for p in answer["passes"]) for k in answer["inspected"]})
        for p in answer["passes"]:
            steps = {s["step"]: s for s in p["steps"]}
            same(f"{q}: bytes of its steps", p["inspected"]["bytes"], sum(s["bytes"] for s in p["steps"]))
            same(f"{q}: traces read", p["inspected"]["traces"], steps.get("read", {"in": 0})["in"])
            for piece in p["pieces"]:
                same(f"{q}: {piece['kind']}", piece["count"], sum(v for k, v in piece.items() if k not in ("kind", "count")))
            check(f"{q}: a reason unless exact", p["is_exact"] == (p["inexact_reason"] is None), p)
        check(f"{q}: time", answer["time_ns"] >= sum(s["time_ns"] for p in answer["passes"] for s in p["steps"]) > 0 or
              all(p["way"] == "nothing" for p in answer["passes"]), answer["passes"])
        same(f"{q}: the answer", (plain["type"], len(plain[plain["type"]])), (answer["answer"]["type"], answer["answer"]["count"]))
        same(f"{q}: is there more", plain.get("has_more", False), answer["answer"]["has_more"])
        reread = own.explain(answer["query"], **parameters)
        same(f"{q}: said again", answer["query"], reread["query"])


def test_plans(own):
    for q, parameters in QUERIES:
        plan, run = own.explain(q, run="false", **parameters), own.explain(q, **parameters)
        same(f"{q}: nothing is read", {"traces": 0, "spans": 0, "bytes": 0}, plan["inspected"])
        same(f"{q}: the answer is not known", {"type": run["answer"]["type"]}, plan["answer"])
        check(f"{q}: the same way", [p["way"] for p in run["passes"]] == [p["way"] for p in plan["passes"]][:len(run["passes"])], plan)
        estimate, found = plan["estimate"], run["inspected"]["bytes"]
        check(f"{q}: the estimate", 0 <= estimate["bytes_least"] <= estimate["bytes_most"] and found <= estimate["bytes_most"] * 1.1 + 16384, (estimate, found))
        check(f"{q}: nothing but preparing", all(s["step"] == "prepare" for p in plan["passes"] for s in p["steps"]), plan)


# ---- why ----

def test_reasons(own):
    answer = own.explain("{ span.of.1 > 9 && status = error }", limit=100)
    same("one block has the key", {"read": 1, "nothing_can_match": 2}, pieces(answer, "block"))
    conditions = {c["condition"]: c for c in answer["passes"][0]["conditions"]}
    same("the conditions", {"span.of.1 > 9", "status = error"}, set(conditions))
    same("of which others know nothing", (2, 0), (conditions["span.of.1 > 9"]["row_groups_without"], conditions["status = error"]["row_groups_without"]))
    same("rows", (TRACES * SPANS, (TRACES - 10) * SPANS // 2), (conditions["span.of.1 > 9"]["rows_in"], conditions["span.of.1 > 9"]["rows_out"]))
    same("exact", ("newest_first", True, None), tuple(answer["passes"][0][k] for k in ("way", "is_exact", "inexact_reason")))
    answer = own.explain("{ resource.service.name = `part-2` }", limit=100)
    same("a service", {"read": 1, "nothing_can_match": 2}, pieces(answer, "block"))
    same("by tables alone", 2, answer["passes"][0]["conditions"][0]["blocks_without"])
    same("not in the live ones", {"nothing_can_match": 1}, pieces(answer, "segment"))
    answer = own.explain("{ } | count_over_time()", step="1m", **{"from": BASE + DAY - 60, "to": BASE + DAY + 600})
    same("a day", ({"read": 1, "out_of_range": 2}, "columns"), (pieces(answer, "block"), answer["passes"][0]["way"]))
    same("of series", (str((BASE + DAY - 60) * 10**9), "series"), (answer["from_unix_nano"], answer["answer"]["type"]))
    answer = own.explain("{ name = `step 3` }", limit=3)
    same("the newest are live", ({"too_old": 3}, {"read": 1}), (pieces(answer, "block"), pieces(answer, "segment")))
    reasons = {
        "{ .number = .of.2 }": "attributes are compared with each other, or calculated with",
        "{ } | avg(duration) > 1s": "an aggregate is taken over all spans of a spanset",
        "{ status = error } !> { }": "a negated operator (!>, !>>, ...) is decided by whole traces",
        "{ .number }": "an attribute stands for a condition, and may be no bool",
        "{ traceDuration > 1s }": "an intrinsic that is no column is compared",
        "{ event.a = 1 && event.b = 2 }": "several conditions are about one and the same event or link",
        "{ !(.number = 3) }": "a negation holds for spans that lack the attribute, too",
    }
    for q, want in reasons.items():
        same(f"why {q} is not exact", want, own.explain(q)["passes"][0]["inexact_reason"])
    ways = {
        "{ } | compare({ status = error })": ("selected", "compare() looks at every attribute"),
        "{ status = error } >> { } | rate()": ("selected", "operators between spans need whole traces"),
        "{ } | count() > 3 | rate()": ("selected", "an aggregate needs whole traces"),
        "{ } | rate() with (extrapolate = true)": ("every_trace", "with (extrapolate = true) asks each span for its sampling"),
    }
    for q, want in ways.items():
        answer = own.explain(q, **RANGE)
        check(f"the way of {q}", want[1] == answer["passes"][0]["way_reason"] and answer["passes"][0]["way"] in (want[0], "every_trace"), answer["passes"][0])
    same("nothing to ask", ["nothing"], [p["way"] for p in own.explain("{ false }")["passes"]])
    first = own.get("query", q="{ } | distinct(name) | spans()", limit=2)[1]
    answer = own.explain("{ } | distinct(name) | spans()", limit=2, cursor=first["next_cursor"])
    same("a later page of distinct()", ["what the pages before have, for distinct()", "the answer"], [p["purpose"] for p in answer["passes"]])
    answer = own.explain("({ status = error } | rate()) / ({ } | rate())", **RANGE)
    same("two functions", ["{ status = error } | rate()", "{ } | rate()"], [p["purpose"] for p in answer["passes"]])
    status, refused = own.get("explain", q="{ x }")
    same("a wrong query", (400, 1), (status, refused["error"].get("line")))
    status, refused = own.get("explain", q="{ }", runn="false")
    same("a wrong name", 400, status)
    status, body, _ = own.weft.post("/api/v1/explain", json.dumps({"q": "{ status = error }", "run": False}).encode(), "application/json", endpoint="server.http")
    same("POST", (200, True), (status, "estimate" in json.loads(body)))


# ---- the terminal ----

def terminal(own, *arguments):
    environment = {**os.environ, "WEFT_SERVER": own.weft.url("server.http"), "COLUMNS": "100", "TZ": "UTC"}
    done = subprocess.run([weft_process.WEFT, "explain", *arguments], capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_terminal(own):
    code, out, said = terminal(own, "{ span.of.1 > 9 && status = error }", "--limit", "100")
    same("explained", (0, ""), (code, said))
    for line in ["query        { span.of.1 > 9 && status = error }", "range        all times", f"answer       {TRACES - 10} traces",
                 "looks for    (span.of.1 > 9 and status = error)", "blocks       1 of 3 read; 2 not: nothing can match", "  not in 2 row groups"]:
        check(f"the line {line}", line in out.splitlines(), out)
    figures = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    same("figures of a condition", ["320", "120"], figures["span.of.1 > 9"][3:5])
    same("figures of a step", "judge", figures["judge"][0])
    check("within the width", all(len(line) <= 100 for line in out.splitlines()), out)
    code, out, _ = terminal(own, "--plan", "{ status = error } | rate()", "--from", str(BASE), "--to", str(BASE + DAY))
    check("a plan", code == 0 and "would read" in out and "to be read" in out and "step" not in out, out)
    check("its range", "range        from 2026-11-21T02:00:00Z to 2026-11-22T02:00:00Z" in out, out)
    code, out, _ = terminal(own, "--json", "{ .a = .b }")
    same("JSON", (0, "explain"), (code, json.loads(out)["type"]))
    code, out, _ = terminal(own, "{ .a = .b }")
    check("why there are more", "  and more   attributes are compared with each other, or calculated with" in out.splitlines(), out)
    code, out, said = terminal(own, "{ status = eror }")
    same("a caret", (2, "", ["  { status = eror }", "             ^"]), (code, out, said.splitlines()[1:]))


def main():
    with tempfile.TemporaryDirectory(prefix="weft-explain-") as data:
        weft = weft_process.Weft(data)
        for n in range(PARTS):
            with weft:
                status, body, _ = weft.post("/v1/traces", json.dumps(part_of(n)).encode(), "application/json")
                check("the data is taken", status == 200, body)
                if n == PARTS - 1:
                    for test in [test_totals, test_plans, test_reasons, test_terminal]:
                        test(Own(weft))
                weft.stop()
            if n < PARTS - 1:
                subprocess.run([weft_process.WEFT, "store", "compact", "--data", os.path.join(data, "store")], check=True, capture_output=True)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
