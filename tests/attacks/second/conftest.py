"""The same shop under a second attack: the fixtures of `northwind`, whose conftest pytest does not look into from here."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

_NAME = "trilens_tests_northwind_shop"


def _shop() -> Any:
    known = sys.modules.get(_NAME)
    if known is not None:
        return known
    spec = importlib.util.spec_from_file_location(_NAME, Path(__file__).parents[1] / "northwind" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def northwind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The shop, for all stories of a file; each has a session, and books, of its own."""
    with ExitStack() as stack:
        yield _shop().open_northwind(tmp_path_factory.mktemp("northwind"), stack)
