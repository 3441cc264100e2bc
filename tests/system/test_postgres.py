# SPDX-License-Identifier: Apache-2.0
"""collect-postgres against a real PostgreSQL 15."""
import pytest

from postgres import Cluster, section
from sightline import wait_until


@pytest.fixture(name="cluster")
def make_cluster():
    cluster = Cluster().make_shop()
    yield cluster
    cluster.remove()


@pytest.fixture(name="shop")
def make_shop(cluster, make_instance):
    """A whole instance that follows the sample's tables."""
    instance = make_instance(config=section(cluster)).start("postgres")
    wait_until(lambda: "streaming slot" in instance.processes["collect-postgres"].text(), 30, "the stream")
    return instance


def events(client, kind):
    return [m["data"] for m in client.of_type("event") if m["data"]["type"] == kind]


def event(client, kind):
    return client.wait(lambda m: m["type"] == "event" and m["data"]["type"] == kind)["data"]["payload"]


def test_003_1_an_insert_reaches_a_websocket(shop, cluster):
    with shop.ws() as client:
        client.subscribe("events.>")
        cluster.sql("INSERT INTO tickets (id, subject, customer_id) VALUES (7, 'Screen', 3)")
        assert event(client, "tickets.created") == {"id": 7, "customer_id": 3, "subject": "Screen", "status": "open"}
