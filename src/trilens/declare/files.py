"""The files a manifest names: read through the function it is given, never from outside its folder."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from trilens.declare.document import Data, Document, Loc
from trilens.errors import ManifestError

LARGEST_FILE = 4_194_304
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Files:
    texts: Mapping[tuple[str, str], str]
    """By (section, name)."""
    problems: tuple[ManifestError, ...]


def read_files(document: Document, data: Mapping[str, Data], read: Callable[[str], str]) -> Files:
    """Read the texts of all prompts and sources.

    Args:
        read: gives the text of a path relative to the manifest; raises OSError, ValueError (not UTF-8, too large) or ManifestError.
    """
    texts: dict[tuple[str, str], str] = {}
    problems: list[ManifestError] = []
    for section, name, path in _paths(data):
        at: Loc = (section, name, "path")
        try:
            texts[section, name] = _text(path, read)
        except ManifestError as error:
            problems.append(document.error(error.code, error.message, at=at, hint=error.help))
    return Files(texts, tuple(problems))


def _paths(data: Mapping[str, Data]) -> Iterator[tuple[str, str, str]]:
    for section in ("prompts", "sources"):
        entries = data.get(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            path = entry.get("path") if isinstance(entry, dict) else None
            if isinstance(path, str):
                yield section, name, path


def _text(path: str, read: Callable[[str], str]) -> str:
    if not stays_inside(path):
        hint = "write a path below the manifest's folder, such as `prompts/support.md`"
        raise ManifestError("manifest/path-escape", f"`{path}` leaves the manifest's folder", help=hint)
    try:
        text = read(path)
        text.encode()
    except FileNotFoundError as error:
        raise ManifestError(
            "manifest/missing-file", f"no file `{path}`", help="create it, or correct the path"
        ) from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ManifestError(
            "manifest/unreadable-file", f"cannot read `{path}`: {reason}", help="make it a readable file"
        ) from error
    except ValueError as error:
        hint = f"save it as UTF-8 text of at most {LARGEST_FILE} bytes"
        raise ManifestError("manifest/not-text", f"`{path}` is not text", help=hint) from error
    if "\0" in text:
        raise ManifestError(
            "manifest/not-text", f"`{path}` holds a NUL character, so it is not text", help="save it as UTF-8 text"
        )
    return text


def stays_inside(path: str) -> bool:
    """Whether a relative path, as written, stays below the folder it is relative to. Links are the reader's concern."""
    pure = PurePosixPath(path)
    is_plain = path.isprintable() and "\\" not in path and ":" not in path and not path.startswith("~")
    return is_plain and bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts


def reader(folder: Path) -> Callable[[str], str]:
    """A `read` for a manifest in `folder`; a link that leads out of the folder is refused."""
    top = folder.resolve()

    def read(path: str) -> str:
        file = (top / path).resolve()
        if not file.is_relative_to(top):
            hint = "copy the file into the manifest's folder"
            raise ManifestError(
                "manifest/path-escape", f"`{path}` is a link that leaves the manifest's folder", help=hint
            )
        return read_text(file)

    return read


def read_text(file: Path) -> str:
    """The text of a file. Raises: OSError; ValueError when it is not UTF-8 or larger than `LARGEST_FILE`."""
    with file.open("rb") as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError("too large")
    return data.decode("utf-8")
