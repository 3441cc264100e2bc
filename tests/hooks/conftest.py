# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from collector import HOOKS, SECRET, Collector  # noqa: E402

sys.path.insert(0, str(HOOKS))

from sightline_hooks.sender import Sender  # noqa: E402
from sightline_hooks.settings import Settings  # noqa: E402


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def make_sender(collector):
    """A factory of senders to the collector, closed afterwards."""
    made = []

    def make(**settings):
        made.append(Sender(Settings(**{"url": collector.url, "secret": SECRET, "linger_s": 0.001, "retry_min_s": 0.01,
                                       "retry_max_s": 0.02, "exit_s": 1.0, **settings})))
        return made[-1]

    yield make
    for sender in made:
        sender.close(0.2)
