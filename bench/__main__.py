"""`python -m bench [decision] [flow] [ledger] [gateway] …`: all parts, or those that are named."""

import importlib
import sys
from collections.abc import Sequence

from bench.table import Row, StepRow, lines, machine

PARTS = (
    *("decision", "flow", "policy", "scanning", "ledger", "verify", "starting"),
    *("gateway", "sse", "overload", "slow", "soak", "story"),
)
"""Modules, each with `run`, which gives the rows of its part."""


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"unknown part `{unknown[0]}`; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    rows: list[Row | StepRow] = []
    print(machine(), end="\n\n", flush=True)
    for name in names or PARTS:
        part = importlib.import_module(f"bench.{name}")
        outcome = (part.__doc__ or "").partition("\n")[0]
        print(f"{name}: {outcome}", file=sys.stderr, flush=True)
        rows.extend(part.run())
    print("\n".join(lines(rows)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
