"""How a command ends: five codes for scripts, and whose fault gives which."""

from enum import IntEnum

from trilens.errors import ExtensionError, ManifestError, PeopleError, SettingsError, StoreError, TrilensError

_OTHER_FOLDER = frozenset({"store/exists", "store/newer", "store/foreign"})
"""The folder is whole, and not for this: whoever named it can name another."""


class Ending(IntEnum):
    PASS = 0
    FAIL = 1
    """A verdict, a verification or a vector fails."""
    USAGE = 2
    """The command, the manifest, the environment or the case does not allow what was asked."""
    UNKNOWN = 3
    """Nothing fails, and something could not be established."""
    FAULT = 4
    """Trilens, the disk or the record is broken."""


def ending_of(error: TrilensError) -> Ending:
    """What is not somebody's to put right is a fault of ours or of the machine."""
    match error:
        case ManifestError() | SettingsError() | PeopleError() | ExtensionError():
            return Ending.USAGE
        case StoreError() if error.code in _OTHER_FOLDER:
            return Ending.USAGE
        case _:
            return Ending.FAULT
