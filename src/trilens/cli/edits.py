"""From what a person types to an edit: changed arguments are put into the call as the model wrote it, the rest stays as it was."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from trilens.declare.suggest import did_you_mean
from trilens.errors import PeopleError, SettingsError
from trilens.people.approvals.edit import Edit, read_edit
from trilens.people.approvals.shown import Card


def edit_of(card: Card, *, sets: Sequence[str], call: int, text: str | None, file: Path | None) -> Edit:
    """The edit.

    Args:
        sets: `NAME=VALUE` for top-level arguments of the call. The value of an argument that is text is text; any other is read as JSON.
        file: a whole edit as JSON; then nothing else is given.

    Raises:
        SettingsError, PeopleError: it cannot be made of this card.
    """
    if file is not None:
        if sets or text is not None:
            raise SettingsError("cli/usage", "`--from` stands alone: the file is the whole edit")
        return read_edit(_read(file))
    if not sets:
        if text is None:
            raise SettingsError("cli/usage", "an edit needs `--set`, `--text` or `--from`")
        return Edit(text=text)
    return Edit({call: json.dumps(_changed(card, sets, call), ensure_ascii=False)}, text)


def _changed(card: Card, sets: Sequence[str], call: int) -> Mapping[str, object]:
    if not 0 <= call < len(card.calls):
        count = len(card.calls)
        raise PeopleError(
            "people/edit-not-possible", f"the answer has no call `{call}`", help=f"it has {count}, counted from 0"
        )
    arguments: dict[str, object] = json.loads(card.calls[call].written or "{}")
    for item in sets:
        name, equals, value = item.partition("=")
        if not equals:
            raise SettingsError("cli/usage", f"expected `NAME=VALUE` after `--set`, got `{item}`")
        if name not in arguments:
            raise SettingsError(
                "cli/unknown-argument", f"the call has no argument `{name}`", help=did_you_mean(name, arguments)
            )
        arguments[name] = value if isinstance(arguments[name], str) else _value(name, value)
    return arguments


def _value(name: str, written: str) -> object:
    try:
        return json.loads(written)
    except ValueError as error:
        raise SettingsError(
            "cli/usage",
            f"`{name}` is no text, and what you gave is not JSON",
            help="write numbers, true, false, null, {…} or […]",
        ) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SettingsError("settings/edit-file", f"cannot read the edit in `{file}`: {reason}") from error
