"""Turns to flow: the same turns, however they arrive, give the same flow.

INVARIANT: a flow is only ever extended at the tip of its trunk; from anywhere else a new trunk is grown from the same turns.
"""

import hashlib
from collections.abc import Callable, MutableMapping, Sequence
from decimal import Decimal

from trilens.mechanisms.flow.addresses import address_keys
from trilens.mechanisms.flow.atoms import atoms_of, field_key, is_phrase, number_keys
from trilens.mechanisms.flow.flow import Beginning, Flow, Head, Passage, Prompt, Record, Speaker, Trunk
from trilens.mechanisms.flow.index import Index
from trilens.mechanisms.flow.label import field_labels, field_passage, source_passage, spoken, unread
from trilens.mechanisms.flow.results import Read, has_fields, read_result
from trilens.mechanisms.flow.spellings import readings
from trilens.vocabulary.event import Call, Scalar, Turn
from trilens.vocabulary.label import EVERYONE, NOBODY, UNKNOWN_LABEL, Integrity
from trilens.vocabulary.outcome import Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import Agent, FieldTrust, System, Tool

_KEY_WEIGHT = 256
"""Bytes that one new atom of the index takes, measured on text of nothing but distinct words."""
_START = hashlib.sha256(b"trilens flow").digest()


def extend(
    flow: Flow | None,
    turns: Sequence[Turn],
    *,
    system: System,
    agent: Agent | None,
    principal: Principal,
    released: Callable[[Call], bool],
) -> Flow:
    """The flow after `turns`, which follow those of `flow` (None: the conversation begins).

    Costs what the new turns cost. A flow that was extended before is not changed by being extended again.

    Args:
        released: whether Trilens let a call out; the result of any other is third party whole.
    """
    if flow is None:
        flow = sprout(beginning_of(system))
    trunk = flow.trunk
    if not is_tip(flow):
        trunk = _fork(flow, system, agent, principal)
    grown = _Growth(trunk, system, agent, principal, flow)
    for turn in turns:
        grown.add(turn, released)
    return grown.flow()


def is_tip(flow: Flow) -> bool:
    """Whether nothing was added to its trunk since, not even by an extension that failed half-way."""
    trunk = flow.trunk
    grown = (len(trunk.turns), len(trunk.passages), len(trunk.records))
    return grown == (flow.length, len(flow.passages), len(flow.records))


def beginning_of(system: System) -> Beginning:
    """The declared sources and prompts, indexed; the same for every conversation of a system."""
    index = Index()
    passages = tuple(source_passage(source) for source in system.sources.values())
    for at, passage in enumerate(passages):
        is_weak = passage.label.integrity is Integrity.THIRD_PARTY
        index.add(text_keys(readings(passage.text), is_word=False), at, is_weak=is_weak)
    prompts = {prompt.text.strip(): _read_prompt(prompt.id, prompt.text) for prompt in system.prompts.values()}
    return Beginning(passages, index, prompts)


def sprout(beginning: Beginning) -> Flow:
    """The flow before the first turn, with a trunk of its own."""
    trunk = Trunk(beginning)
    return Flow(Head(trunk.passages, len(trunk.passages)), Head(trunk.records, 0), frozenset(), _START, 0, 0, trunk)


def _read_prompt(name: str, text: str) -> Prompt:
    spelled = readings(text.strip())
    return Prompt(name, spelled[0], frozenset(text_keys(spelled, is_word=True)))


def text_keys(spelled: Sequence[str], *, is_word: bool) -> set[str]:
    """Every atom of a text in all its readings. What may decide nothing is read generously: it is to be recognised in any form."""
    return atoms_of(spelled[0]) | address_keys(spelled, is_generous=not is_word)


def take_call(turn: Turn, calls: MutableMapping[str, Call | None]) -> Call | None:
    """The call a tool turn answers, which then has its answer; None when it has one already, or nobody can tell which it is."""
    call = calls.get(turn.call_id)
    if call is not None:
        calls[turn.call_id] = None
    return call


def note_calls(turn: Turn, calls: MutableMapping[str, Call | None]) -> None:
    """Remember the calls of an assistant turn for the turns that answer them."""
    for at, call in enumerate(turn.calls):
        is_repeated = any(call.id == earlier.id for earlier in turn.calls[:at])
        calls[call.id] = None if is_repeated else call


def _fork(flow: Flow, system: System, agent: Agent | None, principal: Principal) -> Trunk:
    """A new trunk with the turns of `flow`, judged released exactly as they were."""
    start = sprout(flow.trunk.beginning)
    grown = _Growth(start.trunk, system, agent, principal, start)
    for turn, was_released in zip(flow.trunk.turns[: flow.length], flow.trunk.released, strict=False):
        grown.add(turn, _always if was_released else _never)
    return start.trunk


def _always(_: Call) -> bool:
    return True


def _never(_: Call) -> bool:
    return False


class _Growth:
    """The one writer of a trunk."""

    def __init__(self, trunk: Trunk, system: System, agent: Agent | None, principal: Principal, flow: Flow) -> None:
        self._trunk = trunk
        self._system = system
        self._agent = agent
        self._principal = principal
        self._categories = flow.categories
        self._prefix = flow.prefix
        self._unparsed = flow.unparsed

    def flow(self) -> Flow:
        trunk = self._trunk
        passages, records = Head(trunk.passages, len(trunk.passages)), Head(trunk.records, len(trunk.records))
        return Flow(passages, records, self._categories, self._prefix, self._unparsed, len(trunk.turns), trunk)

    def add(self, turn: Turn, released: Callable[[Call], bool]) -> None:
        trunk = self._trunk
        at = len(trunk.turns)
        was_released = False
        if turn.role is Role.TOOL:
            was_released = self._answer(turn, at, released)
        else:
            for passage in spoken(
                turn, at, prompts=trunk.beginning.prompts, agent=self._agent, principal=self._principal
            ):
                self._speak(passage)
            note_calls(turn, trunk.calls)
        self._prefix = hashlib.sha256(self._prefix + turn.digest).digest()
        trunk.turns.append(turn)
        trunk.digests.append(turn.digest)
        trunk.released.append(was_released)

    def _speak(self, passage: Passage) -> None:
        trunk = self._trunk
        trunk.passages.append(passage)
        trunk.weight += len(passage.text)
        if passage.speaker is Speaker.ASSISTANT:
            return
        position = len(trunk.passages) - 1
        if passage.speaker is Speaker.OPERATOR:
            prompt = trunk.beginning.prompts[passage.text.strip()]
            trunk.words.append((position, prompt.plain))
            trunk.index.add_words(prompt.keys, position)
            return
        spelled = readings(passage.text)
        keys = text_keys(spelled, is_word=passage.is_word)
        trunk.weight += _KEY_WEIGHT * len(keys)
        if passage.is_word:
            trunk.words.append((position, spelled[0]))
            trunk.index.add_words(keys, position)
        else:
            trunk.index.add(keys, position, is_weak=True)

    def _answer(self, turn: Turn, at: int, released: Callable[[Call], bool]) -> bool:
        trunk = self._trunk
        call = take_call(turn, trunk.calls)
        if call is None or not released(call):
            self._speak(unread(turn.text, at, None, call.tool if call else ""))
            return False
        tool = self._system.tools.get(call.tool)
        if tool is None:
            self._speak(unread(turn.text, at, None, call.tool))
            return True
        self._categories |= tool.data
        reads = read_result(turn.text, tool)
        if reads is None:
            parses = not has_fields(tool)
            self._unparsed += not parses
            self._speak(unread(turn.text, at, tool if parses else None, call.tool))
            return True
        for read in reads:
            self._read(read, at, tool)
        return True

    def _read(self, read: Read, at: int, tool: Tool) -> None:
        trunk = self._trunk
        record = len(trunk.records) if read.is_record else -1
        fields: dict[str, Passage] = {}
        labels = field_labels(read, tool)
        for leaf in read.leaves:
            label = labels[leaf.trust] if leaf.is_declared else UNKNOWN_LABEL
            passage = field_passage(leaf, read, at=at, tool=tool, record=record, label=label)
            fields[leaf.field] = passage
            trunk.passages.append(passage)
            trunk.weight += len(passage.text)
            # without a key nobody can tell that two records are one
            identity = (tool.id, read.is_record, read.key or record, read.owners, leaf.field, passage.text)
            if identity not in trunk.read:
                trunk.read.add(identity)
                self._index_field(passage, leaf.value)
        if read.is_record:
            trunk.records.append(Record(tool.id, read.key, dict(read.owners), fields, at, read.key_field))

    def _index_field(self, passage: Passage, value: Scalar) -> None:
        index, position = self._trunk.index, len(self._trunk.passages) - 1
        is_system = passage.trust is FieldTrust.SYSTEM
        match value:
            case bool() | None:
                return
            case int() | Decimal():
                index.add(number_keys(value), position, is_weak=not is_system)
            case str():
                spelled = readings(value)
                keys = text_keys(spelled, is_word=is_system)
                whole = field_key(spelled[0])
                if whole:
                    keys.add(whole)
                self._trunk.weight += _KEY_WEIGHT * len(keys)
                index.add(keys, position, is_weak=not is_system)
                if is_phrase(value) and passage.label.readers not in (EVERYONE, NOBODY):
                    index.add_phrase(spelled[0], position)
