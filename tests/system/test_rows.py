# SPDX-License-Identifier: Apache-2.0
"""Rows of the requirement documents that have no snippet of their own."""
import json
import socket
import struct

import pytest

from sightline import wait_until

ANALYTICS = "/api/admin/analytics"


def open_raw(instance, path, role="master_admin", upgrade=False, receive_buffer=None):
    """A connection that reads only when the test does."""
    s = socket.socket()
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.settimeout(20)
    s.connect(("127.0.0.1", instance.port))
    fields = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" if upgrade else ""
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{instance.port}\r\n{fields}"
              f"Authorization: Bearer {instance.token(role)}\r\n\r\n".encode())
    return s


def read_until(s, done):
    """Reads until done(everything) or the end; gives everything."""
    data = b""
    while not done(data) and (chunk := s.recv(65536)):
        data += chunk
    return data


def default_of(instance, name):
    options = json.loads(instance.ctl("config", "--json", name).stdout)
    return json.dumps(options)


def test_002_5_who_answers_no_ping_is_closed_and_told_to_reconnect(make_instance):
    instance = make_instance().start()
    for name, value in (("gateway.ping_interval", "30s"), ("gateway.pong_timeout", "1m")):
        assert f'"{value}"' in default_of(instance, name), name
    quick = make_instance(env={"WEBSOCKET_PING_INTERVAL": "200", "SIGHTLINE_GATEWAY_PONG_TIMEOUT": "1s"}).start()
    with open_raw(quick, "/api/v1/ws", upgrade=True) as s:
        heard = read_until(s, lambda data: False)
    assert b"\x89\x00" in heard, "pings"
    assert b'"code":3012' in heard and b'"reconnect":true' in heard
    assert struct.pack(">BH", 0x88, 0)[:1] in heard and struct.pack(">H", 3012) in heard, "the close frame"
    with quick.ws() as ws:  # this one answers pings
        hello = ws.wait("connection_established")
        for _ in range(3):
            assert ws.request("ping", "pong")["data"]["serverTime"]
        assert hello["data"]["heartbeatInterval"] == 30000


def test_002_7_a_critical_event_overtakes_routine_ones_that_wait(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    count, filler, routine = 60, "x" * 40000, b'"type":"analytics.chart_update"'
    with open_raw(instance, "/api/v1/stream?topics=events.>", receive_buffer=4096) as s, \
            instance.sse(path="/api/v1/stream?topics=events.system.>", sub="other") as other:
        read_until(s, lambda data: b'"initial_metrics"' in data)
        for n in range(count):
            feeder.event("analytics.chart_update", chartId=str(n), data=filler)
        feeder.event("system.error", message="disk on fire")
        other.wait("event")  # so it is there for this client, too
        heard = read_until(s, lambda data: b"disk on fire" in data and data.count(routine) == count)
    before = heard[:heard.index(b"disk on fire")].count(routine)
    assert before < count / 2, "it did not wait for its turn"
    assert b'"type":"gap"' not in heard, "and nothing was lost"


def test_003_5_what_was_missed_comes_by_polling_and_then_by_the_next_websocket(make_instance):
    instance = make_instance(gateways=2).start()
    feeder = instance.start_feeder()
    number = lambda message: message["data"]["payload"]["contentId"]

    def send(*names):
        for name in names:
            feeder.event("content.updated", contentId=name)
        feeder.flush()

    with instance.ws(index=1) as ws:
        ws.wait("connection_established")
        ws.subscribe("events.>")
        send("a", "b")
        wait_until(lambda: len(ws.of_type("event")) == 2, what="two events")
        cursor = ws.cursor()
    send("c", "d")
    missed = []

    def polled():
        nonlocal cursor
        answer = instance.get(f"/api/v1/poll?topics=events.>&wait=1&cursor={cursor}").json()
        missed.extend(number(m) for m in answer["messages"] if m["type"] == "event")
        cursor = answer["cursor"]
        return missed == ["c", "d"]

    wait_until(polled, what="what was missed, once each")
    send("e")
    with instance.ws(index=2) as ws:
        ws.wait("connection_established")
        ws.subscribe("events.>", since=cursor)
        send("f")
        wait_until(lambda: [number(m) for m in ws.of_type("event")] == ["e", "f"], what="the rest")


def test_003_11_what_sources_send_cannot_leave_its_string(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    nasty = 'a"\\\n\r\u2028</script>\u0000id: 1\n\ndata: {"type":"forged"}\n\n'
    with instance.sse(path="/api/v1/stream?topics=events.>") as sse, instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("events.>")
        sse.wait("subscribed")
        feeder.event("content.updated", contentId="1", title=nasty.replace("\0", ""))
        feeder.event("content.updated", contentId="2", title="after")
        for stream in (sse, ws):
            wait_until(lambda: len(stream.of_type("event")) == 2, what="both events")
            assert stream.of_type("event")[0]["data"]["payload"]["title"] == nasty.replace("\0", "")
            assert not stream.of_type("forged")


def test_003_11_a_critical_failure_is_told_to_whoever_is_connected(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_BUS_TIMEOUT": "1s"}).start("system")
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("system_health")
        wait_until(lambda: [m for m in ws.messages if "cpu_usage" not in
                            m.get("data", {}).get("systemHealth", {}).get("stale", ["cpu_usage"])], what="a fresh value")
        instance.processes["aggregator"].kill()
        wait_until(lambda: "degraded" in instance.unix_get(1, "/readyz")[1], what="a gateway that knows")
        wait_until(lambda: "cpu_usage" in next(m["data"]["systemHealth"]["stale"] for m in reversed(ws.messages)
                                               if "stale" in m.get("data", {}).get("systemHealth", {})),
                   what="a client that knows")


@pytest.mark.parametrize("name, value", [("gateway.connection_timeout", "30m"), ("gateway.ping_interval", "30s"),
                                         ("gateway.max_connections_per_user", "5")])
def test_004_6_limits_of_the_document_are_the_defaults(make_instance, name, value):
    assert f'"{value}"' in default_of(make_instance(), name) or f": {value}" in default_of(make_instance(), name)


def test_004_8_without_a_change_the_documents_routes_send_updates_in_their_interval(make_instance):
    instance = make_instance(env={"REAL_TIME_UPDATE_INTERVAL": "300"}, config={
        "aggregator": "updateIntervalMs = 3600000"}).start()
    owed = [instance.sse("platform_admin", f"{ANALYTICS}/stream?metrics=credits", sub="a"),
            instance.ws("platform_admin", f"{ANALYTICS}/websocket", sub="b"),
            instance.ws("platform_admin", "/analytics/realtime/dashboard", sub="c")]
    other = instance.sse("platform_admin", "/api/v1/stream?metrics=credits", sub="d")
    try:
        for client in owed[1:]:
            client.wait("connection_established")
            client.subscribe("credits")
        for client in owed:
            for _ in range(3):
                client.wait("metrics_update")
        assert not other.of_type("metrics_update"), "nothing has changed"
    finally:
        for client in (*owed, other):
            client.close()


def test_004_13_a_message_for_one_user_reaches_all_of_theirs_and_nobody_else(make_instance):
    instance = make_instance(gateways=2).start()
    feeder = instance.start_feeder()
    clients = {"ada 1": instance.ws(sub="ada", index=1), "ada 2": instance.ws(sub="ada", index=2),
               "bob": instance.ws(sub="bob", index=1), "eve": instance.ws("technical_admin", sub="eve", index=2)}
    try:
        for client in clients.values():
            client.wait("connection_established")
            client.subscribe("events.>")
        feeder.event("system.maintenance@sub=ada", message="for ada")
        feeder.event("system.maintenance@role=technical_admin", message="for the role")
        feeder.event("system.maintenance", message="for all")
        for name, wanted in (("ada 1", ["for ada", "for all"]), ("ada 2", ["for ada", "for all"]),
                             ("bob", ["for all"]), ("eve", ["for the role", "for all"])):
            clients[name].wait(lambda m: m["data"]["payload"]["message"] == "for all"
                               if m["type"] == "event" else False)
            assert [m["data"]["payload"]["message"] for m in clients[name].of_type("event")] == wanted, name
    finally:
        for client in clients.values():
            client.close()
