# SPDX-License-Identifier: Apache-2.0
"""Every problem that an answer can name has its page at /problems/<name>."""
import re

from tree import files, text

DOCUMENTED = r'X\("([a-z-]+)", \d+'
# Where names stand: a status, then the name; or a member of a problem.
NAMED = (
    r'(?:gw_call_problem|gw_outcome_problem|agg_answer_problem)\(\s*[&\w.>-]+,\s*\d+,\s*"([a-z-]+)"',
    r'\.name = "(?!sightline-)([a-z]+(?:-[a-z]+)+)"',
    # What a WebSocket is told by "error" has the same pages.
    r'\b(?:refuse|error)\([\w>-]+(?:, [\w>-]+)?, "([a-z]+(?:-[a-z]+)+)"',
    r'X\(\w+, [45]\d\d, "([a-z-]+)"',
)
SOURCES = ("gateway/", "aggregator/", "common/http")


def documented():
    return set(re.findall(DOCUMENTED, text("gateway/problem.h")))


def test_every_problem_that_is_named_is_documented():
    named = {}
    for path in files(".c", ".h"):
        if str(path).startswith(SOURCES) and str(path) != "gateway/problem.h":
            for pattern in NAMED:
                for name in re.findall(pattern, text(path)):
                    named.setdefault(name, path)
    assert len(named) > 20, "the patterns find nothing any more"
    missing = {name: str(path) for name, path in named.items() if name not in documented()}
    assert not missing, missing
