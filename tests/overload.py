#!/usr/bin/env python3
"""overload [full]: what strangers and too much load may cost. Idle connections, slow and rude ones, more load than fits, queries
nobody waits for any more: each bounded in memory and time, and spans are still taken meanwhile. `full` (./dev overload): 10,000
idle connections and a minute at several times the load. Ends with "N passed, N failed".
"""
import base64
import json
import os
import re
import resource
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

import weft_process

FULL = "full" in sys.argv[1:]
IDLE = 10000 if FULL else 1500
LOAD_SECONDS = 60 if FULL else 6
GRPC, HTTP, WEB = "receivers.otlp.protocols.grpc", "receivers.otlp.protocols.http", "server.http"
SPAN = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [
    {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "beside"}]}]}]}).encode()
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + (f": {said}" if said != "" else ""), flush=True)


def metric(server, name, labels=""):
    """The sum of all lines of that name that have `labels`."""
    text = server.get("/metrics")[1].decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if re.match(name + r"[ {]", line) and labels in line)


def anonymous_kib(server):
    with open(f"/proc/{server.process.pid}/status") as f:
        return int(re.search(r"RssAnon:\s*(\d+)", f.read()).group(1))


def cpu_seconds(server):
    with open(f"/proc/{server.process.pid}/stat") as f:
        fields = f.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait(claim, seconds=10):
    end = time.monotonic() + seconds
    while True:
        held = claim()
        if held or time.monotonic() > end:
            return held
        time.sleep(0.02)


def connect(server, endpoint):
    host, port = server.addresses[endpoint + ".endpoint"].rsplit(":", 1)
    s = socket.create_connection((host, int(port)), timeout=10)
    return s


def takes_spans(server):
    """Is one small request taken now? Its latency in seconds, or None."""
    start = time.monotonic()
    status, body, _ = server.post("/v1/traces", SPAN, "application/json")
    return time.monotonic() - start if status == 200 else None


def is_closed(s, seconds):
    """Does the server close the connection in that time?"""
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


# ---- HTTP/2, by hand: what no library would send ----

def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)


def fields(**values):
    """Literal fields without indexing, names not compressed; ":" is written as "_"."""
    out = b""
    for name, value in values.items():
        name = name.replace("__", "-").replace("_", ":", 1) if name.startswith("_") else name.replace("_", "-")
        out += b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return out


def request(path, method="GET", **more):
    return fields(_method=method, _scheme="http", _path=path, _authority="weft", **more)


def goaway_code(s, seconds=5):
    """The error code of the GOAWAY that ends the connection; None: none came."""
    s.settimeout(seconds)
    data, code = b"", None
    try:
        while piece := s.recv(65536):
            data += piece
    except OSError:
        pass
    while len(data) >= 9:
        length = int.from_bytes(data[:3], "big")
        if data[3] == GOAWAY and len(data) >= 17:
            code = int.from_bytes(data[13:17], "big")
        data = data[9 + length:]
    return code


# ---- idle connections ----

def idle_http1(s):
    s.sendall(b"GET /none HTTP/1.1\r\nHost: weft\r\n\r\n")
    s.recv(4096)


def idle_http2(s):
    s.sendall(PREFACE + frame(SETTINGS, 1, 0) + frame(HEADERS, 5, 1, request("/none")))
    s.recv(4096)


def idle_silent(s):
    pass


def idle_tls(s):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    s = context.wrap_socket(s)
    idle_http1(s)
    return s


def certificate(directory):
    cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=weft", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return [f"{WEB}.tls.cert_file={cert}", f"{WEB}.tls.key_file={key}"]


def idle_connections(directory):
    tls = certificate(directory)
    for name, endpoint, open_one, bound_kib, count in (
            ("silent", HTTP, idle_silent, 2, IDLE), ("HTTP/1.1", HTTP, idle_http1, 3, IDLE),
            ("HTTP/2", GRPC, idle_http2, 24, IDLE), ("TLS", WEB, idle_tls, 64, IDLE // 5)):
        settings = [f"{endpoint}.max_connections={IDLE + 100}"] if endpoint != WEB else tls
        with weft_process.Weft(os.path.join(directory, "idle"), settings) as server:
            takes_spans(server)
            before, held = anonymous_kib(server), []
            for _ in range(count):
                s = connect(server, endpoint)
                held.append(open_one(s) or s)
            each = (anonymous_kib(server) - before) / count
            check(f"{count} idle connections, {name}: at most {bound_kib} KiB each", each <= bound_kib, f"{each:.2f} KiB")
            busy = cpu_seconds(server)
            took = takes_spans(server)
            check("  and a span is taken beside them", took is not None and took < 1, f"{took:.3f} s")
            time.sleep(0.3)
            check("  and they cost no time", cpu_seconds(server) - busy < 0.1)
            for s in held:
                s.close()
            if endpoint != WEB:
                check("  and all are noticed to be gone",
                      wait(lambda: metric(server, "weft_http_connections_open", "otlp") == 0))


# ---- slow and rude ones ----

def slow_clients(server):
    for name, endpoint, opening, more in (
            ("silent", HTTP, b"", b""),
            ("a header, byte by byte", HTTP, b"POST /v1/traces HTTP/1.1\r\nHost: weft\r\nX: ", b"x"),
            ("a body, byte by byte", HTTP, b"POST /v1/traces HTTP/1.1\r\nHost: weft\r\nContent-Length: 100000\r\n\r\n", b"x"),
            ("HTTP/2 header without an end", GRPC, PREFACE + frame(HEADERS, 0, 1, request("/")), b"")):
        held = [connect(server, endpoint) for _ in range(50)]
        start = time.monotonic()
        for s in held:
            s.sendall(opening)
        while more and time.monotonic() - start < 1.5:
            for s in held:
                try:
                    s.send(more)
                except OSError:
                    pass
            time.sleep(0.1)
        limit = 30 if name == "silent" else 3
        if name != "silent":
            check(f"slow: {name}: cut off in time", all(is_closed(s, limit) for s in held), f"{time.monotonic() - start:.1f} s")
        for s in held:
            s.close()
    check("slow: their memory went back", wait(lambda: metric(server, "weft_request_body_bytes") == 0))


def floods(server):
    rapid = b"".join(frame(HEADERS, 5, 2 * i + 1, request("/x")) + frame(RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08")
                     for i in range(5000))
    bomb = frame(HEADERS, 0, 1, request("/")) + frame(CONTINUATION, 0, 1) * 100000
    for name, attack in (("rapid reset", rapid), ("PING", frame(PING, 0, 0, b"12345678") * 50000),
                         ("SETTINGS", frame(SETTINGS, 0, 0, b"\0\x03\0\0\0\x64") * 50000), ("CONTINUATION", bomb),
                         ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01") * 50000),
                         ("empty DATA", frame(HEADERS, 4, 1, request("/v1/traces", "POST")) + frame(DATA, 0, 1) * 50000)):
        before, busy = anonymous_kib(server), cpu_seconds(server)
        s = connect(server, GRPC)
        try:
            s.sendall(PREFACE + attack)
        except OSError:
            pass
        code = goaway_code(s)
        s.close()
        grown, took = anonymous_kib(server) - before, cpu_seconds(server) - busy
        check(f"flood of {name}: ended, cheaply", grown < 4096 and took < 0.5, f"GOAWAY {code}, {grown} KiB, {took:.2f} s of CPU")


def open_requests(server):
    """Thousands of requests that never send their body: the budget counts them, and no more are held."""
    held, before = [], anonymous_kib(server)
    for _ in range(120):
        s = connect(server, GRPC)
        s.sendall(PREFACE + b"".join(
            frame(HEADERS, 4, 2 * i + 1, request("/opentelemetry.proto.collector.trace.v1.TraceService/Export", "POST",
                                                 content_type="application/grpc")) for i in range(100)))
        held.append(s)
    wait(lambda: metric(server, "weft_http_refused_total", 'reason="memory"') > 0)
    grown = anonymous_kib(server) - before
    used, limit = (metric(server, f"weft_request_{n}bytes") for n in ("body_", "body_limit_"))
    check("12,000 open requests: no more than the budget", used <= limit and grown < 64 * 1024, f"{used} of {limit}, {grown} KiB")
    for s in held:
        s.close()
    check("  and it comes back", wait(lambda: metric(server, "weft_request_body_bytes") == 0)
          and takes_spans(server) is not None)


def huge_requests(server):
    """Connections that claim as much as they may and send nothing, and small senders beside them."""
    held = []
    limit = int(metric(server, "weft_request_body_limit_bytes"))
    for _ in range(3):
        s = connect(server, HTTP)
        s.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: weft\r\nContent-Length: %d\r\n\r\n" % (limit // 2 - (1 << 17)))
        held.append(s)
    time.sleep(0.2)
    latencies = [takes_spans(server) for _ in range(100)]
    check("huge requests on three connections: small ones are taken", all(latencies),
          f"{sum(x is not None for x in latencies)} of 100")
    for s in held:
        s.close()
    status, _, _ = server.post("/v1/traces", b"x" * (limit // 2 + 1), "application/x-protobuf")
    check("larger than half the budget: 413 at once", status == 413, status)


def slow_readers(server):
    """Large answers that nobody reads."""
    held, before = [], anonymous_kib(server)
    for _ in range(40):
        s = connect(server, WEB)
        s.sendall(b"GET /api/v1/search?view=spans&limit=1000 HTTP/1.1\r\nHost: weft\r\n\r\n" * 40)
        held.append(s)
    time.sleep(1)
    grown = anonymous_kib(server) - before
    vital = [server.get(path)[0] for path in ("/health", "/ready", "/metrics")]
    check("readers that do not read: health and metrics are told beside them", vital == [200] * 3, vital)
    check("readers that do not read: bounded", grown < 48 * 1024, f"{grown} KiB for 1,600 questions")
    for s in held:
        s.close()
    check("  and questions are answered after them", wait(lambda: server.get("/api/v1/search?limit=1")[0] == 200))


def protobuf_values(message, numbers):
    """The values at that path of field numbers in protobuf bytes."""
    def varint(at):
        value = shift = 0
        while True:
            byte = message[at]
            value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
            if byte < 128:
                return value, at

    at, found = 0, []
    while at < len(message):
        tag, at = varint(at)
        size = {1: 8, 5: 4}.get(tag & 7, 0)
        if tag & 7 != 1 and tag & 7 != 5:
            size, behind = varint(at)
            at, size = behind, size if tag & 7 == 2 else 0
        if tag == numbers[0] << 3 | 2:
            value = message[at:at + size]
            found += protobuf_values(value, numbers[1:]) if len(numbers) > 1 else [value]
        at += size
    return found


def half_an_answer(server, path):
    """All that comes when the question is taken back, by shutting the sending side, while the answer is under way."""
    with connect(server, WEB) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: weft\r\n\r\n".encode())
        said = s.recv(1 << 16)
        s.shutdown(socket.SHUT_WR)
        while piece := s.recv(1 << 20):
            said += piece
    return said


def long_answers(directory):
    """A trace of 60,000 spans: its answer comes in pieces, and whoever does not read it holds no query thread."""
    spans = 60000
    with weft_process.Weft(os.path.join(directory, "long"), ["query.threads=2"]) as server:
        subprocess.run([weft_process.WEFT, "load", "--quiet", "--endpoint", server.url(GRPC), "--shape", "giant", "--trace-spans", str(spans),
                        "--spans", str(spans)], stdout=subprocess.DEVNULL)
        path = "/api/v1/traces/" + json.loads(server.get("/api/v1/search?limit=1")[1])["traces"][0]["trace_id"]
        status, body = server.get(path)
        columns = json.loads(body)["columns"]
        check("long answers: whole", status == 200 and {len(c) for c in columns.values()} == {spans}, f"{len(body) >> 10} KiB")
        ids = json.loads(server.get(path + "?format=otlp")[1])["resourceSpans"]
        told = {s["spanId"] for r in ids for c in r["scopeSpans"] for s in c["spans"]}
        check("  the same spans as in OTLP", told == set(columns["span_id"]))
        parts = protobuf_values(server.get(path, headers={"Accept": "application/x-protobuf"})[1], (1, 2, 2, 2))
        check("  and in protobuf", len(parts) == spans and {p.hex() for p in parts} == told)
        tempo = "/api/v2/traces/" + path.rsplit("/", 1)[1]
        parts = protobuf_values(server.get(tempo, endpoint="server.tempo", headers={"Accept": "application/protobuf"})[1], (1, 1, 2, 2, 2))
        check("  and from Tempo's", len(parts) == spans and {p.hex() for p in parts} == told)
        answer = json.loads(server.get(tempo, endpoint="server.tempo")[1])
        listed = [base64.b64decode(s["spanId"]).hex() for r in answer["trace"]["resourceSpans"] for c in r["scopeSpans"] for s in c["spans"]]
        check("  in both forms", len(listed) == spans and set(listed) == told)
        reader = zlib.decompressobj(31)
        packed = server.get(path, headers={"Accept-Encoding": "gzip"})[1]
        check("  packed, it is one gzip member", reader.decompress(packed) == body and reader.eof and reader.unused_data == b"",
              f"{len(packed) >> 10} KiB")
        said = half_an_answer(server, path)
        check("  cut off, it has no end", said.startswith(b"HTTP/1.1 200") and not said.endswith(b"\r\n0\r\n\r\n"), said[-20:])
        held = [connect(server, WEB) for _ in range(4)]
        for s in held:
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: weft\r\n\r\n".encode())
        time.sleep(1)
        check("  four that do not read hold no query thread", server.get("/api/v1/search?limit=1")[0] == 200)
        holding = anonymous_kib(server)
        for s in held:
            s.close()
        check("  and their memory comes back", wait(lambda: anonymous_kib(server) < holding / 2), f"{holding >> 10} MiB held")
    too_long_a_trace(directory, path, spans - 1)


def too_long_a_trace(directory, path, spans_max):
    """One span more than query.trace_spans_max: the earliest are answered, and that there are more is said in every format."""
    with weft_process.Weft(os.path.join(directory, "long"), [f"query.trace_spans_max={spans_max}"]) as server:
        said = f"the trace has more spans than query.trace_spans_max: these are the first {spans_max}"
        columns = json.loads(server.get(path)[1])
        check("a trace that is too long: columns", (columns["span_count"], columns.get("partial_reason")) == (spans_max, said))
        otlp = json.loads(server.get(path + "?format=otlp")[1])
        count = sum(len(c["spans"]) for r in otlp["resourceSpans"] for c in r["scopeSpans"])
        check("  OTLP JSON", (count, otlp.get("partialReason")) == (spans_max, said))
        check("  OTLP protobuf", server.get(path, headers={"Accept": "application/x-protobuf"})[1].endswith(said.encode()))
        tempo = "/api/v2/traces/" + path.rsplit("/", 1)[1]
        answer = json.loads(server.get(tempo, endpoint="server.tempo")[1])
        check("  Tempo", (answer.get("status"), answer.get("message")) == ("PARTIAL", said))
        body = server.get(tempo, endpoint="server.tempo", headers={"Accept": "application/protobuf"})[1]
        check("  Tempo protobuf", body.endswith(said.encode()) and b"\x18\x01\x22" in body[-200:])


# ---- questions nobody waits for ----

def cancelled_queries(server):
    before = metric(server, "weft_queries_cancelled_total")
    path = "/api/v1/search?view=spans&limit=1000&where=span.http.route~nosuch.*x"
    for endpoint, opening in ((WEB, b"GET %s HTTP/1.1\r\nHost: weft\r\n\r\n" % path.encode()),
                              (WEB, PREFACE + frame(HEADERS, 5, 1, request(path)))):
        held = [connect(server, endpoint) for _ in range(40)]
        for s in held:
            s.sendall(opening)
        for s in held:
            s.close()
    check("queries whose clients have gone are ended", wait(lambda: metric(server, "weft_queries_cancelled_total") - before >= 20),
          f"{metric(server, 'weft_queries_cancelled_total') - before:.0f} of 80; the others were quicker")


# ---- too much load ----

class Watch(threading.Thread):
    """Anonymous memory twice a second."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.kib, self.stopping = server, [], False

    def run(self):
        while not self.stopping:
            self.kib.append(anonymous_kib(self.server))
            time.sleep(0.5)


def overload(directory):
    with weft_process.Weft(os.path.join(directory, "load"), ["memory.limit=8MiB", "storage.seal_age=1s",
                                                             "storage.compaction.age=2s"]) as server:
        loads = []
        for protocol, endpoint, connections, compression in (("grpc", GRPC, 24, "none"), ("http", HTTP, 24, "gzip"),
                                                             ("grpc", GRPC, 8, "zstd")):
            loads.append(subprocess.Popen(
                [weft_process.WEFT, "load", "--json", "--quiet", "--endpoint", server.url(endpoint), "--protocol", protocol,
                 "--connections", str(connections), "--in-flight", "8", "--spans-per-request", "500", "--compression", compression,
                 "--seconds", str(LOAD_SECONDS)], stdout=subprocess.PIPE, text=True))
        watch = Watch(server)
        watch.start()
        time.sleep(LOAD_SECONDS / 2)
        answered = server.get("/api/v1/status")[0]
        reports = [json.loads(load.communicate(timeout=LOAD_SECONDS + 60)[0]) for load in loads]
        ended = time.monotonic()
        watch.stopping = True
        recovered = wait(lambda: takes_spans(server) is not None, 5)
        check("too much load: taken again afterwards", recovered, f"{time.monotonic() - ended:.2f} s after the end")
        check("  own API answers meanwhile", answered == 200, answered)
        refused, accepted = (sum(r[k] for r in reports) for k in ("refused_requests", "accepted_spans"))
        check("  some is refused, some is taken", refused > 0 and accepted > 0, f"{refused} requests, {accepted} spans")
        silent = sum(r["refused_without_delay"] for r in reports)
        check("  each refusal tells a delay", silent == 0, f"{silent} did not; {[r['refused_by_code'] for r in reports]}")
        worst = max(r["latency_p99_ms"] for r in reports)
        check("  what is taken is taken in time", worst < 5000, f"p99 {worst:.0f} ms")
        half = len(watch.kib) // 2
        check("  memory stays flat", max(watch.kib[half:]) < 1.25 * max(watch.kib[:half]) + 32 * 1024,
              f"at most {max(watch.kib[:half]) >> 10} MiB in the first half, {max(watch.kib[half:]) >> 10} in the second")
        stored = metric(server, "weft_store_committed_spans_total")
        check("  every acknowledged span is stored, and only those", stored == accepted + 1, f"{stored:.0f} and {accepted} + 1")
        check("  the budget is empty", metric(server, "weft_request_body_bytes") == 0
              and metric(server, "weft_request_work_bytes") == 0)


# ---- few descriptors ----

def few_descriptors(directory):
    wrapper = os.path.join(directory, "weft-few")
    with open(wrapper, "w") as f:
        f.write(f"#!/usr/bin/env python3\nimport os, resource, sys\nresource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))\n"
                f"os.execv({os.path.abspath(weft_process.WEFT)!r}, ['weft'] + sys.argv[1:])\n")
    os.chmod(wrapper, 0o755)
    usual, weft_process.WEFT = weft_process.WEFT, wrapper
    try:
        with weft_process.Weft(os.path.join(directory, "few")) as server:
            check("few descriptors: said at the start", "open files" in server.log_tail(), "")
            held = [connect(server, HTTP) for _ in range(400)]
            busy = cpu_seconds(server)
            time.sleep(0.5)
            check("  connections beyond do not spin", cpu_seconds(server) - busy < 0.2, f"{cpu_seconds(server) - busy:.2f} s")
            with open(f"/proc/{server.process.pid}/limits") as f:
                limit = int(re.search(r"Max open files\s+(\d+)", f.read()).group(1))
            used = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            check("  and leave descriptors to the store", used <= limit - 20, f"{used} of {limit}")
            for s in held:
                s.close()
            check("  and spans are taken afterwards", wait(lambda: takes_spans(server) is not None))
    finally:
        weft_process.WEFT = usual


def hang_up(server):
    server.process.send_signal(signal.SIGHUP)
    check("SIGHUP: said, and nothing ends", wait(lambda: "SIGHUP" in server.log_tail()) and takes_spans(server) is not None)


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="weft-overload-") as directory:
        idle_connections(directory)
        times = [f"{p}.{t}=1s" for p in (GRPC, HTTP) for t in ("read_header_timeout", "read_timeout")]
        with weft_process.Weft(os.path.join(directory, "slow"), times + ["memory.limit=32MiB"]) as server:
            slow_clients(server)
            floods(server)
            open_requests(server)
        with weft_process.Weft(os.path.join(directory, "rude"), ["memory.limit=8MiB"]) as server:
            huge_requests(server)
            subprocess.run([weft_process.WEFT, "load", "--quiet", "--endpoint", server.url(GRPC), "--spans", "400000"],
                           stdout=subprocess.DEVNULL)
            slow_readers(server)
            cancelled_queries(server)
            hang_up(server)
        long_answers(directory)
        few_descriptors(directory)
        overload(directory)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
