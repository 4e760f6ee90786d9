"""Links and addresses in text: where one leads must be named by the person or the operator, be ours, or stand verbatim in internal text.

A host that was named is no licence to carry data to it: a query, a fragment or user information must stand verbatim where the host
does, or the host must be one of our own.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from trilens.mechanisms.flow.addresses import addresses_in, plain_address
from trilens.mechanisms.flow.atoms import scalar_keys
from trilens.mechanisms.flow.explain import ladder
from trilens.mechanisms.flow.explain.claim import Claim, Explanation, Ground, Reason, Unexplained, origin
from trilens.mechanisms.flow.flow import Passage, Speaker
from trilens.mechanisms.flow.links import Link
from trilens.vocabulary.label import EVERYONE, Integrity, Label
from trilens.vocabulary.outcome import ValueClass
from trilens.vocabulary.system import FieldTrust
from trilens.vocabulary.verdict import Origin

OWN_HOST = "own_host"
INTERNAL = "verbatim_internal"

_AUTHORITY = re.compile(r"[/?#\\]")
_OURS = Origin("our own hosts", "security.own_hosts", Label(Integrity.USER, EVERYONE))


def explain_link(path: str, link: Link, ground: Ground, own_hosts: AbstractSet[str]) -> Explanation | Unexplained:
    """Why a link may stand in what goes out."""
    if not link.host:
        return _hostless(path, link, ground, own_hosts)
    if is_own(link.host, own_hosts):
        return Explanation(OWN_HOST, (_OURS,))
    whole = _or_internal(Claim(path, link.url, ValueClass.URL, (f"u{link.url}",)), ground)
    if isinstance(whole, Explanation):
        return whole
    host = _or_internal(Claim(path, link.host, ValueClass.URL, (f"h{link.host}",)), ground)
    if isinstance(host, Explanation) and link.carries:
        return Unexplained(Reason.COMPOSED, host.origins)
    return host


def _hostless(path: str, link: Link, ground: Ground, own_hosts: AbstractSet[str]) -> Explanation | Unexplained:
    """A link to an address or a number is judged by these; where any other leads nobody can say, so that nothing explains it."""
    scheme, _, behind = link.url.partition(":")
    match scheme:
        case "mailto":
            return _mail(path, behind, ground, own_hosts)
        case "tel" | "sms":
            number = behind.partition("?")[0].partition(";")[0]
            keys = tuple(key for key in scalar_keys(number) if key[0] in "n=")
            called = _or_internal(Claim(path, number, ValueClass.DESTINATION, keys), ground)
            if isinstance(called, Explanation) and number != behind:
                return Unexplained(Reason.COMPOSED, called.origins)
            return called
        case _:
            authority = _AUTHORITY.split(link.url, maxsplit=1)[0]
            found = ladder.explain(Claim(path, link.url, ValueClass.URL, (f"u{link.url}", f"h{authority}")), ground)
            return found if isinstance(found, Unexplained) else Unexplained(Reason.NONE)


def _mail(path: str, behind: str, ground: Ground, own_hosts: AbstractSet[str]) -> Explanation | Unexplained:
    """A mail may be begun when everybody it would go to may be written to."""
    to, _, more = behind.partition("?")
    addresses = [address for address in to.split(",") if address]
    if not all(map(plain_address, addresses)):
        return Unexplained(Reason.NONE)
    addresses += addresses_in(more)
    answers = [
        explain_address(Claim(path, a, ValueClass.DESTINATION, (f"@{a}",)), ground, own_hosts) for a in addresses
    ]
    refused = next((answer for answer in answers if isinstance(answer, Unexplained)), None)
    return refused or next(iter(answers), Unexplained(Reason.NONE))


def explain_address(claim: Claim, ground: Ground, own_hosts: AbstractSet[str]) -> Explanation | Unexplained:
    """Why an address may be mentioned in what goes out."""
    if is_own(str(claim.value).rpartition("@")[2], own_hosts):
        return Explanation(OWN_HOST, (_OURS,))
    return _or_internal(claim, ground)


def _or_internal(claim: Claim, ground: Ground) -> Explanation | Unexplained:
    """By the ladder, or because internal text holds it as it is."""
    found = ladder.explain(claim, ground)
    if isinstance(found, Explanation):
        return found
    internal = next(_internal(claim, ground), None)
    return found if internal is None else Explanation(INTERNAL, (origin(internal),))


def is_own(host: str, own_hosts: AbstractSet[str]) -> bool:
    """Whether a host is declared as ours, or stands below one that is."""
    return any(host == own or host.endswith(f".{own}") for own in own_hosts)


def _internal(claim: Claim, ground: Ground) -> Iterator[Passage]:
    """Declared documents of integrity internal or better, and colleagues' fields."""
    mentions = (p for p in ground.mentions(claim) if p.label.integrity >= Integrity.INTERNAL)
    return (p for p in mentions if p.speaker is Speaker.SOURCE or p.trust is FieldTrust.INTERNAL)
