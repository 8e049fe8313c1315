#!/usr/bin/env python3
"""zipkin_ui: Zipkin's own user interface in a real browser, with weft behind it instead of Zipkin.

    tests/peers/zipkin_ui.py [DIRECTORY]        ends with "N passed, N failed"; 77: something to install is missing

Installs into DIRECTORY (default build-peers/) once: the pages out of Zipkin's server (84 MB, by Maven) and playwright-core (npm); needs Java's
Maven, Node and /usr/bin/chromium. A small server gives the pages out and passes every other request on to weft as it is.
"""
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import weft_process  # noqa: E402

ZIPKIN = "3.5.1"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".ico": "image/x-icon"}


def install(directory):
    """The folder with the pages."""
    for tool in ("mvn", "npm", "node", "/usr/bin/chromium"):
        if shutil.which(tool) is None:
            print(f"no {tool}")
            sys.exit(77)
    os.makedirs(directory, exist_ok=True)
    pages = os.path.join(directory, "zipkin-lens")
    if not os.path.exists(os.path.join(pages, "index.html")):
        subprocess.run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact=io.zipkin:zipkin-server:{ZIPKIN}:jar:slim", f"-DoutputDirectory={directory}"],
                       check=True, cwd=directory)
        with zipfile.ZipFile(os.path.join(directory, f"zipkin-server-{ZIPKIN}-slim.jar")) as server:
            with server.open(f"BOOT-INF/lib/zipkin-lens-{ZIPKIN}.jar") as inner, zipfile.ZipFile(inner) as lens:
                lens.extractall(directory, [name for name in lens.namelist() if name.startswith("zipkin-lens/")])
    if not os.path.exists(os.path.join(directory, "node_modules", "playwright-core")):
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", directory, "playwright-core@1.61.1"], check=True)
    return pages


class Front(http.server.BaseHTTPRequestHandler):
    """/zipkin/static/… and its pages from files; anything else is weft's."""
    pages = weft = ""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        if "/api/" in path or path.endswith("/config.json"):
            try:
                with urllib.request.urlopen(self.weft + self.path, timeout=20) as answer:
                    self.reply(answer.status, answer.headers["Content-Type"], answer.read())
            except urllib.error.HTTPError as error:
                self.reply(error.code, error.headers["Content-Type"], error.read())
            return
        file = os.path.join(self.pages, path.removeprefix("/zipkin/"))
        if not os.path.isfile(file):
            file = os.path.join(self.pages, "index.html")
        with open(file, "rb") as f:
            self.reply(200, TYPES[os.path.splitext(file)[1]], f.read())

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind or "")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def traces(now_us):
    """As Zipkin's senders say it, and one trace of an OpenTelemetry SDK: three services, an error, annotations, a database."""
    spans = []
    for n in range(5):
        at = now_us - (n + 1) * 1_000_000
        trace = f"{n + 1:032x}"
        local = {"serviceName": "Frontend", "ipv4": "10.0.0.1"}
        spans += [
            {"traceId": trace, "id": f"{n}1".rjust(16, "a"), "kind": "SERVER", "name": "get /cart", "timestamp": at, "duration": 90_000,
             "localEndpoint": local, "tags": {"http.method": "GET", "http.path": "/cart"}},
            {"traceId": trace, "parentId": f"{n}1".rjust(16, "a"), "id": f"{n}2".rjust(16, "a"), "kind": "CLIENT", "name": "get", "timestamp": at + 10_000,
             "duration": 70_000, "localEndpoint": local, "annotations": [{"timestamp": at + 20_000, "value": "wire sent"}]},
            {"traceId": trace, "parentId": f"{n}1".rjust(16, "a"), "id": f"{n}2".rjust(16, "a"), "kind": "SERVER", "name": "get", "timestamp": at + 15_000,
             "duration": 60_000, "shared": True, "localEndpoint": {"serviceName": "backend"}, "tags": {"error": "card declined"} if n == 0 else {}},
            {"traceId": trace, "parentId": f"{n}2".rjust(16, "a"), "id": f"{n}3".rjust(16, "a"), "kind": "CLIENT", "name": "query", "timestamp": at + 30_000,
             "duration": 5_000, "localEndpoint": {"serviceName": "backend"}, "remoteEndpoint": {"serviceName": "mysql", "port": 3306}},
        ]
    return spans


def otlp(now_us):
    start = (now_us - 10_000_000) * 1000
    return {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "billing"}}]}, "scopeSpans": [{"spans": [
        {"traceId": "c" * 32, "spanId": "c" * 16, "name": "Charge Card", "kind": 2, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 10**7),
         "attributes": [{"key": "amount", "value": {"intValue": "42"}}], "status": {"code": 2, "message": "no funds"},
         "events": [{"timeUnixNano": str(start + 10**6), "name": "retry"}]}]}]}]}


def main():
    directory = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "..", "build-peers"))
    Front.pages = install(directory)
    with tempfile.TemporaryDirectory(prefix="zipkin-ui-", dir="/tmp") as data:
        with weft_process.Weft(data, ["server.zipkin.autocomplete_keys=http.method,http.path"]) as weft:
            now = int(time.time() * 1e6)
            sent = (weft.post("/api/v2/spans", json.dumps(traces(now)).encode(), "application/json", "server.zipkin")[0],
                    weft.post("/v1/traces", json.dumps(otlp(now)).encode(), "application/json")[0])
            if sent != (202, 200):
                print(f"FAILED  sending: {sent}\n0 passed, 1 failed")
                return 1
            Front.weft = weft.url("server.zipkin")
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            done = subprocess.run(["node", os.path.join(HERE, "zipkin_ui.mjs"), f"http://127.0.0.1:{server.server_address[1]}/zipkin/"],
                                  env={**os.environ, "NODE_PATH": os.path.join(directory, "node_modules")}, timeout=120)
            server.shutdown()
            return done.returncode


if __name__ == "__main__":
    sys.exit(main())
