"""All credentials of a request become one caller, or nothing is served."""

import os
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from trilens.errors import WireError
from trilens.gateways.credentials import Credentials
from trilens.gateways.headers import RawHeaders, read_head
from trilens.people.keys import NewKey, make_key
from trilens.storage.ports import ApiKey
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import PeopleRole

ROLES = {b"x-trilens-on-behalf-of": "customer", b"x-user": "member"}
SYSTEM = SimpleNamespace(
    people={
        "customer": PeopleRole("customer", "x-trilens-on-behalf-of", "eu"),
        "member": PeopleRole("member", "x-user"),
    }
)


@dataclass
class Store:
    keys: dict[str, ApiKey] = field(default_factory=dict)
    reads: int = 0

    def add(self, key: ApiKey) -> None:
        self.keys[key.id] = key

    def find(self, key_id: str) -> ApiKey | None:
        self.reads += 1
        return self.keys.get(key_id)

    def list(self) -> list[ApiKey]:
        return list(self.keys.values())

    def revoke(self, key_id: str, at_ms: int) -> bool:
        self.keys[key_id] = replace(self.keys[key_id], revoked_ms=at_ms)
        return True


@dataclass
class Desk:
    store: Store = field(default_factory=Store)
    now_s: float = 100.0

    def __post_init__(self) -> None:
        self.credentials = Credentials(self.store, SYSTEM, now_s=lambda: self.now_s)  # type: ignore[arg-type]

    def key(self, **more: object) -> NewKey:
        fields = {"agent": "support", "operator": "", "may_assert": False, "now_ms": 1, "random": os.urandom} | more
        made = make_key(**fields)  # type: ignore[arg-type]
        self.store.add(made.record)
        return made

    def who(self, headers: RawHeaders) -> Principal:
        return self.credentials.principal(read_head(headers, ROLES))

    def refusal(self, headers: RawHeaders) -> WireError:
        with pytest.raises(WireError) as caught:
            self.who(headers)
        return caught.value


def bearer(key: NewKey) -> tuple[bytes, bytes]:
    return (b"authorization", b"Bearer " + key.text.encode())


@pytest.mark.requirement("X5")
def test_each_of_three_headers_may_carry_the_key() -> None:
    desk = Desk()
    key = desk.key()
    text = key.text.encode()
    for header in (
        bearer(key),
        (b"authorization", b"bearer   " + text),
        (b"x-api-key", text),
        (b"api-key", text),
    ):
        assert desk.who([header]) == Principal(key.record.id, "support")
    assert desk.who([bearer(key), (b"api-key", text)]) == Principal(key.record.id, "support")


@pytest.mark.requirement("X5")
def test_nobody_is_served_without_a_valid_key() -> None:
    desk = Desk()
    good, stranger, operator = desk.key(), Desk().key(), desk.key(agent="", operator="lead")
    cases: list[list[tuple[bytes, bytes]]] = [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", good.text.encode())],
        [(b"authorization", b"Basic " + good.text.encode())],
        [(b"x-api-key", b"sk-123")],
        [(b"x-api-key", good.text.encode()[:-1])],
        [(b"x-api-key", good.text.encode() + b"x")],
        [(b"x-api-key", b"\xff" * 40)],
        [(b"x-goog-api-key", good.text.encode())],
        [bearer(stranger)],
        [bearer(operator)],
    ]
    for headers in cases:
        error = desk.refusal(headers)
        assert (error.status, error.code) == (401, "wire/invalid-api-key")
        assert good.text not in str(error)


@pytest.mark.requirement("X5")
def test_two_different_keys_are_two_identities_and_no_rule_picks_one() -> None:
    desk = Desk()
    one, two = desk.key(), desk.key()
    for headers in (
        [bearer(one), bearer(two)],
        [bearer(one), (b"x-api-key", two.text.encode())],
        [bearer(one), (b"api-key", b"sk-123")],
        [(b"authorization", b"Basic x"), (b"x-api-key", one.text.encode())],
    ):
        assert desk.refusal(headers).status == 401


@pytest.mark.requirement("X5")
def test_a_revoked_key_is_refused_within_a_second_though_keys_are_remembered() -> None:
    desk = Desk()
    key = desk.key()
    for _ in range(10):
        desk.who([bearer(key)])
    assert desk.store.reads == 1
    desk.store.revoke(key.record.id, 5)
    desk.now_s += 0.99
    assert desk.refusal([bearer(key)]).status == 401


def test_a_remembered_key_is_no_help_to_another_text_with_the_same_id() -> None:
    desk = Desk()
    key = desk.key()
    desk.who([bearer(key)])
    forged = make_key(agent="support", operator="", may_assert=False, now_ms=1, random=os.urandom)
    desk.store.keys[forged.record.id] = key.record
    assert desk.refusal([bearer(forged)]).status == 401


def test_only_a_key_that_may_names_a_person() -> None:
    desk = Desk()
    plain, trusted = desk.key(), desk.key(may_assert=True)
    header = (b"x-trilens-on-behalf-of", b"C-17")
    error = desk.refusal([bearer(plain), header])
    assert (error.status, error.code) == (403, "wire/may-not-assert")
    assert desk.who([bearer(trusted), header]) == Principal(trusted.record.id, "support", "customer", "C-17", "eu")
    assert desk.who([bearer(trusted)]).person == ""


def test_a_request_is_made_for_one_person() -> None:
    desk = Desk()
    key = bearer(desk.key(may_assert=True))
    one = (b"x-trilens-on-behalf-of", b"C-17")
    for other in ((b"x-trilens-on-behalf-of", b"C-18"), (b"x-user", b"U-1"), one):
        assert desk.refusal([key, one, other]).code == "wire/header"
