# SPDX-License-Identifier: Apache-2.0
"""Exporters for the scrape collector: Debian's, and some that nobody would want."""
import gzip
import http.server
import ssl
import subprocess
import threading

import requests

from sightline import free_port, wait_until


class NodeExporter:
    """Debian's prometheus-node-exporter on a port of its own."""

    def __init__(self, *args):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        self.process = subprocess.Popen(
            ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.port}", *args],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, what="prometheus-node-exporter")

    def answers(self):
        try:
            return requests.get(self.url, timeout=10).status_code == 200
        except requests.ConnectionError:
            assert self.process.poll() is None, "prometheus-node-exporter ended"
            return False

    def value(self, series):
        """The value of one series, by its text, as the exporter says it now."""
        for line in requests.get(self.url, timeout=10).text.splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"the exporter has no {series}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(404)
        elif callable(answer):
            self.close_connection = True
            try:
                answer(self)
            except OSError:  # the collector has had enough
                pass
        else:
            self.say(answer)

    def say(self, body, kind="text/plain; version=0.0.4", status=200, **fields):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, **fields):
        """An answer whose end nobody has announced."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_):
        pass


class Exporter(http.server.ThreadingHTTPServer):
    """Answers each path with a text, or as a function of the request likes."""
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, answers=None, certificate=None, client_ca=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = dict(answers or {})
        self.seen = []
        self.ended = threading.Event()
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, certificate))
            if client_ca:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(str(client_ca))
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path="/metrics"):
        return f"{self.scheme}://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_):
        pass

    def stop(self):
        self.ended.set()
        self.shutdown()
        self.server_close()

    # -- what nobody would want ------------------------------------------------

    def hangs(self, _):
        self.ended.wait(60)

    def dribbles(self, request):
        request.begin()
        while not self.ended.wait(0.05):
            request.wfile.write(b"#")
            request.wfile.flush()

    def endless(self, request):
        request.begin()
        block = b"a_metric{with=\"a label\"} 1\n" * 4096
        while not self.ended.is_set():
            request.wfile.write(block)

    def endless_line(self, request):
        request.begin()
        while not self.ended.is_set():
            request.wfile.write(b"x" * 65536)

    def gigabyte(self, request):
        request.send_response(200)
        request.send_header("Content-Length", str(1 << 30))
        request.end_headers()
        self.ended.wait(60)

    def bomb(self, request):
        """A gigabyte of comment in a megabyte of gzip."""
        request.begin(Content_Encoding="gzip")
        with gzip.GzipFile(fileobj=request.wfile, mode="wb") as out:
            for _ in range(1024):
                out.write((b"#" * 1023 + b"\n") * 1024)

    def cut_off(self, request):
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"good_metric 1\n")


def nobody():
    """A URL where nobody listens."""
    return f"http://127.0.0.1:{free_port()}/metrics"


def target(name, url, options="interval = 500ms\ntimeout = 2s"):
    return f'target "{name}" {{\nurls = {{"{url}"}}\n{options}\n}}\n'
