"""Moments for people: local time with its zone named, and how far away it is. Under `--json` moments are UTC."""

import datetime as dt

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def local(at_ms: int) -> str:
    """`2026-11-24 23:24:05 CET`."""
    moment = dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S} {moment.tzname()}"


def from_now(at_ms: int, now_ms: int) -> str:
    """`in 14 min`, `3 h ago`, `now`; rounded down."""
    span = span_of(abs(at_ms - now_ms))
    if not span:
        return "now"
    return f"in {span}" if at_ms > now_ms else f"{span} ago"


def span_of(length_ms: int) -> str:
    """The length in its largest unit, rounded down; empty below a second."""
    for unit_ms, name in _UNITS:
        if length_ms >= unit_ms:
            return f"{length_ms // unit_ms} {name}"
    return ""
