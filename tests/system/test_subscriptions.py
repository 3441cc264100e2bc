# SPDX-License-Identifier: Apache-2.0
"""What a client is subscribed to: filters, rates, formats, and changes of live streams."""
import json
import time
from urllib.parse import quote

import pytest

from sightline import wait_until
from test_refresh import request


@pytest.fixture(scope="module")
def instance(make_module_instance):
    instance = make_module_instance(gateways=2)
    instance.start()
    instance.start_feeder()
    return instance


@pytest.fixture
def feeder(instance):
    return instance.processes["feeder"]


def setting(feeder, key, number, **more):
    feeder.event("settings.updated", settingKey=key, value=str(number), **more)


def values(messages):
    return [m["data"]["payload"]["value"] for m in messages if m["type"] == "event"]


def test_002_4_subscribes_with_a_filter_and_unsubscribes_by_id(instance, feeder):
    with instance.ws() as ws:
        first = ws.subscribe("settings.updated", filter={"settingKey": "theme"})["data"]
        assert first["filter"] == {"payload.settingKey": "theme"}
        for number, key in enumerate(["theme", "locale", "theme", "font"]):
            setting(feeder, key, number)
        ws.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "2")
        assert values(ws.messages) == ["0", "2"]
        # Another subscription adds; what matches both comes once.
        second = ws.subscribe("events.settings.*", filter={"value": {"gte": "5"}})["data"]
        assert second["subscriptionId"] != first["subscriptionId"]
        for number, key in enumerate(["theme", "locale", "theme"], 4):
            setting(feeder, key, number)
        ws.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "6")
        assert values(ws.messages) == ["0", "2", "4", "5", "6"]
        ws.request("unsubscribe", "unsubscribed", subscriptionId=first["subscriptionId"])
        for number, key in enumerate(["theme", "locale"], 10):
            setting(feeder, key, number)
        setting(feeder, "theme", "90")
        ws.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "90")
        assert values(ws.messages)[5:] == ["90"]
        gone = ws.request("unsubscribe", "error", subscriptionId=first["subscriptionId"])
        assert gone["data"]["code"] == "unknown-subscription"


def test_the_cursor_moves_past_what_a_filter_hides(instance, feeder):
    query = "topics=settings.updated&filter=" + quote(json.dumps({"settingKey": "theme"}))
    with instance.sse(path=f"/api/v1/stream?{query}") as sse, instance.ws() as all_of_it:
        all_of_it.subscribe("settings.updated")
        setting(feeder, "theme", "c1")
        sse.wait("event")
        setting(feeder, "other", "c2")
        seen = all_of_it.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "c2")
        cursor = seen["cursor"]
    # Resumed behind what it never saw, it gets what it would have, and that is all.
    setting(feeder, "theme", "c3")
    with instance.sse(path=f"/api/v1/stream?{query}&since={cursor}") as sse:
        sse.wait("event")
        setting(feeder, "other", "c4")
        setting(feeder, "theme", "c5")
        sse.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "c5")
        assert values(sse.messages) == ["c3", "c5"]
        assert not [m for m in sse.messages if m["type"] == "gap"]


@pytest.mark.parametrize("query, status, name, says", [
    ("filter=%7B", 400, "bad-filter", "line 1"),
    ("filter=%7B%22a%22%3A1%7D", 400, "bad-filter", "none of the names brings any"),
    ("topics=activity&filter=[]", 400, "bad-filter", "must be an object"),
    ("topics=activity&filter=" + quote('{"a":{"like":"x"}}'), 400, "bad-filter", 'no operator \\"like\\"'),
    ("max_hz=0", 400, "bad-request", "max_hz"),
    ("max_hz=2x", 400, "bad-request", "max_hz"),
    ("format=csv", 400, "bad-request", "format"),
    ("sources=nonsense", 400, "unknown-topic", "nonsense"),
    ("categories=nonsense", 400, "unknown-topic", "nonsense"),
    ("sources=system_health&categories=revenue", 400, "bad-request", "nothing in common"),
    ("sources=business_analytics", 403, "forbidden", "business_analytics"),
])
def test_a_query_that_cannot_be_done_says_why(instance, query, status, name, says):
    role = "technical_admin" if status == 403 else "master_admin"
    answer = instance.get(f"/api/v1/stream?{query}", role=role)
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"/problems/{name}"
    assert says in answer.text
    assert instance.get(answer.json()["type"]).status_code == 200


def test_000_4_sources_and_categories_narrow_a_stream(instance, feeder):
    path = "/api/admin-dashboard/realtime?action=sse&sources=system_health,workflows&categories=cpu_usage,throughput_per_hour"
    with instance.sse(path=path) as sse:
        state = sse.wait("initial_metrics")["data"]
        assert set(state["systemHealth"]) == {"cpu_usage", "stale"}
        assert set(state["workflowPerformance"]) == {"throughput_per_hour", "stale"}
        assert set(state) == {"timestamp", "systemHealth", "workflowPerformance"}
    # Patterns meet in what both match, and in no more.
    with instance.sse(path="/api/v1/stream?sources=metrics.*.cpu_usage&categories=metrics.system_health.>") as sse:
        state = sse.wait("initial_metrics")["data"]
        assert set(state["systemHealth"]) == {"cpu_usage", "stale"}


def updates(stream):
    return [m["data"]["systemHealth"]["cpu_usage"] for m in stream.messages
            if m["type"] == "metrics_update" and "cpu_usage" in m["data"].get("systemHealth", {})]


def test_003_7_max_hz_thins_a_burst_and_brings_its_last_value(instance, feeder):
    with instance.ws() as all_of_it, instance.ws() as some:
        all_of_it.subscribe("cpu_usage")
        begin = time.monotonic()
        assert some.subscribe("cpu_usage", max_hz=4)["data"]["max_hz"] == 4
        some.wait("initial_metrics")
        for number in range(1, 41):
            feeder.sample("cpu_usage", number / 2)
            feeder.flush()
            wait_until(lambda n=number: updates(all_of_it)[-1:] == [n / 2])
        wait_until(lambda: updates(some)[-1:] == [20.0])
        seconds = time.monotonic() - begin
        assert updates(all_of_it) == [number / 2 for number in range(1, 41)]
        # Rising and never older than what came before; at most 4 in a second.
        assert updates(some) == sorted(set(updates(some)))
        assert len(updates(some)) <= seconds * 4 + 1
        # Quiet again, the next one comes by itself.
        feeder.sample("cpu_usage", 77)
        wait_until(lambda: updates(some)[-1:] == [77])


def test_max_hz_concerns_the_subscription_that_asks_for_it(instance, feeder):
    with instance.ws() as ws:
        ws.subscribe("memory_usage", max_hz=0.001)
        ws.subscribe("cpu_usage")
        for number in range(1, 6):
            feeder.sample("cpu_usage", 30 + number)
            feeder.sample("memory_usage", 40 + number)
            wait_until(lambda n=number: updates(ws)[-1:] == [30 + n])
        ws.subscribe("memory_usage")
        feeder.sample("memory_usage", 47)
        wait_until(lambda: any(m["data"]["systemHealth"].get("memory_usage") == 47 for m in ws.messages
                               if m["type"] == "metrics_update" and "systemHealth" in m["data"]))


def test_000_6_format_points_sends_metrics_as_data_points(instance, feeder):
    feeder.sample("cpu_usage", 50)
    feeder.flush()
    with instance.sse(path="/api/v1/stream?sources=system_health&format=points") as sse, \
            instance.ws(path="/api/v1/ws?format=points") as ws:
        ws.subscribe("system_health")
        for stream in (sse, ws):
            first = stream.wait("initial_metrics")["data"]
            assert set(first) == {"timestamp", "points", "alerts"}
            assert "cpu_usage" in {p["metric"] for p in first["points"]}
        feeder.sample("cpu_usage", 91.5)

        def point(stream):
            return [p for m in stream.messages if m["type"] == "metrics_update"
                    for p in m["data"]["points"] if p["value"] == 91.5]
        for stream in (sse, ws):
            wait_until(lambda s=stream: point(s))
        one = point(sse)[0]
        assert one == point(ws)[0]
        assert list(one) == ["id", "timestamp", "source", "category", "metric", "value", "status", "metadata", "moduleAccess"]
        assert one["source"] == "system_health" and one["category"] == one["metric"] == "cpu_usage"
        assert one["status"] == "critical" and one["moduleAccess"] == ["system_health"]
        assert one["metadata"] == {"unit": "percent", "stale": False}
        assert one["id"].startswith("system_health.cpu_usage:")


@pytest.mark.parametrize("gateway", [1, 2])
def test_post_changes_a_live_stream_on_whichever_gateway_it_is(instance, feeder, gateway):
    token, other = (instance.token("master_admin", sub) for sub in ("anna", "bert"))
    narrow = instance.token("technical_admin", "carl")
    foreign = instance.token("master_admin", "anna", "1h", "--tenant", "acme")
    with instance.sse(sub="anna") as sse:
        path = "/api/v1/connections/%s/subscriptions" % sse.wait("connection_established")["data"]["connectionId"]
        assert "systemHealth" in sse.wait("initial_metrics")["data"]

        def post(message, who=token):
            return request(instance, gateway, "POST", path, who, message)
        message = {"type": "subscribe", "data": {"topics": ["settings.updated"], "filter": {"settingKey": "theme"}}}
        assert post(message, other)[0] == 404 and post(message, foreign)[0] == 404
        for bad, status, name in [({}, 400, "bad-message"), ({"type": "ping"}, 400, "unknown-type"),
                                  ({"type": "subscribe", "data": {"topics": ["nonsense"]}}, 400, "unknown-topic"),
                                  ({"type": "unsubscribe", "data": {"subscriptionId": "sub-99"}}, 404, "unknown-subscription"),
                                  ({"type": "subscribe", "data": {"topics": ["activity"], "filter": {"a": []}}}, 400, "bad-filter")]:
            answer = post(bad)
            assert (answer[0], answer[1]["type"]) == (status, f"/problems/{name}"), answer
        # The first one that is asked for takes the place of what the stream began with.
        status, answer = post(message)
        assert status == 200 and answer["topics"] == ["settings.updated"], answer
        assert sse.wait(lambda m: m["type"] == "subscribed" and "filter" in m["data"])["data"] == answer
        setting(feeder, "font", "p1")
        setting(feeder, "theme", "p2")
        sse.wait("event")
        mark = len(sse.messages)
        feeder.sample("cpu_usage", 12 + gateway)
        feeder.flush()
        setting(feeder, "theme", "p3")
        sse.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "p3")
        assert values(sse.messages) == ["p2", "p3"]
        assert {m["type"] for m in sse.messages[mark:]} == {"event"}
        # Later ones add, and go by their number.
        second = post({"type": "subscribe", "data": {"metrics": ["cpu_usage"], "max_hz": 100}})[1]
        feeder.sample("cpu_usage", 21 + gateway)
        wait_until(lambda: updates(sse)[-1:] == [21 + gateway])
        assert post({"type": "unsubscribe", "data": {"subscriptionId": second["subscriptionId"]}})[0] == 200
        assert post({"type": "unsubscribe", "data": {"topics": ["settings.updated"]}})[0] == 200
        count = len(updates(sse))
        with instance.ws(index=1) as one, instance.ws(index=2) as two:
            for witness in (one, two):
                witness.subscribe("settings.updated")
            feeder.sample("cpu_usage", 31 + gateway)
            setting(feeder, "theme", "p4")
            for witness in (one, two):
                witness.wait("event")
        post({"type": "subscribe", "data": {"topics": ["settings.updated"]}})
        setting(feeder, "any", "p5")
        sse.wait(lambda m: m["type"] == "event" and m["data"]["payload"]["value"] == "p5")
        assert values(sse.messages) == ["p2", "p3", "p5"] and len(updates(sse)) == count
    with instance.sse(role="technical_admin", sub="carl") as sse:
        path = "/api/v1/connections/%s/subscriptions" % sse.wait("connection_established")["data"]["connectionId"]
        answer = request(instance, gateway, "POST", path, narrow, {"type": "subscribe", "data": {"topics": ["business_metrics"]}})
        assert answer[0] == 403 and answer[1]["type"] == "/problems/forbidden"
    wait_until(lambda: request(instance, gateway, "POST", path, narrow, message)[0] == 404)
