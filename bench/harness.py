# SPDX-License-Identifier: Apache-2.0
"""Real processes to measure: an instance in a temporary directory, the bare
server, the load; and the clocks that are read about them.

Servers run on one processor, the load on the other, so that a server's CPU time
and the load's do not get in each other's way.
"""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build-bench"
PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER, LOAD = PROCESSORS[0], PROCESSORS[-1]

PROGRAMS = {
    "aggregator": "aggregator/sightline-aggregator",
    "gateway": "gateway/sightline-gateway",
    "collect-system": "collectors/sightline-collect-system",
    "collect-synthetic": "collectors/sightline-collect-synthetic",
    "collect-statsd": "collectors/sightline-collect-statsd",
    "collect-webhook": "collectors/sightline-collect-webhook",
    "ctl": "ctl/sightlinectl",
    "bare": "bench/bench_bare",
    "crossing": "bench/bench_crossing",
    "load": "bench/bench_load",
    "post": "bench/bench_post",
    "ring": "bench/bench_ring",
    "statsd": "bench/bench_statsd",
}

# The sources that only benchmarks have, a key for tokens that are made here, and
# a metric to cross thresholds with.
CONFIG = {
    "auth": """	key "default" {
		file = "keys/jwt.pub"
		alg = EdDSA
	}
	key "bench" {
		file = "keys/bench.key"
		alg = HS256
	}""",
    'collector "synthetic-2"': "	type = synthetic\n	start = false",
    'collector "crossing"': "	type = custom\n	start = false",
}
CATALOG = """
metric "system_health.bench_crossing" { title = "To and fro" aggregate = last snapshot = false warning = 70 critical = 90 }
"""
SECRET = b"a secret that only benchmarks sign with"


class BenchError(Exception):
    pass


def program(name):
    """The path of one of ours; any other is found by the system."""
    return str(BUILD / PROGRAMS[name]) if name in PROGRAMS else name


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def cpu_s(pid):
    """CPU seconds of all threads of a process, those that have ended included."""
    return time.clock_gettime_ns((~pid << 3) | 2) / 1e9


def pss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def tokens(count, sub="bench", role="master_admin"):
    """HS256 tokens, no two of them alike."""
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    head = part(b'{"alg":"HS256","typ":"JWT"}')
    made = []
    for _ in range(count):
        claims = {"sub": sub, "role": role, "tenant": "default", "jti": os.urandom(9).hex(),
                  "exp": int(time.time()) + 43200, "max_connections": 1000000}
        text = head + b"." + part(json.dumps(claims, separators=(",", ":")).encode())
        made.append((text + b"." + part(hmac.new(SECRET, text, hashlib.sha256).digest())).decode())
    return made


class Process:
    def __init__(self, name, *args, cpu=None, env=None, log=None, talk=False):
        command = [program(name), *map(str, args)]
        if cpu is not None:
            command = ["taskset", "-c", str(cpu), *command]
        self.name = name
        self.log = log
        err = open(log, "ab") if log else subprocess.DEVNULL
        self.popen = subprocess.Popen(command, env=env, text=True, bufsize=1,
                                      stdin=subprocess.PIPE if talk else subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=err)
        if log:
            err.close()

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def tell(self, line):
        self.popen.stdin.write(line + "\n")
        answer = self.popen.stdout.readline()
        if not answer:
            raise BenchError(f"{self.name} ended at {line!r}, see {self.log}")
        return answer.strip()

    def summary(self, seconds=60):
        """Waits for the end and returns what was written."""
        out, _ = self.popen.communicate(timeout=seconds)
        if self.popen.returncode != 0:
            raise BenchError(f"{self.name} ended with {self.popen.returncode}, see {self.log}")
        return out

    def stop(self):
        if self.alive():
            self.popen.terminate()
            try:
                self.popen.wait(10)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                stream.close()


class Load(Process):
    """N clients that count (bench/load.c)."""

    def __init__(self, bench, ports, *flags, token_file=None):
        args = [*flags]
        for port in ports:
            args += ["--port", port]
        if token_file:
            args += ["--tokens", token_file]
        super().__init__("load", *args, cpu=LOAD, log=bench.dir / "load.log", talk=True)

    def ask(self, line):
        return json.loads(self.tell(line))

    def connect(self, count):
        done = self.ask(f"connect {count}")
        if done["connected"] != count:
            raise BenchError(f"only {done['connected']} of {count} clients were served, see {self.log}")
        return done


class Bare(Process):
    """The same sends without a broker around them (bench/bare.c)."""

    def __init__(self, bench):
        self.port = free_port()
        super().__init__("bare", self.port, cpu=SERVER, log=bench.dir / "bare.log", talk=True)
        wait_until(self.listens, 5, "the bare server's port")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def send(self, rate, size):
        self.tell(f"{rate} {size}")


class Instance:
    """Aggregator, gateways and collectors of one state directory."""

    def __init__(self, bench, gateways=1, config=None):
        self.bench = bench
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="i-", dir=bench.dir))
        self.ports = [free_port() for _ in range(gateways)]
        self.processes = []
        subprocess.run([program("ctl"), "init", "--dir", str(self.dir)], check=True,
                       stdout=subprocess.DEVNULL)
        for section, text in {**CONFIG, **(config or {})}.items():
            self.configure(section, text)
        (self.dir / "etc/catalog.d/bench.conf").write_text(CATALOG)
        key = self.dir / "keys/bench.key"
        key.write_bytes(SECRET)
        key.chmod(0o600)
        self.token_file = self.dir / "token"
        self.token = tokens(1)[0]
        self.token_file.write_text(self.token + "\n")

    def configure(self, section, text):
        """Puts options at the top of a section, which is made if it is not there."""
        path = self.dir / "etc/sightline.conf"
        conf = path.read_text(encoding="utf-8")
        head = f"\n{section} {{\n"
        if head in conf:
            conf = conf.replace(head, head + text + "\n", 1)
        else:
            conf += head + text + "\n}\n"
        path.write_text(conf, encoding="utf-8")

    def serve_tls(self):
        """Before the start: the one gateway also serves TLS, by a certificate of its own."""
        self.tls_ports = [free_port()]
        key, crt = self.dir / "keys/tls.key", self.dir / "keys/tls.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=localhost", "-keyout", key, "-out", crt], check=True, capture_output=True)
        key.chmod(0o600)
        self.configure("gateway", '	tls_certificate = "keys/tls.crt"\n	tls_key = "keys/tls.key"\n'
                                  f"	tls_port = {self.tls_ports[0]}")

    def run(self, name, *args, cpu=SERVER, env=None):
        log = self.dir / f"{name}-{len(self.processes)}.log"
        process = Process(name, "--dir", self.dir, *args, cpu=cpu, env=env, log=log)
        self.bench.started.append(process)
        self.processes.append(process)
        return process

    def gateway(self, index, cpu=SERVER):
        """Each gateway has a port of its own, so that a client is where it should be."""
        env = dict(os.environ, SIGHTLINE_GATEWAY_PORT=str(self.ports[index - 1]))
        return self.run("gateway", "--index", index, cpu=cpu, env=env)

    def start(self):
        self.aggregator = self.run("aggregator")
        self.gateways = [self.gateway(i + 1) for i in range(len(self.ports))]
        self.wait_ready()
        return self

    def wait_ready(self):
        for i in range(len(self.ports)):
            wait_until(lambda i=i: self.ready(i + 1), 20, f"gateway {i + 1} of {self.dir} ready")

    def ready(self, index):
        for process in self.processes:
            if not process.alive():
                raise BenchError(f"{process.name} ended:\n{process.log.read_text()[-500:]}")
        return self.get(index, "/readyz")[0] == 200

    def get(self, index, path):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.dir / f"run/gateway-{index}.sock"))
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                          f"Authorization: Bearer {self.token}\r\n\r\n".encode())
                data = b""
                while chunk := s.recv(65536):
                    data += chunk
            head, _, body = data.partition(b"\r\n\r\n")
            return int(head.split()[1]), body
        except (OSError, IndexError, ValueError):
            return 0, b""

    def status(self):
        code, body = self.get(1, "/api/v1/status")
        if code != 200:
            raise BenchError(f"status answers {code}: {body[:200]!r}")
        return json.loads(body)

    def source(self, name):
        """The row of one source, None if it was never there."""
        return next((s for s in self.status()["sources"] if s["name"] == name), None)

    def synthetic(self, *args, name="synthetic", cpu=LOAD):
        return self.run("collect-synthetic", "--name", name, *args, cpu=cpu)

    def load(self, *flags, token_file=None):
        ports = self.tls_ports if "--tls" in flags else self.ports
        load = Load(self.bench, ports, *flags, token_file=token_file or self.token_file)
        self.bench.started.append(load)
        return load

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


class Bench:
    """Owns the temporary directory and everything that runs in it."""

    def __init__(self, quick=False, keep=False, rounds=None):
        self.quick = quick
        self.wanted_rounds = rounds
        self.keep = keep
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="sightline-bench-"))
        self.started = []

    def rounds(self, full=5):
        return self.wanted_rounds or (2 if self.quick else full)

    def progress(self, text):
        """Says on a terminal, or in a log, what a long measure is at."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def seconds(self, full):
        return max(2, full // 4) if self.quick else full

    def instance(self, gateways=1, config=None):
        return Instance(self, gateways, config)

    def bare(self):
        """The bare server and a load on it."""
        bare = Bare(self)
        self.started.append(bare)
        load = Load(self, [bare.port])
        self.started.append(load)
        return bare, load

    def stop_all(self):
        for process in reversed(self.started):
            process.stop()
        self.started.clear()

    def close(self):
        self.stop_all()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
