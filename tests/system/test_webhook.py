# SPDX-License-Identifier: Apache-2.0
"""What senders give the webhook collector reaches clients once; what is wrong is refused and said."""
import json
import time

import pytest
import requests

from poller import Poller
from sightline import wait_until
from tls import make_certificate
from webhook import Webhook, hub_headers, standard_headers
from webhook_campaign import campaign

ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def hook(make_module_instance):
    return Webhook(make_module_instance, f'beacon_origins = {{"{ORIGIN}"}}\nseries_max = 40\n'
                   "body_bytes_max = 256KiB").start()


@pytest.fixture
def stream(hook):
    with hook.instance.ws() as ws:
        ws.subscribe("events.>", "metrics.>")
        yield ws


def arrived(stream, kind, **payload):
    """The first event of a type whose payload has these members."""
    return stream.wait(lambda m: m["type"] == "event" and m["data"]["type"] == kind
                       and payload.items() <= m["data"]["payload"].items())["data"]


def order(number):
    return {"type": "orders.created", "payload": {"id": number, "total": 12.5}}


# -- forms ------------------------------------------------------------------------------------


def test_000_7_events_and_samples_single_and_batch(hook, stream):
    assert hook.send(order("single")).json() == {"accepted": 1, "duplicates": 0, "samples": 0}
    assert hook.send([order("in an array"), {"metric": "mrr", "value": 4711}]).json()["samples"] == 1
    answer = hook.send({"events": [order("named")], "samples": [{"metric": "active_customers", "value": 3}]})
    assert answer.status_code == 202 and answer.json() == {"accepted": 1, "duplicates": 0, "samples": 1}
    for number in ("single", "in an array", "named"):
        event = arrived(stream, "orders.created", id=number)
        assert event["source"] == "webhook" and event["module"] == "business_metrics"
    business = lambda: hook.instance.get("/api/v1/snapshot").json()["businessMetrics"]
    wait_until(lambda: business()["mrr"] == 4711 and business()["active_customers"] == 3, what="both samples")


def test_000_7_a_cloudevent_in_each_mode(hook, stream):
    event = {"specversion": "1.0", "type": "com.example.orders.created", "source": "/shop", "id": "structured",
             "datacontenttype": "application/json", "data": {"id": "structured"}}
    kind = {"Content-Type": "application/cloudevents+json"}
    assert hook.send(event, kind).status_code == 202
    assert hook.send([{**event, "id": "batch", "data": {"id": "batch"}}],
                     {"Content-Type": "application/cloudevents-batch+json"}).status_code == 202
    assert hook.send({"id": "binary"}, {
        "Content-Type": "application/json", "ce-specversion": "1.0", "ce-type": "orders.created",
        "ce-source": "/shop", "ce-id": "bin%20ary", "ce-time": "2026-01-02T03:04:05Z"}).status_code == 202
    for number in ("structured", "batch"):
        arrived(stream, "orders.created", id=number)
    assert arrived(stream, "orders.created", id="binary")["time"] == "2026-01-02T03:04:05.000Z"
    assert hook.send(event, kind).json()["duplicates"] == 1
    for missing in ("id", "source", "type"):
        refused = hook.send({k: v for k, v in event.items() if k != missing}, kind)
        assert refused.status_code == 422, refused.text
    assert hook.send({**event, "specversion": "0.3"}, kind).status_code == 422


def test_000_7_n8n_started_success_failed_queue(hook, stream):
    def log_streaming(name, **payload):
        return {"id": f"{name}-1", "ts": "2026-01-02T03:04:05.678+00:00", "eventName": f"n8n.workflow.{name}",
                "message": name, "payload": {"executionId": "41", "workflowId": "7", "workflowName": "Sync", **payload}}

    for name, kind in (("started", "started"), ("success", "completed"), ("failed", "failed")):
        assert hook.send(log_streaming(name), path="/v1/n8n").json()["accepted"] == 1
        event = arrived(stream, f"workflow.{kind}", executionId="41")
        assert event["payload"]["workflowName"] == "Sync" and event["time"] == "2026-01-02T03:04:05.678Z"
    trigger = {"execution": {"id": "231", "url": "https://n8n.example/execution/231", "error": {"message": "Boom"},
                             "lastNodeExecuted": "Node With Error", "mode": "manual"},
               "workflow": {"id": "1", "name": "Example Workflow"}}
    assert hook.send(trigger, path="/v1/n8n").json()["accepted"] == 1
    assert arrived(stream, "workflow.failed", executionId="231")["payload"]["error"] == "Boom"
    assert hook.send({"event": "queue", "size": 17}, path="/v1/n8n").json()["samples"] == 1
    wait_until(lambda: hook.instance.get("/api/v1/snapshot").json()["workflowPerformance"]["queue_size"] == 17)
    assert hook.send({"eventName": "n8n.node.started", "payload": {}}, path="/v1/n8n").json()["accepted"] == 0
    assert hook.figures()["ignored"] >= 1


def test_000_7_alertmanager_fires_once_and_resolves(hook, stream):
    alert = {"status": "firing", "labels": {"alertname": "DiskFull", "severity": "critical"},
             "annotations": {"summary": "Disk / is full"}, "startsAt": "2026-01-02T03:04:05Z",
             "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus", "fingerprint": "abc"}
    group = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "sightline", "alerts": [alert]}
    assert hook.send(group, path="/v1/alertmanager").json()["accepted"] == 1
    assert hook.send(group, path="/v1/alertmanager").json() == {"accepted": 0, "duplicates": 1, "samples": 0}
    event = arrived(stream, "system.custom_alert", message="Disk / is full")
    assert event["priority"] == "high" and event["payload"]["severity"] == "critical"
    gone = {**group, "alerts": [{**alert, "status": "resolved", "endsAt": "2026-01-02T04:04:05Z"}]}
    assert hook.send(gone, path="/v1/alertmanager").json()["accepted"] == 1
    arrived(stream, "system.custom_alert_resolved", message="Disk / is full")
    assert hook.send({**group, "version": "3"}, path="/v1/alertmanager").status_code == 400


def test_a_delivery_of_github_becomes_an_event(hook, stream):
    body = json.dumps({"ref": "refs/heads/main", "repository": {"full_name": "acme/shop"},
                       "sender": {"login": "octocat"}}).encode()
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "72d3162e", **hub_headers(body)}
    assert hook.send(body, headers, path="/v1/github", bearer=False).status_code == 202
    event = arrived(stream, "github.push", repository="acme/shop")
    assert event["payload"]["sender"] == "octocat"


# -- who ----------------------------------------------------------------------------------------


def test_wrong_secret_old_timestamp_replayed_id_and_changed_body_are_refused(hook):
    body = json.dumps(order("signed")).encode()
    send = lambda data, headers: hook.send(data, headers, bearer=False).status_code
    assert send(body, {}) == 401
    assert send(body, {"Authorization": "Bearer another secret of someone"}) == 401
    assert send(body, standard_headers(body, "w", secret="another secret of someone")) == 401
    assert send(body, standard_headers(body, "o", when=time.time() - 3600)) == 401
    assert send(body, standard_headers(body, "f", when=time.time() + 3600)) == 401
    good = standard_headers(body, "good")
    assert send(body.replace(b"12.5", b"99.5"), good) == 401
    assert send(body, {**good, "webhook-id": "another"}) == 401
    assert send(body, good) == 202
    assert send(body, good) == 409
    assert send(body, standard_headers(body, "good", when=time.time() - 10)) == 409
    hub = hub_headers(body)
    assert send(body + b" ", hub) == 401
    assert send(body, hub_headers(body, "another secret of someone")) == 401
    assert send(body, {**hub, "X-GitHub-Delivery": "1"}) == 202
    assert send(body, {**hub, "X-GitHub-Delivery": "2"}) == 409
    # A wrong signature is not made good by a right secret beside it.
    assert hook.send(body, hub_headers(body, "another secret of someone")).status_code == 401


def test_basic_is_as_good_as_bearer(hook):
    assert hook.send(order("basic"), bearer=False, auth=("anybody", hook.secret)).status_code == 202
    assert hook.send(order("basic"), bearer=False, auth=("anybody", "not the secret at all")).status_code == 401


def test_without_a_secret_it_does_not_start(make_instance):
    hook = Webhook(make_instance)
    path = hook.instance.dir / "keys/webhook.secret"
    for text, mode, reason in ((None, 0, "No such file"), ("# none\n", 0o600, "no secret"), ("short\n", 0o600, "16"),
                               (hook.secret, 0o644, "chmod")):
        path.unlink()
        if text is not None:
            path.write_text(text, encoding="utf-8")
            path.chmod(mode)
        process = hook.instance.start_collector("webhook")
        assert process.wait() != 0 and reason in process.text()
        path.write_text("", encoding="utf-8")


# -- idempotency, rules, bounds ----------------------------------------------------------------


def test_an_id_is_taken_once(hook, stream):
    event = {**order("once"), "id": "order-1"}
    assert hook.send([event, event]).json() == {"accepted": 1, "duplicates": 1, "samples": 0}
    assert hook.send(event).json() == {"accepted": 0, "duplicates": 1, "samples": 0}
    assert hook.send(order("twice"), {"Idempotency-Key": "k"}).json()["accepted"] == 1
    assert hook.send(order("twice"), {"Idempotency-Key": "k"}).json()["duplicates"] == 1
    hook.send(order("mark"))
    arrived(stream, "orders.created", id="mark")
    numbers = [m["data"]["payload"]["id"] for m in stream.of_type("event")]
    assert numbers.count("once") == 1 and numbers.count("twice") == 1


def test_a_batch_with_one_bad_item_is_refused_whole_and_says_which(hook, stream):
    for bad, reason in (
            ({"type": "nobody.declared_this", "payload": {}}, "does not declare"),
            ({"type": "orders.created", "payload": {}}, '"id" is missing'),
            ({"type": "orders.created", "payload": {"id": 1, "status": 5}}, '"status"'),
            ({"type": "orders.created", "payload": []}, "not an object"),
            ({"type": "orders.created", "id": 5, "payload": {"id": 1}}, '"id" must be text'),
            ({**order(1), "time": "2199-01-01T00:00:00Z"}, "ahead"),
            ({**order(1), "time": "yesterday"}, "RFC 3339"),
            ({**order(1), "audience": {"team": "a"}}, "audience"),
            ({"metric": "no_such_metric", "value": 1}, "does not declare"),
            ({"metric": "mrr", "value": "5"}, "number"),
            ({"metric": "mrr", "value": 5, "labels": {"Bad-Name": "x"}}, "label")):
        answer = hook.send([order("beside a bad one"), bad])
        assert answer.status_code == 422, answer.text
        assert "items[1]" in answer.json()["detail"] and reason in answer.json()["detail"], answer.text
    hook.send(order("after"))
    arrived(stream, "orders.created", id="after")
    assert "beside a bad one" not in [m["data"]["payload"].get("id") for m in stream.of_type("event")]


def test_malformed_truncated_invalid_and_endless_bodies_are_refused_and_nothing_else_is_lost(hook, stream):
    for body in (b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"type":"orders.created","payload":{"id":"\xff"}}',
                 b'{"a":' * 5000, b'{"type":"orders.created","payload":{"id":1}} trailing', b"[" + b"1," * 1000):
        for path in ("/v1/events", "/v1/n8n", "/v1/alertmanager", "/v1/github"):
            assert hook.send(body, {"X-GitHub-Event": "push"}, path=path).status_code == 400, (path, body[:40])
    assert hook.send(b" " * 300000).status_code == 413
    assert hook.send({"type": "orders.created", "payload": {"id": "x" * 70000}}).status_code == 413
    assert hook.send(order("alive")).status_code == 202
    arrived(stream, "orders.created", id="alive")


def test_huge_label_sets_are_bounded_and_counted(hook):
    before = hook.figures()["refused"]
    codes = [hook.send({"metric": "credits_remaining", "value": 1, "labels": {"customer": str(n)}}).status_code
             for n in range(60)]
    assert codes.count(202) <= 40 and codes.count(422) >= 20
    assert hook.figures()["refused"] - before == codes.count(422)
    assert hook.send({"metric": "credits_remaining", "value": 2, "labels": {"customer": "0"}}).status_code == 202


def test_002_1_every_event_type_of_the_documents_comes_in(hook, stream):
    kinds = {
        "analytics.new_activity": {"activityId": "a", "eventType": "view"}, "content.published": {"contentId": "c"},
        "user.registered": {"userId": "u"}, "settings.updated": {"settingKey": "k"},
        "project.created": {"projectId": "p"}, "system.maintenance": {"message": "m"},
        "tickets.created": {"id": 1}, "customers.activity": {"customer_id": 1}, "orders.completed": {"order_id": 2},
        "products.updated": {"id": 3}, "payment.processed": {"payment_id": 4}, "staff.action": {"staff_id": 5, "action": "a"}}
    assert hook.send([{"type": k, "payload": {**p, "mark": "002.1"}} for k, p in kinds.items()]).json()["accepted"] == len(kinds)
    wait_until(lambda: {m["data"]["type"] for m in stream.of_type("event")
                        if m["data"]["payload"].get("mark") == "002.1"} == set(kinds), what="every event")


def test_004_13_an_event_for_one_user_reaches_only_that_user(hook):
    with hook.instance.ws(sub="alice") as alice, hook.instance.ws(sub="bob") as bob:
        for ws in (alice, bob):
            ws.subscribe("events.>")
        hook.send([{**order("for alice"), "audience": {"sub": "alice"}}, order("for all")])
        arrived(alice, "orders.created", id="for alice")
        arrived(bob, "orders.created", id="for all")
        assert "for alice" not in [m["data"]["payload"].get("id") for m in bob.of_type("event")]


# -- beacons --------------------------------------------------------------------------------------


def test_beacons_come_from_listed_origins_only_and_at_a_rate(hook, stream):
    beacon = lambda body, origin=ORIGIN: hook.send(
        body, {"Origin": origin, "Content-Type": "text/plain;charset=UTF-8"} if origin else {}, path="/v1/beacon", bearer=False)
    view = {"type": "behaviour.page_view", "payload": {"page": "/cart"}}
    answer = beacon(view)
    assert answer.status_code == 202 and answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    arrived(stream, "behaviour.page_view", page="/cart")
    assert beacon(view, "https://evil.example").status_code == 403
    assert beacon(view, None).status_code == 403
    assert beacon(order("by a beacon")).status_code == 422
    assert beacon({"metric": "mrr", "value": 1}).status_code == 422
    assert beacon("x" * 20000).status_code == 413
    codes = [beacon([view] * 10).status_code for _ in range(20)]
    assert 202 in codes and 429 in codes
    assert hook.figures()["limited"] >= 1


# -- pressure, death, durability --------------------------------------------------------------------


def order_numbers(poller):
    poller.poll(wait=1)
    return [m["data"]["payload"]["id"] for m in poller.messages
            if m["type"] == "event" and m["data"]["type"] == "orders.created"]


@pytest.fixture
def orders(make_instance):
    """Starts a collector and a client of its orders, however fast they come."""
    def start(options=""):
        hook = Webhook(make_instance, options).start()
        poller = Poller(hook.instance, "topics=events.orders.>")
        poller.poll(wait=0)
        return hook, poller
    return start


def test_001_4_202_means_queued_and_429_when_to_try_again(orders):
    hook, poller = orders("ring_bytes = 65536")
    batch = lambda n: [{**order(f"{n}-{i}"), "id": f"{n}-{i}"} for i in range(10)]
    hook.instance.processes["aggregator"].kill()
    taken = 0
    while (answer := hook.send(batch(taken))).status_code == 202:
        taken += 1
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 1 and taken > 5
    hook.instance.start_aggregator()
    hook.instance.wait_ready()
    wait_until(lambda: hook.send(batch(taken)).status_code == 202, what="room in the ring")
    wanted = [event["id"] for n in range(taken + 1) for event in batch(n)]
    wait_until(lambda: len(order_numbers(poller)) >= len(wanted), what="everything taken")
    assert order_numbers(poller) == wanted


def test_001_4_retries_across_kills_of_aggregator_and_collector_lose_and_double_nothing(make_instance):
    acknowledged, again = campaign(make_instance, 6)
    assert acknowledged > 120 and again > 0


def test_durable_answers_once_it_is_on_disk_and_503_if_it_is_not(make_instance):
    hook = Webhook(make_instance, "durable_timeout = 3s").start()
    assert hook.send({**order("durable"), "id": "d1"}, params={"durable": "1"}).status_code == 202
    assert hook.send({**order("durable"), "id": "d1"}, params={"durable": "1"}).json()["duplicates"] == 1
    assert hook.send(order("bad"), params={"durable": "maybe"}).status_code == 400
    hook.instance.processes["aggregator"].kill()
    answer = hook.send({**order("not yet"), "id": "d2"}, params={"durable": "1"})
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    hook.instance.start_aggregator()
    hook.instance.wait_ready()
    wait_until(lambda: hook.send({**order("not yet"), "id": "d2"}, params={"durable": "1"}).status_code == 202)


def test_003_11_https_is_spoken_where_there_is_a_certificate(make_instance, tmp_path):
    files = make_certificate(tmp_path)
    hook = Webhook(make_instance, f'tls_certificate = "{files[0]}"\ntls_key = "{files[1]}"')
    hook.instance.start("webhook")
    secure = lambda: requests.post(hook.url().replace("http:", "https:").replace("127.0.0.1", "localhost"),
                                   json=order("secure"), verify=str(files[0]),
                                   headers={"Authorization": f"Bearer {hook.secret}"}, timeout=10)

    def taken():
        try:
            return secure().status_code == 202
        except requests.ConnectionError:
            return False
    wait_until(taken, what="an answer over TLS")
    assert requests.get(hook.url("/healthz"), timeout=10).status_code == 400
