#!/usr/bin/env python3
"""otlp_answers: what weft answers to OTLP over HTTP and gRPC, right and wrong, rule by rule (numbers: docs/specs.md).

gRPC goes through curl (HTTP/2 with prior knowledge), which shows the trailers. Ends with "N passed, N failed".
"""
import base64
import gzip
import json
import os
import struct
import socket
import subprocess
import sys
import tempfile
import time
import zlib

import weft_process

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
JSON, PROTOBUF = "application/json", "application/x-protobuf"
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


def field(number, data):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def span_bytes(trace_id, span_id, name=b"work", start=1795226400000000000, end=1795226400000001000):
    return (field(1, trace_id) + field(2, span_id) + field(5, name) + varint(7 << 3 | 1) + struct.pack("<Q", start)
            + varint(8 << 3 | 1) + struct.pack("<Q", end))


def request_bytes(*spans):
    resource = field(1, field(1, field(1, b"service.name") + field(2, field(1, b"answers"))))
    return field(1, resource + field(2, b"".join(field(2, s) for s in spans)))


def request_json(**changes):
    span = {"traceId": os.urandom(16).hex(), "spanId": os.urandom(8).hex(), "name": "work",
            "startTimeUnixNano": "1795226400000000000", "endTimeUnixNano": 1795226400000001000, **changes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode(), span


def good():
    return request_bytes(span_bytes(os.urandom(16), os.urandom(8)))


def http_cases(weft):
    def post(name, body, content_type, status, test=lambda answer, headers: True, path="/v1/traces", headers=None):
        got, answer, answered = weft.post(path, body, content_type, headers=headers)
        try:
            ok = got == status and test(answer, answered)
        except (ValueError, KeyError) as error:
            ok, answer = False, f"{error!r} in {answer!r}"
        check(name, ok, f"status {got}, {answer[:300]!r}")

    post("C3.3.1 success in protobuf is an empty message", good(), PROTOBUF, 200,
         lambda a, h: a == b"" and h["Content-Type"] == PROTOBUF)
    post("C3.3.1 success in JSON is {}", request_json()[0], JSON, 200, lambda a, h: a == b"{}" and h["Content-Type"] == JSON)
    post("C3.1.4 a content type with parameters", request_json()[0], JSON + "; charset=utf-8", 200)
    post("C3.2.5 empty protobuf request", b"", PROTOBUF, 200)
    post("C3.2.5 empty JSON request", b"{}", JSON, 200, lambda a, h: a == b"{}")
    for name, pack in [("gzip", gzip.compress), ("zlib", zlib.compress), ("deflate", zlib.compress)]:
        post(f"C3.1.3 content-encoding {name}", pack(good()), PROTOBUF, 200, headers={"Content-Encoding": name})
    post("C3.3.6 broken gzip is a bad request", b"\x1f\x8b nonsense", PROTOBUF, 400, headers={"Content-Encoding": "gzip"})
    post("C3.3.6 an unknown content-encoding is a bad request", good(), PROTOBUF, 400, headers={"Content-Encoding": "rot13"})
    post("C3.3.5 bytes that are no protobuf: 400 with a Status", b"\xff\xff\xff", PROTOBUF, 400,
         lambda a, h: a[:2] == b"\x08\x03" and h["Content-Type"] == PROTOBUF)
    post("C3.3.5 text that is no JSON: 400 with a Status", b"{nope", JSON, 400,
         lambda a, h: json.loads(a)["code"] == 3 and json.loads(a)["message"] and h["Content-Type"] == JSON)
    post("C3.3.6 unknown content type", good(), "text/plain", 415)
    post("C3.1.1 metrics are refused with a sentence", b"{}", JSON, 404, lambda a, h: b"traces" in a, path="/v1/metrics")
    post("unknown path", b"{}", JSON, 404, path="/nowhere")
    status, body = weft.get("/v1/traces", endpoint="receivers.otlp.protocols.http")
    check("C3.3.6 GET is not allowed", status == 405, f"{status} {body!r}")

    post("C3.3.2 a wrong trace id: partial success", request_bytes(span_bytes(b"short", os.urandom(8)),
         span_bytes(os.urandom(16), os.urandom(8))), PROTOBUF, 200, lambda a, h: a[:1] == b"\x0a" and b"\x08\x01" in a[:5])
    post("C3.3.3 rejected counts are strings in JSON", request_json(traceId="0" * 32)[0], JSON, 200,
         lambda a, h: json.loads(a)["partialSuccess"]["rejectedSpans"] == "1" and json.loads(a)["partialSuccess"]["errorMessage"])
    post("C3.6.1 ids in base64 are refused with a hint", request_json(traceId=base64.b64encode(os.urandom(16)).decode())[0],
         JSON, 200, lambda a, h: "base64" in json.loads(a)["partialSuccess"]["errorMessage"])
    post("C3.2.2 a body over the limit", b"x" * (21 << 20), PROTOBUF, 413)
    bomb = gzip.compress(b"\0" * (80 << 20))
    post("C3.2.2 a bomb is stopped while inflating", bomb, PROTOBUF, 413, headers={"Content-Encoding": "gzip"})
    post("the process lives on", good(), PROTOBUF, 200)


def kept_cases(weft):
    """Odd spans that are kept: sent as JSON, read back as OTLP JSON."""
    for name, changes in [
        ("end before start", {"endTimeUnixNano": "1795226300000000000"}),
        ("times of 1970", {"startTimeUnixNano": "0", "endTimeUnixNano": "1"}),
        ("times of 2200", {"startTimeUnixNano": "7258118400000000000", "endTimeUnixNano": "7258118400000000001"}),
        ("an empty name", {"name": ""}),
        ("C3.6.1 upper-case ids", {"traceId": "ABCDEF" + os.urandom(13).hex().upper()}),
        ("C3.6.3 unknown fields", {"nobodyKnowsThis": {"a": [1, {"b": None}]}}),
        ("C3.6.7 null members are absent", {"parentSpanId": None, "attributes": None}),
        ("C3.6.5 64-bit numbers as text", {"attributes": [{"key": "n", "value": {"intValue": "9007199254740993"}}]}),
        ("C3.6.7 nested values", {"attributes": [{"key": "n", "value": {"kvlistValue": {"values": [
            {"key": "a", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}, {}]}}},
            {"key": "b", "value": {"bytesValue": "AAEC"}}]}}}]}),
        ("a long text", {"attributes": [{"key": "n", "value": {"stringValue": "ü" * 20000}}]}),
    ]:
        body, span = request_json(**changes)
        status, answer, _ = weft.post("/v1/traces", body, JSON)
        if status != 200 or answer != b"{}":
            check(f"kept: {name}", False, f"{status} {answer[:300]!r}")
            continue
        status, text = weft.get(f"/api/v1/traces/{span['traceId']}?format=otlp")
        found = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"][0] if status == 200 else {}
        same = all(str(found.get(k, default)) == str(span.get(k) or default) for k, default in
                   [("startTimeUnixNano", "0"), ("endTimeUnixNano", "0"), ("name", "")])
        if isinstance(changes.get("attributes"), list):
            same = same and found.get("attributes") == changes["attributes"]
        check(f"kept: {name}", same and found["traceId"] == span["traceId"].lower(), f"{status} {text[:400]!r}")


def grpc(weft, message, path=EXPORT, headers=(), flag=0):
    """(headers and trailers in lower case, body)"""
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as head, tempfile.NamedTemporaryFile() as body:
        body.write(struct.pack(">BI", flag, len(message)) + message)
        body.flush()
        command = ["curl", "-s", "--http2-prior-knowledge", "--max-time", "20", "-D", head.name, "-o", out.name,
                   "--data-binary", "@" + body.name, "-H", "content-type: application/grpc", "-H", "te: trailers"]
        for h in headers:
            command += ["-H", h]
        subprocess.run(command + [weft.url("receivers.otlp.protocols.grpc", path)], check=False)
        lines = dict(line.lower().split(": ", 1) if not line.lower().startswith("grpc-message") and ": " in line
                     else (line.split(": ", 1) + [""])[:2] for line in head.read().decode().splitlines())
        return lines, out.read()


def grpc_cases(weft):
    head, body = grpc(weft, good())
    check("C3.3.1 gRPC success: OK and an empty message", head.get("grpc-status") == "0" and body == b"\0\0\0\0\0", (head, body))
    head, body = grpc(weft, gzip.compress(good()), headers=["grpc-encoding: gzip"], flag=1)
    check("C3.5.5 grpc-encoding gzip", head.get("grpc-status") == "0", head)
    head, body = grpc(weft, zlib.compress(good()), headers=["grpc-encoding: deflate"], flag=1)
    check("grpc-encoding deflate", head.get("grpc-status") == "0", head)
    head, _ = grpc(weft, good(), headers=["grpc-encoding: rot13"], flag=1)
    check("an unknown grpc-encoding is UNIMPLEMENTED", head.get("grpc-status") == "12", head)
    head, _ = grpc(weft, b"\xff\xff\xff")
    check("C3.5.4 bad data is INVALID_ARGUMENT", head.get("grpc-status") == "3" and "grpc-status-details-bin" in head, head)
    head, _ = grpc(weft, b"", path="/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
    check("C3.1.1 other signals are UNIMPLEMENTED", head.get("grpc-status") == "12", head)
    head, body = grpc(weft, request_bytes(span_bytes(b"short", os.urandom(8))))
    check("C3.3.2 partial success over gRPC", head.get("grpc-status") == "0" and b"\x08\x01" in body, (head, body))
    head, body = grpc(weft, b"")
    check("C3.2.5 empty request over gRPC", head.get("grpc-status") == "0", head)


def cors_cases(weft):
    status, _, head = weft.post("/v1/traces", b"{}", JSON, headers={"Origin": "https://shop.example"})
    check("CORS: an allowed origin may read the answer", head.get("Access-Control-Allow-Origin") == "https://shop.example", dict(head))
    status, _, head = weft.post("/v1/traces", b"{}", JSON, headers={"Origin": "https://evil.example"})
    check("CORS: another origin may not", head.get("Access-Control-Allow-Origin") is None, dict(head))


def overload_cases(data):
    """Large requests hold their three quarters of the budget: one more is refused before it is read, with a delay, and told in the
    right words; a small one still finds room."""
    with weft_process.Weft(os.path.join(data, "small"), ["memory.limit=4MiB"]) as weft:
        body = request_bytes(*[span_bytes(os.urandom(16), os.urandom(8), b"n" * 4000) for _ in range(100)])
        small = request_bytes(span_bytes(os.urandom(16), os.urandom(8), b"small"))
        host, port = weft.addresses["receivers.otlp.protocols.http.endpoint"].rsplit(":", 1)
        holders = []
        for length in ((2 << 20) - 100000, (1 << 20) - 20000):
            holders.append(socket.create_connection((host, int(port))))
            holders[-1].sendall(f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
                                f"Content-Length: {length}\r\n\r\n".encode() + body[:1000])
            time.sleep(0.1)     # the largest is admitted only while it is the first
        time.sleep(0.2)
        status, answer, head = weft.post("/v1/traces", body, PROTOBUF)
        check("C3.4.1 over the memory budget: 429 with Retry-After", status == 429 and head.get("Retry-After"), (status, answer[:100]))
        load = subprocess.run([weft_process.WEFT, "load", "--quiet", "--json", "--spans", "400", "--spans-per-request", "400",
                               "--connections", "1", "--in-flight", "1", "--shape", "a1", "--endpoint",
                               weft.url("receivers.otlp.protocols.grpc")], capture_output=True, text=True, check=False)
        check("C3.5.1 over the memory budget: RESOURCE_EXHAUSTED", '"RESOURCE_EXHAUSTED":1' in load.stdout, load)
        status, answer, head = weft.post("/v1/traces", small, PROTOBUF)
        check("a small one finds room beside large ones", status == 200, (status, answer[:100]))
        for holder in holders:
            holder.close()
        time.sleep(0.2)
        status, answer, _ = weft.post("/v1/traces", body, PROTOBUF)
        check("it is taken when the budget is free again", status == 200 and answer == b"", (status, answer[:100]))


def main():
    with tempfile.TemporaryDirectory(prefix="weft-answers-") as data:
        settings = ["receivers.otlp.protocols.http.cors.allowed_origins=https://shop.example"]
        with weft_process.Weft(os.path.join(data, "main"), settings) as weft:
            http_cases(weft)
            kept_cases(weft)
            grpc_cases(weft)
            cors_cases(weft)
            check("SIGTERM ends with status 0", weft.stop() == 0, weft.log_tail())
        overload_cases(data)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
