# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the system tests, and how long a campaign may take."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))

from fixtures import instance, make_instance  # noqa: E402, F401


@pytest.fixture
def minutes():
    """What deploy/test long was given."""
    return float(os.environ.get("SIGHTLINE_LONG_MINUTES", "60"))
