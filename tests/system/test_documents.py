# SPDX-License-Identifier: Apache-2.0
"""The snippets of the requirement documents, run as they stand.

Each is a file of snippets/, named after its row; a test is, too.  Only what a
document writes as a placeholder (<token>, your-jwt-token) is filled in.
"""
import json
import os
import pathlib
import re
import subprocess
import threading

import pytest
import requests

from sightline import wait_until

HERE = pathlib.Path(__file__).resolve().parent
REALTIME = "/api/admin-dashboard/realtime"
ANALYTICS = "/api/admin/analytics"


def snippet(name):
    return (HERE / "snippets" / name).read_text(encoding="utf-8")


def run(instance, name, role="platform_admin", sub="user123", **job):
    """Runs a JavaScript snippet signed in as sub; gives what it did as [what, values…]."""
    session = instance.post("/api/v1/session", {}, role, {
        "Authorization": f"Bearer {instance.token(role, sub)}"})
    cookie = session.headers["Set-Cookie"].split(";")[0]
    job = {"file": str(HERE / "snippets" / name), "origin": instance.url(""), "cookie": cookie, **job}
    return Node(instance, job)


class Node:
    """A snippet that runs; lines are what it did so far."""

    def __init__(self, instance, job):
        self.lines = []
        self.popen = subprocess.Popen(["node", str(HERE / "snippet.mjs")], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.popen.stdin.write(json.dumps(job))
        self.popen.stdin.close()
        self.instance = instance
        self.deadline = threading.Timer(60, self.popen.kill)
        self.deadline.start()

    def until(self, *head):
        """Reads on until a line that begins so; gives its further values."""
        for text in self.popen.stdout:
            line = json.loads(text)
            self.lines.append(line)
            if line[0] == "message":
                self.instance.heard(line[1])
            if line[:len(head)] == list(head):
                return line[len(head):]
        raise AssertionError(f"no {head}: {self.lines[-5:]}; {self.popen.stderr.read()[-2000:]}")

    def message(self, kind):
        """Reads on until a message of this type."""
        while True:
            message = self.until("message")[0]
            if message["type"] == kind:
                return message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.deadline.cancel()
        self.popen.kill()
        self.popen.wait(10)
        self.popen.stdout.close()
        self.popen.stderr.close()


def shell(instance, name, role="platform_admin", sub="user123"):
    """Runs each command of a shell snippet; gives the JSON that it prints.

    curl reads from its own configuration file that localhost:3001 is the instance.
    """
    home = instance.dir / "home"
    home.mkdir(exist_ok=True)
    (home / ".curlrc").write_text(f'silent\nshow-error\nfail\nconnect-to = "localhost:3001:127.0.0.1:{instance.port}"\n'
                                  'write-out = "\\n"\n', encoding="utf-8")
    text = snippet(name).replace("<token>", instance.token(role, sub))
    done = subprocess.run(["bash", "-e"], input=text, capture_output=True, text=True, timeout=30,
                          env=dict(os.environ, HOME=str(home)))
    assert done.returncode == 0, f"{done.stdout} {done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines() if line]


def fields(name):
    """The members of an interface of the document, objects within it as dicts."""
    tree, stack = {}, []
    stack.append(tree)
    for line in snippet(name).splitlines()[1:]:
        member = re.match(r"\s*(\w+)(\?)?: (.*?);?\s*(?://.*)?$", line)
        if member and member[3] == "{":
            stack[-1][member[1]] = inner = {}
            stack.append(inner)
        elif member:
            stack[-1][member[1]] = member[3].rstrip(";")
        elif line.strip().startswith("}"):
            stack.pop()
    return tree


# ---- document 000 ---------------------------------------------------------------------------------


def test_000_1_the_snapshot_has_each_member_of_the_interface(make_instance):
    instance = make_instance().start("system")
    body = instance.get(f"{REALTIME}?action=snapshot").json()
    declared = fields("000.1_snapshot.ts")
    assert len(declared) == 8
    for section, members in declared.items():
        assert section in body
        if isinstance(members, dict):
            assert set(members) <= set(body[section]), section
    assert isinstance(body["alerts"], list)


def test_000_1_to_4_each_get_of_the_document_answers(make_instance):
    instance = make_instance().start("system")
    lines = [line.split(" ", 1) for line in snippet("000.1_get.ts").splitlines() if line.startswith("GET ")]
    assert len(lines) == 4
    for method, path in lines:
        with requests.request(method, instance.url(path), headers=instance.bearer(), stream=True, timeout=10) as answer:
            assert answer.status_code == 200, path
            stream = answer.headers["Content-Type"] == "text/event-stream"
            assert stream == ("action=sse" in path)


def test_000_3_and_5_each_post_of_the_document_does_what_it_says(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("cpu_usage", 99)
    alert = wait_until(lambda: [a for a in instance.get(f"{REALTIME}?action=alerts").json() if a["state"] == "firing"],
                       what="an alert")[0]
    pairs = re.findall(r"^(POST) (\S+)\n(\{.*\})$", snippet("000.3_post.ts"), re.M)
    assert len(pairs) == 3
    done = {}
    for method, path, text in pairs:
        # "a" | "b" stands for either.
        either = re.search(r'("[\w-]+") \| ("[\w-]+")', text)
        for body in [text.replace(either[0], word) for word in either.groups()] if either else [text]:
            body = body.replace("alert-123", alert["id"])
            answer = requests.request(method, instance.url(path), headers=instance.bearer(), timeout=10, data=body)
            assert answer.status_code == 200, answer.text
            done[json.loads(body)["action"]] = answer.json()
    assert done["acknowledge-alert"]["acknowledged"] and done["acknowledge-alert"]["id"] == alert["id"]
    assert done["force-aggregation"]["isRunning"] and done["start-aggregator"]["isRunning"]
    assert not done["stop-aggregator"]["isRunning"]


def test_000_13_system_status_and_debug_commands_run(make_instance):
    instance = make_instance().start("system")
    with run(instance, "000.13_status.ts", aggregator=True) as node:
        status = node.until("log")[0]
        assert len(status) == 6 and status["isRunning"] is True and status["dataSourcesActive"] == 1
    call = "console.log({ snapshot, status, alerts });"
    with run(instance, "000.13_debug.ts", aggregator=True, call=call) as node:
        seen = node.until("log")[0]
        assert seen["snapshot"]["isRunning"] and seen["status"]["isRunning"] and isinstance(seen["alerts"], list)


# ---- document 001 ---------------------------------------------------------------------------------


def test_001_1_websocket_has_dashboard_alerts_and_metrics_by_role(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with instance.ws("business_admin", "/analytics/realtime/dashboard") as ws, \
            instance.ws("technical_admin", "/analytics/realtime/dashboard") as other:
        for client in (ws, other):
            client.wait("connection_established")
            for name in ("dashboard", "alerts", "metrics"):
                assert client.subscribe(name)["data"]["topics"] == [name]
        feeder.sample("cpu_usage", 99)
        feeder.sample("mrr", 7)
        ws.wait(lambda m: m["type"] == "metrics_update" and m["data"].get("businessMetrics", {}).get("mrr") == 7)
        other.wait("system_alert")
        assert not ws.of_type("system_alert")
        assert not [m for m in ws.messages if "systemHealth" in m.get("data", {})]
        assert not [m for m in other.messages if "businessMetrics" in m.get("data", {})]


def test_001_2_rest_fallback_has_what_the_websocket_has(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("mrr", 7)
    feeder.sample("cpu_usage", 12)
    feeder.flush()
    for role in ("master_admin", "business_admin", "read_only_viewer"):
        with instance.ws(role, "/analytics/realtime/dashboard") as ws:
            ws.wait("connection_established")
            ws.subscribe("dashboard")
            pushed = ws.wait("initial_metrics")["data"]
            pulled = instance.get("/analytics/dashboard/realtime", role).json()
            assert set(pulled) == set(pushed), role
            for name, section in pulled.items():
                if isinstance(section, dict):
                    assert set(section) == set(pushed[name]), (role, name)
    assert pulled["executiveSummary"]


# ---- document 002 ---------------------------------------------------------------------------------


def test_002_2_websocket_at_the_root_takes_the_token_of_its_url(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_QUERY_TOKEN": "true"}).start()
    url = snippet("002.2_url.txt").strip().replace("your-jwt-token", instance.token())
    assert url.startswith("ws://localhost:8080?token=")
    path = "/" + url.removeprefix("ws://localhost:8080")
    feeder = instance.start_feeder()
    with instance.ws(role=None, path=path, subprotocols=None) as ws:
        ws.wait("connection_established")
        ws.subscribe("analytics.new_activity", "content.updated")
        feeder.event("content.updated", contentId="456", title="Updated Blog Post")
        assert ws.wait("event")["data"]["payload"]["contentId"] == "456"


def test_002_9_invalid_messages_are_answered_and_a_wrong_token_closes_at_once(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_QUERY_TOKEN": "true"}).start()
    with instance.ws(path="/", subprotocols=None) as ws:
        ws.wait("connection_established")
        ws.send("nonsense")
        assert ws.wait("error")["data"]["code"] == "bad-json"
        assert ws.request("ping", "pong")["data"]["serverTime"]
    with instance.ws(role=None, path="/?token=your-jwt-token", subprotocols=None) as ws:
        assert ws.wait("error")["data"]["code"] == "invalid-token"
        assert ws.wait_closed() == 3500


# ---- document 003 ---------------------------------------------------------------------------------


def test_003_3_rest_gives_the_first_load_and_polling_goes_on(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    first = instance.get("/api/admin/dashboard")
    assert first.status_code == 200 and first.json()["businessMetrics"]["mrr"] is None
    feeder.sample("mrr", 7)
    polled = wait_until(lambda: instance.get("/api/admin/dashboard", headers={"If-None-Match": first.headers["ETag"]})
                        .text.count('"mrr":7'), what="the value by polling")
    assert polled == 1
    assert "businessMetrics" not in instance.get("/api/admin/dashboard", "technical_admin").json()
    assert requests.get(instance.url("/api/admin/dashboard"), timeout=5).status_code == 401


def test_003_6_dashboards_at_once_have_the_same_data(make_instance):
    instance = make_instance(gateways=2).start()
    feeder = instance.start_feeder()
    clients = [instance.ws(sub="a", index=1), instance.ws(sub="b", index=2), instance.sse(sub="c")]
    try:
        for client in clients[:2]:
            client.wait("connection_established")
            client.subscribe("dashboard")
        for value in (1, 2, 3):
            feeder.sample("mrr", value)
            for client in clients:
                client.wait(lambda m: m["type"] in ("initial_metrics", "metrics_update")
                            and m["data"].get("businessMetrics", {}).get("mrr") == value)
    finally:
        for client in clients:
            client.close()


# ---- document 004 ---------------------------------------------------------------------------------


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


def test_004_9_sse_example_runs_as_written(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with run(instance, "004.9_sse.ts") as node:
        assert node.until("response")[0] == 200
        node.until("log", "Connected with token:")
        feeder.sample("cpu_usage", 99)
        assert node.until("showAlert")[0]["metric"] == "cpu_usage"
        feeder.sample("memory_usage", 42)
        while node.until("updateDashboard")[0].get("systemHealth", {}).get("memory_usage") != 42:
            pass


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


@pytest.mark.parametrize("name", ["004.8_environment.sh"])
def test_004_8_environment_of_the_document_starts_every_process(make_instance, name):
    env = dict(line.split("=", 1) for line in snippet(name).splitlines() if re.match(r"[A-Z_]+=", line))
    assert len(env) >= 10
    instance = make_instance(env=env).start()
    with instance.ws("platform_admin", env["WEBSOCKET_PATH"]) as ws:
        hello = ws.wait("connection_established")["data"]
        assert hello["heartbeatInterval"] == int(env["REAL_TIME_HEARTBEAT_INTERVAL"])
        assert hello["limits"]["maxBufferSize"] == int(env["MAX_BUFFER_SIZE"])
