"""`safety`, `security`, `compliance`: what each of the three teams declares."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from trilens.declare.shape.base import Duration, Name, Shape, Text, matching

HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
Host = Annotated[
    str,
    matching(
        HOST, "manifest/host", "a host name in lower case", "write `shop.example`, without `https://`, port or path"
    ),
    WithJsonSchema({"type": "string", "pattern": f"^{HOST}$"}),
]
LANGUAGE = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}"
Language = Annotated[
    str,
    matching(LANGUAGE, "manifest/language", "a language tag", "a tag of BCP 47, such as `en` or `de-AT`"),
    WithJsonSchema({"type": "string", "pattern": f"^{LANGUAGE}$"}),
]


class HazardShape(Shape):
    """A way to cause harm in ordinary use."""

    id: Name
    """What it is called."""
    harm: Literal["financial", "reputational", "emotional", "discrimination", "privacy", "unsafe_advice", "physical"]
    """What kind."""
    to: Text
    """Who is hurt."""
    severity: Literal["minor", "moderate", "major", "critical"]
    """How bad it is for them."""
    reduced_by: list[Name] = Field(default_factory=list)
    """Guards that reduce it. Absent: the safety gate fails."""


class GroundingShape(Shape):
    """Which claims of an answer must be supported, and by what."""

    claims: list[Literal["amount", "date", "percentage", "duration", "deadline"]] = Field(min_length=1)
    """Kinds of claims that are looked for."""
    against: list[Name] = Field(min_length=1)
    """Entries of `sources` and `tools`, and `user` for the person's own words."""
    otherwise: Literal["hold", "deny"]
    """What happens to an answer with an unsupported claim."""


class SafetyShape(Shape):
    """Will it cause harm in ordinary use, with nobody attacking?"""

    hazards: list[HazardShape] = Field(default_factory=list)
    """The harm register."""
    grounding: GroundingShape | None = None
    """Claims that must be supported by sources."""


class SecurityShape(Shape):
    """Can someone manipulate, exploit or subvert it on purpose?"""

    own_hosts: list[Host] = Field(default_factory=list)
    """Hosts of the organisation: addresses and links to them may stand in outgoing text."""


class DisclosureShape(Shape):
    """What a person is told before the first output."""

    shown_in: Literal["reply"]
    """`reply`: put in front of the first reply."""
    text: dict[Language, Text] = Field(min_length=1)
    """By language; the first is used where no other fits."""


class DataShape(Shape):
    """A category of data: what it may be used for, on what basis, and how long it is kept."""

    purposes: list[Name] = Field(min_length=1)
    """Entries of `purposes`."""
    basis: Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"]
    """Lawful basis (GDPR Art. 6(1))."""
    retention: Name
    """Entry of `compliance.retention`."""


class ComplianceShape(Shape):
    """Does it meet its legal, contractual and industry duties, and can that be proven?"""

    disclosure: DisclosureShape | None = None
    """What a person is told before the first output."""
    data: dict[Name, DataShape] = Field(default_factory=dict)
    """Data categories. One that is not declared here may not be used."""
    regions: list[Name] = Field(default_factory=list)
    """Where data may be processed. Absent: nowhere."""
    retention: dict[Name, Duration] = Field(default_factory=dict)
    """How long records of a class are kept."""
