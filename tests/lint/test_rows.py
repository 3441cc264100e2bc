# SPDX-License-Identifier: Apache-2.0
"""Each row of the requirement documents that is built has a test named after it."""
import re

import pytest

from tree import files, text

# Row -> what the document says; the rows of what comes later are not here yet.
ROWS = {
    "000_1": "the snapshot and its sections",
    "000_2": "system status",
    "000_3": "alerts and their acknowledgement",
    "000_4": "event stream by sources",
    "000_5": "force, start and stop",
    "000_6": "data points",
    "000_7": "sources",
    "000_8": "configuration",
    "000_9": "default thresholds",
    "000_10": "roles",
    "000_11": "latency",
    "000_13": "figures, debug log and debug commands",
    "001_1": "WebSocket with dashboard, alerts, metrics",
    "001_2": "REST fallback",
    "001_4": "event processor",
    "001_5": "hooks for applications",
    "001_7": "health",
    "001_8": "environment",
    "001_11": "input validation",
    "002_1": "event types, checked",
    "002_2": "WebSocket at the root with a token",
    "002_3": "typed emitters",
    "002_4": "subscriptions with filters",
    "002_5": "heartbeat and timeout",
    "002_6": "several servers",
    "002_7": "critical events first",
    "002_8": "connection statistics",
    "002_9": "errors",
    "002_10": "port",
    "003_1": "changes of the database",
    "003_2": "live metrics of the database",
    "003_3": "first load and polling",
    "003_4": "activity feed",
    "003_5": "fallback and replay",
    "003_6": "several dashboards",
    "003_7": "selective updates, debouncing",
    "003_8": "connection limits, secure protocols",
    "003_9": "connection tracking",
    "003_11": "sanitised data, error notices",
    "004_1": "event stream",
    "004_2": "reconnect by token",
    "004_3": "WebSocket",
    "004_4": "information and statistics",
    "004_5": "subscribe, unsubscribe, test-connection",
    "004_6": "limits of connections",
    "004_7": "buffer and transfer to the new connection",
    "004_8": "environment",
    "004_9": "frontend examples and commands",
    "004_10": "role platform_admin",
    "004_11": "figures",
    "004_13": "targeted messages",
}


@pytest.fixture(scope="module")
def names():
    found = set()
    for path in files(".py"):
        if path.parts[0] == "tests" and path.parts[1] in ("system", "browser", "long", "property"):
            found |= set(re.findall(r"^def test_(?:row_)?(00\d_\d+)_", text(path), re.M))
    return found


@pytest.mark.parametrize("row", ROWS)
def test_row_has_a_test(names, row):
    assert row in names, ROWS[row]


def test_every_snippet_is_run():
    used = set()
    for path in files(".py"):
        used |= set(re.findall(r'"(00\d\.\d+_\w+\.\w+)"', text(path)))
    there = {path.name for path in files(".ts", ".sh", ".txt", ".json") if "snippets" in path.parts}
    assert there and there == used
