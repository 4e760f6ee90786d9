"""The service file and the container file: readable by what reads them, and hardened as far as they say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trilens.server import _GRACE_S, FINISH_S
from trilens.settings import VARIABLES

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
UNIT = (DEPLOY / "trilens.service").read_text(encoding="utf-8")
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
HARDENED = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "CapabilityBoundingSet=",
    "SystemCallFilter=@system-service",
    "StateDirectoryMode=0700",
    "UMask=0077",
    "LimitCORE=0",
)


@pytest.mark.parametrize("line", HARDENED)
def test_the_service_keeps_its_hardening(line: str) -> None:
    assert line in UNIT.splitlines()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_every_line_of_the_service(tmp_path: Path) -> None:
    unit = tmp_path / "trilens.service"
    # the program it names is not installed here
    unit.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], check=False, capture_output=True, text=True)
    about_it = [line for line in done.stderr.splitlines() if "trilens.service" in line]
    assert about_it == []


def test_the_service_gives_more_time_to_end_than_the_server_takes() -> None:
    found = re.search(r"(?m)^TimeoutStopSec=(\d+)$", UNIT)
    assert found
    assert FINISH_S < _GRACE_S < int(found[1])


@pytest.mark.parametrize("text", [UNIT, CONTAINER], ids=["service", "container"])
def test_every_variable_they_set_is_one_that_is_read(text: str) -> None:
    named = set(re.findall(r"\bTRILENS_[A-Z_]+", text))
    assert named
    assert named <= set(VARIABLES)


def test_the_container_runs_as_nobody_special_and_installs_what_is_locked() -> None:
    lines = CONTAINER.splitlines()
    last_user = [line for line in lines if line.startswith("USER ")][-1]
    assert re.fullmatch(r"USER [1-9]\d+:[1-9]\d+", last_user)
    assert not any(line.startswith("USER") for line in lines[lines.index(last_user) + 1 :])
    assert "VOLUME /var/lib/trilens" in lines
    [locked] = re.findall(r"--require-hashes -r (\S+)", CONTAINER)
    assert (DEPLOY.parent / locked).is_file()
    assert "ADD " not in CONTAINER
