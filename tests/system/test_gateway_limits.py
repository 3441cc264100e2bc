# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, silent, loud or hostile, on real processes."""
import json
import re
import socket
import struct

import requests

from rawsocket import RawSocket
from sightline import wait_until


def counter(instance, name, index=1):
    found = re.search(rf"^sightline_gateway_{name}_total{{[^}}]*}} (\d+)", instance.unix_get(index, "/metrics")[1], re.M)
    return int(found.group(1))


def test_client_without_pong_is_closed_with_3012(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_PING_INTERVAL": "200ms",
                                  "SIGHTLINE_GATEWAY_PONG_TIMEOUT": "600ms"}).start()
    assert RawSocket(instance).close_code() == 3012


def test_client_that_never_reads_is_dropped_and_the_others_get_everything(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_SLOW_TIMEOUT": "1s"}).start()
    stuck = RawSocket(instance, sub="stuck", receive_buffer=4096)
    stuck.subscribe("events.>")
    with instance.ws(sub="reader") as ws:
        ws.wait("connection_established")
        ws.subscribe("events.>")
        instance.start_collector("synthetic", "--events", "500", "--payload-bytes", "2000", "--seconds", "5")
        wait_until(lambda: counter(instance, "slow_disconnects") == 1, what="the slow client's end")
        wait_until(lambda: len(ws.of_type("event")) > 2000, what="the reader's events")
        got = [m["data"]["payload"]["n"] for m in ws.of_type("event")]
        assert got == list(range(got[0], got[0] + len(got)))
        assert not ws.of_type("gap")
    stuck.close()


def test_slow_client_is_told_what_it_missed_and_goes_on(make_instance):
    instance = make_instance().start()
    slow = RawSocket(instance, sub="slow", receive_buffer=4096)
    slow.subscribe("events.>")
    instance.start_collector("synthetic", "--events", "1000", "--payload-bytes", "2000", "--seconds", "3")
    wait_until(lambda: counter(instance, "messages_skipped") > 0, what="skipped messages")
    slow.socket.settimeout(1)
    seen, missed = [], 0
    try:
        while True:
            slow.data += slow.socket.recv(1 << 20)
    except TimeoutError:
        pass
    slow.socket.shutdown(socket.SHUT_WR)
    slow.socket.settimeout(15)
    for opcode, payload in slow.frames():
        message = json.loads(payload) if opcode == 1 else {"type": "control frame"}
        if message["type"] == "event":
            seen.append(message["seq"])
        elif message["type"] == "gap":
            assert message["data"]["reason"] == "slow" and message["data"]["from"] == (seen or [0])[-1] + 1
            seen += range(message["data"]["from"], message["data"]["to"] + 1)
            missed += message["data"]["count"]
    assert missed > 0 and seen == list(range(seen[0], seen[0] + len(seen)))


def test_flood_of_messages_is_closed_with_3013(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_MESSAGE_BURST": "20"}).start()
    raw = RawSocket(instance)
    for _ in range(40):
        raw.send(b'{"type":"ping"}')
    assert raw.close_code() == 3013


def test_protocol_errors_end_with_their_codes(make_instance):
    instance = make_instance().start()
    for frame, code in ((lambda r: r.send(b"{}", masked=False), 1002),
                        (lambda r: r.send(b"{}", first=0xF1), 1002),
                        (lambda r: r.send(b"\xff\xfe"), 1007),
                        (lambda r: r.send(b"x" * 126, first=0x89), 1002),
                        (lambda r: r.send(b"x", first=0x82), 1003),
                        (lambda r: r.socket.sendall(b"\x81\xff" + struct.pack("!Q", 1 << 40) + b"\0" * 4), 1009)):
        raw = RawSocket(instance)
        frame(raw)
        assert raw.close_code() == code
    assert instance.unix_get(1, "/healthz")[0] == 200


def test_user_over_the_request_rate_gets_429(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_REQUESTS_PER_SECOND": "3"}).start()
    answers = [instance.get("/api/v1/session") for _ in range(20)]
    refused = [a for a in answers if a.status_code == 429]
    assert refused and refused[0].headers["Retry-After"] == "1"
    assert refused[0].json()["type"] == "/problems/too-many-requests"
    assert refused[0].headers["RateLimit-Policy"] == '"requests";q=3;w=1'
    assert refused[0].headers["RateLimit"] == '"requests";r=0;t=1'
    served = [a for a in answers if a.status_code == 200]
    assert '"requests";r=2;t=1' in [a.headers["RateLimit"] for a in served]


def test_opening_streams_does_not_count_as_a_request(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_REQUESTS_PER_SECOND": "3",
                                  "SIGHTLINE_GATEWAY_MAX_CONNECTIONS_PER_USER": "100"}).start()
    for path in ("/api/v1/stream", "/api/admin-dashboard/realtime?action=sse"):
        opened = [instance.get(path, stream=True) for _ in range(10)]
        assert [a.status_code for a in opened] == [200] * 10
        for answer in opened:
            answer.close()
    answers = [instance.get("/api/admin-dashboard/realtime?action=snapshot").status_code for _ in range(20)]
    assert 429 in answers


def test_wrong_handshakes_get_their_status(make_instance):
    instance = make_instance().start()
    url = instance.url("/api/v1/ws")
    answer = requests.get(url, timeout=5)
    assert answer.status_code == 426 and answer.headers["Upgrade"] == "websocket"
    assert answer.json()["type"] == "/problems/upgrade-required"
    assert "426" in instance.get("/problems/upgrade-required").text
    wrong = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "8",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    answer = requests.get(url, headers=wrong, timeout=5)
    assert answer.status_code == 426 and answer.headers["Sec-WebSocket-Version"] == "13"
    wrong |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "short"}
    assert requests.get(url, headers=wrong, timeout=5).status_code == 400


def test_keepalive_lines_carry_a_young_cursor(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_SSE_KEEPALIVE": "200ms"}).start()
    with instance.sse(path="/api/v1/stream?topics=alerts") as sse:
        sse.wait("initial_metrics")
        before = sse.last_id
        instance.start_collector("synthetic", "--events", "100", "--seconds", "1")
        wait_until(lambda: sse.last_id != before, what="a younger id without a message")
        assert not sse.of_type("event")


def test_gateway_without_an_aggregator_answers_503_and_starts_late(make_instance):
    instance = make_instance()
    instance.start_gateway()
    wait_until(lambda: instance.unix_get(1, "/healthz")[0] == 200, what="life")
    assert instance.unix_get(1, "/readyz")[0] == 503
    refused = instance.get("/api/v1/snapshot")
    assert refused.status_code == 503 and refused.headers["Retry-After"] == "1"
    with instance.ws() as ws:
        assert ws.wait_closed() == 3001
    instance.start_aggregator()
    instance.wait_ready()
    assert instance.get("/api/v1/snapshot").status_code == 200


def test_port_in_use_and_missing_key_are_one_clear_line(make_instance):
    instance = make_instance().start()
    second = instance.start_gateway(2)
    assert second.wait() != 0
    assert str(instance.port) in second.text() and "use" in second.text()
    (instance.dir / "keys/jwt.pub").rename(instance.dir / "keys/away")
    third = instance.start_gateway(3)
    assert third.wait() != 0 and "jwt.pub" in third.text()
