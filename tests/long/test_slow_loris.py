# SPDX-License-Identifier: Apache-2.0
"""The slow-loris of tests/system with 5,000 sockets."""
import pytest
import test_hostile_clients
from test_hostile_clients import bystanders, test_003_8_slow_loris_keeps_nobody_out  # noqa: F401

SOCKETS = 5000


@pytest.fixture(autouse=True)
def many(monkeypatch):
    monkeypatch.setattr(test_hostile_clients, "SLOW_LORIS", SOCKETS)
