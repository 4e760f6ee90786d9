"""Fault 66: bodies that are small to send and large to read. Refused within a second, without a model, and the next request is served."""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from trilens.gateways import body as request_body
from trilens.testing.installation import Installation, open_installation

pytestmark = pytest.mark.requirement("X4", "X7")

FINE = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()
ZEROS = gzip.compress(b" " * 50_000_000)
WITHIN_S = 1.0
"""Of processor time, client and server together: a busy machine is no bomb."""


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(open_installation(tmp_path / "state", script=script))


BOMBS = {
    "gzip": (ZEROS, {"content-encoding": "gzip"}, 415, "encoded"),
    "gzip in gzip": (gzip.compress(ZEROS), {"content-encoding": "gzip, gzip"}, 415, "encoded"),
    "deflate": (zlib.compress(b" " * 50_000_000), {"content-encoding": "deflate"}, 415, "encoded"),
    "a coding nobody knows": (FINE, {"content-encoding": "x-bomb"}, 415, "encoded"),
    "gzip that is not called so": (ZEROS, {}, 400, "not_json"),
    "lists in lists": (b"[" * 1_000_000, {}, 400, "too_deep"),
    "objects in objects": (b'{"a":' * 1_000_000, {}, 400, "too_deep"),
    "lists in lists, closed": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", {}, 400, "too_deep"),
    "a number of nine million digits": (b'{"a":' + b"9" * 9_000_000 + b"}", {}, 400, "not_json"),
    "a decimal of nine million digits": (b'{"a":0.' + b"1" * 9_000_000 + b"}", {}, 400, "number_out_of_range"),
    "an exponent of nine million digits": (b'{"a":1e-' + b"9" * 9_000_000 + b"}", {}, 400, "number_out_of_range"),
    "a text without end": (b'{"a":"' + b"x" * 9_000_000, {}, 400, "not_json"),
    "escapes without end": (b'{"a":"' + b"\\u0041" * 1_500_000, {}, 400, "not_json"),
    "more than is read": (b" " * (request_body.LARGEST + 1), {}, 413, "too_large"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_at_once_and_the_next_request_is_served(
    install: Callable[[str], Installation], name: str
) -> None:
    body, headers, status, code = BOMBS[name]
    here = install("steps: [{say: ok}]")
    key = here.key()
    assert here.post(FINE, key=key).status == 200
    asked, size, began_s = here.model.count, here.journal.size(), time.process_time()
    got = here.post(body, key=key, headers=headers)
    took_s = time.process_time() - began_s
    assert (got.status, got.error["code"]) == (status, code)
    assert took_s < WITHIN_S
    assert (here.model.count, here.journal.size()) == (asked, size)
    assert here.post(FINE, key=key).status == 200


def test_a_length_that_is_too_large_is_refused_before_any_of_it_is_sent(install: Callable[[str], Installation]) -> None:
    here = install("")
    got = here.post(b"{", headers={"content-length": "100000000000"})
    assert (got.status, got.error["code"]) == (413, "too_large")


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "br", "x-bomb"])
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_compressed_is_no_answer(
    install: Callable[[str], Installation], coding: str, stream: bool
) -> None:
    fault = json.dumps({"body": "{}", "headers": {"content-encoding": coding}})
    here = install(f"steps: [{{fault: {fault}}}]")
    got = here.post({"model": "chat", "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
    assert here.model.count == 1
    assert here.spare.count == 1, "the next model of the manifest is asked instead"
    assert got.header("content-encoding") == ""
    faults = [entry.body["what"] for entry in here.entries() if entry.kind == "fault"]
    assert faults[0] == "upstream/encoded"
