"""What an operator's client is told of an error: an RFC 9457 problem with our stable code.

Source: RFC 9457 section 3 (read 2026-11-24).
"""

import json

from fastapi import Response

from trilens.errors import LedgerError, PeopleError, StoreError, TrilensError, WireError

MEDIA_TYPE = "application/problem+json"

_STATUS = {
    "people/no-key": 401,
    "people/mistyped-key": 401,
    "people/unknown-key": 401,
    "people/revoked-key": 401,
    "people/agent-key": 403,
    "people/not-yours": 403,
    "people/not-keeper": 403,
    "people/unknown-case": 404,
    "people/no-such-key": 404,
    "people/unknown-agent": 422,
    "people/edit-form": 422,
    "people/edit-not-possible": 422,
}


def status_of(error: TrilensError) -> int:
    """The HTTP status that says whose fault it is; a case that does not allow what was asked is a conflict with its state."""
    match error:
        case WireError():
            return error.status
        case PeopleError():
            return _STATUS.get(error.code, 409)
        case StoreError() | LedgerError():
            return 503
        case _:
            return 500


def problem(error: TrilensError) -> Response:
    status = status_of(error)
    body = {
        "type": f"urn:trilens:{error.code.replace('/', ':')}",
        "title": error.message,
        "status": status,
        "code": error.code,
        "help": error.help,
    }
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return Response(json.dumps(body), status, headers, MEDIA_TYPE)
