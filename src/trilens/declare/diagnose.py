"""What a careful reviewer finds in a manifest that holds together."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

from trilens.declare.diagnosis import Compile, Diagnosis, Review, Severity
from trilens.declare.parse import Manifest
from trilens.declare.review import conditions, data, effects, leaks, people, upkeep

CHECKS: tuple[Callable[[Review], Iterator[Diagnosis]], ...] = (
    effects.effect_without_limit,
    effects.limit_only_per_call,
    effects.irreversible_undecided,
    effects.destination_as_text,
    effects.result_without_fields,
    effects.owner_of_no_record,
    conditions.conditions,
    data.model_may_not_read,
    data.region_not_allowed,
    data.purpose_not_allowed,
    people.unknown_operator,
    people.nobody_can_approve,
    people.owner_missing,
    people.disclosure_missing,
    upkeep.source_not_approved,
    upkeep.source_overdue,
    upkeep.hazard_not_reduced,
    upkeep.turns_without_marks,
    upkeep.unused,
    upkeep.variables,
    upkeep.joined_text,
    leaks.secret_written,
    leaks.hidden_text,
)


def diagnose(
    manifest: Manifest,
    *,
    today: dt.date,
    environment: Mapping[str, str],
    compile_condition: Compile,
) -> tuple[Diagnosis, ...]:
    """Everything a reviewer would say, errors first, then in the order of the text.

    Args:
        today: the day against which `review_by` is read.
        environment: the variables addresses and keys refer to; only whether they are set, and whether an address is one, is told.
        compile_condition: such as `mechanisms.policy.condition.compile_condition`.
    """
    review = Review(manifest, today, environment, compile_condition)
    found = [diagnosis for check in CHECKS for diagnosis in check(review)]
    return tuple(sorted(found, key=_rank))


def _rank(diagnosis: Diagnosis) -> tuple[bool, str, int, int]:
    place = diagnosis.place
    return (diagnosis.severity is not Severity.ERROR, place.file, place.line, place.column)
