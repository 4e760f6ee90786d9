"""However bytes are split on their way, the events are the same, and together they are all the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.errors import WireError
from trilens.gateways.sse import LARGEST_EVENT, Event, EventSplitter


def split(pieces: list[bytes]) -> list[Event]:
    splitter = EventSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return events + splitter.flush()


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\r\n\r\ndata:  b\r\n\r\n", [b"a", b" b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b": comment\n\ndata: a\n\n", [None, b"a"]),
        (b"id: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"data\n\n", [b""]),
        (b"data: a\n\n\n\ndata: b\n\n", [b"a", None, b"b"]),
        (b"data: a\n\ndata: [DONE]", [b"a", b"[DONE]"]),
        ("data: \u2028\n\n".encode(), ["\u2028".encode()]),
    ],
)
def test_events_are_cut_at_blank_lines(stream: bytes, data: list[bytes | None]) -> None:
    assert [event.data for event in split([stream])] == data


@pytest.mark.parametrize("line", [b"\xef\xbb\xbfdata: a", b"Data: a", b"data : a", b"x: y", b"{}"])
def test_a_line_that_readers_disagree_about_ends_the_stream(line: bytes) -> None:
    with pytest.raises(WireError, match="no field"):
        split([line + b"\n\n"])


def test_an_event_without_end_is_refused() -> None:
    with pytest.raises(WireError) as caught:
        split([b"data: ", b"x" * (LARGEST_EVENT + 1)])
    assert caught.value.code == "upstream/too-large"


LINES = st.lists(
    st.sampled_from([b"data: a", b"data:", b": c", b"event: x", b"id: 7", b"", b"data: \xc3\xa4"]), max_size=12
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(LINES, st.data())
def test_any_split_gives_the_same_events_and_loses_no_byte(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + data.draw(ENDS) for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    pieces = [stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = split([stream])
    assert split(pieces) == whole
    assert split([bytes([byte]) for byte in stream]) == whole
    assert b"".join(event.raw for event in whole) == stream


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_are_events_or_a_refusal(pieces: list[bytes]) -> None:
    try:
        events = split(pieces)
    except WireError:
        return
    assert b"".join(event.raw for event in events) == b"".join(pieces)
