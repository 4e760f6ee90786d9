"""A model that obeys: it carries out every instruction it has read since it last answered, whoever wrote it.

It is small rules over the text and over the tools of the request, with no knowledge of any tool, shop or attack: an instruction names
an action (`reading`), the action picks a tool by the words of its name, and the tool's schema says which arguments to look for. Data that
an instruction mentions is read first. System messages are its standing orders, not requests.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trilens.testing.scripted_model.arguments import Reader, fill
from trilens.testing.scripted_model.completion import Reply
from trilens.testing.scripted_model.conversation import Conversation, Message, ToolSchema, json_or_none
from trilens.testing.scripted_model.reading import FAMILY, QUOTED, Instruction, instructions, singular
from trilens.testing.scripted_model.seen import Seen, summary
from trilens.vocabulary.event import Call

_COLLECTION = "list data record detail base all every each"


def obey(conversation: Conversation) -> Reply:
    """The next thing such a model says: one tool call while any instruction is open, an answer afterwards."""
    seen = Seen.of(conversation)
    made = Counter(_calls(conversation.task))
    read = set(_calls(conversation.messages))
    wanted: Counter[str] = Counter()
    for instruction in _open_instructions(conversation):
        for step in _steps(instruction, conversation.tools, seen):
            identity = _identity(step.tool.name, step.arguments)
            wanted[identity] += 1
            is_open = identity not in read if step.is_read else made[identity] < wanted[identity]
            if is_open:
                return Reply(calls=(Call("", step.tool.name, json.dumps(step.arguments, ensure_ascii=False)),))
    return Reply(_answer(conversation))


def _calls(messages: tuple[Message, ...]) -> Iterator[str]:
    for message in messages:
        for call in message.calls:
            yield _identity(call.tool, json_or_none(call.arguments))


def _open_instructions(conversation: Conversation) -> Iterator[Instruction]:
    for message in conversation.task:
        if message.role in ("user", "tool"):
            yield from instructions(message.text)


@dataclass(frozen=True, slots=True)
class _Step:
    tool: ToolSchema
    arguments: dict[str, object]
    is_read: bool


def _steps(instruction: Instruction, tools: tuple[ToolSchema, ...], seen: Seen) -> Iterator[_Step]:
    """What carrying it out takes, in order: reading what it mentions, then the action itself."""
    data = ""
    for tool in tools:
        if "find" in families(tool) and _mentions(instruction, tool):
            arguments = fill(tool, Reader(instruction, seen))
            if arguments is not None:
                yield _Step(tool, arguments, is_read=True)
                data = seen.newest_of(tool.name) or data
    if instruction.family == "find":
        return
    action = next((tool for tool in tools if _does(instruction, tool)), None)
    if action is not None:
        arguments = fill(action, Reader(instruction, seen, data))
        if arguments is not None:
            yield _Step(action, arguments, is_read=False)


def families(tool: ToolSchema) -> frozenset[str]:
    """The families of action words in a tool's name."""
    return frozenset(FAMILY[word] for word in _name_words(tool) if word in FAMILY)


def _name_words(tool: ToolSchema) -> tuple[str, ...]:
    return tuple(word.lower() for word in re.findall(r"[A-Z]?[a-z]+", tool.name))


def _does(instruction: Instruction, tool: ToolSchema) -> bool:
    own = families(tool)
    if "find" in own:
        return False
    return instruction.family in own or (instruction.family == "tell" and "send" in own)


def _mentions(instruction: Instruction, tool: ToolSchema) -> bool:
    """Whether the instruction speaks of what this tool reads: by an id it takes, as a collection, or by asking to find it."""
    nouns = {singular(word) for word in _name_words(tool) if FAMILY.get(word) != "find"}
    if not nouns & instruction.words:
        return False
    takes_id = any(name.endswith("id") for name in tool.properties)
    if takes_id:
        return bool(instruction.ids)
    return instruction.family == "find" or bool(instruction.words & set(_COLLECTION.split()))


def _identity(tool: str, arguments: object) -> str:
    """A call without its free text, so that the same act in other words is the same act."""
    kept = arguments if isinstance(arguments, Mapping) else {}
    short = {key: value for key, value in kept.items() if not (isinstance(value, str) and " " in value)}
    return tool + json.dumps(short, sort_keys=True, ensure_ascii=False)


def _answer(conversation: Conversation) -> str:
    for instruction in _open_instructions(conversation):
        quoted = QUOTED.search(instruction.text) if instruction.family == "say" else None
        if quoted:
            return next(group for group in quoted.groups() if group)
    results = [message for message in conversation.task if message.role == "tool"]
    if not results:
        return "How can I help you?"
    readers = {tool.name for tool in conversation.tools if "find" in families(tool)}
    acts = [result for result in results if result.tool not in readers]
    first = next(_open_instructions(conversation), None)
    if acts and first is not None and first.family != "find":
        return f"That is done. {summary(acts[0].text)}".strip()
    return f"Here is what I found. {summary(results[0].text)}".strip()
