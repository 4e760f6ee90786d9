"""The three questions of every stage, answered from what exists: the declared hazards, the computed blast radius, what must be provable."""

from collections.abc import Sequence
from dataclasses import dataclass

from trilens.lenses.lens import Sheet
from trilens.prove.declared import bounds_of, irreversible
from trilens.prove.recorded import RecordCheck, RecordState
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import FieldTrust, System, Tool

_SEVERITIES = ("critical", "major", "moderate", "minor")
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of an answer, with what stands behind it."""

    what: str
    behind: tuple[str, ...] = ()
    """How it is detected, reduced, bounded or shown; none means by nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    lens: Lens
    asks: str
    answer: tuple[Fact, ...]
    """Worst first; empty when the manifest says nothing."""
    unanswered: str
    """Why there is no answer; empty when there is one."""


def three_questions(system: System | None, sheets: Sequence[Sheet], check: RecordCheck) -> tuple[Question, ...]:
    """One question a lens, in their order."""
    return (
        _question(Lens.SAFETY, _hazards(system), "no hazard is declared"),
        _question(Lens.SECURITY, _blast_radius(system, sheets), "no tool is declared whose effect cannot be undone"),
        _question(Lens.COMPLIANCE, _provable(system, check), "nothing is declared that would have to be provable"),
    )


_ASKS = {
    Lens.SAFETY: "What is the worst it can do as intended, and how is that detected and reduced?",
    Lens.SECURITY: "What is the worst it can do under manipulation, and what keeps the blast radius small?",
    Lens.COMPLIANCE: "What must be provable, and from what?",
}


def _question(lens: Lens, answer: tuple[Fact, ...], otherwise: str) -> Question:
    return Question(lens, _ASKS[lens], answer, "" if answer else otherwise)


def _hazards(system: System | None) -> tuple[Fact, ...]:
    hazards = system.hazards if system else ()
    ranked = sorted(hazards, key=lambda h: (_rank(h.severity), h.id))
    return tuple(Fact(f"{h.id}: {h.severity} {h.harm.replace('_', ' ')} harm to {h.to}", h.reduced_by) for h in ranked)


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else -1


def _blast_radius(system: System | None, sheets: Sequence[Sheet]) -> tuple[Fact, ...]:
    if system is None:
        return ()
    facts = [Fact(_reach(tool, system), bounds_of(tool, sheets)) for tool in irreversible(system)]
    return tuple(sorted(facts, key=lambda fact: len(fact.behind)))


def _reach(tool: Tool, system: System) -> str:
    callers = sorted(agent.id for agent in system.agents.values() if tool.id in agent.grants)
    by = f"by {', '.join(callers)}" if callers else "by no agent"
    steered = sorted({name for caller in callers for name in _outsiders(system, caller)})
    reads = f", which read what outsiders write in {', '.join(steered)}" if steered else ""
    return f"{tool.id}: {tool.effect} that cannot be undone, called {by}{reads}"


def _outsiders(system: System, agent: str) -> tuple[str, ...]:
    """Tools of the agent through whose results somebody outside can speak to the model."""
    granted = (system.tools[name] for name in system.agents[agent].grants if name in system.tools)
    return tuple(tool.id for tool in granted if _speaks(tool))


def _speaks(tool: Tool) -> bool:
    # a result without declared fields is a third party's as a whole
    return not tool.returns or FieldTrust.THIRD_PARTY in tool.returns.values()


def _provable(system: System | None, check: RecordCheck) -> tuple[Fact, ...]:
    if system is None:
        return ()
    entries = "entry" if check.size == 1 else "entries"
    record = (f"{check.size} verified {entries}",) if check.state is RecordState.VERIFIED else ()
    facts = []
    if system.disclosure:
        facts.append(Fact(f"that people are told, in {', '.join(sorted(system.disclosure.text))}", record))
    if system.regions:
        facts.append(Fact(f"that data stays in {', '.join(sorted(system.regions))}", record))
    facts += [
        Fact(f"that {d.id} data is used for {', '.join(sorted(d.purposes))} alone, on the basis of {d.basis}", record)
        for d in system.data.values()
    ]
    return tuple(facts)
