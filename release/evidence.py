"""The evidence beside a release: the last test run as a ledger of our own kind, signed, so that a stranger checks it with our verifier.

    log/            every evaluation and the three verdicts, as an exported ledger
    key.txt         the key that signed it; believe the one you were given elsewhere
    subject.json    what was tested: digests of all that is shipped, and of what judged it
    results.json    every test, how it ended, what it cites
    verdicts.json   the same as the log, to be read

    1 the tree is a commit, and the one that was tested, or nothing is attested
    2 the run is read, and every promise is judged by the product's own algebra (`promises.py`)
    3 each evaluation is an entry that names the subject by digest; the verdicts follow
    4 a checkpoint is signed over what is read back, exported, and verified as a stranger would

It attests what the tests show, not that the wheel does no harm. A lens whose promises are kept in part is UNKNOWN.

    python -m release.evidence --results FILE --dist DIR [--key FILE]

It ends with 0 when evidence was written, whatever it says, and 1 when none could be.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from release.commit import ROOT, commit_in
from release.promises import Verdict, judge, read_promises
from release.record import leaves_of, readable, write_log
from release.results import read_run
from trilens.errors import LedgerError, SettingsError, StoreError
from trilens.prove.ledger.note import Signer
from trilens.vocabulary.canonical import Json, canonical, digest

ORIGIN = "trilens-release"
"""Name of the log and of its key."""
FOLDER = "evidence"
_SEED_BYTES = 32
_PROMISES = Path("tests/requirements/requirements.yaml")
_JUDGED_BY = (_PROMISES, Path("requirements/runtime.txt"), Path("requirements/dev.txt"), Path("release/wheel.txt"))


@dataclass(frozen=True, slots=True)
class Tested:
    """What the evidence is about."""

    commit: str
    shipped: Mapping[str, str]
    """Digests of what stands beside the evidence, by file name."""
    judged_by: Mapping[str, str]
    """Digests of what decided what was run and what is promised, by path."""
    results: str
    """Digest of `results.json`."""
    ran_on: str
    """Python and kind of system."""
    is_key_kept: bool
    """Whether the signing key outlives this run; one made for the run shows only that nothing was changed since."""

    def plain(self) -> dict[str, Json]:
        return {
            "commit": self.commit,
            "shipped": dict(self.shipped),
            "judged_by": dict(self.judged_by),
            "results": self.results,
            "ran_on": self.ran_on,
            "key": "kept" if self.is_key_kept else "made for this run",
        }


def read_seed(path: Path) -> bytes:
    """The seed of the release key: 64 hex digits, in a file for its owner alone.

    Raises:
        SettingsError: it is not there, not of that form, or others may read it; code `settings/release-key`.
    """
    try:
        is_private = not path.stat().st_mode & 0o077
        seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SettingsError("settings/release-key", f"cannot read a key from `{path}`") from error
    if len(seed) != _SEED_BYTES or not is_private:
        raise SettingsError(
            "settings/release-key", f"`{path}` is no key of 64 hex digits that its owner alone may read"
        )
    return seed


def attest(results: Path, dist: Path, *, key: Path | None, root: Path = ROOT) -> tuple[Verdict, ...]:
    """Write the evidence into `dist/evidence`, which must not be there yet.

    Raises:
        SettingsError: the tree is not the commit, nothing is shipped, or there is evidence already; code `settings/release`.
        TrilensError, ValueError: as what it calls; nothing is complete then.
    """
    # (1): the tree is the commit, and so it was when it was tested
    written = results.read_bytes()
    run, commit = read_run(written), commit_in(root)
    if not commit or run.commit != commit:
        raise SettingsError(
            "settings/release",
            f"tested was `{run.commit or 'no commit'}`, and this is `{commit or 'no commit'}`",
            help="commit, and run the tests on the commit",
        )
    shipped = {path.name: digest(path.read_bytes()) for path in sorted(dist.iterdir()) if path.is_file()}
    if not any(name.endswith(".whl") for name in shipped) or (dist / FOLDER).exists():
        raise SettingsError("settings/release", f"`{dist}` has no wheel, or evidence already")
    # (2): every promise is judged
    verdicts = judge(read_promises(root / _PROMISES), run)
    # (3) and (4): recorded, signed, exported, verified
    tested = Tested(
        commit=commit,
        shipped=shipped,
        judged_by={path.as_posix(): digest((root / path).read_bytes()) for path in _JUDGED_BY},
        results=digest(written),
        ran_on=f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        is_key_kept=key is not None,
    )
    signer = Signer(ORIGIN, read_seed(key) if key else os.urandom(_SEED_BYTES))
    out = dist / FOLDER
    leaves = leaves_of(verdicts, run, subject=digest(canonical(tested.plain())))
    write_log(leaves, signer, out / "log")
    (out / "key.txt").write_text(f"{signer.verifier}\n", encoding="utf-8")
    (out / "results.json").write_bytes(written)
    (out / "subject.json").write_bytes(canonical(tested.plain()))
    (out / "verdicts.json").write_text(f"{json.dumps(readable(verdicts), indent=1)}\n", encoding="utf-8")
    return verdicts


def main(arguments: Sequence[str] | None = None) -> int:
    """Attest the last run, and show the three verdicts side by side."""
    parser = argparse.ArgumentParser(prog="python -m release.evidence", allow_abbrev=False)
    parser.add_argument("--results", type=Path, required=True, metavar="FILE")
    parser.add_argument("--dist", type=Path, required=True, metavar="DIR")
    parser.add_argument("--key", type=Path, metavar="FILE", help="seed of the release key; default: a key for this run")
    asked = parser.parse_args(arguments)
    try:
        verdicts = attest(asked.results, asked.dist, key=asked.key)
    except (SettingsError, StoreError, LedgerError, ValueError, OSError) as error:
        sys.stderr.write(f"not attested: {error}\n")
        return 1
    for verdict in verdicts:
        worst = [judged.control for judged in verdict.judged if judged.word is verdict.word]
        sys.stdout.write(f"{verdict.lens.value:<11} {verdict.word.value:<8} {len(worst)} of {len(verdict.judged)}\n")
    if asked.key is None:
        sys.stderr.write("signed by a key made for this run: it shows that nothing was changed since, not who signed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
