"""What the manifest itself shows, check by check: pure, computed anew each time, so that it is never stale."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never

from trilens.declare.diagnosis import Diagnosis, Severity
from trilens.lenses.lens import Sheet
from trilens.prove.controls.catalogue import Check, Predicate, ReviewErrors
from trilens.prove.status import APPLIES, Applicability, Evidence
from trilens.vocabulary.outcome import Lens, ValueClass
from trilens.vocabulary.system import ApprovalNeed, Hazard, Source, System, Tool

FLOW_CONTROL = "untrusted-data-cannot-act"
"""A guard that implements this control bounds where an effect goes."""

KEPT = ("decision", "conversation")
"""Retention classes every system needs: of the record's entries, and of what was said."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """The manifest, and what else a check may look at."""

    system: System
    sheets: tuple[Sheet, ...]
    diagnoses: Sequence[Diagnosis] | None
    """None: nobody reviewed it."""
    review_errors: ReviewErrors
    now_ms: int


def evidence_of(check: Check, declaration: Declaration, lens: Lens) -> tuple[Evidence, ...]:
    """What the check finds, one piece of evidence for each thing it is about."""
    match check:
        case Check.HAZARDS_REDUCED:
            return tuple(_hazard(hazard, declaration.sheets) for hazard in declaration.system.hazards)
        case Check.SOURCES_APPROVED:
            return tuple(_source(source, declaration.now_ms) for source in declaration.system.sources.values())
        case Check.APPROVALS_WAIVED:
            return tuple(_waived(tool) for tool in irreversible(declaration.system) if _is_never_asked(tool))
        case Check.EFFECTS_BOUNDED:
            return tuple(_bounded(tool, declaration.sheets) for tool in irreversible(declaration.system))
        case Check.DUTIES_DECLARED:
            return tuple(_duties(declaration.system))
        case Check.OWNER_NAMED:
            return (_owner(declaration.system, lens),)
        case Check.MANIFEST_REVIEWED:
            return (_reviewed(declaration, lens),)
        case _:
            assert_never(check)


def applicability_of(predicate: Predicate | None, system: System) -> Applicability:
    """Whether a control that rests on the predicate is about this system."""
    match predicate:
        case None:
            return APPLIES
        case Predicate.TOOL_DECLARED:
            return _unless(not system.tools, "no tool is declared, and an undeclared one is denied")
        case Predicate.TOOL_WITH_EFFECT:
            nothing = not any(tool.has_effect for tool in system.tools.values())
            return _unless(nothing, "no declared tool has an effect, and an undeclared one is denied")
        case Predicate.IRREVERSIBLE_TOOL:
            return _unless(not irreversible(system), "no declared tool has an effect that cannot be undone")
        case Predicate.SOURCE_DECLARED:
            return _unless(not system.sources, "no source is declared")
        case _:
            assert_never(predicate)


def _unless(is_missing: bool, why: str) -> Applicability:  # noqa: FBT001 - a private sentence: "unless … , because …"
    return Applicability(applies=False, why=why) if is_missing else APPLIES


def irreversible(system: System) -> tuple[Tool, ...]:
    """Tools whose effect cannot be undone, by name."""
    return tuple(t for _, t in sorted(system.tools.items()) if t.has_effect and not t.reversible)


def _hazard(hazard: Hazard, sheets: Iterable[Sheet]) -> Evidence:
    installed = {name for sheet in sheets for name in (sheet.id, sheet.name)}
    known = [name for name in hazard.reduced_by if name in installed]
    if known:
        return Evidence(hazard.id, population=len(known))
    return Evidence(hazard.id, failing=1, failure="no installed guard and no evaluation reduces it")


def _source(source: Source, now_ms: int) -> Evidence:
    if not source.approved_by:
        return Evidence(source.id, lacking="nobody vouches for it")
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    if source.review_by and dt.date.fromisoformat(source.review_by) < today:
        return Evidence(source.id, stale=1)
    return Evidence(source.id, population=1)


def _is_never_asked(tool: Tool) -> bool:
    return tool.approval.need is ApprovalNeed.NEVER


def _waived(tool: Tool) -> Evidence:
    rule = tool.approval
    if not rule.accepted_by:
        return Evidence(tool.id, lacking="no person decides on it, and nobody answers for that")
    return Evidence(tool.id, waived=f"by {rule.accepted_by}, while this manifest is in force: {rule.reason}")


def _bounded(tool: Tool, sheets: Iterable[Sheet]) -> Evidence:
    bounds = bounds_of(tool, sheets)
    if bounds:
        return Evidence(tool.id, population=len(bounds))
    return Evidence(
        tool.id, failing=1, failure="nothing outside the model bounds it: no limit, no approval, no judged destination"
    )


def bounds_of(tool: Tool, sheets: Iterable[Sheet]) -> tuple[str, ...]:
    """What holds a tool's effect back even when the model does what an attacker wants, in words."""
    bounds = [
        f"at most {limit.max} per {limit.role or limit.per.value}{_window(limit.window_ms)}" for limit in tool.limits
    ]
    match tool.approval.need:
        case ApprovalNeed.ALWAYS | ApprovalNeed.DEFAULT:
            bounds.append("a person decides each time")
        case ApprovalNeed.WHEN:
            bounds.append(f"a person decides when {tool.approval.condition}")
        case ApprovalNeed.NEVER:
            pass
    judged = [arg.name for arg in tool.args.values() if arg.cls is ValueClass.DESTINATION]
    if judged and any(FLOW_CONTROL in sheet.controls for sheet in sheets):
        bounds.append(f"untrusted data cannot choose {', '.join(f'`{name}`' for name in judged)}")
    return tuple(bounds)


def _window(window_ms: int) -> str:
    if not window_ms:
        return ""
    for name, length in (("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000)):
        if window_ms % length == 0:
            count = window_ms // length
            return f" in a {name}" if count == 1 else f" in {count} {name}s"
    return f" in {window_ms // 1000} seconds"


def _duties(system: System) -> Iterator[Evidence]:
    for name, is_there, lacking in (
        ("disclosure", system.disclosure is not None, "nothing says what people are told"),
        ("regions", bool(system.regions), "nothing says where data may be processed"),
        ("data", bool(system.data), "no data category is declared, with its purposes and basis"),
        *((f"retention.{kept}", kept in system.retention, "nothing says how long it is kept") for kept in KEPT),
    ):
        yield Evidence(name, population=1) if is_there else Evidence(name, lacking=lacking)


def _owner(system: System, lens: Lens) -> Evidence:
    if system.owners.get(lens):
        return Evidence("owner", population=1)
    return Evidence("owner", lacking=f"nobody answers for {lens}")


def _reviewed(declaration: Declaration, lens: Lens) -> Evidence:
    if declaration.diagnoses is None:
        return Evidence("manifest", lacking="nobody reviewed it")
    errors = [
        diagnosis
        for diagnosis in declaration.diagnoses
        if diagnosis.severity is Severity.ERROR and declaration.review_errors.concern(diagnosis.code, lens)
    ]
    if not errors:
        return Evidence("manifest", population=1)
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Evidence("manifest", failing=len(errors), failure=f"{errors[0].message} [{errors[0].code}]{more}")
