"""What is to be explained, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from trilens.mechanisms.flow.flow import Flow, Passage
from trilens.vocabulary.event import Scalar
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.principal import Principal
from trilens.vocabulary.system import Tool
from trilens.vocabulary.verdict import Origin

_EXCERPT = 200


class Reason(StrEnum):
    """Why nothing explains a value, from the plainest to the worst."""

    NONE = "none"
    """It was never read in this conversation."""
    COMPOSED = "composed"
    """A link to a host that was named, carrying what was not."""
    AMBIGUOUS = "ambiguous"
    """The person's words fit several records."""
    THIRD_PARTY = "third_party"
    """Only text that may not decide holds it."""
    OTHER_OWNER = "other_owner"
    """It stands in a record of another person."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One value that decides something, and the atoms it would have been read as."""

    path: str
    value: Scalar
    cls: ValueClass
    keys: tuple[str, ...]
    """Most exact first."""
    phrase: str = ""
    """The folded text, where whole words of the person may stand for it; empty where they may not."""
    argument: str = ""
    """Name of the argument, empty for an address found in text."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule may look at besides the claim."""

    flow: Flow
    principal: Principal
    tool: Tool | None = None
    """Whose limits bound a computed amount."""
    is_destined: bool = False
    """Whether everything that says where the effect goes has been explained."""

    def mentions(self, claim: Claim) -> Iterator[Passage]:
        for key in claim.keys:
            yield from self.flow.mentions(key)


@dataclass(frozen=True, slots=True)
class Explanation:
    rule: str
    origins: tuple[Origin, ...]
    readers: frozenset[str] = frozenset()
    """Whose address it is, when it is one: `customer:C-17`, and the role `customer`."""


@dataclass(frozen=True, slots=True)
class Unexplained:
    reason: Reason
    nearest: tuple[Origin, ...] = ()
    """What holds the value and may not decide it, or may not decide it alone."""


def names_of(principal: Principal) -> frozenset[str]:
    """The names by which the one who asks may be declared a reader."""
    return frozenset({principal.account_holder, principal.role} if principal.person else {principal.account_holder})


def origin(passage: Passage) -> Origin:
    text = passage.text
    excerpt = text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
    return Origin(passage.source, passage.path, passage.label, excerpt)
