"""What the ledger is made of: entries, notes, checkpoints, cosignatures, key successions, tiles and an observer's counts."""

import orjson
from fuzzing.target import Refusals, Target, law, text_of

from trilens.errors import LedgerError, SettingsError
from trilens.prove.ledger import checkpoint, entry
from trilens.prove.ledger.cosign import Cosigner, check_cosignatures, parse_witness_key, with_signatures
from trilens.prove.ledger.counts import read_counts
from trilens.prove.ledger.merkle import TreeHead, leaf_hash
from trilens.prove.ledger.note import Signer, open_note, parse_verifier_key, split_note
from trilens.prove.ledger.succession import announce, read_succession
from trilens.prove.ledger.tiles import decode_bundle, encode_bundle, path_of, split_tile, tile_at

SIGNER = Signer("northwind.example/log", bytes(range(32)))
WITNESS = Cosigner("witness.example/w", bytes(range(1, 33)))
TREE = TreeHead(7, leaf_hash(b"seven"))
NOTE = checkpoint.sign_checkpoint(TREE, SIGNER)
_TEXT = split_note(NOTE).text
COSIGNED = with_signatures(NOTE, (WITNESS.cosign(_TEXT, 1_795_521_600), WITNESS.cosign(_TEXT, 1_795_521_700)))
_OTHER = "any\n\ntext\n"
_NEXT = Signer(SIGNER.verifier.name, bytes(range(2, 34)))
_SUCCESSION = announce(SIGNER, _NEXT)
_REF = entry.PayloadRef("sha256:" + "0" * 64, "ring1", "conversation")
_ENTRIES = (
    entry.encode("started", 1_795_521_600_000, {"engine": "trilens 0.1"}),
    entry.encode(
        "decision",
        1,
        {"event": ["e", "tool_call", "proposed", "m"], "component": "refund", "left": True},
        payload=(_REF,),
    ),
    entry.encode("log.key", 5, _SUCCESSION),
)
_NOTE_WORDS = (b"\n\n", "— ".encode(), b"\n", SIGNER.verifier.name.encode(), b"+", b"=", b"\r\n", b" ", b"\xc2\xa0")


def _entry(data: bytes) -> None:
    with Refusals((LedgerError,)):
        read = entry.decode(data)
        law(entry.encode(read.kind, read.at_ms, read.body, payload=read.payload) == data, "one entry, one spelling")


def _note(data: bytes) -> None:
    with Refusals((LedgerError,)):
        unverified = split_note(data)
        written = "".join(map(str, unverified.signatures))
        law(f"{unverified.text}\n{written}".encode() == data, "one note, one spelling")
    with Refusals((LedgerError,)):
        law(open_note(data, (SIGNER.verifier,)).text in (_TEXT, _OTHER), "nothing else was ever signed")
    with Refusals((LedgerError,)):
        law(checkpoint.open_checkpoint(data, SIGNER.verifier).tree == TREE, "no other tree was ever signed")
    with Refusals((LedgerError,)):
        for seen in check_cosignatures(data, (WITNESS.key,)):
            law(
                seen.at_s in (1_795_521_600, 1_795_521_700) and split_note(data).text == _TEXT,
                "nothing else was cosigned",
            )


def _checkpoint(data: bytes) -> None:
    text = text_of(data)
    with Refusals((LedgerError,)):
        law(checkpoint.encode(checkpoint.decode(text)) == text, "one checkpoint, one spelling")


def _succession(data: bytes) -> None:
    with Refusals((LedgerError,)):
        read = read_succession({"note": text_of(data)}, 3)
        law((read.old, read.new) == (SIGNER.verifier, _NEXT.verifier), "no other pair ever signed")


def _key(data: bytes) -> None:
    text = text_of(data)
    with Refusals((SettingsError,)):
        law(str(parse_verifier_key(text)) == text, "one key, one spelling")
    with Refusals((SettingsError,)):
        law(str(parse_witness_key(text)) == text, "one witness's key, one spelling")


def _bundle(data: bytes) -> None:
    with Refusals((LedgerError,)):
        law(encode_bundle(decode_bundle(data)) == data, "one bundle, one spelling")
    with Refusals((LedgerError,)):
        law(b"".join(split_tile(data)) == data, "one tile, one spelling")
    with Refusals((LedgerError,)):
        law(path_of(tile_at(text_of(data))) == text_of(data), "one path, one spelling")


def _counts(data: bytes) -> None:
    with Refusals((SettingsError,)):
        counted = read_counts(data)
        law(all(0 <= count <= 2**53 for count in counted.tools.values()), "a count is a number")


TARGETS = (
    Target("ledger-entry", _entry, _ENTRIES, (b'"v":1', b'"kind":"gate"', b'"payload":[]', b"1.0", b'"t":0')),
    Target("ledger-note", _note, (NOTE, COSIGNED, SIGNER.sign(_OTHER)), _NOTE_WORDS, cost=4),
    Target(
        "ledger-checkpoint",
        _checkpoint,
        (_TEXT.encode(), b"log\n0\n" + b"A" * 43 + b"=\n"),
        (*_NOTE_WORDS, b"007", b"+7", "٧".encode()),
    ),
    Target("ledger-succession", _succession, (str(_SUCCESSION["note"]).encode(),), _NOTE_WORDS, cost=4),
    Target("ledger-key", _key, (str(SIGNER.verifier).encode(), str(WITNESS.key).encode()), (b"+", b" ", b"=", b"\x04")),
    Target(
        "ledger-bundle",
        _bundle,
        (encode_bundle(_ENTRIES[:2]), bytes(range(256)), b"tile/0/x001/x234/067.p/8", b"tile/entries/000"),
        (b"\0\0", b"x000/", b".p/0"),
    ),
    Target(
        "ledger-counts",
        _counts,
        (orjson.dumps({"model_calls": 12, "tools": {"refund": 3, "é": 40}}), b'{"tools":{}}'),
        (b"true", b"1e3"),
    ),
)
