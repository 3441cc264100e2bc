# SPDX-License-Identifier: Apache-2.0
"""The webhook collector of an instance, and senders with every kind of proof."""
import base64
import hashlib
import hmac
import json
import time

import requests

from sightline import free_port, wait_until

SECRET = "a secret of the webhook tests"


def standard_headers(body, ident="msg_1", when=None, secret=SECRET):
    """The fields of Standard Webhooks for a body."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    stamp = str(int(time.time() if when is None else when))
    mac = hmac.new(key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": ident, "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode()}


def hub_headers(body, secret=SECRET):
    """X-Hub-Signature-256 for a body."""
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


class Webhook:
    """One instance with a webhook collector; options go into its section."""

    def __init__(self, make_instance, options="", secret=SECRET, **kwargs):
        self.port = free_port()
        self.instance = make_instance(config={'collector "webhook"': f"port = {self.port}\n{options}"}, **kwargs)
        self.secret = secret
        path = self.instance.dir / "keys/webhook.secret"
        path.write_text(f"# of the tests\n{secret}\n", encoding="utf-8")
        path.chmod(0o600)

    def start(self):
        self.instance.start("webhook")
        self.wait()
        return self

    def wait(self):
        """Until the source is accepted: an empty batch says so."""
        def taken():
            try:
                return self.send("[]").status_code == 202
            except requests.ConnectionError:
                process = self.instance.processes["collect-webhook"]
                assert process.alive(), process.text()[-2000:]
                return False
        wait_until(taken, what="the webhook collector")

    def url(self, path="/v1/events"):
        return f"http://127.0.0.1:{self.port}{path}"

    def send(self, body, headers=None, path="/v1/events", bearer=True, **kwargs):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        body = body.encode() if isinstance(body, str) else body
        proof = {"Authorization": f"Bearer {self.secret}"} if bearer else {}
        return requests.post(self.url(path), data=body, headers={**proof, **(headers or {})},
                             timeout=20, **kwargs)

    def figures(self):
        text = requests.get(self.url("/metrics"), headers={"Authorization": f"Bearer {self.secret}"}, timeout=10).text
        return {line.split("{")[0].removeprefix("sightline_webhook_").removesuffix("_total"): float(line.split()[-1])
                for line in text.splitlines() if not line.startswith("#")}
