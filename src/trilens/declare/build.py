"""From a manifest in shape, with its names and rules checked, to the frozen `System`."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from trilens.declare.digest import policy_digest
from trilens.declare.document import Document
from trilens.declare.references import LIMIT_WORDS
from trilens.declare.shape.agents import AgentShape
from trilens.declare.shape.components import ModelShape
from trilens.declare.shape.lenses import ComplianceShape, SafetyShape
from trilens.declare.shape.manifest import ManifestShape
from trilens.declare.shape.tools import ApprovalShape, ArgumentShape, LimitShape, ToolShape
from trilens.vocabulary.canonical import digest
from trilens.vocabulary.label import Integrity, Readers
from trilens.vocabulary.outcome import Effect, Lens, Outcome, ValueClass
from trilens.vocabulary.system import (
    Agent,
    ApprovalNeed,
    ApprovalRule,
    Argument,
    DataCategory,
    Disclosure,
    Grant,
    Grounding,
    Hazard,
    Limit,
    LimitPer,
    Model,
    PeopleRole,
    Prompt,
    ResultShape,
    Source,
    System,
    Tool,
)

K = TypeVar("K")
V = TypeVar("V")


def build(
    manifest: ManifestShape,
    document: Document,
    *,
    texts: Mapping[tuple[str, str], str],
    environment: Mapping[str, str],
) -> System:
    """Put the system together. Everything it needs was checked before: a missing name here is a bug."""
    compliance = manifest.compliance
    system = System(
        id=manifest.system,
        digest="",
        purposes=_frozen(manifest.purposes),
        people=_frozen({name: _role(name, manifest) for name in manifest.people}),
        owners=_frozen({lens: owner for lens in Lens if (owner := getattr(manifest.owners, lens.value)) is not None}),
        models=_frozen({name: _model(name, model, environment) for name, model in manifest.models.items()}),
        prompts=_frozen({name: _prompt(name, prompt.path, texts) for name, prompt in manifest.prompts.items()}),
        sources=_frozen({name: _source(name, manifest, texts) for name in manifest.sources}),
        tools=_frozen({name: _tool(name, tool) for name, tool in manifest.tools.items()}),
        agents=_frozen({name: _agent(name, agent) for name, agent in manifest.agents.items()}),
        hazards=_hazards(manifest.safety, document),
        grounding=_grounding(manifest.safety),
        own_hosts=frozenset(manifest.security.own_hosts),
        disclosure=_disclosure(compliance),
        data=_frozen({name: _category(name, compliance) for name in compliance.data}),
        regions=frozenset(compliance.regions),
        retention=_frozen(compliance.retention),
    )
    written = {name: model.base_url for name, model in manifest.models.items()}
    return replace(system, digest=policy_digest(system, base_urls=written))


def _frozen(items: Mapping[K, V]) -> Mapping[K, V]:
    return MappingProxyType(dict(items))


def _role(name: str, manifest: ManifestShape) -> PeopleRole:
    role = manifest.people[name]
    return PeopleRole(name, (role.from_ or "").lower(), role.region or "", tuple(role.members or ()))


def resolved_url(written: str, environment: Mapping[str, str]) -> str:
    """The address itself; empty when it is in a variable that is not set."""
    return environment.get(written[1:], "") if written.startswith("$") else written


def _model(name: str, model: ModelShape, environment: Mapping[str, str]) -> Model:
    return Model(
        id=name,
        name=model.name,
        base_url=resolved_url(model.base_url, environment),
        key=model.key,
        region=model.region,
        processor=model.processor,
        reads=frozenset(model.reads),
        fallback=tuple(model.fallback),
    )


def _prompt(name: str, path: str, texts: Mapping[tuple[str, str], str]) -> Prompt:
    text = texts["prompts", name]
    return Prompt(name, path, text, digest(text.encode()))


def _source(name: str, manifest: ManifestShape, texts: Mapping[tuple[str, str], str]) -> Source:
    source, text = manifest.sources[name], texts["sources", name]
    return Source(
        id=name,
        path=source.path,
        text=text,
        digest=digest(text.encode()),
        integrity=Integrity[source.integrity.upper()],
        readers=Readers.of(source.readers),
        approved_by=source.approved_by or "",
        review_by=source.review_by or "",
    )


def _tool(name: str, tool: ToolShape) -> Tool:
    return Tool(
        id=name,
        effect=tool.effect,
        reversible=tool.effect is Effect.READ if tool.reversible is None else tool.reversible,
        args=_frozen({arg: _argument(arg, written) for arg, written in tool.args.items()}),
        result=_result(tool),
        returns=_frozen(tool.returns),
        data=frozenset(tool.data),
        readers=tuple(tool.readers),
        limits=tuple(_limit(limit) for limit in tool.limits),
        approval=_approval(tool),
    )


def _argument(name: str, written: ValueClass | ArgumentShape) -> Argument:
    if isinstance(written, ArgumentShape):
        return Argument(name, written.class_, written.unit or "")
    return Argument(name, written)


def _result(tool: ToolShape) -> ResultShape | None:
    result = tool.result
    if result is None:
        return None
    return ResultShape(result.format, result.records or "", result.key or "", tuple(result.belongs_to.items()))


def _limit(limit: LimitShape) -> Limit:
    if limit.per in LIMIT_WORDS:
        return Limit(limit.max, LimitPer(limit.per), window_ms=limit.window or 0)
    return Limit(limit.max, LimitPer.PERSON, role=limit.per, window_ms=limit.window or 0)


def _approval(tool: ToolShape) -> ApprovalRule:
    written = tool.approval
    if written is None:
        return ApprovalRule(ApprovalNeed.DEFAULT)
    if not isinstance(written, ApprovalShape):
        return ApprovalRule(ApprovalNeed.ALWAYS)
    if written.never is not None:
        return ApprovalRule(ApprovalNeed.NEVER, reason=written.never, accepted_by=written.accepted_by or "")
    rule = ApprovalRule(
        ApprovalNeed.ALWAYS if written.when is None else ApprovalNeed.WHEN,
        condition=written.when or "",
        by=tuple(written.by or ()),
    )
    return rule if written.expires is None else replace(rule, expires_ms=written.expires)


def _agent(name: str, agent: AgentShape) -> Agent:
    grants: dict[str, Grant] = {}
    for written in agent.tools:
        if isinstance(written, str):
            grants[written] = Grant(written)
        else:
            grants.update({tool: Grant(tool, grant.when) for tool, grant in written.items()})
    return Agent(
        id=name,
        model=agent.model,
        prompt=agent.prompt,
        channel=agent.channel,
        purpose=agent.purpose,
        user_turns=agent.user_turns,
        on_deny=agent.on_deny,
        grants=_frozen(grants),
        question=(agent.question[0], agent.question[1]) if agent.question else ("", ""),
    )


def _hazards(safety: SafetyShape, document: Document) -> tuple[Hazard, ...]:
    return tuple(
        Hazard(h.id, h.harm, h.to, h.severity, tuple(h.reduced_by), document.place(("safety", "hazards", n, "id")))
        for n, h in enumerate(safety.hazards)
    )


def _grounding(safety: SafetyShape) -> Grounding | None:
    written = safety.grounding
    if written is None:
        return None
    return Grounding(frozenset(written.claims), tuple(written.against), Outcome.of(written.otherwise))


def _disclosure(compliance: ComplianceShape) -> Disclosure | None:
    written = compliance.disclosure
    return Disclosure(written.shown_in, _frozen(written.text)) if written else None


def _category(name: str, compliance: ComplianceShape) -> DataCategory:
    category = compliance.data[name]
    return DataCategory(name, frozenset(category.purposes), category.basis, category.retention)
