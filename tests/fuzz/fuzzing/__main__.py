"""`make fuzz`: every target, or one; prints counts, rates and the seed, and how to see a failure again. Exit 1 when there is one."""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from fuzzing.drive import run_named, try_input
from fuzzing.mutate import make_input
from fuzzing.targets import by_name


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    targets = by_name()
    names = [asked.target] if asked.target else sorted(targets)
    if asked.input is not None:
        data = make_input(targets[names[0]], asked.seed, asked.input)
        sys.stdout.write(f"{data!r}\n{try_input(targets[names[0]], data) or 'holds'}\n")
        return 0
    sys.stdout.write(f"seed {asked.seed}, {asked.inputs} inputs a target\n")
    is_well = True
    one = partial(run_named, seed=asked.seed, first=asked.first, inputs=asked.inputs)
    with ProcessPoolExecutor(asked.workers, max_tasks_per_child=1) as pool:
        for found in pool.map(one, names):
            sys.stdout.write(
                f"{found.target:24} {found.inputs:>10,} inputs {found.per_second:>8,.0f}/s  slowest {found.slowest_s * 1000:.0f} ms"
                f"  {len(found.failures)} failures\n"
            )
            sys.stdout.write("".join(f"{failure}\n" for failure in found.failures))
            sys.stdout.flush()
            is_well = is_well and not found.failures
    return 0 if is_well else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fuzzing", description="inputs for every parser")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first input: where an earlier run ended")
    parser.add_argument("--target", default="")
    parser.add_argument("--input", type=int, default=None, help="show this one input and what comes of it")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
