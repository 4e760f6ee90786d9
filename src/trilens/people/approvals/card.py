"""The card an approver sees: the exact action, who asked in which words, why it needs a person, where each value came from.

The card is canonical JSON, sealed under the key of the person it concerns. It is written once, when the case opens, so that what
was decided on is what was shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trilens.mechanisms.events import argument_path
from trilens.vocabulary.canonical import Json, canonical
from trilens.vocabulary.event import Event, Exchange
from trilens.vocabulary.outcome import EventKind, Outcome, Role
from trilens.vocabulary.system import System
from trilens.vocabulary.verdict import Verdict
from trilens.vocabulary.written import printable, write_finding, write_value

VERSION = 1

_LONGEST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One event of the exchange and what was said of it."""

    event: Event
    outcome: Outcome
    verdicts: tuple[Verdict, ...]


def who_decides(system: System, held: Sequence[Judged]) -> tuple[str, ...]:
    """Operators who may decide: those the tool's `approval.by` names, and the owner of each lens that holds for another reason."""
    names: set[str] = set()
    for item in held:
        tool = system.tools.get(item.event.component) if item.event.kind is EventKind.TOOL_CALL else None
        roles = tool.approval.by if tool else ()
        named = {member for role in roles if role in system.people for member in system.people[role].members}
        names |= named
        others = (v for v in item.verdicts if v.outcome is Outcome.HOLD)
        names |= {system.owners[v.lens] for v in others if v.lens in system.owners and not _is_by_rule(v, named)}
    return tuple(sorted(names or set(system.owners.values())))


def _is_by_rule(verdict: Verdict, named: set[str]) -> bool:
    # the guard that asks because the tool's own `approval:` says so is answered by the people that entry names
    return bool(named) and verdict.guard == "safety/irreversible_effect"


def open_for_ms(system: System, held: Sequence[Judged]) -> int:
    """How long the case stays open: the shortest `expires` among its tools, 15 minutes for anything else."""
    tools = (system.tools.get(item.event.component) for item in held if item.event.kind is EventKind.TOOL_CALL)
    return min((tool.approval.expires_ms for tool in tools if tool), default=900_000)


def write_card(exchange: Exchange, system: System, judged: Sequence[Judged]) -> bytes:
    """All events of the exchange with arguments and origins in full view; canonical JSON, read by `read_card`."""
    words = next((t.text for t in reversed(exchange.turns) if t.role is Role.USER), "")
    return canonical(
        {
            "v": VERSION,
            "system": system.id,
            "policy": system.digest,
            "agent": exchange.principal.agent,
            "key": exchange.principal.key,
            "purpose": exchange.events[0].purpose if exchange.events else "",
            "person": exchange.principal.reader,
            "asked": printable(words[:_LONGEST_WORDS]),
            "actions": [_action(item, system) for item in judged],
        }
    )


def _action(item: Judged, system: System) -> Json:
    event = item.event
    tool = system.tools.get(event.component) if event.kind is EventKind.TOOL_CALL else None
    return {
        "kind": event.kind.value,
        "component": printable(event.component),
        "effect": tool.effect.value if tool else "",
        "reversible": tool.reversible if tool else True,
        "outcome": item.outcome.word,
        "written": printable(event.call.arguments) if event.call and event.kind is EventKind.TOOL_CALL else "",
        "values": [[v.path, write_value(v.value)] for v in event.values],
        "units": {argument_path(a.name): a.unit for a in tool.args.values() if a.unit} if tool else {},
        "findings": [write_finding(v, f) for v in item.verdicts for f in v.findings],
        "failed": [[v.guard, v.why] for v in item.verdicts if v.why],
    }
