"""Asking the running server, which holds the journal, with the operator's key."""

import http.client
import json
from collections.abc import Mapping

from trilens.errors import (
    LedgerError,
    ManifestError,
    PeopleError,
    Place,
    SettingsError,
    StoreError,
    TrilensError,
    WireError,
)
from trilens.operators.address import Address

_DEADLINE_S = 15.0


def ask(server: Address, path: str, body: Mapping[str, object], *, key: str) -> dict[str, object]:
    """POST to the server's operator routes and return its answer.

    Raises:
        TrilensError: what the server answered, as the error it is of; or StoreError `store/no-answer` when it did not.
    """
    connection = http.client.HTTPConnection(server.host, server.port, timeout=_DEADLINE_S)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        status, raw = response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(
            "store/no-answer",
            f"the server at {server.url} (process {server.pid}) does not answer",
            help="look at the case before you decide again: the decision may have been written",
        ) from error
    finally:
        connection.close()
    answer = _object(raw, server)
    if status != 200:
        raise _error_of(answer, server)
    return answer


def _object(raw: bytes, server: Address) -> dict[str, object]:
    try:
        answer = json.loads(raw)
    except ValueError as error:
        raise _unreadable(server) from error
    if not isinstance(answer, dict):
        raise _unreadable(server)
    return answer


def _error_of(fields: Mapping[str, object], server: Address) -> TrilensError:
    """The error the problem document tells of, so that it is shown and ends like one of our own."""
    match fields:
        case {"code": str() as code, "title": str() as message, "help": str() as help_text}:
            if code.startswith("manifest/"):
                return _manifest_error(fields)
            kinds = {"settings": SettingsError, "people": PeopleError, "store": StoreError, "ledger": LedgerError}
            return kinds.get(code.partition("/")[0], WireError)(code, message, help=help_text)
        case _:
            return _unreadable(server)


def _manifest_error(fields: Mapping[str, object]) -> ManifestError:
    """All the problems of a manifest that the server refused."""
    listed = fields.get("problems")
    found = tuple(_problem(one) for one in listed) if isinstance(listed, list) else ()
    code, message = str(fields["code"]), str(fields["title"])
    return ManifestError(code, message, help=str(fields["help"]), problems=found)


def _problem(fields: object) -> ManifestError:
    match fields:
        case {"code": str() as code, "message": str() as message, "help": str() as help_text, "place": place}:
            return ManifestError(code, message, help=help_text, place=_place(place))
        case _:
            return ManifestError("manifest/unknown", "the server told of a problem that this version cannot read")


def _place(fields: object) -> Place | None:
    match fields:
        case {"file": str() as file, "line": int() as line, "column": int() as column}:
            return Place(file, line, column)
        case _:
            return None


def _unreadable(server: Address) -> WireError:
    return WireError(
        "wire/operator-answer",
        f"what answers at {server.url} is not a Trilens server of this version",
        help="restart the server with the version of trilens that you use here",
    )
