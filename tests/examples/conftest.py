"""The support example, loaded as its own scripts load each other: from its folder on the path."""

import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).parents[2] / "examples" / "support"


@dataclass(frozen=True)
class Support:
    """The modules of the example."""

    agent: Any
    shop: Any
    tools: Any


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the test runner's width nor anybody's settings."""
    for name in ("COLUMNS", "NO_COLOR", "TRILENS_DEMO_MODEL_URL", "UPSTREAM_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def support(monkeypatch: pytest.MonkeyPatch) -> Iterator[Support]:
    monkeypatch.syspath_prepend(str(SUPPORT))
    names = ("shop", "tools", "agent")
    try:
        shop, tools, agent = (importlib.import_module(name) for name in names)
        yield Support(agent, shop, tools)
    finally:
        for name in names:
            sys.modules.pop(name, None)
