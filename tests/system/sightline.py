# SPDX-License-Identifier: Apache-2.0
"""A whole instance in a directory of its own, and clients we did not write.

Processes are started directly, without a supervisor, so that a test decides
what dies and what comes back.  Everything waits on conditions; nothing sleeps
for luck.  Instance.stop() fails the test when a process left a sanitizer
report or did not end by itself.
"""
import asyncio
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import requests
import websockets

from contract import contract

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SIGHTLINE_BUILD", ROOT / "build")).resolve()
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer|SUMMARY: \w+Sanitizer")

PROGRAMS = {
    "aggregator": "aggregator/sightline-aggregator",
    "gateway": "gateway/sightline-gateway",
    "collect-exec": "collectors/sightline-collect-exec",
    "collect-log": "collectors/sightline-collect-log",
    "collect-postgres": "collectors/sightline-collect-postgres",
    "collect-system": "collectors/sightline-collect-system",
    "collect-scrape": "collectors/sightline-collect-scrape",
    "collect-statsd": "collectors/sightline-collect-statsd",
    "collect-synthetic": "collectors/sightline-collect-synthetic",
    "collect-webhook": "collectors/sightline-collect-webhook",
    "ctl": "ctl/sightlinectl",
}


def program(name):
    return str(BUILD / PROGRAMS[name])


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds=20, what="the condition"):
    """Returns condition()'s first true value; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


class Process:
    """One running program with its log file."""

    def __init__(self, name, args, log, env):
        self.name = name
        self.log = log
        self.out = open(log, "ab")
        self.popen = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=self.out,
                                      stderr=subprocess.STDOUT, env=env)

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def kill(self, sig=signal.SIGKILL):
        self.popen.send_signal(sig)
        return self.wait()

    def wait(self, seconds=20):
        code = self.popen.wait(seconds)
        self.out.close()
        return code

    def text(self):
        return pathlib.Path(self.log).read_text(errors="replace")


class Feeder(Process):
    """A source that writes what the test tells it, see feeder.c."""

    def __init__(self, name, instance):
        self.name = name
        self.log = instance.dir / f"{name}.log"
        self.out = open(self.log, "ab")
        self.popen = subprocess.Popen(
            [str(BUILD / "tests/system/feeder"), str(instance.dir / "run/attach"), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.out, text=True, env=instance.env)

    def tell(self, line):
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()
        answer = self.popen.stdout.readline().strip()
        assert answer == "ok", f"{self.name}: {line}: {answer}"

    def sample(self, metric, value, age_s=None, **labels):
        age = "" if age_s is None else f"@{age_s}"
        self.tell(f"{metric} {value}{age} " + ",".join(f"{k}={v}" for k, v in labels.items()))

    def event(self, kind, **payload):
        """kind may end with "@sub=…" or "@role=…": an event for these alone."""
        self.tell(f"event {kind} {json.dumps(payload)}")

    def flush(self):
        """Returns when the aggregator has taken everything out of the ring."""
        self.tell("flush")


class Instance:
    def __init__(self, directory, gateways=1, config=None, env=None, catalog=None, checked=True):
        """checked: what clients get is held against the API documents, which a build without
        tests does not have."""
        self.dir = pathlib.Path(directory)
        self.port = free_port()
        self.gateways = gateways
        self.processes = {}
        self.ended = []
        self.env = dict(os.environ, SIGHTLINE_GATEWAY_PORT=str(self.port),
                        # Freed memory that waits in quarantine would count as resident.
                        ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=16",
                        UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99")
        # What a test feeds is what it sees: its own requests would add up with it.
        self.env["SIGHTLINE_AGGREGATOR_OWN_FIGURES"] = "false"
        if gateways > 1:
            self.env["SIGHTLINE_GATEWAY_REUSEPORT"] = "true"
        self.env.update(env or {})
        self.dir.mkdir(parents=True, exist_ok=True)
        self.ctl("init")
        for section, text in (config or {}).items():
            self.configure(section, text)
        if catalog is not None:
            (self.dir / "etc/catalog.d").mkdir(exist_ok=True)
            (self.dir / "etc/catalog.d/test.conf").write_text(catalog, encoding="utf-8")
        self.tokens = {}
        self.contract = contract(BUILD) if checked else None
        self.breaches = []

    def configure(self, section, text):
        """Puts options at the top of a section of sightline.conf ("aggregator",
        'collector "system"'), which is made if it is not there."""
        path = self.dir / "etc/sightline.conf"
        conf = path.read_text(encoding="utf-8")
        head = f"\n{section} {{"
        if head in conf:
            conf = conf.replace(head, f"{head}\n{text}", 1)
        else:
            conf += f"{head}\n{text}\n}}\n"
        path.write_text(conf, encoding="utf-8")

    # -- processes ---------------------------------------------------------

    def spawn(self, key, name, *args):
        if key in self.processes:
            self.ended.append(self.processes[key])
        log = self.dir / f"{key}.log"
        process = Process(key, [program(name), "--dir", str(self.dir), *args], log, self.env)
        self.processes[key] = process
        return process

    def start_aggregator(self):
        return self.spawn("aggregator", "aggregator")

    def start_gateway(self, index=1):
        return self.spawn(f"gateway-{index}", "gateway", "--index", str(index))

    def start_collector(self, kind, *args, key=None):
        return self.spawn(key or f"collect-{kind}", f"collect-{kind}", *args)

    def start_feeder(self, name="feeder"):
        feeder = self.processes[name] = Feeder(name, self)
        return feeder

    def start(self, *collectors):
        self.start_aggregator()
        for index in range(1, self.gateways + 1):
            self.start_gateway(index)
        for kind in collectors:
            self.start_collector(kind)
        for index in range(1, self.gateways + 1):
            self.wait_ready(index)
        return self

    def wait_ready(self, index=1, seconds=20):
        def ready():
            process = self.processes.get(f"gateway-{index}")
            if process and not process.alive():
                raise AssertionError(f"gateway {index} ended:\n{process.text()[-2000:]}")
            return self.unix_get(index, "/readyz")[0] == 200
        wait_until(ready, seconds, f"readiness of gateway {index}")

    def stop(self):
        """Ends every process by SIGTERM and checks how they ended."""
        problems = []
        order = sorted(self.processes, key=lambda k: (k == "aggregator", not k.startswith("gateway")))
        for key in order:
            process = self.processes[key]
            if process.alive():
                try:
                    code = process.kill(signal.SIGTERM)
                    if code != 0:
                        problems.append(f"{key} ended with {code} on SIGTERM")
                except subprocess.TimeoutExpired:
                    process.kill()
                    problems.append(f"{key} did not end on SIGTERM")
        for log in self.dir.glob("*.log"):
            text = log.read_text(errors="replace")
            found = REPORT.search(text)
            if found:
                problems.append(f"{log.name}: {text[max(0, found.start() - 200):found.start() + 3000]}")
        problems += self.breaches
        assert not problems, "\n".join(problems)

    def heard(self, message):
        """Every message that any client gets is held against the API documents."""
        if self.contract:
            self.note(self.contract.message(message))

    def note(self, breach):
        if breach and breach not in self.breaches:
            self.breaches.append(breach)

    def judge(self, response, *_, **__):
        """So is every answer (a hook of requests)."""
        if not self.contract:
            return
        streams = response.headers.get("Content-Type", "").startswith("text/event-stream")
        self.note(self.contract.response(response.request.method, response.request.path_url, response.status_code,
                                         response.headers.get("Content-Type"), lambda: "" if streams else response.text))

    def ctl(self, *args, check=True):
        done = subprocess.run([program("ctl"), *args, "--dir", str(self.dir)], env=self.env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
        if check:
            assert done.returncode == 0, f"sightlinectl {args}: {done.returncode} {done.stderr}"
        return done

    # -- requests ----------------------------------------------------------

    def token(self, role="master_admin", sub=None, ttl="1h", *args):
        key = (role, sub, ttl, args)
        if key not in self.tokens:
            self.tokens[key] = self.ctl("token", "--role", role, "--sub", sub or role,
                                        "--ttl", ttl, *args).stdout.strip()
        return self.tokens[key]

    def url(self, path, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def bearer(self, role="master_admin", sub=None):
        return {"Authorization": f"Bearer {self.token(role, sub)}"} if role else {}

    def get(self, path, role="master_admin", headers=None, **kwargs):
        return requests.get(self.url(path), headers={**self.bearer(role), **(headers or {})},
                            timeout=kwargs.pop("timeout", 10), hooks={"response": self.judge}, **kwargs)

    def post(self, path, body, role="master_admin", headers=None, **kwargs):
        return requests.post(self.url(path), json=body, headers={**self.bearer(role), **(headers or {})},
                             timeout=10, hooks={"response": self.judge}, **kwargs)

    def unix_get(self, index, path, headers=""):
        """GET over a gateway's own unix socket: (status, body); (0, "") if nobody answers."""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.dir / f"run/gateway-{index}.sock"))
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n".encode())
                data = b""
                while chunk := s.recv(65536):
                    data += chunk
            head, _, body = data.partition(b"\r\n\r\n")
            return int(head.split()[1]), body.decode(errors="replace")
        except (OSError, IndexError, ValueError):
            return 0, ""

    def status(self):
        response = self.get("/api/v1/status")
        assert response.status_code == 200, response.text
        return response.json()

    def source(self, name):
        """The row of one source in /api/v1/status, or None."""
        return next((s for s in self.status()["sources"] if s["name"] == name), None)

    # -- streams -----------------------------------------------------------

    def ws(self, role="master_admin", path="/api/v1/ws", sub=None, index=None, **kwargs):
        """A WebSocket client; index picks one gateway through its unix socket."""
        return WebSocket(self, role, path, sub, index, **kwargs)

    def sse(self, role="master_admin", path="/api/v1/stream", sub=None, **kwargs):
        return EventStream(self, role, path, sub, **kwargs)


class Stream:
    """Messages in order of arrival, read by a thread of their own."""

    def __init__(self, instance):
        self.instance = instance
        self.messages = []
        self.taken = 0
        self.closed = None
        self.changed = threading.Condition()

    def _arrived(self, message):
        self.instance.heard(message)
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def _ended(self, reason):
        with self.changed:
            self.closed = reason
            self.changed.notify_all()

    def wait(self, wanted, seconds=15):
        """The next message of this type, or for which wanted(message) is true.
        Messages before it are passed over (they stay in .messages)."""
        test = wanted if callable(wanted) else lambda m: m["type"] == wanted
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                while self.taken < len(self.messages):
                    message = self.messages[self.taken]
                    self.taken += 1
                    if test(message):
                        return message
                left = deadline - time.monotonic()
                if self.closed is not None or left <= 0:
                    tail = [str(m)[:300] for m in self.messages[-5:]]
                    raise AssertionError(f"no {wanted}; closed={self.closed}; last: {tail}")
                self.changed.wait(left)

    def next(self, seconds):
        """The next message; None if there is none in this time."""
        with self.changed:
            self.changed.wait_for(lambda: self.taken < len(self.messages) or self.closed is not None, seconds)
            if self.taken == len(self.messages):
                return None
            self.taken += 1
            return self.messages[self.taken - 1]

    def wait_closed(self, seconds=15):
        """The reason of the end: a close code for WebSocket, "eof" for SSE."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while self.closed is None:
                left = deadline - time.monotonic()
                assert left > 0, "the stream was not closed"
                self.changed.wait(left)
        return self.closed

    def of_type(self, kind):
        with self.changed:
            return [m for m in self.messages if m["type"] == kind]

    def cursor(self):
        """The newest cursor that was seen."""
        with self.changed:
            for message in reversed(self.messages):
                if "cursor" in message:
                    return message["cursor"]
        return None


class WebSocket(Stream):
    def __init__(self, instance, role, path, sub, index, token=None, headers=None, subprotocols=("sightline.v1.json",),
                 url=None, ssl=None):
        """url (and ssl) lead elsewhere than straight to the gateways: through a proxy, over TLS."""
        super().__init__(instance)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        fields = dict(headers or {})
        if role or token:
            fields["Authorization"] = f"Bearer {token or instance.token(role, sub)}"
        options = {"extra_headers": fields, "subprotocols": list(subprotocols) if subprotocols else None, "max_size": None,
                   "ping_interval": None, "close_timeout": 2, "compression": None}
        if index is None:
            connect = lambda: websockets.connect(url or instance.url(path, "ws"), ssl=ssl, **options)
        else:
            connect = lambda: websockets.unix_connect(str(instance.dir / f"run/gateway-{index}.sock"),
                                                 f"ws://localhost{path}", **options)
        self.socket = self._run(self._open(connect))
        self.reader = asyncio.run_coroutine_threadsafe(self._read(), self.loop)

    async def _open(self, connect):
        # Made here, as it takes the loop that runs when it is made.
        return await asyncio.wait_for(connect(), 10)

    def _run(self, coroutine, seconds=10):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(seconds)

    async def _read(self):
        try:
            async for text in self.socket:
                self._arrived(json.loads(text))
        except websockets.ConnectionClosed:
            pass
        finally:
            self._ended(self.socket.close_code)

    def send(self, message):
        self._run(self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message)))

    def send_until_closed(self, message, times):
        """Sends up to so many times; the server may end the connection meanwhile."""
        try:
            for _ in range(times):
                self.send(message)
        except websockets.ConnectionClosed:
            pass

    def request(self, kind, wanted, **data):
        """Sends {"type":kind,"data":data} and returns the answer of type wanted."""
        self.send({"type": kind, "data": data})
        return self.wait(wanted)

    def subscribe(self, *topics, **data):
        return self.request("subscribe", "subscribed", topics=list(topics), **data)

    def close(self):
        try:
            self._run(self.socket.close())
        except Exception:  # the connection may be gone already
            pass
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class EventStream(Stream):
    def __init__(self, instance, role, path, sub, headers=None, url=None, verify=True):
        """url: another way to the gateways than straight, as far as the path."""
        super().__init__(instance)
        fields = {**(instance.bearer(role, sub) if role else {}), **(headers or {}), "Accept": "text/event-stream"}
        self.response = requests.get(instance.url(path) if url is None else url + path, headers=fields, stream=True,
                                     timeout=(5, 60), verify=verify,
                                     hooks={"response": instance.judge})
        self.last_id = None
        self.thread = threading.Thread(target=self._read, daemon=True)
        if self.response.status_code == 200:
            self.thread.start()

    def _read(self):
        data = []
        try:
            for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
                if line.startswith("id:"):
                    self.last_id = line[3:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
                elif line == "" and data:
                    self._arrived(json.loads("\n".join(data)))
                    data = []
        except Exception:  # closed under the reader
            pass
        self._ended("eof")

    def close(self):
        raw = getattr(self.response.raw, "_fp", None)
        try:
            raw.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except Exception:  # no socket left
            pass
        self.response.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
