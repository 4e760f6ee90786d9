"""What an open shop is asked all day: sessions that end and never come back, of every kind that leaves something behind."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.asking import Answer, request
from bench.model import CALL
from bench.served import SHOP

_PROMPT = (SHOP / "prompts" / "support.md").read_text(encoding="utf-8")
_QUESTIONS = (
    "Hello, I am waiting for parcel {number}. Could you find out where it is? I need it at the end of the month.",
    "Thank you. May I send it back even though I will have opened it? My basket was {number}.",
    "A friend of mine would like the same boots, two sizes larger. Can I order them on my account, as number {number}?",
    "One more thing: the invoice {number} had a coffee stain on it. Could you send it to me again?",
    "You have been a great help, {number} times. Is there a shop of yours in the town I am travelling to?",
)
_KINDS = ("plain", "streamed", "looked up", "held", "denied", "left", "unknown key")
_SHARES = (50, 20, 12, 5, 5, 5, 3)
"""Of a hundred sessions."""


@dataclass(frozen=True, slots=True)
class Step:
    request: bytes
    expects: frozenset[int]
    leaves_early: bool = False
    """The client goes away before it has its answer."""


@dataclass
class Mix:
    """Sessions without end; the same seed asks the same."""

    key: str
    seed: int = 1
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1_000_000))

    def sessions(self) -> Iterator[Iterator[Step]]:
        draw = random.Random(self.seed)
        while True:
            (kind,) = draw.choices(_KINDS, _SHARES)
            yield self._session(kind, next(self._numbers))

    def _session(self, kind: str, number: int) -> Iterator[Step]:
        name = f"s-{number}"
        match kind:
            case "plain" | "streamed":
                yield from self._talk(name, number, is_stream=kind == "streamed")
            case "looked up":
                yield from self._look_up(name, number)
            case "held":
                words = f"{CALL.decode()}refund " + json.dumps({"order_id": f"O-{number}", "amount": f"{number} EUR"})
                yield self._step(name, [_user(f"Refund O-{number}, {number} EUR. {words}")], {200, 403})
            case "denied":
                words = f"{CALL.decode()}delete_everything " + json.dumps({"number": number})
                yield self._step(name, [_user(words)], {200})
            case "left":
                yield self._step(name, [_user(_QUESTIONS[0].format(number=number))], {200}, leaves_early=True)
            case _:
                body = _body([_user("hello")], is_stream=False)
                yield Step(request(f"tlk_{number:08}_{'x' * 43}", body), frozenset({401}))

    def _talk(self, name: str, number: int, *, is_stream: bool) -> Iterator[Step]:
        """The answers of an upstream that says the same are not repeated to it: they differ in the disclosure alone."""
        messages: list[dict[str, object]] = []
        for question in _QUESTIONS:
            messages.append(_user(question.format(number=number)))
            yield self._step(name, messages, {200}, is_stream=is_stream)
            messages.append({"role": "assistant", "content": f"I have looked into {number} for you."})

    def _look_up(self, name: str, number: int) -> Iterator[Step]:
        arguments = json.dumps({"order_id": f"O-{number}"})
        asked = _user(f"Where is order O-{number}? {CALL.decode()}lookup_order {arguments}")
        yield self._step(name, [asked], {200})
        call = {"id": "call_1", "type": "function", "function": {"name": "lookup_order", "arguments": arguments}}
        record = {
            "order_id": f"O-{number}",
            "customer_id": "C-17",
            "total": "120.50",
            "note": "Left with the neighbour.",
        }
        answered: dict[str, object] = {"role": "tool", "tool_call_id": "call_1", "content": json.dumps(record)}
        yield self._step(name, [asked, {"role": "assistant", "content": None, "tool_calls": [call]}, answered], {200})

    def _step(
        self,
        name: str,
        messages: list[dict[str, object]],
        expects: set[int],
        *,
        is_stream: bool = False,
        leaves_early: bool = False,
    ) -> Step:
        body = _body([{"role": "system", "content": _PROMPT}, *messages], is_stream=is_stream)
        return Step(request(self.key, body, session=name), frozenset(expects), leaves_early)


def require_expected(step: Step, answer: Answer) -> None:
    """Raises: RuntimeError when it is no answer that this step may get."""
    if answer.status not in step.expects:
        raise RuntimeError(f"expected {sorted(step.expects)}, got {answer.status}: {answer.body[:400]!r}")


def _user(words: str) -> dict[str, object]:
    return {"role": "user", "content": words}


def _body(messages: list[dict[str, object]], *, is_stream: bool) -> bytes:
    body: dict[str, object] = {"model": "chat", "messages": messages}
    if is_stream:
        body["stream"] = True
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
