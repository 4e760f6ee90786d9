"""What the service manager is told."""

import socket
from pathlib import Path

import pytest

from trilens.cli.service import reloading, tell


@pytest.mark.parametrize("is_abstract", [False, True], ids=["path", "abstract"])
def test_the_words_come_in_one_datagram(tmp_path: Path, is_abstract: bool) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + path if is_abstract else path)
        manager.settimeout(10)
        tell({"NOTIFY_SOCKET": "@" + path if is_abstract else path}, *reloading())
        first, second = manager.recv(1_000).decode().split("\n")
    assert first == "RELOADING=1"
    assert second.removeprefix("MONOTONIC_USEC=").isdecimal()


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all"])
def test_without_a_manager_that_listens_nothing_happens(address: str) -> None:
    tell({"NOTIFY_SOCKET": address} if address else {}, "READY=1")
