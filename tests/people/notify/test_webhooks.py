"""A new case and a stop are told to the receiver of a webhook: signed, without personal data, at least once, and not for ever."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from trilens.errors import SettingsError
from trilens.people.notify.http import read_receiver
from trilens.people.notify.message import Message, read_secret, signed, write_message
from trilens.people.notify.post import LONGEST_MS, WAITS_S, Postman
from trilens.prove.ledger.entry import decode
from trilens.storage.ports import Batch, CaseMove, CaseState, Notice, NoticeKind, Stop, Stopped, StopScope
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import SqliteJournal, open_journal
from trilens.testing.batches import approval, leaf, open_case, written

pytestmark = pytest.mark.requirement("S12")

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    create(tmp_path / "state")
    opened = open_journal(tmp_path / "state")
    yield opened
    opened.close()


@dataclass
class Receiver:
    """Answers with the statuses it is given, then with 200."""

    statuses: list[int] = field(default_factory=list)
    got: list[tuple[Mapping[str, str], dict[str, Any]]] = field(default_factory=list)

    def __call__(self, body: bytes, headers: Mapping[str, str], /) -> int:
        self.got.append((headers, json.loads(body)))
        return self.statuses.pop(0) if self.statuses else 200


@dataclass
class Clock:
    now_ms: int = 2_000

    def __call__(self) -> int:
        return self.now_ms


def postman(journal: SqliteJournal, receiver: Receiver, clock: Callable[[], int]) -> Postman:
    return Postman(journal, receiver, KEY, system="shop", log="abc", clock=clock)


def ends(journal: SqliteJournal) -> list[tuple[object, object]]:
    found = [decode(one) for one in journal.leaves(0, journal.size())]
    return [(e.body["outcome"], e.body["attempts"]) for e in found if e.kind == "notice"]


def opened(journal: SqliteJournal, case: str = "apr_1", expires_ms: int = 9_000_000_000) -> None:
    written(journal, Batch((leaf(),), opened=(open_case(case, "i", request=case, expires_ms=expires_ms),)))


def test_a_signature_is_the_one_of_the_specification() -> None:
    # Standard Webhooks, reference implementations: tests/test_webhooks.py of the Python library
    key = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    headers = signed(message, key, now_s=1_614_265_330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_a_new_case_is_told_once_with_who_may_decide_and_until_when_and_nothing_else(journal: SqliteJournal) -> None:
    receiver = Receiver()
    post = postman(journal, receiver, Clock())
    opened(journal)
    post.round()
    post.round()
    [(headers, body)] = receiver.got
    assert headers["webhook-id"] == "msg_abc_1"
    assert body == {
        "type": "case.opened",
        "timestamp": "1970-01-01T00:00:01.000Z",
        "data": {
            "system": "shop",
            "case": "apr_1",
            "kind": "approval",
            "by": ["lead"],
            "expires": "1970-04-15T04:00:00.000Z",
            "path": "/operator/cases/apr_1",
        },
    }
    assert ends(journal) == [("told", 1)]
    assert list(journal.notices()) == []


def test_a_stop_is_told(journal: SqliteJournal) -> None:
    receiver = Receiver()
    stop = Stop(Stopped(StopScope.AGENT, "support"), "lead", 1_000, "sha256:reason")
    written(journal, Batch((leaf(),), stops=(stop,)))
    postman(journal, receiver, Clock()).round()
    [(_, body)] = receiver.got
    assert (body["type"], body["data"]["scope"], body["data"]["subject"]) == ("system.stopped", "agent", "support")


def test_what_was_not_heard_is_told_again_later_under_the_same_id(journal: SqliteJournal) -> None:
    receiver, clock = Receiver([500, 0, 302]), Clock()
    post = postman(journal, receiver, clock)
    opened(journal)
    for wait_s in WAITS_S[:4]:
        if wait_s:
            clock.now_ms += wait_s * 1_000 - 1
            post.round()
            count = len(receiver.got)
            clock.now_ms += 1 + wait_s * 200
        else:
            count = 0
        post.round()
        assert len(receiver.got) == count + 1
    assert {headers["webhook-id"] for headers, _ in receiver.got} == {"msg_abc_1"}
    assert ends(journal) == [("told", 4)]


def test_one_that_is_not_heard_does_not_keep_the_next_waiting(journal: SqliteJournal) -> None:
    receiver = Receiver([500])
    post = postman(journal, receiver, Clock())
    opened(journal, "apr_1")
    opened(journal, "apr_2")
    post.round()
    assert [body["data"]["case"] for _, body in receiver.got] == ["apr_1", "apr_2"]
    assert ends(journal) == [("told", 1)]


@pytest.mark.parametrize("statuses", [[500] * len(WAITS_S), [410]], ids=["never heard", "gone"])
def test_it_is_given_up_recorded_and_kept_to_be_seen(journal: SqliteJournal, statuses: list[int]) -> None:
    receiver, clock, count = Receiver(list(statuses)), Clock(), len(statuses)
    post = postman(journal, receiver, clock)
    opened(journal)
    for _ in range(2 * len(WAITS_S)):
        post.round()
        clock.now_ms += 8_700_000
    assert ends(journal) == [("failed", count)]
    assert list(journal.notices()) == []
    [failed] = journal.notices(failed=True)
    assert failed.subject == "apr_1"


def test_after_a_day_it_is_given_up(journal: SqliteJournal) -> None:
    clock = Clock(1_000 + LONGEST_MS)
    opened(journal)
    postman(journal, Receiver([500]), clock).round()
    assert ends(journal) == [("failed", 1)]


@pytest.mark.parametrize("how", ["decided", "expired"])
def test_a_case_that_needs_nobody_any_more_is_not_told(journal: SqliteJournal, how: str) -> None:
    receiver = Receiver()
    opened(journal, expires_ms=9_000 if how == "decided" else 1_500)
    if how == "decided":
        written(journal, Batch((leaf(),), moved=(CaseMove("apr_1", CaseState.OPEN, CaseState.REFUSED, "lead", 1_500),)))
    postman(journal, receiver, Clock()).round()
    assert receiver.got == []
    assert ends(journal) == [("moot", 0)]


def test_what_was_told_and_not_settled_is_told_again_after_a_restart(tmp_path: Path) -> None:
    create(tmp_path / "state")
    receiver = Receiver()

    class KilledError(Exception):
        pass

    def killed(body: bytes, headers: Mapping[str, str], /) -> int:
        receiver(body, headers)
        raise KilledError

    first = open_journal(tmp_path / "state")
    opened(first)
    with pytest.raises(KilledError):
        Postman(first, killed, KEY, system="shop", log="abc", clock=Clock()).round()
    first.close()
    second = open_journal(tmp_path / "state")
    postman(second, receiver, Clock()).round()
    second.close()
    assert [headers["webhook-id"] for headers, _ in receiver.got] == ["msg_abc_1", "msg_abc_1"]


def test_no_two_notices_of_a_ledger_share_an_id() -> None:
    notices = [Notice(n, NoticeKind.STOPPED, "system:", 1) for n in (1, 2)]
    assert len({write_message(n, system="s", log=log, case=None).id for n in notices for log in ("a", "b")}) == 4


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x",
        "http://example.com/x",
        "https://",
        "https://u:p@example.com",
        "https://example.com/#x",
        "https://[::1",
    ],
)
def test_an_address_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_receiver(url)
    assert refused.value.code == "settings/webhook-url"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "no prefix", "whsec_!!!!" * 10])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_secret(secret)
    assert refused.value.code == "settings/webhook-secret"
    assert len(secret) < 8 or secret not in str(refused.value)


@pytest.mark.parametrize("status", [204, 302, 500])
def test_the_status_is_what_is_read_and_a_redirect_is_not_followed(status: int) -> None:
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.path)
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        receiver = read_receiver(f"http://127.0.0.1:{server.server_port}/hook?token=x")
        assert receiver.post(b"{}", {"content-type": "application/json"}) == status
        server.shutdown()
    assert receiver.post(b"{}", {}) == 0
    assert seen == ["/hook?token=x"]


def test_an_approval_does_not_wait_for_the_post(journal: SqliteJournal) -> None:
    opened(journal)
    entered, leave = threading.Event(), threading.Event()

    def slow(_: bytes, __: Mapping[str, str], /) -> int:
        entered.set()
        leave.wait(20)
        return 200

    post = Postman(journal, slow, KEY, system="shop", log="abc", clock=Clock())
    post.start()
    assert entered.wait(20)
    written(journal, Batch((leaf(),), moved=(approval("apr_1"),)))
    leave.set()
    post.stop()
    assert list(journal.notices()) == []
