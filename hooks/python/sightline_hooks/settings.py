# SPDX-License-Identifier: Apache-2.0
"""Where events go and how much is kept for it: arguments, then the environment."""
import dataclasses
import os
import urllib.parse

PREFIX = "SIGHTLINE_HOOKS_"


@dataclasses.dataclass(frozen=True)
class Settings:
    """Each can be given as SIGHTLINE_HOOKS_<NAME>, seconds as a number of them."""

    url: str = "http://127.0.0.1:8081/v1/events"
    secret: str = dataclasses.field(default="", repr=False)
    secret_file: str = ""  # first line that is no comment; read again when it is refused
    ca_file: str = ""  # certificates to trust instead of the system's
    app: str = "application"  # names this program in notices about lost events
    events_max: int = 10_000  # kept; what comes while they are is dropped and counted
    bytes_max: int = 8 << 20  # likewise
    batch_events: int = 500
    batch_bytes: int = 256 << 10
    linger_s: float = 0.02  # how long the first event of a batch waits for others
    timeout_s: float = 5.0  # of a request
    exit_s: float = 3.0  # longest delay of the end of the program
    retry_min_s: float = 0.1
    retry_max_s: float = 30.0
    gateway: str = "http://127.0.0.1:8080"  # asked by get_analytics_status
    token: str = dataclasses.field(default="", repr=False)

    def problem(self):
        """Why nothing can be sent with these; None if it can."""
        if not self.secret and not self.secret_file:
            return f"no secret: set {PREFIX}SECRET or {PREFIX}SECRET_FILE"
        for name in ("url", "gateway"):
            text = getattr(self, name)
            try:
                parts = urllib.parse.urlsplit(text)
                parts.port  # noqa: B018: raises where it is none
            except ValueError as error:
                return f"{name} {text!r}: {error}"
            if parts.scheme not in ("http", "https") or not parts.hostname:
                return f"{name} {text!r} is not an http or https URL"
        for name in ("secret", "token"):
            if not getattr(self, name).isprintable() or not getattr(self, name).isascii():
                return f"the {name} has characters that no HTTP field can carry"
        for name in ("events_max", "bytes_max", "batch_events", "batch_bytes", "timeout_s", "retry_min_s", "retry_max_s"):
            if getattr(self, name) <= 0:
                return f"{name} must be more than 0"
        return None


def _convert(field, text):
    if field.type in (int, "int"):
        return int(text)
    return float(text) if field.type in (float, "float") else text


def read(arguments=None, environment=None):
    """Settings of keyword arguments over the environment over the defaults.
    Raises ValueError for a value of the environment, TypeError for an unknown argument."""
    environment = os.environ if environment is None else environment
    values = {}
    for field in dataclasses.fields(Settings):
        name = PREFIX + field.name.upper()
        text = environment.get(name, "")
        if text:
            try:
                values[field.name] = _convert(field, text)
            except ValueError:
                raise ValueError(f"{name}={text!r} is not a number") from None
    values.update(arguments or {})
    return Settings(**values)


def secret_of(settings):
    """The secret to send.  Raises OSError or ValueError where its file has none."""
    if settings.secret:
        return settings.secret
    with open(settings.secret_file, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if line and not line.startswith("#"):
                if not line.isprintable() or not line.isascii():
                    raise ValueError(f"the secret in {settings.secret_file} has characters that no HTTP field can carry")
                return line
    raise ValueError(f"{settings.secret_file} has no secret")
