"""One installation is opened whole or not at all."""

from contextlib import closing
from pathlib import Path

import pytest

from trilens import plane
from trilens.errors import ExtensionError
from trilens.lenses import catalog
from trilens.settings import Settings
from trilens.storage.sqlite.create import create
from trilens.storage.sqlite.journal import open_journal

SUPPORT = Path(__file__).parents[1] / "examples" / "support"
ENVIRONMENT = {
    "UPSTREAM_URL": "http://127.0.0.1:1/v1",
    "UPSTREAM_KEY": "k",
    "SPARE_URL": "http://127.0.0.1:1/v1",
    "SPARE_KEY": "k",
}


def test_a_guard_that_cannot_be_imported_stops_the_start_before_anything_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(tmp_path / "state")

    def broken(module: str) -> None:
        raise RuntimeError(module)

    monkeypatch.setattr(catalog, "_judge_of", broken)
    with pytest.raises(ExtensionError) as caught:
        plane.open_plane(Settings(SUPPORT / "system.yaml", tmp_path / "state"), ENVIRONMENT)
    assert caught.value.code == "extension/not-importable"
    with closing(open_journal(tmp_path / "state")) as journal:
        assert journal.size() == 0
