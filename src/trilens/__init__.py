"""Trilens: every action of an AI system through three lenses, and one record that anyone can check."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trilens.gateways.sdk.handle import OpenSystem

    __version__: str
else:

    def __getattr__(name: str) -> str:
        """`__version__`, looked up when it is asked for: that costs twice as much as starting Python."""
        if name != "__version__":
            raise AttributeError(f"module `trilens` has no attribute `{name}`")
        from importlib.metadata import version  # noqa: PLC0415

        return version("trilens")


def open(  # noqa: A001 - `trilens.open()` reads as what it does
    system: str | Path | None = None,
    *,
    home: str | Path | None = None,
    agent: str = "",
    environment: Mapping[str, str] | None = None,
) -> "OpenSystem":
    """Open the declared system in this process: the same pipeline, guards and ledger as the gateway.

    Args:
        system: path of the manifest; default `$TRILENS_SYSTEM` or `system.yaml`.
        home: folder of the state, made by `trilens init`; default `$TRILENS_HOME` or `.trilens` beside the manifest.
        agent: which agent of the manifest acts here; needed only when it declares several.

    Raises:
        ManifestError, SettingsError, ExtensionError, StoreError: it cannot run safely, and does not.
    """
    from trilens.gateways.sdk.handle import OpenSystem  # noqa: PLC0415 - `import trilens` loads nothing else
    from trilens.plane import open_plane  # noqa: PLC0415
    from trilens.settings import from_environment  # noqa: PLC0415

    known = os.environ if environment is None else environment
    settings = from_environment(known, system=Path(system) if system else None, home=Path(home) if home else None)
    return OpenSystem(open_plane(settings, known), agent=agent)
