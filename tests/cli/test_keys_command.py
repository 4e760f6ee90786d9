"""Keys from the command line: shown once, kept as a digest, recorded, revoked at once."""

import json
from typing import TYPE_CHECKING

import pytest

from trilens.cli.ending import Ending
from trilens.people.keys import parse_key
from trilens.prove.ledger.entry import Kind, decode
from trilens.storage.sqlite.journal import open_journal

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

pytestmark = pytest.mark.requirement("X5")


def recorded(shop: "Shop", kind: Kind) -> list[dict[str, object]]:
    journal = open_journal(shop.home, read_only=True)
    try:
        entries = [decode(leaf) for leaf in journal.leaves(0, journal.size())]
    finally:
        journal.close()
    return [dict(e.body) for e in entries if e.kind is kind]


@pytest.mark.parametrize("who", [("--agent", "support"), ("--operator", "lead")])
def test_a_key_is_shown_once_and_stands_nowhere_on_the_disk(shop: "Shop", who: tuple[str, str]) -> None:
    typed = shop.type("keys", "create", *who)
    text = typed.out.strip()
    parsed = parse_key(text)
    assert typed.ending == 0
    assert parsed is not None
    assert "only time" in typed.err
    secret = text.split("_")[2].encode()
    stored = shop.bytes_on_disk()
    assert parsed.id.encode() in stored
    assert secret not in stored
    listed = shop.type("keys", "list").out + shop.type("keys", "list", "--json").out
    assert parsed.id in listed
    assert secret.decode() not in listed


def test_a_key_is_on_record_with_what_it_may(shop: "Shop") -> None:
    key = shop.key("secops")
    text = shop.type("keys", "create", "--agent", "support", "--may-assert", key=key).out.strip()
    added = recorded(shop, Kind.KEY_ADDED)
    assert added[0] == {"key": key[:12], "agent": "", "operator": "secops", "may_assert": False, "by": ""}
    assert added[1] == {"key": text[:12], "agent": "support", "operator": "", "may_assert": True, "by": "secops"}


def test_an_operator_who_does_not_own_the_security_lens_gives_and_takes_none(shop: "Shop") -> None:
    key = shop.key("lead")
    for words in (("create", "--agent", "support"), ("create", "--operator", "lead"), ("revoke", key[:12])):
        assert "error[people/not-keeper]" in shop.type("keys", *words, key=key).err
    assert len(recorded(shop, Kind.KEY_ADDED)) == 1
    assert recorded(shop, Kind.KEY_REVOKED) == []


def test_a_revoked_key_is_on_record_and_revoked_once(shop: "Shop") -> None:
    key = shop.key()
    assert shop.type("keys", "revoke", key[:12], "--dry-run").ending == 0
    assert recorded(shop, Kind.KEY_REVOKED) == []
    assert shop.type("keys", "revoke", key[:12]).ending == 0
    assert [body["key"] for body in recorded(shop, Kind.KEY_REVOKED)] == [key[:12]]
    assert "error[people/already-revoked]" in shop.type("keys", "revoke", key[:12]).err
    assert "error[people/no-such-key]" in shop.type("keys", "revoke", "tlk_none").err
    [listed] = json.loads(shop.type("keys", "list", "--json").out)["keys"]
    assert listed["revoked"] == "2026-11-24T23:00:00.000Z"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "cli/usage"),
        (["--agent", "support", "--operator", "lead"], "cli/usage"),
        (["--operator", "lead", "--may-assert"], "cli/usage"),
        (["--agent", "suport"], "people/unknown-agent"),
        (["--operator", "nobody"], "people/unknown-operator"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_key_for_nobody_is_not_made(shop: "Shop", words: list[str], code: str, more: list[str]) -> None:
    typed = shop.type("keys", "create", *words, *more)
    assert typed.ending == Ending.USAGE
    assert f"error[{code}]" in typed.err
    assert recorded(shop, Kind.KEY_ADDED) == []


def test_a_dry_run_makes_no_key(shop: "Shop") -> None:
    typed = shop.type("keys", "create", "--agent", "support", "--dry-run", "--json")
    assert json.loads(typed.out)["key"] is None
    assert json.loads(shop.type("keys", "list", "--json").out)["keys"] == []


def test_without_keys_the_list_says_what_to_type(shop: "Shop") -> None:
    assert "trilens keys create --agent NAME" in shop.type("keys", "list").out
