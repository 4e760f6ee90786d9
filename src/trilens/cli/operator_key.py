"""Where the operator's key comes from: a file or the environment, never the command line, which everybody on the machine can read."""

import os
from pathlib import Path

from trilens.errors import SettingsError

VARIABLE = "TRILENS_OPERATOR_KEY"

_LONGEST = 4_096


def operator_key(key_file: Path | None) -> str:
    """The text of the key; empty when none is given. Whether it is one, and whose, is for `people.operators`.

    Raises:
        SettingsError: the file cannot be read; code `settings/key-file`.
    """
    if key_file is None:
        return os.environ.get(VARIABLE, "").strip()
    try:
        with key_file.open(encoding="utf-8") as file:
            return file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is not text").lower()
        raise SettingsError("settings/key-file", f"cannot read the key in `{key_file}`: {reason}") from error
