#!/usr/bin/env python3
"""formats: the golden files of every format version are read by this weft, and by a reader made from docs/format/ alone (format_reader.py);
both find what was sent. Files of a newer version, or with sections that are required and unknown, are refused with a sentence.
Ends with "N passed, N failed"."""
import base64
import glob
import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import format_reader as reader
from weft_process import WEFT

HERE = os.path.dirname(os.path.abspath(__file__))
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


def hex_bytes(value):
    """OTLP/JSON writes bytes in base64, the reader in hex."""
    if "bytesValue" in value:
        return {"bytesValue": base64.b64decode(value["bytesValue"]).hex()}
    if "doubleValue" in value:
        return {"doubleValue": float(value["doubleValue"])}
    return value


def listed(attributes):
    """The order of attributes carries no meaning."""
    return sorted(({"key": a["key"], "value": hex_bytes(a.get("value") or {})} for a in attributes), key=json.dumps)


def sent_spans(request):
    for r in request["resourceSpans"]:
        resource = {"attributes": r["resource"]["attributes"], "schemaUrl": r["schemaUrl"]}
        for s in r["scopeSpans"]:
            scope = {**s["scope"], "schemaUrl": s["schemaUrl"]}
            for x in s["spans"]:
                yield {"traceId": x["traceId"], "spanId": x["spanId"], "parentSpanId": x.get("parentSpanId", ""), "name": x["name"], "kind": x["kind"],
                       "startTimeUnixNano": x["startTimeUnixNano"], "endTimeUnixNano": x["endTimeUnixNano"], "statusCode": x["status"]["code"],
                       "resource": resource, "scope": scope, "statusMessage": x["status"].get("message", ""), "traceState": x.get("traceState", ""),
                       "flags": x.get("flags", 0), "attributes": listed(x["attributes"]),
                       "dropped": [x.get(f"dropped{k}Count", 0) for k in ("Attributes", "Events", "Links")],
                       "events": [{"timeUnixNano": e["timeUnixNano"], "name": e["name"], "dropped": e.get("droppedAttributesCount", 0),
                                   "attributes": listed(e.get("attributes", []))} for e in x.get("events", [])],
                       "links": [{"traceId": k["traceId"], "spanId": k["spanId"], "flags": k.get("flags", 0), "traceState": k.get("traceState", ""),
                                  "dropped": k.get("droppedAttributesCount", 0), "attributes": listed(k.get("attributes", []))} for k in x.get("links", [])]}


def read_span(span):
    out = {**span, "attributes": listed_hex(span["attributes"])}
    for part in ("events", "links"):
        out[part] = [{**x, "attributes": listed_hex(x["attributes"])} for x in span[part]]
    return out


def listed_hex(attributes):
    return sorted(attributes, key=json.dumps)


def by_id(spans):
    return {s["spanId"]: s for s in spans}


def first_difference(a, b):
    for key in a.keys() | b.keys():
        if a.get(key) != b.get(key):
            fields = [k for k in a.get(key, {}) if a[key][k] != b.get(key, {}).get(k)]
            return f"span {key}, {[(k, a[key][k], b.get(key, {}).get(k)) for k in fields[:1]]}"[:900]
    return ""


def weft_check(directory):
    done = subprocess.run([WEFT, "store", "check", "--data", directory], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


ENCODINGS = set(range(8))


def bundle_cases(version, folder, make):
    """Every trace lies in two members, and joined in the patch, whose masks name both places."""
    path = glob.glob(os.path.join(folder, "bundle-*.weft"))[0]
    sent, bundle = by_id(sent_spans(make.request(make.spans("block")))), reader.open_file(path)
    found = {}
    for block in bundle.members:
        found.update(by_id(read_span(s) for s in block.spans()))
    check(f"{version}: the reader finds in the bundle what was sent", found == sent, first_difference(sent, found))
    patch = by_id(read_span(s) for s in bundle.members[-1].spans())
    check(f"{version}: the patch has every trace whole", patch == sent, first_difference(sent, patch))
    with tempfile.TemporaryDirectory() as store:
        shutil.copy(path, store)
        rc, out = weft_check(store)
        check(f"{version}: weft reads the bundle", rc == 0, out[:600])


def golden_cases(folder):
    version = os.path.basename(folder)
    spec = importlib.util.spec_from_file_location(f"golden_{version}", os.path.join(folder, "make.py"))
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    for kind in ("segment", "block"):
        path = glob.glob(os.path.join(folder, f"{kind}-*.weft"))[0]
        sent = by_id(sent_spans(make.request(make.spans(kind))))
        file = reader.open_file(path)
        found = by_id(read_span(s) for s in file.spans())
        check(f"{version}: the reader finds in the {kind} what was sent", found == sent, first_difference(sent, found))
        with tempfile.TemporaryDirectory() as store:
            shutil.copy(path, store)
            rc, out = weft_check(store)
            check(f"{version}: weft reads the {kind}", rc == 0 and f"{len(sent)} spans: all sound" in out, out[:600])
    bundle_cases(version, folder, make)
    groups = [reader.RowGroup(file, file.b[g[0]:g[0] + g[1]], *g[2:]) for g in file.groups]
    found = {run[5] & 15 for group in groups for run in group.runs}
    check(f"{version}: the block has a run of every encoding", found == ENCODINGS, ENCODINGS - found)
    catalog = reader.Catalog(open(os.path.join(folder, "CATALOG"), "rb").read())
    check(f"{version}: CATALOG says of the block what its footer says", [(e["number"], e["bytes"], e["spans"]) for e in catalog.entries]
          == [(file.number, len(file.b), file.span_count)], catalog.entries)
    with tempfile.TemporaryDirectory() as store:
        for path in glob.glob(os.path.join(folder, "block-*")) + [os.path.join(folder, "CATALOG")]:
            shutil.copy(path, store)
        rc, out = weft_check(store)
        check(f"{version}: weft finds block and CATALOG in agreement", rc == 0 and "note" not in out, out[:600])


# ---- what a later weft might write ----

def with_segment_version(b, version):
    b[8:12] = struct.pack("<I", version)
    b[48:56] = struct.pack("<Q", reader.xxh3(b[:48]))


def with_block_tail(b, change):
    """Both tails written anew, with what `change` makes of footer and version."""
    trailer = b[-48:]
    data, tail, size = reader.u64(trailer, 0), reader.u64(trailer, 8), reader.u32(trailer, 16)
    sums, footer, version = bytes(b[data:data + tail - 48 - size]), *change(bytes(b[-48 - size:-48]))
    start = struct.pack("<QQIIQ", data, len(sums) + len(footer) + 48, len(footer), version, reader.xxh3(sums))
    b[data:] = 2 * (sums + footer + start + struct.pack("<Q", reader.xxh3(footer + start)) + b"weftblk\1")


def with_bundle_tail(b, change):
    first, size = reader.u64(b, len(b) - 48), reader.u32(b, len(b) - 40)
    directory, version = change(bytes(b[-48 - size:-48]))
    start = struct.pack("<QII", first, len(directory), version) + bytes(b[-32:-16])
    tail = directory + start + struct.pack("<Q", reader.xxh3(directory + start)) + b"weftbdl\1"
    b[first:] = tail + bytes(-(first + len(tail)) % 4096) + tail


def with_block_section(flags):
    """One section more, of a kind that nobody knows."""
    def change(footer):
        sections = reader.u32(footer, 124)
        at = 128 + 24 * sections
        return footer[:124] + struct.pack("<I", sections + 1) + footer[128:at] + struct.pack("<IIQQ", 99, flags, 64, 8) + footer[at:], 1
    return lambda b: with_block_tail(b, change)


def with_bundle_section(flags):
    """Its second section (what it supersedes) is of a kind that nobody knows."""
    return lambda b: with_bundle_tail(b, lambda d: (d[:32] + struct.pack("<II", 99, flags) + d[40:], 1))


def later_cases(folder):
    newer = ["was written by a newer weft: format 2, this one reads 1"]
    for kind, name, change, words in [
        ("segment", "a newer version", lambda b: with_segment_version(b, 2), newer),
        ("block", "a newer version", lambda b: with_block_tail(b, lambda f: (f, 2)), newer),
        ("block", "an unknown required section", with_block_section(1), ["kind 99", "required"]),
        ("block", "an unknown section that may be skipped", with_block_section(0), None),
        ("bundle", "a newer version", lambda b: with_bundle_tail(b, lambda d: (d, 2)), newer),
        ("bundle", "an unknown required section", with_bundle_section(1), ["kind 99", "required"]),
        ("bundle", "an unknown section that may be skipped", with_bundle_section(0), None),
    ]:
        path = glob.glob(os.path.join(folder, f"{kind}-*.weft"))[0]
        with open(path, "rb") as f:
            b = bytearray(f.read())
        change(b)
        with tempfile.TemporaryDirectory() as store:
            with open(os.path.join(store, os.path.basename(path)), "wb") as f:
                f.write(b)
            rc, out = weft_check(store)
            if words is None:
                check(f"{kind} with {name} is read", rc == 0, out[:600])
            else:
                check(f"{kind} with {name} is refused with a sentence", rc == 1 and all(w in out for w in words), out[:600])


def main():
    folders = sorted(glob.glob(os.path.join(HERE, "golden", "v*")))
    check("there are golden files", folders)
    for folder in folders:
        golden_cases(folder)
    later_cases(folders[-1])
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
