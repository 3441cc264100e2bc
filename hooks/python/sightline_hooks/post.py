# SPDX-License-Identifier: Apache-2.0
"""One kept connection to the collector, for one thread."""
import http.client
import json
import ssl
import urllib.parse

from .settings import secret_of

ANSWER_MAX = 65536


def connect(url, timeout_s, ca_file=""):
    """A connection, not yet opened, and the path of an http or https URL."""
    parts = urllib.parse.urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca_file or None)
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=context), path
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s), path


class Post:
    def __init__(self, settings):
        self.settings = settings
        self.secret = None
        self.connection = None

    def send(self, body, timeout_s):
        """(status, detail, Retry-After) of the answer.  Raises OSError, ValueError or
        http.client.HTTPException; then the collector may or may not have taken it."""
        kept = self.connection is not None
        try:
            return self._send(body, timeout_s)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            # A kept connection may have been closed meanwhile.  Sending again is harmless:
            # events have ids.
            if not kept:
                raise
        except BaseException:
            self.close()
            raise
        try:
            return self._send(body, timeout_s)
        except BaseException:
            self.close()
            raise

    def _send(self, body, timeout_s):
        if self.secret is None:
            self.secret = secret_of(self.settings)
        if self.connection is None:
            self.connection, self.path = connect(self.settings.url, timeout_s, self.settings.ca_file)
        self.connection.timeout = timeout_s
        if self.connection.sock is not None:
            self.connection.sock.settimeout(timeout_s)
        self.connection.request("POST", self.path, body, {
            "Authorization": f"Bearer {self.secret}", "Content-Type": "application/json",
            "User-Agent": "sightline-hooks-python"})
        response = self.connection.getresponse()
        text = response.read(ANSWER_MAX)
        if response.will_close or not response.isclosed():
            self.close()
        return response.status, detail_of(text), response.headers.get("Retry-After")

    def forget_secret(self):
        """It is read again from its file before the next try."""
        self.secret = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def detail_of(text):
    """What a problem (RFC 9457) says in its detail, cut to a line."""
    try:
        problem = json.loads(text)
    except ValueError:
        return ""
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return " ".join(detail[:300].split()) if isinstance(detail, str) else ""
