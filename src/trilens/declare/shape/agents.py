"""`agents`: which model speaks with which prompt, to whom, what for, and which tools it may call."""

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from trilens.declare.shape.base import LONG, SHORT, Name, Shape, Text, shorthand
from trilens.declare.shape.tools import Condition
from trilens.vocabulary.system import OnDeny, UserTurns


class GrantShape(Shape):
    """On what condition a tool may be called."""

    when: Condition
    """CEL over the typed arguments, such as `args.amount < 20`. An error in it denies."""


ToolGrant = Annotated[
    Annotated[Name, Tag(SHORT)] | Annotated[dict[Name, GrantShape], Field(min_length=1, max_length=1), Tag(LONG)],
    Discriminator(shorthand),
]


class AgentShape(Shape):
    """An agent. An API key speaks for exactly one."""

    model: Name
    """Entry of `models`."""
    prompt: Name
    """Entry of `prompts`."""
    channel: Name
    """Where it speaks, such as `chat`."""
    purpose: Name
    """Entry of `purposes`. Data may be used for it only if its category says so."""
    user_turns: Annotated[UserTurns, Field(strict=False)] = UserTurns.MIXED
    """`verbatim`: the application passes only what the person typed. `mixed`: it may paste documents or history into user turns."""
    question: list[Text] | None = Field(default=None, min_length=2, max_length=2)
    """With `mixed`: the two marks that enclose the person's own words. Exactly one pair in a turn, or nothing is trusted."""
    on_deny: Annotated[OnDeny, Field(strict=False)] = OnDeny.REFUSE
    """`refuse`: take the call out, say why, and let the agent go on. `error`: answer 403."""
    tools: list[ToolGrant] = Field(default_factory=list)
    """Tools it may call: a name, or `{name: {when: CEL}}`. Everything else is denied."""
