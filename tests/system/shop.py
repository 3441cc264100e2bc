# SPDX-License-Identifier: Apache-2.0
"""The sample shop of deploy/postgres, followed by a whole instance, and what is done to it.

The campaigns are here, as short as tests/system wants them and as long as tests/long does.
"""
import collections
import os
import random
import signal
import subprocess
import time

import pytest

from latest import Latest
from postgres import BIN, Cluster, catalog, section
from sightline import wait_until


@pytest.fixture(name="make_cluster")
def clusters():
    made = []

    def make(**settings):
        made.append(Cluster(**settings))
        return made[-1].make_shop()

    yield make
    for cluster in made:
        cluster.remove()


@pytest.fixture(name="cluster")
def one_cluster(make_cluster):
    return make_cluster()


@pytest.fixture(name="shop")
def one_shop(cluster, make_instance):
    """A whole instance that follows the sample's tables."""
    return follow(make_instance(config=section(cluster), catalog=catalog()))


def log(instance):
    return instance.processes["collect-postgres"].text()


def follow(instance):
    instance.start("postgres")
    wait_until(lambda: "streaming slot" in log(instance), 30, "the stream")
    return instance


# ---- metrics --------------------------------------------------------------------------------------


FRESH = {
    "total_revenue": "SELECT coalesce(sum(total), 0) FROM orders WHERE status <> 'cancelled'",
    "products_sold": "SELECT coalesce(sum(quantity), 0) FROM orders WHERE status <> 'cancelled'",
    "active_repairs": "SELECT count(*) FROM tickets WHERE status IN ('open', 'in_progress')",
    "new_tickets_24h": "SELECT count(*) FROM tickets WHERE created_at > now() - interval '24 hours'",
}

METRICS = ("metrics.business_metrics.total_revenue", "metrics.business_metrics.products_sold",
           "metrics.workflow_performance.active_repairs", "metrics.customer_intelligence.new_tickets_24h")


# Single rows come, change and go in transactions of a few, a fifth of which is rolled
# back.  No ticket is near the age of 24 hours, so that a pause may be long.
SCRAMBLE = """
CREATE PROCEDURE scramble(seed float8, wanted integer, INOUT done integer, INOUT undone integer) LANGUAGE plpgsql AS $$
DECLARE
	found integer;
	pending integer := 0;
	victim bigint;
BEGIN
	PERFORM setseed(seed);
	WHILE done + pending < wanted LOOP
		victim := floor(random() * (SELECT coalesce(max(id), 0) + 1 FROM orders));
		CASE floor(random() * 8)::integer
		WHEN 0, 1 THEN
			INSERT INTO orders (total, quantity)
				VALUES (round((random() * 100)::numeric, 2), 1 + floor(random() * 5));
		WHEN 2, 3 THEN
			INSERT INTO tickets (subject, created_at) VALUES ('s', now() - interval '1 hour' *
				CASE WHEN random() < 0.5 THEN random() * 20 ELSE 28 + random() * 20 END);
		WHEN 4 THEN
			UPDATE orders SET total = total + 1, quantity = quantity + 1 WHERE id BETWEEN victim AND victim + 2;
		WHEN 5 THEN
			UPDATE orders SET status = CASE status WHEN 'paid' THEN 'cancelled' ELSE 'paid' END WHERE id = victim;
		WHEN 6 THEN
			UPDATE tickets SET status = (ARRAY['open', 'in_progress', 'closed'])[1 + floor(random() * 3)::integer]
				WHERE id BETWEEN victim AND victim + 2;
		ELSE
			DELETE FROM orders WHERE id = victim;
			DELETE FROM tickets WHERE id = victim + 3;
		END CASE;
		GET DIAGNOSTICS found = ROW_COUNT;
		pending := pending + found;
		IF random() < 0.2 THEN
			done := done + pending;
			IF random() < 0.2 THEN
				undone := undone + pending;
				ROLLBACK;
			ELSE
				COMMIT;
			END IF;
			pending := 0;
		END IF;
	END LOOP;
	done := done + pending;
END $$
"""


def scramble(shop, cluster, seed, changes, pauses):
    """Changes so many rows at random; at each pause the metrics equal a fresh query.
    Returns how many were changed and how many of these changes were rolled back."""
    rng = random.Random(seed)
    cluster.sql(SCRAMBLE)
    done = undone = 0
    with Latest(shop, *METRICS) as latest:
        for _ in range(pauses):
            counts = cluster.sql(f"CALL scramble({rng.uniform(-1, 1)}, {changes // pauses}, 0, 0)").split("|")
            done, undone = done + int(counts[0]), undone + int(counts[1])
            fresh = {name: float(cluster.sql(query)) for name, query in FRESH.items()}
            wait_until(lambda: all(abs((latest.get(name) or 0) - fresh[name]) < 0.005 for name in FRESH),
                       20, f"equality with {fresh}, after {done} changes")
    return done, undone


# ---- exactly once -----------------------------------------------------------------------------------


class Resumer:
    """Order events by id, over connections that end and resume."""

    def __init__(self, instance):
        self.instance = instance
        self.cursor = None
        self.ids = collections.Counter()
        self.client = None

    def connect(self):
        self.client = self.instance.ws()
        self.client.subscribe("events.orders.>", **({"since": self.cursor} if self.cursor else {}))

    def take(self, seconds):
        """Reads for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.client.next(0.1)
            if message is None:
                continue
            assert message["type"] not in ("gap", "error"), message
            if message["type"] == "event" and message["data"]["type"] == "orders.created":
                self.ids[message["data"]["payload"]["id"]] += 1
            if "cursor" in message:
                self.cursor = message["cursor"]

    def reconnect(self):
        self.client.close()
        self.connect()


def pgbench(cluster, seconds):
    script = cluster.dir / "orders.sql"
    script.write_text("BEGIN;\nINSERT INTO orders (total) VALUES (1);\nINSERT INTO orders (total) VALUES (2);\n"
                      "END;\nBEGIN;\nINSERT INTO orders (total) VALUES (3);\nROLLBACK;\n", encoding="ascii")
    return subprocess.Popen([str(BIN / "pgbench"), "-n", "-c", "2", "-R", "150", "-T", str(seconds), "-f", str(script),
                             cluster.conninfo()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_walsender(cluster):
    found = cluster.sql("SELECT active_pid FROM pg_replication_slots", check=False).stdout.strip()
    if found:
        os.kill(int(found), signal.SIGKILL)  # the server restarts all of its processes
        wait_until(cluster.answers, 30, "PostgreSQL after the crash")


def kill_one(shop, cluster, what):
    """kill -9, and what a supervisor would start again is started again."""
    if what == "collector":
        shop.processes["collect-postgres"].kill()
        shop.start_collector("postgres")
    elif what == "aggregator":
        shop.processes["aggregator"].kill()
        shop.start_aggregator()
    else:
        kill_walsender(cluster)


def kill_campaign(shop, cluster, seed, kills):
    """Kills one of the three so often while orders are made; each order reaches a client
    that resumes, and once.  Returns how many orders there were."""
    rng = random.Random(seed)
    client = Resumer(shop)
    client.connect()
    load = pgbench(cluster, 3600)
    try:
        for number in range(kills):
            kill_one(shop, cluster, ("collector", "aggregator", "walsender")[number % 3])
            if load.poll() is not None:
                load = pgbench(cluster, 3600)
            client.take(rng.choice((0.05, 0.3, 1)))
            if rng.random() < 0.3:
                client.reconnect()
    finally:
        load.terminate()
        load.wait()
    committed = {int(line) for line in cluster.sql("SELECT id FROM orders").split()}

    def arrived():
        client.take(0.3)
        return set(client.ids) >= committed

    wait_until(arrived, 60, "every order")
    assert set(client.ids) == committed and len(committed) > kills
    assert [order for order, times in client.ids.items() if times != 1] == []
    client.client.close()
    return len(committed)
