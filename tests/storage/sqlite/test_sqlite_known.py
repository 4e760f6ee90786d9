"""What is skipped is only what no case can answer."""

import apsw

from trilens.storage.ports import Batch, Case, CaseMove, CaseState, Query
from trilens.storage.sqlite.known import KnownCases

OPENED = Case("c1", "approval", "shop", 1, 2, "r1", ("i1", "i2"), (), (), "card")
EDITED = CaseMove("c1", CaseState.OPEN, CaseState.APPROVED, "lead", 1, adds_intents=("i3",), drops_intents=("i1",))


def left_of(known: KnownCases, *, request: str, intents: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    left = known.relevant(Query(1, (("account", 0),), intents, ("call",), request))
    assert (left.accounts, left.calls) == ((("account", 0),), ("call",))
    return left.request, left.intents


def test_what_no_case_was_opened_for_is_not_asked() -> None:
    known = KnownCases((), ())
    known.note(Batch((b"{}",)))
    assert left_of(known, request="r1", intents=("i1",)) == ("", ())


def test_what_a_case_was_opened_for_or_edited_to_is_asked() -> None:
    known = KnownCases((), ())
    known.note(Batch((b"{}",), opened=(OPENED,)))
    known.note(Batch((b"{}",), moved=(EDITED,)))
    assert left_of(known, request="r1", intents=("i1", "i2", "i3", "i4")) == ("r1", ("i1", "i2", "i3"))


def test_what_the_file_held_at_the_start_is_asked() -> None:
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE cases (request_mac TEXT); CREATE TABLE intent (mac TEXT)")
    connection.execute("INSERT INTO cases VALUES ('r1'); INSERT INTO intent VALUES ('i1')")
    assert left_of(KnownCases.read(connection), request="r1", intents=("i1", "i2")) == ("r1", ("i1",))
