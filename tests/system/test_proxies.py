# SPDX-License-Identifier: Apache-2.0
"""Through nginx, HAProxy and Caddy as deploy/proxy configures them."""
import signal
import subprocess
import threading

import pytest
import requests
from urllib3.util import SKIP_HEADER

from proxies import make_proxy, start_gateway  # noqa: F401
from sightline import wait_until


@pytest.fixture(params=["nginx", "haproxy", "caddy"])
def proxy(request, make_proxy):  # noqa: F811
    return make_proxy(request.param, "max_connections_per_user = 100\nrequests_per_second = 100000\n")


def test_every_transport_passes_and_nothing_is_held_back(proxy):
    feeder = proxy.instance.start_feeder()
    assert proxy.get("/api/v1/snapshot").status_code == 200
    events = proxy.instance.sse(path="/api/v1/stream?topics=events.content.*", url=proxy.url(""),
                                verify=str(proxy.certificate))
    with proxy.ws() as ws, events:
        events.wait("connection_established")
        ws.wait("connection_established")
        ws.subscribe("events.content.*")
        cursor = proxy.get("/api/v1/poll?wait=0&topics=events.content.*").json()["cursor"]
        for n in range(5):
            feeder.event("content.updated", contentId=str(n))
            feeder.flush()
            # One after the other: a proxy that collects would wait for more.
            for stream in ws, events:
                assert stream.wait("event")["data"]["payload"]["contentId"] == str(n)
        missed = proxy.get(f"/api/v1/poll?cursor={cursor}&topics=events.content.*").json()["messages"]
        assert [m["data"]["payload"]["contentId"] for m in missed if m["type"] == "event"] == list("01234")


def test_small_messages_are_not_held_back_from_a_client_without_gzip(proxy):
    """Caddy asks for gzip by itself where a client does not, and inflates with Go's reader."""
    feeder = proxy.instance.start_feeder()
    with proxy.instance.sse(path="/api/v1/stream?topics=events.content.*", url=proxy.url(""),
                            verify=str(proxy.certificate), headers={"Accept-Encoding": SKIP_HEADER}) as events:
        events.wait("initial_metrics")
        for n in range(3):
            feeder.event("content.updated", contentId=str(n))
            feeder.flush()
            assert events.wait("event")["data"]["payload"]["contentId"] == str(n)


def test_the_cookie_of_a_session_is_that_of_tls(proxy):
    made = requests.post(proxy.url("/api/v1/session"), headers=proxy.instance.bearer(),
                         verify=str(proxy.certificate), timeout=10)
    cookie = made.headers["Set-Cookie"]
    assert cookie.startswith("__Host-sightline=") and "; Secure" in cookie
    # The gateway knows its own origin by the host that the proxy passes on.
    for origin, status in (("https://elsewhere.example", 403), (proxy.url(""), 200)):
        answer = requests.delete(proxy.url("/api/v1/session"), verify=str(proxy.certificate), timeout=10,
                                 headers={"Cookie": cookie.split(";")[0], "Origin": origin})
        assert answer.status_code == status, answer.text


def test_the_client_is_known_by_its_address_and_cannot_forge_another(proxy):
    instance = proxy.instance
    (instance.dir / "etc/sightline.conf").write_text(
        (instance.dir / "etc/sightline.conf").read_text().replace("\nlog {", "\nlog {\nlevel = debug", 1))
    for index in (1, 2):
        instance.processes[f"gateway-{index}"].popen.send_signal(signal.SIGHUP)
        wait_until(lambda index=index: "reloaded" in instance.processes[f"gateway-{index}"].text(), what="the reload")
    subprocess.run(["curl", "-s", "--interface", "127.0.0.2", "--cacert", proxy.certificate,
                    "--resolve", f"localhost:{proxy.port}:127.0.0.1", "-H", "X-Forwarded-For: 203.0.113.7",
                    "-H", "X-Forwarded-Proto: http", "-H", "Forwarded: for=203.0.113.7",
                    proxy.url("/api/v1/snapshot")], check=True, capture_output=True)

    def logs():
        return instance.processes["gateway-1"].text() + instance.processes["gateway-2"].text()
    wait_until(lambda: "client=127.0.0.2" in logs(), what="the refusal with the client's address")
    assert "203.0.113.7" not in logs()


def test_a_gateway_that_drains_and_comes_back_is_unseen(proxy):
    instance = proxy.instance
    feeder = instance.start_feeder()
    stop, answers, seen, errors = threading.Event(), [], [], []

    def ask():
        with requests.Session() as session:
            while not stop.is_set():
                try:
                    answers.append(session.get(proxy.url("/api/v1/snapshot"), headers=instance.bearer(),
                                               verify=str(proxy.certificate), timeout=10).status_code)
                except requests.RequestException as error:
                    answers.append(str(error))
                stop.wait(0.01)

    def follow(cursor=None):
        """Reconnects as the close code says, with the newest cursor."""
        while not stop.is_set():
            try:
                with proxy.ws() as ws:
                    ws.wait("connection_established")
                    subscribed = ws.subscribe("events.content.*", **({"since": cursor} if cursor else {}))
                    cursor = cursor or subscribed["cursor"]
                    ready.set()
                    while not stop.is_set() and ws.closed is None:
                        message = ws.next(0.2)
                        if not message:
                            continue
                        cursor = message.get("cursor", cursor)
                        if message["type"] == "event":
                            seen.append(message["data"]["payload"]["contentId"])
                        elif message["type"] in ("gap", "error"):
                            errors.append(message)
            except (AssertionError, OSError):
                stop.wait(0.05)

    ready = threading.Event()
    threads = [threading.Thread(target=ask), threading.Thread(target=follow)]
    for thread in threads:
        thread.start()
    try:
        assert ready.wait(15)
        sent = 0
        for index in (1, 2):
            instance.processes[f"gateway-{index}"].popen.send_signal(signal.SIGTERM)
            while instance.processes[f"gateway-{index}"].alive():
                feeder.event("content.updated", contentId=str(sent))
                sent += 1
            # Away for longer than any of the proxies asks after /readyz: from then on
            # none sends it anything before it answers 200 there.
            stop.wait(1.2)
            start_gateway(instance, index)
            instance.wait_ready(index)
            # The proxy has to see that it is back before the other one goes.
            wait_until(lambda index=index: served(proxy, index), what=f"requests at gateway {index}")
        feeder.flush()
        wait_until(lambda: len(seen) >= sent, what="every event at the client")
    finally:
        stop.set()
        for thread in threads:
            thread.join(15)
    assert seen == [str(n) for n in range(sent)]
    assert not errors
    assert set(answers) == {200}, [a for a in answers if a != 200][:5]


def served(proxy, index):
    """Whether a request to the proxy gets to a gateway."""
    def count():
        _, text = proxy.instance.unix_get(index, "/metrics")
        return int(float(text.split("gateway_requests_total{")[1].split("} ")[1].split()[0]))
    before = count()
    for _ in range(6):
        proxy.get("/api/v1/snapshot")
    return count() - before > 2  # the two questions themselves are counted, too
