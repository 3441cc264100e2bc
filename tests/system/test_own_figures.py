# SPDX-License-Identifier: Apache-2.0
"""What Sightline sees of itself is real from the first minute, without any configuration.

Each figure is held against what the test itself did.  They are watched through one
WebSocket, which makes no request by looking.
"""
import pathlib
import subprocess
import time

import pytest
import requests

from latest import Latest
from sightline import BUILD, wait_until

OWN = {"SIGHTLINE_AGGREGATOR_OWN_FIGURES": "true",
       # "Today" must not end during a test.
       "SIGHTLINE_AGGREGATOR_TIME_ZONE": "UTC" if 1 <= time.gmtime().tm_hour < 23 else "Etc/GMT+6"}
TOPICS = ("metrics.security_compliance.>", "metrics.system_health.error_rate")
BAD = {"Authorization": "Bearer no.such.token"}


@pytest.fixture(name="own")
def own_instance(make_instance):
    return make_instance(env=OWN).start()


@pytest.fixture(name="figures")
def own_figures(own):
    """The figures once the gateway's first report is in them, with one session: this one."""
    with Latest(own, *TOPICS) as latest:
        reach(latest, active_sessions=1, failed_auth_attempts=0, security_incidents=0, audit_events_today=0)
        yield latest


def reach(latest, **values):
    try:
        wait_until(lambda: all(latest.get(name) == value for name, value in values.items()), what=str(values))
    except AssertionError as late:
        raise AssertionError(f"{late}: {latest.values}") from late


def errors_of_2(instance):
    return next(row["serverErrors"] for row in instance.status()["gateways"] if row["name"] == "gateway-2")


def snapshot(instance):
    return instance.get("/api/v1/snapshot").json()


def test_000_7_failed_sign_ins_are_counted_however_they_come(own, figures):
    status = lambda path, headers: requests.get(own.url(path), headers=headers, timeout=5).status_code
    for _ in range(4):
        assert status("/api/v1/snapshot", BAD) == 401
    assert status("/api/v1/stream", BAD) == 401
    assert status("/api/v1/alerts", {"Authorization": own.bearer()["Authorization"][:-4] + "AAAA"}) == 401
    assert own.post("/api/v1/session", {}, role=None, headers=BAD).status_code == 401
    assert status("/api/v1/snapshot", {}) == 401  # who shows nothing has not tried
    reach(figures, failed_auth_attempts=7)
    assert status("/api/v1/snapshot", own.bearer()) == 200
    assert status("/healthz", {}) == 200
    reach(figures, failed_auth_attempts=7)


def test_000_7_requests_of_the_last_minute_are_counted(own, figures):
    before = figures.get("api_requests_per_minute")  # after the gateway's first report
    for _ in range(40):
        assert own.get("/api/v1/snapshot").status_code == 200
    reach(figures, api_requests_per_minute=before + 40)


def test_000_7_sessions_are_the_websockets_and_event_streams(own, figures):
    with own.ws(), own.ws("technical_admin"), own.sse(), own.sse("business_admin"):
        reach(figures, active_sessions=5)
    reach(figures, active_sessions=1)


def test_000_9_error_rate_is_the_share_of_server_errors(make_instance):
    instance = make_instance(gateways=2, env=OWN)
    instance.start_aggregator()
    instance.start_gateway(1)
    instance.env["SIGHTLINE_GATEWAY_REAL_TIME"] = "false"
    instance.start_gateway(2)  # it answers, and refuses streams
    for index in (1, 2):
        instance.wait_ready(index)
    wait_until(lambda: len(instance.status()["gateways"]) == 2, what="the second gateway's report")
    bearer = f"Authorization: Bearer {instance.token()}\r\n"
    before = errors_of_2(instance)  # of its start, perhaps
    with Latest(instance, *TOPICS, index=1) as figures:
        wait_until(lambda: figures.get("error_rate") is not None, what="a first share")
        for _ in range(12):
            assert instance.unix_get(2, "/api/v1/stream", bearer)[0] == 503
        for _ in range(20):
            assert instance.unix_get(2, "/api/v1/snapshot", bearer)[0] == 200
        wait_until(lambda: figures.get("api_requests_per_minute") >= 32 and
                   figures.get("error_rate") == pytest.approx(1200 / figures.get("api_requests_per_minute"), rel=1e-3),
                   what="the share of 12 errors")
    wait_until(lambda: errors_of_2(instance) == before + 12, what="the errors in the status")


def test_004_10_each_change_that_an_admin_makes_is_audited_once(own, figures):
    own.start_feeder().sample("cpu_usage", 99)
    alert = wait_until(lambda: own.get("/api/v1/alerts").json()["alerts"], what="an alert")[0]["id"]
    with own.ws() as ws:
        ws.subscribe("events.audit.>")
        assert own.post(f"/api/v1/alerts/{alert}/acknowledge", {"note": "mine"}).status_code == 200
        for action in ("force-aggregation", "stop-aggregator", "start-aggregator"):
            assert own.post("/api/v1/control", {"action": action}).status_code == 200
        told = [ws.wait("event")["data"] for _ in range(4)]
    assert [event["payload"]["what"] for event in told] == [
        "acknowledge", "force-aggregation", "stop-aggregator", "start-aggregator"]
    assert all(event["payload"]["who"] == "master_admin" and event["payload"]["result"] == "done" for event in told)
    assert told[0]["payload"]["target"] == alert and "mine" not in str(told[0])
    assert all(event["source"] == "sightline" and event["module"] == "security_compliance" for event in told)
    reach(figures, audit_events_today=4)
    own.processes["aggregator"].kill()
    own.start_aggregator()
    own.wait_ready()
    wait_until(lambda: own.post("/api/v1/control", {"action": "force-aggregation"}).status_code == 200, what="one more")
    reach(figures, audit_events_today=5)


def test_a_source_that_breaks_the_rules_is_a_security_incident(own, figures):
    with own.ws() as ws:
        ws.subscribe("events.security.>")
        done = subprocess.run([str(BUILD / "tests/system/hostile_collector"), str(own.dir / "run/attach"), "lengths",
                               "--name", "hostile", "--seconds", "1"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        event = ws.wait("event")["data"]
        assert event["type"] == "security.incident" and event["priority"] == "critical"
        assert event["payload"]["details"]["source"] == "hostile"
        wait_until(lambda: figures.get("security_incidents") == len(ws.of_type("event")), what="each of them counted")


def test_000_1_the_performance_section_is_the_aggregators_own(own):
    feeder = own.start_feeder()
    for number in range(50):
        feeder.sample("cpu_usage", number)
    feeder.flush()
    wait_until(lambda: snapshot(own)["performance"]["total_data_points"] == own.source("feeder")["received"] >= 50,
               what="the samples counted")
    performance = snapshot(own)["performance"]
    pages = int(pathlib.Path(f"/proc/{own.processes['aggregator'].pid}/statm").read_text(encoding="ascii").split()[1])
    assert performance["data_sources_active"] == 1
    assert performance["memory_usage_mb"] == pytest.approx(pages / 256, rel=0.2)
    assert performance["aggregation_latency"] > 0
    feeder.kill()
    wait_until(lambda: snapshot(own)["performance"]["data_sources_active"] == 0, what="the end of the source")


def test_000_7_security_and_performance_are_there_from_the_first_minute(own):
    def filled():
        body = snapshot(own)
        unknown = {name for section in ("securityCompliance", "performance")
                   for name, value in body[section].items() if value is None}
        # A score of compliance is somebody's judgement: none of our figures is one.
        return unknown == {"compliance_score"} and body["securityCompliance"]["stale"] == ["compliance_score"]
    wait_until(filled, what="both sections")


def test_000_1_the_summary_sees_what_a_clock_that_is_ahead_sends_once(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("compliance_score", 94, age_s=-4)

    def told():
        feeder.sample("compliance_score", 94)  # no news, and no reason to derive anything again
        return snapshot(instance)["executiveSummary"]["compliance_score"] == 94
    wait_until(told, what="the score in the summary")
