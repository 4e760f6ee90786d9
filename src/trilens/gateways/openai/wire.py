"""The shapes of Chat Completions that requests and answers share: content and tool calls.

What Trilens does not judge is refused by name, here and in `inbound`: a picture, a voice or a file would reach the model, and a
legacy function call the agent, without anybody having looked.

Source: OpenAI API reference, Chat Completions (read 2026-11-24).
"""

from collections.abc import Mapping

from trilens.errors import WireError
from trilens.vocabulary.event import Call


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


def wrong_type(where: str, expected: str) -> WireError:
    return WireError("wire/wrong-type", f"`{where}` must be {expected}")


def unsupported(code: str, what: str) -> WireError:
    return WireError(code, f"{what} is not supported", help="Trilens refuses by name what it does not judge")
