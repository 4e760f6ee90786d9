"""Links and addresses in text: where one leads must be named by the person or the operator, be ours, or stand verbatim in internal text.

A host that was named is no licence to carry data to it: a query, a fragment or user information must stand verbatim where the host
does, or the host must be one of our own.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

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

_OURS = Origin("our own hosts", "security.own_hosts", Label(Integrity.USER, EVERYONE))


def explain_link(path: str, link: Link, ground: Ground, own_hosts: AbstractSet[str]) -> Explanation | Unexplained:
    """Why a link may stand in what goes out."""
    if not link.host:
        return Unexplained(Reason.NONE)
    if is_own(link.host, own_hosts):
        return Explanation(OWN_HOST, (_OURS,))
    whole = _or_internal(Claim(path, link.url, ValueClass.URL, (f"u{link.url}",)), ground)
    if isinstance(whole, Explanation):
        return whole
    host = _or_internal(Claim(path, link.host, ValueClass.URL, (f"h{link.host}",)), ground)
    if isinstance(host, Explanation) and link.carries:
        return Unexplained(Reason.COMPOSED, host.origins)
    return host


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
