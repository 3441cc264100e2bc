# SPDX-License-Identifier: Apache-2.0
"""The fixtures of the system tests, and a browser driven by a Node script."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from fixtures import instance, make_instance  # noqa: E402, F401


@pytest.fixture
def browse():
    """Runs a script of this folder with its arguments; gives its steps as {name: value}."""

    def run(script, seconds=90, **arguments):
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        assert chromium, "no chromium"
        done = subprocess.run(["node", str(HERE / script)], input=json.dumps(arguments),
                              capture_output=True, text=True, timeout=seconds,
                              env=dict(os.environ, CHROMIUM=chromium))
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return dict(json.loads(line) for line in done.stdout.splitlines())

    return run
