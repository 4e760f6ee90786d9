"""Sessions in process, synchronous and asynchronous: the same steps, waited for differently."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Self, TypeVar

from trilens.enforce.drive import Answered, AsyncDriver, Driver
from trilens.gateways.sdk.conversation import (
    Conversation,
    arguments_left,
    bound_arguments,
    leaving,
    one_call,
)
from trilens.gateways.sdk.refusal import stopped
from trilens.vocabulary.outcome import EventKind, Outcome
from trilens.vocabulary.written import printable

T = TypeVar("T")

current_session: ContextVar["Session | AsyncSession | None"] = ContextVar("trilens_session", default=None)
"""The innermost open session of this thread or task."""


class Session:
    """One conversation of one agent with one person.

    with system.session(person="C-17") as session:
        session.user("Please refund order O-1001.")
        session.call(refund, order_id="O-1001", amount="30 EUR")
        print(session.reply("Your refund is on its way."))
    """

    def __init__(self, conversation: Conversation, driver: Driver) -> None:
        self._conversation = conversation
        self._driver = driver

    def __enter__(self) -> Self:
        self._token = current_session.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        current_session.reset(self._token)

    def user(self, text: str) -> None:
        """Judge and record what the person said. Raises: ActionStopped, StoreError."""
        self._conversation.heard(text)
        self._observe()

    def call(self, function: Callable[..., T], *args: object, **kwargs: object) -> T:
        """Run a tool if all three lenses let it, with the arguments as they left the lenses; its result is recorded and labelled.

        The tool is the function's name in the manifest. What it raises is recorded as its result and raised on.

        Raises:
            ActionDenied, ActionHeld: it did not run.
            StoreError: it could not be recorded, so it did not run.
        """
        arguments = bound_arguments(function, args, kwargs)
        call = self._conversation.call_of(function.__name__, arguments)
        ruled = self._driver.judge_answer(self._conversation.asked(), one_call(call))
        left = leaving(ruled, EventKind.TOOL_CALL)
        try:
            result = function(**arguments_left(left, arguments))
        except Exception as error:
            self._conversation.called(left.call or call, f"error: {type(error).__name__}")
            self._observe()
            raise
        self._conversation.called(left.call or call, result)
        self._observe()
        return result

    def reply(self, text: str) -> str:
        """The text as it may be shown, with whatever must stand in front of it. Raises: ActionStopped, StoreError."""
        ruled = self._driver.judge_answer(self._conversation.asked(), Answered(printable(text)))
        shown = leaving(ruled, EventKind.OUTPUT).text
        self._conversation.said(shown)
        return shown

    def _observe(self) -> None:
        ruled = self._driver.judge_heard(self._conversation.asked())
        if ruled.plan.outcome is not Outcome.ALLOW:
            raise stopped(ruled)


class AsyncSession:
    """The asynchronous twin of Session; `async with system.async_session(...)`."""

    def __init__(self, conversation: Conversation, driver: AsyncDriver) -> None:
        self._conversation = conversation
        self._driver = driver

    async def __aenter__(self) -> Self:
        self._token = current_session.set(self)
        return self

    async def __aexit__(self, *_: object) -> None:
        current_session.reset(self._token)

    async def user(self, text: str) -> None:
        """Judge and record what the person said. Raises: ActionStopped, StoreError."""
        self._conversation.heard(text)
        await self._observe()

    async def call(self, function: Callable[..., Awaitable[T]], *args: object, **kwargs: object) -> T:
        """Run an asynchronous tool if all three lenses let it. Raises: as Session.call."""
        arguments = bound_arguments(function, args, kwargs)
        call = self._conversation.call_of(function.__name__, arguments)
        ruled = await self._driver.judge_answer(self._conversation.asked(), one_call(call))
        left = leaving(ruled, EventKind.TOOL_CALL)
        try:
            result = await function(**arguments_left(left, arguments))
        except Exception as error:
            self._conversation.called(left.call or call, f"error: {type(error).__name__}")
            await self._observe()
            raise
        self._conversation.called(left.call or call, result)
        await self._observe()
        return result

    async def reply(self, text: str) -> str:
        """The text as it may be shown. Raises: ActionStopped, StoreError."""
        ruled = await self._driver.judge_answer(self._conversation.asked(), Answered(printable(text)))
        shown = leaving(ruled, EventKind.OUTPUT).text
        self._conversation.said(shown)
        return shown

    async def _observe(self) -> None:
        ruled = await self._driver.judge_heard(self._conversation.asked())
        if ruled.plan.outcome is not Outcome.ALLOW:
            raise stopped(ruled)
