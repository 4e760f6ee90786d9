"""What a change of the manifest means: does it let through anything that was not let through before?

INVARIANT: a change is called no loosening only by a rule of the table below that says why; whatever no rule knows counts as one. A rule that sees a
value it did not expect does not know.

What looks like less and is no tightening has no rule: a look-up tool or its grant taken away (effects on ids are refused until they were looked up,
`ownership`), the reader `owner` taken away (others' records are kept from a model by it), a shorter retention (less evidence).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trilens.declare.difference import ABSENT, Difference, differences, told
from trilens.vocabulary.outcome import Effect, Outcome
from trilens.vocabulary.system import ApprovalNeed, FieldTrust, Limit, OnDeny, System, Tool, UserTurns


@dataclass(frozen=True, slots=True)
class Change:
    path: str
    """Where, with dots between the names."""
    before: str
    after: str
    loosens: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    difference: Difference
    old: System
    new: System

    @property
    def is_added(self) -> bool:
        return self.difference.before is ABSENT

    @property
    def is_removed(self) -> bool:
        return self.difference.after is ABSENT


def changes(old: System, new: System) -> tuple[Change, ...]:
    """Every change from `old` to `new`, loosening ones first."""
    found = [
        Change(".".join(d.path), *told(d), not _is_known_tightening(_Seen(d, old, new))) for d in differences(old, new)
    ]
    return tuple(sorted(found, key=lambda change: (not change.loosens, change.path)))


def loosens(found: tuple[Change, ...]) -> bool:
    return any(change.loosens for change in found)


def _is_known_tightening(seen: _Seen) -> bool:
    return any(_fits(pattern, seen.difference.path) and tightens(seen) for pattern, tightens in _RULES)


def _fits(pattern: str, path: tuple[str, ...]) -> bool:
    parts = pattern.split(".")
    return len(parts) == len(path) and all(part in ("*", name) for part, name in zip(parts, path, strict=True))


def _removed(seen: _Seen) -> bool:
    return seen.is_removed


def _added(seen: _Seen) -> bool:
    return seen.is_added


def _lower(seen: _Seen) -> bool:
    before, after = seen.difference.before, seen.difference.after
    return type(before) is int and type(after) is int and after < before


def _new_limit(seen: _Seen) -> bool:
    return seen.is_added and isinstance(seen.difference.after, Limit)


def _smaller_amount(seen: _Seen) -> bool:
    before, after = (getattr(value, "micros", None) for value in (seen.difference.before, seen.difference.after))
    return isinstance(before, int) and isinstance(after, int) and after < before


def _always(seen: _Seen) -> bool:
    return seen.difference.after is ApprovalNeed.ALWAYS


def _removed_of_several(seen: _Seen) -> bool:
    """One of those who may decide, when others are left: without any the owners may, who are others."""
    section, name = seen.difference.path[:2]
    match section, seen.new:
        case "tools", System(tools=tools):
            left = tools[name].approval.by if name in tools else ()
        case "people", System(people=people):
            left = people[name].members if name in people else ()
        case _:
            return False
    return seen.is_removed and bool(left)


def _other_reader_removed(seen: _Seen) -> bool:
    tool = seen.new.tools.get(seen.difference.path[1])
    return seen.is_removed and seen.difference.before != "owner" and isinstance(tool, Tool) and bool(tool.readers)


def _asked_always(seen: _Seen) -> bool:
    """What was said about when or why not to ask, once everything is asked about."""
    tool = seen.new.tools.get(seen.difference.path[1])
    return isinstance(tool, Tool) and tool.approval.need is ApprovalNeed.ALWAYS


def _trusted_less(seen: _Seen) -> bool:
    order = [FieldTrust.THIRD_PARTY, FieldTrust.INTERNAL, FieldTrust.SYSTEM]
    before, after = seen.difference.before, seen.difference.after
    if not isinstance(after, FieldTrust):
        return seen.is_removed
    # what is not declared counts as anybody's
    return order.index(after) <= (order.index(before) if isinstance(before, FieldTrust) else 0)


def _no_longer_reversible(seen: _Seen) -> bool:
    return seen.difference.before is True and seen.difference.after is False


def _errors(seen: _Seen) -> bool:
    return seen.difference.after is OnDeny.ERROR


def _mixed(seen: _Seen) -> bool:
    return seen.difference.after is UserTurns.MIXED


def _effect_no_longer_granted(seen: _Seen) -> bool:
    tool = seen.old.tools.get(seen.difference.path[-1])
    return seen.is_removed and isinstance(tool, Tool) and tool.effect is not Effect.READ


def _condition_where_there_was_none(seen: _Seen) -> bool:
    tool = seen.old.tools.get(seen.difference.path[-2])
    return seen.difference.before == "" and isinstance(tool, Tool) and tool.effect is not Effect.READ


def _stricter(seen: _Seen) -> bool:
    before, after = seen.difference.before, seen.difference.after
    return isinstance(before, Outcome) and isinstance(after, Outcome) and after > before


def _set(seen: _Seen) -> bool:
    return seen.difference.before is None


_RULES: tuple[tuple[str, Callable[[_Seen], bool]], ...] = (
    ("regions.*", _removed),
    ("own_hosts.*", _removed),
    ("hazards.*", _added),
    ("disclosure", _set),
    ("grounding", _set),
    ("grounding.claims.*", _added),
    ("grounding.against.*", _removed),
    ("grounding.otherwise", _stricter),
    ("data.*.purposes.*", _removed),
    ("people.*.members.*", _removed_of_several),
    ("models.*.reads.*", _removed),
    ("models.*.fallback.*", _removed),
    ("tools.*.limits.*", _new_limit),
    ("tools.*.limits.*.max", _smaller_amount),
    ("tools.*.approval.need", _always),
    ("tools.*.approval.condition", _asked_always),
    ("tools.*.approval.reason", _asked_always),
    ("tools.*.approval.accepted_by", _asked_always),
    ("tools.*.approval.by.*", _removed_of_several),
    ("tools.*.approval.expires_ms", _lower),
    ("tools.*.readers.*", _other_reader_removed),
    ("tools.*.returns.*", _trusted_less),
    ("tools.*.data.*", _added),
    ("tools.*.reversible", _no_longer_reversible),
    ("agents.*", _removed),
    ("agents.*.on_deny", _errors),
    ("agents.*.user_turns", _mixed),
    ("agents.*.grants.*", _effect_no_longer_granted),
    ("agents.*.grants.*.condition", _condition_where_there_was_none),
)
"""By place: what is known to let nothing through that was not let through before."""


def rules() -> Iterator[str]:
    """The places a rule knows, for tests and documentation."""
    return (pattern for pattern, _ in _RULES)
