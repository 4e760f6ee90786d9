"""Everything the environment decides, in one table. An undocumented variable is a failing test."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from trilens.errors import SettingsError

VARIABLES: Mapping[str, str] = {
    "TRILENS_HOME": "folder that holds the state; default `.trilens` beside the manifest",
    "TRILENS_SYSTEM": "path of the manifest; default `system.yaml` in the working folder",
    "TRILENS_OPERATOR_KEY": "operator key used by commands that decide (`approvals approve`)",
    "TRILENS_HOSTS": "host names the server answers to, separated by commas, besides `localhost` and the address it is asked at; a proxy's name, say",
    "TRILENS_ORIGINS": "sites whose pages may send requests, separated by commas (`https://console.example`); none but the server's own otherwise",
    "TRILENS_WEBHOOK_URL": "where a new case and a stop are told, `https://…`; nobody is told without it",
    "TRILENS_WEBHOOK_SECRET": "what webhooks are signed with: `whsec_` and Base64, as the receiver has it",
    "NOTIFY_SOCKET": "set by systemd: where `serve` says that it is ready",
    "TRILENS_DEMO_MODEL_URL": "OpenAI-compatible endpoint the demo uses instead of its scripted model",
    "NO_COLOR": "any value: no colour in the terminal",
    "COLUMNS": "width of the output where it is not a terminal; without it, lines are not wrapped",
    "TERM": "`dumb`: a terminal without colour",
}

_OURS = "TRILENS_"
_TESTS = "TRILENS_TEST_"
"""What the repository's own tests read; nothing that is installed does."""


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
        SettingsError: `TRILENS_HOME` is a file (`settings/home`), or a variable is none of ours (`settings/unknown-variable`).
    """
    _require_known(environment)
    manifest = system or Path(environment.get("TRILENS_SYSTEM") or "system.yaml")
    state = home or Path(environment.get("TRILENS_HOME") or manifest.parent / ".trilens")
    if state.exists() and not state.is_dir():
        raise SettingsError("settings/home", f"`TRILENS_HOME` must be a folder, got a file: `{state}`")
    return Settings(manifest, state)


def _require_known(environment: Mapping[str, str]) -> None:
    # a misspelt `TRILENS_HOME` would quietly open another ledger
    for name in sorted(environment):
        if name.startswith(_OURS) and name not in VARIABLES and not name.startswith(_TESTS):
            near = get_close_matches(name, VARIABLES, n=1, cutoff=0.8)
            help_text = f"did you mean `{near[0]}`?" if near else "correct its name, or unset it"
            raise SettingsError("settings/unknown-variable", f"unknown environment variable `{name}`", help=help_text)


_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_ORIGIN = re.compile(rf"[a-z][a-z0-9+.-]*://({_HOST.pattern})(:[0-9]{{1,5}})?")


@dataclass(frozen=True, slots=True)
class Served:
    """Who may be asked for, and by whose pages."""

    hosts: frozenset[str] = frozenset()
    """Names and addresses, lower case, without a port: any port is meant."""
    origins: frozenset[str] = frozenset()
    """Scheme, host and port, as browsers write them."""


def served_from(environment: Mapping[str, str]) -> Served:
    """Read `TRILENS_HOSTS` and `TRILENS_ORIGINS`; nothing stands for "all".

    Raises:
        SettingsError: a part is no host, or no origin; code `settings/hosts` or `settings/origins`.
    """
    hosts = frozenset(_parts(environment.get("TRILENS_HOSTS", "")))
    origins = frozenset(_parts(environment.get("TRILENS_ORIGINS", "")))
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise SettingsError(
                "settings/hosts", f"`TRILENS_HOSTS` must name hosts, got `{host}`", help="no scheme, port or `*`"
            )
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                "settings/origins", f"`TRILENS_ORIGINS` must name origins, got `{origin}`", help="https://name, no path"
            )
    return Served(hosts, origins)


def _parts(written: str) -> Iterator[str]:
    return (stripped for part in written.split(",") if (stripped := part.strip().lower()))
