# SPDX-License-Identifier: Apache-2.0
"""A collector that answers what a test wants, and programs that use the hooks."""
import collections
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time

HOOKS = pathlib.Path(__file__).resolve().parents[2] / "hooks/python"
# Another Python than that of the tests may run the programs.
PYTHON = os.environ.get("HOOKS_PYTHON", sys.executable)
SECRET = "a secret of the tests of hooks"


class Collector:
    """Takes events as the webhook collector does; answers may be (status, fields, detail),
    "cut" (reads the request and closes) or a function of the events, None being 202."""

    def __init__(self):
        self.answers = collections.deque()
        self.always = None  # answer of every request, where there is no other
        self.requests = []  # (fields, events) of each
        self.taken = []
        self.secret = SECRET
        self.changed = threading.Condition()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["events"]
                answer = collector.take(self.headers, events)
                if answer == "cut":
                    self.close_connection = True
                    return
                status, fields, detail = answer
                body = json.dumps({"detail": detail}).encode()
                self.send_response(status)
                for name, value in {**fields, "Content-Length": len(body)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):  # clients that are killed
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/events"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, fields, events):
        with self.changed:
            self.requests.append((fields, events))
            answer = self.answers.popleft() if self.answers else self.always
            if callable(answer):
                answer = answer(events)
            if answer is None and fields["Authorization"] != f"Bearer {self.secret}":
                answer = (401, {}, "wrong secret")
            if answer is None:
                known = {event["id"] for event in self.taken}
                self.taken += [event for event in events if event["id"] not in known]
            self.changed.notify_all()
        return (202, {}, "") if answer is None else answer

    def wait(self, condition, seconds=20):
        """Until condition(collector) is true; gives it."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while not (value := condition(self)):
                left = deadline - time.monotonic()
                assert left > 0, f"{len(self.taken)} taken of {len(self.requests)} requests: {self.requests[-1:]}"
                self.changed.wait(left)
        return value

    def numbers(self):
        """Payload field n of what was taken, notices left out."""
        with self.changed:
            return [event["payload"]["n"] for event in self.taken if "n" in event["payload"]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Hostile:
    """Answers each connection with the next of these byte strings, byte by byte if slow, then
    says nothing more on it; the last is repeated."""

    def __init__(self, answers, slow=False):
        self.answers, self.slow = list(answers), slow
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/v1/events"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            answer = self.answers[min(self.connections, len(self.answers)) - 1]
            threading.Thread(target=self.answer, args=(peer, answer), daemon=True).start()

    def answer(self, peer, answer):
        try:
            peer.recv(65536)
            for at in range(len(answer)) if self.slow else ():
                peer.sendall(answer[at:at + 1])
                time.sleep(0.02)
            if not self.slow:
                peer.sendall(answer)
            while peer.recv(65536):
                pass
        except OSError:
            pass
        finally:
            peer.close()

    def close(self):
        self.socket.close()


def environment(collector, **settings):
    found = {k: v for k, v in os.environ.items() if not k.startswith("SIGHTLINE_")}
    found.update(PYTHONPATH=str(HOOKS), SIGHTLINE_HOOKS_URL=collector.url, SIGHTLINE_HOOKS_SECRET=SECRET)
    found.update({f"SIGHTLINE_HOOKS_{name.upper()}": str(value) for name, value in settings.items()})
    return found


def program(collector, text, *arguments, **settings):
    """Runs a Python program to its end."""
    return subprocess.run([*(arguments or (PYTHON, "-c")), text], env=environment(collector, **settings),
                          capture_output=True, text=True, timeout=60)
