# SPDX-License-Identifier: Apache-2.0
"""Sizes, and what must not stand in the repository."""
import re
import shutil
import subprocess
import warnings

import pytest

from tree import ROOT, files, run, text

FILE_AIM, FILE_MUST = 400, 600
FUNCTION_AIM, FUNCTION_MUST = 60, 80


def judge(sizes, aim, must):
    over = sorted(((n, what) for what, n in sizes.items() if n > aim), reverse=True)
    if over:
        warnings.warn(f"over {aim} lines: " + ", ".join(f"{what} {n}" for n, what in over))
    assert not [f"{what}: {n} lines" for n, what in over if n > must]


def test_no_file_is_too_long():
    sizes = {str(path): text(path).count("\n") for path in files(".c", ".h", ".py", ".js", ".jsx", ".sh")}
    judge(sizes, FILE_AIM, FILE_MUST)


def test_no_function_is_too_long():
    if not shutil.which("ctags"):
        pytest.skip("universal-ctags is not installed")
    paths = [str(path) for path in files(".c")]
    listing = subprocess.run(
        ["ctags", "-o", "-", "--kinds-C=f", "--fields=ne", *paths],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout
    sizes = {}
    for line in listing.splitlines():
        start, end = re.search(r"\bline:(\d+)", line), re.search(r"\bend:(\d+)", line)
        if start and end:
            name, path = line.split("\t")[:2]
            sizes[f"{path}:{name}"] = int(end[1]) - int(start[1]) + 1
    assert len(sizes) > 100
    judge(sizes, FUNCTION_AIM, FUNCTION_MUST)


def test_every_source_names_its_licence():
    missing = [str(path) for path in files(".c", ".h", ".py") if "SPDX-License-Identifier: Apache-2.0" not in text(path)[:200]]
    assert not missing


def test_nothing_speaks_of_the_machine_it_was_written_on():
    # In pieces, so that this file doesn't hold what it looks for.
    forbidden = re.compile("/" + "work/|/" + "tmp/wt|/" + "home/[a-z]|/" + "root/")
    found = []
    for path in files(".c", ".h", ".py", ".sh", ".md", ".conf", ".build", ".js", ".jsx", ".html", ".json",
                      ".1", ".3", ".5", ".8", "run", "test", "packages", ".pml"):
        if path.name == "package-lock.json":
            continue
        found += [f"{path}:{i}" for i, line in enumerate(text(path).splitlines(), 1) if forbidden.search(line)]
    assert not found


def test_nothing_is_left_for_later():
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = []
    for path in files(".c", ".h", ".py", ".sh", ".js", ".jsx"):
        found += [f"{path}:{i}" for i, line in enumerate(text(path).splitlines(), 1)
                  if marks.search(line) and "mkstemp" not in line and "mkdtemp" not in line]
    assert not found


def test_manuals_are_right():
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    pages = [path for path in files(".1", ".3", ".5", ".7", ".8") if path.parts[0] == "man"]
    assert pages
    for page in pages:
        result = subprocess.run(["mandoc", "-Tlint", "-W", "warning", ROOT / page], capture_output=True, text=True)
        assert result.returncode == 0, result.stdout


def test_sources_have_the_one_format():
    if not shutil.which("clang-format") or "version 14" not in run("clang-format", "--version"):
        pytest.skip("clang-format 14 is not installed")
    paths = [str(path) for path in files(".c", ".h")]
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=ROOT, capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", result.stderr, re.M)))
    assert result.returncode == 0, f"clang-format -i {' '.join(wrong)}"
