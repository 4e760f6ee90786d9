"""A full disk, a quota, a file that may not grow: refused, and the next start goes on when there is space."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trilens.storage.ports import Batch, Committed
from trilens.storage.sqlite.journal import open_journal

_FILL = """
import sys, resource
from pathlib import Path
from trilens.storage.ports import Batch, Committed
from trilens.storage.sqlite.journal import open_journal
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
journal = open_journal(Path(sys.argv[1]))
number = 0
while True:
    future = journal.commit(Batch((b'{"kind":"decision","n":%d,"t":1,"v":1,"x":"%s"}' % (number, b"y" * 3000),)))
    error = future.exception(60)
    if error is not None:
        break
    number += 1
print(number, error.code, journal.commit(Batch((b"{}",))).exception(60).code)
journal.close()
"""


def fill(home: Path, limit: int = 2**62) -> list[str]:
    def ignore_the_signal() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", _FILL, str(home), str(limit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        preexec_fn=ignore_the_signal,
    )
    return done.stdout.split()


@pytest.mark.requirement("X6")
def test_a_file_that_may_not_grow_refuses_and_the_next_start_goes_on(home: Path) -> None:
    number, *codes = fill(home, 400_000)
    assert int(number) > 20
    assert codes[0] == codes[1]
    assert codes[0] in ("store/full", "store/failed")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    require_filled(home, int(number))


@pytest.mark.requirement("X6")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_refuses_and_the_next_start_goes_on_when_there_is_space(home: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine does not let root mount")
    try:
        shutil.copytree(home, small / "home")
        number, *codes = fill(small / "home")
        assert int(number) > 20
        assert codes == ["store/full", "store/full"]
        subprocess.run(["mount", "-o", "remount,size=8m", str(small)], check=True)
        require_filled(small / "home", int(number))
    finally:
        subprocess.run(["umount", str(small)], check=True)


def require_filled(home: Path, acknowledged: int) -> None:
    journal = open_journal(home)
    for number, leaf in enumerate(journal.leaves(0, acknowledged)):
        assert leaf.startswith(b'{"kind":"decision","n":%d,' % number)
    assert isinstance(journal.commit(Batch((b"{}",))).result(60), Committed)
    journal.close()
