# SPDX-License-Identifier: Apache-2.0
"""A browser's own EventSource and WebSocket, straight and through proxies."""
import threading

import pytest

from proxies import make_proxy  # noqa: F401
from tls import serve_tls


@pytest.fixture(params=["http", "https", "nginx", "haproxy", "caddy"])
def way(request, make_instance, make_proxy):  # noqa: F811
    if request.param == "http":
        instance = make_instance().start()
        return instance, instance.url("")
    if request.param == "https":
        instance = make_instance()
        serve_tls(instance)
        return instance.start(), f"https://localhost:{instance.tls_port}"
    proxy = make_proxy(request.param)
    return proxy.instance, proxy.url("")


def test_eventsource_and_websocket_of_a_browser_see_every_event_once_and_in_order(way, browse):
    instance, base = way
    feeder = instance.start_feeder()
    stop = threading.Event()

    def feed():
        n = 0
        while not stop.wait(0.02):
            feeder.event("content.updated", contentId=str(n))
            n += 1
    thread = threading.Thread(target=feed)
    thread.start()
    try:
        seen = browse("clients.mjs", base=base, token=instance.token(), topic="events.content.*")
    finally:
        stop.set()
        thread.join(10)
    for kind in "EventSource", "WebSocket":
        assert seen[kind] == list(range(seen[kind][0], seen[kind][0] + 20))
    secure = base.startswith("https")
    name = "__Host-sightline" if secure else f"sightline-{instance.port}"
    assert seen["cookies"] == [{"name": name, "secure": secure}]
