"""SIGTERM and SIGSTOP: what is under way is finished and recorded; a stopped server keeps its lock, and nobody takes its place."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal
from trilens.testing.puppet import Puppet

if TYPE_CHECKING:
    from tests.faults.conftest import Installed

pytestmark = pytest.mark.requirement("S13", "X6")

ANSWER = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"gpt-5.1","choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"Hello there."}}]}'
)


def kinds(installed: "Installed") -> list[Kind]:
    journal = open_journal(installed.home, read_only=True)
    try:
        return [decode(leaf).kind for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()


def agent_key(installed: "Installed") -> str:
    typed = installed.type("keys", "create", "--agent", "support")
    assert typed.returncode == 0, typed.stderr
    return typed.stdout.strip()


def test_fault_06_what_is_under_way_at_a_sigterm_is_answered_recorded_and_signed(installed: "Installed") -> None:
    key = agent_key(installed)
    with Puppet() as upstream, ThreadPoolExecutor(1) as pool:
        installed.upstream = upstream.base_url
        with installed.serving() as server:
            asking = pool.submit(server.post, key, "hello")
            assert upstream.asked.wait(20)
            server.process.send_signal(signal.SIGTERM)
            upstream.head("application/json")
            upstream.push(ANSWER)
            upstream.end()
            status, answer = asking.result(30)
            assert (status, "Hello there." in str(answer)) == (200, True), answer
            assert server.process.wait(30) == 0
    found = kinds(installed)
    assert found[-1] is Kind.STOPPED
    # the person's words, the model call and the answer
    assert found.count(Kind.DECISION) == 3
    assert installed.type("ledger", "verify").returncode == Ending.PASS


def test_fault_07_a_stopped_server_keeps_its_lock_and_goes_on_afterwards(
    installed: "Installed", times: Callable[[str, int], int]
) -> None:
    key = agent_key(installed)
    with Puppet() as upstream, ThreadPoolExecutor(1) as pool:
        installed.upstream = upstream.base_url
        with installed.serving() as server:
            asking = pool.submit(server.post, key, "hello", timeout_s=60)
            assert upstream.asked.wait(20)
            os.kill(server.process.pid, signal.SIGSTOP)
            stopped = time.monotonic()
            second = installed.type("serve", "--port", "0")
            assert (second.returncode, "error[store/locked]" in second.stderr) == (Ending.FAULT, True)
            upstream.head("application/json")
            upstream.push(ANSWER)
            upstream.end()
            while time.monotonic() < stopped + times("STOPPED_S", 0):
                os.sched_yield()
            assert not asking.done()
            os.kill(server.process.pid, signal.SIGCONT)
            assert asking.result(30)[0] == 200
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
    assert installed.type("ledger", "verify").returncode == Ending.PASS
