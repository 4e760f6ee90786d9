"""What was ruled, in the protocol's own words: yes, changed, wait, no.

An answer nobody changed leaves as the bytes that came. A denied call is taken out and the reason stands in `content`, so that an agent's
loop goes on; never in `refusal`, on which clients raise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from trilens.enforce.plan import Plan
from trilens.enforce.words import refused
from trilens.errors import WireError
from trilens.gateways.openai.wire import judged_only, read_calls, read_finish_reason, read_role, read_text, wrong_type
from trilens.gateways.refusal import Refusal
from trilens.gateways.strict import strict_object
from trilens.people.approvals.edit import Edit
from trilens.vocabulary.event import Call
from trilens.vocabulary.outcome import EventKind
from trilens.vocabulary.system import System

_LONGEST_REFUSAL = 65_536


@dataclass(frozen=True, slots=True)
class Said:
    """A model's whole answer as it came, or as a person edited it."""

    raw: bytes
    body: Mapping[str, object]
    """Without what nobody judges."""
    text: str
    calls: tuple[Call, ...]
    is_changed: bool
    """It cannot leave as `raw`."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What may leave of an answer."""

    text: str
    calls: tuple[Call, ...]
    reasons: tuple[str, ...]
    """Why something was taken out, one line each."""

    def is_all_of(self, text: str, calls: Sequence[Call]) -> bool:
        """Whether it is the very answer that came."""
        return not self.reasons and self.text == text and self.calls == tuple(calls)


def read_answer(raw: bytes) -> Said:
    """Read an upstream's answer.

    Raises:
        WireError: it is no answer with one choice, or carries what Trilens does not judge; code `upstream/unreadable`.
    """
    try:
        body = strict_object(raw, exact_numbers=False)
        message = _message(body)
        read_role(message, "message")
        text = read_text(message.get("content"), "message.content")
        refusal = read_text(message.get("refusal"), "message.refusal")
        calls = read_calls(message, "message")
        judged = judged_only(body, "message")
    except WireError as error:
        raise unreadable(error.message) from error
    return Said(raw, judged, "\n".join(t for t in (text, refusal) if t), calls, judged is not body)


def check_media(got: str, expected: str) -> None:
    """Raises: WireError `upstream/unreadable` when an upstream answers with something else than was asked for."""
    if got != expected:
        raise unreadable(f"it is no `{expected}`")


def unreadable(why: str) -> WireError:
    return WireError("upstream/unreadable", f"the model's answer cannot be read: {why}", status=502)


def _message(body: Mapping[str, object]) -> dict[str, object]:
    choices = body.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        raise wrong_type("choices", "a list of one choice")
    read_finish_reason(choices[0], "choices[0]")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise wrong_type("choices[0].message", "an object")
    return message


def edited(said: Said, edit: Edit) -> Said:
    """The answer with a person's approved words and arguments."""
    text = said.text if edit.text is None else edit.text
    changed = replace(said, text=text, calls=edited_calls(said.calls, edit), is_changed=True)
    return replace(changed, raw=write_answer(changed, Leaving(changed.text, changed.calls, ())))


def edited_calls(calls: Sequence[Call], edit: Edit) -> tuple[Call, ...]:
    """The calls with a person's approved arguments."""
    return tuple(replace(call, arguments=edit.calls.get(n, call.arguments)) for n, call in enumerate(calls))


def leaving_of(said_text: str, calls: Sequence[Call], plan: Plan, system: System) -> Leaving:
    """What the rulings about one answer leave of it."""
    text, reasons, kept = said_text, [], []
    by_call = [ruling for ruling in plan.rulings if ruling.event.kind is EventKind.TOOL_CALL]
    for ruling in plan.rulings:
        if ruling.event.kind is EventKind.OUTPUT:
            text = ruling.leaves.text if ruling.leaves else ""
            if ruling.leaves is None:
                reasons.append(refused(ruling, system))
    for call, ruling in zip(calls, by_call, strict=True):
        if ruling.leaves is None:
            reasons.append(refused(ruling, system))
        else:
            kept.append(ruling.leaves.call or call)
    return Leaving(text, tuple(kept), tuple(reasons))


def read_refusal(raw: bytes, status: int) -> Refusal:
    """An upstream's own refusal of a request, such as one that is too long: in its words, since agents act on its code."""
    try:
        error = strict_object(raw[:_LONGEST_REFUSAL], exact_numbers=False).get("error")
    except WireError:
        error = None
    told: Mapping[str, object] = error if isinstance(error, dict) else {}
    message, code = told.get("message"), told.get("code")
    return Refusal(
        status,
        "invalid_request_error",
        code[:200] if isinstance(code, str) and code else "upstream_refused",
        message[:2000] if isinstance(message, str) and message else "the model's server refused the request",
    )


def decision_ids(plan: Plan) -> bytes:
    return ", ".join(ruling.decision.id for ruling in plan.rulings).encode()


def write_answer(said: Said, leaving: Leaving) -> bytes:
    """The answer as it leaves: the bytes that came, or the same answer with what was changed."""
    if not said.is_changed and leaving.is_all_of(said.text, said.calls):
        return said.raw
    choice = {**_choice(said.body), "logprobs": None}
    choice["message"] = {
        "role": "assistant",
        "content": spoken(leaving) or None,
        "refusal": None,
        **({"tool_calls": [write_call(call) for call in leaving.calls]} if leaving.calls else {}),
    }
    if said.calls and not leaving.calls:
        choice["finish_reason"] = "stop"
    return orjson.dumps({**said.body, "choices": [choice]})


def _choice(body: Mapping[str, object]) -> dict[str, object]:
    match body["choices"]:
        case [dict() as choice]:
            return choice
        case _:
            raise AssertionError("an answer that was read has one choice")


def spoken(leaving: Leaving) -> str:
    """The words that leave: the model's, then ours."""
    return "\n\n".join(part for part in (leaving.text, *leaving.reasons) if part)


def write_call(call: Call) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.tool, "arguments": call.arguments}}
