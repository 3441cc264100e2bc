# SPDX-License-Identifier: Apache-2.0
"""Real reverse proxies with the configurations that deploy/proxy offers, before
two gateways that each have a port of their own."""
import shutil
import signal
import subprocess

import pytest
import requests

from sightline import ROOT, free_port, wait_until
from tls import make_certificate, trusting

PROGRAMS = {"nginx": "/usr/sbin/nginx", "haproxy": "/usr/sbin/haproxy", "caddy": "/usr/bin/caddy"}
SAMPLES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg", "caddy": "Caddyfile"}

# What surrounds a sample on an installed system; here with paths of the test.
NGINX = """
daemon off;
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	include {sample};
}}
"""
CADDY = """{{
	admin off
	auto_https disable_redirects
	storage file_system {dir}/caddy
}}
"""


class Proxy:
    """.port speaks TLS; .url(path) and .certificate are what a client needs."""

    def __init__(self, kind, instance):
        self.kind = kind
        self.instance = instance
        self.dir = instance.dir / kind
        self.dir.mkdir()
        self.port = free_port()
        self.certificate, self.key = make_certificate(self.dir)
        self.popen = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, cwd=self.dir,
                                      stdout=open(self.dir / "out", "wb"), stderr=subprocess.STDOUT)
        try:
            wait_until(self.serves, what=f"{kind} before the gateways")
        except AssertionError as error:
            self.stop()
            raise AssertionError(f"{error}\n{(self.dir / 'out').read_text()}") from None

    def sample(self):
        """The sample, with nothing replaced but where things are."""
        text = (ROOT / "deploy/proxy" / SAMPLES[self.kind]).read_text()
        pem = self.dir / "both.pem"
        pem.write_text(self.certificate.read_text() + self.key.read_text())
        for theirs, ours in (("127.0.0.1:8080", f"127.0.0.1:{self.instance.ports[0]}"),
                             ("127.0.0.1:8090", f"127.0.0.1:{self.instance.ports[1]}"),
                             ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
                             ("bind :443 ", f"bind 127.0.0.1:{self.port} "),
                             ("dashboard.example.org {", f"https://localhost:{self.port} {{"),
                             ("server_name dashboard.example.org", "server_name localhost"),
                             ("/etc/haproxy/dashboard.pem", str(pem)),
                             ("/etc/ssl/private/dashboard.key", str(self.key)),
                             ("/etc/ssl/dashboard.crt", str(self.certificate))):
            text = text.replace(theirs, ours)
        path = self.dir / SAMPLES[self.kind]
        path.write_text((CADDY.format(dir=self.dir) if self.kind == "caddy" else "") + text)
        return path

    def command(self):
        sample, program = self.sample(), PROGRAMS[self.kind]
        if self.kind == "nginx":
            (self.dir / "main.conf").write_text(NGINX.format(dir=self.dir, sample=sample))
            return [program, "-p", self.dir, "-c", self.dir / "main.conf"]
        if self.kind == "haproxy":
            return [program, "-db", "-f", sample]
        return [program, "run", "--adapter", "caddyfile", "--config", sample]

    def serves(self):
        assert self.popen.poll() is None, "it ended"
        try:
            return self.get("/readyz", None).status_code == 200
        except requests.RequestException:
            return False

    def url(self, path, scheme="https"):
        return f"{scheme}://localhost:{self.port}{path}"

    def get(self, path, role="master_admin", headers=None, **kwargs):
        return requests.get(self.url(path), headers={**self.instance.bearer(role), **(headers or {})},
                            verify=str(self.certificate), timeout=kwargs.pop("timeout", 10), **kwargs)

    def ws(self, path="/api/v1/ws", **kwargs):
        return self.instance.ws(url=self.url(path, "wss"), ssl=trusting(self.certificate), **kwargs)

    def stop(self):
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(10)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


def start_gateway(instance, index):
    return instance.spawn(f"gateway-{index}", "gateway", "--index", str(index),
                          "--port", str(instance.ports[index - 1]))


@pytest.fixture
def make_proxy(make_instance):
    """Starts two gateways and a proxy of a kind before them."""
    made = []

    def make(kind, options=""):
        if not shutil.which(PROGRAMS[kind]):
            pytest.skip(f"{kind} is not installed")
        instance = make_instance(config={"gateway": f'trusted_proxies = {{"127.0.0.1"}}\n{options}'})
        instance.ports = [free_port(), free_port()]
        instance.gateways = 2
        instance.start_aggregator()
        for index in (1, 2):
            start_gateway(instance, index)
        for index in (1, 2):
            instance.wait_ready(index)
        made.append(Proxy(kind, instance))
        return made[-1]

    yield make
    for proxy in made:
        proxy.stop()
