"""People: do those who approve exist, does somebody answer for each lens, are those it serves told what they talk to?"""

from collections.abc import Iterator

from trilens.declare.diagnosis import Diagnosis, Review
from trilens.declare.suggest import did_you_mean
from trilens.vocabulary.outcome import Lens
from trilens.vocabulary.system import ApprovalNeed, ApprovalRule, System, Tool

_EEA = frozenset(
    {
        "at",
        "be",
        "bg",
        "hr",
        "cy",
        "cz",
        "dk",
        "ee",
        "fi",
        "fr",
        "de",
        "gr",
        "hu",
        "ie",
        "it",
        "lv",
        "lt",
        "lu",
        "mt",
        "nl",
        "pl",
        "pt",
        "ro",
        "sk",
        "si",
        "es",
        "se",
        "is",
        "li",
        "no",
    }
)
"""EU member states and the three EEA states; Regulation (EU) 2024/1689 is a text with EEA relevance."""


def _operators(system: System) -> tuple[str, ...]:
    members = (member for role in system.people.values() for member in role.members)
    return tuple(dict.fromkeys((*members, *system.owners.values())))


def unknown_operator(review: Review) -> Iterator[Diagnosis]:
    """Somebody who vouches for something and is nobody."""
    system = review.manifest.system
    operators = _operators(system)
    named: list[tuple[str, tuple[str, ...]]] = [
        (source.approved_by, ("sources", source.id, "approved_by")) for source in system.sources.values()
    ]
    named += [
        (tool.approval.accepted_by, ("tools", tool.id, "approval", "accepted_by")) for tool in system.tools.values()
    ]
    for name, at in named:
        if name and name not in operators:
            hint = did_you_mean(
                name, operators, otherwise="list them as a member of an entry of `people`, or as an owner"
            )
            yield review.error("manifest/unknown-operator", f"nobody is called `{name}`", hint, *at)


def nobody_can_approve(review: Review) -> Iterator[Diagnosis]:
    """A request for approval that no person could ever decide."""
    system = review.manifest.system
    for tool in system.tools.values():
        if not _may_wait(tool):
            continue
        if not tool.approval.by and not system.owners:
            message = f"calls of `{tool.id}` wait for a person, and nobody is named who may decide"
            yield review.error(
                "manifest/nobody-can-approve", message, "add `by: [role]`, or `owners`", "tools", tool.id, key=True
            )
        for position, role in enumerate(tool.approval.by):
            if not system.people[role].members:
                message = f"`{role}` has no members, so none of them can approve `{tool.id}`"
                hint = "name a role with `members`"
                yield review.error(
                    "manifest/nobody-can-approve", message, hint, "tools", tool.id, "approval", "by", position
                )


def _may_wait(tool: Tool) -> bool:
    rule: ApprovalRule = tool.approval
    match rule.need:
        case ApprovalNeed.ALWAYS | ApprovalNeed.WHEN:
            return True
        case ApprovalNeed.DEFAULT:
            return tool.has_effect and not tool.reversible
        case ApprovalNeed.NEVER:
            return False


def owner_missing(review: Review) -> Iterator[Diagnosis]:
    """A question nobody answers for."""
    for lens in Lens:
        if lens not in review.manifest.system.owners:
            yield review.error(
                "manifest/owner-missing",
                f"nobody answers for {lens}",
                f"add `{lens}: name` to `owners`",
                "owners",
                key=True,
            )


def disclosure_missing(review: Review) -> Iterator[Diagnosis]:
    """People in the EU who are not told that they talk to an AI system."""
    # Regulation (EU) 2024/1689 Art. 50(1), applicable since 2 August 2026
    system = review.manifest.system
    for role in system.people.values():
        if role.header and not role.region:
            message = f"nothing says where `{role.id}` is, so nobody knows which duties apply"
            yield review.warning(
                "manifest/region-unknown", message, "add `region:`, such as `eu`", "people", role.id, key=True
            )
        elif role.header and _is_european(role.region) and system.disclosure is None:
            message = f"`{role.id}` in `{role.region}` is not told that an AI system answers"
            hint = "add `compliance.disclosure` with a text in each language you answer in"
            yield review.error("manifest/disclosure-missing", message, hint, "people", role.id, "region")


def _is_european(region: str) -> bool:
    area = region.lower().partition("-")[0]
    return area in ("eu", "eea", "europe") or area in _EEA
