# SPDX-License-Identifier: Apache-2.0
"""The option table, the sample file and the manual say the same."""
import collections
import re

import pytest

from tree import BUILD, MAY_INCLUDE, files, run, text

Option = collections.namedtuple("Option", "section name type default unit prose reload")

LIST, CHOICE, TEXT = "7", "6", "5"


@pytest.fixture(scope="module")
def options():
    program = BUILD / "tests/lint/option_rows"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    return [Option(*line.split("\t")) for line in run(program).splitlines()]


def in_file(option):
    if option.type == LIST:
        return "{" + option.default + "}"
    if option.type == TEXT or option.default == "":
        return f'"{option.default}"'
    return option.default


# What the sample sets for the collectors that it ships.
SHIPPED = {
    ("COLLECTOR", "type"): "system",
    ("COLLECTOR", "modules"): "{system_health}",
    ("PROBE", "url"): '"http://localhost/healthz"',
    ("PROBE", "socket"): '"run/gateway-1.sock"',
    ("SERVICE", "process"): '"sightline-aggregator"',
}

OPENING = {
    "log {": "LOG",
    "auth {": "AUTH",
    'key "default" {': "KEY",
    "aggregator {": "AGGREGATOR",
    'alertThresholds "cpu_usage" {': "THRESHOLD",
    "gateway {": "GATEWAY",
    'collector "system" {': "COLLECTOR",
    'probe "gateway" {': "PROBE",
    'service "aggregator" {': "SERVICE",
    'collector "synthetic" {': "SYNTHETIC",
    'collector "postgres" {': "POSTGRES",
    'collector "webhook" {': "WEBHOOK",
    'collector "statsd" {': "STATSD",
    'table "public.tickets" {': "TABLE",
    'query "active_repairs" {': "QUERY",
    'collector "scrape" {': "SCRAPE",
    'target "node" {': "TARGET",
    'map "checkout" {': "MAP",
    'collector "log" {': "LOGS",
    'file "nginx" {': "LOG_FILE",
    'journal "ssh" {': "LOG_JOURNAL",
    'pattern "payment" {': "LOG_PATTERN",
    'collector "exec" {': "EXEC",
    'script "orders" {': "SCRIPT",
}


def sample_values():
    """(section, name) -> value of the sample, commented out or not."""
    values, stack = {}, []
    for line in text("etc/sightline.conf").splitlines():
        line = line.strip().lstrip("#").strip()
        assignment = re.match(r"([a-z_]+) = (.*)$", line)
        if line.endswith("{"):
            stack.append(OPENING.get(line, line))
        elif line == "}":
            stack.pop()
        elif assignment:
            values.setdefault((stack[-1], assignment[1]), assignment[2])
    assert not stack
    return values


def test_the_sample_shows_every_option_with_its_default(options):
    values, wrong = sample_values(), []
    for option in options:
        section = "COLLECTOR" if option.section == "SYSTEM" else option.section
        shown = values.pop((section, option.name), None)
        expected = SHIPPED.get((section, option.name), in_file(option))
        if shown != expected:
            wrong.append(f"{option.section}.{option.name}: {shown}, the table says {expected}")
    extra = [key for key in values if key not in {(kind, name) for kind in ("SYNTHETIC", "POSTGRES", "WEBHOOK", "SCRAPE", "EXEC", "LOGS", "STATSD")
                                                        for name in ("type", "start", "modules")}
             and not key[0].startswith("service")]
    assert not wrong and not extra, "\n".join(wrong + [f"not in the table: {key}" for key in extra])


def sample_prose():
    """(section, name) -> what stands above the option where it is shown first."""
    found, stack, above = {}, [], []
    for line in text("etc/sightline.conf").splitlines():
        line = line.strip().lstrip("#").strip()
        assignment = re.match(r"([a-z_]+) = ", line)
        if line.endswith("{"):
            stack.append(OPENING.get(line, line))
        elif line == "}":
            stack.pop()
        if assignment:
            found.setdefault((stack[-1], assignment[1]), " ".join(above))
        above = [] if assignment or not line or line[-1] in "{}" else above + [line]
    return found


# Elsewhere the sample is an example, told in its own words.
WHOLE = ("LOG", "AUTH", "AGGREGATOR", "GATEWAY", "COLLECTOR", "SYSTEM")


def test_the_sample_says_what_each_option_does(options):
    shown, wrong = sample_prose(), []
    for option in options:
        above = shown["COLLECTOR" if option.section == "SYSTEM" else option.section, option.name]
        said = [option.prose] if option.section in WHOLE else []
        if option.type == CHOICE and option.section in WHOLE:
            said.append(f"One of {', '.join(option.unit.split('|'))}.")
        wrong += [f"{option.section}.{option.name}: {words}" for words in said if words not in above]
    assert not wrong, "not in etc/sightline.conf:\n" + "\n".join(wrong)


HEADINGS = {
    "log": "LOG",
    "auth": "AUTH",
    'auth, key "name"': "KEY",
    "aggregator": "AGGREGATOR",
    'aggregator, alertThresholds "metric"': "THRESHOLD",
    "gateway": "GATEWAY",
    'collector "name"': "COLLECTOR",
    'collector "name" of type system': "SYSTEM",
    'collector "name", probe "name"': "PROBE",
    'collector "name", service "name"': "SERVICE",
    'collector "name" of type synthetic': "SYNTHETIC",
    'collector "name" of type postgres': "POSTGRES",
    'collector "name" of type webhook': "WEBHOOK",
    'collector "name" of type statsd': "STATSD",
    'collector "name", table "schema.table"': "TABLE",
    'collector "name", query "metric"': "QUERY",
    'collector "name", target "name"': "TARGET",
    'collector "name", map "name"': "MAP",
    'collector "name" of type log': "LOGS",
    'collector "name", file "name"': "LOG_FILE",
    'collector "name", journal "name"': "LOG_JOURNAL",
    'collector "name", pattern "name"': "LOG_PATTERN",
    'collector "name" of type exec': "EXEC",
    'collector "name", script "name"': "SCRIPT",
}


def manual_entries():
    """(section, name) -> the parenthesis that follows an option in the manual."""
    entries, section, name = {}, None, None
    for line in text("man/sightline.conf.5").splitlines():
        if line.startswith(".Ss "):
            section = HEADINGS.get(line[4:])
        elif line.startswith(".It Ic ") and section:
            name = line[7:]
        elif name and line.startswith("("):
            entries[section, name], name = line, None
    return entries


def test_the_manual_describes_every_option(options):
    entries, wrong = manual_entries(), []
    for option in options:
        entry = entries.pop((option.section, option.name), None)
        if entry is None:
            wrong.append(f"{option.section}.{option.name} is missing")
            continue
        if option.default and not entry.endswith(f"default {option.default})"):
            wrong.append(f"{option.section}.{option.name}: {entry}, the table says {option.default}")
        if ("restart" in entry) != (option.reload == "restart"):
            wrong.append(f"{option.section}.{option.name}: {entry}, the table says {option.reload}")
    assert not wrong and not entries, "\n".join(wrong + [f"not in the table: {key}" for key in entries])


def test_the_manual_lists_the_documents_variables():
    table = re.findall(r'X\("([A-Z_]+)", [A-Z]+, "[a-z_]+"', text("common/option_table.h"))
    manual = set(re.findall(r"^\.It Ev ([A-Z_]+)$", text("man/sightline.conf.5"), re.M))
    assert table and set(table) == manual


# ---- use -------------------------------------------------------------------------------------

# Options of what does not exist yet, and where they will be read.
NOT_YET = {
    ("AGGREGATOR", "retention_period"): "the store's history",
    ("AGGREGATOR", "cache_ttl"): "answers to queries over the history",
    ("AGGREGATOR", "enable_ml_forecasting"): "forecasts",
}

# What a section's struct is called where its options are read, and in which folder;
# elsewhere it goes by the section's own name.
READERS = {
    "KEY": ("common", "key|section"),
    "THRESHOLD": ("aggregator", "own"),
    "AGGREGATOR": ("aggregator", "aggregator|config|options|c"),
    "GATEWAY": ("gateway", "gateway|config|c"),
    "COLLECTOR": ("", "[a-z_]+"),
    "SYSTEM": ("collectors", "[a-z_]+"),
    "PROBE": ("collectors", "[a-z_]+"),
    "SERVICE": ("collectors", "[a-z_]+"),
    "SYNTHETIC": ("collectors", "[a-z_]+"),
    "POSTGRES": ("collectors", "postgres|options"),
    "WEBHOOK": ("collectors", "webhook|c"),
    "STATSD": ("collectors", "statsd|c"),
    "TABLE": ("collectors", "table|config"),
    "QUERY": ("collectors", "query|config|section"),
    "TARGET": ("collectors", "config"),
    "MAP": ("collectors", "rule"),
    "LOGS": ("collectors", "logs"),
    "LOG_FILE": ("collectors", "file|config"),
    "LOG_JOURNAL": ("collectors", "journal|config"),
    "LOG_PATTERN": ("collectors", "config"),
    "EXEC": ("collectors", "exec"),
    "SCRIPT": ("collectors", "section|script"),
}


def is_read(option, sources):
    folder, names = READERS.get(option.section, ("", ""))
    member = rf"(?:->|\.){option.name}(?:_ms)?\b"
    at_home = re.compile(rf"\b(?:{names}){member}|\bstruct sl_config_[a-z]+,\s+{option.name}(?:_ms)?\b")
    elsewhere = re.compile(rf"\b{option.section.lower()}{member}")
    return any(elsewhere.search(source) or names and path.parts[0].startswith(folder) and at_home.search(source)
               for path, source in sources.items())


def test_every_option_has_an_effect(options):
    sources = {path: text(path) for path in files(".c")
               if path.parts[0] in MAY_INCLUDE and not path.name.startswith(("config", "option"))}
    idle = {(option.section, option.name) for option in options if not is_read(option, sources)}
    assert idle == set(NOT_YET)
