#!/usr/bin/env python3
"""values: long attribute values, from the sender's request to the answer, in live segments and in blocks: the trace as columns
shows a preview with an address, the address and OTLP give every byte, the block keeps each content once, merging needs little
memory. Ends with "N passed, N failed".
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import weft_process

TRACE, SPANS, LONG = "0af7651916cd43dd8448eb211c80319c", 80, 1 << 20
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


def text(seed, length):
    return "".join(random.Random(seed).choices("abcdefghijklmnop é\n", k=length))


def cut(value):
    """The preview: 256 bytes, or less where a character would be cut."""
    return value.encode()[:256].decode(errors="ignore")


DUMP, OTHER = text(1, LONG), text(2, 20000)
LIST = [f"line {i} of many" for i in range(2000)]
ADDRESS = f"/api/v1/traces/{TRACE}/spans/"


def attribute(key, value):
    return {"key": key, "value": value}


def span(i):
    attributes = [attribute("n", {"intValue": str(i)}), attribute("dump", {"stringValue": DUMP}),
                  attribute("a key&b", {"stringValue": OTHER if i % 2 else "short"})]
    if i == 0:
        attributes += [attribute("list", {"arrayValue": {"values": [{"stringValue": s} for s in LIST]}})]
    events = [{"timeUnixNano": str(10**18 + 5), "name": "small", "attributes": []},
              {"timeUnixNano": str(10**18 + 9), "name": "exception", "attributes": [attribute("stack", {"stringValue": OTHER + str(i % 3)})]}]
    return {"traceId": TRACE, "spanId": f"{i + 1:016x}", "name": "work", "kind": 1, "startTimeUnixNano": str(10**18 + i),
            "endTimeUnixNano": str(10**18 + i + 100), "attributes": attributes, "events": events}


def send(weft):
    for first in range(0, SPANS, 4):
        body = {"resourceSpans": [{"resource": {"attributes": [attribute("service.name", {"stringValue": "s"})]},
                                   "scopeSpans": [{"spans": [span(i) for i in range(first, first + 4)]}]}]}
        for attempt in range(50):   # a segment holds 64 MiB: a full one is sealed, and the sender told to come back
            status = weft.post("/v1/traces", json.dumps(body).encode(), "application/json")[0]
            if status == 200:
                break
            time.sleep(0.2)
        if status != 200:
            raise RuntimeError(f"sending: {status}")


def ask_all(weft, state):
    answer = weft.get(f"/api/v1/traces/{TRACE}")[1]
    check(f"{state}: columns are short", len(answer) < SPANS * 4000, f"{len(answer)} bytes")
    columns = json.loads(answer)["columns"]
    by_id = {i: n for n, i in enumerate(columns["span_id"])}
    check(f"{state}: all spans", len(by_id) == SPANS, len(by_id))
    for i in (0, 1, 2, SPANS - 1):
        row, id = by_id[f"{i + 1:016x}"], f"{i + 1:016x}"
        attributes = {a["key"]: a for a in columns["attributes"][row]}
        wanted = {"key": "dump", "value": {"stringValue": cut(DUMP)}, "preview_of": "string", "length": len(DUMP.encode()),
                  "href": f"{ADDRESS}{id}/value?key=dump"}
        check(f"{state}: preview, span {i}", attributes["dump"] == wanted, str(attributes["dump"])[:300])
        status, whole = weft.get(attributes["dump"]["href"])
        check(f"{state}: whole value, span {i}", status == 200 and whole == DUMP.encode(), status)
        if i % 2:
            whole = weft.get(attributes["a key&b"]["href"])[1]
            check(f"{state}: key with odd characters, span {i}", whole == OTHER.encode(), attributes["a key&b"])
        else:
            check(f"{state}: short value, span {i}", attributes["a key&b"]["value"]["stringValue"] == "short")
        stack = columns["events"][row][1]["attributes"][0]
        check(f"{state}: preview of an event's, span {i}", stack["length"] == len((OTHER + "0").encode()) and "&event=1" in stack["href"], stack)
        check(f"{state}: whole value of an event's, span {i}", weft.get(stack["href"])[1] == (OTHER + str(i % 3)).encode())
    listed = {a["key"]: a for a in columns["attributes"][by_id["0" * 15 + "1"]]}["list"]
    check(f"{state}: preview of an array", listed["preview_of"] == "array" and listed["value"]["stringValue"].startswith('["line 0 of many","li'), listed)
    values = json.loads(weft.get(listed["href"])[1])["arrayValue"]["values"]
    check(f"{state}: whole array", [v["stringValue"] for v in values] == LIST)
    spans = [s for r in json.loads(weft.get(f"/api/v1/traces/{TRACE}?format=otlp")[1])["resourceSpans"]
             for scope in r["scopeSpans"] for s in scope["spans"]]
    whole = sum(a["value"].get("stringValue") == DUMP for s in spans for a in s["attributes"] if a["key"] == "dump")
    check(f"{state}: OTLP answers whole values", whole == SPANS, whole)
    for path, status in [(f"{ADDRESS}{1:016x}/value", 400), (f"{ADDRESS}{1:016x}/value?key=none", 404), (f"{ADDRESS}{'9' * 16}/value?key=n", 404),
                         (f"{ADDRESS}x/value?key=n", 400), (f"{ADDRESS}{1:016x}/value?key=stack&event=2", 404),
                         (f"{ADDRESS}{1:016x}/value?key=n&nth=1", 404), (f"{ADDRESS}{1:016x}/value?key=n&nth=x", 400),
                         (f"{ADDRESS}{1:016x}/value?key=n", 200)]:
        got = weft.get(path)[0]
        check(f"{state}: {path[len(ADDRESS):]} gives {status}", got == status, got)


def terminal(weft):
    def run(*options):
        return subprocess.run([weft_process.WEFT, "trace", "--server", weft.url("server.http"), "--attributes", "--color", "never", *options, TRACE],
                              capture_output=True, text=True).stdout
    short, full = run(), run("--full")
    check("terminal: a preview, its length, how to see all", f"dump = ({len(DUMP.encode())} bytes; --full shows them)" in short, short[:600])
    check("terminal: --full shows all", len(full) > SPANS // 2 * LONG or full.count("\n") > 5000, len(full))


def main():
    with tempfile.TemporaryDirectory(prefix="weft-values-") as data:
        settings = ["storage.seal_age=1h", "storage.compaction.age=1h", "storage.compaction.segments_min=16"]
        weft = weft_process.Weft(data, settings)
        with weft:
            send(weft)
            ask_all(weft, "live")
            weft.stop()
        weft.settings = ["storage.seal_age=100ms", "storage.compaction.segments_min=1", "storage.compaction.age=1s"]
        with weft:
            for _ in range(200):
                files = os.listdir(os.path.join(data, "store"))
                blocks = [f for f in files if f.startswith("block-") and f.endswith(".weft")]
                live = [f for f in files if f.startswith("segment-")]
                if blocks and json.loads(weft.get("/api/v1/status")[1])["store"]["sealed_segments"] == 0:
                    break
                time.sleep(0.1)
            size = sum(os.path.getsize(os.path.join(data, "store", f)) for f in blocks)
            check("block: each content once", blocks and size < len(blocks) * (LONG + 300000), f"{len(blocks)} blocks, {size} bytes, {live}")
            status = open(f"/proc/{weft.process.pid}/status").read()
            private = int(status.split("RssAnon:")[1].split()[0])
            check("merging them needs little memory", private < 100 * 1024, f"{private} KiB")
            ask_all(weft, "block")
            terminal(weft)
            weft.stop()
        done = subprocess.run([weft_process.WEFT, "store", "check", "--data", os.path.join(data, "store"), "--quiet"], capture_output=True, text=True)
        check("store check", done.returncode == 0, done.stdout + done.stderr)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
