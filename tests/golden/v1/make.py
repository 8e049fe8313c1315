#!/usr/bin/env python3
"""make: the golden files of format 1, made once by the weft of that version and kept for ever.

    WEFT=build/weft tests/golden/v1/make.py [DIRECTORY]     segment (the first 120 spans), block (all 480), CATALOG;
                                                            bundle (all 480, every trace split between two blocks, and the patch)

spans() says what is in them and must stay as it is. A later version gets a folder of its own; weft goes on reading this one
(tests/formats.py)."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", ".."))
from weft_process import WEFT, Weft  # noqa: E402

SEGMENT_SPANS, SPANS = 120, 480
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"]
START = 1_700_000_000_000_000_000


def number(i):
    """The same for ever: no generator of Python's whose sequence may change."""
    return (i * 0x9e3779b97f4a7c15 + 0x632be59bd9b4e019) % 2**64


def attribute(key, **value):
    return {"key": key, "value": value}


def attributes(i):
    """Something for each encoding: constant, packed, dictionary, plain, uuid, decimal, mixed, function; each type; some on few spans."""
    r = number(i)
    if i >= SEGMENT_SPANS:  # one key list on many spans: columns of their own
        name = WORDS[r % 7]
        return [attribute("constant", stringValue="always the same"), attribute("packed.int", intValue=str(i * 3)),
                attribute("dictionary", stringValue=name), attribute("function", stringValue=name.upper()),
                attribute("big.int", intValue=str([1, 2**62, -2**63, 77][i % 4])), attribute("code", stringValue=f"{'eo'[i % 2]}{r % 5}")]
    words = WORDS
    out = [attribute("constant", stringValue="always the same"), attribute("packed.int", intValue=str(i * 3)),
           attribute("dictionary", stringValue=words[r % 7]), attribute("function", stringValue=words[r % 7].upper()),
           attribute("plain", stringValue=f"{r:x} is another text each time"), attribute("uuid", stringValue=str(uuid.UUID(int=r << 64 | number(r)))),
           attribute("decimal", doubleValue=(r % 1000) / 10), attribute("double", doubleValue=r / 7), attribute("negative", intValue=str(-r // 3)),
           attribute("bool", boolValue=i % 2 == 1), attribute("big.int", intValue=str([1, 2**62, -2**63, 77][i % 4])),
           attribute("mixed", stringValue=words[r % 7] if i % 5 else f"only here {r}")]
    if i % 3 == 0:
        out += [attribute("array", arrayValue={"values": [{"intValue": str(i)}, {"stringValue": "x"}]}), attribute("empty")]
    if i % 4 == 0:
        out += [attribute("map", kvlistValue={"values": [attribute("inner", boolValue=True)]}), attribute("bytes", bytesValue="AAEC/w==")]
    if i % 11 == 0:
        out += [attribute("rare", stringValue="söme ünicode ✓"), attribute("packed.int", stringValue="a second type")]
    if i == 50:
        out.append(attribute("long", stringValue="0123456789abcdef" * 1500))
    return out


def span(i):
    trace, place = divmod(i, 6)
    r = number(i + 10**6)
    out = {"traceId": f"{number(trace):016x}{number(trace + 500):016x}", "spanId": f"{r:016x}", "name": ["GET /cart", "SELECT", "publish"][place % 3],
           "kind": place % 6, "startTimeUnixNano": str(START + trace * 10**9 + place * 10**6), "endTimeUnixNano": str(START + trace * 10**9 + 10**8 + r % 10**6),
           "attributes": attributes(i), "status": {"code": [0, 1, 2][i % 3]}}
    if place:
        out["parentSpanId"] = f"{number(6 * trace + (place - 1) // 2 + 10**6):016x}"
    if trace == 3 and place == 4:
        out["parentSpanId"] = "00000000000000aa"  # nobody has it
    if i % 3 == 2:
        out["status"]["message"] = f"failed {i}"
    if i % 13 == 0:
        out.update(traceState="vendor=1", flags=257, droppedAttributesCount=i + 1, droppedEventsCount=2, droppedLinksCount=3)
    if i % 17 == 0:
        out["endTimeUnixNano"] = str(int(out["startTimeUnixNano"]) - 5)  # a clock that went back
    if i % 7 == 0:
        out["events"] = [{"timeUnixNano": str(START + i), "name": "exception", "droppedAttributesCount": 1, "attributes": attributes(i)[:9]},
                         {"timeUnixNano": str(START + 2**40), "name": f"event {i}"}]
    if i % 9 == 0:
        out["links"] = [{"traceId": f"{r:032x}", "spanId": f"{r + 1:016x}", "traceState": "a=b", "flags": 1, "attributes": attributes(i)[:3]}]
    return out


def request(spans):
    def resource(n):
        return {"resource": {"attributes": [attribute("service.name", stringValue=f"service-{n}"), attribute("host.cpus", intValue="8")]},
                "schemaUrl": "https://opentelemetry.io/schemas/1.30.0",
                "scopeSpans": [{"scope": {"name": "golden", "version": "1", "attributes": [attribute("scoped", boolValue=True)]},
                                "schemaUrl": "https://example.org/scope", "spans": spans[n::2]}]}
    return {"resourceSpans": [resource(0), resource(1)]}


def spans(kind):
    """What the file of that kind holds."""
    return [span(i) for i in range(SEGMENT_SPANS if kind == "segment" else SPANS)]


def store_of(work, parts):
    weft = Weft(work, settings=["server.io_threads=1"]).start()
    for part in parts:
        status, body, _ = weft.post("/v1/traces", json.dumps(request(part)).encode(), "application/json")
        assert status == 200, body
    weft.stop()
    return os.path.join(work, "store")


def bundle_of(work, parts):
    """Each part a block; the blocks, none of them small, are bundled."""
    weft = Weft(work, settings=["server.io_threads=1", "storage.seal_age=100ms", "storage.compaction.segments_min=1", "storage.compaction.age=1s",
                                "storage.compaction.fan_in=2", "storage.compaction.small_block_spans=1"]).start()
    store = os.path.join(work, "store")
    try:
        for i, part in enumerate(parts):
            status, body, _ = weft.post("/v1/traces", json.dumps(request(part)).encode(), "application/json")
            assert status == 200, body
            wait_for(os.path.join(store, "block-*" if i + 1 < len(parts) else "bundle-*"))
    finally:
        weft.stop()
    return store


def wait_for(pattern):
    for _ in range(300):
        if glob.glob(pattern):
            return
        time.sleep(0.1)
    raise RuntimeError(f"no {pattern} after 30 s")


def weft_store(*arguments):
    subprocess.run([WEFT, "store", *arguments], check=True, stdout=subprocess.DEVNULL)


def main(to):
    for path in glob.glob(os.path.join(to, "*.weft")):
        os.unlink(path)
    work = tempfile.mkdtemp(prefix="weft-golden-")
    every = spans("block")
    store = store_of(os.path.join(work, "segment"), [every[:60], every[60:SEGMENT_SPANS]])
    weft_store("backup", os.path.join(work, "backup"), "--data", store)  # without what is only reserved in the file
    shutil.copy(glob.glob(os.path.join(work, "backup", "segment-*"))[0], to)
    store = store_of(os.path.join(work, "block"), [every])
    weft_store("compact", "--data", store)
    for path in glob.glob(os.path.join(store, "block-*")) + [os.path.join(store, "CATALOG")]:
        shutil.copy(path, to)
    store = bundle_of(os.path.join(work, "bundle"), [[s for i, s in enumerate(every) if i // 2 % 2 == part] for part in (0, 1)])
    shutil.copy(glob.glob(os.path.join(store, "bundle-*"))[0], to)
    shutil.rmtree(work)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else HERE)
