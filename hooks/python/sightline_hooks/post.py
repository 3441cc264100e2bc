# SPDX-License-Identifier: Apache-2.0
"""One kept connection to the collector, for one thread."""
import codecs
import functools
import http.client
import io
import json
import ssl
import time
import urllib.parse

from .settings import secret_of

ANSWER_MAX = 65536

# Of every host's name.  Found at its first use, in a thread, it could be found half: a child
# that is forked meanwhile would never have it.
codecs.lookup("idna")


def connect(url, timeout_s, ca_file=""):
    """A connection, not yet opened, and the path of an http or https URL."""
    parts = urllib.parse.urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca_file or None)
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=context), path
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s), path


class _Timed(io.RawIOBase):
    """Bytes of a socket until a moment of time.monotonic: a socket's own timeout begins
    anew with each byte that a slow peer sends."""

    def __init__(self, sock, until):
        self.sock, self.until = sock, until
        self.raw = sock.makefile("rb", buffering=0)

    def readable(self):
        return True

    def readinto(self, into):
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self.sock.settimeout(left)
        return self.raw.readinto(into)

    def close(self):
        self.raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock, *arguments, until, **options):
        self.until = until
        self.from_sock = sock
        super().__init__(self, *arguments, **options)  # which asks for makefile

    def makefile(self, _):
        return io.BufferedReader(_Timed(self.from_sock, self.until))


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
        self.connection.response_class = functools.partial(_Answer, until=time.monotonic() + timeout_s)
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
