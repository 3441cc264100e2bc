# SPDX-License-Identifier: Apache-2.0
"""What an answer of the collector means for the batch that was sent.  Pure functions.

The collector takes a request whole (202) or not at all.  When one event is at fault, its
answer names the place ("events[3]: …"); everything before that place is good.
"""
import dataclasses
import email.utils
import random
import re
import time

RETRY_AFTER_MAX_S = 300.0

# Whatever an event of this type carries, it is refused until somebody changes the catalog.
_OF_TYPE = re.compile(r"does not declare the type|may not write the module")
_PLACE = re.compile(r"^\s*(?:items|events)\[(\d+)\]")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """action: taken (all of it) | drop, undate (the first event) | fewer (send only so
    many) | later."""

    action: str
    count: int = 0  # with fewer
    halved: bool = False  # with fewer: the size was at fault, not an event
    reason: str = ""
    retry_after_s: float = 0.0  # with later: as the collector asks
    secret_refused: bool = False
    of_type: bool = False  # with drop: so would be every event of its type


def retry_after(text, now_s=None):
    """Seconds of a Retry-After field, 0 where it has none (RFC 9110, 10.2.3)."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_MAX_S)
    try:
        when = email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
    return min(max(when - (time.time() if now_s is None else now_s), 0.0), RETRY_AFTER_MAX_S)


def _at_fault(status, detail, count):
    place = _PLACE.match(detail)
    index = int(place[1]) if place and len(place[1]) < 10 else None
    if index is not None and index < count:
        if index > 0:
            return Verdict("fewer", count=index, reason=detail)
        # Our clock is ahead of the collector's: it can stamp the event itself.
        return Verdict("undate" if "s ahead" in detail else "drop", reason=detail,
                       of_type=_OF_TYPE.search(detail) is not None)
    if count > 1:
        return Verdict("fewer", count=count // 2, halved=True, reason=detail)
    return Verdict("drop", reason=detail or f"answer {status}")


def judge(status, detail, count, retry_after_field=None):
    """The verdict on a batch of count events.  Whatever is no clear word on the events
    themselves (another server at this address, a proxy without its upstream) means later."""
    if status in (202, 409):  # 409: a delivery that was taken before
        return Verdict("taken")
    if status in (400, 413, 422):
        return _at_fault(status, detail, count)
    return Verdict("later", reason=f"answer {status}" + (f": {detail}" if detail else ""),
                   retry_after_s=retry_after(retry_after_field), secret_refused=status in (401, 403))


def backoff(tries, least_s, most_s, chance=random.random):
    """Seconds before the next try after so many failed ones (1, 2, …): doubling, and a
    random half of it, so that many programs do not come back at the same moment."""
    whole = min(least_s * 2.0 ** min(tries - 1, 30), most_s)
    return whole / 2 + whole / 2 * chance()
