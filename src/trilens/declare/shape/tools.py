"""`tools`: what each one does, which argument decides what, who asserts its results, its hard limits, who must approve."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from trilens.declare.shape.base import LONG, SHORT, Duration, Maximum, Member, Name, Shape, Text, matching, shorthand
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.system import FieldTrust, ResultFormat

Unit = Annotated[
    str,
    matching(r"[A-Z]{3}", "manifest/unit", "a currency code", "three capital letters of ISO 4217, such as `EUR`"),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"}),
]
Class = Annotated[ValueClass, Field(strict=False)]
Condition = Annotated[str, Field(min_length=1, max_length=2_000)]


class ArgumentShape(Shape):
    """The long way to write an argument: with the unit of an amount."""

    class_: Class = Field(alias="class")
    """What kind of decision it makes."""
    unit: Unit | None = None
    """Of an `amount`: the currency every spelling is read in. Absent: a bare number."""


class ToolResultShape(Shape):
    """How records are found in what the tool returns. What does not parse this way is a third party's as a whole."""

    format: Annotated[ResultFormat, Field(strict=False)]
    """`json`, or `text`, which has no fields."""
    records: Member | None = None
    """Key of the list of records. Absent: the result is one record, or a list of them."""
    key: Member | None = None
    """Field that identifies a record."""
    belongs_to: dict[Name, Member] = Field(default_factory=dict)
    """Whose a record is: an entry of `people` with `from`, and the field that holds the person's id."""


class LimitShape(Shape):
    """A hard limit. It is reserved before the call and cannot be talked away."""

    max: Maximum
    """Sum of the amount argument (`500 EUR`), or number of calls (`20`)."""
    per: Name
    """`call`, `session`, `agent`, `system`, or an entry of `people` with `from`."""
    window: Duration | None = None
    """Length of the sliding window. Absent: since ever. Not with `per: call`."""


class ApprovalShape(Shape):
    """When a person must decide. Exactly one of `when`, `always` and `never`."""

    when: Condition | None = None
    """CEL over the typed arguments, such as `args.amount > 50`. An error in it denies."""
    always: Annotated[bool, WithJsonSchema({"const": True})] | None = None
    """`true`: every call."""
    never: Text | None = None
    """No call; the reason, in the author's words."""
    by: list[Name] | None = Field(default=None, min_length=1)
    """Entries of `people` with `members`, who may decide. Absent: the owners."""
    expires: Duration | None = None
    """How long a request stays open, and an approval stays usable; then it counts as refused. Absent: 15 minutes."""
    accepted_by: Name | None = None
    """Of `never`: the operator who answers for it."""


Argument = Annotated[Annotated[Class, Tag(SHORT)] | Annotated[ArgumentShape, Tag(LONG)], Discriminator(shorthand)]
Approval = Annotated[
    Annotated[Literal["always"], Tag(SHORT)] | Annotated[ApprovalShape, Tag(LONG)], Discriminator(shorthand)
]


class ToolShape(Shape):
    """A tool. What is not declared here is denied."""

    effect: Annotated[Effect, Field(strict=False)]
    """What it does to the world."""
    reversible: bool | None = None
    """Whether what it does can be undone. Absent: only reading can."""
    args: dict[Member, Argument] = Field(default_factory=dict)
    """Its arguments and what kind of decision each makes. One that is not named here is `text`."""
    result: ToolResultShape | None = None
    """How its result is read. Absent: it has no fields."""
    returns: dict[Member, Annotated[FieldTrust, Field(strict=False)]] = Field(default_factory=dict)
    """Fields of a record and who asserts them. One that is not named here is a third party's."""
    data: list[Name] = Field(default_factory=list)
    """Data categories its result carries."""
    readers: list[Name] = Field(default_factory=list)
    """Who may read its result: `owner` (whom a record belongs to), `public`, or entries of `people`. Absent: nobody but the agent's model."""
    limits: list[LimitShape] = Field(default_factory=list)
    """Hard limits; all of them hold."""
    approval: Approval | None = None
    """When a person must decide. Absent: exactly when the effect cannot be undone."""
