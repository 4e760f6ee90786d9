"""Vectors: what a guard must answer, as data. The format is described in README.md beside this file."""

from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from trilens.errors import ExtensionError
from trilens.lenses.extension_file import Strict, read_part

Name = Annotated[str, Field(min_length=1)]


_Part = TypeVar("_Part", bound=Strict)


def _exactly_one(part: _Part, keys: Sequence[str]) -> _Part:
    given = [key for key in keys if getattr(part, key) is not None]
    if len(given) != 1:
        raise ValueError(f"exactly one of {', '.join(f'`{key}`' for key in keys)}, got {len(given)}")
    return part


class CallStep(Strict):
    """A turn of the assistant that holds one call, released by Trilens."""

    tool: Name
    id: Name
    args: dict[str, JsonValue] | None = None
    args_text: str | None = None


class ResultStep(Strict):
    """The answer of a tool to the call `id`: a value written as JSON (or as Python, as some SDKs do), or raw text."""

    id: Name
    value: JsonValue = None
    text: str | None = None
    python: bool = False


class OwnText(Strict):
    """A system turn of these words, in place of a declared prompt."""

    text: str


class Step(Strict):
    """One turn of the conversation so far; exactly one of the keys."""

    user: str | None = None
    call: CallStep | None = None
    result: ResultStep | None = None
    assistant: str | None = None
    system: str | OwnText | None = None

    @model_validator(mode="after")
    def _one(self) -> "Step":
        return _exactly_one(self, ("user", "call", "result", "assistant", "system"))


class Happening(Strict):
    """The event that is judged; exactly one of the first five keys."""

    tool_call: Name | None = None
    tool_result: ResultStep | None = None
    output: str | None = None
    input: str | None = None
    model_call: Name | None = None
    args: dict[str, JsonValue] | None = None
    args_text: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "Happening":
        if self.tool_call is None and (self.args is not None or self.args_text is not None):
            raise ValueError("`args` and `args_text` belong to a `tool_call`")
        return _exactly_one(self, ("tool_call", "tool_result", "output", "input", "model_call"))


class Spent(Strict):
    """What the account of a tool's limit already holds."""

    tool: Name
    limit: Annotated[int, Field(ge=0)]
    """Position among the tool's limits."""
    amount: str | int
    """In the unit of the limit; a number of calls when it has none."""


class Answered(Strict):
    """The answer that is expected: `outcome` or `ran`. What is not said is not compared, except that codes are compared whole."""

    outcome: Literal["allow", "modify", "hold", "deny"] | None = None
    ran: Literal["not_applicable"] | None = None
    codes: tuple[Name, ...] | None = None
    """The codes of all findings, in any order."""
    rule: Name | None = None
    """The rule one of the findings names."""
    marked: tuple[Name, ...] | None = None
    """The texts under the findings' spans, in the order of the text."""
    prepended: str | None = None
    """What one of the edits puts in front."""

    @model_validator(mode="after")
    def _one(self) -> "Answered":
        return _exactly_one(self, ("outcome", "ran"))


class Vector(Strict):
    """One case: a conversation, an event, and the answer."""

    name: Name
    changes: Annotated[dict[str, JsonValue], Field(alias="with", default_factory=dict)]
    person: str = ""
    turns: tuple[Step, ...] = ()
    event: Happening
    now: AwareDatetime | None = None
    spent: tuple[Spent, ...] = ()
    facts: Annotated[dict[str, bool | str], Field(default_factory=dict)]
    expect: Answered

    @property
    def is_ascii(self) -> bool:
        """Whether conversation, event and person are plain ASCII."""
        said = self.model_dump_json(include={"turns", "event", "person", "changes"})
        return said.isascii()


class _VectorsPart(Strict):
    vectors: Annotated[tuple[Vector, ...], Field(min_length=1)]


def read_vectors(folder: Traversable, guard: str) -> tuple[Vector, ...]:
    """The vectors of a guard, in their order.

    Raises:
        ExtensionError: they are missing or malformed, two have one name, or one of the four kinds is left out; code
            `extension/vectors` for the last two.
    """
    vectors = read_part(folder, "vectors.yaml", _VectorsPart).vectors
    names = [vector.name for vector in vectors]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ExtensionError("extension/vectors", f"`{guard}` has two vectors named `{repeated[0]}`")
    lacking = [kind for kind, is_there in _kinds(vectors).items() if not is_there]
    if lacking:
        raise ExtensionError(
            "extension/vectors",
            f"`{guard}` has no vector that is {lacking[0]}",
            help="a guard shows one event it allows, one it stops, one that is none of its business, and one outside ASCII",
        )
    return vectors


def _kinds(vectors: Sequence[Vector]) -> Mapping[str, bool]:
    return {
        "allowed": any(v.expect.outcome == "allow" for v in vectors),
        "stopped": any(v.expect.outcome in ("modify", "hold", "deny") for v in vectors),
        "not applicable": any(v.expect.ran == "not_applicable" for v in vectors),
        "outside ASCII": any(not v.is_ascii for v in vectors),
    }
