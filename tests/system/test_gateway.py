# SPDX-License-Identifier: Apache-2.0
"""What clients of a gateway see, on real processes."""
import json
import signal

import pytest
import requests

from sightline import wait_until

SECTIONS = {
    "master_admin": {"systemHealth", "businessMetrics", "workflowPerformance", "customerIntelligence",
                     "securityCompliance", "executiveSummary", "performance"},
    "technical_admin": {"systemHealth", "workflowPerformance", "securityCompliance", "executiveSummary",
                        "performance"},
    "business_admin": {"businessMetrics", "customerIntelligence", "executiveSummary"},
    "compliance_admin": {"securityCompliance", "executiveSummary"},
    "operations_admin": {"workflowPerformance", "systemHealth", "executiveSummary", "performance"},
    "read_only_viewer": {"executiveSummary"},
}

ALARM = """metric "system_health.memory_usage" {
    title = "Memory" unit = percent aggregate = avg warning = 0.001 critical = 100 }
"""


def events(stream):
    return [m["data"]["payload"]["n"] for m in stream.of_type("event")]


# ---- snapshot and HTTP ---------------------------------------------------------------------


def test_snapshot_has_exactly_the_sections_of_each_role(instance):
    for role, sections in SECTIONS.items():
        body = instance.get("/api/v1/snapshot", role).json()
        assert set(body) - {"timestamp", "alerts"} == sections, role
        assert "timestamp" in body and isinstance(body["alerts"], list)
    wait_until(lambda: isinstance(instance.get("/api/v1/snapshot").json()["systemHealth"]["cpu_usage"],
                                  (int, float)), what="a figure of the machine")
    body = instance.get("/api/admin-dashboard/realtime?action=snapshot").json()
    assert body["businessMetrics"]["mrr"] is None and "mrr" in body["businessMetrics"]["stale"]
    assert set(body["performance"]) >= {"data_sources_active", "aggregation_latency", "total_data_points",
                                        "memory_usage_mb"}
    assert body["executiveSummary"]["open_alerts"].keys() == {"warning", "critical"}


def test_snapshot_answers_304_to_its_etag_and_reads_modules(instance):
    part = instance.get("/api/v1/snapshot?modules=business_metrics")
    assert set(part.json()) == {"timestamp", "alerts", "businessMetrics"}
    again = instance.get("/api/v1/snapshot?modules=nonsense")
    assert again.status_code == 400
    assert instance.get("/api/v1/snapshot?modules=system_health", "business_admin").status_code == 403
    assert part.headers["ETag"].startswith('"')
    wait_until(lambda: instance.get("/api/v1/snapshot?modules=business_metrics", headers={
        "If-None-Match": instance.get("/api/v1/snapshot?modules=business_metrics").headers["ETag"]}
    ).status_code == 304, what="an unchanged snapshot")


def test_refusals_are_problems_that_say_why(instance):
    none = instance.get("/api/v1/snapshot", role=None)
    assert none.status_code == 401 and none.headers["WWW-Authenticate"].startswith("Bearer")
    assert none.headers["Content-Type"] == "application/problem+json"
    wrong = instance.get("/api/v1/snapshot", None, {"Authorization": "Bearer " + instance.token()[:-6] + "AAAAAA"})
    assert wrong.status_code == 401 and "signature" in wrong.json()["detail"]
    forbidden = instance.get("/api/v1/status", "business_admin")
    assert forbidden.status_code == 403 and forbidden.json()["type"] == "/problems/forbidden"
    lost = instance.get("/nothing/here")
    assert lost.status_code == 404 and lost.json()["request_id"]
    method = requests.put(instance.url("/api/v1/snapshot"), timeout=5)
    assert method.status_code == 405 and "GET" in method.headers["Allow"]
    assert requests.options(instance.url("/api/v1/control"), timeout=5).headers["Allow"] == "POST, OPTIONS"
    assert requests.head(instance.url("/api/v1/snapshot"), headers=instance.bearer(), timeout=5).status_code == 200
    page = requests.get(instance.url(lost.json()["type"]), timeout=5)
    assert page.status_code == 200 and "not-found" in page.text


def test_no_path_leaves_the_static_root(instance):
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/.git/config",
                 "//etc/passwd", "/assets/../../../etc/passwd"):
        got = instance.unix_get(1, path)
        assert got[0] in (400, 404) and "root:" not in got[1], path


def test_status_shows_the_six_fields_of_the_document(instance):
    body = instance.get("/api/admin-dashboard/realtime?action=system-status").json()
    assert {"isRunning", "dataSourcesActive", "subscriptionsActive", "totalDataPoints", "memoryUsageMB",
            "alertsActive"} <= set(body)


def test_metrics_need_a_token_except_on_the_own_socket(instance):
    assert instance.get("/metrics", role=None).status_code == 401
    assert instance.get("/metrics", "business_admin").status_code == 403
    status, text = instance.unix_get(1, "/metrics")
    assert status == 200 and text.endswith("# EOF\n")
    assert 'sightline_gateway_requests_total{process="gateway-1"}' in text


def test_session_cookie_works_from_the_own_origin_only(instance):
    session = requests.Session()
    opened = session.post(instance.url("/api/v1/session"), headers=instance.bearer("technical_admin"), timeout=5)
    cookie = opened.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert cookie.startswith(f"sightline-{instance.port}=")
    session.cookies.set(f"sightline-{instance.port}", cookie.split("=", 1)[1].split(";")[0])
    assert session.get(instance.url("/api/v1/session"), timeout=5).json()["role"] == "technical_admin"
    action = {"action": "force-aggregation"}
    assert session.post(instance.url("/api/v1/control"), json=action, timeout=5).status_code == 403
    own = {"Origin": instance.url("")}
    assert session.post(instance.url("/api/v1/control"), json=action, headers=own, timeout=5).status_code == 200
    foreign = {"Origin": "http://evil.example"}
    assert session.post(instance.url("/api/v1/control"), json=action, headers=foreign, timeout=5).status_code == 403


# ---- streams -----------------------------------------------------------------------------------


def test_websocket_subscribes_updates_and_unsubscribes(instance):
    with instance.ws("technical_admin") as ws:
        hello = ws.wait("connection_established")
        assert hello["data"]["connectionId"] and hello["data"]["heartbeatInterval"] == 30000
        answer = ws.subscribe("system_health", "cpu_usage")
        assert answer["data"]["subscriptionId"] == "sub-1" and answer["cursor"]
        state = ws.wait("initial_metrics")["data"]
        assert set(state) >= {"systemHealth", "alerts"} and "workflowPerformance" not in state
        assert ws.wait("metrics_update")["data"]
        assert ws.request("ping", "pong")["data"]["serverTime"]
        ws.request("unsubscribe", "unsubscribed", subscriptionId="sub-1")


def test_stream_starts_with_metrics_and_alerts_in_unnamed_events(instance):
    with instance.sse("operations_admin") as sse:
        assert sse.response.headers["Content-Type"].startswith("text/event-stream")
        assert sse.response.headers["X-Accel-Buffering"] == "no"
        sse.wait("connection_established")
        assert sse.wait("subscribed")["data"]["topics"] == ["metrics.>", "alerts"]
        assert "alerts" in sse.wait("initial_metrics")["data"]
        sse.wait("metrics_update")
        assert sse.last_id == sse.cursor()


def test_document_stream_follows_sources_and_categories(instance):
    with instance.sse(path="/api/admin-dashboard/realtime?action=sse&sources=system_health,workflows") as sse:
        state = sse.wait("initial_metrics")["data"]
        assert {"systemHealth", "workflowPerformance"} <= set(state) and "businessMetrics" not in state
    with instance.sse(path="/api/v1/stream?sources=system_health&categories=cpu_usage") as sse:
        state = sse.wait("initial_metrics")["data"]
        assert set(state["systemHealth"]) == {"cpu_usage", "stale"}
    assert instance.get("/api/v1/stream?topics=nonsense", stream=True).status_code == 400
    assert instance.get("/api/v1/stream?topics=system_health", "business_admin", stream=True).status_code == 403


def test_names_outside_of_the_role_are_refused_and_wildcards_narrowed(instance):
    with instance.ws("business_admin") as ws:
        error = ws.request("subscribe", "error", topics=["metrics.system_health.cpu_usage"])
        assert error["data"]["code"] == "forbidden"
        error = ws.request("subscribe", "error", topics=["no.such.thing"])
        assert error["data"]["code"] == "unknown-topic"
        ws.subscribe("metrics.>")
        assert set(ws.wait("initial_metrics")["data"]) == {
            "timestamp", "businessMetrics", "customerIntelligence", "executiveSummary"}


def test_bad_messages_are_answered_and_the_connection_lives_until_there_are_too_many(make_instance):
    instance = make_instance().start()
    with instance.ws() as ws:
        for text in ("{", "[]", "{}", '{"type":1}', '{"type":"subscribe"}', '{"type":"subscribe","data":[]}',
                     '{"type":"ping","type":"ping"}', '{"type":"subscribe","data":{"topics":[1]}}', '"\\u0000"'):
            ws.send(text)
            assert ws.wait("error")["data"]["code"]
        assert ws.request("ping", "pong")
        ws.send_until_closed("{", 101)
        assert ws.wait("disconnect")["data"] | {"retry_ms": 0} == {
            "code": 3501, "reason": "too many bad messages", "reconnect": False, "retry_ms": 0}
        assert ws.wait_closed() == 3501
    with instance.ws() as ws:
        ws.send(b"binary")
        assert ws.wait_closed() == 1003


def test_tokens_of_a_websocket_first_message_and_too_late(make_instance):
    instance = make_instance(env={"SIGHTLINE_GATEWAY_AUTH_TIMEOUT": "500ms"}).start()
    with instance.ws(role=None) as ws:
        ws.send({"type": "auth", "id": "x", "data": {"token": instance.token("read_only_viewer")}})
        assert ws.wait("connection_established")["id"] == "x"
        assert ws.subscribe("metrics.>")
    with instance.ws(role=None) as ws:
        assert ws.wait("disconnect")["data"]["code"] == 3500
        assert ws.wait_closed() == 3500
    with instance.ws(role=None, headers={"Authorization": "Bearer x.y.z"}) as ws:
        assert ws.wait("error")["data"]["code"] == "invalid-token"
        assert ws.wait_closed() == 3500
    token = instance.token("read_only_viewer")
    with instance.ws(role=None, subprotocols=["sightline.v1.json", "bearer." + token]) as ws:
        assert ws.wait("connection_established")
        assert ws.socket.subprotocol == "sightline.v1.json"


def test_query_token_counts_only_where_it_is_turned_on(make_instance):
    off = make_instance().start()
    assert requests.get(off.url("/api/v1/snapshot?token=" + off.token()), timeout=5).status_code == 401
    on = make_instance(env={"SIGHTLINE_GATEWAY_QUERY_TOKEN": "true"}).start()
    assert requests.get(on.url("/api/v1/snapshot?token=" + on.token()), timeout=5).status_code == 200
    with on.ws(role=None, path="/?token=" + on.token(), subprotocols=None) as ws:
        ws.wait("connection_established")
    with on.ws(role=None, path="/?userId=somebody&token=" + on.token(), subprotocols=None) as ws:
        assert ws.wait_closed() == 3507


def test_a_user_has_as_many_connections_as_allowed(make_instance):
    instance = make_instance().start()
    open_streams = [instance.ws("technical_admin", sub="one") for _ in range(5)]
    try:
        for ws in open_streams:
            ws.wait("connection_established")
        with instance.ws("technical_admin", sub="one") as ws:
            assert ws.wait_closed() == 3504
        assert instance.get("/api/v1/stream", "technical_admin", {
            "Authorization": "Bearer " + instance.token("technical_admin", "one")}, stream=True).status_code == 429
        open_streams.pop().close()

        def again():
            with instance.ws("technical_admin", sub="one") as ws:
                return ws.wait(lambda m: True)["type"] == "connection_established"
        wait_until(again, what="a free place")
    finally:
        for ws in open_streams:
            ws.close()


def test_expiring_token_closes_with_3005(make_instance):
    instance = make_instance().start()
    with instance.ws("technical_admin", sub="brief") as ws:
        ws.wait("connection_established")
        ws.send({"type": "refresh", "data": {"token": instance.token("technical_admin", "brief", "2s")}})
        ws.wait("connection_established")
        ws.wait("token_expiring")
        assert ws.wait("disconnect")["data"]["reconnect"] is True
        assert ws.wait_closed() == 3005


def test_sign_out_cuts_the_token_on_every_gateway(make_instance):
    instance = make_instance(gateways=2).start()
    token = instance.token("technical_admin", "leaver")
    header = {"Authorization": "Bearer " + token}
    with instance.ws("technical_admin", sub="leaver", index=1) as a, \
            instance.ws("technical_admin", sub="leaver", index=2) as b:
        a.wait("connection_established")
        b.wait("connection_established")
        assert requests.delete(instance.url("/api/v1/session"), headers=header, timeout=5).status_code == 200
        assert a.wait_closed() == 3503
        assert b.wait_closed() == 3503
    for index in (1, 2):
        wait_until(lambda i=index: instance.unix_get(
            i, "/api/v1/snapshot", f"Authorization: Bearer {token}\r\n")[0] == 401, what="refusal")


# ---- alerts ------------------------------------------------------------------------------------


def test_alert_is_pushed_and_acknowledged_once_for_all(make_instance):
    instance = make_instance(catalog=ALARM).start("system")
    with instance.ws("technical_admin") as ws, instance.ws("operations_admin") as other:
        for w in (ws, other):
            w.wait("connection_established")
            w.subscribe("alerts")
        alert = wait_until(lambda: next((a for a in instance.get("/api/v1/alerts").json()["alerts"]
                                         if a["metric"] == "memory_usage" and a["state"] == "firing"), None))
        assert instance.get("/api/admin-dashboard/realtime?action=alerts").json()
        assert instance.get("/api/v1/alerts", "business_admin").json() == {"alerts": []}
        path = f"/api/v1/alerts/{alert['id']}/acknowledge"
        assert instance.post(path, {}, "read_only_viewer").status_code == 403
        assert instance.post(path, {}, "business_admin").status_code == 404
        done = instance.post("/api/admin-dashboard/realtime",
                             {"action": "acknowledge-alert", "alertId": alert["id"]}, "technical_admin")
        assert done.status_code == 200 and done.json()["acknowledgedBy"] == "technical_admin"
        assert instance.post(path, {"note": "again"}, "operations_admin").status_code == 200
        for w in (ws, other):
            update = w.wait(lambda m: m["type"] == "alert_update" and m["data"]["acknowledged"])
            assert update["data"]["id"] == alert["id"] and update["log"] == "alerts" and update["cursor"]


def test_control_actions_need_their_rights_and_stop_pauses_metrics(instance):
    for action, role, status in (("stop-aggregator", "technical_admin", 403), ("force-aggregation", "technical_admin", 200),
                                 ("nonsense", "master_admin", 400), ("stop-aggregator", "master_admin", 200)):
        assert instance.post("/api/v1/control", {"action": action}, role).status_code == status, action
    wait_until(lambda: instance.status()["isRunning"] is False)
    assert instance.post("/api/admin-dashboard/realtime", {"action": "start-aggregator"}).status_code == 200
    wait_until(lambda: instance.status()["isRunning"] is True)


# ---- losing and finding processes ----------------------------------------------------------------


def test_silent_bus_names_every_metric_stale_and_is_degraded(instance):
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("metrics.>")
        ws.wait("initial_metrics")
        instance.processes["aggregator"].kill()
        stale = ws.wait(lambda m: m["type"] == "metrics_update" and
                        "cpu_usage" in m["data"].get("systemHealth", {}).get("stale", []))
        assert stale
        status, body = instance.unix_get(1, "/readyz")
        assert status == 200 and json.loads(body)["status"] == "degraded"
        assert instance.get("/api/v1/snapshot").status_code == 200
        assert instance.get("/api/v1/status").status_code == 503
        instance.start_aggregator()
        ws.wait(lambda m: m["type"] == "metrics_update" and
                "cpu_usage" not in m["data"].get("systemHealth", {}).get("stale", ["cpu_usage"]))


@pytest.mark.parametrize("transport", ["ws", "sse"])
def test_resume_on_another_gateway_loses_and_repeats_nothing(make_instance, transport):
    instance = make_instance(gateways=2).start()
    instance.start_collector("synthetic", "--events", "200", "--seconds", "6")

    def connect(index, cursor):
        if transport == "ws":
            ws = instance.ws(index=index, sub=f"s{index}")
            ws.wait("connection_established")
            ws.subscribe("events.>", **({"since": cursor} if cursor else {}))
            return ws
        headers = {"Last-Event-ID": cursor} if cursor else None
        return instance.sse(path="/api/v1/stream?topics=events.>", sub=f"s{index}", headers=headers)

    seen, cursor = [], None
    for turn in range(6):
        with connect(turn % 2 + 1, cursor) as stream:
            wait_until(lambda s=stream: len(s.of_type("event")) >= 100, what="100 events")
        wait_until(lambda s=stream: s.closed is not None, what="the end")
        assert not stream.of_type("gap")
        seen += events(stream)
        cursor = stream.cursor()
    assert seen == list(range(seen[0], seen[0] + len(seen)))


def test_resume_across_kill_9_of_the_aggregator(make_instance):
    instance = make_instance().start()
    instance.start_collector("synthetic", "--events", "200", "--seconds", "8")
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("events.>")
        wait_until(lambda: len(events(ws)) > 100)
        instance.processes["aggregator"].kill()
        before = len(events(ws))
        instance.start_aggregator()
        wait_until(lambda: len(events(ws)) > before + 300, what="events after the restart")
        got = events(ws)
        assert got == list(range(got[0], got[0] + len(got)))
        assert not ws.of_type("gap")


def test_sigterm_says_disconnect_and_ends(make_instance):
    instance = make_instance(gateways=2).start()
    with instance.ws(index=1) as ws:
        ws.wait("connection_established")
        process = instance.processes["gateway-1"]
        process.popen.send_signal(signal.SIGTERM)
        goodbye = ws.wait("disconnect")["data"]
        assert goodbye["code"] == 3001 and goodbye["reconnect"] and goodbye["retry_ms"] > 0
        assert ws.wait_closed() == 3001
        assert process.wait() == 0
    with instance.ws(index=2) as ws:
        ws.wait("connection_established")


def test_static_files_have_types_tags_and_a_policy(make_instance, tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>x</title>")
    (tmp_path / "assets/app-3F2A9C1B.js").write_text("1;")
    (tmp_path / "assets/app-3F2A9C1B.js.gz").write_bytes(b"packed")
    (tmp_path / ".hidden").write_text("no")
    (tmp_path / "link").symlink_to("/etc/passwd")
    instance = make_instance(env={"SIGHTLINE_GATEWAY_STATIC_ROOT": str(tmp_path)}).start()
    page = requests.get(instance.url("/"), timeout=5)
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html")
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    same = requests.get(instance.url("/"), headers={"If-None-Match": page.headers["ETag"]}, timeout=5)
    assert same.status_code == 304 and not same.content
    script = requests.get(instance.url("/assets/app-3F2A9C1B.js"), headers={"Accept-Encoding": "identity"}, timeout=5)
    assert script.text == "1;" and "immutable" in script.headers["Cache-Control"]
    status, text = instance.unix_get(1, "/assets/app-3F2A9C1B.js", "Accept-Encoding: gzip\r\n")
    assert status == 200 and text == "packed"
    for path in ("/.hidden", "/link", "/assets", "/assets/"):
        assert requests.get(instance.url(path), timeout=5).status_code == 404, path
    assert requests.post(instance.url("/index.html"), timeout=5).status_code == 405
