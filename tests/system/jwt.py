# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens made by hand, the wrong ones too."""
import base64
import hashlib
import hmac
import json
import time

SECRET = b"a secret of the tests, 32 bytes and more"

# To be put into the section auth: the instance's own key, and one that tests can sign with.
KEYS = 'key "own" { file = "keys/jwt.pub" alg = EdDSA }\nkey "tests" { file = "keys/tests.key" alg = HS256 }'


def encode(data):
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims(role="master_admin", sub="somebody", ttl=3600, **more):
    now = int(time.time())
    return {"sub": sub, "role": role, "iat": now, "exp": now + ttl, **more}


def sign(payload, secret=SECRET, alg="HS256", **header):
    head = f'{encode({"alg": alg, "typ": "JWT", **header})}.{encode(payload)}'
    return f"{head}.{encode(hmac.new(secret, head.encode(), hashlib.sha256).digest())}"


def accept(instance):
    """Lets an instance that has KEYS in its section auth verify what sign() makes."""
    path = instance.dir / "keys/tests.key"
    path.touch(0o600)
    path.write_bytes(SECRET)
    return instance
