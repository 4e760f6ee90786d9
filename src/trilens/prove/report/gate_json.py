"""A gate report as JSON, and as the bodies of the ledger entries that keep it."""

from trilens.prove.evidence import Facts
from trilens.prove.gate import ControlStatus, GateReport, LensVerdict
from trilens.prove.questions import Question
from trilens.prove.status import ItemStatus
from trilens.prove.worst import Worst, missing
from trilens.vocabulary.canonical import Json, canonical, digest


def to_json(report: GateReport) -> dict[str, Json]:
    """Everything a report says, in keys that are stable."""
    return {
        "trilens": 1,
        "system": report.system,
        "stage": report.stage.id,
        "moment": report.stage.moment,
        "now_ms": report.now_ms,
        "policy": report.subject.policy,
        "engine": report.subject.engine,
        "exit_code": report.exit_code,
        "verdicts": [_verdict(verdict) for verdict in report.verdicts],
        "failure_mode": {"name": report.failure_mode.name, "unsaid": report.failure_mode.unsaid},
        "questions": [_question(question) for question in report.questions],
        "record": {"state": report.check.state.value, "size": report.check.size, "why": report.check.why}
        | _facts(report.facts),
    }


def evaluations(report: GateReport) -> tuple[dict[str, Json], ...]:
    """Bodies of `control.evaluated` entries, one for each control and lens: the same question over the same record gives the same body."""
    return tuple(_evaluation(report, status) for verdict in report.verdicts for status in verdict.controls)


def gate_body(report: GateReport) -> dict[str, Json]:
    """Body of the `gate` entry that follows its evaluations and names them by digest."""
    return {
        "system": report.system,
        "stage": report.stage.id,
        "subject": report.subject.digest,
        "verdicts": [[verdict.lens.value, verdict.word.value] for verdict in report.verdicts],
        "record": [report.check.state.value, report.check.size],
        "exit": report.exit_code,
        "evaluations": digest(canonical(list(evaluations(report)))),
    }


def _evaluation(report: GateReport, status: ControlStatus) -> dict[str, Json]:
    rating, control = status.rating, status.control
    # what is computed anew has no window: it is about this moment
    since_ms = report.now_ms - control.fresh_for_ms
    return {
        "control": control.id,
        "lens": status.lens.value,
        "status": rating.status.value,
        "population": rating.population,
        "failing": rating.failing,
        "window": [since_ms, report.now_ms],
        "query": control.query_digest,
        "subject": report.subject.digest,
        "stage": report.stage.id,
        "record": report.check.size,
    }


def _verdict(verdict: LensVerdict) -> Json:
    return {
        "lens": verdict.lens.value,
        "verdict": verdict.word.value,
        "owner": verdict.owner,
        "worst": _worst(verdict.worst),
        "controls": [_control(status) for status in verdict.controls],
    }


def _worst(worst: Worst | None) -> Json:
    if worst is None:
        return None
    return {
        "control": worst.control,
        "item": worst.item,
        "status": worst.status.value,
        "missing": worst.missing,
        "command": worst.command,
    }


def _control(status: ControlStatus) -> Json:
    control, rating = status.control, status.rating
    return {
        "id": control.id,
        "title": control.title,
        "kind": control.kind.value,
        "question": control.question,
        "status": rating.status.value,
        "why": rating.why,
        "population": rating.population,
        "failing": rating.failing,
        "fresh_for_ms": control.fresh_for_ms,
        "query": control.query_digest,
        "items": [_item(status, item) for item in rating.items],
        "does_not_show": list(control.does_not_show),
    }


def _item(status: ControlStatus, item: ItemStatus) -> Json:
    evidence = item.evidence
    return {
        "name": evidence.name,
        "status": item.status.value,
        "population": evidence.population,
        "failing": evidence.failing,
        "stale": evidence.stale,
        "missing": missing(status.control, item),
        "example": evidence.example,
    }


def _question(question: Question) -> Json:
    return {
        "lens": question.lens.value,
        "asks": question.asks,
        "answer": [{"what": fact.what, "behind": list(fact.behind)} for fact in question.answer],
        "unanswered": question.unanswered,
    }


def _facts(facts: Facts) -> dict[str, Json]:
    return {
        "entries": facts.entries,
        "kinds": dict(sorted(facts.kinds.items())),
        "unread": dict(sorted(facts.unread.items())),
        "ahead": facts.ahead,
    }
