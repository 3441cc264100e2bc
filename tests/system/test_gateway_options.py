# SPDX-License-Identifier: Apache-2.0
"""Options of the gateway, each by what it changes on the wire."""
import os
import signal
import socket

import pytest
import requests

from rawsocket import RawSocket
from sightline import wait_until


def sized(instance, path="/healthz", **headers):
    return requests.get(instance.url(path), headers=headers, timeout=5).status_code


def test_size_limits_hold_and_follow_a_reload(make_instance):
    instance = make_instance(config={
        "gateway": "header_bytes_max = 2KiB\nuri_bytes_max = 300\nbody_bytes_max = 2KiB"}).start()
    assert sized(instance) == 200
    assert sized(instance, X="a" * 2048) == 431
    assert sized(instance, "/healthz?" + "a" * 300) == 414
    big = instance.post("/api/v1/control", {"action": "x" * 2048})
    assert big.status_code == 413
    path = instance.dir / "etc/sightline.conf"
    path.write_text(path.read_text().replace("= 2KiB", "= 32KiB").replace("= 300", "= 16KiB"))
    os.kill(instance.processes["gateway-1"].pid, signal.SIGHUP)
    wait_until(lambda: sized(instance, X="a" * 20000) == 200, what="the larger limit")
    assert sized(instance, "/healthz?" + "a" * 10000) == 200


def test_a_required_issuer_is_demanded(make_instance):
    instance = make_instance(config={"auth": 'issuer = "us"'}).start()
    refused = instance.get("/api/v1/snapshot")
    assert refused.status_code == 401 and "issuer" in refused.json()["detail"]


# ---- proxies ---------------------------------------------------------------------------------


@pytest.fixture
def behind_proxy(make_instance):
    def make(*proxies):
        names = ", ".join(f'"{p}"' for p in proxies)
        return make_instance(config={"gateway": f"connects_per_second = 2\ntrusted_proxies = {{{names}}}\n"
                                                "max_connections_per_user = 10000"}).start()
    return make


def opened(instance, address=None, path="/api/v1/stream"):
    """The status of a stream that a client behind a proxy opens."""
    headers = instance.bearer()
    if address:
        headers["X-Forwarded-For"] = address
    with requests.get(instance.url(path), headers=headers, stream=True, timeout=5) as answer:
        return answer.status_code


def is_limited(instance, addresses):
    """Whether one of many in quick succession is one too many in its second."""
    return any(opened(instance, address) == 429 for address in addresses)


def test_connects_are_counted_for_the_client_behind_a_listed_proxy(behind_proxy):
    instance = behind_proxy("127.0.0.1")
    assert is_limited(instance, ["203.0.113.1"] * 200)
    # What the client itself put in front is not believed; another client is not concerned.
    assert is_limited(instance, [f"198.51.100.{n}, 203.0.113.2" for n in range(200)])
    assert opened(instance, "203.0.113.3") == 200
    assert not is_limited(instance, [None] * 30)


def test_reconnects_behind_a_proxy_count_as_connects(behind_proxy):
    instance = behind_proxy("127.0.0.1")
    with instance.get("/api/v1/stream", stream=True) as answer:
        path = "/api/v1/reconnect?token=" + answer.headers["X-Reconnect-Token"]
    assert 429 in (opened(instance, "203.0.113.1", path) for _ in range(200))
    assert opened(instance, "203.0.113.2", path) == 200


def test_a_websocket_behind_a_proxy_is_told_to_slow_down(behind_proxy):
    instance = behind_proxy("127.0.0.1")
    codes = set()
    for _ in range(100):
        raw = RawSocket(instance, headers="X-Forwarded-For: 203.0.113.1\r\n")
        raw.socket.shutdown(socket.SHUT_WR)
        codes.add(raw.close_code())
        raw.close()
        if 3013 in codes:
            return
    raise AssertionError(codes)


def test_loopback_that_forwards_unlisted_is_not_exempt(behind_proxy):
    # Its word for other addresses does not help: all count as the peer.
    assert is_limited(behind_proxy(), [f"203.0.113.{n}" for n in range(200)])


def test_the_metrics_socket_is_not_local_to_what_a_proxy_forwards(instance):
    assert instance.unix_get(1, "/metrics")[0] == 200
    assert instance.unix_get(1, "/metrics", "X-Forwarded-For: 203.0.113.1\r\n")[0] == 401


def test_a_session_behind_tls_of_a_listed_proxy_uses_its_own_cookie(make_instance):
    instance = make_instance(config={"gateway": 'trusted_proxies = {"127.0.0.1"}'}).start()
    secure = {"X-Forwarded-Proto": "https"}
    made = instance.post("/api/v1/session", {}, headers=secure)
    cookie = made.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sightline=") and "; Secure" in cookie
    name_and_token = cookie.split(";")[0]
    assert instance.get("/api/v1/session", None, {**secure, "Cookie": name_and_token}).status_code == 200
    # Over cleartext the same cookie is nobody's.
    assert instance.get("/api/v1/session", None, {"Cookie": name_and_token}).status_code == 401


# ---- clocks ----------------------------------------------------------------------------------


def test_a_quiet_stream_of_document_004_gets_its_metrics_within_the_update_interval(make_instance):
    instance = make_instance(env={"REAL_TIME_UPDATE_INTERVAL": "300"}).start()
    with instance.ws(path="/api/admin/analytics/websocket") as quiet, instance.ws(sub="other") as other:
        for stream in quiet, other:
            stream.wait("connection_established")
            stream.subscribe("metrics.business_metrics.>")
            stream.wait("initial_metrics")
        wait_until(lambda: len(quiet.of_type("metrics_update")) >= 3, what="updates without a change")
        assert "businessMetrics" in quiet.of_type("metrics_update")[-1]["data"]
        assert not other.of_type("metrics_update")


# ---- hysteresis ------------------------------------------------------------------------------


def test_a_value_around_its_threshold_raises_one_alert_until_its_clear_value(make_instance):
    instance = make_instance().start()
    feeder = instance.start_feeder()
    with instance.ws() as ws:
        ws.wait("connection_established")
        ws.subscribe("alerts")
        for value in 76, 74, 76, 73.5, 75, 74:
            feeder.sample("memory_usage", value)
            feeder.flush()
        ws.wait("system_alert")
        feeder.sample("memory_usage", 71)
        feeder.flush()
        wait_until(lambda: any(m["data"]["state"] == "resolved" for m in ws.of_type("alert_update")),
                   what="the end of the alert")
        assert len([m for m in ws.of_type("system_alert") if m["data"]["metric"] == "memory_usage"]) == 1
