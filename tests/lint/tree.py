# SPDX-License-Identifier: Apache-2.0
"""The source tree as the lint tests see it."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SIGHTLINE_BUILD", ROOT / "build")).resolve()

# A folder and the folders whose headers its files may include.
MAY_INCLUDE = {
    "common": {"common"},
    "shm": {"shm", "common", "include"},
    "collectors": {"collectors", "shm", "common", "include"},
    "aggregator": {"aggregator", "shm", "common"},
    "gateway": {"gateway", "common"},
    "ctl": {"ctl", "common"},
}


def files(*suffixes):
    """Paths of the repository's files, relative to its root; build results are none."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        relative = pathlib.Path(folder).relative_to(ROOT)
        folders[:] = sorted(
            f
            for f in folders
            if not f.startswith((".", "build", "var"))
            and f not in ("node_modules", "__pycache__", "dist", "results", "corpus")
        )
        found += [relative / name for name in sorted(names) if name.endswith(suffixes)]
    return found


def text(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
