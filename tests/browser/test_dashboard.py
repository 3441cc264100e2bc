# SPDX-License-Identifier: Apache-2.0
import os

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
