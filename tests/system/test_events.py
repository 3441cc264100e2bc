# SPDX-License-Identifier: Apache-2.0
"""The event processor: what is checked, counted and bounded on the way of an event."""
import time

from poller import Poller
from sightline import wait_until

# "Today" must not end during a test.
ZONE = {"SIGHTLINE_AGGREGATOR_TIME_ZONE": "UTC" if 1 <= time.gmtime().tm_hour < 23 else "Etc/GMT+6"}
ORDER = {"staff_id": 7, "customer_id": 8, "items_count": 2}


def section(instance, key):
    response = instance.get("/api/v1/snapshot")
    assert response.status_code == 200, response.text
    return response.json()[key]


def wait_values(instance, key, **values):
    wait_until(lambda: all(section(instance, key)[name] == value for name, value in values.items()),
               what=f"{key} with {values}, not {section(instance, key)}")


def test_001_4_events_become_metrics_and_survive_kill_9(make_instance):
    instance = make_instance(env=ZONE).start()
    feeder = instance.start_feeder()
    for number in range(4):
        feeder.event("orders.completed", order_id=number, total_amount="12.50", **ORDER)
    for number in range(10):
        feeder.event("analytics.new_activity", activityId=str(number), eventType="page_view")
    for number in range(5):
        feeder.event("workflow.started", executionId=number)
    for number in range(3):
        feeder.event("workflow.completed", executionId=number, durationMs=100 * (number + 1))
    feeder.event("workflow.failed", executionId=3, error="timeout")
    business = {"revenue_today": 50, "conversion_rate": 40}
    workflow = {"success_rate": 75, "average_execution_time": 200, "failed_workflows": 1, "throughput_per_hour": 4,
                "active_executions": 1}
    wait_values(instance, "businessMetrics", **business)
    wait_values(instance, "workflowPerformance", **workflow)
    instance.processes["aggregator"].kill()
    instance.start_aggregator()
    instance.wait_ready()
    feeder.event("orders.completed", order_id=9, total_amount=10, **ORDER)
    wait_values(instance, "businessMetrics", revenue_today=60, conversion_rate=50)
    wait_values(instance, "workflowPerformance", **workflow)


def test_001_4_a_queue_of_1000_outlives_the_aggregator_and_comes_in_batches_with_priorities(make_instance):
    instance = make_instance(env=ZONE).start()
    feeder = instance.start_feeder("shop")
    feeder.event("orders.completed", order_id="first", total_amount=1)
    feeder.flush()
    poller = Poller(instance, "topics=events.>")
    poller.poll(wait=0)
    poller.messages.clear()
    instance.processes["aggregator"].kill()
    for number in range(1000):
        feeder.event("orders.completed", order_id=number, total_amount=1)
    feeder.event("system.error", message="the last one, and critical")
    instance.start_aggregator()  # the ring is read again from where it was journaled
    instance.wait_ready()
    wait_values(instance, "businessMetrics", revenue_today=1001)
    while len(poller.messages) < 1001:
        poller.poll(wait=5)
    got = [m["data"] for m in poller.messages if m["type"] == "event"]
    orders = [event["payload"]["order_id"] for event in got if event["type"] == "orders.completed"]
    assert orders == list(range(1000))
    assert got[0]["type"] == "system.error", "critical ones go first"
    batches = instance.status()["bus"]
    assert batches["entries"] >= 1001 and batches["batches"] < 900, "events were published one by one"


def test_each_event_counts_once_however_often_the_aggregator_is_killed(make_instance):
    instance = make_instance(env=ZONE).start()
    feeder = instance.start_feeder()
    for turn in range(6):
        for number in range(300):
            feeder.event("orders.completed", order_id=f"{turn}-{number}", total_amount=1)
        instance.processes["aggregator"].kill()
        instance.start_aggregator()
    instance.wait_ready()
    wait_values(instance, "businessMetrics", revenue_today=1800)
    feeder.flush()
    assert section(instance, "businessMetrics")["revenue_today"] == 1800


# The types of document 002 with the fields that each needs.
DOCUMENT_002 = {
    "analytics.new_activity": {"activityId": "1", "eventType": "page_view"}, "analytics.traffic_update": {},
    "analytics.performance_update": {}, "analytics.chart_update": {},
    **{f"content.{what}": {"contentId": "1"}
       for what in ("created", "updated", "deleted", "status_changed", "published", "unpublished")},
    **{f"user.{what}": {"userId": "1"}
       for what in ("login", "logout", "registered", "profile_updated", "password_changed")},
    "settings.updated": {"settingKey": "theme"}, "settings.backup_created": {"backupId": "1"},
    "settings.backup_restored": {"backupId": "1"},
    **{f"project.{what}": {"projectId": "1"} for what in ("created", "updated", "deleted", "status_changed")},
    "system.health_check": {"status": "ok"}, "system.error": {"message": "disk"},
    "system.maintenance": {"message": "tonight"},
}


def test_002_1_all_25_types_arrive_and_none_without_what_it_needs(instance):
    assert len(DOCUMENT_002) == 25
    feeder = instance.start_feeder("shop")
    needing = [kind for kind, fields in DOCUMENT_002.items() if fields]
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("events.>")
        for kind in needing:
            feeder.event(kind, something="else")
        for kind, fields in DOCUMENT_002.items():
            feeder.event(kind, **fields, more=True)
        wait_until(lambda: {m["data"]["type"] for m in ws.of_type("event")} == set(DOCUMENT_002), what="all types")
        assert len(ws.of_type("event")) == len(DOCUMENT_002)
    wait_until(lambda: instance.source("shop")["refused"] == len(needing), what="the refusals")


def test_002_1_a_payload_of_another_form_is_refused_with_its_field_and_counted(instance):
    feeder = instance.start_feeder("shop")
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("content.>")
        feeder.event("content.updated", title="without its id")
        feeder.event("content.updated", contentId=5)
        feeder.event("content.updated", contentId="1", updatedAt="yesterday")
        feeder.event("content.unheard_of", contentId="1")
        feeder.event("content.updated", contentId="right", updatedAt="2026-01-02T03:04:05.678Z",
                     more=[1, {"contentId": 5}])
        assert ws.wait("event")["data"]["payload"]["contentId"] == "right"
        assert len(ws.of_type("event")) == 1
    wait_until(lambda: instance.source("shop")["refused"] == 4, what="four refusals")
    assert 'its field "contentId" is missing' in instance.processes["aggregator"].text()


def test_001_4_a_rate_limit_of_a_type_sheds_and_counts(make_instance):
    catalog = 'event "shop.click" { module = customer_intelligence  priority = low  rate_limit = 5 }\n'
    instance = make_instance(catalog=catalog).start()
    feeder = instance.start_feeder("shop")
    for number in range(200):
        feeder.event("shop.click", n=number)
    feeder.event("orders.completed", order_id=1)
    feeder.flush()

    def counted():
        row = instance.source("shop")
        return row["received"] + row["shed"] == 201
    wait_until(counted, what="each event counted once")
    assert instance.source("shop")["shed"] > 0 and instance.source("shop")["dropped"] == 0
    assert 'shed source=shop type="shop.click"' in instance.processes["aggregator"].text()


def test_a_time_zone_that_is_none_is_refused_by_name(make_instance):
    instance = make_instance(config={"aggregator": 'time_zone = "Europe/Nowhere"'})
    process = instance.start_aggregator()
    assert process.wait() == 78
    instance.processes.clear()
    assert "Europe/Nowhere" in process.text()
