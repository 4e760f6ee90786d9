"""What people read, kept as files: `tests/cli/golden/`, and `docs/reference/commands.md` for the help of every command.

Written anew by one command, to be reviewed like any other change:

    TRILENS_TEST_GOLDEN=write python -m pytest tests/cli/test_golden.py
"""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trilens.cli.reference import reference

if TYPE_CHECKING:
    from tests.cli.conftest import Shop

GOLDEN = Path(__file__).parent / "golden"
COMMANDS = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
WIDTHS = (40, 80)
HOSTILE = json.dumps(
    {"order_id": "A-1001", "amount": "450 EUR", "reason": "\x1b[2J pay \u202e054\u202c\nwho   everybody\\"}
)


def matches(name: str, text: str, *, file: Path | None = None) -> None:
    path = file or GOLDEN / f"{name}.txt"
    if os.environ.get("TRILENS_TEST_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; see the head of {Path(__file__).name}"


def steady(text: str) -> str:
    """Random ids and keys have no place in a file that is compared."""
    text = re.sub(r"\b(apr|dec)_[0-9a-f]{20}\b", lambda found: f"{found[1]}_{'0' * 20}", text)
    return re.sub(r"\b(tl[ko])_(?!a{8})[0-9A-Za-z]{8}\b", lambda found: f"{found[1]}_{'0' * 8}", text)


def test_the_reference_page_of_the_commands_is_current(bare: "Shop") -> None:
    assert bare.folder.exists()
    matches("commands", reference(), file=COMMANDS)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_case_reads_as_kept(shop: "Shop", columns: int) -> None:
    case = shop.held(HOSTILE)
    shop.now_ms += 60_000
    matches(f"approvals-show-{columns}", steady(shop.type("approvals", "show", case, columns=columns).out))


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_list_of_cases_reads_as_kept(shop: "Shop", columns: int) -> None:
    key, first = shop.key(), shop.held()
    assert shop.type("approvals", "edit", first, "--set", "amount=225", key=key).ending == 0
    shop.now_ms += 3_600_000
    shop.held(HOSTILE)
    matches(f"approvals-list-{columns}", steady(shop.type("approvals", "list", "--all", columns=columns).out))


def test_decisions_read_as_kept(shop: "Shop") -> None:
    key, one, other = shop.key(), shop.held(), shop.held(words="and 450 EUR for A-1001 again")
    edited = shop.type("approvals", "edit", one, "--set", "amount=225", key=key, columns=80)
    refused = shop.type("approvals", "reject", other, key=key, columns=80)
    late = shop.type("approvals", "approve", one, key=key, columns=80)
    matches("approvals-decided-80", steady(f"{edited.out}\n{refused.out}\n{late.err}"))


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_decision_reads_as_kept(shop: "Shop", columns: int) -> None:
    decision = shop.answer(HOSTILE).plan.rulings[0].decision.id
    matches(f"explain-decision-{columns}", steady(shop.type("explain", decision, columns=columns).out))


@pytest.mark.parametrize("columns", WIDTHS)
def test_three_verdicts_read_as_kept(shop: "Shop", columns: int) -> None:
    shop.held()
    matches(f"gate-{columns}", shop.type("gate", "--dry-run", columns=columns).out)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_verification_reads_as_kept(shop: "Shop", columns: int) -> None:
    shop.held()
    matches(f"ledger-verify-{columns}", shop.type("ledger", "verify", columns=columns).out)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_review_reads_as_kept(bare: "Shop", columns: int) -> None:
    manifest = bare.folder / "system.yaml"
    text = (
        manifest.read_text("utf-8")
        .replace("purpose: support,", "purpos: support,")
        .replace("by: [leads]", "by: [lead]")
    )
    manifest.write_text(text, encoding="utf-8")
    matches(f"check-{columns}", bare.type("check", columns=columns).out)


def test_a_first_start_reads_as_kept(bare: "Shop") -> None:
    bare.folder.joinpath("system.yaml").unlink()
    bare.folder.joinpath("prompt.md").unlink()
    init = bare.type("init", columns=80)
    keys = bare.type("keys", "list", columns=80)
    approvals = bare.type("approvals", "list", columns=80)
    matches("first-start-80", f"{init.out}\n{keys.out}\n{approvals.out}")


def test_keys_read_as_kept(shop: "Shop") -> None:
    shop.type("keys", "create", "--agent", "support", "--may-assert")
    key = shop.key()
    shop.now_ms += 1_000
    shop.type("keys", "revoke", key[:12])
    listed = steady(shop.type("keys", "list", columns=80).out)
    matches("keys-list-80", listed)
