"""X4: whatever decides where an effect goes, or on what, must be explained by an origin that may decide it.

The steps of a call:
  1. where it goes: destinations, links, ids and paths, by the ladder;
  2. what it does there: other values; an amount may be bounded once everything of step 1 is explained;
  3. addresses and links that its text mentions;
  4. who will read it: every value it carries must be for every receiver.
An answer to the person is judged by step 3 (links only, since an address in prose sends nothing) and step 4.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from trilens.lenses.lens import NOT_APPLICABLE, Answer, Context, allow, deny, hold
from trilens.lenses.security.guards.untrusted_sink.wording import (
    Judged,
    Kind,
    finding,
    gathered,
    leak_finding,
    outcome_of,
    too_coded,
    too_long,
    too_many,
    unreadable,
)
from trilens.mechanisms.events import argument_path
from trilens.mechanisms.flow.addresses import Found, find_addresses, plain_address
from trilens.mechanisms.flow.atoms import LONGEST_TEXT
from trilens.mechanisms.flow.audience import leaks
from trilens.mechanisms.flow.claims import Claims, address_claim, claims_of, is_sink, outgoing_text
from trilens.mechanisms.flow.explain import ladder
from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground, Reason, Unexplained, names_of
from trilens.mechanisms.flow.explain.link import OWN_HOST, explain_address, explain_link, is_own
from trilens.mechanisms.flow.links import Link
from trilens.vocabulary.event import Event
from trilens.vocabulary.outcome import Effect, EventKind, Outcome, ValueClass
from trilens.vocabulary.system import Tool
from trilens.vocabulary.verdict import Finding

MOST_DESTINATIONS = 50
"""Of one call: each is weighed against everything the call carries, and the work must stay bounded."""
_PLACES = (ValueClass.OBJECT_ID, ValueClass.PATH)


def judge(event: Event, context: Context) -> Answer:
    match event.kind:
        case EventKind.TOOL_CALL:
            return _call(event, context)
        case EventKind.OUTPUT:
            return _output(event, context)
        case EventKind.INPUT | EventKind.MODEL_CALL | EventKind.TOOL_RESULT:
            return NOT_APPLICABLE


def _call(event: Event, context: Context) -> Answer:
    tool = context.system.tools.get(event.component)
    if tool is None or event.defect:
        return deny(unreadable(event))
    if not is_sink(tool):
        return NOT_APPLICABLE
    claims = claims_of(event, tool)
    if len(claims.destinations) > MOST_DESTINATIONS:
        return deny(too_many(claims.destinations[0].path, len(claims.destinations)))
    outgoing = outgoing_text(event)
    if len(outgoing) > LONGEST_TEXT:
        return deny(too_long(len(outgoing)))
    found = find_addresses(outgoing, context.flow)
    if not found.is_whole:
        return deny(too_coded())
    ground = Ground(context.flow, context.principal, tool)
    # (1): where it goes
    places = [*_places(claims, ground, context), *_nowhere(claims, tool)]
    # (2): what it does there
    is_destined = all(isinstance(judged.answer, Explanation) for judged in places)
    settled = Ground(context.flow, context.principal, tool, is_destined=is_destined)
    others = [_value(claim, settled) for claim in claims.values if claim.cls not in _PLACES]
    # (3): what its text mentions
    mentions = _mentions(found, {judged.shown for judged in places}, ground, context)
    judged = [*places, *others, *mentions]
    # (4): who will read it
    receivers = [judged for judged in places if judged.kind in (Kind.DESTINATION, Kind.LINK)]
    leaking = _leaking(event, tool, found, receivers, context)
    return _answer([finding(one, event) for one in judged], leaking)


def _output(event: Event, context: Context) -> Answer:
    if len(event.text) > LONGEST_TEXT:
        return deny(too_long(len(event.text)))
    found = find_addresses(event.text, context.flow)
    if not found.is_whole:
        return deny(too_coded())
    ground = Ground(context.flow, context.principal)
    judged = [_link("text", link, ground, context) for link in _links(found)]
    withheld = leaks(found, flow=context.flow, readers=names_of(context.principal))
    leaking = [leak_finding(leak, event, receiver="the person who asks") for leak in withheld]
    return _answer([finding(one, event) for one in judged], leaking)


def _places(claims: Claims, ground: Ground, context: Context) -> Iterator[Judged]:
    for claim in claims.destinations:
        yield from _destination(claim, ground)
    for found in claims.links:
        yield _link(found.path, found.link, ground, context)
    for claim in claims.values:
        if claim.cls in _PLACES:
            yield _value(claim, ground)


def _destination(claim: Claim, ground: Ground) -> Iterator[Judged]:
    """A destination and, where it is no plain address, every address that a helpful reader makes of it."""
    plain = Judged(Kind.DESTINATION, claim.path, str(claim.value), ladder.explain(claim, ground))
    if isinstance(plain.answer, Explanation) or plain_address(plain.shown):
        yield plain
        return
    found = find_addresses(plain.shown, ground.flow).addresses
    meant = [address_claim(claim.path, address) for address in found]
    judged = [Judged(Kind.DESTINATION, one.path, str(one.value), ladder.explain(one, ground)) for one in meant]
    yield from judged
    if all(isinstance(one.answer, Explanation) for one in judged):
        # an odd spelling of an allowed address is no allowed spelling
        yield plain


def _nowhere(claims: Claims, tool: Tool) -> Iterator[Judged]:
    """A message whose destination is declared and not given goes wherever its tool decides."""
    asked = [name for name, argument in tool.args.items() if argument.cls is ValueClass.DESTINATION]
    if asked and not claims.destinations and tool.effect is Effect.SEND:
        yield Judged(Kind.DESTINATION, argument_path(asked[0]), "", Unexplained(Reason.NONE))


def _value(claim: Claim, ground: Ground) -> Judged:
    kind = Kind.VALUE if claim.argument else Kind.UNDECLARED
    return Judged(kind, claim.path, str(claim.value), ladder.explain(claim, ground))


def _link(path: str, link: Link, ground: Ground, context: Context) -> Judged:
    return Judged(Kind.LINK, path, link.url, explain_link(path, link, ground, context.system.own_hosts))


def _mentions(found: Found, known: AbstractSet[str], ground: Ground, context: Context) -> Iterator[Judged]:
    """What the text of a call mentions besides where it goes."""
    own_hosts = context.system.own_hosts
    for address in found.addresses:
        if address not in known:
            answer = explain_address(address_claim("args", address), ground, own_hosts)
            yield Judged(Kind.ADDRESS, "args", address, answer)
    for link in _links(found):
        if link.url not in known:
            yield _link("args", link, ground, context)


def _links(found: Found) -> Iterator[Link]:
    yield from found.links
    yield from (Link(host, host, carries=False) for host in found.hosts)


def _leaking(event: Event, tool: Tool, found: Found, receivers: Sequence[Judged], context: Context) -> list[Finding]:
    """What the call would show to somebody it is not for. Where a receiver is not known, nobody is known to be allowed."""
    if not receivers and tool.effect is not Effect.SEND:
        return []
    addresses = {judged.shown for judged in receivers}
    findings: list[Finding] = []
    for judged in receivers or (None,):
        answer = judged.answer if judged else None
        if judged and isinstance(answer, Explanation) and _is_inside(judged, answer, context):
            continue
        readers = answer.readers if isinstance(answer, Explanation) else frozenset[str]()
        receiver = f"`{judged.shown}`" if judged else "whoever receives it"
        withheld = leaks(found, flow=context.flow, readers=readers, without=addresses)
        findings += [leak_finding(leak, event, receiver=receiver, is_known=bool(readers)) for leak in withheld]
    return findings


def _is_inside(judged: Judged, answer: Explanation, context: Context) -> bool:
    """Whether it stays with us: a link to one of our own hosts, or an address there that the operator's own words name."""
    if answer.rule == OWN_HOST:
        return True
    return not answer.readers and is_own(judged.shown.rpartition("@")[2], context.system.own_hosts)


def _answer(judged: Sequence[Finding], leaking: Sequence[Finding]) -> Answer:
    """The strictest of all findings decides, and comes first."""
    findings = sorted(gathered([*judged, *leaking]), key=outcome_of, reverse=True)
    match outcome_of(findings[0]) if findings else Outcome.ALLOW:
        case Outcome.DENY:
            return deny(*findings)
        case Outcome.HOLD:
            return hold(*findings)
        case Outcome.ALLOW | Outcome.MODIFY:
            return allow(*findings)
