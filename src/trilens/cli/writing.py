"""A deed that writes to the journal: through the running server, or directly when nothing holds it."""

from collections.abc import Callable
from typing import TypeVar

from trilens.cli import installation
from trilens.errors import StoreError
from trilens.operators.address import Address
from trilens.settings import Settings

T = TypeVar("T")


def written(settings: Settings, through: Callable[[Address], T], directly: Callable[[], T]) -> T:
    """Do it one way or the other.

    Raises:
        StoreError: what holds the journal is no server; code `store/locked`.
        TrilensError: what either raises.
    """
    installation.require_state(settings)
    server = installation.running_server(settings)
    if server is not None:
        return through(server)
    try:
        return directly()
    except StoreError as error:
        if error.code != "store/locked":
            raise
        # a server may have come up in between
        server = installation.running_server(settings)
        if server is None:
            raise StoreError(
                error.code,
                error.message,
                help="what holds it takes no decisions; stop it, or decide in the process that holds it",
            ) from error
        return through(server)
