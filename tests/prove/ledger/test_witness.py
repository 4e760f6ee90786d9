"""A witness refuses whatever does not go on from what it signed; and what it signed it remembers, whatever happens to it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trilens.errors import LedgerError, SettingsError, StoreError, WireError
from trilens.prove.ledger import durable
from trilens.prove.ledger.checkpoint import open_checkpoint, sign_checkpoint
from trilens.prove.ledger.cosign import Cosigner, WitnessKey, check_cosignatures
from trilens.prove.ledger.merkle import TreeHead, leaf_hash, root_of
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.proof import ConsistencyProof, encode_consistency, prove_growth
from trilens.prove.ledger.submit import Reply, cosigned_by
from trilens.prove.ledger.tiles import Edge
from trilens.prove.ledger.witness import Answer, Witness, WitnessLogs
from trilens.prove.ledger.witness_home import make_witness, open_witness, read_cosigner, read_logs

LOG = Signer("shop.example/ledger", bytes(range(32)))
OTHER = Signer("bank.example/ledger", b"o" * 32)
HONEST = [leaf_hash(str(number).encode()) for number in range(40)]
FORKED = [*HONEST[:5], leaf_hash(b"forked"), *HONEST[6:]]
LATE_FORK = [*HONEST[:15], leaf_hash(b"forked"), *HONEST[16:]]


def note(size: int, hashes: list[bytes] = HONEST, signer: Signer = LOG) -> bytes:
    return sign_checkpoint(TreeHead(size, root_of(hashes[:size])), signer)


def body(old: int, size: int, hashes: list[bytes] = HONEST, signer: Signer = LOG) -> bytes:
    edge = Edge()
    edge.extend(hashes)
    tiles = {(level, number): data for level, number, data in edge.partial()}
    proof = prove_growth(old, note=note(size, hashes, signer), tiles=lambda level, number: tiles.get((level, number)))
    return encode_consistency(proof)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_witness(tmp_path / "w", "auditor.example/w1", logs=[LOG.verifier], random=lambda n: b"a" * n)
    return tmp_path / "w"


def witness(folder: Path, at_s: int = 7) -> Witness:
    return open_witness(folder, clock=lambda: at_s)


def key(folder: Path) -> WitnessKey:
    return read_cosigner(folder).key


@pytest.mark.requirement("X6")
def test_a_log_that_only_grows_is_signed_each_time(folder: Path) -> None:
    old = 0
    for size in (1, 2, 7, 8, 8, 40):
        answer = witness(folder).add_checkpoint(body(old, size))
        assert answer.status == 200, answer
        [found] = check_cosignatures(note(size) + answer.body, [key(folder)])
        assert found.at_s == 7
        old = size


@pytest.mark.requirement("X6")
def test_a_rollback_is_refused_with_the_size_that_was_signed(folder: Path) -> None:
    assert witness(folder).add_checkpoint(body(0, 20)).status == 200
    for old, size in ((0, 10), (10, 19), (19, 20), (0, 20), (21, 22)):
        assert witness(folder).add_checkpoint(body(old, size)) == Answer(409, b"20\n", "text/x.tlog.size")
    assert witness(folder).add_checkpoint(body(20, 21)).status == 200


@pytest.mark.requirement("X6")
def test_a_fork_is_refused_however_it_is_put(folder: Path) -> None:
    assert witness(folder).add_checkpoint(body(0, 20)).status == 200
    assert witness(folder).add_checkpoint(body(20, 20, FORKED)) == Answer(409, b"20\n", "text/x.tlog.size")
    assert witness(folder).add_checkpoint(body(20, 30, FORKED)).status == 422
    honest_proof = body(20, 30).partition(b"\n\n")[0]
    assert witness(folder).add_checkpoint(honest_proof + b"\n\n" + note(30, FORKED)).status == 422
    assert witness(folder).add_checkpoint(b"old 20\n\n" + note(30)).status == 422
    # and nothing of it was kept
    assert witness(folder).add_checkpoint(body(20, 30)).status == 200


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans()), max_size=12))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.requirement("X6")
def test_whatever_is_asked_all_that_was_signed_is_one_history(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    cosigner = Cosigner("w", b"a" * 32)
    one = Witness(cosigner, {LOG.verifier.name: [LOG.verifier]}, WitnessLogs(folder), clock=lambda: 1)
    signed: list[tuple[int, list[bytes]]] = []
    for old, size, is_forked in asked:
        hashes = FORKED if is_forked else HONEST
        if old <= size and one.add_checkpoint(body(old, size, hashes)).status == 200:
            signed.append((size, hashes))
    for (small, before), (large, after) in pairwise(signed):
        assert small <= large
        assert root_of(before[:small]) == root_of(after[:small])


def test_only_configured_logs_are_known_and_only_their_keys_believed(folder: Path) -> None:
    assert witness(folder).add_checkpoint(body(0, 3, signer=OTHER)).status == 404
    impostor = Signer(LOG.verifier.name, b"x" * 32)
    assert witness(folder).add_checkpoint(body(0, 3, signer=impostor)).status == 403
    (folder / "logs").write_text(f"# the bank\n{OTHER.verifier}\n\n{LOG.verifier}\n{impostor.verifier}\n")
    assert len(read_logs(folder)) == 3
    assert witness(folder).add_checkpoint(body(0, 3, signer=OTHER)).status == 200
    # one log may have several keys, as after a rotation, and has one history under all of them
    assert witness(folder).add_checkpoint(body(0, 3)).status == 200
    assert witness(folder).add_checkpoint(body(3, 4, signer=impostor)).status == 200
    assert witness(folder).add_checkpoint(body(0, 3)).status == 409


@pytest.mark.parametrize(
    "request_body",
    [
        b"",
        b"old 0\n",
        b"old -1\n\n" + note(3),
        b"old 00\n\n" + note(3),
        b"size 0\n\n" + note(3),
        b"old 0\n\nno note",
        b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + note(3),
        encode_consistency(ConsistencyProof(4, (), note(3))),
        b"old 0\r\n\r\n" + note(3),
        b"\xff",
    ],
)
def test_what_is_no_request_is_refused_as_such(folder: Path, request_body: bytes) -> None:
    assert witness(folder).add_checkpoint(request_body).status == 400


def test_a_first_checkpoint_takes_no_proof(folder: Path) -> None:
    assert witness(folder).add_checkpoint(body(2, 3).replace(b"old 2", b"old 0")).status == 422
    assert witness(folder).add_checkpoint(body(0, 3)).status == 200


@pytest.mark.requirement("X6")
def test_nothing_is_signed_that_was_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError):
            witness(folder).add_checkpoint(body(0, 20))
    assert witness(folder).add_checkpoint(body(0, 10, FORKED)).status == 200


@pytest.mark.requirement("X6")
@pytest.mark.parametrize("step", ["unlink", "write", "fsync", "rename", "folder"])
def test_a_witness_that_dies_at_any_step_never_signs_both_sides_of_a_fork(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class KilledError(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise KilledError

    places = {
        "unlink": (Path, "unlink"),
        "write": (os, "fdopen"),
        "fsync": (os, "fsync"),
        "rename": (Path, "replace"),
        "folder": (durable, "rename_durably"),
    }
    assert witness(folder).add_checkpoint(body(0, 10)).status == 200
    with monkeypatch.context() as patch:
        patch.setattr(*places[step], die)
        with pytest.raises(KilledError):
            witness(folder).add_checkpoint(body(10, 20))
    # it goes on from either the one or the other; the first that it signs is the only one
    halves = [body(10, 20, LATE_FORK), body(10, 20)]
    statuses = [witness(folder).add_checkpoint(half).status for half in halves]
    assert statuses in ([200, 409], [409, 409])
    kept_honest = witness(folder).add_checkpoint(body(20, 20)).status == 200
    kept_forked = witness(folder).add_checkpoint(body(20, 20, LATE_FORK)).status == 200
    assert [kept_honest, kept_forked].count(True) == 1
    assert kept_forked == (statuses[0] == 200)


@pytest.mark.requirement("X6")
def test_of_two_racing_halves_of_a_fork_one_is_signed(folder: Path) -> None:
    one = witness(folder)
    asked = [body(0, 20), body(0, 20, FORKED)] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one.add_checkpoint, asked))
    assert [a.status for a in answers].count(200) == 1


_ASK = """
import sys
from pathlib import Path
from trilens.prove.ledger.witness_home import open_witness
asked = bytes.fromhex(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(open_witness(Path(sys.argv[1]), clock=lambda: 1).add_checkpoint(asked).status)
"""


@pytest.mark.requirement("X6")
def test_two_processes_on_one_folder_sign_one_history(folder: Path) -> None:
    for _ in range(3):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", _ASK, str(folder), body(0, 20, tree).hex()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for tree in (HONEST, FORKED)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        told = [process.communicate("now\n", timeout=60)[0] for process in processes]
        assert [status.strip() for status in told].count("200") <= 1


def test_a_witness_that_lost_its_memory_refuses_to_start(folder: Path) -> None:
    for path in (folder / "state").iterdir():
        path.unlink()
    (folder / "state").rmdir()
    with pytest.raises(StoreError) as caught:
        witness(folder)
    assert caught.value.code == "store/missing"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"shop.example/ledger\n10\nAAAA\n",
        b"\xff",
        b"bank.example/ledger\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
    ],
)
def test_a_damaged_memory_signs_nothing(folder: Path, damage: bytes) -> None:
    assert witness(folder).add_checkpoint(body(0, 10)).status == 200
    [kept] = [path for path in (folder / "state").iterdir() if len(path.name) == 64]
    kept.write_bytes(damage)
    with pytest.raises(StoreError) as caught:
        witness(folder).add_checkpoint(body(10, 11))
    assert caught.value.code == "store/damaged"


def test_a_witness_is_made_once_and_its_key_is_its_owner_s(folder: Path) -> None:
    with pytest.raises(StoreError) as caught:
        make_witness(folder, "another", logs=[], random=lambda n: b"b" * n)
    assert caught.value.code == "store/exists"
    assert (folder / "witness.key").stat().st_mode & 0o077 == 0
    with pytest.raises(SettingsError) as missing:
        witness(folder.parent)
    assert missing.value.code == "settings/no-witness"
    for text in ("", "trilens witness key\nw\nAAAA\n", "other\nw\n" + "A" * 43 + "=\n"):
        (folder / "witness.key").write_text(text)
        with pytest.raises(SettingsError) as spoilt:
            witness(folder)
        assert spoilt.value.code == "settings/witness-file"


# the log's side


def ask(folder: Path, size: int, hashes: list[bytes] = HONEST, *, knows: int = 0) -> bytes:
    edge = Edge()
    edge.extend(hashes)
    tiles = {(level, number): data for level, number, data in edge.partial()}

    def post(sent: bytes) -> Reply:
        answer = witness(folder).add_checkpoint(sent)
        return Reply(answer.status, answer.body)

    ours = note(size, hashes)
    found = cosigned_by(
        key(folder), ours, post=post, tiles=lambda level, number: tiles.get((level, number)), size=knows
    )
    return ours + str(found).encode()


@pytest.mark.requirement("X6")
def test_a_log_finds_out_what_the_witness_knows_and_gets_its_signature(folder: Path) -> None:
    for size, knows in ((5, 0), (9, 0), (12, 9), (12, 3), (30, 0)):
        signed = ask(folder, size, knows=knows)
        assert open_checkpoint(signed, LOG.verifier).tree.size == size
        assert len(check_cosignatures(signed, [key(folder)])) == 1


@pytest.mark.requirement("X6")
def test_a_log_that_was_set_back_or_forked_is_told_so(folder: Path) -> None:
    ask(folder, 20)
    for size, hashes in ((10, HONEST), (20, FORKED), (30, FORKED)):
        with pytest.raises(LedgerError) as caught:
            ask(folder, size, hashes)
        assert caught.value.code == "ledger/forked"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b""), "ledger/witness"),
        (Reply(200, b"hello\n"), "ledger/witness"),
        (Reply(200, b"\xff\n"), "ledger/witness"),
        (Reply(200, str(Cosigner("else", b"e" * 32).cosign("x\n", 1)).encode()), "ledger/signature"),
        (Reply(200, str(Cosigner("auditor.example/w1", b"a" * 32).cosign("x\n", 1)).encode()), "ledger/signature"),
        (Reply(409, b"many\n"), "ledger/witness"),
        (Reply(409, b"9" * 500), "ledger/witness"),
        (Reply(409, b"0\n"), "ledger/forked"),
        (Reply(409, b"99\n"), "ledger/forked"),
        (Reply(422, b""), "ledger/forked"),
        (Reply(302, b""), "ledger/witness-refused"),
        (Reply(404, b""), "ledger/witness-refused"),
        (Reply(500, b""), "ledger/witness-refused"),
    ],
)
def test_what_a_witness_answers_is_believed_only_with_its_signature(folder: Path, reply: Reply, code: str) -> None:
    edge = Edge()
    edge.extend(HONEST)
    tiles = {(level, number): data for level, number, data in edge.partial()}
    with pytest.raises((LedgerError, WireError)) as caught:
        cosigned_by(key(folder), note(9), post=lambda _: reply, tiles=lambda level, number: tiles.get((level, number)))
    assert caught.value.code == code
