"""The witness's ASGI callable by itself: what it reads is bounded, and what cannot be kept is not signed."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from trilens.errors import StoreError
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.cosign import check_cosignatures
from trilens.prove.ledger.merkle import TreeHead, leaf_hash
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.witness import LARGEST_REQUEST, Answer, Witness
from trilens.prove.ledger.witness_home import make_witness, open_witness
from trilens.prove.ledger.witness_http import Message, Receive, Send, witness_app

LOG = Signer("shop.example/ledger", bytes(range(32)))
NOTE = sign_checkpoint(TreeHead(1, leaf_hash(b"x")), LOG)


def ask(
    witness: Witness, parts: Iterable[bytes], *, method: str = "POST", path: str = "/add-checkpoint", cut: bool = False
) -> Answer:
    """One request, its body in parts; `cut` when the client goes away before the end."""
    bodies = list(parts)
    coming: list[Message] = [
        {"type": "http.request", "body": body, "more_body": cut or place < len(bodies) - 1}
        for place, body in enumerate(bodies)
    ]
    coming += [{"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"type": "http", "method": method, "path": path}
    call(witness, scope, receive, send)
    [start, body] = sent
    headers = start["headers"]
    assert isinstance(headers, list)
    assert isinstance(body["body"], bytes)
    kind = dict(headers)[b"content-type"].decode()
    assert dict(headers)[b"content-length"] == str(len(body["body"])).encode()
    return Answer(int(str(start["status"])), body["body"], kind)


def call(witness: Witness, scope: Message, receive: Receive, send: Send) -> None:
    async def run() -> None:
        await witness_app(witness)(scope, receive, send)

    asyncio.run(run())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_witness(tmp_path / "w", "w.example", logs=[LOG.verifier], random=lambda n: b"a" * n)
    return tmp_path / "w"


@pytest.fixture
def witness(folder: Path) -> Witness:
    return open_witness(folder, clock=lambda: 1)


@pytest.mark.requirement("X6")
def test_a_request_in_parts_is_one_request(witness: Witness) -> None:
    whole = b"old 0\n\n" + NOTE
    answer = ask(witness, [whole[:3], b"", whole[3:]])
    assert (answer.status, len(check_cosignatures(NOTE + answer.body, []))) == (200, 0)
    assert ask(witness, [whole]).content_type == "text/x.tlog.size"


def test_no_more_is_read_than_the_largest_request(witness: Witness) -> None:
    part = bytes(65_536)
    assert ask(witness, [part] * (LARGEST_REQUEST // len(part) + 1)).status == 413
    # an endless one is left where it is
    assert ask(witness, [part] * 100, cut=True).status == 413


def test_half_a_request_is_none(witness: Witness) -> None:
    assert ask(witness, [b"old 0\n\n" + NOTE], cut=True).status == 413
    assert ask(witness, [b"old 0\n\n" + NOTE]).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/add-checkpoint", 405), ("POST", "/x", 404), ("PUT", "/", 404)]
)
def test_nothing_else_is_answered(witness: Witness, method: str, path: str, status: int) -> None:
    assert ask(witness, [b""], method=method, path=path).status == status


@pytest.mark.requirement("X6")
def test_what_cannot_be_kept_is_not_signed(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("store/read-only", "cannot write `secret/path`")

    with monkeypatch.context() as patch:
        patch.setattr("trilens.prove.ledger.witness.WitnessLogs.keep", full)
        answer = ask(witness, [b"old 0\n\n" + NOTE])
    assert (answer.status, b"secret" in answer.body, "—".encode() in answer.body) == (500, False, False)
    assert ask(witness, [b"old 0\n\n" + NOTE]).status == 200


def test_only_http_is_spoken(witness: Witness) -> None:
    async def never() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    with pytest.raises(AssertionError, match="HTTP only"):
        call(witness, {"type": "websocket"}, never, send)
