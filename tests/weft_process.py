"""weft_process -- start the real weft on free ports, ask it, stop it or kill it. For the tests in Python; standard library only."""
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
WEFT = os.environ.get("WEFT", os.path.join(HERE, "..", "build", "weft"))
ENDPOINTS = ["receivers.otlp.protocols.grpc", "receivers.otlp.protocols.http", "server.http", "server.tempo",
             "server.jaeger_grpc", "server.zipkin"]


class Weft:
    """One process and its data directory."""

    def __init__(self, data, settings=(), log=None):
        self.data, self.settings, self.log = data, list(settings), log
        self.process, self.addresses = None, {}

    def start(self, timeout=20):
        path = os.path.join(self.data, "addresses.json")
        os.makedirs(self.data, exist_ok=True)
        if os.path.exists(path):
            os.unlink(path)
        command = [WEFT, "serve", "--data", os.path.join(self.data, "store"), "--addresses", path]
        for endpoint in ENDPOINTS:
            command += ["--set", f"{endpoint}.endpoint=127.0.0.1:0"]
        for setting in self.settings:
            command += ["--set", setting]
        out = open(self.log or os.path.join(self.data, "weft.log"), "ab")
        self.process = subprocess.Popen(command, stdout=out, stderr=out)
        out.close()
        end = time.monotonic() + timeout
        while not os.path.exists(path):
            if self.process.poll() is not None:
                raise RuntimeError(f"weft ended with status {self.process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > end:
                raise RuntimeError(f"weft was not ready after {timeout} s:\n{self.log_tail()}")
            time.sleep(0.01)
        self.addresses = json.load(open(path))
        return self

    def log_tail(self):
        with open(self.log or os.path.join(self.data, "weft.log"), errors="replace") as f:
            return "".join(f.readlines()[-20:])

    def url(self, endpoint, path=""):
        return f"http://{self.addresses[endpoint + '.endpoint']}{path}"

    def get(self, path, endpoint="server.http", headers=None):
        """(status, body)"""
        request = urllib.request.Request(self.url(endpoint, path), headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def post(self, path, body, content_type, endpoint="receivers.otlp.protocols.http", headers=None):
        request = urllib.request.Request(self.url(endpoint, path), data=body, method="POST",
                                         headers={"Content-Type": content_type, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    def kill(self):
        """As a power switch would: no handler runs."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=20):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
