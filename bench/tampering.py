"""The story's own ledger, spoilt in a copy and given to `trilens ledger verify`: what counts is its exit code."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw

from bench.commands import Ended, trilens
from bench.seen import Seen
from trilens.prove.ledger.checkpoint import sign_checkpoint
from trilens.prove.ledger.merkle import TreeHead, leaf_hash
from trilens.prove.ledger.note import Signer
from trilens.prove.ledger.tiles import Edge
from trilens.storage.sqlite.head import HeadFile, head_of
from trilens.storage.sqlite.place import HEAD, JOURNAL

_CUT = 3


@dataclass(frozen=True)
class Record:
    """A closed ledger, and what its owner had put elsewhere: the log's key and the newest checkpoint."""

    example: Path
    home: Path
    folder: Path
    key: str

    @property
    def known(self) -> Path:
        return self.folder / "known"

    @classmethod
    def kept(cls, example: Path, home: Path, folder: Path) -> "Record":
        key = trilens("ledger", "checkpoint-key", folder=example, home=home).out.strip()
        record = cls(example, home, folder, key)
        record.known.write_text(trilens("ledger", "checkpoint", folder=example, home=home).out, encoding="utf-8")
        return record

    def copy(self, name: str) -> "Ledger":
        return Ledger(self, Path(shutil.copytree(self.home, self.folder / name)))


class Ledger:
    """A copy, in the hands of somebody who may write all its files but does not have the log's key."""

    def __init__(self, record: Record, home: Path) -> None:
        self.record, self.home = record, home

    def verified(self, *words: str) -> Ended:
        """By whoever holds the log's key; `words` are further options."""
        return trilens("ledger", "verify", "--key", self.record.key, *words, folder=self.record.example, home=self.home)

    def verified_at_home(self) -> Ended:
        """With the key that lies in the ledger's own folder."""
        return trilens("ledger", "verify", folder=self.record.example, home=self.home)

    def rows(self, sql: str, *values: str | int | bytes) -> list[tuple[Any, ...]]:
        journal = apsw.Connection(str(self.home / JOURNAL))
        try:
            return journal.execute(sql, values).fetchall()
        finally:
            journal.close()

    def change(self, sql: str, *values: str | int | bytes) -> None:
        self.rows(sql, *values)

    def leaves(self) -> list[bytes]:
        return [leaf for (leaf,) in self.rows("SELECT leaf FROM entry ORDER BY idx")]

    def cut(self, left: int) -> None:
        self.change("DELETE FROM entry WHERE idx >= ?", left)

    def write_head(self) -> None:
        """Make the second home of the acknowledged size agree with what is there."""
        leaves = self.leaves()
        head = HeadFile.open(self.home / HEAD)
        for _ in range(2):
            head.write(head_of(len(leaves), leaves[-1]))
        head.close()

    def write_tiles(self) -> TreeHead:
        """Hash everything again; the tree that it now is."""
        edge = Edge()
        tiles = [*edge.extend([leaf_hash(leaf) for leaf in self.leaves()]), *edge.partial()]
        self.change("DELETE FROM tile")
        for tile in tiles:
            self.change("INSERT INTO tile (level, number, hashes) VALUES (?, ?, ?)", *tile)
        return TreeHead(edge.size, edge.root())


def untouched(record: Record) -> Seen:
    """The control: a verifier that refuses everything would show nothing."""
    ended = record.copy("untouched").verified("--known", str(record.known))
    return Seen(f"{_entries(ended)}: exit {ended.code}", holds=ended.code == 0)


def one_byte(record: Record) -> Seen:
    """Once in an entry, so that it is still one; once in what an entry refers to."""
    entry = record.copy("byte")
    leaves = entry.leaves()
    index = len(leaves) // 2
    spoilt = re.sub(rb"(\d)(?=\D*\Z)", lambda digit: b"%d" % ((int(digit[1]) + 1) % 10), leaves[index])
    entry.change("UPDATE entry SET leaf = ? WHERE idx = ?", spoilt, index)
    payload = record.copy("payload")
    number, sealed = payload.rows("SELECT number, ciphertext FROM payload ORDER BY number")[0]
    payload.change("UPDATE payload SET ciphertext = ? WHERE number = ?", _flipped(bytes(sealed)), number)
    found = (("in an entry", entry.verified_at_home()), ("in a payload", payload.verified_at_home()))
    return Seen(
        _codes(found),
        holds=all(ended.code == 1 for _, ended in found),
        is_clean=f"entry {index} " in found[0][1].out,
        was_tried=spoilt != leaves[index] and len(spoilt) == len(leaves[index]),
    )


def last_records(record: Record) -> Seen:
    """The last three, alone and with the head file made to agree."""
    rows, both = record.copy("cut"), record.copy("cut-head")
    left = len(rows.leaves()) - _CUT
    rows.cut(left)
    both.cut(left)
    both.write_head()
    found = (("rows", rows.verified_at_home()), ("rows and head file", both.verified_at_home()))
    return Seen(_codes(found), holds=all(ended.code == 1 for _, ended in found))


def rehashed(record: Record) -> Seen:
    """An entry is replaced and every hash made anew: once under the old signature, once signed with another key."""
    ledgers = {"old signature": record.copy("rehashed"), "forged signature": record.copy("forged")}
    for ledger in ledgers.values():
        leaves = ledger.leaves()
        ledger.change("UPDATE entry SET leaf = ? WHERE idx = ?", leaves[1], len(leaves) // 2)
        ledger.write_head()
    ledgers["old signature"].write_tiles()
    forged = ledgers["forged signature"]
    forger = Signer(record.key.partition("+")[0], sha256(b"forger").digest())
    forged.change("UPDATE checkpoint SET note = ?", sign_checkpoint(forged.write_tiles(), forger))
    found = [(name, ledger.verified_at_home()) for name, ledger in ledgers.items()]
    found += [(f"{name}, key from elsewhere", ledger.verified()) for name, ledger in ledgers.items()]
    return Seen(_codes(found), holds=all(ended.code == 1 for _, ended in found))


def set_back(record: Record) -> Seen:
    """Everything as it was at an earlier checkpoint, signature and all: whole in itself, so that only what was kept elsewhere tells."""
    ledger = record.copy("set-back")
    sizes = [size for (size,) in ledger.rows("SELECT size FROM checkpoint ORDER BY size")]
    if len(sizes) < 2:
        return Seen("only one checkpoint was signed", holds=False, was_tried=False)
    ledger.cut(sizes[-2])
    ledger.change("DELETE FROM checkpoint WHERE size > ?", sizes[-2])
    ledger.write_tiles()
    ledger.write_head()
    alone, known = ledger.verified(), ledger.verified("--known", str(record.known))
    found = (("alone", alone), ("with a checkpoint kept elsewhere", known))
    return Seen(_codes(found), holds=known.code == 1, is_clean=alone.code == 1)


STEPS: Sequence[tuple[str, Callable[[Record], Seen]]] = (
    ("ledger untouched (control)", untouched),
    ("one byte changed", one_byte),
    ("last records cut", last_records),
    ("re-hashed without the key", rehashed),
    ("set back to an earlier checkpoint", set_back),
)


def _flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _codes(found: Sequence[tuple[str, Ended]]) -> str:
    return "; ".join(f"{name}: exit {ended.code}" for name, ended in found)


def _entries(ended: Ended) -> str:
    return ended.out.partition("\n")[0]
