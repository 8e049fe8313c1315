#!/usr/bin/env python3
"""cli: the program as a user meets it: help, mistakes, exit codes, colours, addresses, sockets, TLS, starts and stops.
Ends with "N passed, N failed"."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import weft_process
from weft_process import WEFT, Weft

passed = failed = 0
NOW = time.time_ns()


def check(name, ok, said=""):
    global passed, failed
    passed += bool(ok)
    failed += not ok
    print(f"{'ok      ' if ok else 'FAILED  '}{name}" + ("" if ok else f": {said}"), flush=True)


def run(*arguments, env=None, timeout=30, stdin=None):
    clean = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "WEFT_SERVER", "WEFT_CONFIG")}
    done = subprocess.run([WEFT, *arguments], capture_output=True, text=True, env={**clean, **(env or {})}, timeout=timeout, input=stdin)
    return done.returncode, done.stdout, done.stderr


def expect(name, status, *words, args=(), out=None, **more):
    """The exit status, words on standard error, and (out) words on standard output."""
    rc, stdout, stderr = run(*args, **more)
    ok = rc == status and all(w in stderr for w in words) and all(w in stdout for w in out or ())
    check(name, ok, f"exit {rc}, out {stdout[:300]!r}, error {stderr[:500]!r}; expected {status} with {words} {out or ''}")
    return stdout


def span(trace_id, span_id, parent=None, name="work", start=NOW, ns=10**6, service="cli", status=0, **more):
    out = {"traceId": trace_id, "spanId": span_id, "name": name, "kind": 2, "startTimeUnixNano": str(start),
           "endTimeUnixNano": str(start + ns), "status": {"code": status}, **more}
    if parent:
        out["parentSpanId"] = parent
    return {"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}, "scopeSpans": [{"spans": [out]}]}


def send(weft, *spans):
    status, body, _ = weft.post("/v1/traces", json.dumps({"resourceSpans": spans}).encode(), "application/json")
    if status != 200:
        raise RuntimeError(f"{status} {body!r}")


# ---- without a server ----

COMMANDS = ["serve", "trace", "search", "query", "tail", "services", "store", "export", "import", "check", "demo", "load", "version", "help", "man", "completion"]


def help_cases():
    rc, listing, _ = run("help")
    check("weft help lists every command", rc == 0 and all(f"\n  {c} " in listing for c in COMMANDS), listing)
    check("weft without arguments: the list on standard error, exit 2", run()[0] == 2 and "serve" in run()[2])
    for command in COMMANDS:
        rc, out, err = run(command, "--help")
        lines = out.splitlines()
        check(f"weft {command} --help", rc == 0 and out.startswith(f"usage: weft {command}") and not err
              and max(map(len, lines)) <= 100 and "\033" not in out, (rc, err, [line for line in lines if len(line) > 100]))
        check(f"weft help {command} is the same", run("help", command)[1] == out)
        expect(f"weft {command} --nonsense: exit 2", 2, "--nonsense", "--help", args=[command, "--nonsense"])
    expect("a mistyped option gets the nearest", 2, "--serice", "--service", args=["search", "--serice", "x"])
    expect("a mistyped command gets the nearest", 2, "serach", "search", args=["serach"])
    expect("a command unlike any", 2, "quetzalcoatl", args=["quetzalcoatl"])
    expect("an option without its value", 2, "--limit", args=["search", "--limit"])
    expect("a number that is none", 2, "--limit", "many", args=["search", "--limit", "many"])
    expect("too many arguments", 2, "extra", args=["trace", "1", "extra"])
    expect("too few arguments", 2, "ID", args=["trace"])
    expect("a trace id that is none", 2, "nope", "hex", args=["trace", "nope"])
    expect("an unknown word for --color", 2, "sometimes", "always", args=["trace", "--color", "sometimes", "1"])
    expect("weft version", 0, args=["version"], out=["weft "])
    check("weft --version says the same", run("--version")[1] == run("version")[1])
    check("weft version --json is JSON", "version" in json.loads(run("version", "--json")[1]))


def manual_cases():
    rc, page, _ = run("man")
    check("weft man is a manual page", rc == 0 and page.startswith(".") and ".TH" in page and ".SH NAME" in page.upper()
          and all(c in page for c in COMMANDS))
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True)
        check("groff reads it without a warning", done.returncode == 0 and not done.stderr, done.stderr[:500])
    rc, script, _ = run("completion")
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
    check("the completion script is bash", rc == 0 and done.returncode == 0 and script, done.stderr)
    probe = script + '\nCOMP_WORDS=(weft sea); COMP_CWORD=1; f=$(complete -p weft | sed "s/.*-F \\([^ ]*\\).*/\\1/"); $f weft sea weft; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True)
    check("it completes a command", done.stdout.strip() == "search", (done.stdout, done.stderr))


def config_cases(data):
    def file(text):
        path = os.path.join(data, "weft.yaml")
        with open(path, "w") as f:
            f.write(text)
        return path

    example = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples", "weft.yaml")
    if os.path.exists(example):
        expect("weft check takes the example", 0, args=["check", example])
    good = file("receivers:\n  otlp:\n    protocols:\n      grpc:\n        endpoint: ${env:WEFT_T:-127.0.0.1:1}\nstorage:\n  directory: /tmp/x\n")
    expect("weft check of a good file", 0, args=["check", good])
    for name, text, words in [
        ("an unknown key", "storage:\n  dirctory: /x\n", [":2", "dirctory", "directory"]),
        ("a wrong type", "storage:\n  seal_age: [1]\n", [":2", "seal_age"]),
        ("an impossible value", "\nquery:\n  timeout: -5s\n", [":3", "timeout", "-5s"]),
        ("a list where a map is due", "receivers: [otlp]\n", [":1", "receivers"]),
        ("a refused key of the Collector", "receivers:\n  otlp:\n    protocols:\n      grpc:\n        include_metadata: true\n", [":5", "include_metadata"]),
        ("broken YAML", "storage:\n  directory: 'x\n", ["weft.yaml:"]),
        ("a key twice", "storage:\n  directory: a\n  directory: b\n", [":3", "directory"]),
    ]:
        expect(f"weft check: {name}, with file and line", 1, *words, args=["check", file(text)])
        expect(f"weft serve refuses it too: {name}", 1, *words, args=["serve", "--config", file(text)])
    expect("weft check warns of a variable that is not set", 0, "WEFT_SURELY_NOT_SET", args=["check", file("storage:\n  directory: ${env:WEFT_SURELY_NOT_SET}\n")])
    expect("weft check of no file", 1, "nowhere.yaml", args=["check", os.path.join(data, "nowhere.yaml")])
    for setting, words in [("storage.dirctory=x", ["dirctory", "directory"]), ("query.timeout=soon", ["query.timeout", "soon"]),
                           ("nonsense", ["nonsense", "="]), ("server.http.endpoint=127.0.0.1:99999", ["server.http.endpoint", "99999"]),
                           ("storage=1", ["storage"])]:
        expect(f"--set {setting}", 1, *words, args=["serve", "--data", os.path.join(data, "never"), "--set", setting])
    check("nothing was made for a refused start", not os.path.exists(os.path.join(data, "never")))


def no_server_cases():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{s.getsockname()[1]}"
    for args in (["search"], ["trace", "1"], ["services"], ["tail"]):
        expect(f"weft {args[0]} without a server: a sentence, exit 1", 1, nobody[7:], "is weft running?", args=[*args, "--server", nobody])
    expect("an address that is none", 2, "ftp://x", args=["search", "--server", "ftp://x"])


# ---- with a server ----

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def question_cases(weft):
    server = ["--server", weft.url("server.http")]
    expect("search of an empty store: exit 1, a sentence", 1, "nothing found", args=["search", *server])
    send(weft, span(TRACE, "00000000000000a1", name="GET /cart", ns=5 * 10**6, service="frontend"),
         span(TRACE, "00000000000000a2", "00000000000000a1", name="SELECT \033[31mred\a", start=NOW + 10**6, service="db", status=2,
              events=[{"timeUnixNano": str(NOW + 1500000), "name": "exception", "attributes": [
                  {"key": "exception.message", "value": {"stringValue": "no such table\nsecond line"}}]}],
              attributes=[{"key": "db.query.text", "value": {"stringValue": "SELECT 1"}}]))
    out = expect("weft trace draws", 0, args=["trace", TRACE, *server], out=["frontend", "GET /cart", "2 spans", "1 error", TRACE])
    check("no colours and no control characters in a pipe", not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", out), out)
    expect("upper case and leading zeros", 0, args=["trace", TRACE.upper(), *server], out=[TRACE])
    out = expect("--color always", 0, args=["trace", "--color", "always", TRACE, *server], out=["\033["])
    check("the name's escape sequence is not let through", "\033[31mred" not in out and "\a" not in out, out)
    expect("--color always stands above NO_COLOR", 0, args=["search", "--color", "always", *server], out=["\033["], env={"NO_COLOR": "1"})
    out = expect("--events and --attributes", 0, args=["trace", "-e", "-a", TRACE, *server], out=["exception", "no such table", "db.query.text", "SELECT 1"])
    expect("weft trace of an unknown id: exit 1 and a sentence", 1, "1" * 32, args=["trace", "1" * 32, *server])
    out = expect("weft search: one line a trace", 0, args=["search", *server], out=["frontend", "GET /cart", TRACE])
    check("it is one line", len(out.splitlines()) == 1, out)
    out = expect("weft search --spans: one line a span", 0, args=["search", "--spans", *server], out=["db", "GET /cart"])
    check("they are two lines", len(out.splitlines()) == 2, out)
    for columns in ("80", "100", "120", "200"):
        for args in (["search"], ["search", "--spans"], ["trace", TRACE], ["trace", "-e", "-a", TRACE], ["services"], ["services", "db"]):
            rc, out, _ = run(*args, *server, env={"COLUMNS": columns})
            wide = [line for line in out.splitlines() if len(line) > int(columns)]
            check(f"weft {' '.join(args)[:12]} keeps to {columns} columns", rc == 0 and out and not wide, wide)
    expect("weft search: a condition that fails", 1, "nothing found", args=["search", "--service", "nobody", *server])
    expect("weft search: a bad condition", 2, "closed", args=["search", "--where", '"a', *server])
    expect("weft search: a bad kind", 2, "sever", "server", args=["search", "--kind", "sever", *server])
    for args in (["search", "--json"], ["search", "--spans", "--json"], ["trace", TRACE, "--json"], ["services", "--json"], ["services", "db", "--json"]):
        rc, out, _ = run(*args, *server)
        try:
            ok = rc == 0 and isinstance(json.loads(out), dict)
        except ValueError:
            ok = False
        check(f"weft {' '.join(args)} is JSON", ok, out[:200])
    expect("weft services", 0, args=["services", *server], out=["frontend", "db", "Spans"])
    expect("weft services of an unknown one: exit 1", 1, "nobody", args=["services", "nobody", *server])
    expect("WEFT_SERVER stands for --server", 0, args=["search"], env={"WEFT_SERVER": weft.url("server.http")}, out=[TRACE])


def tail_case(weft):
    tail = subprocess.Popen([WEFT, "tail", "--json", "--count", "3", "--service", "tailed", "--server", weft.url("server.http")],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    stop = time.monotonic() + 20
    i = 0
    while tail.poll() is None and time.monotonic() < stop:  # the first may come before the tail has begun
        i += 1
        send(weft, span(os.urandom(16).hex(), os.urandom(8).hex(), name=f"n{i}", service="tailed"), span(os.urandom(16).hex(), os.urandom(8).hex(), service="other"))
        time.sleep(0.1)
    tail.kill() if tail.poll() is None else None
    out, err = tail.communicate()
    names = [json.loads(line)["name"] for line in out.splitlines()]
    numbers = [int(n[1:]) for n in names]
    check("weft tail follows, filters, misses nothing and stops at --count", tail.returncode == 0 and len(numbers) == 3
          and numbers == list(range(numbers[0], numbers[0] + 3)), (tail.returncode, out, err))
    tail = subprocess.Popen([WEFT, "tail", "--server", weft.url("server.http")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5)
    tail.send_signal(signal.SIGINT)
    tail.communicate(timeout=10)
    check("Ctrl-C ends weft tail", tail.returncode in (-signal.SIGINT, 0, 130), tail.returncode)


def store_cases(data, weft):
    store = os.path.join(data, "main", "store")
    expect("a second process on the same directory is refused", 1, store, args=["serve", "--data", store] + anywhere())
    expect("weft store compact beside a server is refused", 1, store, args=["store", "compact", "--data", store])
    for action in (["stats"], ["check"], ["dump"]):
        rc, out, err = run("store", *action, "--data", store)
        check(f"weft store {action[0]} beside a server", rc == 0 and out, (rc, err))
        if action == ["dump"]:
            expect("weft store dump has no JSON", 2, "--json", args=["store", "dump", "--data", store, "--json"])
            continue
        rc, out, err = run("store", *action, "--data", store, "--json")
        try:
            ok = rc == 0 and json.loads(out) is not None
        except ValueError:
            ok = False
        check(f"weft store {action[0]} --json is JSON", ok, (rc, out[:200], err))
    expect("weft store of nothing", 1, "nowhere", args=["store", "stats", "--data", os.path.join(data, "nowhere")])
    expect("weft store: an unknown action", 2, "compcat", args=["store", "compcat", "--data", store])
    backup_cases(data, store)


def backup_cases(data, store):
    """Beside the running server: taken, verified, damaged, brought back."""
    monday, tuesday, back = (os.path.join(data, name) for name in ("monday", "tuesday", "back"))
    spans = json.loads(run("store", "check", "--data", store, "--json")[1])["spans"]
    expect("weft store backup beside a server", 0, args=["store", "backup", monday, "--data", store], out=["backed up to", monday])
    expect("a second one into the same directory is refused", 1, "not empty", args=["store", "backup", monday, "--data", store])
    rc, out, err = run("store", "backup", tuesday, "--previous", monday, "--data", store, "--json")
    check("weft store backup --previous", rc == 0 and json.loads(out)["files"] > 0, (rc, out, err))
    expect("weft store backup without a place", 2, "DIRECTORY", args=["store", "backup", "--data", store])
    expect("weft store verify", 0, args=["store", "verify", monday], out=["all sound"])
    expect("weft store verify of no backup", 1, "MANIFEST", args=["store", "verify", store])
    expect("weft store restore", 0, args=["store", "restore", monday, back], out=["restored to"])
    expect("weft store restore into a directory with files", 1, "not empty", args=["store", "restore", monday, back])
    found = json.loads(run("store", "check", "--data", back, "--json")[1])
    check("every span is in the restored store", found["spans"] == spans and found["damages"] == 0, (found, spans))
    repair_cases(data, store, back)
    name = next(n for n in sorted(os.listdir(tuesday)) if n.endswith(".weft"))
    with open(os.path.join(tuesday, name), "r+b") as f:
        f.seek(-9, os.SEEK_END)
        byte = f.read(1)
        f.seek(-9, os.SEEK_END)
        f.write(bytes([byte[0] ^ 1]))
    expect("weft store verify names the changed file", 1, args=["store", "verify", "-q", tuesday], out=[name])
    expect("weft store restore refuses it", 1, name, args=["store", "restore", tuesday, back + "-2"])


def repair_cases(data, store, back):
    """A store that no server has, with a byte changed in its block."""
    expect("weft store repair beside a server is refused", 1, "locked by process", args=["store", "repair", "--data", store])
    expect("weft store repair of a sound store", 0, args=["store", "repair", "--data", back], out=["nothing is damaged"])
    expect("weft store compact without a server", 0, args=["store", "compact", "--data", back], out=["spans of"])
    expect("weft store stats by service", 0, args=["store", "stats", "--data", back], out=["by service.name"])
    block = max(n for n in os.listdir(back) if n.startswith("block-"))
    expect("weft store dump of a block", 0, args=["store", "dump", block, "--data", back], out=["row group 0"])
    expect("weft store dump --bytes explains the fields", 0, args=["store", "dump", block, "--bytes", "--data", back],
           out=['block: magic = "weftblk.', "block: page size = 16384", "footer: row groups = 1", "trailer: footer bytes"])
    rc, out, err = run("store", "dump", block, "--at", "13", "--data", back)
    check("weft store dump --at: the one field there", rc == 0 and out.split() == ["12", "00400000", "block:", "page", "size", "=", "16384"], (out, err))
    expect("weft store dump --at without a file", 2, "--at", args=["store", "dump", "--at", "1", "--data", back])
    with open(os.path.join(back, block), "r+b") as f:
        f.seek(70)
        byte = f.read(1)
        f.seek(70)
        f.write(bytes([byte[0] ^ 1]))
    expect("weft store check says what follows from damage", 1, args=["store", "check", "--data", back],
           out=["checksum of page 0", "cannot be read"])
    expect("weft store repair --dry-run changes nothing", 0, args=["store", "repair", "-n", "--data", back], out=["would be", "checksum of page 0"])
    check("no lost+found after a dry run", not os.path.exists(os.path.join(back, "lost+found")))
    rc, out, err = run("store", "repair", "--data", back, "--json")
    done = json.loads(out)
    check("weft store repair --json", rc == 0 and done["files"] == 1 and done["spans_lost"] > 0, (rc, out, err))
    check("the damaged file is kept", os.listdir(os.path.join(back, "lost+found")) == [block])
    expect("afterwards the store is sound", 0, args=["store", "check", "--data", back], out=["all sound"])


def anywhere():
    return [x for e in weft_process.ENDPOINTS for x in ("--set", f"{e}.endpoint=127.0.0.1:0")]


def start_cases(data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        expect("a port that is taken: a sentence naming the key", 1, address, "server.http.endpoint",
               args=["serve", "--data", os.path.join(data, "taken")] + anywhere() + ["--set", f"server.http.endpoint={address}"])
    unwritable = os.path.join(data, "file")
    open(unwritable, "w").close()
    expect("a data directory that is a file", 1, unwritable, args=["serve", "--data", unwritable] + anywhere())

    path = os.path.join(data, "weft.sock")
    with Weft(os.path.join(data, "unix"), [f"server.http.endpoint=unix:{path}", "receivers.otlp.protocols.http.endpoint=[::1]:0"]) as weft:
        where = weft.addresses
        check("--addresses has every listener", {"receivers.otlp.protocols.grpc.endpoint", "receivers.otlp.protocols.http.endpoint",
              "server.http.endpoint", "server.tempo.endpoint"} <= set(where) and where["receivers.otlp.protocols.http.endpoint"].startswith("[::1]:"), where)
        send(weft, span(TRACE, "00000000000000a1", name="over v6"))
        done = subprocess.run(["curl", "-sS", "--unix-socket", path, f"http://weft/api/v1/traces/{TRACE}"], capture_output=True, text=True)
        check("[::1] takes spans, a unix socket answers", "over v6" in done.stdout, (done.stdout[:200], done.stderr))
        expect("weft search over a unix socket", 0, args=["search", "--server", f"unix:{path}"], out=["over v6"])
        check("SIGTERM: exit 0", weft.stop() == 0)
        check("the socket's file is gone", not os.path.exists(path))
    with Weft(os.path.join(data, "unix"), [f"server.http.endpoint=unix:{path}"]) as weft:
        weft.kill()
        check("kill -9 leaves the socket's file", os.path.exists(path))
        weft.start()
        check("a second start takes it over", weft.process.poll() is None)


def tls_cases(data):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=data)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=weft test ca", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(os.path.join(data, "ext"), "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", f"{name}.pem")
    at = lambda name: os.path.join(data, name)
    http, grpc = "receivers.otlp.protocols.http", "receivers.otlp.protocols.grpc"
    settings = [f"{e}.tls.{k}={at(f)}" for e in (http, grpc, "server.http") for k, f in (("cert_file", "server.pem"), ("key_file", "server.key"))]
    settings.append(f"{grpc}.tls.client_ca_file={at('ca.pem')}")

    def curl(*arguments):
        return subprocess.run(["curl", "-sS", "--max-time", "10", "--cacert", at("ca.pem"), *arguments], capture_output=True, text=True)

    with Weft(at("tls"), settings) as weft:
        body = json.dumps({"resourceSpans": [span(TRACE, "00000000000000a1", name="in secret")]})
        done = curl("-H", "Content-Type: application/json", "-d", body, f"https://{weft.addresses[http + '.endpoint']}/v1/traces")
        check("OTLP over HTTPS", done.stdout == "{}", (done.stdout, done.stderr))
        api = f"https://{weft.addresses['server.http.endpoint']}"
        check("the API over HTTPS", "in secret" in curl(f"{api}/api/v1/search").stdout)
        check("HTTP/2 by ALPN", curl("-o", "/dev/null", "-w", "%{http_version}", f"{api}/health").stdout == "2")
        check("plain HTTP to a TLS port is no success", curl(f"http://{weft.addresses['server.http.endpoint']}/health").returncode != 0)
        check("an unknown authority is the client's to refuse", subprocess.run(["curl", "-sS", f"{api}/health"], capture_output=True).returncode != 0)
        mutual = f"https://{weft.addresses[grpc + '.endpoint']}/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        empty = at("empty")
        with open(empty, "wb") as f:
            f.write(b"\0\0\0\0\0")
        ask = ["--http2", "-H", "Content-Type: application/grpc", "-H", "TE: trailers", "--data-binary", f"@{empty}", "-D", "-", "-o", "/dev/null", mutual]
        check("mutual TLS: without a certificate no", "grpc-status" not in curl(*ask).stdout)
        done = curl("--cert", at("client.pem"), "--key", at("client.key"), *ask)
        check("mutual TLS: with a certificate yes", "grpc-status: 0" in done.stdout, (done.stdout, done.stderr))
        check("SIGTERM with TLS: exit 0", weft.stop() == 0)
    expect("a certificate that is not there", 1, "nowhere.pem", args=["serve", "--data", at("tls2"), *anywhere(),
           "--set", f"server.http.tls.cert_file={at('nowhere.pem')}", "--set", f"server.http.tls.key_file={at('server.key')}"])
    expect("a certificate without its key", 1, "key_file", args=["serve", "--data", at("tls2"), *anywhere(),
           "--set", f"server.http.tls.cert_file={at('server.pem')}"])


def stop_under_load(data):
    """Spans acknowledged before, during and after SIGTERM are all there at the next start."""
    weft = Weft(os.path.join(data, "load")).start()
    accepted, lock = [], threading.Lock()

    def sender():
        while True:
            trace_id = os.urandom(16).hex()
            try:
                send(weft, *[span(trace_id, os.urandom(8).hex()) for _ in range(20)])
            except (OSError, RuntimeError):
                return
            with lock:
                accepted.append(trace_id)

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for t in threads:
        t.start()
    time.sleep(1)
    begin = time.monotonic()
    status = weft.stop()
    took = time.monotonic() - begin
    for t in threads:
        t.join(30)
    check("SIGTERM under load: exit 0 within its bound", status == 0 and took < 15, (status, took, weft.log_tail()))
    weft.start()
    lost = [t for t in accepted if len(json.loads(weft.get(f"/api/v1/traces/{t}")[1]).get("columns", {}).get("span_id", [])) != 20]
    check(f"every acknowledged span is there after the next start ({len(accepted)} requests)", accepted and not lost, lost[:3])
    check("and stops again", weft.stop() == 0)


def main():
    with tempfile.TemporaryDirectory(prefix="weft-cli-") as data:
        help_cases()
        manual_cases()
        config_cases(data)
        no_server_cases()
        with Weft(os.path.join(data, "main")) as weft:
            question_cases(weft)
            tail_case(weft)
            store_cases(data, weft)
            check("SIGTERM: exit 0", weft.stop() == 0, weft.log_tail())
        start_cases(data)
        tls_cases(data)
        stop_under_load(data)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
