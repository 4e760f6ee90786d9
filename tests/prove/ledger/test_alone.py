"""The verifier runs alone: an environment with `cryptography` and nothing else, the package's files beside it, and no network."""

import json
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest

import trilens
from trilens.prove.ledger.cosign import Cosigner, with_signatures
from trilens.prove.ledger.entry import Kind, encode
from trilens.prove.ledger.export import export
from trilens.prove.ledger.log import Checkpointer
from trilens.prove.ledger.logkey import rotate
from trilens.prove.ledger.note import Signer, split_note
from trilens.prove.ledger.proof import encode_consistency, encode_inclusion, prove_entry, prove_growth
from trilens.storage.ports import Batch
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal
from trilens.vocabulary.canonical import Json

SEED = bytes(range(32))
SIGNER = Signer("shop.example/ledger", SEED)
AUDITOR = Cosigner("auditor.example/w1", b"a" * 32)
NEEDED = ("cryptography", "cffi", "pycparser")
"""`cryptography` and what it needs itself."""
PARTS = (
    "__init__.py",
    "errors.py",
    "vocabulary",
    "storage/__init__.py",
    "storage/ports.py",
    "prove/__init__.py",
    "prove/ledger",
)
"""All that a verifier is made of; docs/design/ledger.md says so."""
NO_NETWORK = """\
import socket, sys
def refuse(*_, **__): raise AssertionError("a verifier asked the network")
socket.socket.connect = socket.getaddrinfo = refuse
from trilens.prove.ledger.__main__ import main
ended = main(sys.argv[1:])
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"trilens", "cryptography", "_cffi_backend", "_openssl", "__main__"}
print(sorted(foreign), file=sys.stderr)
sys.exit(ended)
"""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with `cryptography` alone; the verifier's own files are copied, not installed."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    for name in NEEDED:
        found = distribution(name)
        for top in {path.parts[0] for path in found.files or () if ".." not in path.parts}:
            source = Path(str(found.locate_file(top)))
            if source.exists() and not (site / top).exists():
                (site / top).symlink_to(source)
    package = Path(trilens.__file__).parent
    for part in PARTS:
        (site / "trilens" / part).parent.mkdir(parents=True, exist_ok=True)
        if (package / part).is_dir():
            shutil.copytree(package / part, site / "trilens" / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(package / part, site / "trilens" / part)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a stranger is handed: an export of a ledger whose key was replaced once, proofs, and an earlier checkpoint."""
    folder = tmp_path_factory.mktemp("given")
    create(folder / "home")
    journal = open_journal(folder / "home")
    call: dict[str, Json] = {"event": ["e", "model_call", "proposed", "d"], "component": "chat", "left": True}
    words = "Grüezi \u2028 𝄞"
    journal.commit(Batch(tuple(encode("decision", 1, {**call, "n": n, "words": words}) for n in range(300)))).result()
    Checkpointer(journal, SIGNER).advance()
    (folder / "known").write_bytes(journal.checkpoint() or b"")
    signer = rotate(
        journal, SIGNER.verifier.name, first=SEED, home=folder / "home", now_ms=1, random=lambda n: b"n" * n
    )
    journal.commit(Batch((encode(Kind.FAULT, 2, {"what": '\u007f\\"\t'}),))).result()
    Checkpointer(journal, signer).advance()
    note = journal.checkpoint() or b""
    note = with_signatures(note, [AUDITOR.cosign(split_note(note).text, 7)])
    export(journal, folder / "export", key=signer.verifier, former=signer.former, note=note)
    leaf = next(iter(journal.leaves(7, 8)))
    (folder / "leaf").write_bytes(leaf)
    (folder / "entry").write_bytes(encode_inclusion(prove_entry(7, leaf, note=note, tiles=journal.tile)))
    growth = prove_growth(300, note=note, tiles=journal.tile)
    (folder / "growth").write_bytes(encode_consistency(growth))
    (folder / "counts").write_text('{"model_calls": 300}')
    (folder / "new-key").write_text(str(signer.verifier))
    journal.close()
    return folder


def run(python: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(python), "-I", "-c", NO_NETWORK, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        env={"LC_ALL": "C"},
    )


def test_nothing_else_is_there(clean: Path) -> None:
    for name in ("orjson", "apsw", "pydantic", "typer", "hypothesis"):
        done = subprocess.run([str(clean), "-I", "-c", f"import {name}"], check=False, capture_output=True)
        assert done.returncode != 0, name


@pytest.mark.requirement("X6", "C13")
@pytest.mark.parametrize("key", ["old", "new"])
def test_an_exported_ledger_verifies(clean: Path, given: Path, key: str) -> None:
    held = str(SIGNER.verifier) if key == "old" else (given / "new-key").read_text()
    more = ("--known", given / "known", "--witness-key", AUDITOR.key, "--counts", given / "counts", "--json")
    done = run(clean, "verify", given / "export", "--key", held, *more)
    assert (done.returncode, done.stderr) == (0, "[]\n"), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert [check["name"] for check in report["checks"]] == [
        "checkpoint",
        "known",
        "keys",
        "witnesses",
        "entries",
        "root",
        "counts",
    ]
    assert {check["standing"] for check in report["checks"]} == {"ok"}


@pytest.mark.requirement("X6", "C13")
def test_proofs_verify(clean: Path, given: Path) -> None:
    key = (given / "new-key").read_text()
    for words in (("entry",), ("entry", "--leaf", given / "leaf"), ("entry", "--witness-key", AUDITOR.key)):
        done = run(clean, "check", given / words[0], *words[1:], "--key", key)
        assert (done.returncode, "inclusion    ok: it is entry 7 of 302" in done.stdout) == (0, True), done
    assert run(clean, "check", given / "growth", "--key", key).returncode == 3


@pytest.mark.requirement("X6")
def test_a_changed_byte_a_cut_tail_and_another_key_fail(clean: Path, given: Path, tmp_path: Path) -> None:
    key = str(SIGNER.verifier)
    for spoil in ("entries/000", "entries/001.p/46", "0/000"):
        copy = tmp_path / spoil.replace("/", "-")
        shutil.copytree(given / "export", copy)
        path = copy / "tile" / spoil
        data = path.read_bytes()
        path.write_bytes(data[:99] + bytes([data[99] ^ 1]) + data[100:])
        done = run(clean, "verify", copy, "--key", key)
        # a changed hash alone changes no entry: entries are hashed again, and tiles only say which was changed
        assert done.returncode == (0 if spoil == "0/000" else 1), done.stdout
    cut = tmp_path / "cut"
    shutil.copytree(given / "export", cut)
    (cut / "tile" / "entries" / "001.p" / "46").unlink()
    assert run(clean, "verify", cut, "--key", key).returncode == 1
    assert (
        run(
            clean, "verify", given / "export", "--key", str(Signer(SIGNER.verifier.name, b"s" * 32).verifier)
        ).returncode
        == 1
    )
    text = (given / "entry").read_bytes()
    (tmp_path / "proof").write_bytes(text.replace(b"index 7", b"index 8"))
    assert run(clean, "check", tmp_path / "proof", "--key", (given / "new-key").read_text()).returncode == 1


def test_what_was_called_wrongly_ends_with_two(clean: Path, given: Path) -> None:
    for words in (
        (),
        ("verify",),
        ("verify", given / "export"),
        ("verify", given / "export", "--key", "sesame"),
        ("check", given / "none", "--key", SIGNER.verifier),
    ):
        assert run(clean, *words).returncode == 2, words
    assert "error[settings/verifier-key]" in run(clean, "verify", given / "export", "--key", "sesame").stderr


def test_the_package_s_own_interpreter_gives_the_same_report(given: Path) -> None:
    words = ["verify", str(given / "export"), "--key", str(SIGNER.verifier), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "trilens.prove.ledger", *words], check=False, capture_output=True, text=True
    )
    assert (done.returncode, json.loads(done.stdout)["size"]) == (0, 302)
