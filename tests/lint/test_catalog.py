# SPDX-License-Identifier: Apache-2.0
"""The catalog, its manual and the collectors that ship with it agree."""
import re

from tree import files, text

METRIC = re.compile(r'^metric "([a-z_]+)\.([a-z0-9_]+)"\s*\{(.*)\}', re.M)


def metrics():
    return {
        (module, name): dict(re.findall(r"\b(\w+) = (\"[^\"]*\"|[^\s}]+)", body))
        for module, name, body in METRIC.findall(text("etc/catalog.conf"))
    }


def test_what_the_system_collector_feeds_is_declared_with_its_unit():
    declared, wrong, seen = metrics(), [], 0
    units = {options.get("unit") for options in declared.values()} - {None}
    for path in files(".c"):
        if path.parts[0] != "collectors":
            continue
        for name, unit in re.findall(r'"([a-z][a-z0-9_]+)",\s*"([a-z_]+)"', text(path)):
            options = declared.get(("system_health", name))
            names_two_metrics = ("system_health", unit) in declared
            if names_two_metrics or (options is None and unit not in units):
                continue
            seen += 1
            if options is None:
                wrong.append(f"{path}: {name} is not declared")
            elif options.get("unit") != unit:
                wrong.append(f"{path}: {name} in {unit}, the catalog says {options.get('unit')}")
    assert not wrong, "\n".join(wrong)
    assert seen == 0 or seen > 20, "the search itself is broken"


def words(section, option):
    """The words of an option's description in the manual."""
    manual = text("man/sightline-catalog.5")
    body = manual[manual.index(f".Ss {section} "):]
    body = body[body.index(f".It Ic {option}\n"):]
    body = body[: re.search(r"\n\.(It|El)", body[1:]).start() + 1]
    return set(re.findall(r"(?<=[ ,])[a-z][a-z-]+(?=[ ,\n])", " ".join(re.findall(r"\.Cm (.*)", body)) + " ")) | set(
        re.findall(r"\.Cm ([a-z-]+)", body)
    )


def test_the_manual_lists_every_right():
    rights = set(re.findall(r'X\([A-Z_]+, \d+, "([a-z-]+)"\)', text("common/catalog.h")))
    assert "acknowledge" in rights
    assert words("role", "may") - {"all"} == rights


def test_the_manual_describes_every_option_of_the_catalog():
    source = text("common/catalog_build.c")
    manual = text("man/sightline-catalog.5")
    for kind in ("module", "family", "metric", "event", "alias", "role"):
        table = re.search(kind + r"_rules\[\] = \{(.*?)\n?\s*END", source, re.S)[1]
        names = set(re.findall(r'\{"(\w+)"', table))
        section = manual[manual.index(f".Ss {kind} "):]
        section = section[: re.search(r"\n\.S[sh]", section[1:]).start() + 1]
        described = set()
        for line in re.findall(r"^\.It Ic (.*)", section, re.M):
            described |= set(line.replace(" ,", "").split())
        assert names and described == names, kind


def test_a_module_has_exactly_the_metrics_of_one_catalog_entry_each():
    names = METRIC.findall(text("etc/catalog.conf"))
    keys = [(module, name) for module, name, _ in names]
    assert len(keys) == len(set(keys)) and len(keys) > 50
