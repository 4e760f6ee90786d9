"""The verifier by itself: `python -m trilens.prove.ledger`, with nothing installed but `cryptography`.

    verify DIR    an exported ledger
    check FILE    a proof: of an entry, or that a ledger only grew

It ends with 0 when everything was looked at and held, 1 when something does not hold, 3 when something could not be looked at, 2 when it was called
wrongly.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from trilens.errors import SettingsError, TrilensError
from trilens.prove.ledger.checked import check_file
from trilens.prove.ledger.cosign import parse_witness_key
from trilens.prove.ledger.counts import read_counts
from trilens.prove.ledger.export import ExportedLog
from trilens.prove.ledger.note import parse_verifier_key
from trilens.prove.ledger.verify import Report, Standing, Witnesses, verify

_ENDINGS = {Standing.OK: 0, Standing.FAILED: 1, Standing.UNKNOWN: 3}
_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the two, and answer the code to end with."""
    asked = _parser().parse_args(arguments)
    try:
        report = _check(asked) if asked.word == "check" else _verify(asked)
    except SettingsError as error:
        sys.stderr.write(f"error[{error.code}]: {error.message}\n")
        return _USAGE
    except TrilensError as error:
        sys.stderr.write(f"error[{error.code}]: {error.message}\n")
        return _ENDINGS[Standing.FAILED]
    sys.stdout.write(json.dumps(report.plain(), indent=2) + "\n" if asked.json else _page(report, asked.word))
    return _ENDINGS[report.standing]


def _parser() -> argparse.ArgumentParser:
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("--key", required=True, metavar="KEY", help="the log's key, kept elsewhere: NAME+ID+KEY")
    both.add_argument("--known", type=Path, metavar="FILE", help="a checkpoint that was kept elsewhere earlier")
    both.add_argument(
        "--witness-key", action="append", default=[], metavar="KEY", help="a witness that must have signed"
    )
    both.add_argument("--quorum", type=int, default=0, metavar="N", help="how many of them; default all")
    both.add_argument("--json", action="store_true", help="one JSON document instead of text")
    parser = argparse.ArgumentParser(prog="python -m trilens.prove.ledger", allow_abbrev=False)
    words = parser.add_subparsers(dest="word", required=True)
    whole = words.add_parser("verify", parents=[both], help="an exported ledger")
    whole.add_argument("place", type=Path, metavar="DIR")
    whole.add_argument("--counts", type=Path, metavar="FILE", help="what an outside observer counted")
    proof = words.add_parser("check", parents=[both], help="a proof")
    proof.add_argument("place", type=Path, metavar="FILE")
    proof.add_argument("--leaf", type=Path, metavar="FILE", help="the entry; default the one in the proof")
    return parser


def _verify(asked: argparse.Namespace) -> Report:
    log = ExportedLog(asked.place)
    note = log.checkpoint()
    keys = tuple(parse_witness_key(text) for text in asked.witness_key)
    return verify(
        log,
        parse_verifier_key(asked.key),
        checkpoint=note,
        known=_read(asked.known),
        witnesses=Witnesses(keys, asked.quorum or len(keys), note) if keys else None,
        counts=None if asked.counts is None else read_counts(_read(asked.counts) or b""),
    )


def _check(asked: argparse.Namespace) -> Report:
    return check_file(
        _read(asked.place) or b"",
        parse_verifier_key(asked.key),
        leaf=_read(asked.leaf),
        known=_read(asked.known),
        witnesses=[parse_witness_key(text) for text in asked.witness_key],
        quorum=asked.quorum,
    )


def _read(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError("settings/proof-file", f"cannot read `{path}`: {reason}") from error


def _page(report: Report, word: str) -> str:
    subject = "the proof" if word == "check" else f"{report.size} entries"
    lines = [f"{subject}: {report.standing.value.upper()}"]
    lines += [f"  {check.name:<12} {check.standing.value}: {check.detail}" for check in report.checks]
    lines += [f"  {notice}" for notice in report.notices]
    lines += ["", "Not shown by this", *(f"  - {item}" for item in report.unestablished)]
    # what an entry or a key's name holds was written by others: nothing of it acts on a terminal
    safe = (line.encode("ascii", "backslashreplace").decode() for line in lines)
    return "".join("".join(letter if letter.isprintable() else "?" for letter in line) + "\n" for line in safe)


if __name__ == "__main__":
    sys.exit(main())
