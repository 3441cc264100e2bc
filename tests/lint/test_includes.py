# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: processes stay apart, each dependency has one home."""
import collections
import re

from tree import MAY_INCLUDE, files, text

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)

# The C library and the kernel.
SYSTEM = re.compile(
    r"^((sys|linux|asm|net|netinet|arpa)/.*"
    r"|(assert|ctype|dirent|endian|errno|fcntl|features|float|ftw|getopt|grp|ifaddrs|inttypes|limits"
    r"|locale|malloc|math|netdb|poll|pthread|pwd|sched|semaphore|setjmp|signal|spawn|stdalign|stdarg"
    r"|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|sysexits|syslog"
    r"|termios|time|unistd|wchar|immintrin|nmmintrin|x86intrin|arm_acle|cpuid)\.h)$"
)


def sources():
    return [path for path in files(".c", ".h") if path.parts[0] in MAY_INCLUDE]


def includes(path):
    return INCLUDE.findall(text(path))


def test_a_folder_includes_only_what_it_may():
    owners = collections.defaultdict(set)
    for path in files(".h"):
        owners[path.name].add(path.parts[0])
        owners[str(path)].add(path.parts[0])
        if path.parts[0] == "include":
            owners["/".join(path.parts[1:])].add("include")
    wrong = []
    for path in sources():
        own, allowed = path.parts[0], MAY_INCLUDE[path.parts[0]]
        for quote, name in includes(path):
            where = owners.get(name, set())
            if (quote == '"' or where) and not where:
                wrong.append(f"{path}: {name} is nowhere")
            elif where and own not in where and not where & allowed:
                wrong.append(f"{path}: {own} must not include {name} of {', '.join(sorted(where))}")
    assert not wrong, "\n".join(wrong)


def test_each_dependency_has_one_home():
    homes = collections.defaultdict(set)
    for path in sources():
        for quote, name in includes(path):
            if quote == "<" and not SYSTEM.match(name) and not name.startswith(("event2/", "sightline/")):
                homes[name].add(str(path.with_suffix("")))
    shared = {name: sorted(where) for name, where in homes.items() if len(where) > 1}
    assert not shared, f"included in more than one place: {shared}"
    assert "confuse.h" in homes and "sodium.h" in homes, "the search itself is broken"


def test_no_header_is_there_only_to_include_others():
    umbrellas = []
    for path in sources():
        if path.suffix != ".h":
            continue
        code = re.sub(r"/\*.*?\*/", "", text(path), flags=re.S)
        lines = [line for line in code.splitlines() if line.strip()]
        if lines and all(line.lstrip().startswith("#") for line in lines) and "define" not in code.replace(
            f"#define {path.stem}", "", 1
        ).replace("#define SL_", "", 1):
            umbrellas.append(str(path))
    assert not umbrellas
