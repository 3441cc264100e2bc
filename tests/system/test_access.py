# SPDX-License-Identifier: Apache-2.0
"""Who sees what: snapshots, streams, alerts and events of every role, and every kind of refusal."""
import json

import pytest
import requests

import jwt
from sightline import wait_until

SECTION = {
    "system_health": "systemHealth",
    "business_metrics": "businessMetrics",
    "workflow_performance": "workflowPerformance",
    "customer_intelligence": "customerIntelligence",
    "security_compliance": "securityCompliance",
    "executive_summary": "executiveSummary",
}
MODULES = {
    "master_admin": set(SECTION),
    "platform_admin": set(SECTION),
    "technical_admin": {"system_health", "workflow_performance", "security_compliance", "executive_summary"},
    "business_admin": {"business_metrics", "customer_intelligence", "executive_summary"},
    "compliance_admin": {"security_compliance", "executive_summary"},
    "operations_admin": {"workflow_performance", "system_health", "executive_summary"},
    "read_only_viewer": {"executive_summary"},
}
# Values that occur nowhere else, so that a single byte in the wrong place is found.
METRIC = {
    "system_health": ("load_1m", 1710173.25),
    "business_metrics": ("mrr", 2720273.25),
    "workflow_performance": ("queue_size", 3730373.25),
    "customer_intelligence": ("bounce_rate", 4740473.25),
    "security_compliance": ("security_incidents", 5750573.25),
}
EVENT = {
    "system_health": ("system.error", {"message": "secret-of-system"}),
    "business_metrics": ("orders.created", {"id": "secret-of-business"}),
    "workflow_performance": ("content.updated", {"contentId": "secret-of-workflow"}),
    "customer_intelligence": ("tickets.created", {"id": "secret-of-customers"}),
    "security_compliance": ("settings.updated", {"settingKey": "secret-of-security"}),
}
ALARM = {  # with a value beyond its threshold
    "system_health": ("cpu_usage", 99),
    "workflow_performance": ("workflow_success_rate", 3),
    "customer_intelligence": ("active_users_now", 2),
    "security_compliance": ("failed_auth_attempts", 77),
}
# Every role has the executive summary: its alert and event come last.
CATALOG = ('metric "business_metrics.churn_rate" { warning = 1 critical = 2 }\n'
           'metric "executive_summary.last_score" { expr = "compliance_score" warning = 50 critical = 40 }\n'
           'event "executive.last" { module = executive_summary priority = low fields = {"n:integer?"} }\n')
ALARM["business_metrics"] = ("churn_rate", 9)


def traces(module):
    """What only this module's data can have put into a message."""
    name, value = METRIC[module]
    kind, payload = EVENT[module]
    return [name, str(value), kind, *map(str, payload.values()), SECTION[module], f'"{ALARM[module][0]}"']


def check(text, role, where):
    """Nothing of another module is in text; the executive summary has some names in common."""
    for module in METRIC:
        if module not in MODULES[role]:
            for trace in traces(module):
                assert trace not in text or trace in ('"active_users_now"', '"workflow_success_rate"'), \
                    f"{role} sees {trace} in {where}"


def feed(feeder):
    for module, (metric, value) in METRIC.items():
        feeder.sample(metric, value)
    for module, (metric, value) in ALARM.items():
        feeder.sample(metric, value)
    for kind, payload in EVENT.values():
        feeder.event(kind, **payload)
    feeder.flush()
    feeder.sample("compliance_score", 1)
    feeder.event("executive.last", n=1)


def seen_all(stream, role):
    """Waits until the stream has what its role may see, and returns all of it as text."""
    wanted = {EVENT[m][0] for m in MODULES[role] & set(EVENT)} | {"executive.last"}
    alarms = {ALARM[m][0] for m in MODULES[role] & set(ALARM)} | {"last_score"}

    def complete():
        events = {m["data"]["type"] for m in stream.of_type("event")}
        alerts = {m["data"]["metric"] for m in stream.of_type("system_alert") + stream.of_type("alert_update")}
        metrics = json.dumps(stream.of_type("metrics_update") + stream.of_type("initial_metrics"))
        return (events == wanted and alerts >= alarms
                and all(str(METRIC[m][1]) in metrics for m in MODULES[role] & set(METRIC)))
    wait_until(complete, 30, f"everything for {role}: {wanted}, {alarms}")
    assert {m["data"]["type"] for m in stream.of_type("event")} == wanted
    return json.dumps(stream.messages)


@pytest.mark.parametrize("role", MODULES)
def test_each_role_sees_its_modules_and_not_a_byte_of_another(make_instance, role):
    instance = make_instance(catalog=CATALOG, env={"MAX_CONNECTIONS_PER_USER": "20"}).start()
    feeder = instance.start_feeder()
    with instance.ws(role) as ws, instance.sse(role, "/api/v1/stream?topics=metrics.>,alerts,activity") as sse:
        ws.wait("connection_established")
        ws.subscribe(">")
        sse.wait("initial_metrics")
        feed(feeder)
        check(seen_all(ws, role), role, "the WebSocket")
        check(seen_all(sse, role), role, "the event stream")
        for module in METRIC:
            for name in (module, f"metrics.{module}.>", f"metrics.{module}.{METRIC[module][0]}", EVENT[module][0]):
                ws.send({"type": "subscribe", "id": name, "data": {"topics": [name]}})
                answer = ws.wait(lambda m: m.get("id") == name)
                assert answer["type"] == ("subscribed" if module in MODULES[role] else "error"), (role, name)
                if module not in MODULES[role]:
                    assert answer["data"]["code"] == "forbidden"
        assert ws.closed is None, "a refused name does not end the connection"
    body = instance.get("/api/v1/snapshot", role)
    sections = {SECTION[m] for m in MODULES[role]} | ({"performance"} if "system_health" in MODULES[role] else set())
    assert set(body.json()) == sections | {"timestamp", "alerts"}
    check(body.text, role, "the snapshot")
    for path in ("/api/v1/alerts", "/api/v1/alerts?state=pending,firing,resolved",
                 "/api/admin-dashboard/realtime?action=alerts"):
        answer = instance.get(path, role)
        listed = answer.json() if "action" in path else answer.json()["alerts"]
        assert {a["module"] for a in listed} == MODULES[role], (role, path)
        check(answer.text, role, path)
    for module in SECTION:
        status = instance.get(f"/api/v1/snapshot?modules={module}", role).status_code
        assert status == (200 if module in MODULES[role] else 403), (role, module)


# What §8.5 lets each role do: acknowledge, force-aggregation, status, start and stop.
MAY = {
    "master_admin": (True, True, True, True),
    "platform_admin": (True, True, True, True),
    "technical_admin": (True, True, True, False),
    "business_admin": (True, False, False, False),
    "compliance_admin": (True, False, False, False),
    "operations_admin": (True, False, False, False),
    "read_only_viewer": (False, False, False, False),
}


def test_each_role_may_do_what_it_may_and_is_refused_the_rest_with_403(make_instance):
    instance = make_instance(catalog=CATALOG).start()
    instance.start_feeder().sample("compliance_score", 1)

    def seen():
        return next((a for a in instance.get("/api/v1/alerts").json()["alerts"] if a["state"] == "firing"), None)
    alert = wait_until(seen, what="an alert that every role sees")
    for role, (acknowledge, force, status, control) in MAY.items():
        answers = [
            (acknowledge, instance.post(f"/api/v1/alerts/{alert['id']}/acknowledge", {}, role)),
            (force, instance.post("/api/v1/control", {"action": "force-aggregation"}, role)),
            (status, instance.get("/api/v1/status", role)),
            (status, instance.get("/metrics", role)),
            (control, instance.post("/api/v1/control", {"action": "stop-aggregator"}, role)),
            (control, instance.post("/api/v1/control", {"action": "start-aggregator"}, role)),
        ]
        for allowed, answer in answers:
            assert answer.status_code == (200 if allowed else 403), (role, answer.request.url, answer.text)
            if not allowed:
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert role in answer.json()["detail"]


def test_tenants_see_nothing_of_each_other(make_instance):
    instance = make_instance(config={'collector "theirs"': 'tenant = "acme"'}, catalog=CATALOG).start()
    ours, theirs = instance.start_feeder("ours"), instance.start_feeder("theirs")
    acme = {"Authorization": "Bearer " + instance.token("master_admin", "eve", "1h", "--tenant", "acme")}
    with instance.ws() as ws, instance.ws(role=None, headers=acme) as other:
        for stream in (ws, other):
            stream.wait("connection_established")
            stream.subscribe(">")
        ours.sample("mrr", 2720273.25)
        ours.event("orders.created", id="secret-of-ours")
        theirs.sample("mrr", 6760673.25)
        theirs.event("orders.created", id="secret-of-theirs")
        assert ws.wait("event")["data"]["payload"]["id"] == "secret-of-ours"
        assert other.wait("event")["data"]["payload"]["id"] == "secret-of-theirs"
        wait_until(lambda: "2720273.25" in json.dumps(ws.messages), what="our value")
        wait_until(lambda: "6760673.25" in json.dumps(other.messages), what="their value")
        assert "theirs" not in json.dumps(ws.of_type("event")) and "6760673.25" not in json.dumps(ws.messages)
        assert "ours" not in json.dumps(other.of_type("event")) and "2720273.25" not in json.dumps(other.messages)
    assert instance.get("/api/v1/snapshot", None, acme).json()["businessMetrics"]["mrr"] == 6760673.25
    assert instance.get("/api/v1/snapshot").json()["businessMetrics"]["mrr"] == 2720273.25
    for path in ("/api/v1/status", "/metrics"):
        assert instance.get(path, None, acme).status_code == 403, "for the default tenant only"
    stop = requests.post(instance.url("/api/v1/control"), json={"action": "stop-aggregator"}, headers=acme, timeout=10)
    assert stop.status_code == 403


# ---- wrong tokens ------------------------------------------------------------------------------------


def wrong_tokens(instance):
    """Each wrong token, and a word that the refusal's detail must have."""
    good = jwt.claims()
    public = (instance.dir / "keys/jwt.pub").read_bytes()
    head, payload, signature = instance.token().split(".")
    promoted = jwt.encode({**jwt.decode(instance.token("read_only_viewer").split(".")[1]), "role": "master_admin"})
    viewer = instance.token("read_only_viewer").split(".")
    return {
        "expired": (jwt.sign(jwt.claims(ttl=-60)), "expired"),
        "without an end": (jwt.sign({k: v for k, v in good.items() if k != "exp"}), "exp"),
        "not yet valid": (jwt.sign({**good, "nbf": good["exp"]}), "valid"),
        "wrong secret": (jwt.sign(good, b"some other secret of 32 bytes, more"), "signature"),
        "no algorithm": (f'{jwt.encode({"alg": "none", "typ": "JWT"})}.{jwt.encode(good)}.', "algorithm"),
        "no algorithm, signed": (f'{jwt.encode({"alg": "none"})}.{jwt.encode(good)}.{signature}', "algorithm"),
        "None": (f'{jwt.encode({"alg": "None"})}.{jwt.encode(good)}.', "algorithm"),
        "public key as secret": (jwt.sign(good, public), "signature"),
        "public key's bytes as secret": (jwt.sign(good, public.strip()), "signature"),
        "EdDSA head over an HMAC": (jwt.sign(good, alg="EdDSA"), "signature"),
        "unknown algorithm": (jwt.sign(good, alg="HS512"), "algorithm"),
        "role changed": (f"{viewer[0]}.{promoted}.{viewer[2]}", "signature"),
        "signature cut": (f"{head}.{payload}.{signature[:-4]}", ""),
        "no signature": (f"{head}.{payload}.", ""),
        "two parts": (f"{head}.{payload}", ""),
        "garbage": ("abc.def.ghi", ""),
        "unknown role": (jwt.sign(jwt.claims("super_admin")), "role"),
        "unknown critical header": (jwt.sign(good, crit=["zip"]), ""),
    }


def test_wrong_tokens_get_401_that_says_why(make_instance):
    instance = jwt.accept(make_instance(config={"auth": jwt.KEYS})).start()
    assert instance.get("/api/v1/snapshot", None, {"Authorization": "Bearer " + jwt.sign(jwt.claims())}).status_code == 200
    for path in ("/api/v1/snapshot", "/api/v1/stream", "/api/v1/alerts", "/api/v1/status", "/metrics"):
        answer = instance.get(path, None)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer"), path
        assert "error=" not in answer.headers["WWW-Authenticate"], "RFC 6750: nothing was wrong, it was absent"
    for name, (token, word) in wrong_tokens(instance).items():
        for path in ("/api/v1/snapshot", "/api/v1/stream"):
            answer = instance.get(path, None, {"Authorization": f"Bearer {token}"}, stream=True)
            assert answer.status_code == 401, (name, path)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], name
            problem = answer.json()
            assert problem["status"] == 401 and problem["request_id"] and word in problem["detail"].lower(), (name, problem)
            answer.close()
    assert "eyJ" not in instance.processes["gateway-1"].text(), "a token reached the log"


def test_wrong_tokens_of_a_websocket_get_an_error_and_3500(make_instance):
    instance = jwt.accept(make_instance(config={"auth": jwt.KEYS})).start()
    for name, (token, word) in wrong_tokens(instance).items():
        with instance.ws(role=None, token=token) as ws:
            error = ws.wait("error")
            assert error["data"]["code"] == "invalid-token", name
            assert word in json.dumps(error["data"]).lower(), (name, error)
            assert ws.wait("disconnect")["data"]["reconnect"] is False
            assert ws.wait_closed() == 3500, name
    with instance.ws(path="/api/v1/ws?userId=somebody-else") as ws:
        assert ws.wait("error")["data"]["code"] == "forbidden"
        assert ws.wait_closed() == 3507
    with instance.ws(role=None, subprotocols=("sightline.v1.json", "bearer." + instance.token("business_admin"))) as ws:
        assert ws.wait("connection_established")["data"]["role"] == "business_admin"
        assert ws.socket.subprotocol == "sightline.v1.json"


def test_a_cookie_from_another_origin_is_refused_with_3507(make_instance):
    instance = make_instance().start()
    cookie = requests.post(instance.url("/api/v1/session"), headers=instance.bearer(), timeout=10).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    fields = {"Cookie": cookie.split(";")[0], "Origin": "http://evil.example"}
    with instance.ws(role=None, headers=fields) as ws:
        assert ws.wait("error")["data"]["code"] == "forbidden"
        assert ws.wait_closed() == 3507
    with instance.ws(role=None, headers={**fields, "Origin": instance.url("")}) as ws:
        ws.wait("connection_established")
    assert instance.get("/api/v1/snapshot", None, {"Cookie": fields["Cookie"]}).status_code == 200
    signed_out = requests.delete(instance.url("/api/v1/session"), timeout=10,
                                 headers={"Cookie": fields["Cookie"], "Origin": instance.url("")})
    assert signed_out.status_code in (200, 204)
    wait_until(lambda: instance.get("/api/v1/snapshot", None, {"Cookie": fields["Cookie"]}).status_code == 401,
               what="the end of the session")
