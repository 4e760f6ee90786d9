"""Combine and ladder once more, as DESIGN.md sections 4 and 6 say them and in no way as the code does: words and sets, no types of ours.

Written from the design and the docstrings alone. tests/reference compares the two at random, so that what one of them gets wrong shows.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

ALLOW, MODIFY, HOLD, DENY = "allow", "modify", "hold", "deny"


@dataclass(frozen=True)
class Act:
    """One event and all that guards say of it."""

    kind: str
    says: Mapping[str, str]
    """By guard, of those that watch it: an outcome, `none` (not applicable) or `raises`."""
    then: Mapping[str, str]
    """The same once what was to be changed is changed."""
    literals: frozenset[str] = frozenset()
    """What the guards that modify put in front."""
    intent: str = ""
    is_declared: bool = True


@dataclass(frozen=True)
class Ruled:
    outcome: str
    leaves: bool = False
    used: bool = False
    """An approval stood in for a hold."""


def said(words: Mapping[str, str], card: AbstractSet[str] | None, on_error: str) -> tuple[str, bool]:
    """What all guards together say, and whether a person's approval of a card made it so."""
    plain = {guard: on_error if word == "raises" else word for guard, word in words.items()}
    if DENY in plain.values():
        return DENY, False
    holding = {guard for guard, word in plain.items() if word == HOLD}
    if holding and (card is None or not holding.issubset(card)):
        return HOLD, False
    return (MODIFY if MODIFY in plain.values() else ALLOW), bool(holding)


def rule(act: Act, card: AbstractSet[str] | None, on_error: str) -> Ruled:
    if not act.is_declared:
        return Ruled(DENY)
    if not act.says:
        # nobody looked: what has happened may be told, what has not must not happen
        return Ruled(ALLOW, leaves=True) if act.kind in ("input", "tool_result") else Ruled(DENY)
    word, lifted = said(act.says, card, on_error)
    if word != MODIFY:
        return Ruled(word, leaves=word == ALLOW, used=lifted)
    if len(act.literals) > 1:
        return Ruled(HOLD)
    if act.kind == "tool_result":
        # what a tool said is nobody's to write again
        return Ruled(DENY)
    again, lifted_again = said(act.then, card, on_error)
    if again == ALLOW:
        return Ruled(MODIFY, leaves=True, used=lifted or lifted_again)
    return Ruled(DENY if again == DENY else HOLD)


def exchange(
    acts: Sequence[Act], cards: Mapping[str, AbstractSet[str]], *, is_answer: bool, errors: bool, on_error: str
) -> tuple[str, list[Ruled]]:
    """The outcome of a request or of an answer, and of each of its events. An approval is valid once."""
    left = dict(cards)
    ruled: list[Ruled] = []
    for act in acts:
        ruled.append(rule(act, left.get(act.intent), on_error))
        if ruled[-1].used:
            del left[act.intent]
    words = [one.outcome for one in ruled]
    # a result can be left out of a request, and anything out of an answer; an agent that wants errors gets one instead
    fatal = {
        DENY in words and errors,
        not is_answer and any(one == DENY and act.kind != "tool_result" for one, act in zip(words, acts, strict=True)),
        not is_answer and MODIFY in words and not (errors and HOLD in words),
    }
    if True in fatal:
        outcome = DENY
    elif HOLD in words:
        outcome = HOLD
    else:
        outcome = MODIFY if DENY in words or MODIFY in words else ALLOW
    if outcome in (HOLD, DENY):
        ruled = [Ruled(one.outcome, leaves=False, used=one.used) for one in ruled]
    return outcome, ruled


# the ladder


@dataclass(frozen=True)
class Record:
    """One record that was looked up."""

    tool: str
    key: str
    owner: str
    """`own`, `others`, or empty: it names nobody, or nobody of the role that asks."""
    system: Mapping[str, str]
    """Fields that the record system asserts, the key's among them."""
    internal: frozenset[str] = frozenset()
    third: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Story:
    """What was said and looked up: words are whole values here, none a part of another."""

    said: frozenset[str]
    """By the person, or by the operator."""
    attached: frozenset[str]
    """Put around what they said, by anybody."""
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Asked:
    """A value that decides something."""

    value: str
    cls: str
    argument: str = ""
    is_destined: bool = False
    cap: int | None = None


def is_distinctive(value: str) -> bool:
    digits, letters = sum(c.isdigit() for c in value), sum(c.isalpha() for c in value)
    return (digits > 0 and letters > 0 and len(value) > 3) or digits > 4 or (not digits and letters > 4)


def explain(asked: Asked, story: Story) -> str:
    """The rule that explains the value, or the reason why none does."""
    # 1: the person's own words; a bare short number never stands for an id
    if asked.value in story.said and (asked.cls != "object_id" or is_distinctive(asked.value)):
        return "literal"
    # 2: a system field of a record that is theirs, or that their words name
    standings = [named(record, story) for record in story.records if may_use(asked, record)]
    if "designated" in standings:
        return "designated_record"
    # 3: an amount that is computed, under its cap, once it is clear where it goes
    if asked.cls == "amount" and asked.is_destined and asked.cap is not None and 0 <= int(asked.value) <= asked.cap:
        return "bounded_value"
    # otherwise, of all that holds the value, the worst
    for reason in ("other_owner", "ambiguous"):
        if reason in standings:
            return reason
    # running text is remembered by what has digits; a plain word of it is no trace
    is_traced = any(map(str.isdigit, asked.value)) and asked.value in story.attached
    heard = is_traced or any(asked.value in record.third for record in story.records)
    return "third_party" if heard else "none"


def may_use(asked: Asked, record: Record) -> bool:
    """A short id counts only as a record's key, or where the field has the argument's name."""
    names = [name for name, value in record.system.items() if value == asked.value]
    if asked.cls != "object_id" or is_distinctive(asked.value):
        return bool(names)
    return any(name in (asked.argument, "id") for name in names)


def named(record: Record, story: Story) -> str:
    if record.owner == "own":
        return "designated"
    if record.owner == "others":
        return "other_owner"
    if is_distinctive(record.key) and record.key in story.said:
        return "designated"
    fitting = [(name, value) for name, value in record.system.items() if is_distinctive(value) and value in story.said]
    for name, value in fitting:
        rivals = [r for r in story.records if r.tool == record.tool and r.system.get(name) == value]
        if all(rival.key == record.key for rival in rivals):
            return "designated"
    return "ambiguous" if fitting else "not_named"
