# SPDX-License-Identifier: Apache-2.0
"""The pure parts of the Python hooks: ids, payloads, verdicts, settings, the buffer."""
import ast
import dataclasses
import datetime
import decimal
import enum
import fractions
import inspect
import json
import re
import signal
import uuid

import pytest

import sightline_hooks
from collector import HOOKS
from sightline_hooks import plain, settings, verdict
from sightline_hooks.buffer import Buffer
from sightline_hooks.ident import uuid7


def test_every_file_is_python_3_9_and_imports_the_standard_library_only():
    allowed = {"asyncio", "atexit", "codecs", "collections", "contextlib", "dataclasses", "datetime", "decimal",
               "email", "enum", "functools", "http", "inspect", "io", "json", "logging", "math", "numbers", "os", "random", "re", "ssl", "sys", "threading", "time",
               "urllib", "weakref", "sightline_hooks"}
    for path in HOOKS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path), feature_version=(3, 9))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else (
                [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else [])
            assert {name.split(".")[0] for name in names} <= allowed, path


# -- ids ------------------------------------------------------------------------------------


def test_ids_are_uuids_of_version_7_and_sort_by_time():
    ids = [uuid7() for _ in range(5000)]
    assert len(set(ids)) == len(ids)
    for text in ids[:100]:
        parsed = uuid.UUID(text)
        assert parsed.version == 7 and parsed.variant == uuid.RFC_4122
    early, late = uuid7(1_700_000_000_000_000_000), uuid7(1_700_000_000_000_001_000)
    assert early < late and early[:14] == late[:14] == "018bcfe5-6800-"[:14]


# -- payloads ---------------------------------------------------------------------------------


class Colour(enum.Enum):
    RED = "red"


def test_a_payload_is_the_nearest_thing_that_passes():
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    ident = uuid.uuid4()
    found = json.loads(plain.payload({
        "amount": decimal.Decimal("75.50"), "when": moment, "id": ident, "colour": Colour.RED, "set": {1}, "tuple": (1, 2),
        "bytes": b"a\xff", "nan": float("nan"), "in": [float("inf")], "big": 2**63, "small": -(2**63), "third": fractions.Fraction(1, 4), "nul": "a\0b",
        "half": "\ud800x", 7: "key", "none": None, "flag": True, "deep": {"none": None}, "text": "Grüße 😀"}))
    assert found == {
        "amount": 75.5, "when": "2026-01-02T03:04:05+00:00", "id": str(ident), "colour": "red", "set": [1],
        "tuple": [1, 2], "bytes": "a\ufffd", "in": [None], "big": str(2**63), "small": -(2**63), "third": 0.25, "nul": "ab",
        "half": "?x", "7": "key", "flag": True, "deep": {"none": None}, "text": "Grüße 😀"}
    assert datetime.datetime.fromisoformat(plain.moment(datetime.datetime(2026, 1, 2))).tzinfo is not None


def test_a_payload_is_bounded_in_bytes_values_and_levels():
    endless = {}
    endless["self"] = endless
    for values in ({"a": "x" * 70_000}, {"a": list(range(5000))}, endless, [1]):
        with pytest.raises((plain.Unfit, AttributeError)):
            plain.payload(values)
    assert len(plain.payload({"a": "x" * 65_000})) < plain.BYTES_MAX


# -- verdicts ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status,detail,count,action,further", [
    (202, "", 5, "taken", 0), (409, "", 5, "taken", 0),
    (422, "events[3]: no", 5, "fewer", 3), (422, "events[0]: no", 5, "drop", 0),
    (422, "events[0]: its time 2027 is more than 5 s ahead", 5, "undate", 0),
    (422, "events[9]: not ours", 5, "fewer", 2), (422, "strange", 1, "drop", 0),
    (400, "line 1", 9, "fewer", 4), (413, "", 2, "fewer", 1), (413, "", 1, "drop", 0),
    (429, "", 5, "later", 0), (503, "", 5, "later", 0), (500, "", 5, "later", 0), (401, "", 5, "later", 0),
    (200, "", 5, "later", 0), (204, "", 5, "later", 0), (301, "", 5, "later", 0), (404, "", 5, "later", 0)])
def test_a_verdict_is_final_only_on_a_clear_word(status, detail, count, action, further):
    found = verdict.judge(status, detail, count)
    assert (found.action, found.count) == (action, further)


@pytest.mark.parametrize("text,seconds", [
    ("7", 7), ("0", 0), ("99999999999999999999", 300), ("Thu, 01 Jan 1970 00:01:40 GMT", 10), ("-3", 0), ("1e3", 0),
    ("Thu, 01 Jan 1970 00:00:10 GMT", 0), ("soon", 0), ("", 0), (None, 0), ("Thu, 99 Jan 1970", 0), ("\u0663", 0)])
def test_retry_after_is_read_in_both_forms_and_bounded(text, seconds):
    assert verdict.retry_after(text, now_s=90) == seconds


def test_back_off_doubles_with_jitter_up_to_its_bound():
    assert [verdict.backoff(n, 0.1, 1.0, lambda: 1.0) for n in (1, 2, 3, 4, 5, 500)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert verdict.backoff(3, 0.1, 1.0, lambda: 0.0) == 0.2


# -- settings -----------------------------------------------------------------------------------


def test_settings_come_from_arguments_then_the_environment(tmp_path):
    found = settings.read({"events_max": 7}, {"SIGHTLINE_HOOKS_EVENTS_MAX": "5", "SIGHTLINE_HOOKS_EXIT_S": "1.5",
                                              "SIGHTLINE_HOOKS_SECRET": "s3cret"})
    assert (found.events_max, found.exit_s, found.secret) == (7, 1.5, "s3cret")
    assert "s3cret" not in repr(found)
    with pytest.raises(ValueError, match="SIGHTLINE_HOOKS_EVENTS_MAX"):
        settings.read({}, {"SIGHTLINE_HOOKS_EVENTS_MAX": "many"})
    for wrong in ({}, {"secret": "a\nb"}, {"secret": "s", "url": "ftp://x"}, {"secret": "s", "url": "http://x:y/"},
                  {"secret": "s", "url": "http:///v1"}, {"secret": "s", "events_max": 0}):
        assert settings.Settings(**wrong).problem()
    file = tmp_path / "secret"
    file.write_text("# first\n\n the secret \nanother\n", encoding="utf-8")
    assert settings.secret_of(settings.Settings(secret_file=str(file))) == "the secret"


# -- the buffer -----------------------------------------------------------------------------------


def test_the_buffer_is_bounded_in_items_and_bytes_and_refuses_the_newest():
    few, small = Buffer(3, 1000, 10), Buffer(10, 10, 10)
    assert [few.put(b"x") for _ in range(5)] == [True] * 3 + [False] * 2
    assert [small.put(b"xxxx") for _ in range(3)] == [True, True, False] and small.bytes == 8
    assert small.first(10, 4) == [b"xxxx"] and small.first(1, 100) == [b"xxxx"] and small.first(9, 1) == [b"xxxx"]
    small.settle(1)
    assert small.put(b"yy") and small.first(10, 100) == [b"xxxx", b"yy"]
    small.replace_first(b"zz")
    assert small.bytes == 4 and small.first(1, 100) == [b"zz"]
    small.close()
    assert not small.put(b"x")


def test_a_signal_handler_may_put_at_any_instruction():
    buffer = Buffer(10**6, 10**9, 10**6)
    interrupted = []

    def handler(*_):
        buffer.put(b"signal")
        interrupted.append(buffer.wait_settled(0))

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    try:
        count = 0
        while len(interrupted) < 500:
            buffer.put(b"main")
            buffer.settle(1)
            count += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert buffer.put_count == count + len(interrupted) and buffer.settled_count == count
    assert buffer.bytes == sum(len(item) for item in buffer.items) and not buffer.late


# -- documentation ----------------------------------------------------------------------------------


def test_manual_python_and_node_have_the_same_settings():
    manual = (HOOKS.parents[1] / "man/sightline-hooks.7").read_text(encoding="utf-8")
    named = re.findall(r"^\.It Ev ([A-Z_]+)$", manual, re.M)
    fields = dataclasses.fields(settings.Settings)
    assert named == [field.name.upper() for field in fields]
    node = (HOOKS.parent / "node/lib/settings.js").read_text(encoding="utf-8").split("DEFAULTS = {")[1].split("};")[0]
    theirs = dict(re.findall(r"^\t(\w+): (.*),$", node, re.M))
    assert list(theirs) == [re.sub(r"_(\w)", lambda found: found[1].upper(), field.name) for field in fields]
    for field, text in zip(fields, theirs.values()):
        value = "" if field.default is dataclasses.MISSING else field.default
        assert (text[1:-1] if text.startswith('"') else eval(text)) == value, field.name


def test_the_manual_has_every_hook_with_its_arguments():
    manual = (HOOKS.parents[1] / "man/sightline-hooks.7").read_text(encoding="utf-8")
    listed = {line.split()[0]: line.split()[1:] for line in re.findall(r"^\.It Fn (.*)$", manual, re.M)}
    for name in sightline_hooks.__all__:
        if name.endswith("_sync") and not name.startswith("customer_activity"):
            function = getattr(sightline_hooks, name)
            assert [*listed[name[:-5]], "event_id", "audience"] == list(inspect.signature(function).parameters)
            assert inspect.iscoroutinefunction(getattr(sightline_hooks, name[:-5] + "_hook"))


def test_the_types_have_every_function_with_its_arguments_and_defaults():
    stub = ast.parse((HOOKS / "sightline_hooks/__init__.pyi").read_text(encoding="utf-8"))
    declared = {node.name: node for node in stub.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    assert sorted(declared) == sorted(sightline_hooks.__all__)
    for name, node in declared.items():
        function = getattr(sightline_hooks, name)
        assert isinstance(node, ast.AsyncFunctionDef) == inspect.iscoroutinefunction(function), name
        theirs = [argument.arg for argument in node.args.args + node.args.kwonlyargs]
        if name == "configure":
            assert theirs == [field.name for field in dataclasses.fields(settings.Settings)]
            continue
        ours = inspect.signature(function).parameters.values()
        assert theirs == [parameter.name for parameter in ours], name
        defaults = [ast.literal_eval(value) for value in node.args.defaults + node.args.kw_defaults]
        assert defaults == [parameter.default for parameter in ours if parameter.default is not parameter.empty], name
