"""The shop: the manifest every test of this folder starts from, and a way to read a changed one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import trilens.lenses
from trilens.declare.files import reader
from trilens.declare.parse import Manifest, parse_manifest

SHOP = Path(trilens.lenses.__file__).parent / "fixtures" / "shop.yaml"
ENVIRONMENT = {
    "UPSTREAM_URL": "https://upstream.example/v1",
    "UPSTREAM_KEY": "set",
    "SPARE_URL": "https://spare.example/v1",
    "SPARE_KEY": "set",
}


@dataclass(frozen=True)
class Sheet:
    id: str


SHEETS = (Sheet("ungrounded_claim"), Sheet("untrusted_sink"), Sheet("action_limits"))

Read = Callable[[str], Manifest]


@pytest.fixture(scope="session")
def shop() -> str:
    return SHOP.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def read_manifest() -> Read:
    """Reads a text as if it lay in the shop's folder."""

    def read(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> Manifest:
        return parse_manifest(text, SHEETS, environment=environment, read=reader(SHOP.parent))

    return read


@pytest.fixture(scope="session")
def changed(shop: str) -> Callable[[Mapping[str, str]], str]:
    """The shop's manifest with some stretches replaced; each must be there exactly once."""

    def change(replace: Mapping[str, str]) -> str:
        text = shop
        for old, new in replace.items():
            assert text.count(old) == 1, f"`{old}` is there {text.count(old)} times"
            text = text.replace(old, new)
        return text

    return change
