# SPDX-License-Identifier: Apache-2.0
"""What an application tells by its hooks reaches dashboards once, whoever dies on the way."""
import json
import re
import signal
import subprocess
import threading

import pytest
import requests

from applications import Writers, environment, follow, node, node_application, python, type_errors, typescript
from sightline import ROOT, free_port, wait_until
from snippets import snippet
from tls import make_certificate
from webhook import Webhook


@pytest.fixture(scope="module")
def hook(make_module_instance):
    return Webhook(make_module_instance).start()


@pytest.fixture
def events(hook):
    """events(type) gives the payloads so far, once they are what is wanted."""
    return follow(hook)


# -- the documents ----------------------------------------------------------------------------


def test_001_5_the_order_of_the_document_reaches_the_dashboard(hook, events):
    python(hook, snippet("001.5_order.txt") + """
from decimal import Decimal
from types import SimpleNamespace
complete_order(SimpleNamespace(id=17, staff_id=3, customer_id=None, total_amount=Decimal("75.50"), items=["a", "b"]))
""")
    assert events("orders.completed")[-1] == {"order_id": 17, "staff_id": 3, "total_amount": 75.5, "items_count": 2}


def test_001_5_every_hook_async_and_sync(hook, events):
    python(hook, """
import asyncio
from decimal import Decimal
from backend.modules.analytics.integrations.module_hooks import *

async def main():
    await order_completed_hook(order_id=1, staff_id=2, customer_id=3, total_amount=Decimal("9.90"), items_count=1, table_no=5)
    await staff_action_hook(staff_id=3, action_type="order_processed", action_data={"order_id": 789}, shift_id=15)
    await customer_action_hook(customer_id=4, action_type="loyalty_earned", action_data={"points": 10})
    await payment_processed_hook(order_id=1, payment_method="card", amount=Decimal("9.90"), status="success", transaction_id="t1")
    await system_event_hook(event_type="database_error", message="timeout", severity="high", source_service="orders")
    await invalidate_analytics_cache_hook("revenue_*")
    await trigger_custom_alert_hook(alert_name="Volume", message="too many", metric_name="orders_per_minute",
                                    current_value=25.0, threshold_value=20.0, severity="medium")
    await order_cancelled_hook(order_id=1, staff_id=2, reason="no stock")
asyncio.run(main())
customer_activity_sync(5, "signed_up")
payment_processed_sync(order_id=2, payment_method="card", amount=1, status="declined")
invalidate_analytics_cache_sync()
""")
    assert events("orders.completed")[-1]["table_no"] == 5
    assert events("staff.action")[-1] == {"staff_id": 3, "action": "order_processed", "data": {"order_id": 789}, "shift_id": 15}
    assert [p["activity_type"] for p in events("customers.activity", lambda found: len(found) >= 2)] == ["loyalty_earned", "signed_up"]
    assert events("payment.processed")[-1] == {"payment_id": "t1", "order_id": 1, "amount": 9.9, "method": "card", "status": "success"}
    assert events("payment.failed")[-1]["reason"] == "declined"
    assert events("system.event")[-1]["source_service"] == "orders"
    assert [p["pattern"] for p in events("system.cache_invalidated", lambda found: len(found) >= 2)] == ["revenue_*", "*"]
    assert events("system.custom_alert")[-1]["threshold_value"] == 20.0
    assert events("orders.cancelled")[-1]["reason"] == "no stock"


def test_001_5_status_has_connections_events_and_health(hook):
    text = snippet("001.5_status.txt") + "\nimport json; print(json.dumps(status))"
    with hook.instance.ws() as ws:
        ws.subscribe("events.>")

        def connected():
            status = json.loads(python(hook, text).stdout)
            return status if status["websocket_connections"] else None
        status = wait_until(connected, what="the connection in the status")
    assert status["status"] == "healthy" and status["error"] is None, status
    assert status["system"] == {"collector": "ok", "gateway": "ok", "error_rate": status["system"]["error_rate"]}
    assert status["events"]["enabled"] and status["events_processed"] >= 0 and status["connections"]["activeSubscriptions"] >= 1
    nobody = json.loads(python(hook, text, url=f"http://127.0.0.1:{free_port()}/v1/events").stdout)
    assert nobody["status"] == "error" and "collector" in nobody["error"]
    asleep = json.loads(python(hook, text, token="").stdout)
    assert asleep["status"] == "healthy" and asleep["websocket_connections"] is None


def test_002_3_the_emitters_of_the_document_compile_and_arrive(hook, events, tmp_path):
    text = snippet("002.3_emit.ts")
    assert type_errors(tmp_path / "good", text) == ""
    typescript(hook, text)
    activity = events("analytics.new_activity")[-1]
    assert activity["activityId"] == "123" and activity["location"] == "New York, US" and activity["timestamp"].endswith("Z")
    assert events("content.updated")[-1]["title"] == "Updated Blog Post"
    wrong = text.replace("contentId: '456',", "").replace("activityId: '123'", "activityId: true")
    assert {"TS2322", "TS2345"} <= set(type_errors(tmp_path / "wrong", wrong).replace(":", "").split())


def test_002_3_every_typed_emitter_is_taken(hook, events):
    done = node(hook, """
import { createRequire } from "node:module";
import { getEventEmitter, flush, getAnalyticsStatus } from "sightline-hooks";
const { EMITTERS } = createRequire(import.meta.url)("./node_modules/sightline-hooks/lib/emitter.js");
const data = { activityId: 1, eventType: "view", contentId: 2, userId: 3, settingKey: "theme", backupId: 4n, projectId: 5,
	status: "ok", message: "m", mark: "002.3" };
for (const method of Object.keys(EMITTERS))
	if (await getEventEmitter()[method](data, method === "emitContentCreated" ? "alice" : undefined) === null) process.exit(9);
if (!await flush()) process.exit(8);
const status = await getAnalyticsStatus();
console.log(JSON.stringify([Object.values(EMITTERS), status]));
""")
    kinds, status = json.loads(done.stdout)
    assert status["events"]["sent"] == len(kinds) == 25 and status["failedEvents"] == 0, status
    assert status["status"] == "healthy" and status["totalConnections"] >= 0
    for kind in kinds:
        assert [p for p in events(kind) if p.get("mark") == "002.3"], kind


@pytest.mark.parametrize("language", ["python", "node"])
def test_004_13_an_application_can_address_one_user(hook, language):
    with hook.instance.ws(sub="alice") as alice, hook.instance.ws(sub="bob") as bob:
        for ws in (alice, bob):
            ws.subscribe("events.>")
        if language == "python":
            python(hook, """
from sightline_hooks import emit, staff_action_sync
staff_action_sync(1, "for alice", audience={"sub": "alice"})
emit("staff.action", {"staff_id": 1, "action": "for all"})
""")
        else:
            node(hook, """
import { emit } from "sightline-hooks";
emit("staff.action", { staff_id: 1, action: "for alice" }, { audience: { sub: "alice" } });
emit("staff.action", { staff_id: 1, action: "for all" });
""")
        for ws in (alice, bob):
            ws.wait(lambda m: m["type"] == "event" and m["data"]["payload"].get("action") == "for all")
        assert "for alice" in [m["data"]["payload"].get("action") for m in alice.of_type("event")]
        assert "for alice" not in [m["data"]["payload"].get("action") for m in bob.of_type("event")]


# -- faults ------------------------------------------------------------------------------------


def test_what_the_catalog_refuses_is_counted_and_nothing_else_is_lost(hook, events):
    text = """
import json
import sightline_hooks as hooks
hooks.configure(linger_s=0.5)
for n in range(30):
    hooks.emit("not.declared" if n % 10 == 3 else "tickets.created", {"id": n, "mark": "refused"})
hooks.emit("tickets.created", {"mark": "no id"})
hooks.emit("tickets.created", {"id": 30, "mark": "refused"}, time="2099-01-01T00:00:00Z")
assert hooks.flush(20)
print(json.dumps(hooks.get_analytics_status()["events"]))
"""
    figures = json.loads(python(hook, text).stdout)
    assert figures["dropped"]["refused"] == 4 and figures["sent"] == 28, figures
    found = [p["id"] for p in events("tickets.created", lambda found: len(found) >= 28)]
    assert found == [n for n in range(31) if n % 10 != 3]


@pytest.mark.parametrize("kind", ["not.declared", "own.thing"])
def test_a_type_that_is_not_taken_costs_the_collector_little(make_instance, kind):
    # The shipped configuration does not let the collector write this module.
    hook = Webhook(make_instance, catalog='module "own" { title = "Own" }\nevent "own.thing" { module = own }\n').start()
    text = f"""
import json
import sightline_hooks as hooks
hooks.configure(linger_s=0.5)
for n in range(400):
    hooks.emit("{kind}" if n % 2 else "customers.activity", {{"customer_id": n}})
assert hooks.flush(20)
print(json.dumps(hooks.get_analytics_status()["events"]))
"""
    figures = json.loads(python(hook, text).stdout)
    assert figures["sent"] == 200 and figures["dropped"]["refused"] == 200, figures
    assert figures["requests"] < 10


def test_the_same_event_id_arrives_once(hook, events):
    python(hook, """
import sightline_hooks as hooks
for _ in range(3):
    hooks.order_cancelled_sync(order_id="once", event_id="order-once-cancelled")
    assert hooks.flush()
hooks.order_cancelled_sync(order_id="last")
""")
    found = [p["order_id"] for p in events("orders.cancelled", lambda found: found and found[-1]["order_id"] == "last")]
    assert found.count("once") == 1


@pytest.mark.parametrize("trusted", [True, False])
def test_https_is_spoken_to_a_certificate_that_is_trusted_only(make_instance, tmp_path, trusted):
    files = make_certificate(tmp_path)
    hook = Webhook(make_instance, f'tls_certificate = "{files[0]}"\ntls_key = "{files[1]}"')
    hook.instance.start("webhook")
    url = hook.url().replace("http://127.0.0.1", "https://localhost")

    def listens():
        try:
            return requests.get(url.replace("/v1/events", "/healthz"), verify=str(files[0]), timeout=10).status_code == 200
        except requests.ConnectionError:
            return False
    wait_until(listens, what="an answer over TLS")
    settings = {"url": url, "exit_s": 1,
                **({"ca_file": files[0]} if trusted else {})}
    taken = json.loads(python(hook, """
import json, os
import sightline_hooks as hooks
hooks.emit("tickets.created", {"id": 1})
hooks.flush(10 if "SIGHTLINE_HOOKS_CA_FILE" in os.environ else 1)
print(json.dumps(hooks.get_analytics_status()["events"]))
""", **settings).stdout)
    theirs = json.loads(node(hook, """
import { emit, flush, getAnalyticsStatus } from "sightline-hooks";
emit("tickets.created", { id: 2 });
await flush(process.env.SIGHTLINE_HOOKS_CA_FILE ? 10000 : 1000);
console.log(JSON.stringify((await getAnalyticsStatus()).events));
""", **settings).stdout)
    assert taken["sent"] == theirs["sent"] == (1 if trusted else 0), (taken, theirs)
    if not trusted:
        assert "CERTIFICATE" in taken["last_error"] and "certificate" in theirs["lastError"]


@pytest.mark.parametrize("victim", ["collect-webhook", "aggregator"])
def test_nothing_is_lost_or_doubled_while_a_process_dies_and_comes_back(make_instance, victim):
    hook = Webhook(make_instance).start()
    events = follow(hook)
    with Writers(hook) as writers:
        for _ in range(3):
            writers.feed(200)
            hook.instance.processes[victim].kill()
            writers.feed(200)
            if victim == "aggregator":
                hook.instance.start_aggregator()
                hook.instance.wait_ready()
            else:
                hook.instance.start_collector("webhook")
            hook.wait()
        writers.finish()
        writers.check([p["id"] for p in events("tickets.created", lambda found: {p["id"] for p in found} >= writers.wanted())])


# -- web servers -------------------------------------------------------------------------------

WSGI = """
import os
from sightline_hooks import customer_activity_sync, emit
emit("system.event", {"event_type": "loaded", "message": "before the fork", "pid": os.getpid()})

def application(environ, start_response):
    n = environ["QUERY_STRING"]
    customer_activity_sync(customer_id=n, action_type="visit", action_data={"pid": os.getpid()})
    if n.startswith("die"):
        os.kill(os.getpid(), 9)
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""


def test_a_preforking_web_server_reports_each_request_once(hook, events, tmp_path):
    port = free_port()
    (tmp_path / "shop.py").write_text(WSGI, encoding="utf-8")
    env = environment(hook, linger_s=0.3)
    env["PYTHONPATH"] = f"{env['PYTHONPATH']}:{tmp_path}"
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(["/usr/bin/gunicorn", "--preload", "--workers=3", "--graceful-timeout=5", f"--bind=127.0.0.1:{port}", "shop:application"],
                                  env=env, cwd=tmp_path, stdout=log, stderr=log)
    answered = {}  # which worker answered

    def visit(name):
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/?{name}", timeout=10)
        except requests.ConnectionError:
            return False
        answered[name] = int(answer.text)
        return True

    try:
        wait_until(lambda: visit("first"), what="the web server")
        lanes = [threading.Thread(target=lambda lane=lane: [visit(f"{lane}-{n}") for n in range(40)]) for lane in range(4)]
        for lane in lanes:
            lane.start()
        server.send_signal(signal.SIGHUP)  # other workers; these end in peace
        for lane in lanes:
            lane.join()
        assert not visit("die"), "a worker that dies amid a request"
        wait_until(lambda: visit("after-the-death"))
        # A worker that is just being forked misses the signal, and is killed after the grace.
        events("customers.activity", lambda found: "after-the-death" in {p["customer_id"] for p in found})
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0, (tmp_path / "log").read_text()
    finally:
        server.kill()
        server.wait()
    dead = int(re.search(r"pid (\d+) was terminated due to signal 9", (tmp_path / "log").read_text())[1])
    # What a killed process had in its memory goes with it.
    safe = {name for name, pid in answered.items() if pid != dead}
    visits = [p for p in events("customers.activity", lambda found: {p["customer_id"] for p in found} >= safe)
              if p["activity_type"] == "visit"]
    names = [p["customer_id"] for p in visits]
    assert len(names) == len(set(names)), "nothing twice"
    # Which workers accept is the kernel's choice; never their parent, which loaded the module.
    assert {p["data"]["pid"] for p in visits} and server.pid not in {p["data"]["pid"] for p in visits}
    assert len([p for p in events("system.event") if p["event_type"] == "loaded"]) == 1


@pytest.mark.parametrize("example", ["shop", "blog"])
def test_the_examples_tell_what_happens_in_them(hook, events, tmp_path, example):
    port = free_port()
    env = {**environment(hook, linger_s=30), "PORT": str(port)}
    if example == "shop":
        command = ["/usr/bin/gunicorn", "--chdir", str(ROOT / "examples"), f"--bind=127.0.0.1:{port}", "shop:application"]
    else:
        folder = node_application(tmp_path / "blog")
        (folder / "blog.mjs").write_text((ROOT / "examples/blog.mjs").read_text(encoding="utf-8"), encoding="utf-8")
        command = ["node", str(folder / "blog.mjs")]
    server = subprocess.Popen(command, env=env)

    def ask(method, path, **arguments):
        try:
            return requests.request(method, f"http://127.0.0.1:{port}{path}", timeout=10, **arguments)
        except requests.ConnectionError:
            return None

    try:
        assert wait_until(lambda: ask("GET", "/health")).text == "healthy\n"
        if example == "shop":
            assert ask("POST", "/orders?total=9.50").status_code == 201 and ask("POST", "/orders?total=much").status_code == 400
        else:
            assert ask("PUT", "/posts/456", data="A new title").status_code == 204
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    if example == "shop":
        assert events("orders.completed")[-1]["total_amount"] == 9.5
        assert "much" in events("system.event")[-1]["message"]
    else:
        assert events("content.updated")[-1]["title"] == "A new title"
