"""What keys say about each other: rules of one tool, one agent, one model, and of names. Each tells everything it finds.

A rule is about meaning that cannot be carried out; what could be carried out and deserves a second look is for `diagnose`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from trilens.declare.document import Loc
from trilens.declare.references import LIMIT_WORDS, READER_WORDS
from trilens.declare.shape.agents import AgentShape
from trilens.declare.shape.components import ModelShape
from trilens.declare.shape.manifest import ManifestShape
from trilens.declare.shape.people import PeopleShape
from trilens.declare.shape.tools import ApprovalShape, ArgumentShape, LimitShape, ToolShape
from trilens.declare.suggest import did_you_mean, spelled
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.system import ResultFormat, UserTurns


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that is not kept."""

    code: str
    message: str
    hint: str
    at: Loc
    key: bool = False


def manifest_rules(manifest: ManifestShape) -> Iterator[Breach]:
    """Every rule, for the whole manifest."""
    yield from name_rules(manifest)
    for name, role in manifest.people.items():
        yield from people_rules(role, ("people", name))
    for name, model in manifest.models.items():
        yield from model_rules(name, model, ("models", name))
    unasserted = [name for name, role in manifest.people.items() if role.from_ is None]
    for name, tool in manifest.tools.items():
        yield from tool_rules(tool, unasserted, ("tools", name))
    for name, agent in manifest.agents.items():
        yield from agent_rules(agent, ("agents", name))
    seen: set[str] = set()
    for position, hazard in enumerate(manifest.safety.hazards):
        if hazard.id in seen:
            at = ("safety", "hazards", position, "id")
            yield Breach("manifest/name-clash", f"two hazards are called `{hazard.id}`", "give each its own name", at)
        seen.add(hazard.id)


def name_rules(manifest: ManifestShape) -> Iterator[Breach]:
    """Names that would be mistaken for a word of the format, or for each other."""
    reserved = {"people": (*LIMIT_WORDS, *READER_WORDS), "sources": ("user",), "tools": ("user",)}
    for section, names in (("people", manifest.people), ("sources", manifest.sources), ("tools", manifest.tools)):
        for name in names:
            if name in reserved[section]:
                message = f"`{name}` has a meaning of its own and cannot name an entry of `{section}`"
                yield Breach("manifest/reserved-name", message, "choose another name", (section, name), key=True)
    for name in manifest.sources:
        if name in manifest.tools:
            message = f"`{name}` names a source and a tool, so `grounding.against` could mean either"
            yield Breach("manifest/name-clash", message, "rename one of them", ("sources", name), key=True)


def people_rules(role: PeopleShape, at: Loc) -> Iterator[Breach]:
    if (role.from_ is None) == (role.members is None):
        got = "both" if role.from_ else "neither"
        hint = "people the system serves are asserted `from` a header; people who approve are listed as `members`"
        yield Breach(
            "manifest/people", f"expected one of `from` and `members` in `{at[-1]}`, got {got}", hint, at, key=True
        )


def model_rules(name: str, model: ModelShape, at: Loc) -> Iterator[Breach]:
    for position, other in enumerate(model.fallback):
        if other == name or other in model.fallback[:position]:
            message = f"model `{other}` falls back to itself" if other == name else f"`{other}` is tried twice"
            yield Breach("manifest/fallback", message, "name each other model once", (*at, "fallback", position))


def agent_rules(agent: AgentShape, at: Loc) -> Iterator[Breach]:
    if agent.question is not None and agent.user_turns is UserTurns.VERBATIM:
        hint = "delete `question`, or write `user_turns: mixed`"
        yield Breach(
            "manifest/question",
            "`question` marks are for `mixed` user turns, got `verbatim`",
            hint,
            (*at, "question"),
            key=True,
        )
    if agent.question is not None and agent.question[0] == agent.question[1]:
        hint = "two different marks, such as `[<question>, </question>]`"
        yield Breach(
            "manifest/question", "the mark that opens a question also closes it", hint, (*at, "question"), key=True
        )
    granted = [grant if isinstance(grant, str) else next(iter(grant)) for grant in agent.tools]
    for position, tool in enumerate(granted):
        if tool in granted[:position]:
            yield Breach(
                "manifest/grant-twice", f"tool `{tool}` is granted twice", "keep one of them", (*at, "tools", position)
            )


def tool_rules(tool: ToolShape, unasserted: Collection[str], at: Loc) -> Iterator[Breach]:
    """Rules of one tool.

    Args:
        unasserted: entries of `people` without `from`: no record can belong to them and no limit can be charged to them.
    """
    yield from _argument_rules(tool, at)
    yield from _result_rules(tool, unasserted, at)
    for position, limit in enumerate(tool.limits):
        yield from _limit_rules(limit, tool, unasserted, (*at, "limits", position))
    if isinstance(tool.approval, ApprovalShape):
        yield from _approval_rules(tool.approval, (*at, "approval"))
    if tool.effect is Effect.READ and tool.reversible is False:
        hint = "delete `reversible`, or say what the tool changes: `write`, `send`, `spend` or `execute`"
        yield Breach("manifest/effect", "a tool that only reads has nothing to undo", hint, (*at, "reversible"))


def _argument_rules(tool: ToolShape, at: Loc) -> Iterator[Breach]:
    for name, argument in tool.args.items():
        if isinstance(argument, ArgumentShape) and argument.unit and argument.class_ is not ValueClass.AMOUNT:
            message = f"only an amount has a unit, got class `{argument.class_}`"
            yield Breach(
                "manifest/unit", message, "write `class: amount`, or delete `unit`", (*at, "args", name, "unit")
            )


def _result_rules(tool: ToolShape, unasserted: Collection[str], at: Loc) -> Iterator[Breach]:
    result = tool.result
    if result is None or result.format is ResultFormat.TEXT:
        if tool.returns:
            hint = "write `result: {format: json}`, with `records` and `key` where they apply"
            yield Breach(
                "manifest/result",
                "`returns` names fields, but no result format has any",
                hint,
                (*at, "returns"),
                key=True,
            )
        if result and (result.records or result.key or result.belongs_to):
            hint = "write `format: json`, or delete `records`, `key` and `belongs_to`"
            yield Breach("manifest/result", "a result of format `text` has no records", hint, (*at, "result", "format"))
        return
    fields = [("key", result.key)] if result.key else []
    fields += [(f"belongs_to.{role}", name) for role, name in result.belongs_to.items()]
    for step, name in fields:
        if name not in tool.returns:
            message = f"field `{name}` in `result.{step}` is not among `returns`"
            hint = did_you_mean(name, tool.returns, otherwise=f"add `{name}: system` to `returns`")
            yield Breach("manifest/unknown-field", message, hint, (*at, "result", *step.split(".", 1)))
    for role in result.belongs_to:
        if role in unasserted:
            message = f"records cannot belong to `{role}`: nobody asserts who that is"
            yield Breach(
                "manifest/people",
                message,
                "name an entry of `people` with `from`",
                (*at, "result", "belongs_to", role),
                key=True,
            )


def _limit_rules(limit: LimitShape, tool: ToolShape, unasserted: Collection[str], at: Loc) -> Iterator[Breach]:
    if limit.per in unasserted:
        message = f"a limit cannot be charged to `{limit.per}`: nobody asserts who that is"
        yield Breach("manifest/people", message, "name an entry of `people` with `from`, or `session`", (*at, "per"))
    if limit.per == "call" and limit.window is not None:
        message = "a limit per call has no window"
        yield Breach("manifest/limit", message, "delete `window`, or write `per: session`", (*at, "window"))
    if not limit.max.unit:
        if limit.per == "call":
            message = "a number of calls cannot be limited per call"
            yield Breach("manifest/limit", message, "write an amount, or `per: session`", (*at, "max"))
        return
    amounts = [a for a in tool.args.values() if isinstance(a, ArgumentShape) and a.class_ is ValueClass.AMOUNT]
    plain = [a for a in tool.args.values() if a is ValueClass.AMOUNT]
    if len(amounts) + len(plain) != 1:
        message = f"expected one argument of class `amount` for the limit to count, got {len(amounts) + len(plain)}"
        yield Breach("manifest/limit", message, "declare it: `amount: {class: amount, unit: EUR}`", (*at, "max"))
    elif not amounts or amounts[0].unit != limit.max.unit:
        unit = f"`{amounts[0].unit}`" if amounts and amounts[0].unit else "no unit"
        message = f"the limit counts `{limit.max.unit}`, but the amount argument has {unit}"
        yield Breach("manifest/limit", message, "write the same unit in both", (*at, "max"))


def _approval_rules(approval: ApprovalShape, at: Loc) -> Iterator[Breach]:
    chosen = [word for word in ("when", "always", "never") if getattr(approval, word) is not None]
    if len(chosen) != 1:
        got = spelled(chosen, "and") if chosen else "none"
        hint = "`when: args.amount > 50`, `always: true`, or `never: the reason`"
        yield Breach(
            "manifest/approval", f"expected one of `when`, `always` and `never`, got {got}", hint, at, key=True
        )
        return
    if approval.always is False:
        hint = "write `always: true`, or leave `approval` out"
        yield Breach("manifest/approval", "`always: false` does not say when a person decides", hint, (*at, "always"))
    if approval.never is not None and approval.accepted_by is None:
        hint = "add `accepted_by:` with the operator who answers for it"
        yield Breach(
            "manifest/approval", "nobody accepts that this tool is never approved", hint, (*at, "never"), key=True
        )
    for word in ("by", "expires"):
        if approval.never is not None and getattr(approval, word) is not None:
            yield Breach("manifest/approval", f"`never` has no `{word}`", f"delete `{word}`", (*at, word), key=True)
    if approval.never is None and approval.accepted_by is not None:
        yield Breach(
            "manifest/approval", "`accepted_by` belongs to `never`", "delete it", (*at, "accepted_by"), key=True
        )
