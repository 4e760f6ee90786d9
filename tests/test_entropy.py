"""Bytes are given once, whatever the sizes asked for, from however many threads, and never again in a forked child."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from trilens.entropy import EntropyPool


def test_no_bytes_are_given_twice() -> None:
    pool = EntropyPool()
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda n: pool.draw(12 + n % 5), range(5_000)))
    assert len({d[:12] for d in drawn}) == 5_000
    assert [len(d) for d in drawn] == [12 + n % 5 for n in range(5_000)]


def test_a_whole_block_and_nothing_can_be_drawn() -> None:
    pool = EntropyPool()
    assert (len(pool.draw(4_096)), len(pool.draw(0)), len(pool.draw(4_096))) == (4_096, 0, 4_096)


FORKED = """
import os
from trilens.entropy import EntropyPool
pool = EntropyPool()
pool.draw(16)
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, pool.draw(16))
    os._exit(0)
os.wait()
print(os.read(read, 16) != pool.draw(16))
"""


def test_a_forked_child_gives_other_bytes_than_its_parent() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "True"
