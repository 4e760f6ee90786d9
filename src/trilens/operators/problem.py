"""What an operator's client is told of an error: an RFC 9457 problem with our stable code.

Source: RFC 9457 section 3 (read 2026-11-24).
"""

import json

from fastapi import Response

from trilens.errors import LedgerError, ManifestError, PeopleError, StoreError, TrilensError, WireError
from trilens.gateways.admission import RETRY_AFTER_S
from trilens.gateways.halting import HaltedError

MEDIA_TYPE = "application/problem+json"

_STATUS = {
    "people/no-key": 401,
    "people/mistyped-key": 401,
    "people/unknown-key": 401,
    "people/revoked-key": 401,
    "people/agent-key": 403,
    "people/not-yours": 403,
    "people/not-keeper": 403,
    "people/not-stopper": 403,
    "people/not-resumer": 403,
    "people/not-changer": 403,
    "people/unknown-case": 404,
    "people/no-such-key": 404,
    "people/unknown-agent": 422,
    "people/stop-form": 422,
    "people/edit-form": 422,
    "people/edit-not-possible": 422,
}


def status_of(error: TrilensError) -> int:
    """The HTTP status that says whose fault it is; a case that does not allow what was asked is a conflict with its state."""
    match error:
        case WireError():
            return error.status
        case HaltedError():
            return error.status
        case ManifestError():
            return 422
        case PeopleError():
            return _STATUS.get(error.code, 409)
        case StoreError() | LedgerError():
            return 503
        case _:
            return 500


def problem(error: TrilensError) -> Response:
    status = status_of(error)
    body: dict[str, object] = {
        "type": f"urn:trilens:{error.code.replace('/', ':')}",
        "title": error.message,
        "status": status,
        "code": error.code,
        "help": error.help,
    }
    if isinstance(error, ManifestError):
        body["problems"] = [_written(found) for found in error.problems]
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if isinstance(error, HaltedError):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Response(json.dumps(body), status, headers, MEDIA_TYPE)


def _written(found: ManifestError) -> dict[str, object]:
    place = found.place
    where = {"file": place.file, "line": place.line, "column": place.column} if place else None
    return {"code": found.code, "message": found.message, "help": found.help, "place": where}
