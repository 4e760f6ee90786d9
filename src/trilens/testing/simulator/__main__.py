"""Play seeds: `python -m trilens.testing.simulator SEED` prints every step of one, `--seeds N` plays N from SEED on."""

import argparse
import sys

from trilens.testing.simulator.world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trilens.testing.simulator", description="play seeds")
    parser.add_argument("seed", type=int)
    parser.add_argument("--seeds", type=int, default=1, metavar="N")
    parser.add_argument("--steps", type=int, default=400, metavar="N")
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.seeds):
        world = World(seed, options.steps)
        try:
            played = world.play()
        finally:
            if options.seeds == 1:
                sys.stdout.write("\n".join(world.trace) + "\n")
        sys.stdout.write(f"{played}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
