"""A streamed answer, read event by event into the same text and calls that a whole one has.

A client puts the deltas of a call together by its own rules, and no two clients have quite the same. So a call counts as written plainly
only when every reader must come to the same: id and name once, in its first delta, and after that arguments alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from trilens.errors import WireError
from trilens.gateways.openai.outbound import Leaving, spoken, unreadable, write_call
from trilens.gateways.openai.wire import (
    MOST_CALLS,
    judged_only,
    read_finish_reason,
    read_role,
    read_text,
    unsupported,
    wrong_type,
)
from trilens.gateways.sse import Event
from trilens.gateways.strict import strict_object
from trilens.vocabulary.event import Call

DONE = b"data: [DONE]\n\n"
_LINE_ENDS_TO_SOME = tuple((letter.encode(), b"\\u%04x" % ord(letter)) for letter in "\u0085\u2028\u2029")
"""Inside JSON they can only stand in text, where the escape means the same. A client that splits lines as Python's `str.splitlines` does
would see words of the model as an event of their own."""
_SHARED = ("id", "object", "created", "model", "system_fingerprint", "service_tier")


@dataclass(frozen=True, slots=True)
class Piece:
    """One event of the stream."""

    raw: bytes
    """As it may leave: the bytes that came, or without fields that nobody judges."""
    text: str = ""
    has_role: bool = False
    has_calls: bool = False
    finish_reason: str = ""
    is_usage: bool = False
    is_done: bool = False

    @property
    def is_of_the_whole(self) -> bool:
        """It carries a call or ends the answer, and leaves with the judgement of the whole answer alone."""
        return self.has_calls or bool(self.finish_reason) or self.is_done

    @property
    def is_wordless(self) -> bool:
        """It carries neither words nor calls, and ends nothing."""
        return not (self.text or self.is_usage or self.is_of_the_whole)


@dataclass(slots=True)
class _GrowingCall:
    id: str
    tool: str
    arguments: list[str]


@dataclass(slots=True)
class Transcript:
    """What the stream has said so far. Feed it every event, in order."""

    head: Mapping[str, object] = field(default_factory=dict)
    """What all chunks share, for chunks of our own."""
    finish_reason: str = ""
    is_done: bool = False
    has_calls: bool = False
    is_plain: bool = True
    """Every call is written plainly."""
    usage: object = None
    """Of the chunk that ends the answer, when it stands there and not in one of its own."""
    _calls: dict[int, _GrowingCall] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether it reached its end: a reason to finish and the terminal event."""
        return self.is_done and bool(self.finish_reason)

    def calls(self) -> tuple[Call, ...]:
        """The calls, in the order of their index.

        Raises:
            WireError: two have the same id; code `upstream/unreadable`.
        """
        grown = [self._calls[index] for index in sorted(self._calls)]
        calls = tuple(Call(call.id, call.tool, "".join(call.arguments)) for call in grown)
        if len({call.id for call in calls}) != len(calls):
            raise unreadable("two calls have the same id")
        return calls

    def read(self, event: Event) -> Piece:
        """Take the next event in.

        Raises:
            WireError: it is no chunk of an answer with one choice; code `upstream/unreadable`, or `upstream/failed` when it is an error.
        """
        if event.data is None:
            return Piece(_without_line_ends(event.raw))
        if self.is_done or event.name not in (b"", b"message"):
            raise unreadable("an event that does not belong there")
        if event.data.strip() == b"[DONE]":
            self.is_done = True
            return Piece(event.raw, is_done=True)
        try:
            body = strict_object(event.data, exact_numbers=False)
            return self._chunk(event.raw, body)
        except WireError as error:
            raise (error if error.code.startswith("upstream/") else unreadable(error.message)) from error

    def _chunk(self, raw: bytes, body: dict[str, object]) -> Piece:
        if body.get("error"):
            raise WireError("upstream/failed", "failed in the middle of its answer", status=502)
        if not self.head:
            self.head = {name: body[name] for name in _SHARED if name in body}
        choices = body.get("choices")
        if not isinstance(choices, list) or len(choices) > 1:
            raise wrong_type("choices", "a list of one choice")
        if not choices:
            return Piece(_as_judged(raw, body), is_usage=True)
        choice = choices[0]
        if not isinstance(choice, dict) or choice.get("index", 0) != 0:
            raise wrong_type("choices[0]", "the first choice")
        finish_reason = read_finish_reason(choice, "choices[0]")
        delta = choice.get("delta") or {}
        if not isinstance(delta, dict):
            raise wrong_type("choices[0].delta", "an object")
        if self.finish_reason and (finish_reason or delta.get("content") or delta.get("tool_calls")):
            raise unreadable("it goes on after its end")
        if finish_reason:
            self.finish_reason, self.usage = finish_reason, body.get("usage")
        calls = self._take_calls(delta)
        return Piece(
            _as_judged(raw, body),
            text=read_text(delta.get("content"), "delta.content") + read_text(delta.get("refusal"), "delta.refusal"),
            has_role=read_role(delta, "delta"),
            has_calls=calls,
            finish_reason=finish_reason,
        )

    def _take_calls(self, delta: Mapping[str, object]) -> bool:
        if delta.get("function_call") is not None:
            raise unsupported("wire/unsupported", "`function_call`")
        written = delta.get("tool_calls")
        if not written:
            return False
        if not isinstance(written, list):
            raise wrong_type("delta.tool_calls", "a list")
        for item in written:
            self._take_call(item)
        self.has_calls = True
        return True

    def _take_call(self, item: object) -> None:
        if not isinstance(item, dict):
            raise wrong_type("delta.tool_calls", "a list of objects")
        index, function = item.get("index"), item.get("function") or {}
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < MOST_CALLS:
            raise wrong_type("delta.tool_calls.index", f"a number from 0 to {MOST_CALLS - 1}")
        if (item.get("type") or "function") != "function" or not isinstance(function, dict):
            raise unsupported("wire/unsupported", "a call that is no function")
        call_id, name, arguments = item.get("id"), function.get("name"), function.get("arguments")
        if not all(part is None or isinstance(part, str) for part in (call_id, name, arguments)):
            raise wrong_type("delta.tool_calls.function", "text")
        known = self._calls.get(index)
        if known is None:
            if not name or call_id is None:
                raise wrong_type("delta.tool_calls", "a call that begins with its id and name")
            self._calls[index] = _GrowingCall(str(call_id), str(name), [str(arguments or "")])
            return
        if call_id or name:
            self.is_plain = False
            if call_id not in (None, "", known.id) or name not in (None, "", known.tool):
                raise unreadable("a call changes its id or name")
        known.arguments.append(str(arguments or ""))

    def own_chunk(self, delta: Mapping[str, object], finish_reason: str = "") -> bytes:
        """An event of our own, in the form of the stream's others."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason or None}
        usage = {"usage": self.usage} if finish_reason and self.usage else {}
        return _event({"object": "chat.completion.chunk", **self.head, "choices": [choice], **usage})

    def own_events(self, leaving: Leaving, *, with_role: bool) -> bytes:
        """The end of an answer in events of our own: the words, each call whole, the reason to finish."""
        deltas: list[dict[str, object]] = []
        if words := spoken(leaving):
            deltas.append({"content": words})
        deltas += [{"tool_calls": [{"index": n, **write_call(call)}]} for n, call in enumerate(leaving.calls)]
        if with_role:
            first = deltas[0] if deltas else {"content": ""}
            deltas[:1] = [{"role": "assistant", **first}]
        has_lost_all = self.has_calls and not leaving.calls
        finish = self.own_chunk({}, "stop" if has_lost_all else self.finish_reason)
        return b"".join((*map(self.own_chunk, deltas), finish))


def _as_judged(raw: bytes, body: Mapping[str, object]) -> bytes:
    """The event without what nobody judges, and without what some readers take for the end of a line."""
    judged = judged_only(body, "delta")
    return _without_line_ends(raw) if judged is body else _event(judged)


def _event(body: Mapping[str, object]) -> bytes:
    return _without_line_ends(b"data: " + orjson.dumps(body) + b"\n\n")


def _without_line_ends(raw: bytes) -> bytes:
    for letter, escaped in _LINE_ENDS_TO_SOME:
        raw = raw.replace(letter, escaped)
    return raw
