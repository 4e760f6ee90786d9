"""`people`, `owners`, `purposes`: who is meant, who answers, what for."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from trilens.declare.shape.base import Name, Shape, matching

Header = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9-]{0,63}",
        "manifest/header",
        "the name of an HTTP header",
        "letters, digits and `-`, such as `x-trilens-on-behalf-of`",
    ),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9-]{0,63}$"}),
]


class PeopleShape(Shape):
    """A kind of people: asserted by a header, or named members who may approve. Exactly one of `from` and `members`."""

    from_: Header | None = Field(default=None, alias="from")
    """Header that names the person a request is made for. Only keys with `may_assert` may send it."""
    region: Name | None = None
    """Where these people are, such as `eu`. It decides which duties apply to them."""
    members: list[Name] | None = Field(default=None, min_length=1)
    """Operators who belong to it. Each signs with their own operator key."""


class OwnersShape(Shape):
    """Who answers for each of the three questions."""

    safety: Name | None = None
    """Answers for: will it cause harm in ordinary use?"""
    security: Name | None = None
    """Answers for: can someone manipulate it on purpose?"""
    compliance: Name | None = None
    """Answers for: does it meet its duties, and can that be proven?"""
