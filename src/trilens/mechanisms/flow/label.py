"""Who speaks in a turn, and what label their words get. Labels follow from where text came from, never from what it says."""

from collections.abc import Iterator, Mapping

from trilens.mechanisms.flow.flow import Passage, Prompt, Speaker
from trilens.mechanisms.flow.results import Leaf, Read, leaf_text
from trilens.vocabulary.event import Turn
from trilens.vocabulary.label import EVERYONE, UNKNOWN_LABEL, Integrity, Label, Readers
from trilens.vocabulary.outcome import Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import Agent, FieldTrust, Source, Tool, UserTurns

OWNER = "owner"
"""The reader of a tool's sheet that stands for the person a record belongs to."""

_WORDS = Label(Integrity.USER, EVERYONE)
"""Of the person's and the operator's words: the first may tell what they typed to whom they like, the second is no secret."""


def source_passage(source: Source) -> Passage:
    """A declared document, as trusted and as public as the manifest says."""
    return Passage(
        Speaker.SOURCE,
        source.text,
        Label(source.integrity, source.readers),
        f"sources.{source.id}",
        source.id,
        component=source.id,
    )


def spoken(
    turn: Turn, at: int, *, prompts: Mapping[str, Prompt], agent: Agent | None, principal: Principal
) -> Iterator[Passage]:
    """The passages of a turn that is no tool's answer."""
    path = f"messages[{at}]"
    match turn.role:
        case Role.SYSTEM:
            prompt = prompts.get(turn.text.strip())
            if prompt is not None:
                yield Passage(Speaker.OPERATOR, turn.text, _WORDS, path, f"prompt {prompt.id}", prompt.id, at)
            else:
                yield _attached(turn.text, path, "a system message that is no declared prompt", principal, at)
        case Role.USER:
            yield from _user(turn.text, path, agent, principal, at)
        case Role.ASSISTANT | Role.TOOL:
            yield Passage(Speaker.ASSISTANT, turn.text, UNKNOWN_LABEL, path, "the model's own words", "", at)


def _user(text: str, path: str, agent: Agent | None, principal: Principal, at: int) -> Iterator[Passage]:
    if agent is not None and agent.user_turns is UserTurns.VERBATIM:
        yield Passage(Speaker.USER, text, _WORDS, path, "your words", "", at)
        return
    opening, closing = agent.question if agent is not None else ("", "")
    start, stop = _question(text, opening, closing)
    if start < 0:
        yield _attached(text, path, "a user turn without one marked question", principal, at)
        return
    around = text[: start - len(opening)] + "\n" + text[stop + len(closing) :]
    if around.strip():
        yield _attached(around, path, "what was put around the question", principal, at)
    yield Passage(Speaker.USER, text[start:stop], _WORDS, path, "your words", "", at)


def _question(text: str, opening: str, closing: str) -> tuple[int, int]:
    """Start and stop of the text between exactly one pair of marks; (-1, -1) when there is any other number of either."""
    if not opening or not closing or text.count(opening) != 1 or text.count(closing) != 1:
        return -1, -1
    start, stop = text.index(opening) + len(opening), text.index(closing)
    return (start, stop) if start <= stop else (-1, -1)


def _attached(text: str, path: str, source: str, principal: Principal, at: int) -> Passage:
    # anybody may have written it, but it was put before this person: they may read it, and nobody else is known to
    readers = Readers.of((principal.account_holder,))
    return Passage(Speaker.ATTACHED, text, Label(Integrity.THIRD_PARTY, readers), path, source, "", at)


def unread(text: str, at: int, tool: Tool | None, call_tool: str) -> Passage:
    """A result without fields: third party whole. Its readers are known only when its sheet says it has none to read."""
    label = UNKNOWN_LABEL
    if tool is not None:
        names = tuple(name for name in tool.readers if name != OWNER)
        label = Label(Integrity.THIRD_PARTY, Readers.of(names))
    source = f"{call_tool} result" if call_tool else "a result nobody asked for"
    return Passage(Speaker.TOOL, text, label, f"messages[{at}]", source, call_tool, at)


def field_labels(read: Read, tool: Tool) -> Mapping[FieldTrust, Label]:
    """The labels of a record's declared fields, by who asserts them; any other field is read by nobody."""
    names: list[str] = []
    for name in tool.readers:
        names += [f"{role}:{person}" for role, person in read.owners if person] if name == OWNER else [name]
    readers = Readers.of(names)
    internal = Label(Integrity.INTERNAL, readers)
    return {
        FieldTrust.SYSTEM: internal,
        FieldTrust.INTERNAL: internal,
        FieldTrust.THIRD_PARTY: Label(Integrity.THIRD_PARTY, readers),
    }


def field_passage(leaf: Leaf, read: Read, *, at: int, tool: Tool, record: int, label: Label) -> Passage:
    """One field of a result. `record` is its record's index in the flow, -1 for what stands outside of records."""
    return Passage(
        Speaker.TOOL,
        leaf_text(leaf.value),
        label,
        f"messages[{at}]{_dotted(read.path)}{_dotted(leaf.field)}",
        f"{tool.id} result, field {leaf.field}",
        tool.id,
        at,
        leaf.trust,
        leaf.field,
        record,
    )


def _dotted(step: str) -> str:
    return step if not step or step.startswith("[") else f".{step}"
