"""Data on its way: may the models read what they will be sent, where they are, for the purpose at hand?"""

from collections.abc import Iterator
from dataclasses import dataclass

from trilens.declare.diagnosis import Diagnosis, Review
from trilens.declare.suggest import spelled
from trilens.vocabulary.system import Agent, Model, System


@dataclass(frozen=True, slots=True)
class _Route:
    """A model that may be asked on behalf of an agent."""

    agent: Agent
    model: Model
    is_fallback: bool


def _routes(system: System) -> Iterator[_Route]:
    for agent in system.agents.values():
        model = system.models[agent.model]
        yield _Route(agent, model, is_fallback=False)
        for name in model.fallback:
            yield _Route(agent, system.models[name], is_fallback=True)


def _carried(agent: Agent, system: System) -> frozenset[str]:
    """Data categories that the agent's tools bring into its conversations."""
    return frozenset(category for tool in agent.grants for category in system.tools[tool].data)


def model_may_not_read(review: Review) -> Iterator[Diagnosis]:
    """A model that will be sent what its processor may not read."""
    system = review.manifest.system
    for route in _routes(system):
        missing = sorted(_carried(route.agent, system) - route.model.reads)
        if missing:
            message = f"model `{route.model.id}` may not read {spelled(missing, 'and')}, which tools of agent `{route.agent.id}` return"
            hint = f"add {spelled(missing, 'and')} to its `reads`, or take the tools away"
            say = review.warning if route.is_fallback else review.error
            is_written = bool(review.manifest.written.models[route.model.id].reads)
            at = ("models", route.model.id, *(("reads",) if is_written else ()))
            yield say("manifest/model-may-not-read", message, hint, *at, key=True)


def region_not_allowed(review: Review) -> Iterator[Diagnosis]:
    """A model outside the regions in which data may be processed."""
    system = review.manifest.system
    seen: set[tuple[str, bool]] = set()
    for route in _routes(system):
        if route.model.region in system.regions or (route.model.id, route.is_fallback) in seen:
            continue
        seen.add((route.model.id, route.is_fallback))
        allowed = spelled(sorted(system.regions), "and") or "none"
        what = "fallback model" if route.is_fallback else "model"
        message = f"{what} `{route.model.id}` is in `{route.model.region}`; allowed by `compliance.regions`: {allowed}"
        hint = "every request to it will be refused: choose a model in an allowed region, or add the region"
        say = review.warning if route.is_fallback else review.error
        yield say("manifest/region-not-allowed", message, hint, "models", route.model.id, "region")


def purpose_not_allowed(review: Review) -> Iterator[Diagnosis]:
    """Data brought in for a purpose its category does not allow."""
    system = review.manifest.system
    for agent in system.agents.values():
        for category in sorted(_carried(agent, system)):
            if agent.purpose not in system.data[category].purposes:
                message = f"agent `{agent.id}` works for `{agent.purpose}`, for which `{category}` may not be used"
                hint = f"add `{agent.purpose}` to `compliance.data.{category}.purposes`, or take away the tools that return it"
                yield review.error("manifest/purpose-not-allowed", message, hint, "agents", agent.id, "purpose")
