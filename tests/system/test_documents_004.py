# SPDX-License-Identifier: Apache-2.0
"""Document 004: its snippets as they stand, see snippets.py."""
import json
import re

from sightline import wait_until
from snippets import run, shell, snippet

ANALYTICS = "/api/admin/analytics"


def test_004_1_stream_has_the_headers_and_event_types_of_the_document(make_instance):
    instance = make_instance(env={"REAL_TIME_HEARTBEAT_INTERVAL": "300"}).start()
    feeder = instance.start_feeder()
    with instance.sse("platform_admin", f"{ANALYTICS}/stream?metrics=dashboard,users") as sse:
        wanted = dict(line.split(": ", 1) for line in snippet("004.1_headers.txt").splitlines() if ": " in line)
        for name in ("Content-Type", "Cache-Control"):
            assert wanted[name] in sse.response.headers[name], name
        assert sse.wait("connection_established")["data"]["heartbeatInterval"] == 300
        assert sse.wait("subscribed")["data"]["metrics"] == ["dashboard", "users"]
        sse.wait("initial_metrics")
        feeder.sample("cpu_usage", 99)
        sse.wait("metrics_update")
        sse.wait("system_alert")
        assert sse.wait("heartbeat")["data"]["serverTime"]


def test_004_10_only_roles_that_read_every_module_get_in(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_AUTH_TIMEOUT": "30s"}).start()
    for role in ("technical_admin", "business_admin", "read_only_viewer"):
        assert instance.get(f"{ANALYTICS}/stream", role).status_code == 403, role
        with instance.ws(role, f"{ANALYTICS}/websocket") as ws:
            assert ws.wait("error")["data"]["code"] == "forbidden"
            assert ws.wait_closed() == 3507
        with instance.ws(None, f"{ANALYTICS}/websocket") as ws:
            ws.send({"type": "auth", "data": {"token": instance.token(role)}})
            assert ws.wait("disconnect")["data"]["reconnect"] is False
            assert ws.wait_closed() == 3507
    with instance.ws("platform_admin", f"{ANALYTICS}/websocket", sub="ada") as ws:
        assert ws.wait("connection_established")["data"]["role"] == "master_admin"
        ws.send({"type": "refresh", "data": {"token": instance.token("technical_admin", "ada")}})
        assert ws.wait_closed() == 3507


def test_004_4_websocket_info_is_that_of_the_document(make_instance):
    instance = make_instance().start()
    answer = instance.get(f"{ANALYTICS}/websocket-info", "platform_admin")
    assert answer.json() == json.loads(snippet("004.4_websocket_info.json"))
    off = make_instance(env={"WEBSOCKET_ENABLED": "false", "WEBSOCKET_PATH": "/elsewhere"}).start()
    there = off.get(f"{ANALYTICS}/websocket-info", "platform_admin").json()["data"]
    assert there["enabled"] is False and there["endpoint"] == "/elsewhere"
    assert instance.get(f"{ANALYTICS}/websocket-info", "technical_admin").status_code == 403


def test_004_3_websocket_takes_the_messages_of_the_document(make_instance):
    instance = make_instance().start()
    with instance.ws("platform_admin", f"{ANALYTICS}/websocket?userId=user123", sub="user123", subprotocols=None) as ws:
        ws.wait("connection_established")
        ws.send(snippet("004.3_subscribe.json"))
        assert ws.wait("subscribed")["data"]["metrics"] == ["dashboard", "users"]
        ws.wait("initial_metrics")
        ws.send(snippet("004.3_unsubscribe.json"))
        ws.wait("unsubscribed")
        ws.send(snippet("004.3_ping.json"))
        assert ws.wait("pong")["data"]["serverTime"]
    with instance.ws("platform_admin", f"{ANALYTICS}/websocket?userId=user123", sub="another") as ws:
        assert ws.wait_closed() == 3507


def streams(instance, index):
    """The event streams that a gateway has open."""
    text = instance.unix_get(index, "/metrics")[1]
    return int(re.search(r"^sightline_gateway_streams\{.*\} (\d+)", text, re.M)[1])


def test_004_5_subscribe_and_unsubscribe_act_on_the_users_live_streams(make_instance):
    instance = make_instance(gateways=2, env={"MAX_CONNECTIONS_PER_USER": "64"}).start()
    feeder = instance.start_feeder()
    body = json.loads(snippet("004.5_subscribe.json"))

    def change(what, data, sub="ada"):
        token = instance.token("platform_admin", sub)
        return instance.post(f"{ANALYTICS}/{what}", data, headers={"Authorization": f"Bearer {token}"})

    def watch(sub):
        opened.append(instance.sse("platform_admin", f"{ANALYTICS}/stream?metrics=security", sub))
        assert set(opened[-1].wait("initial_metrics")["data"]) == {"timestamp", "securityCompliance"}

    opened = []
    try:
        watch("bob")
        assert change("subscribe", body).status_code == 404, "ada has none"
        while len(opened) < 3 or not (streams(instance, 1) and streams(instance, 2)):
            watch("ada")
        bob, adas = opened[0], opened[1:]
        answer = change("subscribe", body)
        assert answer.status_code == 200 and answer.json()["success"] is True
        assert answer.json()["data"]["metrics"] == body["metrics"]
        for stream in adas:
            stream.wait(lambda m: m["type"] == "subscribed" and m["data"]["metrics"] == body["metrics"])
            assert stream.wait("initial_metrics")["data"]["businessMetrics"]["mrr"] is None
        answer = change("unsubscribe", {"metrics": ["dashboard"]})
        assert answer.status_code == 200 and answer.json()["success"] is True
        for stream in adas:
            stream.wait("unsubscribed")
        feeder.sample("mrr", 5)
        feeder.sample("user_growth_rate", 3)
        feeder.sample("api_requests_per_minute", 1)
        for stream in adas:
            stream.wait(lambda m: m["data"].get("customerIntelligence", {}).get("user_growth_rate") == 3)
            assert not [m for m in stream.of_type("metrics_update") if m["data"].get("businessMetrics", {}).get("mrr")]
        bob.wait(lambda m: m["data"].get("securityCompliance", {}).get("api_requests_per_minute") == 1)
        assert len(bob.of_type("subscribed")) == 1, "another user's stream stays as it is"
        assert change("subscribe", {"metrics": ["no.such.thing"]}).status_code == 400
        assert change("subscribe", {"metrics": "dashboard"}).status_code == 400
        assert change("unsubscribe", {}).status_code == 400
    finally:
        for stream in opened:
            stream.close()


def test_004_4_statistics_commands_run_as_written(make_instance):
    instance = make_instance().start()
    with instance.ws("platform_admin", sub="user123") as ws, instance.sse("platform_admin", sub="user123") as sse:
        ws.wait("connection_established")
        sse.wait("connection_established")
        connections, websockets = shell(instance, "004.4_statistics.sh")
    assert connections["success"] is True and websockets["success"] is True
    assert connections["data"]["totalConnections"] == 2 and websockets["data"]["totalConnections"] == 1


def test_004_5_test_connection_takes_the_bodies_of_the_document(make_instance):
    instance = make_instance().start()
    # "sse" // or "websocket"
    words = re.findall(r'"(sse|websocket)"', snippet("004.5_test_connection.json"))
    assert words == ["sse", "websocket"]
    with instance.sse("platform_admin", sub="ada") as sse, instance.ws("platform_admin", sub="ada") as ws:
        sse.wait("connection_established")
        ws.wait("connection_established")
        for word in words:
            answer = instance.post(f"{ANALYTICS}/test-connection", {"connectionType": word}, headers={
                "Authorization": f"Bearer {instance.token('platform_admin', 'ada')}"}).json()
            assert answer["success"] is True and answer["data"]["healthy"] is True, word


def test_004_5_debug_commands_run_as_written(make_instance):
    instance = make_instance().start()
    with instance.sse("platform_admin", f"{ANALYTICS}/stream", sub="user123") as sse:
        sse.wait("connection_established")
        test, health = shell(instance, "004.5_debug.sh")
    assert test["success"] is True and test["data"]["connectionType"] == "sse"
    assert test["data"]["healthy"] is True and test["data"]["tested"] == 1
    assert health == {"status": "ok"}


def test_004_9_sse_example_runs_as_written(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with run(instance, "004.9_sse.ts") as node:
        assert node.until("response")[0] == 200
        assert node.until("log", "Connected with token:")[0]
        feeder.sample("cpu_usage", 99)
        assert node.until("showAlert")[0]["metric"] == "cpu_usage"
        feeder.sample("memory_usage", 42)
        while node.until("updateDashboard")[0].get("systemHealth", {}).get("memory_usage") != 42:
            pass


def test_004_9_reconnection_logic_runs_as_written_when_its_gateway_dies(make_instance):
    instance = make_instance(gateways=2).start()
    feeder = instance.start_feeder()
    with run(instance, "004.9_reconnect.ts", call="connectSSE();") as node:
        token = node.message("connection_established")["data"]["reconnectToken"]
        node.message("initial_metrics")
        feeder.sample("cpu_usage", 99)
        node.message("system_alert")
        index = wait_until(lambda: next((i for i in (1, 2) if streams(instance, i)), None), what="the stream's gateway")
        instance.processes[f"gateway-{index}"].kill()
        feeder.sample("memory_usage", 99)
        feeder.flush()
        node.until("error")
        assert node.until("response")[0] == 200
        assert node.message("connection_established")["data"]["reconnectToken"] not in ("", token)
        while node.message("system_alert")["data"]["metric"] != "memory_usage":
            pass  # what came within a second before may come again


def test_004_9_websocket_example_runs_as_written(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with run(instance, "004.9_websocket.ts") as node:
        assert node.until("log", "WebSocket connected:")[0]
        assert node.until("log", "Subscribed to:")[0] == ["dashboard", "users"]
        node.message("initial_metrics")
        feeder.sample("cpu_usage", 42)
        while node.until("updateDashboard")[0].get("systemHealth", {}).get("cpu_usage") != 42:
            pass


def test_004_8_environment_of_the_document_starts_every_process(make_instance):
    env = dict(line.split("=", 1) for line in snippet("004.8_environment.sh").splitlines() if re.match(r"[A-Z_]+=", line))
    assert len(env) >= 10
    instance = make_instance(env=env).start()
    with instance.ws("platform_admin", env["WEBSOCKET_PATH"]) as ws:
        hello = ws.wait("connection_established")["data"]
        assert hello["heartbeatInterval"] == int(env["REAL_TIME_HEARTBEAT_INTERVAL"])
        assert hello["limits"]["maxBufferSize"] == int(env["MAX_BUFFER_SIZE"])
