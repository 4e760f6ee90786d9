"""The ledger's count beside an outside observer's: more seen than recorded fails, less is unknown, and what was not counted is said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trilens.errors import SettingsError
from trilens.prove.ledger.counts import Balance, Counts, Released, read_counts, reconcile
from trilens.prove.ledger.entry import encode
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.verify import Report, Standing, verify
from trilens.storage.ports import Batch
from trilens.storage.sqlite.journal import SqliteJournal
from trilens.vocabulary.canonical import Json

Body = dict[str, Json]


def decision(kind: str, component: str, *, left: bool = True, phase: str = "proposed") -> Body:
    return {"event": ["evt_1", kind, phase, "d"], "component": component, "left": left}


RECORD = [
    *[decision("model_call", "chat")] * 3,
    *[decision("tool_call", "refund")] * 2,
    decision("tool_call", "refund", left=False),
    decision("tool_call", "lookup_order"),
    decision("tool_result", "refund", phase="observed"),
    decision("input", ""),
    decision("output", ""),
]


def released(bodies: list[Body]) -> Released:
    fold = Released()
    for body in bodies:
        fold.add(body)
    return fold


@pytest.mark.requirement("X6", "C13")
@pytest.mark.parametrize(
    ("observed", "standing", "says"),
    [
        (
            {"model_calls": 3, "tools": {"refund": 2, "lookup_order": 1}},
            Standing.OK,
            "as many as were seen: 3 model calls",
        ),
        ({"model_calls": 4}, Standing.FAILED, "3 model calls in the ledger, 4 seen"),
        ({"model_calls": 2}, Standing.UNKNOWN, "3 model calls in the ledger, 2 seen"),
        ({"tools": {"refund": 3}}, Standing.FAILED, "2 calls of `refund` in the ledger, 3 seen"),
        ({"tools": {"refund": 1}}, Standing.UNKNOWN, "2 calls of `refund` in the ledger, 1 seen"),
        ({"tools": {"wipe_disk": 1}}, Standing.FAILED, "0 calls of `wipe_disk` in the ledger, 1 seen"),
        ({"model_calls": 2, "tools": {"refund": 3}}, Standing.FAILED, "refund"),
        ({"tools": {}}, Standing.UNKNOWN, "nothing was counted"),
    ],
)
def test_a_verification_compares_with_what_was_seen(
    journal: SqliteJournal, signer: Signer, observed: dict[str, object], standing: Standing, says: str
) -> None:
    found = report(journal, signer, RECORD, read_counts(json.dumps(observed).encode()))
    [check] = [check for check in found.checks if check.name == "counts"]
    assert check.standing is standing
    assert says in check.detail
    assert found.standing is standing


def report(journal: SqliteJournal, signer: Signer, bodies: list[Body], counts: Counts | None) -> Report:
    journal.commit(Batch(tuple(encode("decision", 1, body) for body in bodies))).result()
    Checkpointer(journal, signer).advance()
    return verify(journal, signer.verifier, checkpoint=journal.checkpoint(), counts=counts)


@pytest.mark.requirement("C13")
def test_what_was_not_counted_is_said(journal: SqliteJournal, signer: Signer) -> None:
    found = report(journal, signer, RECORD, Counts(None, {"refund": 2}))
    said = " ".join(found.unestablished)
    assert "that all model calls were recorded" in said
    assert "that all calls of `lookup_order` were recorded" in said
    assert "calls of `refund`" not in said
    without = verify(journal, signer.verifier, checkpoint=journal.checkpoint())
    assert any("no counts of an outside observer" in line for line in without.unestablished)


def test_decisions_that_cannot_be_read_leave_the_counts_unknown(journal: SqliteJournal, signer: Signer) -> None:
    found = report(journal, signer, [*RECORD, {"event": "model_call"}], Counts(3, {}))
    [check] = [check for check in found.checks if check.name == "counts"]
    assert (check.standing, "1 decisions cannot be read" in check.detail) == (Standing.UNKNOWN, True)


@given(st.lists(st.sampled_from(RECORD), max_size=30), st.integers(0, 9), st.integers(0, 9))
def test_one_more_seen_never_makes_it_better(bodies: list[Body], calls: int, refunds: int) -> None:
    order = [Balance.EQUAL, Balance.MORE, Balance.LESS]
    fold = released(bodies)
    before = reconcile(fold, Counts(calls, {"refund": refunds})).balance
    for more in (Counts(calls + 1, {"refund": refunds}), Counts(calls, {"refund": refunds + 1})):
        after = reconcile(fold, more).balance
        assert before is not Balance.LESS or after is Balance.LESS
        assert order.index(after) >= order.index(before) or before is Balance.MORE


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b"3",
        b"{",
        b'{"model_calls": -1}',
        b'{"model_calls": 1.5}',
        b'{"model_calls": true}',
        b'{"model_calls": null}',
        b'{"model_calls": "3"}',
        b'{"model_calls": 9007199254740992}',
        b'{"model_call": 3}',
        b'{"tools": []}',
        b'{"tools": {"refund": -1}}',
        b'{"model_calls": 3, "users": 1}',
        b"\xff",
    ],
)
def test_a_file_that_is_misread_would_be_taken_for_proof_and_is_refused(text: bytes) -> None:
    with pytest.raises(SettingsError) as caught:
        read_counts(text)
    assert caught.value.code == "settings/counts"
