"""The turns of one session in process, and the requests they make: what the two kinds of session share."""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping

from trilens.enforce.drive import Answered, Asked, Ruled
from trilens.errors import WireError
from trilens.gateways.sdk.refusal import stopped
from trilens.mechanisms.events import argument_path
from trilens.vocabulary.canonical import Mac, canonical, plain
from trilens.vocabulary.event import Call, Event, Turn
from trilens.vocabulary.outcome import EventKind, Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import Agent, System
from trilens.vocabulary.written import printable

_NAMELESS = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY})


def _written(value: object) -> object:
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return vars(value)
    # INVARIANT: the tool has run, so whatever it returned is written down somehow
    return str(value)


class Conversation:
    """A growing list of turns with one principal. Not safe for use by several threads or tasks at once."""

    def __init__(self, system: System, agent: Agent, principal: Principal, *, session: str, mac: Mac) -> None:
        self.system = system
        self.agent = agent
        self.principal = principal
        self._session = session
        self._mac = mac
        self._turns: list[Turn] = []
        self._calls = 0
        prompt = system.prompts.get(agent.prompt)
        if prompt is not None:
            self._add(Role.SYSTEM, prompt.text)

    def heard(self, text: str) -> None:
        """The person said `text`."""
        self._add(Role.USER, printable(text))

    def asked(self) -> Asked:
        """The conversation as the driver takes it."""
        chain = hashlib.sha256(b"".join(t.digest for t in self._turns)).digest()
        parts = (self.principal.account_holder, self._session, self.system.digest, chain)
        request_mac = self._mac.of("request", *parts)
        turns = tuple(self._turns)
        return Asked(turns, self.principal, self._session, request_mac, self.agent.model, surface="sdk")

    def call_of(self, tool: str, arguments: Mapping[str, object]) -> Call:
        """A new call of `tool`, not yet judged."""
        self._calls += 1
        return Call(f"call_{self._calls}", tool, json.dumps(plain(arguments)))

    def called(self, call: Call, result: object) -> None:
        """`call` was made and gave `result`."""
        self._add(Role.ASSISTANT, "", calls=(call,))
        text = result if isinstance(result, str) else json.dumps(result, default=_written, ensure_ascii=False)
        self._add(Role.TOOL, printable(text), call_id=call.id)

    def said(self, text: str) -> None:
        """The agent's `text` was given to the person."""
        self._add(Role.ASSISTANT, text)

    def _add(self, role: Role, text: str, *, calls: tuple[Call, ...] = (), call_id: str = "") -> None:
        parts = canonical([role.value, text, [[c.id, c.tool, c.arguments] for c in calls], call_id])
        self._turns.append(Turn(role, text, hashlib.sha256(parts).digest(), calls, call_id))


def leaving(ruled: Ruled, kind: EventKind) -> Event:
    """The one event of `kind` as it may leave. Raises: ActionDenied, ActionHeld: it may not."""
    for ruling in ruled.plan.rulings:
        if ruling.event.kind is kind and ruling.leaves is not None:
            return ruling.leaves
    raise stopped(ruled)


def arguments_left(left: Event, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """The arguments a call may run with: those it was asked with, and in them the texts that were changed."""
    texts = {name: value for name, value in left.arguments().items() if isinstance(value, str)}
    asked = {name: value for name, value in arguments.items() if isinstance(value, str)}
    return {**arguments, **{name: texts.get(argument_path(name), value) for name, value in asked.items()}}


def one_call(call: Call) -> Answered:
    return Answered("", (call,))


def bound_arguments(
    function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]
) -> dict[str, object]:
    """Arguments by name, defaults included, as the manifest's sheet names them and as the function takes them.

    Raises:
        WireError: the call does not fit the function, or the function takes arguments without a name; code `wire/arguments`.
    """
    signature = inspect.signature(function)
    if any(parameter.kind in _NAMELESS for parameter in signature.parameters.values()):
        raise WireError("wire/arguments", f"`{function.__name__}` takes arguments that have no name")
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise WireError("wire/arguments", f"the call does not fit `{function.__name__}`: {error}") from error
    bound.apply_defaults()
    by_name = dict(bound.arguments)
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            by_name |= by_name.pop(parameter.name)
    return by_name
