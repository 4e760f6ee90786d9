"""Looking a name up in the manifest, with an error that says what was meant."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

from trilens.errors import SettingsError

T = TypeVar("T")


def named(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The entry of that name.

    Raises:
        SettingsError: there is none; code `settings/unknown-KIND`, with the nearest name as help.
    """
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    choices = ", ".join(f"`{k}`" for k in known) or "none"
    hint = f"did you mean `{near[0]}`?" if near else f"declared: {choices}"
    raise SettingsError(
        f"settings/unknown-{kind.split(maxsplit=1)[0]}", f"the manifest declares no {kind} `{name}`", help=hint
    )
