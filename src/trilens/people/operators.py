"""Who decides: a named operator, known by an operator's key. An agent's key never decides anything."""

from dataclasses import dataclass

from trilens.errors import PeopleError
from trilens.people.keys import check_key, parse_key
from trilens.storage.ports import KeyStore


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    """As the manifest names them in `owners` and `people`."""
    key: str
    """Id of the key they used."""


def operator_of(text: str, keys: KeyStore) -> Operator:
    """The operator whose key this is.

    Raises:
        PeopleError: `people/no-key`, `people/mistyped-key`, `people/agent-key`, `people/unknown-key`, `people/revoked-key`.
        StoreError: the store of keys cannot be read.
    """
    if not text:
        raise PeopleError(
            "people/no-key",
            "this needs an operator's key",
            help="set `TRILENS_OPERATOR_KEY`, or give `--key-file`; `trilens keys create --operator NAME` makes one",
        )
    parsed = parse_key(text)
    if parsed is None:
        raise PeopleError("people/mistyped-key", "this is no key of Trilens, or it is mistyped", help="copy it whole")
    if not parsed.is_operator:
        raise PeopleError(
            "people/agent-key", f"`{parsed.id}` is an agent's key", help="only an operator's key (`tlo_…`) decides"
        )
    record = keys.find(parsed.id)
    if record is None or not record.operator:
        raise _unknown(parsed.id)
    if check_key(text, record):
        return Operator(record.operator, record.id)
    if record.revoked_ms:
        raise PeopleError(
            "people/revoked-key",
            f"`{parsed.id}` was revoked",
            help="`trilens keys create --operator NAME` makes a new one",
        )
    raise _unknown(parsed.id)


def _unknown(key_id: str) -> PeopleError:
    return PeopleError(
        "people/unknown-key", f"`{key_id}` is no key of this installation", help="`trilens keys list` shows them"
    )
