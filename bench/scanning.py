"""P6: every secret's exact place in 100 kB of text, beside RE2::Set, which says only that it is there; and with 1 000 forms instead of 73.

Hyperscan is not measured: its wheel is no dependency, and its streaming mode crashed. ripgrep is, where it is installed: one process a text.
"""

import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import re2

from bench.table import Row, interleaved
from trilens.mechanisms.scanning.rule_set import Rule, RuleSet
from trilens.mechanisms.scanning.secret_forms import FORMS

_SIZE = 100_000
_PLANTED = 94
_FEW, _MANY = 73, 1_000
_REPEATS = 20
_LETTERS = string.ascii_letters + string.digits


def run() -> list[Row]:
    """Three rows, and one for ripgrep where there is one."""
    few, many = _rules(_FEW), _rules(_MANY)
    text, clean = (_text(random.Random(6), few, planted) for planted in (_PLANTED, 0))
    ours, grown, peer = RuleSet(few), RuleSet(many), _id_set(few)
    found = {(match.start, match.stop) for match in ours.find(text)}
    if len(found) != _PLANTED or {(m.start, m.stop) for m in grown.find(text)} != found:
        raise AssertionError(f"planted {_PLANTED}, found {len(found)}")
    seconds = _timed(lambda: ours.find(text))
    rate = len(text) * _REPEATS / seconds() / 1e6
    rows = [
        Row(
            "P6",
            f"exact places, {_FEW} forms, {len(text) // 1000} kB, {_PLANTED} hits: MB/s",
            "RE2::Set, ids alone",
            interleaved(_timed(lambda: peer.Match(text)), seconds),
            0.6,
            is_at_most=False,
            note=f"{rate:.0f} MB/s",
        ),
        Row(
            "P6",
            "the same of a text without any: MB/s",
            "RE2::Set, ids alone",
            interleaved(_timed(lambda: peer.Match(clean)), _timed(lambda: ours.find(clean))),
            0.6,
            is_at_most=False,
        ),
        Row("P6", f"{_FEW} → {_MANY} forms", "itself", interleaved(_timed(lambda: grown.find(text)), seconds), 2.0),
    ]
    return rows + _beside_ripgrep(few, text, seconds)


def _beside_ripgrep(rules: list[Rule], text: str, seconds: Callable[[], float]) -> list[Row]:
    if shutil.which("rg") is None:
        print("scanning: ripgrep is not on the PATH, so that it is left out", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory(prefix="trilens-bench-") as folder:
        forms, file = Path(folder) / "forms", Path(folder) / "text"
        forms.write_text("\n".join(rule.pattern.replace(r"\z", "$") for rule in rules))
        file.write_text(text * _REPEATS)
        command = ["rg", "-j1", "-o", "-b", "--no-mmap", "-U", "-f", str(forms), str(file)]

        def search() -> float:
            began = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            return time.perf_counter() - began

        ratios = interleaved(search, seconds)
    return [Row("P6", f"exact places, {_FEW} forms: MB/s", "ripgrep -j1 -o", ratios, 4.0, is_at_most=False)]


def _rules(count: int) -> list[Rule]:
    """The shipped forms, and tokens of issuers that do not exist."""
    more = range(count - len(FORMS))
    return [*FORMS, *(Rule(f"made-up/{n}", rf"\bmu{n:04}_[A-Za-z0-9]{{{24 + n % 16}}}\b", "this file") for n in more)]


def _id_set(rules: list[Rule]) -> "re2.Set":
    options = re2.Options()
    options.max_mem = 64 << 20
    made = re2.Set.SearchSet(options)
    for rule in rules:
        made.Add(rule.pattern)
    made.Compile()
    return made


def _text(draw: random.Random, rules: list[Rule], planted: int) -> str:
    """Prose and code of invented words, with secrets at random places."""
    words = ["".join(draw.choices(string.ascii_lowercase, k=draw.randint(2, 10))) for _ in range(2_000)]
    marks = [" ", " ", " ", ", ", ".\n", " = ", "(", ") ", ": ", '"', "/", "_"]
    pieces = [draw.choice(words) + draw.choice(marks) for _ in range(_SIZE // 8)]
    for at in draw.sample(range(len(pieces)), planted):
        pieces[at] += f" {_secret(draw, len(rules) - len(FORMS))}\n"
    return "".join(pieces)


def _secret(draw: random.Random, made_up: int) -> str:
    match draw.randrange(3):
        case 0:
            return "ghp_" + "".join(draw.choices(_LETTERS, k=36))
        case 1:
            return "AKIA" + "".join(draw.choices(string.ascii_uppercase + "234567", k=16))
        case _:
            number = draw.randrange(made_up)
            return f"mu{number:04}_" + "".join(draw.choices(_LETTERS, k=24 + number % 16))


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def seconds() -> float:
        began = time.thread_time()
        for _ in range(_REPEATS):
            work()
        return time.thread_time() - began

    return seconds
