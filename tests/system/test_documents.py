# SPDX-License-Identifier: Apache-2.0
"""Documents 000 to 003: their snippets as they stand, see snippets.py."""
import json
import re

import requests

from sightline import wait_until
from snippets import fields, run, snippet

REALTIME = "/api/admin-dashboard/realtime"


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


def test_000_6_data_points_have_each_member_of_the_interface(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    declared = fields("000.6_data_point.ts")
    assert len(declared) == 9
    with instance.sse(path=f"{REALTIME}?action=sse&sources=system_health&format=points") as sse:
        sse.wait("subscribed")
        feeder.sample("cpu_usage", 99)
        fed = lambda m: [p for p in m["data"].get("points", []) if p["metric"] == "cpu_usage" and p["value"] == 99]
        point = fed(sse.wait(fed))[0]
        assert set(point) == set(declared)
        assert point["status"] == "critical" and "system_health" in point["moduleAccess"]


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


def test_002_8_get_stats_has_the_figures_of_the_document(make_instance):
    instance = make_instance().start()
    with instance.ws(sub="a") as ws, instance.ws(sub="b") as other:
        for client in (ws, other):
            client.wait("connection_established")
        ws.subscribe("content.updated")
        ws.subscribe("alerts")
        with run(instance, "002.8_stats.ts", statistics=True, call="console.log(stats);") as node:
            stats = node.until("log")[0]
            assert (stats["totalConnections"], stats["activeSubscriptions"]) == (2, 2)


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
