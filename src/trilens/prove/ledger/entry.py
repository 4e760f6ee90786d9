"""The form of a ledger leaf: canonical JSON with a version, a kind from a closed set, a moment, and no personal data.

    {"kind":"decision","payload":[{"c":"sha256:…","ret":"conversation","ring":"…"}],"t":1764027433000, …,"v":1}

`v`, `kind`, `t` and `payload` belong to the form; all other keys are the body, whose meaning its kind gives. Values that could name or describe
a person stand in the sealed payload, which the leaf names by commitment. Digests in a body are keyed wherever the data could be guessed.

INVARIANT: `decode` takes exactly the bytes that `encode` writes, so one entry has one hash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trilens.errors import LedgerError
from trilens.vocabulary.canonical import Json, canonical, parse

VERSION = 1
LARGEST = 65_535
"""Bytes of a leaf. Source: C2SP tlog-tiles, entry bundles (a big-endian uint16 counts them). Aim for 1 KiB."""

_RESERVED = frozenset({"v", "kind", "t", "payload"})


class Kind(StrEnum):
    """What an entry can be. Released kinds keep their meaning for ever; a reader refuses others."""

    SYSTEM_DECLARED = "system.declared"
    """A manifest came into force: its digest and what it replaced."""
    STARTED = "started"
    STOPPED = "stopped"
    DECISION = "decision"
    """One event was judged."""
    GUARDS_RAN = "guards.ran"
    """Over a period: how often each guard judged, had nothing to judge, failed or was not run, on each surface."""
    DELIVERY = "delivery"
    """How much of an answer left, when that was not all of it."""
    FAULT = "fault"
    """Something failed around an exchange, and what was done instead."""
    CASE_OPENED = "case.opened"
    CASE_DECIDED = "case.decided"
    STOP_SET = "stop.set"
    """A person stopped a session, an agent or the whole system: nothing of it is let through after this entry."""
    STOP_LIFTED = "stop.lifted"
    """A person resumed what was stopped."""
    NOTICE = "notice"
    """People outside were told of something, or could not be."""
    KEY_ADDED = "key.added"
    KEY_REVOKED = "key.revoked"
    GATE = "gate"
    """A gate was computed: its verdicts and the evidence it read."""
    CONTROL_EVALUATED = "control.evaluated"
    """The status of one control was computed: from how much, over which window, about what."""
    LOG_KEY = "log.key"
    """The key that signs checkpoints was replaced; the note in it is signed by both (`succession.py`)."""
    RESTORED = "restored"
    """The ledger was restored from a copy of `size` entries: what was recorded after them elsewhere is not here."""
    RECOVERED = "recovered"
    """Entries `from` to `to` are there, and nobody was told so in time: found at a start, or committed after the deadline."""
    CLOCK_SET = "clock.set"
    """The wall clock was set: what it would have shown, or what the last entries show (`expected`), and what it showed (`shown`)."""


@dataclass(frozen=True, slots=True)
class PayloadRef:
    """What a leaf says about a sealed payload."""

    commitment: str
    ring: str
    """Random id of a key; meaningless once that is destroyed."""
    retention: str
    """Retention class."""


@dataclass(frozen=True, slots=True)
class Entry:
    kind: Kind
    at_ms: int
    """Milliseconds since 1970 UTC by the writer's clock; the order of entries is their index."""
    body: Mapping[str, Json]
    payload: tuple[PayloadRef, ...] = ()


def encode(kind: str, at_ms: int, body: Mapping[str, Json], *, payload: tuple[PayloadRef, ...] = ()) -> bytes:
    """The leaf of an entry.

    Raises:
        LedgerError: it has no canonical form, uses a reserved key or an unknown kind, or is too large; code `ledger/entry`.
    """
    if kind not in _KINDS:
        raise _malformed(f"unknown kind `{kind}`")
    if not _RESERVED.isdisjoint(body):
        raise _malformed("a body uses a key of the form")
    leaf: dict[str, Json] = {**body, "v": VERSION, "kind": str(kind), "t": at_ms}
    if payload:
        leaf["payload"] = [{"c": ref.commitment, "ring": ref.ring, "ret": ref.retention} for ref in payload]
    try:
        written = canonical(leaf)
    except ValueError as error:
        raise _malformed(str(error)) from error
    _require_bounds(written, at_ms)
    return written


def decode(leaf: bytes) -> Entry:
    """Read a leaf back.

    Raises:
        LedgerError: these are not the bytes `encode` writes; code `ledger/entry`.
    """
    try:
        fields = parse(leaf)
    except ValueError as error:
        raise _malformed("not JSON") from error
    if not isinstance(fields, dict):
        raise _malformed("not an object")
    try:
        is_canonical = canonical(fields) == leaf
    except ValueError as error:
        raise _malformed(str(error)) from error
    if not is_canonical:
        raise _malformed("not in canonical form")
    version, kind, at_ms = fields.pop("v", None), fields.pop("kind", None), fields.pop("t", None)
    if version != VERSION or isinstance(version, bool):
        raise _malformed("unknown version")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _malformed("unknown kind")
    if not isinstance(at_ms, int) or isinstance(at_ms, bool):
        raise _malformed("no moment")
    _require_bounds(leaf, at_ms)
    refs = _refs(fields.pop("payload")) if "payload" in fields else ()
    return Entry(Kind(kind), at_ms, fields, refs)


_KINDS = frozenset(kind.value for kind in Kind)


def _require_bounds(leaf: bytes, at_ms: int) -> None:
    if at_ms < 0:
        raise _malformed("a moment before 1970")
    if len(leaf) > LARGEST:
        raise _malformed(f"{len(leaf)} bytes, at most {LARGEST}")


def _refs(items: object) -> tuple[PayloadRef, ...]:
    if not isinstance(items, list) or not items:
        raise _malformed("`payload` is not a list of references")
    return tuple(_ref(item) for item in items)


def _ref(item: object) -> PayloadRef:
    match item:
        case {"c": str() as commitment, "ring": str() as ring, "ret": str() as retention, **more} if not more:
            return PayloadRef(commitment, ring, retention)
        case _:
            raise _malformed("`payload` is not a list of references")


def _malformed(reason: str) -> LedgerError:
    return LedgerError("ledger/entry", f"not a ledger entry: {reason}")
