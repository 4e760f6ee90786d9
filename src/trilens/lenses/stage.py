"""The stage a vector is played on: a declared shop, a person, a conversation with its labels, and one event."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

from trilens.errors import ExtensionError, ManifestError
from trilens.lenses.extension_file import read_text, read_yaml
from trilens.lenses.lens import Context
from trilens.lenses.vectors import CallStep, OwnText, ResultStep, Step, Vector
from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import account_id, claims_of
from trilens.mechanisms.flow.build import extend
from trilens.mechanisms.flow.flow import Flow
from trilens.vocabulary.amount import parse_amount
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Call, Event, Turn
from trilens.vocabulary.outcome import Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

FIXTURES = files("trilens.lenses").joinpath("fixtures")
"""Folder of the shop's manifest, `shop.yaml`, and of the files it names."""

NOON_MS = 1_795_521_600_000
"""24 November 2026, 12:00 UTC: the moment a vector happens that says none."""

_MAC = Mac(b"the key of vectors, which is open")


@dataclass(frozen=True, slots=True)
class Staged:
    """What a guard is asked."""

    event: Event
    context: Context


def manifest_text(changes: Mapping[str, object]) -> str:
    """The shop's manifest with `changes` merged in: mappings key by key, lists and scalars whole, and null takes a key away."""
    shop = read_yaml(read_text(FIXTURES, "shop.yaml"), "shop.yaml")
    return json.dumps(_merged(shop, changes), ensure_ascii=False)


def _merged(base: object, changes: Mapping[str, object]) -> object:
    merged = dict(base) if isinstance(base, Mapping) else {}
    for key, change in changes.items():
        if change is None:
            merged.pop(key, None)
        elif isinstance(change, Mapping):
            merged[key] = _merged(merged.get(key), change)
        else:
            merged[key] = change
    return merged


def stage(vector: Vector, parse_manifest: Callable[[str], System]) -> Staged:
    """Set the scene of a vector.

    Raises:
        ExtensionError: its changes do not make a manifest, or it speaks of a prompt, call or limit that is not there; code
            `extension/vectors`.
    """
    try:
        system = parse_manifest(manifest_text(vector.changes))
    except ManifestError as error:
        problem = f"`{vector.name}`: the changes under `with` do not make a manifest: {error.message}"
        raise ExtensionError("extension/vectors", problem) from error
    agent = next(iter(system.agents.values()))
    principal = _principal(vector.person, agent.id, system)
    session = _MAC.of("session", vector.name)
    numbers = iter(range(1, 1_000_000))
    scene = events.Scene(system, principal, session, _MAC, lambda: f"ev{next(numbers)}")
    turns = tuple(_turn(step, system, vector) for step in _steps(vector))
    calls = [call for turn in turns for call in turn.calls]
    # every call of a vector's turns was released
    flow = extend(None, turns, system=system, agent=agent, principal=principal, released=lambda _: True)
    event = _event(vector, scene, calls, flow)
    now_ms = int(vector.now.timestamp() * 1000) if vector.now else NOON_MS
    spent = {claim.account: 0 for claim in claims_of(event, system, _MAC, now_ms)} | dict(_spent(vector, scene))
    return Staged(event, Context(system, agent, principal, flow, spent, _MAC, now_ms, vector.facts))


def _steps(vector: Vector) -> tuple[Step, ...]:
    """The turns a judgement has before it: what was heard, the judged result included."""
    result = vector.event.tool_result
    return vector.turns if result is None else (*vector.turns, Step(result=result))


def _principal(person: str, agent: str, system: System) -> Principal:
    if not person:
        return Principal("vectors", agent)
    role = next((role for role in system.people.values() if role.header), None)
    if role is None:
        raise ExtensionError("extension/vectors", "a vector names a person and its manifest lets nobody be asserted")
    return Principal("vectors", agent, role.id, person, role.region)


def _turn(step: Step, system: System, vector: Vector) -> Turn:
    match step:
        case Step(user=str(text)):
            return _said(Role.USER, text)
        case Step(assistant=str(text)):
            return _said(Role.ASSISTANT, text)
        case Step(system=OwnText(text=text)):
            return _said(Role.SYSTEM, text)
        case Step(system=str(prompt)):
            if prompt not in system.prompts:
                raise ExtensionError("extension/vectors", f"`{vector.name}`: no prompt `{prompt}` is declared")
            return _said(Role.SYSTEM, system.prompts[prompt].text)
        case Step(call=CallStep() as call):
            return _said(Role.ASSISTANT, "", calls=(_call(call),))
        case Step(result=ResultStep() as result):
            return _said(Role.TOOL, _result_text(result), call_id=result.id)
        case _:
            raise AssertionError("a step has exactly one key")


def _said(role: Role, text: str, *, calls: tuple[Call, ...] = (), call_id: str = "") -> Turn:
    message = json.dumps([role, text, [[call.id, call.tool, call.arguments] for call in calls], call_id])
    return Turn(role, text, hashlib.sha256(message.encode()).digest(), calls, call_id)


def _call(step: CallStep) -> Call:
    return Call(step.id, step.tool, _arguments(step.args, step.args_text))


def _arguments(args: Mapping[str, object] | None, text: str | None) -> str:
    return text if text is not None else json.dumps(args or {}, ensure_ascii=False)


def _result_text(step: ResultStep) -> str:
    if step.text is not None:
        return step.text
    return str(step.value) if step.python else json.dumps(step.value, ensure_ascii=False)


def _event(vector: Vector, scene: events.Scene, calls: list[Call], flow: Flow) -> Event:
    happening = vector.event
    if happening.tool_call is not None:
        arguments = _arguments(happening.args, happening.args_text)
        return events.tool_call(scene, Call("judged", happening.tool_call, arguments))
    if happening.tool_result is not None:
        answered = next((call for call in calls if call.id == happening.tool_result.id), None)
        if answered is None:
            raise ExtensionError("extension/vectors", f"`{vector.name}`: no turn calls `{happening.tool_result.id}`")
        place = f"messages[{flow.length - 1}]"
        return events.tool_result(scene, answered, _result_text(happening.tool_result), wire_ref=place)
    if happening.output is not None:
        return events.output(scene, happening.output)
    if happening.input is not None:
        return events.user_input(scene, happening.input)
    if happening.model_call is not None:
        return events.model_call(scene, happening.model_call, prefix=flow.prefix)
    raise AssertionError("a happening has exactly one kind")


def _spent(vector: Vector, scene: events.Scene) -> Iterator[tuple[str, int]]:
    for entry in vector.spent:
        tool = scene.system.tools.get(entry.tool)
        if tool is None or entry.limit >= len(tool.limits):
            raise ExtensionError("extension/vectors", f"`{vector.name}`: `{entry.tool}` has no limit {entry.limit}")
        amount = parse_amount(entry.amount, tool.limits[entry.limit].max.unit)
        if amount is None:
            raise ExtensionError("extension/vectors", f"`{vector.name}`: `{entry.amount}` is no amount of that limit")
        asked = events.tool_call(scene, Call("", entry.tool, "{}"))
        yield account_id(asked, scene.system, scene.mac, entry.limit), amount.micros
