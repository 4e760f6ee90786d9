"""A manifest from its file, with the files it names read from beside it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from trilens.declare.files import read_text, reader
from trilens.declare.parse import GuardSheet, Manifest, parse_manifest
from trilens.errors import ManifestError


def load(path: Path, sheets: Iterable[GuardSheet], *, environment: Mapping[str, str]) -> Manifest:
    """Read the manifest at `path`.

    Raises:
        ManifestError: it cannot be read (`manifest/missing-file`, `manifest/unreadable-file`, `manifest/not-text`), or see
            `parse.parse_manifest`.
    """
    text = _text(path)
    return parse_manifest(text, sheets, file=str(path), environment=environment, read=reader(path.parent))


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except FileNotFoundError as error:
        hint = "`trilens init` writes one; `--system PATH` names another"
        raise ManifestError("manifest/missing-file", f"no manifest `{path}`", help=hint) from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ManifestError(
            "manifest/unreadable-file", f"cannot read `{path}`: {reason}", help="make it a readable file"
        ) from error
    except ValueError as error:
        raise ManifestError("manifest/not-text", f"`{path}` is not text", help="save it as UTF-8 text") from error
