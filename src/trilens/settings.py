"""Everything the environment decides, in one table. An undocumented variable is a failing test."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trilens.errors import SettingsError

VARIABLES: Mapping[str, str] = {
    "TRILENS_HOME": "folder that holds the state; default `.trilens` beside the manifest",
    "TRILENS_SYSTEM": "path of the manifest; default `system.yaml` in the working folder",
    "TRILENS_OPERATOR_KEY": "operator key used by commands that decide (`approvals approve`)",
    "TRILENS_DEMO_MODEL_URL": "OpenAI-compatible endpoint the demo uses instead of its scripted model",
    "NO_COLOR": "any value: no colour in the terminal",
    "COLUMNS": "width of the output where it is not a terminal; without it, lines are not wrapped",
    "TERM": "`dumb`: a terminal without colour",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where this installation reads and writes."""

    system: Path
    home: Path


def from_environment(
    environment: Mapping[str, str], *, system: Path | None = None, home: Path | None = None
) -> Settings:
    """Resolve the two paths: arguments first, then the environment, then the defaults.

    Raises:
        SettingsError: `TRILENS_HOME` is a file; code `settings/home`.
    """
    manifest = system or Path(environment.get("TRILENS_SYSTEM") or "system.yaml")
    state = home or Path(environment.get("TRILENS_HOME") or manifest.parent / ".trilens")
    if state.exists() and not state.is_dir():
        raise SettingsError("settings/home", f"`TRILENS_HOME` must be a folder, got a file: `{state}`")
    return Settings(manifest, state)
