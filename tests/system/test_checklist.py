# SPDX-License-Identifier: Apache-2.0
"""The rows of the requirement documents, each run as its document writes it.

A function is named after its row: test_000_1_… is row 1 of document 000.
"""
import json
import re
import signal
import socket

import pytest
import requests
from websockets.exceptions import InvalidStatusCode

import jwt
from sightline import free_port, wait_until

REALTIME = "/api/admin-dashboard/realtime"

# AdminDashboardSnapshot as document 000 declares it.
SNAPSHOT = {
    "systemHealth": ["overall_status", "cpu_usage", "memory_usage", "response_time", "uptime_percentage",
                     "active_services", "failed_services"],
    "businessMetrics": ["revenue_today", "revenue_trend", "active_customers", "conversion_rate", "churn_rate", "mrr"],
    "workflowPerformance": ["active_executions", "success_rate", "average_execution_time", "queue_size",
                            "failed_workflows", "throughput_per_hour"],
    "customerIntelligence": ["active_users_now", "user_growth_rate", "support_tickets_open", "average_health_score",
                             "user_engagement_rate", "bounce_rate"],
    "securityCompliance": ["failed_auth_attempts", "api_requests_per_minute", "compliance_score", "active_sessions",
                           "security_incidents", "audit_events_today"],
    "performance": ["data_sources_active", "aggregation_latency", "total_data_points", "memory_usage_mb"],
}
METRIC_OF = {"success_rate": "workflow_success_rate"}
SUMMARY = ["overall_status", "revenue_today", "active_users_now", "workflow_success_rate", "compliance_score"]

# Default Alert Thresholds of document 000: warning, critical.
THRESHOLDS = {
    "cpu_usage": (70, 85),
    "memory_usage": (75, 90),
    "response_time": (1000, 3000),
    "error_rate": (5, 10),
    "workflow_success_rate": (90, 80),
    "active_users_now": (100, 50),
    "failed_auth_attempts": (10, 25),
}

SOURCES = {  # of document 000, with a metric of each
    "health": ("system_health", "systemHealth", "cpu_usage"),
    "business": ("business_metrics", "businessMetrics", "mrr"),
    "n8n": ("workflow_performance", "workflowPerformance", "queue_size"),
    "behaviour": ("customer_intelligence", "customerIntelligence", "bounce_rate"),
    "audit": ("security_compliance", "securityCompliance", "security_incidents"),
}

ROLES = ["master_admin", "technical_admin", "business_admin", "compliance_admin", "operations_admin",
         "read_only_viewer"]


def snapshot(instance, role="master_admin"):
    response = instance.get(f"{REALTIME}?action=snapshot", role)
    assert response.status_code == 200, response.text
    return response.json()


def alerts(instance, role="master_admin"):
    response = instance.get(f"{REALTIME}?action=alerts", role)
    assert response.status_code == 200, response.text
    return response.json()


def act(instance, action, role="master_admin", **fields):
    return instance.post(REALTIME, {"action": action, **fields}, role)


def alert_of(instance, metric, severity=None):
    return next((a for a in alerts(instance) if a["metric"] == metric and a["state"] == "firing"
                 and severity in (None, a["severity"])), None)


def value_of(instance, section, field):
    return snapshot(instance)[section][field]


def probe(instance, name):
    """A value of a metric of the test's own catalog."""
    return value_of(instance, "systemHealth", name)


def connected(instance, index=1):
    """The WebSockets that a gateway has open."""
    text = instance.unix_get(index, "/metrics")[1]
    return int(re.search(r"^sightline_gateway_websockets\{.*\} (\d+)", text, re.M)[1])


def websocket_is_refused(instance, status, **kwargs):
    with pytest.raises(InvalidStatusCode) as refused:
        instance.ws(**kwargs)
    assert refused.value.status_code == status


# ---- document 000 ---------------------------------------------------------------------------------


def test_000_1_snapshot_has_every_section_and_field_of_the_document(make_instance):
    instance = make_instance().start()
    empty = snapshot(instance)
    assert set(empty) == {"timestamp", "alerts", "executiveSummary", *SNAPSHOT}
    for section, fields in SNAPSHOT.items():
        assert set(fields) <= set(empty[section]), section
        if section != "performance":
            assert all(empty[section][f] is None for f in fields if f != "overall_status"), "nothing has fed them"
            assert set(fields) <= set(empty[section]["stale"]) | {"overall_status"}, section
    feeder = instance.start_feeder()
    fed = {}
    for section, fields in SNAPSHOT.items():
        for field in fields:
            if field != "overall_status" and section != "performance":
                fed[section, field] = 7.5 + len(fed)
                feeder.sample(METRIC_OF.get(field, field), fed[section, field])

    def all_there():
        body = snapshot(instance)
        return all(body[section][field] == value for (section, field), value in fed.items()) and body
    body = wait_until(all_there, what="every value that was fed")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", body["timestamp"])
    wait_until(lambda: value_of(instance, "systemHealth", "overall_status") in ("healthy", "warning", "critical"),
               what="a word for the status")
    for section, fields in SNAPSHOT.items():
        assert not set(fields) & set(body[section]["stale"]), section
    for field in SNAPSHOT["performance"]:
        assert type(body["performance"][field]) in (int, float), field
    wait_until(lambda: value_of(instance, "performance", "data_sources_active") == 1, what="the feeder counted")
    wait_until(lambda: value_of(instance, "performance", "total_data_points") >= len(fed), what="its samples counted")
    assert value_of(instance, "performance", "memory_usage_mb") > 0
    summary = wait_until(lambda: not snapshot(instance)["executiveSummary"]["stale"]
                         and snapshot(instance)["executiveSummary"], what="the summary")
    assert set(summary) == {*SUMMARY, "open_alerts", "stale"}
    assert summary["revenue_today"] == fed["businessMetrics", "revenue_today"]
    assert set(summary["open_alerts"]) == {"warning", "critical"}
    assert isinstance(body["alerts"], list)


def test_000_2_system_status_has_the_six_fields_and_they_move(make_instance):
    instance = make_instance().start()
    status = lambda: instance.get(f"{REALTIME}?action=system-status").json()
    first = status()
    assert first["isRunning"] is True and first["dataSourcesActive"] == 0 and first["alertsActive"] == 0
    assert first["subscriptionsActive"] == 0 and first["memoryUsageMB"] > 0
    feeder = instance.start_feeder()
    feeder.sample("cpu_usage", 99)
    with instance.sse(path=f"{REALTIME}?action=sse"):
        wait_until(lambda: status()["subscriptionsActive"] >= 1, what="an active subscription")
        wait_until(lambda: status()["alertsActive"] == 1, what="the alert counted")
    assert status()["dataSourcesActive"] == 1
    assert status()["totalDataPoints"] > first["totalDataPoints"]
    wait_until(lambda: status()["subscriptionsActive"] == 0, what="the end of the subscription")
    for role in ("business_admin", "compliance_admin", "operations_admin", "read_only_viewer"):
        assert instance.get(f"{REALTIME}?action=system-status", role).status_code == 403, role
    assert instance.get(f"{REALTIME}?action=system-status", "technical_admin").status_code == 200


def test_000_3_alerts_are_listed_and_acknowledged_by_those_who_see_them(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("cpu_usage", 99)
    alert = wait_until(lambda: alert_of(instance, "cpu_usage"), what="the alert")
    assert alert["module"] == "system_health" and alert["severity"] == "critical" and alert["threshold"] == 85
    assert alerts(instance, "business_admin") == [] and alerts(instance, "read_only_viewer") == []
    assert act(instance, "acknowledge-alert", "read_only_viewer", alertId=alert["id"]).status_code == 403
    assert act(instance, "acknowledge-alert", "business_admin", alertId=alert["id"]).status_code == 404
    assert act(instance, "acknowledge-alert", alertId="alert-123").status_code == 404
    assert act(instance, "acknowledge-alert").status_code == 400
    assert not alert_of(instance, "cpu_usage")["acknowledged"]
    done = act(instance, "acknowledge-alert", "operations_admin", alertId=alert["id"])
    assert done.status_code == 200 and done.json()["acknowledgedBy"] == "operations_admin"
    wait_until(lambda: alert_of(instance, "cpu_usage")["acknowledged"], what="the acknowledgement in the list")
    assert act(instance, "acknowledge-alert", "operations_admin", alertId=alert["id"]).status_code == 200
    feeder.sample("cpu_usage", 5)
    wait_until(lambda: alerts(instance) == [], what="the end of the alert")


def test_000_4_sse_sends_the_sources_that_are_named_in_unnamed_events(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("mrr", 1)
    lines = []
    with requests.get(instance.url(f"{REALTIME}?action=sse&sources=system_health,workflows"), stream=True,
                      headers=instance.bearer(), timeout=(5, 30)) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        feeder.sample("mrr", 2)
        feeder.sample("workflow_success_rate", 97)
        feeder.sample("cpu_usage", 12)
        seen = {}
        for line in response.iter_lines(chunk_size=1, decode_unicode=True):
            lines.append(line)
            if line.startswith("data:"):
                message = json.loads(line[5:])
                if message["type"] in ("initial_metrics", "metrics_update"):
                    assert "businessMetrics" not in message["data"]
                    seen.update(message["data"].get("systemHealth", {}))
                    seen.update(message["data"].get("workflowPerformance", {}))
            if seen.get("success_rate") == 97 and seen.get("cpu_usage") == 12:
                break
    assert not [line for line in lines if line.startswith("event:")], "the document's client has onmessage only"
    with instance.sse(path=f"{REALTIME}?action=sse&sources=business_analytics") as sse:
        state = sse.wait("initial_metrics")["data"]
        assert state["businessMetrics"]["mrr"] == 2 and "systemHealth" not in state
    assert instance.get(f"{REALTIME}?action=sse&sources=nonsense").status_code == 400
    assert instance.get(f"{REALTIME}?action=sse&sources=workflows", "business_admin").status_code == 403


def test_000_5_control_actions_are_idempotent_need_admins_and_outlive_a_restart(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("cpu_usage", 10)
    wait_until(lambda: value_of(instance, "systemHealth", "cpu_usage") == 10, what="the first value")
    for role in ROLES[1:]:
        for action in ("start-aggregator", "stop-aggregator"):
            assert act(instance, action, role).status_code == 403, (role, action)
        allowed = act(instance, "force-aggregation", role).status_code == 200
        assert allowed == (role == "technical_admin"), role
    assert act(instance, "no-such-action").status_code == 400
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("metrics.system_health.>", "content.updated")
        for _ in range(2):
            stopped = act(instance, "stop-aggregator")
            assert stopped.status_code == 200 and stopped.json()["isRunning"] is False
        assert instance.status()["isRunning"] is False
        feeder.sample("cpu_usage", 20)
        feeder.event("content.updated", contentId="while-paused")
        event = ws.wait("event")
        assert event["data"]["payload"]["contentId"] == "while-paused", "events go on"
        feeder.flush()
        assert value_of(instance, "systemHealth", "cpu_usage") == 10, "metrics pause"
        assert not [m for m in ws.of_type("metrics_update") if m["data"].get("systemHealth", {}).get("cpu_usage") == 20]
    instance.processes["aggregator"].kill()
    instance.start_aggregator()
    wait_until(lambda: instance.get("/api/v1/status").status_code == 200 and not instance.status()["isRunning"],
               what="the pause after the restart")
    for _ in range(2):
        started = act(instance, "start-aggregator")
        assert started.status_code == 200 and started.json()["isRunning"] is True
    feeder.sample("cpu_usage", 30)
    wait_until(lambda: value_of(instance, "systemHealth", "cpu_usage") == 30, what="metrics going on")


def test_000_7_each_source_feeds_its_module_and_no_other(make_instance):
    sections = {f'collector "{name}"': f"modules = {{{module}}}" for name, (module, _, _) in SOURCES.items()}
    instance = make_instance(config=sections).start()
    feeders = {name: instance.start_feeder(name) for name in SOURCES}
    for value, (name, (_, _, metric)) in enumerate(SOURCES.items(), 1):
        feeders[name].sample(metric, value)
    for value, (_, section, metric) in enumerate(SOURCES.values(), 1):
        wait_until(lambda: value_of(instance, section, metric) == value, what=f"{section}.{metric}")
    feeders["n8n"].sample("mrr", 666)
    feeders["n8n"].event("orders.created", id=1)
    feeders["n8n"].sample("queue_size", 42)
    wait_until(lambda: value_of(instance, "workflowPerformance", "queue_size") == 42, what="the sample after them")
    assert value_of(instance, "businessMetrics", "mrr") == 2, "not its module"
    wait_until(lambda: instance.source("n8n")["refused"] >= 2, what="the refused counted")
    assert {s["name"] for s in instance.status()["sources"]} >= set(SOURCES)


COUNTING = 'metric "system_health.counted" { expr = "count_over_time(bench_value[%s])" }\n'


def test_000_8_update_interval_drives_what_only_the_clock_changes(make_instance):
    slow = make_instance(catalog=COUNTING % "1s", config={"aggregator": "updateIntervalMs = 3600000"}).start()
    feeder = slow.start_feeder()
    feeder.sample("bench_value", 1)
    wait_until(lambda: probe(slow, "counted") == 1, what="the sample counted")
    instance = make_instance(catalog=COUNTING % "1s", config={"aggregator": "updateIntervalMs = 100"}).start()
    instance.start_feeder().sample("bench_value", 1)
    wait_until(lambda: probe(instance, "counted") == 1, what="the sample counted")
    wait_until(lambda: probe(instance, "counted") in (0, None), what="the end of the window without a sample")
    # The other's window is over by now, too: nothing has told it.
    assert probe(slow, "counted") == 1
    assert act(slow, "force-aggregation").status_code == 200
    wait_until(lambda: probe(slow, "counted") in (0, None), what="the forced aggregation")


@pytest.mark.parametrize("options, kept", [("", 12), ("bufferSizePerSource = 5", 5), ("enableDataBuffering = false", 1)])
def test_000_8_buffer_options_bound_what_expressions_see(make_instance, options, kept):
    instance = make_instance(catalog=COUNTING % "1h", config={"aggregator": options}).start()
    feeder = instance.start_feeder()
    for age_s in range(30, 6, -2):
        feeder.sample("bench_value", age_s, age_s)
    feeder.flush()
    act(instance, "force-aggregation")
    wait_until(lambda: probe(instance, "counted") == kept, what=f"{kept} samples in the buffer")


def test_000_8_real_time_streaming_off_leaves_rest_only(make_instance):
    instance = make_instance(config={"aggregator": "enableRealTimeStreaming = false\nupdateIntervalMs = 200"}).start()
    assert instance.get("/api/v1/stream", stream=True).status_code == 503
    websocket_is_refused(instance, 503)
    instance.start_feeder().sample("cpu_usage", 33)
    wait_until(lambda: value_of(instance, "systemHealth", "cpu_usage") == 33, what="the value by REST")


def test_000_8_alert_thresholds_replace_those_of_the_catalog(make_instance):
    own = 'alertThresholds "memory_usage" { warning = 20 critical = 40 }'
    instance = make_instance(config={"aggregator": own}).start()
    feeder = instance.start_feeder()
    feeder.sample("memory_usage", 30)
    assert wait_until(lambda: alert_of(instance, "memory_usage", "warning"), what="a warning")["threshold"] == 20
    feeder.sample("memory_usage", 50)
    assert wait_until(lambda: alert_of(instance, "memory_usage", "critical"), what="critical")["threshold"] == 40


@pytest.mark.parametrize("wrong", ["updateIntervalMs = 0", "bufferSizePerSource = 0", "enableRealTimeStreaming = 7",
                                   "enableDataBuffering = perhaps", "enableMLForecasting = 3", "retentionPeriodMs = 5"])
def test_000_8_options_of_the_document_refuse_what_they_cannot_be(make_instance, wrong):
    instance = make_instance(config={"aggregator": wrong})
    process = instance.start_aggregator()
    assert process.wait() == 78
    del instance.processes["aggregator"]
    errors = [line for line in process.text().splitlines() if line.startswith("error")]
    assert len(errors) == 1 and "sightline.conf" in errors[0], process.text()
    assert wrong.split()[2] in errors[0] or wrong.split()[0] in errors[0]


def test_000_9_default_thresholds_know_their_worse_side(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()

    def feed_all(value):
        for metric, (warning, critical) in THRESHOLDS.items():
            feeder.sample(metric, value(warning, critical))

    feed_all(lambda warning, critical: warning - (critical - warning) / 10)
    feeder.flush()
    assert alerts(instance) == [], "all are on their better side"
    feed_all(lambda warning, critical: (warning + critical) / 2)
    for metric, (warning, _) in THRESHOLDS.items():
        alert = wait_until(lambda: alert_of(instance, metric, "warning"), what=f"a warning of {metric}")
        assert alert["threshold"] == warning
    feed_all(lambda warning, critical: critical + (critical - warning) / 10)
    for metric, (_, critical) in THRESHOLDS.items():
        alert = wait_until(lambda: alert_of(instance, metric, "critical"), what=f"{metric} critical")
        assert alert["threshold"] == critical
    feed_all(lambda warning, critical: warning - (critical - warning))
    wait_until(lambda: alerts(instance) == [], what="the end of all alerts")


def test_000_10_six_roles_sign_in_and_an_unknown_one_does_not(make_instance):
    instance = jwt.accept(make_instance(config={"auth": jwt.KEYS})).start()
    for role in ROLES:
        assert "executiveSummary" in snapshot(instance, role), role
    unknown = instance.get("/api/v1/snapshot", None, {"Authorization": "Bearer " + jwt.sign(jwt.claims("super_admin"))})
    assert unknown.status_code == 401 and "role" in unknown.json()["detail"]


def test_000_11_updates_and_alerts_wait_for_no_interval(make_instance):
    # With an hour between aggregations, whatever arrives was pushed by its cause.
    instance = make_instance(config={"aggregator": "updateIntervalMs = 3600000"}).start()
    feeder = instance.start_feeder()
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("metrics.system_health.>", "alerts", "events.>")
        feeder.sample("cpu_usage", 99)
        ws.wait(lambda m: m["type"] == "system_alert" and m["data"]["metric"] == "cpu_usage")
        feeder.sample("memory_usage", 11)
        ws.wait(lambda m: m["type"] == "metrics_update" and m["data"].get("systemHealth", {}).get("memory_usage") == 11)
        feeder.event("system.error", message="disk on fire")
        event = ws.wait("event")
        assert event["data"]["priority"] == "critical" and event["ts"] > 0
    assert value_of(instance, "systemHealth", "memory_usage") == 11


def test_000_13_figures_debug_log_and_debug_commands_are_there(make_instance):
    instance = make_instance(env={"SIGHTLINE_LOG_LEVEL": "debug"}).start("system")
    wait_until(lambda: value_of(instance, "performance", "total_data_points") > 0, what="data points")
    assert value_of(instance, "performance", "aggregation_latency") is not None
    text = instance.unix_get(1, "/metrics")[1]
    assert "sightline_gateway_websockets{" in text and "sightline_gateway_requests_total{" in text
    status = instance.status()
    assert status["rings"] and status["bus"]["batches"] > 0 and status["journal"]["state"] == "ok"
    assert {"received", "dropped", "refused", "ignored"} <= set(instance.source("system"))
    assert any(g["name"] == "gateway-1" for g in status["gateways"])
    forced = act(instance, "force-aggregation")
    assert forced.status_code == 200 and forced.json()["isRunning"]
    assert isinstance(alerts(instance), list)
    logs = "".join(instance.processes[name].text() for name in ("aggregator", "gateway-1", "collect-system"))
    assert re.search(r"^debug ", logs, re.M), "the debug level shows more"


# ---- document 001 ---------------------------------------------------------------------------------


def test_001_8_environment_names_of_the_document_work(make_instance):
    instance = make_instance(env={"WEBSOCKET_MAX_CONNECTIONS": "2", "CACHE_TTL_SECONDS": "60",
                                  "EVENT_PROCESSING_RATE_LIMIT": "20", "REDIS_URL": "redis://localhost:6379"}).start()
    assert "REDIS_URL" in instance.processes["aggregator"].text() + instance.processes["gateway-1"].text()
    feeder = instance.start_feeder()
    with instance.ws(path="/analytics/realtime/dashboard") as first, instance.ws() as second:
        first.wait("connection_established")
        second.wait("connection_established")
        websocket_is_refused(instance, 503)
        first.subscribe("content.updated")
        for number in range(60):
            feeder.event("content.updated", contentId=str(number))
        wait_until(lambda: any(r["backlogBytes"] > 0 for r in instance.status()["rings"]), what="waiting in the ring")
        wait_until(lambda: len(first.of_type("event")) == 60, 60, what="all events in the end")
        assert [m["data"]["payload"]["contentId"] for m in first.of_type("event")] == [str(n) for n in range(60)]
    wait_until(lambda: connected(instance) == 0, what="room again")
    instance.ws().close()


@pytest.mark.parametrize("name, value, program", [
    ("WEBSOCKET_MAX_CONNECTIONS", "many", "gateway"), ("EVENT_PROCESSING_RATE_LIMIT", "-1", "aggregator"),
    ("CACHE_TTL_SECONDS", "soon", "aggregator")])
def test_001_8_environment_names_refuse_wrong_values_by_name(make_instance, name, value, program):
    instance = make_instance(env={name: value})
    process = instance.start_gateway() if program == "gateway" else instance.start_aggregator()
    assert process.wait() == 78
    instance.processes.clear()
    assert name in process.text() and value in process.text()


# ---- document 002 ---------------------------------------------------------------------------------


def test_002_6_several_gateways_share_one_port_and_the_stream(make_instance):
    instance = make_instance(gateways=2, env={"MAX_CONNECTIONS_PER_USER": "64"}).start()
    feeder = instance.start_feeder()
    clients = []
    try:
        def opened_on_both():
            clients.append(instance.ws(sub=f"user-{len(clients)}"))
            clients[-1].wait("connection_established")
            return connected(instance, 1) and connected(instance, 2)
        wait_until(opened_on_both, what="clients on both gateways")
        for client in clients:
            client.subscribe("metrics.>", "content.updated")
        feeder.event("content.updated", contentId="to-all")
        assert {c.wait("event")["seq"] for c in clients} == {clients[0].of_type("event")[0]["seq"]}
        assert instance.processes["gateway-1"].kill(signal.SIGKILL) != 0
        survivor = instance.ws(sub="survivor", index=2)
        clients.append(survivor)
        survivor.wait("connection_established")
    finally:
        for client in clients:
            client.close()


def test_002_10_websocket_port_is_where_the_root_is_a_websocket(make_instance):
    port = free_port()
    instance = make_instance(env={"WEBSOCKET_PORT": str(port), "SIGHTLINE_GATEWAY_QUERY_TOKEN": "true"})
    del instance.env["SIGHTLINE_GATEWAY_PORT"]
    instance.port = port
    instance.start()
    with instance.ws(role=None, path=f"/?token={instance.token()}", subprotocols=None) as ws:
        ws.wait("connection_established")
        assert ws.subscribe("content.*")["data"]["topics"] == ["content.*"]
    assert requests.get(instance.url("/"), timeout=5).headers.get("Upgrade") is None


# ---- document 004 ---------------------------------------------------------------------------------


PING = 9


def read_frames(instance, path, count):
    """The opcodes of a WebSocket's first frames, pings included; pongs are not sent."""
    with socket.create_connection(("127.0.0.1", instance.port), 20) as s:
        s.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{instance.port}\r\nUpgrade: websocket\r\n"
                   f"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                   f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {instance.token()}\r\n\r\n").encode())
        stream = s.makefile("rb")
        assert b" 101 " in stream.readline()
        while stream.readline() not in (b"\r\n", b""):
            pass
        opcodes = []
        while len(opcodes) < count:
            head = stream.read(2)
            size = head[1] & 127
            if size == 126:
                size = int.from_bytes(stream.read(2), "big")
            stream.read(size)
            opcodes.append(head[0] & 15)
        return opcodes


def test_004_8_environment_names_of_the_document_have_their_effect(make_instance):
    instance = make_instance(env={
        "REAL_TIME_ENABLED": "true", "REAL_TIME_UPDATE_INTERVAL": "30000", "REAL_TIME_HEARTBEAT_INTERVAL": "200",
        "REAL_TIME_CLEANUP_INTERVAL": "300000", "REAL_TIME_BUFFER_FLUSH_INTERVAL": "10000",
        "WEBSOCKET_ENABLED": "true", "WEBSOCKET_PATH": "/socket", "WEBSOCKET_PING_INTERVAL": "200",
        "MAX_CONNECTIONS_PER_USER": "1", "MAX_BUFFER_SIZE": "7", "CONNECTION_TIMEOUT": "1800000"}).start()
    with instance.ws(path="/socket") as ws:
        hello = ws.wait("connection_established")["data"]
        assert hello["heartbeatInterval"] == 200 and hello["limits"]["maxBufferSize"] == 7
        with instance.ws() as second:
            assert second.wait("error")["data"]["code"] == "connection-limit"
            assert second.wait_closed() == 3504
    wait_until(lambda: connected(instance) == 0, what="room again")
    assert read_frames(instance, "/socket", 8).count(PING) >= 3
    wait_until(lambda: connected(instance) == 0, what="room again")
    with instance.sse(path="/api/v1/stream?heartbeat=message") as sse:
        assert sse.wait("heartbeat")["data"]["serverTime"]
        assert instance.get("/api/v1/stream", stream=True).status_code == 429


@pytest.mark.parametrize("name, stream", [("REAL_TIME_ENABLED", 503), ("WEBSOCKET_ENABLED", 200)])
def test_004_8_switched_off_means_503(make_instance, name, stream):
    instance = make_instance(env={name: "false"}).start()
    with instance.get("/api/v1/stream", stream=True) as response:
        assert response.status_code == stream
    websocket_is_refused(instance, 503)
    assert instance.get("/api/v1/snapshot").status_code == 200


def test_004_8_defaults_are_those_of_the_document(make_instance):
    instance = make_instance().start()
    clients = [instance.ws(path="/api/admin/analytics/websocket") for _ in range(5)]
    try:
        hello = clients[0].wait("connection_established")["data"]
        assert hello["heartbeatInterval"] == 30000 and hello["limits"]["maxBufferSize"] == 100
        with instance.ws() as sixth:
            assert sixth.wait_closed() == 3504, "five connections a user"
    finally:
        for client in clients:
            client.close()
