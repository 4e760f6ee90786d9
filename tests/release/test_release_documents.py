"""What is said to contributors and to those who report is true: verbs exist, links lead somewhere, the open weaknesses are named."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = (ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md")
LINK = re.compile(r"\[[^\]\n]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#([^)\s]*))?\)")
VERB = re.compile(r"`make ([a-z]+)")


def verbs_of_the_makefile() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    return set(phony.split())


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_verb_is_explained_and_every_explained_verb_exists() -> None:
    assert set(VERB.findall(text_of("CONTRIBUTING.md"))) == verbs_of_the_makefile()
    assert set(VERB.findall(text_of("SECURITY.md"))) <= verbs_of_the_makefile()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere_and_to_a_heading_that_is_there(page: Path) -> None:
    broken = []
    for target, heading in LINK.findall(page.read_text(encoding="utf-8")):
        place = ROOT / target
        titles = re.findall(r"^#+ (.*)$", place.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        if not place.exists() or (heading and heading not in {title.lower().replace(" ", "-") for title in titles}):
            broken.append(f"{target}#{heading}")
    assert broken == []


def test_a_guard_has_the_files_that_contributors_are_told_of() -> None:
    told = set(re.findall(r"^    ([a-z]+\.(?:yaml|py)) ", text_of("CONTRIBUTING.md"), re.MULTILINE))
    for guard in (ROOT / "src" / "trilens" / "lenses").glob("*/guards/*/"):
        if (guard / "guard.yaml").exists():
            assert {path.name for path in guard.iterdir() if path.suffix == ".yaml"} <= told
            assert all((guard / name).exists() for name in told - {"codes.yaml"}), guard.name


def test_whoever_reports_is_told_how_how_fast_for_what_and_what_is_known() -> None:
    headings = re.findall(r"^## (.*)$", text_of("SECURITY.md"), re.MULTILINE)
    assert headings[:5] == ["Report", "Supported versions", "In scope", "Out of scope", "Open weaknesses"]
    assert "within 72 hours" in text_of("SECURITY.md")
    assert "within 14 days" in text_of("SECURITY.md")


def test_the_weakness_the_readme_tells_first_is_among_the_open_ones() -> None:
    told = re.search(r"The weakness to know first: \*\*(.*?)\*\*", text_of("README.md"))
    assert told is None or f"**{told[1].capitalize()}" in text_of("SECURITY.md")
