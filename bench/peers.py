# SPDX-License-Identifier: Apache-2.0
"""Other servers to measure beside ours, each with everything that it needs, and
all with the same face: port, flags of the load, pid to ask for CPU and memory,
send(rate, bytes on the wire).

nchan and nats-server are Debian's, ws is npm's (tests/package-lock.json).  Each is
told to send to 1 channel what ours sends to 1 view; none checks who is there.
"""
import pathlib
import shutil
import socket
import subprocess
import threading
import time

from harness import ROOT, SERVER, Bare, BenchError, Load, Process, free_port, wait_until

EVENT_BYTES = 300
MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so"

NGINX = """
load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
user root;
pid {dir}/nginx.pid;
error_log {dir}/nginx-error.log error;
events {{ worker_connections 60000; }}
http {{
	access_log off;
	tcp_nodelay on;
	nchan_shared_memory_size 256M;
	client_body_temp_path {dir}/body;
	server {{
		listen 127.0.0.1:{port} backlog=4096;
		keepalive_requests 1000000000;
		location = /sub {{ nchan_subscriber websocket; nchan_channel_id bench; }}
		location = /pub {{ nchan_publisher; nchan_channel_id bench; nchan_message_timeout 10s; }}
	}}
}}
"""
NATS = """
host: 127.0.0.1
port: {tcp}
write_deadline: "10s"
max_connections: 60000
websocket {{ host: 127.0.0.1, port: {port}, no_tls: true, compression: false }}
"""


def payload(n, size):
    head = b'{"type":"event","data":{"payload":{"ts_ns":%d,"n":%d,"pad":"' % (time.time_ns(), n)
    return head + b"x" * max(0, size - len(head) - 4) + b'"}}}'


class Publisher(threading.Thread):
    """Hands messages to a server at a rate, whatever is due every 5 ms; numbered from n."""

    def __init__(self, publish, rate, size, n):
        super().__init__(daemon=True)
        self.publish, self.rate, self.size, self.n = publish, rate, size, n
        self.ended = threading.Event()
        self.start()

    def run(self):
        began, sent = time.monotonic(), 0
        while not self.ended.wait(0.005):
            while sent < (time.monotonic() - began) * self.rate and not self.ended.is_set():
                self.publish(payload(self.n, self.size))
                self.n += 1
                sent += 1


class Peer:
    flags = ()

    def __init__(self, bench):
        self.bench = bench
        self.port = free_port()
        self.publisher = None
        self.next_n = 0

    def run(self, *command, talk=False):
        name = pathlib.Path(command[0]).name
        process = Process(*command, cpu=SERVER, log=self.bench.dir / f"{name}.log", talk=talk)
        self.bench.started.append(process)
        wait_until(self.listens, 10, f"the port of {name}")
        return process

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def load(self, *flags):
        load = Load(self.bench, [self.port], *self.flags, *flags)
        self.bench.started.append(load)
        return load

    def send(self, rate, size):
        if self.publisher:
            self.publisher.ended.set()
            self.publisher.join()
            self.next_n = self.publisher.n
            self.publisher = None
        if rate:
            self.publisher = Publisher(self.publish, rate, size - 4, self.next_n)


class Nchan(Peer):
    flags = ("--idle", "--path", "/sub")

    def __init__(self, bench):
        super().__init__(bench)
        if not pathlib.Path(MODULE).exists():
            raise BenchError("libnginx-mod-nchan is not installed")
        conf = bench.dir / "nginx.conf"
        conf.write_text(NGINX.format(module=MODULE, dir=bench.dir, port=self.port))
        master = self.run("/usr/sbin/nginx", "-p", bench.dir, "-c", conf)
        children = pathlib.Path(f"/proc/{master.pid}/task/{master.pid}/children")
        wait_until(lambda: children.read_text().split(), 10, "nginx's worker")
        self.pid = int(children.read_text().split()[0])
        self.socket = socket.create_connection(("127.0.0.1", self.port))

    def publish(self, data):
        self.socket.sendall(b"POST /pub HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
                            b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.socket.recv(65536)


class Nats(Peer):
    flags = ("--nats", "--path", "/", "--topic", "bench")

    def __init__(self, bench):
        super().__init__(bench)
        if not shutil.which("nats-server"):
            raise BenchError("nats-server is not installed")
        tcp = free_port()
        conf = bench.dir / "nats.conf"
        conf.write_text(NATS.format(tcp=tcp, port=self.port))
        self.pid = self.run("nats-server", "-c", conf).pid
        self.socket = socket.create_connection(("127.0.0.1", tcp))
        self.socket.recv(65536)
        self.socket.sendall(b'CONNECT {"verbose":false}\r\n')

    def publish(self, data):
        self.socket.sendall(b"PUB bench %d\r\n" % len(data) + data + b"\r\n")


class Ws(Peer):
    flags = ("--path", "/", "--topic", "bench")

    def __init__(self, bench):
        super().__init__(bench)
        if not (ROOT / "tests/node_modules/ws").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT / "tests", check=True)
        self.process = self.run("node", ROOT / "bench/peer_ws.mjs", self.port, talk=True)
        self.pid = self.process.pid

    def send(self, rate, size):
        self.process.tell(f"{rate} {size}")


class BarePeer(Peer):
    flags = ("--path", "/", "--topic", "bench")

    def __init__(self, bench):
        super().__init__(bench)
        self.process = Bare(bench)
        bench.started.append(self.process)
        self.port, self.pid = self.process.port, self.process.pid

    def send(self, rate, size):
        self.process.send(rate, size)


class Ours(Peer):
    """Ring, aggregator and bus included in latency; CPU and memory are the gateway's."""

    def __init__(self, bench):
        super().__init__(bench)
        self.instance = bench.instance().start()
        self.pid = self.instance.gateways[0].pid
        self.source = None

    def load(self, *flags):
        return self.instance.load(*flags)

    def send(self, rate, size):
        if self.source:
            self.source.stop()
            self.source = None
        if rate:
            self.source = self.instance.synthetic("--events", rate, "--payload-bytes", EVENT_BYTES, "--seconds", 600)


ALL = {"bare": BarePeer, "Sightline": Ours, "nchan": Nchan, "nats-server": Nats, "Node ws": Ws}
