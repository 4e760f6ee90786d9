"""One decision, written through the running server, or directly when nothing holds the journal."""

from dataclasses import dataclass

import orjson

from trilens.cli import installation, running
from trilens.cli.writing import written
from trilens.errors import WireError
from trilens.operators.address import Address
from trilens.people.approvals.desk import Desk
from trilens.people.approvals.edit import Edit, write_edit
from trilens.people.approvals.shelf import Shelf
from trilens.people.operators import operator_of
from trilens.people.workflow import Action
from trilens.settings import Settings
from trilens.storage.sqlite.keystore import open_keystore
from trilens.vocabulary.canonical import Mac


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person wants done."""

    case: str
    action: Action
    key: str
    """The operator's key."""
    edit: Edit | None
    is_dry_run: bool


@dataclass(frozen=True, slots=True)
class Decided:
    by: str
    entry: int | None
    """Of the ledger; None of a dry run."""


def decide(settings: Settings, decision: Decision) -> Decided:
    """Carry the decision out.

    Raises:
        PeopleError: it is not theirs, or the case does not allow it any more.
        StoreError: it could not be written.
    """
    return written(settings, lambda server: _through(server, decision), lambda: _directly(settings, decision))


def _through(server: Address, decision: Decision) -> Decided:
    body: dict[str, object] = {"action": decision.action.value, "dry_run": decision.is_dry_run}
    if decision.edit is not None:
        body["edit"] = orjson.loads(write_edit(decision.edit))
    answer = running.ask(server, f"/operator/cases/{decision.case}/decide", body, key=decision.key)
    match answer:
        case {"by": str() as by, "entry": int() | None as entry}:
            return Decided(by, entry)
        case _:
            raise WireError(
                "wire/operator-answer", f"the server at {server.url} answered something else than a decision"
            )


def _directly(settings: Settings, decision: Decision) -> Decided:
    system = installation.load_system(settings)
    keystore = open_keystore(settings.home)
    try:
        by = operator_of(decision.key, keystore)
    finally:
        keystore.close()
    with installation.opened(settings, read_only=False) as state:
        shelf = Shelf(state.journal, state.keyring, installation.now_ms, system.digest)
        desk = Desk(shelf, system, Mac(state.keyring.secret("mac")))
        if decision.is_dry_run:
            desk.rehearse(decision.case, decision.action, by=by, edit=decision.edit)
            return Decided(by.name, None)
        decided = desk.decide(decision.case, decision.action, by=by, edit=decision.edit)
        installation.sign_checkpoint(state, system)
    return Decided(by.name, decided.index)
