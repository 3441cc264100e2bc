# SPDX-License-Identifier: Apache-2.0
"""Values of an application as JSON that the collector takes.

This happens in the caller's thread, at once: later the value may have changed, and
an object of an ORM must not be touched by another thread.  It is bounded, and it
makes what JSON or the collector would refuse into the nearest thing that passes.
"""
import collections.abc
import datetime
import decimal
import enum
import json
import math
import numbers

DEPTH_MAX = 16
VALUES_MAX = 4096
BYTES_MAX = 65536  # of a payload

_INTEGER_MAX = 2**63
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def words(value):
    """What a value says of itself, whatever it is: for a message."""
    try:
        return f"{type(value).__name__}: {value}" if isinstance(value, Exception) else str(value)
    except Exception:  # of its own __str__
        return type(value).__name__


class Unfit(ValueError):
    """A value that no event can carry; its text says why."""


def moment(value):
    """A datetime, date or text as RFC 3339.  A time without a zone is local time."""
    if isinstance(value, datetime.datetime):
        return (value if value.tzinfo is not None else value.astimezone()).isoformat()
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day).astimezone().isoformat()
    if isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc).isoformat()
    return str(value)


def _number(value):
    if type(value) is int:
        return value if -_INTEGER_MAX <= value < _INTEGER_MAX else str(value)
    return value if math.isfinite(value) else None


class _Plain:
    def __init__(self):
        self.left = VALUES_MAX

    def scalar(self, value):
        if isinstance(value, str):
            return str(value).replace("\0", "")
        if isinstance(value, numbers.Integral):  # of numpy, too
            return _number(int(value))
        if isinstance(value, (numbers.Real, decimal.Decimal)):
            return _number(float(value))
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value).decode("utf-8", "replace").replace("\0", "")
        if isinstance(value, datetime.date):
            return moment(value)
        return str(value).replace("\0", "")

    def any(self, value, depth):
        self.left -= 1
        if self.left < 0:
            raise Unfit(f"more than {VALUES_MAX} values")
        kind = type(value)
        # Nearly everything is one of these.
        if kind is str:
            return value.replace("\0", "")
        if kind is int or kind is float:
            return _number(value)
        if value is None or kind is bool:
            return value
        if isinstance(value, enum.Enum):
            return self.any(value.value, depth)
        if isinstance(value, collections.abc.Mapping):
            self.enter(depth)
            return {k.replace("\0", "") if type(k) is str else str(self.scalar(k)): self.any(v, depth + 1)
                    for k, v in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            self.enter(depth)
            return [self.any(v, depth + 1) for v in value]
        return self.scalar(value)

    @staticmethod
    def enter(depth):
        if depth >= DEPTH_MAX:
            raise Unfit(f"more than {DEPTH_MAX} levels")


def payload(values):
    """A mapping as a JSON object in bytes; members that are None are left out.
    Raises Unfit, or whatever an object's own methods raise."""
    found = {k: v for k, v in _Plain().any(values, 0).items() if v is not None}
    data = encode(found)
    if len(data) > BYTES_MAX:
        raise Unfit(f"a payload of {len(data)} bytes, at most {BYTES_MAX} are taken")
    return data


def encode(value):
    """Plain values as compact JSON in UTF-8."""
    # Halves of surrogate pairs are no text.
    return _encode(value).encode("utf-8", "replace")
