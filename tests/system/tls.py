# SPDX-License-Identifier: Apache-2.0
"""Certificates, and instances that serve them."""
import os
import ssl
import subprocess

from sightline import free_port


def make_certificate(folder, name="tls", days=30, kind="ec"):
    """A self-signed pair for localhost: (certificate, key), moved into place at once."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    new = {"ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["-newkey", "rsa:2048"]}[kind]
    subprocess.run(["openssl", "req", "-x509", *new, "-nodes", "-days", str(days), "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", f"{key}.new", "-out", f"{crt}.new"], check=True, capture_output=True)
    os.chmod(f"{key}.new", 0o600)
    os.rename(f"{key}.new", key)
    os.rename(f"{crt}.new", crt)
    return crt, key


def serve_tls(instance, options=""):
    """Configures TLS before the start: the certificate's path; instance.tls_port is where."""
    crt, key = make_certificate(instance.dir / "keys")
    instance.tls_port = free_port()
    instance.configure("gateway", f'tls_certificate = "keys/{crt.name}"\ntls_key = "keys/{key.name}"\n'
                                  f"tls_port = {instance.tls_port}\n{options}")
    return crt


def trusting(certificate):
    return ssl.create_default_context(cafile=str(certificate))
