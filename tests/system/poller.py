# SPDX-License-Identifier: Apache-2.0
"""A client that polls: it reads the logs at its own pace, so no burst is too fast for it."""
import requests


class Poller:
    """A client that polls with its newest cursor, over one connection; again has the
    statuses that mean to it: later."""

    def __init__(self, instance, query="", role="master_admin", sub=None, cursor=None, again=()):
        self.instance, self.query, self.cursor, self.again = instance, query, cursor, again
        self.session = requests.Session()
        self.session.headers.update(instance.bearer(role, sub))
        self.state = {}
        self.messages = []

    def poll(self, wait=10, **params):
        if self.cursor:
            params["cursor"] = self.cursor
        answer = self.session.get(self.instance.url(f"/api/v1/poll?wait={wait}&{self.query}"), params=params, timeout=70)
        if answer.status_code in self.again:
            return []
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json" and answer.headers["Cache-Control"] == "no-store"
        body = answer.json()
        assert list(body) == ["messages", "cursor"]
        self.cursor = body["cursor"]
        self.messages += body["messages"]
        for message in body["messages"]:
            if message["type"] in ("initial_metrics", "metrics_update"):
                merge(self.state, message["data"])
        return body["messages"]

    def wait(self, kind, rounds=20):
        for _ in range(rounds):
            found = [m for m in self.poll() if m["type"] == kind]
            if found:
                return found
        raise AssertionError(f"no {kind}")


def merge(into, overlay):
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value
