# SPDX-License-Identifier: Apache-2.0
"""Long polls: the messages of a stream for clients that can only ask (rows 003.3 and 003.5)."""
import signal
import threading

import pytest
import requests

from poller import Poller
from sightline import wait_until


def event(feeder, number):
    feeder.event("content.updated", contentId=str(number))
    feeder.flush()


def numbers(messages):
    return [int(m["data"]["payload"]["contentId"]) for m in messages if m["type"] == "event"]


def test_row_003_3_a_poll_gives_the_state_then_what_is_new(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    feeder.sample("cpu_usage", 12)
    feeder.flush()
    wait_until(lambda: instance.get("/api/v1/snapshot").json()["systemHealth"]["cpu_usage"] == 12, what="the sample")
    poller = Poller(instance, "topics=metrics.>,activity,alerts")
    assert [m["type"] for m in poller.poll()] == ["initial_metrics"]
    assert poller.state["systemHealth"]["cpu_usage"] == 12
    for number in range(5):
        event(feeder, number)
        while number not in numbers(poller.messages):
            poller.poll()
    assert numbers(poller.messages) == list(range(5)), "each once"
    assert not [m for m in poller.messages[1:] if m["type"] == "initial_metrics"], "the state comes once"


def test_row_003_5_a_poll_without_news_waits_and_is_empty(make_instance):
    instance = make_instance().start()
    poller = Poller(instance, "topics=events.content.updated")
    assert [m["type"] for m in poller.poll()] == ["initial_metrics"]
    before = poller.cursor
    assert poller.poll(wait=0) == [] and poller.poll(wait=0.2) == []
    assert len(poller.cursor) == len(before)


def test_messages_of_a_poll_are_those_of_a_stream(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    topics = "topics=activity,alerts"
    poller = Poller(instance, topics)
    poller.poll()
    with instance.sse(path=f"/api/v1/stream?{topics}") as stream:
        stream.wait("subscribed")
        for number in range(4):
            event(feeder, number)
        feeder.sample("cpu_usage", 99)
        feeder.flush()
        stream.wait("system_alert")
        wait_until(lambda: len(numbers(stream.messages)) == 4, what="all events")
        while len([m for m in poller.messages if m["type"] in ("system_alert", "event")]) < 5:
            poller.poll()
        kinds = ("event", "system_alert")
        without = lambda m: {key: value for key, value in m.items() if key != "cursor"}
        streamed = [without(m) for m in stream.messages if m["type"] in kinds]
        polled = [without(m) for m in poller.messages if m["type"] in kinds]
        assert sorted(polled, key=str) == sorted(streamed, key=str)


def test_merged_polls_are_the_snapshot(make_instance):
    instance = make_instance().start("system")
    feeder = instance.start_feeder()
    poller = Poller(instance)
    for turn in range(30):
        feeder.sample("revenue_today", turn)
        feeder.sample("cpu_usage", turn % 90)
        feeder.flush()
        poller.poll()

    def same():
        poller.poll(wait=0)
        snapshot = instance.get("/api/v1/snapshot").json()
        return snapshot["businessMetrics"] == poller.state["businessMetrics"] and \
            snapshot["executiveSummary"] == poller.state["executiveSummary"]
    wait_until(same, what="the merged state to be the snapshot")
    assert sum(m["type"] == "initial_metrics" for m in poller.messages) == 1


def test_row_003_5_a_cursor_goes_from_transport_to_transport(make_instance):
    instance = make_instance(gateways=2).start()
    feeder = instance.start_feeder()
    sent, got = 0, []

    def send():
        nonlocal sent
        event(feeder, sent)
        sent += 1

    with instance.ws(index=1) as ws:
        ws.wait("connection_established")
        ws.subscribe("activity")
        send()
        ws.wait("event")
        got += numbers(ws.messages)
        cursor = ws.cursor()
    for _ in range(3):
        send()
        poller = Poller(instance, "topics=activity", cursor=cursor)
        while len(numbers(poller.messages)) < 1:
            poller.poll()
        got += numbers(poller.messages)
        send()
        with instance.sse(path="/api/v1/stream?topics=activity", headers={"Last-Event-ID": poller.cursor}) as stream:
            stream.wait("event")
            got += numbers(stream.messages)
            cursor = stream.cursor()
    assert got == list(range(sent)), "nothing lost, nothing repeated"


def test_a_poll_shows_what_the_role_may_see(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    viewer = Poller(instance, role="business_admin")
    viewer.poll()
    assert "businessMetrics" in viewer.state and "systemHealth" not in viewer.state
    event(feeder, 1)  # of workflow_performance
    feeder.sample("revenue_today", 5)
    feeder.flush()
    while not any(m["type"] == "metrics_update" for m in viewer.messages):
        viewer.poll()
    assert not numbers(viewer.messages) and "systemHealth" not in viewer.state
    refused = instance.get("/api/v1/poll?topics=metrics.system_health.cpu_usage", role="business_admin")
    assert refused.status_code == 403
    assert instance.get("/api/v1/poll", role=None).status_code == 401


@pytest.mark.parametrize("query", ["cursor=x", "since=AAAA", "wait=soon", "wait=-1", "wait=nan", "topics=no.such.thing"])
def test_a_bad_poll_is_refused_with_a_reason(make_instance, query):
    instance = make_instance().start()
    answer = instance.get(f"/api/v1/poll?{query}")
    assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_polls_that_wait_count_as_connections(make_instance):
    instance = make_instance(env={"MAX_CONNECTIONS_PER_USER": "2"}).start()
    cursor = instance.get("/api/v1/poll?topics=activity").json()["cursor"]
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        instance.get(f"/api/v1/poll?topics=activity&wait=30&cursor={cursor}", timeout=40))) for _ in range(2)]
    for thread in threads:
        thread.start()
    waiting = lambda: 'sightline_gateway_polls{process="gateway-1"} 2' in instance.unix_get(1, "/metrics")[1]
    wait_until(waiting, what="two polls that wait")
    refused = instance.get(f"/api/v1/poll?topics=activity&cursor={cursor}")
    assert refused.status_code == 429 and refused.json()["type"] == "/problems/connection-limit"
    # Whoever goes away gives its place back; a gateway that ends says so.
    assert instance.processes["gateway-1"].kill(signal.SIGTERM) == 0
    for thread in threads:
        thread.join(20)
    for answer in answers:
        (message,) = answer.json()["messages"]
        assert message["type"] == "disconnect" and message["data"]["code"] == 3001 and message["data"]["reconnect"]


def test_a_poll_that_its_client_gives_up_leaves_nothing_behind(make_instance):
    instance = make_instance(env={"MAX_CONNECTIONS_PER_USER": "1"}).start()
    cursor = instance.get("/api/v1/poll?topics=activity").json()["cursor"]
    for _ in range(5):
        with pytest.raises(requests.exceptions.ReadTimeout):
            instance.get(f"/api/v1/poll?topics=activity&wait=30&cursor={cursor}", timeout=0.3)
        gone = lambda: 'sightline_gateway_polls{process="gateway-1"} 0' in instance.unix_get(1, "/metrics")[1]
        wait_until(gone, what="its end")
    assert instance.get(f"/api/v1/poll?topics=activity&wait=0&cursor={cursor}").status_code == 200


def test_a_revoked_token_ends_its_poll(make_instance):
    instance = make_instance().start()
    cursor = instance.get("/api/v1/poll?topics=activity").json()["cursor"]
    answers = []
    thread = threading.Thread(target=lambda: answers.append(
        instance.get(f"/api/v1/poll?topics=activity&wait=30&cursor={cursor}", timeout=40)))
    thread.start()
    waiting = lambda: 'sightline_gateway_polls{process="gateway-1"} 1' in instance.unix_get(1, "/metrics")[1]
    wait_until(waiting, what="the poll that waits")
    assert requests.delete(instance.url("/api/v1/session"), headers=instance.bearer(), timeout=10).status_code < 300
    thread.join(20)
    (message,) = answers[0].json()["messages"]
    assert message["type"] == "disconnect" and message["data"]["code"] == 3503


def test_a_poll_counts_as_one_request(make_instance):
    instance = make_instance().start()
    answer = instance.get("/api/v1/poll?wait=0", "read_only_viewer")
    assert answer.headers["RateLimit"] == '"requests";r=199;t=1'
