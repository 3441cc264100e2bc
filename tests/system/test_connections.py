# SPDX-License-Identifier: Apache-2.0
"""Statistics of connections over all gateways, and tests of the caller's own streams."""
import re
import signal
import socket

import pytest

from sightline import wait_until
from test_refresh import request

DOCUMENT = "/api/admin/analytics"


def flood(instance, path, token, count):
    """Sends so many requests at once, and does not wait for the answers."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: 53\r\n\r\n"
    sockets = []
    for _ in range(count):
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].connect(str(instance.dir / "run/gateway-1.sock"))
        sockets[-1].sendall(head.encode() + b'{"type":"unsubscribe","data":{"topics":["alerts"]}}  ')
    for one in sockets:
        one.close()


def rows(instance, query=""):
    answer = instance.get("/api/v1/connections" + query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counted(instance, number, query=""):
    """The list once it has so many connections: they end and begin in their own time."""
    def listed():
        found = rows(instance, query)
        return found if found["total"] == number else None
    return wait_until(listed, what=f"a list of {number} connections")


def test_each_connection_is_listed_by_any_gateway_with_who_and_how(make_instance):
    instance = make_instance(gateways=2).start("system")
    with instance.ws("technical_admin", sub="anna", index=1) as ws, \
            instance.sse("read_only_viewer", sub="bert") as sse:
        ws.subscribe("metrics.>", "events.>")
        ws.wait("metrics_update")
        sse.wait("initial_metrics")
        ids = {s.of_type("connection_established")[0]["data"]["connectionId"] for s in (ws, sse)}
        for index in (1, 2):
            status, answer = request(instance, index, "GET", "/api/v1/connections", instance.token())
            assert status == 200 and answer["missing"] == [] and not answer["truncated"], answer
            assert {row["id"] for row in answer["connections"]} == ids
        listed = {row["user"]: row for row in counted(instance, 2)["connections"]}
        anna, bert = listed["anna"], listed["bert"]
        assert (anna["role"], anna["tenant"], anna["transport"]) == ("technical_admin", "default", "websocket")
        assert (anna["gateway"], anna["route"]) == ("gateway-1", "/api/v1/ws")
        assert (bert["role"], bert["transport"], bert["route"]) == ("read_only_viewer", "sse", "/api/v1/stream")
        for row in listed.values():
            assert row["subscriptions"] == 1 and row["resumed"] == "no" and row["age_ms"] >= 0
            assert row["messages"] >= 1 and row["bytes"] > 100
            assert row["queuedMessages"] == row["queuedBytes"] == 0
        before = anna["messages"]
        wait_until(lambda: counted(instance, 1, "?user=anna")["connections"][0]["messages"] > before,
                   what="anna's next message")
        assert counted(instance, 1, "?transport=sse")["connections"][0]["user"] == "bert"
        assert counted(instance, 1, "?role=technical_admin&gateway=gateway-1")["total"] == 1
        assert counted(instance, 0, "?tenant=acme")["connections"] == []
        short = counted(instance, 2, "?limit=0")
        assert short["connections"] == [] and short["truncated"]
        assert instance.get("/api/v1/connections?limit=x").status_code == 400
    counted(instance, 0)


def test_the_list_is_for_those_who_may_see_connections(make_instance):
    instance = make_instance().start()
    for role, status in (("master_admin", 200), ("technical_admin", 200), ("business_admin", 403),
                         ("read_only_viewer", 403), (None, 401)):
        for path in ("/api/v1/connections", "/api/v1/connections/stats", "/analytics/health"):
            assert instance.get(path, role).status_code == status, (role, path)
    foreign = instance.token("master_admin", "m", "1h", "--tenant", "acme")
    assert instance.get("/api/v1/connections", None,
                        headers={"Authorization": f"Bearer {foreign}"}).status_code == 403
    for path in ("connection-stats", "websocket-stats", "websocket-info"):
        assert instance.get(f"{DOCUMENT}/{path}", "technical_admin").status_code == 403
        assert instance.get(f"{DOCUMENT}/{path}").status_code == 200


def test_a_gateway_that_says_nothing_is_named_and_the_others_answer(make_instance):
    instance = make_instance(gateways=2).start()
    with instance.ws(index=1) as ws:
        ws.wait("connection_established")
        instance.processes["gateway-2"].popen.send_signal(signal.SIGSTOP)
        try:
            status, answer = request(instance, 1, "GET", "/api/v1/connections", instance.token())
            assert status == 200 and answer["missing"] == ["gateway-2"] and answer["total"] == 1
        finally:
            instance.processes["gateway-2"].popen.send_signal(signal.SIGCONT)
    wait_until(lambda: rows(instance)["missing"] == [], what="both gateways' answers")


def test_without_an_aggregator_the_answer_is_503(make_instance):
    instance = make_instance().start()
    instance.processes["aggregator"].kill()
    answer = instance.get("/api/v1/connections")
    assert answer.status_code == 503 and answer.json()["type"] == "/problems/aggregator-unavailable"


def test_004_4_websocket_info_is_as_the_document_shows_it(make_instance):
    instance = make_instance().start()
    assert instance.get(f"{DOCUMENT}/websocket-info").json() == {
        "success": True,
        "data": {
            "enabled": True,
            "endpoint": "/api/admin/analytics/websocket",
            "protocols": ["ws", "wss"],
            "messageTypes": ["subscribe", "unsubscribe", "ping"],
            "features": ["Automatic reconnection", "Message buffering", "Priority-based message handling",
                         "Connection health monitoring"]}}


def test_004_4_connection_stats_and_websocket_stats_count_over_all_gateways(make_instance):
    instance = make_instance(gateways=2).start("system")
    with instance.ws(sub="anna", index=1) as first, instance.ws(sub="anna", index=2) as second, \
            instance.sse(sub="bert") as third:
        first.subscribe("metrics.>")
        second.subscribe("metrics.>")
        second.subscribe("alerts")
        for stream in (first, second, third):
            stream.wait("initial_metrics")
        answer = instance.get(f"{DOCUMENT}/connection-stats").json()
        stats = answer["data"]
        assert answer["success"] is True
        assert (stats["totalConnections"], stats["activeSubscriptions"]) == (3, 4)
        assert (stats["websocket"]["totalConnections"], stats["sse"]["totalConnections"]) == (2, 1)
        sockets = instance.get(f"{DOCUMENT}/websocket-stats").json()["data"]
        assert (sockets["totalConnections"], sockets["activeSubscriptions"]) == (2, 3)
        assert sockets["receivedMessages"] == 3


def test_002_8_get_stats_has_its_two_figures(make_instance):
    instance = make_instance().start()
    with instance.ws() as ws:
        for topic in ("metrics.>", "events.>", "alerts"):
            ws.subscribe(topic)
        stats = instance.get("/api/v1/connections/stats").json()
        assert (stats["totalConnections"], stats["activeSubscriptions"]) == (1, 3)


def test_004_11_users_buffers_latency_and_reconnections_are_measured(make_instance):
    instance = make_instance(gateways=2).start("system")
    with instance.ws(sub="anna", index=1) as ws, instance.ws(sub="anna", index=2) as other:
        for stream in (ws, other):
            stream.subscribe("metrics.>", "alerts", "events.>")
            stream.wait("metrics_update")
        cursor = ws.wait("heartbeat")["cursor"] if ws.cursor() is None else ws.cursor()
    with instance.ws(sub="bert", index=2) as whole, instance.ws(sub="bert", index=1) as gap:
        whole.subscribe("events.>", since=cursor)
        foreign = cursor[:8] + ("A" if cursor[8] != "A" else "B") + cursor[9:]
        gap.send({"type": "subscribe", "data": {"topics": ["events.>"], "since": foreign}})
        wait_until(lambda: gap.of_type("gap") or gap.of_type("error"), what="a gap")
        listed = {row["gateway"]: row["resumed"] for row in counted(instance, 2)["connections"]}
        assert listed["gateway-2"] == "whole"
        stats = instance.get(f"{DOCUMENT}/connection-stats").json()["data"]
        assert stats["connectionsPerUser"] == {"bert": 2}
        assert stats["buffers"]["maxBufferSize"] == 100 and stats["buffers"]["utilization"] == 0
        assert stats["latency"]["deliveries"] > 0 and stats["latency"]["p99_ms"] >= stats["latency"]["p50_ms"] >= 0
        again = stats["reconnections"]
        assert again["attempts"] == again["successful"] + again["withGap"] >= 1
        assert again["successRate"] == pytest.approx(again["successful"] / again["attempts"])


def test_001_7_health_has_connections_events_cache_and_error_rate(make_instance):
    instance = make_instance().start("system")
    feeder = instance.start_feeder()
    with instance.ws() as ws:
        ws.subscribe("events.>")
        feeder.event("content.updated", contentId="1")
        ws.wait("event")
        assert instance.get("/nothing-here").status_code == 404
        health = instance.get("/analytics/health").json()
        assert health["status"] == "healthy"
        assert health["connections"]["totalConnections"] == 1
        assert health["events"]["normal"] >= 1 and health["events"]["processed"] >= health["events"]["normal"]
        assert 0 <= health["cache"]["tokenHitRate"] <= 1
        assert health["errors"]["clientErrors"] >= 1 and 0 < health["errorRate"] < 1


def test_003_9_counts_failed_attempts_and_durations_are_there(make_instance):
    instance = make_instance().start()
    assert instance.get("/api/v1/snapshot", None, headers={"Authorization": "Bearer x.y.z"}).status_code == 401
    with instance.ws() as ws:
        ws.wait("connection_established")
        row = counted(instance, 1)["connections"][0]
        assert row["age_ms"] >= 0 and row["connectedAt"].endswith("Z")
        errors = instance.get("/analytics/health").json()["errors"]
        assert errors["authFailures"] >= 1 and errors["refused"] >= 1
        ws.send("no json")
        ws.wait("error")
        assert instance.get("/analytics/health").json()["errors"]["invalidMessages"] == 1


@pytest.mark.parametrize("gateway", [1, 2])
def test_004_5_test_connection_goes_through_the_callers_own_streams(make_instance, gateway):
    instance = make_instance(gateways=2).start()
    token = instance.token("master_admin", "anna")
    with instance.ws(sub="anna", index=1) as ws, instance.ws(sub="bert", index=1) as other, \
            instance.sse(sub="anna") as sse:
        established = {s: s.wait("connection_established")["data"]["connectionId"] for s in (ws, sse)}
        other.wait("connection_established")
        status, answer = request(instance, gateway, "POST", f"{DOCUMENT}/test-connection", token,
                                 {"connectionType": "sse"})
        assert status == 200 and answer["success"] is True, answer
        data = answer["data"]
        assert data["healthy"] and data["tested"] == data["delivered"] == 1 and data["connectionType"] == "sse"
        assert [c["connectionId"] for c in data["connections"]] == [established[sse]]
        assert sse.wait("connection_test")["data"]["testId"]
        assert not ws.of_type("connection_test")
        status, data = request(instance, gateway, "POST", "/api/v1/test-connection", token)
        assert status == 200 and data["healthy"] and data["tested"] == 2
        assert {c["connectionId"]: c["transport"] for c in data["connections"]} == {
            established[ws]: "websocket", established[sse]: "sse"}
        assert all(c["delivered"] and c["roundTrip_ms"] >= 0 for c in data["connections"])
        ws.wait("connection_test")
        assert not other.of_type("connection_test")
    assert request(instance, gateway, "POST", "/api/v1/test-connection", token, {"connectionType": "x"})[0] == 400


def test_004_5_without_a_stream_the_test_says_so(make_instance):
    instance = make_instance().start()
    answer = instance.post("/api/v1/test-connection", {"connectionType": "websocket"})
    assert answer.status_code == 200 and answer.json()["healthy"] is False and answer.json()["tested"] == 0


def hops(text):
    """{hop: (count, sum in us)} of a text in the form of OpenMetrics."""
    found = {}
    for kind, name, value in re.findall(r'sightline_hop_seconds_(count|sum)\{[^}]*hop="(\w+)"\} (\S+)', text):
        count, total = found.get(name, (0, 0))
        found[name] = (int(value), total) if kind == "count" else (count, round(float(value) * 1e6))
    return found


def test_000_13_hops_of_an_event_add_up_to_its_whole_way(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with instance.ws() as ws:
        ws.subscribe("events.>")
        ws.wait("initial_metrics")
        before = hops(instance.get("/metrics").text)
        for n in range(50):
            feeder.event("content.updated", contentId=str(n))
        wait_until(lambda: len(ws.of_type("event")) == 50, what="50 events")
        after = hops(instance.get("/metrics").text)
    way = {name: (after[name][0] - before[name][0], after[name][1] - before[name][1]) for name in after}
    assert set(way) == {"ring", "aggregate", "bus", "socket", "end_to_end"}
    assert {count for count, _ in way.values()} == {50}, way
    assert all(total >= 0 for _, total in way.values())
    parts = sum(total for name, (_, total) in way.items() if name != "end_to_end")
    assert abs(parts - way["end_to_end"][1]) <= 2 * 50, way


def test_a_user_who_asks_too_much_of_all_gateways_leaves_room_for_others(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_REQUESTS_PER_SECOND": "10000"}).start()
    path = "/api/v1/connections/01900000-0000-7000-8000-000000000000/subscriptions"
    body = {"type": "unsubscribe", "data": {"topics": ["alerts"]}}
    for _ in range(10):
        first = instance.post(path, body, "read_only_viewer")
        if first.status_code == 429:
            break
        assert first.status_code == 404
        flood(instance, path, instance.token("read_only_viewer"), 100)
    assert first.status_code == 429 and first.headers["Retry-After"] == "1"
    assert instance.post(path, body, "technical_admin").status_code == 404
