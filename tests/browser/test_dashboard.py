# SPDX-License-Identifier: Apache-2.0
import os
from concurrent.futures import ThreadPoolExecutor

from sightline import wait_until

# CPU load is the machine's: thresholds that only a full machine crosses.
CONFIG = {"aggregator": 'alertThresholds "cpu_usage" { warning = 95 critical = 200 }'}
SHOT = os.environ.get("SIGHTLINE_SHOTS")  # a path prefix for screenshots, to look at


def shot(name):
    return f"{SHOT}{name}" if SHOT else None


def test_sign_in_watch_cpu_acknowledge_in_one_tab_and_see_it_in_another(make_instance, browse):
    instance = make_instance(config=CONFIG).start("system")
    url = instance.url("/")
    seen = browse("dashboard.mjs", seconds=200, url=url, shot=shot("dashboard"),
                  link=f"{url}#token={instance.token('technical_admin', 'ada')}")
    assert seen["fragment_gone"] is True
    assert len(seen["cpu_values"]) >= 3
    assert seen["severity"] == "warning"
    assert "acknowledged by ada" in seen["acknowledged_text"]
    assert "on it" in seen["acknowledged_text"]
    assert seen["resolved"] is True
    assert seen["errors"] == []


def test_sign_in_by_token_says_why_and_survives_a_reload(instance, browse):
    token = instance.token("technical_admin", "ada")
    seen = browse("signin.mjs", url=instance.url("/"), token=token, wrong=token[:-4] + "AAAA",
                  shot=shot("signin"))
    assert "signature" in seen["refused"]
    assert seen["reload_stays"] is True
    assert seen["overflow"] <= 0
    assert "Workflow performance" in seen["unfed_sections"]
    assert seen["unfed_tiles"] == 0
    assert seen["cookies"] == [{"name": f"sightline-{instance.port}", "httpOnly": True, "sameSite": "Strict"}]
    assert seen["signed_out"] is True
    assert seen["stays_signed_out"] is True


def test_003_4_the_activity_feed_shows_what_happens_in_the_shop(make_instance, browse):
    instance = make_instance().start()
    feeder = instance.start_feeder("shop")
    happened = [("tickets.created", {"id": 1, "subject": "Battery"}), ("orders.created", {"id": 2, "status": "paid"}),
                ("customers.created", {"id": 3, "name": "Ada"}),
                ("tickets.status_changed", {"id": 1, "old_status": "open", "new_status": "closed"}),
                ("products.created", {"id": 4, "name": "<b>Case</b>"})]

    def happen():
        wait_until(lambda: any(row["subscriptions"] for row in instance.status()["gateways"]), 60, "the page")
        for kind, payload in happened:
            feeder.event(kind, **payload)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(happen)
        seen = browse("feed.mjs", link=instance.url(f"/#token={instance.token()}"), count=len(happened))
        done.result()
    assert [line.split()[0] for line in seen["feed"]] == [kind for kind, _ in reversed(happened)]
    assert "Battery" in seen["feed"][-1] and "Ada" in seen["feed"][2]
    assert "<b>Case</b>" in seen["feed"][0], "what a source sends is text, not markup"
