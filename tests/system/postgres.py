# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL 15 of Debian's package in a directory of its own."""
import os
import pathlib
import shutil
import subprocess
import tempfile

from sightline import ROOT, free_port, wait_until

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
SHOP = ROOT / "deploy/postgres"


def as_user():
    """PostgreSQL refuses to be root: then it runs as the package's own user."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


class Cluster:
    def __init__(self, **settings):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        self.port = free_port()
        if os.getuid() == 0:
            shutil.chown(self.dir, "postgres", "postgres")
        self.dir.chmod(0o755)
        self.run("initdb", "-D", self.dir / "data", "-U", "owner", "-A", "trust", "-E", "UTF8",
                 "--locale=C", "--no-sync")
        self.settings = {"wal_level": "logical", "max_slot_wal_keep_size": "256MB", "fsync": "off",
                         "full_page_writes": "off", "listen_addresses": "", "port": self.port,
                         "unix_socket_directories": self.dir, "wal_sender_timeout": "5s",
                         "max_wal_senders": 8, "shared_buffers": "32MB", **settings}
        self.server = None
        self.start()

    def run(self, name, *args, **kwargs):
        done = subprocess.run([*as_user(), str(BIN / name), *map(str, args)], capture_output=True,
                              text=True, timeout=120, cwd="/", **kwargs)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        log = open(self.dir / "server.log", "ab") if os.getuid() != 0 else subprocess.DEVNULL
        self.server = subprocess.Popen([*as_user(), str(BIN / "postgres"), "-D", str(self.dir / "data"), *options],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        wait_until(self.answers, 60, "PostgreSQL")

    def answers(self):
        assert self.server.poll() is None, "PostgreSQL ended"
        done = subprocess.run([str(BIN / "psql"), self.conninfo("postgres"), "-c", "SELECT 1"],
                              capture_output=True, timeout=30, check=False)
        return done.returncode == 0

    def conninfo(self, database="shop", user="owner"):
        return f"host={self.dir} port={self.port} dbname={database} user={user}"

    def sql(self, *statements, database="shop", user="owner", check=True):
        """Each statement in a transaction of its own; the last one's rows, unaligned."""
        words = [word for statement in statements for word in ("-c", statement)]
        done = subprocess.run([str(BIN / "psql"), self.conninfo(database, user), "-XAtq", "-v", "ON_ERROR_STOP=1",
                               *words], capture_output=True, text=True, timeout=120, check=False)
        if not check:
            return done
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def make_shop(self):
        self.sql("CREATE DATABASE shop", database="postgres")
        for name in ("shop.sql", "setup.sql"):
            subprocess.run([str(BIN / "psql"), self.conninfo(), "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(SHOP / name)],
                           check=True, capture_output=True, timeout=60)
        return self

    def stop(self, mode="fast"):
        if self.server.poll() is None:
            self.run("pg_ctl", "stop", "-D", self.dir / "data", "-m", mode, "-s")
        self.server.wait(60)

    def remove(self):
        if self.server.poll() is None:
            self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)


def catalog():
    """What the sample's queries need of the catalog."""
    return (SHOP / "catalog.conf").read_text(encoding="utf-8")


def section(cluster, extra=""):
    """The sample's section for this cluster, and more of it."""
    text = (SHOP / "sightline.conf").read_text(encoding="utf-8")
    body = text[text.index("{") + 1:text.rindex("}")]
    body = body.replace("host=/run/postgresql dbname=shop user=sightline", cluster.conninfo(user="sightline"))
    return {'collector "postgres"': body + extra}
