"""A small world for the tests of `prove`: one guard for each control that asks guards, and entries as the pipeline writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

import pytest

from trilens.lenses.lens import Sheet
from trilens.prove.controls.catalogue import Catalogue, VerdictQuery, load_catalogue
from trilens.prove.evidence import Facts, Inquiry, Subject, inquire, read_evidence
from trilens.prove.ledger import entry
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.label import EVERYONE, Integrity
from trilens.vocabulary.outcome import Effect, EventKind, Lens, Outcome
from trilens.vocabulary.system import (
    ApprovalNeed,
    ApprovalRule,
    DataCategory,
    Disclosure,
    Hazard,
    Source,
    System,
    Tool,
)

NOW_MS = 1_764_000_000_000
DAY_MS = 86_400_000
SUBJECT = Subject("sha256:" + "1" * 64, "0.1.0 sha256:" + "2" * 64)
WATCHED = EventKind.TOOL_CALL
Said: TypeAlias = tuple[str, str, str]
"""Guard, ran, outcome."""


def sheet(name: str, *controls: str, watches: EventKind = WATCHED) -> Sheet:
    lens, guard = name.split("/")
    return Sheet(
        id=guard,
        lens=Lens(lens),
        question="Is it so?",
        why="because",
        watches=frozenset({watches}),
        concerns=("S1",),
        controls=controls,
        outcomes=frozenset(Outcome),
        on_error=Outcome.DENY,
        cost="none",
        limits=("everything else",),
        sources=(),
        digest="sha256:" + "3" * 64,
    )


NOBODY: MappingProxyType[str, Any] = MappingProxyType({})
BARE = System(
    id="bare",
    digest=SUBJECT.policy,
    purposes=NOBODY,
    people=NOBODY,
    owners=MappingProxyType({}),
    models=NOBODY,
    prompts=NOBODY,
    sources=NOBODY,
    tools=NOBODY,
    agents=NOBODY,
    hazards=(),
    grounding=None,
    own_hosts=frozenset(),
    disclosure=None,
    data=NOBODY,
    regions=frozenset(),
    retention=MappingProxyType({}),
)
REFUND = Tool(
    id="refund",
    effect=Effect.SPEND,
    reversible=False,
    args=NOBODY,
    result=None,
    returns=NOBODY,
    data=frozenset(),
    readers=(),
    limits=(),
    approval=ApprovalRule(ApprovalNeed.ALWAYS),
)
SHOP = replace(
    BARE,
    id="shop",
    owners=MappingProxyType({Lens.SAFETY: "lead", Lens.SECURITY: "secops", Lens.COMPLIANCE: "dpo"}),
    sources=MappingProxyType(
        {
            "policy": Source(
                "policy", "policy.md", "30 days.", "sha256:0", Integrity.INTERNAL, EVERYONE, "lead", "2999-01-01"
            )
        }
    ),
    tools=MappingProxyType({"refund": REFUND}),
    hazards=(Hazard("invented-policy", "financial", "customers", "major", ("grounded_answers",)),),
    disclosure=Disclosure("reply", MappingProxyType({"en": "You are talking to an AI system."})),
    data=MappingProxyType({"contact": DataCategory("contact", frozenset({"support"}), "contract", "conversation")}),
    regions=frozenset({"eu"}),
    retention=MappingProxyType({"decision": 183 * DAY_MS, "conversation": 30 * DAY_MS}),
)


@dataclass(frozen=True)
class World:
    """The shipped catalogue, one guard a control, a manifest that leaves nothing out, and the moment everything is read at."""

    catalogue: Catalogue
    sheets: tuple[Sheet, ...]
    system: System = SHOP
    bare_system: System = BARE
    now_ms: int = NOW_MS
    subject: Subject = SUBJECT

    @property
    def guards(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.sheets)

    def inquiry(self, *, now_ms: int = NOW_MS, subject: Subject = SUBJECT) -> Inquiry:
        return inquire(self.catalogue, self.sheets, subject=subject, now_ms=now_ms)

    def decision(self, said: Sequence[Said], **more: Any) -> bytes:
        return decision(said, **more)

    def approval(self, case: str, action: str = "approve", *, at_ms: int = NOW_MS - DAY_MS) -> bytes:
        return approval(case, action, at_ms=at_ms)

    def everyone(self, ran: str = "judged", outcome: str = "allow", **other: tuple[str, str]) -> list[Said]:
        """One verdict of each guard; `other` gives those that say something else, by the guard's id."""
        return [(s.name, *other.get(s.id, (ran, outcome))) for s in self.sheets]

    def facts(self, leaves: Sequence[bytes], *, now_ms: int = NOW_MS, subject: Subject = SUBJECT) -> Facts:
        return read_evidence(leaves, self.inquiry(now_ms=now_ms, subject=subject))


@pytest.fixture(scope="session")
def world() -> World:
    catalogue = load_catalogue()
    asking = [c for c in catalogue.controls if isinstance(c.recorded, VerdictQuery) and c.recorded.of == "guards"]
    sheets = [sheet(f"{c.lenses[0]}/{c.id.replace('-', '_')}", c.id) for c in asking]
    return World(catalogue, tuple(sorted(sheets, key=lambda s: s.name)))


def decision(
    said: Sequence[Said],
    *,
    outcome: str = "allow",
    left: bool = True,
    name: str = "dec_1",
    at_ms: int = NOW_MS - DAY_MS,
    case: str = "",
    intent: str = "i1",
    phase: str = "proposed",
    kind: str = WATCHED.value,
    subject: Subject = SUBJECT,
    judged_ms: int | None = None,
) -> bytes:
    """A decision entry as `enforce/record.py` writes it; `said` is (guard, ran, outcome)."""
    return entry.encode(
        "decision",
        at_ms,
        {
            "id": name,
            "event": ["evt", kind, phase, "0" * 32],
            "component": "refund",
            "agent": "support",
            "key": "tlk_1",
            "session": "",
            "purpose": "support",
            "outcome": outcome,
            "left": left,
            "verdicts": [
                [guard, ran, word, [], *(["raised ValueError"] if ran in ("failed", "not_run") else [])]
                for guard, ran, word in said
            ],
            "intent": intent,
            "case": case,
            "basis": {
                "policy": subject.policy,
                "engine": subject.engine,
                "prefix": "0" * 32,
                "now": at_ms if judged_ms is None else judged_ms,
                "spent": [],
            },
        },
    )


def approval(case: str, action: str = "approve", *, at_ms: int = NOW_MS - DAY_MS) -> bytes:
    body: dict[str, Json] = {
        "case": case,
        "action": action,
        "by": "lead",
        "key": "tlk_2",
        "open_ms": 1000,
        "edited": action == "edit",
    }
    return entry.encode("case.decided", at_ms, body)
