"""Attack stories: a whole installation, and somebody who means it harm."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from trilens.testing.installation import Installation, Judge, open_installation


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """`open_installation` in a folder of its own."""
    with ExitStack() as stack:

        def make(*guards: Judge, **more: str) -> Installation:
            return stack.enter_context(open_installation(tmp_path / "state", *guards, **more))

        yield make
