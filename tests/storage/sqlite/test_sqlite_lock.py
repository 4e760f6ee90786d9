import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trilens.errors import StoreError
from trilens.storage.ports import Batch, Committed, Query
from trilens.storage.sqlite.journal import open_journal
from trilens.storage.sqlite.lock import FolderLock

_OPEN = """
import sys
from pathlib import Path
from trilens.errors import StoreError
from trilens.storage.sqlite.journal import open_journal
try:
    journal = open_journal(Path(sys.argv[1]))
except StoreError as error:
    print(error.code, error.message, sep="|", flush=True)
else:
    print("opened", flush=True)
    sys.stdin.read()
"""

_READ = """
import sys
from pathlib import Path
from trilens.storage.ports import Batch
from trilens.storage.sqlite.journal import open_journal
journal = open_journal(Path(sys.argv[1]), read_only=True)
print(journal.size(), [bytes(leaf) for leaf in journal.leaves(0, journal.size())], journal.commit(Batch((b"{}",))).exception().code)
journal.close()
"""


def other_process(code: str, home: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_writer_is_refused_and_told_who_has_it(home: Path) -> None:
    journal = open_journal(home)
    with other_process(_OPEN, home) as second:
        code, message = line(second).split("|")
        second.communicate("", timeout=60)
    assert code == "store/locked"
    assert str(os.getpid()) in message
    with pytest.raises(StoreError) as caught:
        open_journal(home)
    assert caught.value.code == "store/locked"
    assert "server" in caught.value.help
    assert journal.commit(Batch((b"{}",))).result(60) == Committed(0, 1)
    journal.close()


def test_closing_lets_the_next_one_in(home: Path) -> None:
    for size in range(3):
        journal = open_journal(home)
        assert journal.size() == size
        journal.commit(Batch((b"{}",))).result(60)
        journal.close()


def test_a_killed_writer_leaves_no_lock(home: Path) -> None:
    with other_process(_OPEN, home) as first:
        assert line(first) == "opened"
        with pytest.raises(StoreError, match=str(first.pid)):
            open_journal(home)
        first.send_signal(signal.SIGKILL)
        first.wait(60)
    open_journal(home).close()


def test_a_refused_start_lets_go_of_the_lock(home: Path) -> None:
    (home / "head").rename(home / "elsewhere")
    with pytest.raises(StoreError):
        open_journal(home)
    (home / "elsewhere").rename(home / "head")
    open_journal(home).close()


def test_a_lock_on_a_file_that_lost_its_name_is_no_lock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced_meanwhile(handle: int, operation: int) -> None:
        (home / "journal.lock").unlink()
        (home / "journal.lock").touch()

    monkeypatch.setattr(fcntl, "flock", replaced_meanwhile)
    with pytest.raises(StoreError) as caught:
        FolderLock.take(home)
    assert caught.value.code == "store/replaced"


def test_another_process_reads_what_is_acknowledged_while_one_writes(home: Path) -> None:
    journal = open_journal(home)
    for text in (b'{"n":1}', b'{"n":2}'):
        journal.commit(Batch((text,))).result(60)
    with other_process(_READ, home) as reader:
        told = reader.communicate(timeout=60)[0].strip()
    assert told == "2 [b'{\"n\":1}', b'{\"n\":2}'] store/read-only"
    journal.close()


def test_a_reader_sees_new_entries_and_needs_no_writer(home: Path) -> None:
    reader = open_journal(home, read_only=True)
    journal = open_journal(home)
    assert reader.size() == 0
    journal.commit(Batch((b"{}",))).result(60)
    assert reader.size() == 1
    journal.close()
    assert (reader.size(), list(reader.leaves(0, 1))) == (1, [b"{}"])
    assert reader.snapshot(Query(1, accounts=(("a", 0),))).result(60).spent == {"a": 0}
    with pytest.raises(StoreError):
        reader.put_checkpoint(1, b"note", [])
    reader.close()
    with pytest.raises(StoreError):
        reader.size()
