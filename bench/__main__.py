"""`python -m bench [decision] [gateway] [ledger] [story]`: all parts, or those that are named."""

import importlib
import sys
from collections.abc import Sequence

from bench.table import Row, lines, machine

PARTS = ("decision", "ledger", "gateway", "story")


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"unknown part `{unknown[0]}`; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    print(machine(), end="\n\n", flush=True)
    for name in names or PARTS:
        part = importlib.import_module(f"bench.{name}")
        print(f"{name}: {part.__doc__.splitlines()[0]}", file=sys.stderr, flush=True)
        rows.extend(part.run())
    print("\n".join(lines(rows)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
