"""Snapshot, judge, commit: the driver around the pipeline, written once and run by two twins.

The procedure is a generator that yields the futures it waits for; `Driver` waits in its thread, `AsyncDriver` in its event loop.
Neither adds a decision of its own.

INVARIANT: what a method returns has been committed. If it cannot be recorded, it raises StoreError and nothing has changed.
"""

import asyncio
import os
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

from trilens.enforce.happening import heard_events, next_model_call, said
from trilens.enforce.hold import Standing, standing_of
from trilens.enforce.pipeline import Bench, judge_exchange
from trilens.enforce.plan import Draft, DraftEntry, Plan
from trilens.enforce.seal import Sealer
from trilens.enforce.seen import NOTHING, JudgedPrefixes, Withheld
from trilens.enforce.told import ToldTurns, who_of
from trilens.enforce.words import refused
from trilens.errors import StoreError
from trilens.mechanisms import events
from trilens.mechanisms.budget.accounts import claims_of
from trilens.mechanisms.flow.cache import FlowCache
from trilens.mechanisms.flow.flow import Flow
from trilens.storage.ports import Actor, Case, Committed, Conflict, Journal, KeyRing, Query, Snapshot
from trilens.vocabulary.event import EMPTY, Call, Event, Exchange, Turn
from trilens.vocabulary.outcome import Outcome
from trilens.vocabulary.principal import Principal

T = TypeVar("T")
Steps: TypeAlias = Generator[Future[Any], Any, T]
"""A procedure that yields each future it waits for and is sent its result."""

_ATTEMPTS = 8
"""Judgements on a fresh snapshot before a contended exchange is denied; 40 concurrent refunds on one account need 2."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a gateway understood it."""

    turns: tuple[Turn, ...]
    principal: Principal
    session: str
    request_mac: str
    model: str
    """Id of the model of the manifest it is meant for, or the name on the wire when none is declared."""
    facts: Mapping[str, object] = field(default_factory=lambda: EMPTY)
    surface: str = ""
    """What it came in by: `chat`, `sdk`."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's answer, or a judged window of one."""

    text: str
    calls: tuple[Call, ...] = ()
    text_ref: str = "choices[0].message.content"
    calls_ref: str = "choices[0].message.tool_calls"


@dataclass(frozen=True, slots=True)
class Ruled:
    """A judgement that has been recorded."""

    plan: Plan
    committed: Committed
    withheld: Withheld = field(default_factory=lambda: NOTHING)
    """Of a request: the results that the model must not see, of this turn and of earlier ones."""


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A judgement that has not been recorded."""

    plan: Plan
    now_ms: int
    flow: Flow


class _Procedure:
    """What both twins do. `clock` gives milliseconds since 1970 UTC and is read once per attempt."""

    def __init__(
        self,
        bench: Bench,
        *,
        journal: Journal,
        keyring: KeyRing,
        clock: Callable[[], int],
        random: Callable[[int], bytes] = os.urandom,
        deadline_s: float = 10.0,
    ) -> None:
        self.bench = bench
        self.journal = journal
        self.sealer = Sealer(bench.system, keyring, random)
        self.clock = clock
        self.deadline_s = deadline_s
        self._flows = FlowCache()
        self._judged = JudgedPrefixes()
        self._told = ToldTurns()

    def _standing(self, asked: Asked) -> Steps[Standing]:
        now_ms = self.clock()
        actor = Actor(asked.principal.agent, asked.session)
        snapshot = yield from _ask(self.journal.snapshot(Query(now_ms, request=asked.request_mac, actor=actor)))
        # a case of somebody who is stopped neither waits nor is released: the request is judged, and refused
        return standing_of(None if snapshot.stop else snapshot.held, now_ms)

    def _request(self, asked: Asked) -> Steps[Ruled]:
        return (yield from self._take_in(asked, (next_model_call(self._scene(asked), asked.model, asked.turns),)))

    def _heard(self, asked: Asked) -> Steps[Ruled]:
        return (yield from self._take_in(asked, ()))

    def _take_in(self, asked: Asked, next_events: tuple[Event, ...]) -> Steps[Ruled]:
        """(8) and (1): what new turns show, and what is to happen next."""
        who = self._who(asked)
        before = self._judged.longest(who, asked.turns)
        heard = heard_events(self._scene(asked), asked.turns, before.turns)
        if not heard and not next_events:
            # the same words were judged before, and nothing follows here: there is nothing to record
            size = self.journal.size()
            return Ruled(Plan((), Outcome.ALLOW, "", Draft(())), Committed(size, size), before.withheld)
        ruled = yield from self._decide(asked, (*heard.values(), *next_events))
        if ruled.plan.outcome in (Outcome.ALLOW, Outcome.MODIFY):
            reasons = zip(heard, ruled.plan.rulings, strict=False)
            stopped = {at: refused(ruling, self.bench.system) for at, ruling in reasons if ruling.leaves is None}
            ruled = replace(ruled, withheld={**before.withheld, **stopped})
            self._judged.mark(who, asked.turns, ruled.withheld)
        return ruled

    def _model(self, asked: Asked) -> Steps[Ruled]:
        return (yield from self._decide(asked, (next_model_call(self._scene(asked), asked.model, asked.turns),)))

    def _answer(self, asked: Asked, answered: Answered, *, kept: bytes, kept_case: str) -> Steps[Ruled]:
        proposed = said(
            self._scene(asked), answered.text, answered.calls, text_ref=answered.text_ref, calls_ref=answered.calls_ref
        )
        return (yield from self._decide(asked, proposed, is_answer=True, kept=kept, kept_case=kept_case))

    def _note(self, asked: Asked, entry: DraftEntry) -> Steps[Committed]:
        now_ms = self.clock()
        exchange = self._exchange(asked, (), is_answer=False)
        batch = self.sealer.batch(Draft((entry,)), exchange, now_ms)
        done = yield from _ask(self.journal.commit(batch))
        if isinstance(done, Conflict):
            raise StoreError("store/conflict", "an entry without conditions was refused")
        return done

    def _decide(
        self,
        asked: Asked,
        happening: tuple[Event, ...],
        *,
        is_answer: bool = False,
        kept: bytes = b"",
        kept_case: str = "",
    ) -> Steps[Ruled]:
        exchange = self._exchange(asked, happening, is_answer=is_answer)
        for _ in range(_ATTEMPTS):
            weighed = yield from self._weigh(exchange, kept_case)
            ruled = yield from self._commit(exchange, weighed, kept, asked.surface)
            if ruled is not None:
                return ruled
        raise _contended()

    def _window(self, asked: Asked, text: str, *, text_ref: str, is_first: bool) -> Steps[Ruled | None]:
        event = events.output(self._scene(asked), text, wire_ref=text_ref)
        exchange = self._exchange(asked, (event,), is_answer=True)
        for _ in range(_ATTEMPTS):
            weighed = yield from self._weigh(exchange, "")
            leaves = weighed.plan.rulings[0].leaves
            if leaves is None or not (leaves.text == text or (is_first and leaves.text.endswith(text))):
                return None
            ruled = yield from self._commit(exchange, weighed, b"", asked.surface)
            if ruled is not None:
                return ruled
        raise _contended()

    def _weigh(self, exchange: Exchange, kept_case: str) -> Steps["_Weighed"]:
        """(1) to (5), on a fresh snapshot and one reading of the clock."""
        now_ms = self.clock()
        snapshot = yield from _ask(self.journal.snapshot(self._query(exchange, now_ms)))
        flow = self._flow(exchange, snapshot)
        plan = judge_exchange(
            exchange,
            self.bench,
            flow=flow,
            snapshot=snapshot,
            now_ms=now_ms,
            kept_case=kept_case,
            untold=self._told.untold(who_of(exchange, self.bench.system.digest), flow),
        )
        return _Weighed(plan, now_ms, flow)

    def _commit(self, exchange: Exchange, weighed: "_Weighed", kept: bytes, surface: str) -> Steps[Ruled | None]:
        """(6): all or nothing; None when a condition no longer held, and nothing was written."""
        batch = self.sealer.batch(weighed.plan.draft, exchange, weighed.now_ms, kept=kept)
        if any(ruling.leaves for ruling in weighed.plan.rulings):
            batch = replace(batch, unless_stopped=Actor(exchange.principal.agent, exchange.session))
        done = yield from _ask(self.journal.commit(batch))
        if not isinstance(done, Committed):
            return None
        who = who_of(exchange, self.bench.system.digest)
        self._told.note(who, weighed.flow, weighed.plan, entry=done.first, is_answer=exchange.proposes_answer)
        self.bench.liveness.add(surface, weighed.plan, weighed.now_ms)
        return Ruled(weighed.plan, done)

    def _flow(self, exchange: Exchange, snapshot: Snapshot) -> Flow:
        return self._flows.after(
            exchange.turns,
            system=self.bench.system,
            agent=exchange.principal.agent,
            principal=exchange.principal,
            session=exchange.session,
            released=snapshot.calls,
            mac=self.bench.mac,
        )

    def _query(self, exchange: Exchange, now_ms: int) -> Query:
        bench = self.bench
        claims = (c for e in exchange.events for c in claims_of(e, bench.system, bench.mac, now_ms))
        fresh = self._flows.fresh_calls(
            exchange.turns, system=bench.system, principal=exchange.principal, session=exchange.session
        )
        intents = (events.intent_mac(e, bench.system, bench.mac) for e in exchange.events)
        return Query(
            now_ms,
            accounts=tuple(dict.fromkeys((c.account, c.since_ms) for c in claims)),
            intents=tuple(i for i in intents if i),
            calls=tuple(events.call_mac(c, exchange.principal, bench.mac) for c in fresh),
            request=exchange.request_mac,
            actor=Actor(exchange.principal.agent, exchange.session),
        )

    def _scene(self, asked: Asked) -> events.Scene:
        bench = self.bench
        return events.Scene(bench.system, asked.principal, asked.session, bench.mac, bench.new_id)

    def _exchange(self, asked: Asked, happening: tuple[Event, ...], *, is_answer: bool) -> Exchange:
        return Exchange(
            happening,
            asked.turns,
            asked.principal,
            asked.session,
            asked.request_mac,
            proposes_answer=is_answer,
            facts=asked.facts,
        )

    def _who(self, asked: Asked) -> bytes:
        # INVARIANT: two people, two sessions, two policies never share what was judged
        who = asked.principal
        parts = (self.bench.system.digest, who.key, who.agent, who.reader, asked.session)
        return "\x00".join(parts).encode("utf-8", "surrogatepass")

    def kept(self, case: Case) -> bytes | None:
        """The answer kept with a case; None when there is none, or its key was destroyed."""
        sealed = self.journal.payload(case.kept) if case.kept else None
        return None if sealed is None else self.sealer.open(sealed)


class Driver(_Procedure):
    """Judges in the calling thread; one thread at a time per conversation."""

    def standing(self, asked: Asked) -> Standing:
        """Where a request stands that may have been held before. Raises: StoreError."""
        return self._run(self._standing(asked))

    def judge_request(self, asked: Asked) -> Ruled:
        """Judge what is new in the conversation and the model call it asks for. Raises: StoreError."""
        return self._run(self._request(asked))

    def judge_heard(self, asked: Asked) -> Ruled:
        """Judge and record what is new in the conversation, when no model call follows here. Raises: StoreError."""
        return self._run(self._heard(asked))

    def judge_model(self, asked: Asked) -> Ruled:
        """Judge the model call alone, for another model (fall-back). Raises: StoreError."""
        return self._run(self._model(asked))

    def judge_answer(self, asked: Asked, answered: Answered, *, kept: bytes = b"", kept_case: str = "") -> Ruled:
        """Judge a model's answer; `kept` is stored with the case if one opens. Raises: StoreError."""
        return self._run(self._answer(asked, answered, kept=kept, kept_case=kept_case))

    def judge_window(self, asked: Asked, text: str, *, text_ref: str, is_first: bool) -> Ruled | None:
        """Judge the beginning of an answer that is still being written, of which all but the end has left.

        None, and nothing recorded, when it may not leave as it is: that concerns the whole answer, which is read to its end and put
        to `judge_answer`. Before the first part, words may be put in front. Raises: StoreError.
        """
        return self._run(self._window(asked, text, text_ref=text_ref, is_first=is_first))

    def note(self, asked: Asked, entry: DraftEntry) -> Committed:
        """Record a fact about an exchange, such as how much of a stream was delivered. Raises: StoreError."""
        return self._run(self._note(asked, entry))

    def _run(self, steps: Steps[T]) -> T:
        try:
            waiting = next(steps)
            while True:
                try:
                    answer = waiting.result(self.deadline_s)
                except TimeoutError as error:
                    # a batch that can still be cancelled is never written; one that cannot may turn up as recovered
                    waiting.cancel()
                    raise _too_late(self.deadline_s) from error
                waiting = steps.send(answer)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]


class AsyncDriver(_Procedure):
    """Judges in the running event loop; waits without blocking it."""

    async def standing(self, asked: Asked) -> Standing:
        """Where a request stands that may have been held before. Raises: StoreError."""
        return await self._run(self._standing(asked))

    async def judge_request(self, asked: Asked) -> Ruled:
        """Judge what is new in the conversation and the model call it asks for. Raises: StoreError."""
        return await self._run(self._request(asked))

    async def judge_heard(self, asked: Asked) -> Ruled:
        """Judge and record what is new in the conversation, when no model call follows here. Raises: StoreError."""
        return await self._run(self._heard(asked))

    async def judge_model(self, asked: Asked) -> Ruled:
        """Judge the model call alone, for another model (fall-back). Raises: StoreError."""
        return await self._run(self._model(asked))

    async def judge_answer(self, asked: Asked, answered: Answered, *, kept: bytes = b"", kept_case: str = "") -> Ruled:
        """Judge a model's answer; `kept` is stored with the case if one opens. Raises: StoreError."""
        return await self._run(self._answer(asked, answered, kept=kept, kept_case=kept_case))

    async def judge_window(self, asked: Asked, text: str, *, text_ref: str, is_first: bool) -> Ruled | None:
        """Judge the beginning of an answer that is still being written, of which all but the end has left.

        None, and nothing recorded, when it may not leave as it is: that concerns the whole answer, which is read to its end and put
        to `judge_answer`. Before the first part, words may be put in front. Raises: StoreError.
        """
        return await self._run(self._window(asked, text, text_ref=text_ref, is_first=is_first))

    async def ready(self) -> None:
        """Return when the journal answers. Raises: StoreError."""
        await self._run(_ask(self.journal.snapshot(Query(self.clock(), accounts=(("ready", 0),)))))

    async def note(self, asked: Asked, entry: DraftEntry) -> Committed:
        """Record a fact about an exchange, such as how much of a stream was delivered. Raises: StoreError."""
        return await self._run(self._note(asked, entry))

    async def _run(self, steps: Steps[T]) -> T:
        try:
            waiting = next(steps)
            while True:
                if not waiting.done():
                    async with asyncio.timeout(self.deadline_s):
                        await asyncio.wrap_future(waiting)
                waiting = steps.send(waiting.result())
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        except TimeoutError as error:
            raise _too_late(self.deadline_s) from error


def _ask(future: Future[T]) -> Steps[T]:
    answer: T = yield future
    return answer


def _contended() -> StoreError:
    return StoreError(
        "store/contended",
        f"the budget or approval changed under {_ATTEMPTS} judgements in a row",
        help="retry; nothing was recorded, reserved or released",
    )


def _too_late(deadline_s: float) -> StoreError:
    return StoreError(
        "store/deadline",
        f"the journal did not answer within {deadline_s:g} s",
        help="the disk or the database is slow or stuck; nothing was released",
    )
