"""The shapes of Chat Completions: content and tool calls, which requests and answers share, and what of an answer was judged.

What Trilens does not judge is refused by name, here and in `inbound`: a picture, a voice or a file would reach the model, and a
legacy function call the agent, without anybody having looked.

Source: OpenAI API reference, Chat Completions (read 2026-11-24).
"""

import re
from collections.abc import Mapping

from trilens.errors import WireError
from trilens.vocabulary.event import Call

MOST_CALLS = 128
"""Of one message. Source: OpenAI API reference, the limit on tools of a request."""
_FINISH_REASON = re.compile(r"[A-Za-z_]{1,40}")
_ANSWER = frozenset(
    {
        *("id", "object", "created", "model", "system_fingerprint", "service_tier", "provider", "obfuscation"),
        *("usage", "choices"),
    }
)
_CHOICE = frozenset({"index", "finish_reason"})
_MESSAGE = frozenset({"role", "content", "refusal", "tool_calls"})
_CALL = frozenset({"index", "id", "type", "function"})
_FUNCTION = frozenset({"name", "arguments"})


def read_text(content: object, where: str) -> str:
    """All text of a message's `content`, parts joined by a line feed; empty for null.

    Raises:
        WireError: `wire/unsupported-content` for a part that is not text, `wire/wrong-type` for anything else.
    """
    match content:
        case str():
            return content
        case None:
            return ""
        case list():
            return "\n".join(_part(part, f"{where}[{n}]") for n, part in enumerate(content))
        case _:
            raise wrong_type(where, "text or a list of parts")


def _part(part: object, where: str) -> str:
    if not isinstance(part, dict):
        raise wrong_type(where, "an object")
    kind = part.get("type")
    match kind:
        case "text":
            text = part.get("text")
        case "refusal":
            text = part.get("refusal")
        case "image_url" | "input_audio" | "file" | "video_url" | "audio_url":
            raise unsupported("wire/unsupported-content", f"`{kind}` in `{where}`")
        case _:
            raise unsupported("wire/unsupported-content", f"the part at `{where}`")
    if not isinstance(text, str):
        raise wrong_type(f"{where}.{kind}", "text")
    return text


def read_calls(message: Mapping[str, object], where: str) -> tuple[Call, ...]:
    """The tool calls of an assistant's message.

    Raises:
        WireError: `wire/unsupported` for legacy and custom calls, `wire/wrong-type`, or `wire/duplicate-call-id`: one result would then
            answer two calls.
    """
    if message.get("function_call") is not None:
        raise unsupported("wire/unsupported", f"`function_call` in `{where}`")
    written = message.get("tool_calls")
    if written is None:
        return ()
    if not isinstance(written, list):
        raise wrong_type(f"{where}.tool_calls", "a list")
    if len(written) > MOST_CALLS:
        raise wrong_type(f"{where}.tool_calls", f"a list of at most {MOST_CALLS}")
    calls = tuple(_call(call, f"{where}.tool_calls[{n}]") for n, call in enumerate(written))
    if len({call.id for call in calls}) != len(calls):
        raise WireError("wire/duplicate-call-id", f"two calls of `{where}` have the same id")
    return calls


def _call(call: object, where: str) -> Call:
    if not isinstance(call, dict):
        raise wrong_type(where, "an object")
    if call.get("type", "function") != "function":
        raise unsupported("wire/unsupported", f"the kind of call at `{where}`")
    function = call.get("function")
    if not isinstance(function, dict):
        raise wrong_type(f"{where}.function", "an object")
    return Call(
        _text(call.get("id"), f"{where}.id"),
        _text(function.get("name"), f"{where}.function.name"),
        _text(function.get("arguments"), f"{where}.function.arguments"),
    )


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise wrong_type(where, "text")
    return value


def read_role(message: Mapping[str, object], where: str) -> bool:
    """Whether an answer's message names its role. Raises: WireError `wire/wrong-type` for another than the assistant's."""
    role = message.get("role")
    if role not in (None, "", "assistant"):
        raise wrong_type(f"{where}.role", "`assistant`")
    return bool(role)


def read_finish_reason(choice: Mapping[str, object], where: str) -> str:
    """Why the answer ends; empty where it does not. Raises: WireError `wire/wrong-type` for what is no word."""
    reason = choice.get("finish_reason")
    if reason is None or reason == "":
        return ""
    if not isinstance(reason, str) or not _FINISH_REASON.fullmatch(reason):
        raise wrong_type(f"{where}.finish_reason", "a word")
    return reason


def judged_only(answer: Mapping[str, object], part: str) -> Mapping[str, object]:
    """An answer, or a chunk of one, without what nobody judges; `answer` itself when it holds nothing of the kind.

    A field that is not judged stays when it says nothing: null, true, false, a number, or empty. What a message says in parts becomes
    the one text that was judged.

    Args:
        answer: with at most one choice.
        part: where the choice has its message: `message`, or `delta` in a stream.
    """
    kept = _judged(answer, _ANSWER)
    match answer.get("choices"):
        case [dict() as choice]:
            message = choice.get(part)
            kept_choice = _judged(choice, _CHOICE | {part})
            kept_message = _judged_message(message, part) if isinstance(message, dict) else message
            if kept_choice is choice and kept_message is message:
                return kept
            return {**kept, "choices": [{**kept_choice, part: kept_message}]}
        case _:
            return kept


def _judged_message(message: Mapping[str, object], where: str) -> Mapping[str, object]:
    kept = _judged(message, _MESSAGE)
    for name in ("content", "refusal"):
        if isinstance(written := message.get(name), list):
            kept = {**kept, name: read_text(written, f"{where}.{name}")}
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        kept_calls = [_judged_call(call) if isinstance(call, dict) else call for call in calls]
        if any(kept_call is not call for kept_call, call in zip(kept_calls, calls, strict=True)):
            kept = {**kept, "tool_calls": kept_calls}
    return kept


def _judged_call(call: Mapping[str, object]) -> Mapping[str, object]:
    kept = _judged(call, _CALL)
    function = call.get("function")
    kept_function = _judged(function, _FUNCTION) if isinstance(function, dict) else function
    return kept if kept_function is function else {**kept, "function": kept_function}


def _judged(fields: Mapping[str, object], known: frozenset[str]) -> Mapping[str, object]:
    if fields.keys() <= known:
        return fields
    kept = {name: value for name, value in fields.items() if name in known or not _says_something(value)}
    return fields if len(kept) == len(fields) else kept


def _says_something(value: object) -> bool:
    # a list of numbers may be tokens, and the names of an object are words too
    return isinstance(value, (str, list, dict)) and bool(value)


def wrong_type(where: str, expected: str) -> WireError:
    return WireError("wire/wrong-type", f"`{where}` must be {expected}")


def unsupported(code: str, what: str, *, why: str = "") -> WireError:
    reason = f": {why}" if why else ""
    return WireError(code, f"{what} is not supported", help=f"Trilens refuses by name what it does not judge{reason}")
