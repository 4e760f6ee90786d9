"""Server-sent events cut out of bytes, each with the very bytes it came in.

However the bytes are split on their way, the events are the same (tests/gateways/test_sse.py).

Source: WHATWG HTML, section 9.2.6, interpreting an event stream (read 2026-11-24).
"""

import re
from dataclasses import dataclass

from trilens.errors import WireError

LARGEST_EVENT = 1024 * 1024
_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Event:
    raw: bytes
    """With the blank line that ends it."""
    data: bytes | None
    """None when it has none: comments, and fields that carry nothing to an application."""
    name: bytes = b""


class EventSplitter:
    """Takes bytes as they come and gives whole events. Its cost does not depend on how they are split."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> list[Event]:
        """The events that `piece` completes.

        Raises:
            WireError: an event is larger than `LARGEST_EVENT` (`upstream/too-large`), or as `read_event`.
        """
        buffer, events, start = self._buffer, [], 0
        # a blank line has at most four bytes, and three of them may have been looked at before
        position = max(0, len(buffer) - 3)
        buffer += piece
        while (found := _BLANK_LINE.search(buffer, position)) is not None:
            if found.end() == len(buffer) and buffer.endswith(b"\r"):
                # the line feed that belongs to it may still come
                break
            events.append(read_event(bytes(buffer[start : found.end()])))
            start = position = found.end()
        del found, buffer[:start]
        if len(buffer) > LARGEST_EVENT:
            raise WireError("upstream/too-large", f"sent an event of more than {LARGEST_EVENT} bytes", status=502)
        return events

    def flush(self) -> list[Event]:
        """What stands after the last blank line, at the end of the stream."""
        rest = bytes(self._buffer)
        self._buffer = bytearray()
        return [read_event(rest)] if rest else []


def read_event(raw: bytes) -> Event:
    """Read the lines of one event.

    Raises:
        WireError: a line is no field of the format; code `upstream/unreadable`.
    """
    data: list[bytes] = []
    name = b""
    for line in _LINE_END.split(raw):
        field, _, value = line.partition(b":")
        match field:
            case b"data":
                data.append(value.removeprefix(b" "))
            case b"event":
                name = value.removeprefix(b" ")
            case b"" | b"id" | b"retry":
                pass
            case _:
                # readers ignore what they do not know, and do not agree on what that is: some skip a byte order mark
                raise WireError("upstream/unreadable", "the stream has a line that is no field", status=502)
    return Event(raw, b"\n".join(data) if data else None, name)
