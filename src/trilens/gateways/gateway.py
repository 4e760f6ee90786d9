"""What every protocol's routes share: the parts, who asks for what, and the models asked in order.

INVARIANT: a model is asked only after a judgement of exactly that model call was committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from trilens.enforce.drive import Asked, AsyncDriver
from trilens.enforce.plan import DraftEntry
from trilens.enforce.words import why_of
from trilens.errors import WireError
from trilens.gateways.admission import Admission
from trilens.gateways.credentials import Credentials
from trilens.gateways.halting import Halts
from trilens.gateways.headers import Head
from trilens.gateways.upstream import Upstream, UpstreamReply, target_of
from trilens.prove.ledger.entry import Kind
from trilens.vocabulary.canonical import Mac
from trilens.vocabulary.event import Turn
from trilens.vocabulary.outcome import Outcome, Role
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import System

_CLIENTS_FAULT = frozenset({400, 413, 422})
"""Of an upstream: it read the request and refuses it. Any other status than 200 is a failure of the upstream, or of our key."""


class Request(Protocol):
    """A request as a protocol's `inbound` read it."""

    @property
    def turns(self) -> tuple[Turn, ...]: ...

    @property
    def model(self) -> str:
        """As the client names it."""
        ...

    def for_model(self, name: str) -> bytes:
        """The body to send to the model of that name."""
        ...

    def canonical(self) -> bytes:
        """The whole request in one spelling."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """The first model that answered. Whoever holds it closes `reply`."""

    model: str
    """Id."""
    reply: UpstreamReply


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts. One instance serves one event loop."""

    system: System
    mac: Mac
    driver: AsyncDriver
    credentials: Credentials
    upstream: Upstream
    environment: Mapping[str, str]
    roles: Mapping[bytes, str]
    """People role by the name of the header that asserts it."""
    admission: Admission = field(default_factory=Admission)
    halts: Halts = field(default_factory=Halts)

    def asked(self, request: Request, principal: Principal, head: Head) -> Asked:
        """The request as the driver takes it.

        Facts: `is_first_output` (no answer with words stands in the conversation) and `language` (what the client asks for, BCP 47).
        """
        system, mac = self.system, self.mac
        session = mac.of("session", principal.key, head.session) if head.session else ""
        holder = (principal.key, principal.agent, principal.account_holder)
        is_first = not any(turn.role is Role.ASSISTANT and turn.text for turn in request.turns)
        return Asked(
            turns=request.turns,
            principal=principal,
            session=session,
            request_mac=mac.of("request", *holder, session, system.digest, request.canonical()),
            model=self._model(request.model, principal),
            facts={"is_first_output": is_first, "language": head.language},
            surface="chat",
        )

    def _model(self, named: str, principal: Principal) -> str:
        """The id of the agent's model when it is meant by id or name; anything else as it is named, for the pipeline to deny."""
        agent = self.system.agents.get(principal.agent)
        model = self.system.models.get(agent.model) if agent else None
        return model.id if model and named in (model.id, model.name) else named

    async def ask(self, asked: Asked, request: Request, onward: Sequence[tuple[str, str]], *, path: str) -> Taken:
        """Ask the model, and when it fails the ones the manifest names after it, each judged first.

        The call of the first was judged with the request. What failed, or was denied, is recorded.

        Raises:
            WireError: none answered; `upstream/unavailable` (502, or 504 when all were too slow), `upstream/not-configured` (503).
            StoreError: something could not be recorded.
        """
        first = self.system.models[asked.model]
        target_of(first, path, self.environment)
        failed: list[tuple[str, WireError]] = []
        for model_id in (first.id, *first.fallback):
            if model_id != first.id:
                ruled = await self.driver.judge_model(replace(asked, model=model_id))
                if ruled.plan.outcome is not Outcome.ALLOW:
                    why = f"was refused ({why_of(ruled.plan.rulings[0])})"
                    failed.append((model_id, WireError("upstream/denied", why, status=502)))
                    continue
            try:
                return Taken(model_id, await self._ask_one(model_id, request, onward, path))
            except WireError as error:
                failed.append((model_id, error))
                await self.note_fault(asked, model_id, error.code)
        raise _none_answered(failed)

    async def _ask_one(
        self, model_id: str, request: Request, onward: Sequence[tuple[str, str]], path: str
    ) -> UpstreamReply:
        model = self.system.models[model_id]
        target = target_of(model, path, self.environment)
        reply = await self.upstream.ask(target, onward, request.for_model(model.name))
        if reply.status == 200 or reply.status in _CLIENTS_FAULT:
            return reply
        async with reply:
            raise WireError("upstream/status", f"answered {reply.status}", status=502)

    async def note_fault(self, asked: Asked, model_id: str, code: str) -> None:
        """Record that an upstream failed. Raises: StoreError."""
        await self.driver.note(asked, DraftEntry(Kind.FAULT, {"model": model_id, "what": code}))


def _none_answered(failed: Sequence[tuple[str, WireError]]) -> WireError:
    reasons = ", ".join(f"`{model_id}` {error.message}" for model_id, error in failed)
    asked = [error for _, error in failed if error.code != "upstream/denied"]
    status = 504 if asked and all(error.status == 504 for error in asked) else 502
    return WireError("upstream/unavailable", f"no model answered: {reasons}", status=status)


def asserting_headers(system: System) -> dict[bytes, str]:
    """People role by the lower-case name of the header that asserts it."""
    return {role.header.encode("latin-1"): role.id for role in system.people.values() if role.header}
