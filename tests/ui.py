#!/usr/bin/env python3
"""ui: how the web interface's files are served: pages, encodings, caching, headers, and paths that are none of them. The pages
themselves are tried in a browser (ui/tests).

    tests/ui.py        ends with "N passed, N failed"
"""
import gzip
import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import weft_process

PAGES = ["/", "/search", "/search?q=%7B%20%7D&from=now-1h", "/trace/0a294c4402ce5b13c605385691bd9c40", "/flame", "/map", "/compare", "/services",
         "/service/checkout", "/service/a%2Fb", "/slos", "/slo/1", "/alerts", "/alert/1", "/agents", "/run/0a294c4402ce5b13c605385691bd9c40",
         "/quality", "/settings", "/settings/users"]
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
                               "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
passed = failed = 0


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    if not ok:
        print(f"FAILED  {name}: {str(said)[:600]}", flush=True)


def same(name, want, got):
    check(name, want == got, f"expected {want!r}, found {got!r}")


def ask(weft, path, method="GET", **headers):
    """(status, headers, body as sent); the path goes out as it is."""
    connection = http.client.HTTPConnection(weft.addresses["server.http.endpoint"], timeout=20)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


def pages(weft):
    _, _, index = ask(weft, "/")
    check("it is a page", index.startswith(b"<!doctype html>") and b"<title>weft</title>" in index, index[:200])
    check("no inline script or style: the policy forbids them", not re.search(rb"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", index), index)
    for path in PAGES:
        status, headers, body = ask(weft, path, **BROWSER)
        same(f"{path} is the page", (200, "text/html; charset=utf-8", "no-cache", True),
             (status, headers.get("content-type"), headers.get("cache-control"), body == index))
    for path in ("/nothing", "/trace", "/trace/a/b", "/service", "/searches", "/tempo-ui", "/index.htm"):
        status, headers, body = ask(weft, path, **BROWSER)
        same(f"{path} is no page, and looks like one", (404, "text/html; charset=utf-8", True), (status, headers.get("content-type"), body == index))
        status, headers, body = ask(weft, path)
        same(f"{path} for programs", (404, "application/json", "not_found"), (status, headers.get("content-type"), json.loads(body)["error"]["status"]))
    status, headers, _ = ask(weft, "/api/v1/nothing", **BROWSER)
    same("an API's path that is not there", (404, "application/json"), (status, headers.get("content-type")))
    status, headers, _ = ask(weft, "/search", "POST", Content_Length="0")
    same("another method", (405, "GET, HEAD"), (status, headers.get("allow")))
    return index


def encodings(weft, path, plain):
    size = len(plain)
    for asked, want in (("gzip", "gzip"), ("GZIP;q=0.5", "gzip"), ("identity", None), ("", None), ("gzip;q=0", None), ("deflate, zstd", None)):
        _, headers, body = ask(weft, path, Accept_Encoding=asked)
        same(f"{path}: Accept-Encoding: {asked}", (want, "Accept-Encoding", plain),
             (headers.get("content-encoding"), headers.get("vary"), gzip.decompress(body) if want else body))
    status, headers, body = ask(weft, path, Accept_Encoding="gzip, deflate, br, zstd")
    encoding = headers.get("content-encoding")
    if encoding == "br":
        node = shutil.which("node")
        inflated = subprocess.run([node, "-e", "process.stdout.write(zlib.brotliDecompressSync(fs.readFileSync(0)))"],
                                  input=body, capture_output=True, check=True).stdout
        packed = len(ask(weft, path, Accept_Encoding="gzip")[2])
        check(f"{path}: brotli is worth it", len(body) < packed * 0.95, f"{len(body)} of {packed}")
    else:
        inflated = gzip.decompress(body)
    same(f"{path}: as a browser asks ({encoding}, {len(body)} of {size} bytes)", (200, plain), (status, inflated))
    status, headers, body = ask(weft, path, "HEAD", Accept_Encoding="identity")
    same(f"{path}: HEAD", (200, str(size), b""), (status, headers.get("content-length"), body))


def caching(weft, path):
    _, first, _ = ask(weft, path)
    etag = first.get("etag", "")
    check(f"{path}: has an ETag", re.fullmatch(r'W/"[0-9a-f]{20}"', etag), etag)
    for known in (etag, etag[2:], f'"x", {etag}', "*"):
        status, headers, body = ask(weft, path, If_None_Match=known)
        same(f"{path}: If-None-Match: {known}", (304, etag, first["cache-control"], "Accept-Encoding", b"", None),
             (status, headers.get("etag"), headers.get("cache-control"), headers.get("vary"), body, headers.get("content-type")))
    for known in ('"x"', etag[:-2] + '"', "", "W/"):
        same(f"{path}: If-None-Match: {known!r}", 200, ask(weft, path, If_None_Match=known)[0])


def assets(weft, index):
    found = sorted(set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', index.decode())))
    check("the page names its files", found, index)
    types = {"txt": "text/plain; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    for path in found:
        status, headers, body = ask(weft, path)
        hashed = re.search(r"-[A-Z0-9]{8}\.\w+$", path)
        same(path, (200, types[path.rsplit(".", 1)[1]], "public, max-age=31536000, immutable" if hashed else "no-cache"),
             (status, headers.get("content-type"), headers.get("cache-control")))
        check(f"{path} is not empty", body)
        encodings(weft, path, body)
    caching(weft, found[0])


def wrong_paths(weft):
    for path in ("/assets/", "/assets/nothing.js", "/assets/../../etc/passwd", "/assets/..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/etc/passwd",
                 "//etc/passwd", "/assets//etc/passwd", "/assets/index.html", "/assets/main.js%00.css", "/assets/" + "a" * 5000, "/../index.html"):
        status, headers, body = ask(weft, path)
        check(f"{path[:40]} is not there", status in (400, 404) and b"root:" not in body and headers.get("content-type") != "text/html; charset=utf-8",
              (status, headers, body[:100]))
    with socket.create_connection(weft.addresses["server.http.endpoint"].rsplit(":", 1)) as s:
        s.sendall(b"GET /assets/\r\nX: y HTTP/1.1\r\nHost: weft\r\n\r\n")
        check("a broken request line", s.recv(4096).startswith(b"HTTP/1.1 400"))


def security(weft):
    for path in ("/", "/nothing", "/assets/nothing.js", "/api/v1/services", "/api/v1/status", "/api/v1/nothing", "/metrics", "/health",
                 "/api/v1/traces/zz", "/api/services", "/tempo/api/echo"):
        _, headers, _ = ask(weft, path, **BROWSER)
        same(f"{path}: headers", HEADERS, {name: headers.get(name) for name in HEADERS})
    _, headers, _ = ask(weft, "/", If_None_Match="*")
    same("304: headers", HEADERS, {name: headers.get(name) for name in HEADERS})


def main():
    with tempfile.TemporaryDirectory(prefix="weft-ui-") as directory, weft_process.Weft(directory) as weft:
        index = pages(weft)
        encodings(weft, "/", index)
        caching(weft, "/")
        assets(weft, index)
        wrong_paths(weft)
        security(weft)
        same("stops well", 0, weft.stop())
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
