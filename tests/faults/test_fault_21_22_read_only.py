"""A folder that cannot be written, at the start and under us."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from trilens.cli.ending import Ending
from trilens.storage.sqlite.create import create
from trilens.testing.faulty_disk import FaultyDisk

if TYPE_CHECKING:
    from tests.faults.conftest import Installed, Shop

pytestmark = pytest.mark.requirement("S13", "X6")


def test_fault_21_a_disk_that_turns_read_only_under_us_denies_and_keeps_what_was_acknowledged(
    open_shop: "Callable[[], Shop]", tmp_path: Path, require_verified: Callable[[Path], list[bytes]]
) -> None:
    with FaultyDisk() as disk:
        shop = open_shop()
        shop.require_allowed()
        size = shop.here.journal.size()
        disk.fail_at(1, apsw.ReadOnlyError, times=10**9)
        for _ in range(3):
            shop.require_denied("store_read_only")
        disk.heal()
        shop.end()
    assert len(require_verified(tmp_path / "shop")) >= size


def test_fault_22_a_start_on_a_disk_that_takes_no_write_is_refused_and_ends_with_4(
    installed: "Installed",
) -> None:
    with FaultyDisk() as disk:
        disk.fail_at(1, apsw.ReadOnlyError, times=10**9)
        typed = installed.type("serve", "--port", "0")
    assert (typed.returncode, "error[store/read-only]" in typed.stderr) == (Ending.FAULT, True)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from trilens.errors import StoreError
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.keyring import open_keyring
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for act in (open_journal, open_keyring, create, lambda home: create(home / "new")):
    try:
        act(Path(sys.argv[1]))
        print("opened")
    except StoreError as error:
        print(error.code)
"""


def test_fault_22_a_folder_that_cannot_be_written_is_refused() -> None:
    # not below `tmp_path`, which nobody else may enter
    outer = Path(tempfile.mkdtemp(prefix="trilens-"))
    outer.chmod(0o755)
    home = outer / "home"
    create(home)
    try:
        home.chmod(0o555)
        for path in home.iterdir():
            path.chmod(0o444)
        done = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(home)], capture_output=True, text=True, timeout=60, check=True
        )
        journal, keyring, made_over, made_in = done.stdout.split()
        assert journal == keyring == "store/read-only"
        assert made_over in ("store/read-only", "store/exists")
        assert made_in == "store/read-only"
    finally:
        home.chmod(0o700)
        shutil.rmtree(outer)
