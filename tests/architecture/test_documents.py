"""Documents keep their form: notes are numbered and listed, links lead somewhere, fragments say what kind of change they are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
NOTES = sorted((DOCS / "decisions").glob("[0-9]*.md"))
DESIGN = sorted((DOCS / "design").glob("*.md"))
LINK = re.compile(r"\[[^\]\n]*\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


def test_decisions_are_numbered_without_a_gap_and_say_so_in_their_title() -> None:
    assert [note.name[:4] for note in NOTES] == [f"{number:04}" for number in range(1, len(NOTES) + 1)]
    for number, note in enumerate(NOTES, 1):
        text = note.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), note.name
        assert "**Decided.**" in text, note.name
        assert "**Why.**" in text, note.name


def test_the_index_of_decisions_lists_every_note_by_its_title() -> None:
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for note in NOTES:
        title = note.read_text(encoding="utf-8").splitlines()[0].split(". ", 1)[1]
        row = f"| {note.name[:4]} | [{title}]({note.name}) |"
        assert row in index, f"add to docs/decisions/README.md: {row}"


@pytest.mark.parametrize("note", DESIGN, ids=lambda note: note.stem)
def test_a_design_note_opens_with_its_invariant(note: Path) -> None:
    first = [line for line in note.read_text(encoding="utf-8").splitlines() if line.strip()][:2]
    assert first[0].startswith("# ")
    assert first[1].startswith("**Invariant"), first[1]


def test_every_link_between_files_leads_somewhere() -> None:
    pages = [
        *DOCS.rglob("*.md"),
        ROOT / "README.md",
        *(ROOT / "changelog.d").glob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_changelog_fragment_is_of_a_kind() -> None:
    fragments = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert fragments
    assert [
        name for name in fragments if not re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|security)\.md", name)
    ] == []
