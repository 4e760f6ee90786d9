"""The reference page is current, and its example is the shop."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from trilens.declare.parse import Manifest
from trilens.declare.reference import reference

Read: TypeAlias = Callable[..., Manifest]

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "manifest.md"


def test_committed_page_is_current(shop: str) -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(shop), (
        "run: python -m trilens.declare.reference < src/trilens/lenses/fixtures/shop.yaml > docs/reference/manifest.md"
    )


def test_example_on_the_page_is_the_manifest_of_the_design_and_parses(read_manifest: Read) -> None:
    page = PAGE.read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    design = (Path(__file__).parent / "vectors" / "design-13.yaml").read_text(encoding="utf-8")
    assert read_manifest(example).system == read_manifest(design).system


@pytest.mark.parametrize(
    "line", ["| `approval` |  | `always`, or mapping |", "## `tools.<name>.limits[]`", "| `manifest/unknown-key` |"]
)
def test_page_says(line: str) -> None:
    assert line in PAGE.read_text(encoding="utf-8")
