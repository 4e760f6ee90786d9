"""Upkeep: what is stale, what is not used, what the environment does not provide, what other readers would misread."""

import datetime as dt
import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from trilens.declare.diagnosis import Diagnosis, Review
from trilens.declare.document import spelled_path
from trilens.declare.shape.components import BASE_URL
from trilens.vocabulary.system import UserTurns


def source_not_approved(review: Review) -> Iterator[Diagnosis]:
    """A document the system relies on and nobody vouches for."""
    for source in review.manifest.system.sources.values():
        if not source.approved_by:
            hint = "let somebody read it, then add `approved_by: name` and `review_by: date`"
            yield review.error(
                "manifest/source-not-approved",
                f"nobody approved source `{source.id}`",
                hint,
                "sources",
                source.id,
                key=True,
            )


def source_overdue(review: Review) -> Iterator[Diagnosis]:
    """A document whose approval has run out."""
    for source in review.manifest.system.sources.values():
        if source.review_by and dt.date.fromisoformat(source.review_by) < review.today:
            message = f"source `{source.id}` was to be reviewed by {source.review_by}"
            hint = "read it again, then move the date"
            yield review.error("manifest/source-overdue", message, hint, "sources", source.id, "review_by")


def hazard_not_reduced(review: Review) -> Iterator[Diagnosis]:
    """A known way to cause harm against which nothing is done."""
    for position, hazard in enumerate(review.manifest.system.hazards):
        if not hazard.reduced_by:
            hint = "name a guard in `reduced_by`; `trilens catalog list` shows them"
            message = f"nothing reduces hazard `{hazard.id}`"
            yield review.error("manifest/hazard-not-reduced", message, hint, "safety", "hazards", position, "id")


def turns_without_marks(review: Review) -> Iterator[Diagnosis]:
    """Mixed user turns in which nothing says which words are the person's own."""
    for agent in review.manifest.system.agents.values():
        if agent.user_turns is UserTurns.MIXED and not agent.question[0]:
            message = f"user turns of agent `{agent.id}` are mixed and have no marks, so none of the person's words can decide anything"
            hint = "write `user_turns: verbatim` if the application adds nothing, else `question: [<question>, </question>]`"
            yield review.warning("manifest/turns-without-marks", message, hint, "agents", agent.id, key=True)


def unused(review: Review) -> Iterator[Diagnosis]:
    """What is declared and never used."""
    system, written = review.manifest.system, review.manifest.written
    agents = system.agents.values()
    chosen = {agent.model for agent in agents}
    used = {
        "models": chosen | {name for model in chosen for name in system.models[model].fallback},
        "prompts": {agent.prompt for agent in agents},
        "tools": {tool for agent in agents for tool in agent.grants},
        "sources": set(system.grounding.against) if system.grounding else set(),
        "purposes": {agent.purpose for agent in agents} | {p for d in system.data.values() for p in d.purposes},
    }
    for section, names in used.items():
        for name in getattr(written, section):
            if name not in names:
                message = f"`{section}.{name}` is not used by anything"
                yield review.warning("manifest/unused", message, "use it or delete it", section, name, key=True)
    carried = {category for tool in system.tools.values() for category in tool.data}
    for name in system.data:
        if name not in carried:
            message = f"no tool returns data of category `{name}`"
            yield review.warning(
                "manifest/unused",
                message,
                "name it in a tool's `data`, or delete it",
                "compliance",
                "data",
                name,
                key=True,
            )


def variables(review: Review) -> Iterator[Diagnosis]:
    """Addresses and keys the environment does not provide, or addresses that are none."""
    for name, model in review.manifest.written.models.items():
        for field, variable in (
            ("base_url", model.base_url.partition("$")[2]),
            ("key", model.key.partition("env:")[2]),
        ):
            if variable and not review.environment.get(variable):
                message = f"environment variable `{variable}` is not set"
                yield review.warning(
                    "manifest/variable-not-set", message, "set it where Trilens runs", "models", name, field
                )
        address = review.manifest.system.models[name].base_url
        if not address:
            continue
        if address.startswith("$") or re.fullmatch(BASE_URL, address) is None:
            message = f"the address of model `{name}` is not an http(s) address without user, query or fragment"
            yield review.error(
                "manifest/variable-not-an-address", message, "correct the variable", "models", name, "base_url"
            )
        elif address.startswith("http://") and not _is_loopback(address):
            message = f"model `{name}` is asked over plain http: anybody on the way reads along and can answer"
            yield review.warning("manifest/plain-http", message, "use `https://`", "models", name, "base_url")


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def joined_text(review: Review) -> Iterator[Diagnosis]:
    """Unquoted text with a comma inside `{}`: other readers of YAML see two keys there."""
    for at in review.manifest.joined:
        message = f"`{spelled_path(at)}` holds a comma and no quotes; it is read as one text, but other readers of YAML see two keys"
        yield review.warning("manifest/joined-text", message, "put the text in double quotes", *at)
