"""Tools with effects: are they limited, are they decided by somebody, do their arguments say where an effect goes?"""

import re
from collections.abc import Iterator

from trilens.declare.diagnosis import Diagnosis, Review
from trilens.vocabulary.outcome import Effect, ValueClass
from trilens.vocabulary.system import ApprovalNeed, LimitPer, Tool

_DESTINATIONS = frozenset(
    {
        "to",
        "cc",
        "bcc",
        "recipient",
        "recipients",
        "email",
        "emails",
        "mail",
        "address",
        "addresses",
        "iban",
        "bic",
        "account",
        "payee",
        "beneficiary",
        "destination",
        "target",
        "url",
        "uri",
        "link",
        "webhook",
        "callback",
        "endpoint",
        "host",
        "hostname",
        "phone",
        "msisdn",
    }
)


def effect_without_limit(review: Review) -> Iterator[Diagnosis]:
    """A tool that changes the world as often, and with as much money, as the model likes."""
    for tool in review.manifest.system.tools.values():
        if not tool.has_effect or tool.limits:
            continue
        is_money = tool.effect is Effect.SPEND
        example = "{max: 500 EUR, per: call}, {max: 1000 EUR, per: session}" if is_money else "{max: 20, per: session}"
        hint = f"add `limits: [{example}]` in your own numbers"
        message = f"`{tool.id}` has an effect (`{tool.effect}`) and no limit"
        say = review.error if is_money else review.warning
        yield say("manifest/effect-without-limit", message, hint, "tools", tool.id, key=True)


def limit_only_per_call(review: Review) -> Iterator[Diagnosis]:
    """Money that is limited per call and can be spent any number of times."""
    for tool in review.manifest.system.tools.values():
        if tool.effect is Effect.SPEND and tool.limits and all(limit.per is LimitPer.CALL for limit in tool.limits):
            message = f"`{tool.id}` is limited per call and can be called any number of times"
            hint = "add a limit with a window, such as `{max: 1000 EUR, per: customer, window: 1d}`"
            yield review.warning("manifest/limit-only-per-call", message, hint, "tools", tool.id, "limits", key=True)


def irreversible_undecided(review: Review) -> Iterator[Diagnosis]:
    """An effect that cannot be undone, about which nobody has said who decides."""
    for tool in review.manifest.system.tools.values():
        if tool.has_effect and not tool.reversible and tool.approval.need is ApprovalNeed.DEFAULT:
            message = f"`{tool.id}` cannot be undone and has no `approval`: every call waits for a person"
            hint = "say when a person decides, or why never: `approval: {never: the reason, accepted_by: name}`"
            yield review.warning("manifest/irreversible-undecided", message, hint, "tools", tool.id, key=True)


def destination_as_text(review: Review) -> Iterator[Diagnosis]:
    """An argument named like a destination that nothing judges as one."""
    for tool in review.manifest.system.tools.values():
        for argument in tool.args.values():
            if argument.cls not in (ValueClass.TEXT, ValueClass.VALUE) or not _DESTINATIONS & set(
                _words(argument.name)
            ):
                continue
            message = f"argument `{argument.name}` of `{tool.id}` is named like a destination and declared as `{argument.cls}`"
            hint = "declare it as `destination` or `url`, or rename it"
            say = review.error if tool.has_effect else review.warning
            yield say("manifest/destination-as-text", message, hint, "tools", tool.id, "args", argument.name)


def _words(name: str) -> list[str]:
    """`replyTo`, `reply_to`, `reply-to`: reply, to."""
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def result_without_fields(review: Review) -> Iterator[Diagnosis]:
    """A result that can explain no destination, in the hands of an agent that needs them explained."""
    system = review.manifest.system
    for tool in system.tools.values():
        if tool.has_effect or tool.returns:
            continue
        users = [agent for agent in system.agents.values() if tool.id in agent.grants]
        sinks = [system.tools[name] for agent in users for name in agent.grants if _has_sink(system.tools[name])]
        if sinks:
            message = f"`{tool.id}` declares no fields, so nothing it returns can explain where `{sinks[0].id}` goes"
            hint = "add `result: {format: json, key: id}` and `returns: {id: system, note: third_party}`"
            yield review.warning("manifest/result-without-fields", message, hint, "tools", tool.id, key=True)


def _has_sink(tool: Tool) -> bool:
    return tool.has_effect and any(
        argument.cls in (ValueClass.DESTINATION, ValueClass.OBJECT_ID) for argument in tool.args.values()
    )


def owner_of_no_record(review: Review) -> Iterator[Diagnosis]:
    """A result only its owner may read, when nothing says who that is."""
    for tool in review.manifest.system.tools.values():
        if "owner" in tool.readers and not (tool.result and tool.result.belongs_to):
            message = f"`{tool.id}` may be read by its `owner`, and nothing says whose a record is"
            hint = "add `belongs_to: {customer: customer_id}` to `result`"
            yield review.error("manifest/owner-of-no-record", message, hint, "tools", tool.id, "readers", key=True)
