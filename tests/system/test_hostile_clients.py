# SPDX-License-Identifier: Apache-2.0
"""Clients from the internet that do everything wrong, beside others that follow events
and must not notice: right code, bounded memory, nothing lost."""
import base64
import os
import pathlib
import re
import socket
import struct
import time
import zlib

import pytest

from crowd import Crowd, masked, raise_files
from sightline import BUILD, wait_until
from test_gateway_limits import RawSocket

GROWTH_MAX_KIB = 64 * 1024
SANITIZED = "asan" in BUILD.name or "tsan" in BUILD.name  # their memory says nothing about ours
SLOW_LORIS = 800


class Bystanders:
    """A working gateway with clients whose deliveries have to go on."""

    def __init__(self, make_instance, **env):
        self.instance = make_instance(env={f"SIGHTLINE_GATEWAY_{k.upper()}": v for k, v in env.items()}).start()
        self.instance.start_collector("synthetic", "--events", "100", "--payload-bytes", "64")
        self.crowd = Crowd(self.instance, 10, sub="bystander")
        wait_until(lambda: all(m.next for m in self.crowd.members), 30, "events for all")
        self.rss = self.memory()

    def memory(self):
        pid = self.instance.processes["gateway-1"].pid
        return int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])

    def check(self):
        """Everybody is still connected and gets event after event."""
        assert self.instance.processes["gateway-1"].alive()
        ahead = max(m.next for m in self.crowd.members) + 50
        wait_until(lambda: all(m.next >= ahead for m in self.crowd.members), 30, "fifty more events for all")
        assert not self.crowd.faults(), self.crowd.faults()[:3]
        assert all(m.connects == 1 for m in self.crowd.members), "a bystander lost its connection"
        if not SANITIZED:
            assert self.memory() - self.rss < GROWTH_MAX_KIB


@pytest.fixture
def bystanders(make_instance):
    made = []

    def make(**env):
        made.append(Bystanders(make_instance, **env))
        return made[0]
    yield make
    for b in made:
        b.crowd.close()


def talk(instance, *pieces, seconds=15):
    """Sends pieces and reads to the end of the connection: all answers."""
    with socket.create_connection(("127.0.0.1", instance.port), timeout=seconds) as s:
        try:
            for piece in pieces:
                s.sendall(piece)
        except OSError:
            pass
        answer = b""
        try:
            while chunk := s.recv(65536):
                answer += chunk
        except OSError:
            pass
        return answer


def statuses(answer):
    return [int(s) for s in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


HOST = b"Host: x\r\n"
HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SMUGGLING = {
    "length and chunked": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 50\r\n\r\n",
    "the same length twice": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 0\r\n\r\n",
    "a signed length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x0\r\n\r\n",
    "space before the colon": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n",
    "another coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding before chunked": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a folded coding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a folded field": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: x\n\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n",
    "a NUL in a value": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a signed chunk": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
    "a prefixed chunk": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "a huge chunk": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\n",
    "a chunk that overflows": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1" + b"0" * 16 + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "another version": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a line of noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


def test_001_11_requests_that_two_servers_could_read_differently_are_refused_and_end_the_connection(bystanders):
    b = bystanders()
    for name, request in SMUGGLING.items():
        codes = statuses(talk(b.instance, request + HIDDEN))
        # One refusal, and what stands behind it is never read as a request.
        assert len(codes) == 1 and 400 <= codes[0] < 600, (name, codes)
    b.check()


def test_001_11_chunk_extensions_and_trailers_are_read_over(bystanders):
    b = bystanders()
    request = (b"POST /healthz HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
               b"3;name=\"a value\"\r\nabc\r\n0\r\nTrailer: x\r\n\r\n")
    assert statuses(talk(b.instance, request + HIDDEN)) == [405, 200]
    b.check()


PATHS = ("/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e/etc/passwd",
         "/..\\..\\etc\\passwd", "/..%5c..%5cetc%5cpasswd", "/index.html%00.js", "/%c0%ae%c0%ae/etc/passwd",
         "//etc/passwd", "/./../etc/passwd", "/assets/../../keys/jwt.key", "/assets/%2e%2e/%2e%2e/keys/jwt.key",
         "/....//....//etc/passwd", "/%ff%fe", "/keys/jwt.key", "/.%2e/keys/gateway.key", "/assets/", "/assets")


def test_001_11_no_path_leads_out_of_the_static_files(bystanders):
    b = bystanders()
    secret = (b.instance.dir / "keys/jwt.key").read_bytes()
    for path in PATHS:
        answer = talk(b.instance, b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert statuses(answer)[0] in (400, 404), (path, answer[:200])
        assert b"root:" not in answer and secret not in answer
    b.check()


def test_003_8_sizes_and_deadlines_have_their_statuses(bystanders):
    b = bystanders(header_timeout="1s")
    get = b"GET / HTTP/1.1\r\n" + HOST
    cases = {
        414: (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", "uri-too-long"),
        431: (get + b"X: " + b"a" * 17000 + b"\r\n\r\n", "headers-too-large"),
        413: (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1048577\r\n\r\n", "body-too-large"),
        408: (get + b"X: half a requ", "request-timeout"),
        501: (b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n", "unknown-method"),
        505: (b"GET / HTTP/3.0\r\n" + HOST + b"\r\n", "http-version"),
        417: (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nExpect: 200-maybe\r\n\r\n", "expectation-failed"),
    }
    for status, (request, name) in cases.items():
        answer = talk(b.instance, request)
        assert statuses(answer) == [status], (status, answer[:300])
        assert b"application/problem+json" in answer and b'"type":"/problems/' + name.encode() in answer
        page = b.instance.get(f"/problems/{name}", role=None)
        assert page.status_code == 200, name
    many = get + b"".join(b"X-%d: a\r\n" % i for i in range(101)) + b"\r\n"
    assert statuses(talk(b.instance, many)) == [431]
    b.check()


def test_003_8_floods_of_header_fields_cost_nothing(bystanders):
    b = bystanders()
    held = []
    for i in range(200):
        s = socket.create_connection(("127.0.0.1", b.instance.port), timeout=15)
        s.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"X-%d: " % i + b"a" * 16000)
        held.append(s)
    b.check()
    for s in held:
        s.sendall(b"b" * 1000)
    for s in held:
        assert b" 431 " in s.recv(65536)
        s.close()
    b.check()


def test_003_8_slow_loris_keeps_nobody_out(bystanders):
    b = bystanders(header_timeout="3s")
    count = min(SLOW_LORIS, raise_files(SLOW_LORIS + 500) - 500)
    held = []
    for i in range(count):
        s = socket.create_connection(("127.0.0.1", b.instance.port), timeout=15)
        s.sendall(b"GET / HTTP/1.1\r\n" if i % 2 else b"G")
        held.append(s)
    assert b.instance.get("/api/v1/snapshot").status_code == 200
    # A byte now and then does not put the deadline off.
    ends = time.monotonic() + 30
    left = list(held)
    while left and time.monotonic() < ends:
        for s in left[::7]:
            try:
                s.send(b"X")
            except OSError:
                pass
        left = [s for s in left if not ended(s)]
    assert not left, f"{len(left)} of {count} are still there"
    for s in held:
        s.close()
    b.check()


def ended(s):
    """Whether the server has ended the connection (an answer may come before)."""
    s.settimeout(0)
    try:
        while chunk := s.recv(65536):
            assert b" 408 " in chunk or b"request-timeout" in chunk or b"400" in chunk, chunk[:100]
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_003_8_frames_that_break_the_rules_end_with_their_codes(bystanders):
    b = bystanders(message_bytes_max="64KiB")
    huge = b"\x81\xff" + struct.pack("!Q", 1 << 62) + b"\0" * 4
    cases = [
        (lambda r: r.socket.sendall(huge), 1009),
        (lambda r: r.socket.sendall(b"\x81\xff" + b"\xff" * 8 + b"\0" * 4), 1002),
        (lambda r: r.socket.sendall(b"\x01\xfe\xff\xff\0\0\0\0" + b"a" * 65535 + b"\x80\xfe\xff\xff\0\0\0\0"), 1009),
        (lambda r: r.socket.sendall(masked(b"a" * 126, 9)), 1002),
        (lambda r: r.socket.sendall(b"\x09\x80\0\0\0\0"), 1002),  # a fragmented ping
        (lambda r: r.socket.sendall(b"\x80\x80\0\0\0\0"), 1002),  # a continuation of nothing
        (lambda r: r.socket.sendall(b"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b"), 1002),
        (lambda r: r.socket.sendall(b"\x83\x80\0\0\0\0"), 1002),
        (lambda r: r.socket.sendall(b"\xb1\x80\0\0\0\0"), 1002),
        (lambda r: r.socket.sendall(b"\x81\xfe\0\x01\0\0\0\0a"), 1002),  # not the shortest length
        (lambda r: r.socket.sendall(masked(b"\xc3\x28")), 1007),
        (lambda r: r.socket.sendall(b"\x01\x81\0\0\0\0\xe2\x80\x81\0\0\0\0\x82"), 1007),
        (lambda r: r.socket.sendall(masked(b"\xed\xa0\x80")), 1007),
        (lambda r: r.socket.sendall(masked(b"\0", 8)), 1002),
        (lambda r: r.socket.sendall(masked(struct.pack("!H", 1005), 8)), 1002),
        (lambda r: r.socket.sendall(masked(struct.pack("!H", 1000) + b"\xff", 8)), 1007),
        (lambda r: r.socket.sendall(b"\x7f" * 64), 1002),
    ]
    for i, (attack, code) in enumerate(cases):
        raw = RawSocket(b.instance)
        attack(raw)
        assert raw.close_code() == code, i
        raw.close()
    b.check()


def test_003_8_a_message_in_many_fragments_is_bounded(bystanders):
    b = bystanders(message_bytes_max="64KiB")
    raws = [RawSocket(b.instance, sub=f"fragments-{i}") for i in range(20)]
    fragment = b"\x00\xfe\x03\xe8\0\0\0\0" + b"a" * 1000
    for raw in raws:
        raw.socket.sendall(b"\x01\x81\0\0\0\0a" + fragment * 60)
    b.check()
    for raw in raws:
        raw.socket.sendall(fragment * 10)
        assert raw.close_code() == 1009
        raw.close()
    b.check()


def test_003_8_a_zip_bomb_is_cut_at_the_limit(bystanders):
    b = bystanders(message_bytes_max="64KiB")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(b" " * (80 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
    bomb = bomb[:-4]
    assert len(bomb) > 1 << 16
    small = zlib.compressobj(9, zlib.DEFLATED, -15)
    small = (small.compress(b" " * (16 << 20)) + small.flush(zlib.Z_SYNC_FLUSH))[:-4]
    for payload in (small, bomb):
        raw = RawSocket(b.instance, headers="Sec-WebSocket-Extensions: permessage-deflate\r\n")
        length = len(payload)
        size = b"\xfe" + struct.pack("!H", length) if length < 65536 else b"\xff" + struct.pack("!Q", length)
        raw.socket.sendall(b"\xc1" + size + b"\0" * 4)
        try:
            raw.socket.sendall(payload)
        except OSError:
            pass
        assert raw.close_code() == 1009
        raw.close()
    b.check()


NOISE = [b'{"type":', b"[]", b"null", b'"', b"{}", b'{"type":"subscribe","data":{"topics":[1]}}', b"\x00", b'{"type":"' + b"a" * 5000,
         b'{"type":"subscribe","data":{"topics":["' + b"*." * 300 + b'"]}}', b'{"type":"auth","data":{"token":"x"}}',
         b"[" * 1000, b'{"a":' * 100, b'{"type":"subscribe","data":{"since":"' + b"A" * 500 + b'"}}']


def test_003_8_messages_of_noise_are_answered_and_a_hundred_and_one_end_it_with_3501(bystanders):
    b = bystanders()
    raw = RawSocket(b.instance)
    for message in NOISE:
        raw.socket.sendall(masked(message))
    raw.socket.sendall(b"".join(masked(NOISE[i % 4]) for i in range(101 - len(NOISE))))
    frames = raw.frames()
    errors = [p for op, p in frames if op == 1 and b'"type":"error"' in p]
    assert len(errors) == 101
    assert struct.unpack("!H", [p for op, p in frames if op == 8][-1][:2])[0] == 3501
    b.check()


def test_003_8_garbage_in_every_state_ends_only_itself(bystanders):
    b = bystanders()
    token = b.instance.token()
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = (f"GET /api/v1/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n")
    bearer = f"Authorization: Bearer {token}\r\n"
    begins = {
        "nothing": b"", "half a line": b"GET /ap", "half a head": b"GET / HTTP/1.1\r\nHost:",
        "half a body": b"POST /api/v1/control HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "between requests": HIDDEN.replace(b"Connection: close\r\n", b""),
        "a WebSocket without a token": (upgrade + "\r\n").encode(),
        "a WebSocket": (upgrade + bearer + "\r\n").encode(),
        "a WebSocket that subscribes": (upgrade + bearer + "\r\n").encode() + masked(
            b'{"type":"subscribe","data":{"topics":["events.>"]}}'),
        "a stream": f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n{bearer}\r\n".encode(),
        "a poll": f"GET /api/v1/poll HTTP/1.1\r\nHost: x\r\n{bearer}\r\n".encode(),
    }
    for begin in begins.values():
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", b.instance.port), timeout=15) as s:
                try:
                    s.sendall(begin + os.urandom(512))
                    s.sendall(os.urandom(4096))
                except OSError:
                    pass
    b.check()
    assert b.instance.get("/api/v1/snapshot").status_code == 200
