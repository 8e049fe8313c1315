#!/usr/bin/env python3
"""askers: those who leave before the answer, through every API; a crowd of heavy questions: memory bounded, turns kept, look-ups not kept waiting.

    tests/askers.py             ends with "N passed, N failed"
"""
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import weft_process
from tempo import message

SPANS = 250000
CROWD = 50
ANONYMOUS_MIB = 300                             # two queries at a time, of at most 128 MiB each
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok     ' if ok else 'FAILED '} {name}{': ' + str(said)[:300] if said != '' and not ok else ''}", flush=True)
    return ok


def metric(weft, name):
    for line in weft.get("/metrics")[1].decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise RuntimeError(f"no metric {name}")


def under_way(weft):
    return metric(weft, "weft_queries_running") + metric(weft, "weft_queries_waiting")


def wait(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


# ---- those who leave ----

def heavy_questions():
    """(name, address, path) that look at every trace; (name, address, method, message) of gRPC."""
    now, q = int(time.time()), urllib.parse.quote
    seconds, micros = f"start={now - 7200}&end={now + 60}", f"start={(now - 7200) * 10**6}&end={(now + 60) * 10**6}"
    millis, service = f"endTs={(now + 60) * 1000}&lookback=7200000", "shop-service-1"
    slow = "{ } &>> { } | avg(duration) > 1h"
    http = [("query", "server.http", f"/api/v1/query?q={q(slow)}"),
            ("series", "server.http", f"/api/v1/query?q={q('{ } | compare({ status = error })')}"),
            ("explain", "server.http", f"/api/v1/explain?q={q(slow)}"),
            ("facets", "server.http", f"/api/v1/facets?q={q('{ } >> { }')}"),
            ("histogram", "server.http", f"/api/v1/histogram?q={q('{ } >> { }')}"),
            ("Tempo search", "server.tempo", f"/api/search?q={q(slow)}&{seconds}"),
            ("Tempo series", "server.tempo", f"/api/metrics/query_range?q={q('{ } | compare({ status = error })')}&{seconds}&step=60"),
            ("Jaeger traces", "server.http", f"/api/traces?service={service}&limit=100000&{micros}"),
            ("Jaeger dependencies", "server.http", f"/api/dependencies?{millis}"),
            ("Jaeger calls", "server.http", f"/api/metrics/calls?service={service}&groupByOperation=true&{millis}&step=1000"),
            ("Zipkin traces", "server.zipkin", f"/api/v2/traces?{millis}&limit=1000"),
            ("Zipkin dependencies", "server.zipkin", f"/api/v2/dependencies?{millis}")]
    at = lambda s: message(f1=s)
    find = message(f1=message(f1=service, f4=at(now - 7200), f5=at(now + 60), f8=100000))
    grpc = [("Tempo gRPC Search", "server.tempo", "/tempopb.StreamingQuerier/Search", message(f8=slow, f5=now - 7200, f6=now + 60)),
            ("Tempo gRPC MetricsQueryRange", "server.tempo", "/tempopb.StreamingQuerier/MetricsQueryRange",
             message(f1="{ } | compare({ status = error })", f2=(now - 7200) * 10**9, f3=(now + 60) * 10**9, f4=60 * 10**9)),
            ("Jaeger gRPC v2 FindTraces", "server.jaeger_grpc", "/jaeger.api_v2.QueryService/FindTraces", find),
            ("Jaeger gRPC v2 GetDependencies", "server.jaeger_grpc", "/jaeger.api_v2.QueryService/GetDependencies",
             message(f1=at(now - 7200), f2=at(now + 60)))]
    return http, grpc


def send_http(weft, endpoint, path):
    host, port = weft.addresses[endpoint + ".endpoint"].rsplit(":", 1)
    s = socket.create_connection((host, int(port)))
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: weft\r\n\r\n".encode())
    return s.close


def send_grpc(weft, endpoint, method, body, directory):
    path = os.path.join(directory, "request")
    with open(path, "wb") as f:
        f.write(b"\0" + struct.pack(">I", len(body)) + body)
    curl = subprocess.Popen(["curl", "-sS", "--max-time", "60", "--http2-prior-knowledge", "-H", "Content-Type: application/grpc", "-H", "TE: trailers",
                             "--data-binary", f"@{path}", "-o", os.devnull, weft.url(endpoint, method)], stderr=subprocess.DEVNULL)

    def leave():
        curl.kill()
        curl.wait()
    return leave


def test_leaving(weft, name, send):
    """Three ask, all leave while one is being answered: nothing goes on, and it is counted."""
    before = metric(weft, "weft_queries_cancelled_total")
    for attempt in range(5): # a quick answer may be there before its asker leaves
        leave = [send() for _ in range(3)]
        wait(lambda: under_way(weft) >= 1, 5)
        for go in leave:
            go()
        if wait(lambda: metric(weft, "weft_queries_cancelled_total") > before, 1):
            break
    left = time.monotonic()
    check(f"{name}: ended when its asker left", wait(lambda: metric(weft, "weft_queries_cancelled_total") > before, 1), "it was answered")
    check("  and nothing is under way", wait(lambda: under_way(weft) == 0), under_way(weft))
    print(f"        {(time.monotonic() - left) * 1000:.0f} ms after it was counted", flush=True)


# ---- a crowd ----

class Asker(threading.Thread):
    def __init__(self, weft, path, source="127.0.0.1"):
        super().__init__(daemon=True)
        self.weft, self.path, self.source, self.status, self.ended, self.body = weft, path, source, None, None, b""
        self.start()

    def run(self):
        host, port = self.weft.addresses["server.http.endpoint"].rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=120, source_address=(self.source, 0))
        connection.request("GET", self.path)
        answer = connection.getresponse()
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        self.ended = time.monotonic()
        connection.close()


def anonymous_mib(weft):
    with open(f"/proc/{weft.process.pid}/status") as f:
        return [int(line.split()[1]) for line in f if line.startswith("RssAnon")][0] / 1024


def lookups(weft, trace_id, until):
    times, status = [], set()
    while not until():
        start = time.perf_counter()
        status.add(weft.get(f"/api/v1/traces/{trace_id}")[0])
        times.append((time.perf_counter() - start) * 1000)
        time.sleep(0.01)
    return sorted(times), status


def test_crowd(weft):
    q = urllib.parse.quote
    trace_id = json.loads(weft.get("/api/v1/query?limit=1&q=%7B%7D")[1])["traces"][0]["trace_id"]
    most = [anonymous_mib(weft)]
    paths = [f"/api/v1/query?timeout=2s&limit=1000&q={q(text)}" for text in
             ("{ } | order(duration)", "{ } &>> { } | avg(duration) > 1h", "{ } | compare({ status = error })", "{ } | rate() by (span:id)", "{ } | spans()")]
    crowd = [Asker(weft, paths[i % len(paths)]) for i in range(CROWD)]
    wait(lambda: metric(weft, "weft_queries_waiting") >= CROWD / 2, 10)
    other = Asker(weft, paths[1], "127.0.0.2")

    def over():
        most[0] = max(most[0], anonymous_mib(weft))
        return all(not asker.is_alive() for asker in crowd)
    times, status = lookups(weft, trace_id, over)
    other.join(60)
    check(f"{CROWD} heavy questions at once: all answered", {a.status for a in crowd} == {200}, {a.status for a in crowd})
    check("  in bounded memory", most[0] < ANONYMOUS_MIB, f"{most[0]:.0f} MiB")
    check("  look-ups meanwhile", status == {200}, status)
    earlier = sum(a.ended < other.ended for a in crowd)
    check("  another address does not wait for all of them", other.status == 200 and earlier < CROWD - CROWD / 4, earlier)
    print(f"        {most[0]:.0f} MiB; {len(times)} traces by id meanwhile: p50 {times[len(times) // 2]:.1f} ms, p99 {times[int(len(times) * .99)]:.1f} ms;"
          f" {earlier} of the crowd before the other address", flush=True)


def test_refusal(weft):
    """More than may wait: told when to come back."""
    path = "/api/v1/query?timeout=1s&q=" + urllib.parse.quote("{ } &>> { } | avg(duration) > 1h")
    crowd = [Asker(weft, path) for _ in range(30)]
    for asker in crowd:
        asker.join(120)
    refused = [a for a in crowd if a.status == 429]
    check("more than may wait are refused", refused and len(refused) < 30 and {a.status for a in crowd} == {200, 429}, {a.status for a in crowd})
    check("  with a time to come back", all(1 <= int(a.headers["Retry-After"]) <= 30 and b"try again later" in a.body for a in refused))


def test_waited_in_vain(weft):
    """The time of a question begins when it comes; who has waited all of it is not told that nothing was found."""
    path = "/api/v1/query?q=" + urllib.parse.quote("{ } &>> { } | avg(duration) > 1h")
    crowd = [Asker(weft, path) for _ in range(40)]
    for asker in crowd:
        asker.join(120)
    late = [a for a in crowd if a.status == 503]
    check("who waited in vain is told to come back", late and {a.status for a in crowd} <= {200, 503}, [a.status for a in crowd])
    check("  in words", all(int(a.headers["Retry-After"]) >= 1 and b"no thread was free" in a.body for a in late), [a.body for a in late])


def main():
    with tempfile.TemporaryDirectory(prefix="weft-askers-") as data:
        weft = weft_process.Weft(data, ["query.threads=2"])
        with weft:
            loaded = subprocess.run([weft_process.WEFT, "load", "--quiet", "--endpoint", weft.url("receivers.otlp.protocols.grpc"), "--shape", "s",
                                     "--spans", str(SPANS), "--seed", "7"], capture_output=True, text=True)
            check("the spans are taken", loaded.returncode == 0, loaded.stderr)
            over_http, over_grpc = heavy_questions()
            for name, endpoint, path in over_http:
                test_leaving(weft, name, lambda: send_http(weft, endpoint, path))
            for name, endpoint, method, body in over_grpc:
                test_leaving(weft, name, lambda: send_grpc(weft, endpoint, method, body, data))
            test_crowd(weft)
            weft.stop()
        weft.settings = ["query.threads=1", "query.waiting_max=8"]
        with weft:
            test_refusal(weft)
            weft.stop()
        weft.settings = ["query.threads=1", "query.timeout=50ms", "query.waiting_max=200"]
        with weft:
            test_waited_in_vain(weft)
            weft.stop()
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
