"""The server's address: for its owner alone, gone when the server is, and never believed when it is malformed."""

import stat
from pathlib import Path

import pytest

from trilens.errors import SettingsError, StoreError
from trilens.operators.address import FILE, Address, published, read_address

HERE = Address("127.0.0.1", 8740, 7, "sha256:0")


def test_an_address_can_be_read_while_the_server_runs_and_not_after(tmp_path: Path) -> None:
    with published(tmp_path, HERE):
        assert read_address(tmp_path) == HERE
        assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert read_address(tmp_path) is None


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), published(tmp_path, HERE):
        raise KeyboardInterrupt
    assert read_address(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"host": 1, "port": 1, "pid": 1, "policy": ""}', "\ud800"])
def test_a_malformed_file_names_no_server(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError) as raised:
        read_address(tmp_path)
    assert raised.value.code == "settings/server-file"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError), published(tmp_path / "missing", HERE):
        pass


@pytest.mark.parametrize(("host", "url"), [("127.0.0.1", "http://127.0.0.1:8740"), ("::1", "http://[::1]:8740")])
def test_url_names_the_address(host: str, url: str) -> None:
    assert Address(host, 8740, 7, "").url == url
