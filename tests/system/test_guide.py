# SPDX-License-Identifier: Apache-2.0
"""docs/write-a-collector.md shows what the examples are, and what it says works."""
import os
import re
import subprocess

from scripts import Scripts
from sightline import BUILD, ROOT, wait_until

GUIDE = (ROOT / "docs/write-a-collector.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE, re.M | re.S)


def example(name):
    return (ROOT / "examples" / name).read_text(encoding="utf-8")


def block(start):
    (text,) = [text for _, text in BLOCKS if text.startswith(start)]
    return text


def test_what_the_guide_shows_stands_in_the_examples():
    files = {"python": "open_files.py", "js": "open_files.mjs", "c": "collector.c"}
    shown = [(kind, text) for kind, text in BLOCKS if kind in files]
    assert {kind for kind, _ in shown} == set(files)
    for kind, text in shown:
        assert text in example(files[kind]), text
    assert block("\techo") in example("open_files.sh")
    assert block('module "files"') in example("open_files.conf")
    for path in re.findall(r"\]\(\.\./([^)]*)\)", GUIDE):
        assert (ROOT / path).exists(), path


def test_the_section_of_the_guide_runs_a_script_and_its_lines_are_taken(make_instance):
    instance = make_instance(catalog=block('module "files"'))
    path = instance.dir / "open_files.sh"
    path.write_text(example("open_files.sh"), encoding="utf-8")
    path.chmod(0o755)
    section = block('collector "exec"').replace("/usr/local/bin", str(instance.dir))
    conf = instance.dir / "etc/sightline.conf"
    conf.write_text(conf.read_text(encoding="utf-8") + section, encoding="utf-8")
    instance.start("exec")
    wait_until(lambda: instance.get("/api/v1/snapshot").json()["files"]["open_files"])


def test_the_lines_that_the_guide_shows_are_taken(make_instance):
    scripts = Scripts(make_instance, catalog=example("open_files.conf"))
    scripts.add("shown", f"cat <<'END'\n{block('{')}END\nsleep 1000\n")
    with scripts.listen("events.files.>") as ws:
        assert ws.wait("event")["data"]["payload"] == {"open": 100001, "over": True}
        wait_until(lambda: scripts.instance.get("/api/v1/snapshot").json()["files"]["open_files"] == 1952)


def test_the_collector_in_c_is_compiled_with_pkg_config_and_its_samples_arrive(make_instance, tmp_path):
    """As the guide says it, against an installation of this build in a directory of its own."""
    done = subprocess.run(["meson", "install", "-C", str(BUILD), "--no-rebuild", "--destdir", str(tmp_path)],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (config,) = tmp_path.rglob("sightline-collector.pc")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "sightline-collector"], capture_output=True, text=True,
                           env=dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(tmp_path), PKG_CONFIG_LIBDIR=str(config.parent)))
    assert flags.returncode == 0, flags.stderr
    program = tmp_path / "collector"
    command = ["cc", "-o", str(program), str(ROOT / "examples/collector.c"), *flags.stdout.split()]
    sanitized = b"__asan_init" in next(tmp_path.rglob("sightline-collect-system")).read_bytes()
    built = subprocess.run(command + (["-fsanitize=address,undefined"] if sanitized else []), capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    instance = make_instance(catalog=example("open_files.conf")).start()
    running = subprocess.Popen([str(program), str(instance.dir / "run/attach"), "2"], env=instance.env)
    wait_until(lambda: instance.get("/api/v1/snapshot").json()["files"]["open_files"])
    assert running.wait(20) == 0
