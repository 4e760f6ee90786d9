"""Files beside a manifest: read from its folder only, as text only."""

from pathlib import Path

import pytest

from trilens.declare.files import LARGEST_FILE, reader, stays_inside
from trilens.declare.load import load
from trilens.errors import ManifestError

SMALLEST = "trilens: 1\nsystem: a\nprompts: {p: {path: PATH}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "p.md").write_text("Größe", encoding="utf-8")
    (tmp_path / "secret").write_text("outside", encoding="utf-8")
    return tmp_path / "shop"


def problem_of(folder: Path, path: str) -> ManifestError:
    (folder / "system.yaml").write_text(SMALLEST.replace("PATH", path), encoding="utf-8")
    with pytest.raises(ManifestError) as caught:
        load(folder / "system.yaml", (), environment={})
    (problem,) = caught.value.problems
    return problem


def test_manifest_is_loaded_with_its_files(folder: Path) -> None:
    (folder / "system.yaml").write_text(SMALLEST.replace("PATH", "p.md"), encoding="utf-8")
    manifest = load(folder / "system.yaml", (), environment={})
    assert manifest.system.prompts["p"].text == "Größe"
    assert manifest.document.page.file == str(folder / "system.yaml")


@pytest.mark.requirement("X8")
def test_link_that_leaves_the_folder_is_refused(folder: Path) -> None:
    (folder / "link.md").symlink_to(folder.parent / "secret")
    problem = problem_of(folder, "link.md")
    assert problem.code == "manifest/path-escape"
    assert problem.message == "`link.md` is a link that leaves the manifest's folder"
    assert problem.place is not None
    assert problem.place.line == 3


def test_link_inside_the_folder_is_followed(folder: Path) -> None:
    (folder / "link.md").symlink_to(folder / "p.md")
    assert reader(folder)("link.md") == "Größe"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "`x.md` is not text"),
        (b"a\0b", "`x.md` holds a NUL character, so it is not text"),
        (b"x" * (LARGEST_FILE + 1), "`x.md` is not text"),
    ],
    ids=["not UTF-8", "NUL", "too large"],
)
def test_file_that_is_not_text_is_refused(content: bytes, message: str, folder: Path) -> None:
    (folder / "x.md").write_bytes(content)
    problem = problem_of(folder, "x.md")
    assert (problem.code, problem.message) == ("manifest/not-text", message)


def test_device_is_not_read_without_end(folder: Path) -> None:
    (folder / "zero").symlink_to("/dev/zero")
    assert problem_of(folder, "zero").code == "manifest/path-escape"


@pytest.mark.parametrize("path", ["a", "a/b.md", "a/./b", "..a/b", "größe.md", "a b"])
def test_path_stays_inside(path: str) -> None:
    assert stays_inside(path)


@pytest.mark.parametrize(
    "path", ["", ".", "/", "/a", "..", "a/../../b", "a/..", "a\\b", "C:/a", "~", "~a/b", "a\x00b", "a\nb"]
)
def test_path_does_not_stay_inside(path: str) -> None:
    assert not stays_inside(path)


def test_manifest_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no manifest") as caught:
        load(tmp_path / "system.yaml", (), environment={})
    assert caught.value.code == "manifest/missing-file"
    assert "trilens init" in caught.value.help


@pytest.mark.parametrize(
    ("content", "code"), [(b"\xff", "not-text"), (b"trilens: 1\0", "hidden-character"), (b"x" * 300_000, "too-large")]
)
def test_manifest_that_is_not_text(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "system.yaml", (), environment={})
    assert caught.value.code == f"manifest/{code}"


def test_folder_for_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, (), environment={})
    assert (caught.value.code, caught.value.message) == (
        "manifest/unreadable-file",
        f"cannot read `{tmp_path}`: is a directory",
    )
