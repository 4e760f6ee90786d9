"""The declared system: what `system.yaml` means, frozen. Built by `declare.parse`, read by everything.

Every mapping is read-only. A field exists only where something acts on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trilens.errors import Place
from trilens.vocabulary.amount import Amount
from trilens.vocabulary.label import Integrity, Readers
from trilens.vocabulary.outcome import Effect, Lens, Outcome, ValueClass


class FieldTrust(StrEnum):
    """Who asserts a field of a tool result."""

    SYSTEM = "system"
    """The record system itself: ids, owners, totals. Usable once the record is designated."""
    INTERNAL = "internal"
    """A colleague's text."""
    THIRD_PARTY = "third_party"
    """Anybody's text."""


class UserTurns(StrEnum):
    VERBATIM = "verbatim"
    """The application passes only what the person typed."""
    MIXED = "mixed"
    """The application pastes documents or history into user turns: third party outside the marked question."""


class OnDeny(StrEnum):
    REFUSE = "refuse"
    """Take the call out and say why in `content`; the agent's loop goes on."""
    ERROR = "error"
    """Answer 403."""


class ResultFormat(StrEnum):
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class PeopleRole:
    """A kind of people: asserted by a header (`header` set) or named members who approve (`members` set)."""

    id: str
    header: str = ""
    """Lower-case header name that asserts the person's id."""
    region: str = ""
    members: tuple[str, ...] = ()
    """Operator names; each holds an operator key."""


@dataclass(frozen=True, slots=True)
class Model:
    id: str
    name: str
    """The name sent upstream."""
    base_url: str
    """Resolved from the environment when the manifest says `$NAME`; empty when that variable is not set."""
    key: str
    """A reference, `env:NAME`, never the key."""
    region: str
    processor: str
    reads: frozenset[str]
    """Data categories this model's processor may read."""
    fallback: tuple[str, ...] = ()
    """Ids of models to try next, in order."""


@dataclass(frozen=True, slots=True)
class Prompt:
    id: str
    path: str
    text: str
    """The operator's words: a system turn is the operator's only if it equals this text."""
    digest: str


@dataclass(frozen=True, slots=True)
class Source:
    """A document the system may rely on."""

    id: str
    path: str
    text: str
    digest: str
    integrity: Integrity
    readers: Readers
    approved_by: str = ""
    review_by: str = ""
    """ISO date; past it the source is stale."""


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    cls: ValueClass
    unit: str = ""
    """Of an amount: ISO 4217 code; empty for a bare number."""


@dataclass(frozen=True, slots=True)
class ResultShape:
    """How to find records in a tool's result. What does not parse this way has no fields: it is third party whole."""

    format: ResultFormat
    records: str = ""
    """Key of the list of records; empty when the result is one record (an object) or a list of them."""
    key: str = ""
    """The field that identifies a record."""
    belongs_to: tuple[tuple[str, str], ...] = ()
    """(people role, field holding the person's id)."""


class LimitPer(StrEnum):
    CALL = "call"
    SESSION = "session"
    AGENT = "agent"
    SYSTEM = "system"
    PERSON = "person"
    """Written in the manifest as the role's id, such as `customer`."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A hard limit on a tool: on the sum of its amount argument, or on the number of calls."""

    max: Amount
    """Unit empty: a count of calls."""
    per: LimitPer
    role: str = ""
    """Of a limit per person: the people role."""
    window_ms: int = 0
    """Length of the sliding window; 0 means since ever (or the single call)."""


class ApprovalNeed(StrEnum):
    ALWAYS = "always"
    WHEN = "when"
    NEVER = "never"
    DEFAULT = "default"
    """The tool says nothing: held exactly when its effect cannot be undone."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    need: ApprovalNeed
    condition: str = ""
    """CEL over typed arguments, for `when`."""
    by: tuple[str, ...] = ()
    """People roles whose members may decide; empty means the owners."""
    expires_ms: int = 900_000
    """How long a request stays open, and an approval stays usable; then it counts as refused."""
    reason: str = ""
    """Of `never`: why, in the author's words."""
    accepted_by: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    id: str
    effect: Effect
    reversible: bool
    args: Mapping[str, Argument]
    result: ResultShape | None
    returns: Mapping[str, FieldTrust]
    data: frozenset[str]
    """Data categories its result carries."""
    readers: tuple[str, ...]
    """Names of who may read its result; `owner` is the person a record belongs to, `public` everybody, none means nobody but the agent's own model."""
    limits: tuple[Limit, ...]
    approval: ApprovalRule

    @property
    def has_effect(self) -> bool:
        return self.effect is not Effect.READ


@dataclass(frozen=True, slots=True)
class Grant:
    """A tool an agent may call; with a condition, only when that holds."""

    tool: str
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    id: str
    model: str
    prompt: str
    channel: str
    purpose: str
    user_turns: UserTurns
    on_deny: OnDeny
    grants: Mapping[str, Grant]
    question: tuple[str, str] = ("", "")
    """With `mixed` turns: the marks that enclose the person's own words. Exactly one pair in a turn, or nothing is trusted."""


@dataclass(frozen=True, slots=True)
class Hazard:
    id: str
    harm: str
    to: str
    severity: str
    reduced_by: tuple[str, ...]
    """Guards (by name) or evaluations that reduce it; none means the safety gate fails."""
    place: Place | None = field(default=None, compare=False)
    """Where it stands in the file: it says nothing about the system."""


@dataclass(frozen=True, slots=True)
class Grounding:
    """Which kinds of claims must be supported, by what, and what happens otherwise."""

    claims: frozenset[str]
    """Among amount, date, percentage, duration, deadline."""
    against: tuple[str, ...]
    """Source ids, tool ids, and `user` for the person's own words."""
    otherwise: Outcome


@dataclass(frozen=True, slots=True)
class Disclosure:
    shown_in: str
    """`reply`: put in front of the first reply."""
    text: Mapping[str, str]
    """By language (BCP 47); the first is the default."""


@dataclass(frozen=True, slots=True)
class DataCategory:
    id: str
    purposes: frozenset[str]
    basis: str
    retention: str
    """A key of `retention`."""


@dataclass(frozen=True, slots=True)
class System:
    id: str
    digest: str
    """`sha256:` of the canonical form: the policy every decision is made under."""
    purposes: Mapping[str, str]
    people: Mapping[str, PeopleRole]
    owners: Mapping[Lens, str]
    """Who answers for each lens: an operator's name."""
    models: Mapping[str, Model]
    prompts: Mapping[str, Prompt]
    sources: Mapping[str, Source]
    tools: Mapping[str, Tool]
    agents: Mapping[str, Agent]
    hazards: tuple[Hazard, ...]
    grounding: Grounding | None
    own_hosts: frozenset[str]
    disclosure: Disclosure | None
    data: Mapping[str, DataCategory]
    regions: frozenset[str]
    """Where data may be processed; empty means nothing was declared, which allows no region at all."""
    retention: Mapping[str, int]
    """Retention class to milliseconds."""
