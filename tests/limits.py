#!/usr/bin/env python3
"""limits: what a limit cuts is said, and the cursor goes on from there: the pages together are the whole, whatever the store does meanwhile.

    tests/limits.py             ends with "N passed, N failed"
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.parse

import weft_process

BASE = 1795226400                               # seconds; a whole hour
TRACES, SPANS = 3000, 4
WHOLE = {"from": BASE - 60, "to": BASE + 3700}
passed = failed = 0
state = ""


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok:
        print(f"FAILED  {state}: {name}: {str(said)[:600]}", flush=True)
    return ok


# ---- the data: traces all over an hour, sent in the order of their starts, some in two parts ----

def span(r, trace_id, number, start_ns, trace):
    length = r.randrange(10**6, 5 * 10**9) if trace % 40 == 0 else r.randrange(10**5, 10**7)
    values = {"number": {"intValue": str(trace % 7)}, "rare": {"stringValue": "yes"}} if trace % 50 == 0 else {"number": {"intValue": str(trace % 7)}}
    return {"traceId": trace_id, "spanId": f"{trace * SPANS + number + 1:016x}", "name": f"step {number}", "kind": 1,
            "parentSpanId": f"{trace * SPANS + 1:016x}" if number else "", "startTimeUnixNano": str(start_ns),
            "endTimeUnixNano": str(start_ns + length), "attributes": [{"key": k, "value": v} for k, v in values.items()]}


def batches():
    r = random.Random(7)
    starts = sorted(BASE * 10**9 + r.randrange(3600 * 10**9) for _ in range(TRACES))
    late, batch = [], []
    for trace, start in enumerate(starts):
        trace_id = f"{r.getrandbits(128):032x}"
        spans = [span(r, trace_id, n, start + n * 1000, trace) for n in range(SPANS)]
        if trace % 10 == 0:
            late.append(spans.pop())
        batch += spans
        if trace % 200 == 199:
            yield batch
            batch = []
    yield late


def request(spans):
    return json.dumps({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "steps"}}]},
                                          "scopeSpans": [{"spans": spans}]}]}).encode()


def send(weft):
    for batch in batches():
        status, body, _ = weft.post("/v1/traces", request(batch), "application/json")
        check("the data is taken", status == 200, body)


def ask(weft, route="query", **parameters):
    status, body = weft.get(f"/api/v1/{route}?{urllib.parse.urlencode({**WHOLE, **parameters})}")
    check(f"{route} {parameters} is answered", status == 200, body)
    return json.loads(body)


def found(answer):
    return [(s["trace_id"], s["span_id"]) for s in answer["spans"]] if "spans" in answer else [t["trace_id"] for t in answer["traces"]]


def merges(weft):
    return json.loads(weft.get("/api/v1/status")[1])["store"]


# ---- pages ----

QUERIES = ["{ }", "{ span.rare = `yes` }", "{ name = `step 3` && duration > 9ms }", "{ span.number = 3 } >> { name =~ `.*2` } | count() > 0"]
SPAN_QUERIES = ["{ span.number = 3 } | spans()", "{ span.rare = `yes` } | spans()"]


def pages(weft, name, q, pause=0, **limits):
    """All pages joined, and how many of them a limit had ended."""
    ids, cut, cursor, complete = [], 0, None, None
    for _ in range(3000):
        answer = ask(weft, q=q, **limits, **({"cursor": cursor} if cursor else {}))
        ids += found(answer)
        cut += answer["partial"] is not None
        if "complete_from_unix_nano" in answer:
            at = int(answer["complete_from_unix_nano"])
            check(f"{name}: it goes on", complete is None or at <= complete, (at, complete))
            check(f"{name}: nothing older is answered", all(int(t["start_time_unix_nano"]) >= at for t in answer["traces"]), at)
            complete = at
        check(f"{name}: a cursor when there is more", answer["has_more"] == ("next_cursor" in answer), answer["has_more"])
        if not answer["has_more"]:
            check(f"{name}: the last page is whole", answer["partial"] is None, answer["partial"])
            return ids, cut
        cursor = answer["next_cursor"]
        time.sleep(pause)
    check(f"{name}: it ends", False)
    return ids, cut


def compare(name, ids, want, is_ordered=True):
    check(f"{name}: nothing twice", len(ids) == len(set(ids)), f"{len(ids)} {len(set(ids))}")
    check(f"{name}: all of it", sorted(ids) == sorted(want), f"{len(ids)} instead of {len(want)}")
    check(f"{name}: in order", not is_ordered or ids == want)


def test_changing_limits(weft):
    """Each page with other limits, as time would: nothing twice, nothing lost until there is no cursor."""
    r = random.Random(11)
    for q in QUERIES + SPAN_QUERIES:
        want, whole = [], {"has_more": True, "next_cursor": None}
        while whole["has_more"]:
            whole = ask(weft, q=q, limit=1000, **({"cursor": whole["next_cursor"]} if want else {}))
            want += found(whole)
        for _ in range(4):
            ids, answer, said = [], None, []
            while answer is None or answer["has_more"]:
                limits = {"limit": r.choice([5, 50, 500]), **r.choice([{}, {"spans_max": r.choice([200, 1500, 6000])}])}
                answer = ask(weft, q=q, **limits, **({"cursor": answer["next_cursor"]} if answer else {}))
                ids += found(answer)
                said.append((limits, answer["partial"], answer.get("next_cursor")))
            check(f"{q}: nothing twice", len(ids) == len(set(ids)), said)
            check(f"{q}: all of it, or told otherwise", sorted(ids) == sorted(want) or answer["partial"] is not None, said)


def test_pages(weft):
    for q in QUERIES + SPAN_QUERIES:
        answer = ask(weft, q=q, limit=1000)
        while answer["has_more"]:
            more = ask(weft, q=q, limit=1000, cursor=answer["next_cursor"])
            more["traces"], more["spans"] = answer["traces"] + more["traces"], answer.get("spans", []) + more.get("spans", [])
            if "spans" not in answer:
                del more["spans"]
            answer = more
        want = found(answer)
        for limits in ({"spans_max": 300, "limit": 1000}, {"spans_max": 1000, "limit": 20}, {"bytes_max": "1KiB", "limit": 1000},
                       {"bytes_max": 20000, "limit": 100}):
            name = f"{q} {limits}"
            ids, cut = pages(weft, name, q, **limits)
            compare(name, ids, want, q not in SPAN_QUERIES)
            check(f"{name}: it was cut", cut > 0 or limits.get("spans_max") != 300 or len(want) < 300, cut)


def test_what_is_said(weft):
    answer = ask(weft, q="{ }", spans_max=100, limit=1000)
    check("spans: said", answer["partial"].startswith("limit of spans read: ") and answer["partial"].endswith(", at most 100"), answer["partial"])
    check("spans: what is known is answered", 0 < len(answer["traces"]) < TRACES / 2, len(answer["traces"]))
    answer = ask(weft, q="{ } | rate()", spans_max=100)
    check("series: said", answer["partial"].startswith("limit of spans read: "), answer["partial"])
    for route in ("facets", "histogram"):
        answer = ask(weft, route, q="{ }", spans_max=100)
        check(f"{route}: said", (answer["partial"] or "").startswith("limit of spans read: "), answer["partial"])
        # Columns are read a row group at a time, and these spans have one.
        check(f"{route}: what was counted", 0 < answer["span_count"] <= TRACES * SPANS, answer["span_count"])
    for view in ("traces", "spans"):
        answer = ask(weft, "search", view=view, spans_max=100, limit=1000, order="slowest")
        check(f"search of {view}: said, and no next page", (answer["partial"] or "").startswith("limit of spans read: ") and not answer["has_more"], answer["partial"])
    answer = ask(weft, q="{ }", spans_max=10**12, bytes_max="1TiB", timeout="1h")
    check("limits above the configured ones do not matter", answer["partial"] is None, answer["partial"])
    for q in ("{ } | order(duration)", "{ } | distinct(name)"):
        answer = ask(weft, q=q, spans_max=100)
        check(f"{q}: partial, without a next page", (answer["partial"] is not None, answer["has_more"]) == (True, False), answer["partial"])
    for name, value in (("spans_max", "0"), ("bytes_max", "many"), ("timeout", "-1s")):
        status, body = weft.get(f"/api/v1/query?q={{}}&{name}={value}")
        check(f"{name}={value} is refused", status == 400 and name in json.loads(body)["error"]["message"], body)
    status, body = weft.get("/api/v1/query?q={}&cursor=w5-3")
    check("a wrong cursor is refused", status == 400, body)


def test_terminal(weft):
    command = [weft_process.WEFT, "query", "{ }", "--server", weft.url("server.http"), "--from", str(WHOLE["from"]), "--to", str(WHOLE["to"]), "-n", "1000",
               "--spans-max", "1000", "--csv"]
    first = subprocess.run(command, capture_output=True, text=True, timeout=30)
    check("weft query: says what is known", "of traces since 20" in first.stderr and "limit of spans read: " in first.stderr, first.stderr)
    if check("weft query: and how to go on", "to go on: the same with --cursor " in first.stderr, first.stderr):
        cursor = first.stderr.split("--cursor ")[1].split()[0]
        second = subprocess.run(command + ["--cursor", cursor], capture_output=True, text=True, timeout=30)
        both = first.stdout.splitlines()[1:] + second.stdout.splitlines()[1:]
        check("weft query: the next page", len(both) == len(set(both)) > len(first.stdout.splitlines()) > 10, (len(both), second.stderr))


def test_moving(weft):
    """Sealing and merging go on between the pages."""
    before, at = merges(weft), time.monotonic()
    rounds = 0
    while rounds < 3 or (merges(weft) == before and time.monotonic() - at < 20):
        for q in ("{ }", "{ span.rare = `yes` }", SPAN_QUERIES[0]):
            want = found(ask(weft, q=q, limit=10000))
            compare(f"{q} while merging", pages(weft, q, q, pause=0.01, limit=1000, spans_max=700)[0], want, "spans()" not in q)
        rounds += 1
    check("something was merged meanwhile", merges(weft) != before, before)


def main():
    global state
    with tempfile.TemporaryDirectory(prefix="weft-limits-") as data:
        weft = weft_process.Weft(data)
        with weft:
            send(weft)
            state = "live"
            test_what_is_said(weft)
            test_changing_limits(weft)
            test_pages(weft)
            weft.stop()
        weft.settings = ["query.limit_max=10000", "storage.seal_age=300ms", "storage.compaction.age=1s", "storage.compaction.segments_min=2"]
        with weft:
            state = "moving"
            test_moving(weft)
            weft.stop()
        weft.settings = []
        subprocess.run([weft_process.WEFT, "store", "compact", "--data", os.path.join(data, "store")], check=True, capture_output=True)
        with weft:
            state = "blocks"
            test_what_is_said(weft)
            test_terminal(weft)
            test_changing_limits(weft)
            test_pages(weft)
            weft.stop()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
