"""What `trilens.open()` gives: one declared system, its tools and its sessions."""

import functools
import inspect
from collections.abc import Callable
from typing import Protocol, Self, TypeVar, cast

from trilens.enforce.drive import AsyncDriver, Driver
from trilens.enforce.pipeline import Bench
from trilens.errors import SettingsError
from trilens.gateways.sdk.conversation import Conversation
from trilens.gateways.sdk.session import AsyncSession, Session, current_session
from trilens.gateways.sdk.suggestion import named
from trilens.vocabulary.principal import Principal

F = TypeVar("F", bound=Callable[..., object])


class Plane(Protocol):
    """What a handle needs of the composition root."""

    @property
    def bench(self) -> Bench: ...
    @property
    def sync_driver(self) -> Driver: ...
    @property
    def driver(self) -> AsyncDriver: ...
    def close(self) -> None: ...


class OpenSystem:
    """A declared system in this process. It holds the ledger: one process at a time; close it, or use it in a `with`."""

    def __init__(self, plane: Plane, *, agent: str = "") -> None:
        system = plane.bench.system
        only = next(iter(system.agents), "") if len(system.agents) == 1 else ""
        self._plane = plane
        self._agent = named("agent", agent or only, system.agents)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write the last checkpoint and let go of the ledger."""
        self._plane.close()

    def tool(self, function: F) -> F:
        """Judge every call of `function` made inside an open session, before it runs.

        Raises:
            SettingsError: the manifest declares no tool of this name; code `settings/unknown-tool`.
        """
        named("tool", function.__name__, self._plane.bench.system.tools)

        @functools.wraps(function)
        def judged(*args: object, **kwargs: object) -> object:
            session = current_session.get()
            is_async = inspect.iscoroutinefunction(function)
            if session is None or isinstance(session, AsyncSession) is not is_async:
                kind = "async with system.async_session(...)" if is_async else "with system.session(...)"
                raise SettingsError(
                    "settings/no-session",
                    f"`{function.__name__}` is called outside a session",
                    help=f"call it inside `{kind}`",
                )
            return session.call(function, *args, **kwargs)  # type: ignore[arg-type]

        return cast("F", judged)

    def session(self, *, person: str = "", role: str = "", id: str = "") -> Session:  # noqa: A002
        """A conversation with `person` of the manifest's people `role` (needed only when it declares several)."""
        return Session(self._conversation(person, role, id), self._plane.sync_driver)

    def async_session(self, *, person: str = "", role: str = "", id: str = "") -> AsyncSession:  # noqa: A002
        """The asynchronous twin of `session`."""
        return AsyncSession(self._conversation(person, role, id), self._plane.driver)

    def _conversation(self, person: str, role: str, session: str) -> Conversation:
        bench = self._plane.bench
        asserted = {r.id: r for r in bench.system.people.values() if r.header}
        chosen = named("people role", role or next(iter(asserted), ""), asserted) if person else None
        who = Principal("sdk", self._agent.id, chosen.id if chosen else "", person, chosen.region if chosen else "")
        name = bench.mac.of("session", "sdk", session) if session else ""
        return Conversation(bench.system, self._agent, who, session=name, mac=bench.mac)
