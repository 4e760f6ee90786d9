"""A whole answer, judged and committed: what may leave of it, or why nothing does."""

from dataclasses import dataclass, replace

from trilens.enforce.drive import Answered, Asked, AsyncDriver
from trilens.gateways.openai.outbound import Leaving, decision_ids, leaving_of, spoken
from trilens.gateways.refusal import Refusal, of_plan
from trilens.vocabulary.event import Call
from trilens.vocabulary.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer as its wire had it, to be judged as one."""

    text: str
    calls: tuple[Call, ...]
    kept: bytes
    """What is kept if people must decide."""
    kept_case: str = ""
    """The approved case whose kept answer this is."""
    is_begun: bool = False
    """Words of the answer have left before."""


@dataclass(frozen=True, slots=True)
class Released:
    leaving: Leaving
    decisions: bytes
    """Their ids, for a header."""
    stopped_by: str = ""
    """The first decision that took something out."""


async def rule(driver: AsyncDriver, asked: Asked, whole: Whole) -> Released | Refusal:
    """Judge an answer. Raises: StoreError, and then nothing may leave."""
    if not whole.text and not whole.calls:
        # nothing was said and nothing is to be done: there is no event
        return Released(Leaving("", (), ()), b"")
    ruled = await driver.judge_answer(
        asked, Answered(whole.text, whole.calls), kept=whole.kept, kept_case=whole.kept_case
    )
    if ruled.plan.outcome in (Outcome.HOLD, Outcome.DENY):
        return of_plan(ruled.plan, driver.bench.system)
    leaving = leaving_of(whole.text, whole.calls, ruled.plan, driver.bench.system)
    stopped = next((ruling.decision.id for ruling in ruled.plan.rulings if ruling.leaves is None), "")
    released = Released(leaving, decision_ids(ruled.plan), stopped)
    if not leaving.reasons or leaving.text or whole.is_begun:
        return released
    return await _with_own_words(driver, asked, released)


async def _with_own_words(driver: AsyncDriver, asked: Asked, released: Released) -> Released | Refusal:
    """Where our reasons are all that is said, they are the answer, and are judged like any other: a first one tells what it comes from."""
    own = await driver.judge_answer(asked, Answered(spoken(released.leaving)))
    if own.plan.outcome in (Outcome.HOLD, Outcome.DENY) or own.plan.rulings[0].leaves is None:
        return of_plan(own.plan, driver.bench.system)
    leaving = replace(released.leaving, text=own.plan.rulings[0].leaves.text, reasons=())
    return replace(released, leaving=leaving, decisions=b", ".join((released.decisions, decision_ids(own.plan))))
