"""A case as JSON, for every surface that has a reader: version 1, moments in UTC, the card as it was written."""

import orjson

from trilens.people.approvals.shelf import OpenedCase
from trilens.vocabulary.canonical import Json
from trilens.vocabulary.written import write_moment

VERSION = 1


def case_document(opened: OpenedCase) -> dict[str, Json]:
    """All that is known of a case."""
    case = opened.case
    return {
        "v": VERSION,
        "id": case.id,
        "kind": case.kind,
        "system": case.system,
        "stage": opened.stage.value,
        "opened": write_moment(case.opened_ms),
        "expires": write_moment(case.expires_ms),
        "decided": write_moment(case.decided_ms) if case.decided_ms else None,
        "decided_by": case.decided_by or None,
        "edited": bool(case.edit),
        "by": list(case.by),
        "covers": list(case.covers),
        "has_kept_answer": bool(case.kept),
        "is_current": opened.is_current,
        "card": orjson.loads(opened.written) if opened.written else None,
    }
