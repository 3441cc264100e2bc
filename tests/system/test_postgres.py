# SPDX-License-Identifier: Apache-2.0
"""collect-postgres against a real PostgreSQL 15."""
import re

import pytest

from latest import Latest
from postgres import catalog, section
from shop import METRICS, clusters, follow, kill_campaign, log, one_cluster, one_shop, scramble  # noqa: F401
from sightline import BUILD, wait_until


def payload(client, kind):
    return client.wait(lambda m: m["type"] == "event" and m["data"]["type"] == kind)["data"]["payload"]


def test_003_1_changes_of_all_four_tables_reach_a_websocket(shop, cluster):
    with shop.ws() as client:
        client.subscribe("events.>")
        cluster.sql("INSERT INTO tickets (id, subject, customer_id) VALUES (7, 'Screen', 3)",
                    "INSERT INTO orders (id, total, quantity) VALUES (8, 12.50, 2)",
                    "INSERT INTO customers (id, name, email) VALUES (9, 'Zoë', 'z@example.org')",
                    "INSERT INTO products (id, name, price) VALUES (10, 'Cable', 3)")
        assert payload(client, "tickets.created") == {"id": 7, "customer_id": 3, "subject": "Screen", "status": "open"}
        assert payload(client, "orders.created") == {"id": 8, "quantity": 2, "total": 12.50, "status": "paid"}
        assert payload(client, "customers.created") == {"id": 9, "name": "Zoë", "email": "***"}
        assert payload(client, "products.created") == {"id": 10, "name": "Cable", "price": 3.00}
        cluster.sql("DELETE FROM products", "TRUNCATE orders")
        wait_until(lambda: len(client.of_type("event")) >= 6, what="six events")
        feed = {m["data"]["type"]: m["data"]["payload"] for m in client.of_type("event")}
    assert feed["products.deleted"] == {"id": 10}
    assert feed["orders.truncated"]["table"] == "public.orders"


def test_003_4_the_activity_feed_has_what_happens_in_the_shop(shop, cluster):
    with shop.ws() as client:
        client.subscribe("activity")
        cluster.sql("INSERT INTO tickets (id, subject) VALUES (1, 'Battery')",
                    "UPDATE tickets SET status = 'in_progress'",
                    "UPDATE tickets SET priority = 2",
                    "INSERT INTO ticket_views (ticket_id, customer_id) VALUES (1, 5)",
                    "INSERT INTO products (id, name) VALUES (2, 'Case')",
                    "UPDATE products SET name = 'Bag', id = 3",
                    "INSERT INTO customers (id, name) VALUES (4, 'Ada')",
                    "INSERT INTO orders (id) VALUES (6)")
        # Order holds within a priority, not between them.
        wait_until(lambda: len(client.of_type("event")) >= 8, what="eight events")
        feed = {m["data"]["type"]: m["data"]["payload"] for m in client.of_type("event")}
    assert feed["tickets.created"]["id"] == 1
    assert feed["tickets.status_changed"] == {
        "id": 1, "subject": "Battery", "status": "in_progress", "old_status": "open", "new_status": "in_progress"}
    assert feed["tickets.updated"]["priority"] == 2
    assert feed["tickets.viewed"] == {"id": 1, "customer_id": 5}
    assert feed["products.updated"] == {"id": 3, "old_id": 2, "name": "Bag"}
    assert feed["customers.created"]["name"] == "Ada"
    assert feed["orders.created"]["id"] == 6


def test_003_2_live_metrics_equal_a_fresh_query_at_every_pause(shop, cluster):
    done, undone = scramble(shop, cluster, 20032, 3000, 6)
    assert done >= 3000 and undone > 0


def test_the_first_state_comes_from_the_slots_own_snapshot(cluster, make_instance):
    cluster.sql("INSERT INTO orders (total) VALUES (5), (7)")
    instance = follow(make_instance(config=section(cluster), catalog=catalog()))
    with Latest(instance, *METRICS) as latest:
        wait_until(lambda: latest.get("total_revenue") == 12, 20, "the revenue before the slot")
        cluster.sql("INSERT INTO orders (total) VALUES (1)")
        wait_until(lambda: latest.get("total_revenue") == 13, 20, "the revenue after it")


@pytest.mark.skipif("asan" in BUILD.name or "tsan" in BUILD.name, reason="their memory says nothing about ours")
def test_a_large_transaction_goes_through_in_bounded_memory(shop, cluster):
    collector = shop.processes["collect-postgres"]

    def resident_mb():
        status = open(f"/proc/{collector.pid}/status", encoding="ascii").read()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    before = resident_mb()
    cluster.sql("INSERT INTO customers (name) SELECT repeat('x', 500) FROM generate_series(1, 60000)")
    wait_until(lambda: shop.source("postgres")["received"] >= 60000, 60, "all events")
    assert resident_mb() - before < 64  # 60,000 rows are 30 MB and more as they come


def test_a_malformed_section_is_named_before_it_runs(cluster, make_instance):
    instance = make_instance(config={'collector "postgres"': 'type = postgres\nconninfo = "password=secret"'})
    collector = instance.start_collector("postgres")
    assert collector.wait() == 78
    assert "password does not belong here" in collector.text() and "secret" not in collector.text()


# ---- what the slot may cost ---------------------------------------------------------------------


def test_no_slot_is_made_on_a_server_that_lets_one_fill_its_disk(make_cluster, make_instance):
    cluster = make_cluster(max_slot_wal_keep_size="-1")
    instance = make_instance(config=section(cluster), catalog=catalog()).start("postgres")
    wait_until(lambda: "max_slot_wal_keep_size is unlimited" in log(instance), 20, "the refusal")
    assert cluster.sql("SELECT count(*) FROM pg_replication_slots") == "0"


def write_wal(cluster, megabytes):
    for _ in range(megabytes // 8):
        cluster.sql("SELECT pg_logical_emit_message(false, 'x', repeat('x', 8000000))", "SELECT pg_switch_wal()")
    cluster.sql("CHECKPOINT")


def test_a_lost_slot_is_a_gap_and_a_new_start(make_cluster, make_instance):
    cluster = make_cluster(max_slot_wal_keep_size="16MB", min_wal_size="32MB", max_wal_size="32MB")
    instance = follow(make_instance(config=section(cluster), catalog=catalog()))
    with instance.ws() as client:
        client.subscribe("events.>")
        cluster.sql("INSERT INTO orders (id) VALUES (1)")
        assert payload(client, "orders.created")["id"] == 1
        instance.processes["collect-postgres"].kill()
        cluster.sql("INSERT INTO orders (id, total) VALUES (2, 40)")
        write_wal(cluster, 96)
        wait_until(lambda: write_wal(cluster, 16) or
                   cluster.sql("SELECT wal_status FROM pg_replication_slots") == "lost", 60, "the loss")
        follow(instance_only_collector(instance))
        gap = payload(client, "system.source_gap")
        assert gap["source"] == "postgres" and "slot still needed" in gap["reason"]
        cluster.sql("INSERT INTO orders (id) VALUES (3)")
        assert payload(client, "orders.created")["id"] == 3
    with Latest(instance, *METRICS) as latest:
        wait_until(lambda: latest.get("total_revenue") == 40, 20, "the revenue of the lost order")


def instance_only_collector(instance):
    """What follow() needs of an instance that runs but for its collector."""
    class Rest:
        processes = instance.processes

        @staticmethod
        def start(kind):
            instance.start_collector(kind)
            wait_until(lambda: len(re.findall("streaming slot", log(instance))) > 1, 30, "the new stream")
    return Rest


def test_a_slot_that_nobody_reads_cannot_fill_the_disk(make_cluster, make_instance):
    cluster = make_cluster(max_slot_wal_keep_size="16MB", min_wal_size="32MB", max_wal_size="32MB")
    instance = follow(make_instance(config=section(cluster), catalog=catalog()))
    begin = cluster.sql("SELECT pg_current_wal_lsn()")
    instance.processes["collect-postgres"].kill()
    largest = 0
    while int(cluster.sql(f"SELECT (pg_current_wal_lsn() - '{begin}')::bigint")) < 512 * 1024 * 1024:
        write_wal(cluster, 16)
        largest = max(largest, int(cluster.sql("SELECT sum(size) FROM pg_ls_waldir()")))
    # What the slot may keep, what a server without one keeps, and the segments of one write.
    assert largest <= (16 + 32 + 3 * 16) * 1024 * 1024


def test_the_role_of_the_sample_may_stream_and_read_what_its_queries_read(shop, cluster):
    assert cluster.sql("SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls FROM pg_roles "
                       "WHERE rolname = 'sightline'") == "f"
    for forbidden in ("SELECT * FROM customers", "INSERT INTO orders DEFAULT VALUES", "CREATE TABLE t ()",
                      "DROP PUBLICATION sightline"):
        refused = cluster.sql(forbidden, user="sightline", check=False).stderr
        assert "permission denied" in refused or "must be owner" in refused, (forbidden, refused)
    cluster.sql("INSERT INTO orders (total) VALUES (2)")
    with Latest(shop, *METRICS) as latest:
        wait_until(lambda: latest.get("total_revenue") == 2, 20, "the revenue")


# ---- exactly once; tests/long has more kills ------------------------------------------------------


def test_every_committed_change_arrives_exactly_once_whatever_is_killed(shop, cluster):
    assert kill_campaign(shop, cluster, 4, 9) > 9
